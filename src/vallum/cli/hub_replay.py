"""`vallum hub replay` and `export`: what a hub recorded, played again or written for other programs."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cyclopts import Parameter
from rich.markup import escape

from vallum.cli.hub_replay_documents import HubExportDocument, HubReplayDocument
from vallum.cli.options import Common
from vallum.cli.outcome import INTERRUPTED, OK
from vallum.cli.output import emit, error_console, show
from vallum.core import instant
from vallum.core.errors import BadInput

if TYPE_CHECKING:
    from vallum.hub.journal import Bbox, Everything, Reader, Selection, Stored
    from vallum.hub.replay import Course
    from vallum.picture import Event

__all__ = ["export", "replay"]


@Parameter(name="*")
@dataclass(frozen=True)
class ReadAs:
    """With whose eyes the journal is read."""

    policy: Path | None = None
    "The policy file; its rules of today decide what the nation may see."
    nation: str | None = None
    "Read what this nation may see (ISO 3166-1 alpha-2)."
    group: tuple[str, ...] = ()
    "Group of the reader; may be given again. __ANON__ unless given."
    everything: bool = False
    "Read everything, also what is not released and what was for single people. For administrators."

    def reader(self) -> "Reader | Everything":
        """Return who reads."""
        from vallum.hub.journal import Everything, Reader
        from vallum.hub.release import read_policy

        if self.everything == (self.nation is not None):
            raise BadInput(
                "it is not said with whose eyes to read" if not self.everything else "two readers are named",
                "--nation",
                "reader",
                "Give either --nation XX with --policy policy.toml, or --everything.",
            )
        if self.nation is None:
            return Everything()
        if self.policy is None:
            raise BadInput(
                "there is no policy that says what the nation may see",
                "--policy",
                "reader",
                "Give --policy policy.toml.",
            )
        return Reader(read_policy(self.policy), self.nation, self.group)


@Parameter(name="*")
@dataclass(frozen=True)
class Selected:
    """Which events are taken."""

    since: str | None = None
    "Received at this time or later (ISO 8601)."
    until: str | None = None
    "Received before this time."
    bbox: str | None = None
    "Within S,W,N,E, degrees."
    uid: tuple[str, ...] = ()
    "Of this uid; may be given again."
    type: tuple[str, ...] = ()
    "Of this type or one below it, such as a-f; may be given again."
    origin: str | None = None
    "Of this nation of origin."

    def selection(self) -> "Selection":
        """Return it as the journal understands it."""
        from vallum.hub.journal import Selection

        return Selection(
            since=None if self.since is None else instant.of_user(self.since, "--since"),
            until=None if self.until is None else instant.of_user(self.until, "--until"),
            bbox=None if self.bbox is None else a_box(self.bbox),
            uids=frozenset(self.uid),
            types=tuple(one.removesuffix("*").removesuffix("-") for one in self.type),
            origin=self.origin or "",
        )


@Parameter(name="*")
@dataclass(frozen=True)
class Target:
    """Where events are sent."""

    to: str | None = None
    "Hub to send to, tcp://HOST:PORT or tls://HOST:PORT."
    cert: Path | None = None
    "Certificate to show (PEM)."
    key: Path | None = None
    "Its key (PEM)."
    ca: Path | None = None
    "Authority of the hub's certificate (PEM)."
    speed: str = "1"
    "How many times as fast as they came, or max."
    keep_times: bool = False
    "Leave the times of the events as they are, instead of moving them to now."


def replay(
    journal: Path,
    /,
    *,
    read_as: ReadAs | None = None,
    selected: Selected | None = None,
    target: Target | None = None,
    out: Path | None = None,
    force: bool = False,
    common: Common | None = None,
) -> int:
    """Play a recording again into a hub, or write it to a file of Cursor on Target events.

    Into a hub go events of one nation alone, that of --origin: the hub takes whatever it is sent for events
    of the nation whose certificate is shown. For the same reason an event is sent only if it once went into
    every group that --group names: name those that the certificate sends into. Ctrl-C says where it stopped.

    Parameters
    ----------
    journal
        File that a hub writes, or wrote.
    out
        File to write instead of sending: the events as they came, one after another.
    force
        Replace a file that is there.
    """
    common, read_as = common or Common(), read_as or ReadAs()
    selected, target = selected or Selected(), target or Target()
    reader, selection = read_as.reader(), selected.selection()
    if (target.to is None) == (out is None):
        raise BadInput("it is not said where to", "--to", "target", "Give either --to or --out.")
    from vallum.hub.journal import query
    from vallum.hub.replay import Course

    course = Course()
    kept_back, interrupted = 0, False
    if out is not None:
        write_file(journal, reader, selection, out, course, force=force)
    else:
        groups = frozenset(read_as.group) or frozenset(("__ANON__",))
        held = HeldBack(groups)
        interrupted = send(journal, held.over(query(journal, reader, selection)), selected, target, course)
        kept_back = held.count
    document = HubReplayDocument(
        journal=str(journal),
        nation=read_as.nation,
        to=target.to,
        out=None if out is None else str(out),
        sent=course.sent,
        kept_back=kept_back,
        first=written_time(course.first),
        last=written_time(course.last),
        interrupted=interrupted,
        next=written_time(course.next),
        confirmed=None if target.to is None else course.confirmed,
    )
    if common.json:
        emit(document)
    else:
        print_replay(document)
    return INTERRUPTED if interrupted else OK


def export(
    journal: Path,
    /,
    *,
    out: Path,
    format: Literal["geojson", "kml"] | None = None,  # noqa: A002
    tracks: bool = False,
    read_as: ReadAs | None = None,
    selected: Selected | None = None,
    force: bool = False,
    common: Common | None = None,
) -> int:
    """Write a recording for a map: GeoJSON (QGIS and others) or KML (Google Earth).

    Parameters
    ----------
    journal
        File that a hub writes, or wrote.
    out
        File to write.
    format
        geojson or kml; it must be given.
    tracks
        One line with times for each uid, instead of one feature for each event.
    force
        Replace a file that is there.
    """
    common, read_as, selected = common or Common(), read_as or ReadAs(), selected or Selected()
    if format is None:
        raise BadInput(
            "it is not said in which format", "--format", "format", "Choose --format geojson or --format kml."
        )
    reader, selection = read_as.reader(), selected.selection()
    from vallum.hub.replay import check_apart, geojson, kml, written
    from vallum.hub.replay.tracks import Tracks

    check_apart(out, journal)
    writer = geojson if format == "geojson" else kml
    with written(out, force=force) as stream, progress(journal, selection, "written") as note:
        events = seen(journal, reader, selection, note)
        if tracks:
            with Tracks.of(events) as found:
                features = writer.write_tracks(stream, found)
        else:
            features = writer.write_events(stream, events)
    document = HubExportDocument(
        journal=str(journal),
        nation=read_as.nation,
        out=str(out),
        format=format,
        tracks=tracks,
        features=features,
        bytes=out.stat().st_size,
    )
    if common.json:
        emit(document)
    else:
        what = "track" if tracks else "event"
        show(f"{features:,} {what}{'' if features == 1 else 's'} in {escape(str(out))}")
    return OK


class HeldBack:
    """Leaves out events that would reach a group which they did not go into.

    Parameters
    ----------
    groups : frozenset of str
        Groups that the events are going to go into.
    """

    def __init__(self, groups: frozenset[str]) -> None:
        self.groups = groups
        self.count = 0

    def over(self, events: "Iterator[Stored]") -> "Iterator[Stored]":
        """Yield those that went into all of the groups."""
        for stored in events:
            if self.groups <= stored.label.reached:
                yield stored
            else:
                self.count += 1


def send(
    journal: Path, events: "Iterator[Stored]", selected: Selected, target: Target, course: "Course"
) -> bool:
    """Send events to a hub; whether somebody interrupted it."""
    import asyncio

    from vallum.hub.replay import hub_of, play

    if selected.origin is None:
        raise BadInput(
            "events of one nation alone can be sent",
            "--origin",
            "originator control",
            "The hub takes what it is sent for events of the nation whose certificate is shown: "
            "give that nation as --origin, and replay once for each nation with its certificate.",
        )
    assert target.to is not None  # noqa: S101
    hub = hub_of(target.to, origin=selected.origin, cert=target.cert, key=target.key, ca=target.ca)
    speed = a_speed(target.speed)
    with progress(journal, selected.selection(), "sent") as note:
        try:
            asyncio.run(
                play(
                    events,
                    hub,
                    course,
                    speed=speed,
                    keep_times=target.keep_times,
                    clock=lambda: time.time_ns() // 1_000_000,
                    note=lambda: note(course.sent, course.last),
                )
            )
        except KeyboardInterrupt:
            return True
    return False


def write_file(
    journal: Path,
    reader: "Reader | Everything",
    selection: "Selection",
    out: Path,
    course: "Course",
    *,
    force: bool,
) -> None:
    """Write events to a file, as they came."""
    from vallum.hub.journal import query
    from vallum.hub.replay import check_apart, written

    check_apart(out, journal)
    with written(out, force=force) as stream, progress(journal, selection, "written") as note:
        for stored in query(journal, reader, selection):
            stream.write(stored.xml + b"\n")
            course.sent += 1
            course.first = stored.received if course.first is None else course.first
            course.last = stored.received
            note(course.sent, course.last)


def seen(
    journal: Path,
    reader: "Reader | Everything",
    selection: "Selection",
    note: Callable[[int, int | None], None],
) -> "Iterator[tuple[Stored, Event]]":
    """Yield events with what is in them."""
    from vallum.hub.journal import query

    for count, stored in enumerate(query(journal, reader, selection), 1):
        yield stored, stored.event()
        note(count, stored.received)


@contextmanager
def progress(journal: Path, selection: "Selection", done: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show on a terminal how many events are done, and up to which time; elsewhere nothing."""
    from rich.progress import BarColumn, Progress, TextColumn

    from vallum.hub.journal import span

    console = error_console()
    period = span(journal, selection)
    if not console.is_terminal or period is None:
        yield lambda _count, _time: None
        return
    first, last = period
    bar = Progress(BarColumn(), TextColumn("{task.description}"), console=console, transient=True)
    with bar:
        task = bar.add_task("", total=max(last - first, 1))

        def note(count: int, when: int | None) -> None:
            if when is not None and (count < 100 or count % 100 == 0):
                bar.update(
                    task, completed=when - first, description=f"{count:,} {done}, {instant.write(when)}"
                )

        yield note
    sys.stderr.flush()


