"""A mission as clients read it."""

import json
import sqlite3
from dataclasses import dataclass

import msgspec
from msgspec import UNSET

from vallum.core import instant
from vallum.hub.marti.missions import changes, items, log, roles
from vallum.hub.marti.missions.about import About
from vallum.hub.marti.missions.changes import Span
from vallum.hub.marti.missions.reading import Reading
from vallum.hub.marti.missions.wire import Mission

__all__ = ["Whole", "mission", "summary"]


@dataclass(frozen=True, slots=True)
class Whole:
    """What else is asked for with a mission.

    Parameters
    ----------
    changes, logs : bool
    when : Span
        Of the changes and the log.
    """

    changes: bool = False
    logs: bool = False
    when: Span = (0, 1 << 62)


def summary(reading: Reading, row: sqlite3.Row) -> Mission:
    """Return a mission without what is in it."""
    about = About.of(row)
    principal = reading.caller.principal
    groups = reading.label(row["label"]).marking.groups
    if not reading.is_mine(row):  # other names of groups are not the reader's business
        groups &= principal.groups_in | principal.groups_out
    stated = {
        name: value
        for name, value in msgspec.structs.asdict(about).items()
        if name not in ("tool", "description", "expiration") and value is not None
    }
    if row["default_role"]:
        stated["default_role"] = roles.role(row["default_role"])
    return Mission(
        name=row["name"],
        description=about.description,
        tool=about.tool,
        keywords=json.loads(row["keywords"]),
        creator_uid=row["creator_uid"],
        create_time=instant.write(row["created_ms"]),
        last_edited=instant.write(changes.last(reading, row)),
        guid=row["guid"],
        invite_only=bool(row["invite_only"]),
        expiration=about.expiration,
        password_protected=row["password"] is not None,
        groups=sorted(groups),
        **stated,
    )


def mission(reading: Reading, row: sqlite3.Row, whole: Whole = Whole()) -> Mission:
    """Return a mission with what is in it, as far as the reader may see that."""
    made = summary(reading, row)
    shown = items.shown(reading, row)
    made.uids, made.contents = items.uids(shown), items.files(reading, shown)
    if whole.changes:
        made.mission_changes = changes.changes(reading, row, whole.when, squashed=True)
    if whole.logs:
        made.logs = log.entries(reading, row, whole.when)
    made.owner_role = roles.role(roles.OWNER) if reading.role(row) == roles.OWNER else UNSET
    return made
