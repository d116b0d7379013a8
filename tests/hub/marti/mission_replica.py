"""Two who work on one mission: what each believes is in it, and what must be."""

import asyncio
import random
import re
from collections import Counter
from typing import Any

import aiohttp

from tests.hub.conftest import event, presence
from tests.hub.marti.conftest import Bench
from tests.hub.marti.on_missions import Client

_FIELD = re.compile(rb"<(timestamp|type|contentUid|hash)>([^<]*)<")
_CALLSIGN = re.compile(rb'callsign="([^"]*)"')
_UID = re.compile(rb'<event version="2.0" uid="([^"]*)"')
_LOST = (aiohttp.ClientError, OSError)

Change = tuple[str, str]
"""Its kind, and the uid or hash."""


class Oracle:
    """What a mission is after all that was done to it. Each writer has uids and files of its own."""

    def __init__(self) -> None:
        self.named: set[str] = set()
        """Uids that were put in by name alone."""
        self.said: dict[str, str] = {}
        """Uids of events, and which event it was."""
        self.files: set[str] = set()
        self.words: list[str] = []
        self.log: set[str] = set()
        self.changes: Counter[Change] = Counter()

    def name(self, uid: str) -> None:
        if uid not in self.named and uid not in self.said:
            self.named.add(uid)
            self.changes["ADD_CONTENT", uid] += 1

    def say(self, uid: str, what: str) -> None:
        self.said[uid] = what
        self.changes["ADD_CONTENT", uid] += 1

    def attach(self, digest: str) -> None:
        if digest not in self.files:
            self.files.add(digest)
            self.changes["ADD_CONTENT", digest] += 1

    def remove(self, key: str) -> None:
        for kept in (self.named, self.files):
            if key in kept:
                kept.discard(key)
                self.changes["REMOVE_CONTENT", key] += 1
        if self.said.pop(key, None) is not None:
            self.changes["REMOVE_CONTENT", key] += 1


