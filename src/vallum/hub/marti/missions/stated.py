"""What a request says of a mission."""

from typing import Annotated

import msgspec

from vallum.core.principal import Principal
from vallum.hub.marti.missions.wire import RoleName

__all__ = ["Stated"]

Uid = Annotated[str, msgspec.Meta(max_length=500)]


class Stated(msgspec.Struct, rename="camel"):
    """Query parameters of a mission that is made or changed; None where one says nothing."""

    creator_uid: Uid = ""
    group: list[str] = []
    description: str | None = None
    chat_room: str | None = None
    base_layer: str | None = None
    bbox: str | None = None
    bounding_polygon: list[str] = []
    path: str | None = None
    classification: str | None = None
    tool: str | None = None
    password: str | None = None
    default_role: RoleName | None = None
    expiration: Annotated[int, msgspec.Meta(ge=-1, le=10**14)] | None = None
    invite_only: bool | None = None
    allow_dupe: bool = False
    allow_group_change: bool = False

    @property
    def names(self) -> bool:
        """Whether it names groups."""
        return any(self.group)

    def groups_of(self, principal: Principal) -> frozenset[str]:
        """Return the groups it names; some clients write all of them into one, with commas between."""
        found: set[str] = set()
        for one in self.group:
            whole = one in principal.groups_in
            found.update([one] if whole else filter(None, (part.strip() for part in one.split(","))))
        return frozenset(found)
