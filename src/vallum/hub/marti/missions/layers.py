"""Layers of a mission: folders in which a client shows its contents."""

import sqlite3
import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from msgspec import UNSET

from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.missions import items, limits, notices
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Reading
from vallum.hub.marti.missions.wire import Layer, LayerType

__all__ = ["create", "find", "move", "place", "remove", "rename", "tree"]

_COUNT: Final = """
SELECT count(*) AS count FROM mission_layer JOIN mission_label ON mission_label.id = label
WHERE mission = ? AND nation = ?
"""
_ORDER: Final = "SELECT * FROM mission_layer WHERE mission = ? ORDER BY place, uid"
_BELOW: Final = "SELECT * FROM mission_layer WHERE mission = ? AND parent = ? ORDER BY place, uid"


def tree(reading: Reading, mission: sqlite3.Row) -> list[Layer]:
    """Return the layers that the caller may see, with what it may see in them."""
    rows = _shown(reading, mission)
    inside: defaultdict[str, list[sqlite3.Row]] = defaultdict(list)
    for item in items.shown(reading, mission):
        inside[item["layer"]].append(item)
    made = {row["uid"]: _layer(row) for row in rows}
    below: defaultdict[str, list[Layer]] = defaultdict(list)
    for row in rows:
        below[row["parent"]].append(made[row["uid"]])
    for uid, layer in made.items():
        layer.mission_layers = below[uid] or UNSET
        layer.uids = items.uids(inside[uid]) or UNSET
        layer.contents = items.files(reading, inside[uid]) or UNSET
    return below[""]


def find(reading: Reading, mission: sqlite3.Row, uid: str) -> sqlite3.Row:
    """Return a layer.

    Raises
    ------
    Refusal
        404.
    """
    row: sqlite3.Row | None = reading.connection.execute(
        "SELECT * FROM mission_layer WHERE mission = ? AND uid = ?", (mission["id"], uid)
    ).fetchone()
    if row is None or not reading.sees(row):
        raise Refusal(404, "no layer of this uid in the mission", rule="layers")
    return row


def create(
    ledger: Ledger, mission: sqlite3.Row, name: str, kind: LayerType, uid: str, parent: str,
    after: str | None, author: str,
) -> Layer:  # fmt: skip
    """Make a layer; the caller's own of that uid stays as it is, and if it is taken it gets another uid.

    Raises
    ------
    Refusal
        404 if there is no such parent, 409 if there are too many layers, or too deep.
    """
    uid = limits.uid(uid or str(uuid.uuid4()), "query parameter uid")
    known = ledger.connection.execute(
        "SELECT * FROM mission_layer WHERE mission = ? AND uid = ?", (mission["id"], uid)
    ).fetchone()
    if known is not None:
        if ledger.is_mine(known):
            return _layer(known)
        uid = str(uuid.uuid4())  # the answer says so, and not whose the other one is
    nation = ledger.caller.principal.nation
    (count,) = ledger.connection.execute(_COUNT, (mission["id"], nation)).fetchone()
    if count >= limits.LAYERS:
        raise limits.full("layers", limits.LAYERS)
    _check_depth(ledger, mission, parent)
    label = ledger.number(ledger.own())
    ledger.connection.execute(
        "INSERT INTO mission_layer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (mission["id"], uid, limits.line(name, "query parameter name"), kind, parent,
         _place(ledger, mission, parent, after), author, ledger.caller.principal.name, label),
    )  # fmt: skip
    return _told(ledger, mission, uid, author)


def rename(ledger: Ledger, mission: sqlite3.Row, uid: str, name: str, author: str) -> None:
    """Give a layer another name."""
    if find(ledger, mission, uid)["name"] == name:
        return
    _set(ledger, mission, uid, "name", limits.line(name, "query parameter name"))
    _told(ledger, mission, uid, author)


def place(ledger: Ledger, mission: sqlite3.Row, uid: str, after: str | None, author: str) -> None:
    """Put a layer behind another one of the same parent, or before all of them."""
    row = find(ledger, mission, uid)
    _set(ledger, mission, uid, "place", _place(ledger, mission, row["parent"], after or ""))
    _told(ledger, mission, uid, author)


def move(ledger: Ledger, mission: sqlite3.Row, uid: str, parent: str, after: str | None, author: str) -> None:
    """Put a layer below another one, or at the top.

    Raises
    ------
    Refusal
        409 if it would lie below itself, or too deep.
    """
    row = find(ledger, mission, uid)
    if uid in _above(ledger, mission, parent):
        raise Refusal(409, "the layer would lie below itself", rule="layers")
    _check_depth(ledger, mission, parent, _height(ledger, mission, uid))
    if row["parent"] != parent:
        _set(ledger, mission, uid, "parent", parent)
        _set(ledger, mission, uid, "place", _place(ledger, mission, parent, after))
        _told(ledger, mission, uid, author)


