"""Checks of the works tables: settings, quantities, steps that can be done, land, tenders and facts.

Sectors and levers have modules of their own. All are quiet in a region without kinds of works, which plans
well without them.
"""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import polars as pl

from vallum.region.checks.keys import entries
from vallum.region.checks.rules import ROW, Tables, check_where, whole_settings
from vallum.region.findings import Finding
from vallum.region.schema.works import SHARED_STEP

BOUNDS: dict[str, tuple[float, float]] = {
    "start_year": (1900, 2200),
    "start_month": (1, 12),
    "last_year": (1900, 2200),
    "calibration_start_year": (1900, 2200),
    "calibration_start_month": (1, 12),
    "facts_until_year": (1900, 2200),
    "facts_until_month": (1, 12),
    "common_share": (0, 1),
}
"""Every setting of the schedule with the least and the greatest value that makes sense."""

WHOLE = tuple(key for key in BOUNDS if key != "common_share")

LONGEST_YEARS = 30
"""Years of a schedule in weeks; beyond it every week would be a guess."""

SUM_ERROR = 1e-6

SETTINGS = "works settings"


works_check = check_where("works_elements")
"""Register a check that runs only in a region with kinds of works."""


# ---------------------------------------------------------------- settings


@works_check("works_settings")
def works_settings_are_complete(tables: Tables) -> Iterator[Finding]:
    """Every setting of the schedule is there, no other is, and each lies within its bounds."""
    yield from whole_settings(tables, "works_settings", SETTINGS, BOUNDS, WHOLE)


@works_check("works_settings")
def works_settings_run_forward(tables: Tables) -> Iterator[Finding]:
    """The schedule ends after it starts, within thirty years, and so does the one held against facts."""
    known = _settings(tables)

    def row(key: str) -> pl.DataFrame:
        return tables["works_settings"].filter(pl.col("key") == key)

    first, last = known.get("start_year"), known.get("last_year")
    if first is not None and last is not None and not 0 <= last - first < LONGEST_YEARS:
        yield from tables.findings(
            "works_settings",
            row("last_year"),
            "value",
            "horizon",
            f"The schedule would run from {first:g} to {last:g}",
            f"Let last_year follow start_year by at most {LONGEST_YEARS - 1} years.",
        )
    start = _month(known, "calibration_start")
    until = _month(known, "facts_until")
    if start is not None and until is not None and until < start:
        yield from tables.findings(
            "works_settings",
            row("facts_until_year"),
            "value",
            "horizon",
            "The facts end before the schedule that they are held against starts",
            "Move facts_until behind calibration_start.",
        )


# ---------------------------------------------------------------- kinds and quantities


@works_check()
def a_layer_has_one_weight(tables: Tables) -> Iterator[Finding]:
    """Kinds of one layer have the same weight, which is the layer's."""
    frame = tables["works_elements"].drop_nulls(["layer", "weight"])
    first = pl.col("weight").first().over("layer")
    yield from tables.findings(
        "works_elements",
        frame.with_columns(first.alias("#first")).filter(pl.col("weight") != pl.col("#first")),
        "weight",
        "weight of a layer",
        lambda row: f"Another kind of the layer {row['layer']} has the weight {row['#first']:g}",
        "Give all kinds of a layer one weight, or put this kind in a layer of its own.",
    )


@works_check("works_settings", "works_quantities")
def quantities_make_sense(tables: Tables) -> Iterator[Finding]:
    """No more is built than planned, and a target lies after the start of the schedule."""
    frame = tables["works_quantities"]
    yield from tables.findings(
        "works_quantities",
        frame.filter(pl.col("built") > pl.col("quantity")),
        "built",
        "built <= quantity",
        lambda row: f"More is built than the {row['quantity']:g} planned",
        "Correct built, or raise quantity.",
    )
    yield from tables.findings(
        "works_quantities",
        frame.filter(pl.col("target_month").is_not_null() & pl.col("target_year").is_null()),
        "target_month",
        "target",
        "A target month has no year",
        "Write the year, or delete the month.",
    )
    start = _month(_settings(tables), "start")
    if start is None:
        return
    target = 12 * pl.col("target_year") + pl.col("target_month").fill_null(12)
    yield from tables.findings(
        "works_quantities",
        frame.filter(target < start),
        "target_year",
        "target after the start",
        "The target falls before the schedule starts, so it cannot be met",
        "Correct it, or leave it empty and write in note that it is past.",
    )


