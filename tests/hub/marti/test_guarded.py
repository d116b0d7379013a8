"""What nobody can do to the others: with connections, floods, failures, and certificates that end."""

import asyncio
import os
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.hub.conftest import presence, run, until
from tests.hub.marti.conftest import Bench, bench
from tests.hub.marti.enrolling import come, with_token
from tests.hub.marti.file_store import fetch, kept, only, send_file, sha256
from vallum.hub.marti.basics import history
from vallum.hub.rate import Buckets

VERSION = "/Marti/api/version"
UPGRADE = (
    b"GET /takproto/1 HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Raw:
    """A connection to the HTTPS side on which a test writes what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, site: Bench, name: str) -> "Raw":
        host, port = site.hub.addresses["marti"]
        return cls(
            *await asyncio.open_connection(host, port, ssl=site.tls(name), server_hostname="localhost")
        )

    async def ask(self, request: bytes) -> bytes:
        """Send something, and return what comes until the connection ends."""
        self.writer.write(request)
        return await self.rest()

    async def head(self, request: bytes) -> bytes:
        """Send something, and return the head of the answer."""
        self.writer.write(request)
        return await self.reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        try:
            return await self.reader.read()
        except OSError:
            return b""
        finally:
            self.writer.transport.abort()


def revoke(site: Bench, name: str) -> None:
    site.authority.revoke(now=datetime.now(UTC), name=name)


async def rename(site: Bench, table: str) -> None:
    """Take a table away, so that whatever needs it fails."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute(f"ALTER TABLE {table} RENAME TO gone")

    assert site.hub.site is not None
    await site.hub.site.marti.store.write(work)


def test_a_failure_is_logged_by_kind_and_place_and_not_by_what_it_says(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri")) as site:
            await rename(site, "video")
            with capture_logs() as lines:
                reply = await site.ask("/Marti/api/video")
            assert (reply.status, b"no such table" in reply.body) == (500, False)
            (line,) = (one for one in lines if one["event"] == "request failed")
            assert (line["path"], line["kind"]) == ("/Marti/api/video", "OperationalError")
            assert any("video_store.py" in place for place in line["at"])
            # Neither the text of the error nor frames, whose variables may be passwords.
            assert "no such table" not in str(line)
            assert "exc_info" not in line

    run(work())


def test_one_client_cannot_have_all_connections(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri", "mart"), connections=8) as site:
            held = [await Raw.to(site, "kadri") for _ in range(2)]
            more = await Raw.to(site, "kadri")
            assert await more.rest() == b""
            assert (await site.ask(VERSION, "mart")).status == 200
            assert (await held[0].head(b"GET /x HTTP/1.1\r\nHost: hub\r\n\r\n")).startswith(b"HTTP/1.1 404")
            for one in held:
                one.writer.transport.abort()

    run(work())


def test_a_revoked_certificate_ends_what_is_under_way(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri", "mart")) as site:
            mart, other = await Raw.to(site, "mart"), await Raw.to(site, "kadri")
            request = b"POST /Marti/sync/upload?name=a HTTP/1.1\r\nHost: hub\r\nContent-Length: 9\r\n\r\nhalf"
            mart.writer.write(request)
            other.writer.write(request)
            folder = site.folder / "files" / ".arriving"
            await until(lambda: len(list(folder.iterdir())) == 2)
            revoke(site, "mart")
            assert await mart.rest() == b""
            await until(lambda: len(list(folder.iterdir())) == 1)
            assert (await other.head(b"whole")).startswith(b"HTTP/1.1 200")
            other.writer.transport.abort()
            assert (await site.ask(VERSION, "mart")).status == 401

    run(work())


def test_a_body_in_crumbs_is_refused_and_one_in_chunks_is_taken(tmp_path: Path) -> None:
    async def work() -> None:
        faults: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        head = b"POST /Marti/sync/upload?name=a HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"400\r\n" + b"a" * 1024 + b"\r\n"
        end = b"0\r\n\r\n"
        async with bench(tmp_path, users=only("kadri")) as site:
            crumbs = await Raw.to(site, "kadri")
            assert (await crumbs.ask(head + b"1\r\na\r\n" * 20_000 + end)).startswith(b"HTTP/1.1 400")
            # Also behind an answer that does not wait for the body.
            late = await Raw.to(site, "kadri")
            request = head.replace(b"upload", b"nothing")
            assert (await late.ask(request + b"1\r\na\r\n" * 20_000)).startswith(b"HTTP/1.1 40")
            sound = await Raw.to(site, "kadri")
            for _ in range(2):
                assert (await sound.head(head + chunk * 300 + end)).startswith(b"HTTP/1.1 200")
                await sound.reader.readuntil(b"}")
            sound.writer.transport.abort()
            assert kept(site.folder) == [sha256(b"a" * 1024 * 300)]
        assert not faults

    run(work())


def test_a_websocket_that_is_not_let_in_is_cut_off_without_a_word(tmp_path: Path) -> None:
    async def work() -> None:
        faults: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        async with bench(tmp_path, users=only("kadri", "mart")) as site:
            away = site.hub.router.counters.turned_away
            # Whoever does not wait for the answer is refused: what it sent early would be lost, or misread.
            assert (await (await Raw.to(site, "kadri")).ask(UPGRADE + b"\x82\x00")).startswith(
                b"HTTP/1.1 400"
            )
            assert away.pop("handshake: 400") == 1
            revoke(site, "mart")
            assert site.hub.directory is not None
            site.hub.directory.refresh()
            assert await (await Raw.to(site, "mart")).ask(UPGRADE) == b""
            await until(lambda: away.total() == 1)
            assert away["revoked"] == 1
        assert not faults

    run(work())


def test_a_nation_that_the_policy_does_not_know_is_not_let_in(tmp_path: Path) -> None:
    async def work() -> None:
        users = {"kadri": ("EE", "member"), "hans": ("SE", "admin")}
        async with bench(tmp_path, users=users) as site:
            reply = await site.ask(VERSION, "hans")
            assert (reply.status, reply.json["rule"]) == (401, "certificate")
            config = await come(site, "/Marti/api/tls/config", "hans", with_token(site, "hans"))
            assert (config.status, config.json["rule"]) == (403, "nation")

    run(work())


def test_who_knows_no_password_is_not_looked_at_any_more(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri"), requests_per_s=0.01, burst=3) as site:
            ask = "/Marti/api/tls/config"
            replies = [await site.ask(ask, None, listener="enrolment") for _ in range(5)]
            assert [one.status for one in replies] == [401, 401, 401, 429, 429]
            assert int(replies[-1].headers["retry-after"]) > 1
            assert (await site.ask(VERSION)).status == 200

    run(work())


def test_switching_groups_costs_more_than_asking(tmp_path: Path) -> None:
    async def work() -> None:
        body = [{"name": "__ANON__", "direction": "OUT", "active": False}]
        async with bench(tmp_path, users=only("kadri", "mart"), requests_per_s=0.01, burst=101) as site:
            put = [await site.ask("/Marti/api/groups/active", method="PUT", json=body) for _ in range(3)]
            assert [one.status for one in put] == [200, 200, 429]
            assert (await site.ask(VERSION)).status == 200
            assert (await site.ask("/Marti/api/groups/active", "mart", "PUT", json=body)).status == 200

    run(work())


def test_certificates_are_followed_also_while_the_disk_is_slow(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri", "mart")) as site:
            web, done = site.hub.site, threading.Event()
            assert web is not None
            mart = await site.stream("mart")
            await until(lambda: len(site.hub.router.sessions) == 1)
            await send_file(site, b"old")
            expiration = f"/Marti/api/sync/metadata/{sha256(b'old')}/expiration?expiration=1"
            assert (await site.ask(expiration, method="PUT")).status == 200
            writing = asyncio.create_task(web.marti.store.write(lambda _: done.wait()))
            web.marti.library.sweep_ms = 0
            await until(lambda: web._sweeping is not None and not web._sweeping.done())
            revoke(site, "mart")
            await until(lambda: not site.hub.router.sessions)
            assert kept(site.folder) == [sha256(b"old")]
            done.set()
            await writing
            await until(lambda: not kept(site.folder))
            await mart.close()

    run(work())


def test_a_search_does_not_run_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri")) as site:
            path = "/Marti/api/cot/xml/nobody"
            assert (await site.ask(path)).status == 404
            monkeypatch.setattr(history, "_SEARCH_S", 0.0)
            kadri = await site.stream("kadri")
            await kadri.send(presence("KADRI"))
            await until(lambda: site.hub.journal is not None and site.hub.journal.state().written >= 1)
            reply = await site.ask(path)
            assert (reply.status, reply.json["rule"]) == (413, "longest search")
            await kadri.close()

    run(work())


def test_the_head_of_a_rest_has_no_body(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri")) as site:
            await send_file(site, b"0123456789")
            path = f"/Marti/sync/content?hash={sha256(b'0123456789')}&offset=4"
            for method, body in (("HEAD", b""), ("GET", b"456789")):
                reply = await site.ask(path, method=method)
                assert (reply.status, reply.headers["content-length"], reply.body) == (200, "6", body)

    run(work())


def test_a_file_does_not_tell_that_another_nation_has_sent_the_same(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=only("kadri", "janis")) as site:
            await send_file(site, b"same")
            before = await fetch(site, sha256(b"same"))
            (body,) = (one for one in (site.folder / "files").rglob("*") if one.is_file())
            assert (await send_file(site, b"same", "janis", keywords="x")).status == 200
            os.utime(body, (0, 0))
            assert (await fetch(site, sha256(b"same"))).headers == before.headers

    run(work())


def test_a_bucket_for_each() -> None:
    rates = Buckets(0.001, 3)
    assert rates.wait("a") == 0
    assert rates.spend("a", 2) == 0
    assert rates.wait("a") == 0  # to ask costs nothing
    assert rates.spend("a", 2) > 900
    assert rates.spend("a") == 0  # nor does what was refused
    assert rates.wait("a") > 900
    assert rates.spend("b", 100) == 0  # never more than a burst
    for number in range(10_000):
        rates.spend(number)
    assert rates.wait("a") == 0
