"""Which blocks to price, where coalitions are too many for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.problem import Problem

if TYPE_CHECKING:
    from vallum.model.procurement.pricing import Blocks, Mode

__all__ = ["Listed", "all_steps", "among", "first_listed", "slots"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Listed:
    """Names of blocks, whether priced or not."""

    programme: Ints
    coalition: Ints
    partners: Bools
    step: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, bool, int]]) -> Listed:
        """From rows of programme, coalition, partners and step."""
        table = np.array(rows, dtype=np.int64).reshape(-1, 4)
        return cls(table[:, 0], table[:, 1], table[:, 2].astype(bool), table[:, 3])

    @classmethod
    def named(cls, blocks: Blocks) -> Listed:
        """Names of priced blocks."""
        return cls(blocks.programme, blocks.coalition, blocks.partners, blocks.step)

    def table(self) -> Ints:
        """One row a block, columns in the order of sorting."""
        return np.stack((self.programme, self.coalition, self.partners, self.step), axis=1)

    def union(self, other: Listed) -> Listed:
        """Blocks of either list, each once."""
        both = np.unique(np.concatenate((self.table(), other.table())), axis=0)
        return Listed(both[:, 0], both[:, 1], both[:, 2].astype(bool), both[:, 3])


def first_listed(problem: Problem) -> Listed:
    """Every member alone, and all that may join together, each with and without partners, at all bands."""
    bits = 1 << np.arange(len(problem.states))
    could = (problem.greatest > 0).T
    p, state = np.nonzero(could)
    programme = np.concatenate((p, np.arange(len(could))))
    coalition = np.concatenate((bits[state], could @ bits))
    return all_steps(problem, programme[coalition > 0], coalition[coalition > 0])


def all_steps(problem: Problem, programme: Ints, coalition: Ints) -> Listed:
    """Blocks of coalitions, with and without partners, at all bands."""
    steps = len(problem.bands) + 1
    names = np.stack((programme, coalition), axis=1).repeat(2 * steps, axis=0)
    partners, step = np.divmod(np.tile(np.arange(2 * steps), len(programme)), steps)
    kept = (partners == 0) | (problem.programme.partner_count[names[:, 0]] > 0)
    return Listed(names[kept, 0], names[kept, 1], partners[kept].astype(bool), step[kept])


def slots(problem: Problem, mode: Mode) -> float:
    """Members of all blocks of a mode, at most: how large a complete list would be."""
    members = (problem.greatest > 0).sum(axis=0).astype(float)
    listed = members * 2.0 ** (members - 1) if mode == "joint" else members
    with_partners = 1 + (problem.programme.partner_count > 0)
    return float((listed * with_partners).sum() * (len(problem.bands) + 1))


def among(rows: Ints, of: Ints) -> Ints:
    """Positions of the rows of one table that are among those of another."""
    number = np.unique(np.concatenate((rows, of)), axis=0, return_inverse=True)[1].ravel()
    return np.flatnonzero(np.isin(number[: len(rows)], number[len(rows) :]))
