"""Progress on a terminal and elsewhere."""

import io
from dataclasses import dataclass

from rich.console import Console

from vallum.cli.progress import Progress


@dataclass
class Event:
    stage: str = "level 1"
    mode: str = "joint"
    seconds: float = 0.0
    value: float | None = None
    bound: float | None = None
    message: str = ""


def test_plain_lines_are_few() -> None:
    stream = io.StringIO()
    with Progress(Console(file=stream, width=160)) as progress:
        progress(Event("prices", seconds=0.1))
        for tenth in range(1, 121):
            progress(Event(seconds=tenth / 10, value=2.0, bound=1.5))
        progress(Event(mode="national", seconds=12.0, message="starts [now]"))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 5, "a new stage, then every five seconds, and the other mode"
    assert "prices" in lines[0]
    assert "value 2.0000  bound 1.5000  gap 25.00 %" in lines[1]
    assert "starts [now]" in lines[-1]


def test_a_terminal_shows_one_table() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=120, force_terminal=True, color_system=None)
    with Progress(console) as progress:
        progress(Event(mode="national", value=4.0, bound=4.0))
        progress(Event(mode="joint", value=0.0, bound=0.0))
        progress(Event(mode=""))
        table = progress.render()
    assert table.row_count == 3
    assert "national" in stream.getvalue()
