"""How good and how fast sitings are found: public maximal-covering instances, and one of full size.

`public` reads files of points (first line: their number; then x, y, demand) and proves the greatest demand
within a radius of p of the points, for p = 1, 2 .. until all is covered. `large` draws 10,000 rows and 2,000
sites of five types with four kinds and four purses on a plane of 400 by 600 km, and gives the same problem to
plain HiGHS in the textbook formulation for the same time. Every answer is reckoned again by code that shares
nothing with the engine.

    python benchmarks/covering.py public --folder FOLDER [--radius 800]
    python benchmarks/covering.py large [--seconds 180]
"""

import argparse
import resource
import sys
import time
from itertools import combinations
from pathlib import Path

import highspy
import numpy as np
from machine import ROOT, heading
from scipy.sparse import coo_array, csr_array
from scipy.spatial import cKDTree

from vallum.solve import Limits
from vallum.solve.covering import Cover, solve

sys.path.insert(0, str(ROOT))

from tests.solve.covering import plain

#: Kind, range in km and price of the types; the last two are of one kind.
TYPES = ((0, 12.0, 1.0), (1, 20.0, 2.5), (2, 35.0, 6.0), (3, 8.0, 0.6), (3, 25.0, 4.0))
SIGHT = (0.7, 0.85, 0.9, 0.6)
#: Purses of three states, and one for all.
PURSES, COMMON = (60.0, 90.0, 60.0), 90.0


