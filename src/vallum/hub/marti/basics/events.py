"""Single events and their history, as Cursor on Target."""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from starlette.responses import Response

from vallum.hub.journal import Selection, Stored
from vallum.hub.journal.reading import LABEL_COLUMNS
from vallum.hub.marti.answer import XML, xml
from vallum.hub.marti.basics.history import Period, box, period, search
from vallum.hub.marti.basics.seen import owner
from vallum.hub.marti.marking import Marking
from vallum.hub.marti.operation import Call, Media, NoQuery, Operation

__all__ = ["OPERATIONS"]

_HEAD: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
# `latest` knows of what may be in the picture, and of what was in it a moment ago.
_KNOWN: Final = (
    f"SELECT seq, principal, {LABEL_COLUMNS} FROM latest JOIN event USING (seq, uid, {LABEL_COLUMNS}) "  # noqa: S608
    "WHERE uid = ? ORDER BY seq DESC"
)
_XML: Final = "SELECT xml FROM event WHERE seq = ?"

Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Area(Period):
    """Where and when."""

    left: Longitude = -180.0
    bottom: Latitude = -90.0
    right: Longitude = 180.0
    top: Latitude = 90.0


async def latest(call: Call) -> Response:
    """Answer the latest event of a uid: from the picture, else from the journal; nothing with 404."""
    uid = call.path["uid"]
    found = _in_picture(call, uid) or _lately(call, uid)
    if found is None:
        now = call.marti.clock()
        selection = Selection(*period(Period(), now), uids=frozenset((uid,)))
        found = await search(call, selection, _last)
    return xml(_HEAD + found) if found is not None else _nothing()


async def history(call: Call) -> Response:
    """Answer the events of a uid in a period, in the order of receipt."""
    since, until = period(call.query, call.marti.clock())
    return await search(call, Selection(since, until, uids=frozenset((call.path["uid"],))), _events)


async def area(call: Call) -> Response:
    """Answer the events of an area in a period, in the order of receipt."""
    query = call.query
    since, until = period(query, call.marti.clock())
    return await search(
        call, Selection(since, until, box(query.bottom, query.left, query.top, query.right)), _events
    )


def _in_picture(call: Call, uid: str) -> bytes | None:
    router = call.marti.router
    for session in router.speaking_for(uid):
        if owner(session.principal) == owner(call.principal):  # its own, whoever else may see it
            sightings = list(session.identities[uid].seen.values()) if uid in session.identities else []
            if sightings:
                return sightings[-1].parcel.event.xml
    parcel = router.picture.seen_of(uid, router.audiences.view(call.principal), call.marti.clock())
    return parcel.event.xml if parcel is not None else None


def _lately(call: Call, uid: str) -> bytes | None:
    marti, principal = call.marti, call.principal
    for row in marti.store.read(_KNOWN, (uid,)):
        marking = Marking.from_columns(
            *(row[name] for name in ("nation", "access", "caveat", "releasable_to", "groups"))
        )
        own = (row["nation"], row["principal"]) == owner(principal)
        if own or marti.rules.may_see(principal, marking, row["type"]):
            return bytes(marti.store.read(_XML, (row["seq"],))[0]["xml"])
    return None


def _last(found: Iterable[Stored]) -> bytes | None:
    last = None
    for one in found:
        last = one.xml
    return last


def _events(found: Iterable[Stored]) -> Response:
    documents = [one.xml for one in found]
    return xml(b"".join((_HEAD, b"<events>", *documents, b"</events>"))) if documents else _nothing()


def _nothing() -> Response:
    # Clients tell "nothing" from an error by the emptiness of the body.
    return Response(status_code=404, media_type=XML)


_XML_ANSWER: Final = Media(XML)

OPERATIONS: Final = (
    Operation("GET", "/Marti/api/cot/xml/{uid}", latest, "The latest event of a uid", "events", NoQuery,
              answer=_XML_ANSWER, also=(404,), refuses=(413, 503)),
    Operation("GET", "/Marti/api/cot/xml/{uid}/all", history, "Events of a uid in a period", "events", Period,
              answer=_XML_ANSWER, also=(404,), refuses=(413, 503)),
    Operation("GET", "/Marti/api/cot/sa", area, "Events of an area in a period", "events", Area,
              answer=_XML_ANSWER, also=(404,), refuses=(413, 503)),
)  # fmt: skip
