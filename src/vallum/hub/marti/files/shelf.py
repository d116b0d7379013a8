"""Bodies of files on disk, each once, under the SHA-256 of its content."""

import asyncio
import hashlib
import io
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final, ParamSpec, TypeVar

__all__ = ["HASH", "Shelf", "Staged"]

HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
"""SHA-256 in hexadecimal."""

_ARRIVING: Final = ".arriving"
_THREADS: Final = 4

P = ParamSpec("P")
T = TypeVar("T")


class Staged:
    """A body that arrives; made by `Shelf.stage`. Its methods wait for the disk: they belong in a thread.

    Parameters
    ----------
    path : Path
        Where it lies until it is whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        self._lock = Lock()  # a request may be given up while a thread still writes
        self._file = io.FileIO(path, "x", opener=_for_its_owner)

    def write(self, data: bytes) -> None:
        """Add what has come."""
        with self._lock:
            self._hash.update(data)
            self.size += len(data)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]

    def finish(self) -> str:
        """Put all of it on disk, and return its SHA-256."""
        with self._lock:
            os.fsync(self._file.fileno())
            self._file.close()
        return self._hash.hexdigest()

    def drop(self) -> None:
        """Let go of it, unless it has its place already."""
        with self._lock:
            self._file.close()
            self.path.unlink(missing_ok=True)


class Shelf:
    """The folder of bodies.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._threads = ThreadPoolExecutor(_THREADS, "files")

    async def run(self, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Do what waits for the disk in a thread, of which others that wait for nothing have no need."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(work, *args, **more))

    def close(self) -> None:
        """Let what is under way come to its end, and begin nothing more."""
        self._threads.shutdown(wait=False)

    def open(self) -> None:
        """Make the folder, and clear away what was arriving when the hub was ended."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(self.folder / _ARRIVING, ignore_errors=True)
        (self.folder / _ARRIVING).mkdir(mode=0o700, exist_ok=True)

    def stage(self) -> Staged:
        """Begin a body."""
        return Staged(self.folder / _ARRIVING / secrets.token_hex(16))

    def place(self, staged: Staged, digest: str) -> None:
        """Give a body that is finished its place; from then on it is there whatever happens."""
        target = self.path(digest)
        if not target.parent.exists():
            target.parent.mkdir(mode=0o700)
            _settle(self.folder)
        staged.path.replace(target)
        _settle(target.parent)

    def path(self, digest: str) -> Path:
        """Return where the body of a SHA-256 lies.

        Raises
        ------
        ValueError
            If it is none: names in paths come from clients.
        """
        if not HASH.fullmatch(digest):
            raise ValueError("no SHA-256")
        return self.folder / digest[:2] / digest

    def remove(self, digest: str) -> None:
        """Let go of a body."""
        self.path(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        """Return the SHA-256 of every body."""
        for folder in self.folder.iterdir():
            if len(folder.name) == 2 and folder.is_dir():
                yield from (one.name for one in folder.iterdir() if HASH.fullmatch(one.name))


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _settle(folder: Path) -> None:
    """See to it that names in a folder outlast a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
