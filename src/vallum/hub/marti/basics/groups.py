"""Groups of whoever asks, and switching them on and off for one device or all."""

from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
import structlog
from starlette.responses import Response

from vallum.core.principal import ANONYMOUS_GROUP, Principal
from vallum.hub.marti.answer import Answer, Refusal, answer
from vallum.hub.marti.basics import switched
from vallum.hub.marti.basics.answers import Group
from vallum.hub.marti.basics.seen import owner
from vallum.hub.marti.basics.switched import Off
from vallum.hub.marti.operation import Call, NoQuery, Operation
from vallum.hub.session import Session

__all__ = ["OPERATIONS", "bits", "groups_of"]

log = structlog.get_logger("vallum.hub")

_KIND: Final = "com.bbn.marti.remote.groups.Group"
_ANONYMOUS_BIT: Final = 2
_CREATED: Final = "1970-01-01"
"""Clients want a date; when a group was first named is not known."""
_MOST: Final = 2_000
_COST: Final = 50.0
"""Whoever switches is sent the picture anew."""

Uid = Annotated[str, msgspec.Meta(max_length=500)]


class OfClient(msgspec.Struct, rename="camel"):
    """Which client is meant; all of the user's unless given."""

    client_uid: Uid = ""


class All(OfClient, rename="camel"):
    """As clients ask."""

    use_cache: bool = False
    "Whether both directions are wanted; only OUT unless so."
    send_latest_s_a: bool = msgspec.field(default=False, name="sendLatestSA")
    "Passed over: the picture is sent whenever groups are switched."


class Switch(msgspec.Struct):
    """A group as clients send it back; the rest of what they say of it is passed over."""

    name: str
    direction: Literal["IN", "OUT"]
    active: bool


Switches = Annotated[list[Switch], msgspec.Meta(max_length=_MOST)]
Bits = Annotated[list[int], msgspec.Meta(max_length=_MOST)]


def bits(principal: Principal) -> dict[str, int]:
    """Return a number for each group of a principal; it tells nothing of the groups of others."""
    others = sorted((principal.groups_in | principal.groups_out) - {ANONYMOUS_GROUP})
    return {ANONYMOUS_GROUP: _ANONYMOUS_BIT} | {
        name: number for number, name in enumerate(others, _ANONYMOUS_BIT + 1)
    }


def groups_of(
    principal: Principal, groups_in: frozenset[str], groups_out: frozenset[str], directions: str = "IN OUT"
) -> list[Group]:
    """Return all groups of a principal, with those active that are given."""
    numbers = bits(principal)
    both = {"IN": (principal.groups_in, groups_in), "OUT": (principal.groups_out, groups_out)}
    return [
        Group(name, direction, _CREATED, "SYSTEM", numbers[name], name in both[direction][1])
        for name in sorted(principal.groups_in | principal.groups_out)
        for direction in directions.split()
        if name in both[direction][0]
    ]


async def list_all(call: Call) -> Response:
    """Answer one's own groups."""
    directions = "IN OUT" if call.query.use_cache else "OUT"
    return answer(_KIND, groups_of(call.principal, *_active(call), directions))


async def list_active(call: Call) -> Response:
    """Answer those of one's own groups that are on."""
    return answer(_KIND, [one for one in groups_of(call.principal, *_active(call)) if one.active])


async def one_group(call: Call) -> Response:
    """Answer one of one's own groups."""
    for one in groups_of(call.principal, *_active(call)):
        if (one.name, one.direction) == (call.path["name"], call.path["direction"]):
            return answer(_KIND, one)
    raise Refusal(404, "path: no such group of yours, or not in this direction", rule="groups",
                  remedy="See /Marti/api/groups/all?useCache=true.")  # fmt: skip


async def put_active(call: Call) -> Response:
    """Switch the groups that are named, on or off; the others stay as they are.

    Groups that one does not have are passed over: a client may not have heard yet that it has lost one.
    """
    return await _switch(call, {(one.name, one.direction): one.active for one in call.body})


