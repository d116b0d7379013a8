"""The pages of the sky agree with the code: equations, tables, the examples by hand, the words."""

import json
import re
import sys
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from tests.plan_sky.skyland import STATES, chain, flown, framed, home, sector
from vallum.model.siting import Band, Kind, Options, Place, Purse, SensorType, Siting
from vallum.model.siting.covering import covering, money, weights
from vallum.model.siting.geometry import horizon_km, seen_share
from vallum.model.siting.reader import of_tables
from vallum.model.siting.shares import options, shares
from vallum.plan.sky.delays import share_below
from vallum.plan.sky.geojson import MINUTES
from vallum.plan.sky.tables import SKY_TABLES
from vallum.plan.sky.warning import warn
from vallum.region import Region
from vallum.solve import Limits
from vallum.solve.covering import Cover, rows, solve, upper_bound, value

ROOT = Path(__file__).resolve().parents[2]
METHOD, HOW_TO, TABLES = (ROOT / f"docs/{part}/sky.md" for part in ("explanation", "how-to", "reference"))
PACKAGES = ("model/siting", "plan/sky", "solve/covering")
CODE = [file for package in PACKAGES for file in (ROOT / "src/vallum" / package).glob("*.py")]
SCHEMA = ROOT / "src/vallum/region/schema/sky.py"
EQUATIONS = 27
CITED = re.compile(r"equations? \(?(\d+)(?:\)?(?: to | and |, )\(?(\d+))*")


@pytest.fixture(scope="module")
def page() -> str:
    return METHOD.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def told(page: str) -> str:
    """The page as one line, for sentences that go over several."""
    return " ".join(page.split())


@pytest.fixture(scope="module")
def region() -> Region:
    return Region.read("baltic")


@pytest.fixture(scope="module")
def baltic(region: Region) -> Siting:
    return of_tables(region.tables, region.name)


# ---------------------------------------------------------------- equations, names, tables


def test_each_equation_is_numbered_once_and_each_cited_one_is_there(page: str) -> None:
    assert re.findall(r" \((\d+)\)  \[", page) == [str(number) for number in range(1, EQUATIONS + 1)]
    cited = {
        int(number)
        for file in CODE
        for match in CITED.finditer(file.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+", match[0])
    }
    assert cited <= set(range(1, EQUATIONS + 1))


def test_the_pages_name_real_places_in_the_code(page: str, region: Region) -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in (*CODE, SCHEMA))
    words = {
        *region.tables,
        *SKY_TABLES,
        *region.tables["sky_settings"]["key"],
        *(column for table in region.tables.values() for column in table.columns),
        *(column.name for table in SKY_TABLES.values() for column in table.columns),
    }
    pages = page + HOW_TO.read_text(encoding="utf-8")
    for name in re.findall(r"`(?:[A-Za-z_.]+\.)?([A-Za-z][A-Za-z_]*)`", pages):
        known = name in words or re.search(rf"\b{name}\b", text) or name.startswith("units_")
        assert known or any(file.stem == name for file in CODE), name


def test_every_table_and_property_is_in_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import generate

    generate.pages(tmp_path)
    text = (tmp_path / "sky-tables.md").read_text(encoding="utf-8")
    for name, table in SKY_TABLES.items():
        assert f"## tables/{name}.parquet\n" in text
        assert all(f"| `{column.name}` |" in text for column in table.columns)
    reference = TABLES.read_text(encoding="utf-8")
    assert all(f"`{name}`" in reference for name in MINUTES.values())


