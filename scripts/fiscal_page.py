"""Writes the figures into docs/explanation/five-percent.md and draws docs/figures/fiscal_fan.svg.

    python scripts/fiscal_page.py

Both come from the fiscal outlook of the region baltic without a plan of purchases. What stands on the page
between `<!-- generated: NAME -->` and `<!-- end -->` is replaced; the rest is written by hand.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from markupsafe import Markup

from vallum.model.finance.fan import fan, shocks
from vallum.model.finance.problem import FloatArray, Problem, problem
from vallum.model.finance.returns import returns as taxes_of
from vallum.model.finance.scenarios import POLICIES, outlays
from vallum.plan.fiscal import Outlook, make
from vallum.plan.fiscal.outlook import Case, case
from vallum.region import Region
from vallum.report.svg import el

DOCS: Final = Path(__file__).parents[1] / "docs"
PAGE: Final = DOCS / "explanation" / "five-percent.md"
FIGURE: Final = DOCS / "figures" / "fiscal_fan.svg"

BLOCK: Final = re.compile(r"(<!-- generated: (?P<name>[a-z]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)

FIVE: Final = "five"
SHOWN: Final = ("with_ageing", "core_3_5", "plan", FIVE, "six")
JUDGED: Final = range(2025, 2031)
NEAR, FAR, LAST = 2030, 2035, 2040
LATE_SAMPLE: Final = "2011Q1"
PATHS: Final = 10_000
LETTERS: Final = {"inside ceiling": "in", "inside clause": "clause", "outside": "out"}

VARIED: Final = {
    "multiplier": "multiplier of other spending",
    "defence_multiplier": "multiplier of defence",
    "related_new_share": "new part of related outlays",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """The outlook that the page tells of, and the region that it came from."""

    region: Region
    outlook: Outlook

    @cached_property
    def states(self) -> dict[str, str]:
        """Codes and names of the states, by name."""
        members = self.region.tables["states"].filter(role="member").sort("name")
        return dict(members.select("state", "name").iter_rows())

    def rows(self, table: str, **equal: object) -> list[Row]:
        """Rows of a table, of the budget's outlays where it has several."""
        frame = self.outlook.tables[table]
        if "source" in frame.columns:
            equal = {"source": "budget", **equal}
        return frame.filter(**equal).to_dicts()

    def one(self, table: str, **equal: object) -> Row:
        """The one row that agrees with some values."""
        (row,) = self.rows(table, **equal)
        return row


def study() -> Study:
    """Compute the outlook."""
    region = Region.read("baltic")
    return Study(region, make(region, paths=PATHS, seed=0))


# ---------------------------------------------------------------- how numbers are written


def to(one: float, other: float, digits: int = 0) -> str:
    """Write a range, the lower end first."""
    return f"{min(one, other):,.{digits}f} to {max(one, other):,.{digits}f}"


def over(values: Iterable[float], digits: int = 1) -> str:
    """Write the figures of several years side by side."""
    return " / ".join(f"{value:,.{digits}f}" for value in values)


def spread(row: Row) -> str:
    """Write the 10th and the 90th of 100 paths."""
    return to(row["p10"], row["p90"])


