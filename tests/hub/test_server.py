"""The hub over real sockets: who is let in, what is cut off, what survives."""

import asyncio
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.hub.conftest import FI, POLICY, StreamClient, event, listener, presence, quiet, run, running, until
from vallum.core.errors import BadInput
from vallum.hub.config import Config, Journal, Operate
from vallum.hub.pki import Authority, IssuedUser
from vallum.hub.server import Hub

Issue = Callable[..., IssuedUser]


def client_context(authority_folder: Path, user: IssuedUser | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority_folder / "ca.pem")
    if user is not None:
        key, certificate = user.files[:2]
        context.load_cert_chain(certificate, key)
    return context


def chat(sender: str, text: str, *, number: int, to: str = "") -> bytes:
    dest = f'<marti><dest callsign="{to}"/></marti>' if to else ""
    room = to or "All Chat Rooms"
    return event(
        f"GeoChat.{sender}.{room}.{number}",
        "b-t-f",
        f'<__chat parent="RootContactGroup" groupOwner="false" messageId="{number}" chatroom="{room}" id="{room}" '
        f'senderCallsign="{sender}"><chatgrp uid0="{sender}" uid1="{room}" id="{room}"/></__chat>'
        f"<remarks>{text}</remarks>{dest}",
        stale_after=86_400_000,
    )


async def lets_in(hub: Hub, **more: Any) -> bool:
    """Whether the hub speaks to a client, be it that the handshake fails or that the connection is closed after it."""
    host, port = hub.addresses["tls"]
    try:
        reader, writer = await asyncio.open_connection(host, port, **more)
        said = await reader.read(1)
        writer.close()
    except OSError:
        return False
    return bool(said)


def with_journal(folder: Path, *listeners: Any) -> Hub:
    return Hub(
        Config(
            listeners=list(listeners),
            journal=Journal(path="journal.sqlite", batch_ms=20),
            operate=Operate(control=""),
        ),
        POLICY,
        folder,
    )


def test_two_nations_see_what_the_policy_releases() -> None:
    async def work() -> None:
        listeners = listener(name="ee"), listener(name="fi", **FI), listener(name="lv", nation="LV")
        async with (
            running(*listeners) as hub,
            await StreamClient.to(hub, "ee") as ee,
            await StreamClient.to(hub, "fi") as fi,
            await StreamClient.to(hub, "lv") as lv,
        ):
            await ee.send(presence("E1"))
            await fi.send(presence("F1"))
            await lv.send(presence("L1"))
            await ee.get("F1")
            await fi.get("E1")
            await quiet(hub)
            assert lv.count("E1") == lv.count("F1") == 0
            assert ee.count("L1") == fi.count("L1") == 0

    run(work())


def test_revocation_ends_a_session_and_lets_nobody_in_again(
    authority: Authority, issue: Issue, tmp_path: Path
) -> None:
    user, other = issue("Kadri"), issue("Liis")

    async def work() -> None:
        secure = listener("tls", nation="", authentication=None)
        async with running(secure, folder=tmp_path) as hub:
            more = {"ssl": client_context(tmp_path / "pki", user), "server_hostname": "localhost"}
            kept = {"ssl": client_context(tmp_path / "pki", other), "server_hostname": "localhost"}
            first = await StreamClient.to(hub, "tls", **more)
            async with await StreamClient.to(hub, "tls", **kept) as second:
                authority.revoke(name="Kadri", now=datetime.now(UTC))
                await until(lambda: hub.router.counters.cut["revoked"] == 1)
                await until(first.reader.at_eof)
                assert not await lets_in(hub, **more)
                await second.send(presence("L2"))
                await quiet(hub)
                assert len(hub.router.sessions) == 1
            await first.close()

    run(work())


def test_a_certificate_that_was_issued_a_moment_ago_is_let_in(
    authority: Authority, issue: Issue, tmp_path: Path
) -> None:
    async def work() -> None:
        async with running(listener("tls", nation="", authentication=None), folder=tmp_path) as hub:
            context = client_context(tmp_path / "pki", issue("Kadri"))
            assert await lets_in(hub, ssl=context, server_hostname="localhost")

    run(work())


