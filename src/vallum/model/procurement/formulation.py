"""The flow form with extreme points: all rows and columns of one mode (sections 4 to 10).

A member's orders of year t enter as two columns, v_lo (its least order) and v_hi (its greatest), both with
introduction share 1; q = least v_lo + greatest v_hi and u = v_lo + v_hi. With sum_t u = x the LP relaxation
of a block without a band edge is then its convex hull, which `lo u <= q <= hi u` written as rows gives too,
at several times the rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement import rows_capability, rows_choices, rows_industry, rows_limits, rows_money
from vallum.model.procurement.cells import Cells
from vallum.model.procurement.columns import Columns, Schools
from vallum.model.procurement.pricing import Blocks, Mode
from vallum.model.procurement.problem import Problem
from vallum.model.procurement.writer import Entries, Writer
from vallum.solve import Program

__all__ = ["Formulation", "formulate"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Formulation:
    """A program and the meaning of its columns and rows.

    Attributes
    ----------
    at : Columns
        Positions of the columns.
    costs : three (columns,) arrays
        Objective of each level.
    core : array
        Columns that are in every master: all but those of blocks.
    shared : (rows,) bool array
        Rows that do not belong to one block.
    member_row : (M,) array
    band_row : (A,) array
        Rows of blocks; NONE when the band's edge is reached anyway.
    """

    mode: Mode
    problem: Problem
    blocks: Blocks
    cells: Cells
    schools: Schools
    entries: Entries
    program: Program
    at: Columns
    costs: tuple[Floats, Floats, Floats]
    core: Ints
    shared: Bools
    member_row: Ints
    band_row: Ints

    def chosen(self, values: Floats) -> Ints:
        """Blocks that values of all columns choose."""
        return np.flatnonzero(values[self.at.x] > 0.5)

    def columns_of(self, choices: Ints) -> Ints:
        """Core columns, and choice and order columns of some blocks."""
        entries = self.blocks.entries_of(choices)
        columns = np.concatenate((self.core, self.at.x[choices], self.at.low[entries], self.at.high[entries]))
        return columns[columns >= 0]

    def rows_of(self, choices: Ints) -> Ints:
        """Rows that belong to some blocks: their members', then their bands'."""
        band = self.band_row[choices]
        return np.concatenate((self.member_row[self.blocks.members_of(choices)], band[band >= 0]))

    def limits(self, caps: Floats) -> Floats:
        """Upper limits of all rows; `caps` are those of the rows that hold earlier levels."""
        upper = self.program.row_upper.copy()
        upper[self.program.rows_of("level")] = caps
        return upper

    def quantity(self, values: Floats) -> Floats:
        """Ordered quantity of every entry, class units, shape (E,)."""
        low, high = self._ends(values)
        out: Floats = low * self.entries.least + high * self.entries.greatest
        return out

    def share(self, values: Floats) -> Floats:
        """Introduction share u of every entry, shape (E,)."""
        low, high = self._ends(values)
        return low + high

    def _ends(self, values: Floats) -> tuple[Floats, Floats]:
        return pick_values(values, self.at.low), values[self.at.high]


def pick_values(values: Floats, columns: Ints) -> Floats:
    """Values of columns; 0 where a column does not exist."""
    out: Floats = np.where(columns >= 0, values[np.maximum(columns, 0)], 0.0)
    return out


def formulate(problem: Problem, blocks: Blocks, mode: Mode) -> Formulation:
    """Write the whole model of a mode; see the module's text and docs/explanation/procurement.md."""
    w = Writer.open(problem, blocks, mode)
    rows_capability.add_need(w)
    stock = rows_capability.add_stock(w)
    rows_capability.add_crews(w)
    node_stock = rows_capability.add_nodes(w)
    line_rows = rows_industry.add_lines(w)
    rows_industry.add_deliveries(w, stock, node_stock, line_rows)
    payments = rows_money.add_money(w)
    rows_choices.add_choices(w)
    levels = rows_money.add_levels(w, payments)
    rows_limits.add_limits(w, payments)
    first_local = w.builder.rows
    member_row, band_row = rows_choices.add_blocks(w)
    program = w.builder.program()
    return Formulation(
        mode=mode, problem=problem, blocks=blocks, cells=w.cells, schools=w.schools, entries=w.entries,
        program=program, at=w.at, costs=_costs(program, levels, w.at.types),
        core=np.arange(program.columns["choice"].start),
        shared=np.arange(len(program.row_lower)) < first_local, member_row=member_row, band_row=band_row,
    )  # fmt: skip


def _costs(program: Program, levels: Ints, types: Ints) -> tuple[Floats, Floats, Floats]:
    """Objectives of the three levels: the two level rows turned into costs, and the number of types."""
    owner = np.repeat(np.arange(len(program.cost)), np.diff(program.matrix.start))
    shortfall, cost, number = (np.zeros(len(program.cost)) for _ in range(3))
    for objective, row in zip((shortfall, cost), levels, strict=True):
        here = program.matrix.index == row
        objective[owner[here]] = program.matrix.value[here]
    number[types] = 1.0
    return shortfall, cost, number
