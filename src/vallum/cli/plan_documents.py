"""Parts of the JSON documents of plans: how the cost is shared, and trade-offs."""

from typing import Literal

import msgspec

__all__ = ["Frontier", "Shares"]


class CoalitionCost(msgspec.Struct, kw_only=True):
    """What a coalition pays for what each of its states has alone."""

    states: list[str]
    cost_meur: float
    "Discounted, of the best plan found."
    bound_meur: float | None
    "No plan of the coalition costs less; null: not known."


class Balanced(msgspec.Struct, kw_only=True):
    """One coalition of the proof that the core is empty."""

    states: list[str]
    weight: float


class StateShare(msgspec.Struct, kw_only=True):
    """What one state pays. EUR million, discounted."""

    alone_meur: float
    "By itself, for what its national plan reaches."
    core_meur: float
    "Its share of the common plan, in the core unless that is empty; then with the subsidy."
    shapley_meur: float | None
    "Its share by the Shapley value; null: not every coalition was planned."
    saves_meur: float
    "What it pays alone less its share in the core."
    spends_meur: float
    "What it spends itself in the common plan; its share differs by what the others owe it, or it them."


class Shares(msgspec.Struct, kw_only=True):
    """How the cost of the common plan is shared so that nobody does better apart."""

    all_coalitions: bool
    "Every coalition was planned; else each state alone, each pair, all but one, and all."
    coalitions: list[CoalitionCost]
    largest_gap: float | None
    "By which fraction a coalition's cost may be overstated at most; null: a bound is not known."
    core: Literal["found", "empty"]
    proven: bool
    "True wherever between bound and value the costs of the coalitions lie."
    least_saving_meur: float
    "What the coalition that gains least saves."
    subsidy_meur: float
    "Least amount from outside with which nobody does better apart; 0 unless the core is empty."
    balanced: list[Balanced]
    "Proof of an empty core: each state is covered once, and the parts cost less than all together."
    states: dict[str, StateShare]


Axis = Literal["cost", "shortfall", "domestic", "types", "peak"]


class FrontierPoint(msgspec.Struct, kw_only=True):
    """The least of one axis while another is held at a limit."""

    mode: Literal["national", "joint"]
    point: int
    "1 has the tightest limit."
    held: Axis
    least: Axis
    limit: float
    "Most of the held axis that a plan may have; least for domestic."
    reached: float | None
    "What the plan has of it; null without a plan, and for domestic if nothing is ordered."
    value: float | None
    bound: float | None
    "No plan within the limit is below it."
    gap: float | None
    status: Literal["optimal", "gap", "time limit", "work limit", "interrupted", "not reached"]
    dominated_by: int | None
    "Point that is as good in both axes and better in one."
    gap_years: float | None
    cost_meur: float | None
    types: int | None
    peak_meur: float | None
    "Largest spending of all states in one year, not discounted."
    domestic_share: float | None
    "Part of the value of all orders that is made in member states."


class Standing(msgspec.Struct, kw_only=True):
    """The plan that stands, in the figures of the points."""

    mode: Literal["national", "joint"]
    gap_years: float
    cost_meur: float
    types: int
    peak_meur: float
    domestic_share: float | None


class Frontier(msgspec.Struct, kw_only=True):
    """A trade-off."""

    held: Axis
    least: Axis
    asked: int
    "Points of all modes."
    complete: bool
    "false: it was stopped; the same command goes on from the points that are finished."
    kept: int
    "Points that an earlier run had finished."
    points: list[FrontierPoint]
    standing: list[Standing]
