"""The outlook of the region that ships: whole, in order, and the same whatever table tells it."""

import itertools

import numpy as np
import polars as pl
import pytest

from vallum.core.errors import BadInput
from vallum.model.finance.problem import Problem
from vallum.model.finance.scenarios import POLICIES
from vallum.plan.fiscal import Outlook, make
from vallum.plan.fiscal.reference import reading
from vallum.plan.fiscal.tables import FISCAL_TABLES, LEVEL_NAMES
from vallum.region import Region

STATES = ("EE", "LT", "LV")
FIRST, FORECAST, LAST = 2024, 2026, 2040
REGIMES = {"inside ceiling", "inside clause", "outside"}


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("projection", FIRST),
        ("fan", FORECAST),
        ("regimes", 2025),
        ("hague", FORECAST),
        ("crowding", FORECAST),
    ],
)
def test_every_policy_state_and_year_has_a_row(outlook: Outlook, name: str, first: int) -> None:
    found = set(outlook.tables[name].select("source", "policy", "state", "year").iter_rows())
    wanted = itertools.product(["budget"], POLICIES, STATES, range(first, LAST + 1))
    assert found == set(wanted)


def test_no_table_holds_what_is_no_number(outlook: Outlook) -> None:
    for name, frame in outlook.tables.items():
        assert dict(frame.schema) == FISCAL_TABLES[name].schema
        for column in frame.iter_columns():
            if column.dtype == pl.Float64:
                assert column.drop_nulls().is_finite().all(), (name, column.name)


def test_without_a_plan_there_is_nothing_of_plans(outlook: Outlook) -> None:
    for name in ("returns", "fragmentation", "deferrals", "tighter"):
        assert outlook.tables[name].is_empty()
    assert outlook.manifest["plan"] is None
    for frame in outlook.tables.values():
        if "source" in frame.columns:
            assert set(frame["source"]) <= {"budget"}


def test_quantiles_are_in_order_and_open_after_the_forecast(outlook: Outlook) -> None:
    fan = outlook.tables["fan"]
    for low, high in itertools.pairwise(LEVEL_NAMES):
        assert (fan[low] <= fan[high]).all()
    at_start = fan.filter(year=FORECAST)
    assert (at_start["p95"] - at_start["p05"]).abs().max() == 0.0
    spread = fan.filter(source="budget", policy="plan").sort("state", "year")
    width = (spread["p90"] - spread["p10"]).to_numpy().reshape(len(STATES), -1)
    assert (np.diff(width, axis=1) > 0.0).all()
    assert fan["above_reference"].is_between(0.0, 1.0).all()
    assert fan["p05"].min() >= 0.0


def test_the_median_is_near_the_path(outlook: Outlook) -> None:
    keys = ["source", "policy", "state", "year"]
    both = outlook.tables["fan"].join(outlook.tables["projection"], on=keys)
    assert both.height == outlook.tables["fan"].height
    # Within a tenth of the half-width of 10 to 90, as far as 2,000 paths tell.
    off = (both["p50"] - both["debt"]).abs() - 0.1 * (both["p90"] - both["p10"])
    assert off.max() < 0.05


def test_debt_adds_up_within_the_table(outlook: Outlook) -> None:
    """d = d[-1] / (1 + n) - b + f, read from the table alone."""
    keys = ["source", "policy", "state"]
    path = outlook.tables["projection"].sort(*keys, "year")
    before = pl.col("debt").shift().over(keys)
    rolled = before / (1 + pl.col("nominal_growth") / 100) - pl.col("balance") + pl.col("stock_flow")
    off = path.select((rolled - pl.col("debt")).alias("off"))["off"].drop_nulls()
    assert off.len() == path.height - len(POLICIES) * len(STATES)
    assert off.abs().max() < 0.01
    for column, parts in (
        ("balance", pl.col("primary") - pl.col("interest")),
        ("interest_meur", pl.col("interest") * pl.col("gdp_meur") / 100),
    ):
        assert path.select((parts - pl.col(column)).abs().max()).item() < 1e-6


def test_the_forecast_is_the_published_one(outlook: Outlook, region: Region) -> None:
    ours = outlook.tables["projection"].filter(policy="no_policy_change")
    both = ours.join(region.tables["fiscal_inputs"], on=["state", "year"])
    assert both.height == len(STATES) * (FORECAST - FIRST + 1)
    assert (both["debt"] - both["debt_pct_gdp"]).abs().max() < 0.01


