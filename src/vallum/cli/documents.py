"""The JSON documents that the commands write with `--json`; their schemas are generated from these classes.

A document may gain members in a later version; none changes its meaning or goes away without a change of the
major version. A number that is not known is null.
"""

from typing import Literal

import msgspec

from vallum.cli.plan_documents import Frontier, Shares

__all__ = [
    "DOCUMENTS",
    "AuditDocument",
    "CheckDocument",
    "Comparison",
    "ConfidenceWord",
    "DoctorDocument",
    "ErrorDocument",
    "PlanDocument",
    "ReportDocument",
    "schemas",
]


ConfidenceWord = Literal["high", "medium", "low", "assumption"]
Status = Literal["optimal", "gap", "time limit", "work limit", "interrupted"]


class Problem(msgspec.Struct, kw_only=True):
    """Why a command could not do its work."""

    message: str
    where: str | None = None
    "File, row and column, as far as they are known."
    rule: str | None = None
    remedy: str | None = None


class ErrorDocument(msgspec.Struct, kw_only=True):
    """What any command writes when it ends with exit code 2, 70 or 130."""

    error: Problem


class Finding(msgspec.Struct, kw_only=True):
    """One thing that a check of a region found."""

    severity: Literal["error", "warning"]
    file: str
    row: int | None
    "Line of the file, the header being line 1."
    column: str | None
    rule: str
    value: str | None
    message: str
    remedy: str


class Confidence(msgspec.Struct, kw_only=True):
    """How much money rests on rows of one confidence."""

    view: Literal["purse", "price"]
    "purse: what may be spent. price: what is asked for everything on offer, at the greatest quantities."
    state: str | None
    "null: the whole region."
    confidence: ConfidenceWord
    meur: float
    share: float
    "Of the state's money in this view, as a fraction."


class CheckDocument(msgspec.Struct, kw_only=True):
    """`vallum check REGION --json`."""

    region: str
    title: str
    content_hash: str
    sound: bool
    "No finding is an error."
    errors: int
    warnings: int
    rows: dict[str, int]
    "Rows of each table."
    findings: list[Finding]
    confidence: list[Confidence] | None = None
    "With --confidence."


class Level(msgspec.Struct, kw_only=True):
    """One level of the plan's objectives."""

    name: str
    value: float
    bound: float | None
    gap: float | None
    "(value - bound) / |value|."
    seconds: float | None


class StateResult(msgspec.Struct, kw_only=True):
    """What one state gets and pays, over the whole horizon."""

    gap_years: float
    cost_meur: float
    "Discounted to the region's first year; loans to their last payment."
    safe_drawn_meur: float


class ModeResult(msgspec.Struct, kw_only=True):
    """The plan of one mode."""

    status: Status | None
    gap_years: float
    cost_meur: float
    types: int
    levels: list[Level]
    states: dict[str, StateResult]


class RegionName(msgspec.Struct, kw_only=True):
    """Which data a plan was made from."""

    name: str
    title: str
    content_hash: str


class SameMoney(msgspec.Struct, kw_only=True):
    """Shortfall alone less shortfall together with the same purses, in gap-years."""

    national: float
    joint: float
    difference: float
    interval: tuple[float | None, float | None]
    proven: bool
    "The interval does not contain 0."


class SameCapability(msgspec.Struct, kw_only=True):
    """The least discounted cost of the national plan's shortfall, alone and together."""

    national_cost_meur: float
    joint_cost_meur: float
    difference_meur: float
    interval: tuple[float | None, float | None]
    proven: bool


class StateComparison(msgspec.Struct, kw_only=True):
    """One state alone and together."""

    national: StateResult
    joint: StateResult


class MonthsToTarget(msgspec.Struct, kw_only=True):
    """Months from the start until a class's need is met to the end of the horizon; null: not within it."""

    state: str
    class_id: str
    national: int | None
    joint: int | None


class Types(msgspec.Struct, kw_only=True):
    """Types bought by at least one state."""

    national: int
    joint: int


class DomesticValue(msgspec.Struct, kw_only=True):
    """Value of orders on lines of one state."""

    national_meur: float
    joint_meur: float


class SafeUse(msgspec.Struct, kw_only=True):
    """What one state draws of its SAFE loan, and what it may draw."""

    national_meur: float
    joint_meur: float
    ceiling_meur: float


