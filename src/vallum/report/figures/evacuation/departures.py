"""When the people of each municipality leave, and which way they set out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from vallum.report import words
from vallum.report.evacuation import Evacuation
from vallum.report.figures.charts import state_cell
from vallum.report.figures.evacuation.common import (
    group_word,
    hour_word,
    hours_cell,
    mode_cell,
    modes_of,
    of_evacuation,
    parts_of,
    per_scenario,
    scenario_cell,
)
from vallum.report.figures.sky.common import mode_word, people_cell
from vallum.report.held import Row
from vallum.report.parts import Cell, Figure, HeatCell, Table, heat_legend, shade_table, text_cell
from vallum.report.study import Study
from vallum.report.svg import el

#: Municipalities in the picture.
DRAWN = 20


@dataclass
class Way:
    """People of one municipality and group who set out through one town."""

    people: int = 0
    first: float = float("inf")
    last: float = 0.0
    towards: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, row: Row) -> None:
        """Count those who leave in one step."""
        self.people += int(row["people"])
        self.first = min(self.first, float(row["hour"]))
        self.last = max(self.last, float(row["hour"]))
        self.towards[str(row["towards"])] += int(row["people"])

    @property
    def most(self) -> str:
        """Where most of them sleep."""
        return max(self.towards, key=lambda key: (self.towards[key], key))


@of_evacuation("evac-departures", "Who leaves when")
def figure(study: Study, evacuation: Evacuation, key: str, title: str) -> Figure:
    """Draw departures over time by municipality, with a fold for each that says which way and when."""
    drawn = per_scenario(evacuation, lambda i, scenario: _block(evacuation, i, scenario))
    return Figure(
        key,
        title,
        _finding(evacuation),
        drawn,
        [_table(study, evacuation)] if drawn else [],
        (),
        ("departures",),
        "A schedule spreads departures so that roads do not fill up behind a junction: who is told to wait "
        "waits at home. The first town is the first on the way, as the road graph has it; the graph lacks "
        "minor roads. Every step is in departures.csv, in the folder of the evacuation.",
        "Nobody leaves.",
        of="evacuation",
    )


def _finding(evacuation: Evacuation) -> str:
    parts = []
    for scenario in evacuation.scenarios[:1]:
        for mode in modes_of(evacuation, "departures", scenario):
            rows = evacuation.of("departures", scenario, mode)
            last = max(rows, key=lambda r: (r["hour"], r["place_id"]))
            parts.append(
                f"{mode_word(mode).lower()}, the last leave {evacuation.place(last['place_id'])} by hour "
                f"{hour_word(last['hour'])}"
            )
    name = evacuation.scenario(evacuation.scenarios[0]) if parts else ""
    return f"{name}: {'; '.join(parts)}." if parts else ""


def _by_place(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of each municipality, the one of most people first."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[str(row["place_id"])].append(row)
    order = sorted(found, key=lambda key: (-sum(r["people"] for r in found[key]), key))
    return {key: found[key] for key in order}


def ways(rows: Sequence[Row]) -> dict[tuple[str, str], Way]:
    """Sum the departures of a municipality by group and first town, those of most people first."""
    found: dict[tuple[str, str], Way] = defaultdict(Way)
    for row in rows:
        if row["people"] > 0:
            found[str(row["group"]), str(row["first_stop"])].add(row)
    return dict(sorted(found.items(), key=lambda item: (-item[1].people, item[0])))


def _block(evacuation: Evacuation, i: int, scenario: str) -> list[Markup]:
    modes = modes_of(evacuation, "departures", scenario)
    if not modes:
        return []
    heats = [el("div", _heat(evacuation, scenario, mode)) for mode in modes]
    main = modes[-1]
    folds = [
        _fold(evacuation, f"evac-leave-{i}-{n}", key, rows)
        for n, (key, rows) in enumerate(_by_place(evacuation.of("departures", scenario, main)).items())
    ]
    told = el("p", f"{mode_word(main)}: by municipality", class_="panel-title")
    scale = heat_legend("ramp-use", "not known")
    by_place = el("div", told, el("div", *folds, class_="folds"), class_="by-place")
    return [scale, el("div", *heats, class_="pair"), by_place]


def _heat(evacuation: Evacuation, scenario: str, mode: str) -> Markup:
    found = _by_place(evacuation.of("departures", scenario, mode))
    shown = list(found)[:DRAWN]
    parts = parts_of(max(float(r["hour"]) for key in shown for r in found[key]))
    rows = []
    for key in shown:
        left = [0] * parts.count
        for row in found[key]:
            left[parts.within(float(row["hour"]))] += int(row["people"])
        everybody = sum(left) or 1
        rows.append([_cell(n, everybody) for n in left])
    labels = [(evacuation.place(key), evacuation.place(key)) for key in shown]
    caption = f"{mode_word(mode)}: part of the people of a municipality who leave, %, up to the hour"
    return shade_table(caption, labels, parts.heads, rows, "ramp-use", "Municipality")


def _cell(people: int, everybody: int) -> HeatCell:
    share = people / everybody
    text = words.percent(share).removesuffix("%") if people else ""
    return HeatCell(share, text, f"{words.number(people)} people")


def _fold(evacuation: Evacuation, key: str, place: str, rows: Sequence[Row]) -> Markup:
    name = evacuation.place(place)
    count = el("span", f"({words.number(sum(r['people'] for r in rows))} people)", class_="count")
    lines = [
        el(
            "li",
            f"{words.number(way.people)} {group_word(group)} through {evacuation.place(stop)}, hour "
            f"{hour_word(way.first)} to {hour_word(way.last)}, most of them to "
            f"{evacuation.place(way.most)}",
        )
        for (group, stop), way in ways(rows).items()
    ]
    return el(
        "details",
        el("summary", name, " ", count),
        el("ul", *lines, class_="plain"),
        id=key,
        data_states=evacuation.states_of(place),
    )


def _table(study: Study, evacuation: Evacuation) -> Table:
    rows: list[list[Cell]] = []
    states = []
    for scenario in evacuation.scenarios:
        for mode in evacuation.modes:
            for place, own in _by_place(evacuation.of("departures", scenario, mode)).items():
                for (group, stop), way in ways(own).items():
                    states.append(str(own[0]["state"]))
                    rows.append(
                        [
                            scenario_cell(evacuation, scenario),
                            mode_cell(mode),
                            state_cell(study, own[0]["state"]),
                            text_cell(evacuation.place(place), place),
                            text_cell(group_word(group)),
                            text_cell(evacuation.place(stop), stop),
                            people_cell(way.people),
                            hours_cell(way.first),
                            hours_cell(way.last),
                            text_cell(evacuation.place(way.most), way.most),
                        ]
                    )
    heads = [
        "Scenario", "Evacuation", "State", "Municipality", "How", "First town", "People",
        "First leave by hour", "Last leave by hour", "Most of them to",
    ]  # fmt: skip
    caption = "Departures by municipality and first town"
    return Table("t-evac-departures", caption, heads, rows, frozenset({6, 7, 8}), states)
