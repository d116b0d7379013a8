"""The draw of a tiny region with every rule of the model switched on now and then."""

from __future__ import annotations

import numpy as np

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


def draw_small(seed: int) -> Draft:
    """Draw the rows of `vallum.region.synthetic.small`."""
    rng = np.random.default_rng(seed)
    states, programmes, years = [(2, 2, 4), (2, 2, 4), (2, 3, 3), (3, 2, 3)][int(rng.integers(4))]
    draft = Draft(range(FIRST_YEAR, FIRST_YEAR + years))
    members, partners = codes("A", states), codes("X", 2)
    add_settings(
        draft,
        negotiation_months=float(rng.choice([0.0, 2.0, 6.0])),
        advance_share=float(rng.choice([0.1, 0.3, 0.5])),
        safe_count_conditional=float(rng.random() < 0.3),
    )
    for multiple in (1.0, 2.0, 4.0) if rng.random() < 0.7 else (50.0,):
        draft.add("bands", multiple=multiple)
    for state in members:
        add_state(draft, state, "member", 30_000.0, bool(rng.random() < 0.85))
    for state in partners:
        add_state(draft, state, "partner", 300_000.0, bool(rng.random() < 0.7))
    classes = ["K0", "K1"][: int(rng.integers(1, 3))]
    families = ["F0", "F1"] if rng.random() < 0.55 else []
    gateway = [bool(rng.random() < 0.4) for _ in classes]
    for class_id, needs_gateway in zip(classes, gateway, strict=True):
        add_class(draft, class_id, round(float(rng.uniform(0.8, 2.0)), 2), needs_gateway)
        if needs_gateway:
            draft.add("gateways", class_id=class_id, nodes_per_unit=float(rng.choice([0.5, 1.0])))
        add_system(
            draft, f"OLD_{class_id}", class_id, nodes=float(rng.choice([0.0, 0.5])) if any(gateway) else 0.0
        )
    _small_programmes(draft, rng, programmes, members, partners, classes, families, any(gateway))
    _small_lines(draft, rng)
    wanted = _small_needs(draft, rng, members, classes)
    _small_money(draft, rng, members, wanted)
    for family in families:
        for state in members:
            add_crew(
                draft,
                state,
                family,
                [f"OLD_{classes[0]}"],
                trained_crews=float(rng.choice([0.0, 0.5, 2.0])),
                throughput_per_year=float(rng.choice([0.0, 0.2, 0.5])),
                school_cost_meur=float(rng.choice([4.0, 20.0, 40.0])),
                school_added_throughput=float(rng.choice([1.0, 2.0])),
                shared_school="y" if rng.random() < 0.7 else "n",
            )
    return draft


def _small_programmes(
    draft: Draft,
    rng: np.random.Generator,
    number: int,
    members: list[str],
    partners: list[str],
    classes: list[str],
    families: list[str],
    gateway: bool,
) -> None:
    names = [f"P{i}" for i in range(number)]
    needs_first, excluded = rng.random() < 0.3, rng.random() < 0.3
    for i, name in enumerate(names):
        step = float(rng.choice([1.0, 1.0, 1.0, 2.0, 0.5])) if number == 2 else 1.0
        alone = float(rng.choice([1.0, 1.0, 2.0])) * step
        reading = str(rng.choice(["y", "y", "y", "y", "conditional", "n"]))
        prerequisites = names[0] if needs_first and i == number - 1 else ""
        pair = {0: 1, 1: 0}.get(i) if excluded and number == 3 else None
        add_programme(
            draft,
            name,
            classes[i % len(classes)],
            min_quantity=step,
            min_quantity_alone=alone,
            step_quantity=step,
            base_quantity=float(rng.choice([1.0, 2.0])),
            base_price_meur=round(float(rng.uniform(60, 140)), 1),
            learning_slope_pct=float(rng.choice([75.0, 85.0, 100.0])),
            introduction_share=float(rng.choice([0.0, 0.2, 0.5])),
            sustainment_share=float(rng.choice([0.0, 0.1, 0.3])),
            lead_months=float(rng.choice([5.0, 8.0, 10.0, 13.0])),
            delivery_span_months=float(rng.choice([0.0, 4.0, 9.0, 12.0] if number == 2 else [9.0, 12.0])),
            start_earliest=draft.years[int(rng.random() < 0.3)],
            line_id=f"L{i}",
            line_units_per_unit=float(rng.choice([1.0, 2.0])),
            eu_origin_share={"y": 0.8, "conditional": 0.8, "n": 0.6}[reading],
            foreign_control="n" if reading != "n" or rng.random() < 0.5 else "y",
            safe_eligible=reading,
            related_money=str(rng.choice(["y", "n"])),
            crew_family=families[int(rng.integers(len(families)))]
            if families and rng.random() < 0.8
            else "NONE",
            prerequisites=prerequisites,
            exclusions=names[pair] if pair is not None else "",
        )
        add_system(
            draft,
            f"S_{name}",
            classes[i % len(classes)],
            str(rng.choice(["y", "n", "unknown"])),
            float(rng.choice([0.0, 0.0, 1.0])) if gateway else 0.0,
        )
        joining = [state for state in members if rng.random() < 0.9] or members[:1]
        for state in joining:
            draft.add(
                "programme_states",
                programme_id=name,
                state=state,
                max_quantity=max(
                    alone, float(rng.choice([2.0, 3.0] if number == 2 else [2.0])) * min(step, 1.0)
                ),
                operates="y" if rng.random() < 0.3 else "n",
            )
        if rng.random() < 0.45 and (number == 2 or i == 0):
            for partner in partners[: int(rng.integers(1, 3))]:
                draft.add(
                    "partner_orders",
                    programme_id=name,
                    partner=partner,
                    quantity=float(rng.choice([1.0, 2.0])),
                    quantity_low=None,
                    quantity_high=None,
                    year_from=draft.years[0] + int(rng.random() < 0.2),
                    year_to=draft.years[-1],
                )


