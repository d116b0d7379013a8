"""Events that are sent into missions."""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.missions import events, items, layers
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.notices import Member, Notice
from vallum.hub.marti.missions.reading import Caller, Ref
from vallum.hub.parcel import Parcel
from vallum.hub.session import Session
from vallum.picture import Event, Kind

if TYPE_CHECKING:
    from vallum.hub.marti.service import Marti

__all__ = ["Sent", "put_all"]

_DESTINATIONS: Final = ("mission", "mission-guid")


@dataclass(frozen=True, slots=True)
class Sent:
    """An event that somebody sent into a mission.

    Parameters
    ----------
    parcel : Parcel
    mission : str
        Name or identifier, as the event states it.
    sender : Session
    groups : frozenset of str
        Groups that it went into.
    caller : Caller
        Who sent it.
    """

    parcel: Parcel
    mission: str
    sender: Session
    groups: frozenset[str]
    caller: Caller


def put_all(
    connection: sqlite3.Connection, marti: "Marti", batch: list[Sent], rosters: dict[int, tuple[Member, ...]]
) -> tuple[list[Notice], list[Sent]]:
    """Put events into missions, in order.

    Returns
    -------
    notices, refused : list of Notice, list of Sent
        What is to be told, and what was not taken.
    """
    told: list[Notice] = []
    refused: list[Sent] = []
    for one in batch:
        ledger = Ledger(connection, marti.rules, one.caller, marti.clock(), rosters)
        try:
            _put(ledger, one, marti.settings.mission_items)
        except Refusal:
            refused.append(one)
        told += ledger.notices
    return told, refused


def _put(ledger: Ledger, sent: Sent, most: int) -> None:
    found = ledger.find(Ref("guid", sent.mission.strip("{}").lower())) or ledger.find(
        Ref("name", sent.mission)
    )
    if found is None:
        raise Refusal(404, "no such mission")
    ledger.need(found, "MISSION_WRITE")
    event = sent.parcel.event
    item = events.said(event, sent.caller.principal, _reached(event, sent.groups))
    layer, uid = _layer(ledger, found, event, sent.mission), next(iter(sent.sender.identities), "")
    assert item.xml is not None  # noqa: S101  (an event that was said has its bytes)
    label = ledger.number(item.label)
    parcel = Parcel(events.admitted(item.xml), (), ledger.now, sent.sender.number)
    thing = (label, item.principal)
    mission = (found["label"], found["principal"])
    relayed = Notice(parcel, ledger.members(found["id"]), (ledger.sight(*mission), ledger.sight(*thing)))
    if event.kind is Kind.CHAT:  # said in a mission, and no part of it
        ledger.notices.append(relayed)
        return
    if items.add(ledger, found, item, uid, most=most, layer=layer):
        ledger.notices.insert(0, relayed)


def _reached(event: Event, groups: frozenset[str]) -> frozenset[str]:
    wanted = [address.value for address in event.addresses if address.kind == "group"]
    return groups.intersection(wanted) if wanted else groups


def _layer(ledger: Ledger, found: sqlite3.Row, event: Event, mission: str) -> str | None:
    """Return the layer that an event states beside a mission, if its sender may see that."""
    for child in event.children:
        if child.name != "marti":
            continue
        for _, attributes in child.nested:
            if mission in [attributes.get(name) for name in _DESTINATIONS]:
                with suppress(Refusal):
                    return str(layers.find(ledger, found, attributes.get("path", ""))["uid"])
                return None
    return None
