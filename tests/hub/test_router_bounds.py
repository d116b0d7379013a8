"""Markers that stand in the picture more than once, and what is remembered of clients that went."""

from typing import Any

import pytest

from tests.hub.made_links import NOW, RED, Bench, Peer, make, openly, settled
from vallum.core.principal import Principal
from vallum.hub import mailbox, router

BLUE = frozenset(("blue",))


@pytest.fixture
def bench() -> Bench:
    return Bench(openly("EE"))


def notices(reader: Peer) -> int:
    return sum(event.type == "t-x-d-d" for event in reader.got())


def test_a_marker_that_two_groups_have_is_deleted_with_one_notice_for_each_reader(bench: Bench) -> None:
    red, blue = bench.join("red"), bench.join("blue", groups=BLUE)
    both, operator = (bench.join(name, groups=RED | BLUE) for name in ("both", "operator"))
    red.send(make("mark", "b-m-p-s-m"))
    blue.send(make("mark", "b-m-p-s-m"))
    bench.flush()
    operator.send(make("delete mark", "t-x-d-d", '<link uid="mark" relation="none" type="none"/>'))
    bench.flush()
    assert not len(bench.router.picture)
    assert [notices(reader) for reader in (red, blue, both)] == [1, 1, 1]


def test_who_went_longest_ago_is_forgotten_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "_CLIENTS", 2)
    peers = settled(bench, "Anna", "Bert", "Carl")
    for number, peer in enumerate(peers, 1):
        bench.router.mailbox.remember(peer.session.principal, peer.session.principal.name, NOW + number)
    assert list(bench.router.mailbox.cursors.values()) == [NOW + 2, NOW + 3]


class Switched:
    """A memory of clients that have switched everything off, and how often it was asked."""

    asked = 0

    def groups(self, _principal: Principal, uid: str) -> tuple[frozenset[str], frozenset[str]] | None:
        self.asked += 1
        return (RED, frozenset()) if uid else None

    def came(self, *_: Any) -> None: ...

    def left(self, *_: Any) -> None: ...


def test_who_is_too_many_clients_already_does_not_have_its_groups_switched_for_one_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "_IDENTITIES", 2)
    clients = bench.router.clients = Switched()
    red = bench.join("red")
    joined = clients.asked
    for number in range(4):
        red.send(make(f"client {number}", "a-f-G-U-C", '<contact callsign="A" endpoint="*:-1:stcp"/>'))
    assert len(red.session.identities) == 2
    assert clients.asked == joined + 2
