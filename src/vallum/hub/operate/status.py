"""What the hub says of itself: who is connected and how much passes. Never where anybody is."""

import os
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from vallum.hub.config import Listener
    from vallum.hub.journal import JournalState
    from vallum.hub.operate.spans import Spans
    from vallum.hub.server import Hub
    from vallum.hub.session import Session

__all__ = [
    "JournalStatus",
    "ListenerStatus",
    "SessionStatus",
    "Status",
    "listeners_of",
    "session_status",
    "status",
]


class ListenerStatus(msgspec.Struct, kw_only=True):
    """One listener that is open."""

    name: str
    kind: str
    host: str
    port: int
    certificates: bool
    "Whether clients have to show a certificate."
    nation: str
    "The only nation that comes through it; empty for all of the policy."
    sessions: int


class SessionStatus(msgspec.Struct, kw_only=True):
    """One peer that is connected."""

    number: int
    name: str
    "User name of its certificate, or the name of the listener."
    nation: str
    role: str
    groups_in: list[str]
    "Groups that its data goes into now."
    groups_out: list[str]
    "Groups whose data comes out to it now."
    listener: str
    format: str
    "xml, or how it reads TAK protocol: stream, websocket, mesh."
    received: int
    "Events that it sent."
    sent: int
    "Events written to it."
    waiting_bytes: int
    "What it has not read yet, beyond the buffers of its connection."
    behind_s: float
    "For how long it has been behind; 0 if it is not."
    refusals: dict[str, int]
    "Its events that were not taken, by reason."


class JournalStatus(msgspec.Struct, kw_only=True):
    """The journal."""

    written: int
    "Events written since the start."
    pending: int
    "Events that wait to be written."
    dropped: int
    "Events that it does not have, because it could not be written to for too long."
    trouble: str | None
    "Why it cannot be written to."
    batch_s: float
    "How long the last batch took."
    file_bytes: int


class Status(msgspec.Struct, kw_only=True):
    """What `GET /status` answers."""

    version: str
    name: str
    pid: int
    started: datetime
    uptime_s: float
    ready: bool
    troubles: list[str]
    "What keeps it from being ready, and what is wrong otherwise."
    listeners: list[ListenerStatus]
    sessions: list[SessionStatus]
    picture: int
    "Events in the current picture."
    chat: int
    "Chat messages kept."
    counters: dict[str, int | dict[str, int]]
    "Totals since the start; those by reason or listener hold one number for each."
    journal: JournalStatus | None
    "null without a journal."
    loop_lag_ms: float
    "How late the event loop was at worst in the last five seconds."
    tick_ms: float
    "Mean time to send what waits."


def listeners_of(hub: "Hub") -> list[ListenerStatus]:
    """Return the listeners that are open."""
    by_label: dict[str, Listener] = {listener.label: listener for listener in hub.config.listeners}
    sessions = Counter(session.place for session in hub.router.sessions)
    return [
        ListenerStatus(
            name=label,
            kind=by_label[label].kind,
            host=host,
            port=port,
            certificates=by_label[label].asks_certificate,
            nation=by_label[label].nation,
            sessions=sessions[label],
        )
        for label, (host, port) in hub.addresses.items()
    ]


def session_status(session: "Session", now: float) -> SessionStatus:
    """Return what there is to say of a session.

    Parameters
    ----------
    session : Session
        The session.
    now : float
        Monotonic clock, s.
    """
    return SessionStatus(
        number=session.number,
        name=session.principal.name,
        nation=session.principal.nation,
        role=session.principal.role,
        groups_in=sorted(session.groups_in),
        groups_out=sorted(session.groups_out),
        listener=session.place,
        format=session.form.name.lower(),
        received=session.received,
        sent=session.sent,
        waiting_bytes=session.outbox.size,
        behind_s=round(now - session.lagging_since, 1) if session.lagging_since else 0.0,
        refusals=dict(session.refusals),
    )


def status(
    hub: "Hub",
    *,
    troubles: list[str],
    ready: bool,
    journal: "JournalState | None",
    lag_s: float,
    ticks: "Spans",
) -> Status:
    """Return what there is to say of the hub."""
    import vallum

    router = hub.router
    now = router.monotonic()
    return Status(
        version=vallum.__version__,
        name=hub.config.name,
        pid=os.getpid(),
        started=datetime.fromtimestamp(hub.started, UTC),
        uptime_s=round(time.time() - hub.started, 1),
        ready=ready,
        troubles=troubles,
        listeners=listeners_of(hub),
        sessions=[
            session_status(session, now)
            for session in sorted(router.sessions, key=lambda session: session.number)
        ],
        picture=len(router.picture),
        chat=len(router.mailbox.conversation),
        counters=totals(hub),
        journal=msgspec.convert(journal, JournalStatus, from_attributes=True) if journal else None,
        loop_lag_ms=round(1000 * lag_s, 2),
        tick_ms=round(1000 * ticks.mean, 3),
    )


def totals(hub: "Hub") -> dict[str, int | dict[str, int]]:
    """Return the counters, with what the sessions of now have to add."""
    counters = hub.router.counters
    return {
        "received": counters.received,
        "delivered": counters.delivered,
        "replaced": replaced(hub),
        "sessions": counters.sessions,
        "skewed": counters.skewed,
        "refused": dict(counters.refused),
        "malformed": dict(counters.malformed),
        "cut": dict(counters.cut),
        "turned_away": dict(counters.turned_away),
    }


def replaced(hub: "Hub") -> int:
    """Return how many states a slow reader was not sent, also to those still connected."""
    router = hub.router
    return router.counters.replaced + sum(session.outbox.replaced for session in router.sessions)
