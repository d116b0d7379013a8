"""Invitations to missions."""

from typing import Annotated, Final

import msgspec
from starlette.responses import Response

from vallum.hub.marti.answer import Answer, Refusal
from vallum.hub.marti.app import read_whole
from vallum.hub.marti.missions import limits, members
from vallum.hub.marti.missions.desk import desk
from vallum.hub.marti.missions.ledger import Ledger
from vallum.hub.marti.missions.reading import Reading
from vallum.hub.marti.missions.routes.common import AREA, ROOT, By, author, both, caller, ref, told
from vallum.hub.marti.missions.wire import Invitation, InvitationType, RoleName
from vallum.hub.marti.operation import BODY_LIMIT, Call, Media, Operation, decoded

__all__ = ["OPERATIONS"]

_KIND: Final = "MissionInvitation"


class Inviting(By, rename="camel"):
    """Who invites, and to which role."""

    role: RoleName | None = None


class InvitingMany(Inviting, rename="camel"):
    """Whom, as some clients write it: uids of clients."""

    contacts: list[str] = msgspec.field(default_factory=list)


class Invitee(msgspec.Struct):
    """Somebody who is invited."""

    type: InvitationType
    invitee: str
    role: RoleName | None = None


Invitees = Annotated[list[Invitee], msgspec.Meta(max_length=limits.AT_ONCE)]


class Client(msgspec.Struct, rename="camel"):
    """Which client asks, as it states itself; its user is what counts."""

    client_uid: str = ""


async def invite(call: Call) -> Response:
    """Invite somebody."""
    kind, invitee = _path(call)
    return await _invited(call, [Invitee(kind, invitee, call.query.role)])


async def invite_many(call: Call) -> Response:
    """Invite several."""
    names = [one for text in call.query.contacts for one in text.split(",") if one]
    body = await read_whole(call.request, BODY_LIMIT)
    listed = decoded(body, Invitees) if body else []
    listed += [Invitee("clientUid", one, call.query.role) for one in names]
    if len(listed) > limits.AT_ONCE:
        raise Refusal(400, f"more than {limits.AT_ONCE} invitees", rule="invitations")
    return await _invited(call, listed)


async def _invited(call: Call, listed: list[Invitee]) -> Response:
    place = desk(call)
    there = await place.called({(one.type, one.invitee) for one in listed})

    def work(ledger: Ledger) -> None:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        for one in listed:
            guests = there[one.type, one.invitee]
            members.invite(ledger, mission, one.type, one.invitee, one.role, author(call), guests)

    await place.change(caller(call), work)
    return Response()


async def uninvite(call: Call) -> Response:
    """Take an invitation back."""
    kind, invitee = _path(call)

    def work(ledger: Ledger) -> None:
        mission = ledger.mission(ref(call), "MISSION_WRITE")
        members.uninvite(ledger, mission, kind, invitee, author(call))

    await desk(call).change(caller(call), work)
    return Response()


async def of_mission(call: Call) -> Response:
    """Answer the invitations to a mission."""

    def work(reading: Reading) -> list[Invitation]:
        mission = reading.mission(ref(call))
        return [members.invitation(mission, row) for row in members.invitations(reading, mission)]

    return await told(call, _KIND, work)


async def mine(call: Call) -> Response:
    """Answer the invitations of the caller."""
    return await told(call, _KIND, _mine)


async def my_names(call: Call) -> Response:
    """Answer the names of the missions that the caller is invited to."""

    def work(reading: Reading) -> list[str]:
        return sorted({one.mission_name for one in _mine(reading)})

    return await told(call, _KIND, work)


def _mine(reading: Reading) -> list[Invitation]:
    rows = reading.connection.execute("SELECT * FROM mission_invitation ORDER BY created_ms").fetchall()
    found = []
    for row in rows:
        mission = reading.by_id(row["mission"]) if reading.is_meant(row) else None
        if mission is not None:
            found.append(members.invitation(mission, row))
    return found


def _path(call: Call) -> tuple[InvitationType, str]:
    try:
        kind = msgspec.convert(call.path["type"], InvitationType)
    except msgspec.ValidationError as error:
        raise Refusal(400, f"path: type: {error}", rule="invitations") from error
    return kind, call.path["invitee"]


OPERATIONS: Final = (
    Operation("GET", f"{ROOT}/invitations", mine, "The invitations of the caller.", AREA, Client,
              answer=Answer[list[Invitation]]),
    Operation("GET", f"{ROOT}/all/invitations", my_names, "The missions that the caller is invited to.", AREA,
              Client, answer=Answer[list[str]]),
    *both("PUT", "/invite/{type}/{invitee}", invite, "Invite somebody.", query=Inviting, may="send",
          refuses=(409,)),
    *both("DELETE", "/invite/{type}/{invitee}", uninvite, "Take an invitation back.", query=By, may="send"),
    *both("POST", "/invite", invite_many, "Invite several.", query=InvitingMany,
          body=Media("application/json"), may="send", refuses=(409,)),
    *both("GET", "/invitations", of_mission, "The invitations to a mission.",
          answer=Answer[list[Invitation]]),
)  # fmt: skip
