"""Policies: what each assumes of defence, of rules and of the world, and the paths that follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.projection import Paths
from vallum.model.finance.safe import loan_schedule

Defence = Literal["embedded", "plan", "five_pct", "core_pct", "raised_pct"]

PHASE_YEARS = 2
"""Years over which the balance of the policy `lower_balance` falls (four-year plans)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One scenario.

    Attributes
    ----------
    name, title : str
        Short name, and what it is in words.
    defence : {"embedded", "plan", "five_pct", "core_pct", "raised_pct"}
        Defence as in the official forecast, as planned, or at the share of a setting from its year on.
    ageing : bool
        Whether the cost of ageing is counted.
    loans : bool
        Whether SAFE loans finance a part.
    lower_balance, adverse, stress : bool
        Tests of the EU criteria.
    safe_ends, clause_ends, cohesion_ends, rates_rise, output_falls : bool
        SAFE is withdrawn, and own bonds pay; what the escape clause allowed is cut elsewhere when it ends;
        cohesion money ends; rates rise; output falls for good.
    """

    name: str
    title: str
    defence: Defence = "plan"
    ageing: bool = True
    loans: bool = True
    lower_balance: bool = False
    adverse: bool = False
    stress: bool = False
    safe_ends: bool = False
    clause_ends: bool = False
    cohesion_ends: bool = False
    rates_rise: bool = False
    output_falls: bool = False


_LIST = (
    Policy("no_policy_change", "No policy change", "embedded", ageing=False, loans=False),
    Policy("with_ageing", "No policy change, with ageing", "embedded", loans=False),
    Policy("plan", "Defence as planned"),
    Policy("five", "Defence held at 5 % of GDP", "five_pct"),
    Policy("core_3_5", "Defence cut to 3.5 % of GDP", "core_pct"),
    Policy("six", "Defence raised to 6 % of GDP", "raised_pct"),
    Policy("lower_balance", "Plan with a lower balance", lower_balance=True),
    Policy("adverse", "Plan with adverse r-g", adverse=True),
    Policy("stress", "Plan with financial stress", stress=True),
    Policy("safe_withdrawn", "Plan with SAFE withdrawn", safe_ends=True),
    Policy("clause_ended", "Plan with the clause's excess cut in 2029", clause_ends=True),
)

POLICIES: Mapping[str, Policy] = MappingProxyType({policy.name: policy for policy in _LIST})
"""The scenarios that are always computed."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlays:
    """Defence outlays of the members.

    Attributes
    ----------
    accrual, cash : FloatArray, shape (S, T)
        Core defence as it hits the deficit (equipment on delivery) and as it is paid, % of GDP.
    related : FloatArray, shape (S, T)
        Defence-related outlays outside the defence budget, % of GDP.
    draws : FloatArray, shape (S, T)
        SAFE loans drawn, EUR million, nominal.
    """

    accrual: FloatArray
    cash: FloatArray
    related: FloatArray
    draws: FloatArray


def defence_path(problem: Problem, defence: Defence, planned: FloatArray) -> FloatArray:
    """Return core defence by policy, % of GDP, shape (S, T).

    A target share is reached in a straight line from the last forecast year to the setting `policy_year`.
    It is a share of all core defence, so what a loan pays on top of the budget is within it.

    Parameters
    ----------
    problem : Problem
    defence : {"embedded", "plan", "five_pct", "core_pct", "raised_pct"}
    planned : FloatArray, shape (S, T)
        Core defence as planned, with what is on top of the budget, % of GDP.
    """
    if defence == "embedded":
        return problem.embedded
    if defence == "plan":
        return planned
    start = problem.forecasts
    end = problem.column(problem.number("policy_year"))
    weight = np.clip((np.arange(problem.years.size) - start) / max(end - start, 1), 0.0, 1.0)
    now = planned[:, start : start + 1]
    target = now + (problem.setting(defence) - now) * weight
    return np.where(np.arange(problem.years.size) <= start, planned, target)


def outlays(problem: Problem, policy: Policy) -> Outlays:
    """Return the outlays of a policy when no plan of purchases is given.

    A part of each loan (`Loans.additional`) is spent on top of the budget. What is drawn before it is
    delivered raises debt at once and the deficit on delivery (section 6 of the method).
    """
    if not policy.loans:
        core = defence_path(problem, policy.defence, problem.plan)
        return Outlays(core, core, problem.related, np.zeros_like(core))
    on_top, ahead = loan_spending(problem)
    accrual = defence_path(problem, policy.defence, problem.plan + on_top)
    return Outlays(accrual, accrual + ahead, problem.related, problem.loans.draws)


def loan_spending(problem: Problem) -> tuple[FloatArray, FloatArray]:
    """Return what the expected draws pay on top of the budget, and what is drawn less what is delivered.

    Both in % of GDP, of shape (S, T).
    """
    loans, ratio = problem.loans, 100.0 / baseline_gdp(problem)
    return loans.additional[:, None] * loans.delivered * ratio, (loans.draws - loans.delivered) * ratio


def baseline_gdp(problem: Problem) -> FloatArray:
    """Return nominal GDP without any policy, EUR million, shape (S, T)."""
    level = (1.0 + problem.gap / 100.0) / (1.0 + problem.gap[:, :1] / 100.0)
    factors = (1.0 + problem.potential_growth / 100.0) * (1.0 + problem.deflator / 100.0)
    factors[:, 0] = 1.0
    gdp: FloatArray = problem.gdp[:, None] * np.cumprod(factors, axis=1) * level
    return gdp


