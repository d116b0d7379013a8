"""How bodies come in: cut anyhow, too large, broken off, malformed."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import ANY

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.conftest import run, until
from tests.hub.marti.conftest import Bench, bench
from tests.hub.marti.file_store import fetch, kept, only, package, send_file, send_package, sha256
from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.files.multipart import FilePart, boundary

ONE = only("kadri")
KIND = {"Content-Type": "multipart/form-data; boundary=cut"}


def multipart(data: bytes, *, before: bytes = b"", after: bytes = b"", name: str = "assetfile") -> bytes:
    head = f'--cut\r\nContent-Disposition: form-data; name="{name}"; filename="p.zip"\r\n\r\n'.encode()
    return before + head + data + b"\r\n" + after + b"--cut--\r\n"


FIELD = b'--cut\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\n'


@given(
    data=st.lists(st.sampled_from([b"\r\n", b"--cut", b"\r\n--cu", b"--", b"\r", b"\n", b"x", b"\x00", b"c"])).map(
        b"".join
    ).filter(lambda data: b"\r\n--cut" not in b"\r\n" + data),
    fields=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    cuts=st.lists(st.integers(1, 7)),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_a_multipart_file_is_the_same_however_it_is_cut(
    data: bytes, fields: tuple[int, int], cuts: list[int]
) -> None:
    body = multipart(data, before=FIELD * fields[0], after=FIELD * fields[1])
    came = bytearray()
    part = FilePart(b"cut", came.extend)
    places = [sum(cuts[:end]) for end in range(len(cuts) + 1)]
    for start, end in zip(places, [*places[1:], len(body)], strict=True):
        part.feed(body[start:end])
    part.finish()
    assert (bytes(came), part.name) == (data, "p.zip")


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_multipart_body_or_refused(body: bytes) -> None:
    came = bytearray()
    part = FilePart(b"cut", came.extend)
    try:
        part.feed(b"--cut\r\n" + body)
        part.finish()
    except Refusal as refusal:
        assert refusal.fault.status == 400
    else:
        assert bytes(came) in body


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "last boundary"),
        (multipart(b"x")[:-12], "last boundary"),
        (b"--other\r\n", "boundary"),
        (FIELD + b"--cut--\r\n", "no part with a file"),
        (multipart(b"x", before=multipart(b"y")[:-9]), "a second file"),
        (multipart(b"x", before=FIELD * 40), "more than 32 parts"),
        (multipart(b"x", before=FIELD.replace(b"x", b"x" * 70_000)), "beside the file"),
        (b"--cut\r\nA: " + b"a" * 5_000, "header size"),
        (b"--cut\r\n" + b"A: a\r\n" * 20, "header count"),
    ],
)
def test_a_malformed_multipart_body_is_refused(body: bytes, what: str) -> None:
    part = FilePart(b"cut", bytearray().extend)

    def read() -> None:
        part.feed(body)
        part.finish()

    with pytest.raises(Refusal, match=what):
        read()


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=" + "b" * 300])
def test_a_multipart_type_without_a_boundary_is_refused(kind: str) -> None:
    with pytest.raises(Refusal, match="no boundary"):
        boundary(kind)


def test_bodies_are_kept_in_each_form_that_clients_send(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            data = package("inner", "INNER")

            async def slowly(body: bytes) -> AsyncIterator[bytes]:
                for start in range(0, len(body), 40):
                    yield body[start : start + 40]
                    await asyncio.sleep(0)

            form = multipart(data, before=FIELD, name="anything")
            sent = await site.ask("/Marti/sync/upload", method="POST", data=slowly(form), headers=KIND)
            # Nothing is said of it, so its manifest and its part speak.
            told = {"Name": "p.zip", "UID": "INNER", "Keywords": ["missionpackage"]}
            assert sent.json | told == sent.json
            raw = await site.ask("/Marti/sync/upload", method="POST", data=package("Name", "OTHER"))
            assert raw.json | {"Name": "Name.zip", "UID": "OTHER"} == raw.json
            named = await send_file(site, b"", name="empty")
            assert named.json | {"Name": "empty", "Size": "0", "Keywords": ["a", "b"]} == named.json
            assert (await fetch(site, sha256(b""))).body == b""
            assert (await fetch(site, sha256(data))).body == data
            refused = await site.ask("/Marti/sync/upload", method="POST", data=form[:-12], headers=KIND)
            assert (refused.status, refused.json["rule"]) == (400, "multipart")
            assert len(kept(tmp_path)) == 3

    run(work())


def test_what_does_not_have_the_stated_hash_is_not_kept(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            refused = await send_package(site, package(), hash="0" * 64)
            assert (refused.status, refused.json["rule"]) == (400, "hash")
            assert kept(tmp_path) == []
            assert (await send_package(site, package(), hash=sha256(package()).upper())).status == 200

    run(work())


def test_there_is_an_end_to_what_one_sends_and_all_send(tmp_path: Path) -> None:
    async def work() -> None:
        users = only("kadri", "janis")
        async with bench(tmp_path, users=users, upload_mb=1, user_mb=2, store_mb=3) as site:

            async def unsized(size: int) -> AsyncIterator[bytes]:
                for _ in range(size // 1000):
                    yield bytes(1000)

            async def refused(size: int, user: str = "kadri") -> tuple[int, str]:
                stated = await send_file(site, io.BytesIO(bytes(size)), user)
                chunked = await send_file(site, unsized(size), user)
                form = await send_package(site, bytes(size), user)
                answers = {(one.status, one.json["rule"]) for one in (stated, chunked, form)}
                (same,) = answers
                assert all(one.json["remedy"] for one in (stated, chunked, form))
                return same

            assert await refused(1_500_000) == (413, "upload_mb")
            for number in range(2):
                await send_file(site, bytes([number]) * 900_000)
            assert await refused(900_000) == (507, "user_mb")
            await send_file(site, b"j" * 900_000, "janis")
            assert await refused(900_000, "janis") == (507, "store_mb")
            assert len(kept(tmp_path)) == 3
            # What is deleted makes room.
            for number in range(2):
                gone = f"/Marti/sync/delete?hash={sha256(bytes([number]) * 900_000)}"
                assert (await site.ask(gone, method="DELETE")).status == 200
            assert (await send_file(site, bytes(900_000), "janis")).status == 200

    run(work())


def test_what_is_broken_off_leaves_nothing_and_too_many_at_once_wait(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            go_on = asyncio.Event()

            async def half() -> AsyncIterator[bytes]:
                yield bytes(400_000)
                await go_on.wait()
                yield b"end"

            sending = [asyncio.create_task(send_file(site, half(), uid=str(one))) for one in range(8)]
            await until(lambda: len(kept(tmp_path)) == 8)
            refused = await send_file(site, b"one more")
            assert (refused.status, refused.headers["retry-after"]) == (429, ANY)
            for one in sending[:4]:
                one.cancel()
            await asyncio.gather(*sending[:4], return_exceptions=True)
            await until(lambda: len(kept(tmp_path)) == 4)
            go_on.set()
            assert {one.status for one in await asyncio.gather(*sending[4:])} == {200}
            assert kept(tmp_path) == [sha256(bytes(400_000) + b"end")]
            assert (await send_file(site, b"one more")).status == 200

    run(work())


def test_a_body_may_take_longer_than_silence_may(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE, silence_s=0.4) as site:

            async def slowly() -> AsyncIterator[bytes]:
                for _ in range(10):
                    yield bytes(40_000)
                    await asyncio.sleep(0.1)

            async def not_at_all() -> AsyncIterator[bytes]:
                yield bytes(40_000)
                await asyncio.Event().wait()

            assert (await send_file(site, slowly())).status == 200
            with pytest.raises(aiohttp.ClientError):
                await send_file(site, not_at_all())
            await until(lambda: kept(tmp_path) == [sha256(bytes(400_000))])

    run(work())


def test_the_address_of_a_file_is_on_the_host_that_was_asked(tmp_path: Path) -> None:
    async def ask(site: Bench, host: str) -> tuple[int, str]:
        path = f"/Marti/sync/missionquery?hash={sha256(b'x')}"
        reply = await site.ask(path, headers={"Host": host})
        return reply.status, reply.body.decode()

    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            await send_file(site, b"x")
            for host in ("hub.example:8443", "10.0.0.7", "[fd00::1]:8443"):
                assert await ask(site, host) == (
                    200,
                    f"https://{host}/Marti/sync/content?hash={sha256(b'x')}",
                )
            for host in ("hub.example/evil?", "a@b", "x" * 300):
                assert (await ask(site, host))[0] == 400

    run(work())
