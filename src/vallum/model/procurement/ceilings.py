"""What core columns cannot be above in any plan: a bound holds under duals that are not quite feasible."""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.pricing import scale

__all__ = ["ceilings"]

Floats = NDArray[np.float64]
INF = float("inf")


def ceilings(form: Formulation) -> Floats:
    """Upper limits of the core columns, implied by the data where the columns have none of their own.

    Returns
    -------
    (core,) array, all finite
    """
    problem, at, programme = form.problem, form.at, form.problem.programme
    out = form.program.upper.copy()
    least = np.maximum(programme.least, programme.least_alone)
    most = np.where(problem.greatest > 0, np.maximum(problem.greatest, least), 0.0)  # (N, P)
    smallest = np.minimum(programme.least, programme.least_alone)
    saving = problem.settings["scale_saving_max"]
    dearest = scale(programme.base_quantity, programme.exponent, smallest, saving)
    price = dearest * (programme.base_price / programme.base_quantity) * programme.level.max(axis=1)
    spent = (most * price + programme.introduction.max(axis=1) * (most > 0)).sum(axis=1)
    states, programmes = np.nonzero(problem.greatest > 0)
    pool = form.cells.pool[form.cells.of[states, programmes]]
    stock = np.bincount(pool, weights=most[states, programmes], minlength=len(form.cells.head))
    delivered = stock[form.cells.pool][:, None]
    for columns, limit in (
        (at.delivered, delivered),
        (at.counted, delivered),
        (at.sustain, (most * price * programme.sustainment).sum(axis=1)[:, None, None]),
        (at.draw, problem.loan.most[:, None]),
        (at.claim, spent[:, None]),
        (at.nodes, (most * programme.nodes).sum(axis=1)[:, None]),
        (at.paid, np.sum(problem.line.expansion_cost * problem.line.expansion_most)),
    ):
        has = columns >= 0
        out[columns[has]] = np.minimum(out[columns[has]], np.broadcast_to(limit, columns.shape)[has])
    return out[: len(form.core)]
