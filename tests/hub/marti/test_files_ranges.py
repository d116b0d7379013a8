"""Parts of files: what clients ask for that were cut off half way."""

import email
import random
from pathlib import Path

from tests.hub.conftest import run
from tests.hub.marti.conftest import Reply, bench
from tests.hub.marti.file_store import fetch, only, send_file, sha256

SIZE = 700_001
DATA = random.Random(7).randbytes(SIZE)  # noqa: S311
DIGEST = sha256(DATA)
ONE = only("kadri")


def test_a_range_is_a_slice_of_the_file(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            await send_file(site, DATA, mimetype="image/png")
            chosen = random.Random(8)  # noqa: S311
            for _ in range(40):
                start, end = sorted(chosen.sample(range(SIZE), 2))
                to_the_end = [f"{start}-", f"-{SIZE - start}", f"{start}-{SIZE + 5}"]
                stated = chosen.choice([f"{start}-{end}", *to_the_end])
                last = SIZE - 1 if stated in to_the_end else end
                reply = await fetch(site, DIGEST, headers={"Range": f"bytes={stated}"})
                assert (reply.status, reply.body) == (206, DATA[start : last + 1])
                assert reply.headers["content-range"] == f"bytes {start}-{last}/{SIZE}"
                head = await fetch(site, DIGEST, method="HEAD", headers={"Range": f"bytes={stated}"})
                assert (head.status, head.headers["content-length"]) == (206, str(last + 1 - start))
            for offset in (1, 5_000, SIZE - 1):
                rest = await site.ask(f"/Marti/sync/content?hash={DIGEST}&offset={offset}")
                assert (rest.status, rest.body) == (200, DATA[offset:])
            assert (await site.ask(f"/Marti/sync/content?hash={DIGEST}&offset={SIZE}")).status == 416

    run(work())


def test_several_ranges_come_as_parts(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            await send_file(site, DATA)
            chosen = random.Random(9)  # noqa: S311
            for count in (2, 3, 20):
                places = sorted(chosen.sample(range(SIZE), 2 * count))
                pairs = list(zip(places[::2], places[1::2], strict=True))
                stated = ", ".join(f"{start}-{end}" for start, end in pairs)
                reply = await fetch(site, DIGEST, headers={"Range": f"bytes={stated}"})
                assert reply.status == 206
                assert _parts(reply) == [DATA[start : end + 1] for start, end in pairs]

    run(work())


def _parts(reply: Reply) -> list[bytes]:
    head = f"Content-Type: {reply.headers['content-type']}\r\n\r\n".encode()
    return [
        bytes(one.get_payload(decode=True))
        for one in email.message_from_bytes(head + reply.body).get_payload()
    ]


def test_what_a_client_has_already_is_not_sent_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            await send_file(site, DATA, uid="MAP")
            whole = await site.ask("/Marti/sync/content?uid=MAP")
            tag = whole.headers["etag"]
            assert (whole.body, tag, whole.headers["accept-ranges"]) == (DATA, f'"{DIGEST}"', "bytes")
            for known, status in (
                (tag, 304),
                (f"W/{tag}", 304),
                (f'"x", {tag}', 304),
                ("*", 304),
                ('"x"', 200),
            ):
                reply = await fetch(site, DIGEST, headers={"If-None-Match": known})
                assert (reply.status, reply.headers["etag"]) == (status, tag)
            for known, status in ((tag, 206), ('"x"', 200)):
                headers = {"Range": "bytes=5-9", "If-Range": known}
                reply = await fetch(site, DIGEST, headers=headers)
                assert (reply.status, reply.body) == (status, DATA[5:10] if status == 206 else DATA)
            # The newest of a uid is what counts.
            await send_file(site, b"newer", uid="MAP")
            assert (await site.ask("/Marti/sync/content?uid=MAP")).body == b"newer"

    run(work())


def test_ranges_that_are_none_are_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with bench(tmp_path, users=ONE) as site:
            await send_file(site, DATA)
            for stated, status in (
                ("bytes=700001-", 416), ("bytes=9-5", 400), ("bytes=-", 400), ("lines=1-2", 400), ("bytes", 400),
                ("bytes=" + ",".join(f"{one}-{one}" for one in range(0, 400, 2)), 200), ("bytes=" + "9" * 5000, 400),
            ):  # fmt: skip
                assert (await fetch(site, DIGEST, headers={"Range": stated})).status == status
            for query in ("", f"hash={DIGEST}&uid=x", "hash=", f"hash={DIGEST}&offset=-1"):
                assert (await site.ask(f"/Marti/sync/content?{query}")).status == 400

    run(work())