def clause_room(problem: Problem, core: FloatArray) -> FloatArray:
    """Return what the escape clause allows, % of GDP, shape (S, T) (equation 11).

    x = min(1.5, max(0, D - D2021)) in the years of the clause, else 0; Reg. (EU) 2024/1263, Art. 26.
    """
    inside = (problem.years >= problem.rule("nec_first_year")) & (
        problem.years <= problem.rule("nec_last_year")
    )
    excess = np.clip(core - problem.reference[:, None], 0.0, problem.rule("nec_max_deviation"))
    return np.where(inside, excess, 0.0)


def paths(problem: Problem, policy: Policy, given: Outlays | None = None) -> Paths:
    """Turn a policy into the paths that `project` takes.

    Parameters
    ----------
    problem : Problem
    policy : Policy
    given : Outlays, optional
        Outlays of a plan of purchases; those of the policy unless given.

    Returns
    -------
    Paths
        Arrays of shape (S, T).
    """
    out = outlays(problem, policy) if given is None else given
    draws = _draws(problem, policy, out)
    years, start = np.arange(problem.years.size), problem.forecasts
    embedded = policy.defence == "embedded"
    defence = -(out.accrual - problem.embedded)
    new = np.maximum(out.related - out.related[:, start : start + 1], 0.0) * (years > start)
    other = np.zeros_like(defence) if embedded else -problem.setting("related_new_share") * new
    other = other + _other(problem, policy, out)
    # Money from outside that ends takes all of itself off demand; what the budget replaces is in `other`.
    lost = _cohesion(problem, policy)
    impulse = problem.setting("defence_multiplier") * _change(defence) + problem.setting("multiplier") * (
        _change(other) + _change(lost)
    )
    spb = problem.spb + defence + other + _output_loss(problem, policy)
    if policy.ageing:
        spb = spb + problem.ageing
    short, long, growth = _world(problem, policy)
    plan = loan_schedule(problem, draws)
    return Paths(
        spb=spb,
        impulse=impulse,
        rate_short=short,
        rate_long=long,
        growth=growth,
        stock_flow=problem.stock_flow + (out.cash - out.accrual) / 100.0 * baseline_gdp(problem),
        draws=draws,
        principal=plan.principal[:, : problem.years.size],
        loan_rate=problem.loans.rate,
        stress=start + 1 if policy.stress else None,
    )


def _draws(problem: Problem, policy: Policy, out: Outlays) -> FloatArray:
    """Draws of SAFE loans; once it is withdrawn the same purchases are paid with own bonds."""
    if not policy.safe_ends:
        return out.draws
    return out.draws * (1.0 - _from(problem, "safe_end_year"))


def _change(path: FloatArray) -> FloatArray:
    """Change on the year before, nought in the base year."""
    return np.diff(path, prepend=path[:, :1], axis=1)


def _from(problem: Problem, setting: str) -> FloatArray:
    """1 from the year of a setting on, 0 before, shape (T,)."""
    return (problem.years >= problem.number(setting)).astype(float)


def _cohesion(problem: Problem, policy: Policy) -> FloatArray:
    """Cohesion money lost, % of GDP, shape (S, T)."""
    if not policy.cohesion_ends:
        return np.zeros_like(problem.spb)
    return problem.setting("cohesion_pct_gdp") * _from(problem, "cohesion_end_year")


def _other(problem: Problem, policy: Policy, out: Outlays) -> FloatArray:
    """What a policy does to the balance apart from defence, % of GDP, shape (S, T)."""
    years = np.arange(problem.years.size)
    change = -_cohesion(problem, policy) * problem.setting("cohesion_replaced_share")
    if policy.lower_balance:
        phase = np.clip((years - problem.forecasts) / PHASE_YEARS, 0.0, 1.0)
        change = change - problem.setting("lower_balance_pp") * phase
    if policy.clause_ends:
        room = clause_room(problem, out.accrual)
        last = problem.column(problem.rule("nec_last_year"))
        if last < years.size:
            change = change + room[:, last : last + 1] * (years > last)
    return change


def _output_loss(problem: Problem, policy: Policy) -> FloatArray:
    """Structural balance lost with output for good: spending stays, revenue goes; % of GDP, shape (S, T)."""
    if not policy.output_falls:
        return np.zeros_like(problem.spb)
    loss = problem.setting("output_fall_pct") * _from(problem, "solidarity_year")
    return -problem.elasticity[:, None] * loss


def _world(problem: Problem, policy: Policy) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Market rates and potential growth of a policy, each of shape (S, T)."""
    short, long = problem.rate_short.at(problem.years), problem.rate_long.at(problem.years)
    growth = problem.potential_growth.copy()
    if policy.adverse:
        after = np.arange(problem.years.size) > problem.forecasts
        short = short + problem.setting("adverse_rate_pp") * after
        long = long + problem.setting("adverse_rate_pp") * after
        growth = growth - problem.setting("adverse_growth_pp") * after
    if policy.rates_rise:
        rise = problem.setting("rates_rise_pp") * _from(problem, "solidarity_year")
        short, long = short + rise, long + rise
    if policy.output_falls:
        year = problem.column(problem.number("solidarity_year"))
        if year < problem.years.size:
            # One year's growth carries the whole fall of the level.
            fall = problem.settings["output_fall_pct"] / 100.0
            growth[:, year] = 100.0 * ((1.0 + growth[:, year] / 100.0) * (1.0 - fall) - 1.0)
    return short, long, growth
