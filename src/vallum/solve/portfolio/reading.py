"""Read instances of the public force-design family (JSON); what cannot be used is BadInput with its place."""

import json
import math
from collections import Counter
from graphlib import CycleError
from pathlib import Path
from typing import Any

import numpy as np

from vallum.core.errors import BadInput
from vallum.solve.portfolio.problem import Ints, Portfolio
from vallum.solve.portfolio.starts import order

__all__ = ["parse", "read"]

#: Far above the largest public instance (5,000 projects, 1.1 MB, 63 years, 5 streams).
MOST_BYTES, MOST_PROJECTS, MOST_YEARS, MOST_STREAMS, MOST_LINKS = 32_000_000, 20_000, 200, 100, 100_000
#: Starts times budgets; what is kept of each start is a row of them.
MOST_CELLS = 200_000_000
LARGEST = 1e12
LONGEST_NAME = 200
#: Any year beyond every horizon.
LATEST = 1_000_000
#: Rates beyond these are per cent written for a fraction.
LEAST_RATE, MOST_RATE = -0.5, 1.0


class _Place:
    """Where in the file a value stands, for messages."""

    def __init__(self, file: str, content: dict[str, Any], project: str = "") -> None:
        self.file, self.content, self.project = file, content, project

    def wrong(self, key: str, message: str, rule: str, remedy: str) -> BadInput:
        """The error for a key."""
        place = ", ".join(part for part in (self.file, self.project, f"key {key}") if part)
        return BadInput(message, where=place, rule=rule, remedy=remedy)

    def _present(self, key: str) -> Any:
        if key not in self.content:
            raise self.wrong(
                key, "The key is missing.", "keys", "Add it; docs/explanation/portfolio.md lists all."
            )
        return self.content[key]

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number from low to high."""
        return self._whole(key, self._present(key), low, high)

    def _whole(self, key: str, value: object, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            said = f"It must be a whole number from {low} to {high}, not {_short(value)}."
            raise self.wrong(key, said, "range", "Correct the number.")
        return value

    def number(self, key: str, value: object, low: float, high: float) -> float:
        """A finite number from low to high."""
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not good or not low <= value <= high:  # type: ignore[operator]
            said = f"It must be a finite number from {low:g} to {high:g}, not {_short(value)}."
            raise self.wrong(key, said, "range", "Correct the number.")
        return float(value)  # type: ignore[arg-type]

    def rate(self, key: str) -> float:
        """A discount rate."""
        return self.number(key, self._present(key), LEAST_RATE, MOST_RATE)

    def many(self, key: str, length: int | None = None, most: int = MOST_LINKS) -> list[Any]:
        """A list, of one length if given."""
        value = self._present(key)
        if not isinstance(value, list):
            raise self.wrong(key, "It must be a list.", "type", "Write a list in square brackets.")
        if length is not None and len(value) != length:
            said = f"It must have {length} entries and has {len(value)}."
            raise self.wrong(key, said, "length", "Give one entry for each year or stream.")
        if len(value) > most:
            raise self.wrong(key, f"It has more than {most} entries.", "size", "Split the portfolio.")
        return value

    def money(self, key: str, length: int, *, positive: bool) -> list[float]:
        """Amounts of money, above 0 if they are budgets."""
        values = self.many(key, length)
        if positive:
            for at, value in enumerate(values):
                if isinstance(value, int | float) and value <= 0:
                    raise self.wrong(
                        f"{key}[{at}]", f"A budget must be above 0, not {_short(value)}.", "budget",
                        "Give the money of that year or stream, or leave out what cannot start without it.",
                    )  # fmt: skip
        return [self.number(f"{key}[{at}]", value, 0.0, LARGEST) for at, value in enumerate(values)]

    def others(self, key: str, count: int, own: int) -> list[int]:
        """Positions of other projects."""
        found = []
        for value in self.many(key):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
                said = f"There is no project {_short(value)}; projects count from 0 to {count - 1}."
                raise self.wrong(key, said, "known_project", "Name a project by its position in the list.")
            if value == own:
                raise self.wrong(key, "The project names itself.", "known_project", "Take it out.")
            found.append(value)
        return found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def read(path: Path) -> Portfolio:
    """Read an instance.

    Parameters
    ----------
    path : Path
        JSON file of the public family.

    Raises
    ------
    BadInput
        With file, project, key, rule and remedy.
    OSError
        When the file cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadInput(
            f"The file is larger than {MOST_BYTES // 1_000_000} MB.", where=str(path), rule="size",
            remedy="Split the portfolio.",
        )  # fmt: skip
    return parse(content, str(path))


