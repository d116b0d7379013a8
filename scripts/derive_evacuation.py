"""Rebuild the derived evacuation tables of the region ``baltic`` from the tables they rest on.

Three files are derived here: ``evac_links.csv`` (municipalities to their nearest nodes of the road graph),
``evac_places.csv`` (places to sleep, as a share of inhabitants) and ``evac_origins.csv`` (who leaves in each
scenario that ships). All functions are pure: tables in, rows out, no clock, no randomness.

Run ``python scripts/derive_evacuation.py [--check] [FOLDER]``; without FOLDER the shipped region is used.
``--check`` writes nothing and exits with 1 when a file would change.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

Row = dict[str, str]
Tables = Mapping[str, pl.DataFrame]
Degrees = np.ndarray[tuple[int, int], np.dtype[np.float64]]
"""Points as rows of latitude and longitude."""

SHIPPED = Path(__file__).resolve().parent.parent / "src" / "vallum" / "region" / "data" / "baltic"
INPUTS = ("municipalities", "road_nodes", "roads", "works_sectors")
PROVENANCE: Row = {
    "basis": "derived",
    "source": "scripts/derive_evacuation.py",
    "source_date": "2026-11",
    "confidence": "assumption",
}
EARTH_KM = 6371.0088
ENDS = ("from_node", "to_node")

# A way to the graph: detour over the great circle, and a road without a number.
DETOUR = 1.3
LINK_KMH, LINK_VEHICLES = 70, 1300
PEOPLE_A_LANE = 40_000
SECOND_RATIO, SECOND_KM = 2.0, 30.0
# A second node counts where it is not much farther than the first.

# Islands are reached by ferry: municipality -> port or town of the ferry. Three boats an hour at most.
ISLANDS = {
    ("EE", "0205"): ("EE-rohukula",),
    ("EE", "0303"): ("EE-parnu",),
    ("EE", "0689"): ("EE-kuressaare", "EE-parnu"),
    ("EE", "0907"): ("EE-rohukula",),
}
FERRY_KMH, FERRY_VEHICLES = 20, 60

# The plan of Vilnius has three main directions and 150 streets; the graph lacks the minor roads, so each
# direction has one more lane that does not pass the middle of the city.
MINOR = {("LT", "13"): ("LT-ukmerge", "LT-elektrenai", "LT-trakai")}

# Places to sleep for people from elsewhere, as a share of inhabitants: low, value, high.
PLACES = {"places_low": 0.08, "places": 0.20, "places_high": 0.35}
STANDARD = "3.5 m2 of floor a person in public buildings (Sphere), and guests in homes"
PLACES_NOTE = (
    "0.12 of inhabitants in schools, halls and hotels, 0.42 m2 of usable floor an inhabitant, and 0.08 in "
    "homes, two guests in one home of eleven; low 0.05 (5.5 m2, as in cold climates, and less floor) and "
    "0.03, high 0.15 and 0.20; no state publishes its places"
)

BELT_KM = 40.0
FACTS = "background/evacuation_facts.csv"
VILNIUS, AROUND = "13", ("13", "41", "85")
VILNIUS_PEOPLE = (400_000, 540_000, 600_000)
IDA_VIRU, LATGALE = "EE00A", "LV005"


class Leaving(NamedTuple):
    """Part of the people who leave, with its range, the facts behind it, and why."""

    low: float
    part: float
    high: float
    facts: str
    note: str


PARTS = {
    "EE": Leaving(
        0.5,
        1.0,
        1.0,
        f";{FACTS}:EE population protection plan: people possibly to leave homes",
        "The plan counts 470,000 people who may have to leave, more than live in these municipalities, "
        "so all; low: half stay in reach of shelter",
    ),
    "LV": Leaving(0.25, 0.5, 1.0, "", "Plans are not public; between the parts of the two neighbours"),
    "LT": Leaving(
        0.25,
        0.25,
        1.0,
        f";{FACTS}:LT national plan: share municipalities must be able to move",
        "The quarter that a municipality must be able to move; high: all",
    ),
}

WHO: dict[str, Callable[[Row, float], bool]] = {
    "vilnius": lambda row, km: row["state"] == "LT" and row["lau_id"] in AROUND,
    "lt-border-40km": lambda row, km: row["state"] == "LT" and km <= BELT_KM,
    "narva-ida-viru": lambda row, km: row["nuts3"] == IDA_VIRU,
    "daugavpils-latgale": lambda row, km: row["nuts3"] == LATGALE,
    "all-border": lambda row, km: km <= BELT_KM,
}
"""Scenario: whether people leave a municipality, by its row and the kilometres to the border."""


def read_tables(folder: Path) -> dict[str, pl.DataFrame]:
    """Return the tables that are needed as text, keyed by name."""
    return {name: pl.read_csv(folder / f"{name}.csv", infer_schema=False) for name in INPUTS}


def great_circle_km(a: Degrees, b: Degrees) -> np.ndarray:
    """Great-circle distance of every point of `a`, shape (n, 2), to every one of `b`, (m, 2): (n, m) in km.

    Haversine formula on a sphere of the mean radius of the Earth (IUGG, 6,371.0088 km).
    """
    p, q = np.radians(a)[:, None, :], np.radians(b)[None, :, :]
    half = (q - p) / 2
    inner = np.sin(half[..., 0]) ** 2 + np.cos(p[..., 0]) * np.cos(q[..., 0]) * np.sin(half[..., 1]) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(inner)))


def _places(frame: pl.DataFrame) -> Degrees:
    return frame.select(pl.col("lat", "lon").cast(pl.Float64)).to_numpy()


# --- links ------------------------------------------------------------------------------------------


def build_links(tables: Tables) -> list[Row]:
    """Ways of each municipality to its one or two nearest nodes of its own state.

    A border crossing where the road ends counts for nothing. Lanes: one for 40,000 inhabitants, at most as
    many as the roads of the node have.
    """
    municipalities, nodes = tables["municipalities"], tables["road_nodes"]
    ends = pl.concat([tables["roads"].select(pl.col(end).alias("node_id"), "lanes") for end in ENDS])
    lanes = dict(ends.group_by("node_id").agg(pl.col("lanes").cast(pl.Int64).sum()).iter_rows())
    roads = dict(ends.group_by("node_id").len().iter_rows())
    names, states = nodes["node_id"].to_list(), nodes["state"].to_list()
    crossing = nodes["what"] == "border_crossing"
    dead = {name for name, cross in zip(names, crossing, strict=True) if cross and roads.get(name, 0) < 2}
    km = great_circle_km(_places(municipalities), _places(nodes))
    rows = []
    for place, row in enumerate(municipalities.iter_rows(named=True)):
        key = row["state"], row["lau_id"]
        way = dict(zip(names, km[place].tolist(), strict=True))
        if key in ISLANDS:
            rows += [_ferry(key, node, way[node]) for node in ISLANDS[key]]
            continue
        own = [n for n, state in zip(names, states, strict=True) if state == key[0] and n not in dead]
        first, second = sorted(own, key=lambda name: (way[name], name))[:2]
        wanted = math.ceil(int(row["population"]) / PEOPLE_A_LANE)
        rows.append(_link(key, first, way[first], min(wanted, lanes[first])))
        if key in MINOR:
            rows += [_link(key, node, way[node], 1) for node in MINOR[key]]
        elif way[second] <= min(SECOND_KM, SECOND_RATIO * way[first]):
            rows.append(_link(key, second, way[second], 1))
    return rows


def _link(key: tuple[str, str], node: str, way: float, lanes: int) -> Row:
    lane = f"one lane for {PEOPLE_A_LANE:,} people, at most the lanes of the node's roads"
    if node in MINOR.get(key, ()):
        lane = "one lane of minor roads that the graph lacks, in a main direction of the plan"
    note = f"Great circle x {DETOUR}; {lane}"
    return _way(key, node, way, note, lanes=lanes, kmh=LINK_KMH, vehicles_lane_h=LINK_VEHICLES)


def _ferry(key: tuple[str, str], node: str, way: float) -> Row:
    note = f"Ferry, great circle x {DETOUR}; speed and capacity stand for crossings and waiting"
    return _way(key, node, way, note, lanes=1, kmh=FERRY_KMH, vehicles_lane_h=FERRY_VEHICLES)


def _way(key: tuple[str, str], node: str, way: float, note: str, **numbers: int) -> Row:
    state, lau_id = key
    row = {"state": state, "lau_id": lau_id, "node_id": node, "km": f"{way * DETOUR:.1f}"}
    row |= {name: str(number) for name, number in numbers.items()}
    inputs = f"municipalities.csv:{state},{lau_id};road_nodes.csv:{node}"
    return row | PROVENANCE | {"derived_from": inputs, "note": note}


# --- places -----------------------------------------------------------------------------------------


def build_places(tables: Tables) -> list[Row]:
    """Places to sleep in each municipality: a share of its inhabitants."""
    rows = []
    for row in tables["municipalities"].iter_rows(named=True):
        key = {"state": row["state"], "lau_id": row["lau_id"]}
        people = int(row["population"])
        numbers = {column: str(round(share * people)) for column, share in PLACES.items()}
        inputs = f"municipalities.csv:{row['state']},{row['lau_id']}"
        how = {"standard": STANDARD, "derived_from": inputs, "note": PLACES_NOTE}
        rows.append(key | numbers | PROVENANCE | how)
    return rows


# --- origins ----------------------------------------------------------------------------------------


def border_km(tables: Tables) -> list[float]:
    """Distance of each municipality's centre to the outlines of the border sectors of its own state, in km.

    Outlines are rounded to 0.05 degrees, so the distance is good to about 3 km.
    """
    lines: dict[str, list[Degrees]] = {}
    for state, outline in tables["works_sectors"].select("state", "outline").iter_rows():
        corners = np.array([point.split()[::-1] for point in outline.split(";")], dtype=float)
        part = np.linspace(0, 1, 20)[:, None]
        lines.setdefault(state, []).extend(a + part * (b - a) for a, b in pairwise(corners))
    points = {state: np.concatenate(parts) for state, parts in lines.items()}
    places = _places(tables["municipalities"])
    return [
        float(great_circle_km(places[[i]], points[state]).min())
        for i, state in enumerate(tables["municipalities"]["state"])
    ]


def build_origins(tables: Tables) -> list[Row]:
    """Municipalities that people leave in each scenario, and which part of them."""
    kilometres = border_km(tables)
    return [
        _origin(scenario, row, _leaving(tables, scenario, row))
        for scenario, leaves in WHO.items()
        for row, km in zip(tables["municipalities"].iter_rows(named=True), kilometres, strict=True)
        if leaves(row, km)
    ]


def _leaving(tables: Tables, scenario: str, row: Row) -> Leaving:
    leaving = PARTS[row["state"]]
    if scenario in ("lt-border-40km", "all-border"):
        near = f"; centre within {BELT_KM:g} km of the border as works_sectors outlines it"
        return leaving._replace(note=leaving.note + near)
    if scenario != "vilnius":
        return leaving
    is_city = (pl.col("state") == "LT") & (pl.col("lau_id") == VILNIUS)
    people = int(tables["municipalities"].row(by_predicate=is_city, named=True)["population"])
    low, part, high = (min(1.0, count / people) for count in VILNIUS_PEOPLE)
    note = f"540,000 of {people:,} people of 2020; low: 400,000, high: 600,000, all three from the press"
    if row["lau_id"] != VILNIUS:
        note = f"Part of the city taken over: {note}"
    facts = f";{FACTS}:LT Vilnius plan: population covered"
    return Leaving(low, part, high, facts, note)


def _origin(scenario: str, row: Row, leaving: Leaving) -> Row:
    parts = {"part": leaving.part, "part_low": leaving.low, "part_high": leaving.high}
    return (
        {"scenario_id": scenario, "state": row["state"], "lau_id": row["lau_id"], "order_h": "0"}
        | {column: f"{round(part, 3):g}" for column, part in parts.items()}
        | PROVENANCE
        | {
            "derived_from": f"municipalities.csv:{row['state']},{row['lau_id']}{leaving.facts}",
            "note": leaving.note,
        }
    )


# --- command ----------------------------------------------------------------------------------------

COLUMNS = {
    "evac_links": ("state", "lau_id", "node_id", "km", "lanes", "kmh", "vehicles_lane_h"),
    "evac_places": ("state", "lau_id", "places", "places_low", "places_high", "standard"),
    "evac_origins": ("scenario_id", "state", "lau_id", "part", "part_low", "part_high", "order_h"),
}
TAIL = ("basis", "derived_from", "note", "source", "source_date", "confidence")


def derive(tables: Tables) -> dict[str, str]:
    """Return the text of every derived file, keyed by file name."""
    rows = {
        "evac_links": build_links(tables),
        "evac_places": build_places(tables),
        "evac_origins": build_origins(tables),
    }
    return {
        f"{name}.csv": pl.DataFrame(found).select(*COLUMNS[name], *TAIL).write_csv()
        for name, found in rows.items()
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write the derived files, or with ``--check`` say which of them would change."""
    parser = argparse.ArgumentParser(description="rebuild the derived evacuation tables of a region folder")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    parser.add_argument("folder", nargs="?", type=Path, default=SHIPPED)
    options = parser.parse_args(argv)
    changed = 0
    for name, text in derive(read_tables(options.folder)).items():
        path = options.folder / name
        if path.is_file() and path.read_bytes() == text.encode():
            continue
        changed += 1
        print(f"{name}: {'would change' if options.check else 'written'}")
        if not options.check:
            path.write_text(text, encoding="utf-8", newline="\n")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
