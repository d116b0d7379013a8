"""The SAFE loan over its whole life, and what it saves."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Chart, Line, Mark, Ranged, panel, per_state, ranges, state_cell
from vallum.report.figures.fiscal.common import DOTS, of_outlook, share_cell, source_word
from vallum.report.held import Row
from vallum.report.outlook import Outlook
from vallum.report.parts import Cell, Figure, Table, legend, money_cell, text_cell
from vallum.report.study import Study

#: Amounts below this (EUR million) are what rounding leaves of a loan that is repaid.
NOTHING_MEUR = 1e-6


@of_outlook("fiscal-loan", "The SAFE loan and what it saves")
def figure(study: Study, outlook: Outlook, key: str, title: str) -> Figure:
    """Draw draws, outstanding loan and debt service of each state, and the present value of the gain."""
    sums = outlook.rows("loan_sum", source=outlook.main)
    items = [
        ("m-added", "drawn"),
        ("line-together", "outstanding"),
        ("m-own", "interest"),
        ("m-second", "principal"),
        ("line-gain", "interest saved against own ten-year bonds"),
    ]
    worth = [_worth(study, r) for r in sums]
    caption = f"Present value of what the loan saves, EUR million, {source_word(outlook.main).lower()}"
    parts = [
        legend(items),
        per_state(study, outlook.states, lambda state: _panels(study, outlook, state)),
        ranges("loan-worth", caption, worth, words.compact),
        legend([("dot-together", "central"), ("range", "10 to 90 of 100 paths of own rates"),
                ("range wide", "both rates at the worse or better end of their range")]),
    ]  # fmt: skip
    return Figure(
        key,
        title,
        _finding(study, sums, source_word(outlook.main)),
        Markup("").join(parts) if sums else Markup(""),
        [_sums(study, outlook), _years(study, outlook)],
        (),
        ("loan", "loan_sum"),
        "Equation (12): ten years of grace, up to 45 years in all. The rates of the loan and of own bonds "
        "are assumptions with a range. The loan eases liquidity and maturity; it counts in debt as any "
        "other. VAT is spared to the defence budget and is no gain to the state as a whole.",
        "No loan is drawn.",
        shown=1,
        of="fiscal",
    )


def _finding(study: Study, sums: Sequence[Row], word: str) -> str:
    parts = [
        f"{study.name('states', str(r['state']))} {words.money(float(r['present_meur']))} "
        f"({words.money(float(r['present_p10_meur']))} to {words.money(float(r['present_p90_meur']))})"
        for r in sums
    ]
    loss = any(float(r["present_p10_meur"]) < 0 < float(r["present_p90_meur"]) for r in sums)
    sure = " Where the range contains 0, a saving is not proven." if loss else ""
    return (
        f"{word}, the loan saves in present value, with the 10 to 90 % range: {words.joined(parts)}.{sure}"
        if parts
        else ""
    )


def _worth(study: Study, row: Row) -> Ranged:
    return Ranged(
        str(row["state"]),
        study.name("states", str(row["state"])),
        [Mark(DOTS["joint"], float(row["present_meur"]), "central")],
        (float(row["present_p10_meur"]), float(row["present_p90_meur"])),
        (float(row["present_dear_meur"]), float(row["present_cheap_meur"])),
    )


def _alive(outlook: Outlook, **keys: object) -> list[Row]:
    """Rows of the loan in which anything is drawn, owed or paid."""
    columns = ("draw_meur", "interest_meur", "principal_meur", "balance_meur")
    return [r for r in outlook.rows("loan", **keys) if any(abs(r[c]) > NOTHING_MEUR for c in columns)]


def _panels(study: Study, outlook: Outlook, state: str) -> list[Markup]:
    rows = _alive(outlook, source=outlook.main, state=state)
    if not rows:
        return []
    years = range(min(int(r["year"]) for r in rows), max(int(r["year"]) for r in rows) + 1)

    def line(name: str, kind: str, column: str) -> Line:
        return Line(name, kind, {int(r["year"]): float(r[column]) for r in rows})

    word, place = source_word(outlook.main), study.members.index(state)
    return [
        panel(
            Chart(
                f"loan-{place}",
                f"{word}: drawn and outstanding, EUR million",
                years,
                [line("outstanding", "line-together", "balance_meur")],
                bars=[line("drawn", "m-added", "draw_meur")],
                unit="EUR million",
                every=10,
            )
        ),
        panel(
            Chart(
                f"service-{place}",
                f"{word}: paid and saved in a year, EUR million",
                years,
                [line("saved", "line-gain", "gain_meur")],
                bars=[
                    line("interest", "m-own", "interest_meur"),
                    line("principal", "m-second", "principal_meur"),
                ],
                unit="EUR million",
                every=10,
            )
        ),
    ]


def _sums(study: Study, outlook: Outlook) -> Table:
    listed = outlook.table("loan_sum")
    money = (
        ("adopted_meur", "Adopted"),
        ("drawn_meur", "Drawn"),
        ("present_meur", "Present value"),
        ("present_p10_meur", "p10"),
        ("present_p90_meur", "p90"),
        ("present_dear_meur", "Dear"),
        ("present_cheap_meur", "Cheap"),
        ("gain_mean_meur", "Saved a year"),
        ("vat_meur", "VAT spared"),
    )
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(source_word(r["source"])),
            share_cell(r["rate"], 2),
            share_cell(r["national_rate"], 2),
            *(money_cell(r[column]) for column, _ in money),
            share_cell(r["gain_mean"], 3),
        ]
        for r in listed
    ]
    heads = [
        "State", "Outlays of", "Rate, %", "Own rate, %", *(text for _, text in money),
        "Saved a year, % of GDP",
    ]  # fmt: skip
    caption = "The loan of each state as a whole, EUR million, nominal"
    states = [str(r["state"]) for r in listed]
    return Table("t-fiscal-loan", caption, heads, rows, frozenset(range(2, len(heads))), states)


def _years(study: Study, outlook: Outlook) -> Table:
    listed = _alive(outlook, source=outlook.main)
    columns = (
        ("draw_meur", "Drawn"),
        ("interest_meur", "Interest"),
        ("principal_meur", "Principal"),
        ("balance_meur", "Outstanding"),
        ("gain_meur", "Interest saved"),
        ("relief_meur", "Financing need saved"),
    )
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]),
            text_cell(r["year"]),
            *(money_cell(float(r[column])) for column, _ in columns),
        ]
        for r in listed
    ]
    heads = ["State", "Year", *(text for _, text in columns)]
    caption = f"The loan year by year, {source_word(outlook.main).lower()}, EUR million, nominal"
    states = [str(r["state"]) for r in listed]
    return Table("t-fiscal-loan-years", caption, heads, rows, frozenset(range(1, len(heads))), states)
