"""What a peer that is let in may not do to the others."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.hub.conftest import FI, StreamClient, event, listener, presence, quiet, run, running, until
from tests.hub.test_server import chat, client_context
from vallum.core.principal import Principal
from vallum.hub.pki import Authority, IssuedUser, UserRequest

BOTH = listener(name="ee"), listener(name="fi", **FI)


def test_a_name_that_is_taken_does_not_bring_its_messages() -> None:
    async def work() -> None:
        async with (
            running(*BOTH) as hub,
            await StreamClient.to(hub, "ee") as anna,
            await StreamClient.to(hub, "ee") as bert,
            await StreamClient.to(hub, "fi") as spy,
        ):
            await bert.send(presence("B1", "Bert"))
            await anna.send(presence("A1", "Anna"), chat("A1", "before", number=1, to="Bert"))
            await bert.get("before")
            await spy.get("B1")
            await spy.send(presence("S1", "Bert"), presence("B1", "Bert"))
            await until(lambda: len(hub.router.picture) >= 4)
            await anna.send(chat("A1", "after", number=2, to="Bert"))
            await bert.get("after")
            await quiet(hub)
            assert spy.count("before") == spy.count("after") == 0

    run(work())


@pytest.mark.parametrize(
    "fire",
    [
        event("F1", detail="<x><__cff/></x>"),
        event("F2", detail="<remarks><CallForFire/></remarks>"),
        event("F3", detail="<_nineline_/>"),
        event("F4").replace(b"<detail>", b"<a:cff xmlns:a='b'/><detail>"),
    ],
    ids=["nested", "in remarks", "underscores", "beside the detail"],
)
def test_a_call_for_fire_is_refused_wherever_it_stands(fire: bytes) -> None:
    async def work() -> None:
        async with (
            running(*BOTH) as hub,
            await StreamClient.to(hub, "ee") as ee,
            await StreamClient.to(hub, "ee") as b,
        ):
            await ee.send(fire, presence("E1"))
            await b.get("E1")
            assert hub.router.counters.refused == {"detail refused": 1}
            assert b.count('uid="F') == 0

    run(work())


@pytest.mark.parametrize(
    "label", ["releasableto", "ReleasableTo", "releaseable_to", "n:releasableTo", "Access"]
)
def test_a_label_that_is_misspelled_releases_nothing(label: str) -> None:
    held = event("HELD").replace(b"<event ", f'<event xmlns:n="n" {label}="EE" '.encode())

    async def work() -> None:
        async with (
            running(*BOTH) as hub,
            await StreamClient.to(hub, "ee") as ee,
            await StreamClient.to(hub, "fi") as fi,
        ):
            await ee.send(held, presence("E1"))
            await fi.get("E1")
            await quiet(hub)
            assert fi.count("HELD") == 0
            assert hub.router.counters.malformed["ee"] == 1

    run(work())


def test_a_nation_ends_nothing_of_another() -> None:
    def delete(uid: str) -> bytes:
        return event("delete", "t-x-d-d", f'<link uid="{uid}"/>')

    async def work() -> None:
        async with (
            running(*BOTH) as hub,
            await StreamClient.to(hub, "ee") as ee,
            await StreamClient.to(hub, "fi") as fi,
        ):
            await ee.send(event("M1", "b-m-p-s-m"), event("ALERT", "b-a-o-tbl"))
            await fi.get("M1")
            await fi.send(event("M1", "b-m-p-s-m"), delete("M1"), event("ALERT", "b-a-o-can"), presence("F1"))
            await ee.get("F1")
            async with await StreamClient.to(hub, "fi") as late:
                await late.get("ALERT")
                await late.get("F1")
                assert late.count('"M1"') == 1
                assert late.count("b-a-o-tbl") == 1

    run(work())


def test_deleting_tells_nothing_of_clients_that_one_may_not_see() -> None:
    async def work() -> None:
        lv = listener(name="lv", nation="LV")
        async with (
            running(*BOTH, lv) as hub,
            await StreamClient.to(hub, "ee") as ee,
            await StreamClient.to(hub, "ee") as colleague,
            await StreamClient.to(hub, "lv") as ghost,
        ):
            await ghost.send(presence("GHOST"))
            await until(lambda: len(hub.router.picture) == 1)
            await ee.send(event("GHOST", "b-m-p-s-m"))
            await colleague.get("GHOST")
            await ee.send(event("delete", "t-x-d-d", '<link uid="GHOST"/>'))
            await colleague.get("__forcedelete")

    run(work())


@pytest.mark.parametrize("nothing", [b"<auth/>", b"<auth></auth>"])
def test_what_is_no_event_ends_a_session_if_it_does_not_stop(nothing: bytes) -> None:
    async def work() -> None:
        async with running(listener()) as hub, await StreamClient.to(hub) as client:
            await client.send(nothing * 1_000)
            await until(client.reader.at_eof)
            assert hub.router.counters.malformed["tcp"] == 100

    run(work())


def test_groups_and_role_that_change_hold_at_once(
    authority: Authority, issue: Callable[..., IssuedUser], tmp_path: Path
) -> None:
    user = issue("Kadri", groups_in=frozenset(("Blue",)), groups_out=frozenset(("Blue", "Red")))

    async def work() -> None:
        async with running(listener("tls", nation="", authentication=None), folder=tmp_path) as hub:
            more = {"ssl": client_context(tmp_path / "pki", user), "server_hostname": "localhost"}
            async with await StreamClient.to(hub, "tls", **more) as client:
                only = frozenset(("Blue",))
                authority.change_user(UserRequest("Kadri", "EE", only, only, "viewer"))
                await until(client.reader.at_eof)
                assert hub.router.counters.cut == {"groups or role changed": 1}
            async with await StreamClient.to(hub, "tls", **more):
                (session,) = hub.router.sessions
                assert session.principal == Principal(
                    "Kadri", "EE", only, only, "viewer", session.principal.certificate
                )

    run(work())


def test_a_certificate_that_ends_takes_its_session_with_it(
    authority: Authority, issue: Callable[..., IssuedUser], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = issue("Kadri")
    monkeypatch.setattr("vallum.hub.server._EXPIRY_S", 0.1)

    async def work() -> None:
        async with running(listener("tls", nation="", authentication=None), folder=tmp_path) as hub:
            more = {"ssl": client_context(tmp_path / "pki", user), "server_hostname": "localhost"}
            async with await StreamClient.to(hub, "tls", **more) as client:
                later = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1)

                class Later(datetime):
                    @classmethod
                    def now(cls, _tz: object = None) -> datetime:
                        return later

                monkeypatch.setattr("vallum.hub.server.datetime", Later)
                await until(client.reader.at_eof)
                assert hub.router.counters.cut == {"expired": 1}

    run(work())