def drawn(rows: int, sites: int, seed: int, *, whole: bool = True) -> Cover:
    """A random problem: whole covers with sights below 1, or shares that fade with distance as well."""
    rng = np.random.default_rng(seed)
    plane = np.array([400.0, 600.0])
    points, places = rng.random((rows, 2)) * plane, rng.random((sites, 2)) * plane
    tree = cKDTree(places)
    row, option, share = [], [], []
    for t, (_, reach, _) in enumerate(TYPES):
        near = tree.query_ball_point(points, reach if whole else 1.3 * reach, return_sorted=True)
        owner = np.repeat(np.arange(rows), [len(some) for some in near])
        place = np.concatenate([np.array(some, np.int64) for some in near])
        far = np.linalg.norm(points[owner] - places[place], axis=1) / reach
        row.append(owner)
        option.append(place + t * sites)
        share.append(np.ones(len(owner)) if whole else np.clip((1.3 - far) / 0.6, 0.05, 1.0))
    state = np.tile(np.minimum(places[:, 0] // (400.0 / 3.0), 2.0).astype(int), len(TYPES))
    groups = [some for size in (1, 2, 3) for some in combinations(range(3), size)]
    options = sites * len(TYPES)
    return Cover(
        share=csr_array(
            (np.concatenate(share), (np.concatenate(row), np.concatenate(option))), shape=(rows, options)
        ),
        kind=np.repeat([kind for kind, _, _ in TYPES], sites),
        sight=np.clip(np.array(SIGHT) + rng.uniform(-0.1, 0.1, (rows, len(SIGHT))), 0.0, 1.0),
        weight=rng.lognormal(0.0, 1.0, rows),
        depth=np.array([0.5, 0.5]),
        most=np.full(options, 1 if whole else 2),
        cost=np.repeat([price for _, _, price in TYPES], sites) * rng.uniform(0.8, 1.2, options),
        spend=np.array([np.isin(state, some) for some in groups]),
        budget=np.array([sum(PURSES[s] for s in some) + COMMON for some in groups]),
    )


def textbook(problem: Cover, seconds: float, threads: int) -> tuple[float, float]:
    """Value and bound by plain HiGHS: y for each row and kind, and a level for each row and set of kinds.

    E[min(N, k)] of whole covers is the mean over the kinds that would see, of min(k, how many of them cover),
    so that each row has one variable for each set of two or more kinds that would see (k = 2 here) and y.
    """
    kinds = problem.sight.shape[1]
    height, options = problem.share.shape
    pairs = [some for size in range(2, kinds + 1) for some in combinations(range(kinds), size)]
    weight = problem.weight / problem.weight.sum()
    y = options + np.arange(height * kinds).reshape(height, kinds)
    z = options + height * kinds + np.arange(height * len(pairs)).reshape(height, len(pairs))
    count = int(z[-1, -1]) + 1
    cost = np.zeros(count)
    entries = problem.share.tocoo()
    r, o = entries.coords
    rows = [np.tile(r * kinds + problem.kind[o], 1), np.arange(height * kinds)]
    columns, values = [o, y.ravel()], [-entries.data, np.ones(height * kinds)]
    first = height * kinds
    for m, some in enumerate(pairs):
        chance = np.ones(height)
        for c in range(kinds):
            chance *= problem.sight[:, c] if c in some else 1.0 - problem.sight[:, c]
        cost[z[:, m]] = problem.depth[0] * weight * chance
        for column, one in [(z[:, m], 1.0)] + [(y[:, c], -1.0) for c in some]:
            rows.append(first + np.arange(height))
            columns.append(column)
            values.append(np.full(height, one))
        first += height
    for c in range(kinds):
        alone = problem.sight[:, c] * np.delete(1.0 - problem.sight, c, axis=1).prod(axis=1)
        cost[y[:, c]] += problem.depth[0] * weight * alone
    b, o = np.nonzero(problem.spend)
    rows.append(first + b)
    columns.append(o)
    values.append(problem.cost[o])
    total = first + len(problem.budget)
    matrix = coo_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(total, count)
    ).tocsc()
    upper = np.concatenate((np.zeros(first), problem.budget))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count, total
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_ = cost, np.zeros(count)
    lp.col_upper_ = np.concatenate((problem.most, np.ones(height * kinds), np.full(z.size, 2.0)))
    lp.row_lower_, lp.row_upper_ = np.full(total, -np.inf), upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    whole = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [whole[int(j < options)] for j in range(count)]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", seconds)
    solver.setOptionValue("threads", threads)
    solver.setOptionValue("mip_rel_gap", 1e-4)
    solver.passModel(lp)
    solver.run()
    found = solver.getInfo()
    return found.objective_function_value, found.mip_dual_bound


def points(path: Path, radius: float, count: int) -> tuple[Cover, float]:
    """The maximal covering problem of a file, and all its demand."""
    lines = [
        [float(word) for word in line.split()] for line in path.read_text().splitlines()[1:] if line.strip()
    ]
    places, demand = np.array(lines)[:, :2], np.array(lines)[:, 2]
    near = np.linalg.norm(places[:, None] - places[None], axis=2) <= radius
    size = len(places)
    problem = Cover(
        share=csr_array(near.astype(float)), kind=np.zeros(size, np.int64), sight=np.ones((size, 1)),
        weight=demand, depth=np.ones(1), most=np.ones(size, np.int64), cost=np.ones(size),
        spend=np.ones((1, size), bool), budget=np.array([float(count)]),
    )  # fmt: skip
    return problem, float(demand.sum())


def public(folder: Path, radius: float) -> None:
    """Prove the greatest demand within a radius of p points, for more and more of them."""
    print("| instance | points | p | covered | bound | status | seconds |")
    print("|---|---:|---:|---:|---:|---|---:|")
    for path in sorted(folder.glob("*.txt")):
        count, covered, total = 0, 0.0, 1.0
        while covered < total - 0.5:
            count += 1
            problem, total = points(path, radius, count)
            begin = time.perf_counter()
            found = solve(problem, Limits(time_limit=60.0, gap=0.0, threads=2))
            took = time.perf_counter() - begin
            covered = plain.least(problem, found.x.tolist()) * total
            if not plain.fits(problem, found.x.tolist()) or abs(covered - round(covered)) > 1e-6:
                raise SystemExit(f"{path.stem}: the siting does not fit")
            print(
                f"| {path.stem} | {problem.options} | {count} | {covered:.0f} | {found.bound * total:.2f} |"
                f" {found.status} | {took:.2f} |", flush=True,
            )  # fmt: skip


def large(seconds: float, threads: int, rows: int, sites: int, seed: int) -> None:
    """Problems of full size, whole covers and fractions, the first beside plain HiGHS."""
    print("| covers | entries | who | value | bound | gap | seconds |")
    print("|---|---:|---|---:|---:|---:|---:|")
    for whole in (True, False):
        problem = drawn(rows, sites, seed, whole=whole)
        name = "whole" if whole else "fractions"
        begin = time.perf_counter()
        found = solve(problem, Limits(time_limit=seconds, threads=threads))
        took = time.perf_counter() - begin
        x = found.x.tolist()
        worth = plain.least(problem, x)
        if not plain.fits(problem, x) or abs(worth - found.value) > 1e-9 or found.bound < worth - 1e-9:
            raise SystemExit("the siting does not fit, or its value is another")
        print(
            f"| {name} | {problem.share.nnz:,} | Vallum | {found.value:.6f} | {found.bound:.6f} |"
            f" {found.gap:.2%} | {took:.0f} |", flush=True,
        )  # fmt: skip
        if whole:
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            begin = time.perf_counter()
            value, bound = textbook(problem, seconds, threads)
            took = time.perf_counter() - begin
            print(
                f"| {name} | {problem.share.nnz:,} | plain HiGHS | {value:.6f} | {bound:.6f} |"
                f" {(bound - value) / value if value > 0 else np.inf:.2%} | {took:.0f} |", flush=True,
            )  # fmt: skip
            print(f"\nLargest memory of Vallum until then: {memory:.2f} GB.\n", file=sys.stderr)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("public", "large"))
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--radius", type=float, default=800.0)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--sites", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(heading("scipy"))
    if given.what == "public":
        public(given.folder, given.radius)
    else:
        large(given.seconds, given.threads, given.rows, given.sites, given.seed)


if __name__ == "__main__":
    main()
