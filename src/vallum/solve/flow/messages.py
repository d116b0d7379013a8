"""What the parent and the worker tell each other: a header of whole numbers, then arrays as raw bytes.

A question is operation, nodes, arcs, start, end, amount; then tail and head (32 bits an arc), capacity and,
for the cheapest flow, cost (64 bits an arc). An answer is status and number of arcs, then the flow on each.
Nothing that could run code is ever read.
"""

import struct
from collections.abc import Callable

import numpy as np

from vallum.solve.flow.graph import Graph
from vallum.solve.flow.network import Ints

__all__ = ["CHEAPEST", "GREATEST", "SOLVED", "answer", "pack", "take_answer", "take_question"]

#: Operations.
GREATEST, CHEAPEST = 1, 2
#: Status of an answer; any other is the solver's own number.
SOLVED = 0
QUESTION, ANSWER = struct.Struct("<6q"), struct.Struct("<2q")
#: Bound on what a header may announce.
MOST_ANNOUNCED = 2**27

#: Reads that many bytes, or fewer when there are no more.
Read = Callable[[int], bytes]


def pack(operation: int, graph: Graph) -> bytes:
    """Encode a question."""
    parts = [
        QUESTION.pack(operation, graph.nodes, len(graph.tail), graph.start, graph.end, graph.amount),
        graph.tail.astype("<i4").tobytes(),
        graph.head.astype("<i4").tobytes(),
        graph.capacity.astype("<i8").tobytes(),
    ]
    if operation == CHEAPEST:
        parts.append(graph.cost.astype("<i8").tobytes())
    return b"".join(parts)


def take_question(read: Read) -> tuple[int, Graph] | None:
    """Read a question; None at the end or when it is cut short."""
    head = read(QUESTION.size)
    if len(head) < QUESTION.size:
        return None
    operation, nodes, arcs, start, end, amount = QUESTION.unpack(head)
    if not (0 <= arcs <= MOST_ANNOUNCED and 0 <= nodes <= MOST_ANNOUNCED):
        return None
    kinds = ["<i4", "<i4", "<i8"] + ["<i8"] * (operation == CHEAPEST)
    arrays = [_array(read, kind, arcs) for kind in kinds]
    if any(len(one) < arcs for one in arrays):
        return None
    cost = arrays[3] if operation == CHEAPEST else np.zeros(arcs, np.int64)
    return operation, Graph(nodes, start, end, amount, arrays[0], arrays[1], arrays[2], cost)


def answer(status: int, flow: Ints) -> bytes:
    """Encode an answer."""
    return ANSWER.pack(status, len(flow)) + flow.astype("<i8").tobytes()


def take_answer(read: Read, arcs: int) -> tuple[int, Ints] | None:
    """Read an answer about so many arcs; None when it is cut short or about another number."""
    head = read(ANSWER.size)
    if len(head) < ANSWER.size:
        return None
    status, count = ANSWER.unpack(head)
    if count != (arcs if status == SOLVED else 0):
        return None
    flow = _array(read, "<i8", count)
    return (status, flow) if len(flow) == count else None


def _array(read: Read, kind: str, count: int) -> Ints:
    size = np.dtype(kind).itemsize
    content = read(count * size)
    return np.frombuffer(content[: len(content) // size * size], kind)
