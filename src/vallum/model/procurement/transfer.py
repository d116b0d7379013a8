"""From one formulation to one of the same mode that lists more blocks: where columns and rows went."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE
from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.listed import Listed

__all__ = ["Transfer"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Transfer:
    """New positions of the old blocks, columns and rows; core columns and shared rows keep theirs."""

    block: Ints
    column: Ints
    row: Ints
    columns: int  # of the new formulation

    @classmethod
    def between(cls, old: Formulation, new: Formulation) -> "Transfer":
        """Match two formulations; the new one lists every block of the old."""
        table = np.concatenate((Listed.named(new.blocks).table(), Listed.named(old.blocks).table()))
        _, first, number = np.unique(table, axis=0, return_index=True, return_inverse=True)
        block = first[number.ravel()[len(new.blocks.programme) :]]
        member, entry = new.blocks.members_of(block), new.blocks.entries_of(block)
        column, row = np.arange(len(old.program.cost)), np.arange(len(old.program.row_lower))
        column[old.at.x] = new.at.x[block]
        has = old.at.low >= 0
        column[old.at.low[has]] = new.at.low[entry][has]
        column[old.at.high] = new.at.high[entry]
        row[old.member_row] = new.member_row[member]
        has = old.band_row != NONE
        row[old.band_row[has]] = new.band_row[block][has]
        return cls(block, column, row, len(new.program.cost))

    def values(self, full: Floats) -> Floats:
        """Values of all old columns as values of all new ones."""
        out = np.zeros(self.columns)
        out[self.column] = full
        return out
