"""One Cursor on Target event with its original bytes, and what the hub needs to know of it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import IntEnum
from typing import NamedTuple

from vallum.wire import cot, takproto

ALL_CHAT = "All Chat Rooms"
_LATEST_TYPES = ("a-", "b-m-", "b-i-", "b-w-", "b-d-", "b-r-", "u-", "y-")
_CHATS = ("__chat", "__chatreceipt")
_DESTINATIONS = {
    "callsign": "callsign",
    "uid": "uid",
    "group": "group",
    "mission": "mission",
    "mission-guid": "mission",
}


class Kind(IntEnum):
    """How an event travels."""

    LATEST = 0
    """A state: the newest of a uid replaces the older ones."""
    ORDERED = 1
    """A message: each one counts, in order."""
    CHAT = 2
    """A chat message or a receipt: ordered, and kept for those who come back."""
    ALERT = 3
    """An emergency: ordered, sent at once, in the picture until it is cancelled."""
    CONTROL = 4
    """Between one client and its server: never relayed."""


class Address(NamedTuple):
    """Whom a directed event names: ``kind`` is callsign, uid, group, mission, or nobody if not clear."""

    kind: str
    value: str


class Event:
    """One event. Nothing of it changes once it is made.

    Parameters
    ----------
    document : cot.Document
        The parsed XML.
    payload : bytes, optional
        The TAK protocol message it came in, if it came in one.
    """

    __slots__ = (
        "_document", "_payload", "addresses", "author", "callsign", "cancels", "is_self", "kind",
        "personal", "point", "stale", "start", "time", "type", "uid", "xml",
    )  # fmt: skip

    def __init__(self, document: cot.Document, payload: bytes | None = None) -> None:
        self._document: cot.Document | None = document
        self.xml = document.xml
        self._payload = payload
        self.uid = document.attributes["uid"]
        self.type = document.attributes["type"]
        self.time = document.time
        self.start = document.start
        self.stale = document.stale
        self.point = document.point
        self.kind = _kind(self.type)
        self.callsign = ""
        self.is_self = False
        self.cancels = self.type == "b-a-o-can"
        addresses: list[Address] = []
        chat: cot.Child | None = None
        for child in document.children:
            name = child.name
            if name == "contact":
                self.callsign = self.callsign or child.attributes.get("callsign", "")
                self.is_self = self.is_self or "endpoint" in child.attributes
            elif name == "takv":
                self.is_self = True
            elif name == "marti":
                addresses.extend(_addresses(child))
            elif name in _CHATS:
                chat = child
            elif name == "emergency":
                self.cancels = self.cancels or child.attributes.get("cancel", "").lower() == "true"
        if len(self.callsign) > _CALLSIGN:
            raise cot.Malformed(f"a callsign of more than {_CALLSIGN} characters")
        self.is_self = self.is_self and self.type.startswith("a-")
        self.author = _author(self) if self.kind is Kind.CHAT else ""
        """Uid of the client that wrote a chat message, as the message itself states it."""
        if chat is not None and not addresses and self.kind is Kind.CHAT:
            addresses.extend(_participants(chat, self.author))
        self.addresses = tuple(addresses)
        self.personal = any(address.kind != "group" for address in addresses)
        """Whether it is for those alone whom it names."""

    @classmethod
    def of_xml(cls, xml: bytes, limits: cot.Limits | None = None) -> "Event":
        """Read an event from the bytes of its XML element.

        Raises
        ------
        cot.Malformed
            If it is no valid event.
        """
        return cls(cot.parse(xml, limits or _LIMITS))

    @classmethod
    def of_payload(cls, payload: bytes, limits: cot.Limits | None = None) -> "Event | None":
        """Read an event from a TAK protocol message; None if the message holds control data only.

        The message is rendered as XML and that is parsed, so that both formats pass the same checks and
        nothing in ``xmlDetail`` can close the event it stands in.

        Raises
        ------
        takproto.Malformed, cot.Malformed
            If it is no valid event.
        """
        message = takproto.decode(payload)
        if not message.has_event:
            return None
        return cls(cot.parse(takproto.to_xml(message), limits or _LIMITS), payload)

    @property
    def document(self) -> cot.Document:
        """The parsed XML, parsed again if the event has been made lighter."""
        document = self._document  # read once: another thread may ask while the event is made lighter
        return cot.parse(self.xml, _ANY) if document is None else document

    @property
    def attributes(self) -> Mapping[str, str]:
        """Attributes of ``<event>``."""
        return self.document.attributes

    @property
    def children(self) -> tuple[cot.Child, ...]:
        """Elements of ``<detail>``."""
        return self.document.children

    @property
    def names(self) -> AbstractSet[str]:
        """Names of all elements, at whatever depth."""
        return self.document.names

    def lighten(self) -> None:
        """Let go of what can be read from the bytes again: an event in the picture is rarely asked for it."""
        self._document = None

    def payload(self) -> bytes:
        """Return the event as a TAK protocol message: the one it came in, or one made of its XML."""
        if self._payload is None:
            document = self.document
            self._payload = takproto.encode(
                attributes=document.attributes,
                time=document.time,
                start=document.start,
                stale=document.stale,
                **document.point._asdict(),
                xml=document.xml,
                children=document.children,
                inner=document.inner,
            )
        return self._payload

    def detail(self, name: str) -> Mapping[str, str] | None:
        """Return the attributes of the first detail of a name."""
        for child in self.children:
            if child.name == name:
                return child.attributes
        return None


_CALLSIGN = 512
_LIMITS = cot.Limits()
_ANY = cot.Limits(*[1 << 40] * 5)
"""For what has been read once under the limits of its time."""


def _kind(cot_type: str) -> Kind:
    if cot_type.startswith(_LATEST_TYPES):
        return Kind.LATEST
    if f"{cot_type.lower()}-".startswith("t-x-"):
        return Kind.CONTROL
    if cot_type.startswith("b-t-f"):
        return Kind.CHAT
    if cot_type.startswith("b-a-"):
        return Kind.ALERT
    return Kind.ORDERED


def _addresses(marti: cot.Child) -> list[Address]:
    found = []
    for name, attributes in marti.nested:
        if name != "dest":
            continue
        named = [Address(kind, attributes[key]) for key, kind in _DESTINATIONS.items() if attributes.get(key)]
        # Someone is meant, so it is not for all.
        found.extend(named or [Address("nobody", "")])
    return found


def _author(event: Event) -> str:
    link = event.detail("link")
    if link is not None and link.get("uid"):
        return link["uid"]
    head, _, rest = event.uid.partition(".")
    return rest.partition(".")[0] if head == "GeoChat" and "." in rest else ""


def _participants(chat: cot.Child, author: str) -> list[Address]:
    """Whom a chat without addresses is meant for: nobody in particular if for a room of all or of a team.

    Some clients leave ``<marti>`` out and name the participants in ``<chatgrp>`` alone; such a chat must not
    become public by that.
    """
    stated = chat.attributes.get
    room, parent = stated("id", ""), stated("parent")
    if ALL_CHAT in (room, stated("chatroom")):
        return []
    # A person's room is named by uid and shown by callsign; a team's name is both.
    team = parent == "TeamGroups" or (parent != "RootContactGroup" and room == stated("chatroom"))
    people = [
        value
        for name, attributes in chat.nested
        if name == "chatgrp"
        for key, value in attributes.items()
        if key.startswith("uid") and value not in ("", author) and not (team and value == room)
    ]
    if not people and not team and room not in ("", author):
        people.append(room)
    return [Address("uid", person) for person in people]
