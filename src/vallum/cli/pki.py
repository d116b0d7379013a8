"""`vallum pki`: the certificates of the hub."""

import getpass
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter
from rich.markup import escape

from vallum.cli.options import Common, a_folder
from vallum.cli.outcome import NO, OK
from vallum.cli.output import emit, show, table
from vallum.cli.pki_documents import (
    EXPIRING,
    CertificateLine,
    PkiBackupDocument,
    PkiInitDocument,
    PkiListDocument,
    PkiRevokeDocument,
    PkiServerDocument,
    PkiUserDocument,
    line_of,
)
from vallum.core.errors import BadInput

__all__ = ["pki"]

PASSPHRASE_VARIABLE: Final = "VALLUM_PKI_PASSPHRASE"  # noqa: S105 its name
PASSPHRASE_LONGEST: Final = 4096
COLOURS: Final = {"expiring": "yellow", "expired": "red", "revoked": "bold red"}

Reason = Literal[
    "unspecified",
    "key-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "privilege-withdrawn",
]
Place = Annotated[Path, Parameter(name="--dir", converter=a_folder)]
HERE: Final = Path("pki")


@Parameter(name="*")
@dataclass(frozen=True)
class Membership:
    """What a user may see and do."""

    nation: str | None = None
    "Nation of the user, two capital letters (ISO 3166-1 alpha-2); needed for a new user."
    group: tuple[str, ...] = ()
    "Group whose data comes out to the user and that its own data goes into; may be given again."
    group_in: tuple[str, ...] = ()
    "Group that the user's data goes into and whose data it does not get; may be given again."
    group_out: tuple[str, ...] = ()
    "Group whose data comes out to the user and that gets none of its own; may be given again."
    role: Literal["viewer", "member", "admin"] | None = None
    "A viewer only receives, a member also sends, an admin also operates. A new user is a member."


@Parameter(name="*")
@dataclass(frozen=True)
class Handover:
    """How a certificate reaches a device."""

    connect: str | None = None
    "HOST or HOST:PORT that the packages lead to; the server certificate's first host and 8089 unless given."
    password: str | None = None
    "Password of the PKCS#12 files; a random one unless given."
    encryption: Literal["3des", "aes256"] = "3des"
    "Of the PKCS#12 files: 3des, which old devices read as well, or aes256."


pki = App(
    name="pki",
    help="The certificates of the hub: its own authority, servers, users, revocation, backup.",
    default_parameter=Parameter(negative=""),
)


@pki.command
def init(
    *,
    directory: Place = HERE,
    name: str = "Vallum hub authority",
    days: int = 3650,
    common: Common | None = None,
) -> int:
    """Make a new authority.

    Parameters
    ----------
    directory
        Folder of the certificates, which must not exist or be empty.
    name
        Common name of the authority, as devices show it.
    days
        How long it is valid.
    """
    common = common or Common()
    from vallum.hub.pki import Authority

    made = Authority.create(directory, name=name, now=datetime.now(UTC), days=days)
    document = PkiInitDocument(
        dir=str(directory),
        name=name,
        fingerprint=made.fingerprint,
        expires=made.certificate.not_valid_after_utc,
    )
    if common.json:
        emit(document)
    else:
        show(
            f"{escape(name)}: valid until {document.expires:%Y-%m-%d}, in {escape(str(directory))}",
            f"SHA-256 {document.fingerprint}",
            "Next: vallum pki server HOST, then vallum pki user NAME --nation XX. "
            "Back it up: whoever has ca.key can let anybody in.",
        )
    return OK


@pki.command
def server(
    *hosts: str,
    directory: Place = HERE,
    days: int = 397,
    common: Common | None = None,
) -> int:
    """Issue the hub's own certificate and put it where the hub reads it.

    Parameters
    ----------
    hosts
        DNS names and IP addresses of the hub, the one that devices use first; localhost unless given.
    directory
        Folder of the certificates.
    days
        How long it is valid. More than 397 is refused by some clients.
    """
    common = common or Common()
    from vallum.hub.pki import Authority, Registry

    now = datetime.now(UTC)
    issued = Authority.open(directory).issue_server(hosts, now=now, days=days)
    certificate = line_of(issued.certificate, Registry(), now)
    if common.json:
        emit(PkiServerDocument(dir=str(directory), file=str(issued.file), certificate=certificate))
    else:
        show(
            f"{escape(', '.join(certificate.hosts))}: {validity(certificate)}",
            f"Key and certificate are in {escape(str(issued.file))}; the hub takes it when it starts.",
        )
    return OK


