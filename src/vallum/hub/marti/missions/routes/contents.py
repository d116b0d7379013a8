"""What is in a mission."""

import sqlite3
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from starlette.responses import Response, StreamingResponse

from vallum.hub.marti.answer import XML, Answer, Refusal, answer
from vallum.hub.marti.files import names
from vallum.hub.marti.files.rows import File
from vallum.hub.marti.missions import changes, events, items, layers, limits, packages, views
from vallum.hub.marti.missions.attachments import attached, hand_out
from vallum.hub.marti.missions.desk import desk
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.packages import Entry
from vallum.hub.marti.missions.reading import Caller, Reading
from vallum.hub.marti.missions.routes.common import (
    HEAVY,
    By,
    When,
    author,
    both,
    caller,
    mission_told,
    ref,
    told,
)
from vallum.hub.marti.missions.wire import Change, Mission
from vallum.hub.marti.operation import Call, Media

__all__ = ["OPERATIONS", "put_all"]

_KIND: Final = "Mission"
_ZIP: Final = "application/zip"
_PIECE: Final = 1 << 20

Keywords = Annotated[list[str], msgspec.Meta(max_length=64)]


class Names(msgspec.Struct):
    """Contents, by what clients call them."""

    hashes: list[str] = []
    uids: list[str] = []


class Contents(Names):
    """Contents, and layers with contents for them."""

    paths: dict[str, list[Names]] = {}


class Removed(By, rename="camel"):
    """What is taken out."""

    hash: str | None = None
    uid: str | None = None


class Changes(When, rename="camel"):
    """Which changes are asked for."""

    squashed: bool = True


async def put(call: Call) -> Response:
    """Put contents into a mission."""
    body: Contents = call.body
    placed: list[tuple[str | None, Names]] = [(None, body)]
    placed += [(layer, one) for layer, listed in body.paths.items() for one in listed]
    count = sum(len(one.hashes) + len(one.uids) for _, one in placed)
    if not 0 < count <= limits.AT_ONCE:
        raise Refusal(400, f"body: no content, or more than {limits.AT_ONCE}", rule="contents")
    files = await _files(call, [one for _, listed in placed for one in listed.hashes])

    def work(ledger: Ledger) -> int:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        for layer, listed in placed:
            if layer is not None:
                layers.find(ledger, mission, layer)
            for one in listed.uids:
                _put_uid(ledger, mission, limits.uid(one, "body: uids"), call, layer)
            for one in listed.hashes:
                items.add(ledger, mission, attached(files[one.lower()]), author(call), layer=layer,
                          most=call.marti.settings.mission_items)  # fmt: skip
        if files:
            hand_out(ledger, mission, files)
        return int(mission["id"])

    return await mission_told(call, await desk(call).change(caller(call), work))


def _put_uid(ledger: Ledger, mission: sqlite3.Row, uid: str, call: Call, layer: str | None) -> None:
    there = items.keyed(ledger, mission, "uid", uid)
    if there:
        if layer is not None:
            items.move(ledger, mission, there[0], author(call), layer)
        return
    item = events.newest(ledger, uid) or items.Item(
        "uid", uid, ledger.own(), ledger.caller.principal.name, "", live=True
    )
    most = call.marti.settings.mission_items
    items.add(ledger, mission, item, author(call), most=most, layer=layer)


async def _files(call: Call, hashes: list[str]) -> dict[str, File]:
    found = {}
    for one in hashes:
        digest = names.digest(one, "body: hashes")
        file = await call.marti.library.sight.find(call.principal, digest=digest)
        if file is None:
            raise Refusal(
                404, f"body: hashes: no file {digest[:12]}…", rule="files", remedy="Upload it first."
            )
        found[digest] = file
    return found


async def removed(call: Call) -> Response:
    """Take contents out of a mission."""
    query: Removed = call.query
    if not query.hash and not query.uid:
        raise Refusal(400, "query parameters hash and uid: name one of them", rule="contents")

    def work(ledger: Ledger) -> int:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        if query.uid:
            items.remove(ledger, mission, "uid", query.uid, author(call))
        if query.hash:
            items.remove(ledger, mission, "hash", query.hash.lower(), author(call))
        return int(mission["id"])

    return await mission_told(call, await desk(call).change(caller(call), work))


async def package_put(call: Call) -> Response:
    """Put all that is in a data package into a mission."""

    def allowed(reading: Reading) -> None:
        reading.mission(ref(call), "MISSION_WRITE")

    await desk(call).look(caller(call), allowed)  # before anything is taken in
    brought = await packages.taken(call)

    def work(ledger: Ledger) -> None:
        put_all(ledger, ledger.mission(ref(call), "MISSION_WRITE"), brought, call)

    await desk(call).change(caller(call), work)
    return answer("MissionChange", [])


def put_all(ledger: Ledger, mission: sqlite3.Row, brought: list[items.Item], call: Call) -> None:
    """Put what a package has brought into a mission."""
    for item in brought:
        items.add(ledger, mission, item, author(call), most=call.marti.settings.mission_items)


async def uid_keywords(call: Call) -> Response:
    """Give a uid in a mission its keywords."""
    return await _keywords(call, "uid", call.path["uid"], limits.keywords(call.body, "body"))


async def uid_keywords_cleared(call: Call) -> Response:
    """Take the keywords from a uid in a mission."""
    return await _keywords(call, "uid", call.path["uid"], [])


