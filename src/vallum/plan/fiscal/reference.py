"""Official figures beside ours."""

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import polars as pl

from vallum.model.finance.problem import FloatArray, Problem
from vallum.plan.fiscal.frames import joined
from vallum.plan.fiscal.outlook import Case
from vallum.region import Region

__all__ = ["beside"]

Measure = Callable[[Case], FloatArray]

MEASURES: Final[dict[tuple[str, str], Measure]] = {
    ("debt_ratio", "pct_gdp"): lambda one: one.result.debt,
    ("balance", "pct_gdp"): lambda one: one.result.balance,
    ("real_gdp_growth", "pct"): lambda one: one.result.real_growth,
    ("defence_spending", "pct_gdp"): lambda one: one.out.accrual,
    ("interest_expense", "pct_gdp"): lambda one: one.result.interest,
    ("interest_expense", "eur_mn_lower_bound"): lambda one: one.result.interest * one.result.gdp / 100.0,
}
"""What our projection has for a variable in a unit."""

UNTIL: Final = "~"
"""Sorts after every date that begins alike, so that a month includes its days."""

NEAR: Final = 0.25
"""Figures this near to each other, as a share of a point or of a per cent, are the same figure rounded."""


def beside(problem: Problem, region: Region, found: Iterable[Case]) -> pl.DataFrame:
    """Set each official figure of a year beside ours without policy and with defence as planned.

    Figures without a year of ours, a number or a variable of ours are left out; the region keeps them.
    """
    budget = {one.policy.name: one for one in found if one.source == "budget"}
    rows = []
    vintage = max(region.tables["fiscal_inputs"]["source_date"]) + UNTIL
    for row in region.tables["fiscal_reference"].sort("reference_id").iter_rows(named=True):
        unit = str(row["unit"] or "").split(" (")[0]
        measure = MEASURES.get((row["variable"], unit))
        year, official = _whole(row["period"]), _number(row["value"])
        if measure is None or year is None or official is None or row["state"] not in problem.states:
            continue
        if not problem.years[0] <= year <= problem.years[-1]:
            continue
        at = problem.states.index(row["state"]), year - int(problem.years[0])
        ours = [float(measure(budget[name])[at]) for name in ("no_policy_change", "plan")]
        rows.append(
            {
                "reference_id": row["reference_id"], "state": row["state"], "variable": row["variable"],
                "year": year, "official": official, "origin": row["source"],
                "no_policy_change": _known(ours[0]), "plan": _known(ours[1]),
                "reading": reading(
                    official, *ours, same=row["source_date"] <= vintage, bound="lower_bound" in unit
                ),
            }
        )  # fmt: skip
    return joined("reference", [pl.DataFrame(rows)] if rows else [])


def reading(official: float, without: float, planned: float, *, same: bool, bound: bool = False) -> str:
    """Say what the distance of an official figure from ours tells.

    Parameters
    ----------
    official, without, planned : float
        The official figure; ours without policy and with defence as planned.
    same : bool
        Whether the figure is of the forecast that our inputs are from, or older.
    bound : bool
        Whether the official figure is a lower bound.
    """
    near = NEAR * max(1.0, abs(official) / 50.0)
    if np.isnan(without):
        return "Ours starts after the base year, which is the official figure itself."
    if bound and planned >= official:
        return "A lower bound; ours with defence as planned is above it."
    if same and abs(official - without) <= near:
        return "The forecast that our inputs are from."
    later = "" if same else "A later forecast than our inputs: "
    if abs(official - without) <= near and abs(official - planned) <= near:
        said = "near both of ours."
    elif abs(official - without) <= near:
        said = "near ours without policy: little more defence in it, or other money that pays for it."
    elif abs(official - planned) <= near:
        said = "near ours with all of the planned defence."
    elif min(without, planned) <= official <= max(without, planned):
        said = "between ours without policy and ours with all of the planned defence."
    else:
        side = "above" if official > max(without, planned) else "below"
        said = f"{side} both of ours; its growth, revenue or cash differ."
    return (later + said)[:1].upper() + (later + said)[1:]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
