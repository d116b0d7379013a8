"""The tables of a trade-off: its points, and what the plan of each buys."""

from types import MappingProxyType
from typing import Final

from vallum.plan.tables import EXPANSIONS, ORDERS, SCHOOLS, Column, PlanTable, number, word

__all__ = ["FRONTIER_TABLES"]

MODE: Final = word("mode", "national or joint.")
POINT: Final = Column("point", "whole", "", "Number of the point; 1 has the tightest limit.")

DOMESTIC: Final = number(
    "domestic_share",
    "fraction",
    "Part of its orders made in member states; missing without any.",
    nullable=True,
)

STANDING: Final = PlanTable(
    "standing",
    "The plan that stands, in the same figures.",
    ("mode",),
    (
        MODE,
        number("gap_years", "gap-years", "Shortfall of the plan."),
        number("cost_meur", "EUR million", "Its discounted cost."),
        Column("types", "whole", "types", "Types that it buys."),
        number("peak_meur", "EUR million", "Its largest spending in one year."),
        DOMESTIC,
    ),
)
POINTS: Final = PlanTable(
    "frontier",
    "One point: the least of one axis while another is held at a limit.",
    ("mode", "point"),
    (
        MODE,
        POINT,
        word("held", "Axis that is held: cost, shortfall, domestic, types or peak."),
        word("least", "Axis made least: shortfall or cost."),
        number("limit", "of the held axis", "Most of it that a plan may have; least for domestic."),
        number("reached", "of the held axis", "What the plan found has of it.", nullable=True),
        number("value", "of the axis made least", "Of the plan found; missing without one.", nullable=True),
        number("bound", "of the axis made least", "No plan within the limit is below it.", nullable=True),
        number("gap", "fraction", "(value - bound) / |value|.", nullable=True),
        word("status", "optimal, gap, time limit, work limit, interrupted or not reached."),
        Column(
            "dominated_by",
            "whole",
            "",
            "Point that is as good in both axes and better in one.",
            nullable=True,
        ),
        number("gap_years", "gap-years", "Shortfall of the plan.", nullable=True),
        number("cost_meur", "EUR million", "Its discounted cost.", nullable=True),
        Column("types", "whole", "types", "Types that it buys.", nullable=True),
        number("peak_meur", "EUR million", "Its largest spending in one year.", nullable=True),
        DOMESTIC,
    ),
)


def _of_point(table: PlanTable) -> PlanTable:
    """A table of a plan, of the plan of each point."""
    return PlanTable(table.name, table.row, ("mode", "point", *table.key), (MODE, POINT, *table.columns))


FRONTIER_TABLES: Final = MappingProxyType(
    {table.name: table for table in (POINTS, STANDING, *map(_of_point, (ORDERS, EXPANSIONS, SCHOOLS)))}
)
