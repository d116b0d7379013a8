"""The auditor's formulas and the model's arrays, two writings of one text, agree on the regions that ship."""

import math
from typing import Any

import numpy as np
import pytest

from vallum.model.procurement.pricing import Blocks, Mode, blocks
from vallum.model.procurement.problem import Problem, problem
from vallum.plan.audit import formulas
from vallum.plan.audit.facts import Facts, facts_of
from vallum.plan.audit.formulas import Block
from vallum.region import Region

Case = tuple[Facts, Problem, dict[Mode, Blocks]]


@pytest.fixture(scope="module", params=["toy", "baltic"])
def case(request: pytest.FixtureRequest) -> Case:
    region = Region.read(request.param)
    model = problem(region)
    modes: tuple[Mode, ...] = ("national", "joint")
    return facts_of(region.tables), model, {mode: blocks(model, mode) for mode in modes}


def block_of(model: Problem, found: Blocks, a: int) -> Block:
    programme = int(found.programme[a])
    members = tuple(s for n, s in enumerate(model.states) if int(found.coalition[a]) >> n & 1)
    partners = model.programme.partners[programme] if found.partners[a] else ()
    return Block(model.programmes[programme], members, tuple(partners), bool(found.pooled[a]))


def numbers(model: Problem, found: Blocks, a: int) -> dict[str, Any]:
    """What the model's arrays say of one block."""
    years = len(model.years)
    members = slice(int(found.member_start[a]), int(found.member_start[a + 1]))
    first = int(found.entry_start[members.start])
    return {
        "edge": found.edge[a],
        "scale": found.scale[a],
        "error": found.error[a],
        "lead": found.lead_months[a],
        "eligible": bool(found.eligible[a]),
        "least": found.least[members.start],
        "greatest": list(found.greatest[members]),
        "introduction": list(found.introduction[members]),
        "years": [model.years[t] for t in found.entry_year[first : int(found.entry_start[members.start + 1])]],
        "deliver": list(found.deliver[a, : years]),
        "pay": list(found.pay[a, : years]),
    }  # fmt: skip


def recomputed(facts: Facts, block: Block, band: int) -> dict[str, Any]:
    """The same by the auditor's formulas."""
    edges = formulas.edges(facts, block)
    edge, after = edges[band], edges[band + 1]
    first = facts.first_year
    return {
        "edge": edge,
        "scale": formulas.scale(facts, block.programme, edge),
        "error": max(
            0.0,
            1 - formulas.scale(facts, block.programme, after) / formulas.scale(facts, block.programme, edge),
        ),
        "lead": formulas.lead_months(facts, block),
        "eligible": formulas.safe_verdict(facts, block)[0],
        "least": formulas.least_order(facts, block),
        "greatest": [formulas.greatest_order(facts, block, state) for state in block.members],
        "introduction": [formulas.introduction_factor(facts, block, state) for state in block.members],
        "years": list(formulas.order_years(facts, block)),
        "deliver": [formulas.delivery_share(facts, block, first, year) for year in facts.years],
        "pay": [formulas.payment_share(facts, block, first, year) for year in facts.years],
    }


@pytest.mark.parametrize("mode", ["national", "joint"])
def test_blocks(case: Case, mode: Mode) -> None:
    facts, model, found = case
    arrays = found[mode]
    number = len(arrays.programme)
    for a in range(0, number, max(1, number // 300)):
        block = block_of(model, arrays, a)
        stated, expected = numbers(model, arrays, a), recomputed(facts, block, int(arrays.band[a]))
        for name, value in expected.items():
            assert stated[name] == pytest.approx(value, abs=1e-9), (block, name)


def test_every_possible_band_is_offered(case: Case) -> None:
    facts, model, found = case
    arrays = found["joint"]
    bands: dict[Block, int] = {}
    for a in range(len(arrays.programme)):
        block = block_of(model, arrays, a)
        bands[block] = bands.get(block, 0) + 1
    for block, number in list(bands.items())[::7]:
        assert number == len(formulas.edges(facts, block)) - 1, block


def test_prices_of_order_years(case: Case) -> None:
    facts, model, _ = case
    for p, name in enumerate(model.programmes):
        for t, year in enumerate(model.years):
            assert model.programme.level[p, t] == pytest.approx(formulas.price_level(facts, name, year))
            full = formulas.introduction_full(facts, name, year)
            assert model.programme.introduction[p, t] == pytest.approx(full)


def test_stock_crews_and_lines(case: Case) -> None:
    facts, model, _ = case
    for n, state in enumerate(model.states):
        for k, class_id in enumerate(model.classes):
            legacy = [facts.legacy_class.get((state, class_id, year), 0.0) for year in model.years]
            assert model.legacy[n, k] == pytest.approx(np.array(legacy), abs=1e-9)
        for f, family in enumerate(model.families):
            free = [formulas.crews_free(facts, state, family, year) for year in model.years]
            assert model.crew.free[n, f] == pytest.approx(np.array(free), abs=1e-9)
    for line, name in enumerate(model.lines):
        for t, year in enumerate(model.years):
            row = facts.capacity.get((name, year))
            free = row["capacity"] * (1 - row["backlog_share"]) if row else 0.0
            assert model.line.capacity[line, t] == pytest.approx(free)


def test_loans(case: Case) -> None:
    facts, model, _ = case
    for n, state in enumerate(model.states):
        assert model.loan.cost[n] == pytest.approx(formulas.loan_cost(facts, state))
        if state in facts.loans:
            due = [formulas.service(facts, state, after) for after in range(len(model.years))]
            assert model.loan.service[n] == pytest.approx(np.array(due))
            assert math.fsum(due) != 0