def test_the_figures_are_those_that_the_script_writes(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their numbers need a run of minutes; which there are, and that each is filled, does not."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    from sky_page import BLOCK, BLOCKS

    found = {match["name"]: match[0] for match in BLOCK.finditer(page)}
    assert list(found) == list(BLOCKS)
    assert all("| --- |" in text for text in found.values())


# ---------------------------------------------------------------- what a unit covers


def unit(reach: float, *, at: str = "both") -> SensorType:
    return SensorType("T", "K", "A type", 1.0, 0.0, 0.0, 0.0, 10.0, (reach,), at, 1)


def own_share(place: Place, reach: float) -> float:
    kind = unit(reach)
    return float(shares([place], [place], [kind], options([place], [kind]), 1).toarray()[0, 0])


def test_reach_and_shares_by_hand(told: str) -> None:
    assert f"as far as {horizon_km(15.0, 60.0, 4 / 3):.1f} km" in told
    lens = seen_share(np.array([10.0]), 10.0, np.array([10.0]))[0]
    assert f"share {lens:.3f} of one" in told
    disc = Place("D", "NA", "D", "municipality", 56.0, 25.0, 10.0, 0.0, 1.0)
    assert "covers 0.59 of it" in told
    assert own_share(disc, 10.0) == pytest.approx(1.0 - 3.0 * np.sqrt(3.0) / (4.0 * np.pi), abs=0.01)
    line = sector("S", "NA", (0.0, 0.0), (25.0, 0.0))
    assert "2r/L - (r/L)^2 = 0.36 of it" in told
    assert own_share(line, 5.0) == pytest.approx(0.36, abs=0.01)


def test_the_horizon_binds_nowhere_and_weights_are_as_told(region: Region, baltic: Siting, told: str) -> None:
    ranges = {row["type_id"]: {} for row in region.tables["sensor_types"].iter_rows(named=True)}
    for row in region.tables["sensor_ranges"].iter_rows(named=True):
        ranges[row["type_id"]][row["band_id"]] = row["range_km"]
    for kind in baltic.types:
        assert kind.reach_km == tuple(ranges[kind.key][band.key] for band in baltic.bands)
    assert max(max(kind.reach_km) for kind in baltic.types) == 25.0
    weight = {state: weights(baltic, state) for state in baltic.states}
    assert [f"{weight[state].sum():.2f}" for state in ("LT", "LV", "EE")] == ["0.69", "0.18", "0.13"]
    assert "Lithuania have 0.69 of all weight, those of Latvia 0.18 and of Estonia 0.13" in told
    away = np.repeat([place.state for place in baltic.places], len(baltic.bands))
    abroad = [f"{weight[s][away != s].sum() / weight[s].sum():.2f}" for s in ("LV", "EE", "LT")]
    assert f"{abroad[0]} of the weight of Latvia's people, {abroad[1]} of Estonia's, {abroad[2]} of" in told


def test_the_cost_by_hand_is_that_of_the_region(baltic: Siting, told: str) -> None:
    ears = next(kind for kind in baltic.types if kind.key == "ACOUSTIC_25")
    assert f"0.08 x 10/6 + 10 x (0.012 + 0.006) = {ears.service_meur(10.0):.3f}" in told


# ---------------------------------------------------------------- a siting by hand

EARS_A, EARS_B, RADAR_A, RADAR_B = range(4)
SHOWN = (
    ("2 ears A, 1 ears B", (2, 1, 0, 0)),
    ("1 ears A, 1 radar A", (1, 0, 1, 0)),
    ("1 ears B, 1 radar A", (0, 1, 1, 0)),
    ("1 ears B, 1 radar B", (0, 1, 0, 1)),
)


@pytest.fixture(scope="module")
def by_hand() -> Cover:
    """Sites A and B, ears and a radar, a purse of NA and a common one; 4 EUR million."""
    sites = tuple(
        Place(key, state, key, "municipality", 56.0, lon, 5.0, 0.0, 100.0)
        for key, state, lon in (("A", "NA", 25.0), ("B", "NB", 25.5))
    )
    ears, radar = (SensorType(k, k, k, cost, 0.0, 0.0, 0.0, 10.0, (5.0,), "both", 2)
                   for k, cost in (("ears", 1.0), ("radar", 3.0)))  # fmt: skip
    siting = Siting(
        places=sites,
        bands=(Band("LOW", "Low", 60.0, 1.0),),
        kinds=(Kind("ears", "Ears", "none", (0.6,)), Kind("radar", "Radar", "radio", (0.8,))),
        types=(ears, radar),
        purses=(Purse("NAT", "NA", 0.75, frozenset()), Purse("EU", "", 0.25, frozenset())),
        sites=sites,
        may=Options(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), np.full(4, 2)),
        share=csr_array([[0.5, 0.0, 1.0, 0.25], [0.0, 0.5, 0.25, 1.0]]),
        behind=np.diag([0.4, 0.6]),
        states=STATES,
        settings={"kinds_needed": 2.0, "service_years": 10.0, "inland_part": 0.3},
    )
    return covering(siting, money(siting, 4.0))


