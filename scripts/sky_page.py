"""Writes the figures of a run into docs/explanation/sky.md.

    vallum sky baltic --budget 300 --out out/baltic
    python scripts/sky_page.py out/baltic/sky

What stands on the page between `<!-- measured: NAME -->` and `<!-- end -->` is replaced; the rest is written
by hand.
"""

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import polars as pl

from vallum.plan.results import Results, read_results
from vallum.plan.sky import SKY

PAGE: Final = Path(__file__).parents[1] / "docs" / "explanation" / "sky.md"
BLOCK: Final = re.compile(r"(<!-- measured: (?P<name>[a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
MODES: Final = ("national", "joint")
VARIANTS: Final = {
    ("none", "today"): "no sensors, today",
    ("none", "joint"): "no sensors, joint alerting",
    ("national", "today"): "sensors of each state, today",
    ("joint", "today"): "sensors of all, today",
    ("national", "joint"): "sensors of each state, joint alerting",
    ("joint", "joint"): "sensors of all, joint alerting",
}
HOUR: Final = 60

Row = dict[str, Any]


def run(found: Results) -> str:
    """What was run, and how far the search came."""
    told, limits = found.manifest, found.manifest["limits"]
    limit = (
        f"{limits['time_limit_s']:g} seconds of search a mode"
        if limits["work"] is None
        else f"{limits['work']:,} units of work a mode"
    )
    gaps = {row["mode"]: row for row in found.tables["search"].filter(state="").to_dicts()}
    rows = (
        (mode, f"{one['value']:.3f}", f"{one['bound']:.3f}", f"{100 * one['gap']:.1f} %")
        for mode in MODES
        if (one := gaps.get(mode))
    )
    said = (
        f"Region {told['region']['title']}, EUR {told['budget_meur']:g} million for "
        f"{told['service_years']:g} years, {told['tracks']:,} tracks, seed {told['seed']}, {limit}.\n\n"
    )
    return said + table(("mode", "cover", "no siting has more than", "gap"), rows)


def warning(found: Results) -> str:
    """Minutes by variant, all people together."""
    every = {
        (row["sensors"], row["alerting"]): row
        for row in found.tables["warning_total"].filter(state="").to_dicts()
    }
    columns = ("minutes_mean", "mean_low", "mean_high", "minutes_p10", "minutes_p50", "minutes_p90")
    rows = (
        (
            name,
            *(f"{every[variant][column]:.0f}" for column in columns),
            *(f"{100 * every[variant][column]:.0f} %" for column in ("warned", "in_time")),
        )
        for variant, name in VARIANTS.items()
    )
    header = (
        "variant",
        "mean minutes",
        "assumed worst",
        "best",
        "10 of 100",
        "half",
        "90 of 100",
        "warned",
        "in time",
    )
    return table(header, rows)


def sensors(found: Results) -> str:
    """Units and money by type."""
    sums = (
        found.tables["siting"]
        .group_by("mode", "type_id")
        .agg(pl.col("units", "service_meur").sum())
        .to_dicts()
    )
    units = {(row["mode"], row["type_id"]): row["units"] for row in sums}
    money = {(row["mode"], row["type_id"]): row["service_meur"] for row in sums}
    rows = (
        (
            f"{row['type_id']} ({row['kind_name'].lower()})",
            *(f"{units.get((mode, row['type_id']), 0)}" for mode in MODES),
            *(f"{money.get((mode, row['type_id']), 0.0):.0f}" for mode in MODES),
        )
        for row in found.tables["types"].to_dicts()
    )
    return table(("type", "units, national", "joint", "EUR million, national", "joint"), rows)


def loss(found: Results) -> str:
    """Tracks seen without each kind."""
    lost = {(row["sensors"], row["kind_id"]): row for row in found.tables["loss"].filter(state="").to_dicts()}
    names = {row["kind_id"]: row["kind_name"].lower() for row in found.tables["types"].to_dicts()}
    rows = (
        (
            names.get(kind, "all there"),
            *(f"{100 * lost[mode, kind][column]:.0f} %" for mode in MODES for column in ("one", "enough")),
        )
        for kind in sorted({kind for _, kind in lost})
    )
    return table(
        ("without", "national: one kind sees", "two kinds", "joint: one kind sees", "two kinds"), rows
    )


def case(found: Results) -> str:
    """Alerts of the cases of the past."""
    names = {row["place_id"]: row["name"] for row in found.tables["places"].to_dicts()}
    alerts: dict[tuple[str, str], list[Row]] = {}
    for row in found.tables["replay"].sort("case_id", "place_id").to_dicts():
        alerts.setdefault((row["case_id"], row["variant"]), []).append(row)
    rows = []
    for (_, variant), told in alerts.items():
        same: dict[tuple[str, ...], list[str]] = {}
        for row in told:
            gain = f"{row['gain_p50']:.0f} ({row['gain_p10']:.0f} to {row['gain_p90']:.0f})"
            shown = (clock(row["alert_p50"]), "–" if variant == "happened" else gain)
            same.setdefault(shown, []).append(names[row["place_id"]])
        rows += [(variant, ", ".join(where), *shown) for shown, where in same.items()]
    return table(("variant", "municipalities", "alert", "minutes earlier (80 of 100 runs)"), rows)


BLOCKS: Final[dict[str, Callable[[Results], str]]] = {
    "run": run,
    "warning": warning,
    "sensors": sensors,
    "loss": loss,
    "case": case,
}


def clock(minute: float) -> str:
    """Return minutes after midnight as a time of day."""
    return f"{int(minute) // HOUR:02d}:{int(minute) % HOUR:02d}"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def filled(page: str, found: Results) -> str:
    """Return the page with the figures of a run."""
    return BLOCK.sub(lambda match: match[1] + BLOCKS[match["name"]](found) + match[3], page)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/sky_page.py FOLDER_OF_A_SITING")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(page, read_results(SKY, Path(sys.argv[1]))), encoding="utf-8")
