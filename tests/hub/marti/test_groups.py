"""Groups of a user, switched on and off while it streams, and found so again."""

from pathlib import Path
from typing import Any

from tests.hub.conftest import StreamClient, event, presence, quiet, run, until
from tests.hub.marti.conftest import Bench, bench

USERS = {
    "kadri": ("EE", "member"),
    "mart": ("EE", "member"),
    "vaatleja": ("EE", "viewer"),
    "janis": ("LV", "member"),
}
GROUPS = dict.fromkeys(USERS, ("Blue", "Red"))
ALL = "/Marti/api/groups/all?useCache=true"
ACTIVE = "/Marti/api/groups/active"


async def there(site: Bench, name: str, uid: str) -> StreamClient:
    stream = await site.stream(name)
    await stream.send(presence(uid))
    await until(lambda: any(one.principal.name == name for one in site.hub.router.speaking_for(uid)))
    return stream


async def shown(site: Bench, name: str, path: str = ALL) -> dict[str, bool]:
    rows = (await site.ask(path, name)).data
    return {f"{row['name']} {row['direction']}": row["active"] for row in rows}


async def switch(site: Bench, name: str, uid: str, **on: bool) -> None:
    """Send back what was listed, as clients do, with some of it switched."""
    rows = (await site.ask(ALL, name)).data
    for row in rows:
        row["active"] = on.get(row["name"], row["active"])
        row["created"] = 1_700_000_000_000  # a number here, though it was text
    reply = await site.ask(f"{ACTIVE}?clientUid={uid}" if uid else ACTIVE, name, "PUT", json=rows)
    assert reply.status == 200, reply.body


def into(group: str, uid: str) -> bytes:
    return event(uid, detail=f'<marti><dest group="{group}"/></marti>')


def test_groups_are_listed_as_clients_read_them(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS, groups=GROUPS) as site:
            reply = await site.ask(ALL)
            assert reply.json["type"] == "com.bbn.marti.remote.groups.Group"
            assert [(row["name"], row["direction"], row["bitpos"]) for row in reply.data] == [
                ("Blue", "IN", 3), ("Blue", "OUT", 3), ("Red", "IN", 4), ("Red", "OUT", 4),
            ]  # fmt: skip
            assert all(row["type"] and len(row["created"]) == 10 and row["active"] for row in reply.data)
            assert list(await shown(site, "kadri", "/Marti/api/groups/all")) == ["Blue OUT", "Red OUT"]
            assert (await site.ask("/Marti/api/groups/Red/IN")).data["name"] == "Red"
            for path in ("Green/IN", "Red/UP"):
                assert (await site.ask(f"/Marti/api/groups/{path}")).status == 404
            assert (await site.ask("/Marti/api/groups/groupCacheEnabled")).data is True
            assert (await site.ask("/Marti/api/groupprefix")).data == ""

    run(work())


def test_what_is_switched_off_is_not_delivered_also_after_coming_back(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS, groups=GROUPS) as site:
            mart = await there(site, "mart", "M")
            kadri = await there(site, "kadri", "K")
            await switch(site, "kadri", "K", Red=False)
            notice = await kadri.get('type="t-x-g-c"')
            assert b"K" in notice.partition(b'uid="')[2].partition(b'"')[0]
            assert not mart.count('type="t-x-g-c"')
            assert await shown(site, "kadri") == {
                "Blue IN": True, "Blue OUT": True, "Red IN": False, "Red OUT": False,
            }  # fmt: skip
            assert list(await shown(site, "kadri", ACTIVE)) == ["Blue IN", "Blue OUT"]
            await one_round(site, mart, kadri, "1")
            await kadri.close()
            await until(lambda: not site.hub.router.speaking_for("K"))
            kadri = await there(site, "kadri", "K")
            await kadri.get('type="t-x-g-c"')
            await one_round(site, mart, kadri, "2")
            await mart.close()
            await kadri.close()
        async with bench(tmp_path, users={}) as again:  # the hub itself comes back
            again.issued.update(site.issued)
            site = again
            assert (await shown(site, "kadri"))["Red IN"] is False  # known though no device of hers is here
            mart = await there(site, "mart", "M")
            kadri = await there(site, "kadri", "K")
            await one_round(site, mart, kadri, "3")
            await switch(site, "kadri", "K", Red=True)
            await kadri.get("M-red-3")  # the picture of the group that is on again
            await mart.close()
            await kadri.close()

    run(work())


async def one_round(site: Bench, mart: StreamClient, kadri: StreamClient, number: str) -> None:
    """With Red off, what goes into it comes neither out to Kadri nor in from her."""
    await mart.send(into("Red", f"M-red-{number}"), into("Blue", f"M-blue-{number}"))
    await kadri.get(f"M-blue-{number}")
    await kadri.send(into("Red", f"K-red-{number}"), into("Blue", f"K-blue-{number}"))
    await mart.get(f"K-blue-{number}")
    await quiet(site.hub)
    assert not kadri.count(f"M-red-{number}")
    assert not mart.count(f"K-red-{number}")


def test_without_a_uid_all_of_a_users_connections_are_switched_and_the_next_one_too(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS, groups=GROUPS) as site:
            first, second = await there(site, "kadri", "K1"), await there(site, "kadri", "K2")
            mart = await there(site, "mart", "M")
            await switch(site, "kadri", "K1", Blue=False)
            await switch(site, "kadri", "", Blue=True, Red=False)
            for stream in (first, second):
                await stream.get('type="t-x-g-c"')
            third = await site.stream("kadri")  # says nothing of itself
            await mart.send(into("Red", "M-red"), into("Blue", "M-blue"))
            for stream in (first, second, third):
                await stream.get("M-blue")
                assert not stream.count("M-red")
                await stream.close()
            await mart.close()

    run(work())


def test_nobody_switches_the_groups_of_another_or_groups_that_it_has_not(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS, groups=GROUPS) as site:
            kadri = await there(site, "kadri", "K")
            (session,) = site.hub.router.speaking_for("K")
            for name in ("mart", "janis"):
                await switch(site, name, "K", Red=False, Blue=False)
            assert session.groups_out == {"Red", "Blue"}
            rows: list[dict[str, Any]] = [
                {"name": name, "direction": "OUT", "active": True} for name in ("Green", "__ANON__", "Red")
            ]
            assert (await site.ask(f"{ACTIVE}?clientUid=K", "kadri", "PUT", json=rows)).status == 200
            assert session.groups_out == {"Red", "Blue"}
            assert not kadri.count('type="t-x-g-c"')
            bits = f"{ACTIVE}bits?clientUid=K"
            assert (await site.ask(bits, "kadri", "PUT", json=[4, 99, -1])).status == 200
            assert session.groups_in == session.groups_out == {"Red"}
            for body, part in (
                (b"{", "body"), (b"[{}]", "name"), (b'[{"name":"Red","direction":"UP","active":true}]', "direction"),
                (b'[{"name":"Red","direction":"IN","active":"yes"}]', "active"), (b"[" * 5000, "body"),
            ):  # fmt: skip
                reply = await site.ask(ACTIVE, "kadri", "PUT", data=body)
                assert reply.status == 400
                assert part in reply.json["message"]
            assert session.groups_out == {"Red"}
            viewer = await there(site, "vaatleja", "V")
            await switch(site, "vaatleja", "V", Red=False)
            await viewer.get('type="t-x-g-c"')
            assert (await shown(site, "vaatleja"))["Red OUT"] is False
            await viewer.close()
            await kadri.close()

    run(work())
