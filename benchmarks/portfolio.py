"""How good and how fast portfolios are chosen: the public instance, larger ones of its shape, and a new plan.

`file` searches an instance of the public force-design family with several seeds and prints the published
line beside it; `family` draws instances of the same shape; `replan` cuts budgets by a fifth from year 4 and
cancels the two largest projects of a standing plan; `repeat` runs a number of moves twice. Every plan is
audited by code that shares nothing with the engine.

    python benchmarks/portfolio.py file FILE [--seeds 0 1 2] [--seconds 120] [--figure FILE.svg]
    python benchmarks/portfolio.py family [--projects 2000] [--seconds 300]
    python benchmarks/portfolio.py replan FILE [--seconds 15]
    python benchmarks/portfolio.py repeat FILE [--moves 3000000]
"""

import argparse
import json
import os
import resource
import time
from pathlib import Path

import numpy as np
from machine import heading

from vallum.plan.audit.portfolio import PortfolioAudit, audit_starts
from vallum.solve import Limits
from vallum.solve.portfolio import Found, Portfolio, cancelled, changes, cut, parse, solve
from vallum.solve.portfolio.generate import instance

MARKS = (15, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600)
#: Gurobi 11 on 20 threads, the only published result with a bound; value, bound, seconds.
PUBLISHED = (893_555.816, 900_397.137, "317-365")
HEAD = (
    "| instance | seed | value | bound | gap | seconds | processor s | audit | load |\n"
    "|---|---:|---:|---:|---:|---:|---:|---|---:|"
)


def audited(document: dict, problem: Portfolio, found: Found, **changed: object) -> PortfolioAudit:
    """Audit a plan and hold its value against the engine's."""
    starts = {problem.names[j]: s + 1 for j, s in enumerate(found.start.tolist()) if s >= 0}
    answer = audit_starts(document, starts, **changed)
    if (
        not answer.passed
        or abs(answer.value - found.value) > 1e-6 * found.value
        or found.bound < answer.value
    ):
        raise SystemExit(f"the audit failed: {answer.breaches[:3]}, {answer.value} against {found.value}")
    return answer


def processor() -> float:
    """Seconds of processor that this process and its ended workers have used."""
    parts = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)


def searched(problem: Portfolio, limits: Limits, **given: object) -> tuple[Found, float]:
    """A search, and the seconds of processor that it got: on a busy machine less than two for each second."""
    before = processor()
    found = solve(problem, limits, **given)
    return found, processor() - before


def line(name: str, seed: object, found: Found, used: float, answer: PortfolioAudit) -> str:
    return (
        f"| {name} | {seed} | {found.value:,.1f} | {found.bound:,.1f} | {found.gap:.3%} |"
        f" {found.seconds:.0f} | {used:.0f} | {answer.checked:,} ok | {os.getloadavg()[0]:.1f} |"
    )


def curve(found: Found) -> str:
    """Best value at some seconds."""
    parts = []
    for mark in MARKS:
        values = [p.value for p in found.curve if p.value is not None and p.seconds <= mark]
        if values and mark <= found.seconds + 1:
            parts.append(f"{mark} s {values[-1]:,.0f}")
    return "; ".join(parts)


def file(path: Path, seeds: list[int], seconds: float, figure: Path | None) -> None:
    content = path.read_bytes()
    problem, document = parse(content, path.name), json.loads(content)
    print(HEAD)
    value, bound, took = PUBLISHED
    print(
        f"| published: Gurobi 11, 20 threads | | {value:,.1f} | {bound:,.1f} |"
        f" {(bound - value) / value:.3%} | {took} | | | |"
    )
    runs, curves = {}, []
    for seed in seeds:
        found, used = searched(problem, Limits(time_limit=seconds, gap=0.0, seed=seed, threads=2))
        print(line(path.stem, seed, found, used, audited(document, problem, found)), flush=True)
        runs[seed] = found
        curves.append(f"* seed {seed}: {curve(found)}")
    print("", *curves, sep="\n")
    if figure is not None:
        figure.write_text(drawn(runs), encoding="utf-8")


def family(projects: int, seconds: float, seed: int) -> None:
    document = instance(projects, seed)
    problem = parse(json.dumps(document).encode(), document["name"])
    print(HEAD)
    found, used = searched(problem, Limits(time_limit=seconds, gap=0.0, seed=seed, threads=2))
    print(line(f"{projects:,} projects", seed, found, used, audited(document, problem, found)))
    bound_at = next(p.seconds for p in found.curve if p.bound is not None)
    print(f"\n* bound after {bound_at:.0f} s; {curve(found)}")


