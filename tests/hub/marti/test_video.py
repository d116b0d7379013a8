"""The registry of video connections: who may see and change them, and what is taken as one."""

import io
from pathlib import Path
from typing import Any

from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from tests.hub.conftest import run
from tests.hub.marti.conftest import Bench, Reply, bench
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.basics import vcm
from vallum.hub.marti.basics.video_model import check_url

VIDEO, VCM = "/Marti/api/video", "/Marti/vcm"
URL = "rtsp://10.0.0.5:554/live?x=1"
WITH_BAD_PORT = (
    b"<videoConnections><feed><uid>u</uid><protocol>rtsp</protocol><address>h</address>"
    b"<port>1 2</port></feed></videoConnections>"
)
ESTONIA = {"kadri": ("EE", "member"), "mart": ("EE", "member")}
FEED_FIELDS = {
    "uuid", "active", "alias", "url", "order", "macAddress", "roverPort", "ignoreEmbeddedKLV", "source",
    "networkTimeout", "bufferTime", "rtspReliable", "thumbnail", "classification", "latitude", "longitude",
    "fov", "heading", "range", "width", "height", "bitrate",
}  # fmt: skip


def connection(uid: str, url: str = URL, **more: Any) -> dict[str, Any]:
    feed = {"uuid": f"{uid}-feed", "active": True, "alias": "Feed", "url": url, "roverPort": 5005} | more
    return {"uuid": uid, "active": True, "alias": uid, "feeds": [feed]}


async def post(site: Bench, *made: dict[str, Any], who: str = "kadri", question: str = "") -> Reply:
    return await site.ask(f"{VIDEO}{question}", who, "POST", json={"videoConnections": list(made)})


async def uids(site: Bench, who: str = "kadri", question: str = "") -> list[str]:
    reply = await site.ask(f"{VIDEO}{question}", who)
    return [one["uuid"] for one in reply.json["videoConnections"]]


def test_a_connection_lives_from_its_registration_to_its_deletion(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ESTONIA) as site:
            made = await post(site, connection("cam"))
            assert (made.status, made.body) == (200, b"")
            assert "application/json" not in made.headers.get("content-type", "")  # clients would read it
            one = (await site.ask(f"{VIDEO}/cam", "mart")).json
            (feed,) = one["feeds"]
            assert set(feed) == FEED_FIELDS
            assert (feed["url"], feed["roverPort"], feed["width"]) == (URL, "5005", None)
            assert await uids(site, question="?protocol=rtsp") == ["cam"]
            assert await uids(site, question="?protocol=srt") == []
            changed = connection("cam", "srt://10.0.0.6:9000")
            assert (await site.ask(f"{VIDEO}/cam", "kadri", "PUT", json=changed)).status == 200
            assert (await site.ask(f"{VIDEO}/cam")).json["feeds"][0]["url"] == "srt://10.0.0.6:9000"
            other = await site.ask(f"{VIDEO}/cam", "kadri", "PUT", json=connection("other"))
            assert (other.status, "uuid" in other.json["message"]) == (400, True)
            assert (await site.ask(f"{VIDEO}/cam", "kadri", "DELETE")).status == 200
            assert (await site.ask(f"{VIDEO}/cam", "kadri", "DELETE")).status == 404
            assert await uids(site) == []

    run(work())


