"""An evacuation from region to folder: what its tables promise, and what is refused."""

import csv
import io
import signal
from pathlib import Path

import polars as pl
import pytest

from tests.evacuation.worlds import BOTH, link, random_world, solved, world
from tests.plan_evacuation.regions import SMALL_RUN, pair, setting, small
from vallum.core.errors import BadInput
from vallum.model.evacuation import Case
from vallum.model.evacuation.problem import Household
from vallum.plan.evacuation import EVACUATION
from vallum.plan.evacuation.frames import of_run
from vallum.plan.evacuation.geojson import feature_collection
from vallum.plan.evacuation.pipeline import better, departures_csv, make, no_worse
from vallum.plan.evacuation.tables import EVACUATION_TABLES
from vallum.plan.pipeline import ProgressEvent
from vallum.plan.results import Results, read_results
from vallum.region import TABLES, Region
from vallum.solve import Limits
from vallum.solve.flow import Stopped, Worker

col = pl.col
OF = ["scenario_id", "mode"]
MODES = ("national", "joint")
NONE = {name: TABLES[name].empty() for name in ("evac_trains", "evac_windows")}


def summary(found: Results, scenario: str, mode: str) -> dict[str, object]:
    return found.tables["summary"].filter(scenario_id=scenario, mode=mode).row(0, named=True)


# ---------------------------------------------------------------- what the tables promise


def test_every_table_is_there_with_its_columns(made: Results) -> None:
    assert set(made.tables) == set(EVACUATION_TABLES)
    for name, frame in made.tables.items():
        assert dict(frame.schema) == dict(pl.Schema(EVACUATION_TABLES[name].schema)), name
        assert not frame.select(list(EVACUATION_TABLES[name].key)).is_duplicated().any(), name


@pytest.mark.parametrize(
    "name", [n for n, table in EVACUATION_TABLES.items() if "mode" in table.schema and n != "unserved"]
)
def test_both_modes_of_every_scenario_are_in_each_table(made: Results, name: str) -> None:
    both = {(scenario, mode) for scenario in ("FIRE", "FLOOD") for mode in ("joint", "national")}
    found = set(made.tables[name].select(OF).iter_rows())
    # The gain of a corridor is tried where it has a price.
    assert found == both if name != "gains" else found <= both
    assert found


def test_the_manifest_says_what_was_done(made: Results) -> None:
    manifest = made.manifest
    assert (manifest["step_min"], manifest["samples"], manifest["seed"]) == (30.0, 3, 4)
    assert manifest["scenarios"] == ["FIRE", "FLOOD"]
    assert manifest["region"]["content_hash"] == pair().content_hash


def test_alone_some_are_left_and_together_nobody_is(made: Results) -> None:
    # 4,000 people and 2,500 places at home; 3,000 more over the border.
    alone, together = (summary(made, "FLOOD", mode) for mode in ("national", "joint"))
    assert (alone["people"], alone["served"], alone["unserved"]) == (4000, 2500, 1500)
    assert (together["people"], together["served"], together["unserved"]) == (4000, 4000, 0)
    left = made.tables["unserved"]
    assert set(left["reason"]) == {"places"}
    assert left["people"].sum() == 1500
    # In the fire 800 leave, all find a place at home.
    for mode in ("national", "joint"):
        assert (summary(made, "FIRE", mode)["people"], summary(made, "FIRE", mode)["unserved"]) == (800, 0)


def test_alone_nobody_crosses_a_border(made: Results) -> None:
    state = dict(made.tables["places"].select("place_id", "state").iter_rows())
    routes = made.tables["routes"].with_columns(
        left=col("place_id").replace_strict(state), slept=col("to_place_id").replace_strict(state)
    )
    assert (routes.filter(mode="national")["left"] == routes.filter(mode="national")["slept"]).all()
    abroad = routes.filter(col("left") != col("slept")).group_by(OF).agg(col("people").sum()).sort(OF).rows()
    assert abroad[-1][:2] == ("FLOOD", "joint")
    counted = made.tables["reception"].group_by(OF).agg(col("from_abroad").sum()).sort(OF)
    assert counted.filter(col("from_abroad") > 0).rows() == abroad


def test_the_order_is_waited_for(made: Results) -> None:
    # People of the fire are told two hours after the start.
    fire = made.tables["departures"].filter(scenario_id="FIRE")
    assert fire["hour"].min() == 2.5
    assert made.tables["departures"].filter(scenario_id="FLOOD")["hour"].min() == 0.5


def test_gains_are_of_the_dearest_corridors(made: Results) -> None:
    gains = made.tables["gains"]
    assert set(gains["change"]) == {"lane", "contraflow"}
    known = made.tables["corridors"].filter(col("price") > 0.0)
    ends = [*OF, "from_node", "to_node", "road"]
    assert gains.join(known, on=ends, how="anti").is_empty()
    dearest = known.filter(col("road") != "").sort("price", descending=True).group_by(OF).head(3)
    assert dearest.join(gains, on=ends, how="anti").is_empty()
    # In this region people go by car on one road, so more room on it only helps.
    lane = gains.filter(change="lane")
    assert (lane["unserved_after"] <= lane["unserved_before"]).all()


