"""Progress of a plan on standard error: a live table on a terminal, plain lines elsewhere."""

import contextlib
import sys
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from vallum.cli.output import error_console, number, table

__all__ = ["Progress", "ProgressEvent"]

LINE_EVERY_S = 5.0


class ProgressEvent(Protocol):
    """What the pipeline tells while it works; see vallum.plan."""

    @property
    def stage(self) -> str:
        """What is being done."""

    @property
    def mode(self) -> str:
        """For which mode; empty for work on both."""

    @property
    def seconds(self) -> float:
        """Seconds since the command began."""

    @property
    def value(self) -> float | None:
        """Objective of the best plan so far."""

    @property
    def bound(self) -> float | None:
        """What no plan can be better than."""

    @property
    def message(self) -> str:
        """More about it, for a person."""


def gap_text(event: ProgressEvent) -> str:
    """Return the gap between value and bound in per cent."""
    if event.value is None or event.bound is None or event.value == 0:
        return "–"
    return f"{100 * abs(event.value - event.bound) / abs(event.value):.2f} %"


class Progress:
    """Shows the latest event of each mode; to be used as a context and called with each event.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to write; standard error unless given.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or error_console()
        self.latest: dict[str, ProgressEvent] = {}
        self.printed: dict[str, tuple[str, float]] = {}
        self.live = (
            Live(console=self.console, transient=True, refresh_per_second=4)
            if self.console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.stop()

    def __call__(self, event: ProgressEvent) -> None:
        """Show one event."""
        self.latest[event.mode] = event
        if self.live:
            self.live.update(self.render())
        elif self.worth_a_line(event):
            self.printed[event.mode] = (event.stage, event.seconds)
            # A plan is worth more than the lines about it: a full or closed standard error does not end it.
            with contextlib.suppress(OSError):
                self.console.print(self.line(event), markup=False, soft_wrap=True)
                sys.stderr.flush()

    def worth_a_line(self, event: ProgressEvent) -> bool:
        """Whether a plain line is due: a new stage, or some seconds since the last line."""
        stage, seconds = self.printed.get(event.mode, ("", 0.0))
        return event.stage != stage or event.seconds - seconds >= LINE_EVERY_S

    def line(self, event: ProgressEvent) -> str:
        """Return an event as one line."""
        words = [f"[{event.seconds:6.1f} s]", event.mode, event.stage]
        if event.value is not None:
            words.append(f"value {number(event.value, 4)}")
        if event.bound is not None:
            words.append(f"bound {number(event.bound, 4)}")
        if event.value is not None and event.bound is not None:
            words.append(f"gap {gap_text(event)}")
        if event.message:
            words.append(event.message)
        return "  ".join(word for word in words if word)

    def render(self) -> Table:
        """Return the latest event of each mode as a table."""
        shown = table("mode", "stage", ">seconds", ">value", ">bound", ">gap", "")
        for mode, event in self.latest.items():
            shown.add_row(
                mode or "both",
                event.stage,
                number(event.seconds, 1),
                number(event.value, 4),
                number(event.bound, 4),
                gap_text(event),
                event.message,
            )
        return shown
