"""Scenarios: what they change, and what they refuse."""

import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from vallum.core.errors import BadInput
from vallum.plan.scenario import Override, Scenario, apply_scenario, read_scenario
from vallum.region import Region

TOY = Region.read("toy")
PURSES = TOY.tables["purses"]
KEY = {"state": PURSES["state"][0], "year": PURSES["year"][0]}
FIRST = (pl.col("state") == KEY["state"]) & (pl.col("year") == KEY["year"])


def applied(**override: object) -> Region:
    return apply_scenario(TOY, Scenario(override=[Override(**override)]))


def money(region: Region, where: pl.Expr) -> list[float]:
    return region.tables["purses"].filter(where)["plannable_meur"].to_list()


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [("set", 5, lambda old: 5.0), ("add", 1.5, lambda old: old + 1.5), ("multiply", 2, lambda old: 2 * old)],
)
def test_one_row_is_changed_and_no_other(op: str, value: float, expected) -> None:
    made = applied(table="purses", key=KEY, column="plannable_meur", op=op, value=value)
    assert money(made, FIRST) == [expected(old) for old in money(TOY, FIRST)]
    assert money(made, ~FIRST) == money(TOY, ~FIRST)
    assert made.content_hash != TOY.content_hash
    for name, table in TOY.tables.items():
        if name != "purses":
            assert_frame_equal(made.tables[name], table)
    assert_frame_equal(TOY.tables["purses"], PURSES)


def test_without_a_key_the_whole_column_is_changed() -> None:
    made = applied(table="purses", column="plannable_meur", op="multiply", value=1.1)
    assert money(made, pl.lit(value=True)) == [1.1 * old for old in PURSES["plannable_meur"]]


def test_changes_follow_one_another() -> None:
    both = [
        Override(table="purses", column="plannable_meur", value=10),
        Override(table="purses", column="plannable_meur", op="add", value=1),
    ]
    assert set(money(apply_scenario(TOY, Scenario(override=both)), pl.lit(value=True))) == {11.0}


def test_words_and_flags() -> None:
    made = applied(table="classes", column="needs_gateway", value=False)
    assert set(made.tables["classes"]["needs_gateway"]) == {"n"}


def test_whole_numbers_stay_whole() -> None:
    made = applied(table="programmes", column="start_latest", op="multiply", value=1.0001)
    assert made.tables["programmes"].schema["start_latest"].is_integer()


def test_an_empty_scenario_changes_nothing() -> None:
    assert apply_scenario(TOY, Scenario()) is TOY


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ({"table": "purse", "column": "plannable_meur", "value": 1}, "purses"),
        ({"table": "purses", "column": "plannable", "value": 1}, "plannable_meur"),
        ({"table": "purses", "column": "plannable_meur", "value": 1, "key": {"nation": "A"}}, "nation"),
        ({"table": "purses", "column": "plannable_meur", "value": 1, "key": {"state": "nowhere"}}, "nowhere"),
        ({"table": "purses", "column": "plannable_meur", "value": 1, "key": {"year": "soon"}}, "soon"),
        (
            {"table": "purses", "column": "plannable_meur", "value": 1, "key": {"plannable_meur": 1}},
            "part of the key",
        ),
        ({"table": "purses", "column": "plannable_meur", "value": "much"}, "much"),
        ({"table": "purses", "column": "plannable_meur", "value": -1}, "purses.csv"),
        ({"table": "purses", "column": "plannable_meur", "value": float("nan")}, "purses.csv"),
        ({"table": "purses", "column": "plannable_meur", "op": "multiply", "value": True}, "multiply"),
        ({"table": "purses", "column": "year", "value": 2027.5}, "2027.5"),
        ({"table": "states", "column": "name", "op": "add", "value": 1}, "add"),
        ({"table": "states", "column": "population", "op": "multiply", "value": float("inf")}, "inf"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(override: dict, named: str) -> None:
    with pytest.raises(BadInput) as caught:
        applied(**override)
    assert named in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"override = 1", "override"),
        (b"[[override]]\ntable = 'purses'", "column"),
        (b"[[override]]\ntable='a'\ncolumn='b'\nvalue=1\nop='divide'", "divide"),
        (b"[[override]]\ntable='a'\ncolumn='b'\nvalue=[1]", "value"),
        (b"[[overrides]]\ntable='a'", "overrides"),
        (b"not toml", "line 1"),
        (b"\xff\xfe", "UTF-8"),
        (b"name = " + b"[" * 100_000, "deeply"),
        (b"name = " + b"9" * 5000, "digits"),
        (b"#" * 1_000_001, "1 MB"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, text: bytes, named: str) -> None:
    file = tmp_path / "scenario.toml"
    file.write_bytes(text)
    with pytest.raises(BadInput) as caught:
        read_scenario(file)
    assert named in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for place in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(BadInput):
            read_scenario(place)


@pytest.mark.skipif(os.name == "nt", reason="the system has neither named pipes nor /dev/zero")
def test_devices_and_pipes_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(BadInput, match="no regular file") as caught:
            read_scenario(place)
        assert caught.value.remedy


@pytest.mark.parametrize("digits", [19, 400, 5000])
@pytest.mark.parametrize("column", ["plannable_meur", "year"])
def test_a_whole_number_beyond_64_bits_is_refused(digits: int, column: str) -> None:
    huge = 10**digits
    for change in ({"value": huge}, {"value": -huge, "op": "add"}, {"value": 1, "key": {"state": huge}}):
        with pytest.raises(BadInput, match="64 bits"):
            applied(**{"table": "purses", "column": column, **change})


def test_a_file_is_read_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    text = '\ufeffname = "n"\n[[override]]\ntable = "purses"\ncolumn = "plannable_meur"\nvalue = 3\n'
    file.write_text(text, encoding="utf-8")
    assert read_scenario(file) == Scenario(
        name="n", override=[Override(table="purses", column="plannable_meur", value=3)], file=str(file)
    )


@settings(max_examples=60, deadline=None)
@given(
    table=st.sampled_from(sorted(TOY.tables)),
    data=st.data(),
    op=st.sampled_from(["set", "add", "multiply", "at_most", "at_least"]),
    value=st.one_of(st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=5)),
)
def test_any_change_gives_a_sound_region_or_bad_input(
    table: str, data: st.DataObject, op: str, value: object
) -> None:
    column = data.draw(st.sampled_from(TOY.tables[table].columns))
    try:
        assert applied(table=table, column=column, op=op, value=value).sound
    except BadInput as refused:
        assert refused.remedy
