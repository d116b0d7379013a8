"""Whether the hub does its work, and what keeps it from that."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from cryptography import x509

from vallum.core.errors import BadInput
from vallum.hub.pki.folder import SERVER, Folder

if TYPE_CHECKING:
    from vallum.hub.journal import JournalState
    from vallum.hub.server import Hub

__all__ = ["Trouble", "Watched", "journal_of", "server_certificate_ends", "troubles"]


@runtime_checkable
class Watched(Protocol):
    """A recorder that can say how it is."""

    def state(self) -> "JournalState":
        """Return how it is."""


class Trouble(NamedTuple):
    """Something that is wrong."""

    part: str
    """``listeners``, ``certificates`` or ``journal``."""
    text: str
    """What it is, for whoever operates the hub."""


def journal_of(hub: "Hub") -> "JournalState | None":
    """Return how the journal is, None without one."""
    recorder: object = hub.router.recorder
    return recorder.state() if isinstance(recorder, Watched) else None


def troubles(hub: "Hub", now: datetime) -> list[Trouble]:
    """Return what keeps the hub from doing all of its work.

    Parameters
    ----------
    hub : Hub
        The hub.
    now : datetime
        Aware.
    """
    found = []
    if not hub.addresses:
        found.append(Trouble("listeners", "no listener is open"))
    if hub.directory is not None and hub.directory.trouble:
        found.append(Trouble("certificates", hub.directory.trouble))
    if any(listener.enabled and listener.uses_tls for listener in hub.config.listeners):
        try:
            ends = server_certificate_ends(hub.folder / hub.config.pki)
        except (BadInput, OSError) as error:
            found.append(Trouble("certificates", str(error)))
        else:
            if ends <= now:
                text = (
                    f"the hub's own certificate expired on {ends:%Y-%m-%d}: vallum pki server, then restart"
                )
                found.append(Trouble("certificates", text))
    journal = journal_of(hub)
    if journal is not None and journal.trouble:
        found.append(Trouble("journal", journal.trouble))
    return found


def server_certificate_ends(pki: Path) -> datetime:
    """Return until when the hub's own certificate is valid.

    Raises
    ------
    BadInput
        If it is missing or damaged.
    """
    folder = Folder(pki)
    try:
        return x509.load_pem_x509_certificate(folder.read(SERVER)).not_valid_after_utc
    except ValueError as error:
        raise BadInput(
            "is damaged", str(folder.at(SERVER)), "server", "Issue one with: vallum pki server."
        ) from error
