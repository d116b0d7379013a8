"""What was issued: listing it, revoking it."""

from datetime import UTC, datetime
from typing import Final, Literal
from unicodedata import normalize

from rich.markup import escape

from vallum.cli.options import Common
from vallum.cli.outcome import NO, OK
from vallum.cli.output import emit, show, table
from vallum.cli.pki.app import HERE, Place, pki
from vallum.cli.pki_documents import (
    EXPIRING,
    AccountLine,
    PkiListDocument,
    PkiRevokeDocument,
    account_of,
    line_of,
)
from vallum.core.errors import BadInput

__all__ = ["list_certificates", "revoke"]

COLOURS: Final = {"expiring": "yellow", "expired": "red", "revoked": "bold red"}

Reason = Literal[
    "unspecified",
    "key-compromise",
    "affiliation-changed",
    "superseded",
    "cessation-of-operation",
    "privilege-withdrawn",
]


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

    With a name its password and tokens are withdrawn, too. With a serial number the certificates go that
    were renewed from that one.

    Exit code 1 if there was nothing left to revoke.

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
    from vallum.hub.pki import Authority, credentials

    authority, now = Authority.open(directory), datetime.now(UTC)
    withdrawn = name is not None and credentials.load(authority.folder).knows(normalize("NFC", name))
    revoked = authority.revoke(now=now, name=name, serial=serial, reason=reason)
    known = authority.registry()
    document = PkiRevokeDocument(
        dir=str(directory), revoked=[line_of(one, known, now) for one in revoked], withdrawn=withdrawn
    )
    if common.json:
        emit(document)
    else:
        for one in document.revoked:
            show(f"[bold red]revoked[/] {one.serial} of {escape(one.name)}")
        if withdrawn:
            show(f"[bold red]withdrawn[/] password and tokens of {escape(name or '')}")
        elif not revoked:
            show("Nothing to do: revoked before.")
    return OK if revoked or withdrawn else NO


@pki.command(name="list")
def list_certificates(*, directory: Place = HERE, common: Common | None = None) -> int:
    """List every certificate that was issued, and who may still enrol.

    Parameters
    ----------
    directory
        Folder of the certificates.
    """
    common = common or Common()
    from vallum.hub.pki import credentials
    from vallum.hub.pki.folder import Folder
    from vallum.hub.pki.registry import load

    known, kept, now = load(Folder(directory)), credentials.load(Folder(directory)), datetime.now(UTC)
    document = PkiListDocument(
        dir=str(directory),
        certificates=[line_of(one, known, now) for one in known.certificates],
        users=[account_of(name, known, kept, now) for name in sorted(known.users)],
    )
    if common.json:
        emit(document)
    else:
        print_list(document)
    return OK


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
    print_accounts([one for one in document.users if not one.enrolled or one.tokens or one.locked_until])


def enrolled(one: AccountLine) -> str:
    """Say whether a user has enrolled, and if not, whether it can."""
    if one.enrolled:
        return "yes"
    return "[yellow]not yet[/]" if one.password or one.tokens else "[bold red]no way to[/]"


def print_accounts(users: list[AccountLine]) -> None:
    """Print who has not enrolled yet, who still may, and who is locked out."""
    if not users:
        return
    shown = table("user", "nation", "enrolled", "password", "open tokens until", "locked out until")
    for one in users:
        shown.add_row(
            escape(one.name),
            one.nation,
            enrolled(one),
            "yes" if one.password else "",
            ", ".join(f"{token.expires:%Y-%m-%d %H:%M}Z" for token in one.tokens),
            f"[red]{one.locked_until:%Y-%m-%d %H:%M:%S}Z[/]" if one.locked_until else "",
        )
    show("", shown)
