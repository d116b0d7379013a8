"""Spoil a good region at random: always a finding that can be acted on, never an exception."""

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vallum.region import TABLES, Region, write_folder
from vallum.region.package import DESCRIPTOR

QUICK = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@cache
def good() -> dict[str, pl.DataFrame]:
    """Tables of the toy."""
    tables = Region.read("toy").tables
    return {name: frame for name, frame in tables.items() if frame.height or TABLES[name].required}


@cache
def good_files() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        write_folder(good(), folder, name="toy")
        return {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}


FILLED = sorted(name for name, frame in good().items() if frame.height)


def read_with(file: str, data: bytes) -> Region:
    """Read the toy with the bytes of one file exchanged."""
    folder = Path(tempfile.mkdtemp())
    try:
        for name, content in {**good_files(), file: data}.items():
            (folder / name).write_bytes(content)
        return Region.read(folder)
    finally:
        shutil.rmtree(folder)


def rows_of(table: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(good_files()[f"{table}.csv"].decode())))


def as_csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def assert_useful(findings: pl.DataFrame) -> None:
    """Every finding can be read on one line and says what to do."""
    for row in findings.iter_rows(named=True):
        assert row["severity"] in {"error", "warning"}
        assert row["file"]
        assert row["rule"]
        assert row["message"]
        assert row["remedy"].endswith(".")
        assert all(value.isprintable() for value in row.values() if isinstance(value, str))


def test_the_toy_is_good_to_begin_with() -> None:
    region = read_with("needs.csv", good_files()["needs.csv"])
    assert region.findings.height == 0, region.findings.to_dicts()


NUMBERS = ["x", "NaN", "inf", "-inf", "1,5", "1e999", "#REF!", "12 %", "--1", "1.2.3", "2026-01-01", "true"]


@st.composite
def spoilt_number(draw: st.DrawFn) -> tuple[str, int, str, bytes]:
    """One cell of a numeric column holds no number; the place of the cell is known."""
    table = draw(st.sampled_from(FILLED))
    rows = rows_of(table)
    numeric = [c for c, dtype in TABLES[table].dtypes.items() if dtype.is_numeric()]
    column = draw(st.sampled_from(numeric or ["confidence"]))
    row = draw(st.integers(1, len(rows) - 1))
    rows[row][rows[0].index(column)] = draw(st.sampled_from(NUMBERS))
    return table, row + 1, column, as_csv(rows)


@given(spoilt_number())
@QUICK
def test_a_cell_that_is_no_number_is_named(case: tuple[str, int, str, bytes]) -> None:
    table, row, column, data = case
    region = read_with(f"{table}.csv", data)
    assert not region.sound
    assert_useful(region.findings)
    here = region.findings.filter(
        (pl.col("file") == f"{table}.csv") & (pl.col("row") == row) & (pl.col("column") == column)
    )
    assert here.height >= 1, region.findings.to_dicts()
    assert here["value"].null_count() == 0


@st.composite
def broken_bound(draw: st.DrawFn) -> tuple[str, int, str, bytes]:
    """One number lies outside the bounds that its schema states."""
    table = draw(st.sampled_from(FILLED))
    rows = rows_of(table)
    bounded: list[tuple[str, float]] = []
    for name, column in TABLES[table].columns.items():
        low, above, high = (getattr(column, bound, None) for bound in ("min", "min_exclusive", "max"))
        bounded += [(name, bound - 1) for bound in (low, above) if bound is not None]
        bounded += [(name, high + 1)] if high is not None else []
    name, value = draw(st.sampled_from(bounded or [("confidence", 0)]))
    row = draw(st.integers(1, len(rows) - 1))
    rows[row][rows[0].index(name)] = f"{value:g}"
    return table, row + 1, name, as_csv(rows)


@given(broken_bound())
@QUICK
def test_a_number_out_of_bounds_is_named(case: tuple[str, int, str, bytes]) -> None:
    table, row, column, data = case
    region = read_with(f"{table}.csv", data)
    assert not region.sound
    assert_useful(region.findings)
    here = region.findings.filter(
        (pl.col("file") == f"{table}.csv")
        & (pl.col("row") == row)
        & (pl.col("column") == column)
        & pl.col("rule").is_in(["bounds", "allowed values"])
    )
    assert here.height == 1, region.findings.to_dicts()


Rows = list[list[str]]


def without_column(rows: Rows, place: int) -> Rows:
    return [row[: place % len(row)] + row[place % len(row) + 1 :] for row in rows]


