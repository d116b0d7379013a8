"""What clients call things, made harmless or refused."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from vallum.hub.marti.answer import Refusal

__all__ = ["PACKAGE", "ZIPS", "digest", "file_name", "keywords", "media_type", "tool", "word"]

PACKAGE: Final = "missionpackage"
"""The keyword under which clients look for data packages."""
ZIPS: Final = ("application/zip", "application/x-zip-compressed", "application/x-zip")
UNKNOWN: Final = "application/octet-stream"

_BYTES: Final = 200
_WORD: Final = 256
_KEYWORDS: Final = 32
_MEDIA: Final = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,100}", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


def file_name(name: str) -> str:
    """Return a name that no folder and no terminal takes for more than a name; empty if nothing is left."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    seen = "".join(letter for letter in last if letter.isprintable())
    return seen.strip(" .").encode()[:_BYTES].decode(errors="ignore")


def word(text: str, where: str) -> str:
    """Return a client's own word for something.

    Raises
    ------
    Refusal
        400 if it is too long or holds what cannot be shown.
    """
    if len(text) > _WORD or not text.isprintable():
        raise Refusal(400, f"{where}: more than {_WORD} characters, or control characters", rule="words")
    return text


def tool(text: str) -> str:
    """Return a tool: public, private or another word of letters and digits.

    Raises
    ------
    Refusal
        400 if it is none.
    """
    if not re.fullmatch(r"[\w.-]{1,64}", text):
        raise Refusal(
            400, "tool: no word of 1 to 64 letters and digits", rule="tool", remedy="Say public or private."
        )
    return text.lower() if text.lower() in ("public", "private") else text


def keywords(stated: Iterable[str]) -> tuple[str, ...]:
    """Return keywords, each once; some clients put commas between them.

    Raises
    ------
    Refusal
        400 if they are too many or too long.
    """
    found = dict.fromkeys(word(one.strip(), "keywords") for text in stated for one in text.split(","))
    found.pop("", None)
    if len(found) > _KEYWORDS:
        raise Refusal(400, f"keywords: more than {_KEYWORDS}", rule="keywords")
    return tuple(found)


def media_type(text: str) -> str:
    """Return a media type without its parameters; octets if it is none."""
    plain = text.partition(";")[0].strip().lower()
    return plain if _MEDIA.fullmatch(plain) else UNKNOWN


def digest(text: str, where: str) -> str:
    """Return a SHA-256 in lower case.

    Raises
    ------
    Refusal
        400 if it is none.
    """
    if not _DIGEST.fullmatch(text):
        raise Refusal(400, f"{where}: no SHA-256 of 64 hexadecimal digits", rule="hash")
    return text.lower()
