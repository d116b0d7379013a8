"""How long a projection, a fan and a hundred scenarios take, and what memory they need.

The fan is timed beside the recipe as the method writes it: quarters drawn from the covariance with NumPy's
multivariate normal and added up to years. Both give the same distribution; the quantiles are compared.

    python benchmarks/fiscal.py [--region baltic] [--rounds 5]
"""

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
from machine import heading

from vallum.model.finance.fan import LEVELS, Shocks, covariance, fan, shocks
from vallum.model.finance.problem import Problem
from vallum.model.finance.projection import project
from vallum.model.finance.reader import problem
from vallum.model.finance.scenarios import POLICIES, paths
from vallum.plan.fiscal import make
from vallum.region import Region

MANY = 100_000
SOME = 10_000
SCENARIOS = 100


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Best time of some rounds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def by_quarters(what: Problem, paths_drawn: int, seed: int) -> Shocks:
    """Draw shocks quarter by quarter, as the method writes equation (13)."""
    years = what.years.size - 1 - what.forecasts
    shape = (len(what.states), years, paths_drawn)
    rate, growth, primary = (np.empty(shape) for _ in range(3))
    generator = np.random.default_rng(seed)
    for i in range(len(what.states)):
        drawn = generator.multivariate_normal(np.zeros(4), covariance(what, i), (paths_drawn, 4 * years))
        longest = min(round(1.0 / what.maturing[i, -1]), 30)
        for k in range(years):
            year = drawn[:, 4 * k : 4 * k + 4].sum(axis=1)
            window = min(k + 1, longest)
            long = window / longest * drawn[:, 4 * (k + 1 - window) : 4 * (k + 1), 1].sum(axis=1)
            share = what.short_share[i]
            rate[i, k] = share * year[:, 0] + (1.0 - share) * long
            growth[i, k], primary[i, k] = year[:, 2], year[:, 3]
    return Shocks(rate, growth, primary)


def scenarios() -> list[tuple[str, dict[str, bool]]]:
    """A hundred policies: what ends in every combination, on several bases."""
    ends = ("safe_ends", "clause_ends", "cohesion_ends", "rates_rise", "output_falls")
    bases = ("plan", "five", "core_3_5", "six")
    every = [dict(zip(ends, flags, strict=True)) for flags in product((False, True), repeat=len(ends))]
    return [(base, flags) for base, flags in product(bases, every)][:SCENARIOS]


def hundred(what: Problem, drawn: Shocks) -> None:
    """Project a hundred scenarios and open the fan of each with the same shocks."""
    for base, flags in scenarios():
        fan(what, project(what, paths(what, replace(POLICIES[base], **flags))), drawn)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--region", default="baltic")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    region = Region.read(given.region)
    what = problem(region)
    states = len(what.states)
    plan = project(what, paths(what, POLICIES["plan"]))
    few = shocks(what, SOME)
    rows = [
        (
            f"one policy, {states} states to {what.years[-1]}",
            seconds(lambda: project(what, paths(what, POLICIES["plan"])), 20 * given.rounds),
            "at most 0.005 a country",
        ),
        (
            f"fan, {states} x {MANY:,} paths: drawn and projected",
            seconds(lambda: fan(what, plan, shocks(what, MANY)), given.rounds),
            "at most 5",
        ),
        (
            f"the same, drawn by quarters (the method as written), {MANY:,} paths",
            seconds(lambda: fan(what, plan, by_quarters(what, MANY, 0)), 1),
            "peer",
        ),
        (
            f"{SCENARIOS} scenarios x {states} x {SOME:,} paths",
            seconds(lambda: hundred(what, few), given.rounds),
            "at most 20",
        ),
        (
            "whole outlook of the region: 11 policies, rules, loans, criteria, 16 combinations",
            seconds(lambda: make(region), given.rounds),
            "",
        ),
    ]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    ours, theirs = (
        fan(what, plan, s).debt[:, :, -1] for s in (shocks(what, MANY), by_quarters(what, MANY, 1))
    )
    apart = np.abs(ours - theirs)[:, [LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)]].max()
    print(heading())
    print("| what | seconds | bar |\n|---|---:|---|")
    for name, took, bar in rows:
        print(f"| {name} | {took:.4f} | {bar} |")
    print(f"\nLargest memory {memory:.0f} MB (bar 2,048). p10, p50 and p90 of {what.years[-1]} differ")
    print(f"from the peer's by at most {apart:.2f} % of GDP.")


if __name__ == "__main__":
    main()
