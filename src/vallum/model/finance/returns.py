"""What defence returns to the economy, and what other spending must give way to it."""

from dataclasses import dataclass

import numpy as np

from vallum.core.errors import BadInput
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.projection import Projection

LEVELS = ("low", "central", "high")
"""Levels of every estimate, in the order of its first axis."""


@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """What outlays return; every array has shape (3, S, T), the first axis as `LEVELS`.

    Low takes every setting at its low end, high at its high end: an envelope of what is held possible, no
    quantile, and wider than any.

    Attributes
    ----------
    value_added : FloatArray
        Domestic value added, direct, in the unit of the outlays.
    gdp : FloatArray
        Effect on GDP, direct and indirect, in the unit of the outlays.
    jobs : FloatArray
        Jobs of a year that the direct value added carries.
    taxes : FloatArray
        Taxes and contributions that return, in the unit of the outlays.
    """

    value_added: FloatArray
    gdp: FloatArray
    jobs: FloatArray
    taxes: FloatArray


def returns(problem: Problem, home: FloatArray, abroad: FloatArray, sustainment: FloatArray) -> Return:
    """Estimate what outlays return.

    value added = home x `home_value_added_share` + abroad x `abroad_value_added_share`
                  + sustainment x `sustainment_value_added_share`;
    GDP = value added x `indirect_multiplier`; jobs = value added x `jobs_per_meur`;
    taxes = GDP x `revenue_share`. The settings carry their sources in fiscal_settings.csv.

    Parameters
    ----------
    problem : Problem
        With the settings named above.
    home, abroad, sustainment : FloatArray, shape (S, T)
        Bought at home, bought abroad, and sustainment; EUR million, not negative. Constant prices and
        nominal ones both serve, and the result is in the same; jobs mean something at constant prices alone.

    Returns
    -------
    Return

    Raises
    ------
    BadInput
        If a setting is missing.
    """
    added = (
        home * _levels(problem, "home_value_added_share")
        + abroad * _levels(problem, "abroad_value_added_share")
        + sustainment * _levels(problem, "sustainment_value_added_share")
    )
    gdp = added * _levels(problem, "indirect_multiplier")
    return Return(
        value_added=added,
        gdp=gdp,
        jobs=added * _levels(problem, "jobs_per_meur"),
        taxes=gdp * _levels(problem, "revenue_share"),
    )


def _levels(problem: Problem, name: str) -> FloatArray:
    """Return a setting at its low end, its value and its high end, shape (3, S, 1)."""
    central = problem.setting(name)
    low, high = problem.ranges[name]
    return np.stack([low[:, None], central, high[:, None]])


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A cut of other spending; arrays have shape (..., S, T), nan in the base year.

    Attributes
    ----------
    pct_gdp, meur, pct_expenditure : FloatArray
        % of GDP, EUR million (nominal), % of primary expenditure.
    """

    pct_gdp: FloatArray
    meur: FloatArray
    pct_expenditure: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Crowding:
    """What other spending must give way, each year on its own.

    Attributes
    ----------
    first_round : Cut
        The cut if it changed nothing else.
    with_feedback : Cut
        The cut if it lowers output, and with it revenue.
    """

    first_round: Cut
    with_feedback: Cut


def crowding(problem: Problem, projection: Projection, limit: Projection | None = None) -> Crowding:
    """Return the cut of other spending that holds the balance at a limit.

    First round: max(0, L - b), b the balance of the policy and L the limit.

    With feedback: a cut c raises the structural primary balance by c and lowers output by m c in its year
    (equations 3 and 4, m the setting `multiplier`); so the primary balance rises by c - e m c (equation 6).
    For b to rise by L - b, c = max(0, L - b) / (1 - e m). Left out is that interest weighs more on a smaller
    GDP: i m c / 100 % of GDP, i being interest in % of GDP. Left out too are cuts of the years before, which
    lower debt and still weigh on output.

    Parameters
    ----------
    problem : Problem
    projection : Projection
        Of the policy, shape (..., S, T).
    limit : Projection, optional
        Whose balance is the limit, such as the official baseline's; the reference value of the deficit
        (rule `deficit_reference_value`; TFEU, Protocol 12) unless given.

    Returns
    -------
    Crowding

    Raises
    ------
    BadInput
        If a rule or a setting is missing, or the multiplier is so large that no cut raises the balance.
    """
    kept = 1.0 - problem.elasticity[:, None] * problem.setting("multiplier")
    if (kept <= 0.0).any():
        raise BadInput(
            "The multiplier is so large that a cut of spending does not raise the balance",
            where="fiscal_settings.csv",
            rule="multiplier x elasticity of the balance below 1",
            remedy="Lower the setting multiplier.",
        )
    floor = -problem.rule("deficit_reference_value") if limit is None else limit.balance
    missing = np.maximum(floor - projection.balance, 0.0)
    return Crowding(_cut(problem, projection, missing), _cut(problem, projection, missing / kept))


def _cut(problem: Problem, projection: Projection, pct_gdp: FloatArray) -> Cut:
    """Express a cut in % of GDP in the other two units."""
    return Cut(
        pct_gdp=pct_gdp,
        meur=pct_gdp / 100.0 * projection.gdp,
        pct_expenditure=100.0 * pct_gdp / problem.primary_expenditure[:, None],
    )
