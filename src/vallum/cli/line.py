"""`vallum line REGION`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from vallum.cli.options import Common, a_folder, a_seed, positive, some_threads, whole
from vallum.cli.outcome import OK
from vallum.cli.output import emit, libraries_silenced, number, say, show, table
from vallum.cli.plan import refuse_ground_under_feet
from vallum.cli.progress import Progress

if TYPE_CHECKING:
    from vallum.plan.results import Results

__all__ = ["line"]

TIME_LIMIT_S = 20.0
FEWEST_RUNS, MOST_RUNS = 20, 20_000
BINDING_SHOWN = 4


def some_runs(_: object, value: int) -> None:
    """Refuse a number of runs that says nothing or that nobody waits for."""
    if not FEWEST_RUNS <= value <= MOST_RUNS:
        message = f"It must be from {FEWEST_RUNS} to {MOST_RUNS}."
        raise ValueError(message)


def line(
    region: str,
    /,
    *,
    out: Annotated[Path | None, Parameter(converter=a_folder)] = None,
    runs: Annotated[int, Parameter(validator=some_runs, converter=whole)] = 1_000,
    lever_runs: Annotated[int, Parameter(validator=some_runs, converter=whole)] = 200,
    time_limit: Annotated[float | None, Parameter(validator=positive)] = None,
    work: Annotated[int | None, Parameter(validator=positive, converter=whole)] = None,
    seed: Annotated[int, Parameter(validator=a_seed, converter=whole)] = 0,
    threads: Annotated[int, Parameter(validator=some_threads, converter=whole)] = 2,
    common: Common | None = None,
) -> int:
    """Schedule the Defence Line of each state, alone and together, and say what holds it back.

    Ctrl-C stops the search and keeps the best schedule found until then.

    Parameters
    ----------
    region
        Folder of a region, or the name of one that ships (baltic).
    out
        Folder whose folder works gets the tables. `vallum report` finds them.
    runs
        Random runs of durations and tenders, for each mode.
    lever_runs
        Random runs of each lever.
    time_limit
        Seconds of search per mode. 20 unless a work limit is given.
    work
        Work per mode, in quarters of a second of a deterministic clock. Without a time limit the same region,
        seed and work give the same schedule on every run.
    seed
        Seed of the search and of the runs.
    threads
        Threads of the search.
    """
    common = common or Common()
    from vallum.plan.results import refuse_other
    from vallum.plan.works import WORKS, make
    from vallum.region import Region
    from vallum.solve import Limits

    place = None if out is None else out / WORKS.kind
    if place is not None:
        refuse_ground_under_feet(place)
        refuse_other(WORKS, place)
    if time_limit is None and work is None:
        time_limit = TIME_LIMIT_S
    limits = Limits(time_limit=time_limit, work=work, seed=seed, threads=threads)
    read = Region.read(region).require_sound()
    with libraries_silenced(), Progress() as progress:
        found = make(read, limits=limits, runs=runs, lever_runs=lever_runs, out=place, progress=progress)
    if common.json:
        from vallum.cli.line_documents import Identity, LineDocument
        from vallum.cli.table_documents import document_of

        emit(document_of(LineDocument, Identity, region, place, found))
    else:
        print_works(found)
        if place is not None:
            show("", f"The tables are in {escape(str(place))}")
    if "interrupted" in found.run["status"].values():
        say("Interrupted: these are the best schedules found until then.")
    return OK


def print_works(found: "Results") -> None:
    """Print when works are done, what binds, what shortens them, and what ages."""
    show("[bold]When the works are done[/]", finish_table(found))
    for row in found.tables["calibration"].to_dicts():
        verdict = "within" if row["inside"] else "outside"
        show(
            f"Forecast from {row['known_until']}: {row['state']} {row['element_id']} on {row['date']}: "
            f"{row['fact']:g} came, {verdict} {row['p05']:.0f} to {row['p95']:.0f} (90 % of runs)"
        )
    show("", "[bold]What binds[/] (weeks in the chain to the last works of a state)", binding_table(found))
    show("", "[bold]What shortens it[/] (months gained)", lever_table(found))
    show("", "[bold]What it costs to the end of the schedule[/], EUR million", refresh_table(found))
    show("", "[bold]Search[/]", level_table(found))
    if found.tables["unfunded"].height:
        show("", f"{found.tables['unfunded'].height} batches are not paid for; see the table unfunded.")


def finish_table(found: "Results") -> Table:
    """Finishes by mode, state and kind, with targets and chances."""
    shown = table("state", "works", "target", "mode", "planned", "half of runs", "80 of 100", ">chance")
    names = {"": "all with a target"}
    rows = (
        found.tables["finish"]
        .filter(policy="list")
        .sort("state", "element_id", "mode", descending=[False, False, True])
    )
    for row in rows.to_dicts():
        shown.add_row(
            row["state"],
            names.get(row["element_id"], row["element_id"]),
            row["target"] or "–",
            row["mode"],
            row["planned"],
            row["p50"],
            row["p80"] or "not shown",
            "–" if row["chance"] is None else f"{100 * row['chance']:.0f} %",
        )
    return shown


def binding_table(found: "Results") -> Table:
    """What the chains are made of, the most first."""
    shown = table("mode", "state", "most of it")
    frame = found.tables["binding"].sort("weeks", descending=True)
    for (mode, state), rows in frame.group_by("mode", "state", maintain_order=True):
        parts = [f"{row['what']} {row['weeks']:.0f}" for row in rows.to_dicts()[:BINDING_SHOWN]]
        shown.add_row(str(mode), str(state), escape("; ".join(parts)))
    return shown


def lever_table(found: "Results") -> Table:
    """Levers with what they gain in each state."""
    frame = found.tables["levers"]
    states = frame["state"].unique().sort().to_list()
    shown = table(
        "lever",
        *(f">{state} mean" for state in states),
        *(f">{state} p80" for state in states),
        ">EUR million",
    )
    for _, rows in frame.group_by("lever_id", maintain_order=True):
        by_state = {row["state"]: row for row in rows.to_dicts()}
        first = next(iter(by_state.values()))
        shown.add_row(
            escape(first["name"]),
            *(number(by_state[state]["months_mean"], 1) for state in states),
            *(number(by_state[state]["months_p80"], 1) for state in states),
            number(first["cost_meur"], 1),
        )
    return shown


def refresh_table(found: "Results") -> Table:
    """Building, upkeep and replacement by mode and state."""
    import polars as pl

    shown = table("mode", "state", ">build", ">upkeep", ">replace", ">low", ">high", ">replace, share")
    columns = ["build_meur", "upkeep_meur", "refresh_meur", "refresh_low_meur", "refresh_high_meur"]
    sums = found.tables["refresh"].group_by("mode", "state").agg(pl.col(columns).sum()).sort("mode", "state")
    for row in sums.to_dicts():
        whole_cost = row["build_meur"] + row["upkeep_meur"] + row["refresh_meur"]
        share = row["refresh_meur"] / whole_cost if whole_cost else 0.0
        shown.add_row(
            row["mode"], row["state"], *(number(row[c], 0) for c in columns), f"{100 * share:.0f} %"
        )
    return shown


def level_table(found: "Results") -> Table:
    """Levels of the search."""
    shown = table("mode", "level", ">value", ">bound", ">gap")
    for row in found.tables["levels"].to_dicts():
        shown.add_row(
            row["mode"],
            row["name"],
            number(row["value"], 1),
            number(row["bound"], 1),
            f"{100 * row['gap']:.1f} %",
        )
    return shown
