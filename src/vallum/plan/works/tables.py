"""The tables of a schedule of works, column by column, as `vallum.plan.tables` has those of a plan."""

from types import MappingProxyType
from typing import Final

from vallum.plan.tables import STATE, YEAR, Column, PlanTable, number, word

__all__ = ["WORKS_TABLES"]

CONSTANT = "EUR million, constant prices of the base year"
MODE = Column("mode", "text", "", "national: each state for itself. joint: crews and lines shared.")
SECTOR = Column("sector_id", "text", "", "Sector of the border; empty for the whole state.")
ELEMENT = Column("element_id", "text", "", "Kind of works; empty where several are meant.")


def day(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column of dates as text."""
    return Column(name, "text", "ISO 8601 date", meaning, nullable)


def meur(name: str, meaning: str) -> Column:
    """Return a column of money."""
    return number(name, CONSTANT, meaning)


_LIST = (
    PlanTable(
        "schedule",
        "One step of the schedule, at the most likely durations.",
        ("mode", "state", "sector_id", "element_id", "owner", "step"),
        (
            MODE,
            STATE,
            SECTOR,
            ELEMENT,
            word("owner", "Batch of land: public, private or empty; for a mark the resource it releases."),
            word("step", "Step."),
            day("start", "Monday of the first week."),
            day("finish", "Monday after the last week."),
            Column("weeks", "whole", "weeks", "Working weeks."),
            word("resource", "Resource it takes.", nullable=True),
            meur("cost_meur", "Spent when it starts."),
            number("quantity", "element units", "In place when it ends."),
            number("weight", "weighted km", "Weighted layer-kilometres protected when it ends."),
        ),
    ),
    PlanTable(
        "levels",
        "One level of the lexicographic objective.",
        ("mode", "level"),
        (
            MODE,
            Column("level", "whole", "", "1, 2 or 3."),
            word("name", "protection, cost or finish."),
            number("value", "of the level", "Value of the schedule."),
            number("bound", "of the level", "No schedule is below it."),
            number("gap", "fraction", "(value - bound) / |value|."),
        ),
    ),
    PlanTable(
        "finish",
        "When one kind of works of a state is done; all kinds with a target together where it is empty.",
        ("mode", "policy", "state", "element_id"),
        (
            MODE,
            word("policy", "list: the schedule's order is kept. again: decided again every week."),
            STATE,
            ELEMENT,
            number("quantity", "element units", "Planned in all."),
            number("built", "element units", "In place at the start."),
            day("target", "Published target.", nullable=True),
            day("planned", "In the schedule."),
            day("p10", "10 of 100 runs are earlier."),
            day("p50", "50 of 100 runs are earlier."),
            day(
                "p80", "80 of 100 runs are earlier; empty where the forecast failed its test.", nullable=True
            ),
            day("p90", "90 of 100 runs are earlier; empty as p80.", nullable=True),
            number("chance", "share (0-1)", "Runs that meet the target.", nullable=True),
            word("note", "Why p80 is not shown, or what else is to be known."),
        ),
    ),
    PlanTable(
        "progress",
        "What of one kind of a state is in place at the end of one quarter.",
        ("mode", "state", "element_id", "date"),
        (
            MODE,
            STATE,
            ELEMENT,
            day("date", "Last day of the quarter."),
            number("planned", "element units", "In the schedule."),
            number("p10", "element units", "10 of 100 runs have less."),
            number("p50", "element units", "50 of 100 runs have less."),
            number("p90", "element units", "90 of 100 runs have less."),
        ),
    ),
    PlanTable(
        "layers",
        "One kind of works in one sector at the end of one year, in the schedule.",
        ("mode", "sector_id", "element_id", "year"),
        (
            MODE,
            STATE,
            SECTOR,
            ELEMENT,
            word("layer", "Layer in depth."),
            YEAR,
            number("done", "share (0-1)", "Of the sector's quantity in place."),
        ),
    ),
    PlanTable(
        "depth",
        "Layers that are complete in one sector at the end of one year, in the schedule.",
        ("mode", "sector_id", "year"),
        (
            MODE,
            STATE,
            SECTOR,
            YEAR,
            Column("layers", "whole", "layers", "Complete layers."),
            Column("planned_layers", "whole", "layers", "Layers that are planned there."),
        ),
    ),
    PlanTable(
        "binding",
        "What the chain to the last installation of a state is made of, mean over runs.",
        ("mode", "state", "what"),
        (MODE, STATE, word("what", "Work or waiting."), number("weeks", "weeks", "Mean weeks in the chain.")),
    ),
    PlanTable(
        "critical",
        "How often one step is on the chain to the last installation of its state.",
        ("mode", "state", "sector_id", "element_id", "owner", "step"),
        (
            MODE,
            STATE,
            SECTOR,
            ELEMENT,
            word("owner", "Batch of land."),
            word("step", "Step."),
            number("share", "share (0-1)", "Runs in which it is on the chain."),
        ),
    ),
    PlanTable(
        "levers",
        "What one lever gains in one state, by simulation with the same random numbers.",
        ("lever_id", "state"),
        (
            word("lever_id", "Lever; JOINT for all sharing together."),
            word("name", "What it is."),
            STATE,
            number("months_mean", "months", "Earlier protection, mean over layer-kilometres and runs."),
            number("months_p50", "months", "Earlier finish of all kinds with a target, at half of the runs."),
            number("months_p80", "months", "The same at 80 of 100 runs."),
            meur("cost_meur", "Cost of the lever, all states together."),
            Column("runs", "whole", "runs", "Runs of the comparison."),
        ),
    ),
    PlanTable(
        "refresh",
        "What one kind of a state costs to the end of the horizon.",
        ("mode", "state", "element_id"),
        (
            MODE,
            STATE,
            ELEMENT,
            meur("build_meur", "Building what is left."),
            meur("upkeep_meur", "Upkeep."),
            meur("refresh_meur", "Replacement at the likely life."),
            meur("refresh_low_meur", "Replacement at the long life."),
            meur("refresh_high_meur", "Replacement at the short life."),
            Column("peacetime", "flag", "", "Whether it serves border control in peace as well."),
        ),
    ),
    PlanTable(
        "unfunded",
        "One batch that money or output up to the end of the horizon do not reach.",
        ("mode", "state", "sector_id", "element_id", "owner"),
        (
            MODE,
            STATE,
            SECTOR,
            ELEMENT,
            word("owner", "Batch of land."),
            number("quantity", "element units", "Quantity left out."),
            meur("cost_meur", "Its price."),
        ),
    ),
    PlanTable(
        "calibration",
        "A forecast made with what was known at an earlier date, against what came.",
        ("state", "element_id", "date"),
        (
            STATE,
            ELEMENT,
            day("known_until", "Facts up to this day were used."),
            day("date", "Day of the fact."),
            number("fact", "element units", "Installed as reported."),
            number("p05", "element units", "5 of 100 runs have less."),
            number("p50", "element units", "50 of 100 runs have less."),
            number("p95", "element units", "95 of 100 runs have less."),
            Column("inside", "flag", "", "Whether the fact is within the band of 90 %."),
        ),
    ),
    PlanTable(
        "sectors",
        "One sector of the border.",
        ("sector_id",),
        (
            SECTOR,
            STATE,
            word("neighbour", "Neighbour."),
            word("name", "Name."),
            number("length_km", "km", "Length."),
            number("dry_km", "km", "On land or a narrow river."),
            number("mid_lat", "degrees north", "Middle, to a tenth."),
            number("mid_lon", "degrees east", "Middle, to a tenth."),
            word("outline", "Points of the border, coarse."),
        ),
    ),
    PlanTable(
        "elements",
        "One kind of works.",
        ("element_id",),
        (
            ELEMENT,
            word("name", "Name."),
            word("layer", "Layer in depth."),
            word("unit", "Unit."),
            number("weight", "1", "Importance of its layer for a kilometre."),
            meur("unit_cost_meur", "Price of one unit."),
            word("basis", "Fact, derived or assumption."),
        ),
    ),
)

WORKS_TABLES: Final = MappingProxyType({table.name: table for table in _LIST})
"""All tables of a schedule of works by name."""
