"""The JSON documents of `vallum pki`; see `vallum.cli.documents` for what holds for all of them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from vallum.hub.pki import Certificate, Registry, User
    from vallum.hub.pki.credentials import Credentials

__all__ = [
    "EXPIRING",
    "PKI_DOCUMENTS",
    "AccountLine",
    "CertificateLine",
    "EnrolmentOffer",
    "PkiBackupDocument",
    "PkiInitDocument",
    "PkiListDocument",
    "PkiRevokeDocument",
    "PkiServerDocument",
    "PkiUnlockDocument",
    "PkiUserDocument",
    "TokenLine",
    "account_of",
    "described",
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


class EnrolmentOffer(msgspec.Struct, kw_only=True):
    """What a device needs to fetch its own certificate once."""

    link: str
    "For ATAK and WinTAK; holds the token."
    itak: str
    "For iTAK: the server, to which user name and token are then typed."
    token: str
    "Shown this once."
    expires: datetime
    qr_file: str | None
    "Picture of the link, with --qr-file."


class PkiUserDocument(msgspec.Struct, kw_only=True):
    """`vallum pki user --json`."""

    dir: str
    name: str
    nation: str
    groups_in: list[str]
    groups_out: list[str]
    role: str
    certificate: CertificateLine | None = None
    "null unless one was issued."
    files: list[str] = []
    password: str | None = None
    "Of the PKCS#12 files; shown this once."
    replaced: list[str] = []
    "Serial numbers that --replace revoked."
    password_set: bool = False
    "Whether --password-file has set a password to enrol with."
    enrolment: EnrolmentOffer | None = None
    "With --token, --qr or --qr-file."


class PkiRevokeDocument(msgspec.Struct, kw_only=True):
    """`vallum pki revoke --json`."""

    dir: str
    revoked: list[CertificateLine]
    "Those that were not revoked before."
    withdrawn: bool
    "Whether the name had a password or a token, which it has no more."


class PkiUnlockDocument(msgspec.Struct, kw_only=True):
    """`vallum pki unlock --json`."""

    dir: str
    name: str
    unlocked: bool
    "Whether wrong passwords had been given."


class TokenLine(msgspec.Struct, kw_only=True):
    """A one-time token that was not used yet."""

    issued: datetime
    expires: datetime


class AccountLine(msgspec.Struct, kw_only=True):
    """One user, and how it may enrol."""

    name: str
    nation: str
    groups_in: list[str]
    groups_out: list[str]
    role: str
    enrolled: bool
    "Whether it was ever issued a certificate."
    password: bool
    tokens: list[TokenLine]
    "Those that are open."
    locked_until: datetime | None


class PkiListDocument(msgspec.Struct, kw_only=True):
    """`vallum pki list --json`."""

    dir: str
    certificates: list[CertificateLine]
    users: list[AccountLine]


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
    "pki-unlock": PkiUnlockDocument,
    "pki-backup": PkiBackupDocument,
}


def described(directory: str, name: str, user: "User") -> PkiUserDocument:
    """Return a document of what a user may see and do."""
    return PkiUserDocument(
        dir=directory,
        name=name,
        nation=user.nation,
        groups_in=user.groups_in,
        groups_out=user.groups_out,
        role=user.role,
    )


def account_of(name: str, known: "Registry", kept: "Credentials", now: datetime) -> AccountLine:
    """Return a user with how it may enrol."""
    user, failures = known.users[name], kept.failures.get(name)
    return AccountLine(
        name=name,
        nation=user.nation,
        groups_in=user.groups_in,
        groups_out=user.groups_out,
        role=user.role,
        enrolled=any(one.kind == "client" and one.name == name for one in known.certificates),
        password=name in kept.passwords,
        tokens=[
            TokenLine(issued=one.issued, expires=one.expires)
            for one in kept.tokens.get(name, ())
            if one.open(now)
        ],
        locked_until=failures.until if failures and failures.locked(now) else None,
    )


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
