"""The group of commands, and what several of them share."""

from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from vallum.cli.options import a_folder
from vallum.cli.pki_documents import CertificateLine

__all__ = ["HERE", "LONGEST_LINE", "Place", "first_line", "pki", "validity"]

LONGEST_LINE: Final = 4096
Place = Annotated[Path, Parameter(name="--dir", converter=a_folder)]
HERE: Final = Path("pki")

pki = App(
    name="pki",
    help="The certificates of the hub: its own authority, servers, users, revocation, backup.",
    default_parameter=Parameter(negative=""),
)


def validity(one: CertificateLine) -> str:
    """Return until when a certificate is valid."""
    return f"certificate {one.serial}, valid until {one.expires:%Y-%m-%d %H:%M}Z"


def first_line(file: Path) -> str:
    """Return the first line of a file that holds a secret."""
    with file.open("rb") as stream:
        read = stream.read(LONGEST_LINE)
    return read.decode(errors="surrogateescape").partition("\n")[0].removesuffix("\r")
