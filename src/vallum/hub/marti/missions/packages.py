"""Missions as data packages: taken in and given out, one file at a time."""

import asyncio
import uuid
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final, cast

from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.files import names
from vallum.hub.marti.files.arrival import Received, received
from vallum.hub.marti.files.package import MANIFEST, NoArchive, Package, Unsafe, manifest, opened
from vallum.hub.marti.files.rows import PUBLIC, File
from vallum.hub.marti.files.shelf import Staged
from vallum.hub.marti.marking import Marking
from vallum.hub.marti.missions import events, limits
from vallum.hub.marti.missions.attachments import attached
from vallum.hub.marti.missions.items import Item
from vallum.hub.marti.missions.wire import Mission
from vallum.hub.marti.operation import Call
from vallum.wire.cot import escape

__all__ = ["Entry", "taken", "zipped"]

_PART: Final = 1 << 18
_EVENT: Final = 1 << 20


async def taken(call: Call) -> list[Item]:
    """Take a package in: its files are kept as the caller's own, and all that is in it is returned.

    Raises
    ------
    Refusal
        400 if it is no package or harmful, 413 or 507 if it is too large.
    """
    library = call.marti.library
    with library.arrivals.one(call.principal, library.used(call.principal)) as grown:
        async with received(call, library.shelf, grown) as body:
            try:
                return await _unpacked(call, body.staged.path)
            except (NoArchive, Unsafe) as error:
                raise Refusal(400, f"body: {error}", rule="data package", remedy="Pack it anew.") from error


async def _unpacked(call: Call, path: Path) -> list[Item]:
    found = []
    with ExitStack() as stack:
        archive = await asyncio.to_thread(stack.enter_context, opened(path))
        package = await asyncio.to_thread(manifest, archive)
        entries = _entries(archive, package)
        if len(entries) > limits.AT_ONCE:
            raise Refusal(400, f"body: more than {limits.AT_ONCE} files", rule="data package")
        for info, stated in entries:
            if stated.get("isCoT", "").lower() == "true" or info.filename.lower().endswith(".cot"):
                found.append(await asyncio.to_thread(_event, call, archive, info))
            else:
                found.append(await _file(call, archive, info, stated))
    return found


def _entries(
    archive: zipfile.ZipFile, package: Package | None
) -> list[tuple[zipfile.ZipInfo, dict[str, str]]]:
    """Return what is to be taken, with what the manifest says of it."""
    plain = {info.filename.replace("\\", "/"): info for info in archive.infolist() if not info.is_dir()}
    if package is None:
        return [(info, {}) for info in plain.values()]
    named = [(one.entry, one.parameters) for one in package.contents if not one.ignore]
    missing = next((name for name, _ in named if name not in plain), None)
    if missing is not None:
        raise Unsafe(f"the manifest names {missing[:60]!r}, which is not in it")
    return [(plain[name], stated) for name, stated in dict(named).items() if name.lower() != MANIFEST]


def _event(call: Call, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Item:
    if info.file_size > _EVENT:
        raise Unsafe(f"entry {info.filename[:60]!r} is too large for an event")
    event = events.parsed(archive.read(info))
    if event is None:
        raise Unsafe(f"entry {info.filename[:60]!r} is no event")
    reason = call.marti.router.audiences.policy.refusal(call.principal, event.type, event.names)
    if reason:
        raise Refusal(403, f"entry {info.filename[:60]!r}: {reason}", rule="refused")
    return events.said(event, call.principal, call.principal.groups_in)


async def _file(call: Call, archive: zipfile.ZipFile, info: zipfile.ZipInfo, stated: dict[str, str]) -> Item:
    library = call.marti.library
    staged = await asyncio.to_thread(library.shelf.stage)
    try:
        digest = await asyncio.to_thread(_copy, archive, info, staged)
        uid = stated.get("uid", "")
        file = File(
            uid=uid if 0 < len(uid) <= 256 and uid.isprintable() else str(uuid.uuid4()),
            hash=digest,
            name=names.file_name(stated.get("name") or info.filename) or digest,
            size=staged.size,
            media_type=names.media_type(stated.get("contentType", "")),
            tool=PUBLIC,
            keywords=(),
            creator_uid=call.query.creator_uid,
            latitude=None,
            longitude=None,
            altitude=None,
            principal=call.principal.name,
            marking=Marking.of(call.principal),
            stored_ms=call.marti.clock(),
        )
        kept = await library.add(Received(staged, digest, "", ""), file, lambda known: known, by_name=True)
    finally:
        await asyncio.to_thread(staged.drop)
    return attached(kept)


def _copy(archive: zipfile.ZipFile, info: zipfile.ZipInfo, staged: Staged) -> str:
    with archive.open(info) as source:
        while part := source.read(_PART):
            staged.write(part)
    return staged.finish()


class Entry:
    """One file of a package that is given out.

    Parameters
    ----------
    name : str
        Within the archive.
    source : bytes or Path
    parameters : dict
        What the manifest says of it.
    """

    __slots__ = ("name", "parameters", "source")

    def __init__(self, name: str, source: bytes | Path, parameters: dict[str, str]) -> None:
        self.name, self.source, self.parameters = name, source, parameters


async def zipped(mission: Mission, entries: AsyncIterator[Entry]) -> AsyncIterator[bytes]:
    """Write a mission as a data package, piece by piece."""
    sink = _Sink()
    archive = zipfile.ZipFile(cast("IO[bytes]", sink), "w")
    listed: list[Entry] = []
    async for entry in entries:
        listed.append(Entry(entry.name, b"", entry.parameters))
        pieces = _pieces(archive, entry)
        while await asyncio.to_thread(next, pieces, None) is not None:
            yield sink.taken()
    manifest_xml = _manifest(mission, listed)
    for _ in _pieces(archive, Entry("MANIFEST/manifest.xml", manifest_xml, {})):
        pass
    archive.close()
    yield sink.taken()


def _pieces(archive: zipfile.ZipFile, entry: Entry) -> Iterator[int]:
    """Write an entry, and stop now and then so that what is written can be sent."""
    info = zipfile.ZipInfo(entry.name)
    info.external_attr = 0o600 << 16
    if isinstance(entry.source, bytes):
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, entry.source)
        yield 1
        return
    with entry.source.open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
        while part := source.read(_PART):
            target.write(part)
            yield 1


def _manifest(mission: Mission, entries: Iterable[Entry]) -> bytes:
    configuration = _parameters({"uid": mission.guid, "name": mission.name})
    contents = "".join(
        f'<Content ignore="false" zipEntry="{escape(entry.name)}">{_parameters(entry.parameters)}</Content>'
        for entry in entries
    )
    return (
        '<MissionPackageManifest version="2">'
        f"<Configuration>{configuration}</Configuration><Contents>{contents}</Contents>"
        "</MissionPackageManifest>"
    ).encode()


def _parameters(values: dict[str, str]) -> str:
    return "".join(f'<Parameter name="{name}" value="{escape(value)}"/>' for name, value in values.items())


class _Sink:
    """Takes bytes in and gives them out; nothing can be written in it twice."""

    def __init__(self) -> None:
        self._parts = bytearray()

    def write(self, data: bytes, /) -> int:
        self._parts += data
        return len(data)

    def flush(self) -> None:
        """Zip archives are flushed; here is nothing to do."""

    def taken(self) -> bytes:
        taken, self._parts = bytes(self._parts), bytearray()
        return taken
