"""The data package: accepted by the Frictionless validator, made from the schemas, and kept in step."""

import json
from pathlib import Path

import polars as pl
import pytest
from frictionless import Package, system, validate

from vallum.region import TABLES, Region, catalogue, write_folder
from vallum.region.package import DESCRIPTOR, FORMAT, describe
from vallum.region.region import SHIPPED


def test_the_validator_accepts_a_written_region(whole: dict[str, pl.DataFrame], tmp_path: Path) -> None:
    write_folder(whole, tmp_path / "whole", title="A small region in which every table has rows")
    report = validate(str(tmp_path / "whole" / DESCRIPTOR))
    assert report.valid, report.flatten(["type", "note", "rowNumber", "fieldName"])
    assert len(report.tasks) == len(TABLES)


@pytest.mark.parametrize("name", catalogue())
def test_the_validator_accepts_the_regions_that_ship(name: str) -> None:
    report = validate(str(SHIPPED / name / DESCRIPTOR))
    assert report.valid, report.flatten(["type", "note", "rowNumber", "fieldName"])


def test_the_validator_sees_the_same_faults(folder: Path) -> None:
    """Bounds, keys and references of the package are the schema's, so other tools find what we find."""
    path = folder / "needs.csv"
    path.write_text(path.read_text().replace("NA,AIR,2027,8", "NA,SEA,2026,-8"))
    types = {error[0] for error in validate(str(folder / DESCRIPTOR)).flatten(["type"])}
    assert {"constraint-error", "foreign-key"} <= types
    assert not Region.read(folder).sound


@pytest.mark.parametrize("name", catalogue())
def test_committed_packages_are_what_the_schemas_say(name: str) -> None:
    committed = json.loads((SHIPPED / name / DESCRIPTOR).read_text(encoding="utf-8"))
    tables = [resource["name"] for resource in committed["resources"]]
    fresh = describe(
        tables,
        committed["name"],
        committed["title"],
        description=committed.get("description", ""),
        licences=committed.get("licenses", ()),
        sources=committed.get("sources", ()),
    )
    assert committed == fresh, "run scripts/describe_regions.py"
    assert set(tables) == {file.stem for file in (SHIPPED / name).glob("*.csv")}


def test_every_field_has_a_meaning_and_a_unit() -> None:
    package = describe(list(TABLES), "all", "All")
    assert package["vallum_format"] == FORMAT
    for resource in package["resources"]:
        for field in resource["schema"]["fields"]:
            assert field["description"], (resource["name"], field["name"])
            assert field["unit"], (resource["name"], field["name"])


def test_bounds_and_words_are_in_the_package() -> None:
    (resource,) = describe(["purses"], "x", "X")["resources"]
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    assert fields["plannable_meur"]["constraints"] == {"required": True, "minimum": 0.0}
    assert fields["confidence"]["constraints"]["enum"] == ["high", "medium", "low", "assumption"]
    assert fields["plannable_meur"]["unit"] == "EUR million, constant prices of the base year"
    assert "foreignKeys" not in resource["schema"], "states are not in this package"


def test_licences_and_sources_are_carried() -> None:
    licence = {"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}
    package = describe(
        ["states"], "x", "X", licences=[licence], sources=[{"title": "Ministry"}], description="D"
    )
    assert (package["licenses"], package["sources"], package["description"]) == (
        [licence],
        [{"title": "Ministry"}],
        "D",
    )
    with system.use_context(trusted=True):
        assert Package.from_descriptor(package).name == "x"


def test_an_unknown_table_cannot_be_described() -> None:
    with pytest.raises(KeyError):
        describe(["nonsense"], "x", "X")
