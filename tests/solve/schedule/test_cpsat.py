"""CP-SAT finds what brute force finds; its process may be stopped, killed and repeated."""

import signal
import threading
import time

import numpy as np
import psutil
import pytest

from tests.solve.schedule.plain import Brute, drawn, faults
from vallum.core.errors import BadInput, VallumError
from vallum.solve import Cancel, Limits, SolverFailed
from vallum.solve.schedule import Level, Network, Point, best_of, lower_bound, solve
from vallum.solve.schedule.messages import Done, Problem, Step, pack, unpack
from vallum.solve.schedule.worker import Search

EXACT = Limits(time_limit=30.0, gap=0.0)


def searched(network: Network, levels: tuple[Level, ...], *, start: bool = True) -> tuple[str, list[Step]]:
    """The worker's search, in this process."""
    found = best_of(network, levels) if start else None
    bounds = tuple(lower_bound(network, level) for level in levels)
    problem = Problem(network, levels, bounds, None if found is None else found[0], 20.0, None, 0.0, 0, 1)
    told: list[Step | Done] = []
    Search(unpack(pack(problem)[8:]), told.append).run()
    last = told[-1]
    assert isinstance(last, Done)
    return last.status, [step for step in told if isinstance(step, Step)]


def optimum(network: Network, level: Level, *, start: bool = True) -> int | None:
    """Proven best value; None: proven that there is no schedule."""
    status, steps = searched(network, (level,), start=start)
    if status == "infeasible":
        return None
    assert status == "optimal"
    starts = next(step.starts for step in reversed(steps) if step.starts is not None)
    finishes = network.finishes(np.array(starts))
    assert faults(network, list(starts), finishes.tolist(), network.duration.tolist()) == []
    value = int(level.value(finishes))
    assert steps[-1].bound == value
    return value


def workers() -> list[psutil.Process]:
    """Worker processes that this one has started."""
    children = psutil.Process().children()
    return [child for child in children if "vallum.solve.schedule.worker" in " ".join(child.cmdline())]


def hard(count: int = 60, periods: int = 200) -> Network:
    """Too hard to finish in a second."""
    draw = np.random.default_rng(3)
    before = [[a, b] for b in range(count) for a in range(max(0, b - 9), b) if draw.random() < 0.15]
    return Network.of(
        draw.integers(1, 10, count), np.ones((1, periods), bool), before=before,
        use=draw.integers(0, 8, (count, 4)), capacity=np.full((4, periods), 14),
    )  # fmt: skip


@pytest.mark.parametrize("part", range(6))
def test_as_good_as_every_order(part: int) -> None:
    for seed in range(part * 20, part * 20 + 20):
        network = drawn(seed)
        weights = np.random.default_rng(seed).integers(0, 5, len(network.duration))
        level = Level("makespan") if seed % 2 else Level("sum", weights)
        best = Brute(network, None if seed % 2 else weights.tolist()).value()
        # with and without the first schedule, which also shortens the horizon
        assert optimum(network, level, start=seed % 3 > 0) == best, seed
        assert best is None or lower_bound(network, level) <= best, seed


def test_more_capacity_is_never_worse() -> None:
    for seed in range(200, 215):
        network = drawn(seed)
        more = Network.of(
            network.duration, network.calendars, capacity=network.capacity + 1,
            **{k: getattr(network, k) for k in
               ("calendar", "release", "deadline", "hard", "before", "lag", "use", "demand", "supply")},
        )  # fmt: skip
        one, other = (optimum(n, Level("makespan")) for n in (network, more))
        assert one is None or (other is not None and other <= one)


def test_levels_are_held_and_a_tolerance_lets_go() -> None:
    # two crews; the long work ends at 6 whatever comes first, so the makespan leaves the order open
    network = Network.of(
        [6, 1, 2, 3], np.ones((1, 20), bool), use=[[1], [1], [1], [1]], capacity=np.full((1, 20), 2)
    )
    levels = (Level("makespan"), Level("early", np.array([0, 3, 2, 1])))
    found = solve(network, levels, EXACT)
    assert found.status == "optimal"
    assert [(one.value, one.bound, one.gap) for one in found.levels] == [(6, 6, 0.0), (15, 15, 0.0)]
    assert found.starts.tolist() == [0, 0, 1, 3]
    loose = (Level("makespan", tolerance=0.17), levels[1])  # 6 may grow to 7
    found = solve(network, loose, EXACT)
    assert [one.value for one in found.levels] == [7, 12]  # the long one lets the shortest go first
    assert found.levels[0].bound == 6


