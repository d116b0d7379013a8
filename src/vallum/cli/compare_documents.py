"""The JSON documents of `vallum compare` and `vallum scenarios`."""

import msgspec

from vallum.cli.documents import Comparison, Level, SameCapability, SameMoney, StateResult, Status

__all__ = ["COMPARE_DOCUMENTS", "CompareDocument", "Delta", "Fragmentation", "PlanLine", "ScenariosDocument"]


class PlanLine(msgspec.Struct, kw_only=True):
    """One plan beside others."""

    name: str
    folder: str
    mode: str
    region: str
    content_hash: str
    scenario: str | None
    "Title of the scenario it was made with; null: the tables as they are."
    gap_years: float
    cost_meur: float
    types: int
    safe_drawn_meur: float
    "Of all states."
    bound: float | None
    "Of the shortfall."
    gap: float | None
    status: Status | None
    states: dict[str, StateResult]
    levels: list[Level]
    "Value, bound and gap of each."


class BoughtOnce(msgspec.Struct, kw_only=True):
    """A programme that only one of two plans buys."""

    programme_id: str
    coalitions: list[str]
    quantity: float


class OtherCoalition(msgspec.Struct, kw_only=True):
    """A programme that two plans buy in different coalitions."""

    programme_id: str
    first: list[str]
    second: list[str]


class OtherQuantity(msgspec.Struct, kw_only=True):
    """What a state buys more or less of in the second plan."""

    programme_id: str
    state: str
    first: float
    second: float


class Changes(msgspec.Struct, kw_only=True):
    """What the second of two plans buys differently."""

    first: str
    second: str
    only_in_first: list[BoughtOnce]
    only_in_second: list[BoughtOnce]
    coalition_changed: list[OtherCoalition]
    quantity_changed: list[OtherQuantity]


class Difference(msgspec.Struct, kw_only=True):
    """The second of two plans less the first."""

    difference: float
    interval: tuple[float | None, float | None]
    "Where the difference of the best values lies, from the bounds of both plans."
    proven: bool
    "The interval does not contain 0."


class Delta(msgspec.Struct, kw_only=True):
    """How far a plan is from the first of its mode."""

    first: str
    second: str
    mode: str | None
    "null: the two are of different modes."
    gap_years: Difference | None
    cost_meur: Difference | None
    "Each plan at the shortfall that it reached."
    types: int


class Fragmentation(msgspec.Struct, kw_only=True):
    """What going alone costs, in one folder with a plan of each mode."""

    folder: str
    region: str
    scenario: str | None
    same_money: SameMoney
    same_capability: SameCapability | None


class TakenBySome(msgspec.Struct, kw_only=True):
    """A programme that some of the plans take."""

    programme_id: str
    plans: list[str]


class Programmes(msgspec.Struct, kw_only=True):
    """Which programmes plans of one mode take."""

    mode: str | None
    "null: plans of both modes, none of which has another of its own."
    plans: list[str]
    by_all: list[str]
    by_some: list[TakenBySome]


class CompareDocument(msgspec.Struct, kw_only=True):
    """`vallum compare DIR DIR --json`."""

    plans: list[PlanLine]
    same_region: bool
    changes: list[Changes]
    comparison: Comparison | None = None
    "When the plans are one alone and one together, of the same region."
    deltas: list[Delta] = []
    "Of each mode: every later plan against the first of the same region."
    fragmentation: list[Fragmentation] = []
    programmes: list[Programmes] = []
    report: str | None = None
    "With --report: the file that was written."


class ScenarioLine(msgspec.Struct, kw_only=True):
    """One scenario of a region."""

    scenario: str
    "What --scenario takes."
    name: str
    description: str
    source: str
    confidence: str
    changes: int
    "Changes of the tables."
    file: str


class ScenariosDocument(msgspec.Struct, kw_only=True):
    """`vallum scenarios REGION --json`."""

    region: str
    scenarios: list[ScenarioLine]


COMPARE_DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "compare": CompareDocument,
    "scenarios": ScenariosDocument,
}