def _small_lines(draft: Draft, rng: np.random.Generator) -> None:
    for programme in draft.rows["programmes"]:
        per_unit = programme["line_units_per_unit"]
        scarce = 1.0 if rng.random() < 0.6 else 10.0
        capacity = [round(scarce * float(c), 2) for c in rng.uniform(0.5, 3.0, len(draft.years)) * per_unit]
        steps = int(rng.choice([0, 0, 1]))
        backlog = float(rng.choice([0.0, 0.2, 0.5]))
        add_line(
            draft,
            programme["line_id"],
            capacity,
            backlog,
            per_unit,
            steps,
            cost=8.0,
            delay=float(rng.choice([0.0, 10.0, 12.5])),
        )


def _small_needs(
    draft: Draft, rng: np.random.Generator, members: list[str], classes: list[str]
) -> dict[str, float]:
    """Add needs and stocks; return the units each state wants at most."""
    wanted = dict.fromkeys(members, 0.0)
    for state in members:
        for class_id in classes:
            last = float(rng.choice([1.0, 1.5, 2.0, 3.0]))
            ramp = np.linspace(float(rng.choice([0.3, 1.0])), 1.0, len(draft.years))
            if rng.random() < 0.1:
                ramp[-1] = 0.0
            add_need(draft, state, class_id, [round(last * float(r), 2) for r in ramp])
            wanted[state] += last
            if rng.random() < 0.5:
                begin = draft.years[int(rng.integers(len(draft.years)))]
                retire = (begin, begin + int(rng.integers(0, 3))) if rng.random() < 0.6 else (2090, 2099)
                add_stock(draft, state, f"OLD_{class_id}", "in_service", draft.years[0], 1.0, retire)
            if rng.random() < 0.2:
                add_stock(draft, state, f"OLD_{class_id}", "delivery", draft.years[1], 0.5)
    return wanted


def _small_money(
    draft: Draft, rng: np.random.Generator, members: list[str], wanted: dict[str, float]
) -> None:
    needed = int(rng.choice([2, 2, 3]))
    safe, related, carry = rng.random() < 0.75, rng.random() < 0.5, float(rng.choice([0.0, 0.1, 0.5]))
    for state in members:
        yearly = float(rng.choice([0.3, 0.5, 0.8])) * 100.0 * wanted[state] / len(draft.years)
        for year in draft.years:
            plannable = round(yearly * float(rng.uniform(0.6, 1.4)), 1)
            add_purse(draft, state, year, plannable, round(0.4 * plannable, 1) if related else 0.0, carry)
        if safe and rng.random() < 0.9:
            add_loan(
                draft,
                state,
                round(yearly * float(rng.uniform(1.0, 3.0)), 1),
                window_to=draft.years[int(rng.integers(1, len(draft.years)))],
                grace_years=int(rng.choice([1, 10])),
                maturity_years=int(rng.choice([12, 45])),
                additional_share=float(rng.choice([0.25, 1.0, 1.0])),
                min_participants_after=needed,
            )