@works_check("works_sectors", "works_quantities")
def quantities_have_a_place(tables: Tables) -> Iterator[Finding]:
    """Every state that builds a kind has sectors to spread it over, on the borders that the row names."""
    sectors = tables["works_sectors"]
    frame = tables["works_quantities"]
    named = entries(frame.select(ROW, "state", "neighbours"), "neighbours")
    yield from tables.findings(
        "works_quantities",
        named.join(sectors, left_on=["state", "neighbours"], right_on=["state", "neighbour"], how="anti"),
        "neighbours",
        "sectors for a quantity",
        lambda row: f"{row['state']} has no sector towards {row['neighbours']}",
        f"Correct neighbours, or add sectors to {tables.files['works_sectors']}.",
    )
    extents = sectors.select(
        "state", pl.col("dry_km").alias("dry"), pl.col("length_km").alias("length"), pl.lit(1.0).alias("even")
    ).unpivot(index="state", variable_name="spread", value_name="#extent")
    room = extents.filter(pl.col("#extent") > 0)
    yield from tables.findings(
        "works_quantities",
        frame.drop_nulls(["state", "spread"]).join(room, on=["state", "spread"], how="anti"),
        "spread",
        "sectors for a quantity",
        lambda row: f"{row['state']} has no sector to spread it over by {row['spread']}",
        f"Add sectors of the state to {tables.files['works_sectors']}, or spread it otherwise.",
    )


@works_check("works_quantities", "works_lines")
def what_is_built_is_produced(tables: Tables) -> Iterator[Finding]:
    """A kind that comes from a line in one state has a line, or enough in store, wherever it is built."""
    lines = tables["works_lines"].drop_nulls(["state", "element_id"])
    building = (
        _building(tables)
        .filter(pl.col("element_id").is_in(lines["element_id"].implode()))
        .join(
            lines.select("state", "element_id", "units_per_week", "in_store"),
            on=["state", "element_id"],
            how="left",
        )
    )
    none = pl.col("units_per_week").fill_null(0) <= 0
    yield from tables.findings(
        "works_quantities",
        building.filter(none & (pl.col("in_store").fill_null(0) < pl.col("#left"))),
        "element_id",
        "production for works",
        lambda row: f"Nothing produces the {row['#left']:g} that {row['state']} has to build",
        f"Give the state and kind an output in {tables.files['works_lines']}.",
    )


@works_check("works_settings", "works_quantities", "works_money")
def money_pays_for_the_works(tables: Tables) -> Iterator[Finding]:
    """The money of a state to the end of the schedule pays for what it has still to build, purse by purse."""
    known = _settings(tables)
    prices = tables["works_elements"].select("element_id", "unit_cost_meur", "budget_class")
    cost = (
        _building(tables)
        .join(prices, on="element_id")
        .group_by("state", "budget_class", maintain_order=True)
        .agg((pl.col("#left") * pl.col("unit_cost_meur")).sum().alias("#cost"), pl.col(ROW).max())
    )
    years = pl.col("year").is_between(known.get("start_year", 0), known.get("last_year", 9999))
    money = (
        tables["works_money"]
        .filter(years)
        .select("state", core="core_meur", related="related_meur")
        .unpivot(index="state", variable_name="budget_class", value_name="#money")
        .group_by("state", "budget_class")
        .agg(pl.col("#money").sum())
    )
    short = cost.join(money, on=["state", "budget_class"], how="left").with_columns(
        pl.col("#money").fill_null(0)
    )
    yield from tables.findings(
        "works_quantities",
        short.filter(pl.col("#money") < pl.col("#cost")),
        "state",
        "money for the works",
        lambda row: (
            f"{row['state']} has EUR {row['#money']:,.0f} million of {row['budget_class']} money for works "
            f"that cost {row['#cost']:,.0f}"
        ),
        f"Raise the money in {tables.files['works_money']}; works that it does not pay for stay unbuilt.",
        "warning",
    )


