"""Who a name and a secret belong to: what the hub asks when somebody without a certificate comes."""

import functools
import hashlib
import hmac
import secrets
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Generic, TypeVar

from argon2.exceptions import InvalidHashError, VerifyMismatchError

from vallum.core.errors import BadInput
from vallum.core.principal import Principal
from vallum.hub.pki import credentials, names, registry
from vallum.hub.pki.authority import Authority
from vallum.hub.pki.credentials import HASHER, Credentials, Proof, Unproven, digest
from vallum.hub.pki.directory import principal_of
from vallum.hub.pki.folder import CREDENTIALS, REGISTRY, Folder, State, state
from vallum.hub.pki.lockout import Lockout, note
from vallum.hub.pki.registry import Registry

__all__ = ["Accounts", "LockedOut", "Wrong"]

T = TypeVar("T")
#: A password that was right is not hashed again for so long: devices send it with each request.
REMEMBERED_S: Final = 300.0
MOST_REMEMBERED: Final = 1_000


class Wrong(Exception):
    """No such user, or a wrong password or token; which of them is nobody's business."""


class LockedOut(Exception):
    """Too many wrong passwords in a row.

    Parameters
    ----------
    left : timedelta
        How much of the lock-out is left.
    """

    def __init__(self, left: timedelta) -> None:
        super().__init__("locked out")
        self.left = left


class _File(Generic[T]):
    """A file of the folder, read again when it is another one."""

    def __init__(self, folder: Folder, name: str, load: Callable[[Folder], T]) -> None:
        self._place, self._folder, self._load = folder.path / name, folder, load
        self._read: tuple[State, T] | None = None

    def read(self) -> T:
        found = state(self._place)
        # Threads may come here at once: what is returned is what was read together with its state.
        kept = self._read
        if kept is None or kept[0] != found:
            kept = self._read = (found, self._load(self._folder))
        return kept[1]


@functools.cache
def _nobodys() -> str:
    """Return what is tried for names that are nobody's, so that they take as long as others."""
    return HASHER.hash(secrets.token_hex())


class Accounts:
    """Users, passwords and tokens of a folder. Its methods take milliseconds and more: not for a loop.

    Parameters
    ----------
    path : Path
        The folder that `vallum pki init` made.
    lockout : Lockout
        What wrong passwords lead to.
    """

    def __init__(self, path: Path, lockout: Lockout) -> None:
        self._folder = Folder(path)
        self._lockout = lockout
        self._registry: _File[Registry] = _File(self._folder, REGISTRY, registry.load)
        self._credentials: _File[Credentials] = _File(self._folder, CREDENTIALS, credentials.load)
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, float] = {}

    def prepare(self) -> None:
        """See that certificates can be issued, so that a hub which cannot says so when it starts.

        Raises
        ------
        BadInput
            If the authority's key is missing, damaged, or can be read by others.
        """
        try:
            Authority.open(self._folder.path)
        except BadInput as error:
            remedy = f"{error.remedy} Where the key is kept elsewhere, set enabled = false for this listener."
            raise BadInput(error.message, error.where, error.rule, remedy) from error
        self._registry.read()
        self._credentials.read()
        _nobodys()

    def by_token(self, name: str, secret: str) -> tuple[Principal, Proof] | None:
        """Return who holds a token, None if it is none.

        Raises
        ------
        Unproven
            If it has expired or was used.
        """
        name, now = unicodedata.normalize("NFC", name), datetime.now(UTC)
        token = self._credentials.read().token(name, digest(secret))
        if token is None:
            return None
        if not token.readable(now):
            raise Unproven("the token was used before" if token.used else "the token has expired")
        return self._proven(Proof(name, "token", token.digest))

    def by_password(self, name: str, password: str) -> tuple[Principal, Proof]:
        """Return whose password this is; one call at a time.

        Raises
        ------
        LockedOut
            If there were too many wrong ones.
        Wrong
            If this is one more.
        """
        name, password = (unicodedata.normalize("NFC", one) for one in (name, password))
        kept, now = self._credentials.read(), datetime.now(UTC)
        failures = kept.failures.get(name)
        left = failures.locked(now) if failures else None
        if left is not None:
            raise LockedOut(left)
        hashed = kept.passwords.get(name)
        if not self._verified(hashed or _nobodys(), password) or hashed is None:
            self._note_failure(name, now)
            raise Wrong
        if failures is not None or HASHER.check_needs_rehash(hashed):
            hashed = self._note_success(name, hashed, password)
        return self._proven(Proof(name, "password", digest(hashed)))

    def by_proof(self, proof: Proof) -> Principal:
        """Return who has shown a proof, if it is still good.

        Raises
        ------
        Unproven
            If it is not.
        """
        if not self._credentials.read().holds(proof, datetime.now(UTC)):
            raise Unproven("the password or token is not valid any more")
        return self._proven(proof)[0]

    def host(self, asked: str) -> str | None:
        """Return a name of the hub for devices to connect to: the one asked by, if the hub has it."""
        server = self._registry.read().server(datetime.now(UTC))
        named = [one for one in server.hosts if ":" not in one] if server else []
        return asked if asked in named else next(iter(named), None)

    def _proven(self, proof: Proof) -> tuple[Principal, Proof]:
        user = self._registry.read().users.get(proof.name)
        if user is None:
            raise Wrong
        return principal_of(proof.name, user.nation, user), proof

    def _verified(self, hashed: str, password: str) -> bool:
        tag = hmac.new(self._key, f"{hashed}\0{password}".encode(errors="surrogatepass"), hashlib.sha256)
        if self._right.get(tag.digest(), 0.0) > time.monotonic():
            return True
        try:
            HASHER.verify(hashed, password.encode(errors="surrogatepass"))
        except (VerifyMismatchError, InvalidHashError):
            return False
        if len(self._right) >= MOST_REMEMBERED:
            self._right.clear()
        self._right[tag.digest()] = time.monotonic() + REMEMBERED_S
        return True

    def _note_failure(self, name: str, now: datetime) -> None:
        try:
            names.user(name)
        except BadInput:
            return  # nobody can have such a name
        with self._folder.locked():
            kept = credentials.load(self._folder)
            kept.prune(now)
            note(
                kept.failures, name, self._lockout.failed(kept.failures.get(name), now),
                self._registry.read().users,
            )  # fmt: skip
            credentials.save(self._folder, kept)

    def _note_success(self, name: str, hashed: str, password: str) -> str:
        """Forget failures, hash anew if that is done in another way now, and return the hash."""
        with self._folder.locked():
            kept = credentials.load(self._folder)
            if kept.passwords.get(name) != hashed:
                raise Wrong  # it was changed or withdrawn meanwhile
            kept.failures.pop(name, None)
            if HASHER.check_needs_rehash(hashed):
                hashed = kept.passwords[name] = HASHER.hash(password)
            credentials.save(self._folder, kept)
        return hashed