def table(header: str, rows: list[list[str]]) -> str:
    """Write a Markdown table; the header has its cells between bars."""
    cells = [cell.strip() for cell in header.split("|")]
    lines = [" | ".join(cells), " | ".join(["---"] * len(cells)), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def first_year(rows: list[Row], broken: Callable[[Row], bool]) -> str:
    """Write the first year in which something is broken."""
    return next((str(row["year"]) for row in rows if broken(row)), "not by 2040")


# ---------------------------------------------------------------- the blocks


def headline(found: Study) -> str:
    """Say for each state what five per cent does."""
    lines = []
    for state, name in found.states.items():
        path = {row["year"]: row for row in found.rows("projection", policy=FIVE, state=state)}
        opened = {row["year"]: row for row in found.rows("fan", policy=FIVE, state=state)}
        without = found.one("projection", policy="with_ageing", state=state, year=FAR)
        passed = first_year(list(path.values()), lambda row: row["debt"] > 60)
        lines.append(
            f"* **{name}**: debt goes from {path[2024]['debt']:.0f} % of GDP in 2024 to "
            f"{path[FAR]['debt']:.0f} % in {FAR} ({spread(opened[FAR])} in 80 of 100 paths) and "
            f"{path[LAST]['debt']:.0f} % in {LAST} ({spread(opened[LAST])}), against "
            f"{without['debt']:.0f} % in {FAR} with the defence of the official forecast "
            f"({without['defence']:.1f} % of GDP). "
            f"Debt passes 60 %: {passed}. The deficit is {-path[NEAR]['balance']:.1f} % in {NEAR} and "
            f"{-path[FAR]['balance']:.1f} % in {FAR}; interest in {FAR} is "
            f"{path[FAR]['interest']:.1f} % of GDP, EUR {path[FAR]['interest_meur']:,.0f} million."
        )
    return "\n".join(lines)


def policies(found: Study) -> str:
    """Compare the policies."""
    titles = {row["policy"]: row["title"] for row in found.rows("policies")}
    years = (NEAR, FAR, LAST)
    debts, balances = [], []
    for policy in SHOWN:
        debt, balance = [titles[policy]], [titles[policy]]
        for state in found.states:
            path = {row["year"]: row for row in found.rows("projection", policy=policy, state=state)}
            opened = found.one("fan", policy=policy, state=state, year=FAR)
            debt.append(f"{over((path[year]['debt'] for year in years), 0)} ({spread(opened)})")
            balance.append(over(path[year]["balance"] for year in years))
            balance.append(f"{100 * opened['above_reference']:.0f}")
        debts.append(debt)
        balances.append(balance)
    shown = over(years, 0).replace(",", "")
    names = found.states.values()
    of_debt = f"debt {shown} (80 of 100 in {FAR}) | " + " | ".join(names)
    of_balance = f"balance {shown}, and paths of 100 above 60 % in {FAR} | "
    of_balance += " | ".join(f"{name} | paths" for name in names)
    return f"{table(of_debt, debts)}\n\n{table(of_balance, balances)}"


def ranges(found: Study) -> str:
    """Show what other values of the assumptions make of debt at five per cent."""
    rows = [
        [
            words,
            *(to(low, high, 1) for low, high in zip(*(debts(found, one) for one in changed), strict=True)),
        ]
        for words, changed in varied(found.region).items()
    ]
    whole = [found.one("fan", policy=FIVE, state=state, year=FAR) for state in found.states]
    rows.append(["80 of 100 paths, shocks since 2000", *(to(row["p10"], row["p90"], 1) for row in whole)])
    what = problem(found.region)
    drawn = shocks(what, PATHS, seed=0, start=LATE_SAMPLE)
    late = fan(what, five(what).result, drawn, levels=(0.1, 0.9)).debt[:, :, FAR - what.years[0]]
    ends = (late[what.states.index(state)] for state in found.states)
    rows.append(
        [f"80 of 100 paths, shocks since {LATE_SAMPLE[:4]}", *(to(low, high, 1) for low, high in ends)]
    )
    return table("debt in 2035 at 5 %, % of GDP | " + " | ".join(found.states.values()), rows)


def varied(region: Region) -> dict[str, list[Region]]:
    """Return the region with one assumption at the low and at the high end of its range, by what it is."""
    settings, rates, safe = (region.tables[t] for t in ("fiscal_settings", "market_rates", "safe_loans"))
    found = {}
    for key, words in VARIED.items():
        row = settings.filter(key=key).row(0, named=True)
        here = pl.col("key") == key
        found[f"{words}, {row['low']:g} to {row['high']:g}"] = [
            region.replace(
                fiscal_settings=settings.with_columns(
                    pl.when(here).then(end).otherwise("value").alias("value")
                )
            )
            for end in ("low", "high")
        ]
    pct = ("rate_short_pct", "rate_long_pct")
    found["market rates, both ends of their range"] = [
        region.replace(
            market_rates=rates.with_columns(pl.coalesce(f"{one}_{end}", one).alias(one) for one in pct)
        )
        for end in ("low", "high")
    ]
    found["part of SAFE on top of budgets, both ends of its range"] = [
        region.replace(
            safe_loans=safe.with_columns(pl.col(f"additional_share_{end}").alias("additional_share"))
        )
        for end in ("low", "high")
    ]
    return found


def debts(found: Study, region: Region) -> list[float]:
    """Return debt at five per cent of each state."""
    what = problem(region)
    debt = five(what).result.debt[:, FAR - what.years[0]]
    return [float(debt[what.states.index(state)]) for state in found.states]


def five(what: Problem) -> Case:
    """Project five per cent."""
    policy = POLICIES[FIVE]
    return case(what, "budget", policy, outlays(what, policy))


def rules(found: Study) -> str:
    """Hold five per cent against the rules."""
    rows = []
    for state, name in found.states.items():
        path = found.rows("projection", policy=FIVE, state=state)
        judged = {row["year"]: row for row in found.rows("regimes", policy=FIVE, state=state)}
        cliff = found.one("cliff", policy=FIVE, state=state)
        asked = found.one("criteria", state=state, plan_years=4, criterion="official_basis")
        reached = found.one("projection", policy=FIVE, state=state, year=2028)
        rows.append(
            [
                name,
                first_year(path, lambda row: row["balance"] is not None and row["balance"] < -3),
                *(LETTERS[judged[year]["regime"]] for year in JUDGED),
                known(judged.values()),
                f"{asked['spb']:.1f} / {reached['structural']:.1f}",
                f"{cliff['cliff']:.1f}",
                f"{cliff['cliff_meur']:,.0f}",
            ]
        )
    header = "state | deficit above 3 % from | " + " | ".join(map(str, JUDGED))
    return table(
        f"{header} | ceiling | balance asked / reached in 2028 | cliff 2029, % of GDP | EUR million", rows
    )


def known(judged: Iterable[Row]) -> str:
    """Say how long the ceiling is the Council's."""
    years = [row["year"] for row in judged if row["published"]]
    return f"published to {max(years)}" if years else "a substitute"


def loans(found: Study) -> str:
    """Say what SAFE is worth."""
    rows = []
    for state, name in found.states.items():
        worth = found.one("loan_sum", state=state)
        most = max(found.rows("loan", state=state), key=lambda row: row["relief_meur"])
        debts = [
            found.one("projection", policy=policy, state=state, year=FAR)["debt"]
            for policy in ("safe_withdrawn", "plan")
        ]
        rows.append(
            [
                name,
                f"{worth['drawn_meur']:,.0f}",
                f"{worth['rate']:.2f} / {worth['national_rate']:.2f}",
                f"{worth['gain_mean_meur']:.0f} ({worth['gain_mean']:.3f} %)",
                f"{worth['present_meur']:,.0f} ({to(worth['present_p10_meur'], worth['present_p90_meur'])})",
                to(worth["present_dear_meur"], worth["present_cheap_meur"]),
                f"{most['relief_meur']:,.0f} in {most['year']}",
                f"{debts[0] - debts[1]:+.2f}",
            ]
        )
    return table(
        "state | drawn | rate: SAFE / own, % | interest saved a year (of GDP)"
        " | present value (80 of 100 paths) | present value over both rates' ranges"
        " | greatest relief of the financing need | debt 2035 if SAFE ends, % of GDP",
        rows,
    )


def ends(found: Study) -> str:
    """Say when debt passes 60 % if solidarity ends."""
    combinations = {
        "none": "nothing ends", "safe": "SAFE", "cohesion": "cohesion money", "rates": "cheap money",
        "output": "growth", "safe+cohesion+rates+output": "all four",
    }  # fmt: skip
    rows = []
    for state, name in found.states.items():
        years = (
            found.one("breaches", state=state, rule="debt", combination=one)["year"] for one in combinations
        )
        rows.append([name, *("not by 2040" if year is None else str(year) for year in years)])
    return table("debt passes 60 % in, defence as planned | " + " | ".join(combinations.values()), rows)


def crowding(found: Study) -> str:
    """Say what must give way at five per cent."""
    rows = []
    for state, name in found.states.items():
        cuts = [found.one("crowding", policy=FIVE, state=state, year=year) for year in (NEAR, FAR)]
        columns = (
            ("to_reference", 1),
            ("to_reference_meur", 0),
            ("of_spending", 1),
            ("to_reference_feedback", 1),
            ("to_baseline", 1),
        )
        rows.append([name, *(over((cut[column] for cut in cuts), digits) for column, digits in columns)])
    return table(
        f"{NEAR} / {FAR} | cut to a deficit of 3 %, % of GDP | EUR million | % of primary expenditure"
        " | if the cut lowers output, % of GDP | cut to the official balance, % of GDP",
        rows,
    )


def returns(found: Study) -> str:
    """Say what a euro brings back, what plants are announced, and what a tenth more costs."""
    what = problem(found.region)
    euro, none = np.ones_like(what.spb), np.zeros_like(what.spb)

    def cents(home: FloatArray, abroad: FloatArray, sustainment: FloatArray) -> str:
        low, central, high = 100.0 * taxes_of(what, home, abroad, sustainment).taxes[:, 0, 0]
        return f"{central:.0f} in 100 cents ({to(low, high)})"

    plants = found.rows("plants")
    invested = sum(row["invest_meur"] or 0.0 for row in plants)
    jobs = sum(row["jobs"] or 0 for row in plants)
    more = [found.one("marginal", state=state) for state in found.states]
    span, until = f"from {more[0]['first_year']} to {more[0]['last_year']}", more[0]["debt_year"]
    owed = ", ".join(
        f"{row['debt']:.2f} % of GDP (EUR {row['debt_meur']:,.0f} million) in {name}"
        for row, name in zip(more, found.states.values(), strict=True)
    )
    back = [cents(euro, none, none), cents(none, euro, none), cents(none, none, euro)]
    return f"""\
* Of a euro bought from a plant at home {back[0]} come back in taxes, of one bought abroad {back[1]}, of one of
  sustainment {back[2]}. In brackets all assumptions at their low, and all at their high end.
* {len(plants)} plants at home are known; those that publish it announce EUR {invested:,.0f} million of
  investment and {jobs:,} jobs.
* Another 0.1 % of GDP a year {span} leaves, in {until}, debt of {owed}."""


def official(found: Study) -> str:
    """Set official figures of the coming years beside ours."""
    words = {"debt_ratio": "debt", "balance": "balance"}
    rows = [
        [
            row["state"],
            f"{words[row['variable']]} {row['year']}",
            f"{row['official']:,.1f}",
            f"{row['no_policy_change']:,.1f}",
            f"{row['plan']:,.1f}",
            row["reading"],
        ]
        for row in found.rows("reference")
        if row["year"] >= 2026 and row["variable"] in words
    ]
    years = pl.col("year").is_between(2027, 2029)
    mean = found.outlook.tables["projection"].filter(years, source="budget", policy="plan")
    means = dict(mean.group_by("state").agg(pl.col("nominal_growth").mean()).iter_rows())
    growth = "; ".join(f"{name} {means[state]:.1f} %" for state, name in found.states.items())
    listed = table("state | figure | official | ours without policy | ours as planned | reading", rows)
    return f"{listed}\n\nOur nominal growth with defence as planned, mean of 2027 to 2029: {growth}."


BLOCKS: Final[dict[str, Callable[[Study], str]]] = {
    "headline": headline,
    "policies": policies,
    "ranges": ranges,
    "rules": rules,
    "loans": loans,
    "ends": ends,
    "crowding": crowding,
    "returns": returns,
    "official": official,
}


def filled(page: str, found: Study) -> str:
    """Return the page with its generated blocks made anew."""
    return BLOCK.sub(lambda part: f"{part[1]}{BLOCKS[part['name']](found)}{part[3]}", page)


# ---------------------------------------------------------------- the figure

WIDTH, HEIGHT, TOP, BOTTOM, LEFT, RIGHT, BETWEEN = 960, 330, 46, 62, 46, 14, 30
HIGHEST: Final = 150
BANDS: Final = (("p10", "p90", "#d5e3f3"), ("p20", "p80", "#a9c6e6"), ("p40", "p60", "#75a3d3"))
LINES: Final = (
    (FIVE, "#123a66", None, "5 % of GDP"),
    ("plan", "#b3541e", "6 3", "as planned"),
    ("with_ageing", "#4d4d4d", "2 3", "official forecast, with ageing"),
)


def figure(found: Study) -> str:
    """Draw debt at five per cent: a fan for each state, with the other paths as lines."""
    wide = (WIDTH - LEFT - RIGHT - BETWEEN * (len(found.states) - 1)) / len(found.states)
    panels = [
        panel(found, state, name, LEFT + i * (wide + BETWEEN), wide)
        for i, (state, name) in enumerate(found.states.items())
    ]
    drawn = el(
        "svg",
        el("title", "Debt with defence at 5 % of GDP", id="t"),
        el(
            "desc",
            "Fans of debt until 2040, state by state; the tables of the page hold the numbers.",
            id="d",
        ),
        el("rect", width=WIDTH, height=HEIGHT, rx=8, fill="#ffffff"),
        *panels,
        legend(),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby="t d",
        font_family="Helvetica, Arial, sans-serif",
        font_size=12,
    )
    return f"{drawn}\n"


def panel(found: Study, state: str, name: str, left: float, wide: float) -> Markup:
    """Draw one state."""
    opened = found.rows("fan", policy=FIVE, state=state)
    years = [row["year"] for row in found.rows("projection", policy=FIVE, state=state)]

    def x(year: float) -> float:
        return round(left + wide * (year - years[0]) / (years[-1] - years[0]), 1)

    def y(debt: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(debt, HIGHEST) / HIGHEST), 1)

    def through(points: list[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{one} {two}" for one, two in points)

    parts = [el("text", name, x=left, y=TOP - 16, font_size=14, font_weight="bold", fill="#1a1a1a")]
    for value in range(0, HIGHEST + 1, 30):
        limit = value == 60
        parts += [
            el("line", x1=left, x2=left + wide, y1=y(value), y2=y(value),
               stroke="#a02020" if limit else "#dddddd", stroke_width=1.2 if limit else 1),
            el("text", str(value), x=left - 6, y=y(value) + 4, text_anchor="end", fill="#444444"),
        ]  # fmt: skip
    for low, high, colour in BANDS:
        edge = [(x(row["year"]), y(row[high])) for row in opened]
        edge += [(x(row["year"]), y(row[low])) for row in reversed(opened)]
        parts.append(el("path", d=through(edge) + "Z", fill=colour))
    for policy, colour, dashes, _ in LINES:
        points = [(x(r["year"]), y(r["debt"])) for r in found.rows("projection", policy=policy, state=state)]
        parts.append(
            el("path", d=through(points), fill="none", stroke=colour, stroke_width=2, stroke_dasharray=dashes)
        )
    for year in (2025, 2030, 2035, 2040):
        parts.append(
            el("text", str(year), x=x(year), y=HEIGHT - BOTTOM + 18, text_anchor="middle", fill="#444444")
        )
    return el("g", *parts)


def legend() -> Markup:
    """Draw the legend."""
    parts, left, height = [], LEFT, HEIGHT - 18
    for _, colour, dashes, words in LINES:
        parts += [
            el("line", x1=left, x2=left + 26, y1=height - 4, y2=height - 4, stroke=colour, stroke_width=2,
               stroke_dasharray=dashes),
            el("text", words, x=left + 32, y=height, fill="#1a1a1a"),
        ]  # fmt: skip
        left += 62 + 7 * len(words)
    for low, high, colour in BANDS:
        parts += [
            el("rect", x=left, y=height - 10, width=18, height=12, fill=colour),
            el("text", f"{int(high[1:]) - int(low[1:])} of 100", x=left + 24, y=height, fill="#1a1a1a"),
        ]
        left += 92
    parts.append(el("text", "debt, % of GDP", x=WIDTH - RIGHT, y=height, text_anchor="end", fill="#444444"))
    return el("g", *parts)


def main() -> None:
    """Write page and figure."""
    found = study()
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    FIGURE.write_text(figure(found), encoding="utf-8")


if __name__ == "__main__":
    main()
