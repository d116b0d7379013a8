"""What the hub sees in an event: kind, identity, addresses, and both of its forms."""

from pathlib import Path

import pytest

from vallum.picture import Address, Event, Kind
from vallum.wire import cot, takproto

CORPUS = Path(__file__).parents[1] / "corpus" / "cot"
HEAD = '<event version="2.0" uid="{uid}" type="{type}" how="m-g" time="2026-11-25T06:30:00Z" start="2026-11-25T06:30:00Z" '
HEAD += 'stale="2026-11-25T06:31:00Z"><point lat="1" lon="2"/>'


def make(detail: str = "", cot_type: str = "a-f-G-U-C", uid: str = "u") -> Event:
    return Event.of_xml(f"{HEAD.format(uid=uid, type=cot_type)}<detail>{detail}</detail></event>".encode())


def chat(attributes: str, group: str = "", rest: str = "", cot_type: str = "b-t-f") -> Event:
    element = "__chatreceipt" if cot_type != "b-t-f" else "__chat"
    detail = f'<{element} {attributes}>{group}</{element}><link uid="ME" relation="p-p"/>{rest}'
    return make(detail, cot_type, "GeoChat.ME.room.1")


@pytest.mark.parametrize(
    ("cot_type", "kind"),
    [
        ("a-f-G-U-C", Kind.LATEST),
        ("a-h-A", Kind.LATEST),
        ("b-m-p-s-m", Kind.LATEST),
        ("b-m-p-s-p-loc", Kind.LATEST),
        ("b-r-f-h-c", Kind.LATEST),
        ("u-d-f", Kind.LATEST),
        ("y-a", Kind.LATEST),
        ("b-t-f", Kind.CHAT),
        ("b-t-f-d", Kind.CHAT),
        ("b-t-f-r", Kind.CHAT),
        ("b-a-o-tbl", Kind.ALERT),
        ("b-a-o-can", Kind.ALERT),
        ("b-f-t-r", Kind.ORDERED),
        ("t-b-q", Kind.ORDERED),
        ("t-x-c-t", Kind.CONTROL),
        ("t-x-d-d", Kind.CONTROL),
    ],
)
def test_kinds(cot_type: str, kind: Kind) -> None:
    assert make(cot_type=cot_type).kind is kind


@pytest.mark.parametrize(
    ("detail", "cot_type", "expected"),
    [
        ('<contact callsign="A" endpoint="*:-1:stcp"/>', "a-f-G", True),
        ('<takv os="34"/>', "a-f-G", True),
        ('<contact callsign="A"/>', "a-f-G", False),
        ('<contact callsign="A" endpoint="*:-1:stcp"/>', "b-m-p-s-m", False),
        ("", "a-f-G", False),
    ],
)
def test_which_events_a_client_sends_of_itself(detail: str, cot_type: str, expected: bool) -> None:
    assert make(detail, cot_type).is_self is expected


def test_the_callsign_is_that_of_the_first_contact() -> None:
    assert make('<contact/><contact callsign="A"/><contact callsign="B"/><contact/>').callsign == "A"
    assert make().callsign == ""


@pytest.mark.parametrize(
    ("marti", "addresses", "personal"),
    [
        ("", (), False),
        ("<marti/>", (), False),
        ("<marti><other/></marti>", (), False),
        ('<marti><dest callsign="A"/></marti>', (Address("callsign", "A"),), True),
        (
            '<marti><dest uid="b"/><dest callsign="C"/></marti>',
            (Address("uid", "b"), Address("callsign", "C")),
            True,
        ),
        (
            '<marti><dest callsign="A" uid="b"/></marti>',
            (Address("callsign", "A"), Address("uid", "b")),
            True,
        ),
        ('<marti><dest group="red"/></marti>', (Address("group", "red"),), False),
        (
            '<marti><dest group="red"/><dest uid="b"/></marti>',
            (Address("group", "red"), Address("uid", "b")),
            True,
        ),
        ('<marti><dest mission="m"/></marti>', (Address("mission", "m"),), True),
        ('<marti><dest mission-guid="g"/></marti>', (Address("mission", "g"),), True),
        ('<marti><dest callsign=""/></marti>', (Address("nobody", ""),), True),
        ('<marti><dest path="p"/></marti>', (Address("nobody", ""),), True),
    ],
)
def test_addresses(marti: str, addresses: tuple[Address, ...], personal: bool) -> None:
    for event in (make(marti), make(marti, "b-t-f"), make(marti, "b-a-o-tbl")):
        assert event.addresses == addresses
        assert event.personal is personal


ROOT = 'parent="RootContactGroup" groupOwner="false"'
TEAM = 'parent="TeamGroups" groupOwner="false"'
OWN = 'parent="UserGroups" groupOwner="true"'


