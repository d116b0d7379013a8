"""The derived tables of `baltic` follow from the tables they name, to the byte."""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
BALTIC = ROOT / "src" / "vallum" / "region" / "data" / "baltic"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def derive() -> ModuleType:
    return script("derive_baltic")


@pytest.fixture(scope="module")
def tables(derive):
    return derive.read_tables(BALTIC)


def test_derived_files_are_reproduced_byte_for_byte(derive, tables):
    for name, text in derive.derive(tables).items():
        assert (BALTIC / name).read_bytes() == text.encode(), name


def test_check_of_a_changed_folder_says_so_and_writing_restores_it(derive, tmp_path):
    for source in BALTIC.glob("*.csv"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    needs = tmp_path / "needs.csv"
    original = needs.read_bytes()
    needs.write_bytes(original.replace(b"EE,AMMO155,2026,35.0", b"EE,AMMO155,2026,36.0"))
    assert derive.main(["--check", str(tmp_path)]) == 1
    assert needs.read_bytes() != original
    assert derive.main([str(tmp_path)]) == 0
    assert needs.read_bytes() == original
    assert derive.main(["--check", str(tmp_path)]) == 0


def test_purses_follow_the_rule_to_a_million(derive, tables):
    differences = derive.purse_differences(tables)
    # Committed and legacy money are shipped to one decimal, so two sums round the other way.
    assert set(differences) == {("EE", 2036, "plannable_meur_high"), ("LV", 2030, "plannable_meur")}
    assert all(abs(float(a) - float(b)) == 1 for a, b in differences.values())


@pytest.mark.parametrize(
    ("year", "share"), [(2025, 0.0), (2026, 0.35), (2029, 0.74), (2031, 1.0), (2040, 1.0)]
)
def test_ramp(derive, year, share):
    assert derive.ramp(0.35, 2026, 2031, year) == pytest.approx(share)


def test_border_sensing_is_the_official_border_in_packages_of_ten_kilometres(tables):
    border: dict[str, float] = {}
    for row in tables["border_lengths"]:
        border[row["state"]] = border.get(row["state"], 0.0) + float(row["official_km"])
    packages = {r["state"]: float(r["quantity"]) for r in tables["extra_needs"] if r["class_id"] == "BSENS"}
    assert packages == {state: pytest.approx(km / 10, abs=0.06) for state, km in border.items()}


def test_partner_orders_follow_their_rule(tables):
    programmes = {row["programme_id"]: row for row in tables["programmes"]}
    for row in tables["partner_orders"]:
        programme = programmes[row["programme_id"]]
        assert float(row["quantity"]) == float(programme["base_quantity"]), row
        assert float(row["quantity_low"]) == 0
        assert float(row["quantity_high"]) >= float(row["quantity"])
        start, end = int(programme["start_earliest"]), int(programme["start_latest"])
        assert start <= int(row["year_from"]) <= int(row["year_to"]) <= min(end, 2032)


def test_expansion_steps_follow_their_rule(tables):
    capacity = {
        row["line_id"]: float(row["capacity"]) for row in tables["line_capacity"] if row["year"] == "2032"
    }
    for row in tables["lines"]:
        double = -(-capacity[row["line_id"]] // float(row["expansion_step"]))
        assert int(row["expansion_max_steps"]) == min(4, max(2, double)), row["line_id"]


KEYED = {  # tables named in derived_from whose keys are one column
    "contracts": "contract_id",
    "industry": "plant_id",
    "forces": "formation_id",
    "formations": "formation_id",
    "classes": "class_id",
    "lines": "line_id",
}


def test_every_named_input_ships(tables):
    known = {name: {row[key] for row in tables[name]} for name, key in KEYED.items()}
    for name, rows in tables.items():
        for row in rows:
            for part in filter(None, row["derived_from"].split(";")):
                file, _, keys = part.partition(":")
                if not file.endswith(".csv"):
                    continue  # the parts of a key that itself holds a semicolon
                assert (BALTIC / file).is_file(), (name, part)
                stem = Path(file).stem
                if stem in known and keys:
                    assert set(keys.split(",")) <= known[stem], (name, part)


def test_background_files_are_tables():
    for path in sorted((BALTIC / "background").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        assert rows, path.name
        assert all(row["source"] for row in rows), path.name
