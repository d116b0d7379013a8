"""Users: a certificate with everything for their devices, or leave to fetch their own."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cyclopts import Parameter
from rich.markup import escape

from vallum.cli.options import Common
from vallum.cli.outcome import NO, OK
from vallum.cli.output import emit, show
from vallum.cli.pki.app import HERE, Place, pki, validity
from vallum.cli.pki.enrolment import Enrolment, let_enrol, print_enrolment, qr_of
from vallum.cli.pki_documents import PkiUnlockDocument, PkiUserDocument, described, line_of
from vallum.core.errors import BadInput

__all__ = ["unlock", "user"]


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
    "HOST or HOST:PORT that packages and links lead to; the server's first host and 8089 unless given."
    password: str | None = None
    "Password of the PKCS#12 files; a random one unless given."
    encryption: Literal["3des", "aes256"] = "3des"
    "Of the PKCS#12 files: 3des, which old devices read as well, or aes256."


@pki.command
def user(
    name: str,
    /,
    *,
    membership: Membership | None = None,
    handover: Handover | None = None,
    enrolment: Enrolment | None = None,
    days: int = 30,
    replace: bool = False,
    no_certificate: bool = False,
    directory: Place = HERE,
    common: Common | None = None,
) -> int:
    """Issue a user's certificate with packages for its devices, let it enrol, or change what it may see.

    Groups and role hold for all certificates of the name. Without any --group they stay as they are. With
    --token, --qr or --password-file no certificate is issued: the user's devices fetch their own.

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

    enrolment = enrolment or Enrolment()
    grouped = bool(membership.group or membership.group_in or membership.group_out)
    request = UserRequest(
        name=name,
        nation=membership.nation,
        groups_in=frozenset((*membership.group, *membership.group_in)) if grouped else None,
        groups_out=frozenset((*membership.group, *membership.group_out)) if grouped else None,
        role=membership.role,
    )
    authority, now = Authority.open(directory), datetime.now(UTC)
    if enrolment.wanted:
        refuse_together(replace or no_certificate or handover.password is not None)
        document = let_enrol(authority, request, enrolment, reached(handover.connect), now)
    elif no_certificate:
        if replace:
            raise BadInput(
                "go not together", "--replace and --no-certificate", "options", "Use vallum pki revoke."
            )
        document = described(str(directory), name, authority.change_user(request))
    else:
        password = random_password() if handover.password is None else handover.password
        host, port = reached(handover.connect)
        delivery = Delivery(password=password, host=host, port=port, encryption=handover.encryption)
        issued = authority.issue_user(request, delivery, now=now, days=days, replace=replace)
        document = described(str(directory), issued.certificate.name, issued.user)
        document.certificate = line_of(issued.certificate, authority.registry(), now)
        document.files = [str(file) for file in issued.files]
        document.password = password
        document.replaced = [one.serial for one in issued.replaced]
    if common.json:
        emit(document)
    else:
        print_user(document)
        if enrolment.qr and document.enrolment is not None:
            sys.stdout.write(qr_of(document.enrolment.link))
    return OK


@pki.command
def unlock(name: str, /, *, directory: Place = HERE, common: Common | None = None) -> int:
    """Let a user try its password again that was locked out by wrong ones.

    Exit code 1 if no wrong ones were given.

    Parameters
    ----------
    name
        Of the user.
    directory
        Folder of the certificates.
    """
    common = common or Common()
    from vallum.hub.pki.enrol import unlock as unlocked
    from vallum.hub.pki.folder import Folder

    done = unlocked(Folder(directory), name)
    if common.json:
        emit(PkiUnlockDocument(dir=str(directory), name=name, unlocked=done))
    else:
        show(f"{escape(name)} may try again." if done else "Nothing to do: no wrong passwords were given.")
    return OK if done else NO


def refuse_together(anything: object) -> None:
    """Refuse options that are for a certificate which is issued now."""
    if anything:
        raise BadInput(
            "go not with --token, --qr, --qr-file and --password-file",
            "--replace, --no-certificate and --password",
            "options",
            "Run the command twice.",
        )


def print_user(document: PkiUserDocument) -> None:
    """Print what a user may see and do, and what was made for its devices."""
    show(
        f"{escape(document.name)} of {document.nation}, {document.role}; "
        f"in: {escape(', '.join(document.groups_in) or '–')}; "
        f"out: {escape(', '.join(document.groups_out) or '–')}"
    )
    if document.password_set:
        show("The password is set: its devices enrol with it.")
    if document.enrolment is not None:
        print_enrolment(document.enrolment)
    if document.certificate is None:
        return
    show(f"New {validity(document.certificate)}", *(f"  {escape(file)}" for file in document.files))
    for serial in document.replaced:
        show(f"[bold red]revoked[/] {serial}")
    show(
        f"Password of the .p12 files, shown this once: [bold]{escape(document.password or '')}[/]",
        "The .zip packages hold it: whoever has one can connect as this user. Hand them over safely.",
    )


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
