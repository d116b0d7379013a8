"""What all routes of missions have in common."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from starlette.responses import Response

from vallum.hub.marti.answer import JSON, Answer, Refusal
from vallum.hub.marti.missions import views
from vallum.hub.marti.missions.changes import Span, span
from vallum.hub.marti.missions.desk import desk
from vallum.hub.marti.missions.reading import Caller, Reading, Ref
from vallum.hub.marti.missions.wire import Mission
from vallum.hub.marti.operation import Call, Operation

__all__ = [
    "AREA",
    "HEAVY",
    "ROOT",
    "By",
    "Seconds",
    "When",
    "author",
    "both",
    "caller",
    "mission_told",
    "ref",
    "told",
]

AREA: Final = "missions"
ROOT: Final = "/Marti/api/missions"
HEAVY: Final = 10.0
"""Requests that one is worth which reads or writes a whole mission."""

Seconds = Annotated[int, msgspec.Meta(ge=0, le=10**10)]


class By(msgspec.Struct, rename="camel"):
    """Which client does it, as it states itself."""

    creator_uid: Annotated[str, msgspec.Meta(max_length=500)] = ""


class When(msgspec.Struct, rename="camel"):
    """Of which time."""

    secago: Seconds | None = None
    start: str | None = None
    end: str | None = None

    def span(self, now: int) -> Span:
        """Return first and last instant, milliseconds since 1970-01-01T00:00Z."""
        return span(now, self.secago, self.start, self.end)


def both(
    method: str, tail: str, handler: Callable[[Call], Awaitable[Response]], summary: str, **more: Any
) -> tuple[Operation, Operation]:
    """Return an operation in its two forms: the mission named by its name, and by its identifier."""
    return (
        Operation(method, f"{ROOT}/{{name}}{tail}", handler, summary, AREA, **more),
        Operation(method, f"{ROOT}/guid/{{guid}}{tail}", handler, summary, AREA, **more),
    )


def ref(call: Call) -> Ref:
    """Return which mission a path names."""
    return Ref.of(dict(call.path))


def caller(call: Call) -> Caller:
    """Return who asks."""
    return desk(call).caller(call.principal)


async def told(call: Call, kind: str, work: Callable[[Reading], object], status: int = 200) -> Response:
    """Answer what is read: it may be long, so a thread writes it."""

    def encoded(reading: Reading) -> bytes:
        return msgspec.json.encode(Answer(kind, work(reading)))

    return Response(await desk(call).look(caller(call), encoded), status, media_type=JSON)


async def mission_told(
    call: Call, number: int, status: int = 200, more: Callable[[Mission], None] = lambda _: None
) -> Response:
    """Answer a mission as it is after a change.

    Parameters
    ----------
    call : Call
    number : int
        The mission's.
    status : int
    more : callable
        Adds to the mission.
    """

    def work(reading: Reading) -> list[Mission]:
        row = reading.by_id(number)
        if row is None:
            raise Refusal(404, "the mission has been deleted", rule="missions")
        made = views.mission(reading, row)
        more(made)
        return [made]

    return await told(call, "Mission", work, status)


def author(call: Call) -> str:
    """Return the client that a request says it comes from."""
    return str(call.query.creator_uid)
