"""What is remembered of a mesh, without a socket: contacts and their versions, datagrams, rates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vallum.hub.listener import mesh
from vallum.hub.listener.mesh import Contacts, Passed, Rates

HERE, THERE = ("10.0.0.1", 6969), ("10.0.0.2", 6969)


def test_version_1_is_spoken_while_nobody_is_known() -> None:
    assert Contacts().read_version_1


def test_one_contact_that_says_nothing_and_sends_xml_makes_all_of_it_xml() -> None:
    contacts = Contacts()
    contacts.said("new", HERE, 0.0, reads_version_1=True)
    contacts.heard("old", THERE, 1.0, in_version_1=False)
    assert not contacts.read_version_1


def test_a_contact_that_decodes_later_versions_only_gets_xml() -> None:
    contacts = Contacts()
    contacts.said("later", HERE, 0.0, reads_version_1=False)
    assert not contacts.read_version_1


def test_what_a_contact_says_counts_for_more_than_what_it_sends() -> None:
    contacts = Contacts()
    contacts.said("polite", HERE, 0.0, reads_version_1=True)
    contacts.heard("polite", THERE, 1.0, in_version_1=False)
    assert contacts.read_version_1


def test_a_contact_that_sends_version_1_reads_it() -> None:
    contacts = Contacts()
    contacts.heard("quiet", HERE, 0.0, in_version_1=True)
    assert contacts.read_version_1
    contacts.heard("quiet", HERE, 1.0, in_version_1=False)
    assert not contacts.read_version_1


def test_a_relay_that_announces_version_1_vouches_for_those_it_presents() -> None:
    contacts = Contacts()
    contacts.said("hub", HERE, 0.0, reads_version_1=True)
    contacts.heard("client of the hub", HERE, 1.0, in_version_1=False)
    assert contacts.read_version_1
    contacts.forget(mesh.KEEP_S + 0.5)
    contacts.heard("client of the hub", HERE, mesh.KEEP_S + 1.0, in_version_1=False)
    assert not contacts.read_version_1


def test_who_is_not_heard_for_two_minutes_is_forgotten() -> None:
    contacts = Contacts()
    contacts.heard("old", HERE, 0.0, in_version_1=False)
    contacts.heard("fresh", THERE, 60.0, in_version_1=True)
    assert contacts.forget(120.0) == []
    assert contacts.forget(120.1) == ["old"]
    assert contacts.read_version_1
    assert "old" not in contacts
    assert "fresh" in contacts


def test_an_announcement_without_a_uid_names_no_contact() -> None:
    contacts = Contacts()
    contacts.said("", HERE, 0.0, reads_version_1=False)
    assert contacts.read_version_1


def test_contacts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh, "_CONTACTS", 3)
    contacts = Contacts()
    contacts.heard("first", HERE, 0.0, in_version_1=False)
    for number in range(3):
        contacts.said(f"made up {number}", ("10.0.0.9", number), 1.0, reads_version_1=True)
    assert "first" not in contacts
    assert contacts.read_version_1


def test_a_datagram_is_new_once_in_ten_seconds() -> None:
    passed = Passed()
    assert passed.is_new(b"a", 0.0)
    assert passed.is_new(b"b", 0.0)
    assert not passed.is_new(b"a", 10.0)
    assert passed.is_new(b"a", 10.1)
    assert not passed.is_new(b"a", 10.2)


def test_the_memory_of_datagrams_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh, "_DATAGRAMS", 3)
    passed = Passed()
    for data in (b"a", b"b", b"c", b"d"):
        assert passed.is_new(data, 0.0)
    assert not passed.is_new(b"d", 0.0)
    assert passed.is_new(b"a", 0.0)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.floats(0, 8))))
def test_nothing_passes_twice_within_ten_seconds(steps: list[tuple[bytes, float]]) -> None:
    passed = Passed()
    now = 0.0
    seen: dict[bytes, float] = {}
    for data, wait in steps:
        now += wait
        expected = data not in seen or now - seen[data] > mesh.REPEAT_S
        assert passed.is_new(data, now) == expected
        if expected:
            seen[data] = now


def test_an_address_over_its_rate_is_kept_out_until_it_slows_down_and_others_are_not() -> None:
    rates = Rates(events_per_s=2.0, burst=4.0, bytes_per_s=1e6)
    assert [rates.allow("10.0.0.1", 100, 0.0) for _ in range(6)] == [True] * 4 + [False] * 2
    assert rates.allow("10.0.0.2", 100, 0.0)
    # However much was kept out, it is not paid for afterwards.
    for _ in range(1_000):
        rates.allow("10.0.0.1", 100, 0.1)
    assert rates.allow("10.0.0.1", 100, 1.0)


def test_bytes_are_bounded_as_well() -> None:
    rates = Rates(events_per_s=1e6, burst=1e6, bytes_per_s=100.0)
    assert rates.allow("10.0.0.1", 400, 0.0)
    assert not rates.allow("10.0.0.1", 1, 0.0)
    assert rates.allow("10.0.0.1", 100, 1.0)


def test_addresses_that_are_made_up_share_one_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh, "_SOURCES", 8)
    rates = Rates(events_per_s=1.0, burst=2.0, bytes_per_s=1e6)
    taken = sum(rates.allow(f"10.0.{number // 256}.{number % 256}", 100, 0.0) for number in range(1_000))
    assert taken == 32
    assert len(rates._sources) <= 8
