"""`vallum sky REGION`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from vallum.cli.options import Common, a_folder, a_seed, positive, some_threads, whole
from vallum.cli.outcome import OK
from vallum.cli.output import emit, libraries_silenced, number, say, show, table
from vallum.cli.plan import refuse_ground_under_feet
from vallum.cli.progress import Progress

if TYPE_CHECKING:
    import polars as pl

    from vallum.plan.results import Results

__all__ = ["sky"]

TIME_LIMIT_S = 30.0
FEWEST_TRACKS, MOST_TRACKS = 100, 200_000
HOUR = 60

VARIANTS = (
    ("none", "today", "as today"),
    ("none", "joint", "joint alerting alone"),
    ("national", "today", "sensors of each state"),
    ("national", "joint", "sensors of each state, joint alerting"),
    ("joint", "joint", "sensors and alerting together"),
)
"""What is set side by side: sensors, alerting, and its name."""


def some_tracks(_: object, value: int) -> None:
    """Refuse a number of tracks that says nothing or that nobody waits for."""
    if not FEWEST_TRACKS <= value <= MOST_TRACKS:
        message = f"It must be from {FEWEST_TRACKS} to {MOST_TRACKS}."
        raise ValueError(message)


def sky(
    region: str,
    /,
    *,
    budget: Annotated[float, Parameter(validator=positive)],
    out: Annotated[Path | None, Parameter(converter=a_folder)] = None,
    against_loss: bool = False,
    tracks: Annotated[int, Parameter(validator=some_tracks, converter=whole)] = 10_000,
    time_limit: Annotated[float | None, Parameter(validator=positive)] = None,
    work: Annotated[int | None, Parameter(validator=positive, converter=whole)] = None,
    seed: Annotated[int, Parameter(validator=a_seed, converter=whole)] = 0,
    threads: Annotated[int, Parameter(validator=some_threads, converter=whole)] = 1,
    common: Common | None = None,
) -> int:
    """Site the sensors of a drone wall, alone and together, and say how many minutes of warning people get.

    Sensors are counts by municipality or border sector. Ctrl-C stops the search and keeps the best siting
    found until then.

    Parameters
    ----------
    region
        Folder of a region, or the name of one that ships (baltic).
    budget
        EUR million for buying sensors and keeping them for the years of service, all states together.
    out
        Folder whose folder sky gets the tables and map.geojson. `vallum report` finds them.
    against_loss
        Site for the cover that is left when the kind of sensors fails whose loss is worst.
    tracks
        Random tracks that are warned of.
    time_limit
        Seconds of search per mode. 30 unless a work limit is given.
    work
        Work per mode, in moves of the search. Without a time limit the same region, seed and work give the
        same siting on every run.
    seed
        Seed of the search and of the tracks.
    threads
        Threads of the solver; more rarely help.
    """
    common = common or Common()
    from vallum.plan.results import refuse_other
    from vallum.plan.sky import SKY
    from vallum.plan.sky.pipeline import make
    from vallum.region import Region
    from vallum.solve import Limits

    place = None if out is None else out / SKY.kind
    if place is not None:
        refuse_ground_under_feet(place)
        refuse_other(SKY, place)
    if time_limit is None and work is None:
        time_limit = TIME_LIMIT_S
    limits = Limits(time_limit=time_limit, work=work, seed=seed, threads=threads)
    read = Region.read(region).require_sound()
    with libraries_silenced(), Progress() as progress:
        found = make(
            read,
            budget,
            limits=limits,
            tracks=tracks,
            against_loss=against_loss,
            out=place,
            progress=progress,
        )
    if common.json:
        from vallum.cli.sky_documents import Identity, SkyDocument
        from vallum.cli.table_documents import document_of

        emit(document_of(SkyDocument, Identity, region, place, found))
    else:
        print_sky(found)
        if place is not None:
            show("", f"The tables and map.geojson are in {escape(str(place))}")
    if found.run["interrupted"]:
        say("Interrupted: these are the best sitings found until then.")
    return OK


def print_sky(found: "Results") -> None:
    """Print what is seen, how early people are warned, what money gains, and the cases of the past."""
    if found.tables["warning_total"].height:
        show(
            "[bold]Warning[/] (minutes from alert to arrival, over random tracks and people)",
            warning_table(found),
        )
    else:
        show("Nobody is warned: that takes border sectors to cross and municipalities to warn.")
    show("", "[bold]Sensors[/]", units_table(found))
    show("", "[bold]Cover[/] (share of the greatest there could be)", search_table(found))
    show("", "[bold]Without a kind[/] (tracks seen by one kind / by enough kinds)", loss_table(found))
    if found.tables["seams"].height:
        show(
            "",
            "[bold]Across a seam[/] (median minutes of people whom a track reaches from another state)",
            seam_table(found),
        )
    show("", "[bold]More or less money[/]", marginal_table(found))
    if found.tables["replay"].height:
        show("", "[bold]Cases of the past[/] (local time; gain in minutes)", replay_table(found))
    show(
        "",
        "Sensors that stand today are not public and count as none. Ranges, prices and delays are "
        "assumptions; woods and hills see less than smooth earth.",
    )


def _variants(frame: "pl.DataFrame", *keys: str) -> dict[tuple[str, ...], dict[str, Any]]:
    return {(row["sensors"], row["alerting"], *(row[key] for key in keys)): row for row in frame.to_dicts()}


def warning_table(found: "Results") -> Table:
    """Minutes and people in time by state and variant."""
    shown = table(
        "state", "", ">mean", ">low", ">high", ">10 of 100", ">half", ">90 of 100", ">warned", ">in time"
    )
    rows = _variants(found.tables["warning_total"], "state")
    states = sorted({key[2] for key in rows})
    for state in states:
        for sensors, alerting, name in VARIANTS:
            row = rows.get((sensors, alerting, state))
            if row is not None:
                columns = (
                    "minutes_mean",
                    "mean_low",
                    "mean_high",
                    "minutes_p10",
                    "minutes_p50",
                    "minutes_p90",
                )
                shown.add_row(
                    state or "all",
                    name,
                    *(number(row[column], 0) for column in columns),
                    *(f"{100 * row[column]:.0f} %" for column in ("warned", "in_time")),
                )
    return shown


def units_table(found: "Results") -> Table:
    """Units and price by type and mode."""
    import polars as pl

    sums = (
        found.tables["siting"]
        .group_by("type_id", "mode")
        .agg(pl.col("units", "buy_meur", "service_meur").sum())
    )
    rows = {(row["type_id"], row["mode"]): row for row in sums.to_dicts()}
    shown = table("type", ">each", ">alone", ">EUR million", ">together", ">EUR million")
    for kind in found.tables["types"].to_dicts():
        cells = []
        for mode in ("national", "joint"):
            row = rows.get((kind["type_id"], mode), {"units": 0, "service_meur": 0.0})
            cells += [f"{row['units']:,}", number(row["service_meur"], 1)]
        shown.add_row(escape(kind["name"]), number(kind["service_meur"], 3), *cells)
    return shown


def search_table(found: "Results") -> Table:
    """Value, bound and gap of each buyer."""
    shown = table("mode", "buyer", ">cover", ">at most", ">gap", ">EUR million", ">of")
    for row in found.tables["search"].sort("mode", "state", descending=[True, False]).to_dicts():
        shown.add_row(
            row["mode"],
            row["state"] or "all",
            number(row["value"], 4),
            number(row["bound"], 4),
            f"{100 * row['gap']:.2f} %",
            number(row["spent_meur"], 1),
            number(row["budget_meur"], 1),
        )
    return shown


def loss_table(found: "Results") -> Table:
    """Cover of all states' people without each kind."""
    rows = {(row["sensors"], row["kind_id"]): row for row in found.tables["loss"].filter(state="").to_dicts()}
    shown = table("without", ">alone", ">together")
    for kind in sorted({key[1] for key in rows}):
        cells = [rows.get((mode, kind)) for mode in ("national", "joint")]
        shown.add_row(
            kind or "(all there)",
            *(
                "–" if row is None else f"{100 * row['one']:.0f} / {100 * row['enough']:.0f} %"
                for row in cells
            ),
        )
    return shown


