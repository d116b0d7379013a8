"""Schedules held against the works themselves, by a checker that knows nothing of networks."""

import datetime as dt
from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.works.handmade import hand_region
from vallum.model.works.network import label, levels, network
from vallum.model.works.problem import IntArray, Problem
from vallum.model.works.reader import problem
from vallum.region import Region
from vallum.solve import Limits
from vallum.solve.schedule import best_of, serial, solve

NEAR = 1e-6
PURSES = ("core", "related")


def working(works: Problem, calendar: str, week: int) -> bool:
    thursday = works.start + dt.timedelta(weeks=week, days=3)
    return not calendar or thursday.month in works.calendars[calendar]


def faults(works: Problem, starts: list[int], finishes: list[int]) -> list[str]:
    """Every rule that a schedule breaks: order, calendar, duration, horizon, crews, money and output."""
    found = []
    for a, b in works.before.tolist():
        if starts[b] < finishes[a]:
            found.append(f"{label(works, b)} does not wait for {label(works, a)}")
    held: Counter[tuple[str, str, int]] = Counter()
    spent: Counter[tuple[str, str, int]] = Counter()
    taken: Counter[tuple[str, str, int]] = Counter()

    def owner(state: str, name: str) -> str:
        return "" if name in works.pooled else state

    for i, step in enumerate(works.steps):
        weeks = [w for w in range(starts[i], finishes[i]) if working(works, step.calendar, w)]
        if len(weeks) != round(step.weeks.mode) or (
            weeks and (weeks[0], weeks[-1] + 1) != (starts[i], finishes[i])
        ):
            found.append(f"{label(works, i)} works {len(weeks)} weeks from {starts[i]} to {finishes[i]}")
        if starts[i] < 0 or finishes[i] > works.periods:
            found.append(f"{label(works, i)} leaves the horizon")
        for week in weeks if step.resource else ():
            held[owner(step.state, step.resource), step.resource, week] += step.units
        for at, purse in enumerate(PURSES):
            spent[step.state, purse, starts[i]] += step.costs[at]
        if step.quantity:
            taken[owner(step.state, step.element), step.element, starts[i]] += step.quantity
    units: Counter[tuple[str, str]] = Counter()
    for (state, resource), count in works.resources.items():
        units[owner(state, resource), resource] += count
    found += [f"{key} holds {n}" for key, n in held.items() if n > units[key[:2]]]
    # Half a thousand euro for each step is lost or won by counting in thousands.
    found += _overdrawn(
        works, spent, lambda key, w: float(works.money.get(key, np.zeros(1))[: w + 1].sum()), 0.001
    )
    rates: Counter[tuple[str, str]] = Counter()
    stores: Counter[tuple[str, str]] = Counter()
    for (state, name), (rate, store) in works.lines.items():
        rates[owner(state, name), name] += rate
        stores[owner(state, name), name] += store
    of_lines = Counter({key: n for key, n in taken.items() if key[:2] in rates})
    return found + _overdrawn(works, of_lines, lambda key, w: stores[key] + rates[key] * (w + 1), 0.01)


def _overdrawn(works: Problem, taken: Counter, there: object, rounding: float) -> list[str]:
    found = []
    for key in sorted({each[:2] for each in taken}):
        total = 0.0
        for week in range(works.periods + 1):
            total += taken[(*key, week)]
            if (
                taken[(*key, week)]
                and total > there(key, min(week, works.periods - 1)) + len(works.steps) * rounding
            ):
                found.append(f"{key} is overdrawn in {week}")
    return found


def checked(works: Problem, starts: IntArray, finishes: IntArray) -> None:
    assert faults(works, starts.tolist(), finishes.tolist()) == []


# ---------------------------------------------------------------- the checker sees


def test_the_checker_sees_each_fault(works: Problem) -> None:
    starts, finishes = (each[0] for each in serial(network(works), np.arange(len(works.steps))))
    checked(works, starts, finishes)
    names = [label(works, i) for i in range(len(works.steps))]
    for name, by, fault in (
        ("S3 ACCESS", -1, "does not wait"), ("NB DITCH TENDER", 90, "leaves the horizon"),
        ("S2 ACCESS", -20, "is overdrawn"), ("S3 ACCESS", 35, "works 0 weeks"),
    ):  # fmt: skip
        moved_start, moved_finish = starts.copy(), finishes.copy()
        moved_start[names.index(name)] += by
        moved_finish[names.index(name)] += by
        assert any(fault in each for each in faults(works, moved_start.tolist(), moved_finish.tolist())), name
    at = names.index("S2 POST INSTALL")
    early_start, early_finish = starts.copy(), finishes.copy()
    early_start[at], early_finish[at] = 5, 9
    assert any(
        "POST') is overdrawn" in each for each in faults(works, early_start.tolist(), early_finish.tolist())
    )


# ---------------------------------------------------------------- the region that ships


@pytest.fixture(scope="module")
def baltic() -> Region:
    return Region.read("baltic")


