"""What the hub asks of the operating system and tells its service manager."""

import contextlib
import os
import resource
import socket

__all__ = ["notify", "raise_open_files"]


def raise_open_files() -> int:
    """Raise the number of files this process may open as far as it may, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # A system may state a limit that it does not grant.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft


def notify(state: str) -> bool:
    """Tell systemd a state such as ``READY=1``, as sd_notify(3) does.

    Returns
    -------
    bool
        Whether there is a service manager that was told.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
    ):
        sock.sendto(state.encode(), address)
        return True
    return False
