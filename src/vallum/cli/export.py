"""`vallum export DIR --level N --out FILE`."""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from cyclopts import Parameter
from rich.markup import escape

from vallum.cli.options import Common, a_folder
from vallum.cli.outcome import OK
from vallum.cli.output import emit, libraries_silenced, number, show

__all__ = ["EXPORT_DOCUMENTS", "ExportDocument", "export"]


class ExportDocument(msgspec.Struct, kw_only=True):
    """`vallum export DIR --json`."""

    plan: str
    mode: Literal["national", "joint"]
    level: Literal["shortfall", "cost", "types"]
    value: float
    "Of the plan at this level: what another solver has to reach or beat."
    mps: str
    names: str
    "The table that says what each column and row is."
    columns: int
    rows: int
    nonzeros: int
    whole: int
    "Columns that have to be whole."


EXPORT_DOCUMENTS: Final = {"export": ExportDocument}


def export(
    directory: Path,
    /,
    *,
    out: Annotated[Path, Parameter(converter=a_folder)],
    level: Literal["1", "2", "3"] = "1",
    mode: Literal["national", "joint"] | None = None,
    common: Common | None = None,
) -> int:
    """Write the model of a plan as free MPS for any other solver, and a table of its names.

    Parameters
    ----------
    directory
        A plan, or a folder with plans of both modes.
    out
        File to write, ending in .mps or .mps.gz; an existing one is replaced. The names go beside it, as
        <name>.names.csv.
    level
        1 shortfall, 2 cost with the shortfall held, 3 types with shortfall and cost held.
    mode
        Which plan of a folder with two; joint unless given.
    """
    common = common or Common()
    from vallum.plan.export import export_plan
    from vallum.plan.pick import pick_plan

    plan = pick_plan(directory, mode)
    with libraries_silenced():
        made = export_plan(plan, int(level), out)
    document = msgspec.convert({"plan": str(directory), "mode": plan.mode, **made}, ExportDocument)
    if common.json:
        emit(document)
    else:
        show(f"{number(document.columns, 0)} columns, {number(document.whole, 0)} of them whole, "
             f"{number(document.rows, 0)} rows, {number(document.nonzeros, 0)} nonzeros.")  # fmt: skip
        show(f"The plan has {document.level} {number(document.value, 4)}.")
        show(f"The model is in {escape(document.mps)}, its names are in {escape(document.names)}")
    return OK
