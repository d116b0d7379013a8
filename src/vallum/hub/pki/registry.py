"""The registry: which certificates were issued, to whom, and what these users may see and do.

Nation and name are in the certificate. Groups and role are here alone, by user, so that they change without
a new certificate.
"""

import unicodedata
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from vallum.core.errors import BadInput
from vallum.hub.pki import names, versioned
from vallum.hub.pki.folder import REGISTRY, Folder

__all__ = [
    "FORMAT_VERSION",
    "Certificate",
    "Kind",
    "Registry",
    "Role",
    "User",
    "decode",
    "encode",
    "load",
    "save",
    "unknown_name",
]

FORMAT_VERSION: Final = 2
Kind = Literal["client", "server"]
Role = Literal["viewer", "member", "admin"]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class User(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What one user may see and do, whichever of its certificates it shows."""

    nation: str
    groups_in: list[str]
    groups_out: list[str]
    role: Role


class Certificate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One certificate that was issued."""

    serial: str
    "Hexadecimal, lower case."
    kind: Kind
    name: str
    "Common name: the user, or the server's first host."
    hosts: list[str] = []
    "Of a server: DNS names and IP addresses."
    nation: str | None = None
    issued: Instant
    expires: Instant
    fingerprint: str
    "SHA-256 of the whole certificate, hexadecimal, lower case."
    revoked: Instant | None = None
    reason: str | None = None
    renews: str | None = None
    "Serial number of the certificate that was shown to get this one."

    def valid(self, now: datetime) -> bool:
        """Whether it is neither expired nor revoked."""
        return self.revoked is None and now < self.expires


class Registry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    format: int = FORMAT_VERSION
    crl_number: int = 0
    users: dict[str, User] = {}
    certificates: list[Certificate] = []

    def server(self, now: datetime) -> Certificate | None:
        """Return the server certificate that was issued last, None without a valid one."""
        valid = [one for one in self.certificates if one.kind == "server" and one.valid(now)]
        return valid[-1] if valid else None

    def valid_of(self, name: str, now: datetime) -> list[Certificate]:
        """Return a user's valid certificates."""
        return [
            one for one in self.certificates if (one.name, one.kind) == (name, "client") and one.valid(now)
        ]

    def of_name(self, name: str) -> list[Certificate]:
        """Return all certificates of a name, of a user or of a server.

        Raises
        ------
        BadInput
            If there are none, and no such user.
        """
        wanted = unicodedata.normalize("NFC", name)
        found = [one for one in self.certificates if one.name == wanted]
        if not found and wanted not in self.users:
            raise unknown_name(name)
        return found

    def of_serial(self, serial: str) -> list[Certificate]:
        """Return the certificate of a serial number, and those that were had by showing it.

        Raises
        ------
        BadInput
            If there is none.
        """
        digits = serial.replace(":", "").lower().lstrip("0")
        wanted = {digits}
        # Certificates stand in the order in which they were issued.
        for one in self.certificates:
            if one.renews in wanted:
                wanted.add(one.serial)
        found = [one for one in self.certificates if one.serial in wanted]
        if not any(one.serial == digits for one in found):
            raise BadInput(
                "was not issued here", f"serial {serial[:64]!r}", "serial", "See: vallum pki list."
            )
        return found


def load(folder: Folder) -> Registry:
    """Read the registry of a folder.

    Raises
    ------
    BadInput
        If it is missing, damaged, or written by a newer Vallum.
    """
    return decode(folder.read(REGISTRY), str(folder.path / REGISTRY))


def decode(content: bytes, where: str) -> Registry:
    """Read a registry.

    Parameters
    ----------
    content : bytes
        Of the file.
    where : str
        Its name in messages.

    Raises
    ------
    BadInput
        If it is damaged, or written by a newer Vallum.
    """
    registry = versioned.decode(content, Registry, FORMAT_VERSION, "registry", where)
    _check(registry, where)
    return registry


def unknown_name(name: str) -> BadInput:
    """Return what is said of a name that is no user's."""
    return BadInput("nothing was issued to it", f"name {name[:64]!r}", "name", "See: vallum pki list.")


def encode(registry: Registry) -> bytes:
    """Return the content of the file, in lines that people can compare."""
    registry.format = FORMAT_VERSION
    return msgspec.json.format(msgspec.json.encode(registry)) + b"\n"


def save(folder: Folder, registry: Registry) -> None:
    """Write the registry of a folder that the caller has locked."""
    folder.write(REGISTRY, encode(registry))


def _check(registry: Registry, where: str) -> None:
    """Refuse what no command of Vallum writes."""
    for name, one in registry.users.items():
        try:
            written = names.user(name) == name
            names.nation(one.nation)
            names.groups((*one.groups_in, *one.groups_out))
        except BadInput as error:
            raise _damaged(f"{error.where}: {error.message}", where) from error
        if not written:
            raise _damaged(f"user {name!r} is not as Vallum writes it", where)
    serials = {one.serial for one in registry.certificates}
    if len(serials) != len(registry.certificates):
        raise _damaged("a serial number occurs twice", where)
    for issued in registry.certificates:
        if issued.kind == "client" and (issued.name not in registry.users or issued.nation is None):
            raise _damaged(f"certificate {issued.serial} is of no user", where)


def _damaged(problem: str, where: str) -> BadInput:
    return versioned.damaged(problem, "registry", where)
