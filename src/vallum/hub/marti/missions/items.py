"""What is in a mission: events by their uid, and files by their hash."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, cast

import msgspec
from msgspec import UNSET, UnsetType

from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.missions import changes, limits, notices
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Label, Reading
from vallum.hub.marti.missions.wire import AddedFile, AddedUid, Details

__all__ = [
    "Item",
    "Kind",
    "add",
    "files",
    "kept_event",
    "keyed",
    "move",
    "remove",
    "set_keywords",
    "shown",
    "uids",
]

Kind = Literal["uid", "hash"]

_LETTERS: Final = {"uid": "u", "hash": "c"}
_COLUMNS: Final = (
    "mission, kind, key, label, principal, creator_uid, number, at_ms, keywords, layer, body, live"
)
_READ: Final = f"{_COLUMNS}, strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at"
"""The time is written by the database: of thousands of contents that is most of the work."""
_COUNT: Final = """
SELECT coalesce(sum(items), 0), coalesce(sum(bytes), 0) FROM mission_use WHERE mission = ? AND nation = ?
"""
_PUT: Final = f"""
INSERT INTO mission_item ({_COLUMNS}, xml) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '[]', ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET principal = excluded.principal, creator_uid = excluded.creator_uid,
  number = excluded.number, at_ms = excluded.at_ms, layer = excluded.layer, body = excluded.body,
  live = excluded.live, xml = excluded.xml
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is put into a mission.

    Parameters
    ----------
    kind : {"uid", "hash"}
    key : str
        Its uid or hash.
    label : Label
        Its own, not that of whoever puts it there.
    principal : str
        User name of who made it.
    body : str
        JSON of `Details` or `Resource`; empty if nothing is known of it.
    xml : bytes, optional
        The event.
    live : bool
        Whether it was only named, so that its newest event counts.
    """

    kind: Kind
    key: str
    label: Label
    principal: str
    body: str
    xml: bytes | None = None
    live: bool = False


def shown(reading: Reading, mission: sqlite3.Row, kind: Kind | None = None) -> list[sqlite3.Row]:
    """Return what the caller may see, the newest of each uid and hash, in the order in which it came."""
    rows = reading.connection.execute(
        f"SELECT {_READ} FROM mission_item WHERE mission = ? ORDER BY number",  # noqa: S608
        (mission["id"],),
    )
    found = {
        (row["kind"], row["key"]): row for row in rows if kind in (None, row["kind"]) and reading.sees(row)
    }
    return sorted(found.values(), key=lambda row: row["number"])


def keyed(reading: Reading, mission: sqlite3.Row, kind: Kind, key: str) -> list[sqlite3.Row]:
    """Return what the caller may see of one uid or hash, the newest first; empty if it is not there."""
    rows = reading.connection.execute(
        f"SELECT {_READ} FROM mission_item WHERE mission = ? AND kind = ? AND key = ? "  # noqa: S608
        "ORDER BY number DESC",
        (mission["id"], kind, key),
    )
    return [row for row in rows if reading.sees(row)]


def kept_event(reading: Reading, row: sqlite3.Row) -> bytes | None:
    """Return the event that is kept with a content; None if there is none, or it has been taken out since."""
    kept = reading.connection.execute(
        "SELECT xml FROM mission_item WHERE (mission, kind, key, label) = (?, ?, ?, ?)",
        (row["mission"], row["kind"], row["key"], row["label"]),
    ).fetchone()
    return None if kept is None else kept["xml"]


def uids(rows: Iterable[sqlite3.Row]) -> list[AddedUid]:
    """Return the events among rows, as clients read them."""
    return [
        AddedUid(
            data=row["key"],
            timestamp=row["at"],
            creator_uid=row["creator_uid"],
            keywords=msgspec.json.decode(row["keywords"], type=list[str]),
            details=_kept(row["body"]),
        )
        for row in rows
        if row["kind"] == "uid"
    ]


def files(reading: Reading, rows: Iterable[sqlite3.Row]) -> list[AddedFile]:
    """Return the files among rows, as clients read them."""
    nation = reading.caller.principal.nation
    return [
        AddedFile(
            data=changes.resource(
                row["body"], submitter=reading.label(row["label"]).marking.nation == nation
            ),
            timestamp=row["at"],
            creator_uid=row["creator_uid"],
            keywords=msgspec.json.decode(row["keywords"], type=list[str]),
        )
        for row in rows
        if row["kind"] == "hash"
    ]


def add(
    ledger: Ledger, mission: sqlite3.Row, item: Item, creator_uid: str, *, most: int, layer: str | None = None
) -> bool:
    """Put something into a mission, and say whether that changed anything.

    Parameters
    ----------
    ledger : Ledger
    mission : sqlite3.Row
    item : Item
    creator_uid : str
        The client that does it, as it states itself.
    most : int
        Contents that a nation may have in a mission.
    layer : str, optional
        Uid of the layer it goes into; where it is, or none, unless given.

    Raises
    ------
    Refusal
        409 if there are too many.
    """
    label = ledger.number(item.label)
    place = (mission["id"], item.kind, item.key, label)
    there = ledger.connection.execute(
        "SELECT layer, xml, live FROM mission_item WHERE (mission, kind, key, label) = (?, ?, ?, ?)", place
    ).fetchone()
    if there is not None:
        layer = there["layer"] if layer is None else layer
        same = item.xml is None or item.live or item.xml == there["xml"]
        if same and layer == there["layer"]:
            return False
    _check_room(ledger, mission, item, there, most)
    number, at = _note(ledger, mission, "ADD_CONTENT", creator_uid, item, label)
    ledger.connection.execute(
        _PUT, (*place, item.principal, creator_uid, number, at, layer or "", item.body, item.live, item.xml)
    )
    return True


def move(ledger: Ledger, mission: sqlite3.Row, row: sqlite3.Row, creator_uid: str, layer: str) -> None:
    """Put a content that is there into another layer."""
    if row["layer"] == layer:
        return
    item = _item(ledger, row)
    number, at = _note(ledger, mission, "ADD_CONTENT", creator_uid, item, row["label"])
    ledger.connection.execute(
        "UPDATE mission_item SET layer = ?, number = ?, at_ms = ? "
        "WHERE (mission, kind, key, label) = (?, ?, ?, ?)",
        (layer, number, at, row["mission"], row["kind"], row["key"], row["label"]),
    )


def remove(ledger: Ledger, mission: sqlite3.Row, kind: Kind, key: str, creator_uid: str) -> None:
    """Take a uid or a file out, as far as the caller may see it.

    Raises
    ------
    Refusal
        404 if it sees none.
    """
    rows = keyed(ledger, mission, kind, key)
    if not rows:
        raise Refusal(404, f"no content of this {kind} in the mission", rule="contents")
    for row in rows:
        _note(ledger, mission, "REMOVE_CONTENT", creator_uid, _item(ledger, row), row["label"])
        ledger.connection.execute(
            "DELETE FROM mission_item WHERE (mission, kind, key, label) = (?, ?, ?, ?)",
            (mission["id"], kind, key, row["label"]),
        )


def set_keywords(
    ledger: Ledger, mission: sqlite3.Row, kind: Kind, key: str, words: list[str], creator_uid: str
) -> None:
    """Give a content its keywords.

    Raises
    ------
    Refusal
        404 if the caller sees none.
    """
    rows = keyed(ledger, mission, kind, key)
    if not rows:
        raise Refusal(404, f"no content of this {kind} in the mission", rule="contents")
    for row in rows:
        if json.loads(row["keywords"]) == words:
            continue
        ledger.connection.execute(
            "UPDATE mission_item SET keywords = ? WHERE (mission, kind, key, label) = (?, ?, ?, ?)",
            (json.dumps(words, ensure_ascii=False), mission["id"], kind, key, row["label"]),
        )
        ledger.note(mission, "keywords", creator_uid, label=row["label"], principal=row["principal"])
        ledger.tell(
            mission, f"{notices.KEYWORDS}-{_LETTERS[kind]}", author=creator_uid,
            inside=notices.keywords_xml(kind, key, words), about=[(row["label"], row["principal"])],
        )  # fmt: skip


def _check_room(
    ledger: Ledger, mission: sqlite3.Row, item: Item, there: sqlite3.Row | None, most: int
) -> None:
    size = len(item.xml or b"")
    before = 0 if there is None else len(there["xml"] or b"")
    count, total = ledger.connection.execute(_COUNT, (mission["id"], item.label.marking.nation)).fetchone()
    if there is None and count >= most:
        raise limits.full("contents", most)
    if total - before + size > limits.EVENT_BYTES:
        raise limits.full("bytes of events", limits.EVENT_BYTES)


def _kept(body: str) -> Details | UnsetType:
    """Return details as they are kept: JSON, which nothing need read before it is written into an answer."""
    return cast("Details", msgspec.Raw(body.encode())) if body else UNSET


def _item(reading: Reading, row: sqlite3.Row) -> Item:
    return Item(row["kind"], row["key"], reading.label(row["label"]), row["principal"], row["body"])


def _note(
    ledger: Ledger, mission: sqlite3.Row, kind: str, creator_uid: str, item: Item, label: int
) -> tuple[int, int]:
    """Take down and tell that a content came or went."""
    told = {"kind": kind, "creator_uid": creator_uid, "what": item.kind, "key": item.key, "body": item.body}
    number, at = ledger.note(
        mission, kind, creator_uid, label=label, principal=item.principal, what=item.kind, key=item.key,
        body=item.body,
    )  # fmt: skip
    ledger.tell(
        mission, notices.CONTENT, author=creator_uid, about=[(label, item.principal)],
        inside=notices.change_xml(changes.change(mission, told | {"at_ms": at}, submitter=False)),
    )  # fmt: skip
    return number, at
