"""What a plan tells a person beside its modes: how the cost is shared, and a trade-off."""

from rich.table import Table

from vallum.cli.output import number, show, table
from vallum.cli.plan_documents import Frontier, FrontierPoint, Shares

__all__ = ["print_frontier", "print_shares"]

#: Digits of an axis.
DIGITS = {"cost": 0, "shortfall": 3, "domestic": 3, "types": 0, "peak": 0}
HEADS = {
    "cost": "cost, EUR million",
    "shortfall": "shortfall, gap-years",
    "domestic": "made in member states",
    "types": "types",
    "peak": "largest year, EUR million",
}


def print_shares(shares: Shares) -> None:
    """Print what each state pays, and what is proven of it."""
    shown = table(
        "who pays for the same capability, EUR million", ">alone", ">in the core", ">Shapley", ">saves",
        ">spends itself",
    )  # fmt: skip
    for state, one in shares.states.items():
        cells = (one.alone_meur, one.core_meur, one.shapley_meur, one.saves_meur, one.spends_meur)
        shown.add_row(state, *(number(cell, 0) for cell in cells))
    show("", shown, *sentences(shares))


def sentences(shares: Shares) -> list[str]:
    """Say whether anybody does better apart, and how sure that is."""
    proof = "proven" if shares.proven else "not proven"
    if shares.core == "found":
        least = number(shares.least_saving_meur, 0)
        said = [f"No coalition does better apart: each saves EUR {least} million or more ({proof})."]
    else:
        parts = ", ".join(f"{number(one.weight, 2)} of {'+'.join(one.states)}" for one in shares.balanced)
        filled = f"A subsidy of EUR {number(shares.subsidy_meur, 0)} million fills it, and is in the shares."
        said = [f"The core is empty ({proof}): {parts} cost less than all together. {filled}"]
    if not shares.all_coalitions:
        said.append(
            "Each state alone, each pair, all but one, and all were asked; other coalitions were not."
        )
    if not shares.proven:
        gap = (
            "by an unknown part"
            if shares.largest_gap is None
            else f"by up to {100 * shares.largest_gap:.1f} %"
        )
        said.append(f"The costs are those of plans found, which may be above the least {gap}.")
    return said


def print_frontier(frontier: Frontier) -> None:
    """Print the points of each mode."""
    show(
        "",
        f"[bold]Least {HEADS[frontier.least]}, by the limit of {HEADS[frontier.held]}[/]",
        front_table(frontier),
    )
    dropped = sum(point.dominated_by is not None for point in frontier.points)
    if dropped:
        points = "1 point is" if dropped == 1 else f"{dropped} points are"
        show(f"{points} dropped: another one is as good in both and better in one.")
    if frontier.kept:
        show(f"Kept from the run before: {frontier.kept} of {frontier.asked} points.")
    if not frontier.complete:
        done = sum(point.status != "interrupted" for point in frontier.points)
        show(f"Stopped with {done} of {frontier.asked} points finished; the same command goes on from there.")


def front_table(frontier: Frontier) -> Table:
    """Return a row for each point."""
    held, least = DIGITS[frontier.held], DIGITS[frontier.least]
    others = [name for name in HEADS if name not in (frontier.held, frontier.least)]
    shown = table("mode", ">point", ">limit", ">reached", ">value", ">bound", ">gap", "status",
                  *(f">{HEADS[name]}" for name in others))  # fmt: skip
    for point in sorted(frontier.points, key=lambda one: one.mode != "national"):
        status = point.status if point.dominated_by is None else f"dropped for {point.dominated_by}"
        shown.add_row(
            point.mode, str(point.point), number(point.limit, held), number(point.reached, held),
            number(point.value, least), number(point.bound, least),
            "–" if point.gap is None else f"{100 * point.gap:.2f} %", status,
            *(number(of(point, name), DIGITS[name]) for name in others),
        )  # fmt: skip
    return shown


def of(point: FrontierPoint, axis: str) -> float | None:
    """Return a key figure of a point's plan."""
    figures = {
        "cost": point.cost_meur, "shortfall": point.gap_years, "types": point.types, "peak": point.peak_meur,
        "domestic": point.domestic_share,
    }  # fmt: skip
    return figures[axis]