async def file_keywords(call: Call) -> Response:
    """Give a file in a mission its keywords."""
    return await _keywords(call, "hash", call.path["hash"].lower(), limits.keywords(call.body, "body"))


async def file_keywords_cleared(call: Call) -> Response:
    """Take the keywords from a file in a mission."""
    return await _keywords(call, "hash", call.path["hash"].lower(), [])


async def _keywords(call: Call, kind: items.Kind, key: str, words: list[str]) -> Response:
    def work(ledger: Ledger) -> int:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        items.set_keywords(ledger, mission, kind, key, words, author(call))
        return int(mission["id"])

    return await mission_told(call, await desk(call).change(caller(call), work))


async def changed(call: Call) -> Response:
    """Answer what came and went, the newest first."""
    query: Changes = call.query
    when = query.span(call.marti.clock())

    def work(reading: Reading) -> list[Change]:
        return changes.changes(reading, reading.mission(ref(call)), when, squashed=query.squashed)

    return await told(call, "MissionChange", work)


async def cot(call: Call) -> Response:
    """Answer the events in a mission."""
    who = caller(call)
    rows = await desk(call).look(who, lambda reading: items.shown(reading, reading.mission(ref(call)), "uid"))

    async def written() -> AsyncIterator[bytes]:
        yield b'<?xml version="1.0" encoding="UTF-8"?>\n<events>'
        async for listed in _read(call, who, rows):
            yield b"".join(xml for _, xml in listed)
        yield b"</events>"

    return StreamingResponse(written(), media_type=XML)


async def archive(call: Call) -> Response:
    """Answer a mission as a data package."""
    who = caller(call)

    def work(reading: Reading) -> tuple[Mission, list[sqlite3.Row]]:
        mission = reading.mission(ref(call))
        return views.mission(reading, mission), items.shown(reading, mission, "uid")

    mission, rows = await desk(call).look(who, work)
    name = names.file_name(mission.name).encode("ascii", "replace").decode().replace('"', "_")
    headers = {"content-disposition": f'attachment; filename="{name or "mission"}.zip"'}
    if call.request.method == "HEAD":
        return Response(headers=headers, media_type=_ZIP)
    return StreamingResponse(
        packages.zipped(mission, _entries(call, who, mission, rows)), headers=headers, media_type=_ZIP
    )


async def _entries(
    call: Call, who: Caller, mission: Mission, rows: list[sqlite3.Row]
) -> AsyncIterator[Entry]:
    number = 0
    async for listed in _read(call, who, rows):
        for row, xml in listed:
            number += 1
            uid = row["key"]
            name = f"cot/{number:05}-{names.file_name(uid)[:100]}.cot"
            yield Entry(name, xml, {"uid": uid, "isCoT": "true"})
    library = call.marti.library
    for one in mission.contents:
        file = one.data
        path = library.shelf.path(file.hash)
        # The file itself may be gone, or no longer be for the reader.
        if await library.sight.find(call.principal, digest=file.hash) is not None and path.exists():
            parameters = {"uid": file.uid, "isCoT": "false", "name": file.name, "contentType": file.mime_type}
            yield Entry(f"files/{file.hash}/{file.name or file.hash}", path, parameters)


async def _read(
    call: Call, who: Caller, rows: list[sqlite3.Row]
) -> AsyncIterator[list[tuple[sqlite3.Row, bytes]]]:
    """Read the events of contents, about a megabyte at a time."""
    waiting = iter(rows)
    done = False

    def some(reading: Reading) -> list[tuple[sqlite3.Row, bytes]]:
        nonlocal done
        found: list[tuple[sqlite3.Row, bytes]] = []
        size = 0
        for row in waiting:
            xml = events.body(reading, row)
            if xml is not None:
                found.append((row, xml))
                size += len(xml)
            if size > _PIECE:
                return found
        done = True
        return found

    while not done:
        yield await desk(call).look(who, some)


OPERATIONS: Final = (
    *both("PUT", "/contents", put, "Put contents into a mission.", query=By, body=Contents,
          answer=Answer[list[Mission]], may="send", refuses=(409,)),
    *both("DELETE", "/contents", removed, "Take contents out of a mission.", query=Removed,
          answer=Answer[list[Mission]], may="send"),
    *both("PUT", "/contents/missionpackage", package_put, "Put what is in a data package into a mission.",
          query=By, body=Media("application/octet-stream"), answer=Answer[list[Change]], may="send",
          refuses=(409, 503, 507), cost=HEAVY),
    *both("PUT", "/uid/{uid}/keywords", uid_keywords, "Give a uid its keywords.", query=By, body=Keywords,
          answer=Answer[list[Mission]], may="send"),
    *both("DELETE", "/uid/{uid}/keywords", uid_keywords_cleared, "Take the keywords from a uid.", query=By,
          answer=Answer[list[Mission]], may="send"),
    *both("PUT", "/content/{hash}/keywords", file_keywords, "Give a file its keywords.", query=By,
          body=Keywords, answer=Answer[list[Mission]], may="send"),
    *both("DELETE", "/content/{hash}/keywords", file_keywords_cleared, "Take the keywords from a file.",
          query=By, answer=Answer[list[Mission]], may="send"),
    *both("GET", "/changes", changed, "What came into a mission and what went.", query=Changes,
          answer=Answer[list[Change]]),
    *both("GET", "/cot", cot, "The events in a mission.", answer=Media(XML), cost=HEAVY),
    *both("GET", "/archive", archive, "A mission as a data package.", answer=Media(_ZIP),
          cost=HEAVY),
)  # fmt: skip
