"""`vallum compare DIR DIR`."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from vallum.cli.compare_documents import Changes, CompareDocument, Difference
from vallum.cli.documents import Comparison
from vallum.cli.options import Common
from vallum.cli.outcome import OK
from vallum.cli.output import emit, number, show, table
from vallum.cli.plan_text import print_shares
from vallum.core.errors import BadInput

__all__ = ["compare", "print_comparison"]

LISTED_AT_MOST = 40
#: With more pairs of plans, what each state buys differently would fill screens; --json has it.
PAIRS_AT_MOST = 2


def compare(
    *directories: Annotated[Path, Parameter(required=True, json_list=False)],
    report: Path | None = None,
    common: Common | None = None,
) -> int:
    """Put plans side by side: shortfall, cost, types, loans, what going alone costs, and what they buy.

    Plans of the same mode are held against the first of them, each with the interval that is proven.

    Parameters
    ----------
    directories
        Folders of plans, each of one mode or of both.
    report
        HTML file to write: the same as a page with a chart, which needs nothing else.
    """
    common = common or Common()
    from vallum.plan.side_by_side import compare_plans

    found = compare_plans(directories)
    try:
        document = msgspec.convert(found, CompareDocument)
    except msgspec.ValidationError as error:
        where = ", ".join(str(folder / "run.json") for folder in directories)
        raise damaged(where, error) from error
    document.comparison = comparison_of(directories)
    if report is not None:
        document.report = str(page_of(directories[0], found, report))
    if common.json:
        emit(document)
    else:
        print_plans(document)
    return OK


def comparison_of(directories: tuple[Path, ...]) -> Comparison | None:
    """Return the comparison alone against together, when that is what the folders hold.

    The one that the planning of both modes wrote also knows the cost of the same capability, which only
    another solve can tell.
    """
    from vallum.plan.compare import compare
    from vallum.plan.store import read_json, read_plans

    kept = directories[0] / "compare.json"
    if len(directories) == 1 and kept.is_file():
        try:
            return msgspec.convert(read_json(kept), Comparison)
        except msgspec.ValidationError as error:
            raise damaged(str(kept), error) from error
    plans = [plan for folder in directories for plan in read_plans(folder).values()]
    if sorted(plan.mode for plan in plans) != ["joint", "national"]:
        return None
    national, joint = sorted(plans, key=lambda plan: plan.mode, reverse=True)
    if national.manifest["region"]["content_hash"] != joint.manifest["region"]["content_hash"]:
        return None
    return msgspec.convert(compare(national, joint), Comparison)


def page_of(first: Path, found: dict[str, Any], file: Path) -> Path:
    """Write what a comparison found as a page that needs nothing else."""
    from vallum.plan.store import plan_dirs, read_json
    from vallum.report import levers
    from vallum.report.page import write
    from vallum.report.study import Study

    manifest = read_json(next(iter(plan_dirs(first).values())) / "manifest.json")
    return write(Study(plans=(), levers=levers.of(found, manifest)), file)


def damaged(where: str, error: Exception) -> BadInput:
    """Return the error for a file whose members are not those that the planning wrote."""
    return BadInput(str(error), where=where, rule="damaged", remedy="Plan again with `vallum plan`.")


# ---------------------------------------------------------------- text


def print_plans(document: CompareDocument) -> None:
    """Print the plans side by side, what is proven between them, and what they buy differently."""
    show(plans_table(document), "", loans_table(document))
    if not document.same_region:
        show("The plans were not all made from the same data.")
    if document.deltas:
        show("", "[bold]Against the first[/] (second less first)", deltas_table(document))
    if document.comparison:
        show("")
        print_comparison(document.comparison)
    elif document.fragmentation:
        show("", "[bold]What going alone costs[/]", fragmentation_table(document))
    print_programmes(document)
    if len(document.changes) <= PAIRS_AT_MOST:
        for one in document.changes:
            print_changes(one)
    if document.report:
        show("", f"The report is {escape(document.report)}")


def plans_table(document: CompareDocument) -> Table:
    """Return a row for each plan: its levels with their bounds."""
    shown = table(
        "plan", "scenario", ">shortfall, gap-years", ">bound", ">gap", ">cost, EUR million", ">bound", ">gap",
        ">types", "status",
    )  # fmt: skip
    for plan in document.plans:
        cost = next((level for level in plan.levels if level.name == "cost"), None)
        shown.add_row(
            escape(plan.name),
            escape(plan.scenario or ""),
            number(plan.gap_years, 4),
            number(plan.bound, 4),
            percent(plan.gap),
            number(plan.cost_meur, 0),
            number(cost.bound if cost else None, 0),
            percent(cost.gap if cost else None),
            str(plan.types),
            plan.status or "",
        )
    return shown


def loans_table(document: CompareDocument) -> Table:
    """Return the draws of SAFE by plan and state."""
    states = sorted({state for plan in document.plans for state in plan.states})
    shown = table("SAFE drawn, EUR million", *(f">{state}" for state in states), ">all")
    for plan in document.plans:
        drawn = [plan.states[s].safe_drawn_meur if s in plan.states else None for s in states]
        shown.add_row(escape(plan.name), *(number(one, 0) for one in (*drawn, plan.safe_drawn_meur)))
    return shown


def deltas_table(document: CompareDocument) -> Table:
    """Return how far each plan is from the first of its mode."""
    shown = table("plan", ">gap-years", "interval", "", ">EUR million", "interval", "", ">types")
    for one in document.deltas:
        cells = [*difference_cells(one.gap_years, 3), *difference_cells(one.cost_meur, 0)]
        shown.add_row(escape(one.second), *cells, f"{one.types:+d}")
    return shown


def difference_cells(one: Difference | None, digits: int) -> tuple[str, str, str]:
    """Return a difference, its interval and whether it is proven."""
    if one is None:
        return "–", "–", ""
    return f"{one.difference:+,.{digits}f}", interval(one.interval, digits), proof(one.proven)


def fragmentation_table(document: CompareDocument) -> Table:
    """Return what going alone costs in each folder."""
    shown = table("folder", "scenario", ">gap-years", "interval", "", ">EUR million", "interval", "")
    for one in document.fragmentation:
        money, cost = one.same_money, one.same_capability
        cells = ["–", "–", ""]
        if cost:
            cells = [number(cost.difference_meur, 0), interval(cost.interval, 0), proof(cost.proven)]
        shown.add_row(
            escape(one.folder),
            escape(one.scenario or ""),
            number(money.difference, 3),
            interval(money.interval, 3),
            proof(money.proven),
            *cells,
        )
    return shown


def print_programmes(document: CompareDocument) -> None:
    """Print how many programmes all plans take, and which only some do."""
    folders = {plan.name: plan.folder for plan in document.plans}
    for one in document.programmes:
        of = f"{len(one.plans)} plans{f' ({one.mode})' if one.mode else ''}"
        show("", f"[bold]Programmes of {of}[/]: {len(one.by_all)} in all, {len(one.by_some)} in some")
        if len(one.plans) <= PAIRS_AT_MOST:
            continue
        shown = table("programme", ">plans", "in all but, or only in")
        for taken in one.by_some[:LISTED_AT_MOST]:
            without = [plan for plan in one.plans if plan not in taken.plans]
            most = len(taken.plans) > len(without)
            named = [folders[plan] if one.mode else plan for plan in (without if most else taken.plans)]
            said = f"{'all but' if most else 'only'} {', '.join(named)}"
            shown.add_row(escape(taken.programme_id), str(len(taken.plans)), escape(said))
        show(shown)
        more(len(one.by_some))


def print_changes(one: Changes) -> None:
    """Print what the second of two plans buys differently."""
    changed = table("programme", "state", ">first", ">second")
    rows = [
        *((only.programme_id, "", number(only.quantity), "–") for only in one.only_in_first),
        *((only.programme_id, "", "–", number(only.quantity)) for only in one.only_in_second),
        *((other.programme_id, "", ", ".join(other.first), ", ".join(other.second))
          for other in one.coalition_changed),
        *((other.programme_id, other.state, number(other.first), number(other.second))
          for other in one.quantity_changed),
    ]  # fmt: skip
    for row in rows[:LISTED_AT_MOST]:
        changed.add_row(*map(escape, row))
    show("", escape(f"First {one.first}, second {one.second}:"))
    show(changed if rows else "They buy the same.")
    more(len(rows))


def more(rows: int) -> None:
    """Say how many rows are left out."""
    if rows > LISTED_AT_MOST:
        show(f"… and {rows - LISTED_AT_MOST} more; --json lists all of them.")


def print_comparison(comparison: Comparison) -> None:
    """Print the two headlines with their intervals."""
    shown = table("", ">alone", ">together", ">difference", "interval", "")
    money = comparison.same_money
    shown.add_row(
        "same money: shortfall, gap-years",
        number(money.national, 3),
        number(money.joint, 3),
        number(money.difference, 3),
        interval(money.interval, 3),
        proof(money.proven),
    )
    if cost := comparison.same_capability:
        shown.add_row(
            "same capability: cost, EUR million",
            number(cost.national_cost_meur, 0),
            number(cost.joint_cost_meur, 0),
            number(cost.difference_meur, 0),
            interval(cost.interval, 0),
            proof(cost.proven),
        )
    show(shown)
    if comparison.shares:
        print_shares(comparison.shares)


def proof(proven: bool) -> str:
    """Return in words whether a difference is proven."""
    return "proven" if proven else "not proven"


def percent(gap: float | None) -> str:
    """Return a gap as a percentage."""
    return "–" if gap is None else f"{100 * gap:.2f} %"


def interval(ends: tuple[float | None, float | None], digits: int) -> str:
    """Return an interval as text; an unknown end is without limit."""
    low, high = ends
    return f"{'?' if low is None else number(low, digits)} to {'?' if high is None else number(high, digits)}"
