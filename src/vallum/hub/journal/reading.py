"""Reading a journal: always as someone, in the order of receipt, a little at a time."""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from vallum.core.errors import BadInput
from vallum.core.policy import Policy
from vallum.core.principal import ANONYMOUS_GROUP, Principal
from vallum.hub.journal.row import Row
from vallum.hub.journal.schema import explained, open_for_reading
from vallum.picture import Audience, Audiences, Event, View, sees
from vallum.wire import cot

__all__ = ["Bbox", "Everything", "Label", "Labels", "Reader", "Selection", "Stopped", "Stored", "query",
           "span"]  # fmt: skip

_ROWS_AT_ONCE: Final = 500
_BYTES_AT_ONCE: Final = 8 * 2**20
_STEPS: Final = 100_000
"""Of SQLite's machine, from one question whether to give up to the next: about a millisecond."""
_LABELS_LIMIT: Final = 8_192
_LIMITS: Final = cot.Limits(size=1 << 30, depth=1 << 16, elements=1 << 30, attributes=1 << 16, uid=1 << 16)
"""What is in the journal has passed the hub's own limits, whatever they were."""

LABEL_COLUMNS: Final = "type, nation, access, caveat, releasable_to, groups"


class Stopped(Exception):
    """A reading that was given up."""


class Bbox(NamedTuple):
    """A box of WGS 84 degrees; one whose west is east of its east crosses the antimeridian."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for.

    Parameters
    ----------
    since, until : int, optional
        From and up to (not including) which time of receipt, milliseconds since 1970-01-01T00:00Z.
    bbox : Bbox, optional
        Where.
    uids : frozenset of str
        Of which uids; empty for all.
    types : tuple of str
        Types, each with all below it; none, or an empty one, for all.
    origin : str
        Nation of origin; empty for all.
    """

    since: int | None = None
    until: int | None = None
    bbox: Bbox | None = None
    uids: frozenset[str] = frozenset()
    types: tuple[str, ...] = ()
    origin: str = ""


class Label(NamedTuple):
    """What a row says about its release, as the columns of the same names."""

    type: str
    nation: str
    access: str
    caveat: str
    releasable_to: str
    groups: str

    @property
    def reached(self) -> frozenset[str]:
        """The groups that the event goes into."""
        return frozenset(json.loads(self.groups))


class Labels:
    """Audiences of labels, by the rules now in force.

    Parameters
    ----------
    audiences : Audiences
        The policy.
    """

    def __init__(self, audiences: Audiences) -> None:
        self.audiences = audiences
        self._known: dict[Label, Audience] = {}

    def audience(self, label: Label) -> Audience:
        """Return who may see events of a label."""
        found = self._known.get(label)
        if found is None:
            if len(self._known) >= _LABELS_LIMIT:
                self._known.clear()
            found = self._known[label] = self.audiences.of(_stand_in(label), label.nation, label.reached)
        return found


class Reader:
    """Someone who reads, with the eyes of a nation.

    Parameters
    ----------
    policy : Policy
        The rules in force.
    nation : str
        The nation.
    groups : iterable of str
        Groups whose data comes out to it; ``__ANON__`` if empty.

    Raises
    ------
    BadInput
        If the nation takes no part in the policy.
    """

    def __init__(self, policy: Policy, nation: str, groups: Iterable[str] = ()) -> None:
        if nation not in policy.nations:
            raise BadInput(
                f"{nation!r} is no nation of this policy", "--nation", "nations",
                f"One of {', '.join(policy.nations)}.",
            )  # fmt: skip
        audiences = Audiences(policy)
        out = frozenset(groups) or frozenset((ANONYMOUS_GROUP,))
        self._view: View = audiences.view(Principal("reader", nation, groups_out=out))
        self._labels = Labels(audiences)

    def may_see(self, label: Label, *, private: bool) -> bool:
        """Whether it may see an event. One that names people is for nobody but them."""
        return not private and sees(self._view, self._labels.audience(label))


class Everything:
    """An administrator who reads everything, whatever the policy says."""

    def may_see(self, label: Label, *, private: bool) -> bool:
        """Whether it may see an event: always."""
        return True


@dataclass(frozen=True, slots=True)
class Stored:
    """An event of the journal.

    Parameters
    ----------
    received : int
        When the hub took it, milliseconds since 1970-01-01T00:00Z.
    uid : str
        Its uid.
    label : Label
        Its type, nation of origin and release.
    private : bool
        Whether it names people or a mission.
    lat, lon : float
        WGS 84 degrees.
    xml : bytes
        As it came, or as rendered from the TAK protocol message it came in.
    payload : bytes or None
        That message.
    """

    received: int
    uid: str
    label: Label
    private: bool
    lat: float
    lon: float
    xml: bytes
    payload: bytes | None

    def event(self) -> Event:
        """Return the event itself.

        Raises
        ------
        BadInput
            If the row is damaged.
        """
        try:
            return Event(cot.parse(self.xml, _LIMITS), self.payload)
        except cot.Malformed as error:
            raise BadInput(
                f"an event received at {self.received} ms is damaged: {error}", "journal", "sound file",
                "Take a period without it, with --since and --until.",
            ) from error  # fmt: skip


