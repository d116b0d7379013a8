"""Clients that work on missions: what the tests of missions have in common."""

import json
from typing import Any

from tests.hub.conftest import StreamClient, event, presence, until
from tests.hub.marti.conftest import Bench, Reply

ROOT = "/Marti/api/missions"
ONE = {"kadri": ("EE", "member")}


class Client:
    """A user's client: HTTPS and, once `connected`, the stream."""

    def __init__(self, site: Bench, name: str, uid: str = "") -> None:
        self.site = site
        self.name = name
        self.uid = uid or name.upper()
        self.stream: StreamClient | None = None

    async def connected(self) -> "Client":
        self.stream = await self.site.stream(self.name)
        await self.stream.send(presence(self.uid))
        router = self.site.hub.router
        await until(lambda: any(one.principal.name == self.name for one in router.speaking_for(self.uid)))
        return self

    async def ask(self, tail: str, method: str = "GET", **params: Any) -> Reply:
        body = params.pop("body", None)
        more = {"json": body} if body is not None else {}
        query = [(key, value) for key, values in params.items()
                 for value in (values if isinstance(values, list) else [values])]  # fmt: skip
        return await self.site.ask(f"{ROOT}{tail}", self.name, method, params=query, **more)

    async def create(self, name: str = "Alpha", **params: Any) -> Any:
        reply = await self.ask(f"/{name}", "POST", creatorUid=self.uid, **params)
        assert reply.status == 201, reply.body
        return reply.data[0]

    async def get(self, name: str = "Alpha", **params: Any) -> Any:
        reply = await self.ask(f"/{name}", **params)
        assert reply.status == 200, reply.body
        return reply.data[0]

    async def subscribe(self, name: str = "Alpha", **params: Any) -> Reply:
        return await self.ask(f"/{name}/subscription", "PUT", uid=self.uid, **params)

    async def put(self, name: str = "Alpha", **body: Any) -> Reply:
        return await self.ask(f"/{name}/contents", "PUT", creatorUid=self.uid, body=body)

    async def changes(self, name: str = "Alpha", **params: Any) -> Any:
        reply = await self.ask(f"/{name}/changes", **params)
        assert reply.status == 200, reply.body
        return reply.data

    async def upload(self, data: bytes, name: str = "note.txt", **params: str) -> str:
        query = {"name": name, "creatorUid": self.uid, **params}
        reply = await self.site.ask("/Marti/sync/upload", self.name, "POST", params=query, data=data,
                                    headers={"content-type": "application/octet-stream"})  # fmt: skip
        assert reply.status == 200, reply.body
        return str(json.loads(reply.body)["Hash"])

    async def send(self, *documents: bytes) -> None:
        assert self.stream is not None
        await self.stream.send(*documents)

    async def told(self, part: str) -> bytes:
        assert self.stream is not None
        return await self.stream.get(part)

    def count(self, part: str) -> int:
        assert self.stream is not None
        return self.stream.count(part)


def sent(uid: str, mission: str = "Alpha", kind: str = "a-u-G", detail: str = "", **more: Any) -> bytes:
    """An event into a mission."""
    return event(
        uid,
        kind,
        f'<contact callsign="{uid} call"/>{detail}<marti><dest mission="{mission}"/></marti>',
        **more,
    )


def uids(mission: Any) -> list[str]:
    return [one["data"] for one in mission["uids"]]


def hashes(mission: Any) -> list[str]:
    return [one["data"]["hash"] for one in mission["contents"]]