def test_the_best_schedule_of_the_baltic_line_alone_keeps_every_rule(baltic: Region) -> None:
    works = problem(baltic)
    found = best_of(network(works), levels(works), tries=1, rounds=0)
    assert found is not None
    checked(works, *found)


def test_a_schedule_of_the_baltic_line_together_keeps_every_rule(baltic: Region) -> None:
    works = problem(baltic, joint=True)
    assert "crews" in works.pooled
    net = network(works)
    starts, finishes = serial(net, net.deadline)
    checked(works, starts[0], finishes[0])


# ---------------------------------------------------------------- small works, all orders


def random_region(seed: int) -> Region:
    """One state, two sectors, two kinds, access and building twice; every second region with designs first."""
    draw = np.random.default_rng(seed)
    region = hand_region()
    tables = region.tables
    here = pl.col("state") == "NA"
    activities = tables["works_activities"].filter(
        pl.col("activity_id").is_in(["ACCESS", "INSTALL"])
        | ((pl.col("activity_id") == "DESIGN") & (seed % 2 == 0))
    )
    shares = {"DESIGN": 0.0, "ACCESS": 0.3, "INSTALL": 0.7}
    count = activities.height
    changed = {
        "works_activities": activities.with_columns(
            after=pl.when(activity_id="INSTALL").then(pl.lit("ACCESS"))
            .when((pl.col("activity_id") == "ACCESS") & (seed % 2 == 0)).then(pl.lit("DESIGN")),
            cost_share=pl.col("activity_id").replace_strict(shares, return_dtype=pl.Float64),
            weeks=pl.Series(draw.integers(1, 6, count).astype(float)),
            weeks_per_unit=pl.Series(draw.integers(0, 3, count) / 10),
        ),
        "works_quantities": tables["works_quantities"].filter(here).with_columns(
            quantity=pl.Series(draw.integers(2, 9, 2).astype(float)), built=0.0
        ),
        "works_resources": tables["works_resources"].filter(here).with_columns(
            capacity=pl.when(resource_id="crews").then(int(draw.integers(1, 3))).otherwise(1)
        ),
        "works_money": tables["works_money"].filter(here).with_columns(
            core_meur=pl.Series(draw.uniform(3, 6, 2)), related_meur=pl.Series(draw.uniform(2, 4, 2))
        ),
        "works_lines": tables["works_lines"].with_columns(
            units_per_week=float(draw.uniform(0.1, 0.4)), in_store=float(draw.integers(0, 4))
        ),
        "works_sectors": tables["works_sectors"].filter(here),
        "works_land": tables["works_land"].filter(here),
        "works_tenders": tables["works_tenders"].filter(here),
    }  # fmt: skip
    return region.replace(**changed)


def side_by_side(many: list[Problem]) -> Problem:
    """Works of several states that share nothing, as one problem: its least value is the sum of theirs."""
    first, steps, before, at = many[0], [], [], 0
    money, resources, lines = {}, {}, {}
    for k, one in enumerate(many):
        steps += [replace(step, state=f"N{k}", sector=f"N{k}{step.sector}") for step in one.steps]
        before.append(one.before + at)
        at += len(one.steps)
        for ours, theirs in ((money, one.money), (resources, one.resources), (lines, one.lines)):
            ours.update({(f"N{k}", name): value for (_, name), value in theirs.items()})
    return replace(
        first, states=tuple(f"N{k}" for k in range(len(many))), steps=tuple(steps), before=np.concatenate(before),
        quantities={}, money=money, resources=resources, lines=lines,
    )  # fmt: skip


def orders(works: Problem, moving: list[int]) -> list[list[int]]:
    """Every order of some steps that precedence between them allows."""
    pairs = [(a, b) for a, b in works.before.tolist() if a in moving and b in moving]

    def grown(order: list[int]) -> list[list[int]]:
        ready = [b for b in moving if b not in order and all(a in order for a, c in pairs if c == b)]
        return [longer for b in ready for longer in grown([*order, b])] if ready else [order]

    return grown([])


def least_of_all_orders(works: Problem) -> int:
    """Least value of level 1 over all orders of the steps that compete."""
    net, first = network(works), levels(works)[0]
    moving = [i for i, step in enumerate(works.steps) if step.resource]
    every = orders(works, moving)
    assert 1 < len(every) < 1_000
    ranks = np.full((len(every), len(works.steps)), len(moving))
    np.put_along_axis(ranks, np.array(every), np.arange(len(moving))[None], axis=1)
    return int(first.value(serial(net, ranks)[1]).min())


@pytest.mark.parametrize("part", range(4))
def test_small_works_are_solved_as_by_all_orders(part: int) -> None:
    many = [problem(random_region(seed)) for seed in range(5 * part, 5 * part + 5)]
    works = side_by_side(many)
    found = solve(network(works), levels(works)[:1], Limits(time_limit=None, work=80, seed=part))
    checked(works, found.starts, found.finishes)
    assert found.status == "optimal"
    assert found.levels[0].value == sum(map(least_of_all_orders, many))
