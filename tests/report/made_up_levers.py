"""Plans of a few scenarios side by side, made up by hand, so that a figure can be checked against a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.report.made_up import HOSTILE
from vallum.report import levers
from vallum.report.page import write
from vallum.report.study import Study

Record = dict[str, Any]
MODES = ("national", "joint")
#: Shortfall and bound of each scenario, alone and together.
SHORTFALLS = {
    "As is": ((12.0, 11.0), (9.0, 8.5)),
    "Systems late": ((15.5, 14.0), (11.0, 10.0)),
    "A line out": ((12.25, 11.5), (9.25, 8.0)),
}
TAKEN = {"As is": ("A", "B", "C"), "Systems late": ("A", "C"), "A line out": ("A", "B")}
MANIFEST: Record = {
    "mode": "joint", "region": {"name": "baltic", "title": "Baltic 2026", "content_hash": "a" * 64},
    "vallum_version": "0.1.0", "seed": 0, "limits": {}, "versions": {"highspy": "1"},
}  # fmt: skip


def apart(one: tuple[float, float], two: tuple[float, float]) -> Record:
    """The second less the first, each a value and its bound."""
    low, high = two[1] - one[0], two[0] - one[1]
    return {"difference": two[0] - one[0], "interval": [low, high], "proven": low > 0 or high < 0}


def found(text: str = "") -> Record:
    """What a comparison of three folders found; `text` is put into every free text."""
    folders = {name: f"out/{i}{text}" for i, name in enumerate(SHORTFALLS)}
    named = {(s, m): f"{folders[s]} ({m})" for s in SHORTFALLS for m in MODES}
    first = next(iter(SHORTFALLS))
    return {
        "plans": [
            _plan(scenario + text, folders[scenario], mode, *SHORTFALLS[scenario][j], named[scenario, mode])
            for scenario in SHORTFALLS
            for j, mode in enumerate(MODES)
        ],
        "deltas": [
            {
                "first": named[first, mode], "second": named[scenario, mode], "mode": mode,
                "gap_years": apart(SHORTFALLS[first][j], SHORTFALLS[scenario][j]),
                "cost_meur": {"difference": 250.0, "interval": [None, 900.0], "proven": False}, "types": j,
            }
            for j, mode in enumerate(MODES) for scenario in SHORTFALLS if scenario != first
        ],
        "fragmentation": [
            {
                "folder": folders[scenario], "region": "baltic", "scenario": scenario + text,
                "same_money": {"national": alone[0], "joint": together[0], **apart(together, alone)},
                "same_capability": None if scenario == "A line out" else {
                    "national_cost_meur": 900.0, "joint_cost_meur": 700.0, "difference_meur": 200.0,
                    "interval": [50.0, 400.0], "proven": True,
                },
            }
            for scenario, (alone, together) in SHORTFALLS.items()
        ],
        "programmes": [
            {
                "mode": mode, "plans": [named[s, mode] for s in SHORTFALLS], "by_all": ["A" + text],
                "by_some": [
                    {
                        "programme_id": programme + text,
                        "plans": [named[s, mode] for s in SHORTFALLS if programme in TAKEN[s]],
                    }
                    for programme in "BC"
                ],
            }
            for mode in MODES
        ],
    }  # fmt: skip


def _plan(scenario: str, folder: str, mode: str, value: float, bound: float, name: str) -> Record:
    drawn = {"EE": 100.0, "LV": 50.0}
    return {
        "name": name, "folder": folder, "mode": mode, "region": "baltic", "content_hash": "a" * 64,
        "scenario": scenario, "gap_years": value, "cost_meur": 1000.0 * value, "types": 12,
        "safe_drawn_meur": 150.0, "bound": bound, "gap": (value - bound) / value, "status": "time limit",
        "states": {
            state: {"gap_years": value / 2, "cost_meur": 1.0, "safe_drawn_meur": amount}
            for state, amount in drawn.items()
        },
        "levels": [
            {"name": "shortfall", "value": value, "bound": bound, "gap": 0.0, "seconds": 1.0},
            {"name": "cost", "value": 1000.0 * value, "bound": 900.0 * value, "gap": 0.1, "seconds": 1.0},
        ],
    }  # fmt: skip


def hostile() -> Record:
    """The same with an attack in every free text."""
    return found(f" {HOSTILE}")


def page(file: Path, content: Record | None = None) -> Path:
    """Write the page."""
    return write(Study(plans=(), levers=levers.of(content or found(), MANIFEST)), file)
