"""Checks of the evacuation tables: settings, who leaves, ways, places, trains and windows.

Roads have a module of their own. All are quiet in a region without scenarios of evacuation.
"""

from collections.abc import Iterator

import polars as pl

from vallum.region.checks.roads import straight_km, wrong_lengths
from vallum.region.checks.rules import ROW, Tables, check_where, whole_settings
from vallum.region.findings import Finding

BOUNDS: dict[str, tuple[float, float]] = {
    "step_min": (1, 60),
    "calibration": (0.1, 1),
    "bus_seats": (1, 200),
    "bus_pcu": (1, 10),
    "bus_load_h": (0, 24),
    "bus_ready_h": (0, 48),
    "compliance": (0, 1),
    "delay_median_h": (0, 48),
    "delay_sigma": (0, 3),
    "intake_h": (0.001, 1),
}
"""Every setting of evacuation with the least and the greatest value that makes sense."""

WHOLE = ("step_min", "bus_seats")

SETTINGS = "evacuation settings"

MINUTES = 60

FASTEST_TRAIN_KMH = 250
"""Speed of the fastest line planned in the region, Rail Baltica (249 km/h)."""

PLACE = ["state", "lau_id"]

evac_check = check_where("evac_scenarios")
"""Register a check that runs only in a region with scenarios of evacuation."""


@evac_check("evac_settings")
def evac_settings_are_complete(tables: Tables) -> Iterator[Finding]:
    """Every setting is there, no other is, each is within bounds, and the step divides the hour."""
    yield from whole_settings(tables, "evac_settings", SETTINGS, BOUNDS, WHOLE)
    steps = tables["evac_settings"].filter(pl.col("key") == "step_min")
    yield from tables.findings(
        "evac_settings",
        steps.filter(pl.col("value").is_between(1, MINUTES) & (MINUTES % pl.col("value") != 0)),
        "value",
        SETTINGS,
        "The step does not divide the hour",
        "Write 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60.",
    )


# ---------------------------------------------------------------- municipalities


@evac_check("evac_origins", "evac_links", "evac_places", "municipalities")
def evacuated_municipalities_are_known(tables: Tables) -> Iterator[Finding]:
    """Every municipality that people leave, reach or link is there, and those they leave have people."""
    known = tables["municipalities"].drop_nulls(PLACE)
    for name in ("evac_origins", "evac_links", "evac_places"):
        yield from tables.findings(
            name,
            tables[name].drop_nulls(PLACE).join(known, on=PLACE, how="anti"),
            "lau_id",
            "known municipality",
            lambda row: f"{row['state']} has no municipality {row['lau_id']}",
            f"Correct state or lau_id, or add the municipality to {tables.files['municipalities']}.",
        )
    left = known.join(tables["evac_origins"], on=PLACE, how="semi")
    yield from tables.findings(
        "municipalities",
        left.filter(pl.col("population").fill_null(0) <= 0),
        "population",
        "people to leave",
        lambda row: f"People are to leave {row['municipality']}, and its inhabitants are not known",
        f"Write the number, or take it out of {tables.files['evac_origins']}.",
    )


@evac_check("evac_origins", "evac_places", "evac_links")
def municipalities_reach_the_roads(tables: Tables) -> Iterator[Finding]:
    """Every municipality that people leave has a way to the road graph; one with places should."""
    links = tables["evac_links"].drop_nulls([*PLACE, "node_id"])
    for name, doing, severity in (
        ("evac_origins", "leave", "error"),
        ("evac_places", "reach", "warning"),
    ):
        cut_off = tables[name].drop_nulls(PLACE).join(links, on=PLACE, how="anti")
        yield from tables.findings(
            name,
            cut_off.sort(ROW).unique(PLACE, keep="first", maintain_order=True),
            "lau_id",
            "way to the roads",
            lambda row, doing=doing: (
                f"Nobody can {doing} {row['state']} {row['lau_id']}: no way to the roads"
            ),  # type: ignore[misc]
            f"Add its nearest node to {tables.files['evac_links']}.",
            severity,
        )


