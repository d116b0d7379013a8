"""Schemas of the sky tables: what sees low flyers, what it costs, and how a warning reaches people.

Sensors are counts by municipality or border sector. Points and areas of any place are for regions of a
user's own; a region that ships has none.
"""

from vallum.region.schema.columns import (
    Provenance,
    calendar_year,
    choice,
    ends,
    identifier,
    names,
    number,
    share,
    text,
    whole,
    yes_no,
)
from vallum.region.schema.planning import MONEY_NOW

MINUTES = "minutes"
KM = "km"
METRES = "m"

ALERTING = ("today", "joint")
"""Alerting as it is, and on one shared picture with one alert area."""

STEPS = ("report", "confirm", "decide", "compose", "broadcast", "late", "seam")
"""Steps from a track to a telephone.

report: from the crossing to the first useful call of people, where nothing else saw it. confirm: from one
kind that sees to a confirmed track, where no second kind sees it. decide: from a confirmed track to the
decision to warn. compose: alert area and text. broadcast: from release to people's telephones. late: what a
municipality waits that the first alert left out. seam: from the decision of one state to that of the next.
"""


class SkySettings(Provenance):
    """Numbers of siting and warning."""

    key = identifier("Name of the setting", key=True)
    value = number("Value used", "see column unit", low=None)
    low, high = ends("value", "see column unit", low=None)
    unit = text("Unit of the value")
    meaning = text("What the setting does")


class SkyBands(Provenance):
    """Bands of the height at which low flyers come."""

    band_id = identifier("Short name of the band", key=True)
    name = text("Name of the band")
    height_m = number("Height above ground that the band is planned with", METRES, above=0.0)
    height_m_low, height_m_high = ends("height_m", METRES)
    part = share("Share of tracks in the band")
    part_low, part_high = ends("part", "share (0-1)", high=1.0)


class SensorKinds(Provenance):
    """Ways to see a low flyer, which fail for different reasons."""

    kind_id = identifier("Short name of the kind", key=True)
    name = text("Name of the kind")
    horizon = choice("What bounds its view over smooth earth", "radio", "optical", "none")
    fails = text("What makes the whole kind miss a track")


class SensorSight(Provenance):
    """How surely a kind sees a track within its reach; weather and manners of flight are in it."""

    kind_id = identifier("Kind of sensor", key=True)
    band_id = identifier("Band of heights", key=True)
    seen = share("Probability that a track within reach is seen by the kind")
    seen_low, seen_high = ends("seen", "share (0-1)", high=1.0)


class SensorTypes(Provenance):
    """Units on offer: what one costs, needs and speaks."""

    type_id = identifier("Short name of the type", key=True)
    kind_id = identifier("Kind of sensor")
    name = text("Name of the type and of what one unit is made of")
    sold = yes_no("Somebody sells it")
    unit_cost_meur = number("Price of one unit, set up", MONEY_NOW, above=0.0)
    unit_cost_meur_low, unit_cost_meur_high = ends("unit_cost_meur", MONEY_NOW)
    upkeep_share = share("Yearly upkeep and operation without crew, share of the price")
    upkeep_share_low, upkeep_share_high = ends("upkeep_share", "share (0-1)", high=1.0)
    crew = number("People who watch and mend, for one unit", "full-time posts")
    crew_low, crew_high = ends("crew", "full-time posts")
    life_years = number("Life until it is replaced", "years", low=0.5)
    life_years_low, life_years_high = ends("life_years", "years", low=0.5)
    mast_m = number("Height of its antenna or lens above ground", METRES)
    power_kw = number("Electric power", "kW")
    lead_months = number("From order to operation", "months")
    at = choice("Where it may stand", "sector", "municipality", "both")
    most = whole("Most units at one place", "units", low=1)
    standards = names("Standards in which it tells what it sees")


class SensorRanges(Provenance):
    """How far a unit of a type sees in a band, before the horizon."""

    type_id = identifier("Type of sensor", key=True)
    band_id = identifier("Band of heights", key=True)
    range_km = number("Range against a small low flyer", KM)
    range_km_low, range_km_high = ends("range_km", KM)


class SkyPurses(Provenance):
    """Who pays: shares of the budget by purse."""

    purse_id = identifier("Short name of the purse", key=True)
    name = text("Name of the purse")
    state = identifier("State whose sites it pays for; empty = any state", nullable=True)
    part = share("Share of the budget")
    kinds = names("Kinds it pays for; empty = all")


class SkyYears(Provenance):
    """How much of each purse may be spent in which year on buying."""

    year = calendar_year("Year", key=True)
    part = share("Share of the purchases of all years")


class SkyPoints(Provenance):
    """Sites at points, for a region of the user's own."""

    point_id = identifier("Short name of the site", key=True)
    state = identifier("State")
    name = text("Name of the site")
    lat = number("Latitude", "degrees north", low=-90.0, high=90.0)
    lon = number("Longitude", "degrees east", low=-180.0, high=180.0)


class SkyAreas(Provenance):
    """Areas to watch, for a region of the user's own."""

    area_id = identifier("Short name of the area", key=True)
    state = identifier("State")
    name = text("Name of the area")
    weight = number("Importance, in people", "people", above=0.0)
    outline = text("Corners of the area in order, as lon lat;lon lat; the last joins the first")


class WarningDelays(Provenance):
    """Minutes of each step of a warning, as it is done today and on one shared picture."""

    step = choice("Step", *STEPS, key=True)
    alerting = choice("How it is done", *ALERTING, key=True)
    state = identifier("State that does it; empty = all", nullable=True)
    to_state = identifier("State that is told, for the step seam; empty = all", nullable=True)
    minutes = number("Likely duration", MINUTES)
    minutes_low, minutes_high = ends("minutes", MINUTES)


class WarningEvents(Provenance):
    """What happened when in a warning of the past."""

    case_id = identifier("Short name of the case", key=True)
    event_id = identifier("Short name of the event", key=True)
    event = choice("Kind of event", "report", "alert", "impact")
    state = identifier("State")
    municipalities = names("Municipalities it concerns, by lau_id")
    minute = number("Minutes after midnight, local time", MINUTES)
    minute_low, minute_high = ends("minute", MINUTES)
    name = text("What happened")


class ShelterReach(Provenance):
    """Share of people who find shelter, by municipality where it is known, else by state."""

    state = identifier("State")
    lau_id = identifier("Municipality; empty = every other of the state", nullable=True)
    places = share("People with a place in a shelter or a strong cellar")
    places_low, places_high = ends("places", "share (0-1)", high=1.0)
    reach_min = number("Time to get there", MINUTES)
    reach_min_low, reach_min_high = ends("reach_min", MINUTES)