def test_the_sitings_by_hand_are_those_of_the_engine(by_hand: Cover, page: str) -> None:
    for name, units in SHOWN:
        x = np.array(units)
        found = rows(by_hand, x)
        sees = by_hand.sight * found.y
        cells = [
            name,
            *(", ".join(f"{p:.2f}" for p in sees[:, kind]) for kind in range(2)),
            ", ".join(f"{f:.3f}" for f in found.seen @ by_hand.depth),
            f"{value(by_hand, x):.3f}",
        ]
        assert f"| {' | '.join(cells)} |" in page
        assert by_hand.fits(x) == (name != "1 ears B, 1 radar B")
    limits = {
        tuple(np.flatnonzero(row)): held for row, held in zip(by_hand.spend, by_hand.budget, strict=True)
    }
    assert limits == {(EARS_B, RADAR_B): 1.0, (0, 1, 2, 3): 4.0}


def test_the_third_is_the_best_and_the_bound_is_as_told(by_hand: Cover, told: str) -> None:
    affordable = [x for x in map(np.array, product(range(3), repeat=4)) if by_hand.fits(x)]
    best = max(affordable, key=lambda x: value(by_hand, x))
    assert tuple(best) == SHOWN[2][1]
    found = solve(by_hand, Limits(work=200))
    assert found.value == pytest.approx(value(by_hand, best))
    # Equation (15) with the multipliers of the page, over sets of kinds: none, ears, radar, both.
    worth = np.outer([0.4, 0.6], [0.0, 0.3, 0.4, 0.7])
    mu = np.array([[0.12, 0.16], [0.18, 0.24]])
    inner = (worth - np.column_stack((np.zeros(2), mu, mu.sum(axis=1)))).max(axis=1).sum()
    nu = np.where(by_hand.spend.all(axis=1), 0.22 / 3.0, 0.02)
    gains = (by_hand.share.toarray() * mu[:, by_hand.kind]).sum(axis=0)
    reduced = gains - by_hand.cost * (nu @ by_hand.spend)
    proven = inner + by_hand.most @ np.maximum(0.0, reduced) + by_hand.budget @ nu
    assert f"4 x 0.22/3 + 0.02 = {proven:.4f}" in told
    assert f"at most {proven - found.value:.4f} is missing" in told
    assert found.value - 1e-9 <= upper_bound(by_hand) <= proven + 1e-3


def test_three_kinds_by_hand() -> None:
    """A kind adds less where more kinds see."""

    def worth(*sight: float) -> np.ndarray:
        number = len(sight)
        problem = Cover(
            share=csr_array(np.ones((1, number))), kind=np.arange(number), sight=np.array([sight]),
            weight=np.ones(1), depth=np.full(2, 0.5), most=np.ones(number, int), cost=np.ones(number),
            spend=np.ones((1, number), bool), budget=np.array([9.0]),
        )  # fmt: skip
        units = np.ones(number, int)
        return np.append(rows(problem, units).seen, value(problem, units))

    assert worth(0.6, 0.4, 0.8).tolist() == pytest.approx([0.952, 0.656, 0.804])
    assert (worth(0.6, 0.8)[2], worth(0.4)[2]) == pytest.approx((0.7, 0.2))
    page = METHOD.read_text(encoding="utf-8")
    for number in ("0.952", "0.656", "0.804"):
        assert f"= {number}" in page


