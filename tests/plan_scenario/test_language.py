"""What a change can say: which rows, how much, and what is refused; held against plain Python."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vallum.core.errors import BadInput
from vallum.plan.scenario import Between, Override, Scenario, apply_scenario, read_scenario
from vallum.plan.scenario_file import find_scenario, named_scenarios
from vallum.region import Region, write_folder

TOY = Region.read("toy")
PURSES = TOY.tables["purses"].to_dicts()
PROGRAMMES = TOY.tables["programmes"].to_dicts()
MONEY = "plannable_meur"


def changed(*overrides: dict[str, Any]) -> Region:
    return apply_scenario(TOY, Scenario(override=[Override(**one) for one in overrides], file="s.toml"))


def money(region: Region) -> list[float]:
    return region.tables["purses"][MONEY].to_list()


YEARS = sorted({row["year"] for row in PURSES})
STATES = sorted({row["state"] for row in PURSES})
OPS = {
    "set": lambda old, amount: amount,
    "add": lambda old, amount: old + amount,
    "multiply": lambda old, amount: old * amount,
    "at_most": min,
    "at_least": max,
}


@settings(max_examples=25, deadline=None)
@given(
    op=st.sampled_from(sorted(OPS)),
    value=st.floats(0, 5),
    times=st.lists(st.sampled_from(["equipment_meur", "related_meur", "year"]), max_size=2),
    years=st.tuples(st.none() | st.sampled_from(YEARS), st.sampled_from(YEARS)),
    states=st.lists(st.sampled_from(STATES), min_size=1, unique=True),
)
def test_a_change_does_what_plain_python_does(
    op: str, value: float, times: list[str], years: tuple[int | None, int], states: list[str]
) -> None:
    where = {"year": Between(least=years[0], most=years[1]), "state": Between(one_of=states)}
    rows = [
        row["state"] in states and (years[0] is None or years[0] <= row["year"]) and row["year"] <= years[1]
        for row in PURSES
    ]
    expected = []
    for row, chosen in zip(PURSES, rows, strict=True):
        amount = value
        for name in times:
            amount *= row[name]
        expected.append(OPS[op](row[MONEY], amount) if chosen else row[MONEY])
    change = {"table": "purses", "column": MONEY, "op": op, "value": value, "times": times, "where": where}
    try:
        made = changed(change)
    except BadInput as refused:
        assert not any(rows) or max(expected) > 1e9  # no such row, or more than any region has
        assert refused.remedy
    else:
        assert money(made) == pytest.approx(expected)


def test_rows_by_a_column_of_the_table_that_is_referred_to() -> None:
    countries = dict(TOY.tables["systems"].select("system_id", "producer_country").iter_rows())
    country = countries[PROGRAMMES[0]["system_id"]]
    made = changed(
        {
            "table": "programmes", "key": {"system_id.producer_country": country},
            "column": "lead_months", "op": "add", "value": 1,
        }
    )  # fmt: skip
    for old, new in zip(PROGRAMMES, made.tables["programmes"].to_dicts(), strict=True):
        assert new["lead_months"] - old["lead_months"] == (countries[old["system_id"]] == country)


def test_a_reference_sees_earlier_changes() -> None:
    made = changed(
        {"table": "systems", "column": "producer_country", "value": "XX"},
        {
            "table": "programmes", "key": {"system_id.producer_country": "XX"},
            "column": "lead_months", "value": 7,
        },
    )  # fmt: skip
    assert set(made.tables["programmes"]["lead_months"]) == {7.0}


def ranged(value: float, low: float | None, high: float | None) -> Region:
    """`toy` with one price and its range."""
    prices = TOY.tables["programmes"].with_columns(
        base_price_meur=pl.lit(value),
        base_price_meur_low=pl.lit(low, dtype=pl.Float64),
        base_price_meur_high=pl.lit(high, dtype=pl.Float64),
    )
    return TOY.replace(programmes=prices)


@pytest.mark.parametrize(
    ("low", "high", "value", "expected"),
    [
        (8.0, 12.0, 11.0, (8.0, 12.0)),
        (8.0, 12.0, 20.0, (8.0, 20.0)),
        (8.0, 12.0, 5.0, (5.0, 12.0)),
        (None, 12.0, 5.0, (None, 12.0)),
    ],
)
def test_a_value_that_leaves_its_range_takes_the_nearer_end_along(
    low: float | None, high: float, value: float, expected: tuple[float | None, float]
) -> None:
    change = Override(table="programmes", column="base_price_meur", value=value)
    (row, *_) = (
        apply_scenario(ranged(10.0, low, high), Scenario(override=[change])).tables["programmes"].to_dicts()
    )
    assert (row["base_price_meur_low"], row["base_price_meur_high"]) == expected


def test_what_a_value_was_between_two_changes_moves_no_end() -> None:
    price = {"table": "programmes", "column": "base_price_meur", "op": "multiply"}
    both = [Override(**price, value=10), Override(**price, value=0.1001)]
    made = apply_scenario(ranged(10.0, 8.0, 12.0), Scenario(override=both)).tables["programmes"]
    assert set(made["base_price_meur_high"]) == {12.0}


@pytest.mark.parametrize(
    ("change", "named", "remedy"),
    [
        ({"table": "purse"}, "purse", "Did you mean purses?"),
        ({"column": "plannable"}, "plannable", "Did you mean plannable_meur?"),
        ({"key": {"stat": "A"}}, "stat", "Did you mean state?"),
        ({"where": {"yeer": Between(least=2030)}}, "yeer", "Did you mean year?"),
        ({"where": {"year": Between(least=2999)}}, "year from 2999", "Name a row"),
        ({"where": {"state": Between(one_of=[f"{STATES[0]}x"])}}, "state", f"Did you mean {STATES[0]}?"),
        ({"where": {"year": Between()}}, "Nothing is asked of year", "from, to and in"),
        ({"where": {"year": Between(least="soon")}}, "soon", "column's type"),
        ({"where": {"state": Between(most=3)}}, "3", "column's type"),
        ({"where": {"year": Between(one_of=[10**19])}}, "64 bits", "smaller"),
        ({"where": {"state.nam": Between(least="A")}}, "nam", "Did you mean name?"),
        ({"where": {"year.name": Between(least="A")}}, "year.name", "Known:"),
        ({"op": "at_most", "value": float("nan")}, "finite", "number"),
        ({"times": ["equipment"]}, "equipment", "Did you mean equipment_meur?"),
        ({"times": ["state"]}, "state", "column of numbers"),
        ({"column": "state", "times": ["year"]}, "times needs a number", "without times"),
        ({"op": "at_most", "value": "much"}, "at_most needs a number", "without times"),
        ({"value": -1}, "override 1, after which purses.csv", "negative"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_refused_names_place_and_remedy(change: dict, named: str, remedy: str) -> None:
    with pytest.raises(BadInput) as caught:
        changed({"table": "purses", "column": MONEY, "value": 1, **change})
    assert "s.toml, override 1" in caught.value.where
    assert named in f"{caught.value.where} {caught.value.message}"
    assert remedy in f"{caught.value.message} {caught.value.remedy}"
    assert caught.value.rule


def test_the_same_change_twice_is_refused() -> None:
    change = {"table": "purses", "column": MONEY, "op": "add", "value": 1}
    with pytest.raises(BadInput, match="the same as override 1") as caught:
        changed(change, {**change, "value": 2}, change)
    assert caught.value.where == "s.toml, override 3"


def test_an_unknown_factor_is_refused() -> None:
    column = "base_price_meur_low"
    with pytest.raises(BadInput, match=f"{column} is empty"):
        apply_scenario(
            ranged(10.0, None, None),
            Scenario(
                override=[Override(table="programmes", column="base_price_meur", value=1, times=[column])]
            ),
        )


@pytest.mark.parametrize("column", ["crew_family.name", "prerequisites.name"])
def test_a_column_that_does_not_name_one_row_refers_to_nothing(column: str) -> None:
    with pytest.raises(BadInput, match="There is no column of programmes"):
        changed({"table": "programmes", "key": {column: "x"}, "column": "lead_months", "value": 1})


@pytest.mark.parametrize("op", ["add", "multiply", "at_most", "at_least"])
def test_what_is_not_known_stays_so(op: str) -> None:
    high = {"table": "programmes", "column": "base_price_meur_high", "op": op, "value": 1}
    made = apply_scenario(ranged(10.0, None, None), Scenario(override=[Override(**high)]))
    assert made.tables["programmes"]["base_price_meur_high"].null_count() == len(PROGRAMMES)


# ---------------------------------------------------------------- files

GOOD = """
[[override]]
table = "purses"
where = { year = { from = 2030, to = 2032 }, state = { in = ["A"] } }
column = "plannable_meur"
op = "at_most"
value = 1
times = ["equipment_meur"]
"""


def test_a_file_says_all_that_the_code_can(tmp_path: Path) -> None:
    file = tmp_path / "short.toml"
    file.write_text(GOOD, encoding="utf-8")
    found = read_scenario(file)
    where = {"year": Between(least=2030, most=2032), "state": Between(one_of=["A"])}
    assert found.override == [
        Override(
            table="purses", column=MONEY, value=1, op="at_most", times=["equipment_meur"], where=where
        )
    ]  # fmt: skip
    assert found.name == "short"
    assert found.file == str(file)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('confidense = "low"', "confidense in the scenario. Did you mean confidence?"),
        ("file = 'x'", "file in the scenario"),
        (GOOD.replace("times", "time"), "time in override 1. Did you mean times?"),
        (GOOD.replace("from", "form"), "form"),
        (GOOD.replace('in = ["A"]', 'in = "A"'), "array"),
        ('confidence = "sure"', "sure"),
        (GOOD.replace("value = 1", "value = 1\nvalue = 2"), "overwrite"),
    ],
)
def test_a_member_that_there_is_not_is_refused_with_the_nearest(
    tmp_path: Path, text: str, named: str
) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_scenario(file)
    assert named in str(caught.value)
    assert caught.value.where == str(file)


def test_scenarios_of_a_folder_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mine"
    write_folder(TOY.tables, folder)
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "less-money.toml").write_text(GOOD, encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(GOOD, encoding="utf-8")
    assert list(named_scenarios(folder)) == ["less-money"]
    assert find_scenario(folder, "less-money") == folder / "scenarios" / "less-money.toml"
    assert find_scenario(folder, str(own)) == own
    monkeypatch.chdir(tmp_path)
    assert find_scenario("toy", "own.toml") == Path("own.toml")
    with pytest.raises(BadInput, match="The region has none"):
        find_scenario("toy", "less-money")
    for word in ("les-money", "", " ", "x\0", "y" * 5000):
        with pytest.raises(BadInput, match="Known: less-money") as caught:
            find_scenario(folder, word)
        assert ("Did you mean less-money?" in caught.value.remedy) == (word == "les-money")