def test_connections_are_seen_and_changed_by_whom_they_are_for(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            await post(site, connection("cam"), connection("low", classification="COSMIC"))
            assert await uids(site, "aino") == ["cam"]  # a classification nobody knows stays at home
            assert await uids(site, "mart") == ["cam", "low"]
            assert await uids(site, "janis") == []
            assert b"feed" not in (await site.ask(VCM, "janis")).body
            assert (await site.ask(f"{VIDEO}/cam", "janis")).status == 404
            refusals = {"janis": 404, "mart": 403, "aino": 403, "vaatleja": 403}
            for who, status in refusals.items():
                for method, more in (("PUT", {"json": connection("cam")}), ("DELETE", {})):
                    assert (await site.ask(f"{VIDEO}/cam", who, method, **more)).status == status, who
            assert (await post(site, connection("new"), who="vaatleja")).status == 403
            # What somebody may not see does not keep it from using the same uid.
            assert (await post(site, connection("cam", "udp://239.1.1.1:4000"), who="janis")).status == 200
            assert (await site.ask(f"{VIDEO}/cam", "janis")).json["feeds"][0]["url"].startswith("udp")
            assert (await site.ask(f"{VIDEO}/cam", "aino")).json["feeds"][0]["url"] == URL
            assert (await post(site, connection("x"), connection("cam"), who="mart")).status == 409
            assert await uids(site, "mart") == ["cam", "low"]  # all or none
            assert (await post(site, connection("mine"), question="?group=Nobodys")).status == 200
            assert "mine" in await uids(site)
            assert "mine" not in await uids(site, "mart")
            assert (await site.ask(f"{VIDEO}/cam", "ülem", "DELETE")).status == 200
            assert await uids(site, "janis") == ["cam"]
        async with bench(tmp_path, users={}) as again:
            again.issued.update(site.issued)
            assert await uids(again, "mart") == ["low"]

    run(work())


def test_older_clients_have_the_same_in_xml(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            await post(site, connection("cam", "rtsp://[2001:db8::1]:554/a&b"))
            feed = (
                "<feed><protocol>udp</protocol><alias>Õ &amp; Ä</alias><uid>old</uid><address>239.1.1.1</address>"
                "<port>4000</port><roverPort>-1</roverPort><ignoreEmbeddedKLV>true</ignoreEmbeddedKLV>"
                "<path></path><buffer>7</buffer><timeout>5000</timeout><rtspReliable>1</rtspReliable></feed>"
            )
            body = f"<videoConnections>{feed}</videoConnections>".encode()
            assert (await site.ask(VCM, "mart", "POST", data=body)).status == 200
            (kept,) = (await site.ask(f"{VIDEO}/old")).json["feeds"]
            assert (kept["url"], kept["bufferTime"], kept["ignoreEmbeddedKLV"]) == (
                "udp://239.1.1.1:4000", "7", "true",
            )  # fmt: skip
            reply = await site.ask(VCM, "aino")
            assert reply.headers["content-type"] == "application/xml"
            feeds = [
                {part.tag: part.text or "" for part in one} for one in ElementTree.fromstring(reply.body)
            ]
            first, second = feeds
            assert (first["uid"], first["address"], first["port"]) == ("cam", "[2001:db8::1]", "554")
            assert (first["path"], first["protocol"], second["alias"]) == ("/a&b", "rtsp", "Õ & Ä")
            again = await site.ask(VCM, "mart", "POST", data=reply.body)
            assert again.status == 409  # one of them is not hers
            assert (await site.ask(f"{VCM}?id=cam", "mart", "DELETE")).status == 403
            assert (await site.ask(f"{VCM}?id=old", "janis", "DELETE")).status == 404
            assert (await site.ask(f"{VCM}?id=old", "mart", "DELETE")).status == 200
            two = connection("two")
            two["feeds"].append(two["feeds"][0] | {"uuid": "second"})
            await post(site, two)
            assert (await site.ask(f"{VCM}?id=second", "kadri", "DELETE")).status == 200
            assert len((await site.ask(f"{VIDEO}/two")).json["feeds"]) == 1
            assert (await site.ask(f"{VCM}?id=two-feed", "kadri", "DELETE")).status == 200
            assert (await site.ask(f"{VIDEO}/two")).status == 404

    run(work())


def test_what_is_no_connection_is_refused_by_name(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users={"kadri": ("EE", "member")}) as site:
            many = connection("many") | {"feeds": [{"url": URL, "uuid": str(n)} for n in range(17)]}
            for made, part in (
                (connection("a", "file:///etc/passwd"), "feeds[0].url"),
                (connection("a", "rtsp://"), "url"),
                (connection("a", "rtsp://h:99999/"), "url"),
                (connection("a", 'rtsp://h/"><x'), "url"),
                (connection("a", "javascript:alert(1)"), "url"),
                (connection("a", "r" * 3000), "url"),
                (connection("a" * 300), "uuid"),
                (connection("a", width=-1), "width"),
                (connection("a") | {"alias": 5}, "alias"),
                (many, "feeds"),
                (connection("a") | {"feeds": [{"url": URL, "uuid": "x"}] * 2}, "uuid"),
                ({"feeds": [{}]}, "url"),
            ):
                reply = await post(site, connection("fine"), made)
                assert reply.status == 400, made
                assert part in reply.json["message"], (made, reply.body)
            for body in (
                b"", b"<a/>", b"<videoConnections/>", b"\xff", b'<?xml version="1.0" encoding="none"?><a/>',
                b'<?xml version="1.0" encoding="shift_jis"?><a/>', b"<videoConnections><feed/></videoConnections>",
                b'<!DOCTYPE a [<!ENTITY b "c">]><videoConnections><feed><uid>&b;</uid></feed></videoConnections>',
                b"<videoConnections>" + b"<feed/>" * 101 + b"</videoConnections>",
                b"<videoConnections><feed><uid>u</uid><protocol>raw</protocol></feed></videoConnections>",
                WITH_BAD_PORT,
            ):  # fmt: skip
                assert (await site.ask(VCM, "kadri", "POST", data=body)).status == 400, body
            assert (await site.ask(VCM, "kadri", "POST", data=io.BytesIO(b"<" * (1 << 20 | 1)))).status == 413
            assert (await site.ask(VCM, "kadri", "DELETE")).status == 400
            assert await uids(site) == []
            for start in (0, 100):
                made_ = [connection(f"c{start + number}") for number in range(100)]
                assert (await post(site, *made_)).status == 200
            assert (await post(site, connection("one more"))).status == 409
            assert (await post(site, connection("c7"))).status == 200  # one that is there is replaced
            assert len(await uids(site)) == 200
            # Nor is it more for their being large.
            feeds = [{"uuid": f"f{number}", "url": f"{URL}/{'x' * 2000}"} for number in range(16)]
            bodies = [{"uuid": f"c{number}", "feeds": feeds} for number in range(40)]
            assert (await post(site, *bodies[:20])).status == 200
            assert (await post(site, *bodies[20:])).status == 409
            assert len((await site.ask(f"{VIDEO}/c39")).body) < 1000

    run(work())


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda data: f"rtsp://{data!r}"))
def test_any_address_is_taken_or_refused(url: str) -> None:
    try:
        check_url(url, "url")
    except Refusal as refusal:
        assert refusal.fault.status == 400
    else:
        assert url.isascii() or url.isprintable()


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"<videoConnections>{text}".encode()))
def test_any_xml_is_taken_or_refused(body: bytes) -> None:
    try:
        assert vcm.read(body)
    except Refusal as refusal:
        assert refusal.fault.status == 400
