"""Invented regions of any size, from a seed.

`synthetic` draws a region of the size that speed is measured on; `small` draws a tiny one that can be
solved by enumeration, with every rule of the model switched on in some of the draws. Nothing in them
describes a real state: every row is marked as an assumption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vallum.core.errors import BadInput
from vallum.region.synthetic_rows import (
    FIRST_YEAR,
    Draft,
    add_class,
    add_crew,
    add_line,
    add_loan,
    add_need,
    add_programme,
    add_purse,
    add_settings,
    add_state,
    add_stock,
    add_system,
    codes,
)
from vallum.region.synthetic_small import draw_small

if TYPE_CHECKING:
    from vallum.region import Region


def synthetic(
    states: int = 3,
    programmes: int = 90,
    years: int = 15,
    classes: int = 16,
    seed: int = 1,
    money: float = 0.085,
    lines: float = 1.0,
    partners: int = 2,
) -> Region:
    """Draw a region of the size that speed is measured on.

    Parameters
    ----------
    states, programmes, years, classes
        Sizes: members, programmes, planning years from 2026 on, capability classes.
    seed
        Seed of the draw; equal arguments give equal regions.
    money
        Plannable money of a state and year, as a share of what it would cost to buy and run its whole need.
    lines
        Factor on the capacity of the production lines; 1 is ample for most of them, 0.5 halves all.
    partners
        Partners outside the region that may join orders.

    Returns
    -------
    Region
        A checked region without findings of severity error.

    Raises
    ------
    BadInput
        A size, the money or the lines are out of range.
    """
    from vallum.region import Region

    if min(states, programmes, years, classes) < 1 or money <= 0 or lines < 0 or partners < 0:
        raise BadInput(
            f"no region of {states} states, {programmes} programmes, {years} years, {classes} classes, "
            f"{partners} partners, money {money:g} and lines {lines:g}",
            rule="sizes are 1 or more, money is above 0, partners and lines are not below 0",
            remedy="change the sizes asked for",
        )
    draft = _large(states, programmes, years, classes, seed, money, lines, partners)
    name = f"synthetic_{states}x{programmes}x{years}_{seed}"
    return Region.from_tables(name, draft.tables())


def small(seed: int) -> Region:
    """Draw a tiny region that enumeration can solve: 2-3 states, 2-3 programmes, 3-4 years, 1-2 classes.

    Bands, shared introduction, partners, SAFE with prefinancing, carry-over, related money, prerequisites,
    exclusions, crews with schools, nodes, and lines with expansions are each switched on in some draws.
    Money binds in most.

    Parameters
    ----------
    seed
        Seed of the draw; equal seeds give equal regions.

    Returns
    -------
    Region
        A checked region without findings of severity error.
    """
    from vallum.region import Region

    return Region.from_tables(f"small_{seed}", draw_small(seed).tables())


def _large(
    states: int,
    programmes: int,
    years: int,
    classes: int,
    seed: int,
    money: float,
    lines: float,
    partners: int,
) -> Draft:
    rng = np.random.default_rng(seed)
    draft = Draft(range(FIRST_YEAR, FIRST_YEAR + years))
    members, outside = codes("A", states), codes("X", partners)
    add_settings(draft)
    for multiple in (0.5, 1.0, 2.0, 4.0, 8.0):
        draft.add("bands", multiple=multiple)
    size = rng.uniform(0.7, 1.4, states)
    for state, factor in zip(members, size, strict=True):
        add_state(draft, state, "member", round(40_000.0 * factor), True)
    for state in outside:
        add_state(draft, state, "partner", 400_000.0, True)
    names = [f"K{k:02d}" for k in range(classes)]
    for k, name in enumerate(names):
        add_class(draft, name, round(float(rng.uniform(0.8, 1.8)), 2), k % 8 == 0)
        if k % 8 == 0:
            draft.add("gateways", class_id=name, nodes_per_unit=0.05)
        add_system(draft, f"OLD_{name}", name, "n", 0.2 if k == 1 else 0.0)
    price = _large_programmes(draft, rng, programmes, names, members, outside, lines)
    worth = _large_needs(draft, rng, members, size, names, price)
    for state in members:
        for k, year in enumerate(draft.years):
            plannable = round(money * worth[state] * (0.8 + 0.4 * k / max(1, years - 1)), 1)
            add_purse(draft, state, year, plannable, round(0.1 * plannable, 1), 0.15)
        add_loan(draft, state, round(1.5 * money * worth[state], 1))
        for k, name in enumerate(names[: classes // 2]):
            add_crew(
                draft,
                state,
                f"F{k:02d}",
                [f"OLD_{name}"],
                trained_crews=60.0,
                throughput_per_year=8.0,
                school_added_throughput=8.0,
            )
    return draft


def _large_programmes(
    draft: Draft,
    rng: np.random.Generator,
    number: int,
    classes: list[str],
    members: list[str],
    partners: list[str],
    lines: float,
) -> dict[str, float]:
    """Add programmes and their lines; return the mean unit price of each class."""
    usual = dict(zip(classes, np.exp(rng.uniform(np.log(2.0), np.log(40.0), len(classes))), strict=True))
    for i in range(number):
        name, k = f"P{i:03d}", i % len(classes)
        class_id, same = classes[k], i - len(classes)
        reading = str(rng.choice(["y", "y", "conditional", "n"]))
        unit = float(usual[class_id]) * float(rng.uniform(0.8, 1.3))
        add_programme(
            draft,
            name,
            class_id,
            base_quantity=12.0,
            min_quantity=3.0,
            min_quantity_alone=3.0,
            base_price_meur=round(12.0 * unit, 1),
            learning_slope_pct=float(rng.choice([90.0, 92.5, 95.0])),
            introduction_share=round(float(rng.uniform(0.05, 0.15)), 3),
            sustainment_share=round(float(rng.uniform(0.02, 0.05)), 3),
            lead_months=float(rng.integers(10, 37)),
            delivery_span_months=float(rng.choice([12.0, 24.0])),
            start_earliest=draft.years[min(int(rng.integers(0, 4)), len(draft.years) - 1)],
            line_id=f"L{i // 2:03d}",
            eu_origin_share=0.5 if reading == "n" else 0.8,
            safe_eligible=reading,
            related_money="y" if rng.random() < 0.1 else "n",
            crew_family=f"F{k:02d}" if k < len(classes) // 2 else "NONE",
            prerequisites=f"P{same:03d}" if same >= 0 and rng.random() < 0.04 else "",
        )
        add_system(draft, f"S_{name}", class_id, str(rng.choice(["y", "n"])), 0.2 if k == 1 else 0.0)
        for state in members:
            draft.add(
                "programme_states",
                programme_id=name,
                state=state,
                max_quantity=30.0,
                operates="y" if rng.random() < 0.1 else "n",
            )
        if partners and rng.random() < 0.25:
            draft.add(
                "partner_orders",
                programme_id=name,
                partner=partners[i % len(partners)],
                quantity=12.0,
                quantity_low=None,
                quantity_high=None,
                year_from=draft.years[0],
                year_to=draft.years[-1],
            )
    _exclude_some(draft, rng, len(classes))
    for i in range((number + 1) // 2):
        capacity = [round(lines * 16.0 * len(members) * (1 + 0.03 * k), 1) for k in range(len(draft.years))]
        backlog = round(float(rng.uniform(0.2, 0.6)), 2)
        add_line(draft, f"L{i:03d}", capacity, backlog, 12.0, 4, cost=40.0, delay=24.0)
    return {class_id: float(price) for class_id, price in usual.items()}


def _exclude_some(draft: Draft, rng: np.random.Generator, classes: int) -> None:
    """Mark a few pairs of the same class as excluding each other."""
    rows = draft.rows["programmes"]
    for i in range(len(rows) - classes):
        first, second = rows[i], rows[i + classes]
        free = not (first["exclusions"] or second["exclusions"] or second["prerequisites"])
        if free and rng.random() < 0.05:
            first["exclusions"], second["exclusions"] = second["programme_id"], first["programme_id"]


def _large_needs(
    draft: Draft,
    rng: np.random.Generator,
    members: list[str],
    size: np.ndarray[Any, np.dtype[np.float64]],
    classes: list[str],
    price: dict[str, float],
) -> dict[str, float]:
    """Add needs and old stock; return what it would cost to buy and run each state's whole need."""
    worth = dict.fromkeys(members, 0.0)
    ramp = np.minimum(1.0, np.linspace(0.4, 1.3, len(draft.years)))
    # growth and index of the first price, half a horizon of real growth, a third of it in sustainment
    years = len(draft.years)
    whole_life = 1.05 * 1.02 * 1.01 ** (years / 2) * (1 + 0.035 * years / 3)
    for state, factor in zip(members, size, strict=True):
        for class_id in classes:
            last = max(6.0, round(float(rng.uniform(10, 30) * factor)))
            add_need(draft, state, class_id, [round(last * float(r), 1) for r in ramp])
            old = round(float(rng.uniform(0.0, 0.4)) * last)
            if old:
                begin = draft.years[0] + int(rng.integers(2, 10))
                add_stock(
                    draft,
                    state,
                    f"OLD_{class_id}",
                    "in_service",
                    draft.years[0],
                    float(old),
                    (begin, begin + 4),
                )
            worth[state] += last * price[class_id] * whole_life
    return worth