def replan(path: Path, seconds: float, seed: int) -> None:
    content = path.read_bytes()
    problem, document = parse(content, path.name), json.loads(content)
    standing, took = searched(problem, Limits(time_limit=60.0, seed=seed, threads=2))
    inside = np.flatnonzero(standing.start >= 0)
    cost = np.add.reduceat(problem.cost, problem.first[:-1])
    gone = [problem.names[j] for j in inside[np.argsort(-cost[inside])[:2]]]
    new = cancelled(cut(problem, 0.2, 4), gone)
    found, used = searched(new, Limits(time_limit=seconds, seed=seed, threads=2), standing=standing.start)
    factor = [1.0 if year < 3 else 0.8 for year in range(problem.years)]
    print(HEAD)
    print(line("standing plan", seed, standing, took, audited(document, problem, standing)))
    answer = audited(document, new, found, factor=factor, cancelled=gone)
    print(line(f"-20 % from year 4, without {', '.join(gone)}", seed, found, used, answer))
    told = changes(new, standing.start, found.start)
    for kind in ("dropped", "moved", "added"):
        mine = [change for change in told if change.kind == kind]
        print(f"\n{len(mine)} {kind}, for instance:")
        for c in mine[:4]:
            print(f"* {c.project}: {c.before} -> {c.after}: {c.reason}")


def repeat(path: Path, moves: int, seed: int) -> None:
    problem = parse(path.read_bytes(), path.name)
    answers = []
    for _ in range(2):
        begin = time.perf_counter()
        found = solve(problem, Limits(time_limit=None, work=moves, seed=seed, threads=2))
        answers.append(found)
        took = time.perf_counter() - begin
        print(f"* {moves:,} moves, seed {seed}: value {found.value!r}, bound {found.bound!r}, {took:.0f} s")
    one, other = answers
    same = bool((one.start == other.start).all()) and (one.value, one.bound) == (other.value, other.bound)
    print(f"* the same start years, value and bound: {'yes' if same else 'NO'}")


def drawn(runs: dict[int, Found]) -> str:
    """Value and bound over time as SVG."""
    width, height, left, top = 720, 380, 78, 24
    wide, high = width - left - 20, height - top - 48
    last = max(found.seconds for found in runs.values())
    low, most = 892_000.0, 901_000.0

    def at(seconds: float, value: float) -> str:
        x, y = left + wide * seconds / last, top + high * (most - min(max(value, low), most)) / (most - low)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="white"/><g font-size="12">',
    ]
    for value in range(int(low), int(most) + 1, 1000):
        x, y = at(0.0, value).split(",")
        parts.append(f'<line x1="{x}" x2="{width - 20}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{value:,}</text>')
    for seconds in range(0, int(last) + 1, 15):
        x = at(seconds, low).split(",")[0]
        parts.append(f'<text x="{x}" y="{height - 30}" text-anchor="middle">{seconds}</text>')
    y = at(0.0, PUBLISHED[0]).split(",")[1]
    parts.append(
        f'<line x1="{left}" x2="{width - 20}" y1="{y}" y2="{y}" stroke="#888" stroke-dasharray="2 4"/>'
    )
    parts.append(
        f'<text x="{width - 24}" y="{float(y) + 15:.1f}" text-anchor="end" fill="#666">'
        "published: 893,556 after 317 to 365 s, 20 threads</text>"
    )
    colours = ("#0b5394", "#b45f06", "#38761d", "#741b47", "#666666")
    for k, (seed, found) in enumerate(runs.items()):
        colour = colours[k % len(colours)]
        for name, dash in (("value", ""), ("bound", ' stroke-dasharray="6 3"')):
            steps, before = [], None
            for point in (*found.curve, None):
                seconds = last if point is None else point.seconds
                now = before if point is None else getattr(point, name)
                if before is not None:
                    steps.append(at(seconds, before))
                if now is not None:
                    steps.append(at(seconds, now))
                before = now
            parts.append(f'<polyline fill="none" stroke="{colour}"{dash} points="{" ".join(steps)}"/>')
        parts.append(f'<text x="{left + 10 + 80 * k}" y="{height - 6}" fill="{colour}">seed {seed}</text>')
    parts.append(
        f'<text x="{width - 24}" y="{height - 6}" text-anchor="end">seconds; solid value, dashed bound</text>'
        "</g></svg>\n"
    )
    return "\n".join(parts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("file", "family", "replan", "repeat"))
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--projects", type=int, default=2_000)
    parser.add_argument("--moves", type=int, default=3_000_000)
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    print(heading("numba"))
    if given.what == "family":
        family(given.projects, given.seconds, given.seeds[0])
        return
    if given.file is None:
        parser.error("a file is needed")
    if given.what == "file":
        file(given.file, given.seeds, given.seconds, given.figure)
    elif given.what == "replan":
        replan(given.file, given.seconds, given.seeds[0])
    else:
        repeat(given.file, given.moves, given.seeds[0])


if __name__ == "__main__":
    main()
