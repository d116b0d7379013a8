"""One plan on the auditor's desk: the facts, the stated tables, and the blocks that can be read."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from vallum.plan.audit.facts import Facts, Row, facts_of, words
from vallum.plan.audit.formulas import Block
from vallum.plan.store import Plan

__all__ = ["Case", "Order", "case_of", "grouped"]


@dataclass(frozen=True, slots=True)
class Order:
    """One stated order with its block."""

    block: Block
    choice: Row
    row: Row

    @property
    def programme(self) -> str:
        """Programme of the order."""
        return self.block.programme

    @property
    def state(self) -> str:
        """Who orders."""
        return str(self.row["state"])

    @property
    def year(self) -> int:
        """Year of the order."""
        return int(self.row["year"])


@dataclass(frozen=True, slots=True)
class Case:
    """Facts and stated tables.

    Attributes
    ----------
    blocks : tuple of (Block, choice row)
        Choices that name a known programme and known members; the others are violations of the rule
        `coalition` and no other rule looks at them.
    orders : tuple of Order
        Orders that belong to one of these blocks, in a year of the horizon.
    """

    plan: Plan
    facts: Facts
    tables: dict[str, list[Row]]
    blocks: tuple[tuple[Block, Row], ...]
    orders: tuple[Order, ...]

    def orders_of(self, block: Block) -> list[Order]:
        """Return the orders of one block."""
        return [order for order in self.orders if order.block == block]

    def orders_by_join(self) -> dict[tuple[Block, str], list[Order]]:
        """Return the orders by block and member; a member without orders has an empty list."""
        found: dict[tuple[Block, str], list[Order]] = {
            (block, state): [] for block, _ in self.blocks for state in block.members
        }
        for order in self.orders:
            found[order.block, order.state].append(order)
        return found


def case_of(plan: Plan) -> Case:
    """Read a plan for the audit.

    Raises
    ------
    BadInput
        If the plan's inputs lack what the rules need.
    """
    facts = facts_of(plan.inputs)
    tables = {name: frame.to_dicts() for name, frame in plan.tables.items()}
    blocks: dict[tuple[str, str, str], tuple[Block, Row]] = {}
    for row in tables["choices"]:
        block = Block(
            row["programme_id"], words(row["coalition"], "+"), words(row["partners"], "+"), row["pooled"]
        )
        if readable(facts, block):
            blocks[row["programme_id"], row["coalition"], row["partners"]] = (block, row)
    orders = []
    for row in tables["orders"]:
        found = blocks.get((row["programme_id"], row["coalition"], row["partners"]))
        if found is not None and row["state"] in found[0].members and row["year"] in facts.years:
            orders.append(Order(found[0], found[1], row))
    return Case(plan, facts, tables, tuple(blocks.values()), tuple(orders))


def readable(facts: Facts, block: Block) -> bool:
    """Tell whether the formulas can be applied to a block."""
    known = set(block.members) <= set(facts.members) and set(block.partners) <= set(facts.states)
    return bool(block.members) and known and block.programme in facts.programmes


def grouped(rows: Iterable[Row], key: Iterable[str], value: str) -> dict[tuple[object, ...], list[float]]:
    """Collect the values of one column by key."""
    names = tuple(key)
    found: dict[tuple[object, ...], list[float]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row[value])
    return found