@pytest.mark.parametrize("kind", ["none", "foreign"])
def test_a_client_without_a_certificate_of_ours_is_not_let_in(
    kind: str, authority: Authority, tmp_path: Path
) -> None:
    context = client_context(tmp_path / "pki", None)
    if kind == "foreign":
        import trustme

        trustme.CA().issue_cert("somebody").configure_cert(context)

    async def work() -> None:
        async with running(listener("tls", nation="", authentication=None), folder=tmp_path) as hub:
            assert not await lets_in(hub, ssl=context, server_hostname="localhost")
            assert not hub.router.sessions

    run(work())


def test_a_listener_of_one_nation_turns_the_others_away(
    authority: Authority, issue: Issue, tmp_path: Path
) -> None:
    user = issue("Aivars", "LV")

    async def work() -> None:
        async with running(listener("tls", nation="EE", authentication=None), folder=tmp_path) as hub:
            more = {"ssl": client_context(tmp_path / "pki", user), "server_hostname": "localhost"}
            host, port = hub.addresses["tls"]
            reader, writer = await asyncio.open_connection(host, port, **more)
            assert await reader.read() == b""
            writer.close()
            assert hub.router.counters.turned_away["certificate of another nation"] == 1

    run(work())


def test_an_event_that_is_never_finished_ends_its_connection_and_no_other() -> None:
    async def work() -> None:
        async with (
            running(listener(), unfinished_s=0.3) as hub,
            await StreamClient.to(hub) as good,
            await StreamClient.to(hub) as slow,
        ):
            await slow.send(presence("S1")[:100])
            await until(lambda: hub.router.counters.cut["unfinished event"] == 1)
            await until(slow.reader.at_eof)
            await good.send(presence("G1"))
            await quiet(hub)
            assert not good.reader.at_eof()

    run(work())


def test_too_many_events_that_are_none_end_a_session() -> None:
    async def work() -> None:
        async with running(listener(), faults=5) as hub, await StreamClient.to(hub) as client:
            bad = presence("X").replace(b'uid="X"', b"", 1)
            await client.send(*[bad] * 4, presence("X"))
            await until(lambda: len(hub.router.picture) == 1)
            assert not client.reader.at_eof()
            await client.send(bad)
            await until(client.reader.at_eof)
            assert hub.router.counters.cut["too many faults"] == 1
            assert hub.router.counters.malformed["tcp"] == 5

    run(work())


def test_a_peer_over_its_rate_is_held_back_and_loses_nothing() -> None:
    async def work() -> None:
        async with (
            running(listener(), events_per_s=400.0, burst=50.0) as hub,
            await StreamClient.to(hub) as reader,
            await StreamClient.to(hub) as fast,
        ):
            for number in range(200):
                await fast.send(event(f"U{number}"))
            await until(lambda: reader.count("uid=") >= 200)
            assert [reader.count(f'"U{n}"') for n in range(200)] == [1] * 200
            assert fast.writer.transport is not None
            assert not hub.router.counters.refused

    run(work())


def test_more_connections_than_allowed_are_turned_away() -> None:
    async def work() -> None:
        async with running(listener(), connections=1) as hub, await StreamClient.to(hub):
            host, port = hub.addresses["tcp"]
            reader, writer = await asyncio.open_connection(host, port)
            assert await reader.read() == b""
            writer.close()
            assert hub.router.counters.turned_away["too many connections"] == 1

    run(work())


def test_a_viewer_sees_and_does_not_send() -> None:
    async def work() -> None:
        listeners = listener(name="members"), listener(name="viewers", role="viewer")
        async with (
            running(*listeners) as hub,
            await StreamClient.to(hub, "members") as member,
            await StreamClient.to(hub, "viewers") as viewer,
        ):
            await viewer.send(presence("V1"), event("T1"))
            await member.send(presence("M1"))
            await viewer.get("M1")
            await quiet(hub)
            assert member.count("V1") == member.count("T1") == 0
            assert hub.router.counters.refused["role viewer does not send"] == 1

    run(work())


