"""The commands, and the one place where an outcome becomes an exit code and a message."""

import sys
from collections.abc import Sequence

from cyclopts import App, Parameter

from vallum.cli import (
    audit,
    check,
    compare,
    doctor,
    evacuate,
    explain,
    export,
    fiscal,
    hub_demo,
    hub_replay,
    line,
    plan,
    portfolio,
    report,
    scenarios,
    sky,
)
from vallum.cli.hub import hub
from vallum.cli.outcome import Boundary, settle_streams
from vallum.cli.output import OwnConsole, open_closed_streams
from vallum.cli.pki import pki

__all__ = ["app", "main"]

#: In the order of their use. Each imports what is heavy only when it runs.
COMMANDS = {
    command.__name__: command
    for command in (
        check.check,
        scenarios.scenarios,
        plan.plan,
        audit.audit,
        compare.compare,
        explain.explain,
        export.export,
        portfolio.portfolio,
        fiscal.fiscal,
        line.line,
        sky.sky,
        evacuate.evacuate,
        report.report,
        doctor.doctor,
    )
}

hub.command(hub_replay.replay)
hub.command(hub_replay.export)
hub.command(hub_demo.demo)
#: Commands that have commands of their own.
GROUPS = {"pki": pki, "hub": hub}


def version() -> str:
    """Return the version of the installed package."""
    import vallum

    return vallum.__version__


app = App(
    name="vallum",
    help="Joint defence planning, and the shared picture of units of several nations.",
    help_epilogue="Exit codes: 0 done, 1 the answer is no, 2 bad input, 70 fault in Vallum, 130 interrupted.",
    version=version,
    default_parameter=Parameter(negative=""),
    result_action="return_value",
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
)
for name, command in COMMANDS.items():
    app.command(command, name=name)
for name, group in GROUPS.items():
    app.command(group, name=name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name; those of the process unless given.

    Returns
    -------
    int
        The exit code, as docs/reference/cli.md lists them.
    """
    open_closed_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    with Boundary(as_json="--json" in words, debug="--debug" in words) as boundary:
        answer = app(words, console=OwnConsole())
        boundary.code = answer if isinstance(answer, int) else 0
        # A closed pipe shows itself here and not while the interpreter shuts down.
        sys.stdout.flush()
    settle_streams()
    return boundary.code
