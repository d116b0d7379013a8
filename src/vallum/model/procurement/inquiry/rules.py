"""Rows of a model as rules that a planner knows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.search import Restricted

__all__ = ["ASKED", "GRAINS", "NO_ROWS", "Group", "Rule", "coarser", "groups_of", "whole_units", "years_said"]

Ints = NDArray[np.int64]
NO_ROWS: Final[Ints] = np.empty(0, np.int64)

KINDS: Final = {
    "money": ("purse", "related", "loan"),
    "industry": ("line", "expansion_most", "steps"),
    "people and connection": ("crews", "school_once", "nodes"),
    "choices": ("exclusion", "prerequisite"),
    "whole units": ("totals",),
}
"""Families that limit from above, and that somebody could decide otherwise, by the coarsest kind."""
ASKED: Final = tuple(family for kind in KINDS.values() for family in kind)
GRAINS: Final = 4
"""A rule of one state and item; of one state; of a family; of a kind."""
_KIND: Final = {family: kind for kind, families in KINDS.items() for family in families}
_WHOLE: Final = {
    "totals": ("whole units", "programmes.csv", "{item} is ordered in whole units"),
    "steps": ("whole steps", "lines.csv", "lines are expanded in whole steps"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as a planner reads it.

    Attributes
    ----------
    rule : str
        Its name, such as "purse".
    state, item : str
        Whom and what it is about; empty for all.
    years : tuple of int
        In which years it binds.
    source : str
        The table that sets it.
    sentence : str
    """

    rule: str
    state: str
    item: str
    years: tuple[int, ...]
    source: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Group:
    """What is one rule in a model.

    Attributes
    ----------
    family, state, item : str
    rows : array
        Rows with an upper limit; positions in the model, not in the formulation.
    columns : array
        Columns that have to be whole; likewise.
    """

    family: str
    state: str
    item: str
    rows: Ints = field(default_factory=lambda: NO_ROWS)
    columns: Ints = field(default_factory=lambda: NO_ROWS)

    def only(self, binding: Ints) -> "Group":
        """Return the group with those of its rows that bind; with all if none does."""
        rows = np.intersect1d(self.rows, binding)
        return replace(self, rows=rows) if len(rows) else self

    def said(self, model: Restricted) -> Rule:
        """Return the rule in words."""
        if not len(self.rows):
            rule, source, sentence = _WHOLE.get(self.family, _WHOLE["totals"])
            return Rule(rule, "", self.item, (), source, sentence.format(item=self.item or "everything"))
        families, labels = {}, []
        for row in map(int, model.rows[self.rows]):
            family = model.form.program.family_of(row)
            families[family.name] = family
            labels.append(family.labels.of(row - family.start))
        states = sorted({state for state, _, _ in labels if state})
        items = sorted({item for _, item, _ in labels if item})
        years = tuple(sorted({year for _, _, year in labels if year is not None}))
        source = ", ".join(sorted({one.source for one in families.values()}))
        first, single = next(iter(families.values())), len(families) == 1
        rule = first.rule if single else self.family
        if single and len(states) <= 1 and len(items) <= 1:
            said = first.sentence.format(state="".join(states), item="".join(items), year=years_said(years))
        else:
            said = _together(rule, states, items, years)
        return Rule(rule, self.state, self.item, years, source, said)


def _together(rule: str, states: Sequence[str], items: Sequence[str], years: Sequence[int]) -> str:
    """Return words for a rule about several states or things."""
    about = ", ".join(part for part in (_listed(states), _listed(items)) if part)
    return rule + (f" ({about})" if about else "") + (f" in {years_said(years)}" if years else "")


def groups_of(model: Restricted, families: Sequence[str] = ASKED) -> list[Group]:
    """Return a model's rules, one for each state and item of a family, all years together."""
    program = model.form.program
    found: dict[tuple[str, str, str], list[int]] = {}
    for name in families:
        family = program.families.get(name)
        if family is None:
            continue
        for k in range(family.count):
            state, item, _ = family.labels.of(k)
            # rows that do not belong to a block come first, in the model as in the formulation
            found.setdefault((name, state, item), []).append(family.start + k)
    return [Group(*key, rows=np.array(rows, dtype=np.int64)) for key, rows in found.items()]


def whole_units(model: Restricted) -> list[Group]:
    """Return what has to be whole: totals of each programme, and expansion steps; choices always are."""
    form, b = model.form, model.form.blocks
    p = b.programme[b.member_block[model.members]]
    out = [
        Group("totals", "", form.problem.programmes[int(one)], columns=model.totals[p == one])
        for one in np.unique(p)
    ]
    steps = model.at[form.at.steps[form.at.steps >= 0]]
    return out + ([Group("steps", "", "", columns=steps)] if len(steps) else [])


def coarser(groups: Sequence[Group], grain: int) -> list[Group]:
    """Join groups: grain 1 over items, 2 over states as well, 3 over the families of a kind."""
    if grain == 0:
        return list(groups)
    found: dict[tuple[str, str], list[Group]] = {}
    for one in groups:
        family = one.family if grain < GRAINS - 1 else _KIND[one.family]
        found.setdefault((family, one.state if grain == 1 else ""), []).append(one)
    return [
        Group(family, state, parts[0].item if len(parts) == 1 else "",
              np.concatenate([one.rows for one in parts]), np.concatenate([one.columns for one in parts]))
        for (family, state), parts in found.items()
    ]  # fmt: skip


def years_said(years: Sequence[int]) -> str:
    """Return years as text: runs of three and more as "2027 to 2030"."""
    runs: list[list[int]] = []
    for year in years:
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    parts = [
        f"{run[0]} to {run[-1]}" if len(run) > 2 else " and ".join(str(year) for year in run) for run in runs
    ]
    return ", ".join(parts)


def _listed(names: Sequence[str]) -> str:
    """Return names as text: one, two to four with "and", else how many."""
    if len(names) <= 1:
        return "".join(names)
    return f"{len(names)} of them" if len(names) > 4 else f"{', '.join(names[:-1])} and {names[-1]}"
