"""The log of a mission."""

import json
import sqlite3
import uuid
from typing import Final

import msgspec
from msgspec import UNSET

from vallum.core import instant
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.missions import limits, notices
from vallum.hub.marti.missions.changes import Span
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Reading, Ref
from vallum.hub.marti.missions.roles import OWNER
from vallum.hub.marti.missions.wire import LogEntry

__all__ = ["Written", "change", "entries", "entry", "insert", "remove"]

_OF: Final = """
SELECT mission_log.* FROM mission_log JOIN mission_log_of ON entry = id
WHERE mission = ? AND server_ms BETWEEN ? AND ? ORDER BY created_ms, id
"""
_MISSIONS: Final = """
SELECT mission.* FROM mission JOIN mission_log_of ON mission_log_of.mission = mission.id WHERE entry = ?
"""
_COUNT: Final = """
SELECT count(*) AS count FROM mission_log_of JOIN mission_log ON entry = mission_log.id
JOIN mission_label ON mission_label.id = label WHERE mission = ? AND nation = ?
"""
_SAME: Final = """
SELECT mission_log.* FROM mission_log JOIN mission_log_of ON entry = id WHERE mission = ? AND dtg <> ''
AND (principal, label, creator_uid, content, entry_uid, dtg, hashes, keywords) = (?, ?, ?, ?, ?, ?, ?, ?)
"""
_ABOUT: Final = """
SELECT label, principal, max(number) AS number FROM (
  SELECT label, principal, number FROM mission_item
  WHERE mission = ?1 AND kind IN ('uid', 'hash') AND key = ?2
  UNION ALL
  SELECT label, principal, number FROM mission_change WHERE mission = ?1 AND key = ?2 AND key <> ''
) GROUP BY label, principal ORDER BY number DESC
"""
_HASHES: Final = 100


class Written(msgspec.Struct, rename="camel"):
    """An entry as a client sends it."""

    content: str
    mission_names: list[str]
    creator_uid: str = ""
    id: str = ""
    entry_uid: str = ""
    dtg: str | None = None
    content_hashes: list[str] | None = None
    keywords: list[str] | None = None


def entries(reading: Reading, mission: sqlite3.Row, when: Span) -> list[LogEntry]:
    """Return the entries that the caller may see, the oldest first."""
    rows = reading.connection.execute(_OF, (mission["id"], *when)).fetchall()
    subjects = {key for row in rows if reading.sees(row) for key in _keys(row)}
    hidden = {key for key in subjects if _hidden(reading, mission, key)}
    return [_read(row, [mission]) for row in rows if reading.sees(row) and hidden.isdisjoint(_keys(row))]


def entry(reading: Reading, number: str) -> LogEntry:
    """Return one entry.

    Raises
    ------
    Refusal
        404 if it is not there, or not for the caller.
    """
    return _read(*_found(reading, number))


def insert(ledger: Ledger, written: Written) -> LogEntry:
    """Write a new entry.

    Raises
    ------
    Refusal
        400, 403, 404 or 409.
    """
    names = list(dict.fromkeys(written.mission_names))
    if not 0 < len(names) <= limits.AT_ONCE:
        raise Refusal(400, "body: missionNames: empty, or too many", rule="missionNames")
    missions = [ledger.mission(Ref("name", name.strip()), "MISSION_WRITE") for name in names]
    label, number = ledger.number(ledger.own()), str(uuid.uuid4())
    columns = _columns(written)
    known = _same(ledger, label, written.creator_uid, columns, missions)
    if known is not None:  # its client has not heard that it is there
        return _read(known, missions)
    nation = ledger.caller.principal.nation
    for mission in missions:
        (count,) = ledger.connection.execute(_COUNT, (mission["id"], nation)).fetchone()
        if count >= limits.LOGS:
            raise limits.full("log entries", limits.LOGS)
    ledger.connection.execute(
        "INSERT INTO mission_log (id, creator_uid, principal, label, created_ms, server_ms, content, "
        "entry_uid, dtg, hashes, keywords) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, limits.line(written.creator_uid, "body: creatorUid"), ledger.caller.principal.name, label,
         ledger.now, ledger.now, *columns),
    )  # fmt: skip
    for mission in missions:
        ledger.connection.execute("INSERT INTO mission_log_of VALUES (?, ?)", (mission["id"], number))
    return _read(_told(ledger, number, missions, written.creator_uid), missions)


def change(ledger: Ledger, written: Written) -> LogEntry:
    """Write an entry anew: its author alone says something else in its own name.

    Raises
    ------
    Refusal
        400, 403 or 404.
    """
    row, missions = _found(ledger, written.id)
    if not ledger.is_mine(row):
        raise _foreign()
    _need_write(ledger, missions)
    columns = _columns(written)
    before = tuple(row[name] for name in ("content", "entry_uid", "dtg", "hashes", "keywords"))
    if columns == before:
        return _read(row, missions)
    ledger.connection.execute(
        "UPDATE mission_log SET server_ms = ?, content = ?, entry_uid = ?, dtg = ?, hashes = ?, keywords = ? "
        "WHERE id = ?", (ledger.now, *columns, row["id"]),
    )  # fmt: skip
    return _read(_told(ledger, row["id"], _missions(ledger, row["id"]), written.creator_uid), missions)


