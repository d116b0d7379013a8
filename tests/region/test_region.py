"""A Region: reading, making, replacing, hashing, and its refusal to be planned when unsound."""

import csv
import io
import pickle
from pathlib import Path

import polars as pl
import pytest

from vallum.core.errors import BadInput, VallumError
from vallum.region import TABLES, Region, catalogue, confidence, write_folder
from vallum.region.findings import SCHEMA


def test_the_small_region_is_sound_and_without_a_finding(region: Region) -> None:
    assert region.findings.height == 0, region.findings.to_dicts()
    assert region.sound
    assert region.require_sound() is region


def test_every_table_has_the_columns_and_types_of_its_schema(region: Region) -> None:
    assert set(region.tables) == set(TABLES)
    for name, table in TABLES.items():
        assert dict(region.tables[name].schema) == table.dtypes
        assert table.schema.is_valid(region.tables[name])


def test_absent_optional_tables_are_there_without_rows(tables: dict[str, pl.DataFrame]) -> None:
    core = {name: frame for name, frame in tables.items() if TABLES[name].required}
    region = Region.from_tables("core", core)
    assert region.sound
    assert region.tables["contracts"].height == 0
    assert region.tables["contracts"].columns == list(TABLES["contracts"].columns)


def test_a_folder_reads_as_the_tables_it_was_written_from(region: Region, pristine: Path) -> None:
    read = Region.read(pristine)
    assert read.findings.height == 0, read.findings.to_dicts()
    assert (read.name, read.title, read.format_version) == ("small", "A small region", 1)
    assert read.content_hash == region.content_hash
    for name in TABLES:
        assert read.tables[name].equals(region.tables[name])


def test_tables_are_sorted_by_key_whatever_the_order_given(
    tables: dict[str, pl.DataFrame], region: Region
) -> None:
    turned = {name: frame.reverse().select(reversed(frame.columns)) for name, frame in tables.items()}
    other = Region.from_tables("turned", turned)
    assert other.content_hash == region.content_hash
    assert all(other.tables[name].equals(region.tables[name]) for name in TABLES)


def respreadsheet(text: str) -> bytes:
    """What a spreadsheet makes of a file: BOM, CRLF, everything quoted, blanks, empty columns and rows."""
    rows = list(csv.reader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([f" {cell} " if cell else cell for cell in row] + ["", ""] for row in rows)
    writer.writerow([""] * (len(rows[0]) + 2))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def test_a_region_saved_by_a_spreadsheet_is_the_same_region(folder: Path, region: Region) -> None:
    for file in folder.glob("*.csv"):
        file.write_bytes(respreadsheet(file.read_text(encoding="utf-8")))
    saved = Region.read(folder)
    assert set(saved.findings["rule"]) == {"byte-order mark"}
    assert set(saved.findings["severity"]) == {"warning"}
    assert saved.sound
    assert saved.content_hash == region.content_hash


def test_every_typed_value_enters_the_hash(whole: dict[str, pl.DataFrame]) -> None:
    region = Region.from_tables("whole", whole)
    hashes = {region.content_hash}
    for name, table in TABLES.items():
        frame = region.tables[name]
        column = next(c for c, dtype in table.dtypes.items() if dtype == pl.Float64() or c == "note")
        changed = pl.lit("x") if column == "note" else pl.col(column).fill_null(0) + 0.5
        hashes.add(region.replace(**{name: frame.with_columns(changed.alias(column))}).content_hash)
    assert len(hashes) == len(TABLES) + 1


def test_the_hash_tells_an_empty_cell_from_nought_and_from_its_neighbour(region: Region) -> None:
    needs = region.tables["needs"]
    variants = [
        needs.with_columns(low=pl.lit(None, dtype=pl.Float64)),
        needs.with_columns(low=pl.lit(0.0)),
        needs.with_columns(low=pl.lit(None, dtype=pl.Float64), high=pl.lit(None, dtype=pl.Float64)),
        needs.with_columns(note=pl.lit("ab"), derived_from=pl.lit("c")),
        needs.with_columns(note=pl.lit("a"), derived_from=pl.lit("bc")),
    ]
    assert len({region.replace(needs=needs).content_hash for needs in variants}) == len(variants)


def test_the_hash_is_pinned(region: Region) -> None:
    """A change here makes the region of every old plan unknown; it needs a new format version."""
    settings = region.tables["settings"].head(1)
    assert Region.from_tables("one", {"settings": settings}).content_hash == (
        "6a206272757d2da4d9052fd23330dda7d74a00d220dc3e6f9081f8ea58289394"
    )


def test_replace_keeps_the_rest_and_checks_again(region: Region) -> None:
    fewer = region.replace(purses=region.tables["purses"].filter(pl.col("year") != 2027))
    assert not fewer.sound
    assert region.sound
    assert fewer.tables["needs"].equals(region.tables["needs"])
    assert fewer.title == region.title
    assert fewer.content_hash != region.content_hash


def test_tables_cannot_be_assigned(region: Region) -> None:
    with pytest.raises(TypeError):
        region.tables["needs"] = pl.DataFrame()  # type: ignore[index]
    with pytest.raises(AttributeError):
        region.name = "other"  # type: ignore[misc]


def test_an_unknown_table_is_refused(region: Region) -> None:
    with pytest.raises(BadInput, match="no table 'nedds'"):
        region.replace(nedds=pl.DataFrame())


def test_an_unsound_region_says_where_and_what_to_do(region: Region) -> None:
    needs = region.tables["needs"].with_columns(quantity=pl.lit(-1.0))
    with pytest.raises(BadInput) as caught:
        region.replace(needs=needs).require_sound()
    assert caught.value.rule == "bounds"
    assert "needs.csv, row 2, column quantity" in caught.value.where
    assert "vallum check" in str(caught.value)


def test_setting(region: Region) -> None:
    assert region.setting("last_year") == 2028
    with pytest.raises(BadInput, match="nonsense"):
        region.setting("nonsense")


@pytest.mark.parametrize("source", ["no-such-region", "\0", "x" * 5000, "/dev/null"])
def test_a_region_that_does_not_exist(source: str) -> None:
    with pytest.raises(BadInput) as caught:
        Region.read(source)
    assert caught.value.remedy


def test_regions_that_ship_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"toy", "baltic"} <= set(catalogue())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy").mkdir()
    assert Region.read("toy").name == "toy"


