"""Asking a running hub how it does, and showing the answer."""

import contextlib
import http.client
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from vallum.cli.output import console, number, show, table
from vallum.core.errors import BadInput
from vallum.hub.operate.status import ListenerStatus, Status

__all__ = ["NotRunning", "ask", "print_status", "watched"]

PATIENCE_S: Final = 5.0
LOOK_S: Final = 0.1
"""Seconds between two looks at Ctrl-C."""
SHOWN_AT_MOST: Final = 200


class NotRunning(Exception):
    """Nobody answers; the message says how."""


class FileConnection(http.client.HTTPConnection):
    """HTTP through a socket file.

    Parameters
    ----------
    path : Path
        The socket file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__("hub", timeout=PATIENCE_S)
        self.path = path

    def connect(self) -> None:
        """Connect to the file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(str(self.path))


def ask(path: Path) -> Status:
    """Return what the hub behind a control socket says of itself.

    Raises
    ------
    NotRunning
        If nobody answers.
    BadInput
        If something else answers, or the hub is asked by too many at once.
    """
    connection = FileConnection(path)
    try:
        connection.request("GET", "/status")
        answer = connection.getresponse()
        content = answer.read()
        if answer.status == http.client.SERVICE_UNAVAILABLE:
            raise BadInput(
                "the hub runs, but is busy: too many connections ask it at once",
                str(path),
                "control",
                "Ask again in some seconds.",
            )
        return msgspec.json.decode(content, type=Status)
    except FileNotFoundError:
        raise NotRunning("is not there") from None
    except (ConnectionError, TimeoutError):
        raise NotRunning("does not answer") from None
    except (msgspec.DecodeError, http.client.HTTPException) as error:
        raise BadInput(
            "what answers is not a hub of this version", str(path), "control", "Name the hub's own socket."
        ) from error
    finally:
        connection.close()


def print_status(status: Status) -> None:
    """Print it once."""
    show(*parts_of(status))


def watched(path: Path, every_s: float) -> None:
    """Show it again and again until Ctrl-C.

    Raises
    ------
    NotRunning
        When the hub is gone.
    """
    target = console()
    with interrupted() as stop, Live(console=target, auto_refresh=False, transient=True) as live:
        while not stop:
            shown = Group(*renderable(parts_of(ask(path))))
            if target.is_terminal:
                live.update(shown, refresh=True)
            else:
                target.print(shown)
            until = time.monotonic() + every_s
            while not stop and time.monotonic() < until:
                time.sleep(LOOK_S)


@contextlib.contextmanager
def interrupted() -> Iterator[list[int]]:
    """Give a list that Ctrl-C fills.

    An exception would be lost where Python swallows it, as in a finaliser, and the watch would go on.
    """
    stop: list[int] = []
    former = signal.signal(signal.SIGINT, lambda number, _: stop.append(number))
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, former)


def renderable(parts: list[str | Table]) -> list[RenderableType]:
    """Return text with its markup read."""
    return [Text.from_markup(part) if isinstance(part, str) else part for part in parts]


def parts_of(status: Status) -> list[str | Table]:
    """Return what there is to show, from the whole to the single session."""
    state = "[green]ready[/]" if status.ready else "[bold red]not ready[/]"
    first = (
        f"{escape(status.name)} {status.version}: {state}, up {duration(status.uptime_s)}, "
        f"{len(status.sessions)} sessions, {status.picture:,} in the picture, {status.chat:,} chat messages, "
        f"loop {status.loop_lag_ms:.0f} ms late, tick {status.tick_ms:.2f} ms"
    )
    parts: list[str | Table] = [
        first,
        *(f"[bold red]trouble:[/] {escape(trouble)}" for trouble in status.troubles),
    ]
    if status.journal:
        kept = status.journal
        parts.append(
            f"journal: {kept.written:,} written, {kept.pending:,} wait, {kept.dropped:,} dropped, "
            f"{kept.file_bytes / 1e6:,.1f} MB"
        )
    return [*parts, "", listeners(status), "", sessions(status), "", counters(status)]


def listeners(status: Status) -> Table:
    """Return the listeners as a table."""
    shown = table("listener", "kind", "address", "lets in", ">sessions")
    for one in status.listeners:
        lets_in = _lets_in(one)
        shown.add_row(escape(one.name), one.kind, f"{one.host} port {one.port}", lets_in, str(one.sessions))
    return shown


def _lets_in(listener: ListenerStatus) -> str:
    if listener.certificates:
        return f"certificates of {listener.nation}" if listener.nation else "certificates"
    if listener.kind == "enrolment":
        return "passwords and tokens"
    return f"anyone as {listener.nation}"


def sessions(status: Status) -> Table:
    """Return the sessions as a table."""
    shown = table(
        ">session",
        "name",
        "nation",
        "in",
        "out",
        "listener",
        "format",
        ">received",
        ">sent",
        ">waiting",
        "refused",
    )
    for one in status.sessions[:SHOWN_AT_MOST]:
        refused = ", ".join(f"{reason} {count}" for reason, count in one.refusals.items())
        shown.add_row(
            str(one.number),
            escape(one.name),
            one.nation,
            escape(", ".join(one.groups_in)),
            escape(", ".join(one.groups_out)),
            escape(one.listener),
            one.format,
            f"{one.received:,}",
            f"{one.sent:,}",
            f"[yellow]{one.waiting_bytes:,}[/]" if one.waiting_bytes else "0",
            escape(refused),
        )
    if len(status.sessions) > SHOWN_AT_MOST:
        shown.add_row("…", f"and {len(status.sessions) - SHOWN_AT_MOST:,} more; --json lists all")
    return shown


def counters(status: Status) -> Table:
    """Return the totals since the start as a table."""
    shown = table("since the start", ">count")
    for name, value in status.counters.items():
        if isinstance(value, dict):
            for word, count in value.items():
                shown.add_row(escape(f"{name.replace('_', ' ')}: {word}"), number(count, 0))
        else:
            shown.add_row(name, number(value, 0))
    return shown


def duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
