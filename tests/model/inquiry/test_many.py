"""An alliance whose coalitions are too many to list: nothing is called impossible."""

from vallum.model.procurement import Standing, problem, solve
from vallum.model.procurement.inquiry import Demand, stand, why_not
from vallum.model.procurement.listed import slots
from vallum.region.synthetic import synthetic
from vallum.solve import Budget, Limits


def test_a_coalition_that_is_not_listed_is_not_found() -> None:
    model = problem(synthetic(states=8, programmes=8, years=4, classes=4))
    plan = solve(model, "joint", Limits(time_limit=None, work=1))
    tables = Standing(*(plan.tables[name] for name in ("orders", "expansions", "schools")))
    asked = stand(model, "joint", tables, Budget(Limits(time_limit=None, work=2)))
    assert asked.complete == (slots(model, "joint") <= 20_000)
    assert not asked.complete
    verdicts = {why_not(asked, Demand(p, together=mask)).verdict for p in range(2) for mask in (3, 5)}
    assert "impossible" not in verdicts
