"""Passwords, tokens and lock-outs as they are kept, also when a process is killed or two come at once."""

import base64
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vallum.core.errors import BadInput
from vallum.hub.pki import Authority, UserRequest, back_up, credentials, registry, restore
from vallum.hub.pki.accounts import Accounts, LockedOut, Wrong
from vallum.hub.pki.credentials import Credentials, Proof, Unproven, digest
from vallum.hub.pki.delivery import enrolment_link, itak_text
from vallum.hub.pki.enrol import Admitted, admit, enrol, unlock
from vallum.hub.pki.lockout import MOST_STRANGERS, Failures, Lockout, note
from vallum.hub.pki.request import read_request

PASSWORD = "õige hobune klamber"  # noqa: S105
HOUR = timedelta(hours=1)
LOCKOUT = Lockout(3, timedelta(minutes=1))
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()

KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric import ec
from vallum.hub.pki import Authority, registry
from vallum.hub.pki.credentials import Proof
from vallum.hub.pki.enrol import enrol
registry.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
key = ec.generate_private_key(ec.SECP256R1()).public_key()
proof = Proof("Kadri", "token", sys.argv[2])
enrol(Authority.open(Path(sys.argv[1])), "Kadri", key, now=datetime.now(UTC), days=1, proof=proof)
"""


@pytest.fixture
def let_in(authority: Authority, now: datetime) -> Callable[..., Admitted]:
    def admitted(name: str = "Kadri", **more: object) -> Admitted:
        at = more.pop("now", now)
        return admit(authority, UserRequest(name=name, nation="EE"), now=at, **more)

    return admitted


def kept_in(authority: Authority) -> Credentials:
    return credentials.load(authority.folder)


def proof_of(authority: Authority, name: str) -> Proof:
    """The proof of who has given a user's password."""
    return Proof(name, "password", digest(kept_in(authority).passwords[name]))