def test_a_taken_port_is_explained_and_nothing_stays_open() -> None:
    async def work() -> None:
        async with running(listener()) as hub:
            taken = hub.addresses["tcp"][1]
            other = Hub(
                Config(
                    listeners=[listener(name="free"), listener(name="taken", port=taken)],
                    journal=Journal(path=""),
                ),
                POLICY,
                Path("/nonexistent"),
            )
            with pytest.raises(BadInput, match="cannot listen") as raised:
                await other.start()
            assert "taken" in raised.value.where
            free = other.addresses["free"][1]
            with pytest.raises(OSError, match=r"refused|Connect"):
                await asyncio.open_connection("127.0.0.1", free)

    run(work())


def test_a_restart_keeps_picture_and_chat_and_gives_each_message_once(tmp_path: Path) -> None:
    async def work() -> None:
        hub = with_journal(tmp_path, listener())
        await hub.start()
        async with await StreamClient.to(hub) as a, await StreamClient.to(hub) as b:
            await a.send(presence("A1"), event("M1", "b-m-p-s-m"), chat("A1", "before", number=1))
            await b.send(presence("B1"))
            await b.get("before")
            await b.send(event("B1-ping", "t-x-c-t"))
            await b.get("t-x-c-t-r")
            assert b.count("t-x-d-d") == 0
            await hub.stop()
            await until(b.reader.at_eof)
            assert b.count("t-x-d-d") == 0
        again = with_journal(tmp_path, listener())
        await again.start()
        try:
            async with await StreamClient.to(again) as b, await StreamClient.to(again) as c:
                await b.send(presence("B1"))
                await c.send(presence("C1"))
                for wanted in ("A1", "M1"):
                    await b.get(f'uid="{wanted}"')
                    await c.get(f'uid="{wanted}"')
                await c.get("before")
                await quiet(again)
                assert b.count("before") == 0
        finally:
            await again.stop()

    run(work())


