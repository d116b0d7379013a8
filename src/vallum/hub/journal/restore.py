"""Putting the picture and the chat back after a restart."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from vallum.core.errors import BadInput
from vallum.core.principal import Principal
from vallum.hub.journal.journal import Journal
from vallum.hub.journal.reading import LABEL_COLUMNS, Label, Labels, Stored
from vallum.hub.journal.row import Row
from vallum.hub.journal.schema import explained, open_for_reading
from vallum.hub.parcel import Parcel
from vallum.hub.router import Router
from vallum.picture.chat import at

__all__ = ["Restored", "restore"]

log = structlog.get_logger("vallum.hub")

_CURSORS: Final = 50_000

_EVENT: Final = (
    "event.received_ms, event.uid, event.private, event.lat, event.lon, event.xml, event.payload, "
    "event.seq, event.principal, event.sender, event.chat, "
    + ", ".join(f"event.{name}" for name in LABEL_COLUMNS.split(", "))
)
# All labels of a uid of which one may last: an older event must not come back because a newer one has ended.
_LASTING: Final = "uid IN (SELECT uid FROM latest WHERE ends_ms > ? OR type GLOB 'b-a-*')"
_PICTURE: Final = f"SELECT {_EVENT} FROM latest JOIN event USING (seq) WHERE latest.{_LASTING} ORDER BY seq"  # noqa: S608
_LEFT: Final = (
    f"SELECT left_seq, uid, {LABEL_COLUMNS} FROM latest WHERE left_seq > seq AND {_LASTING} ORDER BY left_seq"  # noqa: S608
)
_CHAT: Final = f"SELECT {_EVENT} FROM event WHERE chat >= ? ORDER BY chat"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Restored:
    """How much came back.

    Parameters
    ----------
    states : int
        States and alerts.
    chats : int
        Chat messages and receipts.
    cursors : int
        Clients whose place in the chat is known.
    """

    states: int
    chats: int
    cursors: int


class _Row:
    """One row, and the event in it."""

    __slots__ = ("chat", "label", "principal", "sender", "seq", "stored")

    def __init__(self, row: Row) -> None:
        received, uid, private, lat, lon, xml, payload, seq, principal, sender, chat, *label = row
        self.label = Label(*label)
        self.stored = Stored(received, uid, self.label, bool(private), lat, lon, xml, payload)
        self.seq: int = seq
        self.principal: str = principal
        self.sender: str = sender
        self.chat: int | None = chat


def restore(journal: Journal | Path, router: Router, *, now: int) -> Restored:
    """Put back what a hub knew when it ended: the picture, recent chat, and who has been sent which of it.

    The policy now in force decides who may see it. To be called before the first session, with a journal that
    has not been appended to.

    Parameters
    ----------
    journal : Journal or Path
        The journal.
    router : Router
        Where to.
    now : int
        Milliseconds since 1970-01-01T00:00Z.

    Raises
    ------
    BadInput
        If the journal is damaged.
    """
    path = journal.path if isinstance(journal, Journal) else journal
    connection = open_for_reading(path)
    try:
        with explained(path):
            cursors = connection.execute(
                "SELECT * FROM (SELECT uid, sequence FROM cursor ORDER BY sequence DESC LIMIT ?) "
                "ORDER BY sequence",
                (_CURSORS,),
            ).fetchall()
            ((last,),) = connection.execute("SELECT coalesce(max(chat), 0) FROM event WHERE chat IS NOT NULL")
            left = connection.execute(_LEFT, (now,))
            states = _restore_picture(map(_Row, connection.execute(_PICTURE, (now,))), left, router, now)
            oldest = at(now - router.mailbox.conversation.keep_ms)
            chats = _restore_chat(map(_Row, connection.execute(_CHAT, (oldest,))), router)
    finally:
        connection.close()
    router.mailbox.cursors.update(cursors)
    said = router.mailbox.conversation
    said.sequence = max(last, said.sequence, *router.mailbox.cursors.values())
    return Restored(states, chats, len(cursors))


def _restore_picture(rows: Iterator[_Row], left: Iterator[Row], router: Router, now: int) -> int:
    """Tell the picture again what it was told of the uids that may be in it, in order."""
    labels = Labels(router.audiences)
    gone = next(left, None)
    for row in rows:
        while gone is not None and gone[0] < row.seq:
            router.picture.drop(gone[1], labels.audience(Label(*gone[2:])))
            gone = next(left, None)
        parcel = _parcel(row, router)
        if parcel is not None:
            router.keep(parcel, row.sender)
    while gone is not None:
        router.picture.drop(gone[1], labels.audience(Label(*gone[2:])))
        gone = next(left, None)
    router.picture.sweep(now)
    return len(router.picture)


def _restore_chat(rows: Iterator[_Row], router: Router) -> int:
    kept = 0
    for row in rows:
        parcel = _parcel(row, router)
        if parcel is not None and row.chat is not None:
            # The number comes out as it was: clients are known to have been sent messages up to some number.
            router.mailbox.conversation.sequence = row.chat - 1
            router.keep(parcel, row.sender)
            kept += 1
    return kept


def _parcel(row: _Row, router: Router) -> Parcel | None:
    """Return an event with the audience it has now; None if it would not be taken any more."""
    stored, label = row.stored, row.label
    try:
        event = stored.event()
    except BadInput as error:
        log.error("journal: event left out", reason=error.message)
        return None
    if router.audiences.policy.refusal(Principal(row.principal, label.nation), event.type, event.names):
        return None
    audience = router.audiences.of(event, label.nation, label.reached)
    return Parcel(event, audience, stored.received, 0, label.nation)
