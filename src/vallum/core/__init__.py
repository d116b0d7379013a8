"""Ground that every floor stands on: errors, and nothing with I/O or a clock."""

from vallum.core.errors import BadInput, VallumError

__all__ = ["BadInput", "VallumError"]
