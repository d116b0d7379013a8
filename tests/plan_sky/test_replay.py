"""A warning of the past, done again: clocks by hand, and what is said when little is known."""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

from tests.plan_sky.skyland import BANDS, STATES, chain, framed, home, sector, span
from vallum.core.errors import BadInput
from vallum.model.siting import Place
from vallum.plan.sky.delays import Delays
from vallum.plan.sky.replay import VARIANTS, replay
from vallum.plan.sky.tables import SKY_TABLES

RUNS = 300
VALUES = {"kinds_needed": span(2.0), "speed_kmh": span(60.0)}
Row = Mapping[str, object]
Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def way() -> tuple[Place, ...]:
    """The border of NA runs north; 1 lies 40 km behind its sector A, B is far in the south."""
    return framed(
        (
            sector("A", "NA", (0.0, -1e-3), (0.0, 1e-3)),
            sector("B", "NA", (0.0, -130.0), (0.0, -90.0)),
            sector("C", "NB", (60.0, -1.0), (60.0, 1.0)),
            home("1", "NA", 40.0, 0.0, people=2000.0),
            home("2", "NA", 80.0, 0.0, people=500.0),
            home("3", "NB", 70.0, 40.0, people=900.0),
        )
    )


def event(name: str, kind: str, minute: float, municipalities: str = "", **given: object) -> Row:
    return {"case_id": "C", "event_id": name, "event": kind, "state": "NA", "minute": minute} | given | {
        "municipalities": municipalities
    }  # fmt: skip


def frame(*rows: Row) -> pl.DataFrame:
    text = ("case_id", "event_id", "event", "state", "municipalities", "name", "source", "confidence")
    schema = dict.fromkeys(text, pl.String) | dict.fromkeys(
        ("minute", "minute_low", "minute_high"), pl.Float64
    )
    base = {"name": "What happened", "source": "made up", "confidence": "low"}
    return pl.DataFrame([base | dict(row) for row in rows], schema=pl.Schema(schema))


CASE = (
    event("E1", "report", 200.0),
    event("E2", "alert", 240.0, "1"),
    event("E3", "alert", 270.0, "2"),
)
TODAY = {"report": 30, "confirm": 10, "decide": 20, "compose": 6, "broadcast": 4, "late": 25, "seam": 15}
JOINT = {"report": 12, "confirm": 3, "decide": 2, "compose": 1, "broadcast": 1, "seam": 2, "late": 99}


def again(
    way: tuple[Place, ...],
    *rows: Row,
    today: Delays | None = None,
    sees: Mapping[tuple[str, int], tuple[float, float]] | None = None,
    values: Mapping[str, object] = VALUES,
    seed: int = 0,
) -> Tables:
    cover = np.zeros((len(STATES), len(way), len(BANDS), 2))
    for (state, place), share in (sees or {}).items():
        cover[STATES.index(state), place] = share
    delays = {"today": today or chain("today", **TODAY), "joint": chain("joint", **JOINT)}
    return replay(frame(*(rows or CASE)), way, BANDS, values, cover, np.ones((2, 2)), delays, RUNS, seed,
                  STATES)  # fmt: skip


def clocks(found: Tables, column: str = "alert_p50") -> dict[str, list[float]]:
    """A column by variant, municipalities in order."""
    rows = found["replay"].sort("place_id")
    return {str(variant): part[column].to_list() for (variant,), part in rows.group_by("variant")}


# ---------------------------------------------------------------- clocks by hand


def test_without_sensors_the_call_fixes_the_clock(way: tuple[Place, ...]) -> None:
    found = again(way)
    assert clocks(found) == {
        "happened": [240, 270],
        "joint alerting": pytest.approx([204, 204]),
        "sensors": pytest.approx([230, 255]),
        "sensors and joint alerting": pytest.approx([204, 204]),
    }
    assert clocks(found, "gain_p10")["joint alerting"] == pytest.approx([36, 66])
    assert clocks(found, "gain_p90")["happened"] == [0, 0]


def test_sensors_at_the_border_see_it_a_report_earlier(way: tuple[Place, ...]) -> None:
    # It crossed at 170; one kind, so confirmed 10 later, 3 with joint alerting.
    one = clocks(again(way, sees={("NA", 0): (1.0, 0.0)}))
    assert one["sensors"] == pytest.approx([210, 235])
    assert one["sensors and joint alerting"] == pytest.approx([177, 177])
    two = clocks(again(way, sees={("NA", 0): (1.0, 1.0)}))
    assert two["sensors"] == pytest.approx([200, 225])
    assert two["joint alerting"] == pytest.approx([204, 204]), "no sensor helps it"


def test_sensors_inland_see_it_on_its_way_from_the_nearest_sector(way: tuple[Place, ...]) -> None:
    # It crossed at 155 and enters the disc of 1 after 30 km, at 185: two kinds, so no wait.
    found = clocks(again(way, sees={("NA", 3): (1.0, 1.0)}, today=chain("today", **TODAY | {"report": 45})))
    assert found["sensors"] == pytest.approx([215, 240], abs=1e-3)
    assert clocks(again(way, sees={("NA", 1): (1.0, 1.0), ("NA", 4): (1.0, 1.0)})) == clocks(again(way))


def test_another_state_sees_it_for_joint_alerting_alone(way: tuple[Place, ...]) -> None:
    found = clocks(again(way, sees={("NB", 0): (1.0, 1.0)}))
    assert found["sensors"] == pytest.approx([230, 255])
    assert found["sensors and joint alerting"] == pytest.approx([174, 174])


