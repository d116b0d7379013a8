"""Draws the result tables of one mode of the made-up plan, year by year."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

Record = dict[str, Any]
YEARS = range(2026, 2041)


class Planner:
    """Draws one mode's tables year by year."""

    def __init__(self, region: Any, mode: str) -> None:
        self.region, self.mode = region, mode
        self.draw = random.Random(f"{mode} 11")  # noqa: S311 - made-up numbers
        self.out: dict[str, list[Record]] = defaultdict(list)

    def tables(self) -> dict[str, list[Record]]:
        for programme in self.region.inputs["programmes"]:
            for coalition, partners in self._coalitions(programme):
                self._buy(programme, coalition, partners)
        self._merge(
            "deliveries",
            ("programme_id", "coalition", "state", "order_year", "year"),
            ("quantity", "line_units"),
        )
        self._merge("payments", ("state", "year", "kind", "item"), ("amount_meur", "safe_eligible_meur"))
        self._stock()
        self._money()
        self._lines()
        self._rest()
        return dict(self.out)

    def _merge(self, table: str, key: tuple[str, ...], sums: tuple[str, ...]) -> None:
        found: dict[tuple[Any, ...], Record] = {}
        for row in self.out[table]:
            at = tuple(row[k] for k in key)
            if at in found:
                for column in sums:
                    found[at][column] += row[column]
            else:
                found[at] = row
        self.out[table] = list(found.values())

    def _coalitions(self, programme: Record) -> list[tuple[list[str], str]]:
        rank = int(programme["programme_id"].rsplit("_", 1)[1])
        states = sorted(self.region.members)
        if self.mode == "joint":
            if rank == 1:
                return [(states, "PL+SE" if self.draw.random() < 0.3 else "")]
            if rank == 2 and self.draw.random() < 0.5:
                return [(self.draw.sample(states, 2), "")]
            return []
        if rank == 3 and self.draw.random() < 0.5:
            return []
        return [
            ([state], "PL" if self.draw.random() < 0.15 else "")
            for state in states
            if self.draw.random() < 0.6
        ]

    def _buy(self, programme: Record, states: list[str], partners: str) -> None:
        draw, pid = self.draw, programme["programme_id"]
        coalition = "+".join(sorted(states))
        pooled = self.mode == "joint" and len(states) > 1
        key = {"programme_id": pid, "coalition": coalition, "partners": partners}
        start = programme["start_earliest"] + draw.randrange(0, 3)
        unit = programme["base_price_meur"] / programme["base_quantity"] * (0.88 if pooled else 1.0)
        eligible = programme["safe_eligible"] == "y" and (pooled or bool(partners))
        total = 0.0
        for state in sorted(states):
            for i in range(draw.choice([1, 2, 2])):
                share = draw.uniform(1.3, 2.2) if pooled else draw.uniform(0.5, 1.3)
                quantity = float(max(1, round(programme["base_quantity"] * share)))
                total += quantity
                year, value = start + 2 * i, quantity * unit
                introduction = 0.0 if i else 0.06 * programme["base_price_meur"]
                self.out["orders"].append(
                    {
                        **key,
                        "state": state,
                        "year": year,
                        "quantity": quantity,
                        "introduction_share": 0.0 if i else 1.0,
                        "unit_price_meur": unit,
                        "value_meur": value,
                        "introduction_meur": introduction,
                    }
                )
                for k in range(2):
                    self.out["deliveries"].append(
                        {
                            **key,
                            "state": state,
                            "order_year": year,
                            "year": min(2040, year + 2 + k),
                            "quantity": quantity / 2,
                            "line_id": programme["line_id"],
                            "line_units": quantity / 2,
                        }
                    )
                for kind, amount, when in (
                    ("order", value * 0.3, year),
                    ("order", value * 0.7, min(2040, year + 2)),
                    ("introduction", introduction, year),
                ):
                    if amount:
                        self._pay(
                            state, when, kind, programme, amount, amount if eligible and when <= 2030 else 0.0
                        )
                for when in range(min(2040, year + 4), 2041):
                    self._pay(state, when, "sustainment", programme, value * 0.04, 0.0)
        self.out["choices"].append(
            {
                **key,
                "pooled": pooled,
                "band": 1,
                "edge_quantity": total,
                "pooled_quantity": total,
                "unit_price_base_meur": unit,
                "price_error": 0.03,
                "participants": len(states) + len([p for p in partners.split("+") if p]),
                "lead_months": 24,
                "safe_eligible": eligible,
                "safe_reason": self.region.name(
                    "two participants, origin above 65 %" if eligible else "one participant"
                ),
            }
        )

    def _pay(
        self, state: str, year: int, kind: str, programme: Record, amount: float, eligible: float
    ) -> None:
        self.out["payments"].append(
            {
                "state": state,
                "year": year,
                "kind": kind,
                "item": programme["programme_id"],
                "amount_meur": amount,
                "related": programme["related_money"] == "y",
                "safe_eligible_meur": eligible,
            }
        )

    def _stock(self) -> None:
        classes = {r["class_id"]: r for r in self.region.inputs["classes"]}
        programmes = {r["programme_id"]: r for r in self.region.inputs["programmes"]}
        arrived: dict[tuple[str, str, int], float] = defaultdict(float)
        for row in self.out["deliveries"]:
            arrived[row["state"], programmes[row["programme_id"]]["class_id"], row["year"]] += row["quantity"]
        needs = {(r["state"], r["class_id"], r["year"]): r["quantity"] for r in self.region.inputs["needs"]}
        for state in sorted(self.region.members):
            for class_id in sorted(classes):
                delivered, last = 0.0, needs[state, class_id, 2040]
                for year in YEARS:
                    need = needs[state, class_id, year]
                    legacy = round(0.45 * last * max(0.3, 1 - 0.04 * (year - 2026)), 2)
                    delivered += arrived[state, class_id, year]
                    counted = min(delivered * 0.98, max(0.0, need - legacy))
                    gap = max(0.0, need - legacy - counted)
                    weight = classes[class_id]["weight"] / last * 1.03 ** -(year - 2026)
                    self.out["stock"].append(
                        {
                            "state": state,
                            "class_id": class_id,
                            "year": year,
                            "need": need,
                            "legacy": legacy,
                            "delivered": delivered,
                            "counted": counted,
                            "shortfall": gap,
                            "gap_years": weight * gap,
                        }
                    )
                    self.out["counted"].append(
                        {
                            "state": state,
                            "family": class_id,
                            "class_id": class_id,
                            "year": year,
                            "delivered": delivered,
                            "counted": counted,
                        }
                    )

    def _money(self) -> None:
        spend: dict[tuple[str, int], float] = defaultdict(float)
        related: dict[tuple[str, int], float] = defaultdict(float)
        eligible: dict[tuple[str, int], float] = defaultdict(float)
        for row in self.out["payments"]:
            at = row["state"], row["year"]
            spend[at] += row["amount_meur"]
            related[at] += row["amount_meur"] * row["related"]
            eligible[at] += row["safe_eligible_meur"]
        for row in self.region.inputs["purses"]:
            at = row["state"], row["year"]
            drawn = min(eligible[at], 400.0)
            used = min(related[at], 60.0)
            carry = 30.0 if row["year"] % 3 else 0.0
            self.out["money"].append(
                {
                    "state": row["state"],
                    "year": row["year"],
                    "plannable_meur": row["plannable_meur"],
                    "related_available_meur": 60.0,
                    "related_used_meur": used,
                    "spend_meur": spend[at],
                    "service_meur": 0.01 * drawn,
                    "safe_drawn_meur": drawn,
                    "safe_added_meur": 0.25 * drawn,
                    "eligible_meur": eligible[at],
                    "unclaimed_meur": eligible[at] - drawn,
                    "carry_in_meur": 0.0 if row["year"] == 2026 else 30.0,
                    "carry_out_meur": carry,
                    "carry_limit_meur": 60.0,
                }
            )

    def _lines(self) -> None:
        used: dict[tuple[str, int], float] = defaultdict(float)
        for row in self.out["deliveries"]:
            used[row["line_id"], row["year"]] += row["line_units"]
        bought = sorted({row["line_id"] for row in self.out["deliveries"]})
        for line in bought:
            peak = max(used[line, year] for year in YEARS)
            step = peak * 0.2 if self.draw.random() < 0.15 else 0.0
            for year in YEARS:
                self.out["lines"].append(
                    {
                        "line_id": line,
                        "year": year,
                        "available": peak * 1.02 if not step else peak * 0.85,
                        "expansion": step if year >= 2029 else 0.0,
                        "used": used[line, year],
                    }
                )
            if step:
                self.out["expansions"].append(
                    {"line_id": line, "year": 2027, "steps": 1, "state": "LT", "amount_meur": 35.0}
                )
        for family in ("CUAS", "SHORAD"):
            self.out["schools"].append(
                {
                    "family": family,
                    "coalition": "EE+LT+LV" if self.mode == "joint" else "EE",
                    "year": 2027,
                    "state": "EE",
                    "amount_meur": 9.0,
                    "added_per_year": 4.0,
                }
            )

    def _rest(self) -> None:
        programmes = {r["programme_id"]: r for r in self.region.inputs["programmes"]}
        bought: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self.out["orders"]:
            programme = programmes[row["programme_id"]]
            bought[programme["system_id"], programme["class_id"]].add(row["state"])
        for (system, class_id), states in sorted(bought.items()):
            self.out["types"].append(
                {"system_id": system, "class_id": class_id, "states": "+".join(sorted(states))}
            )
        for row in self.region.inputs["purses"]:
            at = {"state": row["state"], "year": row["year"]}
            self.out["nodes"].append({**at, "supply": 20.0, "demand": 18.0})
            for class_id, *_ in self.region.classes:
                self.out["crews"].append(
                    {**at, "family": class_id, "free": 30.0, "school_added": 0.0, "used": 22.0}
                )
        value = sum(row["gap_years"] for row in self.out["stock"])
        cost = sum(row["amount_meur"] * 1.03 ** -(row["year"] - 2026) for row in self.out["payments"])
        slack = 0.008 if self.mode == "national" else 0.06
        for level, name, v in ((1, "shortfall", value), (2, "cost", cost), (3, "types", float(len(bought)))):
            bound = v * (1 - slack) if level < 3 else v - 1
            self.out["levels"].append(
                {"level": level, "name": name, "value": v, "bound": bound, "gap": (v - bound) / abs(v)}
            )
        for year, price in ((2027, -0.011), (2028, -0.019), (2029, -0.007)):
            for rule, state, item in (
                ("purse", "EE", ""),
                ("line capacity", "", f"L_{self.region.classes[0][0]}_1"),
                ("trained crews", "EE", self.region.classes[1 % len(self.region.classes)][0]),
                ("connection to the shared picture", "LT", ""),
                ("need", "LT", self.region.classes[2 % len(self.region.classes)][0]),
            ):
                self.out["rows"].append(
                    {
                        "rule": rule,
                        "state": state,
                        "item": item,
                        "year": year,
                        "source": "purses.csv",
                        "sentence": self.region.name(
                            f"The {rule} of {state or item} in {year} is fully used"
                        ),
                        "slack": 0.0,
                        "price": price * (0.02 if rule == "purse" else 1),
                    }
                )
