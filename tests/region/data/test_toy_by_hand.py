"""The worked example of docs/explanation/toy.md, found again by trying every purchase there is.

The region is so small that whole orders can be listed: an order is four units spread over three years.
Nothing of the model is used here; prices and rules are written out from docs/explanation/procurement.md.
"""

import itertools
import json
from pathlib import Path

import pytest

EXPECTED = json.loads((Path(__file__).parent / "toy_expected.json").read_text(encoding="utf-8"))
SPREADS = [s for s in itertools.product(range(5), repeat=3) if sum(s) == 4]
NONE = (0, 0, 0)
PURSE = {"ND": 30.0, "MD": 30.0, "SD": 10.0}
AIR_NEED = {"ND": (8, 4), "MD": (4, 0)}  # need, in service


def shortfall(spread, need, legacy):
    total, gap = legacy, 0.0
    for units in spread:
        total += units
        gap += max(0, need - total) / need
    return gap


def affordable(spread, unit, purse):
    return all(units * unit <= purse + 1e-9 for units in spread)


def air_options(state, unit, spreads=SPREADS):
    """(shortfall, cost, spread) of air defence bought at one price, introduction included."""
    return [
        (shortfall(s, *AIR_NEED[state]), sum(s) * unit, s)
        for s in (*spreads, NONE)
        if affordable(s, unit, PURSE[state])
    ]


def norda_bridges(unit):
    """Bridges of Norda from related money of 20 in 2030 (its own purse is kept for air defence)."""
    return min(
        (shortfall(s, 4, 0), sum(s) * unit, s)
        for s in (*SPREADS, NONE)
        if s[0] * unit <= 20 and not any(s[1:])
    )


def suda_bridges(unit, loan):
    """Bridges of Suda; `loan` may be drawn in 2030, service 5 % in 2031, 105 % in 2032, cost 0.1 a euro."""
    options = []
    for s in (*SPREADS, NONE):
        draw = max(0.0, s[0] * unit - 10)
        if (
            draw <= min(loan, s[0] * unit)
            and s[1] * unit + 0.05 * draw <= 10
            and s[2] * unit + 1.05 * draw <= 10
        ):
            options.append((shortfall(s, 4, 0), sum(s) * unit + 0.1 * draw, s, draw))
    return min(options)


def best_air(pairs):
    """Least shortfall, then least cost, of two states on the line of five sections a year."""
    return min(
        (a[0] + b[0], a[1] + b[1], a, b)
        for a, b in pairs
        if all(x + y <= 5 for x, y in zip(a[2], b[2], strict=True))
    )


def meda_alone():
    """Meda takes X with its introduction, or Y, on lines of their own."""
    return min(*air_options("MD", 12.5), *air_options("MD", 11.0))


def orders(mode, programme, state):
    rows = EXPECTED["modes"][mode]["orders"]
    spread = dict.fromkeys((2030, 2031, 2032), 0)
    for row in rows:
        if (row["programme_id"], row["state"]) == (programme, state):
            spread[row["year"]] = row["quantity"]
    return tuple(spread.values())


def test_alone():
    norda = min(air_options("ND", 12.5))
    meda = meda_alone()
    bridges, suda = norda_bridges(5.0), suda_bridges(5.0, 0.0)
    expected = EXPECTED["modes"]["national"]
    assert norda[0] + meda[0] + bridges[0] + suda[0] == expected["gap_years"]
    assert norda[1] + meda[1] + bridges[1] + suda[1] == expected["cost_meur"]
    assert norda[2] == orders("national", "BUY_X", "ND")
    assert meda[2] == orders("national", "BUY_Y", "MD")
    assert bridges[2] == orders("national", "BUY_BRIDGE", "ND")
    assert suda[2] == orders("national", "BUY_BRIDGE", "SD")


def test_together():
    pooled = best_air(itertools.product(air_options("ND", 9.75, SPREADS), air_options("MD", 9.75, SPREADS)))
    apart = min(air_options("ND", 12.5))[0] + meda_alone()[0]
    assert pooled[0] < apart
    bridges, suda = norda_bridges(4.0), suda_bridges(4.0, 10.0)
    expected = EXPECTED["modes"]["joint"]
    assert pooled[0] + bridges[0] + suda[0] == expected["gap_years"]
    assert pooled[1] + bridges[1] + suda[1] == pytest.approx(expected["cost_meur"])
    assert suda[3] == expected["states"]["SD"]["safe_drawn_meur"]
    assert pooled[2][2] == orders("joint", "BUY_X", "ND")
    assert pooled[3][2] == orders("joint", "BUY_X", "MD")
    assert bridges[2] == orders("joint", "BUY_BRIDGE", "ND")
    assert suda[2] == orders("joint", "BUY_BRIDGE", "SD")


def test_expected_numbers_add_up():
    for mode in EXPECTED["modes"].values():
        for total in ("gap_years", "cost_meur"):
            assert sum(state[total] for state in mode["states"].values()) == pytest.approx(mode[total])
    money = EXPECTED["same_money"]
    assert money["difference"] == money["national"] - money["joint"]
