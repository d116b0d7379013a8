"""Read a plan folder into rows, and name what the rows are about.

The report is made from a plan's tables alone. A `Study` holds one or two modes of a plan and answers the
questions every figure asks: which years, which states, what a thing is called.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from vallum.core.errors import BadInput
from vallum.plan.evacuation import EVACUATION
from vallum.plan.files import exists
from vallum.plan.fiscal.store import FISCAL
from vallum.plan.frontier import FRONTIER
from vallum.plan.results import Model
from vallum.plan.sky import SKY
from vallum.plan.store import MODES, read_plans
from vallum.plan.works import WORKS
from vallum.report import evacuation as evacuations
from vallum.report import frontier as trade_offs
from vallum.report import outlook as outlooks
from vallum.report import sky as sitings
from vallum.report import words
from vallum.report import works as schedules
from vallum.report.evacuation import Evacuation
from vallum.report.frontier import TradeOff
from vallum.report.held import MANIFEST_FILE, Held, Row, Rows, place
from vallum.report.levers import Levers
from vallum.report.outlook import Outlook
from vallum.report.sky import Sky
from vallum.report.works import Works

H = TypeVar("H", bound=Held)

MODE_WORDS = {"national": "Alone", "joint": "Together"}


@dataclass(frozen=True)
class ModePlan:
    """The tables of one mode: inputs as planned with, results, manifest and run record."""

    mode: str
    manifest: Mapping[str, Any]
    run: Mapping[str, Any]
    inputs: Mapping[str, Rows]
    tables: Mapping[str, Rows]

    @property
    def word(self) -> str:
        """`Alone` or `Together`."""
        return MODE_WORDS.get(self.mode, self.mode)

    @property
    def key(self) -> str:
        """Class suffix of the style sheet: `alone` or `together`."""
        return self.word.lower()

    def input(self, name: str) -> Rows:
        """Rows of an input table, none when the plan lacks it."""
        return self.inputs.get(name, ())

    def table(self, name: str) -> Rows:
        """Rows of a result table, none when the plan lacks it."""
        return self.tables.get(name, ())

    @cached_property
    def levels(self) -> dict[str, Row]:
        """Rows of `levels` by name (shortfall, cost, types)."""
        return {str(row["name"]): row for row in self.table("levels")}

    def level_value(self, name: str) -> float | None:
        """Value of a level, None when it was not solved."""
        row = self.levels.get(name)
        return None if row is None or row["value"] is None else float(row["value"])


@dataclass(frozen=True)
class Study:
    """What a report is about: a plan of one or two modes, or results of other models, or both.

    Parameters
    ----------
    plans : tuple of ModePlan
        None for a report without a plan of purchases.
    compare : mapping
        compare.json.
    outlook : Outlook, optional
        The fiscal outlook made from these plans.
    works : Works, optional
        The schedule of works made from the same region.
    sky : Sky, optional
        The siting of sensors made from the same region.
    evacuation : Evacuation, optional
        The plan of evacuation made from the same region.
    levers : Levers, optional
        Plans side by side; then there is nothing else.
    frontier : TradeOff, optional
        The trade-off that starts from these plans.
    stale : frozenset of str
        Kinds of results that are there and were made from something else, so that they are not shown.
    """

    plans: tuple[ModePlan, ...]
    compare: Mapping[str, Any] = field(default_factory=dict)
    outlook: Outlook | None = None
    works: Works | None = None
    sky: Sky | None = None
    evacuation: Evacuation | None = None
    levers: Levers | None = None
    frontier: TradeOff | None = None
    stale: frozenset[str] = frozenset()

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Manifest of the plan the text speaks of, without a plan of the first of the rest."""
        if self.plans:
            return self.main.manifest
        return next(iter(self.parts.values())).manifest

    @property
    def parts(self) -> dict[str, Outlook | Works | Sky | Evacuation | Levers]:
        """Results beside a plan, by what they are about."""
        named = {
            "public finances": self.outlook,
            "the Line": self.works,
            "the sky": self.sky,
            "evacuation": self.evacuation,
            "plans side by side": self.levers,
        }
        return {name: part for name, part in named.items() if part is not None}

    @property
    def subject(self) -> str:
        """What the page is about, in a few words."""
        if self.plans:
            return "joint capability plan"
        return words.joined(self.parts)

    @property
    def main(self) -> ModePlan:
        """The plan the text speaks of: together when it is there."""
        return self.joint or self.plans[0]

    @property
    def national(self) -> ModePlan | None:
        """The plan of each state alone."""
        return next((p for p in self.plans if p.mode == "national"), None)

    @property
    def joint(self) -> ModePlan | None:
        """The plan of the states together."""
        return next((p for p in self.plans if p.mode == "joint"), None)

    @property
    def both(self) -> bool:
        """Whether alone and together can be set side by side."""
        return self.national is not None and self.joint is not None

    @cached_property
    def settings(self) -> dict[str, float]:
        """Value of each setting."""
        return {
            str(r["key"]): float(r["value"]) for r in self.main.input("settings") if r["value"] is not None
        }

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Every year of the horizon."""
        first, last = self.settings.get("first_year"), self.settings.get("last_year")
        if first is not None and last is not None:
            return tuple(range(int(first), int(last) + 1))
        seen = {int(r["year"]) for plan in self.plans for t in ("stock", "money") for r in plan.table(t)}
        return tuple(sorted(seen))

    @cached_property
    def base_year(self) -> int | None:
        """Year of the prices."""
        value = self.settings.get("base_year")
        return None if value is None else int(value)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The planning states in the order of the region's table; without a plan by code."""
        if not self.plans:
            return tuple(sorted(set().union(*(part.states for part in self.parts.values()))))
        listed = [str(r["state"]) for r in self.main.input("states") if r.get("role") == "member"]
        seen = {str(r["state"]) for plan in self.plans for t in ("stock", "money") for r in plan.table(t)}
        return tuple(listed) or tuple(sorted(seen))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Capability classes, the weightiest first, then by name."""
        rows = [r for r in self.main.input("classes") if r["class_id"] is not None]
        rows.sort(key=lambda r: (-float(r.get("weight") or 0), str(r.get("name"))))
        return tuple(str(r["class_id"]) for r in rows)

    @cached_property
    def names(self) -> dict[tuple[str, str], str]:
        """Names by (table, key)."""
        keys = {
            "states": "state",
            "classes": "class_id",
            "programmes": "programme_id",
            "systems": "system_id",
        }
        found: dict[tuple[str, str], str] = {}
        for plan in self.plans:
            for table, key in keys.items():
                for row in plan.input(table):
                    found[table, str(row[key])] = str(row.get("name") or row[key])
            for row in plan.input("lines"):
                owner, country = row.get("owner"), str(row.get("country") or "").replace(";", ", ")
                found["lines", str(row["line_id"])] = f"{owner} ({country})" if owner else str(row["line_id"])
            for row in plan.input("crews"):
                found["families", str(row["family"])] = str(row.get("name") or row["family"])
        return found

    @cached_property
    def _index(self) -> dict[tuple[str, str], Row]:
        keys = {
            "classes": "class_id",
            "programmes": "programme_id",
            "lines": "line_id",
            "systems": "system_id",
        }
        return {
            (table, str(row[key])): row
            for plan in self.plans
            for table, key in keys.items()
            for row in plan.input(table)
        }

    def row(self, table: str, key: object) -> Row:
        """Row of an input table by key, empty when unknown."""
        return self._index.get((table, str(key)), {})

    def name(self, table: str, key: object) -> str:
        """Name of a thing, its key when it has none."""
        return self.names.get((table, str(key)), str(key))

    def state_names(self, codes: Iterable[str]) -> list[str]:
        """Names of states."""
        return [self.name("states", code) for code in codes]

    @property
    def title(self) -> str:
        """Title of the region."""
        region = self.manifest.get("region") or {}
        return str(region.get("title") or region.get("name") or "Region")

    def discount(self, year: int) -> float:
        """Weight of a year: (1 + rate)^-(year - first year)."""
        rate = self.settings.get("discount_rate_pct", 0.0) / 100
        return float((1 + rate) ** -(year - self.years[0]))


def members_of(coalition: object) -> list[str]:
    """Split `EE+LV` into its states."""
    return [part for part in str(coalition or "").split("+") if part]


def _compare(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _damaged(path, f"{path.name} cannot be read ({error})") from error
    if not isinstance(found, dict):
        raise _damaged(path, f"{path.name} is not a JSON object")
    return found


def _damaged(path: Path, message: str) -> BadInput:
    return BadInput(message, where=str(path), rule="readable_file", remedy="Plan again with `vallum plan`.")


def read(folder: Path) -> Study:
    """Read whatever results are in a folder: a plan of one mode or both, and results of other models.

    An outlook that was made from another plan, and what else was made from another region than the rest, are
    stale.

    Parameters
    ----------
    folder : Path
        DIR of `vallum plan`, one of its mode folders, or DIR of `vallum fiscal`, `vallum line`,
        `vallum sky` or `vallum evacuate`.

    Raises
    ------
    BadInput
        When there is nothing of that in the folder or a file is damaged.
    """
    places = {model.kind: place(model, folder) for model in (FISCAL, WORKS, SKY, EVACUATION, FRONTIER)}
    held = [found for found in places.values() if found is not None]
    planned = any(exists(folder / mode / MANIFEST_FILE) for mode in MODES) or (
        exists(folder / MANIFEST_FILE) and folder not in held
    )
    read_in = read_plans(folder) if planned or not held else {}
    plans = tuple(
        ModePlan(
            mode=mode,
            manifest=plan.manifest,
            run=plan.run,
            inputs={name: tuple(frame.to_dicts()) for name, frame in plan.inputs.items()},
            tables={name: tuple(frame.to_dicts()) for name, frame in plan.tables.items()},
        )
        for mode, plan in read_in.items()
    )
    stale: set[str] = set()
    outlook = outlooks.read(at) if (at := places[FISCAL.kind]) else None
    if outlook is not None and plans and not outlooks.made_from(outlook, read_in.values()):
        outlook = None
        stale.add(FISCAL.kind)
    regions = {str(plan.manifest["region"]["content_hash"]) for plan in plans}
    regions |= {outlook.region_hash} if outlook is not None and not plans else set()

    def beside(model: Model, read_part: Callable[[Path], H]) -> H | None:
        """Read results of a model, unless they were made from another region than what was read before."""
        at = places[model.kind]
        found = read_part(at) if at is not None else None
        if found is not None and regions - {found.region_hash}:
            stale.add(model.kind)
            return None
        regions.update({found.region_hash} if found is not None else ())
        return found

    works = beside(WORKS, schedules.read)
    sky = beside(SKY, sitings.read)
    evacuation = beside(EVACUATION, evacuations.read)
    frontier = beside(FRONTIER, trade_offs.read) if plans else None
    return Study(
        plans=plans,
        compare=_compare(folder / "compare.json") if len(plans) > 1 else {},
        outlook=outlook,
        works=works,
        sky=sky,
        evacuation=evacuation,
        frontier=frontier,
        stale=frozenset(stale),
    )
