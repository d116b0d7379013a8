"""The tables of a plan, column by column: type, unit and meaning, as data.

The store reads and writes by this list, the reference pages are generated from it, and tests build
empty tables from it. Every table is sorted by its key, so equal plans are equal files.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import polars as pl

__all__ = ["PLAN_TABLES", "Column", "PlanTable", "number", "word"]

Kind = Literal["text", "whole", "number", "flag"]

DTYPES: Final = MappingProxyType(
    {"text": pl.String, "whole": pl.Int64, "number": pl.Float64, "flag": pl.Boolean}
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a plan table.

    Parameters
    ----------
    name : str
        Name in the file.
    kind : {"text", "whole", "number", "flag"}
        String, 64-bit integer, 64-bit float or boolean.
    unit : str
        Unit of a quantity, "" where there is none. Money is in constant prices of the base year.
    meaning : str
        One plain sentence.
    nullable : bool
        Whether a value may be missing.
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    nullable: bool = False

    @property
    def dtype(self) -> type[pl.DataType]:
        """The polars type of the column."""
        return DTYPES[self.kind]


@dataclass(frozen=True, slots=True)
class PlanTable:
    """One table of a plan: its key, its columns and what a row is."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> dict[str, type[pl.DataType]]:
        """Column names and polars types, in file order."""
        return {column.name: column.dtype for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema=pl.Schema(self.schema))