def test_the_sum_of_the_loan_is_that_of_its_years(outlook: Outlook, what: Problem) -> None:
    years, sums = outlook.tables["loan"], outlook.tables["loan_sum"]
    for row in sums.to_dicts():
        mine = years.filter(source=row["source"], state=row["state"])
        i = what.states.index(row["state"])
        assert mine["draw_meur"].sum() == pytest.approx(row["drawn_meur"])
        assert mine["principal_meur"].sum() == pytest.approx(row["drawn_meur"])
        assert mine.sort("year")["balance_meur"][-1] == pytest.approx(0.0, abs=1e-6)
        life = mine.filter(pl.col("balance_meur") > 1e-6).height
        assert row["gain_mean_meur"] == pytest.approx(mine["gain_meur"].sum() / life)
        rate = float(what.loans.rate[i])
        assert row["rate"] == rate
        worth = sum(
            gain / (1 + rate / 100) ** (year - 2026)
            for year, gain in mine.select("year", "gain_meur").iter_rows()
        )
        assert row["present_meur"] == pytest.approx(worth)
        assert row["present_p10_meur"] < row["present_meur"] < row["present_p90_meur"]
        assert row["present_dear_meur"] <= row["present_meur"] <= row["present_cheap_meur"]
        before = mine.sort("year")["balance_meur"].shift(fill_value=0.0)
        np.testing.assert_allclose(mine.sort("year")["interest_meur"], before * rate / 100, atol=1e-6)
        assert row["drawn_meur"] <= row["adopted_meur"] <= row["allocation_meur"]


def test_the_cliff_is_the_room_of_the_last_year_of_the_clause(outlook: Outlook) -> None:
    keys = ["source", "policy", "state"]
    room = outlook.tables["regimes"].filter(year=2028).select(*keys, "room")
    gdp = outlook.tables["projection"].filter(year=2029).select(*keys, "gdp_meur")
    both = outlook.tables["cliff"].join(room, on=keys).join(gdp, on=keys)
    assert both.height == outlook.tables["cliff"].height == len(POLICIES) * len(STATES)
    assert set(both["year"]) == {2029}
    np.testing.assert_allclose(both["cliff"], both["room"])
    np.testing.assert_allclose(both["cliff_meur"], both["room"] * both["gdp_meur"] / 100)


def test_regimes_are_words_that_agree_with_the_room_left(outlook: Outlook) -> None:
    table = outlook.tables["regimes"]
    assert set(table["regime"]) == REGIMES
    assert table["room"].is_between(0.0, 1.5).all()
    assert (table.filter(pl.col("year") > 2028)["room"] == 0.0).all()
    assert (table.filter(regime="inside clause")["room"] > 0.0).all()
    assert (table.filter(regime="inside clause")["left"] >= -1e-9).all()
    np.testing.assert_allclose(table["left"], 0.6 + table["room"] - table["control"], atol=1e-9)
    published = table.filter(pl.col("published"))
    assert set(published["state"]) == {"LT"}
    assert set(published["year"]) == {2025, 2026, 2027, 2028}


def test_hague_counts_related_outlays_up_to_their_cap(outlook: Outlook) -> None:
    table = outlook.tables["hague"]
    assert table["counted"].is_between(0.0, 1.5).all()
    np.testing.assert_allclose(table["counted"], table["related"].clip(upper_bound=1.5))
    np.testing.assert_allclose(table["total"], table["core"] + table["counted"])
    assert (table["met"] <= table["core_met"]).all()
    assert table.filter(policy="core_3_5", year=2035)["core"].min() >= 3.5 - 1e-9


def test_nothing_is_crowded_out_that_is_there(outlook: Outlook) -> None:
    table = outlook.tables["crowding"]
    amounts = table.select(
        "to_reference", "to_reference_feedback", "to_baseline", "to_reference_meur", "of_spending"
    )
    assert amounts.min().row(0) == pytest.approx((0.0,) * 5)
    assert (table["to_reference_feedback"] >= table["to_reference"]).all()
    assert (table.filter(policy="no_policy_change")["to_baseline"] == 0.0).all()
    balance = outlook.tables["projection"].select("source", "policy", "state", "year", "balance")
    both = table.join(balance, on=["source", "policy", "state", "year"])
    np.testing.assert_allclose(
        both["to_reference"], (-3.0 - both["balance"]).clip(lower_bound=0.0), atol=1e-9
    )


