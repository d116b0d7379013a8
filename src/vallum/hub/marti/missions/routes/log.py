"""The log of a mission."""

from typing import Final

from starlette.responses import Response

from vallum.hub.marti.answer import Answer, answer
from vallum.hub.marti.missions import log
from vallum.hub.marti.missions.desk import desk
from vallum.hub.marti.missions.log import Written
from vallum.hub.marti.missions.reading import Reading
from vallum.hub.marti.missions.routes.common import AREA, ROOT, When, both, caller, ref, told
from vallum.hub.marti.missions.wire import LogEntry
from vallum.hub.marti.operation import Call, Operation

__all__ = ["OPERATIONS"]

_KIND: Final = "com.bbn.marti.sync.model.LogEntry"
_ENTRIES: Final = f"{ROOT}/logs/entries"


async def written(call: Call) -> Response:
    """Write a new entry."""
    made = await desk(call).change(caller(call), lambda ledger: log.insert(ledger, call.body))
    return answer(_KIND, made, 201)


async def rewritten(call: Call) -> Response:
    """Write an entry anew."""
    made = await desk(call).change(caller(call), lambda ledger: log.change(ledger, call.body))
    return answer(_KIND, made, 201)


async def one(call: Call) -> Response:
    """Answer one entry, in a list: so clients read it."""
    found = await desk(call).look(caller(call), lambda reading: log.entry(reading, call.path["id"]))
    return answer(_KIND, [found])


async def removed(call: Call) -> Response:
    """Delete an entry."""
    await desk(call).change(caller(call), lambda ledger: log.remove(ledger, call.path["id"]))
    return Response()


async def entries(call: Call) -> Response:
    """Answer the log of a mission."""
    when = call.query.span(call.marti.clock())

    def work(reading: Reading) -> list[LogEntry]:
        return log.entries(reading, reading.mission(ref(call)), when)

    return await told(call, _KIND, work)


OPERATIONS: Final = (
    Operation("POST", _ENTRIES, written, "Write a log entry.", AREA, body=Written, answer=Answer[LogEntry],
              status=201, may="send", refuses=(409,)),
    Operation("PUT", _ENTRIES, rewritten, "Write a log entry anew.", AREA, body=Written,
              answer=Answer[LogEntry], status=201, may="send"),
    Operation("GET", f"{_ENTRIES}/{{id}}", one, "A log entry.", AREA, answer=Answer[list[LogEntry]]),
    Operation("DELETE", f"{_ENTRIES}/{{id}}", removed, "Delete a log entry.", AREA, may="send"),
    *both("GET", "/log", entries, "The log of a mission.", query=When, answer=Answer[list[LogEntry]]),
)  # fmt: skip
