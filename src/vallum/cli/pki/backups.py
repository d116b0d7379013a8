"""Backup and restore."""

import getpass
import os
import sys
from pathlib import Path
from typing import Final

from rich.markup import escape

from vallum.cli.options import Common
from vallum.cli.outcome import OK
from vallum.cli.output import emit, show
from vallum.cli.pki.app import HERE, Place, first_line, pki
from vallum.cli.pki_documents import PkiBackupDocument
from vallum.core.errors import BadInput

__all__ = ["backup", "restore"]

PASSPHRASE_VARIABLE: Final = "VALLUM_PKI_PASSPHRASE"  # noqa: S105 its name


@pki.command
def backup(
    file: Path,
    /,
    *,
    passphrase_file: Path | None = None,
    directory: Place = HERE,
    common: Common | None = None,
) -> int:
    """Write everything, the authority's key included, into one encrypted file.

    The passphrase comes from --passphrase-file, from VALLUM_PKI_PASSPHRASE, or is asked for.

    Parameters
    ----------
    file
        The backup, which must not exist.
    passphrase_file
        File whose first line is the passphrase, at least 12 characters.
    directory
        Folder of the certificates.
    """
    common = common or Common()
    from vallum.hub.pki import back_up

    count = back_up(directory, file, passphrase(passphrase_file, twice=True))
    document = PkiBackupDocument(dir=str(directory), backup=str(file), files=count)
    if common.json:
        emit(document)
    else:
        show(
            f"{count} files in {escape(str(file))}. Without the passphrase nobody can read it, you included."
        )
    return OK


@pki.command
def restore(
    file: Path,
    /,
    *,
    passphrase_file: Path | None = None,
    directory: Place = HERE,
    common: Common | None = None,
) -> int:
    """Make the folder again from a backup.

    Parameters
    ----------
    file
        The backup.
    passphrase_file
        File whose first line is the passphrase.
    directory
        Folder of the certificates, which must not exist or be empty.
    """
    common = common or Common()
    from vallum.hub.pki import restore as restored

    count = restored(file, directory, passphrase(passphrase_file, twice=False))
    document = PkiBackupDocument(dir=str(directory), backup=str(file), files=count)
    if common.json:
        emit(document)
    else:
        show(
            f"{count} files in {escape(str(directory))}.",
            "What was revoked since the backup is valid again: revoke it once more.",
        )
    return OK


def passphrase(file: Path | None, *, twice: bool) -> str:
    """Return the passphrase from a file, the environment, or whoever sits before the terminal."""
    if file is not None:
        return first_line(file)
    if PASSPHRASE_VARIABLE in os.environ:
        return os.environ[PASSPHRASE_VARIABLE]
    if not sys.stdin.isatty():
        remedy = f"Give --passphrase-file, or set {PASSPHRASE_VARIABLE}."
        raise BadInput("there is no terminal to ask for it", "passphrase", "passphrase", remedy)
    typed = getpass.getpass("Passphrase: ")
    if twice and getpass.getpass("Once more: ") != typed:
        raise BadInput("the two are not the same", "passphrase", "passphrase", "Type it again.")
    return typed
