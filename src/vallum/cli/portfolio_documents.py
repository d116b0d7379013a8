"""The JSON document of `vallum portfolio`, which is also the content of run.json.

See `vallum.cli.documents` for what holds for all documents.
"""

from typing import Literal

import msgspec

__all__ = ["PORTFOLIO_DOCUMENTS", "PortfolioDocument"]


class PortfolioPoint(msgspec.Struct, kw_only=True):
    """Value and bound from a moment on."""

    seconds: float
    value: float | None
    bound: float | None


class PortfolioBreach(msgspec.Struct, kw_only=True):
    """One rule that the plan breaks."""

    rule: str
    item: str
    year: int | None
    "Counted from 1."
    used: float | None
    limit: float | None
    sentence: str


class PortfolioAudited(msgspec.Struct, kw_only=True):
    """What code that shares nothing with the search recomputed from the file and the start years."""

    passed: bool
    checked: int
    "Comparisons made."
    value: float
    breaches: list[PortfolioBreach]
    total: list[float]
    "Money used in each year."
    initiation: list[float]
    ongoing: list[float]
    streams: list[float]
    "Money used of each stream within the planning years."


class PortfolioChange(msgspec.Struct, kw_only=True):
    """What the plan does differently from the one that it was started from."""

    project: str
    kind: Literal["dropped", "moved", "added"]
    before: int | None
    "Start year, counted from 1."
    after: int | None
    reason: str


class PortfolioDocument(msgspec.Struct, kw_only=True):
    """`vallum portfolio FILE --out DIR --json`."""

    file: str
    out: str
    status: Literal["optimal", "gap", "time limit", "work limit", "interrupted"]
    projects: int
    "Projects in the plan."
    of: int
    "Projects in the file."
    value: float
    "Discounted value of the plan."
    bound: float
    "No plan is worth more."
    gap: float | None
    "(bound - value) / value; null when the plan is worth nothing."
    seconds: float
    seed: int
    moves: int | None
    workers: int
    cut_budget: float | None
    from_year: int | None
    cancelled: list[str]
    audit: PortfolioAudited
    changes: list[PortfolioChange] | None
    "With --from."
    curve: list[PortfolioPoint]


PORTFOLIO_DOCUMENTS: dict[str, type[msgspec.Struct]] = {"portfolio": PortfolioDocument}
