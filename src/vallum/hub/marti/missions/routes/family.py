"""Missions that are made of, or lie below, other ones."""

import sqlite3
from typing import Final

from starlette.responses import Response

from vallum.hub.marti.answer import Answer, Refusal
from vallum.hub.marti.missions import copying, limits, making, views
from vallum.hub.marti.missions.desk import desk
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.members import token
from vallum.hub.marti.missions.reading import Reading, Ref
from vallum.hub.marti.missions.routes.common import HEAVY, By, author, both, caller, mission_told, ref, told
from vallum.hub.marti.missions.stated import Stated
from vallum.hub.marti.missions.wire import Mission, RoleName
from vallum.hub.marti.operation import Call, NoQuery

__all__ = ["OPERATIONS"]

_KIND: Final = "Mission"
_MISSIONS: Final = Answer[list[Mission]]


class Copied(By, rename="camel", kw_only=True):
    """What a copy is called."""

    copy_name: str
    copy_path: str | None = None
    default_role: RoleName | None = None
    password: str | None = None


async def copied(call: Call) -> Response:
    """Make another mission with the same contents, as far as the caller may see them."""
    query: Copied = call.query
    name = limits.name(query.copy_name, "query parameter copyName")
    password = await desk(call).passwords.hash(query.password) if query.password else None

    def work(ledger: Ledger) -> int:
        source = ledger.mission(ref(call))
        stated = Stated(creator_uid=author(call), path=query.copy_path, default_role=query.default_role)
        made = copying.copy(ledger, source, name, stated, password, call.marti.settings)
        return int(made["id"])

    def more(made: Mission) -> None:
        made.token = token()

    return await mission_told(call, await desk(call).change(caller(call), work), 201, more)


async def parent_put(call: Call) -> Response:
    """Place a mission below another one."""

    def work(ledger: Ledger) -> None:
        parent = ledger.mission(Ref("name", call.path["parent"].strip()))
        making.set_parent(ledger, ledger.mission(ref(call), "MISSION_WRITE"), parent)

    await desk(call).change(caller(call), work)
    return Response()


async def parent_removed(call: Call) -> Response:
    """Place a mission below none."""

    def work(ledger: Ledger) -> None:
        making.set_parent(ledger, ledger.mission(ref(call), "MISSION_WRITE"), None)

    await desk(call).change(caller(call), work)
    return Response()


async def parent(call: Call) -> Response:
    """Answer the mission above one."""

    def work(reading: Reading) -> Mission:
        found = reading.by_id(reading.mission(ref(call))["parent"])
        if found is None:
            raise Refusal(404, "the mission lies below none", rule="parents")
        return views.summary(reading, found)

    return await told(call, _KIND, work)


async def children(call: Call) -> Response:
    """Answer the missions below one."""

    def work(reading: Reading) -> list[Mission]:
        question = "SELECT * FROM mission WHERE parent = ? ORDER BY id"
        rows: list[sqlite3.Row] = reading.connection.execute(
            question, (reading.mission(ref(call))["id"],)
        ).fetchall()
        return [views.summary(reading, row) for row in rows if reading.named(row) is not None]

    return await told(call, _KIND, work)


OPERATIONS: Final = (
    *both("PUT", "/copy", copied, "Make another mission with the same contents.", query=Copied,
          answer=_MISSIONS, status=201, may="send", refuses=(409,), cost=HEAVY),
    *both("PUT", "/parent/{parent}", parent_put, "Place a mission below another one.", query=NoQuery,
          may="send", refuses=(409,)),
    *both("DELETE", "/parent", parent_removed, "Place a mission below none.", may="send"),
    *both("GET", "/parent", parent, "The mission above one.", answer=Answer[Mission]),
    *both("GET", "/children", children, "The missions below one.", answer=_MISSIONS),
)  # fmt: skip
