"""Net expenditure against its ceiling: equations (10) and (11), the control account, the three regimes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vallum.model.finance.criteria import required
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.projection import Projection
from vallum.model.finance.scenarios import clause_room

RegimeArray = npt.NDArray[np.int8]
BoolArray = npt.NDArray[np.bool_]

INSIDE, CLAUSE, OUTSIDE = 0, 1, 2
"""Regimes of a judged year."""

REGIME_NAMES = ("inside ceiling", "inside clause", "outside")
"""Names of the regimes, by number."""

NOT_JUDGED = -1
"""Stands for the regime of a year that no ceiling judges; it has no name."""

SUBSTITUTE_YEARS = 4
"""Years of the plan that a substitute for an unknown ceiling assumes."""

ROUNDING = 1e-9
"""What a limit may be passed by, % of GDP, so that rounding alone breaks none."""


@dataclass(frozen=True, slots=True, eq=False)
class Regimes:
    """Net expenditure of a policy against its ceiling; arrays have shape (..., S, T) unless said.

    Whatever is of a year that is not judged is nan.

    Attributes
    ----------
    judged : BoolArray, shape (T,)
        From the first year of the control account on.
    observed : FloatArray
        Growth of net expenditure under the policy, % a year (equation 10); nan in the base year only.
    ceiling : FloatArray, shape (S, T)
        Ceiling on that growth, % a year.
    substituted : BoolArray, shape (S, T)
        The ceiling is not published but that of `ceilings`: an assumption.
    excess, control : FloatArray
        Net expenditure above its ceiling: added in the year, and in sum (control account); % of GDP.
    room : FloatArray
        What the escape clause allows (x of equation 11), % of GDP; 0 outside its years.
    left, left_year : FloatArray
        Room left in sum and in the year with the clause, % of GDP. Either below 0 puts a year outside,
        unless it is inside the ceiling without the clause.
    regime : RegimeArray
        `INSIDE`, `CLAUSE` or `OUTSIDE`; `NOT_JUDGED` elsewhere.
    cliff : FloatArray, shape (..., S)
        What the clause allows in its last year, to be funded or cut in the year after, % of GDP; nan where
        the projection ends before.
    cliff_meur : FloatArray, shape (..., S)
        The same at nominal GDP of the year after, EUR million; nan where the projection ends before.
    """

    judged: BoolArray
    observed: FloatArray
    ceiling: FloatArray
    substituted: BoolArray
    excess: FloatArray
    control: FloatArray
    room: FloatArray
    left: FloatArray
    left_year: FloatArray
    regime: RegimeArray
    cliff: FloatArray
    cliff_meur: FloatArray


def regimes(problem: Problem, projection: Projection, core: FloatArray) -> Regimes:
    """Judge the net expenditure of a policy year by year.

    The excess of a year is (observed - ceiling) x E / 100, E primary expenditure in % of GDP. The control
    account is its sum since the first judged year, that of the rule `nec_first_year` (Reg. (EU) 2024/1263,
    Art. 22). A year is inside the ceiling when the account keeps the rule `control_account_total`, and what
    the year adds to a debt in it keeps `control_account_year`; an account below nought is no debt. It is
    inside the clause when both hold after the deduction of x from the account (Art. 26; equation 11).

    After the last year of the clause x is 0, yet the outlay stays in the account. So the x of that last year
    has to be funded or cut: the cliff.

    The two limits open a report on a state only where its debt is above 60 % of GDP (Reg. (EC) 1467/97 as
    amended by Reg. (EU) 2024/1264, Art. 2). Here they mark the regime of every state, so `OUTSIDE` alone
    does not say that a procedure follows.

    Parameters
    ----------
    problem : Problem
        S states, T years.
    projection : Projection
        Of the policy, shape (..., S, T).
    core : FloatArray, shape (S, T) or (..., S, T)
        Core defence as it hits the deficit, % of GDP (`Outlays.accrual`).

    Returns
    -------
    Regimes

    Raises
    ------
    BadInput
        If a rule is missing.
    """
    judged = (problem.years >= problem.rule("nec_first_year")) & (problem.years > problem.years[0])
    observed = net_growth(problem, _potential_growth(projection), projection.structural)
    growth, substituted = ceilings(problem)
    ceiling = np.where(judged, growth, np.nan)
    excess = (observed - ceiling) * problem.primary_expenditure[:, None] / 100.0
    control = np.where(judged, np.cumsum(np.where(judged, excess, 0.0), axis=-1), np.nan)
    room = clause_room(problem, core)
    total, yearly = problem.rule("control_account_total"), problem.rule("control_account_year")
    left = total + room - control
    left_year = np.where(judged, yearly - _added(control - room), np.nan)
    inside = (control <= total + ROUNDING) & (_added(control) <= yearly + ROUNDING)
    excused = (left >= -ROUNDING) & (left_year >= -ROUNDING)
    regime = np.where(inside, INSIDE, np.where(excused, CLAUSE, OUTSIDE))
    cliff, cliff_meur = _cliff(problem, room, projection.gdp)
    return Regimes(
        judged=judged,
        observed=observed,
        ceiling=ceiling,
        substituted=substituted & judged,
        excess=excess,
        control=control,
        room=room,
        left=left,
        left_year=left_year,
        regime=np.where(judged, regime, NOT_JUDGED).astype(np.int8),
        cliff=cliff,
        cliff_meur=cliff_meur,
    )


@lru_cache(maxsize=4)
def ceilings(problem: Problem) -> tuple[FloatArray, BoolArray]:
    """Return the ceiling of every year, % a year, and where it is a substitute; both of shape (S, T).

    Where the Council's ceiling is not known, equation (10) is taken on the straight line from the base
    year's structural primary balance to the least one that the criteria ask for at the end of a plan of
    four years, and on an unchanged balance afterwards: the most that the rules would allow.
    """
    start = end = problem.spb[:, 0]
    if problem.years.size > SUBSTITUTE_YEARS + 1:
        asked = required(problem, SUBSTITUTE_YEARS).official_basis
        end = np.where(np.isfinite(asked), asked, start)
    way = np.clip(np.arange(problem.years.size) / SUBSTITUTE_YEARS, 0.0, 1.0)
    line = start[:, None] + (end - start)[:, None] * way
    unknown = np.isnan(problem.ceiling)
    substitute = net_growth(problem, problem.potential_growth, line)
    return np.where(unknown, substitute, problem.ceiling), unknown


def net_growth(problem: Problem, potential_growth: FloatArray, structural: FloatArray) -> FloatArray:
    """Return growth of net expenditure, % a year, shape (..., S, T), nan in the base year (equation 10).

    G = g* + q - 100 (s - s[-1]) / E. Net expenditure leaves out interest, programmes that the Union pays,
    cyclical cost of unemployment and one-offs (Reg. (EU) 2024/1263, Art. 2), but not cost of ageing.

    Parameters
    ----------
    problem : Problem
        Gives the deflator q and primary expenditure E.
    potential_growth : FloatArray, shape (..., S, T)
        g*, % a year.
    structural : FloatArray, shape (..., S, T)
        Structural primary balance s, % of GDP.
    """
    change = np.diff(structural, axis=-1)
    trend = potential_growth[..., 1:] + problem.deflator[:, 1:]
    growth = trend - 100.0 * change / problem.primary_expenditure[:, None]
    return np.concatenate([np.full((*growth.shape[:-1], 1), np.nan), growth], axis=-1)


def _added(account: FloatArray) -> FloatArray:
    """What each year adds to a debt in the control account, % of GDP."""
    debt = np.maximum(np.nan_to_num(account), 0.0)
    added: FloatArray = np.diff(debt, prepend=0.0, axis=-1)
    return added


def _potential_growth(projection: Projection) -> FloatArray:
    """Potential growth of the policy, % a year, read back from its real growth and its gap.

    Where a policy lowers potential output, spending that keeps its share of it grows less as well.
    """
    level = 1.0 + projection.gap / 100.0
    before = np.concatenate([level[..., :1], level[..., :-1]], axis=-1)
    growth: FloatArray = 100.0 * ((1.0 + projection.real_growth / 100.0) * before / level - 1.0)
    return growth


def _cliff(problem: Problem, room: FloatArray, gdp: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Room of the clause's last year, in % of GDP, and in EUR million of the year after."""
    last = problem.rule("nec_last_year")
    cliff = _year(problem, room, last)
    return cliff, cliff / 100.0 * _year(problem, gdp, last + 1)


def _year(problem: Problem, values: FloatArray, year: float) -> FloatArray:
    """Values of one year, shape (..., S); nan if the projection does not hold it."""
    found: FloatArray = np.where(problem.years == year, values, 0.0).sum(axis=-1)
    return found if year in problem.years else np.full_like(found, np.nan)
