"""What holds the plan back: limits that bind, each confirmed by solving again with more of it.

Duals of a degenerate linear programme can credit one limit with what another one holds, so they only say
where to look; the price is the shortfall that really goes away.
"""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.search import Restricted
from vallum.model.procurement.tables import table
from vallum.solve import Budget

__all__ = ["prices"]

Floats = NDArray[np.float64]

#: Families of rows that are asked, and how much more of their limit is tried, as a share of it.
ASKED = ("crews", "line", "loan", "nodes", "purse", "related")
MORE = 0.01
#: Limits asked at most, those with the largest duals first.
MOST = 60


def prices(form: Formulation, plan: Floats, budget: Budget) -> pl.DataFrame:
    """Limits that bind, with the gap-years that one more unit of them removes.

    Choices, expansion steps and schools stay as in the plan; quantities and money are free.

    Returns
    -------
    DataFrame
        The plan table `rows`; only limits that remove anything.
    """
    open_ = np.array([np.inf, np.inf])
    model = Restricted(form, 0, open_, form.columns_of(form.chosen(plan)), budget, whole=False)
    answer = model.relaxed(plan)
    rows: list[dict[str, Any]] = []
    if answer.row_dual is not None:
        for at in _suspects(form, model, answer.row_dual):
            family = form.program.family_of(int(model.rows[at]))
            limit = float(form.program.row_upper[model.rows[at]])
            more = MORE * max(limit, 1.0)
            gained = (answer.value - model.with_limit(at, limit + more, limit)) / more
            if gained > 1e-9:
                row = int(model.rows[at])
                state, item, year = family.labels.of(row - family.start)
                rows.append({
                    "rule": family.rule, "state": state, "item": item, "year": year,
                    "source": family.source, "sentence": family.say(row), "slack": 0.0, "price": gained,
                })  # fmt: skip
    return table("rows", rows)


def _suspects(form: Formulation, model: Restricted, dual: Floats) -> list[int]:
    """Rows of the model worth asking, largest dual times step first."""
    weight = np.zeros(len(dual))
    place = {int(row): at for at, row in enumerate(model.rows)}
    for name in sorted(set(ASKED) & form.program.families.keys()):
        for row in form.program.rows_of(name):
            at = place[int(row)]
            weight[at] = -dual[at] * max(float(form.program.row_upper[row]), 1.0)
    order = np.argsort(-weight, kind="stable")[:MOST]
    return [int(at) for at in order if weight[at] > 1e-9]
