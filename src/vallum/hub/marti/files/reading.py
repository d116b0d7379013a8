"""How files are found and fetched."""

import asyncio
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
import structlog
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import FileResponse, Response, StreamingResponse

from vallum.core import instant
from vallum.hub.marti.answer import JSON, Answer, Refusal, answer, json, text
from vallum.hub.marti.files import names
from vallum.hub.marti.files.answers import Found, Limit, metadata, resource
from vallum.hub.marti.files.links import content_url
from vallum.hub.marti.files.rows import File
from vallum.hub.marti.files.sight import Search, not_there
from vallum.hub.marti.operation import Call

__all__ = [
    "ByHash", "Fetch", "Wanted", "configuration", "content", "count", "find", "list_resources", "one",
    "search",
]  # fmt: skip

log = structlog.get_logger("vallum.hub")

_MOST: Final = 1_000
"""Files in the answer to a search: the newest."""
_PART: Final = 1 << 18


class ByHash(msgspec.Struct):
    """A body."""

    hash: str


class Fetch(msgspec.Struct):
    """A body, by its SHA-256 or the uid of a file that has it."""

    hash: str = ""
    uid: str = ""
    offset: Annotated[int, msgspec.Meta(ge=0, le=1 << 60)] = 0


class Wanted(msgspec.Struct, rename="camel"):
    """What is looked for. Each narrows the answer."""

    keywords: list[str] = []
    keyword: list[str] = []
    name: str = ""
    filename: str = ""
    tool: str = ""
    uid: str = ""
    hash: str = ""
    mimetype: str = ""
    bbox: str = ""
    start_time: str = ""
    stop_time: str = ""


class _File(FileResponse):
    chunk_size = _PART


async def find(call: Call) -> Response:
    """Say where a body is."""
    file = await _the(call, digest=names.digest(call.query.hash, "query parameter hash"))
    return text(content_url(call.request, file.hash))


async def content(call: Call) -> Response:
    """Send a body, or those ranges of it that are asked for."""
    query: Fetch = call.query
    if bool(query.hash) == bool(query.uid):
        raise Refusal(400, "query parameters hash and uid: name one of them", rule="query parameters")
    digest = names.digest(query.hash, "query parameter hash") if query.hash else ""
    file = await _the(call, digest=digest, uid=query.uid)
    headers = _headers(file)
    if _is_known(call.request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    path = call.marti.library.shelf.path(file.hash)
    try:
        status = await call.marti.library.shelf.run(path.stat)
    except FileNotFoundError as error:
        log.error("a file is missing", folder=str(call.marti.library.shelf.folder))
        raise not_there() from error
    if not query.offset:
        return _File(path, headers=headers, media_type=file.media_type, stat_result=status)
    if query.offset >= file.size:
        raise Refusal(416, f"query parameter offset: the file has {file.size} bytes", rule="offset")
    headers["content-length"] = str(file.size - query.offset)
    if call.request.method == "HEAD":
        return Response(headers=headers, media_type=file.media_type)
    rest = iterate_in_threadpool(_from(path, query.offset))
    return StreamingResponse(rest, headers=headers, media_type=file.media_type)


async def search(call: Call) -> Response:
    """Return files as ``/Marti/sync`` does."""
    found = await _found(call)
    return await _encoded(lambda: Found(len(found), [metadata(one, call.principal) for one in found]))


async def list_resources(call: Call) -> Response:
    """Return files as ``/Marti/api`` does."""
    found = await _found(call)
    return await _encoded(lambda: Answer("Resource", [resource(one, call.principal) for one in found]))


async def one(call: Call) -> Response:
    """Return what is known of a file."""
    file = await _the(call, digest=names.digest(call.path["hash"], "path"))
    return json(metadata(file, call.principal))


async def count(call: Call) -> Response:
    """Say how many files there are."""
    return answer("java.lang.Integer", await call.marti.library.sight.count(call.principal))


async def configuration(call: Call) -> Response:
    """Say how large a file may be."""
    return json(Limit(call.marti.settings.upload_mb))


async def _the(call: Call, *, digest: str = "", uid: str = "") -> File:
    file = await call.marti.library.sight.find(call.principal, digest=digest, uid=uid)
    if file is None:
        raise not_there()
    return file


async def _found(call: Call) -> list[File]:
    query: Wanted = call.query
    wanted = Search(
        hash=names.digest(query.hash, "query parameter hash") if query.hash else "",
        uid=query.uid,
        tool=query.tool,
        media_type=query.mimetype.lower(),
        name=query.name or query.filename,
        keywords=list(names.keywords((*query.keywords, *query.keyword))),
        box=_box(query.bbox),
        since=_time(query.start_time, "startTime"),
        until=_time(query.stop_time, "stopTime"),
    )
    return await call.marti.library.sight.search(call.principal, wanted, _MOST)


def _box(stated: str) -> tuple[float, float, float, float] | None:
    if not stated:
        return None
    try:
        west, south, east, north = map(float, stated.split(","))
    except ValueError as error:
        raise Refusal(
            400, "query parameter bbox: not four numbers", rule="bbox",
            remedy="Write WEST,SOUTH,EAST,NORTH in degrees.",
        ) from error  # fmt: skip
    return west, south, east, north


def _time(stated: str, name: str) -> int | None:
    if not stated:
        return None
    try:
        return instant.parse(stated)
    except ValueError as error:
        raise Refusal(400, f"query parameter {name}: {error}", rule="times") from error


def _headers(file: File) -> dict[str, str]:
    plain = "".join(letter if letter.isascii() and letter not in '"\\' else "_" for letter in file.name)
    exact = quote(file.name, safe="")
    return {
        "etag": f'"{file.hash}"',
        # When the body itself was written tells of others who have sent the same.
        "last-modified": formatdate(file.stored_ms / 1000, usegmt=True),
        "cache-control": "private, no-cache",
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}",
        # A stranger's page or picture must not act in the name of whoever looks at it.
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
    }


def _is_known(stated: str, tag: str) -> bool:
    known = [one.strip().removeprefix("W/") for one in stated.split(",")]
    return tag in known or stated.strip() == "*"


def _from(path: Path, offset: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while part := file.read(_PART):
            yield part


async def _encoded(make: Callable[[], Any]) -> Response:
    """Answer JSON that may be long, made in a thread."""
    return Response(await asyncio.to_thread(lambda: msgspec.json.encode(make())), media_type=JSON)
