"""What lets a user enrol: a password's hash, one-time tokens, and how often somebody guessed wrong.

Passwords are kept as argon2id hashes, tokens (100 random bits) as their SHA-256. Every change is made under
the folder's lock, so a token is used once whoever else is at it, and a restart forgets no failure.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from argon2 import PasswordHasher

from vallum.core.errors import BadInput
from vallum.hub.pki import versioned
from vallum.hub.pki.folder import CREDENTIALS, Folder
from vallum.hub.pki.lockout import Failures
from vallum.hub.pki.stores import random_password

__all__ = [
    "FORMAT_VERSION",
    "HASHER",
    "Credentials",
    "Proof",
    "Token",
    "Unproven",
    "checked_password",
    "decode",
    "digest",
    "encode",
    "load",
    "save",
    "spend",
]

FORMAT_VERSION: Final = 1
#: argon2id at the costs that OWASP asks for: 19 MiB and 2 passes, so that a flood of guesses stays cheap.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 256
MOST_TOKENS: Final = 32
LONGEST_VALID: Final = timedelta(days=365)
#: A device that has used its token still fetches its profile with it.
READING_AFTER_USE: Final = timedelta(minutes=10)
#: How long it is remembered that a token was used or has expired, to say so to who comes with it.
REMEMBERED: Final = timedelta(days=7)

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Unproven(Exception):
    """Somebody who may not enrol; the message says why, in words for that somebody."""


class Token(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One token that was given out."""

    digest: str
    "SHA-256 of the token, hexadecimal."
    issued: Instant
    expires: Instant
    used: Instant | None = None

    def open(self, now: datetime) -> bool:
        """Whether a certificate can be had for it."""
        return self.used is None and now < self.expires

    def readable(self, now: datetime) -> bool:
        """Whether it still shows who somebody is."""
        return self.open(now) or (self.used is not None and now < self.used + READING_AFTER_USE)

    def remembered(self, now: datetime) -> bool:
        """Whether it is still worth a line."""
        return now < (self.used or self.expires) + REMEMBERED


@dataclass(frozen=True, slots=True)
class Proof:
    """How a user has shown who it is; it holds for as long as what was shown is still good.

    Parameters
    ----------
    name : str
        Of the user.
    kind : {"password", "token"}
    key : str
        Digest of the token, or of the password's hash.
    """

    name: str
    kind: Literal["password", "token"]
    key: str


class Credentials(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All of it, by user name."""

    format: int = FORMAT_VERSION
    passwords: dict[str, str] = {}
    "argon2id hashes."
    tokens: dict[str, list[Token]] = {}
    failures: dict[str, Failures] = {}
    "Also of names that are no user's, so that a lock-out does not tell which are."

    def set_password(self, name: str, password: str) -> None:
        """Give a user a password in place of the one before."""
        self.passwords[name] = HASHER.hash(checked_password(password))
        self.failures.pop(name, None)

    def give_token(self, name: str, valid: timedelta, now: datetime) -> tuple[str, Token]:
        """Make a token for a user, and return it with its entry; it is not kept itself.

        Raises
        ------
        BadInput
            If it would be valid for no time or for more than a year, or the user has too many.
        """
        if not timedelta() < valid <= LONGEST_VALID:
            problem = f"it must be more than 0 and at most {LONGEST_VALID.days * 24} hours"
            raise BadInput(problem, "--valid", "validity", "Give another number of hours.")
        self.prune(now)
        own = self.tokens.setdefault(name, [])
        if sum(one.open(now) for one in own) >= MOST_TOKENS:
            remedy = "Use one of them, or withdraw all with: vallum pki revoke NAME."
            raise BadInput(f"{MOST_TOKENS} tokens are open", f"user {name!r}", "tokens", remedy)
        secret = random_password()
        made = Token(digest=digest(secret), issued=now, expires=now + valid)
        own.append(made)
        return secret, made

    def token(self, name: str, key: str) -> Token | None:
        """Return a user's token by its digest."""
        return next((one for one in self.tokens.get(name, ()) if one.digest == key), None)

    def holds(self, proof: Proof, now: datetime) -> bool:
        """Whether a proof still shows who somebody is."""
        if proof.kind == "password":
            kept = self.passwords.get(proof.name)
            return kept is not None and digest(kept) == proof.key
        token = self.token(proof.name, proof.key)
        return token is not None and token.readable(now)

    def knows(self, name: str) -> bool:
        """Whether a user has a password or a token that could be open."""
        return name in self.passwords or any(one.used is None for one in self.tokens.get(name, ()))

    def forget(self, name: str) -> None:
        """Take a user's password and tokens away, and the failures with them."""
        for kept in (self.passwords, self.tokens, self.failures):
            kept.pop(name, None)

    def prune(self, now: datetime) -> None:
        """Drop what is remembered no longer."""
        for name, own in list(self.tokens.items()):
            self.tokens[name] = [one for one in own if one.remembered(now)]
            if not self.tokens[name]:
                del self.tokens[name]
        for name, one in list(self.failures.items()):
            if one.over(now):
                del self.failures[name]


def digest(secret: str) -> str:
    """Return the SHA-256 of a token or a hash, hexadecimal."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def checked_password(password: str) -> str:
    """Return a user's password in its composed form (Unicode NFC).

    Raises
    ------
    BadInput
        If it has other than 10 to 256 characters, or one that is not printable.
    """
    composed = unicodedata.normalize("NFC", password)
    if not SHORTEST_PASSWORD <= len(composed) <= LONGEST_PASSWORD or not composed.isprintable():
        problem = f"it must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} printable characters"
        raise BadInput(problem, "password", "password", "Choose another one, such as four words.")
    return composed


def spend(folder: Folder, proof: Proof, now: datetime) -> None:
    """Use a proof up for one certificate; the caller has locked the folder.

    Raises
    ------
    Unproven
        If it is not good any more: used, expired, withdrawn, or the password is another one now.
    """
    kept = load(folder)
    if not kept.holds(proof, now):
        raise Unproven("the password or token is not valid any more")
    if proof.kind == "password":
        return
    token = kept.token(proof.name, proof.key)
    if token is None or not token.open(now):
        raise Unproven("the token was used before")
    token.used = now
    save(folder, kept)


def load(folder: Folder) -> Credentials:
    """Read the credentials of a folder; one without the file has none.

    Raises
    ------
    BadInput
        If they are damaged, or written by a newer Vallum.
    """
    place = folder.at(CREDENTIALS)
    return decode(folder.read(CREDENTIALS), str(place)) if place.exists() else Credentials()


def decode(content: bytes, where: str) -> Credentials:
    """Read credentials.

    Parameters
    ----------
    content : bytes
        Of the file.
    where : str
        Its name in messages.

    Raises
    ------
    BadInput
        If they are damaged, or written by a newer Vallum.
    """
    return versioned.decode(content, Credentials, FORMAT_VERSION, "credentials", where)


def encode(credentials: Credentials) -> bytes:
    """Return the content of the file."""
    return msgspec.json.format(msgspec.json.encode(credentials)) + b"\n"


def save(folder: Folder, credentials: Credentials) -> None:
    """Write the credentials of a folder that the caller has locked."""
    folder.write(CREDENTIALS, encode(credentials))
