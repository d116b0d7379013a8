"""Each kind of bad input becomes a finding with file, row, column, rule, value and remedy."""

import csv
import io
import json
import os
import re
import resource
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from vallum.core.errors import BadInput
from vallum.region import Region, sheet
from vallum.region.findings import MOST_PER_RULE
from vallum.region.package import DESCRIPTOR

Spoil = Callable[[str, str, str], Region]


def only(region: Region, **known: object) -> dict[str, object]:
    """The finding that has these properties; there must be exactly one, and it must be useful."""
    found = region.findings
    for column, value in known.items():
        found = found.filter(pl.col(column).eq_missing(pl.lit(value)))
    assert found.height == 1, region.findings.to_dicts()
    row = found.row(0, named=True)
    assert row["message"]
    assert row["remedy"]
    return row


def test_a_missing_file(folder: Path) -> None:
    (folder / "purses.csv").unlink()
    row = only(Region.read(folder), file="purses.csv", rule="file missing", severity="error")
    assert row["row"] is None


def test_a_table_missing_from_folder_and_package(folder: Path) -> None:
    (folder / "purses.csv").unlink()
    package = json.loads((folder / DESCRIPTOR).read_text())
    package["resources"] = [r for r in package["resources"] if r["name"] != "purses"]
    (folder / DESCRIPTOR).write_text(json.dumps(package))
    only(Region.read(folder), file="purses.csv", rule="file missing", severity="error")


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("lots", "type"),
        ("NaN", "not a number"),
        ("-inf", "not a number"),
        ("1e999", "not a number"),
        ("#N/A", "not a number"),
        ("#DIV/0!", "not a number"),
        ('"10,5"', "decimal comma"),
        ('"1,000"', "decimal comma"),
        ("1 000", "type"),
        ("10%", "type"),
        ("٣", "type"),
        ("0x10", "type"),
        ("-10", "bounds"),
    ],
)
def test_a_wrong_number(spoil: Spoil, cell: str, rule: str) -> None:
    region = spoil("line_capacity.csv", "L_A,2027,10,", f"L_A,2027,{cell},")
    row = only(region, file="line_capacity.csv", row=3, column="capacity", severity="error")
    assert row["rule"] == rule
    assert row["value"]
    assert "year" not in region.findings["column"].to_list()


@pytest.mark.parametrize("cell", ["+10", "10.0", "1e1", " 10 ", "10.", "\t10"])
def test_a_number_may_be_written_in_other_ways(spoil: Spoil, region: Region, cell: str) -> None:
    spoilt = spoil("line_capacity.csv", "L_A,2027,10,", f"L_A,2027,{cell},")
    assert spoilt.findings.height == 0
    assert spoilt.content_hash == region.content_hash


def test_a_whole_number_with_a_fraction(spoil: Spoil) -> None:
    only(spoil("line_capacity.csv", "L_A,2027", "L_A,2027.5"), row=3, column="year", rule="type")


def test_a_whole_number_as_a_spreadsheet_may_write_it(spoil: Spoil) -> None:
    assert spoil("line_capacity.csv", "L_A,2027", "L_A,2027.0").findings.height == 0


def test_an_empty_cell(spoil: Spoil) -> None:
    region = spoil("line_capacity.csv", "L_A,2027,10,", "L_A,2027,,")
    row = only(region, file="line_capacity.csv", row=3, column="capacity", rule="empty cell")
    assert row["value"] is None


def test_an_unknown_key_names_the_nearest(spoil: Spoil) -> None:
    region = spoil("programme_states.csv", "P1,NA", "P11,NA")
    row = only(
        region, file="programme_states.csv", row=2, column="programme_id", rule="unknown key", value="P11"
    )
    assert "P1 " in str(row["remedy"])
    assert "programmes.csv" in str(row["remedy"])


def test_a_need_for_an_unknown_class(spoil: Spoil) -> None:
    only(spoil("needs.csv", "NA,AIR,2026", "NA,SEA,2026"), row=2, column="class_id", rule="unknown key")