async def put_bits(call: Call) -> Response:
    """Switch on the groups of these numbers, in both directions, and all others off."""
    wanted = set(call.body)
    return await _switch(
        call,
        {(name, direction): number in wanted
         for name, number in bits(call.principal).items() for direction in ("IN", "OUT")},
    )  # fmt: skip


async def cache_enabled(_: Call) -> Response:
    """Answer that groups can be switched."""
    return answer("java.lang.Boolean", True)


async def prefix(_: Call) -> Response:
    """Answer what all names of groups begin with: nothing."""
    return answer("java.lang.String", "")


async def _switch(call: Call, wanted: dict[tuple[str, str], bool]) -> Response:
    principal, uid = call.principal, call.query.client_uid

    def change(before: Off) -> Off:
        return Off(
            _changed(before.groups_in, principal.groups_in, "IN", wanted),
            _changed(before.groups_out, principal.groups_out, "OUT", wanted),
        )

    off = await switched.switch(call.marti.store, principal, uid, change, call.marti.clock())
    for session in _own_sessions(call, uid):
        on = off.rest(session.principal)
        if on != (session.groups_in, session.groups_out):
            call.marti.router.set_groups(session, *on, by=uid)
            log.info("groups switched", session=session.number, name=principal.name,
                     groups_in=sorted(on[0]), groups_out=sorted(on[1]))  # fmt: skip
    return answer(_KIND, groups_of(principal, *off.rest(principal)))


def _changed(
    before: frozenset[str], own: frozenset[str], direction: str, wanted: dict[tuple[str, str], bool]
) -> frozenset[str]:
    """Return what is off: of one's own groups, those that were if nothing else is wanted."""
    return frozenset(name for name in own if not wanted.get((name, direction), name not in before))


def _own_sessions(call: Call, uid: str) -> Iterable[Session]:
    router = call.marti.router
    sessions = router.speaking_for(uid) if uid else list(router.sessions)
    return [session for session in sessions if owner(session.principal) == owner(call.principal)]


def _active(call: Call) -> tuple[frozenset[str], frozenset[str]]:
    """Return what is on for the device that asks.

    A client does not say in this request which device it is. It is known by its certificate: a session that
    showed the same one is its own. Without one, what the user said last is shown.
    """
    principal, store, uid = call.principal, call.marti.store, call.query.client_uid
    sessions = [one for one in call.marti.router.sessions if one.principal == principal]
    if sessions and not uid:
        newest = max(sessions, key=lambda session: session.number)
        return newest.groups_in, newest.groups_out
    found = switched.off(store, principal, uid) if uid else switched.latest(store, principal)
    if found is None:
        found = switched.off(store, principal, "") or Off()
    return found.rest(principal)


_Many = Answer[list[Group]]

OPERATIONS: Final = (
    Operation("GET", "/Marti/api/groups/all", list_all, "One's own groups", "groups", All, answer=_Many),
    Operation("GET", "/Marti/api/groups/active", list_active, "Those that are on", "groups", OfClient,
              answer=_Many),
    Operation("PUT", "/Marti/api/groups/active", put_active, "Switch groups on and off", "groups", All,
              body=Switches, answer=_Many, cost=_COST),
    Operation("PUT", "/Marti/api/groups/activebits", put_bits, "Switch groups by number", "groups", OfClient,
              body=Bits, answer=_Many, cost=_COST),
    Operation("GET", "/Marti/api/groups/groupCacheEnabled", cache_enabled, "Whether groups can be switched",
              "groups", NoQuery, answer=Answer[bool]),
    Operation("GET", "/Marti/api/groups/{name}/{direction}", one_group, "One group", "groups", OfClient,
              answer=Answer[Group]),
    Operation("GET", "/Marti/api/groupprefix", prefix, "What names of groups begin with", "groups", NoQuery,
              answer=Answer[str]),
)  # fmt: skip
