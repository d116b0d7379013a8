"""What `vallum explain DIR --json` writes."""

from typing import Final, Literal

import msgspec

__all__ = ["EXPLAIN_DOCUMENTS", "ExplainDocument"]

Verdict = Literal[
    "taken already", "impossible", "dearer", "costs money only", "as good", "better", "not found"
]


class RuleLine(msgspec.Struct, kw_only=True):
    """One rule of the model in words."""

    rule: str
    state: str
    "Empty: several or all."
    item: str
    years: list[int]
    "In which it binds."
    source: str
    "The table that sets it."
    sentence: str


class HoldLine(RuleLine, kw_only=True):
    """A rule that holds the plan back, and what its relaxation removes."""

    amount: float | None
    "By how much it was moved; null: the rule was dropped."
    unit: str
    "EUR million in the years named, together; `of the limit` in every year; `year`; or nothing."
    expected_gap_years: float
    "Removed with the plan's choices as they are and fractions of units, by a linear programme."
    reached_gap_years: float
    "Missing in the plan found with it."
    at_least_gap_years: float
    "Removed by that plan, against the best plan known without it (`base_gap_years`)."


class Holds(msgspec.Struct, kw_only=True):
    """What holds a plan back."""

    gap_years: float
    base_gap_years: float
    "Missing in the best plan known with no limit moved, found by the same search."
    finished: bool
    "All that was asked for was confirmed; false: time was up, or it was interrupted."
    holds: list[HoldLine]


class Obstacle(RuleLine, kw_only=True):
    """One of the rules that together keep a programme out."""

    enough: bool | None
    "Lifted alone, with all other rules in force, it lets the programme in; null: not tested."


class Choice(msgspec.Struct, kw_only=True):
    """Who takes a programme together."""

    programme_id: str
    name: str
    coalition: list[str]


class WhyNot(msgspec.Struct, kw_only=True):
    """Why a programme is not taken."""

    programme_id: str
    name: str
    state: str | None
    by: int | None
    together: list[str]
    verdict: Verdict
    gap_years_at_most: float | None
    "What taking it costs in capability, at most; null: not found, or impossible."
    meur: float | None
    "Discounted cost of the plan found with it, less that of the plan."
    rules: list[Obstacle] | None
    "At most five; together they keep it out, and none can be left out of that. null: not known in time."
    leaves: list[Choice]
    "What the plan found with it gives up."
    joins: list[Choice]


class Cover(msgspec.Struct, kw_only=True):
    """What a programme has fielded by a year."""

    state: str
    class_id: str
    year: int
    class_units: float


class Why(msgspec.Struct, kw_only=True):
    """What a programme of the plan earns."""

    programme_id: str
    name: str
    state: str | None
    taken: bool
    not_replaced_gap_years: float | None
    "When nothing takes its place; null: it is not in the plan, or the rest cannot be paid without it."
    replaced_gap_years: float | None
    "Gap-years more in the best plan found without it."
    replaced_meur: float | None
    coalitions: list[list[str]]
    price_shares: list[float]
    "Unit price of each coalition as a share of that of the least order alone."
    covers: list[Cover]


class ExplainDocument(msgspec.Struct, kw_only=True):
    """`vallum explain DIR --json`: one of the three answers, the others null."""

    plan: str
    mode: Literal["national", "joint"]
    holds: Holds | None = None
    why_not: WhyNot | None = None
    why: Why | None = None


EXPLAIN_DOCUMENTS: Final = {"explain": ExplainDocument}
