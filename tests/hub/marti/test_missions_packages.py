"""Missions given out as data packages and taken in from them; files that go with a mission."""

import io
import zipfile
from pathlib import Path

import pytest

from tests.hub.conftest import event, quiet, run
from tests.hub.marti.conftest import Reply, bench
from tests.hub.marti.on_missions import ONE, Client, hashes, sent, uids

ZIP = {"content-type": "application/zip"}


def packed(entries: dict[str, bytes], manifest: str = "") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        if manifest:
            archive.writestr("MANIFEST/manifest.xml", manifest)
    return made.getvalue()


async def bring(client: Client, data: bytes, mission: str = "Alpha") -> Reply:
    return await client.site.ask(
        f"/Marti/api/missions/{mission}/contents/missionpackage", client.name, "PUT", data=data, headers=ZIP,
        params={"creatorUid": client.uid},
    )  # fmt: skip


def test_a_mission_goes_out_as_a_package_and_comes_in_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri = await Client(site, "kadri").connected()
            await kadri.create()
            large = bytes(range(256)) * 4_000
            digests = [await kadri.upload(b"a note", "märkus.txt"), await kadri.upload(large, "map.bin")]
            await kadri.put(hashes=digests)
            await kadri.send(sent("M1"), sent("M/2"))
            await kadri.told("<contentUid>M/2")
            reply = await kadri.ask("/Alpha/archive")
            assert reply.headers["content-type"] == "application/zip"
            assert (await kadri.ask("/Alpha/archive", "HEAD")).body == b""
            with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
                assert archive.testzip() is None
                held = {name: archive.read(name) for name in archive.namelist()}
            assert large in held.values()
            assert b'name="uid" value="M/2"' in held["MANIFEST/manifest.xml"]
            assert all(".." not in name and not name.startswith("/") for name in held)

            mart = await Client(site, "mart").connected()
            await mart.create("Beta")
            assert (await bring(mart, reply.body, "Beta")).data == []
            found = await mart.get("Beta")
            assert (set(uids(found)), set(hashes(found))) == ({"M1", "M/2"}, set(digests))
            assert await mart.told("<contentUid>M1")
            before = len(await mart.changes("Beta", squashed="false"))
            assert (await bring(mart, reply.body, "Beta")).status == 200
            assert len(await mart.changes("Beta", squashed="false")) == before
            made = await site.ask("/Marti/api/missions/Gamma", "mart", "POST", data=reply.body, headers=ZIP,
                                  params={"creatorUid": "MART"})  # fmt: skip
            assert (made.status, len(made.data[0]["uids"])) == (201, 2)
            assert (await bring(Client(site, "aino"), reply.body)).status == 403
            # All of it or nothing: a mission that is made of no package is not made.
            broken = await site.ask("/Marti/api/missions/Delta", "mart", "POST", data=b"PK", headers=ZIP)
            assert (broken.status, (await mart.ask("/Delta")).status) == (400, 404)

    run(work())


@pytest.fixture(scope="module")
def harmful() -> dict[str, bytes]:
    listed = '<MissionPackageManifest version="2"><Contents><Content ignore="false" zipEntry="{}"/></Contents></MissionPackageManifest>'
    entity = '<!DOCTYPE a [<!ENTITY b "c">]>' + listed.format("a.cot")
    return {
        "no archive": b"PK\x03\x04 and nothing more",
        "escapes": packed({"../../a.txt": b"a"}),
        "entity": packed({"a.cot": event("U")}, entity),
        "missing": packed({"a.txt": b"a"}, listed.format("b.txt")),
        "no event": packed({"a.cot": b"<event"}),
        "strike": packed({"a.cot": event("U", "t-k")}),
        "fires": packed({"a.cot": event("U", "b-r-f-h-c", "<_nineline_/>")}),
        "twice": packed({"a.txt": b"a", "A.txt": b"b"}),
    }


def test_harmful_packages_are_refused_whole(tmp_path: Path, harmful: dict[str, bytes]) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            kadri = Client(site, "kadri")
            await kadri.create()
            for name, data in harmful.items():
                reply = await bring(kadri, data)
                assert reply.status in (400, 403), name
                assert reply.json["rule"] in ("data package", "refused"), name
            found = await kadri.get(changes="true")
            assert (uids(found), hashes(found), len(found["missionChanges"])) == ([], [], 1)

    run(work())


def test_a_private_file_is_for_those_in_the_mission(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, mart, aino, janis = (Client(site, name) for name in ("kadri", "mart", "aino", "janis"))
            await kadri.create()
            await mart.subscribe()
            digest = await kadri.upload(b"for a few", tool="private")
            path = f"/Marti/sync/content?hash={digest}"
            assert (await mart.put(hashes=[digest])).status == 404
            assert (await kadri.put(hashes=[digest])).status == 200
            assert (await site.ask(path, "mart")).body == b"for a few"
            assert (await site.ask(path, "aino")).status == 404
            await aino.subscribe()
            assert (await site.ask(path, "aino")).body == b"for a few"
            assert (await janis.subscribe()).status == (await site.ask(path, "janis")).status == 404

    run(work())


def test_files_go_with_their_mission_only_if_asked_to_and_ones_own(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, mart = Client(site, "kadri"), Client(site, "mart")
            await kadri.create()
            await mart.subscribe()
            own, other = await kadri.upload(b"of kadri"), await mart.upload(b"of mart")
            await mart.put(hashes=[own, other])
            assert (await kadri.ask("/Alpha", "DELETE", deepDelete="true")).status == 200
            assert (await site.ask(f"/Marti/sync/content?hash={own}")).status == 404
            assert (await site.ask(f"/Marti/sync/content?hash={other}")).body == b"of mart"
            await quiet(site.hub)

    run(work())


def test_what_is_named_by_its_uid_is_its_newest_state(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            kadri, aino, janis = [await Client(site, name).connected() for name in ("kadri", "aino", "janis")]
            await kadri.create()
            await kadri.send(event("TRACK", "a-u-A", '<contact callsign="first"/>'))
            await aino.told('callsign="first"')
            store = site.hub.site.marti.store  # type: ignore[union-attr]
            question = "SELECT 1 FROM event WHERE uid = 'TRACK'"
            while not store.read(question):
                await quiet(site.hub)
            await kadri.put(uids=["TRACK", "UNKNOWN"])
            assert (await aino.get())["uids"][0]["details"]["callsign"] == "first"
            await kadri.send(event("TRACK", "a-u-A", '<contact callsign="second"/>'))
            # Another's track of the same uid, which nobody else may see, is none of the mission's.
            await janis.send(event("TRACK", "a-u-A", '<contact callsign="third"/>'))
            while len(store.read("SELECT 1 FROM event WHERE uid = 'TRACK'")) < 3:
                await quiet(site.hub)
            whole = (await aino.ask("/Alpha/cot")).body
            assert (whole.count(b"<event "), b'callsign="second"' in whole) == (1, True)

    run(work())
