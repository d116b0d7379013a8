"""What every client asks first: version, contacts, groups, single events, history, video."""

from typing import Final

from vallum.hub.marti.operation import Operation

__all__ = ["OPERATIONS"]

OPERATIONS: Final[tuple[Operation, ...]] = ()
