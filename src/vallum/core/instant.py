"""Instants: milliseconds since 1970-01-01T00:00Z, as TAK protocol messages carry them."""

import re
from datetime import UTC, datetime, timedelta, timezone

from vallum.core.errors import BadInput

_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|z|[+-]\d\d:?\d\d)?", re.ASCII
)
_USUAL_LENGTHS = frozenset(
    map(len, ("2026-11-25T06:30:00Z", "2026-11-25T06:30:00.125Z", "2026-11-25T06:30:00.123456Z"))
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: str) -> int:
    """Read a W3C XML dateTime.

    Parameters
    ----------
    text : str
        Such as ``2026-11-25T06:30:00.125Z``. Without a zone it is UTC, as in all of Cursor on Target.

    Returns
    -------
    int
        Milliseconds since 1970-01-01T00:00Z, rounded down.

    Raises
    ------
    ValueError
        If the text is no such time.
    """
    # What nearly all clients write; the C parser reads it five times as fast, but takes other things, too.
    if len(text) in _USUAL_LENGTHS and text[4:17:3] == "--T::" and text[19] in ".Z":
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            if moment.tzinfo is UTC:
                return _milliseconds(moment)
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is no date and time like 2026-11-25T06:30:00Z")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    offset = UTC if zone in (None, "Z", "z") else _zone(zone)
    # A leap second has no number of its own; it counts as the second before it.
    seconds = 59 if second == "60" else int(second)
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), seconds, tzinfo=offset)
    return _milliseconds(moment) + int((fraction or "0").ljust(3, "0")[:3])


def write(milliseconds: int) -> str:
    """Write an instant as Cursor on Target does: UTC, to the millisecond.

    Parameters
    ----------
    milliseconds : int
        Milliseconds since 1970-01-01T00:00Z.

    Returns
    -------
    str
        Such as ``2026-11-25T06:30:00.125Z``.

    Raises
    ------
    ValueError
        If the instant lies outside the years 1 to 9999.
    """
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise ValueError(f"{milliseconds} ms lies outside the years 1 to 9999") from error
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"


def of_user(text: str, where: str) -> int:
    """Read a time that a user typed; a date alone is its first instant.

    Parameters
    ----------
    text : str
        An ISO date, or date and time.
    where : str
        The place to name in an error, such as ``--since``.

    Raises
    ------
    BadInput
        If the text is no such time.
    """
    whole = text if len(text) > len("2026-11-25") else f"{text}T00:00:00Z"
    try:
        return parse(whole)
    except ValueError as error:
        # What is written like one has a fault of its own, such as a thirteenth month.
        fault = f": {error}" if _DATE_TIME.fullmatch(whole) else ""
        raise BadInput(
            f"{text[:40]!r} is no date and time{fault}",
            where,
            "ISO 8601",
            "Write it like 2026-11-25 or 2026-11-25T06:30:00Z.",
        ) from error


def _milliseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def _zone(text: str) -> timezone:
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours >= 24 or minutes >= 60:
        raise ValueError(f"{text} is no offset from UTC")
    minutes += 60 * hours
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))
