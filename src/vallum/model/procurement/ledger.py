"""From column values to the plan's tables, recomputed from orders so that every figure follows from them.

Whatever the solver's tolerance left over is repaired in the safe direction: draws and related money never
exceed what payments allow, counted units never exceed the need.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.problem import Problem

__all__ = ["COLUMNS", "ledger"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Orders below this many class units are solver noise.
NOISE = 1e-7


@dataclass(frozen=True, slots=True)
class _Orders:
    """Flat arrays over the orders of a plan."""

    entry: Ints
    block: Ints
    state: Ints
    programme: Ints
    year: Ints
    quantity: Floats
    share: Floats


def ledger(form: Formulation, plan: Floats) -> dict[str, pl.DataFrame]:
    """All plan tables but `levels` and `rows`.

    Parameters
    ----------
    form : Formulation
    plan : (columns,) array
        Values of a feasible plan, integers whole.
    """
    return _Ledger(form, plan).tables()


class _Ledger:
    def __init__(self, form: Formulation, plan: Floats) -> None:
        self.form, self.plan, self.problem = form, plan, form.problem
        self.n, self.y = len(self.problem.states), len(self.problem.years)
        self.orders = _orders(form, plan)
        offset = np.arange(self.y)[None, :]
        inside = self.orders.year[:, None] + offset < self.y
        deliver = form.blocks.deliver[self.orders.block] * inside
        pay = form.blocks.pay[self.orders.block] * inside
        price, introduction = form.unit_price[self.orders.entry], form.introduction[self.orders.entry]
        self.value = self.orders.quantity * price
        self.introduced = self.orders.share * introduction
        self.delivered = _shift(deliver * self.orders.quantity[:, None], self.orders.year, self.y)
        self.paid = _shift(pay * self.value[:, None], self.orders.year, self.y)
        self.paid_new = _shift(pay * self.introduced[:, None], self.orders.year, self.y)
        before = np.cumsum(self.delivered, axis=1) - self.delivered
        share = self.problem.programme.sustainment[self.orders.programme] * price
        self.sustained = before * share[:, None]

    def tables(self) -> dict[str, pl.DataFrame]:
        out = {
            "choices": self.choices(), "orders": self.order_table(), "deliveries": self.deliveries(),
            "payments": self.payments(), "money": self.money(), "lines": self.lines(),
            "expansions": self.expansions(), "schools": self.schools(), "types": self.types(),
        }  # fmt: skip
        return out | self.stocks()

    # who buys what ------------------------------------------------------------------------------------

    def coalition(self, mask: int) -> str:
        return "+".join(s for n, s in enumerate(self.problem.states) if mask >> n & 1)

    def partners(self, block: int) -> str:
        p = int(self.form.blocks.programme[block])
        return "+".join(self.problem.programme.partners[p]) if self.form.blocks.partners[block] else ""

    def choices(self) -> pl.DataFrame:
        b, programme = self.form.blocks, self.problem.programme
        base = int(self.problem.settings["base_year"]) - self.problem.years[0]
        rows = []
        for a in np.flatnonzero(self.plan[self.form.x] > 0.5):
            p = int(b.programme[a])
            level = float(programme.level[p, 0]) if base < 0 else _level_at(self.problem, p, base)
            ordered = float(self.orders.quantity[self.orders.block == a].sum())
            rows.append({
                "programme_id": self.problem.programmes[p], "coalition": self.coalition(int(b.coalition[a])),
                "partners": self.partners(int(a)), "pooled": bool(b.pooled[a]), "band": int(b.band[a]),
                "edge_quantity": float(b.edge[a]), "pooled_quantity": ordered + float(b.partner_quantity[a]),
                "unit_price_base_meur": float(programme.base_price[p] / programme.base_quantity[p] * b.scale[a]) * level,
                "price_error": float(b.error[a]), "participants": int(b.participants[a]),
                "lead_months": float(b.lead_months[a]), "safe_eligible": bool(b.eligible[a]),
                "safe_reason": _reason(self.problem, p, bool(b.eligible[a])),
            })  # fmt: skip
        return _frame(rows, "choices")

    def order_table(self) -> pl.DataFrame:
        o = self.orders
        return pl.DataFrame({
            "programme_id": [self.problem.programmes[p] for p in o.programme],
            "coalition": [self.coalition(int(self.form.blocks.coalition[a])) for a in o.block],
            "partners": [self.partners(int(a)) for a in o.block],
            "state": [self.problem.states[n] for n in o.state],
            "year": [self.problem.years[t] for t in o.year],
            "quantity": o.quantity, "introduction_share": o.share, "unit_price_meur": self.form.unit_price[o.entry],
            "value_meur": self.value, "introduction_meur": self.introduced,
        })  # fmt: skip

    def deliveries(self) -> pl.DataFrame:
        o, programme = self.orders, self.problem.programme
        i, t = np.nonzero(self.delivered)
        amount = self.delivered[i, t]
        return pl.DataFrame({
            "programme_id": [self.problem.programmes[p] for p in o.programme[i]],
            "coalition": [self.coalition(int(self.form.blocks.coalition[a])) for a in o.block[i]],
            "partners": [self.partners(int(a)) for a in o.block[i]],
            "state": [self.problem.states[n] for n in o.state[i]],
            "order_year": [self.problem.years[k] for k in o.year[i]],
            "year": [self.problem.years[k] for k in t], "quantity": amount,
            "line_id": [self.problem.lines[k] for k in programme.line[o.programme[i]]],
            "line_units": amount * programme.line_units[o.programme[i]],
        })  # fmt: skip

    # money --------------------------------------------------------------------------------------------

    def eligible_paid(self) -> Floats:
        """Payments per order and year that SAFE may pay for: eligible block, loan, window."""
        window, year = self.problem.window[self.orders.state], np.arange(self.y)[None, :]
        open_ = (
            (year >= window[:, :1])
            & (year <= window[:, 1:])
            & (self.problem.loan[self.orders.state] > 0)[:, None]
        )
        return open_ * self.form.blocks.eligible[self.orders.block][:, None]

    def payments(self) -> pl.DataFrame:
        o, related = self.orders, self.problem.programme.related
        claim = self.eligible_paid()
        total: dict[tuple[int, int, str, str, bool], list[float]] = {}
        kinds = (("order", self.paid, claim), ("introduction", self.paid_new, claim),
                 ("sustainment", self.sustained, np.zeros_like(claim)))  # fmt: skip
        for kind, amount, may_claim in kinds:
            for i, t in zip(*np.nonzero(amount), strict=True):
                p = int(o.programme[i])
                key = int(o.state[i]), int(t), kind, self.problem.programmes[p], bool(related[p])
                cell = total.setdefault(key, [0.0, 0.0])
                cell[0] += float(amount[i, t])
                cell[1] += float(amount[i, t] * may_claim[i, t])
        for line, t, n, _, meur in self.expansion_rows():
            total[n, t, "expansion", self.problem.lines[line], False] = [meur, 0.0]
        for f, _, t, n, meur in self.school_rows():
            total[n, t, "school", self.problem.families[f], False] = [meur, 0.0]
        rows = [
            {"state": self.problem.states[n], "year": self.problem.years[t], "kind": kind, "item": item,
             "amount_meur": cell[0], "related": is_related, "safe_eligible_meur": cell[1]}
            for (n, t, kind, item, is_related), cell in total.items() if cell[0] != 0.0
        ]  # fmt: skip
        return _frame(rows, "payments")

    def flows(self) -> tuple[Floats, Floats, Floats]:
        """Spending, spending that related money may pay, and claims, each (N, Y)."""
        spend, related, claims = (np.zeros((self.n, self.y)) for _ in range(3))
        total = self.paid + self.paid_new + self.sustained
        np.add.at(spend, self.orders.state, total)
        is_related = self.problem.programme.related[self.orders.programme]
        np.add.at(related, self.orders.state[is_related], total[is_related])
        np.add.at(claims, self.orders.state, (self.paid + self.paid_new) * self.eligible_paid())
        for _, t, n, _, meur in self.expansion_rows():
            spend[n, t] += meur
        for _, _, t, n, meur in self.school_rows():
            spend[n, t] += meur
        return spend, related, claims

    def money(self) -> pl.DataFrame:
        problem, form = self.problem, self.form
        spend, related_spend, claims = self.flows()
        related = np.minimum(_pick(self.plan, form.related), np.minimum(related_spend, problem.related))
        rows = []
        for n, state in enumerate(problem.states):
            drawn, unclaimed = self.draws(n, claims[n])
            carry = 0.0
            for t in range(self.y):
                service = sum(drawn[s] * problem.service[n, t - s] for s in range(t))
                added = problem.additional[n] * drawn[t]
                left = problem.plannable[n, t] + carry + added + related[n, t] - spend[n, t] - service
                out = min(max(left, 0.0), float(problem.carry_limit[n, t]))
                rows.append({
                    "state": state, "year": problem.years[t], "plannable_meur": problem.plannable[n, t],
                    "related_available_meur": problem.related[n, t], "related_used_meur": related[n, t],
                    "spend_meur": spend[n, t], "service_meur": service, "safe_drawn_meur": drawn[t],
                    "safe_added_meur": added, "eligible_meur": claims[n, t], "unclaimed_meur": unclaimed[t],
                    "carry_in_meur": carry, "carry_out_meur": out, "carry_limit_meur": problem.carry_limit[n, t],
                })  # fmt: skip
                carry = out
        return _frame(rows, "money")

    def draws(self, n: int, claims: Floats) -> tuple[Floats, Floats]:
        """Draws cut to what may be claimed, and claims less draws."""
        problem = self.problem
        drawn, unclaimed = np.zeros(self.y), np.zeros(self.y)
        wanted = _pick(self.plan, self.form.draw)[n]
        first, last = problem.window[n]
        claimed, total = 0.0, 0.0
        for t in range(self.y):
            if first <= t <= last and problem.loan[n] > 0:
                floor = 0.0 if t == last else -float(problem.prefinancing[n])
                claimed += claims[t]
                room = min(claimed - total - floor, problem.loan[n] - total)
                drawn[t] = min(max(wanted[t], 0.0), max(room, 0.0))
                total += drawn[t]
            unclaimed[t] = claimed - total
        return drawn, unclaimed

    # lines and schools --------------------------------------------------------------------------------

    def expansion_rows(self) -> Iterable[tuple[int, int, int, int, float]]:
        """line, year, paying state, steps, EUR million."""
        form = self.form
        steps = np.round(_pick(self.plan, form.steps)).astype(np.int64)
        paid = _pick(self.plan, form.paid)
        for line, payer, t in zip(*np.nonzero(steps), strict=True):
            number, cost = int(steps[line, payer, t]), float(self.problem.expansion_cost[line])
            if form.mode == "national":
                yield int(line), int(t), int(payer), number, number * cost
                continue
            parts = np.maximum(paid[line, :, t], 0.0)
            parts[parts < NOISE] = 0.0
            parts *= number * cost / parts.sum()
            # the largest payer takes what rounding leaves
            parts[np.argmax(parts)] += number * cost - float(parts.sum())
            for n in np.flatnonzero(parts):
                yield int(line), int(t), int(n), number, float(parts[n])

    def expansions(self) -> pl.DataFrame:
        problem = self.problem
        rows = [
            {"line_id": problem.lines[line], "year": problem.years[t], "steps": steps, "state": problem.states[n],
             "amount_meur": meur}
            for line, t, n, steps, meur in self.expansion_rows()
        ]  # fmt: skip
        return _frame(rows, "expansions")

    def lines(self) -> pl.DataFrame:
        problem, o = self.problem, self.orders
        used, grown = np.zeros_like(problem.capacity), np.zeros_like(problem.capacity)
        units = self.delivered * problem.programme.line_units[o.programme][:, None]
        np.add.at(used, problem.programme.line[o.programme], units)
        for line, payer, t in zip(*np.nonzero(np.round(_pick(self.plan, self.form.steps))), strict=True):
            ready = t + int(problem.expansion_delay[line])
            number = round(float(self.plan[self.form.steps[line, payer, t]]))
            grown[line, ready:] += number * problem.expansion_step[line]
        rows = [
            {"line_id": name, "year": year, "available": problem.capacity[k, t], "expansion": grown[k, t],
             "used": used[k, t]}
            for k, name in enumerate(problem.lines) for t, year in enumerate(problem.years)
        ]  # fmt: skip
        return _frame(rows, "lines")

    def school_rows(self) -> Iterable[tuple[int, int, int, int, float]]:
        """family, coalition mask, year, state, EUR million."""
        form, problem = self.form, self.problem
        for k, t in zip(*np.nonzero(np.round(_pick(self.plan, form.school))), strict=True):
            family, mask = int(form.school_family[k]), int(form.school_coalition[k])
            members = [n for n in range(self.n) if mask >> n & 1]
            for n in members:
                part = problem.school_factor[n, family] / len(members) if len(members) > 1 else 1.0
                yield family, mask, int(t), n, float(problem.school_cost[n, family] * part)

    def schools(self) -> pl.DataFrame:
        problem = self.problem
        rows = [
            {"family": problem.families[f], "coalition": self.coalition(mask), "year": problem.years[t],
             "state": problem.states[n], "amount_meur": meur, "added_per_year": float(problem.school_added[n, f])}
            for f, mask, t, n, meur in self.school_rows()
        ]  # fmt: skip
        return _frame(rows, "schools")

    def types(self) -> pl.DataFrame:
        bought: dict[int, int] = {}
        for a in np.flatnonzero(self.plan[self.form.x] > 0.5):
            system = int(self.problem.programme.system[self.form.blocks.programme[a]])
            bought[system] = bought.get(system, 0) | int(self.form.blocks.coalition[a])
        programme = self.problem.programme
        rows = []
        for system, mask in bought.items():
            klass = int(programme.klass[np.flatnonzero(programme.system == system)[0]])
            rows.append({"system_id": self.problem.systems[system], "class_id": self.problem.classes[klass],
                         "states": self.coalition(mask)})  # fmt: skip
        return _frame(rows, "types")

    # what counts --------------------------------------------------------------------------------------

    def stocks(self) -> dict[str, pl.DataFrame]:
        cells, problem = self.form.cells, self.problem
        fielded = np.zeros((len(cells.state), self.y))
        np.add.at(
            fielded, cells.of[self.orders.state, self.orders.programme], np.cumsum(self.delivered, axis=1)
        )
        planned = np.where(cells.counted[:, None], _pick(self.plan, self.form.counted), fielded)
        counted = self.cap(np.clip(planned, 0.0, fielded))
        delivered = np.zeros_like(problem.need)
        total = np.zeros_like(problem.need)
        np.add.at(delivered, (cells.state, cells.klass), fielded)
        np.add.at(total, (cells.state, cells.klass), counted)
        shortfall = np.maximum(problem.gap - total, 0.0)
        rows = [
            {"state": s, "class_id": c, "year": y, "need": problem.need[n, k, t], "legacy": problem.legacy[n, k, t],
             "delivered": delivered[n, k, t], "counted": total[n, k, t], "shortfall": shortfall[n, k, t],
             "gap_years": problem.weight[n, k, t] * shortfall[n, k, t]}
            for n, s in enumerate(problem.states) for k, c in enumerate(problem.classes)
            if problem.need[n, k].any() for t, y in enumerate(problem.years)
        ]  # fmt: skip
        return {
            "stock": _frame(rows, "stock"), "counted": self.counted(fielded, counted),
            "crews": self.crews(counted), "nodes": self.nodes(counted),
        }  # fmt: skip

    def cap(self, counted: Floats) -> Floats:
        """Units beyond the need do not count; units that connect by themselves count first."""
        cells, problem = self.form.cells, self.problem
        room = problem.gap.copy()
        for c in np.lexsort((cells.family, ~cells.connects)):
            here = cells.state[c], cells.klass[c]
            counted[c] = np.minimum(counted[c], room[here])
            room[here] -= counted[c]
        return counted

    def counted(self, fielded: Floats, counted: Floats) -> pl.DataFrame:
        cells, problem = self.form.cells, self.problem
        total: dict[tuple[int, int, int, int], list[float]] = {}
        for c, t in zip(*np.nonzero(fielded > NOISE), strict=True):
            key = int(cells.state[c]), int(cells.family[c]), int(cells.klass[c]), int(t)
            cell = total.setdefault(key, [0.0, 0.0])
            cell[0] += float(fielded[c, t])
            cell[1] += float(counted[c, t])
        rows = [
            {"state": problem.states[n], "family": self.family(f), "class_id": problem.classes[k],
             "year": problem.years[t], "delivered": cell[0], "counted": cell[1]}
            for (n, f, k, t), cell in total.items()
        ]  # fmt: skip
        return _frame(rows, "counted")

    def family(self, f: int) -> str:
        return self.problem.families[f] if f >= 0 else "NONE"

    def crews(self, counted: Floats) -> pl.DataFrame:
        cells, problem = self.form.cells, self.problem
        shape = problem.free_crews.shape
        used, added = np.zeros(shape), np.zeros(shape)
        has = cells.family >= 0
        np.add.at(used, (cells.state[has], cells.family[has]), counted[has])
        for f, _, t, n, _ in self.school_rows():
            added[n, f] += problem.school_added[n, f] * np.maximum(np.arange(self.y) - t, 0)
        seen = (used > 0).any(axis=2) | (added > 0).any(axis=2)
        rows = [
            {"state": problem.states[n], "family": problem.families[f], "year": problem.years[t],
             "free": problem.free_crews[n, f, t], "school_added": added[n, f, t], "used": used[n, f, t]}
            for n, f in zip(*np.nonzero(seen), strict=True) for t in range(self.y)
        ]  # fmt: skip
        return _frame(rows, "crews")

    def nodes(self, counted: Floats) -> pl.DataFrame:
        cells, problem, o = self.form.cells, self.problem, self.orders
        supply, demand = problem.legacy_nodes.copy(), np.zeros((self.n, self.y))
        np.add.at(
            supply, o.state, np.cumsum(self.delivered, axis=1) * problem.programme.nodes[o.programme][:, None]
        )
        asks = ~cells.connects & problem.needs_gateway[cells.klass]
        np.add.at(
            demand, cells.state[asks], counted[asks] * problem.nodes_per_unit[cells.klass[asks]][:, None]
        )
        rows = [
            {"state": s, "year": y, "supply": supply[n, t], "demand": demand[n, t]}
            for n, s in enumerate(problem.states) for t, y in enumerate(problem.years)
        ]  # fmt: skip
        return _frame(rows, "nodes")


def _orders(form: Formulation, plan: Floats) -> _Orders:
    b = form.blocks
    low = np.where(form.low >= 0, plan[np.maximum(form.low, 0)], 0.0)
    high = plan[form.high]
    quantity = low * b.least[b.entry_member] + high * b.greatest[b.entry_member]
    block = b.member_block[b.entry_member]
    entry = np.flatnonzero((quantity > NOISE) & (plan[form.x][block] > 0.5))
    return _Orders(entry, block[entry], b.member_state[b.entry_member[entry]], b.programme[block[entry]],
                   b.entry_year[entry], quantity[entry], (low + high)[entry])  # fmt: skip


def _shift(by_offset: Floats, year: Ints, years: int) -> Floats:
    """From years after the order to calendar years."""
    out = np.zeros_like(by_offset)
    for t in np.unique(year):
        here = year == t
        out[here, t:] = by_offset[here, : years - t]
    return out


def _pick(plan: Floats, columns: Ints) -> Floats:
    """Values of columns; 0 where a column does not exist."""
    out: Floats = np.where(columns >= 0, plan[np.maximum(columns, 0)], 0.0)
    return out


def _level_at(problem: Problem, p: int, base: int) -> float:
    """Price level of the base year, which need not be a plan year."""
    level = problem.programme.level[p]
    if base < len(level):
        return float(level[base])
    growth = float(level[1] / level[0]) if len(level) > 1 else 1.0
    return float(level[0]) * growth**base


def _reason(problem: Problem, p: int, eligible: bool) -> str:
    verdict = problem.programme.verdict[p]
    if verdict.eligible and not eligible:
        needed = int(problem.participants_needed.max(initial=1))
        return f"Art. 4: fewer than {needed} participants that may take part"
    return verdict.reason


def _frame(rows: list[dict[str, Any]] | list[Mapping[str, Any]], name: str) -> pl.DataFrame:
    """A table from rows; an empty one keeps its columns."""
    return (
        pl.DataFrame(rows, schema=COLUMNS[name], orient="row")
        if not rows
        else pl.DataFrame(rows, schema=COLUMNS[name])
    )


_T, _I, _F, _B = pl.String, pl.Int64, pl.Float64, pl.Boolean
COLUMNS: dict[str, dict[str, Any]] = {
    "choices": {"programme_id": _T, "coalition": _T, "partners": _T, "pooled": _B, "band": _I, "edge_quantity": _F,
                "pooled_quantity": _F, "unit_price_base_meur": _F, "price_error": _F, "participants": _I,
                "lead_months": _F, "safe_eligible": _B, "safe_reason": _T},
    "payments": {"state": _T, "year": _I, "kind": _T, "item": _T, "amount_meur": _F, "related": _B,
                 "safe_eligible_meur": _F},
    "money": {"state": _T, "year": _I, "plannable_meur": _F, "related_available_meur": _F, "related_used_meur": _F,
              "spend_meur": _F, "service_meur": _F, "safe_drawn_meur": _F, "safe_added_meur": _F,
              "eligible_meur": _F, "unclaimed_meur": _F, "carry_in_meur": _F, "carry_out_meur": _F,
              "carry_limit_meur": _F},
    "lines": {"line_id": _T, "year": _I, "available": _F, "expansion": _F, "used": _F},
    "expansions": {"line_id": _T, "year": _I, "steps": _I, "state": _T, "amount_meur": _F},
    "schools": {"family": _T, "coalition": _T, "year": _I, "state": _T, "amount_meur": _F, "added_per_year": _F},
    "types": {"system_id": _T, "class_id": _T, "states": _T},
    "stock": {"state": _T, "class_id": _T, "year": _I, "need": _F, "legacy": _F, "delivered": _F, "counted": _F,
              "shortfall": _F, "gap_years": _F},
    "counted": {"state": _T, "family": _T, "class_id": _T, "year": _I, "delivered": _F, "counted": _F},
    "crews": {"state": _T, "family": _T, "year": _I, "free": _F, "school_added": _F, "used": _F},
    "nodes": {"state": _T, "year": _I, "supply": _F, "demand": _F},
    "rows": {"rule": _T, "state": _T, "item": _T, "year": _I, "source": _T, "sentence": _T, "slack": _F, "price": _F},
}  # fmt: skip