def word(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column of text."""
    return Column(name, "text", "", meaning, nullable)


def number(name: str, unit: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column of numbers."""
    return Column(name, "number", unit, meaning, nullable)


MEUR = "EUR million, constant prices of the base year"
STATE = Column("state", "text", "", "Member state.")
YEAR = Column("year", "whole", "year", "Calendar year.")
PROGRAMME = Column("programme_id", "text", "", "Programme.")
COALITION = Column("coalition", "text", "", "Members, sorted and joined by +.")
PARTNERS = Column("partners", "text", "", "Partners outside the region, joined by +; empty for none.")
CLASS = Column("class_id", "text", "", "Capability class.")
FAMILY = Column("family", "text", "", "Crew family.")
LINE = Column("line_id", "text", "", "Production line.")


def money(name: str, meaning: str) -> Column:
    """Return a column of money."""
    return Column(name, "number", MEUR, meaning)


def units(name: str, meaning: str, unit: str = "class units") -> Column:
    """Return a column of quantities."""
    return Column(name, "number", unit, meaning)


CHOICES = PlanTable(
    "choices",
    "One block: a programme bought by one coalition in one price band.",
    ("programme_id", "coalition"),
    (
        PROGRAMME,
        COALITION,
        PARTNERS,
        Column("pooled", "flag", "", "Whether price and introduction cost are shared."),
        Column("band", "whole", "", "Price band, counted from 0 at the least pooled quantity."),
        units("edge_quantity", "Lower edge of the band; the unit price is exact there."),
        units("pooled_quantity", "Ordered by the members, with the partners' quantities if pooled."),
        money("unit_price_base_meur", "Price of one class unit at the edge for an order of the base year."),
        Column("price_error", "number", "fraction", "By how much the band can overstate the price at most."),
        Column("participants", "whole", "states", "Members and partners."),
        Column("lead_months", "number", "months", "Signature to first delivery, with negotiation."),
        Column("safe_eligible", "flag", "", "Whether SAFE loans may pay for it."),
        Column("safe_reason", "text", "", "The test that decided, with its article."),
    ),
)
ORDERS = PlanTable(
    "orders",
    "What one state orders of a block in one year.",
    ("programme_id", "coalition", "state", "year"),
    (
        PROGRAMME,
        COALITION,
        PARTNERS,
        STATE,
        YEAR,
        units("quantity", "Ordered quantity."),
        Column("introduction_share", "number", "fraction", "Part of the introduction done with this order."),
        money("unit_price_meur", "Price of one class unit for an order of this year."),
        money("value_meur", "Quantity times unit price."),
        money("introduction_meur", "Cost of the new type paid with this order."),
    ),
)
DELIVERIES = PlanTable(
    "deliveries",
    "What one order brings in one year.",
    ("programme_id", "coalition", "state", "order_year", "year"),
    (
        PROGRAMME,
        COALITION,
        PARTNERS,
        STATE,
        Column("order_year", "whole", "year", "Year of the order."),
        YEAR,
        units("quantity", "Delivered in the year."),
        Column("line_id", "text", "", "Production line; empty where the region names none."),
        units("line_units", "Use of the line.", "line units"),
    ),
)
PAYMENTS = PlanTable(
    "payments",
    "What one state pays for one item in one year.",
    ("state", "year", "kind", "item"),
    (
        STATE,
        YEAR,
        Column("kind", "text", "", "order, introduction, sustainment, expansion or school."),
        Column("item", "text", "", "Programme, line or crew family."),
        money("amount_meur", "Paid in the year."),
        Column("related", "flag", "", "Whether related money may pay for it."),
        money("safe_eligible_meur", "Part of the amount that SAFE loans may pay for."),
    ),
)
MONEY = PlanTable(
    "money",
    "The purse of one state in one year.",
    ("state", "year"),
    (
        STATE,
        YEAR,
        money("plannable_meur", "Money the region's purse gives."),
        money("related_available_meur", "Related money open to these programmes."),
        money("related_used_meur", "Related money used (R)."),
        money("spend_meur", "All payments of the year."),
        money("service_meur", "Net debt service of SAFE draws of earlier years."),
        money("safe_drawn_meur", "SAFE loan drawn (D)."),
        money("safe_added_meur", "Part of the draw that is new money."),
        money("eligible_meur", "Payments of the year that can be claimed (e)."),
        money("unclaimed_meur", "Claims less draws since the window opened (B)."),
        money("carry_in_meur", "Carried over from the year before."),
        money("carry_out_meur", "Carried over into the next year (C)."),
        money("carry_limit_meur", "Most that may be carried over."),
    ),
)
STOCK = PlanTable(
    "stock",
    "Need and stock of one class at the end of one year.",
    ("state", "class_id", "year"),
    (
        STATE,
        CLASS,
        YEAR,
        units("need", "Required."),
        units("legacy", "In service and signed deliveries, less retirements."),
        units("delivered", "New units delivered up to the year."),
        units("counted", "New units that have crews and connection (W)."),
        units("shortfall", "Need not met (h)."),
        Column("gap_years", "number", "gap-years", "Its part of the value of level 1."),
    ),
)
COUNTED = PlanTable(
    "counted",
    "New units of one crew family and class at the end of one year.",
    ("state", "family", "class_id", "year"),
    (
        STATE,
        FAMILY,
        CLASS,
        YEAR,
        units("delivered", "Delivered up to the year (D)."),
        units("counted", "Counted against the need (W)."),
    ),
)
CREWS = PlanTable(
    "crews",
    "Crews of one family in one year.",
    ("state", "family", "year"),
    (
        STATE,
        FAMILY,
        YEAR,
        units("free", "Trained and not needed by legacy units.", "crews"),
        units("school_added", "Added by the school up to the year.", "crews"),
        units("used", "Used by counted new units.", "crews"),
    ),
)
NODES = PlanTable(
    "nodes",
    "Connection to the shared picture in one year.",
    ("state", "year"),
    (
        STATE,
        YEAR,
        units("supply", "Nodes of legacy and delivered systems.", "nodes"),
        units("demand", "Nodes that counted new units need.", "nodes"),
    ),
)
LINES = PlanTable(
    "lines",
    "One production line in one year.",
    ("line_id", "year"),
    (
        LINE,
        YEAR,
        units("available", "Capacity less other customers' backlog.", "line units"),
        units("expansion", "Added by expansions.", "line units"),
        units("used", "Used by this plan's deliveries.", "line units"),
    ),
)
EXPANSIONS = PlanTable(
    "expansions",
    "What one state pays for the steps of a line decided in one year.",
    ("line_id", "year", "state"),
    (
        LINE,
        YEAR,
        Column(
            "steps",
            "whole",
            "steps",
            "Steps decided in the year: of the line (joint), of this state (national).",
        ),
        STATE,
        money("amount_meur", "Paid by the state."),
    ),
)
SCHOOLS = PlanTable(
    "schools",
    "What one state pays for a school.",
    ("family", "coalition", "year", "state"),
    (
        FAMILY,
        COALITION,
        YEAR,
        STATE,
        money("amount_meur", "Paid by the state."),
        units("added_per_year", "Crews added each year from the next year on.", "crews a year"),
    ),
)
TYPES = PlanTable(
    "types",
    "One system that the plan buys.",
    ("system_id",),
    (
        Column("system_id", "text", "", "System."),
        CLASS,
        Column("states", "text", "", "Buyers, sorted and joined by +."),
    ),
)
LEVELS = PlanTable(
    "levels",
    "One level of the lexicographic objective.",
    ("level",),
    (
        Column("level", "whole", "", "1, 2 or 3."),
        Column("name", "text", "", "shortfall (gap-years), cost (EUR million, discounted) or types."),
        Column("value", "number", "of the level", "Value of the whole-unit plan found at this level."),
        Column("bound", "number", "of the level", "No plan can be below it."),
        Column("gap", "number", "fraction", "(value - bound) / |value|."),
    ),
)
ROWS = PlanTable(
    "rows",
    "One rule that binds at the end, with its price.",
    ("rule", "state", "item", "year", "sentence"),
    (
        Column("rule", "text", "", "Name of the rule."),
        Column("state", "text", "", "State, empty where none."),
        Column("item", "text", "", "Class, line, programme or family, empty where none."),
        Column("year", "whole", "year", "Calendar year, empty where none.", nullable=True),
        Column("source", "text", "", "Where the right side comes from."),
        Column("sentence", "text", "", "The rule in words."),
        Column("slack", "number", "of the rule", "Distance to the limit."),
        Column("price", "number", "gap-years a unit", "Shortfall that one more unit of the limit removes."),
    ),
)

PLAN_TABLES: Final = MappingProxyType(
    {
        table.name: table
        for table in (
            CHOICES,
            ORDERS,
            DELIVERIES,
            PAYMENTS,
            MONEY,
            STOCK,
            COUNTED,
            CREWS,
            NODES,
            LINES,
            EXPANSIONS,
            SCHOOLS,
            TYPES,
            LEVELS,
            ROWS,
        )
    }
)
