"""Read a plan of evacuation into rows, beside a plan or by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vallum.plan.evacuation import EVACUATION
from vallum.plan.store import MODES
from vallum.report import held
from vallum.report.held import Held, Point, Row

FARTHEST_NORTH = 85.0
#: Tables with a row for each scenario and mode, or for parts of one.
KEYED = tuple(name for name, table in EVACUATION.tables.items() if table.key[:2] == ("scenario_id", "mode"))


@dataclass(frozen=True)
class Evacuation(Held):
    """The tables of a plan of evacuation, of one scenario or several, with its manifest."""

    @cached_property
    def _index(self) -> dict[tuple[str, str, str], list[Row]]:
        found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for name in KEYED:
            for row in self.table(name):
                found[name, str(row["scenario_id"]), str(row["mode"])].append(row)
        return dict(found)

    def of(self, name: str, scenario: str, mode: str) -> list[Row]:
        """Rows of a table of one scenario and mode."""
        return self._index.get((name, scenario, mode), [])

    @cached_property
    def scenarios(self) -> tuple[str, ...]:
        """Scenarios that were planned, by key."""
        return tuple(sorted({scenario for _, scenario, _ in self._index}))

    @cached_property
    def modes(self) -> tuple[str, ...]:
        """Modes that were planned: alone first."""
        found = {mode for _, _, mode in self._index}
        return tuple(mode for mode in MODES if mode in found)

    @property
    def main(self) -> str:
        """The mode that is shown where one is enough: together when it is there."""
        return self.modes[-1] if self.modes else MODES[-1]

    @cached_property
    def named(self) -> dict[str, Row]:
        """Rows of `scenarios` by their key."""
        return {str(r["scenario_id"]): r for r in self.table("scenarios")}

    def scenario(self, key: object) -> str:
        """Name of a scenario, its key when it has none."""
        row = self.named.get(str(key))
        return str(row["name"] or key) if row else str(key)

    def summary(self, scenario: str, mode: str) -> Row | None:
        """What the evacuation of one scenario takes in one mode."""
        return next(iter(self.of("summary", scenario, mode)), None)

    def sampled(self, scenario: str, mode: str) -> Row | None:
        """How it varies with who complies and when people start; None if that was not sampled."""
        return next((r for r in self.of("samples", scenario, mode) if r["runs"] > 0), None)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """States by code."""
        return tuple(sorted({str(r["state"]) for r in self.table("places")}))

    @cached_property
    def places(self) -> dict[str, Row]:
        """Municipalities and nodes by their key."""
        return {str(r["place_id"]): r for r in self.table("places")}

    def place(self, key: object) -> str:
        """Name of a municipality or node, its key when it has none."""
        row = self.places.get(str(key))
        return str(row["name"] or key) if row else str(key)

    @cached_property
    def roads(self) -> dict[tuple[str, str], str]:
        """Number of each road by its ends; empty for the way of a municipality to the road graph."""
        named = (r for name in ("corridors", "gains") for r in self.table(name))
        return {(str(r["from_node"]), str(r["to_node"])): str(r["road"]) for r in named}

    def corridor(self, row: Row) -> str:
        """Name a road in one direction, `Elva to Tartu, T3`, or the way of a municipality to a road."""
        ends = str(row["from_node"]), str(row["to_node"])
        return f"{self.place(ends[0])} to {self.place(ends[1])}, {self.roads.get(ends) or 'way to the road'}"

    def between_towns(self, row: Row) -> bool:
        """Whether a row is about a road, not about the way of a municipality to one."""
        return bool(self.roads.get((str(row["from_node"]), str(row["to_node"]))))

    def point(self, key: object) -> Point | None:
        """Degrees east and north of a municipality or node."""
        row = self.places.get(str(key))
        return (float(row["lon"]), float(row["lat"])) if row else None

    def states_of(self, *keys: object) -> str:
        """States of municipalities and nodes, a space between, for the filter by state."""
        return " ".join(sorted({str(row["state"]) for k in keys if (row := self.places.get(str(k)))}))

    def leaving(self, scenario: str, mode: str) -> Mapping[str, int]:
        """People of each municipality who leave, or would if they could."""
        found: dict[str, int] = defaultdict(int)
        for name in ("departures", "unserved"):
            for row in self.of(name, scenario, mode):
                found[str(row["place_id"])] += int(row["people"])
        return dict(found)


def read(folder: Path) -> Evacuation:
    """Read the plan of evacuation of a folder; raises BadInput when it is damaged."""
    found = held.read(EVACUATION, folder, {})
    places = found.tables["places"]
    if not (places["lat"].abs() <= FARTHEST_NORTH).all() or not (places["lon"].abs() <= 180.0).all():
        raise held.damaged(EVACUATION, folder / "tables" / "places.parquet", "A place lies off the map.")
    return Evacuation(found.manifest, {name: tuple(f.to_dicts()) for name, f in found.tables.items()})
