"""Every way a command can end has its exit code and a message, and no traceback."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import vallum.cli.doctor
from vallum.cli.outcome import BROKEN_PIPE, FAULT, INTERRUPTED
from vallum.core.errors import BadInput, VallumError

ENDS = [
    (
        BadInput("No such thing", where="a.csv, row 3", rule="key", remedy="Add it"),
        2,
        "a.csv, row 3: No such thing",
    ),
    (VallumError("It failed"), 2, "It failed"),
    (OSError(errno.ENOSPC, "No space left on device", "out"), 2, "Free some space"),
    (PermissionError(errno.EACCES, "Permission denied", "out"), 2, "Check the permissions"),
    (MemoryError(), 2, "out of memory"),
    (KeyboardInterrupt(), INTERRUPTED, "interrupted"),
    (ZeroDivisionError("division by zero"), FAULT, "a fault in Vallum: ZeroDivisionError: division by zero"),
    (AssertionError(), FAULT, "--debug"),
]


@pytest.mark.parametrize(("error", "code", "message"), ENDS, ids=lambda value: type(value).__name__)
def test_an_error_becomes_a_message_and_a_code(
    run: Callable, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str
) -> None:
    def fails() -> list:
        raise error

    monkeypatch.setattr(vallum.cli.doctor, "EXAMINATIONS", (fails,))
    plain = run("doctor")
    assert (plain.code, plain.out) == (code, "")
    assert message in plain.err
    assert "Traceback" not in plain.err
    as_json = run("doctor", "--json")
    assert as_json.code == code
    assert as_json.document("error")["error"]["message"]
    assert "Traceback" in run("doctor", "--debug").err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["chek"], "check"),
        (["check"], "REGION"),
        (["check", "toy", "--confidnce"], "--confidnce"),
        (["plan", "toy"], "--out"),
        (["plan", "toy", "--out", "o", "--time-limit", "0"], "--time-limit"),
        (["plan", "toy", "--out", "o", "--time-limit", "nan"], "--time-limit"),
        (["plan", "toy", "--out", "o", "--time-limit", "inf"], "--time-limit"),
        (["plan", "toy", "--out", "o", "--time-limit", "soon"], "--time-limit"),
        (["plan", "toy", "--out", "o", "--work", "-1"], "--work"),
        (["plan", "toy", "--out", "o", "--work", "1.5"], "--work"),
        (["plan", "toy", "--out", "o", "--gap", "-0.1"], "--gap"),
        (["plan", "toy", "--out", "o", "--gap", "2"], "--gap"),
        (["plan", "toy", "--out", "o", "--seed", "-1"], "--seed"),
        (["plan", "toy", "--out", "o", "--seed", "99999999999"], "--seed"),
        (["plan", "toy", "--out", "o", "--seed", "one"], "--seed"),
        (["plan", "toy", "--out", "o", "--threads", "0"], "--threads"),
        (["plan", "toy", "--out", "o", "--threads", "100000"], "--threads"),
        (["plan", "toy", "--out", ""], "--out"),
        (["plan", "toy", "--out", "o", "--mode", "alone"], "--mode"),
        (["audit"], "DIRECTORY"),
        (["compare"], "DIRECTORIES"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_mistyped_command_names_what_is_wrong(run: Callable, words: list[str], named: str) -> None:
    outcome = run(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert named in outcome.err
    assert "--help" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("command", ["audit", "report", "compare"])
def test_a_folder_without_a_plan_is_refused(run: Callable, tmp_path, command: str) -> None:
    file = tmp_path / "file"
    file.touch()
    for place in (tmp_path / "none", tmp_path, file):
        outcome = run(command, place)
        assert (outcome.code, outcome.out) == (2, "")
        assert str(place) in outcome.err


def test_help_and_version(run: Callable) -> None:
    import vallum

    assert run("--version").out.strip() == vallum.__version__
    general = run("--help")
    assert general.code == 0
    for command in ("check", "plan", "audit", "compare", "report", "doctor"):
        assert command in general.out
        assert "--json" in run(command, "--help").out


def test_a_reader_that_goes_away_is_no_fault(vallum_command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*vallum_command, "doctor", "--json"],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (BROKEN_PIPE, "")


def test_a_full_disk_under_standard_output_is_told() -> None:
    if not os.path.exists("/dev/full"):  # noqa: PTH110 - a device, not a file
        pytest.skip("no /dev/full on this machine")
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "vallum", "doctor", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


MARKED = "[/red]o[bold]x"


def test_a_folder_with_the_marks_of_rich_in_its_name(
    run: Callable, toy_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(toy_plan, MARKED)
    assert MARKED in run("report", MARKED).out
    assert run("audit", MARKED).code == 0
    assert MARKED in run("compare", MARKED).out
    outcome = run("plan", "toy", "--mode", "joint", "--time-limit", "5", "--out", f"{MARKED}2")
    assert (outcome.code, f"{MARKED}2" in outcome.out) == (0, True)
    monkeypatch.chdir(MARKED)
    assert MARKED in run("doctor").out


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_a_folder_whose_name_is_no_text(run: Callable, toy_plan: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"a\xffb")
    shutil.copytree(toy_plan, folder)
    assert run("report", folder, "--json").document("report")["report"].endswith("a?b/report.html")
    assert run("check", folder / "none", "--json").document("error")["error"]["message"]


def test_a_run_file_of_another_program(run: Callable, toy_plan: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(toy_plan, folder)
    (folder / "joint" / "run.json").write_text('{"status": 7}')
    outcome = run("compare", folder)
    assert outcome.code == 2
    assert "run.json" in outcome.err
    assert "vallum plan" in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="the shell's words are POSIX")
@pytest.mark.parametrize(
    ("redirection", "code"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), ("2>/dev/full", 0), (">/dev/full", 2)]
)
def test_streams_that_are_closed_or_full(tmp_path: Path, redirection: str, code: int) -> None:
    words = f"-m vallum plan toy --mode joint --time-limit 5 --out {tmp_path / 'o'}"
    done = subprocess.run(
        ["sh", "-c", f'"$0" {words} {redirection}', sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr + done.stdout
    assert (tmp_path / "o" / "manifest.json").is_file()


@pytest.mark.skipif(os.name == "nt", reason="the shell's words are POSIX")
@pytest.mark.parametrize("words", ["--help", "check toy", "check toy --json"])
def test_a_reader_that_has_gone(words: str) -> None:
    script = f'{{ "$0" -m vallum {words}; echo $? >&2; }} | true'
    done = subprocess.run(["sh", "-c", script, sys.executable], capture_output=True, text=True, check=False)
    assert done.stderr.split() == [str(BROKEN_PIPE)]


def test_the_folder_one_is_in_is_not_replaced(
    run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    for out in (".", "..", tmp_path):
        outcome = run("plan", "toy", "--out", out)
        assert outcome.code == 2
        assert "started in it" in outcome.err
    assert run("plan", "toy", "--mode", "joint", "--time-limit", "5", "--out", "plan").code == 0


def test_a_folder_that_is_gone(run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    (tmp_path / "in").rmdir()
    outcome = run("doctor")
    assert outcome.code == 2
    assert "gone" in outcome.err


def test_a_file_for_a_region_is_told_so(run: Callable, tmp_path: Path) -> None:
    (tmp_path / "purses.csv").write_text("state")
    outcome = run("check", tmp_path / "purses.csv")
    assert outcome.code == 2
    assert "this is a file" in outcome.err
