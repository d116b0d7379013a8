"""The model of a plan for other solvers: free MPS and a map of its names."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np

from vallum.core.errors import BadInput
from vallum.model.procurement import problem
from vallum.model.procurement.export import export
from vallum.model.procurement.formulation import formulate
from vallum.model.procurement.inquiry.standing import held
from vallum.model.procurement.pricing import blocks
from vallum.model.procurement.result import LEVELS
from vallum.plan.store import Plan
from vallum.region import TABLES, Region
from vallum.solve.mps import mps_lines

__all__ = ["ENDINGS", "export_plan"]

ENDINGS: Final = (".mps", ".mps.gz")


def export_plan(plan: Plan, level: int, out: Path) -> dict[str, Any]:
    """Write the model of one level of a plan, and beside it `<name>.names.csv`.

    Earlier levels are held at the plan's values within the tolerance that the plan had.

    Parameters
    ----------
    plan : Plan
    level : int
        1 shortfall, 2 cost, 3 types.
    out : Path
        Ends in .mps or .mps.gz.

    Returns
    -------
    dict
        mps, names (paths), level, columns, rows, nonzeros, whole, and the plan's value of the level.

    Raises
    ------
    BadInput
        The name has another ending, or the plan's tables are no sound region.
    """
    ending = next((end for end in reversed(ENDINGS) if out.name.endswith(end)), None)
    if ending is None or out.name == ending:
        raise BadInput(
            "The file has to end in .mps or .mps.gz", where=str(out), rule="output_file",
            remedy="Give --out model.mps.gz, for example.",
        )  # fmt: skip
    kept = {name: table for name, table in plan.inputs.items() if TABLES[name].required}
    planned = problem(Region.from_tables(str(plan.manifest["region"]["name"]), kept).require_sound())
    form = formulate(planned, blocks(planned, plan.manifest["mode"]), plan.manifest["mode"])
    values = plan.tables["levels"].sort("level")["value"].to_list()
    tolerance = planned.settings["level_tolerance"]
    caps = [held(value, tolerance) if k < level - 1 else np.inf for k, value in enumerate(values[:2])]
    made = export(form, level - 1, np.array(caps))
    lines = mps_lines(
        made.model, made.columns, made.rows, name=f"vallum_{LEVELS[level - 1]}", objective=LEVELS[level - 1]
    )
    names = out.with_name(out.name.removesuffix(ending) + ".names.csv")
    with _opened(out) as file:
        file.writelines(f"{line}\n" for line in lines)
    made.names.write_csv(names)
    return {
        "mps": str(out), "names": str(names), "level": LEVELS[level - 1], "columns": len(made.columns),
        "rows": len(made.rows), "nonzeros": len(made.model.matrix.value),
        "whole": int(made.model.integer.sum()), "value": values[level - 1],
    }  # fmt: skip


@contextmanager
def _opened(out: Path) -> Iterator[TextIO]:
    """A text file; compressed ones hold neither name nor time, so that equal models are equal files."""
    if not out.name.endswith(".gz"):
        with out.open("w", encoding="ascii", newline="\n") as file:
            yield file
        return
    with (
        out.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="ascii", newline="\n") as file,
    ):
        yield file
