"""EU criteria: the structural primary balance that Reg. (EU) 2024/1263 asks for, and how a policy fares."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from vallum.core.errors import BadInput
from vallum.model.finance.fan import Shocks, not_rising
from vallum.model.finance.problem import FloatArray, Problem, ageing_effect
from vallum.model.finance.projection import Paths, Projection, project

BoolArray = npt.NDArray[np.bool_]

HORIZON = 10
"""Years after the adjustment over which debt and deficit are judged."""

PHASES = {4: 2, 7: 3}
"""Years over which the balance falls in the test of a lower one, by length of the plan."""

SAFEGUARD_DEBT = 90.0
"""Debt above which the debt safeguard asks for more, % of GDP."""

SEARCHED = (-10.0, 10.0)
"""Structural primary balances among which the smallest is sought, % of GDP."""

STEPS = 24
"""Halvings of the interval; what is left of it is about 1e-6 % of GDP."""

TESTED = ("adjustment", "lower_balance", "adverse", "stress", "deficit", "stochastic")
"""Criteria whose greatest demand is the required balance."""


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """The smallest structural primary balance at the end of the adjustment that meets each criterion.

    Balances are in % of GDP, of shape (S,). Where every balance of the search interval meets a criterion it
    asks for nothing and is -inf; where none does it is nan and `reasons` says so.

    Attributes
    ----------
    plan_years, end_year, horizon_year : int
        Length of the plan, last year of the adjustment (E0), and last year that is judged.
    adjustment, lower_balance, adverse, stress : FloatArray
        Debt falls every year after E0 or is at most the reference value at the horizon: on the path itself,
        and in the three tests.
    deficit : FloatArray
        The deficit keeps to the reference value from E0 to the horizon.
    stochastic : FloatArray
        With the probability of the rule debt five years after E0 is not above its start, or not above the
        reference value; nan if no shocks were given.
    required : FloatArray
        The greatest of these.
    binding : tuple of str
        The criterion that asks for it; empty where `required` is nan.
    technical : BoolArray
        Debt and deficit are below the reference values in the base year, so that only technical
        information is given (Art. 9).
    technical_spb : FloatArray
        The smallest balance that keeps deficit and debt to the reference values from E0 to the horizon.
    official_basis : FloatArray
        `technical_spb` where `technical`, else `required`.
    debt_safeguard : FloatArray
        Debt falls fast enough on average over the adjustment (Art. 7).
    resilience, edp : FloatArray, shape (S, plan_years)
        Balance of each year of the adjustment that moves by the least step of the deficit resilience
        safeguard (Art. 8) and of the excessive deficit procedure, as long as these ask for it.
    reasons : tuple of str
        One for each state; empty where all is found.
    """

    plan_years: int
    end_year: int
    horizon_year: int
    adjustment: FloatArray
    lower_balance: FloatArray
    adverse: FloatArray
    stress: FloatArray
    deficit: FloatArray
    stochastic: FloatArray
    required: FloatArray
    binding: tuple[str, ...]
    technical: BoolArray
    technical_spb: FloatArray
    official_basis: FloatArray
    debt_safeguard: FloatArray
    resilience: FloatArray
    edp: FloatArray
    reasons: tuple[str, ...]


def required(
    problem: Problem, plan_years: int = 4, drawn: Shocks | None = None, *, first_year: int | None = None
) -> Requirement:
    """Find the structural primary balance that the EU criteria ask for.

    The balance before ageing moves in a straight line from the year before the plan to its last year and is
    frozen afterwards; ageing counts from there for ten years (equation 5). Output follows the first form of
    equation (4). There is no defence policy and no SAFE loan in it. Criteria as in section 4 of the method.

    Parameters
    ----------
    problem : Problem
        Should reach ten years beyond the plan; where it does not, the horizon is cut to its last year.
    plan_years : {4, 7}
        Length of the plan; seven with reforms and investment (Art. 14).
    drawn : Shocks, optional
        Five years or more of shocks, which start after the adjustment; every step of the search uses the
        same. Without them the stochastic criterion is left out.
    first_year : int, optional
        First year of the plan; the year after the base year unless given.

    Returns
    -------
    Requirement

    Raises
    ------
    BadInput
        If a plan has neither four nor seven years, or is not within the years of the problem.
    """
    if plan_years not in PHASES:
        raise BadInput(
            f"A plan of {plan_years} years is unknown",
            where="plan_years",
            rule="fiscal-structural plan",
            remedy="Take 4, or 7 with reforms and investment.",
        )
    first = 1 if first_year is None else int(first_year - problem.years[0])
    if not 1 <= first <= problem.years.size - 1 - plan_years:
        raise BadInput(
            f"A plan of {plan_years} years from {problem.years[0] + first} on does not fit into the "
            f"projection from {problem.years[0]} to {problem.years[-1]}",
            where="last_year",
            rule="fiscal-structural plan",
            remedy=f"Start after {problem.years[0]}, and project at least one year beyond the plan.",
        )
    search = _Search(problem, first, plan_years, drawn)
    found = search.smallest()
    asked = np.array([found[name] for name in TESTED if name in found])
    names = [name for name in TESTED if name in found]
    most = asked.max(axis=0)
    binding = tuple(
        "" if np.isnan(most[i]) else names[int(np.argmax(asked[:, i]))] for i in range(len(problem.states))
    )
    technical = (problem.debt <= problem.rule("debt_reference_value")) & (
        problem.balance >= -problem.rule("deficit_reference_value")
    )
    unmet = {name: np.isnan(values) for name, values in found.items()}
    return Requirement(
        plan_years=plan_years,
        end_year=int(problem.years[search.end]),
        horizon_year=int(problem.years[search.horizon]),
        adjustment=found["adjustment"],
        lower_balance=found["lower_balance"],
        adverse=found["adverse"],
        stress=found["stress"],
        deficit=found["deficit"],
        stochastic=found.get("stochastic", np.full(len(problem.states), np.nan)),
        required=most,
        binding=binding,
        technical=technical,
        technical_spb=found["technical"],
        official_basis=np.where(technical, found["technical"], most),
        debt_safeguard=found["debt_safeguard"],
        resilience=search.stepwise(_resilience_step(problem, plan_years), search.not_resilient),
        edp=search.stepwise(problem.rule("edp_step"), search.in_excess),
        reasons=tuple(
            _reason([name for name, missed in unmet.items() if missed[i]]) for i in range(len(problem.states))
        ),
    )


def _reason(unmet: list[str]) -> str:
    if not unmet:
        return ""
    low, high = SEARCHED
    return f"No balance from {low:g} to {high:g} % of GDP meets: {', '.join(unmet)}."


def _resilience_step(problem: Problem, plan_years: int) -> float:
    extended = plan_years == int(problem.rule("plan_years_extended"))
    return problem.rule("deficit_resilience_step_extended" if extended else "deficit_resilience_step")


class _Search:
    """Projections of adjustment plans; targets have shape (C, S) for C criteria."""

    def __init__(self, problem: Problem, first: int, plan_years: int, drawn: Shocks | None) -> None:
        self.problem, self.first, self.plan_years, self.drawn = problem, first, plan_years, drawn
        self.end = first + plan_years - 1
        self.horizon = min(self.end + HORIZON, problem.years.size - 1)
        self.years = np.arange(problem.years.size)
        self.ageing = ageing_effect(problem.ageing_cost, self.end, int(problem.number("ageing_years")))
        self.debt_limit = problem.rule("debt_reference_value")
        self.deficit_limit = problem.rule("deficit_reference_value")
        self.criteria = tuple(self.judges())
        self.stress = self.criteria.index("stress")

    # --------------------------------------------------------------- the plan

    def paths(self, before_ageing: FloatArray) -> Paths:
        """Paths of a balance before ageing, shape (..., S, T), that is frozen after the adjustment."""
        problem = self.problem
        none = np.zeros_like(problem.spb)
        change = np.diff(before_ageing, prepend=before_ageing[..., :1], axis=-1)
        baseline = np.diff(problem.spb, prepend=problem.spb[:, :1], axis=-1)
        return Paths(
            spb=before_ageing + self.ageing,
            impulse=problem.setting("multiplier") * (change - baseline),  # equation (3)
            rate_short=problem.rate_short.at(problem.years),
            rate_long=problem.rate_long.at(problem.years),
            growth=problem.potential_growth,
            stock_flow=problem.stock_flow,
            draws=none,
            principal=none,
            loan_rate=none[:, 0],
            closure="commission",
            adjustment=(self.first, self.end),
        )

    def linear(self, targets: FloatArray) -> FloatArray:
        """Baseline, then a straight line to the target from the year before the plan, shape (..., S, T)."""
        weight = np.clip((self.years - self.first + 1) / self.plan_years, 0.0, 1.0)
        start = self.problem.spb[:, self.first - 1 : self.first]
        moved = start + (targets[..., None] - start) * weight
        return np.where(self.years < self.first, self.problem.spb, moved)

    def project(self, targets: FloatArray) -> tuple[Projection, Projection]:
        """Project each criterion's plan in its own world, and the stress test's by itself."""
        problem, after = self.problem, self.years > self.end
        plan = self.paths(self.linear(targets))
        worlds = np.array(self.criteria)[:, None, None]
        phase = np.clip((self.years - self.end) / PHASES[self.plan_years], 0.0, 1.0)
        lower = (worlds == "lower_balance") * problem.setting("lower_balance_pp") * phase
        rates = (worlds == "adverse") * problem.setting("adverse_rate_pp") * after
        growth = (worlds == "adverse") * problem.setting("adverse_growth_pp") * after
        tested = replace(
            plan,
            spb=plan.spb - lower,
            rate_short=plan.rate_short + rates,
            rate_long=plan.rate_long + rates,
            growth=plan.growth - growth,
        )
        stressed = replace(
            plan, spb=plan.spb[self.stress], impulse=plan.impulse[self.stress], stress=self.end + 1
        )
        return project(problem, tested), project(problem, stressed)

    # ------------------------------------------------------------ the criteria

    def judges(self) -> list[str]:
        names = [name for name in TESTED if name != "stochastic" or self.drawn is not None]
        return [*names, "technical", "debt_safeguard"]

    def meets(self, targets: FloatArray) -> BoolArray:
        """Tell which targets meet their criterion, shape (C, S)."""
        tested, stressed = self.project(targets)
        fine = np.empty(targets.shape, dtype=bool)
        for c, name in enumerate(self.criteria):
            debt = stressed.debt if name == "stress" else tested.debt[c]
            if name == "deficit":
                fine[c] = self.within(tested.balance[c])
            elif name == "stochastic" and self.drawn is not None:
                share = not_rising(_row(tested, c), self.drawn, self.end, self.debt_limit)
                fine[c] = 100.0 * share >= self.problem.rule("dsa_probability")
            elif name == "technical":
                judged = debt[:, self.end : self.horizon + 1]
                fine[c] = self.within(tested.balance[c]) & (judged <= self.debt_limit).all(axis=-1)
            elif name == "debt_safeguard":
                fine[c] = average_fall_met(self.problem, debt[:, [self.first - 1, self.end]], self.plan_years)
            else:
                fine[c] = _falls(debt[:, self.end : self.horizon + 1], self.debt_limit)
        return fine

    def within(self, balance: FloatArray) -> BoolArray:
        every: BoolArray = np.all(balance[:, self.end : self.horizon + 1] >= -self.deficit_limit, axis=1)
        return every

    def smallest(self) -> dict[str, FloatArray]:
        """Halve the interval for all criteria and states at once."""
        shape = (len(self.criteria), len(self.problem.states))
        low, high = (np.full(shape, end) for end in SEARCHED)
        free, never = self.meets(low), ~self.meets(high)
        for _ in range(STEPS):
            middle = (low + high) / 2.0
            fine = self.meets(middle)
            low, high = np.where(fine, low, middle), np.where(fine, middle, high)
        found = np.where(never, np.nan, np.where(free, -np.inf, high))
        return dict(zip(self.criteria, found, strict=True))

    # ---------------------------------------------------------- least steps

    def not_resilient(self, projection: Projection) -> BoolArray:
        structural = projection.structural - projection.interest
        return structural < -self.problem.rule("deficit_resilience_margin")

    def in_excess(self, projection: Projection) -> BoolArray:
        return projection.balance < -self.deficit_limit

    def stepwise(self, step: float, asked: Callable[[Projection], BoolArray]) -> FloatArray:
        """Balance that rises by a step in each year that would be bad without, shape (S, plan_years)."""
        balance = self.linear(self.problem.spb[:, self.first - 1])
        for t in range(self.first, self.end + 1):
            bad = asked(project(self.problem, self.paths(balance)))[:, t]
            balance[:, t:] += step * bad[:, None]
        return balance[:, self.first : self.end + 1]


def _row(projection: Projection, row: int) -> Projection:
    """One projection of a stack."""
    return Projection(**{field.name: getattr(projection, field.name)[row] for field in fields(projection)})


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """How a projection stands to the reference values; arrays of shape (S, T) unless said.

    Attributes
    ----------
    debt_above, deficit_above : BoolArray
        Debt above its reference value; deficit above its own (unknown in the base year: False).
    below_margin : BoolArray
        Structural deficit above the resilience margin (Art. 8; unknown in the base year: False).
    first_debt_above, first_deficit_above : FloatArray, shape (S,)
        First year of these; nan if there is none.
    debt_falls : BoolArray, shape (S,)
        Debt falls in each of the ten years after the forecast, or is at most the reference value at the end.
    average_fall : FloatArray, shape (S,)
        Mean fall of debt in these years, percentage points a year.
    safeguard_met : BoolArray, shape (S,)
        Whether this mean is what the debt safeguard asks for at the debt of the start (Art. 7).
    """

    debt_above: BoolArray
    deficit_above: BoolArray
    below_margin: BoolArray
    first_debt_above: FloatArray
    first_deficit_above: FloatArray
    debt_falls: BoolArray
    average_fall: FloatArray
    safeguard_met: BoolArray


def judge(problem: Problem, projection: Projection) -> Verdict:
    """Hold a projection, arrays of shape (S, T), against the reference values and safeguards.

    Ten years after the forecast are judged; fewer where the projection ends before.
    """
    limit = problem.rule("debt_reference_value")
    start = problem.forecasts
    debt = projection.debt[:, start : start + HORIZON + 1]
    debt_above = projection.debt > limit
    deficit_above = projection.balance < -problem.rule("deficit_reference_value")
    structural = projection.structural - projection.interest
    span = debt.shape[1] - 1
    return Verdict(
        debt_above=debt_above,
        deficit_above=deficit_above,
        below_margin=structural < -problem.rule("deficit_resilience_margin"),
        first_debt_above=_first_year(problem, debt_above),
        first_deficit_above=_first_year(problem, deficit_above),
        debt_falls=_falls(debt, limit),
        average_fall=(debt[:, 0] - debt[:, -1]) / span,
        safeguard_met=average_fall_met(problem, debt[:, [0, -1]], span),
    )


def _falls(debt: FloatArray, limit: float) -> BoolArray:
    """Tell whether debt, shape (S, Y), falls every year or is low enough at the end."""
    every: BoolArray = np.all(np.diff(debt, axis=1) < 0.0, axis=1)
    return every | (debt[:, -1] <= limit)


def _first_year(problem: Problem, flags: BoolArray) -> FloatArray:
    return np.where(flags.any(axis=1), problem.years[flags.argmax(axis=1)].astype(float), np.nan)


def average_fall_met(problem: Problem, ends: FloatArray, span: int) -> BoolArray:
    """Tell whether debt falls fast enough on average (Art. 7).

    One point a year from above 90 % of GDP, half a point from above 60 %, nothing below.

    Parameters
    ----------
    problem : Problem
    ends : FloatArray, shape (S, 2)
        Debt at the start and at the end, % of GDP.
    span : int
        Years between them.
    """
    start = ends[:, 0]
    above = start > problem.rule("debt_reference_value")
    high, low = problem.rule("debt_safeguard_high"), problem.rule("debt_safeguard_low")
    asked = np.where(start > SAFEGUARD_DEBT, high, low)
    fine: BoolArray = ~above | ((start - ends[:, 1]) / span >= asked)
    return fine
