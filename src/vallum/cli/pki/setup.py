"""The authority, and the hub's own certificate."""

from datetime import UTC, datetime

from rich.markup import escape

from vallum.cli.options import Common
from vallum.cli.outcome import OK
from vallum.cli.output import emit, show
from vallum.cli.pki.app import HERE, Place, pki, validity
from vallum.cli.pki_documents import PkiInitDocument, PkiServerDocument, line_of

__all__ = ["init", "server"]


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
