"""Reading the tables of evacuation: the one place where they become towns, roads and people."""

from typing import Any

import polars as pl

from vallum.core.errors import BadInput
from vallum.model.evacuation.problem import (
    Case,
    Host,
    Household,
    Node,
    Origin,
    Road,
    Tables,
    Train,
    Window,
)
from vallum.region import Region

__all__ = ["case", "of_tables", "require_evacuation", "scenarios"]

NEEDED = ("evac_settings", "road_nodes", "roads", "evac_links", "evac_households", "evac_places",
          "evac_scenarios", "evac_origins", "municipalities")  # fmt: skip


def case(region: Region, scenario: str) -> Case:
    """Read one scenario of a region.

    Raises
    ------
    BadInput
        If the region is not sound, has no tables of evacuation, or does not have the scenario.
    """
    region.require_sound()
    return of_tables(region.tables, region.name, scenario)


def require_evacuation(tables: Tables, name: str) -> None:
    """Raise BadInput unless a region has the tables of evacuation."""
    for table in NEEDED:
        if tables[table].is_empty():
            raise BadInput(
                f"The region {name} has no table {table}, so nobody can be evacuated in it",
                where=f"{table}.csv",
                rule="evacuation tables",
                remedy="Add the tables of evacuation (docs/reference/region.md lists their columns).",
            )


def scenarios(region: Region) -> tuple[str, ...]:
    """Return the scenarios of a region, in the order of its table."""
    require_evacuation(region.tables, region.name)
    return tuple(region.tables["evac_scenarios"]["scenario_id"])


def of_tables(tables: Tables, name: str, scenario: str) -> Case:
    """Read one scenario from checked tables; parameters as for `case`."""
    require_evacuation(tables, name)
    known = tables["evac_scenarios"]["scenario_id"].to_list()
    if scenario not in known:
        raise BadInput(
            f"The region {name} has no scenario {scenario}",
            where="evac_scenarios.csv",
            rule="scenario",
            remedy="Name one of: " + ", ".join(known) + ".",
        )
    row = tables["evac_scenarios"].row(by_predicate=pl.col("scenario_id") == scenario, named=True)
    origins = _origins(tables, scenario)
    leaving = {origin.key for origin in origins}
    return Case(
        key=scenario,
        name=row["name"],
        horizon_h=row["horizon_h"],
        warning_h=row["warning_h"],
        nodes=tuple(
            Node(one["node_id"], one["state"], one["name"], one["lat"], one["lon"])
            for one in tables["road_nodes"].sort("node_id").iter_rows(named=True)
        ),
        roads=tuple(
            Road(
                one["from_node"], one["to_node"], one["road"], one["km"], one["kmh"], one["lanes"],
                one["vehicles_lane_h"],
            )
            for one in tables["roads"].sort("from_node", "to_node", "road").iter_rows(named=True)
        ),
        links=tuple(
            Road(
                _key(one), one["node_id"], "", one["km"], one["kmh"], one["lanes"],
                one["vehicles_lane_h"],
            )
            for one in tables["evac_links"].sort("state", "lau_id", "node_id").iter_rows(named=True)
        ),
        trains=tuple(train for one in tables["evac_trains"].iter_rows(named=True) for train in _trains(one)),
        origins=tuple(origins),
        hosts=tuple(host for host in _hosts(tables) if host.key not in leaving),
        windows=tuple(
            window
            for one in tables["evac_windows"].filter(scenario_id=scenario).iter_rows(named=True)
            for window in _windows(one)
        ),
        households={
            one["state"]: Household(one["by_car"], one["per_car"], one["buses"])
            for one in tables["evac_households"].iter_rows(named=True)
        },
        settings=dict(tables["evac_settings"].select("key", "value").iter_rows()),
    )  # fmt: skip


def _key(row: dict[str, Any]) -> str:
    return f"{row['state']}-{row['lau_id']}"


def _towns(tables: Tables) -> dict[str, dict[str, Any]]:
    return {_key(row): row for row in tables["municipalities"].iter_rows(named=True)}


def _origins(tables: Tables, scenario: str) -> list[Origin]:
    towns = _towns(tables)
    found = []
    for row in (
        tables["evac_origins"].filter(scenario_id=scenario).sort("state", "lau_id").iter_rows(named=True)
    ):
        town = towns[_key(row)]
        people = float(town["population"]) * row["part"]
        found.append(
            Origin(
                _key(row),
                row["state"],
                town["municipality"],
                town["lat"],
                town["lon"],
                people,
                row["order_h"],
            )
        )
    return found


def _hosts(tables: Tables) -> list[Host]:
    towns = _towns(tables)
    return [
        Host(
            _key(row), row["state"], towns[_key(row)]["municipality"], towns[_key(row)]["lat"],
            towns[_key(row)]["lon"], row["places"],
            row["places"] if row["places_low"] is None else row["places_low"],
            row["places"] if row["places_high"] is None else row["places_high"],
        )
        for row in tables["evac_places"].sort("state", "lau_id").iter_rows(named=True)
    ]  # fmt: skip


def _trains(row: dict[str, Any]) -> list[Train]:
    """Trains go both ways."""
    people = row["trains_h"] * row["seats"]
    ends = (row["from_node"], row["to_node"])
    return [Train(tail, head, row["hours"], people) for tail, head in (ends, ends[::-1])]


def _windows(row: dict[str, Any]) -> list[Window]:
    ends = (row["from_node"], row["to_node"])
    ways = (ends, ends[::-1]) if row["both_ways"] == "y" else (ends,)
    return [
        Window(tail, head, row["reason"], row["from_h"], row["to_h"], row["lanes"]) for tail, head in ways
    ]
