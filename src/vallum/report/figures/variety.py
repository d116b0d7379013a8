"""Types per class, alone and together."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.held import Row
from vallum.report.parts import Figure, chips
from vallum.report.study import ModePlan, Study, members_of
from vallum.report.svg import el


def figure(study: Study) -> Figure:
    """List the systems bought in each class and who buys them."""
    found = {plan.mode: _by_class(plan) for plan in study.plans}
    order = [c for c in study.classes if any(c in f for f in found.values())]
    order += sorted({c for f in found.values() for c in f} - set(order))
    heads = [el("th", "Class", scope="col")]
    for plan in study.plans:
        heads += [
            el("th", "Types", hidden_of(plan), scope="col", class_="num"),
            el("th", plan.word, scope="col"),
        ]
    body = []
    for class_id in order:
        cells = [el("th", study.name("classes", class_id), scope="row")]
        for plan in study.plans:
            rows = found[plan.mode].get(class_id, [])
            cells += [
                el("td", _dots(len(rows)), class_="num"),
                el("td", *[_type(study, r) for r in rows], class_="types"),
            ]
        body.append(el("tr", *cells))
    drawn = el("table", el("thead", el("tr", *heads)), el("tbody", *body), class_="variety")
    return Figure(
        "types",
        "Types per class",
        _finding(study),
        el("div", drawn, class_="scroll", tabindex="0", role="region", aria_label="Types per class")
        if order
        else Markup(""),
        (),
        ("systems", "programmes", "classes"),
        ("types",),
        "A type is a system bought new by at least one state; what is in service or signed is not counted.",
        "The plan buys no type.",
    )


def hidden_of(plan: ModePlan) -> Markup:
    """Name the mode of a column for screen readers."""
    return el("span", f", {plan.word.lower()}", class_="vh")


def _by_class(plan: ModePlan) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in plan.table("types"):
        found.setdefault(str(row["class_id"]), []).append(row)
    return found


def _finding(study: Study) -> str:
    counts = [(plan.word.lower(), len(plan.table("types"))) for plan in study.plans]
    if not any(n for _, n in counts):
        return "No new type is bought."
    return f"New types bought: {words.joined(f'{words.number(n)} {word}' for word, n in counts)}."


def _dots(count: int) -> Markup:
    return el("span", str(count), class_="count")


def _type(study: Study, row: Row) -> Markup:
    states = members_of(row["states"])
    tags = chips(study.members, states, [], study.state_names(states))
    name = study.name("systems", row["system_id"])
    return el("span", name, " ", el("span", tags, class_="tags"), class_="type")
