"""Rules of planning that could be decided otherwise, each as a change of the whole problem."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from vallum.model.procurement.inquiry.rules import Rule
from vallum.model.procurement.problem import Problem

__all__ = ["Change", "changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """A problem with one rule changed.

    Attributes
    ----------
    rule : Rule
    amount : float or None
        By how much; None: the rule is dropped.
    unit : str
    problem : Problem
    """

    rule: Rule
    amount: float | None
    unit: str
    problem: Problem


def changes(problem: Problem) -> Iterator[Change]:
    """Return what can be changed; what a problem does not limit is left out."""
    yield from _loans(problem)
    yield from _timing(problem)
    purse = problem.purse
    if (purse.carry_limit < purse.plannable).any():
        most = np.broadcast_to(purse.plannable.sum(axis=1, keepdims=True), purse.carry_limit.shape)
        rule = _rule(
            "carry-over", "purses.csv", "only a part of the money may be carried over into the next year"
        )
        yield Change(rule, None, "", replace(problem, purse=replace(purse, carry_limit=most)))


def _loans(problem: Problem) -> Iterator[Change]:
    loan, programme, years = problem.loan, problem.programme, len(problem.years)
    borrows = loan.open_years(years).any(axis=1)
    if not borrows.any():
        return
    if (loan.participants_needed > 1).any():
        rule = _rule(
            "SAFE participants", "safe_loans.csv", "SAFE pays only for what several participants buy together"
        )
        freed = replace(loan, participants_needed=np.ones_like(loan.participants_needed))
        yield Change(rule, None, "", replace(problem, loan=freed))
    if any(one.status == "to be proved" and not one.eligible for one in programme.verdict):
        rule = _rule(
            "SAFE proof",
            "programmes.csv",
            "SAFE pays for nothing whose origin or control is yet to be proved",
        )
        verdict = tuple(
            replace(v, eligible=v.eligible or v.status == "to be proved") for v in programme.verdict
        )
        yield Change(rule, None, "", replace(problem, programme=replace(programme, verdict=verdict)))
    last = loan.window[:, 1]
    if (borrows & (last < years - 1)).any():
        rule = _rule("SAFE window", "safe_loans.csv", "SAFE loans may be drawn no longer")
        window = np.column_stack(
            (loan.window[:, 0], np.where(borrows, np.minimum(last + 1, years - 1), last))
        )
        yield Change(rule, 1.0, "year", replace(problem, loan=replace(loan, window=window)))


def _timing(problem: Problem) -> Iterator[Change]:
    programme, settings = problem.programme, problem.settings
    if (programme.first_year > 0).any():
        rule = _rule("first order", "programmes.csv", "programmes may be ordered no earlier")
        sooner = replace(programme, first_year=np.maximum(programme.first_year - 1, 0))
        yield Change(rule, 1.0, "year", replace(problem, programme=sooner))
    if settings["negotiation_months"] > 0:
        rule = _rule("negotiation", "settings.csv", "the more take part, the longer it takes to agree")
        yield Change(rule, None, "", replace(problem, settings={**settings, "negotiation_months": 0.0}))


def _rule(rule: str, source: str, sentence: str) -> Rule:
    return Rule(rule, "", "", (), source, sentence)