def test_a_municipality_of_another_state_waits_for_the_seam(way: tuple[Place, ...]) -> None:
    other = event("E4", "alert", 260.0, "3", state="NB")
    found = clocks(again(way, *CASE, other))
    assert found["sensors"] == pytest.approx([230, 255, 245]), "the first alert of its own state held it"
    assert found["joint alerting"] == pytest.approx([204, 204, 206])


def test_the_track_comes_to_those_alerted_first_by_the_state_that_was_called(way: tuple[Place, ...]) -> None:
    other = event("E0", "alert", 210.0, "3", state="NB")
    found = clocks(again(way, *CASE, other, sees={("NA", 3): (1.0, 1.0)}, today=chain("today", report=45)))
    assert found["sensors"] == pytest.approx([185, 185, 185], abs=1e-3)


# ---------------------------------------------------------------- what is not known


def test_ranges_become_percentiles_and_losses_are_shown(way: tuple[Place, ...]) -> None:
    slow = chain("today", **TODAY | {"decide": (5.0, 30.0, 60.0)})
    report = event("E1", "report", 200.0, minute_low=190.0, minute_high=205.0)
    found = again(way, report, *CASE[1:], today=slow)["replay"].filter(variant="sensors", place_id="NA-1")
    row = found.row(0, named=True)
    assert 205 < row["alert_p10"] < row["alert_p50"] < row["alert_p90"] < 275
    assert row["gain_p10"] < 0 < row["gain_p90"], "some runs are slower than what happened"
    assert row["gain_p50"] == pytest.approx(240 - row["alert_p50"])


def test_an_alert_known_within_ends_is_drawn(way: tuple[Place, ...]) -> None:
    alert = event("E2", "alert", 240.0, "1", minute_low=235.0, minute_high=250.0)
    row = again(way, CASE[0], alert)["replay"].filter(variant="happened").row(0, named=True)
    assert 235 < row["alert_p10"] < 241 < row["alert_p90"] < 250
    assert (row["gain_p10"], row["gain_p90"]) == (0, 0)


def test_the_first_alert_of_a_municipality_counts(way: tuple[Place, ...]) -> None:
    repeated = event("E4", "alert", 300.0, "1;2")
    assert clocks(again(way, *CASE, repeated)) == clocks(again(way))


def test_more_cover_never_makes_a_replay_later(way: tuple[Place, ...]) -> None:
    spread = chain("today", **TODAY | {"report": (8.0, 30.0, 60.0), "confirm": (5.0, 9.0, 20.0)})
    last = clocks(again(way, today=spread))
    for share in (0.3, 0.6, 1.0):
        found = clocks(again(way, today=spread, sees={("NA", 0): (share, share / 2), ("NA", 3): (share, 0)}))
        for variant in VARIANTS:
            assert np.all(np.array(found[variant]) <= np.array(last[variant]) + 1e-9)
        last = found


def test_cases_of_which_little_is_known(way: tuple[Place, ...]) -> None:
    assert set(clocks(again(way, *CASE[1:]))) == {"happened"}
    assert again(way, CASE[0])["replay"].is_empty()
    landlocked = tuple(place for place in way if place.what != "sector" or place.state != "NA")
    assert set(clocks(again(landlocked))) == {"happened", "joint alerting"}
    nothing = replay(frame(), way, BANDS, VALUES, np.zeros((2, len(way), 2, 2)), np.ones((2, 2)), {}, 5, 0,
                     STATES)  # fmt: skip
    assert all(table.is_empty() for table in nothing.values())


def test_an_unknown_municipality_is_named(way: tuple[Place, ...]) -> None:
    with pytest.raises(BadInput, match="E2 names NA-77") as fault:
        again(way, CASE[0], event("E2", "alert", 240.0, "77"))
    assert fault.value.where == "warning_events.csv"


# ---------------------------------------------------------------- tables


def test_events_are_told_as_they_are(way: tuple[Place, ...]) -> None:
    impact = event("E9", "impact", 215.0, "2", minute_low=210.0, state="NA")
    both = event("E4", "alert", 290.0, "1; 2")
    found = again(way, *CASE, impact, both)["replay_events"]
    assert found.schema == pl.Schema(SKY_TABLES["replay_events"].schema)
    rows = {row["event_id"]: row for row in found.iter_rows(named=True)}
    assert list(rows) == ["E1", "E9", "E2", "E3", "E4"], "by minute"
    assert (rows["E4"]["places"], rows["E4"]["people"]) == ("NA-1;NA-2", 2500)
    assert (rows["E1"]["places"], rows["E1"]["people"]) == ("", 0)
    assert (rows["E9"]["minute_low"], rows["E9"]["minute_high"]) == (210, None)


def test_the_table_has_every_variant_and_repeats_with_its_seed(way: tuple[Place, ...]) -> None:
    wide = chain("today", **TODAY | {"report": (8.0, 30.0, 60.0)})
    sees = {("NA", 0): (0.5, 0.5)}
    found = again(way, today=wide, sees=sees)["replay"]
    assert found.schema == pl.Schema(SKY_TABLES["replay"].schema)
    assert not any(found.null_count().row(0))
    assert set(found["variant"]) == {"happened", *VARIANTS}
    assert found.equals(again(way, today=wide, sees=sees)["replay"])
    assert not found.equals(again(way, today=wide, sees=sees, seed=1)["replay"])


def test_cases_stand_apart(way: tuple[Place, ...]) -> None:
    later = [dict(row) | {"case_id": "D", "minute": row["minute"] + 60.0} for row in CASE]
    found = again(way, *CASE, *later)["replay"]
    one, other = (found.filter(case_id=name).drop("case_id") for name in ("C", "D"))
    assert other["alert_p50"].to_list() == pytest.approx((one["alert_p50"] + 60).to_list())
