"""Recompute a portfolio plan from the instance file and the start years alone.

Written from docs/explanation/portfolio.md in plain Python. It shares nothing with the model, the reader or
the
search: it opens the JSON itself, adds up money and value year by year, and names each rule that the plan
breaks.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from vallum.core.errors import BadInput

__all__ = ["Breach", "PortfolioAudit", "audit_portfolio", "audit_starts"]

#: Money by which a sum of decimals may seem to pass a budget.
ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule that the plan breaks.

    Attributes
    ----------
    rule : str
        project, start, horizon, window, prerequisite, exclusion, total, initiation, ongoing or stream.
    item : str
        Project or stream.
    year : int or None
        Counted from 1.
    used, limit : float or None
    sentence : str
    """

    rule: str
    item: str
    year: int | None
    used: float | None
    limit: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class PortfolioAudit:
    """What follows from the file and the starts.

    Attributes
    ----------
    value : float
        Discounted value of the plan.
    projects : int
        Projects in the plan.
    checked : int
        Comparisons made.
    breaches : tuple of Breach
    total, initiation, ongoing : tuple of float
        Money used in each year.
    streams : tuple of float
        Money used of each stream within the planning years.
    """

    value: float
    projects: int
    checked: int
    breaches: tuple[Breach, ...]
    total: tuple[float, ...]
    initiation: tuple[float, ...]
    ongoing: tuple[float, ...]
    streams: tuple[float, ...]

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return not self.breaches


@dataclass(slots=True)
class _Sheet:
    """Breaches, and how many comparisons were made."""

    breaches: list[Breach] = field(default_factory=list)
    checked: int = 0

    def hold(
        self, good: bool, rule: str, item: str, sentence: str, *,
        year: int | None = None, used: float | None = None, limit: float | None = None,
    ) -> None:  # fmt: skip
        """Count a comparison and keep it if it failed."""
        self.checked += 1
        if not good:
            self.breaches.append(Breach(rule, item, year, used, limit, sentence))


def audit_portfolio(path: Path, starts: Mapping[str, int]) -> PortfolioAudit:
    """Audit a plan against an instance file.

    Parameters
    ----------
    path : Path
        JSON file of the public force-design family.
    starts : mapping of str to int
        Start year, counted from 1, of each project in the plan, by name.

    Raises
    ------
    BadInput
        When the file is no instance.
    """
    try:
        document = json.loads(path.read_bytes())
        return audit_starts(document, starts)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise BadInput(
            f"This is no instance ({type(error).__name__}: {str(error)[:100]}).", where=str(path),
            rule="instance", remedy="Give the file that the plan was made from.",
        ) from error  # fmt: skip


def audit_starts(
    document: Mapping[str, Any],
    starts: Mapping[str, int],
    *,
    factor: Sequence[float] | None = None,
    cancelled: Sequence[str] = (),
) -> PortfolioAudit:
    """Audit a plan against an instance that has been loaded.

    Parameters
    ----------
    document : mapping
    starts : mapping of str to int
    factor : sequence of float, optional
        Share of each year's budget that is left; streams keep the share that the planning years' total keeps.
    cancelled : sequence of str
        Projects that may not start.

    Raises
    ------
    KeyError, TypeError, IndexError
        When the document is no instance.
    """
    sheet = _Sheet()
    projects = {project["name"]: project for project in document["projects"]}
    listed = [project["name"] for project in document["projects"]]
    for name in starts:
        sheet.hold(name in projects, "project", name, f"There is no project {name}.")
        sheet.hold(name not in cancelled, "project", name, f"{name} is cancelled and in the plan.")
    plan = {name: start for name, start in starts.items() if name in projects}
    for name in plan:
        _project(sheet, document, projects[name], plan, listed)
    years, planning = document["budget_window"], document["planning_window"]
    total, initiation, ongoing = [0.0] * years, [0.0] * years, [0.0] * years
    streams = [0.0] * len(document["stream_budgets"])
    value = []
    for name, start in plan.items():
        project = projects[name]
        for year, money in _years(project["cost"], start, years):
            total[year] += money
            (initiation if year == start - 1 else ongoing)[year] += money
            if year < planning:
                streams[project["stream"]] += money
        for k, worth in enumerate(project["value"]):
            value.append(worth / (1 + document["discount_rate"]) ** (start - 1 + k))
    left = list(factor) if factor is not None else [1.0] * years
    for key, rule, used in (
        ("budget", "total", total), ("initiation_budget", "initiation", initiation),
        ("ongoing_budget", "ongoing", ongoing),
    ):  # fmt: skip
        for year in range(years):
            _budget(sheet, rule, used[year], document[key][year] * left[year], year + 1)
    before = sum(document["budget"][:planning])
    share = sum(document["budget"][y] * left[y] for y in range(planning)) / before
    for k, money in enumerate(streams):
        limit = document["stream_budgets"][k] * share
        said = f"Stream {k} uses {money:,.2f} of {limit:,.2f}."
        sheet.hold(money <= limit + ROUNDING, "stream", str(k), said, used=money, limit=limit)
    return PortfolioAudit(
        math.fsum(value), len(plan), sheet.checked, tuple(sheet.breaches), tuple(total), tuple(initiation),
        tuple(ongoing), tuple(streams),
    )  # fmt: skip


def _years(amounts: Sequence[float], start: int, years: int) -> Iterator[tuple[int, float]]:
    """Year from 0 and amount, as far as there are budgets."""
    for k, amount in enumerate(amounts):
        if 0 <= start - 1 + k < years:
            yield start - 1 + k, amount


def _budget(sheet: _Sheet, rule: str, used: float, limit: float, year: int) -> None:
    said = f"The {rule} budget of year {year} is {limit:,.2f}, and {used:,.2f} is used."
    sheet.hold(used <= limit + ROUNDING, rule, "", said, year=year, used=used, limit=limit)


def _project(
    sheet: _Sheet, document: Mapping[str, Any], project: Mapping[str, Any], plan: Mapping[str, int],
    listed: Sequence[str],
) -> None:  # fmt: skip
    """Rules of one project: its start, its window, what it needs and what it excludes."""
    name, start = project["name"], plan[project["name"]]
    end = start + project["duration"]
    inside = 1 <= start <= document["planning_window"]
    sheet.hold(
        inside, "start", name, f"{name} starts in year {start}, which is no planning year.", year=start
    )
    known = end - 1 <= document["budget_window"]
    sheet.hold(known, "horizon", name, f"{name} runs beyond the last budget.", year=end - 1)
    if project.get("window"):
        low, high = project["window"]
        said = f"{name} completes in year {end}, outside {low} to {high}."
        sheet.hold(low <= end <= high, "window", name, said, year=end)
    for other in project["prereq"]:
        needed, first = listed[other], plan.get(listed[other])
        sheet.hold(
            first is not None, "prerequisite", name, f"{name} needs {needed}, which is not in the plan."
        )
        if first is not None:
            ended = first + document["projects"][other]["duration"]
            said = f"{name} starts in year {start}, before {needed} has ended (year {ended})."
            sheet.hold(ended <= start, "prerequisite", name, said, year=start)
    for other in project["excl"]:
        said = f"{name} and {listed[other]} exclude one another."
        sheet.hold(listed[other] not in plan, "exclusion", name, said)
