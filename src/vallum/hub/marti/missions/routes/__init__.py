"""What is asked of missions over HTTPS."""

from typing import Final

from vallum.hub.marti.missions.routes import contents, family, invitations, layers, log, members, missions
from vallum.hub.marti.operation import Operation

__all__ = ["OPERATIONS"]

OPERATIONS: Final[tuple[Operation, ...]] = (
    *missions.OPERATIONS,
    *family.OPERATIONS,
    *contents.OPERATIONS,
    *members.OPERATIONS,
    *invitations.OPERATIONS,
    *log.OPERATIONS,
    *layers.OPERATIONS,
)
