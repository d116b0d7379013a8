"""Write a result folder as one step: nothing, or the whole of it.

A writer fills a hidden sibling of the target and puts it in place at the end, so that a kill or a full
disk leaves the old folder (or none) and never half of a new one. A folder that holds anything else than
results of Vallum is refused and never touched.
"""

import contextlib
import ctypes
import errno
import itertools
import json
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from vallum.core.errors import BadInput, VallumError

__all__ = ["foreign_entries", "staged", "write_bytes", "write_json"]

MODELS = ("fiscal", "works", "sky", "evacuation", "frontier")
"""Kinds of results that have a folder of their own, which is named so."""

BESIDE = ("map.geojson", "departures.csv")
"""Files of results for other programs."""

KINDS = ("plan", *MODELS)
_MODEL = "|".join(MODELS)
OUR_FOLDERS = re.compile(
    rf"national|joint|(?:(?:national|joint)/)?(?:{_MODEL}|(?:(?:{_MODEL})/)?(?:inputs|tables))"
)
#: The last alternative is what a report that was killed while it was written leaves behind.
OUR_FILES = re.compile(
    rf"(?:(?:national|joint)/)?(?:(?:{_MODEL})/)?"
    rf"(?:{'|'.join(map(re.escape, BESIDE))}"
    r"|manifest\.json|run\.json|(?:inputs|tables)/[a-z][a-z0-9_]*\.parquet"
    r"|report\.html|\.report\.html\.[a-z0-9_]+\.partial)|compare\.json"
)
MANIFESTS = ("manifest.json", "national/manifest.json", "joint/manifest.json")
#: A manifest beyond this size is not one of ours.
MANIFEST_LIMIT_BYTES = 16_000_000
#: How many foreign entries a message names.
NAMED = 3
AT_FDCWD = -100
RENAME_EXCHANGE = 2


def foreign_entries(folder: Path, most: int = NAMED + 1) -> list[str]:
    """Return what a folder holds that Vallum did not write, as paths relative to it.

    A folder without a plan's manifest is foreign as a whole, unless it is empty. Folders that Vallum does
    not make are named and not entered, so a whole disk is as quick as a plan.

    Parameters
    ----------
    folder : Path
        An existing folder.
    most : int
        Stop after so many.

    Raises
    ------
    OSError
        If the folder, or one of a plan's folders in it, cannot be read or emptied.
    """
    plan = any(is_plan_manifest(folder / name) for name in MANIFESTS)
    found = itertools.islice(foreign_in(folder, "") if plan else entry_names(folder), most)
    return sorted(found)


def entry_names(folder: Path) -> Iterator[str]:
    """Name the entries of a folder one by one."""
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


def foreign_in(folder: Path, prefix: str) -> Iterator[str]:
    """Name the foreign entries of a plan's folder, whose path in the plan is `prefix`, one by one."""
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    inner = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False) and OUR_FOLDERS.fullmatch(name):
                inner.append(name)
            elif not (entry.is_file(follow_symlinks=False) and OUR_FILES.fullmatch(name)):
                yield name
    for name in inner:
        yield from foreign_in(folder / name.removeprefix(prefix), f"{name}/")


def is_plan_manifest(path: Path) -> bool:
    """Tell whether a file says that it is the manifest of a plan, a fiscal outlook or a schedule of works."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MANIFEST_LIMIT_BYTES:
            return False
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("kind") in KINDS


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Give an empty folder that becomes `target` when the block ends without an error.

    Parameters
    ----------
    target : Path
        Folder to create or to replace. A symbolic link to a folder is followed.

    Yields
    ------
    Path
        Hidden sibling of the target on the same file system.

    Raises
    ------
    BadInput
        If the target is a file, or a folder that cannot be searched or holds anything but results of
        Vallum.
    VallumError
        If the disk is full or the place cannot be written. The old folder stays as it was.
    """
    place = Path(os.path.realpath(target))
    refuse_foreign(place)
    stage = place.parent / f".{place.name}.partial-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        sweep(place)
        stage.mkdir()
        yield stage
        sync_tree(stage)
        refuse_foreign(place)
        put_in_place(stage, place)
    except OSError as error:
        raise cannot_write(place, error) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def refuse_foreign(place: Path) -> None:
    """Raise BadInput if replacing `place` would lose anything that is not ours."""
    try:
        if not place.exists():
            return
        foreign = foreign_entries(place)
    except NotADirectoryError as error:
        raise BadInput(
            "A plan is written into a folder, and this is a file.",
            where=str(place),
            rule="output_folder",
            remedy="Give another --out.",
        ) from error
    except OSError as error:
        raise BadInput(
            f"The folder cannot be replaced: {error.filename} cannot be read and emptied ({error.strerror}).",
            where=str(place),
            rule="output_folder",
            remedy="Give another --out, or the permission to read and write all of this folder.",
        ) from error
    if foreign:
        more = " and more" if len(foreign) > NAMED else ""
        raise BadInput(
            f"The folder holds files that Vallum did not write: {', '.join(foreign[:NAMED])}{more}.",
            where=str(place),
            rule="output_folder",
            remedy="Give another --out, or move these files away.",
        )


def cannot_write(place: Path, error: OSError) -> VallumError:
    """Return the error a user can act on."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        message, remedy = "The disk is full; nothing was changed.", "Free some space or give another --out."
    else:
        message = f"The folder cannot be written ({error.strerror or error}); nothing was changed."
        remedy = "Check the permissions or give another --out."
    return VallumError(message, where=str(place), rule="output_folder", remedy=remedy)


def sweep(place: Path) -> None:
    """Remove what writers that died have left beside the target, and put an old folder back."""
    for left in sorted(place.parent.glob(f".{glob_escape(place.name)}.*-*-*")):
        found = re.fullmatch(r"\.(partial|old)-(\d+)-[0-9a-f]{8}", left.name[len(place.name) + 1 :])
        if not found or left.is_symlink() or alive(int(found[2])):
            continue
        if found[1] == "old" and not place.exists():
            left.rename(place)
        else:
            shutil.rmtree(left, ignore_errors=True)


def glob_escape(name: str) -> str:
    """Return a file name in which no letter is a wild card."""
    return re.sub(r"([*?\[])", r"[\1]", name)


def alive(pid: int) -> bool:
    """Tell whether a process exists (of any user)."""
    if os.name == "nt":
        return True  # signal 0 ends a process there, so a leftover simply stays
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def put_in_place(stage: Path, place: Path) -> None:
    """Make `stage` the target, in one step where the system can exchange two folders."""
    if not place.exists():
        stage.rename(place)
    elif exchange(stage, place):
        shutil.rmtree(stage, ignore_errors=True)
    else:
        old = place.parent / stage.name.replace(".partial-", ".old-")
        place.rename(old)
        try:
            stage.rename(place)
        except OSError:
            old.rename(place)
            raise
        shutil.rmtree(old, ignore_errors=True)
    sync_folder(place.parent)


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system or the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    done: int = rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)
    return done == 0


def sync_tree(folder: Path) -> None:
    """Flush the folders of a tree; its files were flushed when they were written."""
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            sync_folder(path)


def sync_folder(folder: Path) -> None:
    """Flush the entries of one folder where the system allows it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a new file and flush it to the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, content: object) -> None:
    """Write an object as readable JSON with sorted keys and flush it.

    Raises
    ------
    ValueError
        If a number is not finite: JSON has no such number.
    """
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_bytes(path, (text + "\n").encode())
