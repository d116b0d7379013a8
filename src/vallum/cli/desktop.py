"""Opening a file with the program that the desktop has for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["open_file"]


def opener() -> str | None:
    """Return the program that opens files on this desktop; None where there is no desktop."""
    if os.environ.get("VALLUM_NO_OPEN") == "1":
        return None
    if sys.platform == "darwin":
        return shutil.which("open")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return shutil.which("xdg-open")
    return None


def open_file(file: Path) -> bool:
    """Open a file where a desktop exists; return whether that was tried."""
    program = opener()
    if program is None:
        return False
    # The viewer outlives this command, and its own messages are none of the user's business here.
    subprocess.Popen(  # noqa: S603 - the program is found on the user's own PATH
        [program, str(file.resolve())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return True