# ---------------------------------------------------------------- steps


@works_check("works_activities")
def steps_follow_known_steps(tables: Tables) -> Iterator[Finding]:
    """What must be done before a step is a step of the same kind of works."""
    frame = tables["works_activities"].drop_nulls(["element_id", "activity_id"])
    before = entries(frame.select(ROW, "element_id", "after"), "after")
    unknown = before.join(
        frame, left_on=["element_id", "after"], right_on=["element_id", "activity_id"], how="anti"
    )
    yield from tables.findings(
        "works_activities",
        unknown,
        "after",
        "order of steps",
        lambda row: f"{row['element_id']} has no step {row['after']}",
        "Write the activity_id of a step of the same kind.",
    )


@works_check("works_activities")
def steps_do_not_run_in_a_circle(tables: Tables) -> Iterator[Finding]:
    """No step must be done before itself."""
    frame = tables["works_activities"].drop_nulls(["element_id", "activity_id"])
    for (element,), part in frame.group_by("element_id", maintain_order=True):
        after = entries(part.select("activity_id", "after"), "after")
        graph: dict[str, list[str]] = {}
        for step, earlier in after.iter_rows():
            graph.setdefault(step, []).append(earlier)
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = [str(step) for step in error.args[1]]
            yield from tables.findings(
                "works_activities",
                part.filter(pl.col("activity_id") == circle[-1]).head(1),
                "after",
                "order of steps",
                f"The steps of {element} wait for each other: " + " before ".join(circle),
                "Take one of these steps out of the column after.",
            )


@works_check("works_quantities", "works_activities")
def kinds_have_steps(tables: Tables) -> Iterator[Finding]:
    """Every kind that is built has one step of installation; land and installation go by sector."""
    frame = tables["works_activities"].drop_nulls(["element_id", "kind"])
    installs = frame.filter(pl.col("kind") == "install").group_by("element_id").agg(pl.len().alias("#n"))
    used = tables["works_quantities"]["element_id"].drop_nulls()
    counted = (
        tables["works_elements"]
        .filter(pl.col("element_id").is_in(used.implode()))
        .join(installs, on="element_id", how="left")
        .with_columns(pl.col("#n").fill_null(0))
    )
    yield from tables.findings(
        "works_elements",
        counted.filter(pl.col("#n") != 1),
        "element_id",
        "one installation",
        lambda row: f"The kind has {row['#n']} steps of installation, not one",
        f"Give it one step of the kind install in {tables.files['works_activities']}.",
    )
    yield from tables.findings(
        "works_activities",
        frame.filter(pl.col("kind").is_in(["install", "land"]) & (pl.col("scope") != "sector")),
        "scope",
        "scope of a step",
        lambda row: f"A step of the kind {row['kind']} is done in each sector",
        "Write sector.",
    )
    shared = (pl.col("activity_id") == SHARED_STEP) & (
        (pl.col("scope") != "sector") | (pl.col("kind") != "plain")
    )
    yield from tables.findings(
        "works_activities",
        frame.filter(shared),
        "activity_id",
        "scope of a step",
        f"The step {SHARED_STEP} is done once in a sector for all kinds, so it is a plain step of a sector",
        "Correct scope and kind, or give the step another name.",
    )


