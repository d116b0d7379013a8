"""Certificates of the demonstration: of the hub's own authority, for a day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vallum.hub.demo.link import Identity
from vallum.hub.pki import Authority, Delivery, Registry, UserRequest
from vallum.hub.pki.certificates import fingerprint
from vallum.hub.pki.folder import AUTHORITY, Folder
from vallum.hub.pki.registry import Role
from vallum.hub.pki.stores import random_password

__all__ = ["identities"]

DAYS: Final = 1
_ENOUGH: Final = timedelta(hours=2)


def identities(
    pki: Path,
    nations: Sequence[str],
    *,
    now: datetime,
    prefix: str = "demo",
    role: Role = "member",
    groups: frozenset[str] | None = None,
    port: int = 8089,
) -> tuple[dict[str, Identity], bool]:
    """Return a user of each nation with a certificate that is valid for a while; issue what is missing.

    Parameters
    ----------
    pki : Path
        Folder of the certificates.
    nations : sequence of str
        Nations.
    now : datetime
        Aware.
    prefix : str
        What the users' names begin with; the nation follows.
    role : str
        What they may do.
    groups : frozenset of str, optional
        Their groups in both directions; as they are unless given.
    port : int
        Of the hub, for the packages.

    Returns
    -------
    dict of str to Identity
        The users by nation.
    bool
        Whether a certificate was issued.

    Raises
    ------
    BadInput
        If the folder holds no authority or no valid server certificate, or such a user is of another nation.
    """
    authority = Authority.open(pki)
    made, issued = {}, False
    for nation in nations:
        request = UserRequest(f"{prefix}-{nation}", nation, groups, groups, role)
        identity = _identity(authority.folder, request.name, nation)
        if _usable(authority.registry(), identity, now):
            authority.change_user(request)
        else:
            delivery = Delivery(password=random_password(), port=port)
            authority.issue_user(request, delivery, now=now, days=DAYS)
            issued = True
        made[nation] = identity
    return made, issued


def _identity(folder: Folder, user: str, nation: str) -> Identity:
    own = f"users/{user}/{user}"
    return Identity(user, nation, folder.at(f"{own}.pem"), folder.at(f"{own}.key"), folder.at(AUTHORITY))


def _usable(known: Registry, identity: Identity, now: datetime) -> bool:
    """Whether a certificate is there with its key, of this registry, and valid for long enough."""
    try:
        certificate = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
    except (OSError, ValueError):
        return False
    digest = fingerprint(certificate.public_bytes(Encoding.DER))
    return identity.key.is_file() and any(
        one.fingerprint == digest and one.nation == identity.nation and one.valid(now + _ENOUGH)
        for one in known.certificates
    )
