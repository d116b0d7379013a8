"""What every client asks first: version, contacts, groups, single events, history, video."""

from typing import Final

from vallum.hub.marti.basics import about, absent, clients, events, export, groups, video
from vallum.hub.marti.operation import Operation

__all__ = ["OPERATIONS"]

OPERATIONS: Final[tuple[Operation, ...]] = (
    *about.OPERATIONS,
    *clients.OPERATIONS,
    *groups.OPERATIONS,
    *events.OPERATIONS,
    *export.OPERATIONS,
    *video.OPERATIONS,
    *absent.OPERATIONS,
)
