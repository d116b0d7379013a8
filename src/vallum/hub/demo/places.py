"""The places and ways of the demonstration, from the two tables that ship with it.

Land is where municipalities have their population-weighted centre, sea is open water 10 km and more off any
coast. Roads and lanes lead straight from one to the next and are none of the real ones.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, cast

__all__ = ["NATIONS", "Kind", "Route", "Stop", "routes"]

NATIONS: Final = ("EE", "LV", "LT")
"""Nations of the demonstration, ISO 3166-1 alpha-2."""

Kind = Literal["road", "air", "sea"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A place on a way; at sea it has no name."""

    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Route:
    """A way from place to place, to be gone forth and back."""

    nation: str
    kind: Kind
    name: str
    stops: tuple[Stop, ...]


@cache
def routes() -> tuple[Route, ...]:
    """Read the ways of all nations, in the order of the table."""
    places = {
        (row["nation"], row["name"]): Stop(row["name"], float(row["lat"]), float(row["lon"]))
        for row in _rows("places.csv")
    }
    found: dict[tuple[str, Kind, str], list[Stop]] = {}
    for row in _rows("routes.csv"):
        nation, kind = row["nation"], cast(Kind, row["kind"])
        at_sea = Stop("", float(row["lat"]), float(row["lon"])) if kind == "sea" else None
        found.setdefault((nation, kind, row["route"]), []).append(at_sea or places[nation, row["stop"]])
    return tuple(Route(nation, kind, name, tuple(stops)) for (nation, kind, name), stops in found.items())


def _rows(name: str) -> Iterator[dict[str, str]]:
    content = (files("vallum.hub.demo") / "data" / name).read_text(encoding="utf-8")
    return csv.DictReader(content.splitlines())
