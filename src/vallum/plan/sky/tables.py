"""The tables of a siting of sensors and of the warning it gives, column by column."""

from types import MappingProxyType
from typing import Final

from vallum.plan.tables import STATE, YEAR, Column, PlanTable, number, word

__all__ = ["SKY_TABLES"]

CONSTANT: Final = "EUR million, constant prices of the base year"
SHARE: Final = "share (0-1)"
MINUTES: Final = "minutes"

MODE = Column("mode", "text", "", "national: each state sites and sees for itself. joint: all for all.")
SENSORS = Column(
    "sensors", "text", "", "none: as today. national: sited and seen by each state. joint: by all for all."
)
ALERTING = Column("alerting", "text", "", "today: as it is done now. joint: one picture, one alert area.")
PLACE = Column("place_id", "text", "", "Border sector, municipality, point or area.")
ANY_STATE = Column("state", "text", "", "State; empty for all together.")
KIND = Column("kind_id", "text", "", "Kind of sensor.")
TYPE = Column("type_id", "text", "", "Type of sensor.")


def whole(name: str, unit: str, meaning: str) -> Column:
    """Return a column of whole numbers."""
    return Column(name, "whole", unit, meaning)


def share(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column of shares."""
    return number(name, SHARE, meaning, nullable=nullable)


def meur(name: str, meaning: str) -> Column:
    """Return a column of money."""
    return number(name, CONSTANT, meaning)


def minutes(name: str, meaning: str, *, nullable: bool = False) -> Column:
    """Return a column of minutes."""
    return number(name, MINUTES, meaning, nullable=nullable)


WARNED = (
    minutes("minutes_mean", "From alert to arrival, mean over tracks and people; negative = too late."),
    minutes("minutes_p10", "10 of 100 have less."),
    minutes("minutes_p50", "50 of 100 have less."),
    minutes("minutes_p90", "90 of 100 have less."),
    share("warned", "Warned before the track arrives."),
    share("in_time", "Warned so early that they can get to shelter before it arrives."),
)
"""What is said of the warning of any group of people."""

_LIST = (
    PlanTable(
        "places",
        "One place that is watched or may hold sensors.",
        ("place_id",),
        (
            PLACE,
            STATE,
            word("what", "sector, municipality, point or area."),
            word("name", "Name."),
            number("lat", "degrees north", "Centre of the municipality, middle of the sector to a tenth."),
            number("lon", "degrees east", "Centre of the municipality, middle of the sector to a tenth."),
            number("length_km", "km", "Length of the border; 0 for what is not a sector."),
            number("people", "people", "Who live in the municipality; 0 for a sector."),
            number("behind", "people", "Who live behind, the far counted less: the weight of the place."),
            word("outline", "Points of a sector or an area, coarse, as lon lat;lon lat; empty without."),
        ),
    ),
    PlanTable(
        "types",
        "One type of sensor on offer, as planned with.",
        ("type_id",),
        (
            TYPE,
            KIND,
            word("kind_name", "Name of the kind."),
            word("name", "What one unit is."),
            meur("unit_meur", "Price of one unit, set up."),
            meur("service_meur", "Price, upkeep, crew and replacement for the years of service."),
            number("range_km", "km", "Range in the lowest band, after the horizon."),
            number("crew", "full-time posts", "People for one unit."),
            word("standards", "In which it tells what it sees."),
            word("confidence", "Of the row in the region."),
        ),
    ),
    PlanTable(
        "siting",
        "Units of one type at one place.",
        ("mode", "place_id", "type_id"),
        (
            MODE,
            STATE,
            PLACE,
            TYPE,
            KIND,
            whole("units", "units", "Units."),
            meur("buy_meur", "Price of the units."),
            meur("service_meur", "Price, upkeep, crew and replacement for the years of service."),
        ),
    ),
    PlanTable(
        "search",
        "What was proven of one siting.",
        ("mode", "state"),
        (
            MODE,
            ANY_STATE,
            share("value", "Cover of the siting: share of the greatest there could be."),
            share("bound", "No siting of the same money has more."),
            share("gap", "(bound - value) / value."),
            meur("spent_meur", "Money used."),
            meur("budget_meur", "Money there is."),
        ),
    ),
    PlanTable(
        "cover",
        "How surely tracks are seen at one place, mean over bands of height.",
        ("sensors", "place_id"),
        (
            SENSORS,
            STATE,
            PLACE,
            share("one", "Probability that at least one kind sees a track."),
            share("enough", "Probability that as many kinds as are needed see it."),
            number("kinds", "kinds", "Expected number of kinds that see it."),
        ),
    ),
    PlanTable(
        "loss",
        "Cover when one kind fails as a whole; none for an empty kind.",
        ("sensors", "state", "kind_id"),
        (
            SENSORS,
            ANY_STATE,
            KIND,
            share("one", "Probability that at least one kind sees a track, by weight of the places."),
            share("enough", "Probability that as many kinds as are needed see it."),
        ),
    ),
    PlanTable(
        "stages",
        "Units of one type that are bought for one place in one year.",
        ("mode", "place_id", "type_id", "year"),
        (
            MODE,
            STATE,
            PLACE,
            TYPE,
            YEAR,
            whole("units", "units", "Units bought."),
            meur("buy_meur", "Price."),
        ),
    ),
    PlanTable(
        "years",
        "Money and cover of one state in one year.",
        ("mode", "state", "year"),
        (
            MODE,
            STATE,
            YEAR,
            meur("buy_meur", "Purchases."),
            meur("upkeep_meur", "Upkeep and operation."),
            meur("crew_meur", "Crew."),
            meur("refresh_meur", "Replacement of units at the end of their life."),
            number("posts", "full-time posts", "Crew at the end of the year."),
            share("one", "Probability that at least one kind sees a track of the state's weight."),
            share("enough", "Probability that as many kinds as are needed see it."),
        ),
    ),
    PlanTable(
        "stage_bounds",
        "Cover at the end of one year beside the most that the money spent until then could give.",
        ("mode", "year"),
        (MODE, YEAR, share("value", "Cover."), share("bound", "No siting of the money until then has more.")),
    ),
    PlanTable(
        "purses",
        "One purse and what it pays.",
        ("mode", "purse_id"),
        (
            MODE,
            word("purse_id", "Purse."),
            word("state", "Whose; empty = any."),
            meur("budget_meur", "Holds."),
            meur("spent_meur", "Pays."),
        ),
    ),
    PlanTable(
        "warning",
        "Warning of one municipality, over all tracks that pass it.",
        ("sensors", "alerting", "place_id"),
        (
            SENSORS,
            ALERTING,
            STATE,
            PLACE,
            number("people", "people", "Who live there."),
            share("passed", "Tracks that pass it."),
            *WARNED,
            share("sheltered_low", "In time and with a place in shelter, least."),
            share("sheltered_high", "In time and with a place in shelter, most."),
        ),
    ),
    PlanTable(
        "warning_sectors",
        "Warning of all people behind one sector, over the tracks that cross it.",
        ("sensors", "alerting", "place_id"),
        (
            SENSORS,
            ALERTING,
            STATE,
            PLACE,
            number("people", "people", "Passed by a track, mean."),
            *WARNED,
        ),
    ),
    PlanTable(
        "warning_total",
        "Warning of all people of one state, or of all.",
        ("sensors", "alerting", "state"),
        (
            SENSORS,
            ALERTING,
            ANY_STATE,
            number("people", "people", "Passed by a track, mean."),
            number("people_in_time", "people", "Of them warned in time, mean."),
            *WARNED,
            minutes(
                "mean_low", "Mean minutes with every delay at its long end and every sight at its low end."
            ),
            minutes(
                "mean_high", "Mean minutes with every delay at its short end and every sight at its high end."
            ),
        ),
    ),
    PlanTable(
        "seams",
        "Warning of people whom a track reaches from another state.",
        ("sensors", "alerting", "from_state", "state"),
        (
            SENSORS,
            ALERTING,
            word("from_state", "State over whose border the track came."),
            STATE,
            number("people", "people", "Passed by a track, mean."),
            *WARNED,
        ),
    ),
    PlanTable(
        "marginal",
        "What another budget gives.",
        ("mode", "budget_meur"),
        (
            MODE,
            meur("budget_meur", "Budget."),
            share("value", "Cover."),
            share("bound", "No siting of the budget has more."),
            minutes(
                "minutes_mean",
                "Minutes of warning, mean over tracks and people; alerting as in the mode. Empty where "
                "nobody can be warned: without border sectors or municipalities.",
                nullable=True,
            ),
            number("people_in_time", "people", "Warned in time, mean over tracks.", nullable=True),
            minutes(
                "per_10_meur",
                "Minutes gained for each EUR 10 million since the budget before.",
                nullable=True,
            ),
        ),
    ),
    PlanTable(
        "replay",
        "A warning of the past, done again.",
        ("case_id", "variant", "place_id"),
        (
            word("case_id", "Case."),
            word("variant", "happened, joint alerting, sensors, or sensors and joint alerting."),
            STATE,
            PLACE,
            number("people", "people", "Who live there."),
            minutes("alert_p10", "Alert, after midnight: 10 of 100 runs are earlier."),
            minutes("alert_p50", "Alert: 50 of 100 runs are earlier."),
            minutes("alert_p90", "Alert: 90 of 100 runs are earlier."),
            minutes("gain_p10", "Earlier than it happened: 10 of 100 runs gain less."),
            minutes("gain_p50", "Earlier than it happened: 50 of 100 runs gain less."),
            minutes("gain_p90", "Earlier than it happened: 90 of 100 runs gain less."),
            share("later", "Runs in which the alert comes later than it happened."),
        ),
    ),
    PlanTable(
        "replay_events",
        "What happened in a warning of the past.",
        ("case_id", "event_id"),
        (
            word("case_id", "Case."),
            word("event_id", "Event."),
            word("event", "report, alert or impact."),
            STATE,
            word("places", "Municipalities, a semicolon between."),
            number("people", "people", "Who live there."),
            minutes("minute", "After midnight, local time."),
            minutes("minute_low", "At the earliest.", nullable=True),
            minutes("minute_high", "At the latest.", nullable=True),
            word("name", "What happened."),
            word("source", "Where it is from."),
            word("confidence", "high, medium or low."),
        ),
    ),
)

SKY_TABLES: Final = MappingProxyType({table.name: table for table in _LIST})
"""All tables by name."""
