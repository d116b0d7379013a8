"""Missions, which TAK clients call data synchronisation."""

from typing import Final

from vallum.hub.marti.operation import Operation

__all__ = ["OPERATIONS"]

OPERATIONS: Final[tuple[Operation, ...]] = ()