def test_an_unknown_key_in_a_list(spoil: Spoil) -> None:
    only(spoil("contracts.csv", "NA;NB", "NA; NZ"), column="buyer_iso2", rule="unknown key", value="NZ")


def test_many_unknown_keys_are_counted(folder: Path) -> None:
    path = folder / "line_capacity.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, *(lines[1].replace("L_A", f"L_Z{i}") for i in range(50))]))
    found = Region.read(folder).findings.filter(pl.col("rule") == "unknown key")
    assert found.height == MOST_PER_RULE + 1
    assert found["message"][-1].startswith(f"{50 - MOST_PER_RULE} more")


def test_a_duplicate_key_names_both_rows(folder: Path) -> None:
    lines = (folder / "needs.csv").read_text().splitlines(keepends=True)
    (folder / "needs.csv").write_text("".join([*lines, lines[2]]))
    row = only(Region.read(folder), file="needs.csv", rule="duplicate key", row=len(lines) + 1)
    assert "row 3" in str(row["message"])
    assert row["value"] == "NA, AIR, 2027"


@pytest.mark.parametrize(
    ("file", "gone", "column", "before"),
    [
        ("needs.csv", "NA,AIR,2027", "year", 2),
        ("line_capacity.csv", "L_A,2027", "year", 2),
        ("purses.csv", "NB,2028", "year", 6),
    ],
)
def test_a_missing_year(folder: Path, file: str, gone: str, column: str, before: int) -> None:
    lines = (folder / file).read_text().splitlines(keepends=True)
    (folder / file).write_text("".join(line for line in lines if not line.startswith(gone)))
    row = only(Region.read(folder), file=file, column=column, severity="error")
    assert gone.rsplit(",", 1)[1] in str(row["message"])
    assert row["row"] == before


def test_a_state_without_a_purse(folder: Path) -> None:
    lines = (folder / "purses.csv").read_text().splitlines(keepends=True)
    (folder / "purses.csv").write_text("".join(line for line in lines if not line.startswith("NB")))
    row = only(Region.read(folder), file="purses.csv", rule="purse for every member")
    assert "NB has no row at all" in str(row["message"])
    assert "2026-2028" in str(row["remedy"])


def test_a_byte_order_mark_is_read_with_a_warning(folder: Path, region: Region) -> None:
    path = folder / "needs.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    read = Region.read(folder)
    only(read, file="needs.csv", rule="byte-order mark", severity="warning")
    assert read.sound
    assert read.content_hash == region.content_hash


def test_tabs_for_commas(folder: Path) -> None:
    path = folder / "needs.csv"
    path.write_text(path.read_text().replace(",", "\t"))
    region = Region.read(folder)
    row = only(region, file="needs.csv", rule="delimiter", row=1, severity="error")
    assert "CSV UTF-8" in str(row["remedy"])
    assert region.findings.height == 1, "one cause, one finding"