def doubled_column(rows: Rows, place: int) -> Rows:
    return [[*row, row[place % len(row)]] for row in rows]


def renamed_column(rows: Rows, place: int) -> Rows:
    name = rows[0][place % len(rows[0])]
    return [[cell if cell != name else f"{name}x" for cell in rows[0]], *rows[1:]]


def doubled_row(rows: Rows, place: int) -> Rows:
    return [*rows, rows[1 + place % (len(rows) - 1)]]


def short_row(rows: Rows, place: int) -> Rows:
    bad = 1 + place % (len(rows) - 1)
    return [row[:-2] if i == bad else row for i, row in enumerate(rows)]


def long_row(rows: Rows, place: int) -> Rows:
    bad = 1 + place % (len(rows) - 1)
    return [[*row, "x"] if i == bad else row for i, row in enumerate(rows)]


def empty_key(rows: Rows, place: int) -> Rows:
    bad = 1 + place % (len(rows) - 1)
    return [["", *row[1:]] if i == bad else row for i, row in enumerate(rows)]


def strange_key(rows: Rows, place: int) -> Rows:
    bad = 1 + place % (len(rows) - 1)
    return [["no such; key", *row[1:]] if i == bad else row for i, row in enumerate(rows)]


SHAPES = [
    without_column,
    doubled_column,
    renamed_column,
    doubled_row,
    short_row,
    long_row,
    empty_key,
    strange_key,
]


@given(st.sampled_from(FILLED), st.sampled_from(SHAPES), st.integers(0, 200))
@QUICK
def test_a_spoilt_shape_is_named_in_its_file(
    table: str, spoil: Callable[[Rows, int], Rows], place: int
) -> None:
    region = read_with(f"{table}.csv", as_csv(spoil(rows_of(table), place)))
    assert_useful(region.findings)
    assert region.findings.filter((pl.col("file") == f"{table}.csv") & pl.col("row").is_not_null()).height


BYTES = st.sampled_from(
    [b"\x00", b"\xff", b'"', b"\xef\xbb\xbf", b"\r", b";", b",", b"\n", b"-", b"9" * 400, b"\xf0\x9f"]
)


@given(
    st.sampled_from(FILLED),
    st.lists(st.tuples(st.floats(0, 1), BYTES, st.integers(0, 40)), min_size=1, max_size=4),
)
@QUICK
def test_damaged_bytes_never_raise(table: str, damages: list[tuple[float, bytes, int]]) -> None:
    data = good_files()[f"{table}.csv"]
    for where, insert, cut in damages:
        at = int(where * len(data))
        data = data[:at] + insert + data[at + cut :]
    region = read_with(f"{table}.csv", data)
    assert_useful(region.findings)
    assert len(region.content_hash) == 64


@given(st.sampled_from(FILLED), st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@QUICK
def test_any_bytes_for_a_table_are_a_finding(table: str, data: bytes) -> None:
    region = read_with(f"{table}.csv", data)
    assert not region.sound
    assert_useful(region.findings)
    assert f"{table}.csv" in region.findings["file"].to_list()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
RESOURCE = st.fixed_dictionaries({}, optional={"name": st.sampled_from([*FILLED, "x"]) | JSON, "path": JSON})


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "vallum_format": st.just(1) | JSON,
            "name": JSON,
            "title": JSON,
            "resources": st.lists(RESOURCE) | JSON,
        },
    )
    | JSON
)
@QUICK
def test_any_json_for_the_package_never_raises(package: object) -> None:
    region = read_with(DESCRIPTOR, json.dumps(package).encode())
    assert_useful(region.findings)
    assert region.name.isprintable()
    assert region.title.isprintable()


@given(st.binary(max_size=300))
@QUICK
def test_any_bytes_for_the_package_are_a_finding(data: bytes) -> None:
    region = read_with(DESCRIPTOR, data)
    assert not region.sound
    assert region.findings["file"][0] == DESCRIPTOR
    assert_useful(region.findings)


@given(st.permutations(range(6)), st.booleans(), st.booleans())
@settings(QUICK, max_examples=10)
def test_formatting_is_no_content(order: list[int], mark: bool, crlf: bool) -> None:
    header, *rows = rows_of("needs")
    data = as_csv([header, *(rows[i] for i in order if i < len(rows)), *rows[6:]])
    data = data.replace(b"\n", b"\r\n") if crlf else data
    region = read_with("needs.csv", b"\xef\xbb\xbf" + data if mark else data)
    assert region.sound
    assert region.content_hash == Region.from_tables("toy", good()).content_hash
