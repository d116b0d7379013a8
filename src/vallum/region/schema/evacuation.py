"""Schemas of the evacuation tables: roads, who leaves, who receives, and what a scenario closes.

Roads are planning values between towns. Closures, troop movements and contraflow are named by the user.
"""

from vallum.region.schema.columns import (
    Provenance,
    choice,
    ends,
    identifier,
    number,
    share,
    text,
    whole,
    yes_no,
)

KM = "km"
HOURS = "hours"
PEOPLE = "people"


class EvacSettings(Provenance):
    """Numbers of an evacuation."""

    key = identifier("Name of the setting", key=True)
    value = number("Value used", "see column unit", low=None)
    low, high = ends("value", "see column unit", low=None)
    unit = text("Unit of the value")
    meaning = text("What the setting does")


class RoadNodes(Provenance):
    """Towns and junctions of the road graph."""

    node_id = identifier("Short name of the node", key=True)
    state = identifier("State")
    name = text("Name of the town or junction")
    what = choice("What it is", "town", "junction", "border_crossing", "port")
    lat = number("Latitude, to a hundredth", "degrees north", low=-90.0, high=90.0)
    lon = number("Longitude, to a hundredth", "degrees east", low=-180.0, high=180.0)


class Roads(Provenance):
    """Roads between nodes, both ways alike."""

    from_node = identifier("One end", key=True)
    to_node = identifier("Other end", key=True)
    road = identifier("Number of the road", key=True)
    state = identifier("State it lies in; the first end's at a border")
    km = number("Length", KM, above=0.0)
    lanes = whole("Lanes in each direction", "lanes", low=1)
    kmh = number("Speed in free flow", "km/h", above=0.0)
    vehicles_lane_h = number("Capacity of one lane before calibration", "vehicles an hour", above=0.0)
    what = choice("Road or ferry", "road", "ferry")


class EvacLinks(Provenance):
    """How a municipality reaches the road graph."""

    state = identifier("State", key=True)
    lau_id = identifier("Municipality", key=True)
    node_id = identifier("Node of the road graph", key=True)
    km = number("Way to the node", KM)
    lanes = whole("Lanes in each direction", "lanes", low=1)
    kmh = number("Speed in free flow", "km/h", above=0.0)
    vehicles_lane_h = number("Capacity of one lane before calibration", "vehicles an hour", above=0.0)


class EvacHouseholds(Provenance):
    """How people of a state leave."""

    state = identifier("State", key=True)
    by_car = share("People who leave by car")
    by_car_low, by_car_high = ends("by_car", "share (0-1)", high=1.0)
    per_car = number("People in a car", PEOPLE, low=1.0)
    per_car_low, per_car_high = ends("per_car", PEOPLE, low=1.0)
    buses = number("Buses that can be had for it", "buses")
    buses_low, buses_high = ends("buses", "buses")


class EvacTrains(Provenance):
    """Trains that can carry people."""

    from_node = identifier("Node of departure", key=True)
    to_node = identifier("Node of arrival", key=True)
    hours = number("Time of travel", HOURS, above=0.0)
    trains_h = number("Trains an hour, one way", "trains an hour")
    trains_h_low, trains_h_high = ends("trains_h", "trains an hour")
    seats = number("People in a train", PEOPLE)
    seats_low, seats_high = ends("seats", PEOPLE)


class EvacPlaces(Provenance):
    """Places to sleep for people from elsewhere."""

    state = identifier("State", key=True)
    lau_id = identifier("Municipality", key=True)
    places = number("Places, public and private", PEOPLE)
    places_low, places_high = ends("places", PEOPLE)
    standard = text("Standard of reception that the number rests on")


class EvacScenarios(Provenance):
    """What is evacuated, in which case."""

    scenario_id = identifier("Short name of the scenario", key=True)
    name = text("Name of the scenario")
    horizon_h = number("Hours that are looked at", HOURS, above=0.0)
    warning_h = number("Hours between the order and the danger", HOURS)
    warning_h_low, warning_h_high = ends("warning_h", HOURS)


class EvacOrigins(Provenance):
    """Who leaves in a scenario."""

    scenario_id = identifier("Scenario", key=True)
    state = identifier("State", key=True)
    lau_id = identifier("Municipality", key=True)
    part = share("People who leave, if all comply")
    part_low, part_high = ends("part", "share (0-1)", high=1.0)
    order_h = number("Hours after the start at which the municipality is told", HOURS)


class EvacWindows(Provenance):
    """Roads that a scenario closes, holds for troops or turns round, for some hours."""

    scenario_id = identifier("Scenario", key=True)
    window_id = identifier("Short name of the window", key=True)
    from_node = identifier("Node at one end, in the direction it is about")
    to_node = identifier("Node at the other end")
    reason = choice("Why", "closure", "troops", "contraflow")
    both_ways = yes_no("It is about both directions")
    from_h = number("First hour", HOURS)
    to_h = number("Last hour", HOURS)
    lanes = whole("Lanes that are left; with contraflow, lanes added", "lanes")