def semicolons(path: Path, first: str = "", *, decimal: str = ",") -> None:
    """Write a table as a spreadsheet does in a country with a decimal comma."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(first)
        writer = csv.writer(file, delimiter=";")
        writer.writerows(
            [re.sub(r"^(-?\d*)\.(\d+)$", rf"\1{decimal}\2", cell) for cell in row] for row in rows
        )


@pytest.mark.parametrize("first", ["", "sep=;\r\n"])
@pytest.mark.parametrize("decimal", [",", "."])
def test_semicolons_are_read_with_a_warning(folder: Path, region: Region, first: str, decimal: str) -> None:
    for path in folder.glob("*.csv"):
        semicolons(path, first, decimal=decimal)
    read = Region.read(folder)
    assert read.sound, read.findings.to_dicts()
    assert read.content_hash == region.content_hash
    row = only(read, file="purses.csv", rule="delimiter", severity="warning")
    assert "semicolons" in str(row["message"])


@pytest.mark.parametrize("date", ["15.1.2026", "15.01.2026"])
def test_dates_as_most_of_europe_writes_them(folder: Path, region: Region, date: str) -> None:
    found = [path for path in folder.glob("*.csv") if "2026-01-15" in path.read_text()]
    assert found
    for path in found:
        path.write_text(path.read_text().replace("2026-01-15", date))
    read = Region.read(folder)
    assert read.findings.height == 0
    assert read.content_hash == region.content_hash


def test_a_table_has_one_decimal_mark(folder: Path) -> None:
    path = folder / "line_capacity.csv"
    semicolons(path)
    text = path.read_text()
    path.write_text(text.replace("L_A;2026;10;", "L_A;2026;10,5;").replace("L_A;2027;10;", "L_A;2027;1.000;"))
    row = only(Region.read(folder), file="line_capacity.csv", row=3, column="capacity", severity="error")
    assert (row["rule"], row["value"]) == ("decimal comma", "1.000")


def test_a_number_that_nothing_can_have(spoil: Spoil) -> None:
    region = spoil("line_capacity.csv", "L_A,2027,10,", "L_A,2027,1e308,")
    row = only(region, file="line_capacity.csv", row=3, column="capacity", rule="bounds")
    assert "any region" in str(row["message"])


def test_a_whole_number_is_asked_for_in_digits(spoil: Spoil) -> None:
    row = only(spoil("line_capacity.csv", "L_A,2027", "L_A,soon"), row=3, column="year", rule="type")
    assert "decimal" not in str(row["remedy"])
    assert "nothing" not in str(row["remedy"])


def test_an_empty_name_is_no_region(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(BadInput):
        Region.read("")


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "empty file"),
        (b"\n\n  \r\n", "empty file"),
        (b"\xef\xbb\xbf", "empty file"),
        ("state,class_id\nNA,AIR\n".encode("utf-16"), "encoding"),
        ("state,class_id\nM\xe4e,AIR\n".encode("latin-1"), "encoding"),
        (b"state,class_id\nNA,A\x00IR\n", "encoding"),
        (b"PK\x03\x04rest of a workbook", "encoding"),
        (b'state,class_id\nNA,"AIR\nNB,AIR\n', "quotes"),
        (b'state,class_id\nNA,"AI"R\nNB,AIR\n', "quotes"),
        (b"state\n" + b"x" * 200_000 + b"\n", "quotes"),
        (b",".join([b"c"] * 600) + b"\n", "columns"),
        (b"a header of another table\nx\ny\n", "unknown column"),
    ],
)
def test_a_file_that_is_no_table(folder: Path, data: bytes, rule: str) -> None:
    (folder / "needs.csv").write_bytes(data)
    region = Region.read(folder)
    only(region, file="needs.csv", rule=rule, severity="error")
    assert not region.sound
    assert set(region.findings["file"]) == {"needs.csv"}, "one broken table does not break the others"


def test_an_encoding_fault_names_the_row(folder: Path) -> None:
    path = folder / "lines.csv"
    path.write_bytes(path.read_bytes().replace(b"Maker", "Möller".encode("latin-1")))
    assert only(Region.read(folder), rule="encoding")["row"] == 2


def test_a_header_without_rows(folder: Path) -> None:
    header = (folder / "needs.csv").read_text().splitlines()[0]
    (folder / "needs.csv").write_text(header)
    only(Region.read(folder), file="needs.csv", rule="no rows", severity="error")


def test_a_row_with_too_many_cells(spoil: Spoil) -> None:
    row = only(
        spoil("needs.csv", "NA,AIR,2027,8,", "NA,AIR,2027,8,9,9,9,9,9,9,9,9,9,"), rule="cells in a row"
    )
    assert (row["file"], row["row"]) == ("needs.csv", 3)


def test_a_row_with_too_few_cells(folder: Path) -> None:
    lines = (folder / "needs.csv").read_text().splitlines()
    lines[3] = "NA,AIR,2028,8"
    (folder / "needs.csv").write_text("\n".join(lines))
    assert only(Region.read(folder), file="needs.csv", rule="cells in a row")["row"] == 4


def test_blank_rows_are_counted_and_passed_over(folder: Path) -> None:
    lines = (folder / "needs.csv").read_text().splitlines()
    lines[2:2] = ["", ",,,,,,,,,,,", ""]
    lines[-1] = lines[-1].replace(",8,", ",-8,")
    (folder / "needs.csv").write_text("\n".join(lines))
    region = Region.read(folder)
    assert region.findings.height == 2  # less than nought, and less than its low end
    assert set(region.findings["row"]) == {10}


def test_quoted_cells_with_commas_and_line_ends_are_one_row(folder: Path) -> None:
    path = folder / "needs.csv"
    text = path.read_text().replace("analyst assumption", '"said ""so"",\nand more"', 1)
    path.write_text(text.replace("NB,AIR,2028,8", "NB,AIR,2028,x"))
    region = Region.read(folder)
    assert only(region, rule="type")["row"] == 7
    assert region.tables["needs"]["source"][0] == 'said "so",\nand more'


def test_a_missing_column_with_a_near_one(spoil: Spoil) -> None:
    region = spoil("needs.csv", "quantity", "Quantty")
    row = only(region, file="needs.csv", rule="missing column", row=1, column="quantity", severity="error")
    assert "Quantty" in str(row["remedy"])
    row = only(region, file="needs.csv", rule="unknown column", row=1, column="Quantty")
    assert "quantity" in str(row["remedy"])


def test_a_missing_column_that_may_be_empty_is_a_warning(folder: Path) -> None:
    frame = pl.read_csv(folder / "lines.csv", infer_schema=False).drop("expansion_cost_meur_low")
    frame.write_csv(folder / "lines.csv")
    region = Region.read(folder)
    only(region, file="lines.csv", rule="missing column", severity="warning")
    assert region.sound


def test_a_duplicate_column(spoil: Spoil) -> None:
    region = spoil("needs.csv", "low,high", "low,low")
    only(region, file="needs.csv", rule="duplicate column", row=1, column="low")


def test_a_column_without_a_name(folder: Path) -> None:
    lines = (folder / "needs.csv").read_text().splitlines()
    (folder / "needs.csv").write_text(
        "\n".join(line + (",x" if i == 3 else ",") for i, line in enumerate(lines))
    )
    only(Region.read(folder), file="needs.csv", rule="column without a name", column="#13")


@pytest.mark.parametrize(
    ("file", "old", "new", "column", "rule"),
    [
        ("states.csv", ",member,", ",Member,", "role", "allowed values"),
        ("classes.csv", ",y,2026", ",yes,2026", "needs_gateway", "allowed values"),
        ("needs.csv", "2026-11", "11.2026", "source_date", "date"),
        ("needs.csv", "2026-11", "2026-13", "source_date", "date"),
        ("states.csv", "NA,", "N A,", "state", "identifier"),
        ("states.csv", "NA,", "N+A,", "state", "identifier"),
        ("states.csv", "State NA", "State \x1b[31m", "name", "control characters"),
        ("states.csv", "State NA", "x" * 5000, "name", "text length"),
    ],
)
def test_a_wrong_word(spoil: Spoil, file: str, old: str, new: str, column: str, rule: str) -> None:
    region = spoil(file, old, new)
    row = only(region, file=file, column=column, rule=rule, row=2)
    assert len(str(row["value"])) <= 80
    assert str(row["value"]).isprintable()


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("line_capacity.csv", ",0.3,", ",1.3,", "backlog_share must be not negative and at most 1"),
        ("bands.csv", "1,", "0,", "multiple must be greater than 0"),
        ("programmes.csv", ",95,", ",101,", "learning_slope_pct must be at least 50 and at most 100"),
    ],
)
def test_a_bound_is_said_in_words(spoil: Spoil, file: str, old: str, new: str, said: str) -> None:
    assert only(spoil(file, old, new), file=file, rule="bounds")["message"] == said


def test_a_column_in_other_letters_is_recognised(spoil: Spoil) -> None:
    region = spoil("classes.csv", "needs_gateway", "Needs Gateway")
    row = only(region, file="classes.csv", rule="unknown column")
    assert row["remedy"] == "Rename it to needs_gateway."


def test_many_findings_of_one_rule_are_counted(folder: Path) -> None:
    path = folder / "line_capacity.csv"
    lines = path.read_text().splitlines()
    more = [lines[1].replace("2026,10", f"{year},-1") for year in range(2029, 2129)]
    path.write_text("\n".join([*lines, *more]))
    found = Region.read(folder).findings.filter(pl.col("rule") == "bounds")
    assert found.height == MOST_PER_RULE + 1
    assert found["row"].to_list() == [*range(5, 5 + MOST_PER_RULE), None]
    assert found["message"][-1] == f"{100 - MOST_PER_RULE} more findings of this rule are not shown"


def test_a_table_of_100_mb_is_named_and_not_opened(folder: Path) -> None:
    with (folder / "needs.csv").open("r+b") as stream:
        stream.truncate(100 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    row = only(Region.read(folder), rule="file size")
    assert time.perf_counter() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024
    assert row["file"] == "needs.csv"
    assert "100 MB" in str(row["message"])


def test_too_many_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_ROWS", 5)
    region = Region.read(folder)
    assert set(region.findings["rule"]) == {"rows"}
    assert "needs.csv" in region.findings["file"].to_list()


def test_a_table_full_of_faults_stays_quick(folder: Path) -> None:
    path = folder / "line_capacity.csv"
    header = path.read_text().splitlines()[0]
    row = ",".join(["x y"] * len(header.split(",")))
    path.write_text("\n".join([header, *[row] * 50_000]))
    start = time.perf_counter()
    region = Region.read(folder)
    assert time.perf_counter() - start < 10
    assert region.findings.height < 1000


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("../needs.csv", "out of the folder"),
        ("/etc/hostname", "out of the folder"),
        ("a/../../needs.csv", "out of the folder"),
        ("C:needs.csv", "out of the folder"),
        ("..\\needs.csv", "plain path"),
        ("https://example.org/needs.csv", "plain path"),
        ("link.csv", "through a link"),
        ("needs\0.csv", "plain path"),
        ("\ud800.csv", "plain path"),
        (["needs.csv"], "one file name"),
        (None, "one file name"),
        ("", "one file name"),
        (7, "one file name"),
    ],
)
def test_a_path_that_leads_out_of_the_folder(folder: Path, path: object, said: str) -> None:
    (folder.parent / "needs.csv").write_text("secret")
    (folder / "link.csv").symlink_to(folder.parent / "needs.csv")
    package = json.loads((folder / DESCRIPTOR).read_text())
    next(r for r in package["resources"] if r["name"] == "needs")["path"] = path
    (folder / DESCRIPTOR).write_text(json.dumps(package))
    region = Region.read(folder)
    row = only(region, file=DESCRIPTOR, rule="path", column="path")
    assert said in str(row["message"])
    assert region.tables["needs"].height == 0
    assert "secret" not in str(region.findings.to_dicts())


def test_a_table_may_lie_deeper_in_the_folder(folder: Path, region: Region) -> None:
    (folder / "tables").mkdir()
    (folder / "needs.csv").rename(folder / "tables" / "wanted.csv")
    package = json.loads((folder / DESCRIPTOR).read_text())
    next(r for r in package["resources"] if r["name"] == "needs")["path"] = "tables/wanted.csv"
    (folder / DESCRIPTOR).write_text(json.dumps(package))
    assert Region.read(folder).content_hash == region.content_hash


def test_a_pipe_in_place_of_a_file_does_not_hold_the_reader_up(folder: Path) -> None:
    (folder / "needs.csv").unlink()
    os.mkfifo(folder / "needs.csv")
    only(Region.read(folder), file="needs.csv", rule="file")


def test_a_folder_in_place_of_a_file(folder: Path) -> None:
    (folder / "needs.csv").unlink()
    (folder / "needs.csv").mkdir()
    only(Region.read(folder), file="needs.csv", rule="file")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "",
        "[]",
        "null",
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"vallum_format": ' + "9" * 5000 + "}",
        '{"vallum_format": 1, "resources": {}}',
        '{"vallum_format": 1, "resources": [7, {}]}',
        "\xff",
    ],
)
def test_a_broken_package_is_a_finding_and_the_tables_are_checked(folder: Path, text: str) -> None:
    (folder / DESCRIPTOR).write_text(text, encoding="latin-1")
    (folder / "needs.csv").write_text((folder / "needs.csv").read_text().replace(",8,", ",-8,", 1))
    region = Region.read(folder)
    assert not region.sound
    assert region.findings["file"][0] == DESCRIPTOR
    only(region, file="needs.csv", rule="bounds")


def test_a_missing_package(folder: Path) -> None:
    (folder / DESCRIPTOR).unlink()
    only(Region.read(folder), file=DESCRIPTOR, rule="file missing", severity="error")


def test_a_huge_package(folder: Path) -> None:
    with (folder / DESCRIPTOR).open("ab") as stream:
        stream.truncate(100 * 2**20)
    only(Region.read(folder), file=DESCRIPTOR, rule="file size")


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        (0, "set"),
        (2, "Update Vallum"),
        (None, "set"),
        ("1", "set"),
        (True, "set"),
        (1e400, "set"),
        ([], "set"),
    ],
)
def test_another_format_version_is_refused_with_the_remedy(
    folder: Path, version: object, remedy: str
) -> None:
    package = json.loads((folder / DESCRIPTOR).read_text())
    package["vallum_format"] = version
    (folder / DESCRIPTOR).write_text(json.dumps(package))
    region = Region.read(folder)
    row = only(region, file=DESCRIPTOR, rule="format version", severity="error")
    assert remedy in str(row["remedy"])
    assert region.findings.height == 1, "tables of another format are not judged by this one"


def test_names_in_the_package_cannot_steer_a_terminal(folder: Path) -> None:
    package = json.loads((folder / DESCRIPTOR).read_text())
    package["name"], package["title"] = "evil\x1b[2J", "\ud800"
    package["resources"].append({"name": "\x1b]0;x\x07", "path": "x.csv"})
    (folder / DESCRIPTOR).write_text(json.dumps(package))
    region = Region.read(folder)
    shown = [region.name, region.title, *(str(v) for row in region.findings.rows() for v in row)]
    assert all(text.isprintable() for text in shown)
    assert region.sound


def test_a_file_under_a_mistyped_name(folder: Path) -> None:
    (folder / "crews.csv").rename(folder / "crew.csv")
    region = Region.read(folder)
    only(region, file="crews.csv", rule="file missing")
    only(region, file="crew.csv", rule="unknown table", severity="warning")


def test_a_file_that_the_package_does_not_list(folder: Path) -> None:
    package = json.loads((folder / DESCRIPTOR).read_text())
    package["resources"] = [r for r in package["resources"] if r["name"] != "contracts"]
    (folder / DESCRIPTOR).write_text(json.dumps(package))
    region = Region.read(folder)
    only(region, file=DESCRIPTOR, rule="not listed", severity="warning")
    assert region.tables["contracts"].height == 1


def test_reading_leaves_the_folder_as_it_was(folder: Path) -> None:
    (folder / "needs.csv").write_text("broken;\n")
    before = {file: file.read_bytes() for file in folder.iterdir()}
    Region.read(folder)
    assert {file: file.read_bytes() for file in folder.iterdir()} == before
