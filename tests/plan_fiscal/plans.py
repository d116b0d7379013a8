"""Plans of purchases for the Baltic region, written by hand as tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from vallum.plan.store import Plan, read_plan, write_plan
from vallum.plan.tables import PLAN_TABLES
from vallum.region import TABLES, Region

Cell = tuple[str, int]


@dataclass(frozen=True)
class Order:
    """One order of one state: what is paid and what is delivered, by year."""

    programme: str
    state: str
    year: int
    price: float
    paid: Mapping[int, float]
    delivered: Mapping[int, float]
    line: str = ""
    coalition: str = "LV"

    @property
    def quantity(self) -> float:
        return sum(self.delivered.values())


@dataclass(frozen=True)
class Hand:
    """What a plan written by hand holds; money of a state and year is in EUR million."""

    orders: Sequence[Order] = ()
    sustainment: Mapping[Cell, float] = field(default_factory=dict)
    related: Mapping[Cell, float] = field(default_factory=dict)
    draws: Mapping[Cell, float] = field(default_factory=dict)
    prices: Sequence[tuple[str, str, int | None, float]] = ()
    gap_years: Mapping[str, float] = field(default_factory=dict)


AIR = Order(
    "AD_TEST", "LV", 2027, 12.0, {2027: 36.0, 2028: 34.0, 2030: 50.0}, {2029: 4.0, 2030: 6.0}, "L_RH_LATVIA"
)
TRUCKS = Order("TR_TEST", "EE", 2028, 8.0, {2028: 16.0, 2029: 24.0}, {2029: 5.0}, "L_TRUCKS", "EE+LV")
TWO = Hand(
    (AIR, TRUCKS),
    sustainment={("EE", 2030): 3.0},
    related={("EE", 2029): 10.0},
    draws={("LV", 2028): 20.0},
    prices=(("purse", "LV", 2028, 0.004), ("purse", "LV", 2030, 0.001), ("related money", "LV", 2028, 9.0)),
    gap_years={"LV": 0.75},
)
"""Two orders: one paid ahead of delivery by Latvia, one paid partly from related money by Estonia."""


def tables_of(region: Region, hand: Hand) -> dict[str, pl.DataFrame]:
    """The plan's tables, with the money that its payments come to."""
    payments = [
        (order.state, year, "order", order.programme, amount, False, 0.0)
        for order in hand.orders
        for year, amount in order.paid.items()
    ] + [
        (state, year, "sustainment", "ALL", amount, False, 0.0)
        for (state, year), amount in hand.sustainment.items()
    ]
    money = []
    for state, year in region.tables["purses"].select("state", "year").iter_rows():
        spend = sum(row[4] for row in payments if row[:2] == (state, year))
        related, draw = hand.related.get((state, year), 0.0), hand.draws.get((state, year), 0.0)
        money.append((state, year, 0.0, related, related, spend, 0.0, draw, *[0.0] * 6))
    return {
        "orders": rows(
            "orders",
            [
                (o.programme, o.coalition, "", o.state, o.year, o.quantity, 1.0, o.price, o.price * o.quantity, 0.0)
                for o in hand.orders
            ],
        ),
        "deliveries": rows(
            "deliveries",
            [
                (o.programme, o.coalition, "", o.state, o.year, year, quantity, o.line, quantity)
                for o in hand.orders
                for year, quantity in o.delivered.items()
            ],
        ),
        "payments": rows("payments", payments),
        "money": rows("money", money),
        "rows": rows(
            "rows",
            [(rule, state, "", year, "", "no more", 0.0, price) for rule, state, year, price in hand.prices],
        ),
        "stock": rows(
            "stock", [(state, "AD", 2030, 1.0, 0.0, 0.0, 0.0, 1.0, gap) for state, gap in hand.gap_years.items()]
        ),
    }  # fmt: skip


def rows(name: str, values: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(values), schema=pl.Schema(PLAN_TABLES[name].schema), orient="row")


def write_hand(folder: Path, region: Region, hand: Hand = TWO, mode: str = "joint") -> Plan:
    """Write the plan and read it again."""
    inputs = {name: region.tables[name] for name, table in TABLES.items() if table.required}
    manifest = {
        "mode": mode,
        "region": {"name": region.name, "title": region.title, "content_hash": region.content_hash},
        "vallum_version": "0", "seed": 0, "limits": {}, "versions": {},
    }  # fmt: skip
    write_plan(folder, manifest, {"status": "optimal"}, inputs, tables_of(region, hand))
    return read_plan(folder)
