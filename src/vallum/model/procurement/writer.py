"""What the writers of rows share: the builder, the columns, and what one order puts into a row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import Cells, cells_of
from vallum.model.procurement.columns import Columns, Schools, add_columns, schools_of
from vallum.model.procurement.pricing import Blocks, Mode
from vallum.model.procurement.problem import Problem
from vallum.solve import Builder

__all__ = ["Entries", "Flow", "Spend", "Writer", "pick"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Name = TypeVar("Name")


def pick(names: Sequence[Name], at: Ints) -> tuple[Name, ...]:
    """Names at positions: the labels of rows."""
    return tuple(names[i] for i in at)


class Spend(NamedTuple):
    """Spending outside orders: each column costs `meur` per unit to a state in a year."""

    state: Ints
    year: Ints
    column: Ints
    meur: Floats


class Flow(NamedTuple):
    """What entries pay in a year: `per_unit` of the quantity ordered plus `fixed` of the share u."""

    entry: Ints
    state: Ints
    year: Ints
    per_unit: Floats
    fixed: Floats


@dataclass(frozen=True, slots=True)
class Entries:
    """Per entry (a member's possible order year of a block), shape (E,)."""

    block: Ints
    state: Ints
    programme: Ints
    least: Floats
    greatest: Floats
    unit_price: Floats  # EUR million per class unit
    introduction: Floats  # EUR million when the whole introduction falls into this year

    @classmethod
    def of(cls, problem: Problem, blocks: Blocks) -> "Entries":
        """Look up and price the entries of blocks (section 3)."""
        member, programme = blocks.entry_member, problem.programme
        block = blocks.member_block[member]
        p, t = blocks.programme[block], blocks.entry_year
        base = (programme.base_price / programme.base_quantity)[p]
        return cls(
            block=block, state=blocks.member_state[member], programme=p, least=blocks.least[member],
            greatest=blocks.greatest[member],
            unit_price=base * blocks.scale[block] * programme.level[p, t],
            introduction=blocks.introduction[member] * programme.introduction[p, t],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Writer:
    """A model being written; `spend` grows with every rule that costs money."""

    problem: Problem
    blocks: Blocks
    mode: Mode
    builder: Builder
    cells: Cells
    schools: Schools
    at: Columns
    entries: Entries
    spend: list[Spend] = field(default_factory=list)

    @classmethod
    def open(cls, problem: Problem, blocks: Blocks, mode: Mode) -> "Writer":
        """Add all columns; rows follow."""
        builder, cells = Builder(), cells_of(problem)
        schools = schools_of(problem, cells, mode)
        at = add_columns(builder, problem, blocks, cells, schools, mode)
        return cls(problem, blocks, mode, builder, cells, schools, at, Entries.of(problem, blocks))

    @property
    def states(self) -> int:
        """Number of members."""
        return len(self.problem.states)

    @property
    def years(self) -> int:
        """Number of years."""
        return len(self.problem.years)

    def each_state_year(self) -> tuple[Ints, Ints]:
        """Positions (state, year) of every state and year, years fastest."""
        s, t = np.divmod(np.arange(self.states * self.years), self.years)
        return s, t

    def balance(self, rows: Ints, columns: Ints) -> None:
        """level(y) - level(y-1) on the last axis."""
        self.builder.add(rows, columns, 1.0)
        self.builder.add(rows[..., 1:], columns[..., :-1], -1.0)

    def order(self, rows: Ints, entry: Ints, per_unit: Floats | float, fixed: Floats | float = 0.0) -> None:
        """Add `per_unit * q + fixed * u` of entries to rows: to both columns of each."""
        per_unit, fixed = np.broadcast_to(per_unit, entry.shape), np.broadcast_to(fixed, entry.shape)
        two = self.at.low[entry] >= 0
        least, greatest = self.entries.least[entry], self.entries.greatest[entry]
        self.builder.add(rows[two], self.at.low[entry][two], (per_unit * least + fixed)[two])
        self.builder.add(rows, self.at.high[entry], per_unit * greatest + fixed)

    def spread(self, share: Floats) -> tuple[Ints, Ints, Floats]:
        """Entries, calendar years and shares of what blocks do by years after the order, (A, Y)."""
        offset = np.arange(self.years)[None, :]
        inside = self.blocks.entry_year[:, None] + offset < self.years
        by_entry = share[self.entries.block] * inside
        e, o = np.nonzero(by_entry)
        return e, self.blocks.entry_year[e] + o, by_entry[e, o]
