"""The flow formulation with limits beside the rules of the region, solved by scipy."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from flow import Flow, Terms
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

INF = float("inf")


class Held(Flow):
    """Adds what the limits speak of: the value of orders, spending by year, each member's shortfall."""

    def __init__(self, region: Any, mode: str) -> None:
        self.value: Terms = defaultdict(float)  # of all orders
        self.home: Terms = defaultdict(float)  # of orders on lines in member states
        self.missing: dict[str, Terms] = defaultdict(dict)  # each member's part of the shortfall
        countries = {row["line_id"]: row["country"] for row in region.tables["lines"].to_dicts()}
        members = {row["state"] for row in region.tables["states"].to_dicts() if row["role"] == "member"}
        self.share = {
            line: len([c for c in names.split(";") if c in members]) / len(names.split(";"))
            for line, names in countries.items()
        }
        super().__init__(region, mode)

    def _follow(self, b: Any, n: str, t: int, q: int, u: int) -> None:
        super()._follow(b, n, t, q, u)
        unit = self.price(b, t)[0]
        self.value[q] += unit
        self.home[q] += unit * self.share.get(b.programme["line_id"], 0.0)

    def _need_row(self, n: str, k: str, y: int, terms: Terms) -> None:
        before = set(self.short)
        super()._need_row(n, k, y, terms)
        self.missing[n].update({h: self.short[h] for h in set(self.short) - before})

    def yearly(self) -> list[Terms]:
        """What all members spend in each year."""
        out = []
        for y in self.years:
            terms: Terms = defaultdict(float)
            for n in self.members:
                for column, value in self.spend[n, y].items():
                    terms[column] += value
            out.append(terms)
        return out

    def hold(self, axis: str, limit: float) -> None:
        """Hold one axis."""
        if axis == "domestic":
            self.row({q: self.home[q] - limit * v for q, v in self.value.items()}, ">=", 0.0)
        elif axis == "peak":
            for terms in self.yearly():
                self.row(terms, "<=", limit)
        else:
            held = {"cost": self.cost, "shortfall": self.short, "types": self.types}[axis]
            self.row(held, "<=", limit)

    def least(self, axis: str) -> float:
        """Least shortfall or cost; inf when nothing is within the limits."""
        cost = np.zeros(len(self.lower))
        for column, value in {"cost": self.cost, "shortfall": self.short}[axis].items():
            cost[column] += value
        matrix = lil_array((len(self.rows), len(self.lower)))
        low, high = np.full(len(self.rows), -INF), np.full(len(self.rows), INF)
        for i, (terms, sense, right) in enumerate(self.rows):
            for column, value in terms.items():
                matrix[i, column] += value
            if sense != "<=":
                low[i] = right
            if sense != ">=":
                high[i] = right
        found = milp(
            cost, integrality=np.array(self.integer), bounds=Bounds(self.lower, self.upper),
            constraints=LinearConstraint(matrix.tocsr(), low, high), options={"mip_rel_gap": 0.0},
        )  # fmt: skip
        return INF if found.x is None else float(found.fun)
