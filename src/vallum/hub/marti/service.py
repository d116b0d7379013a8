"""What the handlers of the HTTPS side share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vallum.hub.config import Marti as Settings
from vallum.hub.marti.marking import Rules
from vallum.hub.marti.searches import Searches
from vallum.hub.marti.store import Store
from vallum.hub.pki.accounts import Accounts
from vallum.hub.pki.lockout import Lockout

if TYPE_CHECKING:
    from vallum.hub.marti.files.library import Library
    from vallum.hub.router import Router

__all__ = ["Marti"]


@dataclass(slots=True)
class Marti:
    """The HTTPS side of one hub.

    Parameters
    ----------
    router : Router
        Sessions, picture and notices.
    store : Store
        What is kept.
    journal : Path
        The journal, which histories are read from.
    files : Path
        Folder of files.
    pki : Path
        Folder of certificates.
    settings : config.Marti
        Limits.
    clock : callable
        Returns milliseconds since 1970-01-01T00:00Z.
    stream_port : int
        Of the TLS stream, for those who enrol.
    enrols : bool
        Whether certificates are issued: whether there is a listener for it.
    """

    router: "Router"
    store: Store
    journal: Path
    files: Path
    pki: Path
    settings: Settings
    clock: Callable[[], int]
    stream_port: int = 8089
    enrols: bool = False
    accounts: Accounts = field(init=False)
    rules: Rules = field(init=False)
    library: "Library" = field(init=False)
    """What is kept in `files`."""
    searches: Searches = field(default_factory=Searches)
    signing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever is issued a certificate: the folder has one lock, and who waits for it has a thread."""

    def __post_init__(self) -> None:
        self.rules = Rules(self.router.audiences)
        lockout = Lockout(self.settings.attempts, timedelta(seconds=self.settings.lockout_s))
        self.accounts = Accounts(self.pki, lockout)