@works_check("works_activities")
def shares_of_cost_sum_to_one(tables: Tables) -> Iterator[Finding]:
    """The steps of a kind spend its whole price, no more and no less."""
    sums = (
        tables["works_activities"]
        .drop_nulls(["element_id", "cost_share"])
        .group_by("element_id", maintain_order=True)
        .agg(pl.col("cost_share").sum(), pl.col(ROW).max())
    )
    yield from tables.findings(
        "works_activities",
        sums.filter((pl.col("cost_share") - 1).abs() > SUM_ERROR),
        "cost_share",
        "shares of cost",
        lambda row: f"The shares of {row['element_id']} sum to {row['cost_share']:g}",
        "Correct them so that they sum to 1.",
    )


@works_check("works_quantities", "works_activities", "works_resources")
def steps_have_their_resources(tables: Tables) -> Iterator[Finding]:
    """Every state that builds a kind has the resources that a step takes, at the low end too."""
    steps = tables["works_activities"].select(
        ROW, "element_id", "activity_id", "resource_id", "resource_units"
    )
    yield from tables.findings(
        "works_activities",
        steps.filter(pl.col("resource_id").is_null() & (pl.col("resource_units") > 0)),
        "resource_id",
        "resources of a step",
        "Units are taken of no resource",
        "Name the resource, or write 0 in resource_units.",
    )
    have = tables["works_resources"].select("state", "resource_id", "capacity", "capacity_low")
    least = pl.min_horizontal("capacity", "capacity_low").fill_null(0)
    needed = (
        steps.drop_nulls("resource_id")
        .join(_building(tables).select("state", "element_id"), on="element_id")
        .join(have, on=["state", "resource_id"], how="left")
        .with_columns(least.alias("#least"))
        .with_columns(pl.max_horizontal("resource_units", 1).alias("#units"))
        .filter(pl.col("#least") < pl.col("#units"))
        .sort(ROW, "state")
    )
    yield from tables.findings(
        "works_activities",
        needed,
        "resource_id",
        "resources of a step",
        lambda row: f"{row['state']} has {row['#least']:g} of {row['resource_id']} and needs {row['#units']}",
        f"Raise capacity and its low end in {tables.files['works_resources']}, or take another resource.",
    )


@works_check("works_activities", "works_calendars")
def calendars_have_working_months(tables: Tables) -> Iterator[Finding]:
    """Every calendar that a step follows is there, has all twelve months, and work goes on in one of them."""
    calendars = tables["works_calendars"].drop_nulls(["calendar_id", "month", "works"])
    used = tables["works_activities"].drop_nulls("calendar_id")
    yield from tables.findings(
        "works_activities",
        used.join(calendars, on="calendar_id", how="anti"),
        "calendar_id",
        "calendars",
        lambda row: f"There is no calendar {row['calendar_id']}",
        f"Correct it, or add the calendar to {tables.files['works_calendars']}.",
    )
    counted = calendars.group_by("calendar_id", maintain_order=True).agg(
        pl.col("month").n_unique().alias("#months"),
        (pl.col("works") == "y").sum().alias("#working"),
        pl.col(ROW).max(),
    )
    yield from tables.findings(
        "works_calendars",
        counted.filter(pl.col("#months") != 12),
        "calendar_id",
        "calendars",
        lambda row: f"The calendar has {row['#months']} months",
        "Give it the twelve months.",
    )
    yield from tables.findings(
        "works_calendars",
        counted.filter(pl.col("#working") == 0),
        "calendar_id",
        "calendars",
        "No month of the calendar is a working month, so nothing that follows it is ever built",
        "Write y for the months in which work goes on.",
    )


# ---------------------------------------------------------------- land and tenders