@pki.command
def user(
    name: str,
    /,
    *,
    membership: Membership | None = None,
    handover: Handover | None = None,
    days: int = 30,
    replace: bool = False,
    no_certificate: bool = False,
    directory: Place = HERE,
    common: Common | None = None,
) -> int:
    """Issue a user's certificate, with packages for its devices, or change what the user may see.

    Groups and role hold for all certificates of the name. Without any --group they stay as they are.

    Parameters
    ----------
    name
        Of the user.
    days
        How long the certificate is valid.
    replace
        Revoke the older certificates of the name; otherwise they stay valid until they expire.
    no_certificate
        Change groups and role alone.
    directory
        Folder of the certificates.
    """
    common, membership, handover = common or Common(), membership or Membership(), handover or Handover()
    from vallum.hub.pki import Authority, Delivery, UserRequest
    from vallum.hub.pki.stores import random_password

    grouped = bool(membership.group or membership.group_in or membership.group_out)
    request = UserRequest(
        name=name,
        nation=membership.nation,
        groups_in=frozenset((*membership.group, *membership.group_in)) if grouped else None,
        groups_out=frozenset((*membership.group, *membership.group_out)) if grouped else None,
        role=membership.role,
    )
    authority, now = Authority.open(directory), datetime.now(UTC)
    if no_certificate:
        if replace:
            raise BadInput(
                "go not together", "--replace and --no-certificate", "options", "Use vallum pki revoke."
            )
        changed = authority.change_user(request)
        issued, password = None, None
    else:
        password = random_password() if handover.password is None else handover.password
        host, port = reached(handover.connect)
        delivery = Delivery(password=password, host=host, port=port, encryption=handover.encryption)
        issued = authority.issue_user(request, delivery, now=now, days=days, replace=replace)
        changed = issued.user
    document = PkiUserDocument(
        dir=str(directory),
        name=issued.certificate.name if issued else name,
        nation=changed.nation,
        groups_in=changed.groups_in,
        groups_out=changed.groups_out,
        role=changed.role,
        certificate=line_of(issued.certificate, authority.registry(), now) if issued else None,
        files=[str(file) for file in issued.files] if issued else [],
        password=password,
        replaced=[one.serial for one in issued.replaced] if issued else [],
    )
    if common.json:
        emit(document)
    else:
        print_user(document)
    return OK


@pki.command
def revoke(
    name: str | None = None,
    /,
    *,
    serial: str | None = None,
    reason: Reason = "unspecified",
    directory: Place = HERE,
    common: Common | None = None,
) -> int:
    """Revoke all certificates of a name, or one; a running hub honours it within a second.

    Exit code 1 if all of them were revoked before.

    Parameters
    ----------
    name
        Of the user, or the first host of a server.
    serial
        Serial number of one certificate, as `vallum pki list` shows it.
    reason
        What the revocation list says.
    directory
        Folder of the certificates.
    """
    common = common or Common()
    if (name is None) == (serial is None):
        raise BadInput("give a name, or one --serial", "NAME", "options", "See: vallum pki revoke --help.")
    from vallum.hub.pki import Authority

    authority, now = Authority.open(directory), datetime.now(UTC)
    revoked = authority.revoke(now=now, name=name, serial=serial, reason=reason)
    known = authority.registry()
    document = PkiRevokeDocument(dir=str(directory), revoked=[line_of(one, known, now) for one in revoked])
    if common.json:
        emit(document)
    else:
        for one in document.revoked:
            show(f"[bold red]revoked[/] {one.serial} of {escape(one.name)}")
        if not revoked:
            show("Nothing to do: revoked before.")
    return OK if revoked else NO


@pki.command(name="list")
def list_certificates(*, directory: Place = HERE, common: Common | None = None) -> int:
    """List every certificate that was issued.

    Parameters
    ----------
    directory
        Folder of the certificates.
    """
    common = common or Common()
    from vallum.hub.pki.folder import Folder
    from vallum.hub.pki.registry import load

    known, now = load(Folder(directory)), datetime.now(UTC)
    document = PkiListDocument(
        dir=str(directory), certificates=[line_of(one, known, now) for one in known.certificates]
    )
    if common.json:
        emit(document)
    else:
        print_list(document)
    return OK


