"""Checks of the road graph: places of nodes, lengths, speeds, and that it hangs together.

All are quiet in a region without roads.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from vallum.region.checks.rules import ROW, Tables, check_where
from vallum.region.checks.sectors import boxes, inside
from vallum.region.checks.sites import KM_PER_DEGREE
from vallum.region.findings import Finding

ROUNDING_KM = 2.0
"""Kilometres that two ends lie nearer or farther than they seem: half a hundredth of a degree for each, and
about a kilometre where a junction was set by hand."""

LONGEST_DETOUR = 3.0
"""Length of a road over the straight line; more is a wrong number or a wrong node."""

FASTEST_KMH = 130
"""Highest speed limit of a motorway in Europe where there is one at all."""

MOST_VEHICLES = 2400
"""Cars an hour on a lane of a motorway at its best (Highway Capacity Manual: 2,400 at 70 miles an hour)."""

SLACK = 0.01
"""Error of the projection that measures the straight line."""

NAMED = 8
"""Nodes of a piece that a finding names."""

roads_check = check_where("roads")
"""Register a check that runs only in a region with roads."""


@roads_check("road_nodes", "municipalities")
def nodes_lie_in_their_state(tables: Tables) -> Iterator[Finding]:
    """Every node lies in or near its state, as the centres of its municipalities show it."""
    known = boxes(tables)
    nodes = tables["road_nodes"].drop_nulls(["state", "lat", "lon"])
    nodes = nodes.filter(pl.col("state").is_in(list(known)))
    points = list(nodes.select("state", "lon", "lat").iter_rows())
    nodes = nodes.with_columns(
        pl.Series("#out", [not inside(known[state], (lon, lat)) for state, lon, lat in points]),
        pl.Series("#swapped", [inside(known[state], (lat, lon)) for state, lon, lat in points]),
    )
    yield from tables.findings(
        "road_nodes",
        nodes.filter("#out"),
        "lat",
        "place of a node",
        lambda row: (
            f"{row['name']} lies outside {row['state']}"
            + ("; latitude and longitude are swapped" if row["#swapped"] else "")
        ),
        "Write the latitude in lat and the longitude in lon, and the state that the node lies in.",
    )


@roads_check()
def roads_join_two_nodes_once(tables: Tables) -> Iterator[Finding]:
    """No road ends where it starts, and one road at most joins two nodes, whatever its direction."""
    roads = tables["roads"].drop_nulls(["from_node", "to_node", "road"])
    yield from tables.findings(
        "roads",
        roads.filter(pl.col("from_node") == pl.col("to_node")),
        "to_node",
        "two ends",
        "The road ends at the node where it starts",
        "Correct one of the two nodes, or delete the row.",
    )
    ends = pl.struct(pl.min_horizontal("from_node", "to_node"), pl.max_horizontal("to_node", "from_node"))
    later = (
        roads.sort(ROW)
        .with_columns(ends.alias("#ends"))
        .with_columns(
            pl.col("road").first().over("#ends").alias("#first"),
            pl.struct("#ends", "road").is_first_distinct().alias("#new"),
        )
        .filter(~pl.col("#ends").is_first_distinct())
    )
    yield from tables.findings(
        "roads",
        later.filter(~pl.col("#new")),
        "road",
        "roads counted once",
        lambda row: f"The road from {row['to_node']} to {row['from_node']} is there already",
        "Delete the row: a road holds for both directions.",
    )
    yield from tables.findings(
        "roads",
        later.filter("#new"),
        "road",
        "roads counted once",
        lambda row: (
            f"The roads {row['#first']} and {row['road']} both join {row['from_node']} and {row['to_node']}"
        ),
        "Add the lanes of one to the other, and delete its row.",
    )


@roads_check("road_nodes")
def roads_are_as_long_as_they_may_be(tables: Tables) -> Iterator[Finding]:
    """No road is shorter than the straight line between its ends, or more than three times as long."""
    nodes = tables["road_nodes"].drop_nulls(["lat", "lon"]).select("node_id", "lat", "lon")
    placed = (
        tables["roads"]
        .join(nodes.rename({"lat": "#lat", "lon": "#lon"}), left_on="from_node", right_on="node_id")
        .join(nodes, left_on="to_node", right_on="node_id")
    )
    yield from wrong_lengths(tables, "roads", placed)


def wrong_lengths(tables: Tables, table: str, placed: pl.DataFrame) -> Iterator[Finding]:
    """Find ways that are too short or too long for their ends, at (#lat, #lon) and (lat, lon)."""
    measured = placed.with_columns(straight_km().alias("#straight"))
    km, straight = pl.col("km"), pl.col("#straight")
    for wrong, how in (
        (km + ROUNDING_KM < (1 - SLACK) * straight, "shorter than the straight line between its ends"),
        (km > LONGEST_DETOUR * straight + ROUNDING_KM, "more than three times the straight line"),
    ):
        yield from tables.findings(
            table,
            measured.filter(wrong),
            "km",
            "length of a road",
            lambda row, how=how: f"It is {how}, {row['#straight']:.1f} km",  # type: ignore[misc]
            f"Correct km, the ends, or a node's place in {tables.files['road_nodes']}.",
        )


def straight_km() -> pl.Expr:
    """Kilometres between (#lat, #lon) and (lat, lon), equirectangular at their mean latitude.

    Good to a hundredth over the few hundred kilometres of a road.
    """
    shrink = ((pl.col("#lat") + pl.col("lat")) / 2).radians().cos()
    north, east = pl.col("#lat") - pl.col("lat"), (pl.col("#lon") - pl.col("lon")) * shrink
    return KM_PER_DEGREE * (north**2 + east**2).sqrt()


@roads_check("evac_links")
def roads_are_driven_within_reason(tables: Tables) -> Iterator[Finding]:
    """No road and no way to the graph is faster than a motorway, or takes more cars than a lane can."""
    for name in ("roads", "evac_links"):
        for column, most, what in (("kmh", FASTEST_KMH, "km/h"), ("vehicles_lane_h", MOST_VEHICLES, "cars")):
            yield from tables.findings(
                name,
                tables[name].filter(pl.col(column) > most),
                column,
                "speed and capacity of a road",
                f"It is above {most:,} {what}",
                "Write the planning value of one lane.",
            )


@roads_check("road_nodes")
def roads_hang_together(tables: Tables) -> Iterator[Finding]:
    """Every node has a road, and every node can be reached from every other."""
    nodes = tables["road_nodes"].drop_nulls("node_id").unique("node_id", keep="first", maintain_order=True)
    index = nodes.select("node_id", pl.int_range(pl.len()).alias("#i"))
    ends = (
        tables["roads"]
        .join(index, left_on="from_node", right_on="node_id")
        .join(index, left_on="to_node", right_on="node_id", suffix="_to")
    )
    pair = (ends["#i"].to_numpy(), ends["#i_to"].to_numpy())
    graph = coo_array((np.ones(ends.height), pair), shape=(nodes.height, nodes.height))
    _, piece = connected_components(graph, directed=False)
    name = pl.col("node_id")
    pieces = (
        nodes.with_columns(pl.Series("#piece", piece))
        .group_by("#piece", maintain_order=True)
        .agg(
            name.first(),
            name.head(NAMED).str.join(", ").alias("#names"),
            pl.len().alias("#n"),
            pl.col(ROW).min(),
        )
        .sort("#n", ROW, descending=[True, False])
        .slice(1)
    )
    yield from tables.findings(
        "road_nodes",
        pieces.filter(pl.col("#n") == 1),
        "node_id",
        "roads hang together",
        "No road of the table reaches the node",
        f"Add its road to {tables.files['roads']}, or delete the node.",
    )
    yield from tables.findings(
        "road_nodes",
        pieces.filter(pl.col("#n") > 1),
        "node_id",
        "roads hang together",
        lambda row: (
            f"{row['#n']} nodes are cut off from the rest: {row['#names']}"
            + (" and more" if int(str(row["#n"])) > NAMED else "")
        ),
        f"Add the road that joins them to {tables.files['roads']}; for an island, its ferry.",
        "warning",
    )
