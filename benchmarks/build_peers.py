"""Time to build the joint plan's model: Vallum's columnar builder beside linopy and PuLP.

All end with the same matrix, checked by its number of entries, ready to be handed to the same solver. Vallum
is timed twice: from the priced blocks, as it works, and from the finished coefficients. linopy and PuLP are
given the finished coefficients, so what they are timed on is their own layer alone. Best of three runs.

    python benchmarks/build_peers.py [REGION ...]
"""

import argparse
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import linopy
import numpy as np
import pandas as pd
import pulp
import xarray as xr
from machine import heading

from vallum.model.procurement.formulation import formulate
from vallum.model.procurement.pricing import blocks
from vallum.model.procurement.problem import problem
from vallum.region import Region
from vallum.region.synthetic import synthetic
from vallum.solve import Builder, Program


@dataclass(frozen=True)
class Rows:
    """The same programme by rows: row r has entries start[r]..start[r+1]; `cost` is the first level's."""

    program: Program
    cost: np.ndarray
    start: np.ndarray
    column: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, program: Program, cost: np.ndarray) -> "Rows":
        matrix = program.matrix
        column = np.repeat(np.arange(matrix.columns), np.diff(matrix.start))
        order = np.argsort(matrix.index, kind="stable")
        counts = np.bincount(matrix.index, minlength=matrix.rows)
        return cls(
            program, cost, np.concatenate(([0], np.cumsum(counts))), column[order], matrix.value[order]
        )

    def senses(self) -> Iterable[tuple[str, np.ndarray, np.ndarray]]:
        """Sense, rows, right-hand sides; open rows are left out, two-sided ones do not occur."""
        lower, upper = self.program.row_lower, self.program.row_upper
        filled = np.diff(self.start) > 0
        equal = filled & (lower == upper)
        for sense, mask, right in (
            ("=", equal, lower),
            (">=", filled & np.isfinite(lower) & ~equal, lower),
            ("<=", filled & np.isfinite(upper) & ~equal, upper),
        ):
            rows = np.flatnonzero(mask)
            yield sense, rows, right[rows]

    def entries(self) -> int:
        return int(sum(np.diff(self.start)[rows].sum() for _, rows, _ in self.senses()))


def with_vallum(rows: Rows) -> int:
    """One block of columns, one block of rows, three flat arrays."""
    program, builder = rows.program, Builder()
    for whole in (False, True):
        where = np.flatnonzero(program.integer == whole)
        builder.add_columns(
            f"whole {whole}",
            len(where),
            cost=rows.cost[where],
            lower=program.lower[where],
            upper=program.upper[where],
            integer=whole,
        )
    place = np.empty(len(program.cost), dtype=np.int64)
    place[np.argsort(program.integer, kind="stable")] = np.arange(len(place))
    number = len(rows.start) - 1
    builder.add_rows("rows", number, lower=program.row_lower, upper=program.row_upper, rule="all")
    builder.add(np.repeat(np.arange(number), np.diff(rows.start)), place[rows.column], rows.value)
    return len(builder.program().matrix.value)


def with_linopy(rows: Rows) -> int:
    """Whole arrays of variables, padded term arrays for each group of rows of similar length."""
    program, model = rows.program, linopy.Model()
    labels = np.empty(len(program.cost), dtype=np.int64)
    for whole in (False, True):
        where = np.flatnonzero(program.integer == whole)
        variables = model.add_variables(
            lower=xr.DataArray(program.lower[where], dims="i"),
            upper=xr.DataArray(program.upper[where], dims="i"),
            coords=[pd.RangeIndex(len(where), name="i")],
            integer=whole,
            name="whole" if whole else "free",
        )
        labels[where] = variables.labels.values
    length = np.diff(rows.start)
    for sense, group, right in rows.senses():
        bucket = np.ceil(np.log2(length[group])).astype(int)  # padding at most doubles the memory
        for size in np.unique(bucket):
            some = bucket == size
            picked = group[some]
            width = int(length[picked].max())
            at = rows.start[picked][:, None] + np.arange(width)[None, :]
            inside = np.arange(width)[None, :] < length[picked][:, None]
            at = np.where(inside, at, 0)
            terms = xr.Dataset(
                {
                    "coeffs": (("row", "_term"), np.where(inside, rows.value[at], np.nan)),
                    "vars": (("row", "_term"), np.where(inside, labels[rows.column[at]], -1)),
                },
                coords={"row": picked},
            )
            side = xr.DataArray(right[some], dims="row", coords={"row": picked})
            model.add_constraints(linopy.LinearExpression(terms, model), sense, side, name=f"{sense}{size}")
    priced = np.flatnonzero(rows.cost)
    terms = xr.Dataset({"coeffs": ("_term", rows.cost[priced]), "vars": ("_term", labels[priced])})
    model.add_objective(linopy.LinearExpression(terms, model))
    return int(model.matrices.A.nnz)


def with_pulp(rows: Rows) -> int:
    """One variable object a column, one expression object a row."""
    program = rows.program
    model = pulp.LpProblem("plan", pulp.LpMinimize)
    variables = [
        pulp.LpVariable(
            f"x{j}", low, None if np.isinf(high) else high, pulp.LpInteger if whole else pulp.LpContinuous
        )
        for j, (low, high, whole) in enumerate(
            zip(program.lower.tolist(), program.upper.tolist(), program.integer.tolist(), strict=True)
        )
    ]
    priced = np.flatnonzero(rows.cost).tolist()
    model.setObjective(pulp.LpAffineExpression([(variables[j], float(rows.cost[j])) for j in priced]))
    senses = {"<=": pulp.LpConstraintLE, ">=": pulp.LpConstraintGE, "=": pulp.LpConstraintEQ}
    column, value, start = rows.column.tolist(), rows.value.tolist(), rows.start.tolist()
    for sense, group, right in rows.senses():
        for r, side in zip(group.tolist(), right.tolist(), strict=True):
            terms = [(variables[column[i]], value[i]) for i in range(start[r], start[r + 1])]
            model.addConstraint(
                pulp.LpConstraint(pulp.LpAffineExpression(terms), senses[sense], f"r{r}", side)
            )
    return sum(len(row) for row in model.constraints.values())


def timed(work: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Seconds of the best of some runs, and the last result."""
    best = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - begin)
    return best, result


def compare(name: str, region: Region) -> None:
    given = problem(region)
    priced = blocks(given, "joint")
    seconds, form = timed(lambda: formulate(given, priced, "joint"))
    rows = Rows.of(form.program, form.costs[0])
    entries, columns = rows.entries(), len(form.program.cost)
    size = f"{columns:,} | {len(rows.start) - 1:,} | {entries:,}"
    print(f"| {name} | Vallum, from priced blocks | {size} | {seconds:.2f} |")
    peers = {"Vallum": with_vallum, "linopy": with_linopy, "PuLP": with_pulp}
    for peer, build in peers.items():
        taken, built = timed(lambda build=build: build(rows))
        # rows that never bind have no entries for linopy and PuLP
        if built - entries not in (0, len(form.program.matrix.value) - entries):
            raise SystemExit(f"{peer} built {built} entries, not {entries}")
        print(f"| {name} | {peer}, from coefficients | | | {built:,} | {taken:.2f} |", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("regions", nargs="*", default=["baltic", "synthetic"])
    chosen = arguments.parse_args().regions
    print(heading("linopy", "pulp"))
    print("| region | builder | columns | rows | entries | seconds |")
    print("|---|---|---|---|---|---|")
    for name in chosen:
        compare(name, synthetic() if name == "synthetic" else Region.read(name).require_sound())


if __name__ == "__main__":
    main()
