"""What is still seen when one kind of sensor fails as a whole."""

from __future__ import annotations

from markupsafe import Markup

from vallum.report import words
from vallum.report.figures.charts import Stack, stacks, state_cell
from vallum.report.figures.sky.common import (
    ALL_STATES,
    mode_key,
    mode_word,
    of_sky,
    share_cell,
    uncapital,
)
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, Table, legend, text_cell
from vallum.report.sky import ALL, Sky
from vallum.report.study import Study

ENOUGH, ONE = ("k-build", "enough kinds to confirm"), ("k-land", "at least one kind, not enough to confirm")


@of_sky("sky-loss", "When one kind fails")
def figure(study: Study, sky: Sky, key: str, title: str) -> Figure:
    """Draw cover with all kinds and without each of them."""
    rows = [
        _stack(study, sky, row)
        for kind in _kinds(sky)
        for mode in sky.modes
        if (row := sky.covered(mode, kind))
    ]
    picture = stacks("sky-loss", "Tracks that are seen, by weight of the places", rows, words.percent)
    return Figure(
        key,
        title,
        _finding(sky),
        Markup("").join([legend([ENOUGH, ONE]), picture]) if rows else Markup(""),
        [_table(study, sky)] if rows else [],
        (),
        ("loss",),
        "A kind fails as a whole: fog blinds all cameras, and a track without radio is missed by all that "
        "listen to radio. Kinds fail independently of each other. The siting stays as it is.",
        "The siting does not say what is seen when a kind fails.",
        of="sky",
    )


def _kinds(sky: Sky) -> list[str]:
    """Kinds that fail; the empty one, of which nothing fails, comes first."""
    return sorted({str(r["kind_id"]) for r in sky.table("loss")})


def _label(sky: Sky, kind: object) -> str:
    return f"Without {uncapital(sky.kind(kind))}" if kind else "All kinds"


def _stack(study: Study, sky: Sky, row: Row) -> Stack:
    label = f"{_label(sky, row['kind_id'])}, {mode_key(row['sensors'])}"
    more = max(row["one"] - row["enough"], 0.0)
    parts = [(*ENOUGH, row["enough"]), (*ONE, more)]
    text = f"{words.percent(row['enough'])}, one kind {words.percent(row['one'])}"
    return Stack(" ".join(study.members), label, text, parts)


def _finding(sky: Sky) -> str:
    parts = []
    for mode in sky.modes:
        whole = sky.covered(mode)
        lost = [row for kind in _kinds(sky) if kind and (row := sky.covered(mode, kind))]
        if whole and lost:
            worst = min(lost, key=lambda r: (r["enough"], r["kind_id"]))
            parts.append(
                f"{mode_word(mode)}, the loss of {uncapital(sky.kind(worst['kind_id']))} weighs most: "
                f"{words.percent(worst['enough'])} of tracks are still seen by enough kinds, of "
                f"{words.percent(whole['enough'])} with all, and {words.percent(worst['one'])} by at "
                "least one"
            )
    return ". ".join(parts) + "." if parts else ""


def _table(study: Study, sky: Sky) -> Table:
    order = [*sky.modes]
    listed = sorted(
        (r for r in sky.table("loss") if r["sensors"] in order),
        key=lambda r: (r["state"] != ALL, r["state"], r["kind_id"], order.index(r["sensors"])),
    )
    rows: list[list[Cell]] = [
        [
            state_cell(study, r["state"]) if r["state"] else text_cell(ALL_STATES),
            text_cell(_label(sky, r["kind_id"])),
            text_cell(mode_word(r["sensors"])),
            share_cell(r["one"]),
            share_cell(r["enough"]),
        ]
        for r in listed
    ]
    heads = ["State", "Kinds", "Sensors", "One kind or more", "Enough kinds"]
    states = [str(r["state"]) or " ".join(study.members) for r in listed]
    return Table("t-sky-loss", "Tracks seen when a kind fails", heads, rows, frozenset({3, 4}), states)