def test_more_defence_owes_more(outlook: Outlook) -> None:
    late = outlook.tables["projection"].filter(year=2040).pivot("policy", index="state", values="debt")
    assert (late["core_3_5"] < late["five"]).all()
    assert (late["five"] < late["six"]).all()
    assert (late["no_policy_change"] < late["plan"]).all()
    assert (late["clause_ended"] < late["plan"]).all()


def test_substitutes_name_what_is_missing(outlook: Outlook) -> None:
    found = set(outlook.tables["substitutes"].select("state", "input").iter_rows())
    assert {("EE", "long_maturing_share"), ("EE", "ceiling on net expenditure")} <= found
    assert ("LT", "ceiling on net expenditure") not in found
    # Lithuania's ends in 2028; Estonia's long rate alone is a yearly series.
    assert ("LT", "ceiling on net expenditure, 12 years from 2029 on") in found
    assert {key for key in found if "shocks" in key[1]} == {("EE", "quarterly shocks, rate_long_pp")}


def test_criteria_bind_once_and_an_empty_balance_says_why(outlook: Outlook) -> None:
    table = outlook.tables["criteria"]
    for (_, _), part in table.group_by("state", "plan_years"):
        assert part["binding"].sum() == 1
        asked = dict(part.select("criterion", "spb").iter_rows())
        bound = part.filter(pl.col("binding"))["spb"].item()
        assert asked["required"] == pytest.approx(bound)
    assert (table.filter(pl.col("spb").is_null())["note"] != "").all()


def test_official_figures_stand_beside_ours(outlook: Outlook, region: Region) -> None:
    table = outlook.tables["reference"]
    assert table.height > 10
    assert (table["reading"].str.len_chars() > 20).all()
    source = region.tables["fiscal_reference"].rows_by_key("reference_id", named=True, unique=True)
    path = outlook.tables["projection"].rows_by_key(("policy", "state", "year"), named=True, unique=True)
    for row in table.to_dicts():
        given = source[row["reference_id"]]
        assert float(given["value"]) == row["official"]
        assert (given["state"], int(given["period"]), given["source"]) == (
            row["state"],
            row["year"],
            row["origin"],
        )
        if row["variable"] == "debt_ratio":
            assert row["plan"] == path["plan", row["state"], row["year"]]["debt"]


@pytest.mark.parametrize(
    ("official", "without", "planned", "same", "bound", "words"),
    [
        (40.0, float("nan"), 41.0, True, False, "Ours starts after the base year"),
        (40.0, 40.2, 45.0, True, False, "The forecast that our inputs are from."),
        (40.0, 40.2, 45.0, False, False, "A later forecast than our inputs: near ours without policy"),
        (40.0, 40.2, 39.9, False, False, "A later forecast than our inputs: near both of ours."),
        (40.0, 30.0, 40.2, False, False, "A later forecast than our inputs: near ours with all"),
        (40.0, 30.0, 40.2, True, False, "Near ours with all"),
        (40.0, 35.0, 45.0, False, False, "between ours"),
        (40.0, 45.0, 35.0, True, False, "Between ours"),
        (50.0, 35.0, 45.0, False, False, "above both"),
        (30.0, 35.0, 45.0, False, False, "below both"),
        (40.0, 30.0, 41.0, True, True, "A lower bound"),
        (-4.5, -3.0, -4.4, False, False, "with all of the planned defence"),
        (100.0, 100.4, 110.0, True, False, "The forecast"),  # a quarter of a point per 50
    ],
)
def test_how_an_official_figure_is_read(
    official: float, without: float, planned: float, same: bool, bound: bool, words: str
) -> None:
    assert words in reading(official, without, planned, same=same, bound=bound)


# ---------------------------------------------------------------- other regions


def last_year(region: Region, year: int) -> Region:
    """The region planned until a year; tables that go on are repeated from their last year."""
    settings = region.tables["settings"].with_columns(
        pl.when(pl.col("key") == "last_year").then(float(year)).otherwise("value").alias("value")
    )
    longer = {}
    for name in ("needs", "purses", "line_capacity"):
        table = region.tables[name]
        end = int(table["year"].max())  # type: ignore[arg-type]
        more = [
            table.filter(year=end).with_columns(year=pl.lit(y, pl.Int64)) for y in range(end + 1, year + 1)
        ]
        longer[name] = pl.concat([table.cast({"year": pl.Int64}), *more])
    return region.replace(settings=settings, **longer)


