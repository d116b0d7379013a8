"""Sitings as tables: units, cover, loss of a kind, money by year."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from vallum.model.siting import Siting
from vallum.model.siting.covering import payments, service, weights
from vallum.model.siting.problem import FloatArray, IntArray, Tables
from vallum.plan.sky.sited import ALL, Part, Sited, Stage, seen
from vallum.plan.sky.tables import SKY_TABLES
from vallum.solve.covering import rows as cover_rows

if TYPE_CHECKING:
    from vallum.plan.sky.pipeline import Tried

__all__ = ["marginal", "of_mode", "places", "table", "types"]

Rows = list[dict[str, object]]


def table(name: str, rows: Rows) -> pl.DataFrame:
    """Return rows as a table of the results."""
    schema = SKY_TABLES[name].schema
    return pl.DataFrame(rows, schema=pl.Schema(schema)) if rows else SKY_TABLES[name].empty()


def places(siting: Siting) -> Rows:
    """Places that are watched or hold sensors."""
    watched = {place.key: i for i, place in enumerate(siting.places)}
    extra = [site for site in siting.sites if site.key not in watched]
    return [
        {
            "place_id": place.key,
            "state": place.state,
            "what": place.what,
            "name": place.name,
            "lat": place.lat,
            "lon": place.lon,
            "length_km": place.length_km,
            "people": place.people if place.what == "municipality" else 0.0,
            "behind": float(siting.behind[watched[place.key]].sum()) if place.key in watched else 0.0,
            "outline": ";".join(f"{lon:g} {lat:g}" for lon, lat in place.outline),
        }
        for place in (*siting.places, *extra)
    ]


def types(siting: Siting, tables: Tables) -> Rows:
    """Types that are sold."""
    given = {row["type_id"]: row for row in tables["sensor_types"].iter_rows(named=True)}
    years = siting.settings["service_years"]
    names = {kind.key: kind.name for kind in siting.kinds}
    return [
        {
            "type_id": kind.key,
            "kind_id": kind.kind,
            "kind_name": names[kind.kind],
            "name": kind.name,
            "unit_meur": kind.buy_meur,
            "service_meur": kind.service_meur(years),
            "range_km": kind.reach_km[0],
            "crew": kind.crew,
            "standards": given[kind.key]["standards"] or "",
            "confidence": given[kind.key]["confidence"],
        }
        for kind in siting.types
    ]


def of_mode(what: Sited, built: Sequence[Stage], last_year: int) -> dict[str, Rows]:
    """Return all tables that are about one siting, without its warning."""
    keys = {"mode": what.mode}
    found: dict[str, Rows] = {
        "siting": _units(what),
        "search": _search(what),
        "stages": _stages(what, built),
        "years": _years(what, built, last_year),
        "stage_bounds": [{"year": one.year, "value": one.value, "bound": one.bound} for one in built],
        "purses": _purses(what),
    }
    named = {name: [{**keys, **row} for row in rows] for name, rows in found.items()}
    sensors = {"sensors": what.mode}
    named["cover"] = [{**sensors, **row} for row in _cover(what)]
    named["loss"] = [{**sensors, **row} for row in _loss(what)]
    return named


def marginal(tried: Sequence["Tried"]) -> Rows:
    """Return what each budget gives, and what the last euros of it gained."""
    found: Rows = []
    before: Tried | None = None
    for place, one in enumerate(tried):
        gained = None
        if before is not None and before.minutes is not None and one.minutes is not None:
            gained = 10.0 * (one.minutes - before.minutes) / (one.budget - before.budget)
        found.append(
            {
                "mode": one.sited.mode,
                "budget_meur": one.budget,
                "value": one.sited.value,
                # what more money cannot reach, less cannot either
                "bound": max(min(other.sited.bound for other in tried[place:]), one.sited.value),
                "minutes_mean": one.minutes,
                "people_in_time": one.people,
                "per_10_meur": gained,
            }
        )
        before = one
    return found


def _option(siting: Siting, option: np.integer[Any]) -> dict[str, object]:
    site, kind = siting.sites[siting.may.place[option]], siting.types[siting.may.type[option]]
    return {"state": site.state, "place_id": site.key, "type_id": kind.key}


def _price(siting: Siting) -> FloatArray:
    return np.array([kind.buy_meur for kind in siting.types])[siting.may.type]


def _units(what: Sited) -> Rows:
    siting, units = what.siting, what.units
    price, whole = _price(siting), service(siting)
    return [
        {
            **_option(siting, option),
            "kind_id": siting.types[siting.may.type[option]].kind,
            "units": int(units[option]),
            "buy_meur": float(units[option] * price[option]),
            "service_meur": float(units[option] * whole[option]),
        }
        for option in np.flatnonzero(units)
    ]


def _search(what: Sited) -> Rows:
    """What was proven of each buyer, and of all together."""
    cost = service(what.siting)
    lines = [
        (
            part.state, part.found.value, part.found.bound, float(cost @ part.found.x),
            float(part.held.meur.sum()),
        )
        for part in what.parts
    ]  # fmt: skip
    if len(lines) > 1:
        lines.append(
            (ALL, what.value, what.bound, sum(line[3] for line in lines), sum(line[4] for line in lines))
        )
    return [
        {
            "state": state,
            "value": value,
            "bound": max(bound, value),
            # of nothing that might be something no share can be told: the whole of it
            "gap": max(bound - value, 0.0) / value if value else float(bound > 0.0),
            "spent_meur": float(spent),
            "budget_meur": float(budget),
        }
        for state, value, bound, spent, budget in lines
    ]


def _cover(what: Sited) -> Rows:
    """How surely a track is seen at each place by the sensors that its state sees with."""
    siting = what.siting
    part_of = {state: what.part(state) for state in siting.states}
    bands = np.array([band.part for band in siting.bands])
    mean = bands / bands.sum()
    by_part: dict[str, tuple[FloatArray, FloatArray]] = {}
    for part in what.parts:
        found = cover_rows(part.problem, part.found.x)
        kinds = (part.problem.sight * found.y).sum(axis=1)
        by_part[part.state] = found.seen, kinds
    rows: Rows = []
    for number, place in enumerate(siting.places):
        probability, kinds = by_part[part_of[place.state].state]
        mine = slice(number * len(bands), (number + 1) * len(bands))
        rows.append(
            {
                "state": place.state,
                "place_id": place.key,
                "one": float(mean @ probability[mine, 0]),
                "enough": float(mean @ probability[mine, -1]),
                "kinds": float(mean @ kinds[mine]),
            }
        )
    return rows


def _loss(what: Sited) -> Rows:
    """Cover for each state's people without any one kind."""
    siting = what.siting
    rows: Rows = []
    for lost, kind in [(None, ""), *enumerate(kind.key for kind in siting.kinds)]:
        whole = np.zeros(2)
        for state in siting.states:
            mine = _shares(what.part(state), siting, state, what.part(state).found.x, lost)
            weight = float(weights(siting, state).sum())
            whole += weight * mine
            rows.append({"state": state, "kind_id": kind, "one": float(mine[0]), "enough": float(mine[1])})
        rows.append({"state": ALL, "kind_id": kind, "one": float(whole[0]), "enough": float(whole[1])})
    return rows


