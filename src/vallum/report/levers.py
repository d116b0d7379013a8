"""Plans side by side as the report holds them: the same rows as `vallum compare --json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from vallum.plan.store import MODES
from vallum.report.held import Held, Row

TABLES = ("plans", "deltas", "fragmentation", "programmes")


@dataclass(frozen=True)
class Levers(Held):
    """What `vallum.plan.side_by_side.compare_plans` found, with the manifest of the first plan."""

    @cached_property
    def modes(self) -> tuple[str, ...]:
        """Modes that were planned: alone first."""
        found = {str(row["mode"]) for row in self.table("plans")}
        return tuple(mode for mode in MODES if mode in found)

    @cached_property
    def states(self) -> tuple[str, ...]:
        """States by code."""
        return tuple(sorted({state for row in self.table("plans") for state in row["states"]}))

    @cached_property
    def folders(self) -> dict[str, str]:
        """Label of each folder in the order given: its scenario, and the folder where that is not enough."""
        scenarios = {str(row["folder"]): row["scenario"] for row in self.table("plans")}
        named = Counter(scenarios.values())
        return {
            folder: str(scenario or Path(folder).name)
            if named[scenario] == 1
            else f"{scenario} ({folder})"
            if scenario
            else folder
            for folder, scenario in scenarios.items()
        }

    @cached_property
    def by_name(self) -> dict[str, Row]:
        """Rows of `plans` by name."""
        return {str(row["name"]): row for row in self.table("plans")}

    def label(self, name: object) -> str:
        """Label of a plan's folder by the plan's name."""
        return self.folders[str(self.by_name[str(name)]["folder"])]

    def plan(self, folder: str, mode: str) -> Row | None:
        """Row of a plan."""
        return next((row for row in self.rows("plans", folder=folder, mode=mode)), None)


def of(found: Mapping[str, Any], manifest: Mapping[str, Any]) -> Levers:
    """Hold what a comparison found."""
    return Levers(manifest, {name: tuple(found[name]) for name in TABLES})
