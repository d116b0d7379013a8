"""Evacuations as tables."""

import math

import numpy as np
import polars as pl

from vallum.model.evacuation import Bound, Case, Evacuated
from vallum.model.evacuation.network import per_car, places
from vallum.model.evacuation.problem import NATIONAL, FloatArray, Host, IntArray, Node, Origin
from vallum.plan.evacuation.tables import EVACUATION_TABLES
from vallum.plan.evacuation.ways import BUS, CAR, TRAIN, ways
from vallum.solve.flow import prove, why
from vallum.solve.flow.reasons import PLACES, UNREACHABLE

__all__ = ["of_run", "table", "towns"]

Rows = list[dict[str, object]]
PARTS = 6
"""Parts of an evacuation that the map shows."""

WARNINGS_H = (1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0)
"""Hours of warning that leaving is held against."""

REASONS = {
    "no way": "no road or railway reaches a place within the hours that are looked at",
    "road": "the roads to places that are left, or their intake, are full until the end",
    "vehicles": "the buses at hand do not reach for them",
    "places": "all places that they can reach are taken",
}


def table(name: str, rows: Rows) -> pl.DataFrame:
    """Return rows as a table of the results."""
    schema = EVACUATION_TABLES[name].schema
    return pl.DataFrame(rows, schema=pl.Schema(schema)) if rows else EVACUATION_TABLES[name].empty()


def of_run(found: Evacuated, sheltered: dict[str, float]) -> dict[str, pl.DataFrame]:
    """Return the tables of one scenario and mode.

    Parameters
    ----------
    found : Evacuated
    sheltered : dict of str to float
        Share of people with a place in a shelter, by municipality or state; what is not there is unknown.
    """
    case = found.roads.case
    keys = {"scenario_id": case.key, "mode": found.roads.mode}
    listed = ways(found)
    made: dict[str, Rows] = {
        "summary": [_summary(found)],
        "arrivals": _arrivals(found, listed),
        "departures": _departures(case, listed),
        "routes": _routes(case, listed),
        "corridors": _corridors(found),
        "flow": _flow(found),
        "reception": _reception(found, listed),
        "loads": _loads(found),
        "unserved": _unserved(found),
        "in_place": _in_place(found, listed, sheltered),
    }
    return {name: table(name, [{**keys, **row} for row in rows]) for name, rows in made.items()}


def towns(case: Case, people: dict[str, float]) -> Rows:
    """Return municipalities and nodes of a case."""
    known: list[Origin | Host | Node] = [*case.origins, *case.hosts, *case.nodes]
    return [
        {
            "place_id": one.key,
            "state": one.state,
            "what": "node" if isinstance(one, Node) else "municipality",
            "name": one.name,
            "lat": one.lat,
            "lon": one.lon,
            "people": round(people.get(one.key, 0.0)),
        }
        for one in known
    ]


def _summary(found: Evacuated) -> dict[str, object]:
    step = found.roads.step_h
    bound = found.bound or Bound(0, None, None)
    value = found.person_hours
    served = int(found.arrivals.sum())
    proven = all(prove(flow).optimal for flow in (found.bus, found.car))
    return {
        "people": served + found.unserved,
        "places": _places(found),
        "served": served,
        "unserved": found.unserved,
        "hours_50": found.hours(0.5),
        "hours_95": found.hours(0.95),
        "hours_100": found.hours(1.0),
        "hours_mean": value / served if served else None,
        "quickest": None if found.quickest is None else found.quickest * step,
        "quickest_bound": None if bound.steps is None else bound.steps * step,
        "unserved_bound": bound.unserved,
        "value": value,
        "bound": bound.person_hours,
        "gap": None if bound.person_hours is None or not value else (value - bound.person_hours) / value,
        "step_min": step * 60.0,
        "proof": "optimal" if proven else "not proven",
    }


def _places(found: Evacuated) -> int:
    """Places that may receive them: alone, those of the states that people leave."""
    case = found.roads.case
    leaving = {origin.state for origin in case.origins}
    alone = found.roads.mode == NATIONAL
    may = [host.state in leaving or not alone for host in case.hosts]
    return int(places(case)[may].sum())


def _arrivals(found: Evacuated, listed: pl.DataFrame) -> Rows:
    """People who have arrived by the end of each step, by group."""
    step = found.roads.step_h
    last = len(found.arrivals) - 1
    rows: Rows = []
    for group in (CAR, BUS, TRAIN):
        mine = listed.filter(group=group)
        steps = np.rint(mine["arrive_h"].to_numpy() / step).astype(np.int64)
        arrived = np.bincount(steps, weights=mine["people"].to_numpy(), minlength=last + 1)
        for number, total in enumerate(np.cumsum(arrived)):
            rows.append({"group": group, "hour": number * step, "arrived": round(float(total))})
    return rows


