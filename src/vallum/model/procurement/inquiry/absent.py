"""Why there is no way at all to take a programme: what the tables say before any model is solved."""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.inquiry.demand import Demand, first_delivery, qualifying
from vallum.model.procurement.inquiry.rules import Rule
from vallum.model.procurement.inquiry.standing import Stand

__all__ = ["absent"]

Ints = NDArray[np.int64]


def absent(stand: Stand, demand: Demand) -> tuple[Rule, ...]:
    """Return the rules of the tables that leave a demand no coalition, band or year; empty if none do."""
    ways = qualifying(stand.form, demand)
    if len(ways) and (demand.by is None or _in_time(stand, demand, ways)):
        return ()
    if len(ways):
        return (_too_late(stand, demand, ways),)
    members = [n for n in range(len(stand.problem.states)) if demand.members >> n & 1]
    rules = [rule for n in members if (rule := _not_for(stand, demand.programme, n)) is not None]
    if rules:
        return tuple(rules)
    if not members and not (stand.problem.greatest[:, demand.programme] > 0).any():
        return (_nobody(stand, demand.programme),)
    if stand.form.mode == "national" and demand.together & (demand.together - 1):
        return (_rule(stand, "national mode", "", demand.programme, "", "each state orders alone"),)
    return _no_year(stand, demand)


def _not_for(stand: Stand, p: int, n: int) -> Rule | None:
    """Why a state may not join, if it may not."""
    problem = stand.problem
    state, klass = problem.states[n], problem.classes[int(problem.programme.klass[p])]
    if problem.greatest[n, p] > 0:
        return None
    if problem.most[n, p] <= 0:
        return _rule(stand, "who may join", state, p, "programme_states.csv",
                     f"{state} is not listed for {problem.programmes[p]}")  # fmt: skip
    return _rule(stand, "no need", state, p, "needs.csv",
                 f"{state} has no need of {klass} beyond what it owns")  # fmt: skip


def _nobody(stand: Stand, p: int) -> Rule:
    klass = stand.problem.classes[int(stand.problem.programme.klass[p])]
    return _rule(stand, "no need", "", p, "needs.csv", f"no state needs {klass} beyond what it owns")


def _no_year(stand: Stand, demand: Demand) -> tuple[Rule, ...]:
    """The least order is too large for some, or else window, lead time and horizon leave no order year."""
    problem, programme, p = stand.problem, stand.problem.programme, demand.programme
    least = float(min(programme.least[p], programme.least_alone[p]))
    could = [n for n in range(len(problem.states)) if problem.greatest[n, p] > 0]
    who = [n for n in could if demand.members >> n & 1] or could
    small = [n for n in who if problem.most[n, p] < least]
    if small and (demand.members or len(small) == len(who)):
        return tuple(
            _rule(stand, "least order", problem.states[n], p, "programmes.csv",
                  f"{problem.states[n]} may take {float(problem.most[n, p]):g} of {problem.programmes[p]} at "
                  f"most, and the least order is {least:g}")
            for n in small
        )  # fmt: skip
    first, last = (problem.years[0] + int(year) for year in (programme.first_year[p], programme.last_year[p]))
    months = float(programme.lead_months[p] + programme.span_months[p])
    return (_rule(
        stand, "window and lead time", "", p, "programmes.csv",
        f"{problem.programmes[p]} may be ordered from {first} to {last} and takes {months:.0f} months or "
        f"more, which does not fit before {problem.years[-1] + 1}",
    ),)  # fmt: skip


def _in_time(stand: Stand, demand: Demand, ways: Ints) -> bool:
    return demand.by is not None and _earliest(stand, demand, ways) <= demand.by


def _earliest(stand: Stand, demand: Demand, ways: Ints) -> int:
    """Position of the first year with a delivery."""
    b = stand.form.blocks
    entries = b.entries_of(ways)
    if demand.state is not None:
        entries = entries[stand.form.entries.state[entries] == demand.state]
    return int((b.entry_year[entries] + first_delivery(stand.form)[stand.form.entries.block[entries]]).min())


def _too_late(stand: Stand, demand: Demand, ways: Ints) -> Rule:
    problem, p = stand.problem, demand.programme
    year = problem.years[0] + _earliest(stand, demand, ways)
    lead = float(stand.form.blocks.lead_months[ways].min())
    opens = problem.years[0] + int(max(problem.programme.first_year[p], 0))
    state = "" if demand.state is None else problem.states[demand.state]
    return _rule(
        stand, "window and lead time", state, p, "programmes.csv",
        f"{problem.programmes[p]} may be ordered from {opens} and takes {lead:.0f} months to the first "
        f"delivery, so that nothing is there before {year}",
    )  # fmt: skip


def _rule(stand: Stand, rule: str, state: str, p: int, source: str, sentence: str) -> Rule:
    return Rule(rule, state, stand.problem.programmes[p], (), source, sentence)
