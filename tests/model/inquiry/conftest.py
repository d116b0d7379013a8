"""Plans of small regions, ready to be asked, and the whole problem as an oracle."""

from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
import pytest

from vallum.model.procurement import Problem, Standing, problem, solve
from vallum.model.procurement.inquiry import Rule
from vallum.model.procurement.inquiry.demand import Demand, qualifying
from vallum.model.procurement.inquiry.standing import OPEN, Stand, stand
from vallum.model.procurement.search import Restricted
from vallum.region.synthetic import small
from vallum.solve import Budget, Limits

INF = float("inf")


def budget() -> Budget:
    return Budget(Limits(time_limit=None))


def asked_of(model: Problem, mode: str) -> Stand:
    plan = solve(model, mode, Limits(time_limit=30, gap=0.0))
    tables = Standing(*(plan.tables[name] for name in ("orders", "expansions", "schools")))
    return stand(model, mode, tables, budget())


@cache
def stand_of(seed: int, mode: str) -> Stand:
    return asked_of(problem(small(seed)), mode)


class Whole:
    """Every block, every year, whole units, by branch and bound to the end."""

    def __init__(self, asked: Stand) -> None:
        self.asked, self.form = asked, asked.form
        self.model = Restricted(
            self.form, 0, OPEN, np.arange(len(self.form.program.cost)), budget(), whole=True
        )

    def least(self) -> float:
        answer = self.model.session.mip()
        assert answer.status in ("optimal", "infeasible")
        return answer.value

    def least_with(self, demand: Demand) -> float:
        """Least shortfall of all plans that choose one of the blocks asked for; inf: there is none."""
        values = [INF]
        for block in qualifying(self.form, demand):
            column = np.array([self.model.at[self.form.at.x[block]]])
            self.model.session.set_bounds(column, np.ones(1), np.ones(1))
            values.append(self.least())
            self.model.session.set_bounds(column, np.zeros(1), np.ones(1))
        return min(values)

    def rows_of(self, rule: Rule) -> list[int]:
        """Rows that a rule speaks of: by its name, state, item and years."""
        found = []
        for family in self.form.program.families.values():
            for k in range(family.count if family.rule == rule.rule else 0):
                state, item, year = family.labels.of(k)
                if (
                    rule.state in ("", state)
                    and rule.item in ("", item)
                    and (not rule.years or year in rule.years)
                ):
                    found.append(family.start + k)
        return found

    def lifted(self, families: Iterable[str], but: Iterable[int] = ()) -> "Whole":
        """Lift all rows of families but some."""
        kept = set(but)
        for name in families:
            for row in self.form.program.rows_of(name) if name in self.form.program.families else ():
                if int(row) not in kept:
                    self.model.session.set_row_upper(int(row), INF)
        return self


@pytest.fixture(scope="session")
def plans() -> Callable[[int, str], Stand]:
    return stand_of


@pytest.fixture(scope="session")
def whole() -> type[Whole]:
    return Whole


@pytest.fixture(scope="session")
def ask() -> Callable[[Problem, str], Stand]:
    return asked_of
