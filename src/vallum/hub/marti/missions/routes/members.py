"""Who takes part in a mission, and in which role."""

import asyncio
from typing import Annotated, Final

import msgspec
from starlette.responses import Response

from vallum.core.principal import Principal
from vallum.hub.marti.answer import Answer, Refusal, answer, json
from vallum.hub.marti.basics.answers import Contact
from vallum.hub.marti.basics.seen import Seen, connected, owner
from vallum.hub.marti.missions import limits, members, roles, views
from vallum.hub.marti.missions.attachments import hand_in
from vallum.hub.marti.missions.desk import desk
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Reading
from vallum.hub.marti.missions.routes.access import admitted
from vallum.hub.marti.missions.routes.common import HEAVY, By, When, author, both, caller, ref, told
from vallum.hub.marti.missions.wire import Role, RoleName, Subscription
from vallum.hub.marti.operation import Call

__all__ = ["OPERATIONS"]

_ONE: Final = "com.bbn.marti.sync.model.MissionSubscription"
_MANY: Final = "MissionSubscription"
_ROLE: Final = "com.bbn.marti.sync.model.MissionRole"
_WITH_MISSION: Final = 3
"""From this API version on, who subscribes is sent the mission."""


class Client(msgspec.Struct):
    """A client."""

    uid: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Subscribed(When, kw_only=True):
    """Which client subscribes, and what it is sent."""

    uid: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    password: str | None = None


class Left(Client, rename="camel"):
    """Which client leaves."""

    disconnect_only: bool = False


class Given(By, rename="camel", kw_only=True):
    """Who is given which role."""

    client_uid: str
    role: RoleName
    username: str | None = None


class RoleOf(msgspec.Struct):
    """A role, by its name."""

    type: RoleName


class ClientRole(msgspec.Struct, rename="camel"):
    """The role that a client is given."""

    client_uid: str
    role: RoleOf


class Known(msgspec.Struct):
    """A password that somebody knows."""

    password: str | None = None


async def subscribe(call: Call) -> Response:
    """Let a client take part."""
    query: Subscribed = call.query
    uid = limits.uid(query.uid, "query parameter uid")
    await admitted(call, query.password, strict=True)
    stated = call.request.headers.get("api_version", "") or call.request.headers.get("api-version", "")
    whole = stated.isdecimal() and int(stated[:4]) >= _WITH_MISSION
    when = query.span(call.marti.clock())

    def work(ledger: Ledger) -> Subscription:
        mission = ledger.mission(ref(call))
        known = members.of_client(ledger, mission, uid)
        row = known or members.join(ledger, mission, uid)
        if known is None:
            ledger.note_own(mission, "subscriber", uid)
            hand_in(ledger, mission)
        return members.subscription(ledger, row, with_token=True)

    made = await desk(call).change(caller(call), work)

    def shown(reading: Reading) -> Subscription:
        if whole:
            mission = reading.mission(ref(call))
            made.mission = views.mission(reading, mission, views.Whole(changes=True, logs=True, when=when))
        return made

    return await told(call, _ONE, shown, 201)


async def unsubscribe(call: Call) -> Response:
    """Let a client take part no more."""

    def work(ledger: Ledger) -> None:
        mission = ledger.mission(ref(call))
        members.leave(ledger, mission, call.query.uid)
        ledger.note_own(mission, "subscriber", call.query.uid)

    if not call.query.disconnect_only:  # a client that is away is told nothing anyway
        await desk(call).change(caller(call), work)
    return Response()


async def subscription(call: Call) -> Response:
    """Answer the subscription of one of the caller's clients."""

    def work(reading: Reading) -> Subscription:
        row = members.of_client(reading, reading.mission(ref(call)), call.query.uid)
        if row is None:
            raise Refusal(404, "no subscription of this client", rule="subscriptions")
        return members.subscription(reading, row, with_token=True)

    return await told(call, _ONE, work)


