"""The solver's process: one for many networks, killed when asked, missed when it dies."""

import signal
import threading
import time
from collections.abc import Callable

import numpy as np
import psutil
import pytest

from tests.solve.flow_plain import drawn, two_roads
from vallum.solve import Cancel, Limits, SolverFailed
from vallum.solve.flow import Graph, Network, Stopped, Worker, earliest_arrival, expand
from vallum.solve.flow.network import Ints

FREE = Limits(time_limit=None)


Workers = Callable[[], list[psutil.Process]]


def alive() -> list[psutil.Process]:
    """Worker processes that this one has started."""
    children = psutil.Process().children()
    return [child for child in children if "vallum.solve.flow.worker" in " ".join(child.cmdline())]


@pytest.fixture
def workers() -> Workers:
    """Lists the workers that a test has started: one that other tests share may live beside them."""
    others = alive()
    return lambda: [child for child in alive() if child not in others]


def hard() -> Network:
    """Takes the solver many seconds."""
    draw = np.random.default_rng(1)
    nodes, arcs = 300, 1500
    return Network.of(
        nodes, (draw.integers(0, nodes, arcs), draw.integers(0, nodes, arcs), draw.integers(1, 6, arcs)),
        draw.integers(50, 900, arcs), (np.arange(200), np.zeros(200, int), draw.integers(1, 90_000, 200)),
        (np.arange(260, 300), np.full(40, 200_000)), 400,
    )  # fmt: skip


def test_one_process_serves_many_networks_and_is_gone(workers: Workers) -> None:
    with Worker(FREE) as worker:
        assert workers() == []  # not before there is something to do
        seen = set()
        for seed in range(30):
            earliest_arrival(drawn(seed), worker)
            seen |= {child.pid for child in workers()}
        assert len(seen) == 1
    assert workers() == []


def test_cancelling_kills_the_solve(workers: Workers) -> None:
    cancel = Cancel()
    timer = threading.Timer(0.5, cancel.set)
    timer.start()
    with Worker(FREE, cancel) as worker:
        with pytest.raises(Stopped, match="interrupted"):
            worker.cheapest(costly())
        assert workers() == []
        with pytest.raises(Stopped):  # and it stays cancelled
            earliest_arrival(two_roads(), worker)
    timer.join()


def costly() -> Graph:
    """The hard network's graph, the cost of the unserved included."""
    return expand(hard()).graph


def test_time_runs_out(workers: Workers) -> None:
    with Worker(Limits(time_limit=0.5)) as worker:
        with pytest.raises(Stopped, match="no time is left"):
            worker.cheapest(costly())
        assert workers() == []


def test_a_dead_worker_is_missed_and_the_next_is_new(workers: Workers) -> None:
    killed = threading.Event()

    def kill() -> None:
        while not killed.is_set():
            for child in workers():
                child.send_signal(signal.SIGKILL)
                killed.set()
            time.sleep(0.02)

    thread = threading.Thread(target=kill)
    with Worker(FREE) as worker:
        thread.start()
        with pytest.raises(SolverFailed, match="SIGKILL, perhaps for want of memory"):
            worker.cheapest(costly())
        thread.join()
        assert workers() == []
        assert earliest_arrival(two_roads(), worker).value == 340


def test_a_graph_that_the_solver_refuses_is_said_so() -> None:
    def graph(cost: Ints, amount: int = 1) -> Graph:
        return Graph(2, 0, 1, amount, np.array([0]), np.array([1]), np.array([1]), cost)

    with Worker(FREE) as worker:
        with pytest.raises(SolverFailed, match="refused the graph"):
            worker.cheapest(graph(np.array([2**62])))
        with pytest.raises(SolverFailed, match="refused the graph"):
            worker.cheapest(graph(np.array([1]), amount=2))
        assert worker.cheapest(graph(np.array([1]))).tolist() == [1]
