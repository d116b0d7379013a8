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
from fiscal_fan import figure

from vallum.model.finance.problem import FloatArray
from vallum.model.finance.reader import problem
from vallum.model.finance.returns import returns as taxes_of
from vallum.model.finance.scenarios import POLICIES, outlays
from vallum.plan.fiscal import Outlook, make
from vallum.plan.fiscal.outlook import case
from vallum.region import Region

DOCS: Final = Path(__file__).parents[1] / "docs"
PAGE: Final = DOCS / "explanation" / "five-percent.md"
FIGURE: Final = DOCS / "figures" / "fiscal_fan.svg"

BLOCK: Final = re.compile(r"(<!-- generated: (?P<name>[a-z]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)

FIVE: Final = "five"
SHOWN: Final = ("with_ageing", "core_3_5", "plan", FIVE, "six")
JUDGED: Final = range(2025, 2031)
NEAR, FAR, LAST = 2030, 2035, 2040
PATHS: Final = 10_000
LETTERS: Final = {"inside ceiling": "in", "inside clause": "clause", "outside": "out"}

INPUTS: Final = {
    "defence budget": "the defence budget on the way to 5 %",
    "related_new_share": "new part of related outlays",
    "market rates": "market rates",
    "defence_multiplier": "multiplier of defence",
    "multiplier": "multiplier of other spending",
    "SAFE rate": "rate of SAFE",
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

    def at(self, policy: str, state: str, year: int) -> Row:
        """The projection of one state and year."""
        return self.one("projection", policy=policy, state=state, year=year)


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
        without = found.at("with_ageing", state, FAR)
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
    planned = "; ".join(
        f"{name} {over(found.at('plan', state, year)['defence'] for year in years)}"
        for state, name in found.states.items()
    )
    return (
        f"{table(of_debt, debts)}\n\n{table(of_balance, balances)}\n\n"
        f"Defence as planned, with what SAFE adds, in {shown}: {planned} % of GDP."
    )


def ranges(found: Study) -> str:
    """Show what other values of the inputs, and another sample of shocks, make of debt."""
    rows = []
    for key, words in INPUTS.items():
        moved = [found.one("sensitivity", policy=FIVE, input=key, state=state) for state in found.states]
        rows.append([words, *(to(row["debt_at_low"], row["debt_at_high"]) for row in moved)])
    both = [on_top(found, end) for end in ("low", "high")]
    rows.append(["part of SAFE on top of budgets", *(to(*pair) for pair in zip(*both, strict=True))])
    names = " | ".join(found.states.values())
    inputs = table(f"debt in {LAST} at 5 %, over the range of | {names}", rows)
    samples = []
    for start, sampling in dict.fromkeys((r["start"], r["sampling"]) for r in found.rows("samples")):
        opened = [
            found.one("samples", state=state, year=FAR, start=start, sampling=sampling)
            for state in found.states
        ]
        since = "all quarters" if start == "all" else f"since {start}"
        samples.append([f"{since}, {sampling}", *(spread(row) for row in opened)])
    return f"{inputs}\n\n{table(f'debt in {FAR} as planned, 80 of 100 paths | {names}', samples)}"


def on_top(found: Study, end: str) -> list[float]:
    """Return debt at five per cent with the part of SAFE that is added to budgets at one end of its range."""
    loans = found.region.tables["safe_loans"]
    share = pl.col(f"additional_share_{end}").alias("additional_share")
    what = problem(found.region.replace(safe_loans=loans.with_columns(share)))
    policy = POLICIES[FIVE]
    debt = case(what, "budget", policy, outlays(what, policy)).result.debt[:, what.column(LAST)]
    return [float(debt[what.states.index(state)]) for state in found.states]


def rules(found: Study) -> str:
    """Hold five per cent against the rules."""
    rows = []
    for state, name in found.states.items():
        path = found.rows("projection", policy=FIVE, state=state)
        judged = {row["year"]: row for row in found.rows("regimes", policy=FIVE, state=state)}
        cliff = found.one("cliff", policy=FIVE, state=state)
        asked = found.one("criteria", state=state, plan_years=4, criterion="official_basis")
        reached = found.at(FIVE, state, 2028)
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
        debts = [found.at(policy, state, FAR)["debt"] for policy in ("safe_withdrawn", "plan")]
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
        return f"{central:.0f} of 100 cents ({to(low, high)})"

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
* Of a euro bought from a plant at home {back[0]} come back in taxes, of one bought abroad {back[1]}, of one
  of sustainment {back[2]}. In brackets all assumptions at their low, and all at their high end.
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


def main() -> None:
    """Write page and figure."""
    found = study()
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    FIGURE.write_text(figure(found), encoding="utf-8")


if __name__ == "__main__":
    main()
