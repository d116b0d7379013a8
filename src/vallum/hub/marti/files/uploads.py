"""How files come in: packages as ATAK and node-tak send them, and single files of all kinds."""

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
from starlette.responses import Response

from vallum.hub.marti.answer import Refusal, text
from vallum.hub.marti.files import names
from vallum.hub.marti.files.answers import metadata
from vallum.hub.marti.files.arrival import Received, received
from vallum.hub.marti.files.links import content_url
from vallum.hub.marti.files.package import NoArchive, Package, Unsafe, inspect
from vallum.hub.marti.files.rows import PUBLIC, File
from vallum.hub.marti.marking import Marking
from vallum.hub.marti.operation import Call

__all__ = ["TEXT_JSON", "Upload", "as_package", "checked", "upload", "upload_package"]

TEXT_JSON = "text/json"
"""node-tak reads this answer as text, and could not if its type were that of JSON."""


class Upload(msgspec.Struct, rename="camel", kw_only=True):
    """What clients say of a file in the query; each has words of its own."""

    hash: str = ""
    name: str = ""
    filename: str = ""
    uid: str = ""
    creator_uid: str = ""
    tool: str = ""
    mimetype: str = ""
    mime: str = msgspec.field(default="", name="MIME")
    keyword: list[str] = []
    keywords: list[str] = []
    groups: list[str] = msgspec.field(default_factory=list, name="Groups")
    access: str = ""
    caveat: str = ""
    releasable_to: str = ""
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    altitude: Annotated[float, msgspec.Meta(ge=-1e7, le=1e7)] | None = None


async def upload_package(call: Call) -> Response:
    """Keep a data package; the answer is its address and nothing else: clients copy it into notices."""
    query: Upload = call.query
    stated = names.keywords((*query.keyword, *query.keywords)) or (names.PACKAGE,)
    kept = await _kept(call, stated, media_type=names.ZIPS[1], by_hash=True)
    return text(content_url(call.request, kept.hash))


async def upload(call: Call) -> Response:
    """Keep a file."""
    query: Upload = call.query
    kept = await _kept(call, names.keywords((*query.keyword, *query.keywords)), media_type="", by_hash=False)
    return Response(msgspec.json.encode(metadata(kept, call.principal)), media_type=TEXT_JSON)


def checked(path: Path, *, claimed: bool, zipped: bool) -> Package | None:
    """Read a file's manifest if it is a data package; takes a while, not for the loop.

    Parameters
    ----------
    path : Path
    claimed : bool
        Whether it is to be found among the packages.
    zipped : bool
        Whether it says that it is a zip archive.

    Raises
    ------
    Refusal
        400 if it is harmful, or no archive but claimed to be one.
    """
    try:
        return inspect(path)
    except NoArchive as error:
        if claimed and zipped:
            raise Refusal(
                400, f"body: {error}", rule="data package",
                remedy="Send it again; or with another keyword and mimetype, if it is no package.",
            ) from error  # fmt: skip
        return None
    except Unsafe as error:
        if not claimed and not zipped:
            return None  # nobody is going to unpack it
        raise Refusal(
            400, f"body: {error}", rule="data package", remedy="Pack it anew, without that."
        ) from error


def as_package(keywords: Iterable[str]) -> bool:
    """Whether a file is to be found among the packages."""
    return any(one.casefold() == names.PACKAGE for one in keywords)


async def _kept(call: Call, keywords: tuple[str, ...], *, media_type: str, by_hash: bool) -> File:
    query: Upload = call.query
    wanted = names.digest(query.hash, "query parameter hash") if query.hash else ""
    said = _said(call, keywords)  # refused before anything is sent
    library = call.marti.library
    with library.arrivals.one(call.principal, library.used(call.principal)) as grown:
        async with received(call, library.shelf, grown) as body:
            if wanted not in ("", body.digest):
                raise Refusal(
                    400, "body: its SHA-256 is not the hash that the query states", rule="hash",
                    remedy="Send it again; something was lost on the way.",
                )  # fmt: skip
            name = said.name or names.file_name(body.name)
            media = names.media_type(said.media_type or media_type or body.media_type)
            zipped = media in names.ZIPS or name.lower().endswith(".zip")
            package = await library.shelf.run(
                checked, body.staged.path, claimed=as_package(keywords), zipped=zipped
            )
            uid = said.uid or (body.digest if by_hash else "")
            file = _completed(
                msgspec.structs.replace(said, name=name, media_type=media, uid=uid), body, package
            )
            return await library.add(body, file, lambda known: _merged(query, known, file), by_name=not uid)


def _said(call: Call, keywords: tuple[str, ...]) -> File:
    """Return what the query says of a file that has not come yet."""
    query: Upload = call.query
    return File(
        uid=names.word(query.uid, "query parameter uid"),
        hash="",
        name=names.file_name(query.filename or query.name),
        size=0,
        media_type=query.mimetype or query.mime,
        tool=names.tool(query.tool or PUBLIC),
        keywords=keywords,
        creator_uid=names.word(query.creator_uid, "query parameter creatorUid"),
        latitude=query.latitude,
        longitude=query.longitude,
        altitude=query.altitude,
        principal=call.principal.name,
        marking=_marking(call),
        stored_ms=call.marti.clock(),
    )


def _completed(said: File, body: Received, package: Package | None) -> File:
    """Return the row of a file: what nobody has said of a package, its manifest says."""
    told = {} if package is None else package.parameters
    inner = names.file_name(told.get("name", ""))
    uid = told.get("uid", "")
    return msgspec.structs.replace(
        said,
        uid=said.uid or (uid if 0 < len(uid) <= 256 and uid.isprintable() else str(uuid.uuid4())),
        hash=body.digest,
        size=body.staged.size,
        name=said.name or (inner and inner.removesuffix(".zip") + ".zip") or body.digest,
        keywords=said.keywords or (() if package is None else (names.PACKAGE,)),
    )


def _merged(query: Upload, known: File, file: File) -> File:
    """Return what its owner sends a second time: what it does not say again stays as it was."""
    labelled = query.groups or query.access or query.caveat or query.releasable_to
    return msgspec.structs.replace(
        file,
        id=known.id,
        uid=known.uid,
        tool=file.tool if query.tool else known.tool,
        marking=file.marking if labelled else known.marking,
    )


def _marking(call: Call) -> Marking:
    query: Upload = call.query
    groups = [
        names.word(one, "query parameter Groups") for text in query.groups for one in text.split(",") if one
    ]
    if groups and not call.principal.groups_in.intersection(groups):
        raise Refusal(
            403, "query parameter Groups: you send to none of these groups", rule="groups",
            remedy="Name one of your own, or none for all of them.",
        )  # fmt: skip
    return Marking.of(
        call.principal,
        groups,
        access=names.word(query.access, "query parameter access"),
        caveat=names.word(query.caveat, "query parameter caveat"),
        releasable_to=names.word(query.releasable_to, "query parameter releasableTo"),
    )
