"""Private files: their owner's alone until a notice hands them on."""

from pathlib import Path

from tests.hub.conftest import StreamClient, event, presence, quiet, run, until
from tests.hub.marti.conftest import Bench, bench
from tests.hub.marti.file_store import fetch, only, package, send_file, send_package, sha256


def notice(uid: str, digest: str, url: str, *dests: str) -> bytes:
    share = (
        f'<fileshare filename="x.zip" senderUrl="{url}" sizeInBytes="9" sha256="{digest}" senderUid="KADRI"'
        f' senderCallsign="KADRI" name="x"/><ackrequest uid="{uid}" ackrequested="true" tag="x"/>'
    )
    to = "".join(f"<dest {dest}/>" for dest in dests)
    return event(uid, "b-f-t-r", share + (f"<marti>{to}</marti>" if to else ""), how="h-e")


async def here(site: Bench, name: str, *callsigns: str) -> StreamClient:
    client = await site.stream(name)
    await client.send(*(presence(callsign) for callsign in callsigns))
    await until(lambda: all(site.hub.router.speaking_for(one) for one in callsigns))
    return client


async def sees(site: Bench, digest: str, *names: str) -> list[str]:
    return [name for name in names if (await fetch(site, digest, name)).status == 200]


EVERYBODY = ("kadri", "mart", "vaatleja", "ülem", "aino", "janis")


def test_a_notice_hands_a_private_file_to_those_it_names(tmp_path: Path) -> None:
    async def work() -> None:
        data = package()
        digest = sha256(data)
        async with bench(tmp_path) as site:
            kadri = await here(site, "kadri", "KADRI")
            mart = await here(site, "mart", "MART")
            aino = await here(site, "aino", "AINO")
            janis = await here(site, "janis", "JANIS")
            # As ATAK does it: send, say that it is not for all, tell those it is for.
            url = (await send_package(site, data)).body.decode()
            field = f"/Marti/api/sync/metadata/{digest}/tool"
            assert (await site.ask(field, method="PUT", data="private")).status == 200
            assert await sees(site, digest, *EVERYBODY) == ["kadri"]
            await kadri.send(notice("N1", digest, url, 'callsign="MART"', 'uid="JANIS"'))
            told = (await mart.get("N1")).decode()
            where = told.partition('senderUrl="')[2].partition('"')[0]
            async with site.client("mart").get(where) as response:
                assert await response.read() == data
            # A notice tells nobody of another nation anything, so it hands nothing over either.
            assert await sees(site, digest, *EVERYBODY) == ["kadri", "mart"]
            assert (await site.ask("/Marti/sync/search", "mart")).json["resultCount"] == 1
            assert (await site.ask("/Marti/sync/search", "aino")).json["resultCount"] == 0
            # Who was handed it may hand it on; it is not for him to change.
            assert (await site.ask(field, "mart", "PUT", data="public")).status == 403
            await mart.send(notice("N2", digest, url, 'callsign="AINO"'))
            await aino.get("N2")
            assert await sees(site, digest, *EVERYBODY) == ["kadri", "mart", "aino"]
            await quiet(site.hub)
            assert janis.count("b-f-t-r") == 0
            for client in (kadri, mart, aino, janis):
                await client.close()
        async with bench(tmp_path) as site:  # it is kept
            assert await sees(site, digest, *EVERYBODY) == ["kadri", "mart", "aino"]
            await site.ask(f"/Marti/sync/delete?hash={digest}", method="DELETE")
            await send_file(site, data, tool="private")  # what is new is handed to nobody
            assert await sees(site, digest, *EVERYBODY) == ["kadri"]

    run(work())


def test_nobody_hands_on_what_is_not_its_own(tmp_path: Path) -> None:
    async def work() -> None:
        digest = sha256(b"secret")
        async with bench(tmp_path, users=only("kadri", "mart", "vaatleja")) as site:
            kadri = await here(site, "kadri", "KADRI")
            mart = await here(site, "mart", "MART", "MART-2")
            viewer = await here(site, "vaatleja", "VAATLEJA")
            await send_file(site, b"secret", tool="private")
            url = site.url(f"/Marti/sync/content?hash={digest}")
            # To oneself, under a second name, by a viewer, to all, of nothing.
            await mart.send(notice("N1", digest, url, 'callsign="MART-2"', 'callsign="VAATLEJA"'))
            await viewer.send(notice("N2", digest, url, 'callsign="MART"'))
            await kadri.send(notice("N3", digest, url), notice("N4", "0" * 64, url, 'callsign="MART"'))
            await kadri.send(notice("N5", "../x", url, 'callsign="MART"'))
            for number in ("N3", "N4", "N5"):
                await mart.get(number)
            await viewer.get("N1")
            assert await sees(site, digest, *site.issued) == ["kadri"]
            for client in (kadri, mart, viewer):
                await client.close()

    run(work())


def test_a_notice_does_not_release_what_a_label_keeps(tmp_path: Path) -> None:
    async def work() -> None:
        digest = sha256(b"ours")
        async with bench(tmp_path, users=only("kadri", "mart", "aino")) as site:
            kadri = await here(site, "kadri", "KADRI")
            aino = await here(site, "aino", "AINO")
            mart = await here(site, "mart", "MART")
            await send_file(site, b"ours", tool="private", releasableTo="EE")
            await kadri.send(notice("N1", digest, "https://x", 'callsign="AINO"', 'callsign="MART"'))
            await aino.get("N1")
            await mart.get("N1")
            assert await sees(site, digest, *site.issued) == ["kadri", "mart"]
            for client in (kadri, aino, mart):
                await client.close()

    run(work())