class Cause(msgspec.Struct, kw_only=True):
    """One cause of the difference in cost."""

    cause: str
    meur: float


class Comparison(msgspec.Struct, kw_only=True):
    """The plan alone against the plan together; also the content of compare.json."""

    region: RegionName
    same_money: SameMoney
    same_capability: SameCapability | None
    states: dict[str, StateComparison]
    months_to_target: list[MonthsToTarget]
    types: Types
    domestic_value: dict[str, DomesticValue]
    decomposition: list[Cause]
    decomposition_of: str
    "Of which difference the causes are: same capability, or plans as made."
    safe: dict[str, SafeUse]
    shares: Shares | None = None
    "When both modes were planned in one run, for two states or more."


class PlanDocument(msgspec.Struct, kw_only=True):
    """`vallum plan REGION --out DIR --json`."""

    region: str
    out: str
    interrupted: bool
    "Ctrl-C stopped the search; the best plan found until then was kept."
    modes: dict[str, ModeResult]
    compare: Comparison | None = None
    "With --mode both."
    frontier: Frontier | None = None
    "With --frontier."


class Violation(msgspec.Struct, kw_only=True):
    """One rule that a plan breaks."""

    rule: str
    mode: str
    state: str
    item: str
    "Programme, class, line or crew family; empty where the rule has none."
    year: int | None
    stated: float | str | None
    recomputed: float | str | None
    "What follows from the inputs, or the limit."
    sentence: str


class Rule(msgspec.Struct, kw_only=True):
    """One rule that the audit recomputed for one mode."""

    rule: str
    mode: str
    meaning: str
    checked: int
    "Comparisons made."
    violations: int


class AuditDocument(msgspec.Struct, kw_only=True):
    """`vallum audit DIR --json`."""

    plan: str
    passed: bool
    rules: list[Rule]
    violations: list[Violation]


class ReportDocument(msgspec.Struct, kw_only=True):
    """`vallum report DIR --json`."""

    report: str
    bytes: int
    opened: bool


class Condition(msgspec.Struct, kw_only=True):
    """One thing that Vallum needs of the machine, or can use."""

    name: str
    status: Literal["ok", "missing", "warning", "failed"]
    "missing: optional and not there; warning: works and should not stay so; failed: does not work."
    value: str
    remedy: str | None = None


class DoctorDocument(msgspec.Struct, kw_only=True):
    """`vallum doctor --json`."""

    healthy: bool
    conditions: list[Condition]


DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "check": CheckDocument,
    "plan": PlanDocument,
    "audit": AuditDocument,
    "report": ReportDocument,
    "doctor": DoctorDocument,
    "error": ErrorDocument,
}


def schemas() -> dict[str, str]:
    """Return the JSON Schema of each document as text, by the name of the command."""
    from vallum.cli.compare_documents import COMPARE_DOCUMENTS
    from vallum.cli.evacuate_documents import EVACUATE_DOCUMENTS
    from vallum.cli.explain_documents import EXPLAIN_DOCUMENTS
    from vallum.cli.export import EXPORT_DOCUMENTS
    from vallum.cli.fiscal_documents import FISCAL_DOCUMENTS
    from vallum.cli.hub_demo_documents import HUB_DEMO_DOCUMENTS
    from vallum.cli.hub_documents import HUB_DOCUMENTS
    from vallum.cli.hub_replay_documents import REPLAY_DOCUMENTS
    from vallum.cli.line_documents import LINE_DOCUMENTS
    from vallum.cli.pki_documents import PKI_DOCUMENTS
    from vallum.cli.portfolio_documents import PORTFOLIO_DOCUMENTS
    from vallum.cli.sky_documents import SKY_DOCUMENTS

    documents = (
        DOCUMENTS
        | COMPARE_DOCUMENTS
        | EXPLAIN_DOCUMENTS
        | EXPORT_DOCUMENTS
        | PORTFOLIO_DOCUMENTS
        | FISCAL_DOCUMENTS
        | LINE_DOCUMENTS
        | SKY_DOCUMENTS
        | EVACUATE_DOCUMENTS
        | PKI_DOCUMENTS
        | HUB_DOCUMENTS
        | REPLAY_DOCUMENTS
        | HUB_DEMO_DOCUMENTS
    )
    made = {}
    for name, document in documents.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(document)}
        made[name] = msgspec.json.format(msgspec.json.encode(schema)).decode() + "\n"
    return made
