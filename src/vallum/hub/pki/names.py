"""Which names of users, nations, groups and hosts are taken: all of them come from outside."""

import hashlib
import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from vallum.core.errors import BadInput

__all__ = ["file_stem", "group", "groups", "host", "nation", "password", "user"]

#: X.520 bounds a common name to 64 characters, and readers of certificates count bytes of UTF-8.
LONGEST_NAME: Final = 64
LONGEST_GROUP: Final = 64
MOST_GROUPS: Final = 64
BESIDE_LETTERS: Final = " ._-"
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
PLAIN = re.compile(r"[A-Za-z0-9._-]+")
SHORTEST_PASSWORD: Final = 6
LONGEST_PASSWORD: Final = 64


def user(name: str) -> str:
    """Return a user's name in its composed form (Unicode NFC).

    Raises
    ------
    BadInput
        If it has other than 1 to 64 bytes in UTF-8, or a character that is no letter, digit, space, ``.``,
        ``_`` or ``-``; if it does not begin with a letter or digit, or ends with a space or a dot.
    """
    composed = unicodedata.normalize("NFC", name)
    remedy = "Use letters, digits, spaces, dots, underscores and hyphens; begin with a letter or digit."
    where = f"user name {composed[:LONGEST_NAME]!r}"
    if not 1 <= len(composed.encode(errors="replace")) <= LONGEST_NAME:
        problem = f"it must have 1 to {LONGEST_NAME} bytes in UTF-8, where some letters take two or three"
        raise BadInput(problem, where, "user name", "Give a shorter name.")
    for character in composed:
        if not (unicodedata.category(character)[0] in "LMN" or character in BESIDE_LETTERS):
            raise BadInput(f"{character!r} must not be in it", where, "user name", remedy)
    if unicodedata.category(composed[0])[0] not in "LN" or composed[-1] in " .":
        raise BadInput("it begins or ends with a sign that must not be there", where, "user name", remedy)
    return composed


def nation(code: str) -> str:
    """Return a nation's code of two capital letters, as ISO 3166-1 alpha-2 has them.

    Raises
    ------
    BadInput
        If it is none.
    """
    if not re.fullmatch(r"[A-Z]{2}", code, re.ASCII):
        raise BadInput(
            "it must be two capital letters",
            f"nation {code[:8]!r}",
            "ISO 3166-1 alpha-2",
            "Write it like EE.",
        )
    return code


def group(name: str) -> str:
    """Return a group's name.

    Raises
    ------
    BadInput
        If it has other than 1 to 64 characters, one that is not printable, or a space at an end.
    """
    if not 1 <= len(name) <= LONGEST_GROUP or not name.isprintable() or name != name.strip():
        problem = f"it must have 1 to {LONGEST_GROUP} printable characters and no space at its ends"
        raise BadInput(problem, f"group {name[:LONGEST_GROUP]!r}", "group name", "Give another name.")
    return name


def groups(names: Iterable[str]) -> frozenset[str]:
    """Return groups, each once.

    Raises
    ------
    BadInput
        If one is not a name of a group, or there are more than 64.
    """
    checked = frozenset(group(name) for name in names)
    if len(checked) > MOST_GROUPS:
        raise BadInput(
            f"{len(checked)} groups are too many", "groups", "group name", f"At most {MOST_GROUPS}."
        )
    return checked


def host(name: str) -> str:
    """Return the name or address of a host, in lower case; an address in its usual form.

    Raises
    ------
    BadInput
        If it is neither a DNS name of up to 64 characters (which is what fits into a common name) nor an
        IP address.
    """
    lowered = name.lower()
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None
    try:
        address = ipaddress.ip_address(lowered)
    except ValueError:
        address = None
    # A zone, as in fe80::1%eth0, means something on one machine alone.
    if address is not None and "%" not in lowered:
        return str(address)
    labels = lowered.split(".")
    if (
        len(lowered) > LONGEST_NAME
        or not all(len(label) < 64 and LABEL.fullmatch(label) for label in labels)
        or labels[-1].isdigit()
    ):
        remedy = "Write it like hub.example.org, 192.0.2.7 or 2001:db8::7; an international name as xn--…."
        raise BadInput("is no DNS name or IP address", f"host {name[:LONGEST_NAME]!r}", "host name", remedy)
    return lowered


def password(text: str) -> str:
    """Return the password of a PKCS#12 file.

    Raises
    ------
    BadInput
        If it has other than 6 to 64 characters, or one outside printable ASCII, which devices encode in
        different ways.
    """
    if not SHORTEST_PASSWORD <= len(text) <= LONGEST_PASSWORD or not (text.isascii() and text.isprintable()):
        problem = f"it must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} printable ASCII characters"
        raise BadInput(problem, "--password", "password", "Leave the option out to get a random one.")
    return text


def file_stem(name: str) -> str:
    """Return a name for files on any device: ASCII without spaces, different for different users.

    Parameters
    ----------
    name : str
        Of a user, already checked.
    """
    if PLAIN.fullmatch(name):
        return name
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", letters).strip("-.")
    # Two names may have the same ASCII letters.
    return f"{kept or 'user'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
