"""Plans near a standing one: with a demand, or without some blocks."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.inquiry.demand import Demand, qualifying
from vallum.model.procurement.inquiry.standing import OPEN, Stand, held
from vallum.model.procurement.search import Restricted
from vallum.solve import Budget

__all__ = ["Found", "found_with", "found_without", "improved"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Relative gap at which a search stops.
GAP: Final = 1e-4
#: Check points of branch and bound close to the plan, wider, and for cost; after what share of the time each
#: ends.
POINTS: Final = (40, 100, 20)
UNTIL: Final = (0.3, 0.5, 0.6)
#: Blocks beside the plan's own that are searched at most, the cheapest a unit first: ways to meet the demand,
#: and others of the class.
MOST: Final = 120


@dataclass(frozen=True, slots=True)
class Found:
    """A plan found near a standing one.

    Attributes
    ----------
    shortfall : float
        Least shortfall found, gap-years.
    full : (columns,) array
        A plan of least cost found within the tolerance of that.
    """

    shortfall: float
    full: Floats


def improved(
    model: Restricted, budget: Budget, start: Floats | None, points: float, until: float = 1.0
) -> Floats | None:
    """Return what branch and bound finds from a start, with its integers fixed and the rest solved exactly.

    Parameters
    ----------
    model : Restricted
    budget : Budget
    start : (columns,) array, optional
    points : float
        Check points, inside what is left of all work and time.
    until : float
        Share of the budget after which it ends.

    Returns
    -------
    (columns,) array or None
        The better of start and result.
    """
    basis = model.session.basis()
    answer, found = model.solve(
        seconds=budget.left(until), work=min(points, budget.work_left(until)), gap=GAP, start=start
    )
    model.session.set_basis(basis)  # the next linear programme goes on from here
    better = None if found is None or answer.x is None else model.fixed(found)
    if better is None or (start is not None and _cost(model, start) < _cost(model, better)):
        return start
    return better


def _cost(model: Restricted, full: Floats) -> float:
    return float(model.cost @ full[model.columns])


def found_with(stand: Stand, demand: Demand) -> Found | None:
    """Return the best plan found that meets a demand: least shortfall, then least cost; None for none."""
    ways = _cheapest(stand, qualifying(stand.form, demand))
    return _Search(stand, demand, np.union1d(stand.chosen, ways), _near(stand, demand.programme)).run()


def found_without(stand: Stand, blocks: Ints, programme: int) -> Found | None:
    """Return the best plan found without some blocks of a programme."""
    near = np.setdiff1d(_near(stand, programme), blocks)
    return _Search(stand, None, np.setdiff1d(stand.chosen, blocks), near).run()


def _near(stand: Stand, programme: int) -> Ints:
    """Blocks of a programme, of others of its class, and of what it requires; all where they are few."""
    number = len(stand.form.at.x)
    return (
        np.arange(number)
        if number <= MOST
        else _cheapest(stand, stand.of_programmes(stand.beside(programme)))
    )


def _cheapest(stand: Stand, blocks: Ints) -> Ints:
    out: Ints = blocks[np.argsort(stand.form.blocks.scale[blocks], kind="stable")[:MOST]]
    return out


@dataclass(frozen=True, slots=True)
class _Search:
    """Least shortfall and, with that held, least cost, with a demand or without.

    First over the plan's choices and the ways to meet the demand, which stays close to the plan; then with
    more blocks beside them.
    """

    stand: Stand
    demand: Demand | None
    close: Ints
    near: Ints

    def run(self) -> Found | None:
        first = self.step(0, self.close, None)
        first = self.step(1, np.union1d(self.close, self.near), first)
        if first is None:
            return None
        value = float(self.stand.form.costs[0] @ first)
        cap = held(value, self.stand.problem.settings["level_tolerance"])
        used = np.union1d(self.close, self.stand.form.chosen(first))
        second = self.step(2, used, first, np.array([cap, np.inf]))
        return Found(value, first if second is None else second)

    def step(self, step: int, choices: Ints, start: Floats | None, caps: Floats = OPEN) -> Floats | None:
        """Branch and bound from a start, which is found first if there is none; the last step is for cost."""
        if self.stand.budget.spent(UNTIL[step]):
            return start
        model = self.stand.model(choices, level=step // 2, caps=caps)
        if self.demand is not None:
            self.demand.force(model)
        start = self.start(model) if start is None else start
        return improved(model, self.stand.budget, start, POINTS[step], UNTIL[step])

    def start(self, model: Restricted) -> Floats | None:
        """The plan's choices that stay possible, with the way to meet the demand that the LP likes best."""
        chosen = np.intersect1d(self.stand.chosen, model.blocks)
        if self.demand is None:
            found = model.dive(chosen)
            return model.dive() if found is None else found
        answer = model.session.lp()
        if answer.x is None:
            return None
        at = model.at[self.stand.form.at.x]
        ways = np.intersect1d(qualifying(self.stand.form, self.demand), model.blocks)
        planned = np.intersect1d(ways, chosen)
        ways = planned if len(planned) else ways
        best = int(ways[np.argmax(answer.x[at[ways]])])
        found = model.dive(np.union1d(_beside(self.stand, best), best))
        return model.dive() if found is None else found


def _beside(stand: Stand, block: int) -> Ints:
    """The plan's choices that can stand beside one more block."""
    b, pairs = stand.form.blocks, stand.problem.exclusions
    p, members = int(b.programme[block]), int(b.coalition[block])
    rivals = np.concatenate((pairs[pairs[:, 0] == p, 1], pairs[pairs[:, 1] == p, 0], [p]))
    clashes = np.isin(b.programme[stand.chosen], rivals) & ((b.coalition[stand.chosen] & members) != 0)
    kept: Ints = stand.chosen[~clashes]
    return kept
