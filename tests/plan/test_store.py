"""A plan on disk: whole or not there, equal when equal, and refused with a remedy when damaged."""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vallum.core.errors import BadInput, VallumError
from vallum.plan import folder as folder_module
from vallum.plan.folder import foreign_entries, staged, write_bytes
from vallum.plan.store import FORMAT_VERSION, plan_dirs, read_plan, read_plans, write_plan
from vallum.plan.tables import PLAN_TABLES

Parts = dict[str, Any]


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
    """The same table in another order, in several chunks, with its columns turned round."""
    halves = frame.sample(fraction=1.0, shuffle=True, seed=3)
    parts = pl.concat([halves.head(1), halves.tail(max(0, halves.height - 1))], rechunk=False)
    return parts.select(reversed(frame.columns))


def edit_manifest(folder: Path, **values: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_reads_back_what_was_written(write: Callable[..., Path], parts: Callable[[str], Parts]) -> None:
    plan, content = read_plan(write("joint")), parts("joint")
    assert plan.mode == "joint"
    assert plan.manifest["format_version"] == FORMAT_VERSION
    assert plan.manifest["region"] == content["manifest"]["region"]
    assert plan.run == content["run"]
    assert set(plan.tables) == set(PLAN_TABLES)
    assert plan.tables["orders"].height == 4
    assert plan.tables["rows"].height == 0
    assert plan.inputs["programmes"].height == 4
    with pytest.raises(TypeError):
        plan.tables["orders"] = pl.DataFrame()  # type: ignore[index]


def test_equal_plans_are_equal_files(parts: Callable[[str], Parts], tmp_path: Path) -> None:
    one, other = parts("joint"), parts("joint")
    other["tables"] = {name: shuffled(frame) for name, frame in other["tables"].items()}
    other["inputs"] = {
        name: shuffled(frame).select(frame.columns) for name, frame in reversed(other["inputs"].items())
    }
    write_plan(tmp_path / "one", **one)
    write_plan(tmp_path / "other", **other)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "other")


def test_replaces_a_plan(write: Callable[..., Path]) -> None:
    folder = write("joint")
    write("joint", levels=PLAN_TABLES["levels"].empty())
    assert read_plan(folder).tables["levels"].height == 0
    assert [path.name for path in folder.parent.iterdir()] == ["joint"]


def test_replaces_where_folders_cannot_be_exchanged(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "exchange", lambda one, other: False)
    folder = write("joint")
    write("joint", levels=PLAN_TABLES["levels"].empty())
    assert read_plan(folder).tables["levels"].height == 0
    assert [path.name for path in folder.parent.iterdir()] == ["joint"]


def test_tables_are_sorted_by_their_key(write: Callable[..., Path]) -> None:
    for name, frame in read_plan(write("joint")).tables.items():
        key = PLAN_TABLES[name].key
        assert frame.equals(frame.sort(key)), name


@pytest.mark.parametrize("name", ["notes.txt", "tables/mine.csv", "inputs/deep/er/x.parquet", ".hidden"])
def test_never_deletes_a_file_it_did_not_write(name: str, write: Callable[..., Path]) -> None:
    folder = write("joint")
    precious = folder / name
    precious.parent.mkdir(parents=True, exist_ok=True)
    precious.write_text("mine")
    before = files_of(folder)
    with pytest.raises(BadInput, match="did not write") as caught:
        write("joint")
    assert caught.value.remedy
    assert files_of(folder) == before


def test_refuses_a_folder_that_only_looks_like_a_plan(write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "joint").mkdir()
    (tmp_path / "joint" / "manifest.json").write_text('{"kind": "theirs"}')
    with pytest.raises(BadInput, match="did not write"):
        write("joint")
    (tmp_path / "national").write_text("a file")
    with pytest.raises(BadInput, match="this is a file"):
        write("national")


