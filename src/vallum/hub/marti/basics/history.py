"""What the journal holds of a period, as far as somebody may see it."""

import time
from collections.abc import Callable, Iterable
from typing import Annotated, Final, TypeVar

import msgspec

from vallum.core import instant
from vallum.hub.journal import Bbox, Reader, Selection, Stopped, Stored, query
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.operation import Call

__all__ = ["Period", "box", "period", "search"]

T = TypeVar("T")
_LONGEST_MS: Final = 7 * 86_400_000
"""The longest period that is searched at a time."""
_DAY_MS: Final = 86_400_000
_EVENTS: Final = 20_000
_BYTES: Final = 32 * 2**20
_SEARCH_S: Final = 20.0
"""What is not found by then keeps others from searching."""
_LATEST_MS: Final = instant.parse("9999-12-31T00:00:00Z")


class Period(msgspec.Struct):
    """From when to when; the last day unless given."""

    start: str = ""
    "As 2026-11-25T06:30:00Z."
    end: str = ""
    secago: Annotated[int, msgspec.Meta(ge=0, le=_LONGEST_MS // 1000)] = 0
    "Seconds back from the end, in place of a start."


def period(wanted: Period, now: int, *, names: tuple[str, str] = ("start", "end")) -> tuple[int, int]:
    """Return a period's first and last millisecond, the latter not included.

    Raises
    ------
    Refusal
        400 if it is none, or too long.
    """
    end = _instant(wanted.end, names[1]) if wanted.end else min(now + 1, _LATEST_MS)
    if wanted.start:
        start = _instant(wanted.start, names[0])
    else:
        start = end - (wanted.secago * 1000 if wanted.secago else _DAY_MS)
    if not 0 <= end - start <= _LONGEST_MS:
        raise Refusal(
            400, f"{names[0]} and {names[1]}: not a period of 0 to {_LONGEST_MS // _DAY_MS} days",
            rule="longest period", remedy="Ask for shorter periods, one after the other.",
        )  # fmt: skip
    return start, end


async def search(
    call: Call, selection: Selection, take: Callable[[Iterable[Stored]], T], *, groups: Iterable[str] = ()
) -> T:
    """Search the journal in a thread.

    Parameters
    ----------
    call : Call
        Who asks.
    selection : Selection
        What for.
    take : callable
        Is handed the events in the order of receipt, in that thread, and makes the answer of them.
    groups : iterable of str
        Only what can be seen through these; all of one's own unless given.

    Raises
    ------
    Refusal
        413 if it is more than one answer holds, or takes too long; 429 if the caller waits for too many
        already; 503 if the hub stops.
    """
    marti, principal = call.marti, call.principal
    named = frozenset(groups)
    principal_sees = principal.groups_out & named if named else principal.groups_out
    if not principal_sees:
        return take(())
    policy, path, stopping = marti.router.audiences.policy, marti.journal, marti.searches.stopping

    def work() -> T:
        until = time.monotonic() + _SEARCH_S
        reader = Reader(policy, principal.nation, principal_sees)
        found = query(path, reader, selection, lambda: stopping.is_set() or time.monotonic() > until)
        try:
            return take(_bounded(found))
        except Stopped as error:
            if stopping.is_set():
                raise Refusal(
                    503, "the hub is stopping", rule="stopping", remedy="Ask again in a moment."
                ) from error
            raise Refusal(
                413, f"not found within {_SEARCH_S:.0f} s", rule="longest search",
                remedy="Ask for a shorter period.",
            ) from error  # fmt: skip

    return await marti.searches.run(principal, work)


def box(south: float, west: float, north: float, east: float) -> Bbox:
    """Return a box of degrees.

    Raises
    ------
    Refusal
        400 if its bottom is above its top.
    """
    if south > north:
        raise Refusal(400, "query parameters bottom and top: the bottom is above the top", rule="box")
    return Bbox(south, west, north, east)


def _bounded(found: Iterable[Stored]) -> Iterable[Stored]:
    size = 0
    for count, one in enumerate(found, 1):
        size += len(one.xml)
        if count > _EVENTS or size > _BYTES:
            raise Refusal(
                413, f"more than {_EVENTS} events or {_BYTES >> 20} MiB in this period",
                rule="size of an answer", remedy="Ask for a shorter period, a smaller box or fewer groups.",
            )  # fmt: skip
        yield one


def _instant(text: str, name: str) -> int:
    try:
        return instant.parse(text)
    except ValueError as error:
        raise Refusal(
            400,
            f"{name}: {error}",
            rule="ISO 8601",
            remedy="Write it like 2026-11-25T06:30:00Z.",
        ) from error
