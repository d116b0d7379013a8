"""Logs on standard error: a line for each event, without positions, and never a reason to stop."""

import asyncio
import logging
import queue
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from traceback import FrameSummary, walk_tb
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ["LogFormat", "LogLevel", "Outlet", "configure", "described", "report_fault"]

LogFormat = Literal["json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]

PRIVATE: Final = frozenset(("lat", "lon", "hae", "uid", "callsign", "xml", "event_xml", "remarks"))
"""Keys of a log line that say who is where."""

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_ROOM: Final = 10_000
_FRAMES: Final = 4

log = structlog.get_logger("vallum.hub")


class Outlet:
    """A stream that may be closed, or read by nobody, without holding up whoever writes.

    A thread of its own writes; when too much waits, further lines are dropped and counted.

    Parameters
    ----------
    stream : TextIO
        Where lines go.
    room : int
        Lines that may wait.
    """

    def __init__(self, stream: TextIO, room: int = _ROOM) -> None:
        self.dropped = 0
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(room)
        self._thread = threading.Thread(target=self._write, name="vallum-log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Take a line."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self.dropped += 1

    def flush(self) -> None:
        """Do nothing: the thread flushes when nothing waits."""

    def close(self, seconds: float = 1.0) -> None:
        """Write what waits, for no longer than this."""
        try:
            self._lines.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _write(self) -> None:
        while (text := self._lines.get()) is not None:
            try:
                self._stream.write(text)
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                self.dropped += 1


class _Forward(logging.Handler):
    """Passes what libraries log on, without the text of exceptions."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record of a library."""
        fields = described(record.exc_info[1]) if record.exc_info and record.exc_info[1] else {}
        log.log(record.levelno, "library", library=record.name, message=str(record.msg)[:200], **fields)


def configure(
    outlet: Outlet, *, form: LogFormat = "json", level: LogLevel = "info", positions: bool = False
) -> None:
    """Send the logs of the hub, and of the libraries it uses, to an outlet.

    Parameters
    ----------
    outlet : Outlet
        Where lines go.
    form : str
        ``json`` or ``text``.
    level : str
        The lowest level that is written.
    positions : bool
        Whether positions, uids and callsigns may stand in a line.
    """
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    if not positions:
        processors.append(without_positions)
    processors.append(
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        # Values as Python writes them: a control character in one must not reach a terminal.
        else structlog.dev.ConsoleRenderer(colors=False, repr_native_str=True, timestamp_key="time")
    )
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(outlet),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Forward)]
    root.addHandler(_Forward(max(logging.WARNING, _LEVELS[level])))


def unconfigure() -> None:
    """Undo `configure`."""
    structlog.reset_defaults()
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Forward)]


def without_positions(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Drop what says who is where, at any depth."""
    return {
        name: without_positions(_logger, _method, value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if name not in PRIVATE
    }


def report_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what went wrong in the event loop: kind and place, but no text, which may quote a peer."""
    error = context.get("exception")
    log.error("fault", message=str(context.get("message", ""))[:200], **(described(error) if error else {}))


def open_outlet() -> Outlet:
    """Return an outlet to standard error."""
    return Outlet(sys.stderr)


def described(error: BaseException) -> dict[str, Any]:
    """Return kind and place of an error: its text may quote a peer, and its frames hold secrets."""
    return {"kind": type(error).__name__, "at": _places(error.__traceback__)}


def _places(trace: TracebackType | None) -> list[str]:
    frames: Iterable[FrameSummary] = [
        FrameSummary(frame.f_code.co_filename, line, frame.f_code.co_name, lookup_line=False)
        for frame, line in walk_tb(trace)
    ][-_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
