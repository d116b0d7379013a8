"""Flows over time written out again in plain Python: a checker, an oracle by networkx, and small networks."""

from collections import Counter

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from vallum.solve.flow import Flow, Network, Paths


def two_roads() -> Network:
    """100 people at node 0, node 1 takes all: a short road (1 step, 10 a step), a long one (3 steps, 20)."""
    return Network.of(2, ([0, 0], [1, 1], [1, 3]), [10, 20], ([0], [0], [100]), ([1], [1000]), 20)


def drawn(seed: int) -> Network:
    """A small random network, sometimes with closed hours, bounded waiting and bounded intake."""
    draw = np.random.default_rng(seed)
    nodes, arcs, steps = draw.integers(3, 7), draw.integers(4, 14), int(draw.integers(4, 11))
    supplies, sinks = draw.integers(1, 4), draw.integers(1, 4)
    capacity = draw.integers(0, 6, (arcs, steps) if seed % 2 else arcs)
    return Network.of(
        int(nodes),
        (draw.integers(0, nodes, arcs), draw.integers(0, nodes, arcs), draw.integers(1, 4, arcs)),
        capacity,
        (draw.integers(0, nodes, supplies), draw.integers(0, 4, supplies), draw.integers(0, 12, supplies)),
        (draw.integers(0, nodes, sinks), draw.integers(0, 15, sinks)),
        steps,
        intake=draw.integers(0, 5, sinks) if seed % 3 == 0 else None,
        holding=draw.integers(0, 4, nodes) if seed % 5 == 0 else None,
    )


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Small networks that shrink well; all capacities constant in time."""
    nodes = draw(st.integers(2, 5))
    node = st.integers(0, nodes - 1)
    arcs = draw(st.lists(st.tuples(node, node, st.integers(1, 3), st.integers(0, 5)), min_size=1, max_size=8))
    supplies = draw(st.lists(st.tuples(node, st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=3))
    sinks = draw(st.lists(st.tuples(node, st.integers(0, 12)), min_size=1, max_size=3))
    tail, head, travel, capacity = zip(*arcs, strict=True)
    return Network.of(
        nodes, (tail, head, travel), capacity, tuple(zip(*supplies, strict=True)),
        tuple(zip(*sinks, strict=True)), draw(st.integers(3, 8)),
    )  # fmt: skip


def faults(flow: Flow) -> list[str]:
    """Every rule that a flow breaks, counted unit by unit, step by step."""
    of = flow.expanded.network
    found = [fault for t in range(flow.horizon + 1) for fault in step_faults(flow, t)]
    found += [f"places of sink {s}" for s, n in enumerate(of.places) if flow.arrivals[s].sum() > n]
    if (flow.unserved < 0).any() or (flow.unserved > of.supply_amount).any():
        found.append("unserved")
    if flow.arrivals.sum() + flow.unserved.sum() != of.supply_amount.sum():
        found.append("somebody is lost")
    return found


def step_faults(flow: Flow, t: int) -> list[str]:
    """Capacities, intake, waiting and the balance of every node at one step."""
    of, last = flow.expanded.network, t == flow.horizon
    found = []
    here = Counter({i: int(flow.waiting[i, t - 1]) for i in range(of.nodes)} if t else {})
    for k in np.flatnonzero(of.supply_step == t):
        here[int(of.supply_node[k])] += of.supply_amount[k] - flow.unserved[k]
    for a in range(len(of.tail)):
        if t >= of.travel[a]:
            here[int(of.head[a])] += flow.amount[a, t - of.travel[a]]
        if not last:
            here[int(of.tail[a])] -= flow.amount[a, t]
            late = t + of.travel[a] > flow.horizon
            if not 0 <= flow.amount[a, t] <= (0 if late else of.capacity[a, t]):
                found.append(f"capacity of arc {a} at {t}")
    for s in range(len(of.sink_node)):
        here[int(of.sink_node[s])] -= flow.arrivals[s, t]
        if not 0 <= flow.arrivals[s, t] <= of.intake[s, t]:
            found.append(f"intake of sink {s} at {t}")
    for i in range(of.nodes):
        waits = 0 if last else flow.waiting[i, t]
        if here[i] != waits or not 0 <= waits <= of.holding[i]:
            found.append(f"balance of node {i} at {t}")
    return found


def path_faults(flow: Flow, paths: Paths) -> list[str]:
    """Every way that cannot be gone, and every sum over ways that is not the flow."""
    of = flow.expanded.network
    found = []
    served, used, come = Counter(), Counter(), Counter()
    for p in range(len(paths.amount)):
        k, s, many = int(paths.supply[p]), int(paths.sink[p]), int(paths.amount[p])
        at, step = int(of.supply_node[k]), int(of.supply_step[k])
        legs = range(paths.begin[p], paths.begin[p + 1])
        for leg in legs:
            a, t = int(paths.arc[leg]), int(paths.step[leg])
            if of.tail[a] != at or t < step:
                found.append(f"way {p} jumps")
            at, step = int(of.head[a]), t + int(of.travel[a])
            used[a, t] += many
        if at != of.sink_node[s] or step > paths.arrive[p] or many < 1:
            found.append(f"way {p} does not end")
        if paths.depart[p] != (paths.step[legs[0]] if legs else paths.arrive[p]):
            found.append(f"way {p} departs at another time")
        served[k] += many
        come[s, int(paths.arrive[p])] += many
    for name, sums, table in (("arc", used, flow.amount), ("sink", come, flow.arrivals)):
        if dict(sums) != {(int(i), int(j)): int(table[i, j]) for i, j in np.argwhere(table)}:
            found.append(f"ways over an {name} do not add up")
    whole = of.supply_amount - flow.unserved
    if dict(served) != {k: int(n) for k, n in enumerate(whole) if n}:
        found.append("ways of a supply do not add up")
    return found


def graph(of: Network, horizon: int) -> tuple[nx.DiGraph, int]:
    """The whole time-expanded graph with costs t on arrivals, nothing left out, and its supply."""
    made = nx.DiGraph()

    def add(tail: object, head: object, capacity: int, cost: int = 0) -> None:
        if made.has_edge(tail, head):
            made[tail][head]["capacity"] += int(capacity)
        else:
            made.add_edge(tail, head, capacity=int(capacity), weight=cost)

    made.add_nodes_from(["start", "end"])
    for t in range(horizon + 1):
        for a in range(len(of.tail)):
            if t + of.travel[a] <= horizon:
                ends = ("at", int(of.tail[a]), t), ("at", int(of.head[a]), t + int(of.travel[a]))
                add(*ends, of.capacity[a, t])
        if t < horizon:
            for i in range(of.nodes):
                add(("wait", i, t), ("at", i, t + 1), of.holding[i])
                add(("at", i, t), ("wait", i, t), of.holding[i])
        for s in range(len(of.sink_node)):
            add(("at", int(of.sink_node[s]), t), ("in", s, t), of.intake[s, t], t)
            add(("in", s, t), ("sink", s), of.intake[s, t])
    for s in range(len(of.sink_node)):
        add(("sink", s), "end", of.places[s])
    for k in range(len(of.supply_node)):
        if of.supply_step[k] <= horizon:
            add("start", ("at", int(of.supply_node[k]), int(of.supply_step[k])), of.supply_amount[k])
    return made, int(of.supply_amount.sum())


def most(of: Network, horizon: int) -> int:
    """Units that can arrive within a horizon."""
    return int(nx.maximum_flow_value(graph(of, horizon)[0], "start", "end"))


def least_steps(of: Network, horizon: int) -> int:
    """Least sum of arrival steps when as many arrive as can."""
    made, served = graph(of, horizon)[0], most(of, horizon)
    made.nodes["start"]["demand"], made.nodes["end"]["demand"] = -served, served
    return int(nx.network_simplex(made)[0])


def brute_quickest(of: Network) -> int | None:
    """Least horizon at which all arrive, by trying every one from the shortest."""
    total = int(of.supply_amount.sum())
    if total == 0:
        return 0
    return next((t for t in range(1, of.horizon + 1) if most(of, t) == total), None)
