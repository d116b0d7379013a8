"""How long a plan takes, how good it is after a minute, and what memory it needs.

Each mode is read, checked and planned in a process of its own, as `vallum plan` does it; the largest resident
memory of that process is reported.

    python benchmarks/plan_speed.py [--time-limit 60] [--seed 0] [REGION ...]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import heading

MODES = ("national", "joint")


def alone(region: str, mode: str, time_limit: float, seed: int) -> None:
    """Read and plan one mode and print what happened as JSON; runs in the child process."""
    begin = time.perf_counter()
    from vallum.model.procurement import problem, solve
    from vallum.region import Region
    from vallum.solve import Limits

    started = time.perf_counter()
    given = Region.read(region).require_sound()
    read = time.perf_counter()
    indexed = problem(given)
    ready = time.perf_counter()
    solution = solve(indexed, mode=mode, limits=Limits(time_limit=time_limit, seed=seed))
    found = {
        "import": started - begin,
        "read": read - started,
        "index": ready - read,
        "stages": dict(solution.seconds),
        "status": solution.status,
        "levels": [
            {"name": x.name, "value": x.value, "bound": float(x.bound), "seconds": x.seconds}
            for x in solution.levels
        ],
        "curve": [
            {"seconds": x.seconds, "value": float(x.value), "bound": float(x.bound)}
            for x in solution.curve
            if x.level == "shortfall"
        ],
    }
    print(json.dumps(found))


def planned(region: str, mode: str, time_limit: float, seed: int) -> dict[str, Any]:
    """Plan one mode in a child process; what it printed, with wall seconds and largest memory in MB."""
    command = [
        sys.executable,
        __file__,
        "--alone",
        mode,
        "--time-limit",
        str(time_limit),
        "--seed",
        str(seed),
    ]
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen([*command, region], stdout=said) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"planning {region} {mode} ended with {process.returncode}")
        said.seek(0)
        found: dict[str, Any] = json.loads(said.read().splitlines()[-1])
    return {**found, "wall": time.perf_counter() - begin, "memory": used.ru_maxrss / 1024}


def written(name: str, place: Path) -> str:
    """A region to plan: one that ships, a folder, or the synthetic one written to a folder."""
    if name != "synthetic":
        return name
    from vallum.region import write_folder
    from vallum.region.synthetic import synthetic

    folder = place / "synthetic"
    write_folder(synthetic(states=3, programmes=90, years=15, seed=1).tables, folder)
    return str(folder)


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
    """Gap of one point of a curve or of a level in percent."""
    value, bound = point["value"], point["bound"]
    if bound == -float("inf"):
        return "–"
    return f"{100 * (value - bound) / abs(value):.2f} %" if value else "0.00 %"


def first_plan(found: dict[str, Any]) -> str:
    """Seconds to the first plan that buys something."""
    curve = found["curve"]
    return next((f"{x['seconds']:.1f}" for x in curve if x["value"] < curve[0]["value"] - 1e-9), "none")


def row(*cells: object) -> None:
    """Print one row of a Markdown table."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def header(*names: str) -> None:
    """Print the head of a Markdown table."""
    print()
    row(*names)
    row(*["---"] * len(names))


def measure(name: str, place: Path, time_limit: float, seed: int) -> None:
    region = written(name, place)
    print(f"\n## {name}")
    header(
        "mode",
        "import s",
        "read + check s",
        "price s",
        "build s",
        "first plan s",
        "wall s",
        "memory MB",
        "status",
    )
    results = {}
    for mode in MODES:
        found = results[mode] = planned(region, mode, time_limit, seed)
        price, build = found["index"] + found["stages"]["pricing"], found["stages"]["build"]
        seconds = [f"{x:.2f}" for x in (found["import"], found["read"], price, build)]
        row(
            mode,
            *seconds,
            first_plan(found),
            f"{found['wall']:.1f}",
            f"{found['memory']:.0f}",
            found["status"],
        )
    header("mode", "level", "value", "bound", "gap", "seconds")
    for mode, found in results.items():
        for x in found["levels"]:
            row(mode, x["name"], f"{x['value']:.4f}", f"{x['bound']:.4f}", gap(x), f"{x['seconds']:.1f}")
    header("mode", "seconds", "shortfall, gap-years", "bound", "gap")
    for mode, found in results.items():
        for x in thinned(found["curve"]):
            row(mode, f"{x['seconds']:.1f}", f"{x['value']:.4f}", f"{x['bound']:.4f}", gap(x))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--time-limit", type=float, default=60.0, help="seconds per mode")
    arguments.add_argument("--seed", type=int, default=0, help="seed of the solver")
    arguments.add_argument("--alone", choices=MODES, help=argparse.SUPPRESS)
    arguments.add_argument("regions", nargs="*", default=["baltic", "synthetic"])
    chosen = arguments.parse_args()
    if chosen.alone:
        alone(chosen.regions[0], chosen.alone, chosen.time_limit, chosen.seed)
        return
    print(heading())
    with tempfile.TemporaryDirectory() as place:
        for name in chosen.regions:
            measure(name, Path(place), chosen.time_limit, chosen.seed)


if __name__ == "__main__":
    main()
