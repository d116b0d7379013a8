"""A second projection in plain Python, and small problems to hold it against the first one.

The walk is written from the equations of docs/explanation/fiscal.md for one state, year by year, and shares no
code with the package.
"""

from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from vallum.model.finance.problem import Anchors, Loans, Problem
from vallum.model.finance.projection import Paths
from vallum.model.finance.reader import problem as read_problem
from vallum.region import Region

Walk = dict[str, list[float]]


@cache
def baltic_problem(last_year: int | None = None) -> Problem:
    """The Baltic problem; properties call it, because a failing one would print a whole fixture."""
    return read_problem(Region.read("baltic"), last_year)


def single(problem: Problem, state: str) -> Problem:
    """One state of a problem."""
    i, count = problem.states.index(state), len(problem.states)

    def cut(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.shape[0] == count and value is not problem.years:
            return value[i : i + 1]
        if isinstance(value, Anchors):
            return Anchors(value.years[i : i + 1], value.values[i : i + 1])
        if isinstance(value, Loans):
            return Loans(**{field.name: cut(getattr(value, field.name)) for field in fields(value)})
        if isinstance(value, tuple) and len(value) == count:
            return value[i : i + 1]
        return value

    parts = {field.name: cut(getattr(problem, field.name)) for field in fields(problem)}
    parts["settings"] = {name: value[i : i + 1] for name, value in problem.settings.items()}
    parts["ranges"] = {
        name: (low[i : i + 1], high[i : i + 1]) for name, (low, high) in problem.ranges.items()
    }
    return Problem(**parts)


def level(value: float) -> Anchors:
    """A rate that never changes."""
    return Anchors((np.array([2000.0]),), (np.array([value]),))


def constant(
    problem: Problem,
    *,
    length: int = 3,
    forecasts: int = 1,
    debt: float = 50.0,
    rate: float = 4.0,
    growth: float = 0.0,
    deflator: float = 10.0,
    spb: float = -1.0,
) -> Problem:
    """One state whose years are all alike: GDP 1,000 at first, no short debt, a tenth of long debt matures."""

    def row(value: float) -> np.ndarray:
        return np.full((1, length), value)

    inflation, potential = row(deflator), row(growth)
    inflation[:, 0] = potential[:, 0] = 0.0
    implicit = np.where(np.arange(length) <= forecasts, rate, np.nan)[None, :]
    return replace(
        single(problem, problem.states[0]),
        years=np.arange(2024, 2024 + length),
        forecasts=forecasts,
        gdp=np.array([1000.0]),
        debt=np.array([debt]),
        balance=np.array([spb - rate]),
        potential_growth=potential,
        deflator=inflation,
        gap=row(0.0),
        spb=row(spb),
        ageing=row(0.0),
        one_off=row(0.0),
        ageing_cost=row(0.0),
        stock_flow=row(0.0),
        implicit=implicit,
        rate_short=level(rate),
        rate_long=level(rate),
        deflators=level(deflator),
        short_share=np.array([0.0]),
        elasticity=np.array([0.4]),
        maturing=row(0.1),
    )


def plain(problem: Problem, **changes: Any) -> Paths:
    """Paths without any policy, apart from the changes."""
    none = np.zeros_like(problem.spb)
    parts: dict[str, Any] = {
        "spb": problem.spb,
        "impulse": none,
        "rate_short": problem.rate_short.at(problem.years),
        "rate_long": problem.rate_long.at(problem.years),
        "growth": problem.potential_growth,
        "stock_flow": problem.stock_flow,
        "draws": none,
        "principal": none,
        "loan_rate": none[:, 0],
    }
    return Paths(**{**parts, **changes})


@st.composite
def cases(draw: st.DrawFn, problem: Problem) -> tuple[Problem, Paths]:
    """A small problem of one state and paths over it, far from the Baltic figures."""
    length, forecasts = draw(st.integers(3, 12)), draw(st.integers(1, 2))
    start = constant(
        problem,
        length=length,
        forecasts=forecasts,
        debt=draw(st.floats(5.0, 150.0)),
        rate=draw(st.floats(0.5, 7.0)),
    )

    def path(low: float, high: float) -> np.ndarray:
        values = draw(st.lists(st.floats(low, high), min_size=length, max_size=length))
        return np.array([values])

    growth, deflator = path(-2.0, 4.0), path(-1.0, 5.0)
    growth[:, 0] = deflator[:, 0] = 0.0
    drawn = replace(
        start,
        potential_growth=growth,
        deflator=deflator,
        gap=path(-4.0, 4.0),
        short_share=np.array([draw(st.floats(0.0, 0.4))]),
        elasticity=np.array([draw(st.floats(0.2, 0.7))]),
        maturing=path(0.02, 0.5),
    )
    draws = path(0.0, 10.0)
    closure = draw(st.sampled_from(("persistent", "commission")))
    first = draw(st.integers(1, length - 1))
    last = draw(st.integers(first, length - 1))
    paths = plain(
        drawn,
        spb=path(-6.0, 3.0),
        impulse=path(-1.0, 1.0),
        rate_short=path(0.0, 5.0),
        rate_long=path(0.5, 7.0),
        stock_flow=path(-10.0, 10.0),
        draws=draws,
        principal=np.concatenate([np.zeros((1, 1)), 0.5 * draws[:, :-1]], axis=1),
        loan_rate=np.array([draw(st.floats(0.0, 5.0))]),
        closure=closure,
        adjustment=(first, last),
        stress=draw(st.one_of(st.none(), st.integers(2, length))),
    )
    return drawn, paths


def walk(problem: Problem, paths: Paths, i: int) -> Walk:  # noqa: PLR0915 - one line for each equation
    """Equations (1) to (9), and the loan of (12), for state i: plain numbers in EUR million and per cent."""
    years = len(problem.years)
    gap = _gap(problem, paths, i)
    e, w = float(problem.elasticity[i]), float(problem.short_share[i])
    gdp = [float(problem.gdp[i])]
    debt_ratio = float(problem.debt[i])
    loan = float(paths.draws[i][0] - paths.principal[i][0])
    total = debt_ratio / 100 * gdp[0]
    short, long = w * (total - loan), (1 - w) * (total - loan)
    long_rate = new_share = 0.0
    r = float(problem.implicit[i][0])
    out: Walk = {name: [float("nan")] for name in ("balance", "interest", "financing", "nominal", "implicit")}
    out |= {"gdp": gdp, "gap": gap, "debt": [debt_ratio], "loan": [loan]}
    one_off = [float(value) for value in problem.one_off[i]]
    out["primary"] = [float(paths.spb[i][t]) + e * gap[t] + one_off[t] for t in range(years)]  # (6)
    for t in range(1, years):
        g = (1 + float(paths.growth[i][t]) / 100) * (1 + gap[t] / 100) / (1 + gap[t - 1] / 100) - 1
        n = (1 + g) * (1 + float(problem.deflator[i][t]) / 100) - 1  # (2)
        gdp.append(gdp[-1] * (1 + n))
        i_short, i_long = float(paths.rate_short[i][t]), float(paths.rate_long[i][t])
        if paths.stress == t:
            limit, slope, rise = (
                float(problem.settings[name][i])
                for name in ("stress_debt_pct", "stress_slope", "stress_rate_pp")
            )
            rise += slope * max(out["debt"][-1] - limit, 0.0)
            i_short, i_long = i_short + rise, i_long + rise
        market = short + long
        a = short / market if market > 0 else w
        if t <= problem.forecasts:
            r = float(problem.implicit[i][t])
            long_rate = (r - a * i_short) / (1 - a)  # (7), solved
        else:
            long_rate = new_share * i_long + (1 - new_share) * long_rate  # (7)
            found = a * i_short + (1 - a) * long_rate
            r = found if 0 <= found <= 10 else r
        interest = r / 100 * market + float(paths.loan_rate[i]) / 100 * loan
        p = out["primary"][t]
        f = float(paths.stock_flow[i][t])
        due = float(problem.maturing[i][t]) * long
        repaid = float(paths.principal[i][t])
        need = interest + short + due + repaid - p / 100 * gdp[t] + f  # (8)
        total = max(total + interest - p / 100 * gdp[t] + f, 0.0)  # (1) in amounts
        loan = loan + float(paths.draws[i][t]) - repaid  # (12)
        market = max(total - loan, 0.0)
        kept = long - due
        issued = max((1 - w) * market - kept, 0.0)
        long = min(kept + issued, market)
        short = market - long
        new_share = min(issued / long, 1.0) if long > 0 else 0.0
        before = out["debt"][-1] / 100 * gdp[t - 1]
        out["interest"].append(100 * interest / gdp[t])
        out["balance"].append(p - 100 * interest / gdp[t])  # (9)
        out["financing"].append(100 * need / gdp[t])
        out["nominal"].append(100 * n)
        out["implicit"].append(100 * interest / before if before > 0 else 0.0)
        out["debt"].append(100 * total / gdp[t])
        out["loan"].append(loan)
    return out


def _gap(problem: Problem, paths: Paths, i: int) -> list[float]:
    """Equation (4) in both forms."""
    k = [float(value) for value in paths.impulse[i]]
    base = [float(value) for value in problem.gap[i]]
    if paths.closure == "persistent":
        return [
            base[t] - k[t] - (2 / 3 * k[t - 1] if t >= 1 else 0.0) - (1 / 3 * k[t - 2] if t >= 2 else 0.0)
            for t in range(len(base))
        ]
    first, last = paths.adjustment
    gap = base[:first]
    for t in range(first, len(base)):
        if t == first:
            gap.append(base[t] - k[t])
        elif t <= last:
            gap.append(2 / 3 * gap[t - 1] - k[t])
        else:
            gap.append(max(0, 3 - (t - last)) / 3 * gap[last])
    return gap