# ---------------------------------------------------------------- a warning by hand

TODAY = {"report": 30, "confirm": 10, "decide": 8, "compose": 4, "broadcast": 2, "late": 20, "seam": 15}
JOINT = {"report": 30, "confirm": 3, "decide": 2, "compose": 1, "broadcast": 1, "late": 0, "seam": 1}
NOTHING, ONE, BOTH = ((), ()), ((1.0, 0.0), ()), ((1.0, 1.0), (1.0, 1.0))
CLOCKS = (
    ("no sensors, today", "today", 0.0, NOTHING),
    ("no sensors, today, Far left out", "today", 1.0, NOTHING),
    ("no sensors, joint", "joint", 0.0, NOTHING),
    ("one kind of NA at the border, today", "today", 0.0, ONE),
    ("two kinds at the border, seen by both, joint", "joint", 0.0, BOTH),
)


@pytest.mark.parametrize(("name", "alerting", "left_out", "sees"), CLOCKS, ids=[row[0] for row in CLOCKS])
def test_the_clock_by_hand_is_that_of_the_chain(
    page: str, name: str, alerting: str, left_out: float, sees: tuple[tuple[float, ...], ...]
) -> None:
    places = framed(
        (
            sector("A", "NA", (0.0, -20.0), (0.0, 20.0)),
            home("Near", "NA", 20.0, 0.0),
            home("Far", "NA", 60.0, 0.0),
            home("Over", "NB", 100.0, 0.0),
        )
    )
    cover = np.zeros((2, len(places), 2, 2))
    for state, shares_ in enumerate(sees):
        cover[state, 0] = shares_ or (0.0, 0.0)
    steps = TODAY if alerting == "today" else JOINT
    found = warn(
        flown(places, (0.0, 0.0, 0.0)), places, cover, np.ones((2, 2)), 2, chain(alerting, **steps),
        left_out=left_out,
    )  # fmt: skip
    cells = [
        f"{3 + round(alert) // 60:02d}:{round(alert) % 60:02d}, {minutes:.0f}"
        for alert, minutes in zip(found.alert, found.minutes, strict=True)
    ]
    assert f"| {' | '.join([name, *cells])} |" in page


def test_who_is_in_time_by_hand(told: str) -> None:
    part = share_below(np.array([[5.0, 10.0, 25.0]]), np.array([8.0]))[0]
    assert f"8 minutes: 9 / (20 x 5) = {part:.2f}" in told


# ---------------------------------------------------------------- the case


def test_the_case_is_told_as_the_region_has_it(region: Region, told: str) -> None:
    events = region.tables["warning_events"].filter(case_id="LV-2026-05-07")
    minute = dict(events.sort("minute").select("event_id", "minute").iter_rows())
    assert [f"{int(m) // 60:02d}:{int(m) % 60:02d}" for m in minute.values()] == ["03:30", "04:09", "04:43"]
    assert all(clock in told for clock in ("03:30", "04:09", "04:43"))
    delays = region.tables["warning_delays"]
    for alerting, sum_told in (("today", "sum to the 39"), ("joint", "in 6.5 minutes")):
        steps = delays.filter(
            pl.col("step").is_in(["decide", "compose", "broadcast"]) & pl.col("state").is_null(),
            alerting=alerting,
        )
        assert f"{steps['minutes'].sum():g}" in sum_told
        assert sum_told in told
    assert minute["ALERT_2"] - minute["ALERT_1"] == 34.0
    assert "impact" not in events["event"].to_list(), "nobody knows when one came down"


def test_the_document_is_shown() -> None:
    schema = json.loads((ROOT / "docs/reference/schemas/sky.json").read_text(encoding="utf-8"))
    shown = json.dumps(schema)
    assert all(f'"{name}"' in shown for name in SKY_TABLES)