def print_replay(document: HubReplayDocument) -> None:
    """Print what was sent or written, and what was not."""
    count = f"{document.sent:,} event{'' if document.sent == 1 else 's'}"
    period = f", received from {document.first} to {document.last}" if document.first else ""
    if document.out is not None:
        show(f"{count} in {escape(document.out)}{period}")
        return
    show(f"{count} sent{period}")
    if document.kept_back:
        show(
            f"{document.kept_back:,} kept back: they did not go into every group that they would now. "
            "Name the groups of the certificate with --group."
        )
    if document.interrupted:
        again = f": go on with --since {document.next}" if document.next else ", after the last event"
        show(f"Interrupted{again}")
    elif not document.confirmed:
        show("The hub did not answer after the last event; it may not have taken all.")


def written_time(milliseconds: int | None) -> str | None:
    """Return an instant as text."""
    return None if milliseconds is None else instant.write(milliseconds)


def a_box(text: str) -> "Bbox":
    """Read S,W,N,E."""
    from vallum.hub.journal import Bbox

    try:
        box = Bbox(*(float(part) for part in text.split(",")))
        sound = -90 <= box.south <= box.north <= 90 and all(abs(degrees) <= 180 for degrees in box)
    except (ValueError, TypeError):
        sound = False
    if not sound:
        raise BadInput(
            f"{text!r} is no box", "--bbox", "S,W,N,E", "Write degrees such as 57.5,21.8,59.7,28.2."
        )
    return box


def a_speed(text: str) -> float | None:
    """Read a speed; None for as fast as possible."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise BadInput(f"{text!r} is no speed", "--speed", "speed", "Write a number such as 1 or 10, or max.")
    return speed
