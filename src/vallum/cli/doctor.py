"""`vallum doctor`: whether this machine has what Vallum needs."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.markup import escape

from vallum.cli.doctor_hub import hub_conditions
from vallum.cli.documents import Condition, DoctorDocument
from vallum.cli.options import Common
from vallum.cli.outcome import NO, OK
from vallum.cli.output import emit, libraries_silenced, show, table
from vallum.core.errors import VallumError

__all__ = ["doctor"]

PACKAGES = (
    "vallum",
    "polars",
    "dataframely",
    "numpy",
    "highspy",
    "ortools",
    "msgspec",
    "cyclopts",
    "rich",
    "jinja2",
)
SPACE_NEEDED_MB = 200
COLOURS = {"ok": "green", "missing": "yellow", "warning": "yellow", "failed": "bold red"}


def doctor(*, hub: Path | None = None, common: Common | None = None) -> int:
    """Say whether this machine has what Vallum needs.

    Parameters
    ----------
    hub
        Also examine what a hub with this configuration (hub.toml) needs.
    """
    common = common or Common()
    with libraries_silenced():
        conditions = [condition for examine in EXAMINATIONS for condition in examine()]
        if hub is not None:
            conditions += hub_conditions(hub)
    healthy = all(condition.status != "failed" for condition in conditions)
    if common.json:
        emit(DoctorDocument(healthy=healthy, conditions=conditions))
    else:
        shown = table("what", "status", "value", "remedy")
        for one in conditions:
            colour = COLOURS[one.status]
            name, value, remedy = map(escape, (one.name, one.value, one.remedy or ""))
            shown.add_row(name, f"[{colour}]{one.status}[/]", value, remedy)
        show(shown, "Ready." if healthy else "Vallum does not work here until what failed is put right.")
    return OK if healthy else NO


def python() -> Iterator[Condition]:
    """Examine the interpreter and the machine."""
    yield Condition(name="python", status="ok", value=f"{platform.python_version()} at {sys.executable}")
    yield Condition(name="machine", status="ok", value=f"{platform.platform()}, {os.cpu_count()} processors")


def packages() -> Iterator[Condition]:
    """Examine the installed packages."""
    for name in PACKAGES:
        try:
            yield Condition(name=name, status="ok", value=version(name))
        except PackageNotFoundError:
            yield Condition(name=name, status="failed", value="not installed", remedy="Install vallum again.")


def solver() -> Iterator[Condition]:
    """Solve the smallest problem there is: least x with x >= 1."""
    from vallum.solve import Budget, Builder, Limits, Session

    builder = Builder()
    column = builder.add_columns("x", 1, cost=1.0)
    row = builder.add_rows("least", 1, lower=1.0, rule="x is at least 1")
    builder.add(row, column, 1.0)
    made = builder.program()
    session = Session(
        made.cost, made.lower, made.upper, made.matrix, made.row_lower, made.row_upper, Budget(Limits())
    )
    answer = session.lp()
    working = answer.status == "optimal" and abs(answer.value - 1.0) < 1e-9
    yield Condition(
        name="solver",
        status="ok" if working else "failed",
        value="HiGHS solves" if working else f"HiGHS answers {answer.status}",
        remedy=None if working else "Install highspy again.",
    )


def regions() -> Iterator[Condition]:
    """Read every region that ships."""
    from vallum.region import Region, catalogue
    from vallum.region.region import SHIPPED

    names = catalogue()
    if not names:
        yield Condition(name="regions", status="failed", value="none ship", remedy="Install vallum again.")
    for name in names:
        try:
            region = Region.read(name)
        except VallumError as error:
            yield Condition(
                name=f"region {name}", status="failed", value=str(error), remedy="Install vallum again."
            )
            continue
        yield Condition(
            name=f"region {name}",
            status="ok" if region.sound else "failed",
            value=f"{sum(table.height for table in region.tables.values()):,} rows, in {SHIPPED / name}",
            remedy=None if region.sound else f"Run vallum check {name}.",
        )


def browser() -> Iterator[Condition]:
    """Look for the browser that the browser tests use."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
        "",
    )
    yield Condition(
        name="chromium",
        status="ok" if found else "missing",
        value=found or "not found; only the browser tests need it",
        remedy=None if found else "Debian: apt-get install chromium",
    )


def disk() -> Iterator[Condition]:
    """Examine the folder that the command was started in."""
    here = Path.cwd()
    free_mb = shutil.disk_usage(here).free // 1_000_000
    enough = free_mb >= SPACE_NEEDED_MB
    yield Condition(
        name="disk space",
        status="ok" if enough else "failed",
        value=f"{free_mb:,} MB free",
        remedy=None if enough else f"A plan and its report need up to {SPACE_NEEDED_MB} MB.",
    )
    try:
        with tempfile.TemporaryFile(dir=here):
            pass
    except OSError as error:
        yield Condition(
            name="write permission",
            status="missing",
            value=str(error),
            remedy="Name a folder elsewhere in --out.",
        )
    else:
        yield Condition(name="write permission", status="ok", value=str(here))


EXAMINATIONS: tuple[Callable[[], Iterator[Condition]], ...] = (
    python,
    packages,
    solver,
    regions,
    browser,
    disk,
)
