"""Read the single files of a plan's folder; what is not as it was written is BadInput with a remedy."""

import io
import json
import stat
from pathlib import Path
from typing import Any, Final

import polars as pl

from vallum.core.errors import BadInput

__all__ = ["REPLAN", "damaged", "exists", "parse_parquet", "read_file", "read_json"]

#: A manifest beyond this size is not one of ours.
JSON_LIMIT_BYTES: Final = 16_000_000
REPLAN: Final = "Plan again with `vallum plan`."


def exists(path: Path) -> bool:
    """Tell whether there is something at a path; what may not be looked at is BadInput."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise unreadable(path, error) from error
    return True


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of moderate size."""
    content = read_file(path, JSON_LIMIT_BYTES)
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise damaged(path, "This is no JSON file.", "readable_file") from error
    if not isinstance(value, dict):
        raise damaged(path, "This is no JSON object.", "readable_file")
    return value


def read_file(path: Path, limit: int | None = None) -> bytes:
    """Read a regular file of the plan's folder; links out of the folder are refused."""
    try:
        if path.is_symlink() or path.parent.is_symlink():
            raise damaged(path, "A plan holds no symbolic links.", "plan_folder")
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise damaged(path, "This is no regular file.", "readable_file")
        if limit is not None and status.st_size > limit:
            raise damaged(path, f"The file is larger than {limit / 1e6:.0f} MB.", "readable_file")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise damaged(path, "The file is missing.", "plan_folder") from error
    except OSError as error:
        raise unreadable(path, error) from error


def parse_parquet(path: Path, content: bytes) -> pl.DataFrame:
    """Return the table of a Parquet file."""
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, MemoryError) as error:
        raise damaged(path, "The file is damaged: it is no whole Parquet file.", "readable_file") from error


def unreadable(path: Path, error: OSError) -> BadInput:
    """Return the error for a file or folder that the system does not let us read."""
    message = f"This cannot be read ({error.strerror or error})."
    return BadInput(
        message, where=str(path), rule="readable_file", remedy="Check the permissions of the plan's folder."
    )


def damaged(path: Path, message: str, rule: str) -> BadInput:
    """Return the error for a file that is not as it was written."""
    return BadInput(message, where=str(path), rule=rule, remedy=REPLAN)
