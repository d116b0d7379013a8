"""Missions themselves: list, make, look at, change, delete."""

from contextlib import suppress
from typing import Annotated, Final

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from vallum.hub.marti.answer import Answer, Refusal
from vallum.hub.marti.files import names
from vallum.hub.marti.missions import limits, making, members, packages, views
from vallum.hub.marti.missions.about import About
from vallum.hub.marti.missions.desk import desk
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Reading, Ref
from vallum.hub.marti.missions.routes.access import admitted
from vallum.hub.marti.missions.routes.common import (
    AREA,
    ROOT,
    By,
    When,
    author,
    both,
    caller,
    mission_told,
    ref,
    told,
)
from vallum.hub.marti.missions.routes.contents import put_all
from vallum.hub.marti.missions.stated import Stated
from vallum.hub.marti.missions.wire import Mission
from vallum.hub.marti.operation import Call, Operation

__all__ = ["OPERATIONS"]

_KIND: Final = "Mission"
_MISSIONS: Final = Answer[list[Mission]]
Keywords = Annotated[list[str], msgspec.Meta(max_length=64)]


class Listed(msgspec.Struct, rename="camel"):
    """Which missions are asked for."""

    tool: str | None = None
    password_protected: bool = False
    default_role: bool = False


class Asked(When, rename="camel"):
    """What else is asked for with a mission."""

    password: str | None = None
    changes: bool = False
    logs: bool = False


class Deleted(By, rename="camel"):
    """How a mission is deleted."""

    deep_delete: bool = False


class DeletedByGuid(Deleted, rename="camel", kw_only=True):
    """Which mission is deleted."""

    guid: str


class Expiring(msgspec.Struct):
    """When a mission ends."""

    expiration: Annotated[int, msgspec.Meta(ge=-1, le=10**14)]


class Password(By, rename="camel", kw_only=True):
    """A new password."""

    password: str


async def listed(call: Call) -> Response:
    """Answer the missions that the caller may see."""
    query: Listed = call.query

    def work(reading: Reading) -> list[Mission]:
        return [
            views.summary(reading, row)
            for row in reading.missions()
            if (query.password_protected or row["password"] is None or reading.role(row) is not None)
            and query.tool in (None, About.of(row).tool)
        ]

    return await told(call, _KIND, work)


async def shown(call: Call) -> Response:
    """Answer one mission with what is in it."""
    query: Asked = call.query
    await admitted(call, query.password)
    whole = views.Whole(query.changes, query.logs, query.span(call.marti.clock()))

    def work(reading: Reading) -> list[Mission]:
        found = views.mission(reading, reading.mission(ref(call)), whole)
        if query.password:
            found.token = members.token()
        return [found]

    return await told(call, _KIND, work)


async def put(call: Call) -> Response:
    """Make a mission, or change what is said of it."""
    return await _made(call, dupe=False, regroup=call.query.allow_group_change)


async def post(call: Call) -> Response:
    """Do the same; a second mission of the name if that is asked for."""
    return await _made(call, dupe=call.query.allow_dupe, regroup=True)


async def changed(call: Call) -> Response:
    """Change what is said of a mission that is named by its identifier."""
    stated: Stated = call.query
    password = await desk(call).passwords.hash(stated.password) if stated.password else None

    def work(ledger: Ledger) -> int:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        making.update(ledger, mission, stated, password, regroup=True)
        return int(mission["id"])

    return await mission_told(call, await desk(call).change(caller(call), work))


async def _made(call: Call, *, dupe: bool, regroup: bool) -> Response:
    stated: Stated = call.query
    name = limits.name(call.path["name"], "path: name")
    password = await desk(call).passwords.hash(stated.password) if stated.password else None
    packed = names.media_type(call.request.headers.get("content-type", "")) in names.ZIPS
    brought = await packages.taken(call) if packed else []

    def work(ledger: Ledger) -> tuple[int, str | None]:
        known = None if dupe else ledger.find(Ref("name", name))
        if known is not None:
            making.update(ledger, known, stated, password, regroup=regroup)
            put_all(ledger, known, brought, call)
            return known["id"], None
        row = making.create(ledger, name, stated, password, settings=call.marti.settings, contents=brought)
        mine = members.of_client(ledger, row, stated.creator_uid)
        return row["id"], members.token() if mine is None else mine["token"]

    number, token = await desk(call).change(caller(call), work)

    def more(made: Mission) -> None:
        made.token = UNSET if token is None else token

    return await mission_told(call, number, 200 if token is None else 201, more)


async def deleted(call: Call) -> Response:
    """Delete a mission."""
    return await _deleted(call, ref(call))