@evac_check("evac_links", "road_nodes", "municipalities")
def links_stay_at_home(tables: Tables) -> Iterator[Finding]:
    """A way to the graph ends in its own state, and is as long as it may be."""
    nodes = tables["road_nodes"].select("node_id", pl.col("state").alias("#state"), "lat", "lon")
    links = tables["evac_links"].join(nodes, on="node_id")
    yield from tables.findings(
        "evac_links",
        links.filter(pl.col("state") != pl.col("#state")),
        "node_id",
        "links at home",
        lambda row: f"The node lies in {row['#state']}, so {row['state']} would leave without a border",
        "Write a node of the same state, and a road over the border in the table of roads.",
    )
    centres = tables["municipalities"].select(
        *PLACE, pl.col("lat").alias("#lat"), pl.col("lon").alias("#lon")
    )
    yield from wrong_lengths(tables, "evac_links", links.join(centres, on=PLACE).drop_nulls(["lat", "#lat"]))


@evac_check("evac_origins", "evac_households")
def households_are_known_for_every_state(tables: Tables) -> Iterator[Finding]:
    """Every state that people leave says how they do."""
    origins = tables["evac_origins"].drop_nulls("state")
    unknown = origins.join(tables["evac_households"].drop_nulls("state"), on="state", how="anti")
    yield from tables.findings(
        "evac_origins",
        unknown.sort(ROW).unique("state", keep="first", maintain_order=True),
        "state",
        "households of a state",
        lambda row: f"How people of {row['state']} leave is not known",
        f"Add the state to {tables.files['evac_households']}.",
    )


# ---------------------------------------------------------------- scenarios


@evac_check("evac_origins")
def scenarios_have_origins(tables: Tables) -> Iterator[Finding]:
    """Somebody leaves in every scenario, and is told before it ends."""
    scenarios, origins = tables["evac_scenarios"], tables["evac_origins"].drop_nulls("scenario_id")
    yield from tables.findings(
        "evac_scenarios",
        scenarios.drop_nulls("scenario_id").join(origins, on="scenario_id", how="anti"),
        "scenario_id",
        "somebody leaves",
        "Nobody leaves in this scenario",
        f"Add its municipalities to {tables.files['evac_origins']}, or delete it.",
    )
    timed = origins.join(scenarios.select("scenario_id", "horizon_h"), on="scenario_id")
    yield from tables.findings(
        "evac_origins",
        timed.filter(pl.col("order_h") >= pl.col("horizon_h")),
        "order_h",
        "hours of a scenario",
        lambda row: f"The scenario ends after {row['horizon_h']:g} hours, before they are told to leave",
        f"Lower order_h, or raise horizon_h in {tables.files['evac_scenarios']}.",
    )


@evac_check("evac_origins", "evac_places", "municipalities")
def places_suffice(tables: Tables) -> Iterator[Finding]:
    """In no scenario more people leave than find a place where nobody leaves."""
    people = tables["municipalities"].select(*PLACE, "population")
    origins = tables["evac_origins"].drop_nulls(["scenario_id", *PLACE, "part"])
    leaving = (
        origins.join(people, on=PLACE)
        .group_by("scenario_id")
        .agg((pl.col("part") * pl.col("population")).sum().alias("#people"))
    )
    scenarios = tables["evac_scenarios"].drop_nulls("scenario_id").select(ROW, "scenario_id")
    receiving = (
        scenarios.join(tables["evac_places"].drop_nulls([*PLACE, "places"]), how="cross")
        .join(origins, on=["scenario_id", *PLACE], how="anti")
        .group_by("scenario_id")
        .agg(pl.col("places").sum().alias("#places"))
    )
    counted = (
        scenarios.join(leaving, on="scenario_id")
        .join(receiving, on="scenario_id", how="left")
        .with_columns(pl.col("#places").fill_null(0))
    )
    yield from tables.findings(
        "evac_scenarios",
        counted.filter(pl.col("#people") > pl.col("#places")),
        "scenario_id",
        "places for all",
        lambda row: (
            f"{row['#people']:,.0f} people leave, and there are {row['#places']:,.0f} places for them"
        ),
        f"Add places to {tables.files['evac_places']}; those who find none are reported as not received.",
        "warning",
    )


