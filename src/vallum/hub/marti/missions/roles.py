"""What somebody may do in a mission."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from vallum.hub.marti.missions.wire import Role, RoleName

__all__ = ["OWNER", "READONLY", "SUBSCRIBER", "Permission", "best", "grants", "role", "within"]

OWNER: Final[RoleName] = "MISSION_OWNER"
SUBSCRIBER: Final[RoleName] = "MISSION_SUBSCRIBER"
READONLY: Final[RoleName] = "MISSION_READONLY_SUBSCRIBER"

Permission = Literal[
    "MISSION_READ", "MISSION_WRITE", "MISSION_DELETE", "MISSION_SET_ROLE", "MISSION_SET_PASSWORD",
    "MISSION_UPDATE_GROUPS", "MISSION_MANAGE_FEEDS", "MISSION_MANAGE_LAYERS",
]  # fmt: skip

_PERMISSIONS: Final[dict[RoleName, tuple[str, ...]]] = {
    OWNER: get_args(Permission),
    SUBSCRIBER: ("MISSION_READ", "MISSION_WRITE"),
    READONLY: ("MISSION_READ",),
}
_ORDER: Final = (READONLY, SUBSCRIBER, OWNER)


def role(name: RoleName) -> Role:
    """Return a role with its permissions, as clients read it."""
    return Role(name, list(_PERMISSIONS[name]))


def grants(name: RoleName, permission: Permission) -> bool:
    """Whether a role has a permission."""
    return permission in _PERMISSIONS[name]


def best(names: Iterable[RoleName]) -> RoleName | None:
    """Return the role that may do the most, None of none."""
    return max(names, key=_ORDER.index, default=None)


def within(name: RoleName, limit: RoleName) -> RoleName:
    """Return a role, or the limit if the role may do more."""
    return min(name, limit, key=_ORDER.index)
