"""Enrolment: a device gets its certificate with a password or a one-time token."""

from typing import Final

from vallum.hub.marti.operation import Operation

__all__ = ["ENROLLED", "OPERATIONS"]

OPERATIONS: Final[tuple[Operation, ...]] = ()
"""On the enrolment listener, where nobody has a certificate yet."""
ENROLLED: Final[tuple[Operation, ...]] = ()
"""On the listener for those who have one."""