def _departures(case: Case, listed: pl.DataFrame) -> Rows:
    """People of each municipality who leave in each step, by first town; towards where most of them go."""
    if listed.is_empty():
        return []
    by = ["origin", "group", "depart_h", "first"]
    sums = (
        listed.group_by(*by, "host")
        .agg(pl.col("people").sum())
        .sort(*by, "people", "host", descending=[False] * 4 + [True, False])
        .group_by(by, maintain_order=True)
        .agg(pl.col("people").sum(), pl.col("host").first())
    )
    return [
        {
            "state": case.origins[row["origin"]].state,
            "place_id": case.origins[row["origin"]].key,
            "group": row["group"],
            "hour": row["depart_h"],
            "first_stop": row["first"],
            "people": row["people"],
            "towards": case.hosts[row["host"]].key,
        }
        for row in sums.iter_rows(named=True)
    ]


def _routes(case: Case, listed: pl.DataFrame) -> Rows:
    sums = (
        listed.group_by("group", "origin", "host", "way")
        .agg(pl.col("people").sum(), pl.col("depart_h").min(), pl.col("arrive_h").max())
        .sort("group", "origin", "host", "way")
    )
    return [
        {
            "group": row["group"],
            "place_id": case.origins[row["origin"]].key,
            "to_place_id": case.hosts[row["host"]].key,
            "way": row["way"],
            "people": row["people"],
            "first_h": row["depart_h"],
            "last_h": row["arrive_h"],
        }
        for row in sums.iter_rows(named=True)
    ]


def _cars(found: Evacuated) -> FloatArray:
    """Cars, and buses as cars, that enter each road at each step."""
    what = found.roads
    used = np.zeros_like(what.room)
    used[:, : found.car.horizon] += found.car.amount / per_car(what.case)
    used[:, : found.bus.horizon] += found.bus.amount[: found.carried.roads] / found.carried.people_per_room
    return used


def _corridors(found: Evacuated) -> Rows:
    what = found.roads
    used = _cars(found)
    people = found.car.amount.sum(axis=1) + found.bus.amount[: found.carried.roads].sum(axis=1)
    room = np.where(what.room > 0.0, what.room, np.inf)
    full = (used >= room - 1.0).sum(axis=1) * what.step_h
    price = prices(found)
    return [
        {
            "from_node": what.names[what.tail[arc]],
            "to_node": what.names[what.head[arc]],
            "road": what.road[arc],
            "people": int(people[arc]),
            "vehicles": float(used[arc].sum()),
            "full_h": float(full[arc]),
            "price": float(price[arc]),
        }
        for arc in np.flatnonzero((people > 0) | (price > 0.0))
    ]


def prices(found: Evacuated) -> FloatArray:
    """Return the person-hours that room for one more car an hour on each road would save at most.

    Of the cars with all roads to themselves where that was solved. Who would be served besides counts with
    the whole horizon.
    """
    what = found.roads
    flow = found.car if found.alone is None else found.alone
    worth = prove(flow).roads
    steps = worth.steps.sum(axis=1) + worth.units.sum(axis=1) * float(flow.horizon)
    saved: FloatArray = np.maximum(steps, 0.0) * what.step_h * per_car(what.case) * what.step_h
    return saved


def _flow(found: Evacuated) -> Rows:
    """Mean cars an hour on each road in each of some equal parts of the time until all have arrived."""
    what = found.roads
    last = max(1, int(np.flatnonzero(found.arrivals)[-1])) if found.arrivals.any() else 1
    width = math.ceil(last / PARTS)
    used = _cars(found)
    rows: Rows = []
    for begin in range(0, last, width):
        part = slice(begin, min(begin + width, last))
        cars = used[:, part].mean(axis=1) / what.step_h
        room = what.room[:, part].mean(axis=1) / what.step_h
        for arc in np.flatnonzero(cars > 0.0):
            rows.append(
                {
                    "from_node": what.names[what.tail[arc]],
                    "to_node": what.names[what.head[arc]],
                    "hour": begin * what.step_h,
                    "vehicles_h": float(cars[arc]),
                    "used": float(min(1.0, cars[arc] / room[arc])) if room[arc] else 1.0,
                }
            )
    return rows