def test_neither_password_nor_token_is_in_the_file(
    authority: Authority, let_in: Callable[..., Admitted]
) -> None:
    made = let_in(password=PASSWORD, valid=HOUR)
    file = authority.folder.path / "credentials.json"
    written = file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.token
    assert made.token not in written
    assert PASSWORD not in written
    assert kept_in(authority).passwords["Kadri"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert digest(made.token) in written


def test_a_kill_between_token_and_certificate_uses_the_token_up(
    authority: Authority, let_in: Callable[..., Admitted], now: datetime
) -> None:
    key = digest(let_in(valid=HOUR).token or "")
    died = subprocess.run([sys.executable, "-c", KILLED, str(authority.folder.path), key], check=False)
    assert died.returncode == -signal.SIGKILL
    assert [one.kind for one in authority.registry().certificates] == ["server"]
    with pytest.raises(Unproven, match="used before"):
        enrol(authority, "Kadri", KEY, now=now, days=1, proof=Proof("Kadri", "token", key))


def test_many_at_once_get_one_certificate_for_a_token(
    authority: Authority, let_in: Callable[..., Admitted], now: datetime
) -> None:
    proof = Proof("Kadri", "token", digest(let_in(valid=HOUR).token or ""))

    def attempt(_: int) -> bool:
        try:
            enrol(authority, "Kadri", KEY, now=now, days=1, proof=proof)
        except Unproven:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1
    assert len(authority.registry().certificates) == 2


def test_a_proof_does_not_outlive_what_it_proves(
    authority: Authority, let_in: Callable[..., Admitted], now: datetime
) -> None:
    let_in(password=PASSWORD)
    before = proof_of(authority, "Kadri")
    let_in(password=PASSWORD + "!")
    with pytest.raises(Unproven, match="not valid"):
        enrol(authority, "Kadri", KEY, now=now, days=1, proof=before)
    after = proof_of(authority, "Kadri")
    authority.revoke(now=now, name="Kadri")
    with pytest.raises(Unproven, match="not valid"):
        enrol(authority, "Kadri", KEY, now=now, days=1, proof=after)
    with pytest.raises(Unproven, match="no such user"):
        enrol(authority, "Nobody", KEY, now=now, days=1, proof=after)
    with pytest.raises(Unproven, match="certificate is not valid"):
        enrol(authority, "Kadri", KEY, now=now, days=1, renews="abc")
    assert len(authority.registry().certificates) == 1


def test_tokens_end_and_are_forgotten(
    authority: Authority, let_in: Callable[..., Admitted], now: datetime
) -> None:
    made = let_in(valid=HOUR)
    (token,) = kept_in(authority).tokens["Kadri"]
    assert (made.expires, token.open(now), token.open(now + HOUR)) == (now + HOUR, True, False)
    let_in(valid=HOUR, now=now + timedelta(days=9))
    assert len(kept_in(authority).tokens["Kadri"]) == 1
    for valid in (timedelta(), -HOUR, timedelta(days=366)):
        with pytest.raises(BadInput, match="hours"):
            let_in("Jüri", valid=valid)
    assert "Jüri" not in authority.registry().users
    for _ in range(31):
        let_in(valid=HOUR, now=now + timedelta(days=9))
    with pytest.raises(BadInput, match="32 tokens"):
        let_in(valid=HOUR, now=now + timedelta(days=9))


@pytest.mark.parametrize("password", ["", "a" * 9, "a" * 257, "line\nbreak and more", "\udcff" * 12])
def test_a_password_that_cannot_be_used_changes_nothing(
    authority: Authority, let_in: Callable[..., Admitted], password: str
) -> None:
    with pytest.raises(BadInput, match="10 to 256"):
        let_in(password=password)
    assert authority.registry().users == {}
    assert not (authority.folder.path / "credentials.json").exists()


def test_who_guesses_waits_twice_as_long_each_time(now: datetime) -> None:
    failures, at, waits = None, now, []
    for _ in range(13):
        for _ in range(3):
            assert failures is None or failures.locked(at) is None
            failures = LOCKOUT.failed(failures, at)
        left = failures.locked(at) if failures else None
        assert left is not None
        waits.append(left.total_seconds())
        at += left
    assert waits == [60 * 2**number for number in range(11)] + [86_400, 86_400]
    assert failures is not None
    assert not failures.over(at + timedelta(hours=23))
    assert LOCKOUT.failed(failures, at + timedelta(hours=25)) == Failures(
        count=1, last=at + timedelta(hours=25)
    )


def test_a_flood_of_names_pushes_no_user_out(now: datetime) -> None:
    failures = {
        f"x{number}": Failures(last=now + timedelta(seconds=number)) for number in range(MOST_STRANGERS)
    }
    failures["Kadri"] = Failures(last=now - HOUR)
    note(failures, "one more", Failures(last=now + HOUR), {"Kadri"})
    assert len(failures) == MOST_STRANGERS + 1
    assert {"Kadri", "one more", "x1"} <= set(failures)
    assert "x0" not in failures


def test_failures_are_kept_and_forgotten(authority: Authority, let_in: Callable[..., Admitted]) -> None:
    let_in(password=PASSWORD)
    accounts = Accounts(authority.folder.path, LOCKOUT)
    accounts.prepare()
    for name in ("Kadri", "Nobody"):
        for _ in range(3):
            with pytest.raises(Wrong):
                accounts.by_password(name, "wrong")
    again = Accounts(authority.folder.path, LOCKOUT)
    for name in ("Kadri", "Nobody"):
        with pytest.raises(LockedOut) as caught:
            again.by_password(name, PASSWORD)
        assert timedelta(seconds=50) < caught.value.left <= timedelta(minutes=1)
    assert unlock(authority.folder, "Kadri")
    assert not unlock(authority.folder, "Kadri")
    principal, proof = again.by_password("Kadri", PASSWORD)
    assert (principal.name, principal.nation, principal.certificate) == ("Kadri", "EE", "")
    assert again.by_proof(proof) == principal
    with pytest.raises(Wrong):
        again.by_password("Kadri", "wrong")
    again.by_password("Kadri", PASSWORD)
    assert set(kept_in(authority).failures) == {"Nobody"}
    # What can be nobody's name is not kept.
    with pytest.raises(Wrong):
        again.by_password("../x", "wrong")
    assert set(kept_in(authority).failures) == {"Nobody"}


def test_a_hash_of_other_costs_is_made_anew(authority: Authority, let_in: Callable[..., Admitted]) -> None:
    let_in(password=PASSWORD)
    kept = kept_in(authority)
    kept.passwords["Kadri"] = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    credentials.save(authority.folder, kept)
    accounts = Accounts(authority.folder.path, LOCKOUT)
    _, proof = accounts.by_password("Kadri", PASSWORD)
    assert "m=19456,t=2,p=1" in kept_in(authority).passwords["Kadri"]
    assert accounts.by_proof(proof).name == "Kadri"


def test_a_backup_holds_them(authority: Authority, let_in: Callable[..., Admitted], tmp_path: Path) -> None:
    made = let_in(password=PASSWORD, valid=HOUR)
    back_up(authority.folder.path, tmp_path / "backup", PASSWORD)
    restore(tmp_path / "backup", tmp_path / "there", PASSWORD)
    accounts = Accounts(tmp_path / "there", LOCKOUT)
    assert accounts.by_password("Kadri", PASSWORD)[0].name == "Kadri"
    found = accounts.by_token("Kadri", made.token or "")
    assert found is not None
    assert found[0].name == "Kadri"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is damaged"),
        (b'{"format": 1, "passwords": []}', "is damaged"),
        (b'{"format": 1, "more": 1}', "is damaged"),
        (b"\xff", "is damaged"),
        (b'{"format": 2}', "has format 2"),
    ],
)
def test_a_damaged_file_is_named(authority: Authority, content: bytes, said: str, tmp_path: Path) -> None:
    file = authority.folder.path / "credentials.json"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=said) as caught:
        kept_in(authority)
    assert caught.value.where == str(file)
    with pytest.raises(BadInput, match=said):
        back_up(authority.folder.path, tmp_path / "backup", PASSWORD)