class Replica(Client):
    """A subscriber that also writes, and keeps what it is told.

    Parameters
    ----------
    site : Bench
        Whose hub may be killed and started again.
    name : str
        The user.
    oracle : Oracle
        Is told of what was done.
    seed : int
        Of what it does.
    """

    def __init__(self, site: Bench, name: str, oracle: Oracle, seed: int) -> None:
        super().__init__(site, name)
        self.oracle = oracle
        self.random = random.Random(seed)  # noqa: S311
        self.files: list[str] = []
        self.changed: dict[str, Change] = {}
        """By time, which no two changes of a mission have in common."""
        self.notices: Counter[str] = Counter()
        self.events: dict[str, str] = {}
        self.back = asyncio.Event()
        """Whether the hub is there."""
        self.back.set()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._pong = False
        self._count = 0

    # The stream

    async def come(self) -> None:
        """Connect, and catch up with what has been missed."""
        host, port = self.site.hub.addresses["tls"]
        reader, self._writer = await asyncio.open_connection(host, port, ssl=self.site.tls(self.name))
        self._pong = False
        self._reading = asyncio.create_task(self._read(reader))
        self._writer.write(presence(self.uid) + event("ping", "t-x-c-t"))
        await self._until(lambda: self._pong)
        last = max(self.changed, default=None)
        missed = await self.changes(squashed="false", **({"start": last} if last else {}))
        for one in missed:
            key = one.get("contentUid") or one.get("contentResource", {}).get("hash", "")
            self.changed[one["timestamp"]] = (one["type"], key)
        whole = (await self.ask("/Alpha/cot")).body
        for document in whole.split(b"</event>"):
            self._note_event(document)

    async def drop(self) -> None:
        assert self._writer is not None
        assert self._reading is not None
        self._writer.close()
        await asyncio.gather(self._reading, self._writer.wait_closed(), return_exceptions=True)
        self._writer = None

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                document = await reader.readuntil(b"</event>")
                self._take(document)
                self._news.set()
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            self._news.set()

    def _take(self, document: bytes) -> None:
        if b'type="t-x-c-t-r"' in document:
            self._pong = True
        elif b"<MissionChange>" in document:
            fields = {name: value.decode() for name, value in _FIELD.findall(document)}
            at = fields[b"timestamp"]
            self.notices[at] += 1
            self.changed[at] = (fields[b"type"], fields.get(b"contentUid") or fields[b"hash"])
        elif b"<mission " not in document:
            self._note_event(document)

    def _note_event(self, document: bytes) -> None:
        uid, callsign = _UID.search(document), _CALLSIGN.search(document)
        if uid and callsign:
            self.events[uid[1].decode()] = callsign[1].decode()

    async def _until(self, met: Any) -> bool:
        """Wait for something to come true; False if the connection ends first."""
        assert self._reading is not None
        while not met():
            if self._reading.done():
                return False
            self._news.clear()
            async with asyncio.timeout(10):
                await self._news.wait()
        return True

    # What it does

    async def prepare(self, count: int) -> None:
        for number in range(count):
            self.files.append(await self.upload(f"{self.name} {number}".encode(), f"{number}.txt"))

    async def work(self) -> None:
        """Do one thing, again and again until it is known to be done."""
        kinds = [self._name, self._attach, self._remove, self._write_log, self._set_words]
        if self._writer is not None:
            kinds += [self._say] * 4
        await self.random.choice(kinds)()

    async def _name(self) -> None:
        names = self._some()
        await self._insist("/Alpha/contents", "PUT", body={"uids": names})
        for one in names:
            self.oracle.name(one)

    async def _attach(self) -> None:
        chosen = self.random.sample(self.files, 3)
        await self._insist("/Alpha/contents", "PUT", body={"hashes": chosen})
        for one in chosen:
            self.oracle.attach(one)

    async def _remove(self) -> None:
        kind = self.random.choice(["uid", "hash"])
        key = self._some()[0] if kind == "uid" else self.random.choice(self.files)
        await self._insist("/Alpha/contents", "DELETE", **{kind: key})
        self.oracle.remove(key)

    async def _set_words(self) -> None:
        if self.name == "kadri":
            words = self.random.sample(["a", "b", "c", "d"], 2)
            await self._insist("/Alpha/keywords", "PUT", body=words)
            self.oracle.words = words

    async def _write_log(self) -> None:
        self._count += 1
        entry = {"content": f"{self.name} {self._count}", "creatorUid": self.uid, "missionNames": ["Alpha"],
                 "dtg": "2026-11-28T10:00:00Z"}  # fmt: skip
        await self._insist("/logs/entries", "POST", body=entry)
        self.oracle.log.add(entry["content"])

    async def _say(self) -> None:
        """Send events into the mission, until a notice says that they are in it."""
        said = {}
        for uid in self._some():
            self._count += 1
            detail = f'<contact callsign="{uid} {self._count}"/><marti><dest mission="Alpha"/></marti>'
            said[uid] = (f"{uid} {self._count}", event(uid, "a-u-G", detail))
        before = Counter(self.changed.values())
        while True:
            if self._writer is not None:
                self._writer.write(b"".join(xml for _, xml in said.values()))
            if await self._until(lambda: self._told_of(said, before)):
                break
            await self._return()
            if self._told_of(said, before):
                break  # it was there, and the notice was on its way
        for uid, (what, _) in said.items():
            self.oracle.say(uid, what)
            self.events[uid] = what  # nobody is sent its own

    def _told_of(self, said: Any, before: Counter[Change]) -> bool:
        now = Counter(self.changed.values())
        return all(now["ADD_CONTENT", uid] > before["ADD_CONTENT", uid] for uid in said)

    async def _insist(self, tail: str, method: str, **params: Any) -> None:
        while True:
            try:
                reply = await self.ask(tail, method, **params)
            except _LOST:
                await self._return()
                continue
            assert reply.status in (200, 201) or (method, reply.status) == ("DELETE", 404), reply.body
            return

    async def _return(self) -> None:
        """Come back once the hub is there."""
        here = self._writer is not None
        while True:
            await self.back.wait()
            try:
                if here:
                    await self.drop()
                    await self.come()
            except _LOST:
                self.back.clear()
                continue
            return

    def _some(self) -> list[str]:
        return self.random.sample([f"{self.uid}-{number}" for number in range(12)], self.random.randint(1, 5))
