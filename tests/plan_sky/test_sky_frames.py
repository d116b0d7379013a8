"""The tables of a siting: by hand on two towns, and against plain reckoning on the made region."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from tests.siting.helpers import made_region, sensor, town, toy
from vallum.model.siting import Purse, Siting, siting
from vallum.model.siting.covering import weights
from vallum.plan.sky import frames
from vallum.plan.sky.sited import ALL, Part, Sited, sited, stages
from vallum.plan.sky.tables import SKY_TABLES
from vallum.region import Region
from vallum.solve import Limits
from vallum.solve.covering import Covered

LIMITS = Limits(time_limit=None, work=4, seed=3)
Row = dict[str, object]
MODES = ["national", "joint"]


def two_towns(**given: object) -> Siting:
    """One unit covers half of its own town, 10 years of it cost 10 / 3 + 1.5 million; each state holds 10."""
    values: dict[str, object] = {"buy_meur": 1.0, "upkeep_meur": 0.1, "crew_meur": 0.05, "life_years": 3.0}
    return toy(
        [town("A", "NA"), town("B", "NB")],
        [sensor("EAR", "ear", **(values | given))],
        [Purse("PA", "NA", 0.5, frozenset()), Purse("PB", "NB", 0.5, frozenset())],
        np.diag([0.5, 0.5]),
        behind=np.array([[300.0, 0.0], [0.0, 100.0]]),
        states=("NA", "NB"),
        sight=0.8,
    )


def by_mode(what: Siting, mode: str, parts: dict[int, float], last: int) -> dict[str, list[Row]]:
    found = sited(what, 20.0, mode, LIMITS)  # type: ignore[arg-type]
    return frames.of_mode(found, stages(found, parts, LIMITS), last)


# ---------------------------------------------------------------- money, by hand


@pytest.mark.parametrize("mode", MODES)
def test_money_of_two_towns_year_by_year(mode: str) -> None:
    rows = by_mode(two_towns(), mode, {2027: 0.5, 2028: 0.5}, 2033)["years"]
    columns = ("year", "buy_meur", "upkeep_meur", "crew_meur", "refresh_meur", "posts", "one", "enough")
    # a unit in 2027 and one in 2028, kept from the year after, replaced after three years and again after six
    by_hand = [
        (2027, 1.0, 0.0, 0.0, 0.0, 1.0, 0.4, 0.0),
        (2028, 1.0, 0.1, 0.05, 0.0, 2.0, 0.8, 0.0),
        (2029, 0.0, 0.2, 0.1, 0.0, 2.0, 0.8, 0.0),
        (2030, 0.0, 0.2, 0.1, 1.0, 2.0, 0.8, 0.0),
        (2031, 0.0, 0.2, 0.1, 1.0, 2.0, 0.8, 0.0),
        (2032, 0.0, 0.2, 0.1, 0.0, 2.0, 0.8, 0.0),
        (2033, 0.0, 0.2, 0.1, 1.0, 2.0, 0.8, 0.0),
    ]
    for state in ("NA", "NB"):
        mine = [row for row in rows if row["state"] == state]
        for row, expected in zip(mine, by_hand, strict=True):
            assert [row[name] for name in columns] == pytest.approx(list(expected)), (state, expected[0])
    assert {row["mode"] for row in rows} == {mode}


@pytest.mark.parametrize(
    ("life", "ends"),
    [(0.5, [2, 2, 2, 2]), (1.0, [1, 1, 1, 1]), (1.5, [0, 1, 1, 0]), (2.0, [0, 1, 0, 1]), (9.0, [0, 0, 0, 0])],
)
def test_units_are_replaced_whenever_a_life_ends(life: float, ends: list[int]) -> None:
    what = two_towns(life_years=life, upkeep_meur=0.0, crew_meur=0.0, buy_meur=0.4)
    rows = by_mode(what, "joint", {2027: 1.0}, 2031)["years"]
    mine = [row for row in rows if row["state"] == "NA"]
    bought = float(str(mine[0]["buy_meur"]))
    assert bought > 0
    assert [row["refresh_meur"] for row in mine] == pytest.approx([0.0, *(bought * n for n in ends)])


@pytest.mark.parametrize("mode", MODES)
def test_units_and_stages_of_two_towns(mode: str) -> None:
    found = by_mode(two_towns(), mode, {2027: 0.5, 2028: 0.5}, 2028)
    cost = 10 / 3 + 1.5
    units = [(row["place_id"], row["units"], row["buy_meur"], row["service_meur"]) for row in found["siting"]]
    assert units == [("A", 2, 2.0, pytest.approx(2 * cost)), ("B", 2, 2.0, pytest.approx(2 * cost))]
    steps = [(row["place_id"], row["year"], row["units"], row["buy_meur"]) for row in found["stages"]]
    assert steps == [("A", 2027, 1, 1.0), ("B", 2027, 1, 1.0), ("A", 2028, 1, 1.0), ("B", 2028, 1, 1.0)]
    assert [(row["purse_id"], row["state"], row["budget_meur"]) for row in found["purses"]] == [
        ("PA", "NA", 10.0), ("PB", "NB", 10.0),
    ]  # fmt: skip
    assert [row["spent_meur"] for row in found["purses"]] == pytest.approx([2 * cost] * 2)


def test_what_was_proven_of_two_towns() -> None:
    found = {row["state"]: row for row in by_mode(two_towns(), "national", {2027: 1.0}, 2027)["search"]}
    # one kind of two that are needed sees 0.8 of all: half of 0.8
    for state, held in (("NA", 10.0), ("NB", 10.0), (ALL, 20.0)):
        row = found[state]
        assert row["value"] == pytest.approx(0.4)
        assert row["budget_meur"] == pytest.approx(held)
        assert row["bound"] >= row["value"] - 1e-12  # type: ignore[operator]
        assert row["gap"] == pytest.approx((row["bound"] - row["value"]) / row["value"])  # type: ignore[operator]
    assert set(by_mode(two_towns(), "joint", {2027: 1.0}, 2027)["search"][0]) == set(
        SKY_TABLES["search"].schema
    )


def test_a_bound_above_nothing_is_not_called_a_proof() -> None:
    what = two_towns()
    real = sited(what, 20.0, "joint", LIMITS).parts[0]
    nothing = Covered(np.zeros(2, np.int64), 0.0, 0.3, float("inf"), "interrupted")
    empty = Sited("joint", what, (Part(ALL, real.problem, real.held, nothing, 1.0),))
    (row,) = frames.of_mode(empty, stages(empty, {2027: 1.0}, LIMITS), 2027)["search"]
    assert (row["value"], row["bound"], row["gap"]) == (0.0, 0.3, 1.0)


# ---------------------------------------------------------------- cover and loss, in plain words


def at_least(chances: Sequence[float], number: int) -> float:
    """Probability that so many of independent events happen: a sum over all that can happen."""
    total = 0.0
    for happens in product((False, True), repeat=len(chances)):
        if sum(happens) >= number:
            total += np.prod([p if yes else 1.0 - p for p, yes in zip(chances, happens, strict=True)])
    return total


def chances(what: Sited, state: str, place: int, band: int, lost: str = "") -> list[float]:
    """Probability that each kind of the picture of a state sees a track at a place, loop by loop."""
    siting, units = what.siting, what.part(state).found.x
    share = siting.share.toarray()[place * len(siting.bands) + band]
    found = []
    for kind in siting.kinds:
        covered = sum(
            share[o] * units[o]
            for o in range(len(units))
            if siting.types[siting.may.type[o]].kind == kind.key
        )
        found.append(0.0 if kind.key == lost else kind.seen[band] * min(1.0, covered))
    return found


@pytest.fixture(scope="module", params=MODES)
def made(request: pytest.FixtureRequest) -> tuple[Sited, dict[str, list[Row]]]:
    found = sited(siting(made_region()), 8.0, request.param, LIMITS)
    return found, frames.of_mode(found, stages(found, {2027: 0.6, 2028: 0.4}, LIMITS), 2030)


def test_cover_is_the_poisson_binomial_of_the_kinds(made: tuple[Sited, dict[str, list[Row]]]) -> None:
    what, tables = made
    bands = what.siting.bands
    rows = {row["place_id"]: row for row in tables["cover"]}
    assert len(rows) == len(what.siting.places)
    for number, place in enumerate(what.siting.places):
        by_band = [chances(what, place.state, number, band) for band in range(len(bands))]
        row = rows[place.key]
        assert row["state"] == place.state
        for name, expected in (
            ("one", sum(b.part * at_least(c, 1) for b, c in zip(bands, by_band, strict=True))),
            ("enough", sum(b.part * at_least(c, 2) for b, c in zip(bands, by_band, strict=True))),
            ("kinds", sum(b.part * sum(c) for b, c in zip(bands, by_band, strict=True))),
        ):
            assert row[name] == pytest.approx(expected, abs=1e-12), (place.key, name)


def test_loss_is_the_same_without_the_kind(made: tuple[Sited, dict[str, list[Row]]]) -> None:
    what, tables = made
    siting, bands = what.siting, what.siting.bands
    rows = {(row["state"], row["kind_id"]): row for row in tables["loss"]}
    assert len(rows) == (1 + len(siting.kinds)) * (1 + len(siting.states))
    for lost in ("", *(kind.key for kind in siting.kinds)):
        whole = [0.0, 0.0]
        for state in siting.states:
            weight = weights(siting, state).reshape(len(siting.places), len(bands))
            seen = [0.0, 0.0]
            for place, band in product(range(len(siting.places)), range(len(bands))):
                found = chances(what, state, place, band, lost)
                for i in (0, 1):
                    seen[i] += weight[place, band] * at_least(found, i + 1)
                    whole[i] += weight[place, band] * at_least(found, i + 1)
            row = rows[state, lost]
            assert [row["one"], row["enough"]] == pytest.approx([part / weight.sum() for part in seen])
        assert [rows[ALL, lost]["one"], rows[ALL, lost]["enough"]] == pytest.approx(whole)


def test_a_lost_kind_never_helps(made: tuple[Sited, dict[str, list[Row]]]) -> None:
    _, tables = made
    rows = {(row["state"], row["kind_id"]): row for row in tables["loss"]}
    for (state, _), row in rows.items():
        for name in ("one", "enough"):
            assert row[name] <= rows[state, ""][name] + 1e-12  # type: ignore[operator]


def test_value_is_the_mean_of_seen_and_confirmed(made: tuple[Sited, dict[str, list[Row]]]) -> None:
    what, tables = made
    row = next(row for row in tables["loss"] if (row["state"], row["kind_id"]) == (ALL, ""))
    assert what.value == pytest.approx((row["one"] + row["enough"]) / 2)  # type: ignore[operator]
    last = tables["years"][-1]
    state = next(r for r in tables["loss"] if (r["state"], r["kind_id"]) == (last["state"], ""))
    assert (last["one"], last["enough"]) == pytest.approx((state["one"], state["enough"]))


def test_sums_agree_between_tables(made: tuple[Sited, dict[str, list[Row]]]) -> None:
    _, tables = made

    def total(name: str, column: str) -> float:
        return sum(float(str(row[column])) for row in tables[name])

    assert total("years", "buy_meur") == pytest.approx(total("siting", "buy_meur"))
    assert total("stages", "buy_meur") == pytest.approx(total("siting", "buy_meur"))
    assert total("stages", "units") == total("siting", "units")
    assert total("purses", "spent_meur") == pytest.approx(total("siting", "service_meur"))
    assert total("purses", "budget_meur") == pytest.approx(8.0)


# ---------------------------------------------------------------- what does not depend on a siting


@pytest.fixture(scope="module")
def sky() -> Region:
    return made_region()


def test_places_are_all_that_is_watched_or_holds_sensors(sky: Region) -> None:
    rows = {row["place_id"]: row for row in frames.places(siting(sky))}
    assert {key: row["what"] for key, row in rows.items()} == {
        "S1": "sector", "S2": "sector", "NA-0001": "municipality", "SQUARE": "area", "HILL": "point",
    }  # fmt: skip
    assert rows["NA-0001"]["people"] == 10000.0
    assert (rows["SQUARE"]["people"], rows["SQUARE"]["behind"]) == (0.0, 500.0)
    assert rows["S1"]["outline"] == "24.2 55.7;24.4 55.5"
    assert 0 < rows["S1"]["behind"] < 10000  # type: ignore[operator]
    assert rows["HILL"]["behind"] == 0.0


def test_types_say_what_they_cost_and_speak(sky: Region) -> None:
    ears, radar = frames.types(siting(sky), sky.tables)
    assert (ears["type_id"], ears["unit_meur"], ears["range_km"], ears["crew"]) == ("EARS", 0.1, 6.0, 0.2)
    assert (ears["service_meur"], radar["service_meur"]) == pytest.approx((0.345, 2.37))
    assert ears["standards"] == "sapient;asterix_048"
    assert set(ears) == set(SKY_TABLES["types"].schema)
