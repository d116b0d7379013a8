"""Tables of a small evacuation: four nodes in a row, one town that people leave and one that takes them in."""

from collections.abc import Callable

import polars as pl

EVAC_SETTINGS = {
    "step_min": 15,
    "calibration": 0.694,
    "bus_seats": 40,
    "bus_pcu": 2,
    "bus_load_h": 0.5,
    "bus_ready_h": 2,
    "compliance": 0.85,
    "delay_median_h": 1,
    "delay_sigma": 0.8,
    "intake_h": 0.1,
}


def evac_tables(table: Callable[..., pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """A town of 10,000, of which 2,000 leave for 2,500 places 70 km away; `table` types rows."""
    road = {"kmh": 90, "vehicles_lane_h": 1300}
    return {
        "municipalities": table(
            "municipalities",
            {"lau_id": "0001", "municipality": "Town", "lat": 55.50012, "lon": 24.24987, "population": 10000},
            {"lau_id": "0002", "municipality": "Port", "lat": 55.9, "lon": 24.75, "population": 5000},
            state="NA",
            nuts3="NA001",
            area_km2=400,
        ),
        "evac_settings": table(
            "evac_settings",
            *({"key": key, "value": value} for key, value in EVAC_SETTINGS.items()),
            unit="see meaning",
            meaning="as its name says",
        ),
        "road_nodes": table(
            "road_nodes",
            {"node_id": "A", "what": "town", "lat": 55.5, "lon": 24.25},
            {"node_id": "B", "what": "junction", "lat": 55.7, "lon": 24.5},
            {"node_id": "C", "what": "town", "lat": 55.9, "lon": 24.75},
            {"node_id": "D", "what": "port", "lat": 55.9, "lon": 24.95},
            state="NA",
            name="A node",
        ),
        "roads": table(
            "roads",
            {"from_node": "A", "to_node": "B", "km": 30, "lanes": 2},
            {"from_node": "B", "to_node": "C", "km": 30, "lanes": 1},
            {"from_node": "C", "to_node": "D", "km": 14, "lanes": 1},
            state="NA",
            road="1",
            what="road",
            **road,
        ),
        "evac_links": table(
            "evac_links",
            {"lau_id": "0001", "node_id": "A"},
            {"lau_id": "0002", "node_id": "C"},
            state="NA",
            km=1,
            lanes=1,
            **road,
        ),
        "evac_households": table("evac_households", {"state": "NA", "by_car": 0.8}, per_car=2.5, buses=10),
        "evac_trains": table(
            "evac_trains", {"from_node": "A", "to_node": "C"}, hours=1, trains_h=1, seats=400
        ),
        "evac_places": table(
            "evac_places",
            {"lau_id": "0001", "places": 500},
            {"lau_id": "0002", "places": 2500},
            state="NA",
            standard="3.5 m2 a person",
        ),
        "evac_scenarios": table(
            "evac_scenarios", {"scenario_id": "FLOOD", "name": "Flood"}, horizon_h=24, warning_h=12
        ),
        "evac_origins": table(
            "evac_origins", {"scenario_id": "FLOOD", "state": "NA", "lau_id": "0001"}, part=0.2, order_h=0
        ),
        "evac_windows": table(
            "evac_windows",
            {"window_id": "HELD", "reason": "troops", "from_node": "A", "to_node": "B", "lanes": 1},
            {"window_id": "TURNED", "reason": "contraflow", "from_node": "C", "to_node": "B", "lanes": 1},
            scenario_id="FLOOD",
            both_ways="n",
            from_h=0,
            to_h=6,
        ),
    }
