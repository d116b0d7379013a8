"""What a trade-off that was stopped has left: its plans and its finished points, to go on from."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vallum.core.errors import BadInput
from vallum.plan.files import exists, read_json
from vallum.plan.frontier import FRONTIER
from vallum.plan.frontier.points import Point, points_of
from vallum.plan.results import read_results
from vallum.plan.store import Plan, read_plans

__all__ = ["NOTHING", "Kept", "kept_in"]


@dataclass(frozen=True, slots=True)
class Kept:
    """Plans by mode, the content of compare.json, and points."""

    plans: Mapping[str, Plan] = field(default_factory=dict)
    compare: Mapping[str, Any] | None = None
    points: tuple[Point, ...] = ()


NOTHING: Final = Kept()


def kept_in(folder: Path, asked: Mapping[str, Any]) -> Kept:
    """Read what a folder keeps of the same trade-off.

    Parameters
    ----------
    folder : Path
        DIR of `vallum plan`.
    asked : mapping
        Entries of the trade-off's manifest; only one that has the same is gone on from.

    Returns
    -------
    Kept
        Nothing where the trade-off is another one, is complete, is damaged, or its plans were stopped too.
    """
    with contextlib.suppress(BadInput):
        place = folder / FRONTIER.kind
        if not exists(place / "manifest.json"):
            return NOTHING
        found = read_results(FRONTIER, place)
        if found.manifest["complete"] or any(found.manifest.get(key) != one for key, one in asked.items()):
            return NOTHING
        plans = read_plans(folder)
        if any(plan.run.get("status") == "interrupted" for plan in plans.values()):
            return NOTHING
        compare = read_json(folder / "compare.json") if exists(folder / "compare.json") else None
        points = tuple(point for point in points_of(found.tables) if point.finished)
        return Kept(plans, compare, points)
    return NOTHING
