"""Missions and the stream: notices in their order, and what a sender cannot find out."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.hub.conftest import quiet, run, until
from tests.hub.marti.conftest import bench
from tests.hub.marti.on_missions import Client, sent
from vallum.hub.marti.missions import desk

BOTH = {"kadri": ("EE", "member"), "mart": ("EE", "member")}


def test_notices_come_in_order_while_there_are_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "_UNTOLD", 3)
    monkeypatch.setattr(desk, "_TOLD", 1)

    async def work() -> None:
        async with bench(tmp_path, users=BOTH) as site:
            kadri, mart = [await Client(site, name).connected() for name in BOTH]
            await kadri.create()
            await mart.subscribe()
            await kadri.send(*(sent(f"S{number}") for number in range(20)))
            puts = [[f"U{first}-{number}" for number in range(20)] for first in range(4)]
            replies = await asyncio.gather(*(kadri.put(uids=uids) for uids in puts))
            assert {one.status for one in replies} == {200}
            await until(lambda: mart.count("<contentUid>") == 100)
            assert mart.stream is not None
            told = re.findall(r"<contentUid>([^<]+)", b"".join(mart.stream.received).decode())
            changes = await mart.changes(squashed="false")
            assert told == [one["contentUid"] for one in reversed(changes) if "contentUid" in one]

    run(work())


def test_a_sender_does_not_find_out_which_layers_others_have(tmp_path: Path) -> None:
    groups = {"kadri": ("Red", "Blue"), "jaan": ("Red",), "mart": ("Blue",)}

    async def work() -> None:
        async with bench(tmp_path, users=dict.fromkeys(groups, ("EE", "member")), groups=groups) as site:
            kadri, mart = [await Client(site, name).connected() for name in ("kadri", "mart")]
            jaan = Client(site, "jaan")
            await kadri.create()
            await jaan.subscribe()
            await mart.subscribe()
            layer = {"name": "red", "type": "UID", "uid": "L1"}
            assert (await jaan.ask("/Alpha/layers", "PUT", **layer)).status == 200
            assert (await mart.ask("/Alpha/layers")).data == []
            into = sent("U1").replace(b'mission="Alpha"', b'mission="Alpha" path="L1"')
            await mart.send(into)
            await kadri.told("<contentUid>U1")
            assert "uids" not in (await kadri.ask("/Alpha/layers")).data[0]
            # The same once more, into a layer that is there or is not: no change either way.
            await mart.send(into, into.replace(b"L1", b"L2"))
            await quiet(site.hub)
            assert kadri.count("<contentUid>U1") == 1

    run(work())
