"""Questions to a plan on disk, with names in place of positions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from vallum.core.errors import BadInput
from vallum.model.procurement import Standing, problem
from vallum.model.procurement.inquiry import Demand, Rule, Stand, holds, stand, why, why_not
from vallum.plan.store import Plan
from vallum.region import TABLES, Region
from vallum.solve import Budget, Cancel, Limits

__all__ = ["Explainer"]


class Explainer:
    """Answers questions about one plan of one mode.

    Parameters
    ----------
    plan : Plan
        As read from its folder; everything asked is answered from the tables beside it.
    limits : Limits
        Of all questions together. Without a time limit the same plan gives the same answers.
    cancel : Cancel, optional
        Set it to end an answer early, with what is known by then.

    Raises
    ------
    BadInput
        The plan's tables are no sound region, or its orders do not fit them.
    """

    def __init__(self, plan: Plan, limits: Limits, cancel: Cancel | None = None) -> None:
        self.plan = plan
        kept = {name: table for name, table in plan.inputs.items() if TABLES[name].required}
        region = Region.from_tables(str(plan.manifest["region"]["name"]), kept).require_sound()
        standing = Standing(*(plan.tables[name] for name in ("orders", "expansions", "schools")))
        budget = Budget(limits) if cancel is None else Budget(limits, cancel)
        self.stand: Stand = stand(problem(region), plan.manifest["mode"], standing, budget)
        self.names = _names(plan.inputs)

    def holds(self, most: int = 10, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
        """Return what holds the plan back: see `vallum.model.procurement.inquiry.holds`."""
        told = None if progress is None else (lambda text: progress(self.named(text)))
        found = holds(self.stand, most, told)
        return {
            "gap_years": self.stand.value(0),
            "base_gap_years": found.base,
            "finished": found.finished,
            "holds": [
                {
                    **self.rule(one.relaxation.rule),
                    "amount": one.relaxation.amount,
                    "unit": one.relaxation.unit,
                    "expected_gap_years": one.expected,
                    "reached_gap_years": one.reached,
                    "at_least_gap_years": one.at_least,
                }
                for one in found.holds
            ],
        }

    def why_not(
        self, programme: str, state: str | None = None, by: int | None = None, together: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return what it would take to have a programme; see `vallum.model.procurement.inquiry.why_not`.

        Parameters
        ----------
        programme : str
            Its identifier.
        state : str, optional
            Who is to take it.
        by : int, optional
            Year in which the first units are there.
        together : sequence of str
            States that are to be in the same coalition.

        Raises
        ------
        BadInput
            For a name or year that the plan does not have.
        """
        demand = Demand(
            self.programme(programme),
            None if state is None else self.state(state),
            None if by is None else self.year(by),
            self.coalition(together),
        )
        answer = why_not(self.stand, demand)
        rules = None
        if answer.rules is not None:
            rules = [{**self.rule(one.rule), "enough": one.enough} for one in answer.rules]
        return {
            "programme_id": programme,
            "name": self.names.get(programme, programme),
            "state": state,
            "by": by,
            "together": list(together),
            "verdict": answer.verdict,
            "gap_years_at_most": answer.gap_years,
            "meur": answer.meur,
            "rules": rules,
            "leaves": [self.choice(*one) for one in answer.leaves],
            "joins": [self.choice(*one) for one in answer.joins],
        }

    def why(self, programme: str, state: str | None = None) -> dict[str, Any]:
        """Return what a programme of the plan earns; see `vallum.model.procurement.inquiry.why`.

        Raises
        ------
        BadInput
            For a name that the plan does not have.
        """
        earning = why(self.stand, self.programme(programme), None if state is None else self.state(state))
        covers = ("state", "class_id", "year", "class_units")
        return {
            "programme_id": programme,
            "name": self.names.get(programme, programme),
            "state": state,
            "taken": earning.taken,
            "not_replaced_gap_years": earning.alone_gap_years,
            "replaced_gap_years": earning.replaced_gap_years,
            "replaced_meur": earning.replaced_meur,
            "coalitions": [list(members) for members in earning.coalition],
            "price_shares": list(earning.price_share),
            "covers": [dict(zip(covers, row, strict=True)) for row in earning.covers],
        }

    # names ------------------------------------------------------------------------------------------------

    def rule(self, rule: Rule) -> dict[str, Any]:
        """Return a rule with the names of what it is about."""
        return {**asdict(rule), "years": list(rule.years), "sentence": self.named(rule.sentence)}

    def choice(self, programme: int, coalition: int) -> dict[str, Any]:
        """Return who takes which programme."""
        name, states = self.stand.problem.programmes[programme], self.stand.problem.states
        members = [state for n, state in enumerate(states) if coalition >> n & 1]
        return {"programme_id": name, "name": self.names.get(name, name), "coalition": members}

    def named(self, text: str) -> str:
        """Return a sentence with names after identifiers."""
        words = text.split(" ")
        return " ".join(self._with_name(word) for word in words)

    def _with_name(self, word: str) -> str:
        bare = word.strip("(),")
        name = self.names.get(bare)
        return word if name is None or name == bare else word.replace(bare, f"{bare} ({name})")

    def programme(self, name: str) -> int:
        """Return the position of a programme."""
        return _position("programme", name, self.stand.problem.programmes)

    def state(self, name: str) -> int:
        """Return the position of a state."""
        return _position("state", name, self.stand.problem.states)

    def year(self, year: int) -> int:
        """Return the position of a year."""
        years = self.stand.problem.years
        if year not in years:
            raise BadInput(
                f"{year} is outside the plan", where="--by", rule="horizon",
                remedy=f"Give a year from {years[0]} to {years[-1]}.",
            )  # fmt: skip
        return years.index(year)

    def coalition(self, names: Sequence[str]) -> int:
        """Return the bit mask of states, each named once."""
        twice = sorted({name for name in names if list(names).count(name) > 1})
        if twice:
            raise BadInput(
                f"{twice[0]} is named twice", where="--with", rule="coalition", remedy="Name each state once."
            )
        return sum(1 << self.state(name) for name in names)


def _names(inputs: Any) -> dict[str, str]:
    """Names of programmes, classes and production lines; those of states are known by their code."""
    out: dict[str, str] = {}
    for table, key, name in (
        ("programmes", "programme_id", "name"),
        ("classes", "class_id", "name"),
        ("lines", "line_id", "owner"),
    ):
        out.update({str(k): str(v) for k, v in inputs[table].select(key, name).iter_rows() if v is not None})
    return out


def _position(kind: str, name: str, known: Iterable[str]) -> int:
    names = list(known)
    if name in names:
        return names.index(name)
    near = get_close_matches(name, names, 3, 0.5)
    raise BadInput(
        f"there is no {kind} {name[:64]!r} in this plan", rule=kind,
        remedy=f"Did you mean {', '.join(near)}?" if near else f"One of {', '.join(names[:12])}.",
    )  # fmt: skip
