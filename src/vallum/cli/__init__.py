"""The command line: one module a command, and `main`, which turns every outcome into an exit code."""

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see `vallum.cli.app.main`.

    The commands are imported here, so that Ctrl-C in these first moments ends like one at any other time.
    """
    try:
        from vallum.cli.app import main as run
    except KeyboardInterrupt:
        return 130
    return run(arguments)
