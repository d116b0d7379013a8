"""All columns of a mode: what each stands for and where it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE, Cells, short_crews, tight_lines
from vallum.model.procurement.pricing import Blocks, Mode
from vallum.model.procurement.problem import Problem
from vallum.solve import Builder

__all__ = ["Columns", "Schools", "add_columns"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
INF = float("inf")


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions of the columns; NONE marks one that does not exist.

    Core columns come first: all but `x`, `low` and `high`, which belong to blocks.
    """

    shortfall: Ints  # (N, K, Y)
    delivered: Ints  # (cells, Y), the same for cells of one pool
    counted: Ints  # (cells, Y)
    sustain: Ints  # (N, 2, Y): other money, related money
    carry: Ints  # (N, Y)
    related: Ints  # (N, Y)
    draw: Ints  # (N, Y)
    claim: Ints  # (N, Y)
    nodes: Ints  # (N, Y)
    steps: Ints  # (L, payers, Y); one payer in joint mode
    paid: Ints  # (N, Y) towards all steps of a year; joint mode only
    school: Ints  # (schools, Y)
    types: Ints  # (S,)
    x: Ints  # (A,) choices
    low: Ints  # (E,)
    high: Ints  # (E,)


@dataclass(frozen=True, slots=True)
class Schools:
    """Schools that could be built, and the families of each member that could want one."""

    short: Bools  # (N, F) families whose crews could bind
    family: Ints  # (schools,)
    coalition: Ints  # (schools,) bit mask


@dataclass(frozen=True, slots=True)
class _Grids:
    """Adds columns that exist in some places of an array only."""

    builder: Builder

    def add(self, name: str, mask: Bools, *, upper: Floats | float = INF, lower: Floats | float = 0.0,
            integer: bool = False) -> Ints:  # fmt: skip
        """Columns where `mask` holds; positions in an array of the mask's shape, NONE elsewhere."""
        out = np.full(mask.shape, NONE, dtype=np.int64)
        low, high = (np.broadcast_to(np.asarray(v, float), mask.shape)[mask] for v in (lower, upper))
        out[mask] = self.builder.add_columns(name, int(mask.sum()), lower=low, upper=high, integer=integer)
        return out


def schools_of(problem: Problem, cells: Cells, mode: Mode) -> Schools:
    """Schools worth considering: of a member that wants one, or shared with it (section 6)."""
    states = len(problem.states)
    short = short_crews(problem, np.stack((cells.state, cells.family, cells.klass), axis=1))
    families, coalitions = [], []
    bits = 1 << np.arange(states)
    for f in range(len(problem.families)):
        # a member with crews enough may still share a school: it halves the others' cost
        wanting = int((short[:, f] & (problem.crew.school_added[:, f] > 0)) @ bits)
        sharing = int(problem.crew.school_shared[:, f] @ bits) if mode == "joint" else 0
        for g in range(1, 2**states):
            if g & wanting and (g & (g - 1) == 0 or g & ~sharing == 0):
                families.append(f)
                coalitions.append(g)
    return Schools(short, np.array(families, dtype=np.int64), np.array(coalitions, dtype=np.int64))


def add_columns(
    builder: Builder, problem: Problem, blocks: Blocks, cells: Cells, schools: Schools, mode: Mode
) -> Columns:
    """Add every column of a mode, those of blocks last.

    Returns
    -------
    Columns
    """
    n, y = len(problem.states), len(problem.years)
    grids = _Grids(builder)
    gap = problem.gap * (problem.weight > 0)
    shortfall = grids.add("shortfall", gap > 0, upper=gap)
    delivered = grids.add("delivered", np.ones((len(cells.head), y), bool))[cells.pool]
    counted = grids.add("counted", np.repeat(cells.counted[:, None], y, axis=1))
    sustain = grids.add("sustain", np.ones((n, 2, y), bool))
    carry = grids.add("carry", problem.purse.carry_limit > 0, upper=problem.purse.carry_limit)
    related = grids.add("related", problem.purse.related > 0, upper=problem.purse.related)
    window = problem.loan.open_years(y)
    draw = grids.add("draw", window)
    last = np.arange(y)[None, :] >= problem.loan.window[:, 1:]
    claim = grids.add("claim", window, lower=np.where(last, 0.0, -problem.loan.prefinancing[:, None]))
    nodes = grids.add("nodes", np.full((n, y), bool((problem.programme.nodes > 0).any())))
    steps, paid = _expansions(grids, problem, mode)
    # a school of the last year adds nobody inside the horizon
    useful = np.repeat(np.arange(y)[None, :] < y - 1, len(schools.family), axis=0)
    school = grids.add("school", useful.reshape(-1, y), upper=1.0, integer=True)
    types = builder.add_columns("types", len(problem.systems), upper=1.0, integer=True)
    x = builder.add_columns("choice", len(blocks.programme), integer=True)
    low = grids.add("low", (blocks.greatest > blocks.least + 1e-9)[blocks.entry_member])
    high = builder.add_columns("high", len(blocks.entry_member))
    return Columns(shortfall, delivered, counted, sustain, carry, related, draw, claim, nodes, steps, paid,
                   school, types, x, low, high)  # fmt: skip


def _expansions(grids: _Grids, problem: Problem, mode: Mode) -> tuple[Ints, Ints]:
    """Steps of lines that could bind, in years from which they still help; who pays (joint mode)."""
    line, n, y = problem.line, len(problem.states), len(problem.years)
    useful = tight_lines(problem)[:, None] & (np.arange(y)[None, :] + line.expansion_delay[:, None] < y)
    useful &= ((line.expansion_most > 0) & (line.expansion_step > 0))[:, None]
    payers = 1 if mode == "joint" else n
    steps = grids.add("steps", np.repeat(useful[:, None, :], payers, axis=1),
                      upper=line.expansion_most[:, None, None].astype(float), integer=True)  # fmt: skip
    paid = grids.add("paid", np.tile(useful.any(axis=0, keepdims=True), (n, 1)) & (mode == "joint"))
    return steps, paid
