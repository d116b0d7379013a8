"""What a plan of purchases pays, delivers, owes and returns; every expected number is worked out here."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plan_fiscal.plans import AIR, TRUCKS, Hand, Order, tables_of
from vallum.model.finance.problem import Problem
from vallum.model.finance.projection import project
from vallum.model.finance.scenarios import POLICIES, Outlays, baseline_gdp, outlays, paths
from vallum.plan.fiscal.impact import (
    MARGINAL_PCT,
    amounts_of,
    cheaper_by,
    delivered,
    fragmentation,
    marginal,
    outlays_of,
    returns_of,
    saving,
)
from vallum.plan.fiscal.outlook import Case, case
from vallum.plan.store import Plan
from vallum.region import Region

#: Latvia pays 36, 34, 0, 50 and gets 0, 0, 4 x 12, 6 x 12 from 2027 on; Estonia pays 16, 24 and gets 5 x 8 in 2029.
LV_PAID = {2027: 36.0, 2028: 34.0, 2030: 50.0}
LV_AHEAD = {2027: 36.0, 2028: 34.0, 2029: -48.0, 2030: -22.0}
EE_AHEAD = {2028: 16.0, 2029: -16.0}
#: With the 3 of sustainment, and less the 10 that related money pays.
EE_PAID = {2028: 16.0, 2029: 14.0, 2030: 3.0}


def purse(region: Region, state: str, year: int) -> dict[str, float]:
    return region.tables["purses"].row(
        by_predicate=(pl.col("state") == state) & (pl.col("year") == year), named=True
    )


def at(problem: Problem, state: str, year: int) -> tuple[int, int]:
    return problem.states.index(state), year - int(problem.years[0])


def test_cash_accrual_and_stock_flow_by_hand(
    region: Region, what: Problem, hand: Callable[..., Plan]
) -> None:
    """What of the loan is tied outside the plan is spent too: a part on top of the budget, and drawn ahead."""
    out, loans, nominal = outlays_of(what, hand()), what.loans, baseline_gdp(what)
    for state, paid, ahead in (("LV", LV_PAID, LV_AHEAD), ("EE", EE_PAID, EE_AHEAD), ("LT", {}, {})):
        for year in range(2026, 2041):
            row, cell = purse(region, state, year), at(what, state, year)
            cash = row["defence_meur"] - row["plannable_meur"] + paid.get(year, 0.0)
            tied, draw, got = loans.earmarked[cell[0]], loans.draws[cell], loans.delivered[cell]
            on_top = 100 * tied * loans.additional[cell[0]] * got / nominal[cell]
            early = 100 * tied * (draw - got) / nominal[cell]
            assert out.cash[cell] == pytest.approx(100 * cash / row["gdp_real_meur"] + on_top + early)
            accrual = cash - ahead.get(year, 0.0)
            assert out.accrual[cell] == pytest.approx(100 * accrual / row["gdp_real_meur"] + on_top)
            assert out.related[cell] == pytest.approx(100 * row["related_meur"] / row["gdp_real_meur"])


def test_before_the_plan_outlays_are_those_of_the_budget(what: Problem, hand: Callable[..., Plan]) -> None:
    out = outlays_of(what, hand())
    before = what.years < 2026
    assert before.sum() == 2
    for values in (out.cash, out.accrual):
        np.testing.assert_array_equal(values[:, before], what.plan[:, before])


def test_what_is_paid_ahead_is_delivered_in_the_end(what: Problem, hand: Callable[..., Plan]) -> None:
    amounts = amounts_of(what, hand())
    np.testing.assert_allclose(amounts.ahead.sum(axis=1), 0.0, atol=1e-9)
    equipment = amounts.paid - amounts.ahead
    lv, ee = what.states.index("LV"), what.states.index("EE")
    assert equipment[lv].sum() == pytest.approx(10 * 12.0)
    assert equipment[ee].sum() == pytest.approx(5 * 8.0 + 3.0 - 10.0)


def test_what_is_delivered_after_the_last_year_stays_ahead(what: Problem, hand: Callable[..., Plan]) -> None:
    late = replace(AIR, delivered={2040: 4.0, 2041: 6.0})
    amounts = amounts_of(what, hand(Hand((late,))))
    assert amounts.ahead[what.states.index("LV")].sum() == pytest.approx(6 * 12.0)


def test_draws_are_the_plans_and_what_is_tied_outside_it(what: Problem, hand: Callable[..., Plan]) -> None:
    out = outlays_of(what, hand())
    for i, state in enumerate(what.states):
        for t, year in enumerate(what.years.tolist()):
            tied = float(what.loans.earmarked[i]) * float(what.loans.draws[i, t])
            assert out.draws[i, t] == pytest.approx(tied + (20.0 if (state, year) == ("LV", 2028) else 0.0))


def test_a_state_without_a_purse_keeps_its_budget(what: Problem, hand: Callable[..., Plan]) -> None:
    plan = hand()
    purses = plan.inputs["purses"].filter(pl.col("state") != "LT")
    out = outlays_of(what, replace(plan, inputs={**plan.inputs, "purses": purses}))
    i = what.states.index("LT")
    np.testing.assert_array_equal(out.cash[i], what.plan[i])
    np.testing.assert_array_equal(out.related[i], what.related[i])


def test_delivered_value_is_quantity_times_the_price_of_its_own_order(hand: Callable[..., Plan]) -> None:
    twice = replace(AIR, year=2028, price=20.0, paid={2029: 200.0}, delivered={2030: 10.0})
    found = delivered(hand(Hand((AIR, twice)))).sort("year", "value_meur")
    assert found.select("year", "value_meur").rows() == [(2029, 48.0), (2030, 72.0), (2030, 200.0)]


def test_debt_follows_the_payment_and_the_deficit_the_delivery(
    region: Region, what: Problem, hand: Callable[..., Plan], planned_case: Callable[[str, Plan], Case]
) -> None:
    """The same payments with all deliveries in 2029, or in 2032."""
    big = replace(AIR, price=200.0, paid={2027: 1000.0, 2028: 1000.0})
    early, late = (
        planned_case("joint", hand(Hand((replace(big, delivered={year: 10.0}),)))) for year in (2029, 2032)
    )
    np.testing.assert_allclose(early.out.cash, late.out.cash)
    i, t = at(what, "LV", 2029)
    hit = 100 * 2000.0 / purse(region, "LV", 2029)["gdp_real_meur"]
    # The deficit of 2029 has all of it or nothing, up to what output and interest do.
    assert early.result.balance[i, t] - late.result.balance[i, t] == pytest.approx(-hit, rel=0.25)
    assert early.result.balance[i, t - 1] == pytest.approx(late.result.balance[i, t - 1], abs=1e-9)
    # Debt is that of the payments: while output still feels a delivery it differs, and not in the end.
    np.testing.assert_allclose(early.result.debt[i, :t], late.result.debt[i, :t], atol=1e-9)
    np.testing.assert_allclose(early.result.debt[i, -5:], late.result.debt[i, -5:], atol=0.01)
    others = [j for j, state in enumerate(what.states) if state != "LV"]
    np.testing.assert_array_equal(early.result.debt[others], late.result.debt[others])


def test_without_feedback_debt_is_that_of_the_payments_to_the_euro(
    what: Problem, hand: Callable[..., Plan]
) -> None:
    """No multiplier and no interest: only the year of the deficit differs."""
    still = replace(
        what,
        settings={**what.settings, "defence_multiplier": np.zeros(3), "multiplier": np.zeros(3)},
    )
    big = replace(AIR, price=200.0, paid={2027: 1000.0, 2028: 1000.0})
    results = []
    for year in (2029, 2032):
        out = outlays_of(still, hand(Hand((replace(big, delivered={year: 10.0}),))))
        results.append(project(still, paths(still, POLICIES["plan"], out)))
    early, late = results
    np.testing.assert_allclose(early.debt, late.debt, atol=1e-9)
    assert np.abs(early.balance - late.balance)[:, 1:].max() > 4.0


# ---------------------------------------------------------------- the marginal euro


def test_marginal_debt_is_that_of_another_projection(
    what: Problem, planned_case: Callable[[str, Plan], Case], hand: Callable[..., Plan]
) -> None:
    plan = hand()
    one = planned_case("joint", plan)
    table = marginal(what, one, plan)
    added = np.where((what.years > 2026) & (what.years <= 2035), MARGINAL_PCT, 0.0)
    more = Outlays(one.out.accrual + added, one.out.cash + added, one.out.related, one.out.draws)
    other = project(what, paths(what, POLICIES["plan"], more))
    t = at(what, "LV", 2035)[1]
    np.testing.assert_allclose(table["debt"], (other.debt - one.result.debt)[:, t])
    owed = [result.debt[:, t] * result.gdp[:, t] / 100 for result in (other, one.result)]
    np.testing.assert_allclose(table["debt_meur"], owed[0] - owed[1])
    assert set(table["first_year"]) == {2027}
    assert set(table["last_year"]) == {2035}
    # Nine years of 0.1 % of GDP with interest on it, and less of it back than spent.
    assert table["debt"].is_between(0.6, 1.2).all()


def test_marginal_shortfall_is_money_times_prices_by_hand(
    region: Region, what: Problem, planned_case: Callable[[str, Plan], Case], hand: Callable[..., Plan]
) -> None:
    plan = hand()
    table = marginal(what, planned_case("joint", plan), plan).rows_by_key("state", named=True, unique=True)
    gdp = {year: purse(region, "LV", year)["gdp_real_meur"] for year in range(2026, 2041)}
    years = slice(3, 12)  # 2027 to 2035; what is added is nominal, as the debt is
    nominal = planned_case("joint", plan).result.gdp[what.states.index("LV"), years]
    assert table["LV"]["added_meur"] == pytest.approx(0.001 * nominal.sum())
    # Prices of the purse alone: 0.004 in 2028 and 0.001 in 2030; that of related money does not count.
    assert table["LV"]["gap_years"] == pytest.approx(0.001 * gdp[2028] * 0.004 + 0.001 * gdp[2030] * 0.001)
    assert table["EE"]["gap_years"] == 0.0


def test_without_a_plan_the_shortfall_is_unknown(what: Problem) -> None:
    budget = case(what, "budget", POLICIES["plan"], outlays(what, POLICIES["plan"]))
    table = marginal(what, budget, None)
    assert table["gap_years"].null_count() == len(what.states)
    assert (table["added_meur"] > 0.0).all()


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_the_marginal_euro_is_linear_for_small_amounts(
    what: Problem,
    planned_case: Callable[[str, Plan], Case],
    hand: Callable[..., Plan],
    monkeypatch: pytest.MonkeyPatch,
    factor: float,
) -> None:
    plan = hand()
    one = planned_case("joint", plan)
    usual = marginal(what, one, plan)
    monkeypatch.setattr("vallum.plan.fiscal.impact.MARGINAL_PCT", MARGINAL_PCT * factor)
    other = marginal(what, one, plan)
    for column in ("debt", "debt_meur", "added_meur", "gap_years"):
        np.testing.assert_allclose(other[column], factor * usual[column], rtol=0.02)


# ---------------------------------------------------------------- what comes back


def line_countries(plan: Plan, **countries: str) -> Plan:
    lines = plan.inputs["lines"]
    changed = lines.with_columns(
        pl.col("line_id").replace_strict(countries, default=pl.col("country")).alias("country")
    )
    return replace(plan, inputs={**plan.inputs, "lines": changed})


def test_a_line_of_several_countries_counts_in_equal_parts(what: Problem, hand: Callable[..., Plan]) -> None:
    plan = line_countries(hand(), L_RH_LATVIA="LV/LT/SE", L_TRUCKS="SE/EE")
    table = returns_of(what, "joint", plan).filter(year=2029).rows_by_key("state", named=True, unique=True)
    # 48 of Latvia: a third each; 40 of Estonia: half at home.
    assert table["LV"]["home_meur"] == pytest.approx(16.0)
    assert table["LT"]["home_meur"] == pytest.approx(16.0)
    assert table["LV"]["abroad_meur"] == pytest.approx(16.0)
    assert table["LT"]["abroad_meur"] == 0.0
    assert table["EE"]["home_meur"] == pytest.approx(20.0)
    assert table["EE"]["abroad_meur"] == pytest.approx(20.0)


def test_an_unknown_line_is_abroad_and_sustainment_at_home(what: Problem, hand: Callable[..., Plan]) -> None:
    plan = hand(Hand((replace(AIR, line=""),), sustainment={("EE", 2030): 3.0}))
    table = returns_of(what, "joint", plan)
    assert table["home_meur"].sum() == 0.0
    assert table["abroad_meur"].sum() == pytest.approx(120.0)
    row = table.row(by_predicate=(pl.col("state") == "EE") & (pl.col("year") == 2030), named=True)
    assert row["sustainment_meur"] == 3.0
    assert row["value_added_meur"] == pytest.approx(3.0 * what.number("sustainment_value_added_share"))
    assert row["jobs"] == pytest.approx(row["value_added_meur"] * what.number("jobs_per_meur"))


COUNTRIES = st.lists(st.sampled_from(("EE", "LV", "LT", "SE", "DE")), min_size=1, max_size=4).map("/".join)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    countries=COUNTRIES,
    quantity=st.floats(0.5, 50.0),
    price=st.floats(0.1, 100.0),
    state=st.sampled_from(["EE", "LV", "LT"]),
)
def test_home_and_abroad_conserve_the_value_delivered(
    region: Region,
    what: Problem,
    pair: dict[str, Plan],
    countries: str,
    quantity: float,
    price: float,
    state: str,
) -> None:
    order = Order(
        "AD_TEST", state, 2028, price, {2028: price * quantity}, {2031: quantity}, "L_RH_LATVIA", state
    )
    plan = replace(pair["joint"], tables={**pair["joint"].tables, **tables_of(region, Hand((order,)))})
    table = returns_of(what, "joint", line_countries(plan, L_RH_LATVIA=countries))
    parts = countries.split("/")
    members = [country for country in parts if country in what.states]
    assert table["home_meur"].sum() == pytest.approx(price * quantity * len(members) / len(parts))
    assert table["home_meur"].sum() + table["abroad_meur"].sum() == pytest.approx(price * quantity)
    for name in ("value_added_meur", "gdp_meur", "jobs", "taxes_meur"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()


# ---------------------------------------------------------------- alone against together


def side_by_side(
    what: Problem, pair: dict[str, Plan], planned_case: Callable[[str, Plan], Case], equal: object
) -> pl.DataFrame:
    cases = [planned_case(mode, pair[mode]) for mode in ("national", "joint")]
    return fragmentation(what, *cases, pair, equal)  # type: ignore[arg-type]


def test_without_a_comparison_equal_capability_is_unknown(
    what: Problem, pair: dict[str, Plan], planned_case: Callable[[str, Plan], Case]
) -> None:
    table = side_by_side(what, pair, planned_case, None)
    for column in ("equal", "equal_low", "equal_high"):
        assert table[column].null_count() == table.height
    short = table.filter(measure="shortfall").sort("state")
    assert short["national"].to_list() == [0.5, 0.0, 1.5]
    assert short["joint"].to_list() == [0.0, 0.0, 0.75]
    assert set(table["year"].drop_nulls()) == {2035, 2040}


def test_no_saving_is_the_plan_alone(
    what: Problem, pair: dict[str, Plan], planned_case: Callable[[str, Plan], Case]
) -> None:
    nothing = {"national_cost_meur": 100.0, "difference_meur": 0.0, "interval": [0.0, 0.0]}
    table = side_by_side(what, pair, planned_case, nothing)
    for column in ("equal", "equal_low", "equal_high"):
        np.testing.assert_allclose(table[column], table["national"], rtol=1e-12)


def test_the_interval_is_that_of_the_saving(
    what: Problem, pair: dict[str, Plan], planned_case: Callable[[str, Plan], Case]
) -> None:
    found = {"national_cost_meur": 100.0, "difference_meur": 20.0, "interval": [-5.0, 40.0]}
    table = side_by_side(what, pair, planned_case, found)
    assert (table["equal_low"] <= table["equal"]).all()
    assert (table["equal"] <= table["equal_high"]).all()
    # A saving that may be a loss contains the plan alone.
    assert (table["equal_low"] <= table["national"]).all()
    assert (table["national"] <= table["equal_high"]).all()
    debt = table.filter((pl.col("measure") == "debt") & (pl.col("state") == "LV"))
    assert (debt["equal"] < debt["national"]).all()


@pytest.mark.parametrize(
    ("found", "shares"),
    [
        (None, []),
        ({}, []),
        ({"national_cost_meur": 0.0, "difference_meur": 0.0, "interval": [0.0, 0.0]}, []),
        ({"national_cost_meur": 50.0, "difference_meur": 5.0, "interval": [None, 10.0]}, []),
        ({"national_cost_meur": 50.0, "difference_meur": 5.0, "interval": [-5.0, 10.0]}, [0.1, -0.1, 0.2]),
    ],
)
def test_saving_in_shares_of_the_cost_alone(found: dict[str, object] | None, shares: list[float]) -> None:
    assert saving(found) == pytest.approx(shares)


def test_a_cheaper_plan_pays_a_share_less_for_the_same(
    what: Problem, pair: dict[str, Plan], planned_case: Callable[[str, Plan], Case]
) -> None:
    """A fifth off 120 % of the price is 96 %: the outlook of a plan written with these prices."""
    plan = pair["national"]
    one = planned_case("national", plan)
    cheap = tables_of(
        Region.read("baltic"),
        Hand(
            tuple(
                replace(o, price=0.96 * o.price, paid={y: 0.96 * a for y, a in o.paid.items()})
                for o in (replace(AIR, coalition="LV"), replace(TRUCKS, coalition="EE"))
            )
        ),
    )
    other = planned_case("national", replace(plan, tables={**plan.tables, **cheap}))
    found = cheaper_by(what, one, plan, 0.2)
    np.testing.assert_allclose(found.debt, other.result.debt, atol=1e-9)
    np.testing.assert_allclose(found.balance[:, 1:], other.result.balance[:, 1:], atol=1e-9)