@pki.command
def backup(
    file: Path,
    /,
    *,
    passphrase_file: Path | None = None,
    directory: Place = HERE,
    common: Common | None = None,
) -> int:
    """Write everything, the authority's key included, into one encrypted file.

    The passphrase comes from --passphrase-file, from VALLUM_PKI_PASSPHRASE, or is asked for.

    Parameters
    ----------
    file
        The backup, which must not exist.
    passphrase_file
        File whose first line is the passphrase, at least 12 characters.
    directory
        Folder of the certificates.
    """
    common = common or Common()
    from vallum.hub.pki import back_up

    count = back_up(directory, file, passphrase(passphrase_file, twice=True))
    document = PkiBackupDocument(dir=str(directory), backup=str(file), files=count)
    if common.json:
        emit(document)
    else:
        show(
            f"{count} files in {escape(str(file))}. Without the passphrase nobody can read it, you included."
        )
    return OK


@pki.command
def restore(
    file: Path,
    /,
    *,
    passphrase_file: Path | None = None,
    directory: Place = HERE,
    common: Common | None = None,
) -> int:
    """Make the folder again from a backup.

    Parameters
    ----------
    file
        The backup.
    passphrase_file
        File whose first line is the passphrase.
    directory
        Folder of the certificates, which must not exist or be empty.
    """
    common = common or Common()
    from vallum.hub.pki import restore as restored

    count = restored(file, directory, passphrase(passphrase_file, twice=False))
    document = PkiBackupDocument(dir=str(directory), backup=str(file), files=count)
    if common.json:
        emit(document)
    else:
        show(
            f"{count} files in {escape(str(directory))}.",
            "What was revoked since the backup is valid again: revoke it once more.",
        )
    return OK


def validity(one: CertificateLine) -> str:
    """Return until when a certificate is valid."""
    return f"certificate {one.serial}, valid until {one.expires:%Y-%m-%d %H:%M}Z"


def print_user(document: PkiUserDocument) -> None:
    """Print what a user may see and do, and what was made for its devices."""
    show(
        f"{escape(document.name)} of {document.nation}, {document.role}; "
        f"in: {escape(', '.join(document.groups_in) or '–')}; "
        f"out: {escape(', '.join(document.groups_out) or '–')}"
    )
    if document.certificate is None:
        return
    show(f"New {validity(document.certificate)}", *(f"  {escape(file)}" for file in document.files))
    for serial in document.replaced:
        show(f"[bold red]revoked[/] {serial}")
    show(
        f"Password of the .p12 files, shown this once: [bold]{escape(document.password or '')}[/]",
        "The .zip packages hold it: whoever has one can connect as this user. Hand them over safely.",
    )


def print_list(document: PkiListDocument) -> None:
    """Print every certificate, and what to do about those that end soon."""
    shown = table(
        "", "kind", "name", "nation", "groups in", "groups out", "role", ">days", "expires", "serial"
    )
    for one in document.certificates:
        colour = COLOURS.get(one.status)
        shown.add_row(
            f"[{colour}]{one.status}[/]" if colour else one.status,
            one.kind,
            escape(", ".join(one.hosts) or one.name),
            one.nation or "",
            escape(", ".join(one.groups_in)),
            escape(", ".join(one.groups_out)),
            one.role or "",
            f"{one.days_left:,}",
            f"{one.expires:%Y-%m-%d}",
            one.serial,
        )
    show(shown)
    expiring = sum(one.status == "expiring" for one in document.certificates)
    if expiring:
        ends = "ends" if expiring == 1 else "end"
        show(f"[yellow]{expiring} {ends} within {EXPIRING.days} days[/]: issue new ones in time.")


def reached(connect: str | None) -> tuple[str | None, int]:
    """Return host and port of HOST or HOST:PORT."""
    from vallum.hub.pki.delivery import DEFAULT_PORT

    if connect is None:
        return None, DEFAULT_PORT
    host, colon, port = connect.partition(":")
    if not colon:
        return host, DEFAULT_PORT
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
        raise BadInput(
            "is not HOST or HOST:PORT", f"--connect {connect[:80]}", "address", "Write it like hub:8089."
        )
    return host, int(port)


def passphrase(file: Path | None, *, twice: bool) -> str:
    """Return the passphrase from a file, the environment, or whoever sits before the terminal."""
    if file is not None:
        with file.open("rb") as stream:
            read = stream.read(PASSPHRASE_LONGEST)
        return read.decode(errors="surrogateescape").partition("\n")[0].removesuffix("\r")
    if PASSPHRASE_VARIABLE in os.environ:
        return os.environ[PASSPHRASE_VARIABLE]
    if not sys.stdin.isatty():
        remedy = f"Give --passphrase-file, or set {PASSPHRASE_VARIABLE}."
        raise BadInput("there is no terminal to ask for it", "passphrase", "passphrase", remedy)
    typed = getpass.getpass("Passphrase: ")
    if twice and getpass.getpass("Once more: ") != typed:
        raise BadInput("the two are not the same", "passphrase", "passphrase", "Type it again.")
    return typed