def parse(content: bytes, name: str) -> Portfolio:
    """Read an instance from its bytes; `name` stands for the file in messages. Raises as `read` does."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"This is no JSON ({str(error)[:100]}).",
            where=name,
            rule="json",
            remedy="Export the instance again.",
        ) from error
    if not isinstance(document, dict):
        raise BadInput(
            "This is no JSON object.", where=name, rule="json", remedy="Export the instance again."
        )
    top = _Place(name, document)
    planning = top.whole("planning_window", 1, MOST_YEARS)
    years = top.whole("budget_window", planning, MOST_YEARS)
    rows = top.many("projects", most=MOST_PROJECTS)
    if not rows:
        raise top.wrong("projects", "There is no project.", "size", "Give at least one.")
    if "num_projects" in document:
        top.whole("num_projects", len(rows), len(rows))
    _initiations(top, len(rows))
    streams = top.money("stream_budgets", len(top.many("stream_budgets", most=MOST_STREAMS)), positive=True)
    if len(rows) * planning * (years + planning + len(streams)) > MOST_CELLS:
        raise top.wrong("projects", "Projects times years is too much.", "size", "Split the portfolio.")
    places = [_project_place(name, k, row) for k, row in enumerate(rows)]
    problem = _assembled(top, places, planning, years, streams)
    _no_cycle(top, problem)
    return problem


def _initiations(top: _Place, count: int) -> None:
    """Numbers of starts per year are not modelled, so that a limit that could bind is refused."""
    if top.content.get("initiation_range") is None:
        return
    _, high = top.many("initiation_range", 2)
    if high is not None and top.number("initiation_range[1]", high, 0, LARGEST) < count:
        raise top.wrong(
            "initiation_range", f"A limit of {_short(high)} starts a year is not supported.", "supported",
            "Take the limit out, or express it as initiation budget.",
        )  # fmt: skip


def _project_place(file: str, position: int, row: object) -> _Place:
    if not isinstance(row, dict):
        raise BadInput(
            "It must be an object.", where=f"{file}, project {position}", rule="type", remedy="Write {...}."
        )
    name = row.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInput(
            f"A name must be printable text of 1 to {LONGEST_NAME} characters, not {_short(name)}.",
            where=f"{file}, project {position}, key name", rule="name", remedy="Name the project.",
        )  # fmt: skip
    return _Place(file, row, f"project {position} ({_short(name)})")


def _assembled(
    top: _Place, places: list[_Place], planning: int, years: int, streams: list[float]
) -> Portfolio:
    names = tuple(place.content["name"] for place in places)
    for name, times in Counter(names).items():
        if times > 1:
            at = [k for k, other in enumerate(names) if other == name]
            raise top.wrong(
                "projects", f"{times} projects are called {_short(name)} ({at[0]} and {at[1]}).",
                "unique_name",
                "Give each a name of its own.",
            )  # fmt: skip
    durations = [place.whole("duration", 1, MOST_YEARS) for place in places]
    costs = [place.money("cost", d, positive=False) for place, d in zip(places, durations, strict=True)]
    values = [place.money("value", d, positive=False) for place, d in zip(places, durations, strict=True)]
    windows = [_window(place, d, planning) for place, d in zip(places, durations, strict=True)]
    needs = _pairs(top, places, "prereq")
    bars = {(min(pair), max(pair)) for pair in _pairs(top, places, "excl")}
    return Portfolio(
        names=names,
        first=np.concatenate(([0], np.cumsum(durations))).astype(np.int64),
        cost=np.concatenate(costs),
        value=np.concatenate(values),
        stream=np.array([place.whole("stream", 0, len(streams) - 1) for place in places], np.int64),
        earliest=np.array([low for low, _ in windows], np.int64),
        latest=np.array([high for _, high in windows], np.int64),
        prerequisites=_array(needs),
        exclusions=_array(bars),
        planning=planning,
        total=np.array(top.money("budget", years, positive=True)),
        ongoing=np.array(top.money("ongoing_budget", years, positive=True)),
        initiation=np.array(top.money("initiation_budget", years, positive=True))[:planning],
        streams=np.array(streams),
        rate=top.rate("discount_rate"),
    )


def _pairs(top: _Place, places: list[_Place], key: str) -> set[tuple[int, int]]:
    """Pairs of a project and each that it names under the key."""
    found: set[tuple[int, int]] = set()
    for k, place in enumerate(places):
        found.update((k, q) for q in place.others(key, len(places), k))
        if len(found) > MOST_LINKS:
            raise top.wrong(key, f"There are more than {MOST_LINKS} in all.", "size", "Split the portfolio.")
    return found


def _array(pairs: set[tuple[int, int]]) -> Ints:
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def _window(place: _Place, duration: int, planning: int) -> tuple[int, int]:
    """Earliest and latest start from the window of completion.

    In the family a project completes in year start + duration, years counted from 1: the first year in
    which what needs it may start.
    """
    if place.content.get("window") is None:
        return 0, planning - 1
    low, high = (place._whole("window", edge, 1, LATEST) for edge in place.many("window", 2))
    earliest, latest = max(0, low - 1 - duration), min(planning - 1, high - 1 - duration)
    if low > high or earliest > latest:
        raise place.wrong(
            "window",
            f"{duration} years from a start in 1 to {planning} cannot complete in {low} to {high}.",
            "window", "Widen the window, or leave the project out.",
        )  # fmt: skip
    return earliest, latest


def _no_cycle(top: _Place, problem: Portfolio) -> None:
    try:
        order(problem)
    except CycleError as error:
        chain = " needs ".join(_short(problem.names[k]) for k in reversed(error.args[1][-6:]))
        raise top.wrong(
            "prereq",
            f"Prerequisites run in a circle: {chain}.",
            "prerequisite_cycle",
            "Take one of them out.",
        ) from error
