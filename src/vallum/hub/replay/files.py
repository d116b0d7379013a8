"""Files that are there whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vallum.core.errors import BadInput

__all__ = ["check_apart", "check_place", "written"]


def check_place(path: Path, *, force: bool) -> None:
    """Find out whether a file may be written, before hours of work go into it.

    Raises
    ------
    BadInput
        If the place is taken, by a file without `force` or by anything else.
    """
    if path.exists() and not path.is_file():
        raise BadInput("is there and no file", str(path), "no overwriting", "Name a file with --out.")
    if path.exists() and not force:
        raise BadInput(
            "is already there", str(path), "no overwriting", "Name another file, or replace it with --force."
        )
    if not path.absolute().parent.is_dir():
        raise BadInput("has no folder to be in", str(path), "output folder", "Make its folder first.")


def check_apart(path: Path, journal: Path) -> None:
    """Find out whether a file may be written without harm to the journal that is read.

    Raises
    ------
    BadInput
        If it is the journal, or one of the files beside it.
    """
    for base in {journal, journal.resolve()}:
        for end in ("", "-wal", "-shm", ".lock"):
            part = base.with_name(f"{base.name}{end}")
            if path.resolve() == part.resolve() or (path.exists() and part.exists() and path.samefile(part)):
                raise BadInput(
                    "belongs to the journal" if end else "is the journal itself",
                    str(path),
                    "recordings stay as they are",
                    "Name another file with --out; --force does not replace a journal that is read.",
                )


@contextlib.contextmanager
def written(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Write a file beside its place and put it there when it is whole.

    Raises
    ------
    BadInput
        As `check_place`.
    """
    check_place(path, force=force)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with unfinished.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        check_place(path, force=force)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
