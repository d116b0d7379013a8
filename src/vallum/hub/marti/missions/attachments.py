"""Files as contents of a mission."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Final

import msgspec

from vallum.core.principal import Principal
from vallum.hub.marti.files.answers import resource
from vallum.hub.marti.files.rows import PRIVATE, File
from vallum.hub.marti.marking import FILE
from vallum.hub.marti.missions.items import Item
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Label

__all__ = ["attached", "hand_in", "hand_out"]

_HAND_OUT: Final = f"""
INSERT OR IGNORE INTO file_grant
SELECT file.id, mission_subscriber.nation, mission_subscriber.principal
FROM mission_item JOIN mission_label ON mission_label.id = mission_item.label
JOIN file ON file.hash = mission_item.key AND file.nation = mission_label.nation
  AND file.principal = mission_item.principal AND file.tool = '{PRIVATE}'
JOIN mission_subscriber ON mission_subscriber.mission = mission_item.mission
WHERE mission_item.mission = ? AND mission_item.kind = 'hash'
"""  # noqa: S608


def attached(file: File) -> Item:
    """Return the content that a file is."""
    shown = resource(file, Principal(file.principal, file.marking.nation))
    return Item(
        "hash", file.hash, Label(file.marking, FILE), file.principal, msgspec.json.encode(shown).decode()
    )


def hand_out(ledger: Ledger, mission: sqlite3.Row, hashes: Iterable[str]) -> None:
    """Let the members of a mission have private files that are in it, as far as rules release them."""
    ledger.connection.execute(
        f"{_HAND_OUT} AND mission_item.key IN (SELECT value FROM json_each(?))",  # noqa: S608
        (mission["id"], json.dumps(list(hashes))),
    )


def hand_in(ledger: Ledger, mission: sqlite3.Row) -> None:
    """Let the caller, who takes part in a mission, have the private files in it, as far as rules do."""
    ledger.connection.execute(
        f"{_HAND_OUT} AND (mission_subscriber.nation, mission_subscriber.principal) = (?, ?)",
        (mission["id"], *ledger.caller.owner),
    )
