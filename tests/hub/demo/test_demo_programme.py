"""What the demonstration sends, and when."""

import re
from collections.abc import Iterator

import pytest
from lxml import etree

from vallum.hub.demo.events import REMARKS
from vallum.hub.demo.places import NATIONS
from vallum.hub.demo.programme import Programme
from vallum.hub.demo.scene import scene
from vallum.picture import Event, Kind

NOW = 1_795_000_000_000
SCENE = scene(0, 30, NATIONS)


def ticks(nation: str, seconds: int, every: float = 2.0) -> Iterator[tuple[float, bytes]]:
    programme = Programme(SCENE, nation, every)
    for tick in range(int(seconds / every)):
        t = tick * every
        for document in programme.due(t, NOW + round(1000 * t)):
            yield t, document


@pytest.fixture(scope="module")
def quarter() -> dict[str, list[tuple[float, bytes]]]:
    """A quarter of an hour of each nation's events with the times at which they were due."""
    return {nation: list(ticks(nation, 900)) for nation in NATIONS}


def test_every_event_is_one_for_the_hub_and_for_an_xml_parser(quarter: dict) -> None:
    for nation in NATIONS:
        for _, document in quarter[nation][:400]:
            event = Event.of_xml(document)
            tree = etree.fromstring(document)
            assert tree.get("uid") == event.uid
            assert float(tree.find("point").get("lat")) == event.point.lat
            assert event.start == event.time < event.stale
            assert f"-{nation}-" in event.uid


def test_every_event_but_chat_says_that_it_is_invented(quarter: dict) -> None:
    for _, document in quarter["EE"][:400]:
        if b'type="b-t-f"' not in document:
            assert REMARKS.encode() in document


def test_positions_are_as_clients_write_them() -> None:
    first = next(document for _, document in ticks("EE", 2) if b"vallum-demo-EE-01" in document)
    event = Event.of_xml(first)
    assert event.type == "a-f-G-E-V-C"
    assert event.callsign == "DEMO EE 01"
    assert event.detail("__group") == {"name": "Cyan", "role": "Team Member"}
    assert 20 <= int(event.detail("status")["battery"]) <= 100
    assert set(event.detail("track")) == {"course", "speed"}
    assert not event.is_self


def test_the_post_alone_is_a_client() -> None:
    events = [Event.of_xml(document) for _, document in ticks("LV", 2)]
    assert [event.uid for event in events if event.is_self] == ["vallum-demo-LV-post"]


def test_positions_are_stale_after_three_intervals() -> None:
    for every in (0.5, 2.0, 10.0):
        event = Event.of_xml(next(document for _, document in ticks("LT", 20, every)))
        assert event.stale - event.time == 3_000 * every


def test_all_kinds_of_units_and_events_are_there(quarter: dict) -> None:
    types = {Event.of_xml(document).type for nation in NATIONS for _, document in quarter[nation]}
    assert types == {
        "a-f-G-E-V-C", "a-f-S-X-M-F", "a-f-A-M-H-Q", "a-f-G-E-V-m", "a-f-G-U-U-L-C", "a-f-G-U-i", "a-f-S-X-L",
        "a-f-G-I-i-e", "b-t-f", "b-a-o-tbl", "b-a-o-can", "b-m-p-s-m", "b-m-p-s-p-loc",
    }  # fmt: skip


def test_an_emergency_is_raised_and_cancelled_three_minutes_later(quarter: dict) -> None:
    told = [(t, Event.of_xml(document)) for t, document in quarter["EE"] if b'type="b-a-' in document]
    raised = [t for t, event in told if not event.cancels]
    ended = [t for t, event in told if event.cancels]
    assert raised[0] == 16.0
    assert max(raised) < min(ended)
    assert min(ended) == 196.0
    assert len(ended) == 3
    assert {event.uid for _, event in told} == {"vallum-demo-EE-01-9-1-1"}
    assert all(event.kind is Kind.ALERT for _, event in told)


def test_nations_take_turns_with_emergencies(quarter: dict) -> None:
    first = {
        nation: min((t for t, document in quarter[nation] if b"b-a-o-tbl" in document), default=None)
        for nation in NATIONS
    }
    assert first == {"EE": 16.0, "LV": 616.0, "LT": None}


def test_an_emergency_does_not_outlive_the_demonstration() -> None:
    programme = Programme(SCENE, "EE", 2.0)
    assert programme.farewell(0.0, NOW) == []
    programme.due(20.0, NOW)
    (last,) = programme.farewell(22.0, NOW)
    assert Event.of_xml(last).cancels


def test_a_hub_that_comes_back_is_told_everything_again() -> None:
    programme = Programme(SCENE, "EE", 2.0)
    programme.due(20.0, NOW)
    rare = {"b-a-o-tbl", "b-m-p-s-m", "b-m-p-s-p-loc"}
    assert not rare & {Event.of_xml(document).type for document in programme.due(22.0, NOW)}
    programme.again()
    assert rare <= {Event.of_xml(document).type for document in programme.due(24.0, NOW)}


def test_chat_is_for_all_rooms_and_no_message_has_the_number_of_another(quarter: dict) -> None:
    chats = [
        Event.of_xml(document)
        for nation in NATIONS
        for _, document in quarter[nation]
        if b'type="b-t-f"' in document
    ]
    assert len(chats) == len({event.uid for event in chats}) == 3 * 38
    for event in chats:
        assert event.addresses == ()
        assert event.uid.startswith("GeoChat.vallum-demo-")
        assert event.detail("__chat")["chatroom"] == "All Chat Rooms"


def test_chat_to_all_names_no_unit_whose_own_label_restricts_it(quarter: dict) -> None:
    labelled = {unit.callsign for unit in SCENE.units if unit.role.access or unit.role.names}
    said = b"".join(
        document for nation in NATIONS for _, document in quarter[nation] if b'"b-t-f"' in document
    )
    named = set(re.findall(r"DEMO [A-Z]{2} \d\d", said.decode()))
    assert named
    assert not named & labelled


def test_a_video_leads_to_a_host_that_cannot_exist() -> None:
    (video,) = (document for _, document in ticks("LT", 2) if b"b-m-p-s-p-loc" in document)
    tree = etree.fromstring(video)
    assert tree.find("detail/__video").get("url") == "rtsp://video.example.invalid:8554/vallum-demo-LT-03"
    assert tree.find("detail/__video/ConnectionEntry").get("address") == "video.example.invalid"


def test_labels_are_those_of_the_role() -> None:
    labels = {}
    for _, document in ticks("LV", 2):
        attributes = Event.of_xml(document).attributes
        labels[attributes["uid"]] = (attributes.get("access", ""), attributes.get("releasableTo", ""))
    assert labels["vallum-demo-LV-01"] == ("", "")
    assert labels["vallum-demo-LV-03"] == labels["vallum-demo-LV-03-video"] == ("", "EE LV LT")
    assert labels["vallum-demo-LV-05"] == ("RESTRICTED", "EE LV LT")
    assert labels["vallum-demo-LV-06"] == ("", "LV LT")


def test_nothing_is_of_a_type_that_any_hub_refuses(quarter: dict) -> None:
    for nation in NATIONS:
        assert not any(b'type="t-k' in document for _, document in quarter[nation])
