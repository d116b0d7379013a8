"""The flow form with extreme points: all rows and columns of one mode (sections 4 to 10).

A member's orders of year t enter as two columns, v_lo (its least order) and v_hi (its greatest), both with
introduction share 1; q = least v_lo + greatest v_hi and u = v_lo + v_hi. With sum_t u = x the LP relaxation
of a block without a band edge is then its convex hull, which `lo u <= q <= hi u` written as rows gives too,
at several times the rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.pricing import Blocks, Mode
from vallum.model.procurement.problem import Problem
from vallum.solve import Builder, Program

__all__ = ["Cells", "Formulation", "formulate"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
INF = float("inf")
NONE = -1


@dataclass(frozen=True, slots=True)
class Cells:
    """Stock cells: new units of one member, crew family, class, and connection."""

    state: Ints
    family: Ints  # NONE: no crews
    klass: Ints
    connects: Bools
    counted: Bools  # whether crews or nodes can keep units from counting
    of: Ints  # (N, P) cell of a member's programme, NONE if it may not join


@dataclass(frozen=True, slots=True)
class Formulation:
    """A program and where its columns are; NONE marks a column that does not exist.

    Shapes: x (A,); low, high (E,); shortfall (N, K, Y); delivered, counted (cells, Y); sustain (N, 2, Y);
    carry, related, draw, claim (N, Y); nodes (N, Y); steps (L, payers, Y); paid (L, N, Y); school (schools, Y).
    """

    mode: Mode
    problem: Problem
    blocks: Blocks
    cells: Cells
    program: Program
    unit_price: Floats  # (E,)
    introduction: Floats  # (E,) paid when the whole introduction falls into this year
    x: Ints
    low: Ints
    high: Ints
    shortfall: Ints
    delivered: Ints
    counted: Ints
    sustain: Ints
    carry: Ints
    related: Ints
    draw: Ints
    claim: Ints
    nodes: Ints
    steps: Ints
    paid: Ints
    school: Ints
    school_family: Ints  # (schools,)
    school_coalition: Ints  # (schools,) bit mask
    types: Ints  # (S,)
    costs: tuple[Floats, Floats, Floats]  # objective of each level over all columns
    core: Ints  # columns that are always in a master
    shared: Bools  # (rows,) not a row of one block
    member_row: Ints  # (M,)
    band_row: Ints  # (A,) NONE when the edge always holds


def formulate(problem: Problem, blocks: Blocks, mode: Mode) -> Formulation:
    """Write the whole model of a mode; see the module's text and docs/explanation/procurement.md."""
    return _Writer(problem, blocks, mode).write()


