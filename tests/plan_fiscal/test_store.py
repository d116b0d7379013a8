"""An outlook on disk: whole or not there, equal when equal, and refused when damaged."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.plan_fiscal.plans import TWO, write_hand
from vallum.core.errors import BadInput, VallumError
from vallum.plan.audit import audit
from vallum.plan.fiscal import Outlook, make, read_outlook
from vallum.plan.fiscal.store import FISCAL
from vallum.plan.fiscal.tables import FISCAL_TABLES
from vallum.plan.results import FORMAT_VERSION, write_results
from vallum.plan.store import Plan, read_plan, read_plans
from vallum.region import Region


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def edit_manifest(folder: Path, **values: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values), encoding="utf-8")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, outlook: Outlook) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "outlook"
    write_results(FISCAL, folder, outlook)
    return folder


@pytest.fixture
def folder(tmp_path: Path, kept: Path) -> Path:
    """An outlook that a test may damage."""
    return Path(shutil.copytree(kept, tmp_path / "outlook"))


def test_reads_back_what_was_written(folder: Path, outlook: Outlook) -> None:
    found = read_outlook(folder)
    assert set(found.tables) == set(FISCAL_TABLES)
    for name, frame in outlook.tables.items():
        assert found.tables[name].equals(frame), name
    assert found.manifest["format_version"] == FORMAT_VERSION
    assert found.manifest["kind"] == "fiscal"
    assert {name: entry["rows"] for name, entry in found.manifest["tables"].items()} == {
        name: frame.height for name, frame in outlook.tables.items()
    }
    assert set(found.run) == {"written", "seconds", "python"}
    with pytest.raises(TypeError):
        found.tables["fan"] = pl.DataFrame()  # type: ignore[index]


def test_a_changed_table_is_seen(folder: Path) -> None:
    path = folder / "tables" / "fan.parquet"
    pl.read_parquet(path).with_columns(pl.col("p50") + 1e-6).write_parquet(path)
    with pytest.raises(BadInput, match="changed after it was written"):
        read_outlook(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format_version": FORMAT_VERSION + 1}, "format version"),
        ({"format_version": "1"}, "format version"),
        ({"kind": "plan"}, "not the manifest of a fiscal outlook"),
        ({"tables": {}}, "list of tables"),
        ({"tables": []}, "list of tables"),
        ({"tables": dict.fromkeys(FISCAL_TABLES)}, "changed after"),
        ({"tables": {**dict.fromkeys(FISCAL_TABLES), "../x": {}}}, "list of tables"),
    ],
)
def test_a_manifest_that_is_not_ours_is_refused(folder: Path, values: dict[str, Any], message: str) -> None:
    edit_manifest(folder, **values)
    with pytest.raises(BadInput, match=message) as caught:
        read_outlook(folder)
    assert "vallum fiscal" in str(caught.value.remedy)


@pytest.mark.parametrize("name", ["manifest.json", "run.json", "tables/fan.parquet"])
def test_a_missing_or_empty_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    with pytest.raises(BadInput, match=r"no JSON file|changed after"):
        read_outlook(folder)
    (folder / name).unlink()
    with pytest.raises(BadInput, match="missing") as caught:
        read_outlook(folder)
    assert name in str(caught.value.where)


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    path = folder / "tables" / "fan.parquet"
    path.rename(tmp_path / "fan.parquet")
    path.symlink_to(tmp_path / "fan.parquet")
    with pytest.raises(BadInput, match="symbolic links"):
        read_outlook(folder)


def test_a_table_of_another_shape_is_refused(folder: Path) -> None:
    """With a hash that is right, so that only the columns tell."""
    path = folder / "tables" / "fan.parquet"
    shutil.copy(folder / "tables" / "hague.parquet", path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"]["fan"] = manifest["tables"]["hague"]
    edit_manifest(folder, tables=manifest["tables"])
    with pytest.raises(BadInput, match="not one of a fiscal outlook"):
        read_outlook(folder)


# ---------------------------------------------------------------- where it goes


def test_a_folder_of_something_else_is_refused(outlook: Outlook, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear", encoding="utf-8")
    with pytest.raises(BadInput, match=r"letter\.txt"):
        write_results(FISCAL, tmp_path, outlook)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("place", ["", "joint"])
def test_a_plan_is_never_replaced_by_its_outlook(
    outlook: Outlook, region: Region, tmp_path: Path, place: str
) -> None:
    write_hand(tmp_path / "plan" / "joint", region)
    before = files_of(tmp_path)
    with pytest.raises(BadInput, match="holds a plan of purchases"):
        write_results(FISCAL, tmp_path / "plan" / place, outlook)
    assert files_of(tmp_path) == before


def test_an_older_outlook_is_replaced_through_a_link_too(
    folder: Path, outlook: Outlook, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(folder)
    (folder / "tables" / "fan.parquet").unlink()
    write_results(FISCAL, tmp_path / "link", outlook)
    assert read_outlook(folder).tables["fan"].equals(outlook.tables["fan"])
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("place", [".", "joint"])
def test_a_plan_with_its_outlook_is_still_a_plan(
    region: Region, outlook: Outlook, tmp_path: Path, place: str
) -> None:
    """It is audited, and replaced by a newer plan, with the outlook of what is no more."""
    folder = tmp_path / "plan"
    write_hand(folder / place, region)
    write_results(FISCAL, folder / place / "fiscal", outlook)
    assert set(read_plans(folder)) == {"joint"}
    assert not [found for found in audit(folder).violations if "fiscal" in found.sentence]
    write_hand(folder, region, TWO)
    assert not (folder / place / "fiscal").exists()
    assert read_plan(folder).mode == "joint"


def test_without_a_plan_and_a_folder_nothing_is_written(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(region, paths=100)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_the_old_outlook(
    folder: Path, outlook: Outlook, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(folder.parent)

    def stopped(path: Path, content: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vallum.plan.results.write_bytes", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_results(FISCAL, folder, outlook)
    assert files_of(folder.parent) == before


def test_a_full_disk_is_told_and_changes_nothing(
    folder: Path, outlook: Outlook, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(folder.parent)

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vallum.plan.results.write_bytes", full)
    with pytest.raises(VallumError, match="disk is full"):
        write_results(FISCAL, folder, outlook)
    assert files_of(folder.parent) == before


# ---------------------------------------------------------------- equal when equal


def test_equal_inputs_are_equal_files_and_another_seed_is_not(
    region: Region, tmp_path: Path, hand: Callable[..., Plan]
) -> None:
    plan = hand()
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        make(region, plan=plan.path, out=tmp_path / name, paths=200, seed=seed)
    one, two, three = (files_of(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    changed = {name for name in one if one[name] != three[name]}
    # What is drawn at random, and nothing else.
    drawn = {"fan", "loan_sum", "samples"}
    assert {"manifest.json", "tables/fan.parquet", "tables/loan_sum.parquet"} <= changed
    assert changed <= {
        "manifest.json",
        "tables/criteria.parquet",
        *(f"tables/{name}.parquet" for name in drawn),
    }