def test_a_registry_of_the_format_before_is_read_and_becomes_one_of_this(
    authority: Authority, let_in: Callable[..., Admitted]
) -> None:
    file = authority.folder.path / "registry.json"
    before = file.read_text(encoding="utf-8")
    for new, old in (('"format": 2', '"format": 1'), (',\n      "renews": null', "")):
        assert new in before
        before = before.replace(new, old)
    file.write_text(before, encoding="utf-8")
    let_in()
    assert registry.load(authority.folder).format == 2


def test_links_hold_what_devices_need() -> None:
    link = enrolment_link("hub.example.org", 8089, "Jüri Tamm", "abc")
    assert link == "tak://com.atakmap.app/enroll?host=hub.example.org&username=J%C3%BCri%20Tamm&token=abc"
    assert "host=192.0.2.7:8090&" in enrolment_link("192.0.2.7", 8090, "x", "abc")
    assert itak_text("hub.example.org", 8089) == "hub.example.org,hub.example.org,8089,ssl"
    for make in (
        lambda: enrolment_link("2001:db8::7", 8089, "x", "y"),
        lambda: itak_text("2001:db8::7", 8089),
    ):
        with pytest.raises(BadInput, match="colon"):
            make()


def made_request() -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Kadri")])
    built = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return built.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)


GOOD = made_request()


# The library warns of names that are too long, and reads them.
@pytest.mark.filterwarnings("ignore:Attribute's length:UserWarning")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), cut=st.integers(0, 3))
def test_a_request_with_a_changed_byte_is_refused_and_breaks_nothing(place: int, byte: int, cut: int) -> None:
    changed = bytearray(GOOD)
    changed[place] = byte
    der = bytes(changed[: len(GOOD) - cut])
    try:
        read_request(base64.b64encode(der), "Kadri")
    except BadInput as error:
        assert error.remedy
    else:
        assert der == GOOD


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_what_is_no_request_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_request(body, "Kadri")
