"""Issuing, changing and revoking, also by two commands at once."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from vallum.core.errors import BadInput
from vallum.hub.pki import Authority, IssuedUser, UserRequest, registry

ISSUER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from vallum.hub.pki import Authority, Delivery, UserRequest
authority = Authority.open(Path(sys.argv[1]))
for number in range(4):
    request = UserRequest(name=f"{sys.argv[2]} {number}", nation="LV")
    authority.issue_user(request, Delivery(password="correct horse"), now=datetime.now(UTC))
"""


def certificate_of(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def test_everything_is_for_its_owner_alone(authority: Authority, issue: Callable[..., IssuedUser]) -> None:
    issue()
    root = authority.folder.path
    assert root.stat().st_mode & 0o777 == 0o700
    for place in root.rglob("*"):
        assert place.stat().st_mode & 0o777 == (0o700 if place.is_dir() else 0o600), place


def test_the_authoritys_certificate_is_one_for_issuing_alone(authority: Authority, now: datetime) -> None:
    certificate = certificate_of(authority.folder.path / "ca.pem")
    public = certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == "secp256r1"
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert issuer.key_identifier == own
    assert certificate.not_valid_after_utc - now > timedelta(days=3649)


def test_a_server_has_all_its_names(authority: Authority, now: datetime) -> None:
    issued = authority.issue_server(["Hub.Example.org", "192.0.2.7", "2001:DB8::7", "192.0.2.7"], now=now)
    alternatives = certificate_of(issued.file).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert alternatives.value.get_values_for_type(x509.DNSName) == ["hub.example.org"]
    assert [str(one) for one in alternatives.value.get_values_for_type(x509.IPAddress)] == [
        "192.0.2.7",
        "2001:db8::7",
    ]
    assert issued.certificate.hosts == ["hub.example.org", "192.0.2.7", "2001:db8::7"]


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl command on this machine")
@pytest.mark.parametrize(("kind", "purpose"), [("server", "sslserver"), ("client", "sslclient")])
def test_openssl_finds_nothing_wrong(
    authority: Authority, issue: Callable[..., IssuedUser], kind: str, purpose: str
) -> None:
    file = issue().files[1] if kind == "client" else authority.folder.path / "server.pem"
    root = authority.folder.path
    verify = ("openssl", "verify", "-x509_strict", "-crl_check", "-purpose", purpose)
    trust = ("-CAfile", str(root / "ca.pem"), "-CRLfile", str(root / "crl.pem"))
    said = subprocess.run((*verify, *trust, str(file)), capture_output=True, text=True, check=False)
    assert said.stdout.strip().endswith(": OK"), said


def test_a_client_certificate_is_short_lived_and_for_clients(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    issued = issue()
    certificate = certificate_of(issued.files[1])
    assert timedelta(days=29) < certificate.not_valid_after_utc - now <= timedelta(days=30)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert [file.name for file in issued.files[:2]] == ["Kadri.key", "Kadri.pem"]


def test_no_certificate_outlives_the_authority(tmp_path: Path, now: datetime) -> None:
    made = Authority.create(tmp_path / "pki", name="Short", now=now, days=10)
    assert made.issue_server(now=now).certificate.expires <= made.certificate.not_valid_after_utc
    with pytest.raises(BadInput, match="expired"):
        made.issue_server(now=now + timedelta(days=11))


def test_a_second_certificate_leaves_the_first_valid(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    first = issue(groups_in=frozenset({"Blue"}), groups_out=frozenset({"Blue"}), role="admin")
    second = issue(nation=None)
    assert second.replaced == ()
    assert second.user == first.user
    kept = [one for one in authority.registry().certificates if one.kind == "client"]
    assert [one.revoked for one in kept] == [None, None]


def test_replacing_revokes_the_older_ones(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    first, second = issue(), issue()
    third = issue(replace=True)
    assert {one.serial for one in third.replaced} == {first.certificate.serial, second.certificate.serial}
    kept = {one.serial: one.reason for one in authority.registry().certificates if one.kind == "client"}
    assert kept[first.certificate.serial] == "superseded"
    assert kept[third.certificate.serial] is None
    listed = x509.load_pem_x509_crl((authority.folder.path / "crl.pem").read_bytes())
    assert {f"{one.serial_number:x}" for one in listed} == {one.serial for one in third.replaced}


def test_a_user_moves_to_another_nation_only_by_replacing(
    authority: Authority, issue: Callable[..., IssuedUser]
) -> None:
    issue(nation="EE")
    with pytest.raises(BadInput, match="is of EE"):
        issue(nation="LV")
    assert authority.registry().users["Kadri"].nation == "EE"
    assert issue(nation="LV", replace=True).user.nation == "LV"


def test_a_name_that_differs_in_case_alone_is_refused(issue: Callable[..., IssuedUser]) -> None:
    issue("Kadri")
    with pytest.raises(BadInput, match="upper and lower case"):
        issue("KADRI")


def test_a_new_user_needs_a_nation(issue: Callable[..., IssuedUser]) -> None:
    with pytest.raises(BadInput, match="two capital letters"):
        issue(nation=None)


def test_one_certificate_is_revoked_by_its_serial_number(
    authority: Authority, issue: Callable[..., IssuedUser], now: datetime
) -> None:
    first, second = issue(), issue()
    written = ":".join(f"0{first.certificate.serial}".upper())
    revoked = authority.revoke(now=now, serial=written, reason="key-compromise")
    assert [one.serial for one in revoked] == [first.certificate.serial]
    assert authority.revoke(now=now, serial=first.certificate.serial) == []
    assert [one.serial for one in authority.revoke(now=now, name="Kadri")] == [second.certificate.serial]
    listed = x509.load_pem_x509_crl((authority.folder.path / "crl.pem").read_bytes())
    entry = listed.get_revoked_certificate_by_serial_number(int(first.certificate.serial, 16))
    assert entry is not None
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise
    assert listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 4


def test_what_was_never_issued_cannot_be_revoked(authority: Authority, now: datetime) -> None:
    for asked in ({"name": "Nobody"}, {"serial": "abc"}, {"name": ""}):
        with pytest.raises(BadInput, match="issued"):
            authority.revoke(now=now, **asked)


def test_a_folder_in_use_is_not_made_anew(authority: Authority, now: datetime) -> None:
    before = (authority.folder.path / "ca.key").read_bytes()
    with pytest.raises(BadInput, match="already there"):
        Authority.create(authority.folder.path, name="Again", now=now)
    assert (authority.folder.path / "ca.key").read_bytes() == before


def test_a_key_that_others_may_read_is_refused(authority: Authority) -> None:
    (authority.folder.path / "ca.key").chmod(0o640)
    with pytest.raises(BadInput, match="others") as caught:
        Authority.open(authority.folder.path)
    assert "chmod 600" in caught.value.remedy


def test_the_key_of_another_authority_is_refused(authority: Authority, tmp_path: Path, now: datetime) -> None:
    other = Authority.create(tmp_path / "other", name="Other", now=now)
    (authority.folder.path / "ca.key").write_bytes((other.folder.path / "ca.key").read_bytes())
    with pytest.raises(BadInput, match="not the key"):
        Authority.open(authority.folder.path)


def test_a_link_out_of_the_folder_is_not_followed(
    authority: Authority, issue: Callable[..., IssuedUser], tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (authority.folder.path / "users").mkdir()
    (authority.folder.path / "users" / "Kadri").symlink_to(outside)
    with pytest.raises(BadInput, match="symbolic link"):
        issue()
    assert list(outside.iterdir()) == []
    assert "Kadri" not in authority.registry().users


def test_what_a_killed_command_left_is_cleared_by_the_next(authority: Authority, now: datetime) -> None:
    leftover = authority.folder.path / ".0123.part"
    leftover.write_bytes(b"half a key")
    authority.issue_server(now=now)
    assert not leftover.exists()


def test_two_processes_that_issue_at_once_lose_nothing(authority: Authority) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", ISSUER, str(authority.folder.path), name])
        for name in ("First", "Second")
    ]
    assert [process.wait(60) for process in started] == [0, 0]
    known = authority.registry()
    expected = {f"{name} {number}" for name in ("First", "Second") for number in range(4)}
    assert set(known.users) == expected
    assert {one.name for one in known.certificates if one.kind == "client"} == expected


def test_changing_an_unknown_user_is_refused(authority: Authority) -> None:
    with pytest.raises(BadInput, match="nothing was issued"):
        authority.change_user(UserRequest(name="Nobody", role="admin"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Kadri"', '"../x"'),
        ('"EE"', '"ee"'),
        ('"__ANON__"', '"\\n"'),
        ('"member"', '"king"'),
        ('"client"', '"lord"'),
        ('"nation": "EE"', '"clearance": "EE"'),
        ("Z", ""),
    ],
)
def test_a_registry_that_was_tampered_with_is_named(
    authority: Authority, issue: Callable[..., IssuedUser], old: str, new: str
) -> None:
    issue()
    file = authority.folder.path / "registry.json"
    written = file.read_text(encoding="utf-8")
    assert old in written
    file.write_text(written.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput, match="is damaged") as caught:
        authority.registry()
    assert caught.value.where == str(file)


def test_a_serial_number_occurs_once(authority: Authority) -> None:
    known = authority.registry()
    known.certificates *= 2
    (authority.folder.path / "registry.json").write_bytes(registry.encode(known))
    with pytest.raises(BadInput, match="twice"):
        authority.registry()
