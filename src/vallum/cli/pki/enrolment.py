"""Leave to enrol: passwords, one-time tokens, the link and the QR code that a device reads."""

import io
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cyclopts import Parameter
from rich.markup import escape

from vallum.cli.output import show
from vallum.cli.pki.app import first_line
from vallum.cli.pki_documents import EnrolmentOffer, PkiUserDocument, described
from vallum.core.errors import BadInput

if TYPE_CHECKING:
    from segno import QRCode

    from vallum.hub.pki import Authority, UserRequest

__all__ = ["Enrolment", "let_enrol", "print_enrolment", "qr_of"]

LONGEST_HOURS: Final = 10**6
PICTURES: Final = (".png", ".svg")


@Parameter(name="*")
@dataclass(frozen=True)
class Enrolment:
    """How a user's devices fetch their own certificates."""

    password_file: Path | None = None
    "File whose first line is a password for the user to enrol with, at least 10 characters."
    token: bool = False
    "Make a one-time token to enrol with, and a link that holds it."
    valid: int = 24
    "How long the token is valid, hours."
    qr: bool = False
    "Show the link as a QR code, too; makes a token."
    qr_file: Path | None = None
    "Write the QR code to this file, .png or .svg; makes a token."

    @property
    def offers_token(self) -> bool:
        """Whether a token is asked for."""
        return self.token or self.qr or self.qr_file is not None

    @property
    def wanted(self) -> bool:
        """Whether any of it is asked for."""
        return self.offers_token or self.password_file is not None


def let_enrol(
    authority: "Authority",
    request: "UserRequest",
    enrolment: Enrolment,
    address: tuple[str | None, int],
    now: datetime,
) -> PkiUserDocument:
    """Let a user enrol, and return what is handed over to it."""
    from vallum.hub.pki.delivery import reachable
    from vallum.hub.pki.enrol import admit

    check_picture(enrolment.qr_file)
    password = None if enrolment.password_file is None else first_line(enrolment.password_file)
    valid, host = None, ""
    if enrolment.offers_token:
        host = reachable(authority.registry(), address[0], now)
        link_of(host, address[1], "", "")  # refuses what cannot stand in it, before anything is changed
        valid = timedelta(hours=max(-LONGEST_HOURS, min(enrolment.valid, LONGEST_HOURS)))
    made = admit(authority, request, now=now, password=password, valid=valid)
    document = described(str(authority.folder.path), made.name, made.user)
    document.password_set = password is not None
    if made.token is not None and made.expires is not None:
        document.enrolment = offer(host, address[1], made.name, made.token, made.expires, enrolment.qr_file)
    return document


def check_picture(file: Path | None) -> None:
    """Refuse a place where no QR code can be written, before there is a token that nobody has seen."""
    if file is None:
        return
    if file.suffix.lower() not in PICTURES:
        raise BadInput("is neither .png nor .svg", f"--qr-file {file}", "file", "Name it x.png.")
    if not file.absolute().parent.is_dir():
        raise BadInput("its folder is not there", f"--qr-file {file}", "file", "Make the folder first.")


def offer(
    host: str, port: int, name: str, token: str, expires: datetime, file: Path | None
) -> EnrolmentOffer:
    """Return what a device needs to enrol, and write it as a picture."""
    from vallum.hub.pki.delivery import itak_text

    link = link_of(host, port, name, token)
    if file is not None:
        from vallum.hub.pki.folder import replace

        picture = io.BytesIO()
        kind = file.suffix.lower().removeprefix(".")
        code(link).save(picture, kind=kind, scale=8)
        replace(file, picture.getvalue())
    return EnrolmentOffer(
        link=link,
        token=token,
        expires=expires,
        itak=itak_text(host, port),
        qr_file=str(file) if file else None,
    )


def link_of(host: str, port: int, name: str, token: str) -> str:
    """Return the link that a device opens."""
    from vallum.hub.pki.delivery import enrolment_link

    return enrolment_link(host, port, name, token)


def code(text: str) -> "QRCode":
    """Return a QR code."""
    import segno

    return segno.make(text, error="m", micro=False)


def qr_of(link: str) -> str:
    """Return a QR code for a terminal, with half the lines where it can show half blocks."""
    drawn = io.StringIO()
    code(link).terminal(drawn, compact=(sys.stdout.encoding or "").lower().startswith("utf"))
    return drawn.getvalue()


def print_enrolment(offered: EnrolmentOffer) -> None:
    """Print what a device needs to enrol."""
    show(
        f"One-time token, shown this once, valid until {offered.expires:%Y-%m-%d %H:%M}Z: "
        f"[bold]{offered.token}[/]",
        f"ATAK, WinTAK: {escape(offered.link)}",
        f"iTAK, as text of a QR code: {escape(offered.itak)}; it then asks for user name and token",
    )
    if offered.qr_file is not None:
        show(f"QR code: {escape(offered.qr_file)}")
    show("Whoever has the link or the code first is this user. Hand it over safely.")
