"""Worker processes of solvers: started in a group of their own, and never left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

__all__ = ["death", "end", "launch"]


def launch(module: str) -> subprocess.Popen[bytes]:
    """Start a module of this package as a process that is talked to over its standard input and output."""
    return subprocess.Popen(  # noqa: S603 this Python, this package
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(worker: subprocess.Popen[bytes], talk: threading.Thread | None = None) -> None:
    """Make sure that nothing of the worker is left; it leads a group of its own.

    Parameters
    ----------
    worker : process
    talk : Thread, optional
        Whoever reads from it; ends when the worker does.
    """
    if worker.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    if talk is not None:
        talk.join()
    for pipe in (worker.stdin, worker.stdout):
        with contextlib.suppress(BrokenPipeError):
            if pipe is not None:
                pipe.close()


def death(code: int | None) -> str:
    """How a worker ended that gave no answer, for a message."""
    if code is not None and code < 0:
        return f"was killed by {signal.Signals(-code).name}, perhaps for want of memory"
    return f"ended with code {code} and without an answer"
