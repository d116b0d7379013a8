"""Making a mission, and changing what is said of it."""

import json
import sqlite3
import uuid
from collections.abc import Iterable
from typing import Final

from vallum.hub.config import Marti as Settings
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.marking import MISSION, Marking
from vallum.hub.marti.missions import items, members, notices
from vallum.hub.marti.missions.about import About
from vallum.hub.marti.missions.items import Item
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Label
from vallum.hub.marti.missions.roles import OWNER
from vallum.hub.marti.missions.stated import Stated

__all__ = ["create", "set_keywords", "set_parent", "set_password", "update"]

_COUNT: Final = """
SELECT count(*) AS count FROM mission JOIN mission_label ON mission_label.id = label WHERE nation = ?
"""
_INSERT: Final = """
INSERT INTO mission (guid, name, about, keywords, creator_uid, principal, label, default_role, password,
  parent, created_ms, expires_ms, invite_only, number, changed_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, 0, 0) RETURNING *
"""


def create(
    ledger: Ledger,
    name: str,
    stated: Stated,
    password: str | None,
    *,
    settings: Settings,
    keywords: list[str] | None = None,
    contents: Iterable[Item] = (),
) -> sqlite3.Row:
    """Make a mission, with its creator as its owner.

    Parameters
    ----------
    ledger : Ledger
    name : str
    stated : Stated
        What is said of it.
    password : str, optional
        Hash of its password.
    settings : config.Marti
        Limits.
    keywords : list of str, optional
    contents : iterable of Item
        What is in it from the start: nobody takes part yet who could be told of each.

    Raises
    ------
    Refusal
        409 if there are too many missions or contents.
    """
    principal = ledger.caller.principal
    (count,) = ledger.connection.execute(_COUNT, (principal.nation,)).fetchone()
    if count >= settings.missions:
        raise Refusal(
            409, f"there are {settings.missions} missions already", rule="missions",
            remedy="Delete some first.",
        )  # fmt: skip
    label = ledger.number(_label(ledger, stated))
    about = About().changed(stated)
    mission = ledger.connection.execute(
        _INSERT,
        (str(uuid.uuid4()), name, about.column, json.dumps(keywords or [], ensure_ascii=False),
         stated.creator_uid, principal.name, label, stated.default_role or "", password, ledger.now,
         about.expires_ms, bool(stated.invite_only)),
    ).fetchone()  # fmt: skip
    ledger.note(mission, "CREATE_MISSION", stated.creator_uid)
    for item in contents:
        items.add(ledger, mission, item, stated.creator_uid, most=settings.mission_items)
    if stated.creator_uid:
        members.join(ledger, mission, stated.creator_uid, OWNER)
    ledger.tell(mission, notices.CREATED, author=stated.creator_uid)
    return ledger.again(mission)


def update(
    ledger: Ledger, mission: sqlite3.Row, stated: Stated, password: str | None, *, regroup: bool
) -> sqlite3.Row:
    """Change what is said of a mission; what the request does not state stays.

    Raises
    ------
    Refusal
        403 if it is not the caller's to change.
    """
    ledger.need(mission, "MISSION_WRITE")
    about = About.of(mission).changed(stated)
    label = ledger.number(_label(ledger, stated)) if stated.names and regroup else mission["label"]
    if label != mission["label"] and ledger.is_mine(mission):
        ledger.need(mission, "MISSION_UPDATE_GROUPS")
    else:
        label = mission["label"]
    columns = {
        "about": about.column,
        "label": label,
        "expires_ms": about.expires_ms,
        "default_role": mission["default_role"] if stated.default_role is None else stated.default_role,
        "invite_only": mission["invite_only"] if stated.invite_only is None else int(stated.invite_only),
    }
    changed = {name: value for name, value in columns.items() if value != mission[name]}
    if changed.keys() - {"about"}:
        ledger.need(mission, "MISSION_SET_ROLE")
    for name, value in changed.items():
        ledger.connection.execute(
            f"UPDATE mission SET {name} = ? WHERE id = ?", (value, mission["id"])  # noqa: S608  (from above)
        )  # fmt: skip
    if changed:
        ledger.note(mission, "metadata", stated.creator_uid)
        ledger.tell(ledger.again(mission), notices.METADATA, author=stated.creator_uid)
    if password is not None:
        set_password(ledger, mission, password, stated.creator_uid)
    return ledger.again(mission)


def set_password(ledger: Ledger, mission: sqlite3.Row, password: str | None, author: str) -> None:
    """Give a mission a password, as its hash, or take it away.

    Raises
    ------
    Refusal
        403.
    """
    ledger.need(mission, "MISSION_SET_PASSWORD")
    if password is None and mission["password"] is None:
        return
    ledger.connection.execute("UPDATE mission SET password = ? WHERE id = ?", (password, mission["id"]))
    ledger.connection.execute("UPDATE mission_access SET knows = 0 WHERE mission = ?", (mission["id"],))
    ledger.note(mission, "password", author)
    ledger.tell(mission, notices.METADATA, author=author)


def set_keywords(ledger: Ledger, mission: sqlite3.Row, words: list[str], author: str) -> sqlite3.Row:
    """Give a mission its keywords."""
    if json.loads(mission["keywords"]) != words:
        column = json.dumps(words, ensure_ascii=False)
        ledger.connection.execute("UPDATE mission SET keywords = ? WHERE id = ?", (column, mission["id"]))
        ledger.note(mission, "keywords", author)
        ledger.tell(mission, notices.KEYWORDS, author=author)
    return ledger.again(mission)


def set_parent(ledger: Ledger, mission: sqlite3.Row, parent: sqlite3.Row | None) -> None:
    """Place a mission below another one, or below none.

    Raises
    ------
    Refusal
        409 if it is above that one itself.
    """
    number = None if parent is None else parent["id"]
    above = parent
    while above is not None:
        if above["id"] == mission["id"]:
            raise Refusal(409, "the mission would lie below itself", rule="parents")
        above = ledger.connection.execute("SELECT * FROM mission WHERE id = ?", (above["parent"],)).fetchone()
    if mission["parent"] != number:
        ledger.connection.execute("UPDATE mission SET parent = ? WHERE id = ?", (number, mission["id"]))
        ledger.note(mission, "parent", "")
        ledger.tell(mission, notices.METADATA)


def _label(ledger: Ledger, stated: Stated) -> Label:
    principal = ledger.caller.principal
    return Label(Marking.of(principal, stated.groups_of(principal)), MISSION)
