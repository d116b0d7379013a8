"""Read a siting of sensors and its warning into rows, beside a plan or by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from vallum.plan.sky import SKY
from vallum.plan.store import MODES
from vallum.report import held
from vallum.report.held import Held, Point, Row

#: What the page tells of the manifest of sensors.
TOLD = {"tracks": int, "kinds_needed": int}
#: Sensors and alerting.
Variant = tuple[str, str]

VARIANTS: Mapping[Variant, str] = MappingProxyType(
    {
        ("none", "today"): "as today",
        ("none", "joint"): "joint alerting alone",
        ("national", "today"): "sensors of each state, alerting as today",
        ("national", "joint"): "sensors of each state, joint alerting",
        ("joint", "today"): "shared sensors, alerting as today",
        ("joint", "joint"): "shared sensors, joint alerting",
    }
)
#: The way from today to all together.
STEPS: tuple[Variant, ...] = (("none", "today"), ("none", "joint"), ("national", "today"), ("joint", "joint"))
#: State of a row that is about all, and kind of one in which no kind fails.
ALL = ""
FARTHEST_NORTH = 85.0


@dataclass(frozen=True)
class Sky(Held):
    """The tables of a siting of sensors and its warning, with its manifest.

    Attributes
    ----------
    outlines : mapping of str to tuple of (float, float)
        Degrees east and north of the points of each sector or area that has an outline.
    """

    outlines: Mapping[str, tuple[Point, ...]]

    @cached_property
    def modes(self) -> tuple[str, ...]:
        """Modes that were sited: alone first."""
        found = {r["mode"] for name in ("search", "siting", "years") for r in self.table(name)}
        return tuple(mode for mode in MODES if mode in found)

    @property
    def main(self) -> str:
        """The mode the text speaks of: together when it is there."""
        return self.modes[-1] if self.modes else MODES[-1]

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """Variants of the warning that were computed, from today to all together."""
        found = {(r["sensors"], r["alerting"]) for r in self.table("warning_total")}
        return tuple(v for v in VARIANTS if v in found)

    @property
    def steps(self) -> tuple[Variant, ...]:
        """Those of the variants that the pictures show."""
        return tuple(v for v in STEPS if v in self.variants)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """States by code."""
        return tuple(sorted({str(r["state"]) for r in self.table("places")}))

    @cached_property
    def places(self) -> dict[str, Row]:
        """Places by their key."""
        return {str(r["place_id"]): r for r in self.table("places")}

    def place(self, key: object) -> str:
        """Name of a place, its key when it has none."""
        row = self.places.get(str(key))
        return str(row["name"] or key) if row else str(key)

    @cached_property
    def types(self) -> dict[str, Row]:
        """Types of sensors by their key."""
        return {str(r["type_id"]): r for r in self.table("types")}

    def kind(self, key: object) -> str:
        """Name of a kind of sensors, its key when none is on offer."""
        names = {str(r["kind_id"]): str(r["kind_name"]) for r in self.table("types")}
        return names.get(str(key)) or str(key).replace("_", " ")

    def type(self, key: object) -> str:
        """Name of a type of sensor, its key when it has none."""
        row = self.types.get(str(key))
        return str(row["name"] or key) if row else str(key)

    def total(self, variant: Variant, state: str = ALL) -> Row | None:
        """Warning of the people of one state, or of all."""
        return self._totals.get((*variant, state))

    def warned(self, variant: Variant, place: str) -> Row | None:
        """Warning of one place, None when no track passes it."""
        return self._warned.get((*variant, place))

    def cover(self, sensors: str, place: str) -> Row | None:
        """Cover of one place that is watched."""
        return self._cover.get((sensors, place))

    def covered(self, sensors: str, kind: str = ALL, state: str = ALL) -> Row | None:
        """Cover of all places of one state, or of all, when a kind fails; of none for ``ALL``."""
        return next(iter(self.rows("loss", sensors=sensors, kind_id=kind, state=state)), None)

    def proof(self, mode: str) -> list[Row]:
        """Rows of `search` of a mode: the one about all, or one for each state that searched for itself."""
        rows = self.rows("search", mode=mode)
        return [r for r in rows if r["state"] == ALL] or rows

    @cached_property
    def _totals(self) -> dict[tuple[str, str, str], Row]:
        return {(r["sensors"], r["alerting"], r["state"]): r for r in self.table("warning_total")}

    @cached_property
    def _warned(self) -> dict[tuple[str, str, str], Row]:
        return {
            (r["sensors"], r["alerting"], r["place_id"]): r
            for name in ("warning", "warning_sectors")
            for r in self.table(name)
            if r.get("passed", 1.0) > 0.0
        }

    @cached_property
    def _cover(self) -> dict[tuple[str, str], Row]:
        return {(r["sensors"], r["place_id"]): r for r in self.table("cover")}


def read(folder: Path) -> Sky:
    """Read the siting of sensors of a folder; raises BadInput when it is damaged."""
    found = held.read(SKY, folder, TOLD)
    places = found.tables["places"]
    if not (places["lat"].abs() <= FARTHEST_NORTH).all() or not (places["lon"].abs() <= 180.0).all():
        raise held.damaged(SKY, folder / "tables" / "places.parquet", "A place lies off the map.")
    rows = {name: tuple(frame.to_dicts()) for name, frame in found.tables.items()}
    return Sky(found.manifest, rows, held.outlines(SKY, folder, places, "places", "place_id"))
