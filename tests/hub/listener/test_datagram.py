"""Datagrams: unicast in, and a mesh that a hub listens to and relays to. All on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import takproto as other_codec

from tests.hub.conftest import (
    FI,
    GROUP,
    LV,
    StreamClient,
    event,
    listener,
    presence,
    quiet,
    run,
    running,
    until,
)
from tests.hub.listener.conftest import MeshClient, on_mesh
from tests.hub.listener.test_message import control
from vallum.core.errors import BadInput
from vallum.hub.listener.datagram import DATAGRAM_LIMIT, DatagramListener
from vallum.hub.listener.mesh import KEEP_S
from vallum.hub.server import Hub
from vallum.picture import Event
from vallum.wire import takproto

TCP, UDP = listener("tcp"), listener("udp")


def mesh(**more: Any) -> Any:
    return listener("mesh", **{"host": GROUP, "relay": True} | more)


def datagram(document: bytes) -> bytes:
    return takproto.mesh_frame(Event.of_xml(document).payload())


def only(hub: Hub) -> DatagramListener:
    (found,) = hub.datagrams
    return found


def send(hub: Hub, *datagrams: bytes, name: str = "udp") -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for data in datagrams:
            sender.sendto(data, hub.addresses[name])


# Unicast


@pytest.mark.parametrize("loop", [None, asyncio.new_event_loop])
def test_unicast_is_taken_in_every_form(loop: Callable[[], asyncio.AbstractEventLoop] | None) -> None:
    async def work() -> None:
        async with running(TCP, UDP) as hub, await StreamClient.to(hub) as reader:
            send(hub, datagram(event("alpha")), event("bravo"), b"<?xml version='1.0'?>\n" + event("charlie"))
            send(hub, bytes(other_codec.xml2proto(event("delta"), other_codec.TAKProtoVer.STREAM)))
            send(hub, bytes(other_codec.xml2proto(event("echo"), other_codec.TAKProtoVer.MESH)))
            for uid in ("alpha", "bravo", "charlie", "delta", "echo"):
                await reader.get(f'uid="{uid}"')
            assert not hub.router.counters.malformed

    run(work()) if loop is None else run(work(), loop)


def test_datagrams_that_are_no_event_are_counted_and_cost_nothing_else() -> None:
    async def work() -> None:
        async with running(TCP, UDP) as hub, await StreamClient.to(hub) as reader:
            send(hub, b"neither", b"\xbf\x02\xbf", b"\xbf\x01\xbf\xff", event("half")[:-3], b"")
            send(hub, event("alpha"))
            await reader.get("alpha")
            # An empty datagram is a fault to the plain loop; uvloop passes it on as well.
            assert hub.router.counters.malformed["udp"] >= 4

    run(work())


def test_an_address_over_its_rate_loses_what_is_too_much() -> None:
    async def work() -> None:
        async with running(UDP, events_per_s=1e-3, burst=5.0) as hub:
            send(hub, *(event(f"number {number}") for number in range(9)))
            await until(lambda: only(hub).dropped["over the rate"] == 4)
            assert hub.router.counters.received == 5

    run(work())


def test_a_datagram_that_comes_twice_counts_once() -> None:
    async def work() -> None:
        async with running(TCP, UDP) as hub, await StreamClient.to(hub) as reader:
            twice = datagram(event("alpha"))
            send(hub, twice, twice, datagram(event("last")))
            await reader.get("last")
            assert reader.count('uid="alpha"') == 1
            assert only(hub).dropped == {"repeated": 1}

    run(work())


def test_who_sends_datagrams_is_of_the_listeners_nation_and_groups() -> None:
    async def work() -> None:
        async with (
            running(listener("udp", groups=["boats"]), listener("tcp", groups=["boats"]), listener("tcp", "b"),
                    listener("tcp", "c", **LV, groups=["boats"])) as hub,
            await StreamClient.to(hub) as same,
            await StreamClient.to(hub, "b") as other_group,
            await StreamClient.to(hub, "c") as other_nation,
        ):  # fmt: skip
            send(hub, event("alpha"))
            await same.get("alpha")
            await quiet(hub)
            assert not other_group.count("alpha")
            assert not other_nation.count("alpha")

    run(work())


def test_a_nation_outside_the_policy_cannot_have_a_listener() -> None:
    async def work() -> None:
        with pytest.raises(BadInput, match="'SE' is not in the policy"):
            async with running(listener("udp", nation="SE")):
                pass

    run(work())


def test_an_address_that_is_taken_is_named() -> None:
    async def work() -> None:
        async with running(UDP) as hub:
            with pytest.raises(BadInput, match="cannot listen on 127"):
                async with running(listener("udp", port=hub.addresses["udp"][1])):
                    pass

    run(work())


# The mesh


@asynccontextmanager
async def scene(**more: Any) -> AsyncIterator[tuple[Hub, StreamClient, MeshClient]]:
    """A hub with a client and a mesh with a member."""
    async with (
        running(TCP, mesh(**more)) as hub,
        await StreamClient.to(hub) as client,
        on_mesh(hub.addresses["mesh"][1]) as member,
    ):
        yield hub, client, member


needs_multicast = pytest.mark.usefixtures("multicast")


@needs_multicast
@pytest.mark.parametrize("loop", [None, asyncio.new_event_loop])
def test_a_mesh_and_the_clients_of_a_hub_see_one_another(
    loop: Callable[[], asyncio.AbstractEventLoop] | None,
) -> None:
    async def work() -> None:
        async with scene() as (hub, client, member):
            member.send(datagram(presence("alpha")))
            await client.get('uid="alpha"')
            await client.send(event("bravo"), event("charlie"))
            for uid in ("bravo", "charlie"):
                payload = await member.get(uid)
                found = Event.of_payload(payload)
                assert found is not None
                assert found.uid == uid  # each in a datagram of its own
            await quiet(hub)
            assert member.count("alpha") == 0

    run(work()) if loop is None else run(work(), loop)


@needs_multicast
def test_others_read_what_is_relayed() -> None:
    async def work() -> None:
        async with scene() as (_, client, member):
            await client.send(event("bravo"))
            await member.get("bravo")
            data = next(data for data in member.received if b"bravo" in data)
            assert other_codec.parse_proto(bytearray(data)).cotEvent.uid == "bravo"

    run(work())


@needs_multicast
def test_a_mesh_that_is_only_listened_to_is_sent_nothing() -> None:
    async def work() -> None:
        async with scene(relay=False) as (hub, client, member):
            member.send(event("alpha"), event("alpha-ping", "t-x-c-t"))
            await client.get("alpha")
            await client.send(event("bravo"))
            only(hub).sweep()
            await quiet(hub)
            assert not member.received

    run(work())


@needs_multicast
def test_the_mesh_is_sent_only_what_its_nation_and_groups_may_see() -> None:
    async def work() -> None:
        async with (
            running(mesh(**FI, groups=["boats"]), listener("tcp", "ee", groups=["boats"]),
                    listener("tcp", "lv", **LV, groups=["boats"]), listener("tcp", "others")) as hub,
            await StreamClient.to(hub, "ee") as estonian,
            await StreamClient.to(hub, "lv") as latvian,
            await StreamClient.to(hub, "others") as ungrouped,
            on_mesh(hub.addresses["mesh"][1]) as member,
        ):  # fmt: skip
            await latvian.send(event("kept-by-latvia"))
            await ungrouped.send(event("of-another-group"))
            await estonian.send(event("released"))
            await member.get("released")
            await quiet(hub)
            assert len(member.events()) == 1

    run(work())


@needs_multicast
def test_what_goes_by_twice_on_the_mesh_is_relayed_once() -> None:
    async def work() -> None:
        async with scene() as (hub, client, member):
            twice = datagram(event("alpha"))
            member.send(twice, twice, datagram(event("last")))
            await client.get("last")
            assert client.count('uid="alpha"') == 1
            assert only(hub).dropped["repeated"] == 1

    run(work())


@needs_multicast
def test_two_hubs_on_one_mesh_pass_each_event_on_once() -> None:
    async def work() -> None:
        async with running(TCP, mesh()) as east:
            port = east.addresses["mesh"][1]
            async with (
                running(TCP, mesh(port=port)) as west,
                await StreamClient.to(east) as eastern,
                await StreamClient.to(west) as western,
                on_mesh(port) as member,
            ):
                await eastern.send(event("alpha"))
                await western.get("alpha")
                await western.send(event("bravo"))
                await eastern.get("bravo")
                member.send(datagram(event("charlie")))
                await eastern.get("charlie")
                await western.get("charlie")
                await quiet(east, west)
                for uid in ("alpha", "bravo", "charlie"):
                    assert eastern.count(f'uid="{uid}"') + western.count(f'uid="{uid}"') <= 2
                assert [member.count(uid) for uid in ("alpha", "bravo", "charlie")] == [1, 1, 0]

    run(work())


@needs_multicast
@pytest.mark.parametrize("old", [False, True])
def test_two_hubs_on_two_meshes_do_not_send_in_circles(old: bool) -> None:
    async def work() -> None:
        async with running(TCP, mesh(), mesh(name="second", host="239.2.3.78")) as east:
            ports = [east.addresses[name][1] for name in ("mesh", "second")]
            async with (
                running(
                    TCP, mesh(port=ports[0]), mesh(name="second", host="239.2.3.78", port=ports[1])
                ) as west,
                await StreamClient.to(east) as eastern,
                await StreamClient.to(west) as western,
                on_mesh(ports[0]) as member,
            ):
                if old:  # one mesh in XML, the other in version 1
                    member.send(presence("old"))
                    await eastern.get("old")
                    await western.get("old")
                await eastern.send(event("alpha", detail="<remarks>once</remarks>"))
                await western.get("alpha")
                for _ in range(5):
                    await quiet(east, west)
                assert member.count("alpha") <= 2
                assert western.count('uid="alpha"') <= 2

    run(work())


@needs_multicast
def test_xml_is_sent_while_a_contact_reads_nothing_else_and_version_1_again_afterwards() -> None:
    async def work() -> None:
        async with scene() as (hub, client, member), on_mesh(hub.addresses["mesh"][1]) as other:
            other.send(control("new", 1, 1), datagram(presence("new")))
            member.send(presence("old"))
            await client.get("old")
            await client.send(event("alpha"), event("bravo"))
            assert (await member.get("alpha")).startswith(b"<event")
            assert (await member.get("bravo")).count(b"</event>") == 1
            later = hub.router.monotonic() + KEEP_S + 1
            hub.router.monotonic = lambda: later
            only(hub).sweep()
            await client.send(event("charlie"))
            assert not (await member.get("charlie")).startswith(b"<event")

    run(work())


@needs_multicast
def test_a_contact_that_announces_version_1_may_send_xml() -> None:
    async def work() -> None:
        async with scene() as (_, client, member):
            member.send(control("new", 1, 1), presence("new"))
            await client.get("new")
            await client.send(event("alpha"))
            assert not (await member.get("alpha")).startswith(b"<event")

    run(work())


@needs_multicast
def test_the_hub_announces_version_1_again_and_again_and_does_not_take_itself_for_a_contact() -> None:
    async def work() -> None:
        async with running(mesh()) as hub, on_mesh(hub.addresses["mesh"][1]) as member:
            only(hub).sweep()
            await until(lambda: member.received)
            before = len(member.received)
            only(hub).sweep()
            later = hub.router.monotonic() + 60
            hub.router.monotonic = lambda: later
            only(hub).sweep()
            await until(lambda: len(member.received) > before)
            said = takproto.decode(takproto.mesh_payload(member.received[-1]) or b"")
            assert (said.min_version, said.max_version, said.has_event) == (1, 1, False)
            assert said.contact_uid == only(hub).uid
            assert len(member.received) == before + 1
            assert only(hub).uid not in only(hub).contacts

    run(work())


@needs_multicast
def test_a_directed_event_goes_to_the_mesh_only_if_it_names_one_who_is_there() -> None:
    async def work() -> None:
        async with (
            running(TCP, mesh()) as hub,
            await StreamClient.to(hub) as client,
            await StreamClient.to(hub) as named,
            on_mesh(hub.addresses["mesh"][1]) as member,
        ):
            await named.send(presence("bravo", "BRAVO"))
            member.send(datagram(presence("alpha", "ALPHA")))
            await client.get('uid="alpha"')
            await member.get("BRAVO")
            to = '<marti><dest callsign="{}"/></marti>'
            await client.send(event("to-nobody", "b-m-r", to.format("NOBODY")))
            await client.send(event("to-bravo", "b-m-r", to.format("BRAVO")))
            await client.send(event("to-alpha", "b-m-r", to.format("ALPHA")))
            await member.get("to-alpha")
            await named.get("to-bravo")
            await quiet(hub)
            assert not member.count("to-nobody")
            assert not member.count("to-bravo")
            assert not named.count("to-alpha")

    run(work())


@needs_multicast
def test_what_no_datagram_holds_is_counted_and_the_rest_is_sent() -> None:
    async def work() -> None:
        async with scene() as (hub, client, member):
            room = DATAGRAM_LIMIT - len(datagram(event("just", detail="<a></a>"))) - 20
            await client.send(
                event("over", detail=f"<a>{'x' * DATAGRAM_LIMIT}</a>"),
                event("just", detail=f"<a>{'x' * room}</a>"),
                event("small"),
            )
            await member.get("small")
            await member.get("just")
            assert only(hub).dropped["not sent: too large"] == 1

    run(work())


@needs_multicast
def test_what_a_network_does_not_take_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with scene() as (hub, client, member):
            only(hub).pause_writing()
            await client.send(event("lost"))
            await until(lambda: only(hub).dropped["not sent: congestion"])
            only(hub).resume_writing()
            await client.send(event("alpha"))
            await member.get("alpha")
            assert not member.count("lost")
            only(hub).error_received(OSError("unreachable"))
            assert only(hub).dropped["not sent: network"] == 1

    run(work())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"host": "127.0.0.1"}, "no multicast group"),
        ({"host": "mesh.example"}, "no IPv4 address"),
        ({"interface": "eth0"}, "no IPv4 address"),
        ({"interface": "192.0.2.1"}, "cannot join"),
    ],
)
def test_a_mesh_that_cannot_be_is_explained(more: dict[str, str], said: str) -> None:
    async def work() -> None:
        with pytest.raises(BadInput, match=said):
            async with running(mesh(**more)):
                pass

    run(work())


@needs_multicast
def test_a_hub_that_stops_leaves_the_mesh() -> None:
    async def work() -> None:
        async with running(mesh()) as hub:
            await hub.stop()
            await until(lambda: not hub.router.sessions)
            only(hub).write(b"")

    run(work())
