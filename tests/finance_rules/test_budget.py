"""Classes of outlays and the shares of the Hague declaration."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vallum.core.errors import BadInput
from vallum.model.finance.budget import HAGUE_CLASSES, classify, hague
from vallum.model.finance.problem import FloatArray, Problem
from vallum.model.finance.scenarios import baseline_gdp
from vallum.region import Region

CORE, RELATED, TOTAL = range(3)
SHARES = arrays.arrays(np.float64, (3, 17), elements=st.floats(0.0, 8.0))


def level(value: float) -> FloatArray:
    return np.full((3, 17), value)


def test_equipment_is_core_and_recorded_on_delivery(region: Region) -> None:
    table = classify(region)
    assert table["outlay"].is_unique().all()
    assert table.row(by_predicate=pl.col("outlay") == "equipment", named=True)["accounting"] == "delivery"
    assert set(table.filter(budget_class="related")["outlay"]) >= {"mobility", "civil_protection", "industry"}
    assert set(table["budget_class"]) == {"core", "related"}
    assert table.null_count().sum_horizontal().item() == 0


def test_a_region_without_classes_is_refused(region: Region) -> None:
    tables = {**region.tables, "outlay_classes": region.tables["outlay_classes"].clear()}
    with pytest.raises(BadInput, match="outlay_classes"):
        classify(replace(region, tables=tables))


@pytest.mark.parametrize(
    ("core", "related", "total", "met"),
    [
        (3.5, 1.5, 5.0, (True, True, True)),
        (3.4, 2.5, 4.9, (False, True, False)),  # related counts up to 1.5 and never as core
        (5.0, 0.0, 5.0, (True, False, True)),  # core may fill the total
        (4.0, 0.5, 4.5, (True, False, False)),
    ],
)
def test_what_counts(
    baltic: Problem, core: float, related: float, total: float, met: tuple[bool, ...]
) -> None:
    made = hague(baltic, level(core), level(related))
    np.testing.assert_allclose(made.total, total)
    assert tuple(made.met[:, 0, 0].tolist()) == met
    assert HAGUE_CLASSES[TOTAL] == "total"
    np.testing.assert_allclose(made.target, [3.5, 1.5, 5.0])


def test_gap_by_hand(baltic: Problem) -> None:
    made = hague(baltic, level(3.0), level(1.0), gdp=level(50_000.0))
    np.testing.assert_allclose(made.gap[:, 0, 5], [0.5, 0.5, 1.0])
    np.testing.assert_allclose(made.gap_meur[:, 0, 5], [250.0, 250.0, 500.0])
    np.testing.assert_allclose(
        hague(baltic, level(3.0), level(1.0)).gap_meur[TOTAL], 0.01 * baseline_gdp(baltic)
    )


def test_indicative_path_is_a_line_from_the_last_forecast_year_to_2035(baltic: Problem) -> None:
    made = hague(baltic, level(2.6), level(0.6))
    assert np.isnan(made.required[..., :2]).all()
    np.testing.assert_allclose(made.required[CORE, 0, [2, 5, 11, 16]], [2.6, 2.9, 3.5, 3.5])
    np.testing.assert_allclose(made.required[TOTAL, 0, [2, 11]], [3.2, 5.0])


def test_who_is_above_a_target_has_a_level_path(baltic: Problem) -> None:
    made = hague(baltic, level(4.2), level(0.0))
    np.testing.assert_allclose(made.required[CORE, :, 2:], 3.5)


def test_a_target_year_in_the_past_asks_for_the_target_at_once(baltic: Problem) -> None:
    past = replace(baltic, rules={**baltic.rules, "hague_target_year": 2025.0})
    made = hague(past, level(2.0), level(0.0))
    np.testing.assert_allclose(made.required[CORE, :, 2:], 3.5)


def test_first_year_met(baltic: Problem) -> None:
    core = level(3.0)
    core[0, 4:] = 3.6
    core[1, 6] = 3.5
    made = hague(baltic, core, level(0.0))
    np.testing.assert_array_equal(made.first_met[CORE], [2028.0, 2030.0, np.nan])
    assert np.isnan(made.first_met[TOTAL]).all()


@given(SHARES, SHARES)
def test_shares_gaps_and_marks_agree(baltic: Problem, core: FloatArray, related: FloatArray) -> None:
    made = hague(baltic, core, related, gdp=level(1000.0))
    assert (made.related <= 1.5).all()
    assert (made.gap >= 0.0).all()
    assert ((made.gap == 0.0) == made.met).all()
    # The total is never met without the core.
    assert (made.met[CORE] | ~made.met[TOTAL]).all()
    assert (made.required[..., 2:] <= made.target[:, None, None] + 1e-12).all()