@works_check("works_quantities", "works_activities", "works_land")
def land_has_owners(tables: Tables) -> Iterator[Finding]:
    """The parts of a state's land sum to one, and every state that needs land has them."""
    land = tables["works_land"].drop_nulls(["state", "part"])
    sums = land.group_by("state", maintain_order=True).agg(pl.col("part").sum(), pl.col(ROW).max())
    yield from tables.findings(
        "works_land",
        sums.filter((pl.col("part") - 1).abs() > SUM_ERROR),
        "part",
        "parts of the land",
        lambda row: f"The parts of {row['state']} sum to {row['part']:g}",
        "Correct them so that they sum to 1.",
    )
    needing = tables["works_activities"].filter(pl.col("kind") == "land")["element_id"].drop_nulls()
    yield from tables.findings(
        "works_quantities",
        tables["works_quantities"]
        .filter(pl.col("element_id").is_in(needing.implode()))
        .drop_nulls("state")
        .join(land, on="state", how="anti"),
        "state",
        "parts of the land",
        lambda row: f"{row['state']} builds on land but has no owners of it",
        f"Add the state to {tables.files['works_land']}.",
    )


@works_check("works_quantities", "works_activities", "works_tenders")
def tenders_may_succeed(tables: Tables) -> Iterator[Finding]:
    """Every tender has a chance of failing that is given, and less than one."""
    yield from tables.findings(
        "works_tenders",
        tables["works_tenders"].filter(pl.max_horizontal("failure", "failure_high") >= 1),
        "failure",
        "tenders",
        "A tender that always fails is never awarded",
        "Write a probability below 1, at its high end too.",
    )
    tendered = tables["works_activities"].filter(pl.col("kind") == "tender")["element_id"].drop_nulls()
    yield from tables.findings(
        "works_quantities",
        _building(tables)
        .filter(pl.col("element_id").is_in(tendered.implode()))
        .join(tables["works_tenders"], on=["state", "element_id"], how="anti"),
        "element_id",
        "tenders",
        lambda row: (
            f"{row['state']} tenders {row['element_id']} without a chance of failing, so it never fails"
        ),
        f"Add the state and kind to {tables.files['works_tenders']}.",
        "warning",
    )


# ---------------------------------------------------------------- facts


@works_check("works_facts")
def facts_of_works_grow(tables: Tables) -> Iterator[Finding]:
    """No more is installed than delivered, and what is installed does not become less."""
    facts = tables["works_facts"]
    yield from tables.findings(
        "works_facts",
        facts.filter(pl.col("installed") > pl.col("delivered")),
        "installed",
        "installed <= delivered",
        lambda row: f"More is installed than the {row['delivered']:g} delivered",
        "Correct one of the two.",
    )
    key = ["state", "element_id"]
    dated = facts.drop_nulls([*key, "year", "month", "installed"]).sort(*key, "year", "month")
    before = pl.col("installed").shift().over(key).alias("#before")
    yield from tables.findings(
        "works_facts",
        dated.with_columns(before).filter(pl.col("installed") < pl.col("#before")),
        "installed",
        "works stay",
        lambda row: f"Less is installed than the {row['#before']:g} before",
        "Correct one of the two, or say in note what was taken down.",
        "warning",
    )


# ---------------------------------------------------------------- helpers


def _settings(tables: Tables) -> dict[str, float]:
    known = tables["works_settings"].drop_nulls(["key", "value"])
    return dict(zip(known["key"], known["value"], strict=True))


def _month(known: Mapping[str, float], name: str) -> float | None:
    """Count months of a date that two settings give."""
    year, month = known.get(f"{name}_year"), known.get(f"{name}_month")
    return None if year is None or month is None else 12 * year + month


def _building(tables: Tables) -> pl.DataFrame:
    """Rows of quantities of which something is left to build, with what is left in the column ``#left``."""
    left = (pl.col("quantity") - pl.col("built")).alias("#left")
    return (
        tables["works_quantities"]
        .drop_nulls(["state", "element_id"])
        .with_columns(left)
        .filter(pl.col("#left") > 0)
    )
