"""Changes as they are read: what came into a mission and what went, as far as the reader may see it."""

import sqlite3
from typing import Any, Final, get_args

import msgspec

from vallum.core import instant
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.files.answers import Resource
from vallum.hub.marti.missions.reading import Reading
from vallum.hub.marti.missions.wire import Change, ChangeKind, Details

__all__ = ["Span", "change", "changes", "last", "resource", "span"]

_KINDS: Final = get_args(ChangeKind)
_QUESTION: Final = """
SELECT * FROM mission_change WHERE mission = ? AND at_ms BETWEEN ? AND ? ORDER BY number DESC
"""
# An entry of the log may be about contents, and a layer lie in layers, with labels of their own.
_LAST: Final = """
SELECT at_ms, label, principal FROM mission_change WHERE mission = ? AND kind NOT IN ('log', 'layer')
ORDER BY number DESC
"""
_EVER: Final = 1 << 62

Span = tuple[int, int]
"""First and last instant, milliseconds since 1970-01-01T00:00Z."""


def span(now: int, secago: int | None, start: str | None, end: str | None) -> Span:
    """Read what a request says of the time it asks about.

    Raises
    ------
    Refusal
        400 if a time cannot be read.
    """
    first, last = 0, _EVER
    if start:
        first = _instant("start", start)
    if end:
        last = _instant("end", end)
    if secago is not None:
        first = max(first, now - secago * 1000)
    return first, last


def changes(reading: Reading, mission: sqlite3.Row, when: Span, *, squashed: bool) -> list[Change]:
    """Return changes, the newest first.

    Parameters
    ----------
    reading : Reading
    mission : sqlite3.Row
    when : Span
    squashed : bool
        Only the last change of each content.
    """
    found: list[Change] = []
    done: set[tuple[str, str]] = set()
    for row in reading.connection.execute(_QUESTION, (mission["id"], *when)):
        if row["kind"] not in _KINDS or not reading.sees(row):
            continue
        if row["what"] and squashed:
            content = (row["what"], row["key"])
            if content in done:
                continue
            done.add(content)
        same = reading.label(row["label"]).marking.nation == reading.caller.principal.nation
        found.append(change(mission, row, submitter=same))
    return found


def last(reading: Reading, mission: sqlite3.Row) -> int:
    """Return when the last change was made of which the caller may know."""
    rows = reading.connection.execute(_LAST, (mission["id"],))
    return next((int(row["at_ms"]) for row in rows if reading.sees(row)), int(mission["created_ms"]))


def change(mission: sqlite3.Row, row: sqlite3.Row | dict[str, Any], *, submitter: bool) -> Change:
    """Return one change as clients read it, with or without the user name of a file's owner."""
    at = instant.write(row["at_ms"])
    made = Change(
        is_federated_change=False,
        type=row["kind"],
        mission_name=mission["name"],
        mission_guid=mission["guid"],
        timestamp=at,
        server_time=at,
        creator_uid=row["creator_uid"],
    )
    body = str(row["body"]).encode()
    if row["what"] == "uid":
        made.content_uid = str(row["key"])
        if body:
            made.details = msgspec.json.decode(body, type=Details)
    elif row["what"] == "hash":
        made.content_resource = resource(body, submitter=submitter)
    return made


def resource(body: bytes | str, *, submitter: bool) -> Resource:
    """Return the metadata of a file, with or without the user name of its owner."""
    found = msgspec.json.decode(body, type=Resource)
    return found if submitter else msgspec.structs.replace(found, submitter="")


def _instant(name: str, text: str) -> int:
    try:
        return instant.parse(text)
    except ValueError as error:
        raise Refusal(400, f"query parameter {name}: {error}", rule="ISO 8601") from error
