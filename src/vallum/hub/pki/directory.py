"""Who may connect now: what the hub asks at each handshake and again whenever the answer may have changed."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

from cryptography import x509

from vallum.core.errors import BadInput
from vallum.core.principal import Principal
from vallum.hub.pki import registry
from vallum.hub.pki.certificates import fingerprint, read_authority, read_revoked, serial_of
from vallum.hub.pki.folder import AUTHORITY, REGISTRY, REVOKED, Folder, State, state
from vallum.hub.pki.registry import Certificate, Registry, User

__all__ = ["Directory", "Refused", "principal_of"]

UNKNOWN: Final = "unknown"
NOT_A_CLIENT: Final = "not a client"
REVOKED_WORD: Final = "revoked"
EXPIRED: Final = "expired"
NOT_YET: Final = "not yet valid"


class Refused(Exception):
    """A certificate that may not connect.

    Parameters
    ----------
    reason : str
        ``revoked``, ``expired``, ``not yet valid``, ``unknown`` or ``not a client``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def principal_of(name: str, nation: str, user: User, certificate: str = "") -> Principal:
    """Return a user as a principal; `certificate` is the fingerprint of the one it shows."""
    return Principal(
        name=name,
        nation=nation,
        groups_in=frozenset(user.groups_in),
        groups_out=frozenset(user.groups_out),
        role=user.role,
        certificate=certificate,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What the registry says, arranged for look-ups by fingerprint."""

    issued: dict[str, Certificate]
    principals: dict[str, Principal]

    @classmethod
    def of(cls, content: Registry) -> "_Known":
        issued = {one.fingerprint: one for one in content.certificates}
        principals = {}
        for one in issued.values():
            if one.kind == "client" and one.nation is not None:
                user = content.users[one.name]
                principals[one.fingerprint] = principal_of(one.name, one.nation, user, one.fingerprint)
        return cls(issued, principals)


class Directory:
    """The certificates of a folder as the hub sees them; made by `Directory.open`.

    Registry and revocation list are read apart: when one of them cannot be read, its last good state stays,
    the other is still followed, and `trouble` says what is wrong. A certificate is refused as soon as either
    of the two revokes it.
    """

    def __init__(
        self, folder: Folder, authority: x509.Certificate, known: _Known, listed: frozenset[str]
    ) -> None:
        self._folder = folder
        self._authority = authority
        self._known = known
        self._listed = listed
        self._seen: dict[str, State] = {}
        self._troubles: dict[str, str] = {}
        self._reading = Lock()

    @classmethod
    def open(cls, path: Path | str) -> "Directory":
        """Read a folder.

        Parameters
        ----------
        path : path-like
            The folder that `vallum pki init` made.

        Raises
        ------
        BadInput
            If the authority's certificate, the registry or the revocation list is missing or damaged.
        """
        folder = Folder(Path(path))
        authority = read_authority(folder.read(AUTHORITY), str(folder.path / AUTHORITY))
        # Before the content: a change in between is then seen as one.
        seen = {name: state(folder.path / name) for name in (REGISTRY, REVOKED)}
        made = cls(folder, authority, _read_known(folder), _read_listed(folder, authority))
        made._seen = seen
        return made

    @property
    def trouble(self) -> str | None:
        """What keeps the last reading from being followed, None if nothing does."""
        return " ".join(self._troubles.values()) or None

    def principal(self, der: bytes, now: datetime) -> Principal:
        """Return whose certificate this is.

        That it is signed by the authority, and that the other side has its key, is what the TLS handshake
        has shown; here it is looked up among those issued, by serial number and fingerprint.

        Parameters
        ----------
        der : bytes
            The certificate, as `ssl.SSLObject.getpeercert(True)` gives it.
        now : datetime
            Aware.

        Raises
        ------
        Refused
            If it may not connect.
        """
        digest = fingerprint(der)
        entry = self._known.issued.get(digest)
        if entry is None:
            raise Refused(UNKNOWN)
        certificate = x509.load_der_x509_certificate(der)
        if entry.serial != serial_of(certificate):
            raise Refused(UNKNOWN)
        principal = self._known.principals.get(digest)
        if principal is None:
            raise Refused(NOT_A_CLIENT)
        if entry.revoked is not None or entry.serial in self._listed:
            raise Refused(REVOKED_WORD)
        if now >= certificate.not_valid_after_utc:
            raise Refused(EXPIRED)
        if now < certificate.not_valid_before_utc:
            raise Refused(NOT_YET)
        return principal

    def refresh(self) -> bool:
        """Read again what has changed on disk; two look-ups of the file system when nothing has.

        From any thread: whoever comes while another reads has what that one has read.

        Returns
        -------
        bool
            Whether something was read anew, so that whoever is connected has to be asked again.
        """
        with self._reading:
            return self._refresh()

    def _refresh(self) -> bool:
        changed = False
        for name in (REGISTRY, REVOKED):
            found = state(self._folder.path / name)
            if found == self._seen.get(name) and name not in self._troubles:
                continue
            try:
                self._read(name)
            except (BadInput, OSError) as error:
                self._troubles[name] = str(error)
                continue
            self._troubles.pop(name, None)
            changed = changed or found != self._seen.get(name)
            self._seen[name] = found
        return changed

    def _read(self, name: str) -> None:
        if name == REGISTRY:
            self._known = _read_known(self._folder)
        else:
            self._listed = _read_listed(self._folder, self._authority)


def _read_known(folder: Folder) -> _Known:
    return _Known.of(registry.load(folder))


def _read_listed(folder: Folder, authority: x509.Certificate) -> frozenset[str]:
    return read_revoked(folder.read(REVOKED), authority, str(folder.path / REVOKED))
