"""Events as contents of a mission."""

import json
import sqlite3
from typing import Final

import msgspec
from msgspec import UNSET

from vallum.core.principal import Principal
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.files.shelf import HASH
from vallum.hub.marti.marking import Marking
from vallum.hub.marti.missions.items import Item, kept_event
from vallum.hub.marti.missions.reading import Label, Reading
from vallum.hub.marti.missions.wire import Details, Location
from vallum.picture import Event
from vallum.wire import cot

__all__ = ["admitted", "bare", "body", "details", "newest", "parsed", "said"]

_NEWEST: Final = """
SELECT event.type, event.nation, event.access, event.caveat, event.releasable_to, event.groups,
       event.principal, event.xml
FROM latest JOIN event USING (seq) WHERE latest.uid = ? ORDER BY seq DESC
"""
_ATTACHMENTS: Final = 100
_LABEL: Final = 256
_SHOWN: Final = 512
"""Characters of what is shown in lists and notices; what is longer stays in the event alone."""
_ADMITTED: Final = cot.Limits(*[1 << 40] * 5)
"""For what the hub has taken, under the limits of its configuration."""


def said(event: Event, principal: Principal, groups: frozenset[str]) -> Item:
    """Return the content that an event is which somebody sends into groups.

    Raises
    ------
    Refusal
        400 if its label is too long.
    """
    attributes = event.attributes
    stated = (
        attributes.get("access", ""),
        attributes.get("caveat", ""),
        attributes.get("releasableTo") or attributes.get("releaseableTo", ""),
    )
    if any(len(one) > _LABEL for one in stated):  # labels are kept apart from what bears them
        raise Refusal(400, f"event: a label of more than {_LABEL} characters", rule="length")
    marking = Marking(principal.nation, groups, *stated)
    return Item("uid", event.uid, Label(marking, event.type), principal.name, details(event), bare(event))


def newest(reading: Reading, uid: str) -> Item | None:
    """Return the newest event of a uid among those for all that the caller may see."""
    for row in reading.connection.execute(_NEWEST, (uid,)):
        label = Label(Marking.from_columns(*tuple(row)[1:6]), row["type"])
        mine = reading.caller.owner == (row["nation"], row["principal"])
        if mine or reading.may_see(label):
            event = admitted(row["xml"])
            return Item("uid", uid, label, row["principal"], details(event), bare(event), live=True)
    return None


def body(reading: Reading, row: sqlite3.Row) -> bytes | None:
    """Return the event of a content; if it was only named, the newest that the caller may see."""
    found = newest(reading, row["key"]) if row["live"] else None
    if found is not None:
        return found.xml
    return kept_event(reading, row)


def bare(event: Event) -> bytes:
    """Return the bytes of an event without its addresses: who reads it there learns of no other mission."""
    xml = event.xml
    for child in reversed(event.children):
        if child.name == "marti":
            xml = xml[: child.start] + xml[child.end :]
    return xml


def details(event: Event) -> str:
    """Return what a list shows of an event, as JSON."""

    def stated(name: str, *attributes: str) -> str | msgspec.UnsetType:
        found = event.detail(name) or {}
        return next((found[one] for one in attributes if 0 < len(found.get(one, "")) <= _SHOWN), UNSET)

    made = Details(
        type=event.type,
        callsign=event.callsign or UNSET,
        iconset_path=stated("usericon", "iconsetpath"),
        color=stated("color", "argb", "value"),
        attachments=_attachments(event) or UNSET,
        location=Location(event.point.lat, event.point.lon),
    )
    return msgspec.json.encode(made).decode()


def _attachments(event: Event) -> list[str]:
    stated = (event.detail("attachment_list") or {}).get("hashes", "")
    try:
        found = json.loads(stated) if stated else []
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, list):
        return []
    return [one for one in found if isinstance(one, str) and HASH.fullmatch(one)][:_ATTACHMENTS]


def admitted(xml: bytes) -> Event:
    """Return an event that the hub has taken before."""
    return Event.of_xml(xml, _ADMITTED)


def parsed(xml: bytes) -> Event | None:
    """Return an event from the bytes of a file; None if it is none."""
    try:
        return Event.of_xml(xml)
    except cot.Malformed:
        return None
