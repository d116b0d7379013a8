"""Disks that are full, commands that do not end, files that others have changed."""

import errno
import fcntl
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from vallum.core.errors import BadInput
from vallum.hub.pki import Authority, Directory, IssuedUser, Refused, UserRequest, folder, registry


def contents(path: Path) -> dict[str, bytes]:
    files = (file for file in path.rglob("*") if file.is_file() and file.name != ".lock")
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


def der(issued: IssuedUser) -> bytes:
    return x509.load_pem_x509_certificate(issued.files[1].read_bytes()).public_bytes(Encoding.DER)


def test_a_disk_that_is_full_leaves_what_was_there(
    authority: Authority, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = contents(authority.folder.path)
    with monkeypatch.context() as patched:
        patched.setattr(folder.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            authority.issue_server(["hub.example"], now=now)
    assert contents(authority.folder.path) == before
    authority.issue_server(["hub.example"], now=now)


def test_a_command_that_does_not_end_is_waited_for_and_then_named(
    authority: Authority, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "PATIENCE_SECONDS", 0.05)
    with (authority.folder.path / folder.LOCK).open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BadInput, match="another command") as caught:
            authority.issue_server(now=now)
    assert caught.value.where == str(authority.folder.path)
    assert caught.value.remedy
    authority.issue_server(now=now)


def test_a_folder_that_has_gone_is_named(authority: Authority, now: datetime) -> None:
    path = authority.folder.path
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(BadInput, match="no folder of certificates") as caught:
        authority.issue_server(now=now)
    assert caught.value.where == str(path)
    assert not path.exists()


def test_two_that_make_the_same_folder_at_once_do_not_mix(tmp_path: Path, now: datetime) -> None:
    place = tmp_path / "pki"
    made: list[Authority] = []

    def second() -> None:
        with folder.staged(place) as unfinished:
            unfinished.write("ca.pem", b"of the second")
            made.append(Authority.create(place, name="First", now=now))

    with pytest.raises(BadInput, match="already there"):
        second()
    assert Authority.open(place).fingerprint == made[0].fingerprint
    assert [one.name for one in tmp_path.iterdir()] == ["pki"]


def test_a_file_that_is_too_large_is_not_read(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LARGEST", 100)
    with pytest.raises(BadInput, match="larger than 100 bytes") as caught:
        Authority.open(authority.folder.path)
    assert caught.value.where.endswith("ca.pem")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("ca.pem", b"", "no certificate that signs itself"),
        ("ca.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
        ("ca.key", b"", "no private key"),
        ("ca.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no private key"),
        ("crl.pem", b"", "damaged"),
    ],
)
def test_a_damaged_file_is_named(authority: Authority, file: str, content: bytes, said: str) -> None:
    path = authority.folder.path
    (path / file).write_bytes(content)
    with pytest.raises(BadInput, match=said) as caught:
        (Directory if file == "crl.pem" else Authority).open(path)
    assert caught.value.where == str(path / file)
    assert caught.value.remedy


def test_a_key_of_another_kind_is_not_the_authoritys(authority: Authority) -> None:
    key = rsa.generate_private_key(65_537, 1024)  # noqa: S505
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (authority.folder.path / "ca.key").write_bytes(pem)
    with pytest.raises(BadInput, match="not the key of the authority's certificate"):
        Authority.open(authority.folder.path)


def test_a_servers_certificate_is_no_authoritys(authority: Authority) -> None:
    path = authority.folder.path
    (path / "ca.pem").write_bytes((path / "server.pem").read_bytes())
    with pytest.raises(BadInput, match="signs itself"):
        Directory.open(path)


def test_a_registry_with_a_certificate_of_nobody_is_refused(
    authority: Authority, issue: Callable[..., IssuedUser]
) -> None:
    issue()
    known = authority.registry()
    del known.users["Kadri"]
    (authority.folder.path / "registry.json").write_bytes(registry.encode(known))
    with pytest.raises(BadInput, match="of no user"):
        Directory.open(authority.folder.path)


def test_a_registry_with_a_name_in_another_encoding_is_refused(
    authority: Authority, issue: Callable[..., IssuedUser]
) -> None:
    """Else a user would be looked up, and changed, under a name that no command can state."""
    issue("Åse")
    known = authority.registry()
    known.users["A\u030ase"] = known.users.pop("Åse")
    (authority.folder.path / "registry.json").write_bytes(registry.encode(known))
    with pytest.raises(BadInput, match="not as Vallum writes it"):
        Directory.open(authority.folder.path)


def test_a_registry_that_gives_a_certificate_another_serial_number_lets_nobody_in_with_it(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    """Else the list of those revoked, which goes by serial number, would not stop it."""
    issued = issue()
    file = authority.folder.path / "registry.json"
    written = file.read_text(encoding="utf-8")
    file.write_text(written.replace(issued.certificate.serial, "abc123"), encoding="utf-8")
    with pytest.raises(Refused, match="unknown"):
        Directory.open(authority.folder.path).principal(der(issued), now)


def test_a_reason_that_is_none_revokes_nothing(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    issued = issue()
    with pytest.raises(BadInput, match="is no reason") as caught:
        authority.revoke(now=now, name="Kadri", reason="lost it")
    assert "superseded" in str(caught.value.remedy)
    directory = Directory.open(authority.folder.path)
    assert directory.principal(der(issued), now + timedelta(seconds=1)).name == "Kadri"


def test_a_change_that_is_refused_leaves_no_lock(authority: Authority, now: datetime) -> None:
    with pytest.raises(BadInput):
        authority.change_user(UserRequest(name="Nobody"))
    authority.issue_server(now=now)