class _Writer:
    def __init__(self, problem: Problem, blocks: Blocks, mode: Mode) -> None:
        self.problem, self.blocks, self.mode = problem, blocks, mode
        self.n, self.k, self.y = len(problem.states), len(problem.classes), len(problem.years)
        self.builder = Builder()
        self.cells = _cells(problem)
        entry_member = blocks.entry_member
        self.entry_block = blocks.member_block[entry_member]
        self.entry_state = blocks.member_state[entry_member]
        self.entry_programme = blocks.programme[self.entry_block]
        programme = problem.programme
        p, t = self.entry_programme, blocks.entry_year
        self.unit_price = (programme.base_price / programme.base_quantity)[p] * blocks.scale[self.entry_block] * (
            programme.level[p, t]
        )  # fmt: skip
        self.introduction = blocks.introduction[entry_member] * programme.introduction[p, t]
        self.spend: list[tuple[Ints, Ints, Ints, Floats]] = []  # (state, year, column, meur)

    def write(self) -> Formulation:
        self.add_columns()
        self.add_need_and_stock()
        self.add_crews()
        self.add_nodes()
        self.add_lines()
        self.add_flows()
        self.add_money()
        self.add_choices()
        self.add_levels()
        first_local = self.builder.rows
        member_row, band_row = self.add_blocks()
        program = self.builder.program()
        core = np.arange(len(program.cost) - len(self.x) - len(self.all_entries))
        shared = np.arange(len(program.row_lower)) < first_local
        return Formulation(
            mode=self.mode, problem=self.problem, blocks=self.blocks, cells=self.cells, program=program,
            unit_price=self.unit_price, introduction=self.introduction, x=self.x, low=self.low, high=self.high,
            shortfall=self.shortfall, delivered=self.delivered, counted=self.counted, sustain=self.sustain,
            carry=self.carry, related=self.related, draw=self.draw, claim=self.claim, nodes=self.nodes,
            steps=self.steps, paid=self.paid, school=self.school, school_family=self.school_family,
            school_coalition=self.school_coalition, types=self.types, costs=self.costs(program), core=core,
            shared=shared, member_row=member_row, band_row=band_row,
        )  # fmt: skip

    # columns ------------------------------------------------------------------------------------------

    def grid(self, name: str, mask: Bools, *, upper: Floats | float = INF, lower: Floats | float = 0.0,
             integer: bool = False) -> Ints:  # fmt: skip
        """Columns where `mask` holds; positions in an array of the mask's shape, NONE elsewhere."""
        out = np.full(mask.shape, NONE, dtype=np.int64)
        pick = lambda v: np.broadcast_to(np.asarray(v, float), mask.shape)[mask]  # noqa: E731
        out[mask] = self.builder.add_columns(
            name, int(mask.sum()), lower=pick(lower), upper=pick(upper), integer=integer
        )
        return out

    def add_columns(self) -> None:
        problem, cells = self.problem, self.cells
        n, y = self.n, self.y
        gap = problem.gap * (problem.weight > 0)
        self.shortfall = self.grid("shortfall", gap > 0, upper=gap)
        number = len(cells.state)
        self.delivered = self.grid("delivered", np.ones((number, y), bool))
        self.counted = self.grid("counted", np.repeat(cells.counted[:, None], y, axis=1))
        self.sustain = self.grid("sustain", np.ones((n, 2, y), bool))
        self.carry = self.grid("carry", problem.carry_limit > 0, upper=problem.carry_limit)
        self.related = self.grid("related", problem.related > 0, upper=problem.related)
        year = np.arange(y)[None, :]
        window = (
            (year >= problem.window[:, :1]) & (year <= problem.window[:, 1:]) & (problem.loan > 0)[:, None]
        )
        self.draw = self.grid("draw", window)
        floor = np.where(year < problem.window[:, 1:], -problem.prefinancing[:, None], 0.0)
        self.claim = self.grid("claim", window, lower=floor)
        self.has_nodes = bool((problem.programme.nodes > 0).any() or cells.counted.any())
        self.nodes = self.grid("nodes", np.full((n, y), bool((problem.programme.nodes > 0).any())))
        self.add_expansion_columns()
        self.add_school_columns()
        self.types = self.builder.add_columns("types", len(problem.systems), upper=1.0, integer=True)
        self.x = self.builder.add_columns("choice", len(self.blocks.programme), integer=True)
        m = self.blocks.entry_member
        self.greatest, self.least = self.blocks.greatest[m], self.blocks.least[m]
        two = self.greatest > self.least + 1e-9
        self.low = self.grid("low", two)
        self.high = self.builder.add_columns("high", len(m))
        self.all_entries = np.concatenate((self.low[two], self.high))

    def add_expansion_columns(self) -> None:
        problem = self.problem
        self.tight = _tight_lines(problem)
        year = np.arange(self.y)[None, :]
        useful = self.tight[:, None] & (year + problem.expansion_delay[:, None] < self.y)
        useful &= (problem.expansion_most > 0)[:, None] & (problem.expansion_step > 0)[:, None]
        payers = 1 if self.mode == "joint" else self.n
        mask = np.repeat(useful[:, None, :], payers, axis=1)
        self.steps = self.grid(
            "steps", mask, upper=problem.expansion_most[:, None, None].astype(float), integer=True
        )
        self.paid = self.grid("paid", np.repeat(useful[:, None, :], self.n, axis=1) & (self.mode == "joint"))

    def add_school_columns(self) -> None:
        problem = self.problem
        self.short_crews = _short_crews(problem, self.cells)
        families, coalitions = [], []
        for f in range(len(problem.families)):
            bits = 1 << np.arange(self.n)
            # a member with crews enough may still share a school: it halves the others' cost
            wanting = int((self.short_crews[:, f] & (problem.school_added[:, f] > 0)) @ bits)
            sharing = int(problem.school_shared[:, f] @ bits) if self.mode == "joint" else 0
            for g in range(1, 2**self.n):
                if g & wanting and (g & (g - 1) == 0 or g & ~sharing == 0):
                    families.append(f)
                    coalitions.append(g)
        self.school_family = np.array(families, dtype=np.int64)
        self.school_coalition = np.array(coalitions, dtype=np.int64)
        # a school of the last year adds nobody inside the horizon
        mask = np.repeat(np.arange(self.y)[None, :] < self.y - 1, len(families), axis=0).reshape(-1, self.y)
        self.school = self.grid("school", mask, upper=1.0, integer=True)

    # rows ---------------------------------------------------------------------------------------------

    def labels(
        self, states: Ints, items: Ints | None, names: tuple[str, ...], years: Ints
    ) -> dict[str, list[object]]:
        out: dict[str, list[object]] = {
            "state": [self.problem.states[s] for s in states] if len(states) else [],
            "year": [self.problem.years[t] for t in years] if len(years) else [],
        }
        out["item"] = [names[i] for i in items] if items is not None else []
        return out

    def add_need_and_stock(self) -> None:
        problem, cells, add = self.problem, self.cells, self.builder.add
        s, k, t = np.nonzero(self.shortfall >= 0)
        rows = self.builder.add_rows(
            "need", len(s), lower=problem.gap[s, k, t], rule="need", source="needs.csv",
            sentence="{state} needs {item} in {year}", **self.labels(s, k, problem.classes, t),
        )  # fmt: skip
        add(rows, self.shortfall[s, k, t], 1.0)
        at = np.full(self.shortfall.shape, NONE)
        at[s, k, t] = rows
        years = np.arange(self.y)[None, :]
        fielded = np.where(cells.counted[:, None], self.counted, self.delivered)
        target = at[cells.state[:, None], cells.klass[:, None], years]
        has = target >= 0
        add(target[has], fielded[has], 1.0)
        c, t = np.nonzero(np.ones(self.delivered.shape, bool))
        self.stock_row = self.builder.add_rows(
            "stock", len(c), lower=0.0, upper=0.0, rule="stock balance", source="programmes.csv",
            sentence="stock of {item} in {state} grows by what is delivered in {year}",
            **self.labels(cells.state[c], cells.klass[c], problem.classes, t),
        ).reshape(self.delivered.shape)  # fmt: skip
        self.balance(self.stock_row, self.delivered)
        c, t = np.nonzero(self.counted >= 0)
        rows = self.builder.add_rows(
            "count", len(c), upper=0.0, rule="only what is delivered counts", source="programmes.csv",
            sentence="{state} counts no more {item} than delivered by {year}",
            **self.labels(cells.state[c], cells.klass[c], problem.classes, t),
        )  # fmt: skip
        add(rows, self.counted[c, t], 1.0)
        add(rows, self.delivered[c, t], -1.0)

    def balance(self, rows: Ints, columns: Ints) -> None:
        """level(y) - level(y-1) on the last axis."""
        self.builder.add(rows, columns, 1.0)
        self.builder.add(rows[..., 1:], columns[..., :-1], -1.0)

    def add_crews(self) -> None:
        problem, cells, add = self.problem, self.cells, self.builder.add
        s, f = np.nonzero(self.short_crews)
        at = np.full(self.short_crews.shape, NONE)
        at[s, f] = np.arange(len(s))
        rs, rt = np.repeat(s, self.y), np.tile(np.arange(self.y), len(s))
        rf = np.repeat(f, self.y)
        rows = self.builder.add_rows(
            "crews", len(rs), upper=problem.free_crews[rs, rf, rt], rule="trained crews", source="crews.csv",
            sentence="{state} has no more trained crews of {item} in {year}",
            **self.labels(rs, rf, problem.families, rt),
        ).reshape(-1, self.y)  # fmt: skip
        for c in np.flatnonzero(cells.counted & (cells.family >= 0)):
            here = at[cells.state[c], cells.family[c]]
            if here >= 0:
                add(rows[here], self.counted[c], 1.0)
        part = np.array([[bool(g >> n & 1) for n in range(self.n)] for g in self.school_coalition]).reshape(
            -1, self.n
        )
        joined = np.zeros(self.short_crews.shape, bool)
        np.logical_or.at(joined, (slice(None), self.school_family), part.T)
        js, jf = np.nonzero(joined)
        once_at = np.full(joined.shape, NONE)
        once_at[js, jf] = self.builder.add_rows(
            "school_once", len(js), upper=1.0, rule="one school per family", source="crews.csv",
            sentence="{state} builds one school for {item}",
            **self.labels(js, jf, problem.families, np.empty(0, int)),
        )  # fmt: skip
        for k, (family, coalition) in enumerate(zip(self.school_family, self.school_coalition, strict=True)):
            members = np.flatnonzero((coalition >> np.arange(self.n)) & 1)
            built = np.flatnonzero(self.school[k] >= 0)
            factor = problem.school_factor[members, family] / len(members) if len(members) > 1 else np.ones(1)
            for n, share in zip(members, factor, strict=True):
                add(once_at[n, family], self.school[k, built], 1.0)
                later = np.maximum(np.arange(self.y)[None, :] - built[:, None], 0)  # (built, Y)
                b, t = np.nonzero(later)
                if at[n, family] >= 0:
                    gained = problem.school_added[n, family] * later[b, t]
                    add(rows[at[n, family], t], self.school[k, built][b], -gained)
                cost = problem.school_cost[n, family] * share
                self.spend.append(
                    (np.full(len(built), n), built, self.school[k, built], np.full(len(built), cost))
                )

    def add_nodes(self) -> None:
        problem, cells, add = self.problem, self.cells, self.builder.add
        asking = cells.counted & ~cells.connects & problem.needs_gateway[cells.klass]
        asking &= problem.nodes_per_unit[cells.klass] > 0
        if not asking.any():
            self.node_row = np.full((self.n, self.y), NONE)
        else:
            s, t = np.divmod(np.arange(self.n * self.y), self.y)
            self.node_row = self.builder.add_rows(
                "nodes", len(s), upper=problem.legacy_nodes.ravel(), rule="connection to the shared picture",
                source="gateways.csv", sentence="{state} has no more gateways to connect new units in {year}",
                **self.labels(s, None, (), t),
            ).reshape(self.n, self.y)  # fmt: skip
            for c in np.flatnonzero(asking):
                add(self.node_row[cells.state[c]], self.counted[c], problem.nodes_per_unit[cells.klass[c]])
            if (self.nodes >= 0).all():
                add(self.node_row, self.nodes, -1.0)
        has = self.nodes >= 0
        s, t = np.nonzero(has)
        self.node_stock_row = np.full((self.n, self.y), NONE)
        if has.any():
            self.node_stock_row = self.builder.add_rows(
                "node_stock", len(s), lower=0.0, upper=0.0, rule="gateway stock", source="systems.csv",
                sentence="gateways of {state} grow by what is delivered in {year}", **self.labels(s, None, (), t),
            ).reshape(self.n, self.y)  # fmt: skip
            self.balance(self.node_stock_row, self.nodes)

    def add_lines(self) -> None:
        problem, add = self.problem, self.builder.add
        lines = np.flatnonzero(self.tight)
        r, t = np.repeat(lines, self.y), np.tile(np.arange(self.y), len(lines))
        rows = self.builder.add_rows(
            "line", len(r), upper=problem.capacity[r, t], rule="line capacity", source="line_capacity.csv",
            sentence="{item} delivers no more in {year}", **self.labels(np.empty(0, int), r, problem.lines, t),
        ).reshape(-1, self.y)  # fmt: skip
        self.line_row = np.full((len(problem.lines), self.y), NONE)
        self.line_row[lines] = rows
        line, payer, year = np.nonzero(self.steps >= 0)
        for offset in range(self.y):
            later = year + problem.expansion_delay[line] + offset
            ok = later < self.y
            add(self.line_row[line[ok], later[ok]], self.steps[line, payer, year][ok],
                -problem.expansion_step[line[ok]])  # fmt: skip
        grown = np.unique(line)
        most = self.builder.add_rows(
            "expansion_most", len(grown), upper=problem.expansion_most[grown].astype(float), rule="largest expansion",
            source="lines.csv", sentence="{item} can be expanded no further",
            **self.labels(np.empty(0, int), grown, problem.lines, np.empty(0, int)),
        )  # fmt: skip
        add(most[np.searchsorted(grown, line)], self.steps[line, payer, year], 1.0)
        cost = problem.expansion_cost[line]
        if self.mode == "national":
            self.spend.append((payer, year, self.steps[line, payer, year], cost))
            return
        shared = self.builder.add_rows(
            "expansion_paid", len(line), lower=0.0, upper=0.0, rule="expansion is paid", source="lines.csv",
            sentence="the expansion of {item} decided in {year} is paid",
            **self.labels(np.empty(0, int), line, problem.lines, year),
        )  # fmt: skip
        add(shared, self.steps[line, payer, year], -cost)
        for n in range(self.n):
            columns = self.paid[line, n, year]
            add(shared, columns, 1.0)
            self.spend.append((np.full(len(line), n), year, columns, np.ones(len(line))))

    def add_flows(self) -> None:
        """What an order delivers, per entry and year: stock, nodes, line, sustainment."""
        problem, blocks, programme = self.problem, self.blocks, self.problem.programme
        s, t = np.divmod(np.arange(self.n * 2 * self.y), self.y)
        self.sustain_row = self.builder.add_rows(
            "sustain", len(s), lower=0.0, upper=0.0, rule="sustainment balance", source="programmes.csv",
            sentence="sustainment of {state} follows deliveries before {year}",
            **self.labels(s // 2, None, (), t),
        ).reshape(self.n, 2, self.y)  # fmt: skip
        self.balance(self.sustain_row, self.sustain)
        offset = np.arange(self.y)[None, :]
        share = blocks.deliver[self.entry_block] * (blocks.entry_year[:, None] + offset < self.y)
        e, o = np.nonzero(share)
        year, amount = blocks.entry_year[e] + o, share[e, o]
        n, p = self.entry_state[e], self.entry_programme[e]
        row = self.stock_row[self.cells.of[n, p], year]
        self.each_end(row, e, -amount)
        giving = programme.nodes[p] > 0
        self.each_end(self.node_stock_row[n, year][giving], e[giving], -(amount * programme.nodes[p])[giving])
        on_line = self.line_row[programme.line[p], year]
        self.each_end(
            on_line[on_line >= 0], e[on_line >= 0], (amount * programme.line_units[p])[on_line >= 0]
        )
        later = year + 1 < self.y
        row = self.sustain_row[n, programme.related[p].astype(int), np.minimum(year + 1, self.y - 1)]
        value = amount * programme.sustainment[p] * self.unit_price[e]
        self.each_end(row[later], e[later], -value[later])

    def each_end(self, rows: Ints, entry: Ints, per_unit: Floats, per_share: Floats | float = 0.0) -> None:
        """Add `per_unit * q + per_share * u` of an entry to rows, for both its columns."""
        fixed = np.broadcast_to(per_share, per_unit.shape)
        two = self.low[entry] >= 0
        self.builder.add(rows[two], self.low[entry][two], (per_unit * self.least[entry] + fixed)[two])
        self.builder.add(rows, self.high[entry], per_unit * self.greatest[entry] + fixed)

    def add_money(self) -> None:
        problem, add = self.problem, self.builder.add
        s, t = np.divmod(np.arange(self.n * self.y), self.y)
        self.purse_row = self.builder.add_rows(
            "purse", len(s), upper=problem.plannable.ravel(), rule="purse", source="purses.csv",
            sentence="{state} has no more money in {year}", **self.labels(s, None, (), t),
        ).reshape(self.n, self.y)  # fmt: skip
        purse = self.purse_row
        self.related_row = self.builder.add_rows(
            "related", len(s), upper=0.0, rule="related money", source="purses.csv",
            sentence="{state} has no more spending that related money may pay in {year}",
            **self.labels(s, None, (), t),
        ).reshape(self.n, self.y)  # fmt: skip
        for state, year, column, amount in self.spend:
            add(purse[state, year], column, amount)
        add(purse[:, None, :], self.sustain, 1.0)
        add(self.related_row, self.sustain[:, 1, :], -1.0)
        has = self.related >= 0
        add(purse[has], self.related[has], -1.0)
        add(self.related_row[has], self.related[has], 1.0)
        has = self.carry >= 0
        add(purse[has], self.carry[has], 1.0)
        add(purse[:, 1:][has[:, :-1]], self.carry[:, :-1][has[:, :-1]], -1.0)
        self.add_payments()
        self.add_loans()

    def add_payments(self) -> None:
        blocks = self.blocks
        offset = np.arange(self.y)[None, :]
        share = blocks.pay[self.entry_block] * (blocks.entry_year[:, None] + offset < self.y)
        e, o = np.nonzero(share)
        year, part = blocks.entry_year[e] + o, share[e, o]
        n, p = self.entry_state[e], self.entry_programme[e]
        per_unit, fixed = part * self.unit_price[e], part * self.introduction[e]
        self.each_end(self.purse_row[n, year], e, per_unit, fixed)
        pays = self.problem.programme.related[p]
        self.each_end(self.related_row[n, year][pays], e[pays], -per_unit[pays], -fixed[pays])
        self.payment = (e, n, year, per_unit, fixed)

    def add_loans(self) -> None:
        problem, add = self.problem, self.builder.add
        has = self.draw >= 0
        s, t = np.nonzero(has)
        rows = self.builder.add_rows(
            "claim", len(s), lower=0.0, upper=0.0, rule="SAFE draws follow eligible payments", source="safe_loans.csv",
            sentence="SAFE draws of {state} in {year} follow eligible payments", **self.labels(s, None, (), t),
        )  # fmt: skip
        at = np.full(has.shape, NONE)
        at[s, t] = rows
        add(rows, self.claim[s, t], 1.0)
        carried = (t > 0) & (self.claim[s, np.maximum(t - 1, 0)] >= 0)
        add(rows[carried], self.claim[s, t - 1][carried], -1.0)
        add(rows, self.draw[s, t], 1.0)
        e, n, year, per_unit, fixed = self.payment
        pays = self.blocks.eligible[self.entry_block[e]] & (at[n, year] >= 0)
        self.each_end(at[n, year][pays], e[pays], -per_unit[pays], -fixed[pays])
        borrowers = np.flatnonzero(has.any(axis=1))
        rows = self.builder.add_rows(
            "loan", len(borrowers), upper=problem.loan[borrowers], rule="SAFE loan", source="safe_loans.csv",
            sentence="the SAFE loan of {state} is drawn", **self.labels(borrowers, None, (), np.empty(0, int)),
        )  # fmt: skip
        add(rows[np.searchsorted(borrowers, s)], self.draw[s, t], 1.0)
        add(self.purse_row[s, t], self.draw[s, t], -problem.additional[s])
        for j in range(1, self.y):
            ok = t + j < self.y
            add(self.purse_row[s[ok], t[ok] + j], self.draw[s, t][ok], problem.service[s[ok], j])

    def add_choices(self) -> None:
        """One coalition per member and programme; prerequisites; exclusions; types."""
        problem, blocks, add = self.problem, self.blocks, self.builder.add
        n, a = blocks.member_state, blocks.member_block
        p = blocks.programme[a]
        pairs = np.unique(n * len(problem.programmes) + p)
        s, q = np.divmod(pairs, len(problem.programmes))
        rows = self.builder.add_rows(
            "join", len(pairs), upper=1.0, rule="one coalition per programme", source="programme_states.csv",
            sentence="{state} joins {item} at most once",
            **self.labels(s, q, problem.programmes, np.empty(0, int)),
        )  # fmt: skip
        add(rows[np.searchsorted(pairs, n * len(problem.programmes) + p)], self.x[a], 1.0)
        self.add_exclusions(n, p, a)
        self.add_prerequisites(n, p)
        system = problem.programme.system[q]
        rows = self.builder.add_rows(
            "type", len(pairs), upper=0.0, rule="types", source="systems.csv", sentence="{item} in {state} is a type",
            **self.labels(s, q, problem.programmes, np.empty(0, int)),
        )  # fmt: skip
        add(rows[np.searchsorted(pairs, n * len(problem.programmes) + p)], self.x[a], 1.0)
        add(rows, self.types[system], -1.0)

    def add_exclusions(self, n: Ints, p: Ints, a: Ints) -> None:
        problem = self.problem
        number = len(problem.exclusions) * self.n
        s, r = np.divmod(np.arange(number), max(len(problem.exclusions), 1))
        rows = self.builder.add_rows(
            "exclusion", number, upper=1.0, rule="exclusion", source="programmes.csv",
            sentence="{state} may not also join a programme that {item} excludes",
            **self.labels(s, problem.exclusions[r, 0] if number else r, problem.programmes, np.empty(0, int)),
        ).reshape(self.n, -1)  # fmt: skip
        for k, pair in enumerate(problem.exclusions):
            here = np.isin(p, pair)
            self.builder.add(rows[n[here], k], self.x[a[here]], 1.0)

    def add_prerequisites(self, n: Ints, p: Ints) -> None:
        problem, blocks = self.problem, self.blocks
        number = len(problem.prerequisites)
        s, r, t = np.unravel_index(np.arange(self.n * number * self.y), (self.n, max(number, 1), self.y))
        rows = self.builder.add_rows(
            "prerequisite", len(s), upper=0.0, rule="prerequisite", source="programmes.csv",
            sentence="{state} cannot order {item} ahead of its prerequisite by {year}",
            **self.labels(s, problem.prerequisites[r, 0] if number else r, problem.programmes, t),
        ).reshape(self.n, number, self.y)  # fmt: skip
        for k, (later, earlier) in enumerate(problem.prerequisites):
            for programme, sign in ((later, 1.0), (earlier, -1.0)):
                e = np.flatnonzero(self.entry_programme == programme)
                year = blocks.entry_year[e]
                i, t = np.nonzero(np.arange(self.y)[None, :] >= year[:, None])
                row = rows[self.entry_state[e[i]], k, t]
                self.each_end(row, e[i], np.zeros(len(i)), np.full(len(i), sign))

    def add_levels(self) -> None:
        """Rows that hold the value of an earlier level; open until that level is solved."""
        self.level_rows = self.builder.add_rows(
            "level", 2, rule="earlier level", source="settings.csv",
            sentence="the value of an earlier level is held",
        )  # fmt: skip
        has = self.shortfall >= 0
        self.builder.add(self.level_rows[0], self.shortfall[has], self.problem.weight[has])
        discount = self.problem.discount
        for state, year, column, amount in self.spend:
            self.builder.add(self.level_rows[1], column, amount * discount[year])
            del state
        self.builder.add(self.level_rows[1], self.sustain, discount[None, None, :])
        e, _, year, per_unit, fixed = self.payment
        row = np.full(len(e), self.level_rows[1])
        self.each_end(row, e, per_unit * discount[year], fixed * discount[year])
        s, t = np.nonzero(self.draw >= 0)
        self.builder.add(self.level_rows[1], self.draw[s, t], self.problem.loan_cost[s] * discount[t])

    def add_blocks(self) -> tuple[Ints, Ints]:
        """Rows of one block: a member orders when the block is chosen; the band's edge is reached."""
        blocks, add = self.blocks, self.builder.add
        member = self.builder.add_rows(
            "member", len(blocks.member_block), lower=0.0, upper=0.0, rule="who joins orders", source="programmes.csv",
            sentence="{state} orders {item} when it joins",
            **self.labels(blocks.member_state, blocks.programme[blocks.member_block], self.problem.programmes,
                          np.empty(0, int)),
        )  # fmt: skip
        add(member, self.x[blocks.member_block], -1.0)
        e = np.arange(len(blocks.entry_member))
        self.each_end(member[blocks.entry_member], e, np.zeros(len(e)), np.ones(len(e)))
        least = (
            np.add.reduceat(blocks.least, blocks.member_start[:-1])
            if len(blocks.member_block)
            else np.empty(0)
        )
        edge = blocks.edge - blocks.partner_quantity
        banded = np.flatnonzero(edge > least + 1e-9)
        band = np.full(len(blocks.programme), NONE)
        band[banded] = self.builder.add_rows(
            "band", len(banded), lower=0.0, rule="price band", source="bands.csv",
            sentence="{item} reaches the quantity of its price band",
            **self.labels(np.empty(0, int), blocks.programme[banded], self.problem.programmes, np.empty(0, int)),
        )  # fmt: skip
        add(band[banded], self.x[banded], -edge[banded])
        row = band[self.entry_block]
        has = row >= 0
        self.each_end(row[has], e[has], np.ones(int(has.sum())))
        return member, band

    def costs(self, program: Program) -> tuple[Floats, Floats, Floats]:
        size = len(program.cost)
        out = []
        owner = np.repeat(np.arange(size), np.diff(program.matrix.start))
        for row in self.level_rows:
            cost = np.zeros(size)
            here = program.matrix.index == row
            cost[owner[here]] = program.matrix.value[here]
            out.append(cost)
        types = np.zeros(size)
        types[self.types] = 1.0
        return out[0], out[1], types


def _cells(problem: Problem) -> Cells:
    """Distinct (member, family, class, connects) of the programmes a member may join."""
    programme = problem.programme
    n, p = np.nonzero(problem.greatest > 0)
    key = np.stack((n, programme.family[p], programme.klass[p], programme.connects[p].astype(int)), axis=1)
    unique, inverse = np.unique(key, axis=0, return_inverse=True)
    of = np.full(problem.greatest.shape, NONE)
    of[n, p] = inverse.ravel()
    state, family, klass, connects = unique.reshape(-1, 4).T
    asks_node = problem.needs_gateway[klass] & (problem.nodes_per_unit[klass] > 0) & (connects == 0)
    cells = Cells(state, family, klass, connects.astype(bool), asks_node, of)
    short = _short_crews(problem, cells)
    counted = asks_node.copy()
    crewed = family >= 0
    counted[crewed] |= short[state[crewed], family[crewed]]
    return Cells(state, family, klass, connects.astype(bool), counted, of)


def _short_crews(problem: Problem, cells: Cells) -> Bools:
    """(N, F): families whose crews could bind; more units than the gap never count, so the rest never do."""
    wanted = np.zeros(problem.free_crews.shape)
    seen = np.unique(np.stack((cells.state, cells.family, cells.klass), axis=1), axis=0).reshape(-1, 3)
    for state, family, klass in seen:
        if family >= 0:
            wanted[state, family] += problem.gap[state, klass]
    out: Bools = (wanted > problem.free_crews + 1e-9).any(axis=2)
    return out


def _tight_lines(problem: Problem) -> Bools:
    """(L,): lines that could bind, even if everything useful came in one year."""
    programme = problem.programme
    least = np.maximum(programme.least, programme.least_alone)
    most = (np.maximum(problem.greatest, least) * (problem.greatest > 0)).sum(axis=0) * programme.line_units
    total = np.bincount(programme.line, weights=most, minlength=len(problem.lines))
    out: Bools = (total[:, None] > problem.capacity + 1e-9).any(axis=1) & (total > 0)
    return out
