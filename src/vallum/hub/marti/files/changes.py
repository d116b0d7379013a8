"""What owners change of their files, and how they delete them."""

from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from starlette.responses import Response

from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.app import read_whole
from vallum.hub.marti.files import names
from vallum.hub.marti.files.rows import File
from vallum.hub.marti.files.sight import not_there
from vallum.hub.marti.files.uploads import as_package, checked
from vallum.hub.marti.operation import Call

__all__ = [
    "Expires",
    "delete",
    "delete_named",
    "set_expiration",
    "set_keywords",
    "set_media_type",
    "set_tool",
]

_WORD: Final = 256
_SECONDS: Final = 100_000_000_000
"""A number above this counts milliseconds: in seconds it would be the year 5138."""


class Expires(msgspec.Struct):
    """When a file is let go."""

    expiration: Annotated[int, msgspec.Meta(ge=-1, le=10**14)]


async def set_tool(call: Call) -> Response:
    """Say who a file is for."""
    tool = names.tool(await _word(call))
    return await _changed(call, lambda file: msgspec.structs.replace(file, tool=tool))


async def set_media_type(call: Call) -> Response:
    """Say what a file is."""
    media_type = names.media_type(await _word(call))
    return await _changed(call, lambda file: msgspec.structs.replace(file, media_type=media_type))


async def set_keywords(call: Call) -> Response:
    """Say under which words a file is found; among the packages only if it is harmless."""
    keywords = names.keywords(call.body)
    if as_package(keywords):
        digest = _digest(call)
        mine = await call.marti.library.owned(call.principal, digest)
        zipped = any(file.media_type in names.ZIPS for file in mine)
        shelf = call.marti.library.shelf
        try:
            await shelf.run(checked, shelf.path(digest), claimed=True, zipped=zipped)
        except FileNotFoundError as error:  # it was deleted meanwhile, or is lost
            raise not_there() from error
    return await _changed(call, lambda file: msgspec.structs.replace(file, keywords=keywords))


async def set_expiration(call: Call) -> Response:
    """Say when a file is let go: seconds since 1970, or -1 for never."""
    stated: int = call.query.expiration
    expires = stated if stated < 0 or stated > _SECONDS else stated * 1000
    return await _changed(call, lambda file: msgspec.structs.replace(file, expires_ms=expires))


async def delete(call: Call) -> Response:
    """Delete a file that the query names."""
    await call.marti.library.remove(call.principal, names.digest(call.query.hash, "query parameter hash"))
    return Response()


async def delete_named(call: Call) -> Response:
    """Delete a file that the path names."""
    await call.marti.library.remove(call.principal, _digest(call))
    return Response()


async def _changed(call: Call, how: Callable[[File], File]) -> Response:
    await call.marti.library.change(call.principal, _digest(call), how)
    return Response()


def _digest(call: Call) -> str:
    return names.digest(call.path["hash"], "path")


async def _word(call: Call) -> str:
    body = await read_whole(call.request, _WORD)
    try:
        return body.decode().strip().strip('"')
    except UnicodeDecodeError as error:
        raise Refusal(400, f"body, byte {error.start}: no UTF-8", rule="text") from error
