"""The command line: one module a command, and `main`, which turns every outcome into an exit code."""

from vallum.cli.app import main

__all__ = ["main"]
