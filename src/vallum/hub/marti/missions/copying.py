"""A mission made of what is in another one."""

import sqlite3

import msgspec

from vallum.hub.config import Marti as Settings
from vallum.hub.marti.missions import items, making
from vallum.hub.marti.missions.about import About
from vallum.hub.marti.missions.items import Item
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.stated import Stated

__all__ = ["copy"]


def copy(
    ledger: Ledger, source: sqlite3.Row, name: str, stated: Stated, password: str | None, settings: Settings
) -> sqlite3.Row:
    """Make a mission with the contents of another one that the caller may see, under the labels they have.

    Raises
    ------
    Refusal
        409 if there are too many missions or contents.
    """
    about = msgspec.structs.asdict(About.of(source))
    for field, value in about.items():
        if value is not None and getattr(stated, field) in (None, []):
            setattr(stated, field, value)
    stated.default_role = stated.default_role or source["default_role"] or None
    stated.invite_only = bool(source["invite_only"])
    stated.group = sorted(ledger.label(source["label"]).marking.groups)
    words = msgspec.json.decode(source["keywords"], type=list[str])
    contents = (
        Item(row["kind"], row["key"], ledger.label(row["label"]), row["principal"], row["body"],
             items.kept_event(ledger, row), bool(row["live"]))
        for row in items.shown(ledger, source)
    )  # fmt: skip
    return making.create(ledger, name, stated, password, settings=settings, keywords=words, contents=contents)
