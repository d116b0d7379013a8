"""The HTTPS side before any of its areas: who is let in, what refusals look like, and the WebSocket."""

from pathlib import Path

import aiohttp
import pytest

from tests.hub.conftest import presence, run, until
from tests.hub.marti.conftest import bench


def test_what_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            reply = await site.ask("/Marti/api/nothing")
            assert (reply.status, reply.json["rule"]) == (404, "paths")
            assert reply.headers["content-type"] == "application/json"

    run(work())


def test_nobody_comes_without_a_certificate(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            with pytest.raises(aiohttp.ClientError):
                await site.ask("/Marti/api/nothing", name=None)

    run(work())


def test_the_port_also_speaks_websocket(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            mart = await site.stream("mart")
            url = site.url("/takproto/1").replace("https", "wss")
            async with site.client("kadri").ws_connect(url) as socket:
                await until(lambda: len(site.hub.router.sessions) == 2)
                await mart.send(presence("MART"))
                message = await socket.receive_bytes(timeout=5)
                while b"MART" not in message:
                    message = await socket.receive_bytes(timeout=5)
            await mart.close()

    run(work())


def test_a_page_of_another_site_cannot_use_its_readers_certificate(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path) as site:
            path = "/Marti/api/version"
            assert (await site.ask(path)).status == 200
            for headers in (
                {"Origin": "https://elsewhere.example"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
            ):
                reply = await site.ask(path, headers=headers)
                assert (reply.status, reply.json["rule"]) == (403, "origins")
            assert (await site.ask(path, headers={"Sec-Fetch-Site": "none"})).status == 200

    run(work())