@pytest.mark.parametrize("plan", [True, False])
def test_a_large_foreign_folder_is_not_listed(
    plan: bool, write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write("joint") if plan else tmp_path / "disk"
    (folder / "usr" / "share").mkdir(parents=True)
    for number in range(9):
        (folder / f"file {number}").touch()
    entered = []
    scandir = os.scandir
    monkeypatch.setattr("os.scandir", lambda path: entered.append(Path(path).name) or scandir(path))
    assert len(foreign_entries(folder)) == 4
    assert "usr" not in entered
    with pytest.raises(BadInput, match="and more"), staged(folder):
        pass


@pytest.mark.parametrize("where", ["", "joint/"])
def test_what_a_killed_report_left_is_ours_and_goes_with_the_plan(
    where: str, write: Callable[..., Path], parts: Callable[[str], Parts], tmp_path: Path
) -> None:
    root = write("joint").parent if where else write("joint")
    handle, left = tempfile.mkstemp(dir=root / where, prefix=".report.html.", suffix=".partial")
    os.close(handle)
    (root / where / "report.html").touch()
    assert foreign_entries(root) == []
    write_plan(root, **parts("joint"))
    assert not Path(left).exists()
    assert not list(root.glob("**/*report*"))


def test_links_and_folders_with_our_names_are_not_ours(write: Callable[..., Path], tmp_path: Path) -> None:
    folder = write("joint")
    (folder / "compare.json").mkdir()
    (folder / "report.html").symlink_to(tmp_path)
    assert foreign_entries(folder) == ["compare.json", "report.html"]


def test_a_plan_that_cannot_be_emptied_is_refused(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write("joint")
    # the tests may run as a user whom no permission stops
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != "inputs")
    with pytest.raises(BadInput, match=r"inputs cannot be read and emptied") as caught:
        write("joint", levels=PLAN_TABLES["levels"].empty())
    assert "permission" in caught.value.remedy
    assert [path.name for path in folder.parent.iterdir()] == ["joint"]


def test_writes_into_an_empty_folder_and_through_a_link(write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "joint").symlink_to("real")
    write("joint")
    assert read_plan(tmp_path / "real").mode == "joint"
    assert (tmp_path / "joint").is_symlink()


def test_a_full_disk_leaves_the_old_plan(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write("joint")
    before = files_of(folder)
    written = []

    def disk_full(path: Path, content: bytes) -> None:
        written.append(path)
        if len(written) == 7:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_bytes(path, content)

    monkeypatch.setattr("vallum.plan.store.write_bytes", disk_full)
    with pytest.raises(VallumError, match="disk is full") as caught:
        write("joint", levels=PLAN_TABLES["levels"].empty())
    assert "Free some space" in caught.value.remedy
    assert files_of(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["joint"]


def test_a_full_disk_for_real(parts: Callable[[str], Parts], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False
    ) if hasattr(os, "geteuid") and os.geteuid() == 0 else None  # fmt: skip
    if mounted is None or mounted.returncode:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    try:
        with pytest.raises(VallumError, match="disk is full"):
            write_plan(disk / "joint", **parts("joint"))
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


WRITER = """
import sys, time
from pathlib import Path
from vallum.plan.folder import staged, write_bytes
with staged(Path(sys.argv[1])) as stage:
    write_bytes(stage / "manifest.json", b"{")
    print("half", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="a kill is a POSIX signal")
def test_a_killed_writer_leaves_the_old_plan(write: Callable[..., Path]) -> None:
    folder = write("joint")
    before = files_of(folder)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert files_of(folder) == before
    assert len(list(folder.parent.iterdir())) == 2
    write("joint")
    assert [path.name for path in folder.parent.iterdir()] == ["joint"]


def test_a_writer_at_work_is_left_alone(write: Callable[..., Path], tmp_path: Path) -> None:
    with staged(tmp_path / "joint") as stage:
        write_bytes(stage / "report.html", b"")
        write("joint")
        assert stage.exists()
        (stage / "report.html").unlink()
        folder_module.write_json(stage / "manifest.json", {"kind": "plan"})
    assert files_of(tmp_path / "joint").keys() == {"manifest.json"}


def test_an_old_folder_is_put_back_after_a_kill_between_two_renames(
    write: Callable[..., Path], parts: Callable[[str], Parts]
) -> None:
    folder = write("joint")
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    folder.rename(folder.parent / f".joint.old-{int(dead.stdout)}-0123abcd")
    folder_module.sweep(folder)
    assert read_plan(folder).mode == "joint"


def test_names_a_changed_file(write: Callable[..., Path]) -> None:
    folder = write("joint")
    path = folder / "tables" / "money.parquet"
    pl.read_parquet(path).head(1).write_parquet(path)
    with pytest.raises(BadInput, match=r"money\.parquet: The file was changed"):
        read_plan(folder)
    assert read_plan(folder, verify=False).changed == ("tables/money.parquet",)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (FORMAT_VERSION + 1, "newer than"),
        (0, "older than"),
        ("1", "no whole number"),
        (None, "no whole number"),
        (True, "no whole number"),
    ],
)
def test_another_format_version_is_refused_with_a_remedy(
    version: Any, text: str, write: Callable[..., Path]
) -> None:
    folder = write("joint")
    edit_manifest(folder, format_version=version)
    with pytest.raises(BadInput, match=text) as caught:
        read_plan(folder)
    assert caught.value.rule == "format_version"
    assert "plan" in caught.value.remedy.lower()


@pytest.mark.parametrize(
    "name", ["manifest.json", "run.json", "tables/orders.parquet", "inputs/needs.parquet"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "garbage", "folder", "link"])
def test_a_damaged_file_is_named(name: str, damage: str, write: Callable[..., Path]) -> None:
    folder = write("joint")
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if damage == "link":
        (folder.parent / "elsewhere").write_bytes(content)
        path.symlink_to(folder.parent / "elsewhere")
    elif damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes(
            {"empty": b"", "half": content[: len(content) // 2], "garbage": b"\xff\x00[[[" * 99}[damage]
        )
    for verify in (True, False):
        with pytest.raises(BadInput, match=path.name) as caught:
            read_plan(folder, verify=verify)
        assert caught.value.remedy


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_to_json_is_bad_input_or_harmless(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("plan")
    value = st.recursive(
        st.none() | st.booleans() | st.integers(-1, 2) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["tables", "rows"]), inner)
        ),
        max_leaves=4,
    )
    good = {"kind": "plan", "format_version": 1, "mode": "joint", "region": {}, "vallum_version": "", "seed": 0,
            "limits": {}, "versions": {}, "tables": {}}  # fmt: skip
    good[data.draw(st.sampled_from(sorted(good)))] = data.draw(value)
    (folder / "manifest.json").write_text(json.dumps(good))
    with pytest.raises(BadInput):
        read_plan(folder)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "tables/../../x", "/etc/passwd", "tables/", "other/orders", "tables/A"]
)
def test_paths_never_leave_the_folder(name: str, write: Callable[..., Path]) -> None:
    folder = write("joint")
    tables = json.loads((folder / "manifest.json").read_text())["tables"]
    edit_manifest(folder, tables=tables | {name: {"rows": 0, "sha256": ""}})
    with pytest.raises(BadInput, match="list of tables"):
        read_plan(folder)


def test_a_json_file_that_nests_without_end_is_bad_input(write: Callable[..., Path]) -> None:
    folder = write("joint")
    (folder / "run.json").write_text("[" * 200_000)
    with pytest.raises(BadInput, match="no JSON"):
        read_plan(folder)


def test_either_level_of_a_folder_is_accepted(write: Callable[..., Path]) -> None:
    root = write("joint").parent
    assert plan_dirs(root) == {"joint": root / "joint"}
    write("national")
    assert list(plan_dirs(root)) == ["national", "joint"]
    assert plan_dirs(root / "joint") == {"joint": root / "joint"}
    assert {mode: plan.mode for mode, plan in read_plans(root).items()} == {
        "national": "national",
        "joint": "joint",
    }


def test_swapped_modes_are_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    national, joint = write("national"), write("joint")
    national.rename(tmp_path / "other")
    joint.rename(national)
    (tmp_path / "other").rename(joint)
    with pytest.raises(BadInput, match="named national, and the plan in it is joint") as caught:
        plan_dirs(tmp_path)
    assert "plan again" in caught.value.remedy


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize(("kind", "named"), [("inputs", "names no inputs"), ("tables", "tables lacks")])
def test_a_manifest_that_lists_too_little_is_refused(
    kind: str, named: str, verify: bool, write: Callable[..., Path]
) -> None:
    folder = write("joint")
    tables = json.loads((folder / "manifest.json").read_text())["tables"]
    edit_manifest(folder, tables={name: tables[name] for name in tables if not name.startswith(kind)})
    with pytest.raises(BadInput, match=named):
        read_plan(folder, verify=verify)
    edit_manifest(folder, tables={name: entry | {"rows": "4"} for name, entry in tables.items()})
    with pytest.raises(BadInput, match="list of tables is damaged"):
        read_plan(folder, verify=verify)


@pytest.mark.parametrize("place", ["joint", "joint/manifest.json", "joint/tables/orders.parquet"])
def test_what_may_not_be_read_is_bad_input(
    place: str, write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("joint")
    look = Path.stat

    def refused(path: Path, **options: Any) -> os.stat_result:
        if place in path.as_posix():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(BadInput, match="cannot be read") as caught:
        read_plans(tmp_path)
    assert "permissions" in caught.value.remedy


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(write: Callable[..., Path]) -> None:
    folder = write("joint")
    (folder / "run.json").unlink()
    os.mkfifo(folder / "run.json")
    with pytest.raises(BadInput, match="no regular file"):
        read_plan(folder)


def test_a_folder_without_a_plan_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        plan_dirs(tmp_path / "nothing")
    with pytest.raises(BadInput, match="holds no plan"):
        plan_dirs(tmp_path)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (lambda f: f.drop("state"), "columns"),
        (lambda f: f.with_columns(quantity=pl.lit(float("nan"))), "not finite"),
        (lambda f: f.with_columns(quantity=pl.lit(None, pl.Float64)), "misses 4 values"),
        (lambda f: f.with_columns(year=pl.lit("soon")), "orders"),
        (lambda f: pl.concat([f, f]), "appears twice"),
    ],
)
def test_a_table_of_the_wrong_shape_is_not_written(
    fault: Callable[[pl.DataFrame], pl.DataFrame], text: str, parts: Callable[[str], Parts], tmp_path: Path
) -> None:
    plan = parts("joint")
    plan["tables"]["orders"] = fault(plan["tables"]["orders"])
    with pytest.raises(ValueError, match=text):
        write_plan(tmp_path / "joint", **plan)
    assert list(tmp_path.iterdir()) == []


def test_each_column_of_a_plan_is_documented() -> None:
    for table in PLAN_TABLES.values():
        assert table.row.endswith(".")
        assert set(table.key) <= set(table.schema)
        for column in table.columns:
            assert column.meaning
            assert column.unit or column.kind in {"text", "flag", "whole"}


def test_reading_is_quick(write: Callable[..., Path]) -> None:
    folder = write("joint")
    start = time.perf_counter()
    read_plan(folder)
    assert time.perf_counter() - start < 2