@pytest.mark.parametrize(
    ("attributes", "group", "people"),
    [
        # For all.
        (
            f'{ROOT} chatroom="All Chat Rooms" id="All Chat Rooms"',
            '<chatgrp uid0="ME" uid1="All Chat Rooms"/>',
            [],
        ),
        (f'{ROOT} chatroom="All Chat Rooms" id="x"', "", []),
        # For a team.
        (f'{TEAM} chatroom="Cyan" id="Cyan"', '<chatgrp uid0="ME" uid1="Cyan" id="Cyan"/>', []),
        ('chatroom="Cyan" id="Cyan"', '<chatgrp uid0="ME" id="Cyan"/>', []),
        (f'{TEAM} chatroom="Cyan" id="Cyan"', '<chatgrp uid0="ME" uid1="B" id="Cyan"/>', ["B"]),
        # For a group that a user made.
        (
            f'{OWN} chatroom="Patrol" id="7f3a"',
            '<chatgrp uid0="ME" uid1="B" uid2="C" id="7f3a"/>',
            ["B", "C"],
        ),
        (f'{OWN} chatroom="Patrol" id="7f3a"', "", ["7f3a"]),
        # For one person.
        (f'{ROOT} chatroom="Bob" id="B"', '<chatgrp uid0="ME" uid1="B" id="B"/>', ["B"]),
        (f'{ROOT} chatroom="Bob" id="B"', "", ["B"]),
        (f'{ROOT} chatroom="B" id="B"', "", ["B"]),
        ('chatroom="Bob" id="B"', '<chatgrp uid0="ME" uid1="B" id="B"/>', ["B"]),
        ('chatroom="Bob" id="B"', "<other/>", ["B"]),
        # To oneself, and without anything to go by.
        (f'{ROOT} chatroom="Me" id="ME"', '<chatgrp uid0="ME" id="ME"/>', []),
        ('chatroom="x"', "", []),
    ],
)
def test_whom_a_chat_without_marti_is_for(attributes: str, group: str, people: list[str]) -> None:
    for cot_type in ("b-t-f", "b-t-f-d", "b-t-f-r"):
        event = chat(attributes, group, cot_type=cot_type)
        assert [address.value for address in event.addresses] == people
        assert all(address.kind == "uid" for address in event.addresses)


def test_marti_decides_where_there_is_one() -> None:
    event = chat(f'{ROOT} chatroom="Bob" id="B"', rest='<marti><dest callsign="Carl"/></marti>')
    assert event.addresses == (Address("callsign", "Carl"),)


def test_a_chat_element_in_something_else_names_nobody() -> None:
    assert make(f'<__chat {ROOT} chatroom="Bob" id="B"/>', "a-f-G").addresses == ()


@pytest.mark.parametrize(
    ("detail", "uid", "author"),
    [
        ('<link uid="L"/>', "GeoChat.G.room.1", "L"),
        ("<link/>", "GeoChat.G.room.1", "G"),
        ("", "GeoChat.G.room.1", "G"),
        ("", "GeoChat.G", ""),
        ("", "message", ""),
    ],
)
def test_who_wrote_a_chat(detail: str, uid: str, author: str) -> None:
    assert make(detail, "b-t-f", uid).author == author
    assert make(detail, "a-f-G", uid).author == ""


def test_receipts_of_real_clients_are_for_whom_they_name() -> None:
    for name in ("node-cot/006_b-t-f-d.cot", "node-cot/007_b-t-f-r.cot"):
        event = Event.of_xml(cot.only_document((CORPUS / name).read_bytes()))
        assert event.kind is Kind.CHAT
        assert event.author == "ANDROID-121345"
        assert event.addresses == (Address("uid", "ANDROID-CloudTAK-admin"),)


@pytest.mark.parametrize(
    ("detail", "cot_type", "expected"),
    [
        ("<emergency type='911 Alert'>A</emergency>", "b-a-o-tbl", False),
        ("<emergency cancel='true'>A</emergency>", "b-a-o-can", True),
        ("", "b-a-o-can", True),
        ("<emergency cancel='TRUE'/>", "b-a-o-tbl", True),
        ("<emergency cancel='false'/>", "b-a-o-tbl", False),
    ],
)
def test_which_alerts_are_cancelled(detail: str, cot_type: str, expected: bool) -> None:
    assert make(detail, cot_type).cancels is expected


@pytest.mark.parametrize(
    "path", sorted(CORPUS.glob("*/*.cot")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_an_event_means_the_same_in_either_format(path: Path) -> None:
    xml = cot.only_document(path.read_bytes())
    if b"<point" not in xml:
        return
    event = Event.of_xml(xml)
    again = Event.of_payload(event.payload())
    assert again is not None
    for name in (
        "uid",
        "type",
        "kind",
        "callsign",
        "is_self",
        "addresses",
        "author",
        "cancels",
        "time",
        "stale",
        "point",
    ):
        assert getattr(again, name) == getattr(event, name)
    assert again.payload() is again.payload()


def test_the_message_it_came_in_is_passed_on_as_it_is() -> None:
    payload = make('<contact callsign="A"/>').payload() + b"\xf8\x3f\x01"  # and a field nobody knows
    event = Event.of_payload(payload)
    assert event is not None
    assert event.payload() == payload
    assert event.detail("contact") == {"callsign": "A"}
    assert event.detail("track") is None


def test_a_message_without_an_event_is_none() -> None:
    assert Event.of_payload(b"") is None


def test_no_fault_of_either_form_is_let_through() -> None:
    with pytest.raises(takproto.Malformed):
        Event.of_payload(b"\xff")
    with pytest.raises(cot.Malformed):
        Event.of_payload(bytes.fromhex("1200"))  # an event without anything
    with pytest.raises(cot.TooLarge):
        Event.of_xml(make().xml, cot.Limits(size=100))
