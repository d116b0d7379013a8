"""How good and how fast the scheduling engine is on resource-constrained projects of the PSPLIB library.

Reads every `.sm` file (single mode) of a folder and, beside them, `bounds.csv` with the best values known
(columns instance, lower_bound, best_known, status). Each instance gets the same wall seconds; precedence and
resources of every answer are checked here, by code that shares nothing with the engine.

    python benchmarks/rcpsp.py --folder FOLDER [--seconds 10] [--threads 2]
"""

import argparse
import csv
import re
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import heading

from vallum.solve import Limits
from vallum.solve.schedule import Level, Network, solve


@dataclass(frozen=True)
class Instance:
    """One project: durations, needs (jobs x resources), capacities, pairs (before, after), a safe horizon."""

    name: str
    duration: list[int]
    use: list[list[int]]
    capacity: list[int]
    before: list[tuple[int, int]]

    @property
    def horizon(self) -> int:
        return sum(self.duration)


def read(path: Path) -> Instance:
    """Read a single-mode PSPLIB file; jobs are numbered from 1 in it and from 0 here."""
    parts = re.split(r"\*{10,}\n", path.read_text())
    sections = {part.split(":", 1)[0].split("\n", 1)[0].strip(): part for part in parts}
    before = []
    for line in sections["PRECEDENCE RELATIONS"].splitlines()[2:]:
        job, _, _, *after = map(int, line.split())
        before += [(job - 1, b - 1) for b in after]
    requests = [list(map(int, line.split())) for line in sections["REQUESTS/DURATIONS"].splitlines()[3:]]
    if any(mode != 1 for _, mode, *_ in requests):
        raise SystemExit(f"{path} has more than one mode")
    capacity = list(map(int, sections["RESOURCEAVAILABILITIES"].splitlines()[2].split()))
    return Instance(path.stem, [r[2] for r in requests], [r[3:] for r in requests], capacity, before)


def network(of: Instance) -> Network:
    return Network.of(
        of.duration, np.ones((1, of.horizon), bool), before=of.before, use=of.use,
        capacity=np.repeat(np.array(of.capacity)[:, None], of.horizon, axis=1),
    )  # fmt: skip


def feasible(of: Instance, starts: list[int]) -> bool:
    """Every job after its predecessors, and no resource overdrawn in any period."""
    if min(starts) < 0 or any(starts[b] < starts[a] + of.duration[a] for a, b in of.before):
        return False
    for r, capacity in enumerate(of.capacity):
        for t in range(max(starts) + max(of.duration)):
            running = (a for a, s in enumerate(starts) if s <= t < s + of.duration[a])
            if sum(of.use[a][r] for a in running) > capacity:
                return False
    return True


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    with (given.folder / "bounds.csv").open() as lines:
        known = {row["instance"]: row for row in csv.DictReader(lines)}
    paths = sorted(given.folder.glob("*.sm"), key=lambda path: (len(read(path).duration), path.stem))
    limits = Limits(time_limit=given.seconds, gap=0.0, threads=given.threads)
    print(heading("ortools"))
    print("| instance | jobs | known bound | best known | ours | our bound | to best known | seconds |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    ratios, proven, best, spent = [], 0, 0, 0.0
    for path in paths:
        of = read(path)
        begin = time.perf_counter()
        found = solve(network(of), (Level("makespan"),), limits)
        took = time.perf_counter() - begin
        (level,) = found.levels
        if not feasible(of, found.starts.tolist()):
            raise SystemExit(f"{of.name}: the schedule breaks a rule")
        low, high = int(known[of.name]["lower_bound"]), int(known[of.name]["best_known"])
        if level.bound > high or level.value < low:
            raise SystemExit(f"{of.name}: a value or bound contradicts the library's")
        ratios.append(level.value / high - 1.0)
        proven += level.value == level.bound
        best += level.value <= high
        spent += took
        print(
            f"| {of.name} | {len(of.duration) - 2} | {low} | {high} | {level.value} | {level.bound} |"
            f" {ratios[-1]:+.2%} | {took:.1f} |", flush=True,
        )  # fmt: skip
    print(f"\n{len(paths)} instances in {spent:.0f} s, every schedule checked: {best} at or below the best")
    print(f"known, {proven} proven optimal; mean distance to the best known {np.mean(ratios):+.2%},")
    print(f"greatest {max(ratios):+.2%}.")


if __name__ == "__main__":
    main()
