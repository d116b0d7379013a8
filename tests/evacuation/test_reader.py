"""Tables become towns, roads and people."""

import polars as pl
import pytest

from tests.plan_evacuation.regions import pair, small
from vallum.core.errors import BadInput
from vallum.model.evacuation import case, require_evacuation, scenarios
from vallum.model.evacuation.problem import Household, Train, Window
from vallum.region import TABLES


def test_the_small_region_as_towns_and_roads() -> None:
    found = case(small(), "FLOOD")
    assert (found.key, found.name, found.horizon_h, found.warning_h) == ("FLOOD", "Flood", 24.0, 12.0)
    assert [(one.key, one.people, one.order_h) for one in found.origins] == [("NA-0001", 2000.0, 0.0)]
    assert found.people == 2000.0
    # The town that people leave takes nobody in, though it has places.
    assert [(one.key, one.places, one.low, one.high) for one in found.hosts] == [
        ("NA-0002", 2500.0, 2500.0, 2500.0)
    ]
    assert [(one.tail, one.head, one.lanes, one.hours) for one in found.roads] == [
        ("A", "B", 2, 30 / 90), ("B", "C", 1, 30 / 90), ("C", "D", 1, 14 / 90),
    ]  # fmt: skip
    assert [(one.tail, one.head, one.name) for one in found.links] == [
        ("NA-0001", "A", ""),
        ("NA-0002", "C", ""),
    ]
    assert found.trains == (Train("A", "C", 1.0, 400.0), Train("C", "A", 1.0, 400.0))
    assert found.households == {"NA": Household(0.8, 2.5, 10.0)}
    assert found.windows == (
        Window("A", "B", "troops", 0.0, 6.0, 1), Window("C", "B", "contraflow", 0.0, 6.0, 1),
    )  # fmt: skip


def test_a_window_of_both_directions_is_two() -> None:
    region = small()
    held = region.tables["evac_windows"].filter(window_id="HELD")
    windows = held.with_columns(pl.lit("y", dtype=held["both_ways"].dtype).alias("both_ways"))
    found = case(region.replace(evac_windows=windows), "FLOOD").windows
    assert [(one.tail, one.head) for one in found] == [("A", "B"), ("B", "A")]


def test_windows_are_of_their_scenario() -> None:
    assert scenarios(pair()) == ("FIRE", "FLOOD")
    assert len(case(pair(), "FLOOD").windows) == 2
    assert case(pair(), "FIRE").windows == ()


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(BadInput) as error:
        case(pair(), "WAR")
    assert error.value.rule == "scenario"
    assert "FIRE, FLOOD" in str(error.value.remedy)


@pytest.mark.parametrize("name", ["roads", "evac_links", "evac_places", "evac_scenarios"])
def test_a_region_without_a_table_says_which(name: str) -> None:
    tables = dict(pair().tables) | {name: TABLES[name].empty()}
    with pytest.raises(BadInput, match=f"no table {name}"):
        require_evacuation(tables, "pair")


def test_a_region_that_is_not_sound_is_refused() -> None:
    region = small()
    windows = region.tables["evac_windows"].with_columns(to_h="from_h")
    with pytest.raises(BadInput):
        case(region.replace(evac_windows=windows), "FLOOD")
