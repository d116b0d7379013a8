"""`vallum portfolio FILE`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from vallum.cli.options import Common, a_folder, a_fraction, a_seed, positive, whole
from vallum.cli.outcome import NO, OK
from vallum.cli.output import emit, libraries_silenced, number, say, show, table
from vallum.cli.progress import Progress
from vallum.core.errors import BadInput

if TYPE_CHECKING:
    from vallum.cli.portfolio_documents import PortfolioDocument
    from vallum.plan.audit.portfolio import PortfolioAudit
    from vallum.solve.portfolio import Change, Found, Point, Portfolio

__all__ = ["portfolio"]

TIME_LIMIT_S = 60.0
MOST_WORKERS, MOST_MOVES = 64, 10**15
#: Changes that are shown of each kind; the file has all.
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Event:
    """Progress as `vallum.cli.progress` shows it."""

    stage: str
    mode: str
    seconds: float
    value: float | None
    bound: float | None
    message: str


def some_workers(_: object, value: int) -> None:
    """Refuse a number of processes that no machine has use for."""
    if not 1 <= value <= MOST_WORKERS:
        message = f"It must be from 1 to {MOST_WORKERS}."
        raise ValueError(message)


def some_moves(_: object, value: int | None) -> None:
    """Refuse a number of moves that nobody waits for."""
    if value is not None and not 1 <= value <= MOST_MOVES:
        message = f"It must be from 1 to {MOST_MOVES}."
        raise ValueError(message)


def portfolio(  # noqa: PLR0913 these are options of a command
    file: Path,
    /,
    *,
    out: Annotated[Path, Parameter(converter=a_folder)],
    time_limit: Annotated[float | None, Parameter(validator=positive)] = None,
    moves: Annotated[int | None, Parameter(validator=some_moves, converter=whole)] = None,
    seed: Annotated[int, Parameter(validator=a_seed, converter=whole)] = 0,
    gap: Annotated[float, Parameter(validator=a_fraction)] = 0.0001,
    workers: Annotated[int, Parameter(validator=some_workers, converter=whole)] = 2,
    standing: Annotated[Path | None, Parameter(name="--from")] = None,
    cut_budget: float | None = None,
    from_year: Annotated[int, Parameter(converter=whole)] = 1,
    cancel: tuple[str, ...] = (),
    common: Common | None = None,
) -> int:
    """Choose projects and their start years under yearly and stream budgets, and prove how good the plan is.

    Ctrl-C stops the search and keeps the best plan found until then.

    Parameters
    ----------
    file
        Instance of the public force-design family (JSON).
    out
        Folder that gets plan.csv, run.json and, with --from, changes.csv.
    time_limit
        Seconds for all. 60 unless a number of moves is given.
    moves
        Moves of each worker. Without a time limit the same file, seed, moves and workers give the same plan.
    seed
        Seed of the search.
    gap
        Gap at which the search ends, as a fraction; only with a time limit.
    workers
        Processes of the search.
    standing
        Plan to start from: a plan.csv, or the folder of one. What changes, and why, is listed.
    cut_budget
        Share that budgets lose, 0.2 for a fifth.
    from_year
        First year with the cut, counted from 1.
    cancel
        Name of a project that may not start; may be given more than once.
    """
    common = common or Common()
    from vallum.cli.portfolio_files import check_folder, csv_text, read_plan, write_folder
    from vallum.plan.pipeline import interruptible
    from vallum.solve import Cancel, Limits
    from vallum.solve.portfolio import cancelled, changes, cut, read, solve

    check_folder(out)
    problem = cancelled(read(file), cancel)
    if cut_budget is not None:
        problem = cut(problem, cut_budget, from_year)
    elif from_year != 1:
        raise BadInput("--from-year says nothing without --cut-budget", remedy="Give --cut-budget, too.")
    former = None if standing is None else read_plan(standing, problem.names, problem.planning)
    old = None if former is None else starts_of(problem, former)
    if time_limit is None and moves is None:
        time_limit = TIME_LIMIT_S
    limits = Limits(time_limit=time_limit, work=moves, gap=gap, seed=seed, threads=workers)
    stop = Cancel()
    with libraries_silenced(), Progress() as progress, interruptible(stop):

        def report(point: "Point") -> None:
            stage = "bound" if point.bound is None else "search"
            progress(Event(stage, "portfolio", point.seconds, point.value, point.bound, ""))

        found = solve(problem, limits, standing=old, cancel=stop, report=report)
    audited = audit(file, problem, found, cut_budget, from_year, cancel)
    told = None if old is None else changes(problem, old, found.start)
    document = document_of(file, out, problem, found, audited, told)
    document.seed, document.moves, document.workers = seed, moves, workers
    document.cut_budget, document.cancelled = cut_budget, list(cancel)
    document.from_year = from_year if cut_budget is not None else None
    files = {"plan.csv": csv_text(("project", "stream", "start", "end", "value"), plan_rows(problem, found))}
    if told is not None:
        rows = [(c.project, c.kind, c.before, c.after, c.reason) for c in told]
        files["changes.csv"] = csv_text(("project", "kind", "before", "after", "reason"), rows)
    import msgspec

    files["run.json"] = msgspec.json.format(msgspec.json.encode(document)).decode() + "\n"
    write_folder(out, files)
    if common.json:
        emit(document)
    else:
        print_portfolio(document)
        show("", f"The plan is in {escape(str(out))}")
    if found.status == "interrupted":
        say("Interrupted: this is the best plan found until then.")
    return OK if audited.passed else NO


def starts_of(problem: "Portfolio", former: dict[str, int]) -> Any:
    """Start years by name as an array; NEVER for projects that are not in the plan."""
    import numpy as np

    return np.array([former.get(name, 0) - 1 for name in problem.names], np.int64)


def plan_rows(problem: "Portfolio", found: "Found") -> list[tuple[object, ...]]:
    """Rows of plan.csv: years counted from 1, the last year included, value discounted."""
    rows: list[tuple[object, ...]] = []
    for j, start in enumerate(found.start.tolist()):
        if start >= 0:
            value = round(float(problem.worth[j, start]), 6)
            end = start + int(problem.duration[j])
            rows.append((problem.names[j], int(problem.stream[j]), start + 1, end, value))
    return rows


def audit(
    file: Path, problem: "Portfolio", found: "Found", cut_budget: float | None, from_year: int,
    cancel: tuple[str, ...],
) -> "PortfolioAudit":  # fmt: skip
    """Audit the plan against the file itself."""
    from vallum.plan.audit.portfolio import audit_starts

    starts = {problem.names[j]: s + 1 for j, s in enumerate(found.start.tolist()) if s >= 0}
    factor = [1.0 - (cut_budget or 0.0) * (year + 1 >= from_year) for year in range(problem.years)]
    return audit_starts(json.loads(file.read_bytes()), starts, factor=factor, cancelled=cancel)


def document_of(
    file: Path, out: Path, problem: "Portfolio", found: "Found", audited: "PortfolioAudit",
    told: "list[Change] | None",
) -> "PortfolioDocument":  # fmt: skip
    """The result as a document; the caller adds its own options."""
    import msgspec

    from vallum.cli.portfolio_documents import PortfolioDocument

    content = {
        "file": str(file), "out": str(out), "status": found.status, "projects": audited.projects,
        "of": problem.projects, "value": found.value, "bound": found.bound,
        "gap": found.gap if found.value > 0 else None, "seconds": found.seconds, "seed": 0, "moves": None,
        "workers": 1, "cut_budget": None, "from_year": None, "cancelled": [],
        "audit": {**asdict(audited), "passed": audited.passed},
        "changes": None if told is None else [asdict(change) for change in told],
        "curve": [asdict(point) for point in found.curve],
    }  # fmt: skip
    return msgspec.convert(content, PortfolioDocument, strict=False)


def print_portfolio(document: "PortfolioDocument") -> None:
    """Print value, bound, use of money, audit and changes."""
    gap = "–" if document.gap is None else f"{100 * document.gap:.3f} %"
    show(
        f"[bold]{document.projects:,} of {document.of:,} projects[/]  value {number(document.value, 1)}  "
        f"no plan has more than {number(document.bound, 1)}  gap {gap}  ({document.status}, "
        f"{document.seconds:.0f} s)"
    )
    audited = document.audit
    if audited.passed:
        show(f"Audit: passed, {audited.checked:,} comparisons.")
    else:
        show(f"[bold red]Audit: {len(audited.breaches)} rules broken.[/]")
        for breach in audited.breaches[:SHOWN]:
            show(escape(breach.sentence))
    if document.changes is not None:
        show("", f"[bold]What changes[/] ({len(document.changes)} projects)", change_table(document))


def change_table(document: "PortfolioDocument") -> Table:
    """The first changes of each kind."""
    shown = table("project", "", ">before", ">after", "why")
    for kind in ("dropped", "moved", "added"):
        mine = [change for change in document.changes or () if change.kind == kind]
        for change in mine[:SHOWN]:
            years = ("–" if year is None else str(year) for year in (change.before, change.after))
            shown.add_row(escape(change.project), kind, *years, escape(change.reason))
        if len(mine) > SHOWN:
            shown.add_row(f"and {len(mine) - SHOWN} more", kind, "", "", "see changes.csv")
    return shown
