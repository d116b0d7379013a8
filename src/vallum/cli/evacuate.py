"""`vallum evacuate REGION`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from vallum.cli.options import Common, a_folder, a_seed, positive, whole
from vallum.cli.outcome import OK
from vallum.cli.output import emit, libraries_silenced, number, show, table
from vallum.cli.plan import refuse_ground_under_feet
from vallum.cli.progress import Progress

if TYPE_CHECKING:
    from vallum.plan.results import Results

__all__ = ["evacuate"]

FINEST_MIN, COARSEST_MIN = 1.0, 60.0
MOST_SAMPLES = 1_000
DEAREST = 5
GOING_ALONE = {"national": "alone", "joint": "together"}


def a_step(_: object, value: float | None) -> None:
    """Refuse a step that does not divide an hour."""
    if value is None:
        return
    if not FINEST_MIN <= value <= COARSEST_MIN or 60.0 % value:
        message = f"It must be from {FINEST_MIN:g} to {COARSEST_MIN:g} minutes, and divide the hour."
        raise ValueError(message)


def some_samples(_: object, value: int) -> None:
    """Refuse a number of runs that nobody waits for."""
    if not 0 <= value <= MOST_SAMPLES:
        message = f"It must be from 0 to {MOST_SAMPLES}."
        raise ValueError(message)


def evacuate(
    region: str,
    /,
    *,
    scenario: tuple[str, ...] = (),
    out: Annotated[Path | None, Parameter(converter=a_folder)] = None,
    step: Annotated[float | None, Parameter(validator=a_step)] = None,
    samples: Annotated[int, Parameter(validator=some_samples, converter=whole)] = 40,
    time_limit: Annotated[float | None, Parameter(validator=positive)] = None,
    seed: Annotated[int, Parameter(validator=a_seed, converter=whole)] = 0,
    common: Common | None = None,
) -> int:
    """Evacuate the people of a scenario, each state alone and all together: how long, how, to whom.

    Roads are planning values between towns; minor roads are not in the graph, so a corridor that is named is
    not a real choke point.

    Parameters
    ----------
    region
        Folder of a region, or the name of one that ships (baltic).
    scenario
        Scenario of the region; may be given more than once. All of them without it.
    out
        Folder whose folder evacuation gets the tables, departures.csv and map.geojson. `vallum report` finds
        them.
    step
        Minutes of a step; that of the region without it. 60 to look, 5 for the last run.
    samples
        Random runs of who complies and when people start, for each scenario and mode.
    time_limit
        Seconds for all; nothing is written when they are up.
    seed
        Seed of the random runs.
    """
    common = common or Common()
    from vallum.plan.evacuation import EVACUATION
    from vallum.plan.evacuation.pipeline import make
    from vallum.plan.results import refuse_other
    from vallum.region import Region
    from vallum.solve import Limits

    place = None if out is None else out / EVACUATION.kind
    if place is not None:
        refuse_ground_under_feet(place)
        refuse_other(EVACUATION, place)
    read = Region.read(region).require_sound()
    with libraries_silenced(), Progress() as progress:
        found = make(
            read,
            scenario,
            step_min=step,
            samples=samples,
            limits=Limits(time_limit=time_limit, seed=seed),
            out=place,
            progress=progress,
        )
    if common.json:
        from vallum.cli.evacuate_documents import EvacuateDocument, Identity
        from vallum.cli.table_documents import document_of

        emit(document_of(EvacuateDocument, Identity, region, place, found))
    else:
        print_evacuation(found)
        if place is not None:
            show("", f"The tables, departures.csv and map.geojson are in {escape(str(place))}")
    return OK


def print_evacuation(found: "Results") -> None:
    """Print how long it takes, who is left, what binds, and who receives."""
    show("[bold]How long it takes[/] (hours from the start)", summary_table(found))
    for row in found.tables["unserved"].to_dicts():
        show(f"Left, {row['scenario_id']}, {GOING_ALONE[row['mode']]}: {escape(row['told'])}.")
    if found.tables["samples"].height:
        show(
            "", "[bold]With other luck[/] (who complies, when people start; hourly steps)", luck_table(found)
        )
    show("", "[bold]What more room on a corridor gains[/] (mean hours, half-hour steps)", gain_table(found))
    show("", "[bold]Who receives most[/]", reception_table(found))
    show(
        "",
        "Roads are planning values between towns, and minor roads are not in the graph: a corridor named "
        "here is not a real choke point. Places are assumptions with a range.",
    )


def summary_table(found: "Results") -> Table:
    """Hours, people and proof by scenario and mode."""
    shown = table(
        "scenario", "", ">people", ">half", ">95 of 100", ">all", ">at least", ">mean", ">left", ">gap"
    )
    rows = found.tables["summary"].sort("scenario_id", "mode", descending=[False, True])
    for row in rows.to_dicts():
        hours = (row[name] for name in ("hours_50", "hours_95", "hours_100", "quickest_bound", "hours_mean"))
        shown.add_row(
            row["scenario_id"],
            GOING_ALONE[row["mode"]],
            f"{row['people']:,}",
            *("–" if value is None else number(value, 1) for value in hours),
            f"{row['unserved']:,}",
            "–" if row["gap"] is None else f"{100 * row['gap']:.1f} %",
        )
    return shown


def luck_table(found: "Results") -> Table:
    """Quantiles of the random runs."""
    shown = table(
        "scenario", "", ">runs", ">95 of 100: half", ">90 of 100", ">all: half", ">90 of 100", ">left"
    )
    rows = found.tables["samples"].sort("scenario_id", "mode", descending=[False, True])
    for row in rows.to_dicts():
        hours = ("hours_95_p50", "hours_95_p90", "hours_100_p50", "hours_100_p90")
        shown.add_row(
            row["scenario_id"],
            GOING_ALONE[row["mode"]],
            f"{row['runs']}",
            *(number(row[name], 1) for name in hours),
            f"{row['unserved_p90']:,}",
        )
    return shown


def gain_table(found: "Results") -> Table:
    """Gains of lanes and contraflow, by a new solution each."""
    names = dict(found.tables["places"].select("place_id", "name").iter_rows())
    shown = table("scenario", "", "corridor", "change", ">before", ">after", ">left before", ">left after")
    for row in found.tables["gains"].to_dicts():
        ends = (
            f"{names.get(row['from_node'], row['from_node'])} - {names.get(row['to_node'], row['to_node'])}"
        )
        shown.add_row(
            row["scenario_id"],
            GOING_ALONE[row["mode"]],
            escape(f"{row['road']} {ends}"),
            row["change"],
            number(row["mean_before"], 2),
            number(row["mean_after"], 2),
            f"{row['unserved_before']:,}",
            f"{row['unserved_after']:,}",
        )
    return shown


def reception_table(found: "Results") -> Table:
    """The hosts that take in most of each scenario and mode."""
    names = dict(found.tables["places"].select("place_id", "name").iter_rows())
    shown = table(
        "scenario", "", "municipality", ">people", ">from abroad", ">places", ">range", ">full after h"
    )
    frame = found.tables["reception"].sort("people", "place_id", descending=[True, False])
    for key in found.tables["summary"].sort("scenario_id", "mode", descending=[False, True]).to_dicts():
        mine = frame.filter(scenario_id=key["scenario_id"], mode=key["mode"])
        for row in mine.head(DEAREST).to_dicts():
            shown.add_row(
                row["scenario_id"],
                GOING_ALONE[row["mode"]],
                escape(names.get(row["place_id"], row["place_id"])),
                f"{row['people']:,}",
                f"{row['from_abroad']:,}",
                f"{row['places']:,}",
                f"{row['places_low']:,} to {row['places_high']:,}",
                "–" if row["full_h"] is None else number(row["full_h"], 1),
            )
    return shown
