"""What the hub is, and who one is to it."""

from typing import Final

import msgspec
from starlette.responses import Response

import vallum
from vallum.hub.marti.answer import NODE, TEXT, Answer, answer, json, text
from vallum.hub.marti.operation import Call, Media, NoQuery, Operation

__all__ = ["OPERATIONS"]

_SPEAKS: Final = "5.2"
"""The version of TAK Server whose answers these are like."""
_VERSION: Final = vallum.__version__  # once: each look reads a file
_ROLES: Final = {"admin": "ROLE_ADMIN", "member": "ROLE_USER", "viewer": "ROLE_READONLY"}
_NAME: Final = 255


class ServerConfig(msgspec.Struct):
    """What clients ask at every connection."""

    version: str
    api: str
    hostname: str


async def version(_: Call) -> Response:
    """Answer the version in words; clients look for the name of the server whose language this is."""
    return text(f"Vallum {_VERSION}, speaking as TAK Server {_SPEAKS}")


async def version_config(call: Call) -> Response:
    """Answer the version for programs, and the name by which the caller knows the hub."""
    host = (call.request.url.hostname or "")[:_NAME]
    return answer("ServerConfig", ServerConfig(f"{_SPEAKS}-vallum-{_VERSION}", "3", host))


async def node(_: Call) -> Response:
    """Answer the node's name, the same for every hub."""
    return text(NODE)


async def is_admin(call: Call) -> Response:
    """Answer whether the caller is an administrator."""
    return json(call.principal.role == "admin")


async def roles(call: Call) -> Response:
    """Answer the caller's role by the names that clients know."""
    return json([_ROLES[call.principal.role]])


async def yes(_: Call) -> Response:
    """Answer that what is asked about is in order; a hub whose certificates are not does not start."""
    return answer("java.lang.String", "true")


OPERATIONS: Final = (
    Operation("GET", "/Marti/api/version", version, "The version in words", "about", answer=Media(TEXT)),
    Operation("GET", "/Marti/api/version/config", version_config, "The version", "about",
              answer=Answer[ServerConfig]),
    Operation("GET", "/Marti/api/node/id", node, "The node's name", "about", answer=Media(TEXT)),
    Operation("GET", "/Marti/api/util/isAdmin", is_admin, "Whether one is an administrator", "about", NoQuery,
              answer=bool),
    Operation("GET", "/Marti/api/util/user/roles", roles, "One's own role", "about", answer=list[str]),
    Operation("GET", "/Marti/api/security/isSecure", yes, "Whether connections are encrypted", "about",
              answer=Answer[str]),
    Operation("GET", "/Marti/api/security/verifyConfig", yes, "Whether certificates are in order", "about",
              answer=Answer[str]),
)  # fmt: skip
