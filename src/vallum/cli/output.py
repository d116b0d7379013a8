"""Where the command line writes: results to standard output, progress and errors to standard error."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = [
    "OwnConsole",
    "emit",
    "error_console",
    "libraries_silenced",
    "number",
    "open_closed_streams",
    "say",
    "show",
    "table",
]

PIPED_WIDTH = 160


def width(stream_is_terminal: bool) -> int | None:
    """Return the columns to wrap at: the terminal's, or a fixed number for a file or a pipe."""
    return None if stream_is_terminal or "COLUMNS" in os.environ else PIPED_WIDTH


class OwnConsole(Console):
    """A console that leaves a closed pipe to the edge of the program, which knows its exit code."""

    def on_broken_pipe(self) -> None:
        """Pass the error on instead of ending the process with code 1."""
        raise BrokenPipeError


def open_closed_streams() -> None:
    """Give a process that was started with a closed standard stream one that leads nowhere.

    Otherwise the next file to be opened would take its number, and what is printed would go into that file.
    """
    for number_of_stream, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number_of_stream)
        except OSError:
            # The system gives the lowest number that is free, which is this one.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            mode = "w" if number_of_stream else "r"
            setattr(sys, name, os.fdopen(number_of_stream, mode, encoding="utf-8", closefd=False))


def console() -> Console:
    """Return the console of standard output as it is now."""
    return OwnConsole(highlight=False, width=width(sys.stdout.isatty()))


def error_console() -> Console:
    """Return the console of standard error as it is now."""
    return OwnConsole(stderr=True, highlight=False, width=width(sys.stderr.isatty()))


def show(*parts: str | Table | Text) -> None:
    """Write results for a person to standard output; text may hold rich markup."""
    target = console()
    for part in parts:
        target.print(part, soft_wrap=not isinstance(part, Table))


def say(text: str) -> None:
    """Write one message for a person to standard error."""
    error_console().print(text, soft_wrap=True)


def emit(document: msgspec.Struct) -> None:
    """Write a document to standard output as indented JSON and nothing else."""
    try:
        content = msgspec.json.encode(document)
    except UnicodeEncodeError:
        content = msgspec.json.encode(speakable(msgspec.to_builtins(document)))
    sys.stdout.write(msgspec.json.format(content).decode() + "\n")
    sys.stdout.flush()


def speakable(content: Any) -> Any:
    """Return a document without the bytes of a file's name that are no text, which JSON cannot hold."""
    if isinstance(content, str):
        return content.encode(errors="replace").decode()
    if isinstance(content, dict):
        return {speakable(name): speakable(value) for name, value in content.items()}
    return [speakable(value) for value in content] if isinstance(content, list) else content


@contextmanager
def libraries_silenced() -> Iterator[None]:
    """Keep what compiled libraries print out of standard output.

    HiGHS greets on the process's standard output before it can be told not to; a reader of `--json` must
    not see that.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(nowhere)
        os.close(kept)


def table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table; a column whose name starts with '>' is aligned to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(
            column.removeprefix(">"), justify="right" if column.startswith(">") else "left", overflow="fold"
        )
    return made


def number(value: float | None, digits: int = 2) -> str:
    """Return a number for a table: grouped, with fixed digits, a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"
