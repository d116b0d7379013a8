"""Schemas of the works tables: what the Line is made of, how it gets built, and what that takes.

Works are counts by state and border sector; no table holds the place of a work.
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

SECTOR_AT_LEAST_KM = 20.0
"""No sector of a border is shorter."""

SHARED_STEP = "ACCESS"
"""Step that is done once in a sector and serves every kind of works there."""

WEEKS = "weeks"


class WorksSettings(Provenance):
    """Numbers of the schedule."""

    key = identifier("Name of the setting", key=True)
    value = number("Value used", "see column unit", low=None)
    low, high = ends("value", "see column unit", low=None)
    unit = text("Unit of the value")
    meaning = text("What the setting does")


class WorksSectors(Provenance):
    """Sectors of the border, each of 20 km or more."""

    sector_id = identifier("Short name of the sector", key=True)
    state = identifier("State")
    neighbour = identifier("Neighbour beyond the border")
    name = text("Name of the sector, after its end of the border")
    place = whole("Place along the border, from 1", "1, 2, ...", low=1)
    length_km = number("Length of the border", "km", low=SECTOR_AT_LEAST_KM)
    dry_km = number("Part on land or a narrow river", "km")
    mid_lat = number("Latitude of the sector's middle, to a tenth", "degrees north", low=-90.0, high=90.0)
    mid_lon = number("Longitude of the sector's middle, to a tenth", "degrees east", low=-180.0, high=180.0)
    outline = text("Points of the border, coarse, as lon lat;lon lat")


class WorksElements(Provenance):
    """Kinds of works, each of one layer of the Line."""

    element_id = identifier("Short name of the kind", key=True)
    name = text("Name of the kind")
    layer = identifier("Layer in depth it belongs to")
    unit = text("Unit in which the kind is counted")
    weight = number("Importance of its layer for a kilometre (1 = middle)", "1")
    unit_cost_meur = number("Price of one unit, built", MONEY_NOW)
    unit_cost_meur_low, unit_cost_meur_high = ends("unit_cost_meur", MONEY_NOW)
    upkeep_share = share("Yearly upkeep, share of the price")
    refresh_years = number(
        "Life until it is replaced; empty = beyond the horizon", "years", low=0.5, nullable=True
    )
    refresh_years_low, refresh_years_high = ends("refresh_years", "years", low=0.5)
    budget_class = choice("Core defence or defence-related money", "core", "related")
    peacetime = yes_no("Serves border control in peace as well")


class WorksQuantities(Provenance):
    """What each state builds of each kind, and what of it stands at the start."""

    state = identifier("State", key=True)
    element_id = identifier("Kind of works", key=True)
    quantity = number("Quantity planned in all", "element units")
    quantity_low, quantity_high = ends("quantity", "element units")
    built = number("Built at the start of the schedule", "element units")
    spread = choice(
        "What the quantity is spread over the sectors by: their dry or whole length, or evenly",
        "dry",
        "length",
        "even",
    )
    neighbours = names("Neighbours beyond whose border it is built; empty = all")
    target_year = calendar_year("Year of the published target", nullable=True)
    target_month = whole("Month at whose end the target falls", "month", low=1, high=12, nullable=True)


class WorksActivities(Provenance):
    """Steps of building one kind: durations, what must be done before, and what they take."""

    element_id = identifier("Kind of works", key=True)
    activity_id = identifier("Short name of the step", key=True)
    name = text("Name of the step")
    scope = choice("Once for a state, or in each sector", "state", "sector")
    after = names("Steps of the same kind that must be finished before")
    weeks = number("Duration that does not grow with the quantity", WEEKS)
    weeks_low, weeks_high = ends("weeks", WEEKS)
    weeks_per_unit = number("Duration for each unit", "weeks per element unit")
    weeks_per_unit_low, weeks_per_unit_high = ends("weeks_per_unit", "weeks per element unit")
    kind = choice(
        "plain; tender (may fail and is repeated); land (lasts as the owners' land does); install (takes "
        "what was produced, and puts the layer in place)",
        "plain",
        "tender",
        "land",
        "install",
    )
    resource_id = identifier("Resource it takes", nullable=True)
    resource_units = whole("Units of the resource it takes while it lasts", "units")
    calendar_id = identifier("Calendar it follows; empty = every week", nullable=True)
    cost_share = share("Part of the price that is spent when it starts")


class WorksResources(Provenance):
    """Crews, machines and offices that works share."""

    state = identifier("State", key=True)
    resource_id = identifier("Resource", key=True)
    name = text("Name of the resource")
    capacity = whole("Units at hand", "units")
    capacity_low, capacity_high = ends("capacity", "units")
    poolable = yes_no("May be shared by the states when they build together")
    unit_cost_meur = number("Cost of one more unit for a year", MONEY_NOW)


class WorksLines(Provenance):
    """Production of blocks, bunkers and sensors for the Line."""

    state = identifier("State that is supplied", key=True)
    element_id = identifier("Kind of works", key=True)
    units_per_week = number("Output", "element units a week")
    units_per_week_low, units_per_week_high = ends("units_per_week", "element units a week")
    in_store = number("Delivered and not yet built in at the start", "element units")
    poolable = yes_no("May supply all states when they build together")
    line_cost_meur = number("Price of a second line of the same output", MONEY_NOW)


class WorksLand(Provenance):
    """Owners of the land and how long it takes to get it."""

    state = identifier("State", key=True)
    owner = choice("Owner", "state", "municipal", "private", key=True)
    part = share("Share of the land")
    part_low, part_high = ends("part", "share (0-1)", high=1.0)
    weeks = number("From request to right of use", WEEKS)
    weeks_low, weeks_high = ends("weeks", WEEKS)


class WorksTenders(Provenance):
    """How often a tender fails, and how long the next takes."""

    state = identifier("State", key=True)
    element_id = identifier("Kind of works", key=True)
    failure = share("Probability that a tender fails")
    failure_low, failure_high = ends("failure", "share (0-1)", high=1.0)
    again_weeks = number("From failure to the award of the next tender", WEEKS)
    again_weeks_low, again_weeks_high = ends("again_weeks", WEEKS)


class WorksCalendars(Provenance):
    """Months in which outdoor work goes on."""

    calendar_id = identifier("Calendar")
    month = whole("Month", "month", low=1, high=12)
    works = yes_no("Work goes on in the month")


class WorksMoney(Provenance):
    """Money for the Line."""

    state = identifier("State", key=True)
    year = calendar_year("Year", key=True)
    core_meur = number("Core defence money for the Line", MONEY_NOW)
    related_meur = number("Defence-related money for the Line, border control included", MONEY_NOW)


class WorksLevers(Provenance):
    """What may shorten the Line: changes to these tables, each lever one or more rows."""

    lever_id = identifier("Lever")
    change = whole("Number of the change within the lever", "1, 2, ...", low=1)
    name = text("Name of the lever")
    table = identifier("Table it changes; POOL shares what is poolable between the states")
    keys = text("Rows it changes, as column=value;column=value", nullable=True)
    column = identifier("Column it changes", nullable=True)
    op = choice("How", "set", "add", "multiply", nullable=True)
    value = number("By what", "of the column", low=None, nullable=True)
    cost_meur = number("Cost of the lever to the end of the schedule, written on its first change", MONEY_NOW)


class WorksFacts(Provenance):
    """What was built by when, as reported; the forecast is held against it."""

    state = identifier("State")
    element_id = identifier("Kind of works")
    year = calendar_year("Year")
    month = whole("Month at whose end it holds", "month", low=1, high=12)
    installed = number("Installed", "element units", nullable=True)
    delivered = number("Delivered, installed or not", "element units", nullable=True)