def test_the_hand_computed_example() -> None:
    winter = np.ones((2, 12), bool)
    winter[1, 4:7] = False
    network = Network.of(
        [2, 3, 2, 2, 0], winter, calendar=[0, 1, 1, 1, 0], before=[[0, 1], [1, 4], [2, 4], [3, 4]],
        use=[[0], [1], [1], [1], [0]], capacity=np.ones((1, 12), int),
    )  # fmt: skip
    found = solve(network, (Level("makespan"), Level("sum", np.ones(5, int))), EXACT)
    assert (found.levels[0].value, found.status) == (10, "optimal")
    assert Brute(network, [1] * 5).value() == found.levels[1].value
    assert faults(network, found.starts.tolist(), found.finishes.tolist(), network.duration.tolist()) == []


def test_a_work_limit_repeats_itself() -> None:
    network = hard()
    levels = (Level("makespan"), Level("sum", np.ones(60, int)))
    limits = Limits(time_limit=None, work=1, threads=2)
    one, other = solve(network, levels, limits), solve(network, levels, limits)
    assert one.status == other.status == "work limit"
    assert one.starts.tolist() == other.starts.tolist()
    assert [(r.value, r.bound) for r in one.levels] == [(r.value, r.bound) for r in other.levels]
    assert [(p.level, p.value, p.bound) for p in one.curve] == [
        (p.level, p.value, p.bound) for p in other.curve
    ]


def test_cancelled_with_the_best_so_far() -> None:
    network, cancel = hard(), Cancel()
    heard: list[Point] = []

    def progress(point: Point) -> None:
        heard.append(point)
        if len(heard) == 2:
            cancel.set()

    found = solve(network, (Level("makespan"),), Limits(time_limit=60.0), progress, cancel)
    assert found.status == "interrupted"
    assert heard == list(found.curve)
    assert found.levels[0].bound <= found.levels[0].value
    assert faults(network, found.starts.tolist(), found.finishes.tolist(), network.duration.tolist()) == []
    assert not workers()


def test_without_time_the_priority_rules_answer() -> None:
    found = solve(hard(), (Level("makespan"),), Limits(time_limit=0.0))
    assert found.status == "time limit"
    assert 0 < found.levels[0].bound < found.levels[0].value
    assert found.levels[0].gap == pytest.approx(1.0 - found.levels[0].bound / found.levels[0].value)
    cancel = Cancel()
    cancel.set()
    assert solve(hard(), (Level("makespan"),), Limits(), cancel=cancel).status == "interrupted"


def test_a_given_schedule_is_a_floor() -> None:
    network, level = hard(), Level("makespan")
    good = solve(network, (level,), Limits(time_limit=3.0))
    again = solve(network, (level,), Limits(time_limit=0.0), start=good.starts)
    assert again.levels[0].value <= good.levels[0].value
    with pytest.raises(BadInput, match="one period for each activity"):
        solve(network, (level,), Limits(), start=np.zeros(3, int))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_worker_is_an_error_and_no_hang(how: signal.Signals) -> None:
    killed = threading.Event()

    def kill() -> None:
        while not killed.is_set():
            for child in workers():
                child.send_signal(how)
                killed.set()
            time.sleep(0.02)

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(SolverFailed, match=how.name) as error:
        solve(hard(), (Level("makespan"),), Limits(time_limit=60.0))
    thread.join()
    assert error.value.remedy


def test_what_cannot_be_is_said() -> None:
    crew = {"use": [[1], [1]], "capacity": np.ones((1, 8), int)}
    network = Network.of([3, 3], np.ones((1, 8), bool), deadline=[4, 4], hard=[True, True], **crew)
    with pytest.raises(BadInput, match="no schedule keeps the horizon"):
        solve(network, (Level("makespan"),), EXACT)
    with pytest.raises(VallumError, match="no schedule was found within the limits"):
        solve(network, (Level("makespan"),), Limits(time_limit=None, work=0))
    with pytest.raises(BadInput, match="nothing to minimise"):
        solve(network, (), EXACT)


def test_nothing_weighs_anything() -> None:
    network = Network.of([1, 2], np.ones((1, 5), bool))
    found = solve(network, (Level("sum", np.zeros(2, int)), Level("makespan")), EXACT)
    assert [(one.value, one.gap) for one in found.levels] == [(0, 0.0), (2, 0.0)]
