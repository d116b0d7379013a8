"""`vallum pki`."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vallum.hub.pki import credentials
from vallum.hub.pki.folder import Folder
from vallum.hub.pki.lockout import Lockout

PASSPHRASE = "six words that nobody would guess"  # noqa: S105


@pytest.fixture
def folder(run: Callable, tmp_path: Path) -> Path:
    """An authority with a server for this machine."""
    made = tmp_path / "pki"
    assert run("pki", "init", "--dir", made).code == 0
    assert run("pki", "server", "--dir", made).code == 0
    return made


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return file


def test_from_nothing_to_a_user(run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = run("pki", "init")
    assert (made.code, made.err) == (0, "")
    assert "Next: vallum pki server" in made.out
    served = run("pki", "server", "hub.example.org", "192.0.2.7")
    assert served.code == 0
    assert "hub.example.org, 192.0.2.7" in served.out
    outcome = run(
        "pki", "user", "Jüri Tamm", "--nation", "EE", "--group", "Blue", "--group-in", "X", "--role", "admin"
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert "Jüri Tamm of EE, admin; in: Blue, X; out: Blue" in outcome.out
    for name in ("Jüri Tamm.key", "Jüri Tamm.pem", "-hub.example.org.p12", "-atak.zip", "-itak.zip"):
        assert name in outcome.out
    assert (tmp_path / "pki/users/Jüri Tamm/Jüri Tamm.pem").is_file()


def test_the_documents(run: Callable, tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    made = run("pki", "init", "--dir", folder, "--name", "Test authority", "--json").document("pki-init")
    assert made["name"] == "Test authority"
    assert re.fullmatch("[0-9a-f]{64}", made["fingerprint"])
    served = run("pki", "server", "--dir", folder, "--json").document("pki-server")
    assert served["certificate"]["hosts"] == ["localhost", "127.0.0.1", "::1"]
    assert Path(served["file"]).is_file()
    issued = run(
        "pki", "user", "Kadri", "--nation", "LV", "--group-out", "Y", "--dir", folder, "--json"
    ).document("pki-user")
    assert (issued["groups_in"], issued["groups_out"], issued["role"]) == ([], ["Y"], "member")
    assert issued["certificate"]["days_left"] == 29
    assert all(Path(file).is_file() for file in issued["files"])
    listed = run("pki", "list", "--dir", folder, "--json").document("pki-list")
    assert [one["name"] for one in listed["certificates"]] == ["localhost", "Kadri"]
    assert listed["certificates"][1] == issued["certificate"]
    revoked = run("pki", "revoke", "Kadri", "--reason", "key-compromise", "--dir", folder, "--json").document(
        "pki-revoke"
    )
    assert [one["serial"] for one in revoked["revoked"]] == [issued["certificate"]["serial"]]
    assert revoked["revoked"][0]["reason"] == "key-compromise"


def test_a_random_password_is_shown_once(run: Callable, folder: Path) -> None:
    shown = run("pki", "user", "Kadri", "--nation", "EE", "--dir", folder).out
    (password,) = re.findall(r"shown this once: (\S{20})", shown)
    assert password not in run("pki", "list", "--dir", folder).out
    assert password not in (folder / "registry.json").read_text(encoding="utf-8")
    again = run("pki", "user", "Kadri", "--dir", folder, "--json").document("pki-user")
    assert again["password"] != password
    usual = run("pki", "user", "Kadri", "--password", "atakatak", "--dir", folder, "--json")
    assert usual.document("pki-user")["password"] == "atakatak"  # noqa: S105


def test_groups_change_without_a_certificate(run: Callable, folder: Path) -> None:
    run("pki", "user", "Kadri", "--nation", "EE", "--group", "Blue", "--dir", folder)
    changed = run(
        "pki", "user", "Kadri", "--group", "Red", "--no-certificate", "--dir", folder, "--json"
    ).document("pki-user")
    assert (changed["certificate"], changed["password"], changed["files"]) == (None, None, [])
    assert changed["groups_in"] == changed["groups_out"] == ["Red"]
    shown = run("pki", "user", "Kadri", "--role", "viewer", "--no-certificate", "--dir", folder)
    assert "Kadri of EE, viewer; in: Red; out: Red" in shown.out
    assert shown.out.count("\n") == 1
    listed = run("pki", "list", "--dir", folder, "--json").document("pki-list")
    assert len(listed["certificates"]) == 2
    assert run("pki", "user", "Nobody", "--no-certificate", "--dir", folder).code == 2
    assert run("pki", "user", "Kadri", "--no-certificate", "--replace", "--dir", folder).code == 2


def test_replacing_revokes_the_older_certificate(run: Callable, folder: Path) -> None:
    first = run("pki", "user", "Kadri", "--nation", "EE", "--dir", folder, "--json").document("pki-user")
    refused = run("pki", "user", "Kadri", "--nation", "LV", "--dir", folder)
    assert refused.code == 2
    assert "--replace" in refused.err
    second = run("pki", "user", "Kadri", "--nation", "LV", "--replace", "--dir", folder, "--json")
    assert second.document("pki-user")["replaced"] == [first["certificate"]["serial"]]


def test_the_list_marks_what_ends_soon(run: Callable, folder: Path) -> None:
    run("pki", "user", "Soon", "--nation", "EE", "--days", "7", "--dir", folder)
    run("pki", "user", "Later", "--nation", "EE", "--days", "8", "--dir", folder)
    run("pki", "user", "Gone", "--nation", "EE", "--dir", folder)
    run("pki", "revoke", "Gone", "--dir", folder)
    listed = run("pki", "list", "--dir", folder, "--json").document("pki-list")
    assert {one["name"]: one["status"] for one in listed["certificates"]} == {
        "localhost": "valid",
        "Soon": "expiring",
        "Later": "valid",
        "Gone": "revoked",
    }
    shown = run("pki", "list", "--dir", folder).out
    assert "1 ends within 7 days" in shown
    assert re.search(r"revoked .* Gone", shown)


def test_revoking_twice_says_no(run: Callable, folder: Path) -> None:
    run("pki", "user", "Kadri", "--nation", "EE", "--dir", folder)
    assert run("pki", "revoke", "Kadri", "--dir", folder).code == 0
    again = run("pki", "revoke", "Kadri", "--dir", folder)
    assert (again.code, again.err) == (1, "")
    assert "revoked before" in again.out
    assert run("pki", "revoke", "Nobody", "--dir", folder).code == 2
    assert run("pki", "revoke", "--dir", folder).code == 2
    assert run("pki", "revoke", "Kadri", "--serial", "1", "--dir", folder).code == 2


def test_backup_and_restore(run: Callable, folder: Path, passphrase_file: Path, tmp_path: Path) -> None:
    run("pki", "user", "Kadri", "--nation", "EE", "--dir", folder)
    file, there = tmp_path / "backup", tmp_path / "there"
    written = run("pki", "backup", file, "--passphrase-file", passphrase_file, "--dir", folder, "--json")
    assert written.document("pki-backup")["files"] == 11
    restored = run("pki", "restore", file, "--passphrase-file", passphrase_file, "--dir", there)
    assert restored.code == 0
    assert "revoke it once more" in restored.out
    assert run("pki", "list", "--dir", there).out == run("pki", "list", "--dir", folder).out
    again = run("pki", "restore", file, "--passphrase-file", passphrase_file, "--dir", there)
    assert again.code == 2
    assert "already there" in again.err


def test_the_passphrase_comes_from_the_environment_as_well(
    run: Callable, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "backup"
    nothing = run("pki", "backup", file, "--dir", folder)
    assert nothing.code == 2
    assert "--passphrase-file" in nothing.err
    monkeypatch.setenv("VALLUM_PKI_PASSPHRASE", PASSPHRASE)
    assert run("pki", "backup", file, "--dir", folder).code == 0
    monkeypatch.setenv("VALLUM_PKI_PASSPHRASE", "another passphrase")
    wrong = run("pki", "restore", file, "--dir", tmp_path / "there", "--json")
    assert wrong.code == 2
    assert "passphrase is wrong" in wrong.document("error")["error"]["message"]


def test_a_passphrase_is_asked_for_twice(
    run: Callable, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([PASSPHRASE, PASSPHRASE + "?"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    outcome = run("pki", "backup", tmp_path / "backup", "--dir", folder)
    assert outcome.code == 2
    assert "not the same" in outcome.err
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("user", "../evil", "--nation", "EE"),
        ("user", "evil/x", "--nation", "EE"),
        ("user", "evil", "--nation", "ee"),
        ("user", "evil"),
        ("user", "evil", "--nation", "EE", "--group", "a\tb"),
        ("user", "evil", "--nation", "EE", "--days", "0"),
        ("user", "evil", "--nation", "EE", "--password", "short"),
        ("user", "evil", "--nation", "EE", "--role", "king"),
        ("user", "evil", "--nation", "EE", "--connect", "localhost:99999"),
        ("user", "evil", "--nation", "EE", "--connect", "evil.example.org"),
        ("user", "evil", "--nation", "EE", "--token", "--valid", "0"),
        ("user", "evil", "--nation", "EE", "--token", "--valid", "9" * 30),
        ("user", "evil", "--nation", "EE", "--token", "--replace"),
        ("user", "evil", "--nation", "EE", "--token", "--password", "correct horse"),
        ("user", "evil", "--nation", "EE", "--qr", "--no-certificate"),
        ("user", "evil", "--nation", "EE", "--qr-file", "code.gif"),
        ("user", "evil", "--nation", "EE", "--qr-file", "no such folder/code.png"),
        ("user", "evil", "--nation", "EE", "--qr", "--connect", "evil.example.org"),
        ("user", "evil", "--nation", "EE", "--qr", "--connect", "::1"),
        ("user", "evil", "--nation", "EE", "--password-file", "/dev/null"),
        ("user", "evil", "--nation", "EE", "--password-file", "/nonexistent"),
        ("user", "evil", "--token"),
        ("server", "no host"),
        ("init",),
    ],
)
def test_bad_input_changes_nothing_and_ends_with_2(
    run: Callable, folder: Path, words: tuple[str, ...]
) -> None:
    before = {place: place.read_bytes() for place in folder.rglob("*") if place.is_file()}
    outcome = run("pki", *words, "--dir", folder)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    assert {place: place.read_bytes() for place in folder.rglob("*") if place.is_file()} == before


def test_a_user_is_let_in_to_enrol(run: Callable, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("õige hobune klamber\n", encoding="utf-8")
    made = run(
        "pki", "user", "Jüri Tamm", "--nation", "EE", "--password-file", secret, "--dir", folder, "--json"
    ).document("pki-user")
    assert (made["password_set"], made["certificate"], made["enrolment"], made["files"]) == (
        True,
        None,
        None,
        [],
    )
    picture = tmp_path / "code.svg"
    offered = run(
        "pki", "user", "Jüri Tamm", "--qr-file", picture, "--valid", "2", "--connect", "127.0.0.1:8090",
        "--dir", folder, "--json",
    ).document("pki-user")["enrolment"]  # fmt: skip
    token = offered["token"]
    assert offered["link"] == (
        f"tak://com.atakmap.app/enroll?host=127.0.0.1:8090&username=J%C3%BCri%20Tamm&token={token}"
    )
    assert (offered["itak"], offered["qr_file"]) == ("127.0.0.1,127.0.0.1,8090,ssl", str(picture))
    assert picture.read_bytes().startswith(b"<?xml")
    assert picture.stat().st_mode & 0o777 == 0o600
    (listed,) = run("pki", "list", "--dir", folder, "--json").document("pki-list")["users"]
    assert (listed["name"], listed["enrolled"], listed["password"]) == ("Jüri Tamm", False, True)
    assert [one["expires"] for one in listed["tokens"]] == [offered["expires"]]
    kept = (folder / "credentials.json").read_text(encoding="utf-8")
    assert token not in kept
    assert "hobune" not in kept
    gone = run("pki", "revoke", "Jüri Tamm", "--dir", folder, "--json")
    assert gone.code == 0
    assert gone.document("pki-revoke") == {"dir": str(folder), "revoked": [], "withdrawn": True}
    assert run("pki", "revoke", "Jüri Tamm", "--dir", folder).code == 1


def test_what_a_person_is_shown_to_enrol(run: Callable, folder: Path, tmp_path: Path) -> None:
    shown = run("pki", "user", "Kadri", "--nation", "EE", "--qr", "--dir", folder)
    assert (shown.code, shown.err) == (0, "")
    (token,) = re.findall(r"valid until .*Z: (\S{20})", shown.out)
    assert f"tak://com.atakmap.app/enroll?host=localhost&username=Kadri&token={token}" in shown.out
    assert "localhost,localhost,8089,ssl" in shown.out
    assert shown.out.count("█") > 100
    assert re.search(r"Kadri +│ EE +│ not yet", run("pki", "list", "--dir", folder).out)
    picture = tmp_path / "code.png"
    assert run("pki", "user", "Kadri", "--token", "--qr-file", picture, "--dir", folder).code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_lock_out_is_shown_and_ended(run: Callable, folder: Path) -> None:
    run("pki", "user", "Kadri", "--nation", "EE", "--token", "--dir", folder)
    kept = credentials.load(Folder(folder))
    failures = Lockout(1, timedelta(hours=1)).failed(None, datetime.now(UTC))
    kept.failures["Kadri"] = failures
    credentials.save(Folder(folder), kept)
    (listed,) = run("pki", "list", "--dir", folder, "--json").document("pki-list")["users"]
    assert datetime.fromisoformat(listed["locked_until"]) == failures.until
    assert f"{failures.until:%Y-%m-%d %H:%M:%S}Z" in run("pki", "list", "--dir", folder).out
    done = run("pki", "unlock", "Kadri", "--dir", folder, "--json")
    assert done.document("pki-unlock") == {"dir": str(folder), "name": "Kadri", "unlocked": True}
    assert "may try again" not in run("pki", "unlock", "Kadri", "--dir", folder).out
    assert run("pki", "unlock", "Kadri", "--dir", folder).code == 1
    assert run("pki", "unlock", "../x", "--dir", folder).code == 2


def test_a_port_reaches_the_package(run: Callable, folder: Path) -> None:
    issued = run(
        "pki", "user", "Kadri", "--nation", "EE", "--connect", "127.0.0.1:9999", "--dir", folder, "--json"
    ).document("pki-user")
    assert any(file.endswith("Kadri-127.0.0.1-atak.zip") for file in issued["files"])


def test_without_a_folder_every_command_says_how_to_make_one(run: Callable, tmp_path: Path) -> None:
    for words in (["list"], ["server"], ["user", "Kadri"], ["revoke", "Kadri"]):
        outcome = run("pki", *words, "--dir", tmp_path / "nowhere")
        assert outcome.code == 2
        assert "vallum pki init" in outcome.err


def test_a_mistyped_command_leads_to_the_help(run: Callable) -> None:
    outcome = run("pki", "isue")
    assert outcome.code == 2
    assert "vallum pki --help" in outcome.err
    assert run("pki", "user", "--help").code == 0
