"""One encrypted file, and the way back."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from vallum.core.errors import BadInput
from vallum.hub.pki import Authority, IssuedUser, back_up, restore
from vallum.hub.pki import backup as module

PASSPHRASE = "six words that nobody would guess"  # noqa: S105


@pytest.fixture(autouse=True)
def cheap_scrypt(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessing has to be dear for others and not for these tests; one of them pays the price."""
    if "real_scrypt" not in request.fixturenames:
        monkeypatch.setattr(module, "SCRYPT_COST", 2**4)


@pytest.fixture
def real_scrypt() -> None:
    """Have a test run with the costs that users have."""


def content_of(folder: Path) -> dict[str, bytes]:
    return {
        place.relative_to(folder).as_posix(): place.read_bytes()
        for place in folder.rglob("*")
        if place.is_file() and place.name != ".lock"
    }


def sealed(file: Path, content: object, *, version: int = 1) -> Path:
    """Write a backup of any content with the right passphrase."""
    head = module.MAGIC + bytes([version]) + bytes(28)
    plain = msgspec.msgpack.encode(content)
    file.write_bytes(head + module._cipher(head, PASSPHRASE).encrypt(head[-12:], plain, head))
    return file


def test_what_comes_back_is_what_was_there_and_works(
    authority: Authority, issue: Callable[..., IssuedUser], tmp_path: Path, now: datetime, real_scrypt: None
) -> None:
    issue("Jüri Tamm")
    authority.revoke(now=now, name="Jüri Tamm")
    file, there = tmp_path / "backup", tmp_path / "there"
    count = back_up(authority.folder.path, file, PASSPHRASE)
    assert file.stat().st_mode & 0o777 == 0o600
    assert restore(file, there, PASSPHRASE) == count
    assert content_of(there) == content_of(authority.folder.path)
    assert (there / "ca.key").stat().st_mode & 0o777 == 0o600
    assert there.stat().st_mode & 0o777 == 0o700
    restored = Authority.open(there)
    assert restored.registry() == authority.registry()
    restored.issue_server(now=now)


def test_the_backup_shows_nothing_of_its_content(
    authority: Authority, issue: Callable[..., IssuedUser], tmp_path: Path
) -> None:
    issue()
    file = tmp_path / "backup"
    back_up(authority.folder.path, file, PASSPHRASE)
    written = file.read_bytes()
    for secret in (b"Kadri", b"PRIVATE KEY", b"registry"):
        assert secret not in written


def test_a_wrong_passphrase_writes_nothing(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    back_up(authority.folder.path, file, PASSPHRASE)
    with pytest.raises(BadInput, match="passphrase is wrong"):
        restore(file, tmp_path / "there", PASSPHRASE + "!")
    assert {place.name for place in tmp_path.iterdir()} == {"backup", "pki"}


@pytest.mark.parametrize("place", [0, 18, 19, 40, 60, -1])
def test_a_changed_byte_is_found(authority: Authority, tmp_path: Path, place: int) -> None:
    file = tmp_path / "backup"
    back_up(authority.folder.path, file, PASSPHRASE)
    written = bytearray(file.read_bytes())
    written[place] ^= 1
    file.write_bytes(written)
    with pytest.raises(BadInput):
        restore(file, tmp_path / "there", PASSPHRASE)
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("kept", [0, 10, 47, 60, 500])
def test_half_a_file_is_found(authority: Authority, tmp_path: Path, kept: int) -> None:
    file = tmp_path / "backup"
    back_up(authority.folder.path, file, PASSPHRASE)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(BadInput):
        restore(file, tmp_path / "there", PASSPHRASE)


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/evil",
        "users/../../evil",
        "users/./x",
        "users/a/../x",
        "users/a\\b",
        "evil",
        "users/a/b/c",
        "",
    ],
)
def test_a_made_up_backup_writes_nothing_outside(authority: Authority, tmp_path: Path, name: str) -> None:
    content = {one: (authority.folder.path / one).read_bytes() for one in module.NEEDED}
    file = sealed(tmp_path / "backup", content | {name: b"evil"})
    with pytest.raises(BadInput):
        restore(file, tmp_path / "deep" / "there", PASSPHRASE)
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "deep" / "there").exists()


def test_parts_that_do_not_belong_together_are_refused(
    authority: Authority, tmp_path: Path, now: datetime
) -> None:
    other = Authority.create(tmp_path / "other", name="Other", now=now)
    good = {one: (authority.folder.path / one).read_bytes() for one in module.NEEDED}
    for name in ("ca.key", "crl.pem", "ca.pem"):
        mixed = good | {name: (other.folder.path / name).read_bytes()}
        with pytest.raises(BadInput):
            restore(sealed(tmp_path / "backup", mixed), tmp_path / "there", PASSPHRASE)
    for name in good:
        without = {key: value for key, value in good.items() if key != name}
        with pytest.raises(BadInput, match=name):
            restore(sealed(tmp_path / "backup", without), tmp_path / "there", PASSPHRASE)
    with pytest.raises(BadInput, match="damaged"):
        restore(sealed(tmp_path / "backup", ["no", "map"]), tmp_path / "there", PASSPHRASE)
    assert not (tmp_path / "there").exists()


def test_a_backup_of_a_newer_vallum_is_refused_with_the_remedy(tmp_path: Path) -> None:
    file = sealed(tmp_path / "backup", {}, version=2)
    with pytest.raises(BadInput, match="format 2") as caught:
        restore(file, tmp_path / "there", PASSPHRASE)
    assert "newer" in caught.value.remedy


def test_nothing_is_overwritten(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    back_up(authority.folder.path, file, PASSPHRASE)
    before = content_of(authority.folder.path)
    with pytest.raises(BadInput, match="already there"):
        back_up(authority.folder.path, file, PASSPHRASE)
    with pytest.raises(BadInput, match="already there"):
        restore(file, authority.folder.path, PASSPHRASE)
    assert content_of(authority.folder.path) == before
    empty = tmp_path / "empty"
    empty.mkdir()
    restore(file, empty, PASSPHRASE)
    assert content_of(empty) == before


def test_a_backup_lies_outside_and_has_a_long_passphrase(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="in the folder itself"):
        back_up(authority.folder.path, authority.folder.path / "backup", PASSPHRASE)
    with pytest.raises(BadInput, match="12 characters"):
        back_up(authority.folder.path, tmp_path / "backup", "short")
    with pytest.raises(BadInput, match="no such folder"):
        back_up(authority.folder.path, tmp_path / "missing" / "backup", PASSPHRASE)
