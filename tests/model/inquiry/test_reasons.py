"""Reasons known by hand: two states, one class, programmes P0 and P1."""

from collections.abc import Callable
from typing import Any

import pytest

from vallum.model.procurement import problem
from vallum.model.procurement.inquiry import Demand, Refusal, Stand, why, why_not
from vallum.region import Region
from vallum.region.synthetic_rows import (
    Draft,
    add_class,
    add_line,
    add_need,
    add_programme,
    add_purse,
    add_settings,
    add_state,
    add_system,
)

Ask = Callable[..., Stand]
YEARS = range(2026, 2030)


def region(*programmes: dict[str, Any], purse: float | tuple[float, float] = 400.0, capacity: float = 9.0, most: float = 3.0,
           need: float = 3.0, missing: str = "") -> Region:  # fmt: skip
    """Both states need three units, and can pay them, unless told."""
    draft = Draft(YEARS)
    add_settings(draft, negotiation_months=0.0)
    draft.add("bands", multiple=50.0)
    add_class(draft, "K", 1.0, False)
    for n, state in enumerate(("AA", "AB")):
        add_state(draft, state, "member", 30_000.0, True)
        add_need(draft, state, "K", [need] * len(YEARS))
        for year in YEARS:
            add_purse(draft, state, year, purse[n] if isinstance(purse, tuple) else purse, 0.0, 0.0)
    for k, values in enumerate(programmes):
        name = f"P{k}"
        add_programme(
            draft, name, "K",
            **{"line_id": "L", "lead_months": 3.0, "delivery_span_months": 0.0, "introduction_share": 0.0,
               "price_year": 2025, "cost_growth_pct": 0.0, "real_price_growth_pct": 0.0,
               "sustainment_share": 0.0, "learning_slope_pct": 100.0, **values},
        )  # fmt: skip
        add_system(draft, f"S_{name}", "K", "y")
        for state in ("AA", "AB"):
            if (name, state) != (missing[:2], missing[3:]):
                draft.add("programme_states", programme_id=name, state=state, max_quantity=most, operates="n")
    add_line(draft, "L", [capacity] * len(YEARS), 0.0, 1.0, 0)
    return Region.from_tables("hand", draft.tables())


CHEAP: dict[str, Any] = {"base_price_meur": 50.0}
DEAR: dict[str, Any] = {"base_price_meur": 60.0}


@pytest.fixture
def answer(ask: Ask) -> Callable[..., Refusal]:
    def asked(found: Region, mode: str = "joint", **demand: Any) -> Refusal:
        return why_not(ask(problem(found.require_sound()), mode), Demand(**{"programme": 1, **demand}))

    return asked


def rules(found: Refusal) -> list[str]:
    assert found.rules is not None
    return sorted(one.rule.rule for one in found.rules)


def test_what_is_as_good_but_for_money_costs_money_only(answer: Callable) -> None:
    found = answer(region(CHEAP, DEAR), state=0)
    assert found.verdict == "costs money only"
    assert found.gap_years == pytest.approx(0.0, abs=1e-6)
    # one of three units at 10 more, or all three where a least order of three is asked
    assert found.meur == pytest.approx(10.0, rel=0.1)
    assert found.rules == ()


def test_what_is_taken_is_told_so(answer: Callable) -> None:
    assert answer(region(CHEAP, DEAR), programme=0, state=0).verdict == "taken already"


def test_a_state_that_is_not_listed_or_needs_nothing(answer: Callable) -> None:
    found = answer(region(CHEAP, DEAR, missing="P1 AB"), state=1)
    assert (found.verdict, rules(found)) == ("impossible", ["who may join"])
    both = answer(region(CHEAP, DEAR, missing="P1 AB"), together=3)
    assert (both.verdict, rules(both)) == ("impossible", ["who may join"])
    nothing = answer(region(CHEAP, DEAR, need=0.0), state=1)
    assert (nothing.verdict, rules(nothing)) == ("impossible", ["no need"])