def test_findings_have_their_columns_even_when_there_are_none(region: Region) -> None:
    assert dict(region.findings.schema) == SCHEMA


def test_programs_may_give_other_number_types(tables: dict[str, pl.DataFrame], region: Region) -> None:
    changed = tables["needs"].with_columns(
        pl.col("quantity").cast(pl.Int32), pl.col("year").cast(pl.Float64), pl.col("low").cast(pl.String)
    )
    assert region.replace(needs=changed).content_hash == region.content_hash


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("quantity", [[1]] * 6),
        pl.Series("quantity", [{"a": 1}] * 6),
        pl.Series("quantity", [True] * 6).cast(pl.Categorical) if False else pl.Series("quantity", ["x"] * 6),
        pl.Series("quantity", [float("nan")] * 6),
        pl.Series("quantity", [object()] * 6, dtype=pl.Object),
        pl.Series("state", [[1]] * 6),
        pl.Series("year", [2026.5] * 6),
    ],
)
def test_programs_may_give_nonsense_and_get_findings(region: Region, column: pl.Series) -> None:
    spoilt = region.replace(needs=region.tables["needs"].with_columns(column))
    assert column.name in spoilt.findings.filter(pl.col("file") == "needs.csv")["column"].to_list()
    assert not spoilt.sound


def test_written_numbers_are_short_and_exact(region: Region, tmp_path: Path) -> None:
    quantity = [1.0, 0.1, 1e300, 1 / 3, 2.5, 1e15]
    needs = region.tables["needs"].with_columns(pl.Series("quantity", quantity), low=None, high=None)
    write_folder({**region.tables, "needs": needs}, tmp_path / "r")
    assert ",2026,1,," in (tmp_path / "r" / "needs.csv").read_text(encoding="utf-8")
    assert Region.read(tmp_path / "r").tables["needs"]["quantity"].to_list() == quantity


def test_writing_twice_gives_equal_files(region: Region, pristine: Path, tmp_path: Path) -> None:
    write_folder(region.tables, tmp_path / "r", name="small", title="A small region")
    for file in pristine.iterdir():
        assert (tmp_path / "r" / file.name).read_bytes() == file.read_bytes()


def test_confidence_shares_the_money_out(region: Region) -> None:
    shares = confidence(region)
    whole = shares.filter((pl.col("view") == "purse") & pl.col("state").is_null())
    assert whole["confidence"].to_list() == ["high", "medium", "low", "assumption"]
    assert whole["meur"].to_list() == [0, 0, 0, 1200]
    assert whole["share"].to_list() == [0, 0, 0, 1]
    price = shares.filter((pl.col("view") == "price") & (pl.col("state") == "NA") & (pl.col("meur") > 0))
    # two programmes, eight units each, 40/4 a unit, 10 % growth, two years of 3.5 %
    assert price["meur"].to_list() == [pytest.approx(2 * 8 * 10 * 1.1 * 1.035**2)]
    assert shares.height == 2 * 3 * 4


def test_confidence_counts_only_years_of_the_plan(region: Region) -> None:
    settings = region.tables["settings"].with_columns(
        pl.when(pl.col("key") == "last_year").then(2026.0).otherwise(pl.col("value")).alias("value")
    )
    shares = confidence(region.replace(settings=settings))
    assert shares.filter((pl.col("view") == "purse") & pl.col("state").is_null())["meur"].sum() == 400


def test_errors_read_as_one_sentence_and_travel_between_processes() -> None:
    error = BadInput("It is wrong", "a.csv, row 2", "bounds", "Correct it")
    assert str(error) == "a.csv, row 2: It is wrong. Correct it."
    assert str(VallumError("Why?")) == "Why?"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert type(again) is BadInput
    assert (again.message, again.where, again.rule, again.remedy) == (
        error.message,
        error.where,
        error.rule,
        error.remedy,
    )
