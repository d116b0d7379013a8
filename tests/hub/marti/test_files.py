"""Files: who finds them, what is kept, what is refused."""

import asyncio
import json
import random
import sqlite3
import time
from pathlib import Path

import pytest

from tests.hub.conftest import run, until
from tests.hub.marti.conftest import Bench, bench
from tests.hub.marti.file_store import fetch, kept, only, package, send_file, send_package, sha256


async def found(site: Bench, name: str, query: str = "") -> list[str]:
    reply = await site.ask(f"/Marti/sync/search?{query}", name)
    assert reply.json["resultCount"] == len(reply.json["results"])
    return [one["Name"] for one in reply.json["results"]]


def test_a_package_is_fetched_byte_for_byte_by_who_may_and_is_nothing_to_others(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            data = package()
            digest = sha256(data)
            sent = await send_package(site, data)
            assert sent.headers["content-type"].startswith("text/plain")
            path = f"/Marti/sync/content?hash={digest}"
            assert sent.body.decode() == site.url(path)
            queries = [f"/Marti/sync/missionquery?hash={digest}", path, f"/Marti/sync/{digest}/metadata"]
            for name in ("kadri", "mart", "vaatleja", "aino"):
                assert (await fetch(site, digest, name)).body == data
                assert [(await site.ask(query, name)).status for query in queries] == [200] * 3
                assert await found(site, name, "keywords=MissionPackage&tool=public") == ["õppus.zip"]
                assert (await site.ask("/Marti/api/files/metadata/count", name)).data == 1
            for method in ("GET", "HEAD"):
                unknown = [query.replace(digest, "0" * 64) for query in queries]
                for there, absent in zip(queries, unknown, strict=True):
                    ours = await site.ask(there, "janis", method)
                    other = await site.ask(absent, "janis", method)
                    assert ours.status == 404
                    assert (ours.status, ours.headers, ours.body) == (other.status, other.headers, other.body)
            assert await found(site, "janis") == []
            assert (await site.ask("/Marti/api/sync/search", "janis")).data == []
            assert (await site.ask("/Marti/api/files/metadata/count", "janis")).data == 0
            field = f"/Marti/api/sync/metadata/{digest}/tool"
            assert (await site.ask(field, "janis", "PUT", data="private")).status == 404
            assert (await site.ask(f"/Marti/api/files/{digest}", "janis", "DELETE")).status == 404

    run(work())


def test_answers_have_the_form_that_clients_read(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri", "aino")) as site:
            sent = await send_file(site, b"hello", latitude="58.4", longitude="26.7", uid="MARKER")
            # node-tak parses this answer as text; were its type JSON, it could not.
            assert sent.headers["content-type"].startswith("text/json")
            made = sent.json
            assert made | {"SubmissionDateTime": "", "PrimaryKey": ""} == {
                "UID": "MARKER", "Name": "note.txt", "Hash": sha256(b"hello"), "PrimaryKey": "",
                "SubmissionDateTime": "", "SubmissionUser": "kadri", "CreatorUid": "ANDROID-1",
                "Keywords": ["a", "b"], "MIMEType": "application/octet-stream", "Size": "5", "Tool": "public",
                "EXPIRATION": "-1", "Latitude": "58.4", "Longitude": "26.7",
            }  # fmt: skip
            assert int(made["PrimaryKey"]) >= 0
            searched = await site.ask("/Marti/sync/search?UID=MARKER")
            assert searched.json["results"] == [made]
            listed = await site.ask("/Marti/api/sync/search?bbox=26,58,27,59")
            assert (listed.headers["content-type"], listed.json["type"]) == ("application/json", "Resource")
            assert listed.data == [{
                "filename": "note.txt", "keywords": ["a", "b"], "mimeType": "application/octet-stream",
                "name": "note.txt", "submissionTime": made["SubmissionDateTime"], "submitter": "kadri",
                "uid": "MARKER", "creatorUid": "ANDROID-1", "hash": sha256(b"hello"), "size": 5,
                "expiration": -1, "tool": "public", "latitude": 58.4, "longitude": 26.7,
            }]  # fmt: skip
            assert (await site.ask("/Marti/api/files/metadata?bbox=0,0,1,1")).data == []
            # A user's name stands in no event, so another nation is not told it.
            assert (await site.ask("/Marti/api/sync/search", "aino")).data[0]["submitter"] == ""
            assert (await site.ask("/files/api/config")).json == {"uploadSizeLimit": 400}

    run(work())


SEARCHES = {
    "": ["ÕUN.txt", "two.txt", "one.txt"],
    "name=õun": ["ÕUN.txt"],
    "FileName=O": ["two.txt", "one.txt"],
    "keywords=RED": ["two.txt", "one.txt"],
    "keywords=red&keywords=blue": ["two.txt"],
    "keywords=red,blue": ["two.txt"],
    "tool=survey": ["ÕUN.txt"],
    "hash=" + sha256(b"one"): ["one.txt"],
    "uid=U2&name=one": [],
    "uid=U2&name=two": ["two.txt"],
    "mimetype=text/plain": ["one.txt"],
    "startTime=2100-01-01T00:00:00Z": [],
    "stopTime=2001-01-01T00:00:00Z": [],
    "stopTime=2100-01-01T00:00:00Z&startTime=2001-01-01T00:00:00Z&keywords=blue": ["two.txt"],
}


def test_each_parameter_narrows_a_search_and_is_refused_by_name(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri")) as site:
            await send_file(
                site, b"one", name="one.txt", keywords="red", uid="U1", mimetype="text/plain; x=y"
            )
            await send_file(site, b"two", name="two.txt", keywords="Red,Blue", uid="U2")
            await send_file(site, b"three", name="ÕUN.txt", keywords="", uid="U3", tool="survey")
            assert {query: await found(site, "kadri", query) for query in SEARCHES} == SEARCHES
            for bad in ("bbox=1,2,3", "bbox=a,b,c,d", "startTime=now", "hash=x", "keywords=" + "k" * 300):
                reply = await site.ask(f"/Marti/sync/search?{bad}")
                assert reply.status == 400
                assert bad.partition("=")[0] in reply.json["message"]

    run(work())


def test_more_files_than_fit_a_page_are_found_by_each_of_its_readers(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri", "janis")) as site:
            for name, count in (("kadri", 3), ("janis", 1), ("kadri", 2)):
                for number in range(count):
                    await send_file(site, b"same", name, name=f"{name}{number}", uid=f"{count}.{number}")

            def many(connection: sqlite3.Connection) -> None:
                columns = (
                    "hash, name, size, media_type, tool, keywords, creator_uid, principal, nation, access"
                )
                columns += ", caveat, releasable_to, groups, stored_ms, expires_ms"
                connection.execute(
                    f"INSERT INTO file (uid, {columns}) SELECT uid || value, {columns} FROM file,"  # noqa: S608
                    " (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 150)"
                    " SELECT value FROM n)"
                )

            await site.hub.site.marti.store.write(many)  # type: ignore[union-attr]
            for name, count in (("kadri", 5 * 151), ("janis", 151)):
                assert len(await found(site, name)) == count
                assert len(await found(site, name, f"hash={sha256(b'same')}")) == count
                assert (await site.ask("/Marti/api/files/metadata/count", name)).data == count

    run(work())


def test_groups_and_labels_say_who_of_a_nation_sees_a_file(tmp_path: Path) -> None:
    groups = {"kadri": ("Blue", "Red"), "mart": ("Red",), "vaatleja": ("Blue",), "aino": ("Blue",)}

    async def work() -> None:
        async with bench(tmp_path, users=only("kadri", "mart", "vaatleja", "aino"), groups=groups) as site:
            # node-tak writes it with a capital, others do not.
            await send_package(site, package("one"), Groups="Blue", filename="blue.zip")
            await send_package(site, package("two"), groups="Red,Green", filename="red.zip")
            await send_package(site, package("three"), releasableTo="EE", filename="ours.zip")
            assert await found(site, "kadri") == ["ours.zip", "red.zip", "blue.zip"]
            assert await found(site, "mart") == ["ours.zip", "red.zip"]
            assert await found(site, "vaatleja") == ["ours.zip", "blue.zip"]
            assert await found(site, "aino") == ["blue.zip"]
            refused = await send_package(site, package("four"), "mart", Groups="Blue")
            assert (refused.status, refused.json["rule"]) == (403, "groups")
            assert len(kept(tmp_path)) == 3

    run(work())


def test_a_body_is_kept_once_and_goes_with_its_last_owner(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri", "mart", "vaatleja", "ülem", "aino")) as site:
            digest = sha256(b"shared")
            gone = f"/Marti/sync/delete?hash={digest}"
            for name in ("kadri", "aino", "kadri"):
                assert (await send_file(site, b"shared", name)).status == 200
            assert kept(tmp_path) == [digest]
            assert await found(site, "mart") == [
                "note.txt",
                "note.txt",
            ]  # what is sent again is no second file
            assert (await site.ask(gone, "mart", "DELETE")).json["rule"] == "owner"
            assert (await site.ask(gone, "vaatleja", "DELETE")).json["rule"] == "roles"
            assert (await site.ask(gone, "kadri", "DELETE")).status == 200
            assert (await site.ask(gone, "kadri", "DELETE")).status == 403
            assert (await fetch(site, digest, "kadri")).body == b"shared"
            # An admin deletes what is of its own nation.
            assert (await site.ask(f"/Marti/api/files/{digest}", "ülem", "DELETE")).status == 403
            assert (await site.ask(gone, "aino", "DELETE")).status == 200
            assert kept(tmp_path) == []
            await send_file(site, b"shared", "mart")
            assert (await site.ask(f"/Marti/api/files/{digest}", "ülem", "DELETE")).status == 200
            assert (await site.ask(gone, "mart", "DELETE")).status == 404
            assert kept(tmp_path) == []

    run(work())


def test_owners_change_what_is_said_of_their_files(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri", "mart")) as site:
            digest = sha256(b"hello")
            await send_file(site, b"hello")

            async def put(field: str, body: str, name: str = "kadri") -> int:
                return (
                    await site.ask(f"/Marti/api/sync/metadata/{digest}/{field}", name, "PUT", data=body)
                ).status

            assert await put("keywords", '["x", "y"]') == 200
            assert await put("mimetype", "Text/Plain") == 200
            assert await put("tool", "Private") == 200
            assert await found(site, "mart") == []
            assert await found(site, "kadri", "keywords=y&tool=private&mimetype=text/plain") == ["note.txt"]
            # What is sent again without these words keeps them.
            await send_file(site, b"hello")
            assert await found(site, "mart") == []
            assert await put("tool", "public") == 200
            assert await put("tool", "public", "mart") == 403
            for field, body in (("tool", "a b"), ("tool", ""), ("tool", "t" * 300), ("keywords", "{}")):
                assert await put(field, body) in (400, 413)
            assert await put("keywords", json.dumps([f"k{one}" for one in range(33)])) == 400
            assert await put("nothing", "x") == 404

    run(work())


def test_what_has_expired_is_not_shown_and_goes(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri")) as site:
            field = f"/Marti/api/sync/metadata/{sha256(b'old')}/expiration"
            await send_file(site, b"old")
            await send_file(site, b"new", name="new.txt")
            # Seconds, as clients write it, or milliseconds; -1 is never.
            later = int(time.time()) + 1000
            for value, status, shown in (
                (later, 200, str(later)),
                (later * 1000, 200, str(later)),
                (-1, 200, "-1"),
            ):
                assert (await site.ask(f"{field}?expiration={value}", method="PUT")).status == status
                (old,) = (await site.ask("/Marti/sync/search?name=note")).json["results"]
                assert old["EXPIRATION"] == shown
            for value in ("-2", "x", "1e400"):
                assert (await site.ask(f"{field}?expiration={value}", method="PUT")).status == 400
            library = site.hub.site.marti.library  # type: ignore[union-attr]
            assert (await site.ask(f"{field}?expiration=1", method="PUT")).status == 200
            assert (await fetch(site, sha256(b"old"))).status == 404
            assert await found(site, "kadri") == ["new.txt"]
            library.sweep_ms = 0
            await until(lambda: kept(tmp_path) == [sha256(b"new")])

    run(work())


def test_names_lead_nowhere(tmp_path: Path) -> None:
    names = {
        "../../etc/passwd": "passwd",
        "C:\\Users\\x\\plan.kml": "plan.kml",
        "a\r\nSet-Cookie: b": "aSet-Cookie: b",
        "evil\u202etxt.exe": "eviltxt.exe",
        "..": "",
        "\x00": "",
        "õ" * 300: "õ" * 100,
        'quo"te\\': "",
        'quo"te': 'quo"te',
    }

    async def work() -> None:
        async with bench(tmp_path, users=only("kadri")) as site:
            for number, (name, clean) in enumerate(names.items()):
                data = f"body {number}".encode()
                made = (await send_file(site, data, name=name)).json
                assert made["Name"] == (clean or sha256(data))
                stated = (await fetch(site, sha256(data))).headers
                assert set(stated) >= {"content-disposition", "etag", "x-content-type-options"}
                assert "set-cookie" not in stated
                assert stated["content-disposition"].startswith("attachment; filename=")
            for bad in ({"uid": "a\nb"}, {"creatorUid": "u" * 300}, {"tool": "/"}, {"hash": "../x"}):
                refused = await send_file(site, b"x", **bad)
                assert (refused.status, next(iter(bad)) in refused.json["message"]) == (400, True)
            for digest in ("../../pki/ca.key", "..%2f..%2fpki%2fca.key", "A" * 63, "g" * 64):
                assert (await fetch(site, digest)).status == 400

    run(work())


def test_a_body_is_there_as_long_as_somebody_has_it_however_they_come_and_go(tmp_path: Path) -> None:
    async def work() -> None:
        users = only("kadri", "mart")
        async with bench(tmp_path, users=users) as site:
            bodies = [b"first", b"second"]

            async def busy(name: str, chosen: random.Random) -> None:
                for _ in range(25):
                    body = chosen.choice(bodies)
                    if chosen.random() < 0.5:
                        assert (await send_file(site, body, name)).status == 200
                    else:
                        gone = await site.ask(f"/Marti/sync/delete?hash={sha256(body)}", name, "DELETE")
                        assert gone.status in (200, 403, 404)
                    there = await site.ask(f"/Marti/sync/search?hash={sha256(body)}", name)
                    mine = any(one["SubmissionUser"] == name for one in there.json["results"])
                    assert not mine or (await fetch(site, sha256(body), name)).body == body

            await asyncio.gather(*(busy(name, random.Random(name)) for name in users))  # noqa: S311
            rows = site.hub.site.marti.store.read("SELECT DISTINCT hash FROM file ORDER BY hash")  # type: ignore[union-attr]
            assert kept(tmp_path) == [row["hash"] for row in rows]
            used = site.hub.site.marti.store.read(
                "SELECT sum(bytes) AS sum, sum(files) AS count FROM file_use"
            )  # type: ignore[union-attr]
            real = site.hub.site.marti.store.read("SELECT total(size) AS sum, count(*) AS count FROM file")  # type: ignore[union-attr]
            assert tuple(used[0]) == tuple(real[0])

    run(work())


def test_a_body_that_somebody_took_from_the_disk_is_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri")) as site:
            await send_file(site, b"hello")
            digest = sha256(b"hello")
            (tmp_path / "files" / digest[:2] / digest).unlink()
            assert (await fetch(site, digest)).status == 404
        async with bench(tmp_path, users={}):
            assert "files are missing" in capsys.readouterr().out

    run(work())
