"""Clients, contacts and sessions, with the eyes of whoever asks."""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Annotated, Final, Literal

import msgspec
from starlette.responses import Response

from vallum.core import instant
from vallum.core.policy import Policy
from vallum.core.principal import Principal
from vallum.hub.marti.answer import Answer, answer, json
from vallum.hub.marti.basics.answers import ClientEndpoint, Contact, Subscription
from vallum.hub.marti.basics.groups import groups_of
from vallum.hub.marti.basics.seen import Seen, connected
from vallum.hub.marti.marking import Marking
from vallum.hub.marti.operation import Call, Operation
from vallum.hub.parcel import Format
from vallum.picture import Audiences, View, sees

__all__ = ["OPERATIONS"]

_ENDPOINT: Final = "com.bbn.marti.remote.ClientEndpoint"
_MOST: Final = 10_000
"""Clients in one answer, the latest first."""
_BEFORE: Final = (
    "SELECT nation, access, caveat, releasable_to, groups, type, principal, uid, callsign, team, role, "
    "last_ms FROM client WHERE last_ms >= ? ORDER BY last_ms DESC"
)
_COST: Final = 10.0
"""Sessions are looked at where the stream waits."""
_PROTOCOLS: Final = {Format.XML: "xml", Format.STREAM: "takproto", Format.WEBSOCKET: "websocket"}

Direction = Literal["ASCENDING", "DESCENDING"]
Whole = Annotated[int, msgspec.Meta(ge=-1, le=2**31)]


class Wanted(msgspec.Struct, rename="camel"):
    """Which clients are asked for."""

    sec_ago: Annotated[int, msgspec.Meta(ge=0, le=10**10)] = 0
    "Only those that came, went or were heard of in so many seconds; 0 for all."
    show_currently_connected_clients: bool = False
    show_most_recent_only: bool = False
    "Only the latest callsign of each uid."
    group: Annotated[list[str], msgspec.Meta(max_length=1000)] = []
    "Only those seen through one of these groups."


class ContactsOrder(msgspec.Struct, rename="camel"):
    """In which order."""

    sort_by: Literal["CALLSIGN", "UID", "EMAIL", "TEAM", "ROLE"] = "CALLSIGN"
    direction: Direction = "ASCENDING"
    no_federates: bool = False
    "Passed over: there are none."


class SubscriptionsOrder(msgspec.Struct, rename="camel"):
    """In which order, and how many."""

    sort_by: Literal["CALLSIGN", "UID"] = "CALLSIGN"
    direction: Direction = "ASCENDING"
    page: Whole = -1
    "From 1; all unless given, or with a limit below 1."
    limit: Whole = -1


async def client_endpoints(call: Call) -> Response:
    """Answer who is here and who was, as far as the caller could see them."""
    query, principal, router = call.query, call.principal, call.marti.router
    view = router.audiences.view(principal, query.group) if query.group else None
    here = connected(router, principal, view)
    oldest = call.marti.clock() - query.sec_ago * 1000 if query.sec_ago else 0

    def work(connection: sqlite3.Connection) -> Response:
        rows = [_endpoint(one, principal) for one in here if one.event is not None]
        if not query.show_currently_connected_clients:
            policy = router.audiences.policy
            rows += _before(connection, policy, principal, query.group, oldest)
        return answer(_ENDPOINT, list(_latest(rows, oldest, by_uid=query.show_most_recent_only)))

    async with call.marti.searches.turn(principal):
        return await call.marti.store.look(work)


async def contacts(call: Call) -> Response:
    """Answer who is here and can be written to."""
    here = connected(call.marti.router, call.principal)

    def work() -> Response:
        latest: dict[str, Seen] = {}
        for one in sorted(here, key=lambda one: one.received):
            latest[one.uid] = one
        rows = [_contact(one, call.principal) for one in latest.values()]
        field = "callsign" if call.query.sort_by == "EMAIL" else call.query.sort_by.lower()
        rows.sort(key=lambda row: (getattr(row, field).casefold(), row.uid))
        return json(rows[::-1] if call.query.direction == "DESCENDING" else rows)

    return await asyncio.to_thread(work)


async def subscriptions(call: Call) -> Response:
    """Answer sessions: those whose events one sees, to an administrator also all of its nation."""
    principal, query = call.principal, call.query
    administers = principal.role == "admin"
    here = connected(call.marti.router, principal, administers=administers)
    field = "uid" if query.sort_by == "UID" else "callsign"
    here.sort(
        key=lambda one: (getattr(one, field).casefold(), one.session.number),
        reverse=query.direction == "DESCENDING",
    )
    if query.limit > 0:
        start = max(query.page - 1, 0) * query.limit
        here = here[start : start + query.limit]
    now = call.marti.clock()
    # What changes while the thread works is read before.
    counts = [(one.session.outbox.size, one.session.received, _peer(one)) for one in here]
    return await asyncio.to_thread(_subscriptions, here, counts, administers, now, principal)


