"""Free MPS: the text form of a model that every solver reads."""

from collections.abc import Iterator, Sequence

import numpy as np

from vallum.solve.highs import Loaded

__all__ = ["mps_lines"]

INF = float("inf")


def mps_lines(
    model: Loaded, columns: Sequence[str], rows: Sequence[str], *, name: str, objective: str
) -> Iterator[str]:
    """Return the lines of a model in free MPS; numbers are as exact as in memory.

    Form: IBM, Passing your model using mathematical programming system (MPS) format, with integer markers
    and with every bound of a whole column written out, because solvers differ in what they take it to be.
    Rows without any limit are left out.

    Parameters
    ----------
    model : Loaded
    columns, rows : sequence of str
        Names, all different, without blanks.
    name, objective : str
        Of the model and of its objective row.
    """
    free = (model.row_lower == -INF) & (model.row_upper == INF)
    yield f"NAME {name}"
    yield "OBJSENSE"
    yield "    MIN"
    yield "ROWS"
    yield f" N {objective}"
    kinds = [_kind(lower, upper) for lower, upper in _pairs(model)]
    for row, kind in enumerate(kinds):
        if not free[row]:
            yield f" {kind} {rows[row]}"
    yield "COLUMNS"
    yield from _columns(model, columns, rows, free, objective)
    yield "RHS"
    for row, (lower, upper) in enumerate(_pairs(model)):
        limit = upper if kinds[row] == "L" else lower
        if not free[row] and limit != 0.0:
            yield f" RHS {rows[row]} {limit!r}"
    yield "RANGES"
    for row, (lower, upper) in enumerate(_pairs(model)):
        if -INF < lower < upper < INF:
            yield f" RANGE {rows[row]} {upper - lower!r}"
    yield "BOUNDS"
    yield from _bounds(model, columns)
    yield "ENDATA"


def _pairs(model: Loaded) -> Iterator[tuple[float, float]]:
    return zip(model.row_lower.tolist(), model.row_upper.tolist(), strict=True)


def _kind(lower: float, upper: float) -> str:
    """E, L or G; a row with two limits is an L row with a range."""
    if lower == upper:
        return "E"
    return "G" if upper == INF else "L"


def _columns(
    model: Loaded, columns: Sequence[str], rows: Sequence[str], free: np.ndarray, objective: str
) -> Iterator[str]:
    start, index, value = (
        part.tolist() for part in (model.matrix.start, model.matrix.index, model.matrix.value)
    )
    cost, whole, markers = model.cost.tolist(), False, 0
    for j, name in enumerate(columns):
        if bool(model.integer[j]) != whole:
            whole = not whole
            yield f" MARKER{markers} 'MARKER' '{'INTORG' if whole else 'INTEND'}'"
            markers += 1
        entries = [(rows[index[k]], value[k]) for k in range(start[j], start[j + 1]) if not free[index[k]]]
        # a column without entries would be left out, and its bounds with it
        if cost[j] != 0.0 or not entries:
            entries.append((objective, cost[j]))
        for row, entry in entries:
            yield f" {name} {row} {entry!r}"
    if whole:
        yield f" MARKER{markers} 'MARKER' 'INTEND'"


def _bounds(model: Loaded, columns: Sequence[str]) -> Iterator[str]:
    lowers, uppers = model.lower.tolist(), model.upper.tolist()
    for j, name in enumerate(columns):
        lower, upper = lowers[j], uppers[j]
        if lower == upper:
            yield f" FX BOUND {name} {lower!r}"
            continue
        if lower == -INF:
            yield f" {'FR' if upper == INF else 'MI'} BOUND {name}"
        elif lower != 0.0:
            yield f" LO BOUND {name} {lower!r}"
        if upper < INF:
            yield f" UP BOUND {name} {upper!r}"
        elif model.integer[j]:
            yield f" PL BOUND {name}"
