"""The authority: issues certificates, changes users, revokes. Each change is made under the folder's lock."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from vallum.core.errors import BadInput
from vallum.hub.pki import certificates as make
from vallum.hub.pki import credentials, names, registry
from vallum.hub.pki.delivery import Delivery, files_of_user, reachable
from vallum.hub.pki.folder import AUTHORITY, KEY, REVOKED, SERVER, Folder, staged
from vallum.hub.pki.registry import Certificate, Registry, User
from vallum.hub.pki.users import UserRequest, changed

__all__ = ["Authority", "IssuedServer", "IssuedUser", "lifetime"]

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 397
CLIENT_DAYS: Final = 30
MOST_DAYS: Final = 36_500
LOCALHOST: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class IssuedServer:
    """A server's new certificate and the file with its key."""

    certificate: Certificate
    file: Path


@dataclass(frozen=True, slots=True)
class IssuedUser:
    """A user as the registry has it now, its new certificate, its files, and what was revoked for it."""

    user: User
    certificate: Certificate
    files: tuple[Path, ...]
    replaced: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class Authority:
    """Whoever can open the key of a folder.

    Parameters
    ----------
    folder : Folder
        The folder.
    certificate : Certificate
        Of the authority.
    key : EllipticCurvePrivateKey
        Its key.
    """

    folder: Folder
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, path: Path, *, name: str, now: datetime, days: int = AUTHORITY_DAYS) -> "Authority":
        """Make a new authority in a folder that does not exist or is empty.

        Parameters
        ----------
        path : Path
            Of the folder.
        name : str
            Common name, 1 to 64 characters.
        now : datetime
            Aware.
        days : int
            How long the authority is valid.

        Raises
        ------
        BadInput
            If the folder is not empty, or the name or the days cannot be used.
        """
        checked, validity = names.user(name), lifetime(days)
        key = make.new_key()
        certificate = make.authority_certificate(key, checked, now, validity)
        with staged(path) as folder:
            folder.write(KEY, make.pem_of_key(key))
            folder.write(AUTHORITY, make.pem(certificate))
            authority = cls(folder, certificate, key)
            authority._publish(Registry(), now)
        return cls(Folder(path), certificate, key)

    @classmethod
    def open(cls, path: Path) -> "Authority":
        """Open the authority of a folder.

        Raises
        ------
        BadInput
            If certificate or key is missing or damaged, or others than the owner may read the key.
        """
        folder = Folder(path)
        certificate = make.read_authority(folder.read(AUTHORITY), str(path / AUTHORITY))
        key = make.read_key(folder.read(KEY), certificate, str(path / KEY))
        if (path / KEY).stat().st_mode & 0o077:
            remedy = f"Run: chmod 600 '{path / KEY}'. Make a new authority if others may have read it."
            raise BadInput("others than its owner may use it", str(path / KEY), "file mode", remedy)
        return cls(folder, certificate, key)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its certificate, hexadecimal."""
        return make.fingerprint(self.certificate.public_bytes(Encoding.DER))

    def registry(self) -> Registry:
        """Return the registry as it is now."""
        return registry.load(self.folder)

    def issue_server(
        self, hosts: Iterable[str] = (), *, now: datetime, days: int = SERVER_DAYS
    ) -> IssuedServer:
        """Issue a server certificate and put it, with its key, where the hub reads it.

        Parameters
        ----------
        hosts : iterable of str
            DNS names and IP addresses; the first is the common name. Those of this machine unless given.
        now : datetime
            Aware.
        days : int
            Validity; 397 is what every client takes.

        Raises
        ------
        BadInput
            If a host or the days cannot be used.
        """
        named = list(dict.fromkeys(names.host(host) for host in hosts)) or list(LOCALHOST)
        validity = lifetime(days)
        with self.folder.locked():
            known = self.registry()
            key = make.new_key()
            issued = make.server_certificate(
                self.certificate, self.key, key.public_key(), named, now, validity
            )
            entry = make.entry_of(issued, "server", named[0], now, hosts=named)
            known.certificates.append(entry)
            # The file first: a kill in between leaves a certificate that works and is not listed.
            self.folder.write(SERVER, make.pem_of_key(key) + make.pem(issued))
            registry.save(self.folder, known)
        return IssuedServer(entry, self.folder.at(SERVER))

    def issue_user(
        self,
        request: UserRequest,
        delivery: Delivery,
        *,
        now: datetime,
        days: int = CLIENT_DAYS,
        replace: bool = False,
    ) -> IssuedUser:
        """Issue a user's certificate with everything that devices need.

        The older certificates of the name stay valid, unless they are replaced.

        Parameters
        ----------
        request : UserRequest
            Who, and what it may see and do.
        delivery : Delivery
            How it reaches a device.
        now : datetime
            Aware.
        days : int
            Validity.
        replace : bool
            Revoke the older certificates of the name.

        Raises
        ------
        BadInput
            If a name cannot be used, there is no server certificate, the nation changes without `replace`.
        """
        validity = lifetime(days)
        names.password(delivery.password)
        with self.folder.locked():
            known = self.registry()
            name, user = changed(known, request, may_move=replace)
            host = reachable(known, delivery.host, now)
            key = make.new_key()
            issued = make.client_certificate(
                self.certificate, self.key, key.public_key(), name, user.nation, now, validity
            )
            entry = make.entry_of(issued, "client", name, now, nation=user.nation)
            older = tuple(known.valid_of(name, now)) if replace else ()
            for one in older:
                one.revoked, one.reason = now, "superseded"
            known.users[name] = user
            known.certificates.append(entry)
            content = files_of_user(key, issued, self.certificate, entry, host, delivery)
            for file, written in content.items():
                self.folder.write(file, written)
            self._publish(known, now, listed=bool(older))
        return IssuedUser(user, entry, tuple(self.folder.at(file) for file in content), older)

    def change_user(self, request: UserRequest) -> User:
        """Change groups and role of a user, for all of its certificates at once.

        Raises
        ------
        BadInput
            If there is no such user, or the request cannot be used.
        """
        with self.folder.locked():
            known = self.registry()
            if names.user(request.name) not in known.users:
                raise registry.unknown_name(request.name)
            name, user = changed(known, request, may_move=False)
            known.users[name] = user
            registry.save(self.folder, known)
        return user

    def revoke(
        self,
        *,
        now: datetime,
        name: str | None = None,
        serial: str | None = None,
        reason: str = "unspecified",
    ) -> list[Certificate]:
        """Revoke all certificates of a name, or one by its serial number.

        With a name its password and its tokens go, too; with a serial number the certificates that were had
        by showing that one.

        Parameters
        ----------
        now : datetime
            Aware.
        name : str, optional
            Of a user, or a server's first host.
        serial : str, optional
            Hexadecimal; colons, upper case and leading zeros are read as well.
        reason : str
            One of `vallum.hub.pki.certificates.REASONS`.

        Returns
        -------
        list of Certificate
            Those revoked by this call; expired ones as well, for a clock may be wrong.

        Raises
        ------
        BadInput
            If nothing of that name or serial number was issued.
        """
        if reason not in make.REASONS:
            raise BadInput(
                "is no reason", f"reason {reason!r}", "reason", f"One of {', '.join(make.REASONS)}."
            )
        with self.folder.locked():
            known = self.registry()
            meant = known.of_name(name or "") if serial is None else known.of_serial(serial)
            if serial is None:
                # First of all: no password and no token may bring the name back.
                self._forget(unicodedata.normalize("NFC", name or ""))
            revoked = [one for one in meant if one.revoked is None]
            for one in revoked:
                one.revoked, one.reason = now, reason
            self._publish(known, now)
        return revoked

    def _forget(self, name: str) -> None:
        kept = credentials.load(self.folder)
        if name in kept.passwords or name in kept.tokens:
            kept.forget(name)
            credentials.save(self.folder, kept)

    def _publish(self, known: Registry, now: datetime, *, listed: bool = True) -> None:
        """Write the registry and, if what it lists has changed, the revocation list."""
        if listed:
            known.crl_number += 1
        # The registry first: a reader refuses what either of the two calls revoked.
        registry.save(self.folder, known)
        if listed:
            revoked = [one for one in known.certificates if one.revoked is not None]
            content = make.revocation_list(self.certificate, self.key, revoked, known.crl_number, now)
            self.folder.write(REVOKED, content)


def lifetime(days: int) -> timedelta:
    """Return a number of days as a validity.

    Raises
    ------
    BadInput
        If it is none.
    """
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(
            f"it must be from 1 to {MOST_DAYS}", "--days", "validity", "Give another number of days."
        )
    return timedelta(days=days)
