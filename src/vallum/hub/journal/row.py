"""From an admitted event to a row of the journal."""

import json
from collections.abc import Callable
from typing import Any, Final

from vallum.core.principal import Principal
from vallum.hub.parcel import Parcel
from vallum.picture import Audience, Event, Kind

__all__ = ["DISCONNECTED", "Row", "Rows"]

DISCONNECTED: Final = "t-x-d-d"

Row = tuple[Any, ...]
"""Values in the order of `vallum.hub.journal.schema.COLUMNS`."""

_Label = tuple[str, str, str, str, str, str]
_KNOWN_LIMIT: Final = 65_536


class Rows:
    """Make rows, and remember under which label each client was last seen.

    Parameters
    ----------
    number : callable
        Returns the sequence number of the next row.
    """

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._groups: dict[frozenset[str], str] = {}
        self._labels: dict[tuple[str, Audience], _Label] = {}

    def of(self, parcel: Parcel, principal: Principal, groups: frozenset[str], sender: str) -> Row:
        """Return the row of an event.

        Parameters
        ----------
        parcel : Parcel
            The event. A notice that a client left is taken down under the label that the client had.
        principal : Principal
            Who sent it.
        groups : frozenset of str
            Groups it went into.
        sender : str
            Uid of the client that sent it.
        """
        event = parcel.event
        uid = event.uid
        attributes = event.attributes
        private = 0
        if event.addresses:
            private = int(any(address.kind != "group" for address in event.addresses))
            wanted = [address.value for address in event.addresses if address.kind == "group"]
            groups = groups.intersection(wanted) if wanted else groups
        label = (
            event.type,
            principal.nation,
            attributes.get("access", ""),
            attributes.get("caveat", ""),
            attributes.get("releasableTo") or attributes.get("releaseableTo", ""),
            self._text(groups),
        )
        if event.kind is Kind.LATEST and not private:
            self._remember((uid, parcel.audience), label)
        elif event.type == DISCONNECTED:
            uid, kind = _who_left(event)
            label = self._labels.pop((uid, parcel.audience), (kind or event.type, *label[1:]))
        cot_type, nation, access, caveat, releasable, into = label
        point = event.point
        return (
            self._number(), parcel.received, uid, cot_type, int(event.kind), private, nation, access, caveat,
            releasable, into, principal.name, sender, point.lat, point.lon, event.time, event.stale,
            parcel.sequence if event.kind is Kind.CHAT else None, event.xml, event._payload,
        )  # fmt: skip

    def _remember(self, key: tuple[str, Audience], label: _Label) -> None:
        if key not in self._labels and len(self._labels) >= _KNOWN_LIMIT:
            del self._labels[next(iter(self._labels))]
        self._labels[key] = label

    def _text(self, groups: frozenset[str]) -> str:
        text = self._groups.get(groups)
        if text is None:
            if len(self._groups) >= _KNOWN_LIMIT:
                self._groups.clear()
            text = self._groups[groups] = json.dumps(sorted(groups), ensure_ascii=False)
        return text


def _who_left(notice: Event) -> tuple[str, str]:
    link = notice.detail("link") or {}
    return link.get("uid", ""), link.get("type", "")
