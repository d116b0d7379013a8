"""Shares of the cost and a trade-off beside made-up plans, so that a figure can be checked against a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.report.made_up import HOSTILE
from vallum.plan.frontier import FRONTIER, question
from vallum.plan.frontier.figures import Figures
from vallum.plan.frontier.points import Point, tables_of
from vallum.plan.results import Results, write_results
from vallum.plan.store import read_plans

Record = dict[str, Any]
QUESTION = question("cost:shortfall", 4)
LIMITS = (1000.0, 2000.0, 3000.0, 4000.0)
#: Value and bound of each point, alone and together; alone the third is as good as the second.
POINTS = {
    "national": ((40.0, 30.0), (28.0, 24.0), (28.0, 20.0), (19.0, 16.0)),
    "joint": ((36.0, 28.0), (25.0, 20.0), (17.0, 15.0), (12.5, 12.0)),
}
STANDING = {
    "national": Figures(20.0, 3900.0, 30, 700.0, 0.1),
    "joint": Figures(13.0, 3800.0, 25, 650.0, None),
}
SHARES: Record = {
    "all_coalitions": True, "core": "found", "proven": False, "least_saving_meur": 100.0, "subsidy_meur": 0.0,
    "largest_gap": 0.25, "balanced": [],
    "coalitions": [
        {"states": ["EE"], "cost_meur": 1000.0, "bound_meur": 800.0},
        {"states": ["LV"], "cost_meur": 900.0, "bound_meur": None},
        {"states": ["LT"], "cost_meur": 1600.0, "bound_meur": 1200.0},
        {"states": ["EE", "LV", "LT"], "cost_meur": 3000.0, "bound_meur": 2400.0},
    ],
    "states": {
        "EE": {"alone_meur": 1000.0, "core_meur": 850.0, "shapley_meur": 820.0, "saves_meur": 150.0,
               "spends_meur": 700.0},
        "LV": {"alone_meur": 900.0, "core_meur": 800.0, "shapley_meur": 840.0, "saves_meur": 100.0,
               "spends_meur": 900.0},
        "LT": {"alone_meur": 1600.0, "core_meur": 1350.0, "shapley_meur": 1340.0, "saves_meur": 250.0,
               "spends_meur": 1400.0},
    },
}  # fmt: skip


def write(folder: Path, shares: Record | None = None, *, complete: bool = True, text: str = "") -> Path:
    """Add shares and a trade-off to a folder of both plans; `text` is put into every free text."""
    compare = json.loads((folder / "compare.json").read_text())
    compare["shares"] = SHARES if shares is None else shares
    (folder / "compare.json").write_text(json.dumps(compare))
    plan = read_plans(folder)["joint"]
    manifest = {
        "mode": "both", "region": dict(plan.manifest["region"]), "vallum_version": "0.1.0", "seed": 0, "limits": {},
        "versions": {"highspy": "1"}, "question": {"held": "cost", "least": "shortfall", "points": 4},
        "complete": complete,
    }  # fmt: skip
    points = [
        Point(
            mode, number, LIMITS[number - 1], value, bound, f"time limit{text}", figures_at(number, value), {}
        )
        for mode, found in POINTS.items()
        for number, (value, bound) in enumerate(found, 1)
    ]
    tables = tables_of(QUESTION, points, STANDING, dict.fromkeys(POINTS, 0.0))
    write_results(FRONTIER, folder / "frontier", Results(manifest, {}, tables))
    return folder


def figures_at(number: int, value: float) -> Figures:
    """Key figures of a point."""
    return Figures(value, LIMITS[number - 1] - 50.0, 10 * number, 150.0 * number, 0.125)


def hostile(folder: Path) -> Path:
    """The same with an attack in every free text."""
    text = f" {HOSTILE}"
    named = {state: f"{state}{text}" for state in SHARES["states"]}
    shares = {
        **SHARES, "core": f"found{text}",
        "coalitions": [{**one, "states": [named[s] for s in one["states"]]} for one in SHARES["coalitions"]],
        "states": SHARES["states"] | {named["EE"]: {"alone_meur": text}},
    }  # fmt: skip
    return write(folder, shares, text=text)
