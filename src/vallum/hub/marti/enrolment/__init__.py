"""Enrolment: a device gets its certificate with a password or a one-time token."""

from typing import Final

from vallum.hub.marti.enrolment import login, profile, sign
from vallum.hub.marti.operation import Operation

__all__ = ["ENROLLED", "OPERATIONS"]

ENROLLED: Final[tuple[Operation, ...]] = (*profile.OPERATIONS, *sign.OPERATIONS)
"""On the listener for those who have a certificate: to renew it."""
OPERATIONS: Final[tuple[Operation, ...]] = (*login.OPERATIONS, *profile.TOOLS, *ENROLLED)
"""On the enrolment listener, where nobody has a certificate yet."""
