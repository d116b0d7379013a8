"""The end of solidarity: which rule breaks first when European money ends, rates rise or output falls."""

import itertools
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from vallum.model.finance.budget import hague
from vallum.model.finance.ceiling import OUTSIDE, regimes
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.projection import Projection
from vallum.model.finance.scenarios import POLICIES, Outlays, Policy
from vallum.plan.fiscal.outlook import Case, case

__all__ = ["COMBINATIONS", "breaches", "combined", "ended", "lost"]

ENDS: Final = ("safe", "cohesion", "rates", "output")
"""What may end: SAFE, cohesion money, low rates, and output as it is."""

COMBINATIONS: Final = tuple(
    parts for size in range(len(ENDS) + 1) for parts in itertools.combinations(ENDS, size)
)
"""Every combination, none first and all last."""


def combined(parts: tuple[str, ...]) -> str:
    """Name a combination."""
    return "+".join(parts) or "none"


def ended(parts: tuple[str, ...]) -> Policy:
    """Return the policy `plan` with some of the world's help ended."""
    return replace(
        POLICIES["plan"],
        name=combined(parts),
        safe_ends="safe" in parts,
        cohesion_ends="cohesion" in parts,
        rates_rise="rates" in parts,
        output_falls="output" in parts,
    )


def breaches(problem: Problem, source: str, out: Outlays) -> pl.DataFrame:
    """Return the first year in which each rule is broken, for every combination and state.

    Years from the first one after the official forecast's base on are judged. The rules: deficit (balance
    below the reference value), deficit beyond clause (below it by more than the escape clause explains),
    debt (above the reference value), net expenditure (outside the ceiling and the clause) and Hague core
    (core defence below its target from the target year on).
    """
    rows = []
    for parts in COMBINATIONS:
        one = case(problem, source, ended(parts), out)
        for i, state in enumerate(problem.states):
            found = {rule: _first(amount[i], problem) for rule, amount in excesses(problem, one).items()}
            years = [year for year, _ in found.values() if year is not None]
            for rule, (year, amount) in found.items():
                first = year is not None and year == min(years)
                rows.append((source, combined(parts), state, rule, year, amount, first))
    names = ["source", "combination", "state", "rule", "year", "amount", "first"]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def excesses(problem: Problem, one: Case) -> dict[str, FloatArray]:
    """Return by how much each rule is broken, shape (S, T); nought or less where it is kept."""
    result, limit = one.result, problem.rule("deficit_reference_value")
    rules = regimes(problem, result, one.out.accrual)
    commitment = hague(problem, one.out.cash, one.out.related)
    deficit = np.nan_to_num(-result.balance - limit, nan=0.0)
    due = problem.years >= problem.rule("hague_target_year")
    return {
        "deficit": deficit,
        "deficit beyond clause": deficit - rules.room,
        "debt": result.debt - problem.rule("debt_reference_value"),
        "net expenditure": np.where(rules.regime == OUTSIDE, -np.minimum(rules.left, rules.left_year), 0.0),
        "Hague core": np.where(due, problem.rule("hague_core_defence") - commitment.core, 0.0),
    }


TOLERANCE: Final = 1e-9


def _first(amount: FloatArray, problem: Problem) -> tuple[int | None, float | None]:
    broken = np.flatnonzero(amount[1:] > TOLERANCE) + 1
    if broken.size == 0:
        return None, None
    return int(problem.years[broken[0]]), float(amount[broken[0]])


def lost(problem: Problem, plan: Projection, end: Projection) -> FloatArray:
    """Return what the end of solidarity takes from the budget, % of GDP, shape (S, T), never negative.

    The primary balance lost, and the dearer interest on the debt of the plan. Interest on debt that piles up
    because nobody gives way is left out: the loss is what has to give way for that debt not to come.
    """
    before = np.roll(plan.debt, 1, axis=-1)
    dearer = (end.implicit - plan.implicit) / 100.0 * before / (1.0 + plan.nominal_growth / 100.0)
    taken: FloatArray = np.maximum(np.nan_to_num(plan.primary - end.primary + dearer, nan=0.0), 0.0)
    taken[..., 0] = 0.0
    return taken
