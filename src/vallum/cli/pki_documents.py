"""The JSON documents of `vallum pki`; see `vallum.cli.documents` for what holds for all of them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from vallum.hub.pki import Certificate, Registry

__all__ = [
    "EXPIRING",
    "PKI_DOCUMENTS",
    "CertificateLine",
    "PkiBackupDocument",
    "PkiInitDocument",
    "PkiListDocument",
    "PkiRevokeDocument",
    "PkiServerDocument",
    "PkiUserDocument",
    "line_of",
]

EXPIRING: Final = timedelta(days=7)

Status = Literal["valid", "expiring", "expired", "revoked"]


class CertificateLine(msgspec.Struct, kw_only=True):
    """One certificate that was issued."""

    serial: str
    kind: Literal["client", "server"]
    name: str
    nation: str | None
    hosts: list[str]
    groups_in: list[str]
    groups_out: list[str]
    role: str | None
    issued: datetime
    expires: datetime
    days_left: int
    "Whole days until it expires; negative afterwards."
    status: Status
    "expiring: within 7 days."
    revoked: datetime | None
    reason: str | None
    fingerprint: str
    "SHA-256, hexadecimal."


class PkiInitDocument(msgspec.Struct, kw_only=True):
    """`vallum pki init --json`."""

    dir: str
    name: str
    fingerprint: str
    expires: datetime


class PkiServerDocument(msgspec.Struct, kw_only=True):
    """`vallum pki server --json`."""

    dir: str
    file: str
    certificate: CertificateLine


class PkiUserDocument(msgspec.Struct, kw_only=True):
    """`vallum pki user --json`."""

    dir: str
    name: str
    nation: str
    groups_in: list[str]
    groups_out: list[str]
    role: str
    certificate: CertificateLine | None
    "null with --no-certificate."
    files: list[str]
    password: str | None
    "Of the PKCS#12 files; shown this once."
    replaced: list[str]
    "Serial numbers that --replace revoked."


class PkiRevokeDocument(msgspec.Struct, kw_only=True):
    """`vallum pki revoke --json`."""

    dir: str
    revoked: list[CertificateLine]
    "Those that were not revoked before."


class PkiListDocument(msgspec.Struct, kw_only=True):
    """`vallum pki list --json`."""

    dir: str
    certificates: list[CertificateLine]


class PkiBackupDocument(msgspec.Struct, kw_only=True):
    """`vallum pki backup --json` and `vallum pki restore --json`."""

    dir: str
    backup: str
    files: int


#: For the documents that the command line writes, by name of their schema.
PKI_DOCUMENTS: Final[dict[str, type[msgspec.Struct]]] = {
    "pki-init": PkiInitDocument,
    "pki-server": PkiServerDocument,
    "pki-user": PkiUserDocument,
    "pki-revoke": PkiRevokeDocument,
    "pki-list": PkiListDocument,
    "pki-backup": PkiBackupDocument,
}


def line_of(one: "Certificate", known: "Registry", now: datetime) -> CertificateLine:
    """Return a certificate with what the registry says of its user, and how long it is still good."""
    owner = known.users.get(one.name) if one.kind == "client" else None
    left = one.expires - now
    status: Status = "valid"
    if one.revoked is not None:
        status = "revoked"
    elif left <= timedelta():
        status = "expired"
    elif left <= EXPIRING:
        status = "expiring"
    return CertificateLine(
        serial=one.serial,
        kind=one.kind,
        name=one.name,
        nation=one.nation,
        hosts=one.hosts,
        groups_in=owner.groups_in if owner else [],
        groups_out=owner.groups_out if owner else [],
        role=owner.role if owner else None,
        issued=one.issued,
        expires=one.expires,
        days_left=left.days,
        status=status,
        revoked=one.revoked,
        reason=one.reason,
        fingerprint=one.fingerprint,
    )
