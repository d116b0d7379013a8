"""What the hub asks: who is this, and has anything changed."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vallum.core.errors import BadInput
from vallum.core.principal import Principal
from vallum.hub.pki import Authority, Directory, IssuedUser, Refused, UserRequest


def der_of(file: Path) -> bytes:
    return x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)


def der(issued: IssuedUser) -> bytes:
    return der_of(issued.files[1])


def reason(directory: Directory, certificate: bytes, now: datetime) -> str:
    with pytest.raises(Refused) as caught:
        directory.principal(certificate, now)
    return caught.value.reason


def test_a_principal_is_what_certificate_and_registry_say(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    issued = issue(groups_in=frozenset({"Blue", "X"}), groups_out=frozenset({"Blue", "Y"}), role="viewer")
    directory = Directory.open(authority.folder.path)
    assert directory.principal(der(issued), now) == Principal(
        name="Kadri",
        nation="EE",
        groups_in=frozenset({"Blue", "X"}),
        groups_out=frozenset({"Blue", "Y"}),
        role="viewer",
        certificate=issued.certificate.fingerprint,
    )
    subject = x509.load_der_x509_certificate(der(issued)).subject
    assert subject.rfc4514_string() == "CN=Kadri,C=EE"


def test_without_groups_it_is_in_the_group_of_those_who_state_none(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    issued = issue()
    principal = Directory.open(authority.folder.path).principal(der(issued), now)
    assert principal.groups_in == principal.groups_out == frozenset({"__ANON__"})
    assert principal.role == "member"


def test_reasons_of_refusal(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime, tmp_path: Path
) -> None:
    issued = issue(days=2)
    other = Authority.create(tmp_path / "other", name="Other", now=now)
    other.issue_server(now=now)
    directory = Directory.open(authority.folder.path)
    assert reason(directory, der_of(other.folder.path / "server.pem"), now) == "unknown"
    assert reason(directory, b"no certificate", now) == "unknown"
    assert reason(directory, der_of(authority.folder.path / "server.pem"), now) == "not a client"
    assert reason(directory, der_of(authority.folder.path / "ca.pem"), now) == "unknown"
    assert reason(directory, der(issued), now + timedelta(days=2)) == "expired"
    assert reason(directory, der(issued), now - timedelta(days=1)) == "not yet valid"
    assert directory.principal(der(issued), now - timedelta(minutes=50)).name == "Kadri"


def test_the_same_serial_number_with_other_content_is_unknown(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    issued = issue()
    registry = authority.registry()
    registry.certificates[-1].fingerprint = "0" * 64
    (authority.folder.path / "registry.json").write_bytes(msgspec.json.encode(registry))
    assert reason(Directory.open(authority.folder.path), der(issued), now) == "unknown"


def test_refresh_says_whether_anything_changed(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    directory = Directory.open(authority.folder.path)
    assert not directory.refresh()
    issued = issue()
    assert reason(directory, der(issued), now) == "unknown"
    assert directory.refresh()
    assert not directory.refresh()
    assert directory.principal(der(issued), now).name == "Kadri"


def test_groups_and_role_change_without_a_new_certificate(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    issued = issue()
    directory = Directory.open(authority.folder.path)
    authority.change_user(
        UserRequest(name="Kadri", groups_out=frozenset({"Red"}), groups_in=frozenset(), role="admin")
    )
    assert directory.refresh()
    principal = directory.principal(der(issued), now)
    assert (principal.groups_in, principal.groups_out) == (frozenset(), frozenset({"Red"}))
    assert principal.role == "admin"


@pytest.mark.parametrize("left", ["registry.json", "crl.pem"])
def test_registry_or_list_alone_is_enough_to_revoke(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime, left: str
) -> None:
    issued = issue()
    file = authority.folder.path / ("crl.pem" if left == "registry.json" else "registry.json")
    before = file.read_bytes()
    authority.revoke(now=now, serial=issued.certificate.serial)
    file.write_bytes(before)
    assert reason(Directory.open(authority.folder.path), der(issued), now) == "revoked"


@pytest.mark.parametrize("name", ["registry.json", "crl.pem"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", None])
def test_a_broken_file_keeps_the_last_good_state_and_says_so(
    authority: Authority,
    issue: Callable[..., IssuedUser],
    now: datetime,
    name: str,
    content: bytes | None,
) -> None:
    gone, stays = issue("Gone"), issue("Stays")
    authority.revoke(now=now, name="Gone")
    directory = Directory.open(authority.folder.path)
    assert directory.trouble is None
    file = authority.folder.path / name
    good = file.read_bytes()
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    assert not directory.refresh()
    assert name in (directory.trouble or "")
    assert reason(directory, der(gone), now) == "revoked"
    assert directory.principal(der(stays), now).name == "Stays"
    file.write_bytes(good)
    assert directory.refresh()
    assert directory.trouble is None


def test_a_broken_list_does_not_hide_what_the_registry_revokes(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    issued = issue()
    directory = Directory.open(authority.folder.path)
    authority.revoke(now=now, name="Kadri")
    (authority.folder.path / "crl.pem").write_bytes(b"broken")
    assert directory.refresh()
    assert directory.trouble
    assert reason(directory, der(issued), now) == "revoked"


def test_a_list_that_another_authority_signed_is_not_followed(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime, tmp_path: Path
) -> None:
    issue()
    other = Authority.create(tmp_path / "other", name="Test authority", now=now)
    directory = Directory.open(authority.folder.path)
    (authority.folder.path / "crl.pem").write_bytes((other.folder.path / "crl.pem").read_bytes())
    assert not directory.refresh()
    assert "not signed by this authority" in (directory.trouble or "")
    with pytest.raises(BadInput, match="not signed"):
        Directory.open(authority.folder.path)


def test_a_change_that_keeps_size_and_time_is_seen_by_its_inode(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    issue()
    directory = Directory.open(authority.folder.path)
    file = authority.folder.path / "registry.json"
    status = file.stat()
    copy = file.with_name("copy")
    copy.write_bytes(file.read_bytes())
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    copy.replace(file)
    assert directory.refresh()


def test_a_registry_of_a_newer_vallum_is_refused_with_the_remedy(authority: Authority) -> None:
    file = authority.folder.path / "registry.json"
    file.write_text('{"format": 99, "whatever": true}', encoding="utf-8")
    with pytest.raises(BadInput, match="format 99") as caught:
        Directory.open(authority.folder.path)
    assert "newer Vallum" in caught.value.remedy
    with pytest.raises(BadInput, match="format 99"):
        authority.issue_server(now=authority.certificate.not_valid_before_utc)


def test_a_folder_without_certificates_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file") as caught:
        Directory.open(tmp_path)
    assert "vallum pki init" in caught.value.remedy
