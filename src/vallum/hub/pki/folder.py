"""The folder of the certificates: read whole, written in one step, changed by one command at a time.

Every file in it is for its owner alone (mode 0600, folders 0700). A file is first written beside its place
and then put there, so a kill or a full disk leaves the old one. Names come from users and devices: a name
that leads out of the folder, also through a symbolic link, is refused.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vallum.core.errors import BadInput

__all__ = [
    "AUTHORITY",
    "CREDENTIALS",
    "KEY",
    "LARGEST",
    "REGISTRY",
    "REVOKED",
    "SERVER",
    "Folder",
    "State",
    "replace",
    "staged",
    "state",
]

AUTHORITY: Final = "ca.pem"
KEY: Final = "ca.key"
REGISTRY: Final = "registry.json"
CREDENTIALS: Final = "credentials.json"
REVOKED: Final = "crl.pem"
#: Key and certificate in one file, so that a reader never gets those of two certificates.
SERVER: Final = "server.pem"
LOCK: Final = ".lock"
UNFINISHED: Final = ".*.part"

#: Bytes; a registry of 100,000 certificates is about half of it.
LARGEST: Final = 64 * 2**20
#: Modification time in nanoseconds, size, inode: another file, or None without one.
State = tuple[int, int, int] | None

PATIENCE_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of certificates.

    Parameters
    ----------
    path : Path
        Where it is.
    """

    path: Path

    def at(self, name: str) -> Path:
        """Return the place of a file in the folder.

        Parameters
        ----------
        name : str
            Relative, its parts separated by ``/``.

        Raises
        ------
        BadInput
            If the name leads out of the folder, or through a symbolic link.
        """
        place = self.path
        for part in name.split("/"):
            if part in {"", ".", ".."} or any(character in part for character in "\\\0"):
                raise BadInput(f"{name!r} is no name of a file in this folder", str(self.path), "inside")
            place = place / part
            if place.is_symlink():
                raise BadInput(
                    "is a symbolic link", str(place), "inside", "Replace it by the file or folder itself."
                )
        return place

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        BadInput
            If it is missing or too large.
        """
        place = self.at(name)
        try:
            with place.open("rb") as stream:
                content = stream.read(LARGEST + 1)
        except FileNotFoundError:
            remedy = "Make the folder with: vallum pki init --dir FOLDER, or restore it from a backup."
            raise BadInput("there is no such file", str(place), "certificates", remedy) from None
        if len(content) > LARGEST:
            raise BadInput(
                f"is larger than {LARGEST:,} bytes", str(place), "size", "Restore it from a backup."
            )
        return content

    def write(self, name: str, content: bytes) -> None:
        """Put a file in its place in one step; its folder is made if there is none."""
        place = self.at(name)
        for parent in reversed(place.relative_to(self.path).parents):
            (self.path / parent).mkdir(mode=0o700, exist_ok=True)
        replace(place, content, self.path)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other command from changing the folder.

        Raises
        ------
        BadInput
            If there is no such folder, or another command does not finish.
        """
        if not self.path.is_dir():
            remedy = "Make it with: vallum pki init --dir FOLDER."
            raise BadInput("there is no folder of certificates", str(self.path), "certificates", remedy)
        descriptor = os.open(
            self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode=0o600
        )
        try:
            _wait_for(descriptor, self.path)
            for leftover in self.path.glob(UNFINISHED):
                leftover.unlink(missing_ok=True)
            yield
        finally:
            os.close(descriptor)

    def files(self) -> Iterator[str]:
        """Name the files that belong to it, the lock and unfinished ones left out."""
        for place in sorted(self.path.rglob("*")):
            if place.name == LOCK or place.match(UNFINISHED):
                continue
            if place.is_symlink() or place.is_file():
                yield place.relative_to(self.path).as_posix()


def replace(place: Path, content: bytes, beside: Path | None = None) -> None:
    """Write a file for its owner alone in one step.

    Parameters
    ----------
    place : Path
        Of the file, which may exist.
    content : bytes
        All of it.
    beside : Path, optional
        Folder of the same file system where the unfinished file may stand; that of `place` unless given.
    """
    unfinished = (beside or place.parent) / f".{secrets.token_hex(8)}.part"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode=0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(place)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _settle(place.parent)


@contextlib.contextmanager
def staged(path: Path) -> Iterator[Folder]:
    """Fill a new folder out of sight and put it in place at the end, whole or not at all.

    Raises
    ------
    BadInput
        If the place is taken by anything but an empty folder, then or when the new one is ready.
    """
    path = path.absolute()
    taken = BadInput(
        "is already there and not empty", str(path), "no overwriting", "Name another folder with --dir."
    )
    if path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))):
        raise taken
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield Folder(made)
        try:
            made.rename(path)
        except OSError as error:
            if path.exists():
                raise taken from error
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    _settle(path.parent)


def state(file: Path) -> State:
    """Return what tells a file from the one that was there before it."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _wait_for(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                remedy = "Wait for the other command, or end it."
                raise BadInput("another command is changing it", str(path), "lock", remedy) from None
            time.sleep(POLL_SECONDS)
        else:
            return


def _settle(folder: Path) -> None:
    """Have the disk keep the names in a folder, and not the content of its files alone."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
