"""The columnar builder against dense arrays."""

import numpy as np
import pytest

from vallum.solve import Builder, Labels, Program, RowFamily, Sparse


def dense(matrix: Sparse) -> np.ndarray:
    out = np.zeros((matrix.rows, matrix.columns))
    out[matrix.index, np.repeat(np.arange(matrix.columns), np.diff(matrix.start))] = matrix.value
    return out


def drawn(seed: int, rows: int = 7, columns: int = 9) -> tuple[Sparse, np.ndarray]:
    """A matrix with empty columns and repeated entries, and the same one dense."""
    rng = np.random.default_rng(seed)
    builder = Builder()
    builder.add_columns("x", columns)
    builder.add_rows("r", rows, rule="drawn")
    r, c = rng.integers(0, rows, 25), rng.integers(0, columns // 2, 25) * 2
    v = rng.normal(size=25)
    builder.add(r, c, v)
    expected = np.zeros((rows, columns))
    np.add.at(expected, (r, c), v)
    return builder.program().matrix, expected


@pytest.mark.parametrize("seed", range(5))
def test_duplicates_are_summed_and_columns_may_be_empty(seed: int) -> None:
    matrix, expected = drawn(seed)
    assert (np.diff(matrix.start)[1::2] == 0).all()
    np.testing.assert_allclose(dense(matrix), expected)


def test_entries_of_a_column_are_sorted_and_single() -> None:
    matrix, _ = drawn(1)
    for j in range(matrix.columns):
        index = matrix.index[matrix.start[j] : matrix.start[j + 1]]
        assert (np.diff(index) > 0).all()


def test_entries_that_cancel_are_dropped() -> None:
    builder = Builder()
    x = builder.add_columns("x", 2)
    row = builder.add_rows("r", 1, rule="none")
    builder.add(row, x[:1], [1.0])
    builder.add(row, x[:1], [-1.0])
    builder.add(row, x[1:], 3.0)
    assert builder.program().matrix.value.tolist() == [3.0]


@pytest.mark.parametrize("seed", range(5))
def test_products_equal_dense_ones(seed: int) -> None:
    matrix, expected = drawn(seed)
    rng = np.random.default_rng(seed + 100)
    x, y = rng.normal(size=matrix.columns), rng.normal(size=matrix.rows)
    np.testing.assert_allclose(matrix.times(x), expected @ x)
    np.testing.assert_allclose(matrix.transpose_times(y), expected.T @ y)


def test_product_of_an_empty_matrix_is_zero() -> None:
    builder = Builder()
    builder.add_columns("x", 3)
    builder.add_rows("r", 2, rule="none")
    matrix = builder.program().matrix
    assert matrix.transpose_times(np.ones(2)).tolist() == [0.0, 0.0, 0.0]
    assert matrix.times(np.ones(3)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("seed", range(5))
def test_pick_equals_dense_selection(seed: int) -> None:
    matrix, expected = drawn(seed)
    columns = np.array([4, 1, 0])
    rows = np.array([5, 2, 3])
    place = np.full(matrix.rows, -1)
    place[rows] = np.arange(3)
    np.testing.assert_allclose(dense(matrix.pick(columns, place, 3)), expected[np.ix_(rows, columns)])


def test_pick_of_nothing() -> None:
    matrix, _ = drawn(0)
    none = matrix.pick(np.empty(0, np.int64), np.full(matrix.rows, -1), 0)
    assert (none.columns, none.rows, len(none.value)) == (0, 0, 0)


def model() -> Program:
    builder = Builder()
    builder.add_columns("whole", 2, upper=[1.0, 2.0], integer=True)
    builder.add_columns("none", 0)
    builder.add_columns("free", 1, cost=4.0, lower=-1.0)
    builder.add_rows("first", 2, upper=1.0, rule="a", sentence="{state} needs {item} in {year}",
                     labels=Labels(("EE", "LV"), ("radar", "gun"), (2026, 2027)))  # fmt: skip
    builder.add_rows("second", 1, lower=2.0, rule="b", sentence="{item} is made",
                     labels=Labels(item=("gun",)))  # fmt: skip
    return builder.program()


def test_blocks_keep_their_order_and_bounds() -> None:
    made = model()
    assert made.columns == {"whole": slice(0, 2), "none": slice(2, 2), "free": slice(2, 3)}
    assert made.cost.tolist() == [0.0, 0.0, 4.0]
    assert made.lower.tolist() == [0.0, 0.0, -1.0]
    assert made.upper.tolist() == [1.0, 2.0, np.inf]
    assert made.integer.tolist() == [True, True, False]
    assert made.row_lower.tolist() == [-np.inf, -np.inf, 2.0]
    assert made.row_upper.tolist() == [1.0, 1.0, np.inf]
    assert made.rows_of("second").tolist() == [2]


def test_rows_say_what_they_mean() -> None:
    made = model()
    assert made.family_of(1).say(1) == "LV needs gun in 2027"
    assert made.family_of(2).say(2) == "gun is made"
    assert made.family_of(1).labels.of(1) == ("LV", "gun", 2027)
    assert made.family_of(2).labels.of(0) == ("", "gun", None)


def test_a_family_needs_no_labels() -> None:
    assert RowFamily("level", "earlier level", "settings.csv", "held", 4, 2).say(5) == "held"


def test_an_empty_model_closes() -> None:
    made = Builder().program()
    assert (len(made.cost), len(made.row_lower), made.matrix.columns) == (0, 0, 0)
