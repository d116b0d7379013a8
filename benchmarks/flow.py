"""How fast flows over time are found and proven: a drawn country, the Baltic road graph, two other solvers.

The drawn country has 150 nodes, 400 two-way roads, 3,000,000 people and 20 places of reception with 115 % of
the places needed. The Baltic one is a scenario of the region that ships, everybody in cars of 2.5 people; it
is a test of speed, not a plan.

    python benchmarks/flow.py [--minutes 60 15 5] [--scenario all-border] [--peers]
"""

import argparse
import resource
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import networkx as nx
import numpy as np
import polars as pl
import psutil
from machine import heading
from scipy.sparse.csgraph import minimum_spanning_tree

from vallum.solve import Limits
from vallum.solve.flow import (
    Flow,
    Highs,
    Network,
    Solver,
    Worker,
    decompose,
    earliest_arrival,
    expand,
    prove,
    quickest,
)

FREE = Limits(time_limit=None)
PEOPLE_A_CAR = 2.5
CALIBRATION = 1250 / 1800
HOURS = 48
COLUMNS = (
    "country", "step, min", "nodes / arcs", "clearance, h", "mean, h", "unserved", "quickest, s", "expand, s",
    "earliest, s", "worker's CPU, s", "proof, s", "ways, s (number)", "peak MB, own + worker",
)  # fmt: skip


@dataclass(frozen=True)
class Country:
    """Two-way roads (ends, km, km/h, vehicles an hour), people at nodes, places at nodes."""

    name: str
    nodes: int
    ends: np.ndarray
    km: np.ndarray
    kmh: np.ndarray
    vehicles: np.ndarray
    people: tuple[np.ndarray, np.ndarray]
    places: tuple[np.ndarray, np.ndarray]
    hours: int

    def network(self, minutes: int) -> Network:
        step = minutes / 60
        travel = np.maximum(1, np.ceil(self.km / self.kmh / step)).astype(int)
        capacity = np.floor(self.vehicles * CALIBRATION * PEOPLE_A_CAR * step).astype(int)
        one, other = self.ends.T
        node, amount = self.people
        return Network.of(
            self.nodes, (np.r_[one, other], np.r_[other, one], np.r_[travel, travel]),
            np.r_[capacity, capacity], (node, np.zeros_like(node), amount), self.places,
            self.hours * 60 // minutes,
        )  # fmt: skip


def drawn(seed: int = 1, nodes: int = 150, roads: int = 400, people: int = 3_000_000) -> Country:
    """Points in a rectangle, a spanning tree and the shortest pairs; a third of the roads have two lanes."""
    draw = np.random.default_rng(seed)
    at = draw.random((nodes, 2)) * [350.0, 300.0]
    apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    tree = minimum_spanning_tree(apart).tocoo()
    pairs = {tuple(sorted(p)) for p in zip(tree.row.tolist(), tree.col.tolist(), strict=True)}
    every = np.argwhere(np.triu(np.ones((nodes, nodes)), 1))
    for a, b in every[np.argsort(apart[tuple(every.T)], kind="stable")].tolist():
        if len(pairs) == roads:
            break
        pairs.add((a, b))
    ends = np.array(sorted(pairs))
    lanes = draw.choice([1, 1, 2], roads)
    sinks = draw.choice(nodes, 20, replace=False)
    origins = np.setdiff1d(np.arange(nodes), sinks)
    weight, room = draw.lognormal(0, 0.6, len(origins)), draw.lognormal(0, 0.5, len(sinks))
    return Country(
        "drawn", nodes, ends, apart[tuple(ends.T)] * 1.3, draw.choice([70.0, 90.0, 110.0], roads),
        lanes * np.where(lanes == 2, 1800, 1300),
        (origins, np.floor(weight / weight.sum() * people).astype(int)),
        (sinks, np.ceil(room / room.sum() * people * 1.15).astype(int)), HOURS,
    )  # fmt: skip


def baltic(scenario: str) -> Country:
    """A scenario on the roads of the region that ships; who is no origin receives."""
    folder = Path(str(files("vallum.region"))) / "data" / "baltic"

    def table(name: str) -> pl.DataFrame:
        return pl.read_csv(folder / f"{name}.csv", schema_overrides={"lau_id": pl.String})

    towns = {name: i for i, name in enumerate(table("road_nodes")["node_id"])}
    key = ["state", "lau_id"]
    leaving = table("evac_origins").filter(pl.col("scenario_id") == scenario).select(*key, "part")
    places = table("evac_places").join(leaving, on=key, how="left")
    places = places.join(table("municipalities").select(*key, "population"), on=key)
    here = {key: len(towns) + i for i, key in enumerate(places.select(key).iter_rows())}
    roads = table("roads").select("from_node", "to_node", "km", "kmh", "lanes", "vehicles_lane_h").rows()
    ways = [(towns[a], towns[b], *rest) for a, b, *rest in roads]
    links = table("evac_links").select(*key, "node_id", "km", "kmh", "lanes", "vehicles_lane_h").rows()
    ways += [(here[s, m], towns[node], *rest) for s, m, node, *rest in links]
    a, b, km, kmh, lanes, vehicles = (np.array(column) for column in zip(*ways, strict=True))
    node = len(towns) + np.arange(len(here))
    leaves = places["part"].is_not_null().to_numpy()
    people = np.floor((places["population"] * places["part"].fill_null(0.0)).to_numpy()).astype(int)
    return Country(
        scenario, len(towns) + len(here), np.stack((a, b), axis=1), km, kmh, lanes * vehicles,
        (node[leaves], people[leaves]),
        (node[~leaves], places["places"].to_numpy()[~leaves].astype(int)), 72,
    )  # fmt: skip


