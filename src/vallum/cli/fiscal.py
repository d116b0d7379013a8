"""`vallum fiscal REGION [--plan DIR]`."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from vallum.cli.options import Common, a_folder, a_seed, positive, whole
from vallum.cli.outcome import OK
from vallum.cli.output import emit, libraries_silenced, number, show, table
from vallum.cli.plan import refuse_ground_under_feet
from vallum.cli.progress import Progress

if TYPE_CHECKING:
    from vallum.plan.fiscal import Outlook, Replan

__all__ = ["fiscal"]

#: More take more memory than a small machine has.
MOST_PATHS = 500_000
FEWEST_PATHS = 100
REPLAN_S = 30.0
SHOWN_YEARS = (2026, 2030, 2035, 2040)
REGIME_MARKS = {
    "inside ceiling": "[green]in[/]",
    "inside clause": "[yellow]clause[/]",
    "outside": "[red]out[/]",
}

End = Literal["safe", "cohesion", "rates", "output"]


def a_quarter(_: object, value: str | None) -> None:
    """Refuse what is no quarter."""
    if value is not None and not re.fullmatch(r"[0-9]{4}Q[1-4]", value):
        message = "It must be a year and a quarter, such as 2011Q1."
        raise ValueError(message)


def some_ends(_: object, value: tuple[str, ...] | None) -> None:
    """Refuse a re-plan that ends nothing."""
    if value == ():
        message = "It must name what ends."
        raise ValueError(message)


def some_paths(_: object, value: int) -> None:
    """Refuse a number of paths that says nothing or that no machine holds."""
    if not FEWEST_PATHS <= value <= MOST_PATHS:
        message = f"It must be from {FEWEST_PATHS} to {MOST_PATHS}."
        raise ValueError(message)


@Parameter(name="*")
@dataclass(frozen=True)
class Sample:
    """Options of the random paths."""

    paths: Annotated[int, Parameter(validator=some_paths, converter=whole)] = 10_000
    "Random paths of debt."
    seed: Annotated[int, Parameter(validator=a_seed, converter=whole)] = 0
    "Seed of the paths."
    sample_from: Annotated[str | None, Parameter(validator=a_quarter)] = None
    "First quarter of the shocks' sample, such as 2011Q1; all quarters unless given."
    sampling: Literal["normal", "blocks"] = "normal"
    "normal: shocks with the sample's covariance. blocks: years out of the sample itself."


@Parameter(name="*")
@dataclass(frozen=True)
class Again:
    """Options of the re-plan."""

    replan: Annotated[tuple[End, ...] | None, Parameter(consume_multiple=True, validator=some_ends)] = None
    "Plan again with the purse that is left when these end. Needs --plan."
    time_limit: Annotated[float | None, Parameter(validator=positive)] = None
    "Seconds of the re-plan. 30 unless a work limit is given."
    work: Annotated[int | None, Parameter(validator=positive, converter=whole)] = None
    "Work of the re-plan, as in `vallum plan`."


def fiscal(
    region: str,
    /,
    *,
    plan: Annotated[Path | None, Parameter(converter=a_folder)] = None,
    out: Annotated[Path | None, Parameter(converter=a_folder)] = None,
    sample: Sample | None = None,
    again: Again | None = None,
    common: Common | None = None,
) -> int:
    """Say what defence does to each member's debt, deficit and rules, and what SAFE is worth.

    With a plan of purchases also what that plan does, alone and together.

    Parameters
    ----------
    region
        Folder of a region, or the name of one that ships (baltic).
    plan
        Folder of a plan that `vallum plan` wrote.
    out
        Folder whose folder fiscal gets the tables; that of the plan unless given. `vallum report` finds them.
    """
    sample, again, common = sample or Sample(), again or Again(), common or Common()
    from vallum.plan.fiscal import make
    from vallum.plan.fiscal.store import FISCAL
    from vallum.plan.results import refuse_other
    from vallum.region import Region

    home = plan if out is None else out
    place = None if home is None else home / FISCAL.kind
    if place is not None:
        refuse_ground_under_feet(place)
        # A folder that must not be replaced is found now and not after a re-plan.
        refuse_other(FISCAL, place)
    asked = replan_of(again)
    read = Region.read(region).require_sound()
    with libraries_silenced(), Progress() as progress:
        found = make(
            read, plan=plan, out=place, paths=sample.paths, seed=sample.seed, start=sample.sample_from,
            sampling=sample.sampling, again=asked, progress=progress,
        )  # fmt: skip
    if common.json:
        emit(document_of(region, plan, place, found))
    else:
        print_outlook(found)
        if place is not None:
            show("", f"The tables are in {escape(str(place))}")
    return OK


def replan_of(again: Again) -> "Replan | None":
    """Return what is to be planned again."""
    from vallum.plan.fiscal import Replan
    from vallum.plan.fiscal.solidarity import ENDS
    from vallum.solve import Limits

    if again.replan is None:
        return None
    seconds = REPLAN_S if again.time_limit is None and again.work is None else again.time_limit
    return Replan(
        tuple(end for end in ENDS if end in again.replan), Limits(time_limit=seconds, work=again.work)
    )


def document_of(region: str, plan: Path | None, place: Path | None, found: "Outlook") -> Any:
    """Return an outlook as the document that `--json` writes."""
    from vallum.cli.fiscal_documents import FiscalDocument, Identity

    manifest = found.manifest
    identity = Identity(
        region=region,
        content_hash=manifest["region"]["content_hash"],
        plan=None if plan is None else str(plan),
        out=None if place is None else str(place),
        paths=manifest["paths"],
        seed=manifest["seed"],
        start=manifest["start"],
        sampling=manifest["sampling"],
        again=manifest["again"],
    )
    rows = {name: frame.to_dicts() for name, frame in found.tables.items()}
    return msgspec.convert({"identity": identity, **rows}, FiscalDocument)


# ---------------------------------------------------------------- for people


def print_outlook(found: "Outlook") -> None:
    """Print the outlook: debt, rules, loans, what ends, and the plans if there are any."""
    sources = list(dict.fromkeys(row["source"] for row in rows_of(found, "projection", policy="plan")))
    show("[bold]Debt, % of GDP[/] (10 and 90 of 100 paths below)", debt_table(found))
    show("", "[bold]Net expenditure, defence as planned[/]", regime_table(found))
    show("", "[bold]Cliff and SAFE[/]", loan_table(found))
    main = "joint" if "joint" in sources else sources[-1]
    show("", "[bold]First year in which a rule is broken[/]", breach_table(found, main))
    if len(sources) > 1:
        show("", "[bold]One more 0.1 % of GDP of equipment a year[/]", marginal_table(found))
    if found.tables["fragmentation"].height:
        show("", "[bold]Alone and together[/]", fragmentation_table(found))
    if found.tables["deferrals"].height:
        show("", f"[bold]Programmes that give way: {found.manifest['again']}[/]", deferral_table(found))
    for row in found.tables["substitutes"].to_dicts():
        show(escape(f"{row['state']}: {row['input']}: {row['used']}. {row['reason']}"))


def rows_of(found: "Outlook", name: str, **equal: object) -> list[dict[str, Any]]:
    """Return rows of a table that agree with some values."""
    return found.tables[name].filter(**equal).to_dicts()


def key_of(row: dict[str, Any]) -> tuple[str, str, str, int]:
    """Return what a row of a projection or a fan is about."""
    return row["source"], row["policy"], row["state"], row["year"]


def debt_table(found: "Outlook") -> Table:
    """Debt by policy, state and year, with the fan."""
    from vallum.model.finance.scenarios import POLICIES

    years = [year for year in SHOWN_YEARS if found.tables["fan"].filter(year=year).height]
    shown = table("policy", "outlays", "state", *(f">{year}" for year in years), ">balance 2030")
    titles = dict(found.tables["policies"].select("policy", "title").iter_rows())
    fan = {key_of(row): row for row in found.tables["fan"].to_dicts()}
    path = {key_of(row): row for row in found.tables["projection"].to_dicts()}
    order = list(POLICIES)
    # What a plan of purchases changes shows in the policy that follows it; --json has all of them.
    kept = [key for key in dict.fromkeys(key[:3] for key in path) if key[0] == "budget" or key[1] == "plan"]
    for source, policy, state in sorted(kept, key=lambda key: (order.index(key[1]), key)):
        cells = []
        for year in years:
            key = (source, policy, state, year)
            spread = f" ({fan[key]['p10']:.0f}–{fan[key]['p90']:.0f})" if year > years[0] else ""
            cells.append(f"{path[key]['debt']:.1f}{spread}")
        balance = path.get((source, policy, state, 2030), {}).get("balance")
        shown.add_row(titles[policy], source, state, *cells, number(balance, 1))
    return shown


def regime_table(found: "Outlook") -> Table:
    """Regime by source, state and year."""
    rows = [row for row in rows_of(found, "regimes", policy="plan") if row["year"] <= 2035]
    years = sorted({row["year"] for row in rows})
    shown = table("outlays", "state", *map(str, years))
    for source, state in dict.fromkeys((row["source"], row["state"]) for row in rows):
        marks = [
            REGIME_MARKS[row["regime"]] for row in rows if (row["source"], row["state"]) == (source, state)
        ]
        shown.add_row(source, state, *marks)
    return shown


def loan_table(found: "Outlook") -> Table:
    """Cliff of the escape clause and worth of the loan."""
    shown = table(
        "outlays", "state", ">cliff, % of GDP", ">EUR million", ">SAFE drawn", ">gain a year",
        ">gain, present value", ">10 to 90 of 100 paths",
    )  # fmt: skip
    cliffs = {(r["source"], r["state"]): r for r in rows_of(found, "cliff", policy="plan")}
    for row in found.tables["loan_sum"].to_dicts():
        cliff = cliffs[row["source"], row["state"]]
        shown.add_row(
            row["source"],
            row["state"],
            number(cliff["cliff"], 2),
            number(cliff["cliff_meur"], 0),
            number(row["drawn_meur"], 0),
            number(row["gain_mean_meur"], 1),
            number(row["present_meur"], 0),
            f"{row['present_p10_meur']:,.0f} to {row['present_p90_meur']:,.0f}",
        )
    return shown


def breach_table(found: "Outlook", source: str) -> Table:
    """First breaches by what ends: nothing, each alone, and all."""
    rows = rows_of(found, "breaches", source=source)
    rules = list(dict.fromkeys(row["rule"] for row in rows))
    shown = table(f"what ends ({source})", "state", *(f">{rule}" for rule in rules))
    cells = {(r["combination"], r["state"], r["rule"]): r["year"] for r in rows}
    singles = [c for c in dict.fromkeys(r["combination"] for r in rows) if "+" not in c]
    whole = max((row["combination"] for row in rows), key=len)
    for combination in [*sorted(singles, key=lambda c: c != "none"), whole]:
        for state in sorted({row["state"] for row in rows}):
            years = [cells[combination, state, rule] for rule in rules]
            shown.add_row(combination, state, *("–" if year is None else str(year) for year in years))
    return shown


def marginal_table(found: "Outlook") -> Table:
    """The marginal euro of each plan."""
    shown = table("outlays", "state", ">added, EUR million", ">debt, % of GDP", "in", ">gap-years removed")
    for row in found.tables["marginal"].to_dicts():
        shown.add_row(
            row["source"],
            row["state"],
            number(row["added_meur"], 0),
            number(row["debt"], 2),
            str(row["debt_year"]),
            number(row["gap_years"], 2),
        )
    return shown


def fragmentation_table(found: "Outlook") -> Table:
    """Alone against together."""
    shown = table(
        "state", "", ">year", ">alone", ">together, same money", ">together, same capability", ">interval"
    )
    for row in found.tables["fragmentation"].to_dicts():
        low, high = row["equal_low"], row["equal_high"]
        digits = 0 if row["unit"].startswith("EUR") else 2
        shown.add_row(
            row["state"],
            f"{row['measure']}, {row['unit']}",
            str(row["year"] or ""),
            number(row["national"], digits),
            number(row["joint"], digits),
            number(row["equal"], digits),
            "" if low is None else f"{number(low, digits)} to {number(high, digits)}",
        )
    return shown


def deferral_table(found: "Outlook") -> Table:
    """Programmes whose orders the tighter purse changes."""
    shown = table("state", "programme", "verdict", ">ordered", ">then", ">mean year", ">then", ">EUR million")
    for row in found.tables["deferrals"].sort("value_meur", descending=True).to_dicts():
        if row["verdict"] != "kept":
            shown.add_row(
                row["state"],
                escape(row["programme_id"]),
                row["verdict"],
                number(row["quantity"], 1),
                number(row["quantity_tight"], 1),
                *("–" if year is None else f"{year:.1f}" for year in (row["year"], row["year_tight"])),
                number(row["value_meur"], 0),
            )
    return shown
