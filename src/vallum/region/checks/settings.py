"""Checks of the settings and of years without gaps."""

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from vallum.region.checks.rules import ROW, Tables, check
from vallum.region.findings import Finding

BOUNDS: dict[str, tuple[float, float]] = {
    "first_year": (1900, 2200),
    "last_year": (1900, 2200),
    "base_year": (1900, 2200),
    "discount_rate_pct": (0, 30),
    "inflation_pct": (-10, 50),
    "price_index_pct": (-10, 50),
    "advance_share": (0, 1),
    "negotiation_months": (0, 120),
    "delay_exponent": (0, 2),
    "scale_saving_max": (0, 0.99),
    "level_tolerance": (0, 0.5),
    "safe_count_conditional": (0, 1),
}
"""Every setting with the least and the greatest value that makes sense."""

WHOLE = ("first_year", "last_year", "base_year", "safe_count_conditional")

LONGEST_HORIZON = 60
"""Years; beyond it every table by year would be a guess."""


@check("settings")
def settings_are_complete(tables: Tables) -> Iterator[Finding]:
    """Every setting is there once, no other is, and each is within its bounds."""
    frame, file = tables["settings"], tables.files["settings"]
    keys = frame["key"].drop_nulls().to_list()
    for key in BOUNDS:
        if key not in keys:
            yield Finding(
                file,
                "settings",
                f"The setting {key} is missing",
                f"Add a row with the key {key}.",
                column="key",
                value=key,
            )
    unknown = frame.filter(~pl.col("key").is_in(list(BOUNDS)))
    yield from tables.findings(
        "settings",
        unknown,
        "key",
        "settings",
        "There is no such setting",
        "Delete the row, or write one of: " + ", ".join(BOUNDS) + ".",
    )
    for row, key, value in frame.select(ROW, "key", "value").drop_nulls().iter_rows():
        low, high = BOUNDS.get(key, (value, value))
        wrong = not low <= value <= high
        if wrong or (key in WHOLE and value != round(value)):
            kind = "a whole number" if key in WHOLE else "a number"
            yield Finding(
                file,
                "settings",
                f"The setting {key} must be {kind} from {low:g} to {high:g}",
                f"Write {kind} from {low:g} to {high:g}.",
                row,
                "value",
                f"{value:g}",
            )


@check("settings")
def horizon_runs_forward(tables: Tables) -> Iterator[Finding]:
    """No plan ends before it begins, and it covers at most sixty years."""
    first, last = tables.settings.get("first_year"), tables.settings.get("last_year")
    if first is not None and last is not None and not 0 <= last - first < LONGEST_HORIZON:
        row = tables["settings"].filter(pl.col("key") == "last_year")
        yield from tables.findings(
            "settings",
            row,
            "value",
            "horizon",
            f"The plan would run from {first:g} to {last:g}",
            f"Let last_year follow first_year by at most {LONGEST_HORIZON - 1} years.",
        )


@check("settings", "states", "purses")
def purse_for_every_member_and_year(tables: Tables) -> Iterator[Finding]:
    """Every member has a purse for every year of the plan."""
    wanted = [(member,) for member in tables.members]
    yield from _gaps(tables, "purses", ["state"], wanted, "purse for every member")


@check("settings", "needs")
def needs_without_gaps(tables: Tables) -> Iterator[Finding]:
    """Every state that needs a class at all says so for every year of the plan."""
    yield from _gaps(tables, "needs", ["state", "class_id"], None, "years without gaps")


@check("settings", "lines", "line_capacity")
def capacity_without_gaps(tables: Tables) -> Iterator[Finding]:
    """Every line has a capacity for every year of the plan."""
    wanted = [(line,) for line in tables["lines"]["line_id"].drop_nulls().to_list()]
    yield from _gaps(tables, "line_capacity", ["line_id"], wanted, "years without gaps")


def _gaps(
    tables: Tables, table: str, group: list[str], wanted: Iterable[tuple[object, ...]] | None, rule: str
) -> Iterator[Finding]:
    """Find years that a group lacks; the row named is the last one of the group before the gap."""
    years = list(tables.years)
    if not years:
        return
    known = tables[table].drop_nulls([*group, "year"])
    by_group = known.group_by(group, maintain_order=True).agg("year", ROW)
    inside = {tuple(row[: len(group)]): (row[-2], row[-1]) for row in by_group.iter_rows()}
    for name in dict.fromkeys(wanted if wanted is not None else inside):
        there, rows = inside.get(name, ([], []))
        missing = sorted(set(years) - set(there))
        if not missing:
            continue
        before = [row for year, row in zip(there, rows, strict=True) if year < missing[0]] or rows
        label = ", ".join(str(part) for part in name)
        yield Finding(
            tables.files[table],
            rule,
            f"{label} has no row for {spans(missing)}" if there else f"{label} has no row at all",
            f"Add a row for {label} in {spans(missing)}.",
            max(before) if before else None,
            "year",
            spans(missing),
        )


def spans(years: Sequence[int]) -> str:
    """Write sorted years as spans: 2026, 2029-2031."""
    parts: list[list[int]] = []
    for year in years:
        if parts and year == parts[-1][1] + 1:
            parts[-1][1] = year
        else:
            parts.append([year, year])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
