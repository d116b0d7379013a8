"""What a hub is, and who is there, as each nation and role is told."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.hub.conftest import StreamClient, event, run, until
from tests.hub.marti.conftest import Bench, bench
from vallum.hub.marti.basics import absent, roster

PEOPLE = {
    "kadri": ("EE", "member"),
    "mart": ("EE", "member"),
    "ülem": ("EE", "admin"),
    "aino": ("FI", "member"),
    "janis": ("LV", "member"),
}


def client(uid: str, callsign: str = "", more: str = "", **attributes: Any) -> bytes:
    """An event in which a client presents itself with all that it says of itself."""
    detail = (
        f'<contact callsign="{callsign or uid}" endpoint="*:-1:stcp"/><__group name="Cyan" role="Medic"/>'
        f'<takv platform="ATAK-CIV" version="5.2" device="x" os="34"/><status battery="81"/>{more}'
    )
    return event(uid, detail=detail, **attributes)


async def present(site: Bench, *names: str) -> dict[str, StreamClient]:
    """Connect users and present each as a client of its name in upper case."""
    found = {}
    for name in names:
        found[name] = await site.stream(name)
        await found[name].send(client(name.upper()))
        await until(lambda name=name: site.hub.router.speaking_for(name.upper()))
    return found


async def names(site: Bench, who: str, path: str, field: str = "uid") -> list[str]:
    rows = (await site.ask(path, who)).json
    return [row[field] for row in (rows["data"] if isinstance(rows, dict) else rows)]


def test_the_hub_says_what_it_is_and_who_one_is_to_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            assert b"TAK Server" in (await site.ask("/Marti/api/version")).body
            reply = await site.ask("/Marti/api/version/config")
            assert reply.headers["content-type"] == "application/json"
            assert reply.json["type"] == "ServerConfig"
            assert (reply.data["api"], reply.data["hostname"]) == ("3", "127.0.0.1")
            int(reply.json["version"])
            assert (await site.ask("/Marti/api/node/id")).body.decode() == reply.json["nodeId"]
            for who, admin, role in (
                ("kadri", False, "USER"), ("vaatleja", False, "READONLY"), ("ülem", True, "ADMIN"),
            ):  # fmt: skip
                assert (await site.ask("/Marti/api/util/isAdmin", who)).json is admin
                assert (await site.ask("/Marti/api/util/user/roles", who)).json == [f"ROLE_{role}"]
            for path in ("isSecure", "verifyConfig"):
                assert (await site.ask(f"/Marti/api/security/{path}")).data == "true"
            for one in absent.OPERATIONS:
                await check_absent(site, one)

    run(work())


async def check_absent(site: Bench, one: Any) -> None:
    path = one.path.replace("{", "").replace("}", "")
    reply = await site.ask(path, "ülem", one.method)
    if one.summary.endswith("(refused)"):
        assert (reply.status, reply.json["rule"]) == (403, "not on this hub"), path
        assert reply.json["remedy"]
    elif reply.status == 200:
        assert (reply.json if path.endswith("period") else reply.data) in ([], 0), path
    else:
        assert reply.status in (204, 404), path


def test_who_is_there_is_told_to_those_who_may_see_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=PEOPLE) as site:
            streams = await present(site, "kadri", "aino", "janis")
            shared = ["AINO", "KADRI"]
            for who in ("kadri", "mart", "ülem", "aino"):
                assert await names(site, who, "/Marti/api/contacts/all") == shared
                assert sorted(await names(site, who, "/Marti/api/clientEndPoints")) == shared
            assert await names(site, "janis", "/Marti/api/contacts/all") == ["JANIS"]
            assert await names(site, "janis", "/Marti/api/clientEndPoints") == ["JANIS"]
            path = "/Marti/api/subscriptions/all"
            assert await names(site, "mart", path, "clientUid") == shared
            assert await names(site, "janis", path, "clientUid") == ["JANIS"]
            assert await names(site, "ülem", path, "clientUid") == shared
            down = "/Marti/api/subscriptions/all?sortBy=UID&direction=DESCENDING&page=2&limit=1"
            assert await names(site, "ülem", down, "clientUid") == shared[-2:-1]
            assert await names(site, "mart", "/Marti/api/contacts/all?direction=DESCENDING") == shared[::-1]
            for stream in streams.values():
                await stream.close()

    run(work())


def test_what_is_told_of_a_client_is_what_clients_read(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=PEOPLE) as site:
            kadri = await site.stream("kadri")
            quiet = await site.stream("mart")
            foreign = await site.stream("janis")
            await kadri.send(client("K1", "Kaljukits"))
            await until(lambda: site.hub.router.speaking_for("K1"))
            (contact,) = (await site.ask("/Marti/api/contacts/all", "mart")).json
            assert contact == {
                "filterGroups": None, "notes": "kadri", "callsign": "Kaljukits", "team": "Cyan",
                "role": "Medic", "takv": "ATAK-CIV:5.2", "uid": "K1",
            }  # fmt: skip
            reply = await site.ask("/Marti/api/clientEndPoints", "aino")
            assert reply.json["type"] == "com.bbn.marti.remote.ClientEndpoint"
            (endpoint,) = reply.data
            assert all(isinstance(value, str) for value in endpoint.values())
            assert (endpoint["lastStatus"], endpoint["team"]) == ("Connected", "Cyan")
            assert endpoint["username"] == ""  # it stands in no event that Finland is released
            (other,) = (await site.ask("/Marti/api/subscriptions/all", "mart")).data
            hidden = {"dn": None, "groups": [], "ipAddress": "", "numProcessed": 0, "protocol": ""}
            assert {name: other[name] for name in hidden} == hidden
            assert (other["username"], other["battery"], other["clientUid"]) == ("kadri", "81", "K1")
            silent, full = (await site.ask("/Marti/api/subscriptions/all", "ülem")).data
            assert (silent["username"], silent["clientUid"]) == ("mart", "")
            assert (full["ipAddress"], full["protocol"], full["numProcessed"]) == ("127.0.0.1", "xml", 1)
            assert {group["direction"] for group in full["groups"]} == {"IN", "OUT"}
            await kadri.close()
            await quiet.close()
            await foreign.close()

    run(work())


def test_who_was_there_is_known_after_it_left_and_after_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        path = "/Marti/api/clientEndPoints"
        async with bench(tmp_path, users=PEOPLE) as site:
            streams = await present(site, "kadri", "aino", "janis")
            await streams["aino"].send(client("AINO", "Ilves"))
            await streams["kadri"].get("Ilves")
            await streams["aino"].close()
            await streams["janis"].close()
            await until(lambda: not site.hub.router.speaking_for("AINO"))

            async def told() -> list[tuple[str, str, str]]:
                rows = (await site.ask(path, "mart")).data
                return sorted((row["uid"], row["callsign"], row["lastStatus"]) for row in rows)

            wanted = [("AINO", "Ilves", "Disconnected"), ("KADRI", "KADRI", "Connected")]
            for _ in range(200):  # until it is written
                if await told() == wanted:
                    break
            assert await told() == wanted
            assert await names(site, "mart", f"{path}?showCurrentlyConnectedClients=true") == ["KADRI"]
            assert len(await names(site, "mart", f"{path}?secAgo=600&showMostRecentOnly=true")) == 2
            assert await names(site, "mart", f"{path}?group=Nobodys") == []
            assert len(await names(site, "mart", f"{path}?group=__ANON__&group=Nobodys")) == 2
            assert "JANIS" not in (await site.ask(path, "ülem")).body.decode()
            await streams["kadri"].close()
            await until(lambda: not site.hub.router.sessions)
        async with bench(tmp_path, users={}) as again:
            again.issued.update(site.issued)
            rows = (await again.ask(path, "mart")).data
            assert {row["uid"]: row["lastStatus"] for row in rows} == dict.fromkeys(
                ("AINO", "KADRI"), "Disconnected"
            )
            assert await names(again, "janis", path) == ["JANIS"]
            time_told = max(row["lastEventTime"] for row in rows)
            assert time_told.startswith(time.strftime("%Y-", time.gmtime()))

    run(work())


def test_what_is_told_does_not_depend_on_what_may_not_be_seen(tmp_path: Path) -> None:
    """Latvia uses the uid and the callsign of an Estonian client; nothing of it shows in Finland."""

    async def work() -> None:
        async with bench(tmp_path, users=PEOPLE) as site:
            streams = await present(site, "kadri")
            paths = ("contacts/all", "clientEndPoints", "subscriptions/all", "groups/all?useCache=true")
            before = [(await site.ask(f"/Marti/api/{path}", "aino")).body for path in paths]
            janis = await site.stream("janis")
            await janis.send(client("KADRI", "Other"), client("J2", "KADRI"))
            await until(lambda: len(site.hub.router.speaking_for("KADRI")) == 2)
            after = [(await site.ask(f"/Marti/api/{path}", "aino")).body for path in paths]
            assert [without_ages(body) for body in after] == [without_ages(body) for body in before]
            await janis.close()
            await streams["kadri"].close()

    run(work())


def test_clients_of_one_user_are_not_kept_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "_OF_ONE", 2)

    async def work() -> None:
        path = "/Marti/api/clientEndPoints"
        async with bench(tmp_path, users=PEOPLE) as site:
            for name, uids in (("aino", ("A1",)), ("kadri", ("K1", "K2", "K3"))):
                for uid in uids:
                    stream = await site.stream(name)
                    await stream.send(client(uid))
                    await until(lambda uid=uid: site.hub.router.speaking_for(uid))
                    await stream.close()
                    await until(lambda: not site.hub.router.sessions)
                    while uid not in await names(site, "mart", path):
                        pass
            assert await names(site, "mart", path) == ["K3", "K2", "A1"]

    run(work())


def without_ages(body: bytes) -> bytes:
    head, found, rest = body.partition(b'"lastReportDiffMilliseconds":')
    return head + found + rest.lstrip(b"0123456789")


HOSTILE = (
    "clientEndPoints?secAgo=-1",
    "clientEndPoints?secAgo=x",
    "clientEndPoints?showMostRecentOnly=perhaps",
    "clientEndPoints?secAgo=99999999999999999999",
    "contacts/all?sortBy=uid",
    "contacts/all?direction=UP",
    "subscriptions/all?page=1.5",
    "subscriptions/all?limit=-2",
    "groups/all?useCache=2",
    f"groups/active?clientUid={'x' * 501}",
    "cot/xml/u/all?start=yesterday",
    "cot/xml/u/all?start=2026-01-01T00:00:00Z&end=2025-01-01T00:00:00Z",
    "cot/xml/u/all?start=0001-01-01T00:00:00Z",
    "cot/xml/u/all?secago=99999999",
    "cot/sa?top=91",
    "cot/sa?left=nan",
    "cot/sa?bottom=10&top=5",
    "cot/sa?end=10000-01-01T00:00:00Z",
)


def test_hostile_parameters_are_named(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users={"kadri": ("EE", "member")}) as site:
            for question in HOSTILE:
                reply = await site.ask(f"/Marti/api/{question}")
                assert reply.status == 400, question
                named = [part.partition("=")[0] for part in question.partition("?")[2].split("&")]
                assert any(name in reply.json["message"] for name in named), (question, reply.body)
                assert reply.json["rule"]

    run(work())
