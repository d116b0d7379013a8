"""The end of solidarity: which rule breaks first."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from vallum.model.finance.problem import Problem
from vallum.model.finance.projection import Projection, project
from vallum.model.finance.scenarios import POLICIES, Outlays, clause_room, outlays, paths
from vallum.plan.fiscal import Outlook
from vallum.plan.fiscal.outlook import Case, case
from vallum.plan.fiscal.solidarity import COMBINATIONS, ENDS, breaches, combined, ended, excesses, lost
from vallum.plan.store import Plan

RULES = {"deficit", "deficit beyond clause", "debt", "net expenditure", "Hague core"}
NEVER = 9999


@pytest.fixture(scope="module")
def planned(what: Problem) -> Outlays:
    return outlays(what, POLICIES["plan"])


@pytest.fixture(scope="module")
def table(what: Problem, planned: Outlays) -> pl.DataFrame:
    return breaches(what, "budget", planned)


def first_years(table: pl.DataFrame) -> dict[tuple[str, str, str], int]:
    return {
        (row["combination"], row["state"], row["rule"]): NEVER if row["year"] is None else row["year"]
        for row in table.to_dicts()
    }


def test_every_combination_state_and_rule_once(what: Problem, table: pl.DataFrame) -> None:
    assert len(COMBINATIONS) == len(set(COMBINATIONS)) == 16
    assert COMBINATIONS[0] == ()
    assert COMBINATIONS[-1] == tuple(ENDS)
    assert table.height == 16 * len(what.states) * len(RULES)
    assert not table.select("combination", "state", "rule").is_duplicated().any()
    assert set(table["rule"]) == RULES
    assert combined(()) == "none"
    assert set(table["combination"]) == {combined(parts) for parts in COMBINATIONS}


def test_a_combination_ends_what_it_names() -> None:
    policy = ended(("safe", "output"))
    assert (policy.safe_ends, policy.cohesion_ends, policy.rates_rise, policy.output_falls) == (
        True,
        False,
        False,
        True,
    )
    assert policy.defence == "plan"
    assert ended(()) == replace(POLICIES["plan"], name="none")


def test_the_first_flag_is_the_earliest_year(table: pl.DataFrame) -> None:
    for (_, _), part in table.group_by("combination", "state"):
        years = [row["year"] for row in part.to_dicts() if row["year"] is not None]
        for row in part.to_dicts():
            assert row["first"] == (row["year"] is not None and row["year"] == min(years))
            assert (row["year"] is None) == (row["amount"] is None)


def test_amounts_are_those_of_the_path(what: Problem, planned: Outlays, table: pl.DataFrame) -> None:
    """Deficit, debt and Hague core recomputed year by year from the projection of each combination."""
    for parts in COMBINATIONS:
        result = project(what, paths(what, ended(parts), planned))
        for i, state in enumerate(what.states):
            amounts = {"deficit": [], "debt": [], "Hague core": []}
            for t in range(1, what.years.size):
                amounts["deficit"].append(-3.0 - float(result.balance[i, t]))
                amounts["debt"].append(float(result.debt[i, t]) - 60.0)
                late = what.years[t] >= 2035
                amounts["Hague core"].append(3.5 - float(planned.cash[i, t]) if late else 0.0)
            for rule, values in amounts.items():
                row = table.row(
                    by_predicate=(pl.col("combination") == combined(parts))
                    & (pl.col("state") == state)
                    & (pl.col("rule") == rule),
                    named=True,
                )
                broken = [t for t, value in enumerate(values) if value > 1e-9]
                if not broken:
                    assert row["year"] is None
                else:
                    assert row["year"] == what.years[broken[0] + 1]
                    assert row["amount"] == pytest.approx(values[broken[0]])


def test_the_outlook_tells_the_same_of_its_own_path(outlook: Outlook) -> None:
    """The table of the outlook against its table of paths."""
    path = outlook.tables["projection"].filter(policy="plan", source="budget").sort("year")
    for row in outlook.tables["breaches"].filter(combination="none", rule="debt").to_dicts():
        above = path.filter(
            (pl.col("state") == row["state"]) & (pl.col("debt") > 60.0) & (pl.col("year") > 2024)
        )
        assert row["year"] == (above["year"][0] if above.height else None)
        if above.height:
            assert row["amount"] == pytest.approx(above["debt"][0] - 60.0)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_more_that_ends_never_lets_a_rule_hold_longer(table: pl.DataFrame, rule: str) -> None:
    years = first_years(table)
    for fewer, more in itertools.product(COMBINATIONS, COMBINATIONS):
        if set(fewer) < set(more):
            for state in ("EE", "LT", "LV"):
                assert years[combined(more), state, rule] <= years[combined(fewer), state, rule], (
                    fewer,
                    more,
                    state,
                )


def test_rates_and_loans_are_no_spending(table: pl.DataFrame) -> None:
    """Net expenditure leaves interest out, so dearer money breaks no ceiling."""
    years = first_years(table)
    for parts in COMBINATIONS:
        rest = tuple(part for part in parts if part not in {"rates", "safe"})
        for state in ("EE", "LT", "LV"):
            for rule in ("net expenditure", "Hague core"):
                assert years[combined(parts), state, rule] == years[combined(rest), state, rule]


def test_the_clause_explains_a_part_of_the_deficit(what: Problem, planned: Outlays) -> None:
    """Up to 1.5 % of GDP from 2025 to 2028, and nothing afterwards."""
    found = excesses(what, case(what, "joint", ended(()), planned))
    explained = found["deficit"] - found["deficit beyond clause"]
    np.testing.assert_allclose(explained, clause_room(what, planned.accrual), atol=1e-12)
    assert explained.max() > 1.0


def test_an_outside_year_has_an_amount(what: Problem, planned: Outlays) -> None:
    for parts in COMBINATIONS:
        amount = excesses(what, case(what, "budget", ended(parts), planned))["net expenditure"]
        assert (amount >= 0.0).all()


def test_lost_is_never_negative_and_unknown_is_none(what: Problem, planned: Outlays) -> None:
    plan, worse = (project(what, paths(what, ended(parts), planned)) for parts in ((), tuple(ENDS)))
    taken = lost(what, plan, worse)
    assert (taken[:, 0] == 0.0).all()
    assert (taken >= 0.0).all()
    for i, k in np.ndindex(taken[:, 5:].shape):
        t = k + 5
        dearer = (worse.implicit[i, t] - plan.implicit[i, t]) * plan.debt[i, t - 1] / 100.0
        by_hand = (
            plan.primary[i, t] - worse.primary[i, t] + dearer / (1.0 + plan.nominal_growth[i, t] / 100.0)
        )
        assert taken[i, t] == pytest.approx(by_hand)
    assert (taken[:, -1] < (plan.balance - worse.balance)[:, -1]).all(), "no interest on debt that nobody cut"
    assert (lost(what, worse, plan) == 0.0).all()
    assert isinstance(plan, Projection)


def test_a_plan_that_pays_less_breaks_no_deficit_rule_earlier(
    what: Problem, pair: dict[str, Plan], planned_case: Callable[[str, Plan], Case], table: pl.DataFrame
) -> None:
    """The plan written by hand spends far less than the budget."""
    small = first_years(breaches(what, "joint", planned_case("joint", pair["joint"]).out))
    years = first_years(table)
    for key, year in small.items():
        if key[2] in {"deficit", "debt"}:
            assert year >= years[key]
