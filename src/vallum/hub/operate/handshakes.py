"""TLS handshakes that fail: the event loop drops these connections without a word, and nobody learns why."""

import ssl
from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

__all__ = ["FAILED", "noting_failures"]

FAILED: Final = "TLS: "
"""What the reasons begin with."""

log = structlog.get_logger("vallum.hub")


def noting_failures(context: ssl.SSLContext, turned_away: Counter[str], listener: str) -> ssl.SSLContext:
    """Have a listener's TLS settings count and log the handshakes that fail.

    Parameters
    ----------
    context : SSLContext
        The settings, which are changed.
    turned_away : Counter
        Where they are counted, by reason.
    listener : str
        Name of the listener.

    Returns
    -------
    SSLContext
        The same settings.
    """

    def note(reason: str) -> None:
        turned_away[reason] += 1
        count = turned_away[reason]
        if count & (count - 1) == 0:  # the first, and then ever more rarely
            log.warning("handshake failed", listener=listener, reason=reason, count=count)

    context.sslobject_class = _noting(note)
    return context


def _noting(note: Callable[[str], None]) -> type[ssl.SSLObject]:
    class Noting(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                note(_reason(error))
                raise

    return Noting


def _reason(error: ssl.SSLError) -> str:
    """Say in OpenSSL's fixed words why, without anything that the peer sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{FAILED}{error.verify_message}"
    return f"{FAILED}{(error.reason or 'unknown').replace('_', ' ').lower()}"