def seam_table(found: "Results") -> Table:
    """Median minutes across each seam by variant."""
    rows = _variants(found.tables["seams"], "from_state", "state")
    shown = table("from", "to", *(f">{name}" for _, _, name in VARIANTS))
    for pair in sorted({key[2:] for key in rows}):
        cells = [rows.get((sensors, alerting, *pair)) for sensors, alerting, _ in VARIANTS]
        shown.add_row(*pair, *("–" if row is None else number(row["minutes_p50"], 0) for row in cells))
    return shown


def marginal_table(found: "Results") -> Table:
    """What each budget gives."""
    shown = table(
        "mode", ">EUR million", ">cover", ">minutes", ">people in time", ">minutes per EUR 10 million"
    )
    for row in found.tables["marginal"].sort("mode", "budget_meur", descending=[True, False]).to_dicts():
        shown.add_row(
            row["mode"],
            number(row["budget_meur"], 0),
            number(row["value"], 4),
            number(row["minutes_mean"], 1),
            number(row["people_in_time"], 0),
            "–" if row["per_10_meur"] is None else number(row["per_10_meur"], 2),
        )
    return shown


def replay_table(found: "Results") -> Table:
    """Alerts of the cases of the past, by municipality and variant."""
    names = {row["place_id"]: row["name"] for row in found.tables["places"].to_dicts()}
    shown = table("case", "municipality", ">people", "variant", ">alert", ">gain", ">10 of 100", ">90 of 100")
    for row in found.tables["replay"].sort("case_id", "place_id", "variant").to_dicts():
        shown.add_row(
            row["case_id"],
            escape(names.get(row["place_id"], row["place_id"])),
            f"{row['people']:,.0f}",
            row["variant"],
            clock(row["alert_p50"]),
            *(number(row[column], 0) for column in ("gain_p50", "gain_p10", "gain_p90")),
        )
    return shown


def clock(minute: float) -> str:
    """Return minutes after midnight as a time of day."""
    hours, minutes = divmod(round(minute), HOUR)
    return f"{hours % 24:02d}:{minutes:02d}"