def _shares(part: Part, siting: Siting, state: str, units: IntArray, lost: int | None = None) -> FloatArray:
    """Return the probabilities that one kind and that enough kinds see a track, by the state's weights."""
    weight = weights(siting, state)
    total = weight.sum()
    if not total > 0.0:
        return np.zeros(2)
    found: FloatArray = weight @ seen(part.problem, units, lost)[:, [0, -1]] / total
    return found


def _bought(built: Sequence[Stage]) -> list[tuple[int, IntArray]]:
    """Units of each option bought in each year, of all buyers."""
    found, before = [], np.zeros_like(next(iter(built[0].units.values())))
    for one in built:
        stand = np.sum(list(one.units.values()), axis=0)
        found.append((one.year, stand - before))
        before = stand
    return found


def _stages(what: Sited, built: Sequence[Stage]) -> Rows:
    price = _price(what.siting)
    return [
        {
            **_option(what.siting, option),
            "year": year,
            "units": int(bought[option]),
            "buy_meur": float(bought[option] * price[option]),
        }
        for year, bought in _bought(built)
        for option in np.flatnonzero(bought)
    ]


def _years(what: Sited, built: Sequence[Stage], last_year: int) -> Rows:
    """Money and cover by state and year; kept from the year after the purchase, replaced when life ends."""
    siting = what.siting
    kind = siting.may.type
    home = np.array([site.state for site in siting.sites])[siting.may.place]
    upkeep, crew, posts, life = (
        np.array([getattr(one, name) for one in siting.types])[kind]
        for name in ("upkeep_meur", "crew_meur", "crew", "life_years")
    )
    price, bought = _price(siting), _bought(built)
    stands = {one.year: one for one in built}
    rows: Rows = []
    stage = built[0]
    for year in range(built[0].year, last_year + 1):
        stage = stands.get(year, stage)
        new = sum((units for when, units in bought if when == year), np.zeros(len(kind)))
        kept = sum((units for when, units in bought if when < year), np.zeros(len(kind)))
        again = sum(
            (units * _ends(year - when, life) for when, units in bought if when < year), np.zeros(len(kind))
        )
        for state in siting.states:
            mine = home == state
            part = what.part(state)
            one, enough = _shares(part, siting, state, stage.units[part.state])
            rows.append(
                {
                    "state": state,
                    "year": year,
                    "buy_meur": float((price * new)[mine].sum()),
                    "upkeep_meur": float((upkeep * kept)[mine].sum()),
                    "crew_meur": float((crew * kept)[mine].sum()),
                    "refresh_meur": float((price * again)[mine].sum()),
                    "posts": float((posts * (kept + new))[mine].sum()),
                    "one": float(one),
                    "enough": float(enough),
                }
            )
    return rows


def _ends(age: int, life: FloatArray) -> FloatArray:
    """Count the lives that end in the year in which units come to an age, for each option."""
    return np.floor(age / life) - np.floor((age - 1) / life)


def _purses(what: Sited) -> Rows:
    held: dict[str, list[float]] = {}
    owner: Mapping[str, str] = {purse.key: purse.state for purse in what.siting.purses}
    for part in what.parts:
        paid = payments(what.siting, part.held, part.found.x)
        for purse, holds, pays in zip(part.held.purses, part.held.meur, paid, strict=True):
            sums = held.setdefault(purse.key, [0.0, 0.0])
            sums[0] += float(holds)
            sums[1] += float(pays)
    return [
        {"purse_id": key, "state": owner[key], "budget_meur": sums[0], "spent_meur": sums[1]}
        for key, sums in held.items()
    ]
