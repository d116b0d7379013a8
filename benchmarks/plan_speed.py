"""How long a plan takes, how good it is after a minute, and what memory it needs.

Reading, pricing and building are timed in this process; planning is timed as the command that a user gives,
in a process of its own, whose largest resident memory is reported.

    python benchmarks/plan_speed.py [--time-limit 60] [REGION ...]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import heading

MODES = ("national", "joint")


@dataclass(frozen=True)
class Stages:
    """Seconds of the stages before the search."""

    read: float
    price: dict[str, float]
    build: dict[str, float]


def stages(folder: str) -> Stages:
    """Read and check a region, index and price it, build its model; every step once."""
    from vallum.model.procurement.formulation import formulate
    from vallum.model.procurement.pricing import blocks
    from vallum.model.procurement.problem import problem
    from vallum.region import Region

    begin = time.perf_counter()
    region = Region.read(folder).require_sound()
    read = time.perf_counter() - begin
    price, build = {}, {}
    for mode in MODES:
        begin = time.perf_counter()
        given = problem(region)
        priced = blocks(given, mode)
        price[mode] = time.perf_counter() - begin
        begin = time.perf_counter()
        formulate(given, priced, mode)
        build[mode] = time.perf_counter() - begin
    return Stages(read, price, build)


def planned(folder: str, mode: str, out: Path, time_limit: float) -> tuple[dict[str, Any], float, float]:
    """Run `vallum plan` once; its run.json, wall seconds and largest resident memory in MB."""
    command = [sys.executable, "-m", "vallum", "plan", folder, "--mode", mode, "--json"]
    command += ["--time-limit", str(time_limit), "--out", str(out)]
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    run = next(iter(sorted(out.rglob("run.json"))))
    return json.loads(run.read_text()), time.perf_counter() - begin, used.ru_maxrss / 1024


def written(name: str, place: Path) -> str:
    """A region to plan: one that ships, a folder, or the synthetic one written to a folder."""
    if name != "synthetic":
        return name
    from vallum.region import write_folder
    from vallum.region.synthetic import synthetic

    folder = place / "synthetic"
    write_folder(synthetic(states=3, programmes=90, years=15, seed=1), folder)
    return str(folder)


def first_level(run: dict[str, Any]) -> list[dict[str, Any]]:
    """The curve of level 1, as far as there is a plan."""
    return [point for point in run["curve"] if point["level"] == 1 and point["value"] is not None]


def thinned(curve: list[dict[str, Any]], most: int = 12) -> list[dict[str, Any]]:
    """Points of a curve where something changed, first and last kept."""
    changed = [
        point
        for before, point in zip([None, *curve], curve, strict=False)
        if before is None or (point["value"], point["bound"]) != (before["value"], before["bound"])
    ]
    if len(changed) <= most:
        return changed
    step = (len(changed) - 1) / (most - 1)
    return [changed[round(i * step)] for i in range(most)]


def gap(point: dict[str, Any]) -> str:
    """Gap of one point of a curve in percent."""
    value, bound = point["value"], point["bound"]
    if bound is None:
        return "–"
    return f"{100 * (value - bound) / abs(value):.2f} %" if value else "0.00 %"


def measure(name: str, place: Path, time_limit: float) -> None:
    folder = written(name, place)
    before = stages(folder)
    print(f"\n## {name}\n")
    print(
        "| mode | read + check s | price s | build s | first plan s | gap at the limit | wall s | memory MB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    curves = {}
    for mode in MODES:
        run, wall, memory = planned(folder, mode, place / f"{name}_{mode}".replace(os.sep, "_"), time_limit)
        curve = curves[mode] = first_level(run)
        first, last = (f"{curve[0]['seconds']:.1f}", gap(curve[-1])) if curve else ("none", "–")
        print(
            f"| {mode} | {before.read:.2f} | {before.price[mode]:.2f} | {before.build[mode]:.2f} "
            f"| {first} | {last} | {wall:.1f} | {memory:.0f} |",
            flush=True,
        )
    print("\n| mode | seconds | shortfall, gap-years | bound | gap |\n|---|---|---|---|---|")
    for mode, curve in curves.items():
        for point in thinned(curve):
            bound = "–" if point["bound"] is None else f"{point['bound']:.4f}"
            print(
                f"| {mode} | {point['seconds']:.1f} | {point['value']:.4f} | {bound} | {gap(point)} |",
                flush=True,
            )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--time-limit", type=float, default=60.0, help="seconds per mode")
    arguments.add_argument("regions", nargs="*", default=["baltic", "synthetic"])
    chosen = arguments.parse_args()
    print(heading())
    with tempfile.TemporaryDirectory() as place:
        for name in chosen.regions:
            measure(name, Path(place), chosen.time_limit)


if __name__ == "__main__":
    main()