def remove(ledger: Ledger, number: str) -> None:
    """Delete an entry; an owner of a mission takes those of others out of that one.

    Raises
    ------
    Refusal
        403 or 404.
    """
    row, missions = _found(ledger, number)
    if ledger.is_mine(row):
        _need_write(ledger, missions)
        missions = _missions(ledger, number)
    else:
        missions = [mission for mission in missions if ledger.role(mission) == OWNER]
    if not missions:
        raise _foreign()
    _told(ledger, number, missions, row["creator_uid"])
    for mission in missions:
        ledger.connection.execute(
            "DELETE FROM mission_log_of WHERE mission = ? AND entry = ?", (mission["id"], number)
        )
    if not _missions(ledger, number):
        ledger.connection.execute("DELETE FROM mission_log WHERE id = ?", (number,))


def _same(
    ledger: Ledger, label: int, creator_uid: str, columns: tuple[str, ...], missions: list[sqlite3.Row]
) -> sqlite3.Row | None:
    """Return the caller's own entry that says just the same, of a stated time and of the same missions."""
    rows = ledger.connection.execute(_SAME, (missions[0]["id"], ledger.caller.principal.name, label,
                                             creator_uid, *columns))  # fmt: skip
    wanted = {mission["id"] for mission in missions}
    for row in rows.fetchall():
        found = ledger.connection.execute("SELECT mission FROM mission_log_of WHERE entry = ?", (row["id"],))
        if {one["mission"] for one in found} == wanted:
            kept: sqlite3.Row = row
            return kept
    return None


def _columns(written: Written) -> tuple[str, str, str, str, str]:
    hashes = written.content_hashes or []
    if len(hashes) > _HASHES:
        raise Refusal(400, f"body: contentHashes: more than {_HASHES}", rule="contentHashes")
    if written.dtg:
        try:
            instant.parse(written.dtg)
        except ValueError as error:
            raise Refusal(400, f"body: dtg: {error}", rule="ISO 8601") from error
    return (
        limits.text(written.content, "body: content"),
        limits.line(written.entry_uid, "body: entryUid"),
        written.dtg or "",
        json.dumps([limits.line(one, "body: contentHashes") for one in hashes]),
        json.dumps(limits.keywords(written.keywords or [], "body: keywords"), ensure_ascii=False),
    )


def _found(reading: Reading, number: str) -> tuple[sqlite3.Row, list[sqlite3.Row]]:
    row = reading.connection.execute("SELECT * FROM mission_log WHERE id = ?", (number,)).fetchone()
    missions = [
        mission
        for mission in _missions(reading, number)
        if reading.named(mission) is not None and reading.readable(mission)
    ]
    if row is None or not missions or not _shown(reading, row, missions):
        raise Refusal(404, "no log entry of this id", rule="log entries")
    return row, missions


def _missions(reading: Reading, number: str) -> list[sqlite3.Row]:
    """Return all missions in whose log an entry stands, also those that its author no longer sees."""
    return reading.connection.execute(_MISSIONS, (number,)).fetchall()


def _foreign() -> Refusal:
    return Refusal(403, "the entry is somebody else's", rule="log entries", remedy="Ask its author.")


def _need_write(ledger: Ledger, missions: list[sqlite3.Row]) -> None:
    for mission in missions:
        ledger.need(mission, "MISSION_WRITE")


def _shown(reading: Reading, row: sqlite3.Row, missions: list[sqlite3.Row]) -> bool:
    """Whether the caller may see an entry: not one about contents that it may not, or might not, see."""
    if not reading.sees(row):
        return False
    return not any(_hidden(reading, mission, key) for mission in missions for key in _keys(row))


def _keys(row: sqlite3.Row) -> list[str]:
    """Return uids and hashes of what an entry is about."""
    return [*json.loads(row["hashes"]), *filter(None, (row["entry_uid"],))]


def _hidden(reading: Reading, mission: sqlite3.Row, key: str) -> bool:
    rows = reading.connection.execute(_ABOUT, (mission["id"], key)).fetchall()
    return bool(rows) and not any(reading.sees(row) for row in rows)


def _read(row: sqlite3.Row, missions: list[sqlite3.Row]) -> LogEntry:
    return LogEntry(
        id=row["id"],
        content=row["content"],
        creator_uid=row["creator_uid"],
        mission_names=[mission["name"] for mission in missions],
        servertime=instant.write(row["server_ms"]),
        created=instant.write(row["created_ms"]),
        content_hashes=json.loads(row["hashes"]),
        keywords=json.loads(row["keywords"]),
        entry_uid=row["entry_uid"] or UNSET,
        dtg=row["dtg"] or UNSET,
    )


def _told(ledger: Ledger, number: str, missions: list[sqlite3.Row], creator_uid: str) -> sqlite3.Row:
    """Take down and tell that an entry has changed, and return it as it is now."""
    row: sqlite3.Row = ledger.connection.execute(
        "SELECT * FROM mission_log WHERE id = ?", (number,)
    ).fetchone()
    for mission in missions:
        ledger.note(mission, "log", creator_uid, label=row["label"], principal=row["principal"])
        items = (ledger.connection.execute(_ABOUT, (mission["id"], key)).fetchone() for key in _keys(row))
        about = [(one["label"], one["principal"]) for one in (row, *items) if one is not None]
        ledger.tell(mission, notices.LOG, author=creator_uid, about=about)
    return row