@pytest.mark.parametrize("year", [2027, 2030, 2042])
def test_other_last_years(region: Region, year: int) -> None:
    found = make(last_year(region, year), paths=100)
    assert found.tables["projection"]["year"].max() == year
    judged = found.tables["criteria"].filter(criterion="stochastic")
    # Five years of shocks are needed for the criterion that looks five years ahead.
    assert (judged["note"] == "Not judged.").all() == (year < FORECAST + 5)


def test_tables_that_may_be_missing(region: Region) -> None:
    """No loan owes nothing to the Union; no ceiling has a substitute; no figure stands beside ours."""
    names = ("safe_loans", "safe_draws", "expenditure_ceilings", "fiscal_reference", "industry")
    found = make(region.replace(**{name: region.tables[name].clear() for name in names}), paths=100)
    assert found.tables["reference"].is_empty()
    assert found.tables["plants"].is_empty()
    assert not found.tables["regimes"]["published"].any()
    assert found.tables["projection"]["loan_meur"].max() == 0.0
    assert found.tables["loan"].is_empty()
    assert found.tables["loan_sum"]["present_meur"].abs().max() == 0.0


@pytest.mark.parametrize("name", ["defence_budgets", "outlay_classes", "safe_rules"])
def test_a_table_that_must_not_be_missing_is_named(region: Region, name: str) -> None:
    with pytest.raises(BadInput) as caught:
        make(region.replace(**{name: region.tables[name].clear()}), paths=100)
    assert caught.value.where == f"{name}.csv"
    assert caught.value.remedy


def test_two_states(region: Region, outlook: Outlook) -> None:
    """A state without inputs is not projected, and the others do not notice."""
    inputs = region.tables["fiscal_inputs"].filter(pl.col("state") != "LV")
    found = make(region.replace(fiscal_inputs=inputs), paths=100)
    assert set(found.tables["projection"]["state"]) == {"EE", "LT"}
    whole = outlook.tables["projection"].filter(pl.col("state") != "LV")
    assert found.tables["projection"]["debt"].to_list() == pytest.approx(whole["debt"].to_list())


def test_years_of_the_clause_that_the_projection_lacks(region: Region) -> None:
    """The account starts in the base year, which is not judged, and the clause ends after the last year."""
    rules = region.tables["safe_rules"].with_columns(
        pl.when(pl.col("rule") == "nec_last_year").then(pl.lit("2045")).otherwise("value").alias("value")
    )
    inputs = region.tables["fiscal_inputs"].filter(pl.col("year") >= 2025)
    found = make(region.replace(fiscal_inputs=inputs, safe_rules=rules), paths=100)
    assert found.tables["regimes"]["year"].min() == 2026
    assert found.tables["cliff"]["cliff"].null_count() == found.tables["cliff"].height


def test_debt_that_is_paid_off_has_no_sustainability_gap(region: Region) -> None:
    rich = region.tables["fiscal_inputs"].with_columns(structural_primary_balance_pct_gdp=pl.lit(10.0))
    found = make(region.replace(fiscal_inputs=rich), paths=100)
    paid_off = found.tables["projection"].filter(policy="no_policy_change", year=LAST)
    assert (paid_off["debt"] == 0.0).all()
    assert found.tables["indicators"].filter(policy="no_policy_change")["s1"].null_count() == len(STATES)


def test_hague_counts_what_is_paid_and_the_deficit_what_is_delivered(outlook: Outlook) -> None:
    """They differ by what SAFE pays before delivery: drawn less delivered, and the other way later."""
    keys = {"source": "budget", "policy": "plan", "year": 2027}
    paid = outlook.tables["hague"].filter(**keys).sort("state")["core"]
    delivered = outlook.tables["projection"].filter(**keys).sort("state")["defence"]
    region = Region.read("baltic")
    draws = region.tables["safe_draws"].filter(year=2027).sort("state")
    gdp = (
        outlook.tables["projection"]
        .filter(**{**keys, "policy": "no_policy_change"})
        .sort("state")["gdp_meur"]
    )
    ahead = 100.0 * (draws["draw_meur"] - draws["delivered_meur"]) / gdp
    assert (ahead > 0.05).all()
    np.testing.assert_allclose(paid - delivered, ahead, rtol=1e-9)
