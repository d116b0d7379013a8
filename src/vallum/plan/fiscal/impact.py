"""From a plan of purchases to outlays: what is paid when, what hits the deficit when, what comes back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.projection import Projection
from vallum.model.finance.returns import returns
from vallum.model.finance.scenarios import Outlays, loan_spending
from vallum.plan.audit.facts import facts_of
from vallum.plan.fiscal.frames import by_state, by_year, joined
from vallum.plan.fiscal.outlook import Case, case
from vallum.plan.store import Plan
from vallum.plan.summary import gap_years_by_state

__all__ = ["fragmentation", "marginal", "outlays_of", "returns_of"]

MARGINAL_PCT = 0.1
"""Added equipment, % of GDP a year."""

MARGINAL_UNTIL = 2035
"""Last year of the added money, and the year of the debt that it leaves."""

MONEY_RULES = ("purse",)
"""Rules of a plan whose price is that of one more EUR million in the year."""


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """Yearly amounts of one plan, EUR million in constant prices, each of shape (S, T).

    Attributes
    ----------
    budget : FloatArray
        Defence budget apart from what the plan may spend.
    paid : FloatArray
        All payments of the plan, less those from related money.
    ahead : FloatArray
        Equipment paid less equipment delivered.
    related : FloatArray
        Defence-related outlays.
    gdp : FloatArray
        Gross domestic product in the same prices; nan where the region gives none.
    """

    budget: FloatArray
    paid: FloatArray
    ahead: FloatArray
    related: FloatArray
    gdp: FloatArray


def outlays_of(problem: Problem, plan: Plan) -> Outlays:
    """Return the outlays of a plan of purchases as shares of GDP.

    Core defence is the budget without the money open to the plan, and what the plan pays from it.
    Equipment hits the deficit on delivery (ESA 2010, 20.190), so what is paid before counts as a
    stock-flow adjustment until then. Shares are taken with the plan's own GDP in the plan's prices, so
    neither prices nor the vintage of the forecast matter. Before the plan's first year, and for a state
    without purse, outlays are those of the budget. Draws are the plan's and the part of the expected draws
    that is tied outside the plan; both are within the nominal loan. What is tied is spent as without a plan:
    in part on top of the budget, and drawn before it is delivered.

    Parameters
    ----------
    problem : Problem
    plan : Plan
        Of the same members.

    Returns
    -------
    Outlays
    """
    amounts = amounts_of(problem, plan)
    known = ~np.isnan(amounts.gdp)
    ratio = 100.0 / np.where(known, amounts.gdp, 1.0)
    tied = problem.loans.earmarked[:, None]
    on_top, early = (tied * part for part in loan_spending(problem))
    core = (amounts.budget + amounts.paid) * ratio + on_top
    cash = np.where(known, core + early, problem.plan)
    accrual = np.where(known, core - amounts.ahead * ratio, problem.plan)
    related = np.where(known, amounts.related * ratio, problem.related)
    drawn = _grid(problem, plan.tables["money"], "safe_drawn_meur")
    return Outlays(accrual, cash, related, drawn + tied * problem.loans.draws)


def amounts_of(problem: Problem, plan: Plan) -> Amounts:
    """Read the yearly amounts of a plan."""
    purses, money = plan.inputs["purses"], plan.tables["money"]
    gdp = _grid(problem, purses, "gdp_real_meur", np.nan)
    defence, plannable, related = (
        _grid(problem, purses, column) for column in ("defence_meur", "plannable_meur", "related_meur")
    )
    spent, from_related = (_grid(problem, money, column) for column in ("spend_meur", "related_used_meur"))
    payments = plan.tables["payments"].filter(kind="order")
    ahead = _grid(problem, payments, "amount_meur") - _grid(problem, delivered(plan), "value_meur")
    return Amounts(defence - plannable, spent - from_related, ahead, related, gdp)


def delivered(plan: Plan) -> pl.DataFrame:
    """Return the value of equipment by state and year of delivery, and by programme."""
    keys = ["programme_id", "coalition", "state"]
    orders = plan.tables["orders"].select(*keys, pl.col("year").alias("order_year"), "unit_price_meur")
    return (
        plan.tables["deliveries"]
        .join(orders, on=[*keys, "order_year"], how="inner")
        .with_columns((pl.col("quantity") * pl.col("unit_price_meur")).alias("value_meur"))
        .select("programme_id", "state", "year", "line_id", "value_meur")
    )


def _grid(problem: Problem, frame: pl.DataFrame, column: str, missing: float = 0.0) -> FloatArray:
    """Sum a column by state and year, shape (S, T)."""
    found = np.full((len(problem.states), problem.years.size), missing)
    place = {state: i for i, state in enumerate(problem.states)}
    sums = frame.group_by("state", "year").agg(pl.col(column).sum())
    for state, year, value in sums.iter_rows():
        if state in place and problem.years[0] <= year <= problem.years[-1]:
            found[place[state], year - problem.years[0]] = value
    return found


# ---------------------------------------------------------------- the marginal euro


def marginal(problem: Problem, one: Case, plan: Plan | None) -> pl.DataFrame:
    """Return what one more 0.1 % of GDP of equipment a year does to debt and to the shortfall.

    The shortfall removed is the money times the plan's prices of its purse, year by year. Prices are those
    of the linear relaxation at the plan: they hold for a small change, and no saving is claimed in a year
    whose purse does not bind.

    Parameters
    ----------
    problem : Problem
    one : Case
        Policy ``plan``.
    plan : Plan, optional
        The plan of purchases of the case; without it the shortfall is unknown.
    """
    first, last = problem.forecasts + 1, problem.column(MARGINAL_UNTIL)
    last = min(last, problem.years.size - 1)
    added = np.zeros_like(one.out.accrual)
    added[:, first : last + 1] = MARGINAL_PCT
    more = case(
        problem, one.source, one.policy,
        replace(one.out, accrual=one.out.accrual + added, cash=one.out.cash + added),
    )  # fmt: skip
    change = (more.result.debt - one.result.debt)[:, last]
    owed = [part.debt[:, last] * part.gdp[:, last] / 100.0 for part in (more.result, one.result)]
    spent = added / 100.0 * one.result.gdp
    removed = np.full(len(problem.states), np.nan)
    if plan is not None:
        prices = plan.tables["rows"].filter(pl.col("rule").is_in(MONEY_RULES)).drop_nulls("year")
        # The plan's prices are of money in its own, constant prices.
        bought = added / 100.0 * np.nan_to_num(amounts_of(problem, plan).gdp)
        removed = (bought * _grid(problem, prices, "price")).sum(axis=1)
    return by_state(
        problem,
        {
            "source": one.source, "first_year": int(problem.years[first]),
            "last_year": int(problem.years[last]), "added_meur": spent.sum(axis=1),
            "debt_year": int(problem.years[last]), "debt": change, "debt_meur": owed[0] - owed[1],
            "gap_years": removed,
        },
    )  # fmt: skip


# ---------------------------------------------------------------- what comes back


def returns_of(problem: Problem, source: str, plan: Plan) -> pl.DataFrame:
    """Return value added, output, jobs and taxes at home of one plan.

    A line of several countries counts in equal parts. What other members order from a line at home counts
    at home; sustainment is paid by the owner and done at home.
    """
    lines = dict(plan.inputs["lines"].select("line_id", "country").iter_rows())
    home, abroad = (np.zeros_like(problem.spb) for _ in range(2))
    place = {state: i for i, state in enumerate(problem.states)}
    sums = delivered(plan).group_by("state", "year", "line_id").agg(pl.col("value_meur").sum())
    for buyer, year, line, value in sums.sort("state", "year", "line_id").iter_rows():
        if buyer not in place or not problem.years[0] <= year <= problem.years[-1]:
            continue
        t = year - problem.years[0]
        countries = [part.strip() for part in re.split(r"[;/]", lines.get(line) or "") if part.strip()]
        at_home = [country for country in countries if country in place]
        for country in at_home:
            home[place[country], t] += value / len(countries)
        abroad[place[buyer], t] += value * (1.0 - len(at_home) / len(countries) if countries else 1.0)
    kept = _grid(problem, plan.tables["payments"].filter(kind="sustainment"), "amount_meur")
    back = returns(problem, home, abroad, kept)
    values: dict[str, FloatArray | str] = {
        "source": source, "home_meur": home, "abroad_meur": abroad, "sustainment_meur": kept,
    }  # fmt: skip
    for name in ("value_added", "gdp", "jobs", "taxes"):
        unit = name if name == "jobs" else f"{name}_meur"
        low, central, high = getattr(back, name)
        values |= {unit: central, f"{unit}_low": low, f"{unit}_high": high}
    years = plan.tables["money"]["year"].to_numpy()
    first = int(years.min(initial=problem.years[-1])) if years.size else int(problem.years[0])
    return by_year(problem, values, first)


# ---------------------------------------------------------------- alone against together


MEASURES: Final[tuple[tuple[str, str, Callable[[Projection], FloatArray]], ...]] = (
    ("debt", "% of GDP", lambda result: result.debt),
    ("debt", "EUR million, nominal", lambda result: result.debt * result.gdp / 100.0),
    ("interest", "EUR million, nominal", lambda result: result.interest * result.gdp / 100.0),
    ("balance", "% of GDP", lambda result: result.balance),
)


def fragmentation(
    problem: Problem, national: Case, joint: Case, plans: Mapping[str, Plan], equal: Mapping[str, Any] | None
) -> pl.DataFrame:
    """Set the public finances of the plan alone beside those of the plan together.

    With the same money both spend alike and the plan together leaves less shortfall. *Equal* takes the
    saving at equal capability (compare.json) off all payments of the plan alone, in each state and year
    in proportion: what the states would owe if they bought the national capability together. Its interval
    is that of the saving; where it is not proven it contains the plan alone.
    """
    plan = plans["national"]
    cheaper = [cheaper_by(problem, national, plan, share) for share in saving(equal)]
    last = problem.years.size - 1
    rows: list[list[object]] = []
    short = {mode: gap_years_by_state(plans[mode], facts_of(plans[mode].inputs)) for mode in plans}
    for i, state in enumerate(problem.states):
        alone = short["national"][state]
        same = [alone] * 3 if cheaper else [None] * 3
        rows.append([state, "shortfall", None, "gap-years", alone, short["joint"][state], *same])
        for t in sorted({min(problem.column(MARGINAL_UNTIL), last), last}):
            for measure, unit, of in MEASURES:
                alone_is, together_is, *equals = (
                    float(of(one)[i, t]) for one in (national.result, joint.result, *cheaper)
                )
                found = [equals[0], min(equals), max(equals)] if equals else [None] * 3
                rows.append([state, measure, int(problem.years[t]), unit, alone_is, together_is, *found])
    names = ["state", "measure", "year", "unit", "national", "joint", "equal", "equal_low", "equal_high"]
    return joined("fragmentation", [pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)])


def saving(equal: Mapping[str, Any] | None) -> list[float]:
    """Return the share of the cost alone that buying together saves at equal capability: value, low, high."""
    if not equal or not equal["national_cost_meur"]:
        return []
    amounts = [equal["difference_meur"], *equal["interval"]]
    if any(amount is None for amount in amounts):
        return []
    return [float(amount) / float(equal["national_cost_meur"]) for amount in amounts]


def cheaper_by(problem: Problem, one: Case, plan: Plan, share: float) -> Projection:
    """Project a case whose plan pays less by one share in every year."""
    amounts = amounts_of(problem, plan)
    known = ~np.isnan(amounts.gdp)
    ratio = np.where(known, 100.0 * share / np.where(known, amounts.gdp, 1.0), 0.0)
    out = replace(
        one.out,
        cash=one.out.cash - amounts.paid * ratio,
        accrual=one.out.accrual - (amounts.paid - amounts.ahead) * ratio,
    )
    return case(problem, one.source, one.policy, out).result
