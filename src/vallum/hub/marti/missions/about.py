"""What is said of a mission beside its name: its description and the like."""

import sqlite3
from typing import Final

import msgspec

from vallum.hub.marti.missions import limits

__all__ = ["About"]

_LINES: Final = ("chat_room", "bbox", "path", "classification", "tool")
_TEXTS: Final = ("description", "base_layer")
_POLYGON: Final = 1_000


class About(msgspec.Struct, frozen=True):
    """What clients state of a mission; None where they have stated nothing.

    Parameters
    ----------
    expiration : int
        As stated: seconds since 1970-01-01T00:00Z, or milliseconds; -1: never.
    """

    tool: str = "public"
    description: str = ""
    chat_room: str | None = None
    base_layer: str | None = None
    bbox: str | None = None
    bounding_polygon: list[str] | None = None
    path: str | None = None
    classification: str | None = None
    expiration: int = -1

    @classmethod
    def of(cls, mission: sqlite3.Row) -> "About":
        """Read it from a mission's row."""
        return msgspec.json.decode(mission["about"], type=cls)

    @property
    def column(self) -> str:
        """What the row holds."""
        return msgspec.json.encode(self).decode()

    @property
    def expires_ms(self) -> int:
        """When the mission ends, milliseconds since 1970-01-01T00:00Z; -1: never."""
        if self.expiration < 0:
            return -1
        return self.expiration * 1000 if self.expiration < 10**11 else self.expiration

    def changed(self, query: msgspec.Struct) -> "About":
        """Return it with what the query of a request states, and the rest as it was.

        Raises
        ------
        Refusal
            400 if something is too long.
        """
        stated = {}
        for field in msgspec.structs.fields(query):
            value = getattr(query, field.name)
            if field.name not in self.__struct_fields__ or value is None or value == []:
                continue
            where = f"query parameter {field.encode_name}"
            if field.name in _LINES:
                value = limits.line(value, where)
            elif field.name in _TEXTS:
                value = limits.text(value, where)
            elif field.name == "bounding_polygon":
                value = [limits.line(one, where) for one in value[:_POLYGON]]
            stated[field.name] = value
        return msgspec.structs.replace(self, **stated)
