"""Hostile networks and messages are refused in words."""

from typing import Any

import numpy as np
import pytest

from tests.solve.flow_plain import two_roads
from vallum.core.errors import BadInput
from vallum.solve import Limits
from vallum.solve.flow import Highs, Network, earliest_arrival, expand
from vallum.solve.flow.messages import CHEAPEST, GREATEST, SOLVED, answer, pack, take_answer, take_question
from vallum.solve.flow.worker import serve

GOOD: dict[str, Any] = {
    "nodes": 2, "arcs": ([0], [1], [1]), "capacity": [3], "supplies": ([0], [0], [5]), "sinks": ([1], [9]),
    "horizon": 6,
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"nodes": 0}, "nodes and 1 .."),
        ({"nodes": 10**9}, "nodes and 1 .."),
        ({"horizon": 0}, "nodes and 1 .."),
        ({"horizon": 10**12}, "nodes and 1 .."),
        ({"arcs": ([0], [2], [1])}, "head names node 2"),
        ({"arcs": ([0, 1], [1], [1])}, "arc have unequal lengths"),
        ({"arcs": ([0], [1], [0])}, "at least one step"),
        ({"arcs": ([0], [1], [1.5])}, "not whole"),
        ({"capacity": [-1]}, "holds -1"),
        ({"capacity": [float("nan")]}, "not whole"),
        ({"capacity": [2**50]}, "outside 0"),
        ({"capacity": ["wide"]}, "no number"),
        ({"capacity": [[1, 2]]}, "capacity has the shape"),
        ({"supplies": ([5], [0], [5])}, "supply names node 5"),
        ({"supplies": ([0], [-1], [5])}, "holds -1"),
        ({"sinks": ([-1], [5])}, "holds -1"),
        ({"sinks": ([1], [[5]])}, "sink have unequal lengths"),
        ({"intake": [1, 2, 3]}, "intake has the shape"),
        ({"holding": [1, 2, 3]}, "holding has the shape"),
    ],
)
def test_a_wrong_network_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words) as error:
        Network.of(**{**GOOD, **wrong})
    assert error.value.where == "flow"
    assert error.value.rule


def test_a_horizon_out_of_range_is_refused() -> None:
    for horizon in (0, -3, 21):
        with pytest.raises(BadInput, match=r"not in 1 \.\. 20"):
            expand(two_roads(), horizon)


def test_what_would_not_fit_is_refused_before_it_is_made() -> None:
    ring = np.arange(1000)
    large = Network.of(
        1000, (ring, (ring + 1) % 1000, np.ones(1000, int)), np.ones(1000, int), ([0], [0], [5]), ([0], [9]),
        10_000,
    )  # fmt: skip
    with pytest.raises(BadInput, match="more than 5,000,000"):
        expand(large)
    many = Network.of(**{**GOOD, "supplies": ([0], [0], [2**40]), "horizon": 20_000})
    with pytest.raises(BadInput, match="64 bits"):
        earliest_arrival(many, Highs(Limits()))


def reader(content: bytes) -> Any:
    """A read function over bytes."""
    left = bytearray(content)

    def read(size: int) -> bytes:
        taken = bytes(left[:size])
        del left[:size]
        return taken

    return read


def test_questions_and_answers_survive_the_trip() -> None:
    graph = expand(two_roads()).graph
    for operation in (GREATEST, CHEAPEST):
        took = take_question(reader(pack(operation, graph)))
        assert took is not None
        assert took[0] == operation
        for name in ("tail", "head", "capacity"):
            assert (getattr(took[1], name) == getattr(graph, name)).all()
    flow = np.arange(4)
    heard = take_answer(reader(answer(SOLVED, flow)), 4)
    assert heard is not None
    assert heard[1].tolist() == [0, 1, 2, 3]


def test_a_message_that_is_cut_short_or_lies_is_none() -> None:
    content = pack(CHEAPEST, expand(two_roads()).graph)
    for length in range(0, len(content), 97):
        assert take_question(reader(content[:length])) is None
    negative = (-1).to_bytes(8, "little", signed=True)
    assert take_question(reader(content[:16] + negative + content[24:])) is None
    assert take_question(reader(content[:16] + b"\xff\xff\xff\xff\xff\x00\x00\x00")) is None
    told = answer(SOLVED, np.arange(4))
    for length in range(len(told)):
        assert take_answer(reader(told[:length]), 4) is None
    assert take_answer(reader(told), 5) is None


def test_the_worker_answers_until_there_is_no_more() -> None:
    graph = expand(two_roads()).graph
    told: list[bytes] = []
    serve(reader(pack(GREATEST, graph) + pack(CHEAPEST, graph) + b"rest"), told.append)
    flows = [take_answer(reader(one), len(graph.tail)) for one in told]
    assert [one[0] if one else None for one in flows] == [SOLVED, SOLVED]
    cheapest = flows[1]
    assert cheapest is not None
    assert int(cheapest[1] @ graph.cost) == 340