def _subscriptions(
    here: list[Seen],
    counts: list[tuple[int, int, tuple[str, str]]],
    administers: bool,
    now: int,
    reader: Principal,
) -> Response:
    rows = []
    for one, (waiting, received, (host, port)) in zip(here, counts, strict=True):
        look, session = one.look(), one.session
        # What a session is sent, and how often it spoke, tells of events that the reader may not see; its
        # number, how many others came before.
        open_ = one.own or (administers and session.principal.nation == reader.nation)
        rows.append(
            Subscription(
                dn=f"CN={session.principal.name}" if open_ else None,
                callsign=one.callsign,
                client_uid=one.uid,
                last_report_milliseconds=one.received,
                tak_client=look.platform,
                tak_version=look.version,
                username=one.username(reader),
                groups=groups_of(session.principal, session.groups_in, session.groups_out) if open_ else [],
                role=look.role,
                team=look.team,
                ip_address=host if open_ else "",
                port=port if open_ else "",
                pending_writes=waiting if open_ else 0,
                num_processed=received if open_ else 0,
                protocol=_PROTOCOLS[session.form] if open_ else "",
                xpath=None,
                subscription_uid=one.uid,
                battery=look.battery,
                handler_type=session.place if open_ else "",
                last_report_diff_milliseconds=now - one.received if one.received else 0,
            )
        )
    return answer("SubscriptionInfo", rows)


def _peer(one: Seen) -> tuple[str, str]:
    transport = getattr(one.session.link, "transport", None)
    address = transport.get_extra_info("peername") if transport is not None else None
    return (str(address[0]), str(address[1])) if isinstance(address, tuple) else ("", "")


def _contact(one: Seen, reader: Principal) -> Contact:
    look = one.look()
    takv = ":".join(part for part in (look.platform, look.version) if part)
    return Contact(None, one.username(reader), one.callsign, look.team, look.role, takv, one.uid)


def _endpoint(one: Seen, reader: Principal) -> tuple[int, ClientEndpoint]:
    look, when = one.look(), instant.write(one.received)
    row = ClientEndpoint(one.callsign, one.uid, one.username(reader), when, "Connected", look.team, look.role)
    return one.received, row


def _before(
    connection: sqlite3.Connection, policy: Policy, reader: Principal, wanted: list[str], oldest: int
) -> Iterator[tuple[int, ClientEndpoint]]:
    """Return what a reader could see of clients, whether they are here or not."""
    audiences = Audiences(policy)  # those of the router are the loop's
    view = audiences.view(reader, wanted or None)
    may_see = partial(_may_see, audiences, view, {})
    for row in connection.execute(_BEFORE, (oldest,)):
        nation, principal, uid, callsign, team, role, last = (
            row[name] for name in ("nation", "principal", "uid", "callsign", "team", "role", "last_ms")
        )
        own = (nation, principal) == (reader.nation, reader.name) and not wanted
        if own or may_see(tuple(row)[:6]):
            known = principal if nation == reader.nation else ""
            when = instant.write(last)
            yield last, ClientEndpoint(callsign, uid, known, when, "Disconnected", team, role)


def _may_see(
    audiences: Audiences, view: View, known: dict[tuple[str, ...], bool], label: tuple[str, ...]
) -> bool:
    if label not in known:
        marking = Marking.from_columns(*label[:5])
        audience = audiences.labelled(
            marking.nation, marking.access, marking.caveat, marking.releasable_to, label[5], marking.groups
        )
        known[label] = sees(view, audience)
    return known[label]


def _latest(
    rows: Iterable[tuple[int, ClientEndpoint]], oldest: int, *, by_uid: bool
) -> Iterator[ClientEndpoint]:
    """Return one row for each client: those that are here first, then those that were here last."""
    seen: set[tuple[str, ...]] = set()
    for when, row in sorted(
        rows, key=lambda pair: (pair[1].last_status == "Connected", pair[0]), reverse=True
    ):
        key = (row.uid,) if by_uid else (row.uid, row.callsign, row.username)
        if key in seen or when < oldest or not row.callsign:  # a client takes no list with an empty callsign
            continue
        seen.add(key)
        yield row
        if len(seen) >= _MOST:
            return


OPERATIONS: Final = (
    Operation("GET", "/Marti/api/clientEndPoints", client_endpoints, "Clients that are or were here",
              "clients", Wanted, answer=Answer[list[ClientEndpoint]], cost=_COST),
    Operation("GET", "/Marti/api/contacts/all", contacts, "Clients that can be written to", "clients",
              ContactsOrder, answer=list[Contact], cost=_COST),
    Operation("GET", "/Marti/api/subscriptions/all", subscriptions, "Sessions", "clients",
              SubscriptionsOrder, answer=Answer[list[Subscription]], cost=_COST),
)  # fmt: skip