def test_samples_are_of_fewer_people_than_are_told(made: Results) -> None:
    for row in made.tables["samples"].to_dicts():
        people = summary(made, row["scenario_id"], row["mode"])["people"]
        assert row["runs"] == 3
        assert 0 < row["people_p10"] <= row["people_p90"] <= people


def test_departures_are_written_with_names(made: Results) -> None:
    rows = list(csv.DictReader(io.StringIO(departures_csv(made.tables).decode())))
    assert len(rows) == made.tables["departures"].height
    assert sum(int(row["people"]) for row in rows) == made.tables["departures"]["people"].sum()
    assert {row["municipality"] for row in rows} == {"Town"}
    assert {row["most_sleep_in"] for row in rows} == {"Port", "Harbour"}
    assert {row["first_town"] for row in rows} == {"A node"}


# ---------------------------------------------------------------- repeatable and kept


def test_the_same_input_gives_the_same_folder(made: Results, tmp_path: Path) -> None:
    place = tmp_path / "out"
    make(pair(), out=place, **SMALL_RUN)
    found = read_results(EVACUATION, place)
    # The folder adds its kind and format.
    assert made.manifest.items() <= found.manifest.items()
    for name, frame in made.tables.items():
        assert found.tables[name].equals(frame), name
    assert (place / "departures.csv").read_bytes() == departures_csv(made.tables)
    assert (place / "map.geojson").read_bytes() == feature_collection(made.tables)
    make(pair(), ("FIRE",), out=place, **SMALL_RUN)
    assert read_results(EVACUATION, place).manifest["scenarios"] == ["FIRE"], "an older plan may be replaced"


def test_a_scenario_named_twice_is_evacuated_once(made: Results) -> None:
    found = make(pair(), ("FIRE", "FIRE"), **SMALL_RUN)
    assert found.manifest["scenarios"] == ["FIRE"]
    assert found.tables["summary"].equals(made.tables["summary"].filter(scenario_id="FIRE"))


def test_other_folders_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep me", encoding="utf-8")
    with pytest.raises(BadInput):
        make(pair(), out=tmp_path, **SMALL_RUN)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_without_time_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match="no time is left") as error:
        make(pair(), limits=Limits(time_limit=1e-6), out=tmp_path / "out")
    assert error.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_writes_nothing(tmp_path: Path) -> None:
    stages: list[str] = []

    def interrupt(event: ProgressEvent) -> None:
        stages.append(event.stage)
        if len(stages) == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        make(pair(), out=tmp_path / "out", progress=interrupt, **SMALL_RUN)
    assert stages == ["FIRE: evacuating"] * 2
    assert list(tmp_path.iterdir()) == []


def test_progress_tells_every_stage() -> None:
    events: list[ProgressEvent] = []
    make(pair(), ("FIRE",), progress=events.append, **SMALL_RUN)
    later = [(what, mode) for mode in MODES for what in ("other roads", "3 random runs")]
    assert [(event.stage, event.mode) for event in events] == [
        (f"FIRE: {what}", mode) for what, mode in [*(("evacuating", mode) for mode in MODES), *later]
    ]
    assert [event.seconds for event in events] == sorted(event.seconds for event in events)


# ---------------------------------------------------------------- together never worse than alone


def farther(horizon: int) -> Case:
    """Return a world in which buses go farther together, come less often, and so do worse.

    100 people leave by bus. NA-2 is half an hour away and NB-3, over the border, 3.5 hours; each takes in
    20 an hour. One bus has 40 seats and is loaded for an hour. With all the buses one could want, 20 people
    an hour arrive in NA-2 from hour 3 on (an hour to board, and two ways of an hour each in steps), and at
    hour 6 the last 20 beside them in NB-3: a step to board, 1 + 3 + 1 on the way. So trips take 0.5 h alone,
    and (80 x 0.5 + 20 x 3.5) / 100 = 1.1 h together.
    """
    return world(
        "A=NA B=NB", [("A", "B", 3.0, 1, 500.0)], {"NA-1": ("A", 100.0)},
        {"NA-2": ("A", 100.0), "NB-3": ("B", 100.0)}, horizon=horizon, intake_h=0.2, bus_load_h=1.0,
        households={"NA": Household(0.0, 2.0, 1.0), "NB": Household(0.0, 2.0, 0.0)},
        links=[link(town, node, km=15.0) for town, node in (("NA-1", "A"), ("NA-2", "A"), ("NB-3", "B"))],
    )  # fmt: skip