async def deleted_by_guid(call: Call) -> Response:
    """Delete a mission that a parameter names."""
    return await _deleted(call, Ref.of({"guid": call.query.guid}))


async def _deleted(call: Call, which: Ref) -> Response:
    who = caller(call)
    gone = await desk(call).look(
        who, lambda reading: views.mission(reading, reading.mission(which, "MISSION_DELETE"))
    )

    def work(ledger: Ledger) -> None:
        ledger.delete(ledger.mission(which, "MISSION_DELETE"), author(call))

    await desk(call).change(who, work)
    for one in gone.contents if call.query.deep_delete else ():
        with suppress(Refusal):  # of somebody else, or gone already
            await call.marti.library.remove(call.principal, one.data.hash)
    return await told(call, _KIND, lambda _: [gone])


async def keywords_put(call: Call) -> Response:
    """Give a mission its keywords."""
    return await _keywords(call, limits.keywords(call.body, "body"))


async def keywords_cleared(call: Call) -> Response:
    """Take all keywords from a mission."""
    return await _keywords(call, [])


async def keyword_removed(call: Call) -> Response:
    """Take one keyword from a mission."""
    return await _keywords(call, None)


async def _keywords(call: Call, words: list[str] | None) -> Response:
    def work(ledger: Ledger) -> int:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        wanted = words
        if wanted is None:
            known: list[str] = msgspec.json.decode(mission["keywords"], type=list[str])
            wanted = [word for word in known if word != call.path["keyword"]]
        making.set_keywords(ledger, mission, wanted, author(call))
        return int(mission["id"])

    return await mission_told(call, await desk(call).change(caller(call), work))


async def password_put(call: Call) -> Response:
    """Give a mission a password."""
    return await _password(call, await desk(call).passwords.hash(call.query.password))


async def password_removed(call: Call) -> Response:
    """Take the password from a mission."""
    return await _password(call, None)


async def _password(call: Call, password: str | None) -> Response:
    def work(ledger: Ledger) -> None:
        making.set_password(ledger, ledger.mission(ref(call)), password, author(call))

    await desk(call).change(caller(call), work)
    return Response()


async def expiring(call: Call) -> Response:
    """Say when a mission ends."""

    def work(ledger: Ledger) -> None:
        stated = Stated(expiration=call.query.expiration)
        making.update(ledger, ledger.mission(ref(call), "MISSION_WRITE"), stated, None, regroup=False)

    await desk(call).change(caller(call), work)
    return Response()


OPERATIONS: Final = (
    Operation("GET", ROOT, listed, "List the missions that the caller may see.", AREA, Listed,
              answer=_MISSIONS),
    Operation("DELETE", ROOT, deleted_by_guid, "Delete a mission.", AREA, DeletedByGuid, answer=_MISSIONS,
              may="send"),
    *both("GET", "", shown, "A mission with what is in it.", query=Asked, answer=_MISSIONS),
    Operation("PUT", f"{ROOT}/{{name}}", put, "Make a mission, or change what is said of it.", AREA, Stated,
              answer=_MISSIONS, also=(201,), may="send", refuses=(409, 503, 507)),
    Operation("POST", f"{ROOT}/{{name}}", post, "Make a mission, or change what is said of it.", AREA, Stated,
              answer=_MISSIONS, also=(201,), may="send", refuses=(409, 503, 507)),
    Operation("PUT", f"{ROOT}/guid/{{guid}}", changed, "Change what is said of a mission.", AREA, Stated,
              answer=_MISSIONS, may="send"),
    Operation("POST", f"{ROOT}/guid/{{guid}}", changed, "Change what is said of a mission.", AREA, Stated,
              answer=_MISSIONS, may="send"),
    *both("DELETE", "", deleted, "Delete a mission.", query=Deleted, answer=_MISSIONS, may="send"),
    *both("PUT", "/keywords", keywords_put, "Give a mission its keywords.", query=By, body=Keywords,
          answer=_MISSIONS, may="send"),
    *both("DELETE", "/keywords", keywords_cleared, "Take all keywords from a mission.", query=By,
          answer=_MISSIONS, may="send"),
    *both("DELETE", "/keywords/{keyword}", keyword_removed, "Take a keyword from a mission.", query=By,
          answer=_MISSIONS, may="send"),
    *both("PUT", "/password", password_put, "Give a mission a password.", query=Password, may="send"),
    *both("DELETE", "/password", password_removed, "Take the password from a mission.", query=By, may="send"),
    *both("PUT", "/expiration", expiring, "Say when a mission ends.", query=Expiring, may="send"),
)  # fmt: skip