# ---------------------------------------------------------------- trains and windows


@evac_check("evac_trains", "road_nodes")
def trains_go_somewhere(tables: Tables) -> Iterator[Finding]:
    """A train goes from one node to another, and not faster than trains do."""
    trains = tables["evac_trains"].drop_nulls(["from_node", "to_node"])
    yield from tables.findings(
        "evac_trains",
        trains.filter(pl.col("from_node") == pl.col("to_node")),
        "to_node",
        "two ends",
        "The train ends at the node where it starts",
        "Correct one of the two nodes, or delete the row.",
    )
    nodes = tables["road_nodes"].drop_nulls(["lat", "lon"]).select("node_id", "lat", "lon")
    placed = trains.join(
        nodes.rename({"lat": "#lat", "lon": "#lon"}), left_on="from_node", right_on="node_id"
    ).join(nodes, left_on="to_node", right_on="node_id")
    yield from tables.findings(
        "evac_trains",
        placed.filter(straight_km() > FASTEST_TRAIN_KMH * pl.col("hours")),
        "hours",
        "speed of a train",
        f"The train would be faster than {FASTEST_TRAIN_KMH} km/h",
        "Correct hours, which are hours and not minutes, or one of the nodes.",
    )


@evac_check("evac_windows")
def windows_have_their_hours(tables: Tables) -> Iterator[Finding]:
    """A window ends after it starts, and within the hours of its scenario."""
    windows = tables["evac_windows"].join(
        tables["evac_scenarios"].select("scenario_id", "horizon_h"), on="scenario_id", how="left"
    )
    yield from tables.findings(
        "evac_windows",
        windows.filter(pl.col("to_h") <= pl.col("from_h")),
        "to_h",
        "hours of a scenario",
        lambda row: f"The window ends before or as it starts, at hour {row['from_h']:g}",
        "Write the first hour in from_h and the last in to_h.",
    )
    yield from tables.findings(
        "evac_windows",
        windows.filter(pl.col("to_h") > pl.col("horizon_h")),
        "to_h",
        "hours of a scenario",
        lambda row: f"The scenario ends after {row['horizon_h']:g} hours",
        f"Lower to_h, or raise horizon_h in {tables.files['evac_scenarios']}.",
    )


@evac_check("evac_windows", "roads")
def windows_are_of_a_road(tables: Tables) -> Iterator[Finding]:
    """A window is of a road that is there, and leaves or adds no more lanes than the road has."""
    ends = ["from_node", "to_node"]
    roads = tables["roads"].drop_nulls([*ends, "lanes"]).select(*ends, pl.col("lanes").alias("#lanes"))
    both = pl.concat([roads, roads.select(from_node="to_node", to_node="from_node", **{"#lanes": "#lanes"})])
    windows = tables["evac_windows"].drop_nulls(ends)
    yield from tables.findings(
        "evac_windows",
        windows.join(both, on=ends, how="anti"),
        "to_node",
        "road of a window",
        lambda row: f"No road joins {row['from_node']} and {row['to_node']}",
        f"Write the two ends of one road of {tables.files['roads']}.",
    )
    held = windows.join(both.group_by(ends).agg(pl.col("#lanes").sum()), on=ends)
    turned = pl.col("reason") == "contraflow"
    for wrong, message in (
        (~turned, "are left of"),
        (turned, "are added from the other direction's"),
    ):
        yield from tables.findings(
            "evac_windows",
            held.filter(wrong & (pl.col("lanes") > pl.col("#lanes"))),
            "lanes",
            "lanes of a window",
            lambda row, message=message: f"{row['lanes']} lanes {message} {row['#lanes']}",  # type: ignore[misc]
            f"Write at most the lanes of the road in {tables.files['roads']}.",
        )
    yield from tables.findings(
        "evac_windows",
        windows.filter(turned & (pl.col("both_ways") == "y")),
        "both_ways",
        "lanes of a window",
        "Contraflow takes lanes from the other direction, so it cannot be for both",
        "Write n.",
    )