def test_a_message_to_somebody_who_is_away_waits_for_them_alone(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(listener()) as hub:
            async with await StreamClient.to(hub) as b:
                await b.send(presence("B1", "Bravo"))
                await until(lambda: len(hub.router.picture) == 1)
            await until(lambda: not hub.router.sessions)
            async with await StreamClient.to(hub) as a, await StreamClient.to(hub) as c:
                await a.send(presence("A1"), chat("A1", "for you", number=1, to="Bravo"))
                await c.send(presence("C1"))
                await quiet(hub)
                async with await StreamClient.to(hub) as back:
                    await back.send(presence("B1", "Bravo"))
                    await back.get("for you")
                    await quiet(hub)
                    assert back.count("for you") == 1
                    assert c.count("for you") == a.count("for you") == 0

    run(work())


def test_who_stops_reading_is_cut_and_the_others_get_everything() -> None:
    async def work() -> None:
        limits = {
            "connection_buffer_bytes": 50_000,
            "outbox_bytes": 200_000,
            "events_per_s": 1e5,
            "burst": 1e5,
        }
        async with (
            running(listener(), bytes_per_s=1e9, **limits) as hub,
            await StreamClient.to(hub) as good,
            await StreamClient.to(hub) as source,
        ):
            host, port = hub.addresses["tcp"]
            _, stuck = await asyncio.open_connection(host, port, limit=1024)
            await until(lambda: len(hub.router.sessions) == 3)
            filler = "P" * 20_000
            sent = 0
            end = time.monotonic() + 8
            while not hub.router.counters.cut and time.monotonic() < end:
                await source.send(event(f"U{sent}", "b-m-p-s-m", f"<remarks>{filler}</remarks>"))
                sent += 1
                await asyncio.sleep(0.002)
            await until(lambda: any(why.startswith("slow reader") for why in hub.router.counters.cut))
            await until(lambda: good.count('uid="U') == sent)
            stuck.close()

    run(work())


def test_strike_tasking_reaches_nobody_and_is_kept_nowhere(tmp_path: Path) -> None:
    async def work() -> None:
        hub = with_journal(tmp_path, listener())
        await hub.start()
        try:
            async with await StreamClient.to(hub) as a, await StreamClient.to(hub) as b:
                await a.send(event("K1", "t-k-d"), event("K2", "a-f-G", "<__cff/>"), presence("A1"))
                await b.get("A1")
                await quiet(hub)
                assert b.count("K1") == b.count("K2") == 0
                assert hub.router.counters.refused == {"type refused": 1, "detail refused": 1}
        finally:
            await hub.stop()
        kept = (tmp_path / "journal.sqlite").read_bytes()
        assert b"A1" in kept
        assert b"K1" not in kept
        assert b"K2" not in kept

    run(work())


@pytest.mark.parametrize(
    "cover",
    [
        pytest.param(("<!--", "-->"), id="comment"),
        pytest.param(("<x><![CDATA[", "]]></x>"), id="CDATA"),
        pytest.param(("<?x ", "?>"), id="instruction"),
        pytest.param(("<x>", "</x>"), id="event within"),
    ],
)
def test_nobody_is_sent_an_event_within_an_event(cover: tuple[str, str]) -> None:
    forged = event("FORGED", "t-k-d").decode()

    async def work() -> None:
        async with (
            running(listener()) as hub,
            await StreamClient.to(hub) as a,
            await StreamClient.to(hub) as b,
        ):
            if cover[0] != "<x>":  # which would end the event in all eyes, ours too
                await a.send(event("COVER", detail=f"{cover[0]}</detail></event>{forged}{cover[1]}"))
            await a.send(event("COVER", detail=f"{cover[0]}{forged}{cover[1]}"), presence("A1"))
            await b.get("A1")
            await quiet(hub)
            assert b.count("FORGED") == b.count("COVER") == 0

    run(work())


def test_a_marker_is_deleted_by_its_nation_alone_and_for_all_who_saw_it(tmp_path: Path) -> None:
    def delete(uid: str) -> bytes:
        return event(
            f"delete {uid}",
            "t-x-d-d",
            f'<link uid="{uid}" relation="none" type="none"/><__forcedelete/><remarks>anything else</remarks>',
        )

    async def work() -> None:
        hub = with_journal(
            tmp_path, listener(name="ee"), listener(name="fi", **FI), listener(name="lv", nation="LV")
        )
        await hub.start()
        try:
            async with (
                await StreamClient.to(hub, "ee") as ee,
                await StreamClient.to(hub, "ee") as colleague,
                await StreamClient.to(hub, "fi") as fi,
                await StreamClient.to(hub, "lv") as lv,
            ):
                await ee.send(event("M1", "b-m-p-s-m"), event("M2", "b-m-p-s-m"), presence("A1"))
                await fi.get("A1")
                await fi.send(delete("M1"))
                await lv.send(delete("M1"))
                await colleague.send(delete("A1"), delete("M2"))
                assert b'uid="M2"' in await fi.get("__forcedelete")
                await ee.get("__forcedelete")
                await quiet(hub)
                assert fi.count("t-x-d-d") == ee.count("t-x-d-d") == 1
                assert lv.count("t-x-d-d") == fi.count("anything else") == 0
                async with await StreamClient.to(hub, "ee") as late:
                    await late.get("A1")
                    assert (late.count('"M1"'), late.count('"M2"')) == (1, 0)
        finally:
            await hub.stop()
        again = with_journal(tmp_path, listener(name="ee"))
        await again.start()
        try:
            async with await StreamClient.to(again, "ee") as late:
                await late.get("M1")
                assert late.count('"M2"') == 0
        finally:
            await again.stop()

    run(work())


def test_a_viewer_can_be_addressed() -> None:
    async def work() -> None:
        async with (
            running(listener(name="members"), listener(name="viewers", role="viewer")) as hub,
            await StreamClient.to(hub, "members") as member,
            await StreamClient.to(hub, "viewers") as viewer,
        ):
            await viewer.send(presence("V1", "Victor"))
            await until(lambda: any(session.identities for session in hub.router.sessions))
            await member.send(presence("M1"), chat("M1", "for Victor", number=1, to="Victor"))
            await viewer.get("for Victor")
            assert member.count("V1") == 0

    run(work())


def test_limits_of_a_listener_are_those_of_its_configuration() -> None:
    async def work() -> None:
        async with running(listener(), event_bytes=2_000) as hub, await StreamClient.to(hub) as client:
            await client.send(event("BIG", detail=f"<remarks>{'B' * 5_000}</remarks>"))
            await until(client.reader.at_eof)
            assert hub.router.counters.cut["stream broken"] == 1
            assert len(hub.router.picture) == 0

    run(work())