ALONE_IS_BETTER = [
    # Alone the bus carries 40 / (2 x 0.5 + 1) = 20 an hour, who arrive from 3 to 7: 20 x 25 hours. Together
    # 40 / (2 x 1.1 + 1) = 12.5, so 12 an hour from 3 to 10, and 4 at 11: 12 x 52 + 44 hours.
    (farther(24), (0, 500.0), (0, 668.0), 7),
    # By 7 there are 5 arrivals: 100 people alone, and 60 together, 12 x 25 hours.
    (farther(7), (0, 500.0), (40, 300.0), 7),
    # By 6 there are 4: 80 people alone, 20 x 18 hours, and 48 together, 12 x 18.
    (farther(6), (20, 360.0), (52, 216.0), None),
    # Trips as long alone and together: buses go first, and together they cost the cars more than they gain.
    (random_world(147, BOTH), (123, 33.0), (123, 41.0), None),
]


@pytest.mark.parametrize(("case", "by_state", "by_all", "quickest"), ALONE_IS_BETTER)
def test_together_is_never_worse_than_alone(
    worker: Worker, case: Case, by_state: tuple[int, float], by_all: tuple[int, float], quickest: int | None
) -> None:
    alone, together = (solved(case, mode, worker) for mode in MODES)
    assert (alone.unserved, alone.person_hours) == by_state
    assert (together.unserved, together.person_hours) == by_all
    assert better(alone, together)
    found = no_worse(together, alone)
    assert (found.unserved, found.person_hours, found.quickest) == (*by_state, quickest)
    assert found.bound is None
    row = of_run(found, {})["summary"].row(0, named=True)
    assert (row["mode"], row["bound"], row["proof"]) == ("joint", None, "optimal")
    assert no_worse(alone, alone) is alone


# ---------------------------------------------------------------- odd regions


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(BadInput) as error:
        make(pair(), ("FIRE", "WAR"), **SMALL_RUN)
    assert "FIRE, FLOOD" in str(error.value.remedy)


def test_a_region_without_evacuation_says_so() -> None:
    bare = small().replace(**{name: TABLES[name].empty() for name in TABLES if name.startswith("evac_")})
    with pytest.raises(BadInput, match="nobody can be evacuated"):
        make(bare, **SMALL_RUN)


def quick(region: Region, samples: int = 0) -> Results:
    return make(region, ("FLOOD",), step_min=60.0, samples=samples, limits=Limits(time_limit=None))


def test_no_trains_and_no_windows() -> None:
    found = quick(small().replace(**NONE))
    assert found.tables["departures"].filter(group="train").is_empty()
    assert summary(found, "FLOOD", "joint")["unserved"] == 0


def test_no_buses_and_no_trains_leave_who_has_no_car() -> None:
    houses = small().tables["evac_households"].with_columns(buses=0.0)
    found = quick(small().replace(evac_households=houses, **NONE))
    assert set(found.tables["departures"]["group"]) == {"car"}
    # 2,000 people, one in five without a car.
    assert found.tables["unserved"].select("group", "people", "reason").unique().rows() == [
        ("bus", 400, "vehicles")
    ]


def test_a_scenario_without_people() -> None:
    nobody = small().tables["evac_origins"].with_columns(part=0.0)
    found = quick(small().replace(evac_origins=nobody))
    row = summary(found, "FLOOD", "national")
    assert (row["people"], row["served"], row["hours_100"], row["hours_mean"], row["gap"]) == (
        0, 0, None, None, None,
    )  # fmt: skip
    for name in ("departures", "routes", "corridors", "flow", "gains", "loads", "unserved"):
        assert found.tables[name].is_empty(), name
    assert departures_csv(found.tables).decode().startswith("scenario_id,mode,state,municipality")


def test_no_places_at_all() -> None:
    full = small().tables["evac_places"].with_columns(places=0.0)
    found = quick(small().replace(evac_places=full))
    assert summary(found, "FLOOD", "joint")["unserved"] == 2000
    assert found.tables["reception"].select("places", "people", "full_h").unique().rows() == [(0, 0, None)]
    assert set(found.tables["unserved"]["reason"]) <= {"places", "no way"}


def test_all_from_the_start_and_no_spread() -> None:
    found = quick(setting(small(), delay_median_h=0.0, delay_sigma=0.0, compliance=1.0), samples=2)
    row = found.tables["samples"].filter(mode="national").row(0, named=True)
    assert (row["people_p10"], row["people_p90"]) == (2000, 2000)
    assert row["hours_100_p50"] == summary(found, "FLOOD", "national")["hours_100"]


def test_shelter_of_a_town_beats_that_of_its_state() -> None:
    shelter = TABLES["shelter_reach"]
    rows = [{"lau_id": None, "places": 0.1}, {"lau_id": "0001", "places": 0.25}]
    common = {
        "state": "NA", "reach_min": 10.0, "basis": "assumption", "source": "analyst assumption",
        "source_date": "2026-11", "confidence": "assumption",
    }  # fmt: skip
    frame = pl.DataFrame([common | row for row in rows], schema=dict(shelter.dtypes))
    found = quick(small().replace(shelter_reach=frame)).tables["in_place"].filter(warning_h=1.0)
    assert found["sheltered"].to_list() == [500, 500]
