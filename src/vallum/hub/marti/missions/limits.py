"""How much of anything there may be in a mission, and what may be written in a name."""

import unicodedata
from collections.abc import Sequence
from typing import Final

from vallum.hub.marti.answer import Refusal

__all__ = [
    "AT_ONCE", "CHANGES", "EVENT_BYTES", "INVITATIONS", "LABELS", "LAYERS", "LAYER_DEPTH", "LOGS",
    "SUBSCRIBERS", "full", "keywords", "line", "name", "text", "uid",
]  # fmt: skip

AT_ONCE: Final = 1_000
"""Contents, missions or invitees in one request."""
CHANGES: Final = 20_000
"""Changes of one mission that are kept; the oldest are let go, its contents stay."""
EVENT_BYTES: Final = 64 << 20
"""Bytes of all events in a mission."""
INVITATIONS: Final = 1_000
LABELS: Final = 10_000
"""Different ones, of one nation in all missions."""
LAYERS: Final = 500
LAYER_DEPTH: Final = 16
LOGS: Final = 10_000
SUBSCRIBERS: Final = 1_000
"""Of one mission and nation, as all counts here: what others have must not show in what is refused."""

_KEYWORDS: Final = 64
_KEYWORD: Final = 256
_LINE: Final = 1_024
_TEXT: Final = 65_536
_UID: Final = 500
_RESERVED: Final = frozenset(("all", "guid", "invitations", "logs"))


def full(what: str, most: int) -> Refusal:
    """Return the refusal of one more."""
    return Refusal(409, f"the mission has {most} {what} already", rule=what, remedy="Remove some first.")


def name(value: str, where: str) -> str:
    """Return a mission's name as it is kept.

    Raises
    ------
    Refusal
        400 if it cannot be one.
    """
    found = line(value.strip(), where)
    if not found or "/" in found:
        raise Refusal(400, f"{where}: empty, or with a slash", rule="mission name")
    if found.lower() in _RESERVED:
        raise Refusal(400, f"{where}: a word with a meaning of its own in paths", rule="mission name")
    return found


def line(value: str, where: str) -> str:
    """Return a short text without control characters.

    Raises
    ------
    Refusal
        400 if it is none.
    """
    return _checked(value, where, _LINE)


def uid(value: str, where: str) -> str:
    """Return a uid.

    Raises
    ------
    Refusal
        400 if it cannot be one.
    """
    if not value:
        raise Refusal(400, f"{where}: empty", rule="uid")
    return _checked(value, where, _UID)


def text(value: str, where: str) -> str:
    """Return a text that may have many lines.

    Raises
    ------
    Refusal
        400 if it is too long.
    """
    if len(value) > _TEXT:
        raise Refusal(400, f"{where}: more than {_TEXT} characters", rule="length")
    return value


def keywords(words: Sequence[str], where: str) -> list[str]:
    """Return keywords, each once.

    Raises
    ------
    Refusal
        400 if they are too many or too long.
    """
    found = list(dict.fromkeys(_checked(word, where, _KEYWORD) for word in words))
    if len(found) > _KEYWORDS:
        raise Refusal(400, f"{where}: more than {_KEYWORDS} keywords", rule="keywords")
    return found


def _checked(value: str, where: str, most: int) -> str:
    if len(value) > most:
        raise Refusal(400, f"{where}: more than {most} characters", rule="length")
    for place, letter in enumerate(value):
        if unicodedata.category(letter) == "Cc":
            raise Refusal(400, f"{where}: a control character at {place}", rule="characters")
    return value
