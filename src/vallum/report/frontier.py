"""Read a trade-off into rows, beside the plans that it starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vallum.plan.frontier import FRONTIER, Question, question
from vallum.plan.store import MODES
from vallum.report import held
from vallum.report.held import Held, Row

#: What the page tells of the manifest of a trade-off.
TOLD = {"question": dict, "complete": bool}
#: Column of a plan's figure on each axis.
FIGURES = {
    "shortfall": "gap_years",
    "cost": "cost_meur",
    "types": "types",
    "peak": "peak_meur",
    "domestic": "domestic_share",
}


@dataclass(frozen=True)
class TradeOff(Held):
    """The tables of a trade-off with its manifest.

    Attributes
    ----------
    question : Question
        Which axis is held and which is made least.
    """

    question: Question

    @cached_property
    def modes(self) -> tuple[str, ...]:
        """Modes with points: alone first."""
        found = {r["mode"] for r in self.table("frontier")}
        return tuple(mode for mode in MODES if mode in found)

    @property
    def complete(self) -> bool:
        """Whether all points that were asked for are finished."""
        return bool(self.manifest["complete"])

    def points(self, mode: str) -> list[Row]:
        """Points of a mode, the tightest limit first."""
        return sorted(self.rows("frontier", mode=mode), key=lambda row: int(row["point"]))

    def standing(self, mode: str) -> tuple[float, float] | None:
        """Both axes of the plan that stands."""
        row = next(iter(self.rows("standing", mode=mode)), None)
        if row is None or row[FIGURES[self.question.held]] is None:
            return None
        return float(row[FIGURES[self.question.held]]), float(row[FIGURES[self.question.least]])


def read(folder: Path) -> TradeOff:
    """Read a trade-off.

    Parameters
    ----------
    folder : Path
        As `vallum.report.held.place` found it.

    Raises
    ------
    BadInput
        When it is damaged or its manifest lacks what the page tells of it.
    """
    found = held.read(FRONTIER, folder, TOLD)
    tables = {name: tuple(frame.to_dicts()) for name, frame in found.tables.items()}
    asked = found.manifest["question"]
    whole = all(isinstance(asked.get(name), kind) for name, kind in
                {"held": str, "least": str, "points": int}.items())  # fmt: skip
    if not whole:
        raise held.damaged(FRONTIER, folder / held.MANIFEST_FILE, "The manifest does not say what was asked.")
    return TradeOff(found.manifest, tables, question(f"{asked['held']}:{asked['least']}", asked["points"]))
