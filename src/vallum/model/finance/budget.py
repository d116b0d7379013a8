"""Classes of outlays, and defence against the shares of the Hague declaration."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vallum.core.errors import BadInput
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.scenarios import baseline_gdp
from vallum.region import Region

BoolArray = npt.NDArray[np.bool_]

HAGUE_CLASSES = ("core", "related", "total")
"""Classes of the declaration, in the order of every first axis."""

ROUNDING = 1e-9
"""What a share may miss its target by, % of GDP, so that rounding alone fails none."""


@dataclass(frozen=True, slots=True, eq=False)
class Hague:
    """Defence against the declaration; C classes as `HAGUE_CLASSES`, S states, T years.

    Attributes
    ----------
    core, related, total : FloatArray, shape (S, T)
        Counted shares, % of GDP; related ones up to the rule `hague_related`.
    target : FloatArray, shape (C,)
        Shares that the declaration asks for, % of GDP.
    required : FloatArray, shape (C, S, T)
        Indicative path to the target, % of GDP; nan before the last forecast year.
    gap, gap_meur : FloatArray, shape (C, S, T)
        What lacks of the target, % of GDP and EUR million; 0 where it is met.
    met : BoolArray, shape (C, S, T)
        The target is met in the year.
    first_met : FloatArray, shape (C, S)
        First year in which it is met; nan if in none.
    """

    core: FloatArray
    related: FloatArray
    total: FloatArray
    target: FloatArray
    required: FloatArray
    gap: FloatArray
    gap_meur: FloatArray
    met: BoolArray
    first_met: FloatArray


def classify(region: Region) -> pl.DataFrame:
    """Return what each outlay counts as.

    Returns
    -------
    polars.DataFrame
        Columns `outlay`, `budget_class` (core or related), `accounting` (payment, or delivery as for military
        equipment, ESA 2010), `rule` and `basis`, sorted by outlay. A basis of `assumption` marks a reading
        of the declaration that its text does not settle.

    Raises
    ------
    BadInput
        If the region has no classes of outlays.
    """
    table = region.tables["outlay_classes"]
    if table.is_empty():
        raise BadInput(
            f"The region {region.name} has no table outlay_classes, so no outlay has a class",
            where="outlay_classes.csv",
            rule="classes of outlays",
            remedy="Add a row for each kind of outlay, with its class, accounting and rule.",
        )
    return table.select("outlay", "budget_class", "accounting", "rule", "basis").sort("outlay")


def hague(problem: Problem, core: FloatArray, related: FloatArray, gdp: FloatArray | None = None) -> Hague:
    """Hold defence against the Hague Summit Declaration of 25 June 2025, paragraphs 2 and 3.

    The declaration asks for 5 % of GDP by 2035: at least 3.5 % core, and up to 1.5 % related. So related
    outlays count up to their cap and never as core; core above its share counts for the total, but not as
    related. It leaves the way to the target to yearly national plans. The path here is a straight line from
    the share of the last forecast year, or from the target where that is met already: indicative, no rule.

    Parameters
    ----------
    problem : Problem
        With the rules `hague_core_defence`, `hague_related` and `hague_target_year`.
    core, related : FloatArray, shape (S, T)
        % of GDP.
    gdp : FloatArray, shape (S, T), optional
        Nominal GDP, EUR million; that of the baseline unless given.

    Returns
    -------
    Hague

    Raises
    ------
    BadInput
        If a rule is missing.
    """
    least, cap = problem.rule("hague_core_defence"), problem.rule("hague_related")
    counted = np.minimum(related, cap)
    share = np.stack([core, counted, core + counted])
    target = np.array([least, cap, least + cap])
    wanted = target[:, None, None]
    met = share >= wanted - ROUNDING
    gap = np.where(met, 0.0, wanted - share)
    return Hague(
        core=share[0],
        related=share[1],
        total=share[2],
        target=target,
        required=_line(problem, share, wanted),
        gap=gap,
        gap_meur=gap / 100.0 * (baseline_gdp(problem) if gdp is None else gdp),
        met=met,
        first_met=np.where(met.any(axis=-1), problem.years[met.argmax(axis=-1)], np.nan),
    )


def _line(problem: Problem, share: FloatArray, target: FloatArray) -> FloatArray:
    """Straight line from the last forecast year to the target year, level afterwards."""
    start = problem.years[problem.forecasts]
    span = max(problem.rule("hague_target_year") - start, 0.0)
    since = problem.years - start
    weight = np.clip(since / span, 0.0, 1.0) if span else np.ones(since.size)
    now = np.minimum(share[..., problem.forecasts, None], target)
    return np.where(since < 0, np.nan, now + (target - now) * weight)