def test_together_is_impossible_where_each_orders_alone(answer: Callable) -> None:
    found = answer(region(CHEAP, DEAR), mode="national", together=3)
    assert (found.verdict, rules(found)) == ("impossible", ["national mode"])


def test_window_and_lead_time(answer: Callable) -> None:
    late = {**DEAR, "start_earliest": 2028, "lead_months": 10.0}
    found = answer(region(CHEAP, late), state=0, by=1)
    assert (found.verdict, rules(found)) == ("impossible", ["window and lead time"])
    assert "2028" in found.rules[0].rule.sentence
    assert answer(region(CHEAP, late), state=0, by=3).verdict != "impossible"
    never = answer(region(CHEAP, {**DEAR, "lead_months": 60.0}), state=0)
    assert (never.verdict, rules(never)) == ("impossible", ["window and lead time"])


def test_the_purse_alone(answer: Callable) -> None:
    found = answer(region(CHEAP, {"base_price_meur": 5000.0}), state=0)
    assert (found.verdict, rules(found)) == ("impossible", ["purse"])
    assert found.rules[0].rule.state == "AA"
    assert found.rules[0].enough


def test_both_purses_for_a_common_order(answer: Callable) -> None:
    found = answer(region(CHEAP, {"base_price_meur": 5000.0}), together=3)
    # either purse is enough to keep the coalition out: one is told, and lifting it is not enough
    assert rules(found) == ["purse"]
    assert found.rules[0].enough is False


def test_the_line(answer: Callable) -> None:
    least = {**DEAR, "min_quantity": 3.0, "min_quantity_alone": 3.0}
    found = answer(region(CHEAP, least, capacity=0.5), state=0)
    assert (found.verdict, rules(found)) == ("impossible", ["line capacity"])


def test_exclusion_costs_what_the_other_gave(answer: Callable) -> None:
    scarce = {**DEAR, "exclusions": "P0", "base_price_meur": 600.0}
    found = answer(region({**CHEAP, "exclusions": "P1"}, scarce, purse=800.0), state=0)
    assert found.verdict == "dearer"
    assert "exclusion" in rules(found)
    assert (0, 1) in found.leaves or any(p == 0 for p, _ in found.leaves)


def test_a_prerequisite_that_cannot_be_paid(answer: Callable) -> None:
    found = answer(region({"base_price_meur": 5000.0}, {**CHEAP, "prerequisites": "P0"}), state=0)
    assert (found.verdict, rules(found)) == ("impossible", ["prerequisite", "purse"])
    assert all(one.enough for one in found.rules)


def test_only_the_integers_clash(answer: Callable) -> None:
    """Half alone and half together could be paid: 150 of 180 and 50 of 80. Neither as a whole can.

    Alone two units are the least, 200; together AB has to pay one, 100.
    """
    half = {"base_price_meur": 100.0, "min_quantity": 1.0, "min_quantity_alone": 2.0, "lead_months": 1.0}
    found = answer(region({"base_price_meur": 5000.0}, half, purse=(45.0, 20.0)), state=0)
    assert (found.verdict, rules(found)) == ("impossible", ["purse", "purse"])
    assert {one.rule.state for one in found.rules} == {"AA", "AB"}
    assert all(one.enough for one in found.rules)


def test_what_requires_a_programme_goes_with_it(ask: Ask) -> None:
    asked = ask(
        problem(region(CHEAP, {**CHEAP, "prerequisites": "P0"}, most=2.0).require_sound()), "national"
    )
    taken = {int(p) for p in asked.form.blocks.programme[asked.chosen]}
    assert taken == {0, 1}
    first, second = why(asked, 0), why(asked, 1)
    assert first.alone_gap_years is not None
    assert second.alone_gap_years is not None
    assert first.alone_gap_years > second.alone_gap_years > 0
    assert why(asked, 0, 0).alone_gap_years == pytest.approx(first.alone_gap_years / 2, rel=1e-6)