def query(
    path: Path,
    reader: Reader | Everything,
    selection: Selection | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Iterator[Stored]:
    """Read events in the order of receipt.

    What comes in while it reads is left out. No read transaction stays open between two events, so a slow
    caller does not keep the hub from reusing the space in its files.

    Parameters
    ----------
    path : Path
        The journal; a hub may be writing to it.
    reader : Reader or Everything
        Who reads.
    selection : Selection, optional
        Which events; all unless given.
    stopped : callable, optional
        Is asked every now and then whether to give up, also where nothing is found.

    Raises
    ------
    BadInput
        If there is no such file, or it is damaged.
    Stopped
        If it was given up.
    """
    selection = selection or Selection()
    connection = open_for_reading(path)
    connection.set_progress_handler(stopped, _STEPS)
    try:
        first, last = _ends(connection, path, selection)
        condition, values = _condition(selection)
        question = (
            f"SELECT seq, private, received_ms, uid, lat, lon, xml, payload, {LABEL_COLUMNS} FROM event "  # noqa: S608
            f"WHERE seq BETWEEN :first AND :last AND kind <> 4{condition} ORDER BY seq LIMIT {_ROWS_AT_ONCE}"
        )
        while first <= last:
            if stopped is not None and stopped():
                raise Stopped
            rows = _some(connection, path, question, {**values, "first": first, "last": last})
            if not rows:
                break
            for seq, private, received, uid, lat, lon, xml, payload, *rest in rows:
                first = seq + 1
                label = Label(*rest)
                if reader.may_see(label, private=bool(private)):
                    yield Stored(received, uid, label, bool(private), lat, lon, xml, payload)
    finally:
        connection.close()


def span(path: Path, selection: Selection | None = None) -> tuple[int, int] | None:
    """Return the first and last time of receipt in a period, milliseconds since 1970-01-01T00:00Z.

    Who may see what is not asked: it serves to tell how far a long job has come. None if there is nothing.
    """
    since, until = _period(selection or Selection())
    period = "FROM event WHERE received_ms >= :since AND received_ms < :until"
    connection = open_for_reading(path)
    try:
        with explained(path):
            found: tuple[int | None, int | None] = connection.execute(
                f"SELECT (SELECT min(received_ms) {period}), (SELECT max(received_ms) {period})",
                {"since": since, "until": until},
            ).fetchone()
    finally:
        connection.close()
    return None if found[0] is None or found[1] is None else (found[0], found[1])


def _period(selection: Selection) -> tuple[int, int]:
    since, until = selection.since, selection.until
    return (-(1 << 62) if since is None else since, (1 << 62) if until is None else until)


def _ends(connection: sqlite3.Connection, path: Path, selection: Selection) -> tuple[int, int]:
    """Return the first and last row of a period; others may lie between them if the hub's clock was set."""
    with explained(path), _given_up():
        found: tuple[int | None, int | None] = connection.execute(
            "SELECT min(seq), max(seq) FROM event WHERE received_ms >= ? AND received_ms < ?",
            _period(selection),
        ).fetchone()
    return (1, 0) if found[0] is None or found[1] is None else (found[0], found[1])


def _some(connection: sqlite3.Connection, path: Path, question: str, values: dict[str, object]) -> list[Row]:
    """Return the next rows, few enough to be held."""
    rows = []
    size = 0
    with explained(path), _given_up():
        cursor = connection.execute(question, values)
        for row in cursor:
            rows.append(row)
            size += len(row[6]) + len(row[7] or b"")
            if size > _BYTES_AT_ONCE:
                break
        cursor.close()
    return rows


@contextlib.contextmanager
def _given_up() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_INTERRUPT":
            raise Stopped from error
        raise


def _condition(selection: Selection) -> tuple[str, dict[str, object]]:
    parts: list[str] = []
    values: dict[str, object] = {}
    if selection.since is not None:
        parts.append("received_ms >= :since")
        values["since"] = selection.since
    if selection.until is not None:
        parts.append("received_ms < :until")
        values["until"] = selection.until
    if selection.bbox is not None:
        joint = "AND" if selection.bbox.west <= selection.bbox.east else "OR"
        parts.append(f"lat BETWEEN :south AND :north AND (lon >= :west {joint} lon <= :east)")
        values.update(selection.bbox._asdict())
    if selection.uids:
        parts.append("uid IN (SELECT value FROM json_each(:uids))")
        values["uids"] = json.dumps(sorted(selection.uids))
    if selection.origin:
        parts.append("nation = :origin")
        values["origin"] = selection.origin
    if selection.types and all(selection.types):
        prefixes = {f"type{number}": f"{prefix}-" for number, prefix in enumerate(selection.types)}
        parts.append(
            "(" + " OR ".join(f"substr(type || '-', 1, length(:{name})) = :{name}" for name in prefixes) + ")"
        )
        values.update(prefixes)
    return "".join(f" AND {part}" for part in parts), values


def _stand_in(label: Label) -> Event:
    """Return an event whose label is the given one, for `Audiences` to decide upon."""
    named = {"access": label.access, "caveat": label.caveat, "releasableTo": label.releasable_to}
    attributes = "".join(f' {name}="{cot.escape(value)}"' for name, value in named.items() if value)
    time = "2026-01-01T00:00:00.000Z"
    return Event.of_xml(
        f'<event version="2.0" uid="label" type="{cot.escape(label.type)}" time="{time}" start="{time}" '
        f'stale="{time}"{attributes}><point lat="0" lon="0"/><detail/>'
        "</event>".encode(),
        _LIMITS,
    )
