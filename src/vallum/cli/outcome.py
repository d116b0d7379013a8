"""How a command ends: every exception becomes a message for a person and an exit code."""

import contextlib
import errno
import os
import sys
import traceback
from types import TracebackType
from typing import Self

from cyclopts import CycloptsError

from vallum.cli.documents import ErrorDocument, Problem
from vallum.cli.output import emit, say
from vallum.core.errors import VallumError

__all__ = ["BAD_INPUT", "BROKEN_PIPE", "FAULT", "INTERRUPTED", "NO", "OK", "Boundary", "settle_streams"]

OK = 0
NO = 1
BAD_INPUT = 2
FAULT = 70
INTERRUPTED = 130
BROKEN_PIPE = 141

OPERATING_SYSTEM_REMEDIES = {
    errno.ENOSPC: "Free some space, or name a folder on another disk.",
    errno.EDQUOT: "Free some space within the quota, or name a folder on another disk.",
    errno.EACCES: "Check the permissions, or name another folder.",
    errno.EPERM: "Check the permissions, or name another folder.",
    errno.ENAMETOOLONG: "Give a shorter name.",
    errno.EROFS: "Name a folder that can be written to.",
}


class Boundary:
    """The edge between the program and its user: no traceback passes it unless asked for.

    Parameters
    ----------
    as_json : bool
        Whether the user reads JSON on standard output, errors included.
    debug : bool
        Whether the traceback is shown as well.
    """

    def __init__(self, *, as_json: bool, debug: bool) -> None:
        self.as_json = as_json
        self.debug = debug
        self.code = OK

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None:
            return True
        if isinstance(error, SystemExit | GeneratorExit):
            return False
        if isinstance(error, BrokenPipeError):
            self.code = BROKEN_PIPE
            return True
        self.code, problem = describe(error)
        if self.debug:
            traceback.print_exception(error)
        # A stream that itself is what failed can say nothing; the exit code still does.
        with contextlib.suppress(OSError):
            say(f"[bold red]error:[/] {escaped(problem)}")
        if self.as_json:
            with contextlib.suppress(OSError):
                emit(ErrorDocument(error=problem))
        return True


def settle_streams() -> None:
    """Drop what a full or closed stream cannot take, or the interpreter's last flush would end with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def escaped(problem: Problem) -> str:
    """Return a problem as one readable text for the error console."""
    from rich.markup import escape

    where = f"{problem.where}: " if problem.where else ""
    rule = f" [{problem.rule}]" if problem.rule else ""
    remedy = f" {problem.remedy}" if problem.remedy else ""
    return escape(f"{where}{problem.message.removesuffix('.')}.{rule}{remedy}")


def describe(error: BaseException) -> tuple[int, Problem]:
    """Return the exit code and the description of an exception."""
    if isinstance(error, VallumError):
        return BAD_INPUT, Problem(
            message=error.message,
            where=error.where or None,
            rule=error.rule or None,
            remedy=error.remedy or None,
        )
    if isinstance(error, CycloptsError):
        return BAD_INPUT, Problem(message=" ".join(str(error).split()), remedy=usage(error))
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, Problem(message="interrupted before there was anything to keep.")
    if isinstance(error, MemoryError):
        return BAD_INPUT, Problem(
            message="out of memory.", remedy="Plan a smaller region, or one mode at a time."
        )
    if isinstance(error, OSError):
        where = str(error.filename) if error.filename else None
        remedy = OPERATING_SYSTEM_REMEDIES.get(error.errno or 0)
        if error.errno == errno.ENOENT and where is None:
            remedy = "Change to a folder that exists; the one that you are in seems to be gone."
        return BAD_INPUT, Problem(message=f"{error.strerror or error}.", where=where, remedy=remedy)
    return FAULT, Problem(
        message=f"a fault in Vallum: {type(error).__name__}: {error}",
        remedy="Run it again with --debug and report what that prints, with the output of vallum doctor.",
    )


def usage(error: CycloptsError) -> str:
    """Return which help page answers a mistyped command."""
    chain = " ".join(error.command_chain or ())
    return f"See: vallum {chain} --help" if chain else "See: vallum --help"
