"""The outlook of each source of outlays under each policy, as tables."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from vallum.model.finance.budget import HAGUE_CLASSES, classify, hague
from vallum.model.finance.ceiling import REGIME_NAMES, regimes
from vallum.model.finance.criteria import HORIZON, TESTED, required
from vallum.model.finance.fan import JUDGED_YEARS, Shocks, fan
from vallum.model.finance.indicators import indicators
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.projection import Projection, project
from vallum.model.finance.reader import problem as read_problem
from vallum.model.finance.returns import crowding
from vallum.model.finance.safe import Gain, gain, loan_schedule
from vallum.model.finance.scenarios import POLICIES, Outlays, Policy, outlays, paths
from vallum.plan.fiscal.frames import by_state, by_year, joined
from vallum.plan.fiscal.tables import LEVEL_NAMES
from vallum.region import Region

__all__ = ["Case", "case", "cases", "loan_tables", "outlook_tables", "region_tables"]

BUDGET = "budget"
CORE, TOTAL = (HAGUE_CLASSES.index(name) for name in ("core", "total"))
PLAN_LENGTHS = (4, 7)
"""Years of an adjustment: Reg. (EU) 2024/1263, Art. 6 and 14."""

CRITERION_FIELDS = {"technical": "technical_spb"}
"""Names of criteria that differ from their fields."""

NOTHING_MEUR = 1e-6
"""An amount of a euro or less is what rounding leaves of a loan that is repaid."""

INDICATED = ("no_policy_change", "with_ageing", "plan", "five", "core_3_5", "six")
"""Policies whose sustainability gaps are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One policy with one source of outlays, projected.

    Attributes
    ----------
    source : str
        budget, national or joint.
    policy : Policy
    out : Outlays
        Outlays; of the policy for the budget, of the plan of purchases otherwise.
    result : Projection
        Arrays of shape (S, T).
    """

    source: str
    policy: Policy
    out: Outlays
    result: Projection


def cases(problem: Problem, given: Mapping[str, Outlays]) -> list[Case]:
    """Project every policy for the budget, and those that keep the plan for each plan of purchases."""
    found = []
    for policy in POLICIES.values():
        found.append(case(problem, BUDGET, policy, outlays(problem, policy)))
        if policy.defence == "plan":
            found.extend(case(problem, source, policy, out) for source, out in given.items())
    return found


def case(problem: Problem, source: str, policy: Policy, out: Outlays) -> Case:
    """Project one policy with one source of outlays."""
    return Case(source, policy, out, project(problem, paths(problem, policy, out)))


def outlook_tables(problem: Problem, found: Iterable[Case], drawn: Shocks) -> dict[str, pl.DataFrame]:
    """Return the tables that have rows for each policy and source."""
    parts: dict[str, list[pl.DataFrame]] = {}
    listed = list(found)
    official = {
        ageing: next(c.result for c in listed if c.policy.name == name)
        for ageing, name in ((False, "no_policy_change"), (True, "with_ageing"))
    }
    for one in listed:
        keys = {"source": one.source, "policy": one.policy.name}
        for name, frame in _rows(problem, one, official[one.policy.ageing], drawn).items():
            parts.setdefault(name, []).append(
                frame.with_columns(*(pl.lit(value).alias(key) for key, value in keys.items()))
            )
    return {name: joined(name, frames) for name, frames in parts.items()}


def _rows(problem: Problem, one: Case, official: Projection, drawn: Shocks) -> dict[str, pl.DataFrame]:
    after = int(problem.years[problem.forecasts])
    rules = regimes(problem, one.result, one.out.accrual)
    commitment = hague(problem, one.out.cash, one.out.related)
    cut, back = crowding(problem, one.result), crowding(problem, one.result, official)
    opened = fan(problem, one.result, drawn, reference=problem.rule("debt_reference_value"))
    spread = {name: opened.debt[:, i] for i, name in enumerate(LEVEL_NAMES)}
    result = one.result
    return {
        "projection": by_year(
            problem,
            {
                "debt": result.debt, "balance": result.balance, "primary": result.primary,
                "structural": result.structural, "interest": result.interest,
                "interest_meur": result.interest * result.gdp / 100.0, "financing": result.financing,
                "stock_flow": result.stock_flow, "defence": one.out.accrual, "gap": result.gap,
                "real_growth": result.real_growth, "nominal_growth": result.nominal_growth,
                "implicit_rate": result.implicit, "gdp_meur": result.gdp, "loan_meur": result.loan,
            },
        ),
        "fan": by_year(problem, {**spread, "above_reference": opened.above}, after),
        "regimes": by_year(
            problem,
            {
                "observed": rules.observed, "ceiling": rules.ceiling,
                "published": ~rules.substituted, "excess": rules.excess,
                "control": rules.control, "room": rules.room, "left": rules.left,
                "regime": np.array(REGIME_NAMES)[rules.regime],
            },
            max(int(problem.rule("nec_first_year")), int(problem.years[0]) + 1),
        ),
        "cliff": by_state(
            problem,
            {
                "year": int(problem.rule("nec_last_year")) + 1,
                "cliff": rules.cliff,
                "cliff_meur": rules.cliff_meur,
            },
        ),
        "hague": by_year(
            problem,
            {
                "core": commitment.core, "related": one.out.related, "counted": commitment.related,
                "total": commitment.total, "required": commitment.required[TOTAL],
                "core_met": commitment.met[CORE], "met": commitment.met[CORE] & commitment.met[TOTAL],
            },
            after,
        ),
        "crowding": by_year(
            problem,
            {
                "to_reference": cut.first_round.pct_gdp,
                "to_reference_feedback": cut.with_feedback.pct_gdp,
                "to_baseline": back.first_round.pct_gdp,
                "to_reference_meur": cut.first_round.meur,
                "of_spending": cut.first_round.pct_expenditure,
            },
            after,
        ),
    }  # fmt: skip


def loan_tables(problem: Problem, found: Iterable[Case], *, seed: int) -> dict[str, pl.DataFrame]:
    """Return the loan of each source year by year and as a whole."""
    years, sums = [], []
    for one in found:
        if one.policy.name == "plan":
            worth = gain(problem, one.out.draws, seed=seed)
            source = pl.lit(one.source).alias("source")
            years.append(_loan_years(problem, one, worth).with_columns(source))
            sums.append(_loan_sum(problem, one, worth).with_columns(source))
    return {"loan": joined("loan", years), "loan_sum": joined("loan_sum", sums)}


def _loan_years(problem: Problem, one: Case, worth: Gain) -> pl.DataFrame:
    plan = loan_schedule(problem, one.out.draws)
    rows = {
        "draw_meur": plan.draws, "interest_meur": plan.interest, "principal_meur": plan.principal,
        "balance_meur": plan.balance, "gain_meur": worth.yearly, "relief_meur": worth.relief,
    }  # fmt: skip
    keys = {
        "state": np.repeat(problem.states, plan.years.size),
        "year": np.tile(plan.years, len(problem.states)),
    }
    frame = pl.DataFrame({**keys, **{name: values.ravel() for name, values in rows.items()}})
    return frame.filter(pl.any_horizontal(pl.col(list(rows)).abs() > NOTHING_MEUR))


def _loan_sum(problem: Problem, one: Case, worth: Gain) -> pl.DataFrame:
    loans, drawn = problem.loans, one.out.draws.sum(axis=1)
    within = worth.yearly[:, : problem.years.size]
    used = np.cumsum(one.out.draws, axis=1) > 0.0
    share = np.where(used, 100.0 * within / one.result.gdp, np.nan)
    life = (loan_schedule(problem, one.out.draws).balance > NOTHING_MEUR).sum(axis=1)
    vat = problem.settings["vat_pct"] / 100.0
    return by_state(
        problem,
        {
            "allocation_meur": loans.allocation, "adopted_meur": loans.loan,
            "prefinancing_meur": loans.prefinancing, "drawn_meur": drawn,
            "rate": loans.rate, "national_rate": loans.national,
            "gain_mean_meur": worth.yearly.sum(axis=1) / np.maximum(life, 1),
            "gain_mean": _mean(share),
            "present_meur": worth.present, "present_p10_meur": worth.present_low,
            "present_p90_meur": worth.present_high, "present_dear_meur": worth.present_dear,
            "present_cheap_meur": worth.present_cheap, "vat_meur": drawn * vat,
        },
    )  # fmt: skip


def _mean(values: FloatArray) -> FloatArray:
    """Mean of each row without empty cells; 0 for a row that has none."""
    count = (~np.isnan(values)).sum(axis=1)
    mean: FloatArray = np.nansum(values, axis=1) / np.maximum(count, 1)
    return mean


def region_tables(
    problem: Problem, region: Region, found: Iterable[Case], drawn: Shocks
) -> dict[str, pl.DataFrame]:
    """Return the tables that no source of outlays changes."""
    wide = criteria_problem(region)
    titles = [{"policy": p.name, "title": p.title, "defence": p.defence} for p in POLICIES.values()]
    replaced = [
        {"state": s.state, "input": s.input, "used": s.used, "reason": s.reason} for s in problem.substitutes
    ]
    rules = region.tables["safe_rules"].select("rule", "value", "unit", "article", "confidence")
    plants = (
        region.tables["industry"]
        .filter(pl.col("country").is_in(problem.states))
        .select(
            pl.col("country").alias("state"),
            "plant_id",
            "product",
            "start_year",
            "invest_meur",
            "jobs",
            "status",
        )
    )
    return {
        "policies": joined("policies", [pl.DataFrame(titles)]),
        "outlays": joined("outlays", [classify(region)]),
        "rules": joined("rules", [rules]),
        "plants": joined("plants", [plants]),
        "substitutes": joined("substitutes", [pl.DataFrame(replaced)] if replaced else []),
        "indicators": joined("indicators", list(_indicators(problem, found))),
        "criteria": joined("criteria", [_criteria(wide, years, drawn) for years in PLAN_LENGTHS]),
    }


def _indicators(problem: Problem, found: Iterable[Case]) -> Iterator[pl.DataFrame]:
    for one in found:
        if one.source == BUDGET and one.policy.name in INDICATED:
            gaps = indicators(problem, one.result)
            yield by_state(problem, {"policy": one.policy.name, "s1": gaps.s1, "s2": gaps.s2})


def _criteria(problem: Problem, plan_years: int, drawn: Shocks) -> pl.DataFrame:
    """Rows of one length of plan: each criterion, the technical information, and the balance that applies."""
    # Too short a projection has too few years of shocks, so the criterion that needs them is left open.
    enough = drawn.rate.shape[1] >= JUDGED_YEARS
    asked = required(problem, plan_years, drawn if enough else None)
    rows = []
    for i, state in enumerate(problem.states):
        for criterion in (*TESTED, "technical", "debt_safeguard", "required", "official_basis"):
            value = float(getattr(asked, CRITERION_FIELDS.get(criterion, criterion))[i])
            note = ""
            if np.isneginf(value):
                note = "Every balance meets it."
            elif np.isnan(value):
                note = asked.reasons[i] or "Not judged."
            elif criterion == "official_basis":
                note = (
                    "Technical information (Art. 9)."
                    if asked.technical[i]
                    else "Reference trajectory (Art. 6)."
                )
            spb = value if np.isfinite(value) else None
            rows.append((state, plan_years, criterion, spb, note, criterion == asked.binding[i]))
    names = ["state", "plan_years", "criterion", "spb", "note", "binding"]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def criteria_problem(region: Region) -> Problem:
    """Return the fiscal problem as far as the criteria look: ten years beyond the longest adjustment."""
    ends = region.tables["fiscal_longrun"].group_by("state").agg(pl.col("year").max())["year"]
    base = int(region.tables["fiscal_inputs"]["year"].to_numpy().min())
    return read_problem(region, min(int(ends.to_numpy().min()), base + max(PLAN_LENGTHS) + HORIZON))
