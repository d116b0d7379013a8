"""Files of the folder that carry a format version: read if it is known, refused with the remedy if not."""

from typing import TypeVar

import msgspec

from vallum.core.errors import BadInput

__all__ = ["damaged", "decode"]

T = TypeVar("T", bound=msgspec.Struct)


class _Version(msgspec.Struct):
    format: int


def decode(content: bytes, kind: type[T], newest: int, rule: str, where: str) -> T:
    """Read a file's content.

    Parameters
    ----------
    content : bytes
        JSON.
    kind : type of Struct
        What it holds.
    newest : int
        The highest format that this Vallum reads.
    rule, where : str
        What it is, and its name, in messages.

    Raises
    ------
    BadInput
        If it is damaged, or written by a newer Vallum.
    """
    try:
        version = msgspec.json.decode(content, type=_Version).format
        if version > newest:
            raise BadInput(
                f"has format {version}; this Vallum reads up to {newest}",
                where,
                "format version",
                "Use a newer Vallum, or restore a backup that this one made.",
            )
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        # What msgspec says names the field and not its content.
        raise damaged(str(error), rule, where) from error


def damaged(problem: str, rule: str, where: str) -> BadInput:
    """Return what is said of a file that no command of Vallum writes."""
    return BadInput(f"is damaged: {problem}", where, rule, "Restore the folder from a backup.")
