"""Data packages: zip archives from strangers, of which only what is harmless to open is taken."""

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

__all__ = ["MANIFEST", "Content", "NoArchive", "Package", "Unsafe", "inspect", "manifest", "opened"]

MANIFEST: Final = "manifest/manifest.xml"
"""The entry that makes an archive a data package, in lower case; clients write ``MANIFEST/manifest.xml``."""

_ENTRIES: Final = 10_000
_DIRECTORY: Final = 4 << 20
"""Bytes of an archive's directory, which is read whole."""
_UNPACKED: Final = 4_000_000_000
_RATIO: Final = 200
_SMALL: Final = 64 << 20
"""Bytes that an archive may unpack to however small it is: blank tiles shrink a thousandfold."""
_DEPTH: Final = 32
_NAME: Final = 1_024
_MANIFEST: Final = 1 << 20
_ELEMENTS: Final = 50_000
_LOCAL_HEADER: Final = 30
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x41
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_BROKEN: Final = (zipfile.BadZipFile, NotImplementedError, EOFError, struct.error, zlib.error)
"""What zipfile raises at archives that somebody has made for that purpose; when it opens one also `_ODD`."""
_ODD: Final = (ValueError, OverflowError)


class NoArchive(Exception):
    """A file that is no zip archive, or not a whole one."""


class Unsafe(Exception):
    """An archive that would harm whoever unpacks it, or that says two things at once."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a package, as its manifest states it.

    Parameters
    ----------
    entry : str
        Name within the archive.
    ignore : bool
        Whether clients leave it alone.
    parameters : dict
        Such as ``uid``, ``name``, ``isCoT``.
    """

    entry: str
    ignore: bool
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Package:
    """What a manifest says.

    Parameters
    ----------
    parameters : dict
        Of the package: ``uid``, ``name``, ``onReceiveImport`` and others.
    contents : tuple of Content
        Its files.
    """

    parameters: dict[str, str]
    contents: tuple[Content, ...]


def inspect(path: Path) -> Package | None:
    """Check an archive and read its manifest; None if it has none. Takes a while: not for the loop.

    Raises
    ------
    NoArchive, Unsafe
    """
    with opened(path) as archive:
        return manifest(archive)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive that is harmless: bounded in every size, with each entry named once and within it.

    Raises
    ------
    NoArchive, Unsafe
        Also when what is read from it later turns out to be broken.
    """
    with _Bounded(io.FileIO(path)) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (*_BROKEN, *_ODD) as error:
            raise NoArchive(f"no whole zip archive: {error}") from error
        try:
            _check(archive, path.stat().st_size)
            yield archive
        except _BROKEN as error:
            raise NoArchive(f"no whole zip archive: {error}") from error


def manifest(archive: zipfile.ZipFile) -> Package | None:
    """Read the manifest of an archive that has been checked; None if it has none.

    Raises
    ------
    Unsafe
        If it cannot be read.
    """
    found = next((one for one in archive.infolist() if _plain(one.filename).lower() == MANIFEST), None)
    if found is None:
        return None
    if found.file_size > _MANIFEST:
        raise Unsafe(f"manifest of more than {_MANIFEST} bytes")
    try:
        root = fromstring(archive.read(found), forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:  # the last two: encodings
        raise Unsafe(f"manifest cannot be read: {error}") from error
    if sum(1 for _ in root.iter()) > _ELEMENTS:
        raise Unsafe(f"manifest of more than {_ELEMENTS} elements")
    contents = tuple(
        Content(_plain(one.get("zipEntry", "")), one.get("ignore", "").lower() == "true", _parameters(one))
        for one in root.iterfind("Contents/Content")
    )
    configuration = root.find("Configuration")
    return Package({} if configuration is None else _parameters(configuration), contents)


class _Bounded(io.BufferedReader):
    """Reads no more at once than a directory may have: zipfile believes what the archive says of its size."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, or refuse."""
        wanted = _DIRECTORY + 1 if size is None or size < 0 else size
        data = super().read(wanted) if wanted <= _DIRECTORY + 1 else b""
        if wanted > _DIRECTORY + 1 or len(data) > _DIRECTORY:
            raise Unsafe(f"a directory of more than {_DIRECTORY} bytes")
        return data


def _check(archive: zipfile.ZipFile, size: int) -> None:
    entries = archive.infolist()
    if len(entries) > _ENTRIES:
        raise Unsafe(f"{len(entries)} entries, more than {_ENTRIES}")
    unpacked = sum(one.file_size for one in entries)
    if unpacked > _UNPACKED or unpacked > max(_SMALL, _RATIO * size):
        raise Unsafe(f"it unpacks to {unpacked} bytes, {unpacked // max(size, 1)} times its size")
    names: set[str] = set()
    for one in entries:
        name = _checked(one)
        folded = unicodedata.normalize("NFC", name.rstrip("/")).casefold()
        if folded in names:
            raise Unsafe(f"two entries are called {_shown(name)}")
        names.add(folded)
    _check_places(archive, entries)


def _checked(one: zipfile.ZipInfo) -> str:
    name = _plain(one.orig_filename)
    parts = name.split("/")
    if one.flag_bits & _ENCRYPTED:
        raise Unsafe(f"entry {_shown(name)} is encrypted")
    if one.compress_type not in _METHODS:
        raise Unsafe(f"entry {_shown(name)} is packed in a way that clients do not read")
    kind = stat.S_IFMT(one.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Unsafe(f"entry {_shown(name)} is a link or a device")
    if not name or len(name) > _NAME or any(unicodedata.category(letter) == "Cc" for letter in name):
        raise Unsafe(f"entry {_shown(name)} has no proper name")
    if name.startswith("/") or _DRIVE.match(name) or ".." in parts:
        raise Unsafe(f"entry {_shown(name)} leads out of the archive")
    if len(parts) > _DEPTH:
        raise Unsafe(f"entry {_shown(name)} lies more than {_DEPTH} folders deep")
    return name


def _check_places(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse entries that share bytes: a small archive would unpack to any size."""
    end = 0
    for one in sorted(entries, key=lambda one: one.header_offset):
        if one.header_offset < end:
            raise Unsafe(f"entry {_shown(one.filename)} overlaps another one")
        end = one.header_offset + _LOCAL_HEADER + one.compress_size
    if end > archive.start_dir:
        raise NoArchive("no whole zip archive: an entry ends behind it")


def _plain(name: str) -> str:
    """Return a name with slashes: some programs of Windows write backslashes."""
    return name.replace("\\", "/")


def _shown(name: str) -> str:
    return repr(name[:60])


def _parameters(element: Element) -> dict[str, str]:
    return {
        one.get("name", ""): one.get("value", "") for one in element.iterfind("Parameter") if one.get("name")
    }