async def uids(call: Call) -> Response:
    """Answer the uids of clients that take part."""

    def work(reading: Reading) -> list[str]:
        rows = members.subscriptions(reading, reading.mission(ref(call)))
        return [row["client_uid"] for row in rows]

    return await told(call, _MANY, work)


async def subscriptions(call: Call) -> Response:
    """Answer the clients that take part, with their roles."""

    def work(reading: Reading) -> list[Subscription]:
        rows = members.subscriptions(reading, reading.mission(ref(call)))
        return [members.subscription(reading, row, with_token=False) for row in rows]

    return await told(call, _MANY, work)


async def contacts(call: Call) -> Response:
    """Answer the subscribers that the caller may know to be there."""

    def work(reading: Reading) -> set[tuple[str, str, str]]:
        rows = members.subscriptions(reading, reading.mission(ref(call)))
        return {(row["client_uid"], row["nation"], row["principal"]) for row in rows}

    subscribed = await desk(call).look(caller(call), work)
    there = {(one.uid, *owner(one.session.principal)): one
             for one in connected(call.marti.router, call.principal)}  # fmt: skip

    def written() -> Response:
        return json([_contact(one, call.principal) for key, one in there.items() if key in subscribed])

    return await asyncio.to_thread(written)


def _contact(one: Seen, reader: Principal) -> Contact:
    look = one.look()
    takv = ":".join(filter(None, (look.platform, look.version)))
    return Contact(None, one.username(reader), one.callsign, look.team, look.role, takv, one.uid)


async def role(call: Call) -> Response:
    """Answer the role in which the caller takes part, or would."""

    def work(reading: Reading) -> Role:
        return roles.role(members.first_role(reading, reading.mission(ref(call))))

    return await told(call, _ROLE, work)


async def give_role(call: Call) -> Response:
    """Give a subscriber another role."""
    query: Given = call.query

    def work(ledger: Ledger) -> Role:
        mission = ledger.mission(ref(call))
        members.set_role(ledger, mission, query.client_uid, query.username, query.role, query.creator_uid)
        return roles.role(query.role)

    return answer(_ROLE, await desk(call).change(caller(call), work))


async def give_roles(call: Call) -> Response:
    """Give several subscribers other roles."""

    def work(ledger: Ledger) -> None:
        mission = ledger.mission(ref(call))
        for one in call.body:
            members.set_role(ledger, mission, one.client_uid, None, one.role.type, author(call))

    await desk(call).change(caller(call), work)
    return Response()


async def token(call: Call) -> Response:
    """Answer what clients want to hold to get into a mission with a password."""
    await admitted(call, call.query.password)
    await desk(call).look(caller(call), lambda reading: reading.mission(ref(call)))
    return answer("java.lang.String", members.token(), 201)


ClientRoles = Annotated[list[ClientRole], msgspec.Meta(max_length=limits.AT_ONCE)]

OPERATIONS: Final = (
    *both("PUT", "/subscription", subscribe, "Let a client take part.", query=Subscribed,
          answer=Answer[Subscription], status=201, refuses=(409,)),
    *both("DELETE", "/subscription", unsubscribe, "Let a client take part no more.", query=Left),
    *both("GET", "/subscription", subscription, "The subscription of a client.", query=Client,
          answer=Answer[Subscription]),
    *both("POST", "/subscription", give_roles, "Give subscribers other roles.", query=By, body=ClientRoles,
          may="send"),
    *both("GET", "/subscriptions", uids, "The uids of clients that take part.", answer=Answer[list[str]]),
    *both("GET", "/subscriptions/roles", subscriptions, "The clients that take part, with their roles.",
          answer=Answer[list[Subscription]]),
    *both("GET", "/contacts", contacts, "The subscribers that are there.", answer=list[Contact],
          cost=HEAVY),
    *both("GET", "/role", role, "The role in which the caller takes part.", answer=Answer[Role]),
    *both("PUT", "/role", give_role, "Give a subscriber another role.", query=Given, answer=Answer[Role],
          may="send"),
    *both("GET", "/token", token, "What clients want to hold.", query=Known, answer=Answer[str], status=201),
)  # fmt: skip
