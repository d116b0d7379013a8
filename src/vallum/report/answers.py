"""The answers in words: what to buy together first, what going alone costs, what blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.blocks import limits
from vallum.report.figures.fragmentation import headline, interval, interval_plot, proven
from vallum.report.figures.gains import months_to_target
from vallum.report.figures.programmes import Purchase, purchases
from vallum.report.parts import chips
from vallum.report.study import ModePlan, Study

FIRST = 6
#: Differences below this (gap-years or EUR million) are none.
SAME = 1e-6
COSTS = ("national_cost_meur", "joint_cost_meur", "difference_meur")
SHORTFALLS = ("national", "joint", "difference")
NO_MARKUP = Markup("")


@dataclass(frozen=True)
class Headline:
    """One large number of the head band."""

    label: str
    value: str
    unit: str
    detail: str
    tag: str = ""
    sure: bool = True
    plot: Markup = NO_MARKUP


@dataclass(frozen=True)
class Answer:
    """One entry of an answer: a short bold title, tags, and a sentence."""

    title: str
    sentence: str
    tags: Markup = NO_MARKUP
    states: str = ""


@dataclass(frozen=True)
class Answers:
    """All answers of a page."""

    headlines: list[Headline]
    buy_first: list[Answer]
    shared: bool
    alone_costs: list[str]
    what_blocks: list[Answer]


def of(study: Study) -> Answers:
    """Answer everything a plan can answer."""
    return Answers(
        headlines(study), buy_first(study), buys_together(study), alone_costs(study), what_blocks(study)
    )


def headlines(study: Study) -> list[Headline]:
    """Return the two or three numbers that matter."""
    national, joint = study.national, study.joint
    if national is None or joint is None:
        return _single(study)
    return [
        _difference(headline(study, "same_money"), "gap-years"),
        _difference(headline(study, "same_capability"), "money"),
        _together(study, national, joint),
    ]


def _difference(found: Mapping[str, Any], kind: str) -> Headline:
    is_money = kind == "money"
    names = COSTS if is_money else SHORTFALLS
    alone, together, value = (float(found[n]) if words.is_number(found.get(n)) else None for n in names)
    write = words.money if is_money else words.gap_years
    label = (
        "Extra cost alone, for the same capability"
        if is_money
        else "Shortfall avoided together, with the same money"
    )
    if value is None:
        return Headline(
            label, words.UNKNOWN, "", "The plan folder does not hold this comparison.", "not known", False
        )
    pair = interval(found)
    sure = proven(found)
    span = f"interval {words.interval(pair, kind)}"
    detail = f"{write(alone)} alone, {write(together)} together; {span}"
    plot = interval_plot(f"c-{kind}", label, value, pair, f"{write(value)}, {span}")
    return Headline(
        label,
        write(value),
        "" if is_money else "gap-years",
        detail,
        "proven" if sure else "not proven",
        sure,
        plot,
    )


def _together(study: Study, national: ModePlan, joint: ModePlan) -> Headline:
    shared = [p for p in purchases(study, joint) if p.shared]
    types = f"{len(national.table('types'))} new types alone, {len(joint.table('types'))} together"
    detail = f"in {words.plural(len(shared), 'purchase')} with two or more participants; {types}"
    return Headline("Bought together", words.money(sum(p.cost for p in shared)), "", detail)


def _single(study: Study) -> list[Headline]:
    plan = study.main
    found = []
    for name, label, unit, write in (
        ("shortfall", "Shortfall", "gap-years", words.gap_years),
        ("cost", "Cost, discounted", "", words.money),
        ("types", "New types", "", words.number),
    ):
        row = plan.levels.get(name)
        if row is not None:
            bound, gap = write(float(row["bound"])), words.percent(float(row["gap"]), 1)
            detail = f"no plan can be below {bound}; gap {gap}"
            found.append(Headline(f"{label}, {plan.word.lower()}", write(float(row["value"])), unit, detail))
    return found


def buy_first(study: Study) -> list[Answer]:
    """Return the (shared) purchases that close most of the shortfall, in the order of their signature."""
    best = sorted(_together_or_all(study)[1], key=lambda p: (-p.closed, -p.cost, p.programme))[:FIRST]
    return [_buy(study, p) for p in sorted(best, key=lambda p: (p.years[:1], -p.closed, p.programme))]


def buys_together(study: Study) -> bool:
    """Whether the purchases named first are shared ones: of the plan together, if it has any."""
    return _together_or_all(study)[0]


def _together_or_all(study: Study) -> tuple[bool, list[Purchase]]:
    every = purchases(study, study.main)
    shared = [p for p in every if p.shared] if study.joint is not None else []
    return bool(shared), shared or every


def _buy(study: Study, bought: Purchase) -> Answer:
    row = study.row("programmes", bought.programme)
    unit = str(row.get("unit") or "units").split("(")[0].strip()
    arrives = words.year_ranges(int(r["year"]) for r in bought.deliveries if r["quantity"] > 0)
    line = f" from {study.name('lines', row['line_id'])}" if row.get("line_id") else ""
    purse = ["own purse"]
    if row.get("related_money") == "y":
        purse.append("related money")
    if bought.safe_meur > 0:
        purse.append(f"SAFE for up to {words.money(bought.safe_meur)}")
    sentence = (
        f"Order {words.year_ranges(bought.years)}: {words.compact(bought.quantity)} ({unit}) "
        f"for {words.money(bought.cost)}{line}; delivered {arrives or 'after the horizon'}. "
        f"Paid from {words.joined(purse)}. Closes {words.gap_years(bought.closed)} gap-years."
    )
    names = study.state_names([*bought.states, *bought.others])
    tags = chips(study.members, bought.states, bought.others, names)
    return Answer(study.name("programmes", bought.programme), sentence, tags, " ".join(bought.states))


def alone_costs(study: Study) -> list[str]:
    """Say what going alone costs, with its intervals, or why that is not known."""
    national, joint = study.national, study.joint
    if national is None or joint is None:
        word = study.main.word.lower()
        return [
            f"Only the plan {word} is in this folder. Plan with --mode both to see what going alone costs."
        ]
    found = [
        _cost_sentence(headline(study, "same_money"), False),
        _cost_sentence(headline(study, "same_capability"), True),
        _types_sentence(national, joint),
        _targets_sentence(study),
    ]
    return [sentence for sentence in found if sentence]


def _cost_sentence(found: Mapping[str, Any], is_money: bool) -> str:
    names = COSTS if is_money else SHORTFALLS
    if not all(words.is_number(found.get(n)) for n in names):
        return ""
    alone, together, difference = (float(found[n]) for n in names)
    write = words.money if is_money else words.gap_years
    span = words.interval(interval(found), "money" if is_money else "gap-years")
    cost = write(abs(difference))
    if is_money:
        text = f"The same capability costs {write(alone)} alone and {write(together)} together (discounted)"
    else:
        cost += " gap-years"
        text = f"With the same money, {write(alone)} gap-years stay open alone and {write(together)} together"
    if abs(difference) < SAME:
        return f"{text}. Going alone costs nothing that shows (interval {span})."
    effect = "costs" if difference > 0 else "saves"
    if proven(found):
        return f"{text}. Going alone {effect} {cost} (interval {span})."
    return f"{text}. That going alone {effect} {cost} is not proven: the interval ({span}) contains 0."


def _types_sentence(national: ModePlan, joint: ModePlan) -> str:
    alone, together = len(national.table("types")), len(joint.table("types"))
    return f"Alone, the states buy {words.plural(alone, 'new type')}; together {together}."


def _targets_sentence(study: Study) -> str:
    pairs = list(months_to_target(study).values())
    ends = [
        [m if m is not None else float("inf") for m in (p.get("national"), p.get("joint"))] for p in pairs
    ]
    earlier = sum(joint < national for national, joint in ends)
    later = sum(joint > national for national, joint in ends)
    if not earlier and not later:
        return ""
    return (
        f"Together, {earlier} of {len(pairs)} needs (a class in a state) are met for good earlier, "
        f"{later} later and {len(pairs) - earlier - later} at the same time or in neither plan."
    )


def what_blocks(study: Study) -> list[Answer]:
    """Say which limits hold the plan back and what easing each would close."""
    found = []
    for block in limits(study, study.main, FIRST):
        when = f", {words.year_ranges(block.years)}" if block.years else ""
        each = " in each of these years" if len(block.years) > 1 else ""
        if block.relief:
            effect = f"A tenth more{each} would close about {words.compact(block.relief)} gap-years"
        else:
            effect = f"One unit more{each} would close about {words.compact(block.price)} gap-years"
        found.append(Answer(f"{block.label}{when}", f"{effect}.", states=block.state))
    return found
