"""`vallum plan REGION --out DIR`."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from cyclopts import Parameter
from rich.markup import escape

from vallum.cli.compare import print_comparison
from vallum.cli.documents import Comparison, ModeResult, PlanDocument
from vallum.cli.options import Common, a_folder, a_fraction, a_seed, positive, some_threads, whole
from vallum.cli.outcome import OK
from vallum.cli.output import emit, libraries_silenced, number, say, show, table
from vallum.cli.plan_documents import Frontier
from vallum.cli.plan_text import print_frontier
from vallum.cli.progress import Progress
from vallum.core.errors import BadInput

if TYPE_CHECKING:
    from vallum.plan.frontier import Question

__all__ = ["plan"]

TIME_LIMIT_S = 60.0
POINTS = 8


@Parameter(name="*")
@dataclass(frozen=True)
class Asked:
    """What is asked beside the plan of the tables as they are."""

    scenario: str | None = None
    "Changes to the region's tables: a name out of `vallum scenarios REGION`, or a TOML file."
    frontier: str | None = None
    """A trade-off, the axis held and the one made least: cost:shortfall, shortfall:cost, or one of domestic
    (share made in member states), types, and peak (largest yearly spending) before :shortfall or :cost. Its
    points together take the limits of a mode again. Ctrl-C keeps those that are finished, and the same
    command goes on from them."""
    points: Annotated[int | None, Parameter(validator=positive, converter=whole)] = None
    "With --frontier: points of each mode, 8 unless given."


def plan(
    region: str,
    /,
    *,
    out: Annotated[Path, Parameter(converter=a_folder)],
    mode: Literal["national", "joint", "both"] = "both",
    time_limit: Annotated[float | None, Parameter(validator=positive)] = None,
    work: Annotated[int | None, Parameter(validator=positive, converter=whole)] = None,
    gap: Annotated[float, Parameter(validator=a_fraction)] = 0.0001,
    seed: Annotated[int, Parameter(validator=a_seed, converter=whole)] = 0,
    threads: Annotated[int, Parameter(validator=some_threads, converter=whole)] = 1,
    asked: Asked | None = None,
    common: Common | None = None,
) -> int:
    """Plan a region alone, together, or both, and write the plan to a folder.

    Ctrl-C stops the search and keeps the best plan found until then.

    Parameters
    ----------
    region
        Folder of a region, or the name of one that ships (toy, baltic).
    out
        Folder to write. A folder that holds anything but a plan is refused.
    mode
        national: each state orders alone. joint: states may order together. both: the two, compared.
    time_limit
        Seconds per mode. 60 unless a work limit is given.
    work
        Work per mode, in check points of branch and bound (about four a second on a large region). Without a
        time limit the same region, seed and work give the same plan on every run.
    gap
        Gap at which the shortfall counts as solved, as a fraction.
    seed
        Seed of the solver.
    threads
        Threads of the solver.
    """
    common, asked = common or Common(), asked or Asked()
    from vallum.plan import make
    from vallum.plan.folder import refuse_foreign
    from vallum.plan.scenario_file import find_scenario
    from vallum.region import Region
    from vallum.solve import Limits

    trade_off = question_of(asked)
    if time_limit is None and work is None:
        time_limit = TIME_LIMIT_S
    limits: Limits = Limits(time_limit=time_limit, work=work, gap=gap, seed=seed, threads=threads)
    refuse_ground_under_feet(out)
    # A folder that must not be replaced is found now and not after minutes of work.
    refuse_foreign(out)
    read = Region.read(region).require_sound()
    changes = None if asked.scenario is None else find_scenario(region, asked.scenario)
    with libraries_silenced(), Progress() as progress:
        summary = make(
            read, mode=mode, limits=limits, out=out, scenario=changes, frontier=trade_off, progress=progress
        )
    document = document_of(region, out, summary)
    if common.json:
        emit(document)
    else:
        print_plan(document)
    if document.interrupted:
        say(f"Interrupted: the best plan found until then is in {escape(str(out))}.")
    return OK


def question_of(given: Asked) -> "Question | None":
    """Return the trade-off that is asked for."""
    from vallum.plan.frontier import question

    if given.frontier is not None:
        return question(given.frontier, POINTS if given.points is None else given.points)
    if given.points is not None:
        raise BadInput(
            "It belongs to --frontier", where="--points", rule="frontier",
            remedy="Add --frontier cost:shortfall.",
        )  # fmt: skip
    return None


def refuse_ground_under_feet(out: Path) -> None:
    """Raise BadInput for the folder that one is in: it would be replaced, and the shell left in no folder."""
    if Path.cwd().is_relative_to(Path(os.path.realpath(out))):
        raise BadInput(
            "The plan replaces this folder as a whole, and the command was started in it",
            where=str(out),
            rule="output_folder",
            remedy="Give a folder in it, such as --out plan.",
        )


def document_of(region: str, out: Path, summary: dict[str, Any]) -> PlanDocument:
    """Return the summary of a plan as the document that `--json` writes."""
    modes = msgspec.convert(summary["modes"], dict[str, ModeResult])
    compare, frontier = summary.get("compare"), summary.get("frontier")
    return PlanDocument(
        region=region,
        out=str(out),
        interrupted=any(result.status == "interrupted" for result in modes.values())
        or (frontier is not None and not frontier["complete"]),
        modes=modes,
        compare=None if compare is None else msgspec.convert(compare, Comparison),
        frontier=None if frontier is None else msgspec.convert(frontier, Frontier),
    )


def print_plan(document: PlanDocument) -> None:
    """Print what each mode reaches, per level and per state."""
    levels = table("mode", "level", ">value", ">bound", ">gap", ">seconds")
    for mode, result in document.modes.items():
        for level in result.levels:
            gap = "–" if level.gap is None else f"{100 * level.gap:.2f} %"
            levels.add_row(
                mode,
                level.name,
                number(level.value, 4),
                number(level.bound, 4),
                gap,
                number(level.seconds, 1),
            )
    states = table("mode", "state", ">gap-years", ">cost, EUR million", ">SAFE drawn, EUR million")
    for mode, result in document.modes.items():
        for state, one in result.states.items():
            states.add_row(
                mode,
                state,
                number(one.gap_years, 3),
                number(one.cost_meur, 0),
                number(one.safe_drawn_meur, 0),
            )
    show(levels, "", states, "")
    if document.compare:
        print_comparison(document.compare)
        show("")
    if document.frontier:
        print_frontier(document.frontier)
        show("")
    show(f"The plan is in {escape(document.out)}")
