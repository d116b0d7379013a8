"""What the handlers of the HTTPS side share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vallum.hub.config import Marti as Settings
from vallum.hub.marti.marking import Rules
from vallum.hub.marti.store import Store

if TYPE_CHECKING:
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
    """

    router: "Router"
    store: Store
    files: Path
    pki: Path
    settings: Settings
    clock: Callable[[], int]
    stream_port: int = 8089
    rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        self.rules = Rules(self.router.audiences)
