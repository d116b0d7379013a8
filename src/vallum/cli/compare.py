"""`vallum compare DIR DIR`."""

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.markup import escape

from vallum.cli.documents import CompareDocument, Comparison
from vallum.cli.options import Common
from vallum.cli.outcome import OK
from vallum.cli.output import emit, number, show, table
from vallum.core.errors import BadInput

__all__ = ["compare", "print_comparison"]

CHANGES_LISTED_AT_MOST = 40


def compare(
    *directories: Annotated[Path, Parameter(required=True, json_list=False)], common: Common | None = None
) -> int:
    """Put plans side by side: shortfall, cost, types, and which programmes changed.

    A plan alone and a plan together of the same region are compared with the interval that is proven.

    Parameters
    ----------
    directories
        Folders of plans, each of one mode or of both.
    """
    common = common or Common()
    from vallum.plan.compare import compare_plans

    try:
        document = msgspec.convert(compare_plans(directories), CompareDocument)
    except msgspec.ValidationError as error:
        where = ", ".join(str(folder / "run.json") for folder in directories)
        raise damaged(where, error) from error
    document.comparison = comparison_of(directories)
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


def damaged(where: str, error: Exception) -> BadInput:
    """Return the error for a file whose members are not those that the planning wrote."""
    return BadInput(str(error), where=where, rule="damaged", remedy="Plan again with `vallum plan`.")


def print_plans(document: CompareDocument) -> None:
    """Print the plans side by side, then what changed from the first."""
    shown = table("plan", ">shortfall, gap-years", ">bound", ">cost, EUR million", ">types", "status")
    for plan in document.plans:
        shown.add_row(
            escape(plan.name),
            number(plan.gap_years, 4),
            number(plan.bound, 4),
            number(plan.cost_meur, 0),
            str(plan.types),
            plan.status or "",
        )
    show(shown)
    if not document.same_region:
        show("The plans were not made from the same data.")
    if document.comparison:
        show("")
        print_comparison(document.comparison)
    for one in document.changes:
        changed = table("programme", "state", ">first", ">second")
        rows = [
            *((only.programme_id, "", number(only.quantity), "–") for only in one.only_in_first),
            *((only.programme_id, "", "–", number(only.quantity)) for only in one.only_in_second),
            *((other.programme_id, "", ", ".join(other.first), ", ".join(other.second))
              for other in one.coalition_changed),
            *((other.programme_id, other.state, number(other.first), number(other.second))
              for other in one.quantity_changed),
        ]  # fmt: skip
        for row in rows[:CHANGES_LISTED_AT_MOST]:
            changed.add_row(*map(escape, row))
        show("", escape(f"First {one.first}, second {one.second}:"))
        show(changed if rows else "They buy the same.")
        if len(rows) > CHANGES_LISTED_AT_MOST:
            show(f"… and {len(rows) - CHANGES_LISTED_AT_MOST} more; --json lists all of them.")


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
        "proven" if money.proven else "not proven",
    )
    if cost := comparison.same_capability:
        shown.add_row(
            "same capability: cost, EUR million",
            number(cost.national_cost_meur, 0),
            number(cost.joint_cost_meur, 0),
            number(cost.difference_meur, 0),
            interval(cost.interval, 0),
            "proven" if cost.proven else "not proven",
        )
    show(shown)


def interval(ends: tuple[float | None, float | None], digits: int) -> str:
    """Return an interval as text; an unknown end is without limit."""
    low, high = ends
    return f"{'?' if low is None else number(low, digits)} to {'?' if high is None else number(high, digits)}"