def measure(country: Country, minutes: int) -> None:
    """One line of the table."""
    network = country.network(minutes)
    clock = [time.perf_counter()]
    with Worker(FREE) as worker:
        found = quickest(network, worker)
        clock.append(time.perf_counter())
        graph = expand(network, found.horizon).graph
        clock.append(time.perf_counter())
        flow = earliest_arrival(network, worker, found.horizon)
        clock.append(time.perf_counter())
        (child,) = psutil.Process().children()
        cpu, peak = child.cpu_times().user, child_peak(child.pid)
    proof = prove(flow)
    clock.append(time.perf_counter())
    paths = decompose(flow)
    clock.append(time.perf_counter())
    searched, expanded, solved, proven, taken = np.diff(clock)
    if not proof.optimal or int(paths.amount.sum()) != flow.served:
        raise SystemExit(f"{country.name} at {minutes} min: not proven")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    clear = "more than " if found.horizon is None else ""
    print(
        f"| {country.name} | {minutes} | {graph.nodes:,} / {len(graph.tail):,} |"
        f" {clear}{flow.horizon * minutes / 60:.2f} | {mean_hours(flow, minutes):.2f} |"
        f" {flow.unserved.sum():,} | {searched:.1f} | {expanded:.2f} | {solved:.1f} | {cpu:.1f} |"
        f" {proven:.2f} | {taken:.1f} ({len(paths.amount):,}) | {own:.0f} + {peak:.0f} |", flush=True,
    )  # fmt: skip


def mean_hours(flow: Flow, minutes: int) -> float:
    steps = flow.arrivals.sum(axis=0) @ np.arange(flow.horizon + 1)
    return float(steps) / max(1, flow.served) * minutes / 60


def child_peak(pid: int) -> float:
    """Greatest memory of a process so far, MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def by_networkx(network: Network, horizon: int) -> int:
    """The same graph by networkx' network simplex; value."""
    graph = expand(network, horizon).graph
    made = nx.DiGraph()
    made.add_node(graph.start, demand=-graph.amount)
    made.add_node(graph.end, demand=graph.amount)
    columns = (graph.tail, graph.head, graph.capacity, graph.cost)
    for tail, head, capacity, cost in zip(*(c.tolist() for c in columns), strict=True):
        while made.has_edge(tail, head):  # a parallel arc gets a node of its own
            made.add_edge(tail, tail := (tail, head), capacity=capacity, weight=0)
        made.add_edge(tail, head, capacity=capacity, weight=cost)
    return int(nx.network_simplex(made)[0])


def peers(country: Country, minutes: int) -> None:
    """Earliest arrival at the quickest horizon by three solvers; all must agree."""
    network = country.network(minutes)
    print(f"\n| earliest arrival, {country.name}, {minutes} min | seconds | sum of arrival steps |")
    print("|---|---:|---:|")
    with Worker(FREE) as worker:
        horizon = quickest(network, worker).horizon or network.horizon
        values = [timed("OR-tools in a worker", network, horizon, worker)]
    values.append(timed("HiGHS simplex", network, horizon, Highs(FREE)))
    begin = time.perf_counter()
    values.append(by_networkx(network, horizon))
    print(f"| networkx network simplex | {time.perf_counter() - begin:.1f} | {values[-1]:,} |", flush=True)
    if len(set(values)) > 1:
        raise SystemExit("the solvers do not agree")


def timed(name: str, network: Network, horizon: int, solver: Solver) -> int:
    begin = time.perf_counter()
    value = earliest_arrival(network, solver, horizon).value
    print(f"| {name} | {time.perf_counter() - begin:.1f} | {value:,} |", flush=True)
    return value


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, nargs="+", default=[60, 15, 5])
    parser.add_argument("--scenario", default="all-border")
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    print(heading("ortools", "networkx", "scipy"))
    print(f"| {' | '.join(COLUMNS)} |\n|---{'|---:' * (len(COLUMNS) - 1)}|")
    countries = (drawn(), baltic(given.scenario))
    for country in countries:
        for minutes in given.minutes:
            measure(country, minutes)
    if given.peers:
        peers(countries[0], max(given.minutes))


if __name__ == "__main__":
    main()
