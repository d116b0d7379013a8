"""Data packages and other files."""

from vallum.hub.marti.files.operations import OPERATIONS

__all__ = ["OPERATIONS"]
