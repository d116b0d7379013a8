"""Missions: made, changed, shown to who may see them, and told to who takes part."""

import re
from pathlib import Path

from tests.hub.conftest import presence, quiet, run, until
from tests.hub.marti.conftest import bench
from tests.hub.marti.on_missions import ONE, Client, hashes, sent, uids


def test_a_mission_is_made_changed_and_deleted(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            kadri = Client(site, "kadri")
            made = await kadri.create(
                description="Search", tool="public", bbox="1,2,3,4", boundingPolygon=["1,2"]
            )
            assert made["token"]
            assert made["ownerRole"]["type"] == "MISSION_OWNER"
            assert (made["description"], made["bbox"], made["expiration"]) == ("Search", "1,2,3,4", -1)
            again = await kadri.ask("/alpha", "PUT", creatorUid="KADRI", description="Found")
            assert again.status == 200
            assert (again.data[0]["description"], again.data[0]["bbox"]) == ("Found", "1,2,3,4")
            assert again.headers["content-type"] == "application/json"
            found = await kadri.ask(f"/guid/{{{made['guid'].upper()}}}", changes="true", logs="true")
            assert [one["type"] for one in found.data[0]["missionChanges"]] == ["CREATE_MISSION"]
            second = await kadri.ask("/Alpha", "POST", creatorUid="KADRI", allowDupe="true")
            assert second.status == 201
            assert [one["name"] for one in (await kadri.ask("")).data] == ["Alpha", "Alpha"]
            assert (await kadri.ask("", tool="other")).data == []
            words = await kadri.ask("/Alpha/keywords", "PUT", body=["one", "two", "one"])
            assert words.data[0]["keywords"] == ["one", "two"]
            assert (await kadri.ask("/Alpha/keywords/one", "DELETE")).data[0]["keywords"] == ["two"]
            assert (await kadri.ask("/Alpha/keywords", "DELETE")).data[0]["keywords"] == []
            gone = await kadri.ask("", "DELETE", guid=made["guid"])
            assert (gone.status, gone.data[0]["guid"]) == (200, made["guid"])
            assert (await kadri.ask(f"/guid/{made['guid']}")).status == 404
            assert (await kadri.ask("/Alpha", "DELETE")).status == 200
            assert (await kadri.ask("/Alpha", "DELETE")).status == 404

    run(work())


def test_some_names_are_none(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            for name in ("a%00b", "%20", "guid", "x" * 1025, "a%1Bb"):
                reply = await site.ask(f"/Marti/api/missions/{name}", "kadri", "PUT")
                assert (reply.status, reply.json["message"].startswith("path: name: ")) == (400, True)

    run(work())


def test_nobody_learns_of_what_it_may_not_see(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, aino, janis = (Client(site, name) for name in ("kadri", "aino", "janis"))
            made = await kadri.create()
            assert (await aino.get())["guid"] == made["guid"]
            unseen = await janis.ask("/Alpha")
            nothing = await janis.ask("/Beta")
            assert (unseen.status, unseen.body) == (nothing.status, nothing.body) == (404, nothing.body)
            assert (await janis.ask("")).data == []
            assert (await janis.subscribe()).status == 404
            # The name is free for who cannot see that it is taken.
            own = await janis.create()
            assert own["guid"] != made["guid"]
            assert (await janis.get())["guid"] == own["guid"]
            assert (await kadri.get())["guid"] == made["guid"]

    run(work())


def test_contents_are_told_to_subscribers_and_to_no_one_else(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, mart, aino, ulem = [
                await Client(site, name).connected() for name in ("kadri", "mart", "aino", "ülem")
            ]
            made = await kadri.create()
            await kadri.told("t-x-m-n")
            assert (await mart.subscribe()).status == 201
            digest = await kadri.upload(b"a note")
            reply = await kadri.put(hashes=[digest], uids=["U1"])
            assert (hashes(reply.data[0]), uids(reply.data[0])) == ([digest], ["U1"])
            notice = (await mart.told(f"<hash>{digest}</hash>")).decode()
            assert f'<mission type="CHANGE" tool="public" name="Alpha" guid="{made["guid"]}"' in notice
            assert "<type>ADD_CONTENT</type>" in notice
            assert "<contentUid>" not in notice
            assert "<contentUid>U1</contentUid>" in (await mart.told("<contentUid>U1")).decode()
            # A client that repeats what it has heard no answer to does no harm.
            again = await kadri.put(hashes=[digest], uids=["U1"])
            assert again.status == 200
            changed = await mart.changes()
            assert [one["type"] for one in changed] == ["ADD_CONTENT", "ADD_CONTENT", "CREATE_MISSION"]
            assert {one.get("contentUid") for one in changed} == {"U1", None}
            assert (await site.ask(f"/Marti/sync/content?hash={digest}", "mart")).body == b"a note"
            gone = await mart.ask("/Alpha/contents", "DELETE", hash=digest, creatorUid="MART")
            assert hashes(gone.data[0]) == []
            await kadri.told("REMOVE_CONTENT")
            assert (await mart.ask("/Alpha/contents", "DELETE", hash=digest)).status == 404
            squashed = await kadri.changes()
            assert [one["type"] for one in squashed] == ["REMOVE_CONTENT", "ADD_CONTENT", "CREATE_MISSION"]
            assert len(await kadri.changes(squashed="false")) == 4
            assert (await kadri.ask("/Alpha", "DELETE")).status == 200
            await mart.told("t-x-m-d")
            await quiet(site.hub)
            assert aino.count("t-x-m") == ulem.count("t-x-m") == 0
            assert mart.count("<contentUid>U1") == 1

    run(work())


def test_events_of_the_stream_become_contents(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, mart, aino, viewer = [
                await Client(site, name).connected() for name in ("kadri", "mart", "aino", "vaatleja")
            ]
            made = await kadri.create()
            await mart.subscribe()
            await viewer.subscribe()
            assert (await viewer.ask("/Alpha/role")).data["type"] == "MISSION_READONLY_SUBSCRIBER"
            await kadri.send(sent("M1", lat=58.0, lon=26.0, detail='<color argb="-1"/>'))
            relayed = await mart.told('uid="M1"')
            assert b"<marti>" not in relayed
            notice = (await mart.told("<contentUid>M1")).decode()
            assert (
                '<details type="a-u-G" callsign="M1 call" color="-1"><location lat="58.0" lon="26.0"/>'
                in notice
            )
            await viewer.told("<contentUid>M1")
            await kadri.told("<contentUid>M1")
            found = (await mart.get())["uids"][0]
            assert found["details"]["location"] == {"lat": 58.0, "lon": 26.0}
            events = await mart.ask("/Alpha/cot")
            assert events.headers["content-type"] == "application/xml"
            assert (events.body.count(b"<event "), b"<marti>" in events.body) == (1, False)
            # By its identifier, and a new state of what is there.
            await mart.send(sent("M1", made["guid"]).replace(b"mission=", b"mission-guid="))
            await until(lambda: kadri.count("<contentUid>M1") == 2)
            assert kadri.count('uid="M1"') == 1  # a sender does not get its own back
            refused = site.hub.router.counters.refused
            before = sum(refused.values())
            await aino.send(sent("M2"), sent("M3", "Nowhere"))
            await viewer.send(sent("M4"))
            await kadri.send(sent("M5").replace(b"<event ", b'<event caveat="%s" ' % (b"x" * 300)))
            await until(lambda: sum(refused.values()) == before + 4)
            assert uids(await kadri.get()) == ["M1"]

    run(work())


def test_what_is_in_a_mission_is_shown_by_its_own_label(tmp_path: Path) -> None:
    groups = {"kadri": ("Blue", "Red"), "mart": ("Blue",), "aino": ("Blue", "Red")}

    async def work() -> None:
        async with bench(tmp_path, groups=groups) as site:
            kadri, mart, aino = [await Client(site, name).connected() for name in ("kadri", "mart", "aino")]
            await kadri.create(group="Blue,Red")
            for one in (mart, aino):
                await one.subscribe()
            assert (await mart.get())["groups"] == ["Blue"]
            red = await kadri.upload(b"for Red", Groups="Red")
            await kadri.put(hashes=[red])
            await kadri.send(sent("SECRET").replace(b"<event ", b'<event access="SECRET" '), sent("PLAIN"))
            await aino.told(f"<hash>{red}</hash>")
            await mart.told("<contentUid>PLAIN")
            await aino.told("<contentUid>PLAIN")
            edited = (await mart.get())["lastEdited"]
            hidden = await kadri.upload(b"for Red, too", Groups="Red")
            await kadri.put(hashes=[hidden])
            log = {"content": "about it", "missionNames": ["Alpha"], "contentHashes": [hidden]}
            entry = (await kadri.ask("/logs/entries", "POST", body=log)).data["id"]
            await aino.told("t-x-m-c-l")
            await quiet(site.hub)
            assert (hashes(await kadri.get()), uids(await kadri.get())) == (
                [red, hidden],
                ["SECRET", "PLAIN"],
            )
            assert (hashes(await aino.get()), uids(await aino.get())) == ([red, hidden], ["PLAIN"])
            seen = await mart.get(changes="true", logs="true")
            assert (hashes(seen), uids(seen), seen["logs"]) == ([], ["SECRET", "PLAIN"], [])
            assert [one.get("contentUid") for one in seen["missionChanges"]] == ["PLAIN", "SECRET", None]
            assert seen["lastEdited"] == edited
            assert (mart.count("<hash>"), aino.count("SECRET"), mart.count("t-x-m-c-l")) == (0, 0, 0)
            assert (await mart.ask(f"/logs/entries/{entry}")).status == 404
            assert (await mart.ask("/Alpha/contents", "DELETE", hash=red)).status == 404
            # The same uid, which aino may see, is another content.
            await kadri.send(sent("SECRET"))
            await aino.told("<contentUid>SECRET")
            assert uids(await mart.get()) == uids(await aino.get()) == ["PLAIN", "SECRET"]
            assert uids(await kadri.get()) == ["PLAIN", "SECRET"]

    run(work())


def test_a_password_opens_a_mission_and_is_not_guessed(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, attempts=2, lockout_s=1_000.0) as site:
            kadri, mart, aino = (Client(site, name) for name in ("kadri", "mart", "aino"))
            await kadri.create(password="open sesame")  # noqa: S106
            assert (await mart.ask("")).data == []
            assert [
                one["passwordProtected"] for one in (await mart.ask("", passwordProtected="true")).data
            ] == [True]
            assert (await mart.ask("/Alpha")).status == (await mart.subscribe()).status == 403
            assert (await mart.ask("/Alpha/cot")).status == 403
            assert (await mart.subscribe(password="wrong")).status == 403  # noqa: S106
            assert (await mart.ask("/Alpha", password="open sesame")).data[0]["token"]  # noqa: S106
            assert (await mart.ask("/Alpha")).status == 200
            assert (await mart.subscribe()).status == 201
            for _ in range(2):
                assert (await aino.ask("/Alpha", password="guess")).status == 403  # noqa: S106
            locked = await aino.ask("/Alpha", password="open sesame")  # noqa: S106
            assert (locked.status, "retry-after" in locked.headers) == (429, True)
            # A new password shuts out who is no subscriber.
            assert (await mart.ask("/Alpha/password", "PUT", password="other")).status == 403  # noqa: S106
            assert (await kadri.ask("/Alpha/password", "PUT", password="other")).status == 200  # noqa: S106
            assert (await mart.ask("/Alpha")).status == 200
            assert (await kadri.ask("/Alpha/password", "DELETE")).status == 200
            assert (await aino.ask("/Alpha")).status == 200
            assert (await aino.subscribe(password="other")).status == 403  # noqa: S106

    run(work())


def test_missions_end_when_they_were_to(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            kadri = await Client(site, "kadri").connected()
            await kadri.create()
            now = site.hub.router.clock()
            assert (
                await kadri.ask("/Alpha/expiration", "PUT", expiration=str(now // 1000 + 3600))
            ).status == 200
            assert (await kadri.get())["expiration"] == now // 1000 + 3600
            assert (
                await kadri.ask("/Alpha/expiration", "PUT", expiration=str(now // 1000 - 1))
            ).status == 200
            assert (await kadri.ask("/Alpha")).status == 404
            await kadri.told("t-x-m-d")

    run(work())


def test_missions_lie_below_one_another(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, janis = Client(site, "kadri"), Client(site, "janis")
            await kadri.create("Top", defaultRole="MISSION_READONLY_SUBSCRIBER")
            await kadri.create("Below")
            assert (await kadri.ask("/Below/parent")).status == 404
            assert (await kadri.ask("/Below/parent/Top", "PUT")).status == 200
            assert (await kadri.ask("/Top/parent/Below", "PUT")).status == 409
            assert (await kadri.ask("/Below/parent")).data["name"] == "Top"
            assert [one["name"] for one in (await kadri.ask("/Top/children")).data] == ["Below"]
            await kadri.put("Top", uids=["U1"])
            copy = await kadri.ask("/Top/copy", "PUT", copyName="Copy", creatorUid="KADRI")
            assert (copy.status, uids(copy.data[0])) == (201, ["U1"])
            assert copy.data[0]["defaultRole"]["type"] == "MISSION_READONLY_SUBSCRIBER"
            assert (await janis.ask("/Top/copy", "PUT", copyName="Copy")).status == 404
            assert (await kadri.ask("/Below/parent", "DELETE")).status == 200
            assert (await kadri.ask("/Top/children")).data == []

    run(work())


def test_limits_hold(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, missions=2, mission_items=3) as site:
            kadri, aino = Client(site, "kadri"), Client(site, "aino")
            await kadri.create()
            await kadri.create("Beta")
            full = await kadri.ask("/Gamma", "PUT")
            assert (full.status, full.json["rule"]) == (409, "missions")
            await aino.create("Gamma")  # what is full for one nation is not for another
            assert (await kadri.put(uids=["1", "2"])).status == 200
            assert (await kadri.put(uids=["2", "3", "4"])).status == 409
            assert uids(await kadri.get()) == ["1", "2"]  # all of it or nothing
            await aino.subscribe()
            assert (await aino.put(uids=["4", "5", "6"])).status == 200
            assert (await kadri.put()).status == 400
            assert (await kadri.put(uids=[""])).status == 400
            assert (await kadri.put(hashes=["f" * 64])).status == 404
            assert (await kadri.ask("/Alpha/keywords", "PUT", body=["x" * 300])).status == 400
            assert (await kadri.ask("/Alpha/changes", start="yesterday")).status == 400
            assert (await kadri.ask("/Alpha/changes", secago="-1")).status == 400

    run(work())


def test_a_notice_holds_nothing_that_closes_it(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            kadri = await Client(site, "kadri").connected()
            name = "\"><event a='&"
            assert (await site.ask("/Marti/api/missions/" + "%22%3E%3Cevent%20a='%26", "kadri", "PUT",
                                   params={"creatorUid": "KADRI"})).status == 201  # fmt: skip
            notice = (await kadri.told("t-x-m-n")).decode()
            assert "&quot;&gt;&lt;event a='&amp;" in notice
            assert len(re.findall("<event ", notice)) == 1
            assert [one["name"] for one in (await kadri.ask("")).data] == [name]
            await kadri.send(presence("KADRI"))

    run(work())
