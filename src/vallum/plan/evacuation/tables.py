"""The tables of an evacuation, column by column."""

from types import MappingProxyType
from typing import Final

from vallum.plan.tables import STATE, Column, PlanTable, number, word

__all__ = ["EVACUATION_TABLES"]

PEOPLE: Final = "people"
HOURS: Final = "hours"
SHARE: Final = "share (0-1)"

SCENARIO = Column("scenario_id", "text", "", "Scenario.")
MODE = Column("mode", "text", "", "national: people stay in their state. joint: all receive all.")
PLACE = Column("place_id", "text", "", "Municipality.")
GROUP = Column("group", "text", "", "car, bus or train.")
HOUR = Column("hour", "number", HOURS, "Hours from the start to the end of the step.")
FROM = Column("from_node", "text", "", "Node or municipality at one end, in the direction of travel.")
TO = Column("to_node", "text", "", "Node or municipality at the other end.")


def people(name: str, meaning: str) -> Column:
    """Return a column of whole people."""
    return Column(name, "whole", PEOPLE, meaning)


def hours(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column of hours."""
    return number(name, HOURS, meaning, nullable=nullable)


_LIST = (
    PlanTable(
        "summary",
        "What one evacuation takes.",
        ("scenario_id", "mode"),
        (
            SCENARIO,
            MODE,
            people("people", "Who are to leave, if all comply."),
            people("places", "Places that may receive them."),
            people("served", "Who arrive within the horizon."),
            people("unserved", "Who do not; the table unserved says why."),
            hours("hours_50", "Half of those served have arrived.", nullable=True),
            hours("hours_95", "95 of 100 of those served have arrived.", nullable=True),
            hours("hours_100", "All of those served have arrived.", nullable=True),
            hours("hours_mean", "Mean arrival of those served.", nullable=True),
            hours("quickest", "When all have arrived; empty if some do not.", nullable=True),
            hours("quickest_bound", "No evacuation is done sooner; empty if it is not known.", nullable=True),
            people("unserved_bound", "No evacuation by the same roads leaves fewer."),
            number("value", "person-hours", "Sum of the hours of arrival of those served."),
            number(
                "bound",
                "person-hours",
                "None that serves as many within the same time has less; empty: not known.",
                nullable=True,
            ),
            number("gap", "fraction", "(value - bound) / value.", nullable=True),
            number("step_min", "minutes", "Length of a step."),
            word("proof", "optimal: each group's flow is proven the best for it by prices alone."),
        ),
    ),
    PlanTable(
        "arrivals",
        "People who have arrived by the end of one step.",
        ("scenario_id", "mode", "group", "hour"),
        (SCENARIO, MODE, GROUP, HOUR, people("arrived", "Since the start.")),
    ),
    PlanTable(
        "departures",
        "People of one municipality who leave in one step.",
        ("scenario_id", "mode", "place_id", "group", "hour", "first_stop"),
        (
            SCENARIO,
            MODE,
            STATE,
            PLACE,
            GROUP,
            HOUR,
            word("first_stop", "First town on their way."),
            people("people", "Who leave."),
            word("towards", "Where most of them sleep."),
        ),
    ),
    PlanTable(
        "routes",
        "People who go one way from one municipality to another.",
        ("scenario_id", "mode", "group", "place_id", "to_place_id", "way"),
        (
            SCENARIO,
            MODE,
            GROUP,
            PLACE,
            word("to_place_id", "Municipality that receives them."),
            word("way", "Nodes passed, a semicolon between."),
            people("people", "Who go this way."),
            hours("first_h", "First departure."),
            hours("last_h", "Last arrival."),
        ),
    ),
    PlanTable(
        "corridors",
        "Use of one road in one direction.",
        ("scenario_id", "mode", "from_node", "to_node"),
        (
            SCENARIO,
            MODE,
            FROM,
            TO,
            word("road", "Number of the road; empty for the way to it."),
            people("people", "Who pass."),
            number("vehicles", "passenger-car units", "That pass."),
            hours("full_h", "Hours in which it is full."),
            number("price", "person-hours for one more car an hour", "What more room on it would gain."),
        ),
    ),
    PlanTable(
        "flow",
        "Vehicles on one road in one direction in one part of the evacuation.",
        ("scenario_id", "mode", "from_node", "to_node", "hour"),
        (
            SCENARIO,
            MODE,
            FROM,
            TO,
            hours("hour", "Start of the part."),
            number("vehicles_h", "passenger-car units an hour", "Mean."),
            number("used", SHARE, "Of what the road takes."),
        ),
    ),
    PlanTable(
        "gains",
        "What one more lane, or contraflow, on one road gains, by a new solution.",
        ("scenario_id", "mode", "from_node", "to_node", "change"),
        (
            SCENARIO,
            MODE,
            FROM,
            TO,
            word("road", "Number of the road."),
            word("change", "lane or contraflow."),
            hours("mean_before", "Mean arrival before."),
            hours("mean_after", "Mean arrival after."),
            hours("hours_95_before", "95 of 100 before.", nullable=True),
            hours("hours_95_after", "95 of 100 after.", nullable=True),
            people("unserved_before", "Who do not arrive, before."),
            people("unserved_after", "Who do not arrive, after."),
        ),
    ),
    PlanTable(
        "reception",
        "Who sleep in one municipality.",
        ("scenario_id", "mode", "place_id"),
        (
            SCENARIO,
            MODE,
            STATE,
            PLACE,
            people("places", "Places."),
            people("places_low", "Places, at the low end of the range."),
            people("places_high", "Places, at the high end."),
            people("people", "Who come."),
            people("from_abroad", "Of them from another state."),
            hours("full_h", "When it is full; empty if it is not.", nullable=True),
        ),
    ),
    PlanTable(
        "loads",
        "Who have come to one municipality by the end of one hour.",
        ("scenario_id", "mode", "place_id", "hour"),
        (SCENARIO, MODE, PLACE, HOUR, people("people", "Who have come.")),
    ),
    PlanTable(
        "unserved",
        "Who of one municipality do not arrive.",
        ("scenario_id", "mode", "place_id", "group"),
        (
            SCENARIO,
            MODE,
            STATE,
            PLACE,
            GROUP,
            people("people", "Who do not arrive."),
            word("reason", "no way, road, places or vehicles."),
            word("told", "The reason in words."),
        ),
    ),
    PlanTable(
        "samples",
        "How an evacuation varies with who complies and when people start.",
        ("scenario_id", "mode"),
        (
            SCENARIO,
            MODE,
            Column("runs", "whole", "runs", "Random runs."),
            people("people_p10", "Who leave: 10 of 100 runs have fewer."),
            people("people_p90", "Who leave: 90 of 100 runs have fewer."),
            hours("hours_95_p50", "95 of 100 of those served have arrived: half of the runs."),
            hours("hours_95_p90", "The same: 90 of 100 runs."),
            hours("hours_100_p50", "All served have arrived: half of the runs."),
            hours("hours_100_p90", "The same: 90 of 100 runs."),
            people("unserved_p90", "Who do not arrive: 90 of 100 runs have fewer."),
        ),
    ),
    PlanTable(
        "in_place",
        "Leaving beside sheltering in place, for one municipality and one time of warning.",
        ("scenario_id", "mode", "place_id", "warning_h"),
        (
            SCENARIO,
            MODE,
            STATE,
            PLACE,
            hours("warning_h", "Hours between the order and the danger."),
            people("people", "Who are to leave."),
            people("away", "Who have left the danger by then, as scheduled."),
            Column(
                "sheltered",
                "whole",
                PEOPLE,
                "Of the rest, who have a place in a shelter; empty: unknown.",
                True,
            ),
            Column("exposed", "whole", PEOPLE, "Who have neither; empty: unknown.", True),
        ),
    ),
    PlanTable(
        "places",
        "One municipality or node of the road graph.",
        ("place_id",),
        (
            PLACE,
            STATE,
            word("what", "municipality or node."),
            word("name", "Name."),
            number("lat", "degrees north", "Centre, or the node to a hundredth."),
            number("lon", "degrees east", "Centre, or the node to a hundredth."),
            people("people", "Who live there; 0 for a node."),
        ),
    ),
    PlanTable(
        "scenarios",
        "One scenario.",
        ("scenario_id",),
        (
            SCENARIO,
            word("name", "Name."),
            hours("horizon_h", "Hours that are looked at."),
            hours("warning_h", "Hours between the order and the danger."),
            word("note", "What it rests on."),
        ),
    ),
)

EVACUATION_TABLES: Final = MappingProxyType({table.name: table for table in _LIST})
"""All tables by name."""
