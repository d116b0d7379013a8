"""`vallum explain DIR`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter
from rich.markup import escape

from vallum.cli.explain_documents import ExplainDocument, Holds, Why, WhyNot
from vallum.cli.options import Common, positive, whole
from vallum.cli.outcome import NO, OK
from vallum.cli.output import emit, libraries_silenced, number, say, show, table
from vallum.core.errors import BadInput

__all__ = ["explain"]

TIME_LIMIT_S = 30.0


def explain(
    directory: Path,
    /,
    *,
    why_not: str | None = None,
    why: str | None = None,
    state: str | None = None,
    by: int | None = None,
    with_: Annotated[str | None, Parameter(name="--with")] = None,
    mode: Literal["national", "joint"] | None = None,
    most: Annotated[int, Parameter(validator=positive, converter=whole)] = 10,
    time_limit: Annotated[float, Parameter(validator=positive)] = TIME_LIMIT_S,
    common: Common | None = None,
) -> int:
    """Say what holds a plan back, why it does not take a programme, or what one that it takes earns.

    The plan is searched again near where it stands, so that an answer takes seconds: what a relaxation
    removes is therefore said as *at least*, what a demand costs as *at most*. Ctrl-C ends the list of what
    holds the plan back with what is confirmed by then.

    Parameters
    ----------
    directory
        A plan, or a folder with plans of both modes.
    why_not
        Programme to be taken. Says what that costs and which rules are in the way; exits with 1 if it is
        impossible.
    why
        Programme of the plan. Says what is missing without it.
    state
        By whom it is taken; with --why only what this state takes part in.
    by
        With --why-not: year in which the first units are there at the latest.
    with_
        With --why-not: states that take it in the same coalition, joined by commas or +.
    mode
        Which plan of a folder with two; joint unless given.
    most
        Without a question: how many limits are confirmed.
    time_limit
        Seconds for the whole answer.
    """
    common = common or Common()
    from vallum.plan.explain import Explainer
    from vallum.plan.pick import pick_plan
    from vallum.plan.pipeline import interruptible
    from vallum.solve import Cancel, Limits

    _refuse_mixture(why_not, why, state, by, with_)
    plan, cancel = pick_plan(directory, mode), Cancel()
    answer: dict[str, Any] = {"plan": str(directory), "mode": plan.mode}
    with libraries_silenced(), interruptible(cancel):
        explainer = Explainer(plan, Limits(time_limit=time_limit), cancel)
        if why_not is not None:
            answer["why_not"] = explainer.why_not(why_not, state, by, _states(with_))
        elif why is not None:
            answer["why"] = explainer.why(why, state)
        else:
            answer["holds"] = explainer.holds(most, lambda text: say(f"confirming: {escape(text)}"))
    if cancel.is_set() and "holds" not in answer:
        raise KeyboardInterrupt
    document = msgspec.convert(answer, ExplainDocument)
    if common.json:
        emit(document)
    else:
        print_answer(document)
    return NO if document.why_not is not None and document.why_not.verdict == "impossible" else OK


def print_answer(document: ExplainDocument) -> None:
    """Print whichever answer there is."""
    if document.holds is not None:
        print_holds(document.holds)
    if document.why_not is not None:
        print_why_not(document.why_not)
    if document.why is not None:
        print_why(document.why)


def print_holds(answer: Holds) -> None:
    """Print limits, the one that removes most first."""
    if answer.holds:
        lines = table("what holds the plan back", "moved by", ">removes at least, gap-years", "from")
        for one in answer.holds:
            lines.add_row(escape(one.sentence), moved(one.amount, one.unit),
                          number(one.at_least_gap_years, 3), escape(one.source))  # fmt: skip
        show(lines)
    elif answer.finished:
        show("Nothing that could be relaxed removes any gap-years.")
    show(f"The plan misses {number(answer.gap_years, 3)} gap-years.")
    if answer.gap_years - answer.base_gap_years >= 0.0005:
        show(f"The same search brings it to {number(answer.base_gap_years, 3)} with nothing moved; what is "
             "removed is counted from there.")  # fmt: skip
    if not answer.finished:
        show("It ended before all of them were confirmed; --time-limit gives it more time.")


def moved(amount: float | None, unit: str) -> str:
    """Say by how much a limit was moved."""
    if amount is None:
        return "dropped"
    if unit == "EUR million":
        return f"EUR {number(amount, 0)} million more"
    return "by a year" if unit == "year" else f"{100 * amount:.0f} % more every year"


VERDICTS = {
    "taken already": "The plan takes it already.",
    "impossible": "It is impossible, whatever else is given up.",
    "dearer": "It can be had, for less capability elsewhere.",
    "costs money only": "It can be had for money; capability stays as it is.",
    "as good": "A plan with it is as good.",
    "better": "A plan with it is better: the search that made this plan had not ended.",
    "not found": "No plan with it was found in the time given; nothing shows that there is none.",
}


def print_why_not(answer: WhyNot) -> None:
    """Print verdict, price and rules."""
    show(f"{escape(asked(answer))}: {VERDICTS[answer.verdict]}")
    if answer.gap_years_at_most is not None:
        show(f"Price, at most: {number(answer.gap_years_at_most, 3)} gap-years. The plan with it costs EUR "
             f"{number(answer.meur or 0.0, 0)} million more (discounted).")  # fmt: skip
    for word, choices in (("gives up", answer.leaves), ("adds", answer.joins)):
        if choices:
            listed = ", ".join(f"{one.programme_id} ({'+'.join(one.coalition)})" for one in choices)
            show(f"The plan with it {word}: {escape(listed)}")
    print_rules(answer)


def print_rules(answer: WhyNot) -> None:
    """Print what is in the way."""
    if answer.rules is None:
        show("Which rules are in the way was not found in the time given.")
    elif answer.rules:
        show("In the way, together:" if len(answer.rules) > 1 else "In the way:")
        for rule in answer.rules:
            alone = {True: "; enough to lift this alone", False: "; not the only thing", None: ""}[
                rule.enough
            ]
            show(f"  {escape(rule.sentence)} ({escape(rule.source)}{alone})")
    elif answer.verdict == "dearer":
        show("No rule is in the way of all that is planned and this in fractions of units: only whole units "
             "and choices are.")  # fmt: skip


def asked(answer: WhyNot) -> str:
    """Return the question in words."""
    parts = [f"{answer.programme_id} ({answer.name})"]
    if answer.state:
        parts.append(f"by {answer.state}")
    if answer.together:
        parts.append(f"together with {', '.join(answer.together)}")
    if answer.by:
        parts.append(f"first units by {answer.by}")
    return ", ".join(parts)


def print_why(answer: Why) -> None:
    """Print what is missing without a programme."""
    name = escape(f"{answer.programme_id} ({answer.name})")
    if not answer.taken:
        show(f"{name} is not in the plan. Ask with --why-not what it would take.")
        return
    for members, share in zip(answer.coalitions, answer.price_shares, strict=True):
        show(
            f"{name} is taken by {'+'.join(members)} at {100 * share:.0f} % of the price of one order alone."
        )
    last = max((one.year for one in answer.covers), default=0)
    fielded = [f"{one.state} {number(one.class_units, 1)}" for one in answer.covers if one.year == last]
    if fielded:
        show(f"It fields of {escape(answer.covers[0].class_id)} by {last}: {', '.join(fielded)}.")
    if answer.not_replaced_gap_years is None:
        show("Without it, and with nothing in its place, the rest of the plan cannot be paid.")
    else:
        lost = number(answer.not_replaced_gap_years, 3)
        show(f"Without it, and with nothing in its place: {lost} gap-years more.")
    if answer.replaced_gap_years is None:
        show("No plan without it was found in the time given.")
    else:
        show(f"In the best plan found without it: {number(answer.replaced_gap_years, 3)} gap-years more, EUR "
             f"{number(answer.replaced_meur or 0.0, 0)} million more (discounted).")  # fmt: skip


def _states(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").replace("+", ",").split(",") if part.strip()]


def _refuse_mixture(
    why_not: str | None, why: str | None, state: str | None, by: int | None, with_: str | None
) -> None:
    if why_not is not None and why is not None:
        raise BadInput("Two questions at once", where="--why", rule="question", remedy="Ask one.")
    asked = {"--state": (state, why_not or why), "--by": (by, why_not), "--with": (with_, why_not)}
    for option, (value, question) in asked.items():
        if value is not None and question is None:
            raise BadInput(
                "It belongs to a question about a programme", where=option, rule="question",
                remedy="Add --why-not PROGRAMME.",
            )  # fmt: skip
