"""Single events, histories and exports, as far as each may see them."""

import asyncio
import io
import json
import threading
import time
import zipfile
from pathlib import Path
from urllib.parse import urlencode

import pytest
from defusedxml import ElementTree

from tests.hub.conftest import event, presence, run, until
from tests.hub.marti.conftest import Bench, bench
from vallum.core import instant
from vallum.core.principal import Principal
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.basics import history
from vallum.hub.marti.searches import Searches

USERS = {
    "kadri": ("EE", "member"),
    "mart": ("EE", "member"),
    "aino": ("FI", "member"),
    "janis": ("LV", "member"),
}
XML = "/Marti/api/cot/xml"
EXPORT = "/Marti/ExportMissionKML"


def at(seconds: float) -> str:
    return instant.write(time.time_ns() // 1_000_000 + round(seconds * 1000))


async def written(site: Bench, count: int) -> None:
    """Wait until the journal has so many events."""
    await until(lambda: site.hub.journal is not None and site.hub.journal.state().written >= count)


async def uids(site: Bench, path: str, who: str = "kadri") -> list[str]:
    reply = await site.ask(path, who)
    if reply.status == 404:
        assert not reply.body
        return []
    assert (reply.status, reply.headers["content-type"]) == (200, "application/xml")
    return [str(one.get("uid")) for one in ElementTree.fromstring(reply.body)]


def test_the_latest_event_of_a_uid_is_that_which_the_reader_may_see(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            kadri, janis = await site.stream("kadri"), await site.stream("janis")
            await kadri.send(presence("KADRI"), event("road 1", lat=58.0), event("road 1", lat=58.5))
            await until(lambda: site.hub.router.speaking_for("KADRI"))
            await until(lambda: site.hub.router.counters.received >= 3)
            await janis.send(event("road 1", lat=56.5), presence("KADRI", "Other"))
            await until(lambda: site.hub.router.counters.received >= 5)
            for who, lat in (("mart", "58.5"), ("aino", "58.5"), ("janis", "56.5")):
                reply = await site.ask(f"{XML}/road%201", who)
                assert reply.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<event')
                assert f'lat="{lat}'.encode() in reply.body
            assert b"Other" not in (await site.ask(f"{XML}/KADRI", "aino")).body
            assert b"Other" in (await site.ask(f"{XML}/KADRI", "janis")).body
            missing = await site.ask(f"{XML}/nowhere")
            assert (missing.status, missing.body) == (404, b"")
            await kadri.close()
            await until(
                lambda: not site.hub.router.speaking_for("KADRI") or len(site.hub.router.sessions) == 1
            )
            await written(site, 6)
            for who in ("mart", "aino", "janis"):  # the journal still has it
                assert (b"Other" in (await site.ask(f"{XML}/KADRI", who)).body) == (who == "janis")
            await janis.close()

    run(work())


def test_a_history_holds_what_the_reader_may_see_of_a_period_and_an_area(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            kadri, janis = await site.stream("kadri"), await site.stream("janis")
            private = '<marti><dest callsign="Nobody"/></marti>'
            await kadri.send(
                *(event("track", lat=58.0 + number / 10) for number in range(3)),
                event("track", detail=private),
                event("here", lat=10.0, lon=20.0),
            )
            await janis.send(event("track", lat=56.0), event("there", lat=10.0, lon=20.0))
            await written(site, 7)
            assert await uids(site, f"{XML}/track/all") == ["track"] * 3
            assert await uids(site, f"{XML}/track/all", "aino") == ["track"] * 3
            assert await uids(site, f"{XML}/track/all", "janis") == ["track"]
            window = f"start={at(-60)}&end={at(60)}"
            assert len(await uids(site, f"{XML}/track/all?{window}")) == 3
            assert await uids(site, f"{XML}/track/all?start={at(-90)}&end={at(-60)}") == []
            assert len(await uids(site, f"{XML}/track/all?secago=60")) == 3
            box = "left=19&right=21&bottom=9&top=11"
            assert await uids(site, f"/Marti/api/cot/sa?{box}&{window}") == ["here"]
            assert await uids(site, f"/Marti/api/cot/sa?{box}", "janis") == ["there"]
            assert await uids(site, "/Marti/api/cot/sa?left=170&right=-170") == []  # over the antimeridian
            await kadri.close()
            await janis.close()

    run(work())


def test_a_period_is_exported_for_other_programs(tmp_path: Path) -> None:
    async def work() -> None:
        groups = {"kadri": ("Blue", "Red"), "mart": ("Blue", "Red")}
        async with bench(tmp_path, users=USERS, groups=groups) as site:
            kadri = await site.stream("kadri")
            await kadri.send(
                *(event(name, lat=58.0, lon=25.0, detail=f'<marti><dest group="{name}"/></marti>')
                  for name in ("Red", "Blue"))
            )  # fmt: skip
            await written(site, 2)
            form = {"startTime": at(-60), "endTime": at(60), "format": "geojson", "optimizeExport": "true"}

            async def exported(who: str = "mart", **more: str) -> tuple[str, bytes]:
                reply = await site.ask(EXPORT, who, "POST", data=urlencode(form | more), headers=FORM)
                assert reply.status == 200, reply.body
                return reply.headers["content-type"], reply.body

            kind, body = await exported()
            assert kind == "application/geo+json"
            assert {one["properties"]["uid"] for one in json.loads(body)["features"]} == {"Red", "Blue"}
            _, body = await exported(groups="Red,Green")
            assert {one["properties"]["uid"] for one in json.loads(body)["features"]} == {"Red"}
            for who, named in (("mart", "Green"), ("janis", ""), ("aino", "Red")):
                assert json.loads((await exported(who, groups=named))[1])["features"] == []
            kind, body = await exported(format="kml")
            assert kind == "application/vnd.google-earth.kml+xml"
            assert ElementTree.fromstring(body).tag.endswith("kml")
            _, packed = await exported(format="kmz")
            assert zipfile.ZipFile(io.BytesIO(packed)).read("doc.kml") == body
            for wrong, part in (
                (form | {"format": "exe"}, "format"), ({"endTime": at(0)}, "startTime"),
                (form | {"startTime": "x"}, "startTime"), (form | {"endTime": at(9e5)}, "endTime"),
            ):  # fmt: skip
                reply = await site.ask(EXPORT, "mart", "POST", data=urlencode(wrong), headers=FORM)
                assert reply.status == 400
                assert part in reply.json["message"]
            for body, status in ((b"\xff=1", 400), (b"a" * 70_000, 413), (b"", 400)):
                reply = await site.ask(EXPORT, "mart", "POST", data=body, headers=FORM)
                assert reply.status == status
            await kadri.close()

    run(work())


def test_too_much_is_refused_by_what_the_reader_may_see_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_EVENTS", 3)

    async def work() -> None:
        async with bench(tmp_path, users=USERS) as site:
            janis, kadri = await site.stream("janis"), await site.stream("kadri")
            await janis.send(*(event("track") for _ in range(4)))
            await kadri.send(*(event("track") for _ in range(3)))
            await written(site, 7)
            assert len(await uids(site, f"{XML}/track/all")) == 3
            reply = await site.ask(f"{XML}/track/all", "janis")
            assert (reply.status, reply.json["rule"]) == (413, "size of an answer")
            await janis.close()
            await kadri.close()

    run(work())


def test_searches_of_one_do_not_hold_up_those_of_another() -> None:
    async def work() -> None:
        searches, done = Searches(), threading.Event()
        kadri, janis = Principal("kadri", "EE"), Principal("janis", "LV")
        waiting = [asyncio.create_task(searches.run(kadri, done.wait)) for _ in range(searches.most)]
        await asyncio.sleep(0)
        with pytest.raises(Refusal) as refused:
            await searches.run(kadri, done.wait)
        assert refused.value.fault.status == 429
        assert await searches.run(janis, lambda: "found") == "found"
        done.set()
        assert all(await asyncio.gather(*waiting))
        assert await searches.run(kadri, lambda: "found") == "found"
        searches.close()

    run(work())


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