def _by_host(found: Evacuated) -> IntArray:
    """People whom each host has taken in by the end of each step, shape (hosts, steps + 1)."""
    steps = len(found.arrivals)
    taken = np.zeros((len(found.roads.case.hosts), steps), np.int64)
    for flow in (found.bus, found.car):
        taken[:, : flow.horizon + 1] += flow.arrivals
    total: IntArray = np.cumsum(taken, axis=1)
    return total


def _reception(found: Evacuated, listed: pl.DataFrame) -> Rows:
    case, step = found.roads.case, found.roads.step_h
    taken = _by_host(found)
    abroad = np.zeros(len(case.hosts), np.int64)
    states = np.array([one.state for one in case.origins])
    hosts = np.array([one.state for one in case.hosts])
    origin, host = listed["origin"].to_numpy(), listed["host"].to_numpy()
    np.add.at(abroad, host, np.where(states[origin] != hosts[host], listed["people"].to_numpy(), 0))
    rows: Rows = []
    for number, (one, room) in enumerate(zip(case.hosts, places(case), strict=True)):
        full = np.flatnonzero(taken[number] >= room) if room else np.zeros(0, np.int64)
        rows.append(
            {
                "state": one.state,
                "place_id": one.key,
                "places": int(room),
                "places_low": int(one.low),
                "places_high": int(one.high),
                "people": int(taken[number, -1]),
                "from_abroad": int(abroad[number]),
                "full_h": float(full[0] * step) if len(full) else None,
            }
        )
    return rows


def _loads(found: Evacuated) -> Rows:
    """People taken in by each host that takes any, at whole hours."""
    taken, step = _by_host(found), found.roads.step_h
    a_hour = max(1, round(1.0 / step))
    steps = [*range(0, taken.shape[1], a_hour)]
    if steps[-1] != taken.shape[1] - 1:
        steps.append(taken.shape[1] - 1)
    return [
        {"place_id": found.roads.case.hosts[host].key, "hour": at * step, "people": int(taken[host, at])}
        for host in np.flatnonzero(taken[:, -1])
        for at in steps
    ]


def _unserved(found: Evacuated) -> Rows:
    case = found.roads.case
    rows: Rows = []
    for flow, group in ((found.car, CAR), (found.bus, BUS)):
        for number, code in enumerate(why(flow)):
            left = int(flow.unserved[number])
            if left:
                reason = _reason(int(code), group == BUS and _buses_full(found, number))
                one = case.origins[number]
                rows.append(
                    {
                        "state": one.state,
                        "place_id": one.key,
                        "group": group,
                        "people": left,
                        "reason": reason,
                        "told": f"{left:,} people of {one.name}: {REASONS[reason]}",
                    }
                )
    return rows


def _reason(code: int, buses_full: bool) -> str:
    if code == PLACES:
        return "places"
    if buses_full:
        return "vehicles"
    return "no way" if code == UNREACHABLE else "road"


def _buses_full(found: Evacuated, origin: int) -> bool:
    """Tell whether an origin has a road to a place in time, and every seat of the buses for it is taken."""
    flow, gate = found.bus, found.carried.roads + origin
    network = flow.expanded.network
    told, last = int(network.supply_step[origin]), int(flow.expanded.last[found.roads.origins[origin]])
    full = flow.amount[gate, told:last] == network.capacity[gate, told:last]
    return last > told and bool(full.all())


def _in_place(found: Evacuated, listed: pl.DataFrame, sheltered: dict[str, float]) -> Rows:
    """Who are away by the time of the danger, and who of the rest has shelter."""
    case = found.roads.case
    people = found.leaving
    origin, away = listed["origin"].to_numpy(), listed["away_h"].to_numpy()
    amount = listed["people"].to_numpy()
    rows: Rows = []
    for hours in sorted({*WARNINGS_H, case.warning_h}):
        gone = np.bincount(origin, np.where(away <= hours, amount, 0), len(case.origins))
        for number, one in enumerate(case.origins):
            left = int(people[number]) - round(float(gone[number]))
            share = sheltered.get(one.key, sheltered.get(one.state))
            inside = None if share is None else min(left, round(share * float(people[number])))
            rows.append(
                {
                    "state": one.state,
                    "place_id": one.key,
                    "warning_h": hours,
                    "people": int(people[number]),
                    "away": round(float(gone[number])),
                    "sheltered": inside,
                    "exposed": None if inside is None else left - inside,
                }
            )
    return rows
