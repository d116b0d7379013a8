"""Certificates: the hub's own authority, who was given what, and who may still connect."""

from vallum.hub.pki.authority import Authority, IssuedServer, IssuedUser
from vallum.hub.pki.backup import back_up, restore
from vallum.hub.pki.context import server_context
from vallum.hub.pki.delivery import Delivery
from vallum.hub.pki.directory import Directory, Refused
from vallum.hub.pki.registry import Certificate, Registry, User
from vallum.hub.pki.users import UserRequest

__all__ = [
    "Authority",
    "Certificate",
    "Delivery",
    "Directory",
    "IssuedServer",
    "IssuedUser",
    "Refused",
    "Registry",
    "User",
    "UserRequest",
    "back_up",
    "restore",
    "server_context",
]
