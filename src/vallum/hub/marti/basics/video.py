"""The registry of video connections, as JSON and as older clients have it in XML."""

import asyncio
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from starlette.responses import Response

from vallum.hub.marti.answer import XML, Refusal, json, xml
from vallum.hub.marti.app import read_whole
from vallum.hub.marti.basics import vcm
from vallum.hub.marti.basics.video_model import (
    Connection,
    Connections,
    GivenConnection,
    GivenConnections,
    taken,
)
from vallum.hub.marti.basics.video_store import Kept, find, put, remove, replace, shown
from vallum.hub.marti.operation import BODY_LIMIT, Call, Media, Operation

__all__ = ["OPERATIONS"]

_RULE: Final = "video owners"

Groups = Annotated[list[str], msgspec.Meta(max_length=1000)]


class Listed(msgspec.Struct):
    """Which connections are asked for."""

    protocol: str = ""
    "Only those with a feed of this protocol."


class Placed(msgspec.Struct):
    """Where a connection is put."""

    group: Groups = []
    "Groups that it goes into, of those that one sends to; all unless given, or as before."


class Named(msgspec.Struct):
    """Which connection is meant."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


async def list_all(call: Call) -> Response:
    """Answer the connections that the caller may see."""
    found = await shown(call.marti, call.principal)
    wanted = call.query.protocol.lower()

    def work() -> Response:
        chosen = (one.content for one in found if not wanted or wanted in _protocols(one))
        return json({"videoConnections": list(map(msgspec.Raw, chosen))})

    return await asyncio.to_thread(work)


async def create(call: Call) -> Response:
    """Register connections, all of them or none."""
    made = [
        taken(one, f"videoConnections[{number}].") for number, one in enumerate(call.body.video_connections)
    ]
    await put(call.marti, call.principal, made, call.query.group)
    return Response()


async def get(call: Call) -> Response:
    """Answer one connection."""
    return Response(_found(call, call.path["uid"]).content, media_type="application/json")


async def change(call: Call) -> Response:
    """Replace a connection; it stays its owner's."""
    kept = _to_change(call, call.path["uid"])
    made = taken(call.body, "", kept.uid)
    groups = (
        call.principal.groups_in & frozenset(call.query.group) if call.query.group else kept.marking.groups
    )
    if not await replace(call.marti, kept, made, groups):
        raise _not_there()
    return Response()


async def delete(call: Call) -> Response:
    """Delete a connection."""
    if not await remove(call.marti, _to_change(call, call.path["uid"])):
        raise _not_there()
    return Response()


async def list_vcm(call: Call) -> Response:
    """Answer the feeds that the caller may see."""
    found = await shown(call.marti, call.principal)
    return xml(await asyncio.to_thread(vcm.write, [one.content for one in found]))


async def post_vcm(call: Call) -> Response:
    """Register feeds, all of them or none, each as a connection of its own."""
    given = await asyncio.to_thread(vcm.read, await read_whole(call.request, BODY_LIMIT))
    made = [taken(one, f"feed[{number}].") for number, one in enumerate(given)]
    await put(call.marti, call.principal, made, call.query.group)
    return Response()


async def delete_vcm(call: Call) -> Response:
    """Delete a feed; with the last one its connection goes."""
    kept, rest = await _with_feed(call, call.query.id)
    done = remove(call.marti, kept) if rest is None else replace(call.marti, kept, rest, kept.marking.groups)
    if not await done:
        raise _not_there()
    return Response()


async def _with_feed(call: Call, uid: str) -> tuple[Kept, Connection | None]:
    """Return the connection that a feed is in, and what is left of it without the feed."""
    found = find(call.marti, call.principal, uid)
    if found is None:
        for kept in await shown(call.marti, call.principal):
            connection = kept.connection
            rest = [feed for feed in connection.feeds if feed.uuid != uid]
            if len(rest) < len(connection.feeds):
                _check_owner(call, kept)
                return kept, msgspec.structs.replace(connection, feeds=rest) if rest else None
        raise _not_there()
    _check_owner(call, found)
    return found, None


def _protocols(kept: Kept) -> set[str]:
    return {urlsplit(feed.url).scheme for feed in kept.connection.feeds}


def _found(call: Call, uid: str) -> Kept:
    kept = find(call.marti, call.principal, uid)
    if kept is None:
        raise _not_there()
    return kept


def _to_change(call: Call, uid: str) -> Kept:
    kept = _found(call, uid)
    _check_owner(call, kept)
    return kept


def _check_owner(call: Call, kept: Kept) -> None:
    if not kept.may_change(call.principal):
        raise Refusal(403, "the video connection is another's", rule=_RULE,
                      remedy="Ask its owner, or an administrator of its nation.")  # fmt: skip


def _not_there() -> Refusal:
    return Refusal(404, "there is no such video connection", rule="video connections",
                   remedy="See /Marti/api/video.")  # fmt: skip


_AREA: Final = "video"
_ONE: Final = "/Marti/api/video/{uid}"
_XML: Final = Media(XML)

OPERATIONS: Final = (
    Operation("GET", "/Marti/api/video", list_all, "Video connections", _AREA, Listed, answer=Connections),
    Operation("POST", "/Marti/api/video", create, "Register video connections", _AREA, Placed,
              body=GivenConnections, may="send", refuses=(409,)),
    Operation("GET", _ONE, get, "A video connection", _AREA, answer=Connection),
    Operation("PUT", _ONE, change, "Change a video connection", _AREA, Placed, body=GivenConnection,
              may="send", refuses=(409,)),
    Operation("DELETE", _ONE, delete, "Delete a video connection", _AREA, may="send"),
    Operation("GET", "/Marti/vcm", list_vcm, "Video feeds as XML", _AREA, answer=_XML),
    Operation("POST", "/Marti/vcm", post_vcm, "Register video feeds as XML", _AREA, Placed, body=_XML,
              may="send", refuses=(409,)),
    Operation("DELETE", "/Marti/vcm", delete_vcm, "Delete a video feed", _AREA, Named, may="send"),
)  # fmt: skip
