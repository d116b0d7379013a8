"""A mission made of what is in another one; and files that go with a mission."""

import contextlib
import sqlite3
from collections.abc import Iterable

import msgspec

from vallum.hub.config import Marti as Settings
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.missions import items, making
from vallum.hub.marti.missions.about import About
from vallum.hub.marti.missions.items import Item
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.stated import Stated
from vallum.hub.marti.operation import Call

__all__ = ["copy", "delete_files"]


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
    made = making.create(ledger, name, stated, password, most=settings.missions, keywords=words)
    for row in items.shown(ledger, source):
        item = Item(row["kind"], row["key"], ledger.label(row["label"]), row["principal"], row["body"],
                    items.kept_event(ledger, row), bool(row["live"]))  # fmt: skip
        items.add(ledger, made, item, stated.creator_uid, most=settings.mission_items)
    return ledger.again(made)


async def delete_files(call: Call, hashes: Iterable[str]) -> None:
    """Delete the files of these hashes that are the caller's to delete."""
    for digest in hashes:
        with contextlib.suppress(Refusal):  # of somebody else, or gone already
            await call.marti.library.remove(call.principal, digest)
