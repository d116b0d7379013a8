"""One encrypted file of everything, the authority's key included, and the way back.

Layout of version 1: a magic word, one byte of version, 16 bytes of salt, 12 bytes of nonce, then AES-256-GCM
over a MessagePack map of names to contents, with all before it as associated data. The key follows from the
passphrase by scrypt (RFC 7914) with fixed costs, so that a made-up file cannot ask for a fortune of memory.
"""

import re
import secrets
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from vallum.core.errors import BadInput
from vallum.hub.pki import credentials, registry
from vallum.hub.pki.certificates import read_authority, read_key, read_revoked
from vallum.hub.pki.folder import (
    AUTHORITY,
    CREDENTIALS,
    KEY,
    LARGEST,
    REGISTRY,
    REVOKED,
    SERVER,
    Folder,
    replace,
    staged,
)

__all__ = ["FORMAT_VERSION", "back_up", "restore"]

MAGIC: Final = b"vallum-pki-backup\0"
FORMAT_VERSION: Final = 1
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
#: 128 MiB and about half a second for each guess.
SCRYPT_COST: Final = 2**17
SCRYPT_BLOCK: Final = 8
SHORTEST_PASSPHRASE: Final = 12
NEEDED: Final = (KEY, AUTHORITY, REGISTRY, REVOKED)
LARGEST_BACKUP: Final = 4 * LARGEST
OUR_FILES = re.compile(r"users/[^/]+/[^/]+")


def back_up(path: Path, file: Path, passphrase: str) -> int:
    """Write everything in a folder into one encrypted file.

    Parameters
    ----------
    path : Path
        The folder.
    file : Path
        The backup, which must not exist and not lie in the folder.
    passphrase : str
        At least 12 characters.

    Returns
    -------
    int
        How many files it holds.

    Raises
    ------
    BadInput
        If the folder is no sound one, the file is there, or the passphrase is too short.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        problem = f"it must have at least {SHORTEST_PASSPHRASE} characters"
        raise BadInput(problem, "passphrase", "passphrase", "Choose a longer one, such as six words.")
    if file.exists() or file.is_symlink():
        raise BadInput("is already there", str(file), "no overwriting", "Name another file.")
    if not file.parent.is_dir():
        raise BadInput(
            "there is no such folder", str(file.parent), "backup", "Make it, or name another file."
        )
    if file.resolve().is_relative_to(path.resolve()):
        raise BadInput("lies in the folder itself", str(file), "backup", "Name a file on another disk.")
    folder = Folder(path)
    with folder.locked():
        content = {name: folder.read(name) for name in folder.files() if _ours(name)}
    _check(content, str(path))
    head = (
        MAGIC + bytes([FORMAT_VERSION]) + secrets.token_bytes(SALT_BYTES) + secrets.token_bytes(NONCE_BYTES)
    )
    sealed = _cipher(head, passphrase).encrypt(head[-NONCE_BYTES:], msgspec.msgpack.encode(content), head)
    replace(file, head + sealed)
    return len(content)


def restore(file: Path, path: Path, passphrase: str) -> int:
    """Make a folder from a backup.

    Everything is checked before anything is written: passphrase and integrity, names, certificate, key,
    registry and revocation list.

    Parameters
    ----------
    file : Path
        The backup.
    path : Path
        The folder, which must not exist or be empty.
    passphrase : str
        That of the backup.

    Returns
    -------
    int
        How many files it holds.

    Raises
    ------
    BadInput
        If the passphrase is wrong, the file is damaged or of a newer Vallum, or the folder is taken.
    """
    content = _opened(file, passphrase)
    for name in content:
        if not _ours(name) or any(part in {"", ".", ".."} for part in name.split("/")):
            raise BadInput(
                f"holds {name[:80]!r}, which no backup does", str(file), "inside", "Take another backup."
            )
    _check(content, str(file))
    with staged(path) as folder:
        for name, written in content.items():
            folder.write(name, written)
    return len(content)


def _opened(file: Path, passphrase: str) -> dict[str, bytes]:
    size = len(MAGIC) + 1 + SALT_BYTES + NONCE_BYTES
    with file.open("rb") as stream:
        read = stream.read(LARGEST_BACKUP + 1)
    if not read.startswith(MAGIC) or len(read) <= size or len(read) > LARGEST_BACKUP:
        raise BadInput(
            "is no backup of certificates", str(file), "backup", "Name a file of vallum pki backup."
        )
    if read[len(MAGIC)] != FORMAT_VERSION:
        problem = f"has format {read[len(MAGIC)]}; this Vallum reads {FORMAT_VERSION}"
        raise BadInput(problem, str(file), "format version", "Use the Vallum that made it, or a newer one.")
    head = read[:size]
    try:
        plain = _cipher(head, passphrase).decrypt(head[-NONCE_BYTES:], read[size:], head)
        return msgspec.msgpack.decode(plain, type=dict[str, bytes])
    except InvalidTag:
        problem = "the passphrase is wrong, or the file is damaged"
        raise BadInput(problem, str(file), "integrity", "Type it again, or take another backup.") from None
    except msgspec.MsgspecError as error:
        raise BadInput("is damaged", str(file), "integrity", "Take another backup.") from error


def _cipher(head: bytes, passphrase: str) -> AESGCM:
    salt = head[len(MAGIC) + 1 : len(MAGIC) + 1 + SALT_BYTES]
    derived = Scrypt(salt=salt, length=32, n=SCRYPT_COST, r=SCRYPT_BLOCK, p=1)
    return AESGCM(derived.derive(passphrase.encode(errors="surrogateescape")))


def _ours(name: str) -> bool:
    return name in {*NEEDED, SERVER, CREDENTIALS} or OUR_FILES.fullmatch(name) is not None


def _check(content: dict[str, bytes], where: str) -> None:
    """Refuse what does not belong together."""
    for name in NEEDED:
        if name not in content:
            raise BadInput(f"holds no {name}", where, "certificates", "Take another backup or folder.")
    authority = read_authority(content[AUTHORITY], f"{where}, {AUTHORITY}")
    read_key(content[KEY], authority, f"{where}, {KEY}")
    read_revoked(content[REVOKED], authority, f"{where}, {REVOKED}")
    registry.decode(content[REGISTRY], f"{where}, {REGISTRY}")
    if CREDENTIALS in content:
        credentials.decode(content[CREDENTIALS], f"{where}, {CREDENTIALS}")