def remove(ledger: Ledger, mission: sqlite3.Row, uids: Iterable[str], author: str) -> None:
    """Delete layers with those below them; what lies in them stays in the mission.

    Raises
    ------
    Refusal
        404 if there is no such layer.
    """
    for uid in uids:
        found = [find(ledger, mission, uid)]
        for row in found:  # those below come behind
            found += _below(ledger, mission, row["uid"])
        for row in reversed(found):
            _tell(ledger, mission, row, author)
            ledger.connection.execute(
                "DELETE FROM mission_layer WHERE mission = ? AND uid = ?", (mission["id"], row["uid"])
            )
    # What lies in them, or others keep below them where the caller does not see it, comes to the top.
    for table, column in (("item", "layer"), ("layer", "parent")):
        ledger.connection.execute(
            f"UPDATE mission_{table} SET {column} = '' WHERE mission = ?1 AND {column} <> '' "  # noqa: S608
            f"AND {column} NOT IN (SELECT uid FROM mission_layer WHERE mission = ?1)", (mission["id"],),
        )  # fmt: skip


def _shown(reading: Reading, mission: sqlite3.Row) -> list[sqlite3.Row]:
    return [row for row in reading.connection.execute(_ORDER, (mission["id"],)) if reading.sees(row)]


def _below(reading: Reading, mission: sqlite3.Row, parent: str) -> list[sqlite3.Row]:
    """Return the layers right below another one that the caller may see, in their order."""
    rows = reading.connection.execute(_BELOW, (mission["id"], parent))
    return [row for row in rows if reading.sees(row)]


def _height(reading: Reading, mission: sqlite3.Row, uid: str) -> int:
    """Return how deep a layer is with those below it: 1 if there are none."""
    level, height = [uid], 0
    while level:
        height += 1
        level = [row["uid"] for one in level for row in _below(reading, mission, one)]
    return height


def _above(reading: Reading, mission: sqlite3.Row, uid: str) -> list[str]:
    """Return the uids of a layer and of those above it."""
    above: list[str] = []
    while uid:
        above.append(uid)
        uid = find(reading, mission, uid)["parent"]
    return above


def _check_depth(ledger: Ledger, mission: sqlite3.Row, parent: str, height: int = 1) -> None:
    """Check that there is room for so many layers below one another below a layer."""
    if len(_above(ledger, mission, parent)) + height > limits.LAYER_DEPTH:
        raise Refusal(409, f"layers within layers, more than {limits.LAYER_DEPTH} deep", rule="layers")


def _place(ledger: Ledger, mission: sqlite3.Row, parent: str, after: str | None) -> float:
    """Return a place behind a layer, before all of them if it is empty, and behind all of them if None."""
    places = [(row["uid"], row["place"]) for row in _below(ledger, mission, parent)]
    if not places:
        return 0.0
    if after is None:
        return float(places[-1][1] + 1)
    if not after:
        return float(places[0][1] - 1)
    for number, (uid, at) in enumerate(places):
        if uid == after:
            return float(at + 1 if number + 1 == len(places) else (at + places[number + 1][1]) / 2)
    raise Refusal(404, "no layer of this uid in the mission", rule="layers")


def _set(ledger: Ledger, mission: sqlite3.Row, uid: str, column: str, value: object) -> None:
    ledger.connection.execute(
        f"UPDATE mission_layer SET {column} = ? WHERE mission = ? AND uid = ?",  # noqa: S608  (our own words)
        (value, mission["id"], uid),
    )


def _told(ledger: Ledger, mission: sqlite3.Row, uid: str, author: str) -> Layer:
    row = find(ledger, mission, uid)
    _tell(ledger, mission, row, author)
    return _layer(row)


def _tell(ledger: Ledger, mission: sqlite3.Row, row: sqlite3.Row, author: str) -> None:
    ledger.note(mission, "layer", author, label=row["label"], principal=row["principal"])
    about = [(row["label"], row["principal"])]
    above = row
    while above["parent"]:
        above = find(ledger, mission, above["parent"])
        about.append((above["label"], above["principal"]))
    ledger.tell(mission, notices.LAYER, author=author, inside=notices.layer_xml(_layer(row)), about=about)


def _layer(row: sqlite3.Row) -> Layer:
    return Layer(row["name"], row["type"], row["uid"], row["parent"] or UNSET)
