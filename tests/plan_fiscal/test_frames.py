"""Arrays over states and years as rows."""

import numpy as np
import polars as pl
import pytest

from vallum.model.finance.problem import Problem
from vallum.plan.fiscal.frames import by_state, by_year, joined
from vallum.plan.fiscal.tables import FISCAL_TABLES


def grid(problem: Problem) -> np.ndarray:
    return np.arange(problem.spb.size, dtype=float).reshape(problem.spb.shape)


def test_one_row_a_state_and_year_in_order(what: Problem) -> None:
    frame = by_year(what, {"value": grid(what), "source": "budget", "count": 2, "sure": True})
    assert frame.height == len(what.states) * what.years.size
    for i, state in enumerate(what.states):
        mine = frame.filter(state=state)
        assert mine["year"].to_list() == what.years.tolist()
        assert mine["value"].to_list() == grid(what)[i].tolist()
    assert frame.row(0) == ("EE", 2024, 0.0, "budget", 2, True)


def test_rows_may_start_later(what: Problem) -> None:
    frame = by_year(what, {"value": grid(what)}, 2030)
    assert frame["year"].unique().sort().to_list() == list(range(2030, 2041))
    assert frame.filter(state="LT", year=2030)["value"].item() == grid(what)[1, 6]
    assert by_year(what, {"value": grid(what)}, 2041).is_empty()


def test_what_is_not_known_is_empty_and_no_number(what: Problem) -> None:
    values = grid(what)
    values[0, 0] = np.nan
    frame = by_year(what, {"value": values, "flag": values > 3.0})
    assert frame["value"].to_list()[:2] == [None, 1.0]
    assert frame["value"].is_nan().sum() == 0
    assert frame.schema["flag"] == pl.Boolean
    assert by_state(what, {"value": np.array([np.nan, 1.0, 2.0])})["value"].to_list() == [None, 1.0, 2.0]
    assert by_state(what, {"value": float("nan")})["value"].null_count() == 3


def test_one_row_a_state(what: Problem) -> None:
    frame = by_state(what, {"value": np.array([1.0, 2.0, 3.0]), "policy": "plan"})
    assert frame.rows() == [("EE", 1.0, "plan"), ("LT", 2.0, "plan"), ("LV", 3.0, "plan")]


def test_parts_of_a_table_get_its_columns_and_types() -> None:
    table = FISCAL_TABLES["tighter"]
    part = pl.DataFrame(
        {
            "tight_meur": [1],
            "year": [2030],
            "state": ["EE"],
            "lost_meur": [2],
            "plannable_meur": [3],
            "more": [0],
        }
    )
    found = joined("tighter", [part, table.empty(), part])
    assert dict(found.schema) == table.schema
    assert found.rows() == [("EE", 2030, 3.0, 2.0, 1.0)] * 2
    assert joined("tighter", []).equals(table.empty())


def test_a_part_that_lacks_a_column_is_a_fault() -> None:
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        joined("tighter", [pl.DataFrame({"state": ["EE"]})])
