"""Who pays what of the common plan: alone, in the core, and by the Shapley value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Mark, Ranged, known, ranges
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, text_cell
from vallum.report.study import Study

EMPTY: Mapping[str, Any] = {}
#: Class of the style sheet, member of compare.json and words of each dot, the last on top.
MARKS = (
    ("dot-alone", "alone_meur", "alone"),
    ("dot-official", "shapley_meur", "Shapley value"),
    ("dot-together", "core_meur", "in the core"),
)


def figure(study: Study) -> Figure:
    """Draw what each state pays alone and together; tables give the coalitions too."""
    found = study.compare.get("shares")
    shares: Mapping[str, Any] = found if isinstance(found, dict) else EMPTY
    states = [state for state in study.members if _of(shares, state)]
    listed = shares.get("coalitions")
    coalitions = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return Figure(
        "shares",
        "Who pays what together",
        _finding(shares) if states else "",
        _picture(study, shares, states, coalitions),
        [_table(study, shares, states), _coalitions(study, shares, coalitions)] if states else [],
        ("programmes", "bands", "safe_loans", "lines", "settings"),
        ("compare",),
        "Each state gets what its national plan reaches. A coalition costs what the best plan costs that its "
        "states found among themselves while the others keep their national plans; bars show how far that "
        "may be overstated. In the core no coalition pays more. The Shapley value is what a state adds to "
        "the cost, on average over all orders of joining.",
        "This needs the plan alone and the plan together from one run, of two states or more.",
        shown=1,
    )


def _of(shares: Mapping[str, Any], state: str) -> Mapping[str, Any]:
    states = shares.get("states")
    found = states.get(state) if isinstance(states, dict) else None
    return found if isinstance(found, dict) else EMPTY


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value: Any = row.get(name)
    return float(value) if words.is_number(value) else None


def _finding(shares: Mapping[str, Any]) -> str:
    proof = "proven" if shares.get("proven") is True else "not proven"
    if shares.get("core") == "empty":
        missing = words.money(_number(shares, "subsidy_meur"))
        return f"Some get by more cheaply apart: a subsidy of {missing} keeps all together ({proof})."
    least = words.money(_number(shares, "least_saving_meur"))
    return f"Shared so, nobody does better apart: every coalition saves {least} or more ({proof})."


def _picture(
    study: Study, shares: Mapping[str, Any], states: Sequence[str], coalitions: Sequence[Mapping[str, Any]]
) -> Markup:
    """A row for each state: alone, in the core, by the Shapley value."""
    bounds = {"+".join(_members(one)): _number(one, "bound_meur") for one in coalitions}
    rows = []
    for state in states:
        one = _of(shares, state)
        alone, bound = _number(one, "alone_meur"), bounds.get(state)
        found = [(kind, _number(one, name), text) for kind, name, text in MARKS]
        marks = [Mark(kind, value, text) for kind, value, text in found if value is not None]
        label = f"{study.name('states', state)}: {_saving(_number(one, 'saves_meur'))}"
        ends = known(bound, alone)
        rows.append(Ranged(state, label, marks, (ends[0], ends[1]) if len(ends) == 2 else None))
    if not rows:
        return Markup("")
    names = [("dot-alone", "alone"), ("dot-together", "share in the core"), ("dot-official", "Shapley value"),
             ("range", "from the bound to the cost alone")]  # fmt: skip
    title = "Cost of the national shortfall, EUR million, discounted"
    return Markup("").join([legend(names), ranges("shares", title, rows, words.number)])


def _members(coalition: Mapping[str, Any]) -> list[str]:
    states = coalition.get("states")
    return [str(state) for state in states] if isinstance(states, list) else []


def _saving(value: float | None) -> str:
    return (
        f"saves {words.money(value)}" if value is None or value >= 0 else f"pays {words.money(-value)} more"
    )


def _table(study: Study, shares: Mapping[str, Any], states: Sequence[str]) -> Table:
    columns = ("alone_meur", "core_meur", "shapley_meur", "saves_meur", "spends_meur")
    rows = [
        [
            text_cell(study.name("states", state)),
            *(money_cell(_number(_of(shares, state), name)) for name in columns),
        ]
        for state in states
    ]
    heads = ["State", "Alone, EUR m", "Share in the core", "Shapley value", "Saves", "Spends itself"]
    return Table("t-shares", "What each state pays, EUR million, discounted", heads, rows,
                 frozenset(range(1, 6)), states)  # fmt: skip


def _coalitions(study: Study, shares: Mapping[str, Any], coalitions: Sequence[Mapping[str, Any]]) -> Table:
    rows: list[list[Cell]] = []
    for one in coalitions:
        members = _members(one)
        cost, bound = _number(one, "cost_meur"), _number(one, "bound_meur")
        paid = known(*(_number(_of(shares, state), "core_meur") for state in members))
        pays = sum(paid) if len(paid) == len(members) else None
        saved = None if cost is None or pays is None else cost - pays
        cells = (cost, bound, pays, saved)
        rows.append(
            [text_cell(words.joined(study.state_names(members))), *(money_cell(value) for value in cells)]
        )
    heads = ["Coalition", "Cost by itself, EUR m", "No plan is below", "Shares in the core", "Saves together"]
    caption = "Coalitions, each at the national shortfall of its states"
    return Table("t-coalitions", caption, heads, rows, frozenset(range(1, 5)))
