"""Users that get their certificates themselves: let in, and given a certificate for their own key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from vallum.hub.pki import certificates as make
from vallum.hub.pki import credentials, names, registry
from vallum.hub.pki.authority import Authority, lifetime
from vallum.hub.pki.credentials import Proof, Unproven
from vallum.hub.pki.folder import Folder
from vallum.hub.pki.registry import User
from vallum.hub.pki.users import UserRequest, changed

__all__ = ["Admitted", "admit", "enrol", "unlock"]

#: Of one user at once: a stolen certificate must not fill the registry.
MOST_VALID: Final = 64


@dataclass(frozen=True, slots=True)
class Admitted:
    """A user as the registry has it now, and the token that was made for it; it is not kept."""

    name: str
    user: User
    token: str | None
    expires: datetime | None


def enrol(
    authority: Authority,
    name: str,
    public: CertificatePublicKeyTypes,
    *,
    now: datetime,
    days: int,
    proof: Proof | None = None,
    renews: str | None = None,
) -> x509.Certificate:
    """Issue a certificate for a key that a device has made, against a proof or an older certificate.

    Parameters
    ----------
    authority : Authority
        Who issues.
    name : str
        Of the user.
    public : public key
        Already checked, as `read_request` does.
    now : datetime
        Aware.
    days : int
        Validity.
    proof : Proof, optional
        What the user has shown; a token is used up before the certificate is there.
    renews : str, optional
        Serial number of the certificate that the user has shown.

    Raises
    ------
    Unproven
        If the proof or the certificate is not good any more, or the user has too many certificates.
    BadInput
        If the authority has expired.
    """
    with authority.folder.locked():
        known = authority.registry()
        user, valid = known.users.get(name), known.valid_of(name, now)
        if user is None:
            raise Unproven("there is no such user")
        if len(valid) >= MOST_VALID:
            raise Unproven(f"the user has {MOST_VALID} valid certificates, and may have no more")
        nation = user.nation
        if proof is not None:
            credentials.spend(authority.folder, proof, now)
        else:
            nation = next((one.nation or "" for one in valid if one.serial == renews), "")
            if not nation:
                raise Unproven("the certificate is not valid any more")
        issued = make.client_certificate(
            authority.certificate, authority.key, public, name, nation, now, lifetime(days)
        )
        entry = make.entry_of(issued, "client", name, now, nation=nation, renews=renews)
        known.certificates.append(entry)
        registry.save(authority.folder, known)
    return issued


def admit(
    authority: Authority,
    request: UserRequest,
    *,
    now: datetime,
    password: str | None = None,
    valid: timedelta | None = None,
) -> Admitted:
    """Let a user in that gets its certificates itself, or change one.

    Parameters
    ----------
    authority : Authority
        Of the folder.
    request : UserRequest
        Who, and what it may see and do.
    now : datetime
        Aware.
    password : str, optional
        In place of the one before.
    valid : timedelta, optional
        How long a one-time token is valid; none is made unless given.

    Raises
    ------
    BadInput
        If request, password or validity cannot be used; nothing is changed then.
    """
    folder = authority.folder
    with folder.locked():
        known, kept = authority.registry(), credentials.load(folder)
        name, user = changed(known, request, may_move=False)
        known.users[name] = user
        if password is not None:
            kept.set_password(name, password)
        secret, token = kept.give_token(name, valid, now) if valid is not None else (None, None)
        registry.save(folder, known)
        if password is not None or token is not None:
            credentials.save(folder, kept)
    return Admitted(name, user, secret, token.expires if token else None)


def unlock(folder: Folder, name: str) -> bool:
    """Forget the wrong passwords given for a name, and return whether there were any."""
    name = names.user(name)
    with folder.locked():
        kept = credentials.load(folder)
        if kept.failures.pop(name, None) is None:
            return False
        credentials.save(folder, kept)
    return True
