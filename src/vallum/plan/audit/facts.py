"""The inputs of a plan as plain dictionaries, for loops that read like the text of the model."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from vallum.core.errors import BadInput

__all__ = ["Facts", "Row", "facts_of", "words"]

Row = dict[str, Any]

#: Columns the audit reads from each input table.
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "settings": ("key", "value"),
    "bands": ("multiple",),
    "states": ("state", "role", "safe_participant"),
    "classes": ("class_id", "safe_category", "weight", "needs_gateway"),
    "gateways": ("class_id", "nodes_per_unit"),
    "systems": ("system_id", "class_id", "class_units_per_system_unit", "connects", "nodes_provided"),
    "needs": ("state", "class_id", "year", "quantity"),
    "stocks": ("state", "system_id", "year", "quantity", "retire_from", "retire_to"),
    "programmes": (
        "programme_id", "class_id", "system_id", "base_quantity", "min_quantity", "min_quantity_alone",
        "step_quantity", "base_price_meur", "price_year", "cost_growth_pct", "real_price_growth_pct",
        "learning_slope_pct", "introduction_share", "introduction_shared_part", "sustainment_share",
        "lead_months", "delivery_span_months", "start_earliest", "start_latest", "line_id",
        "line_units_per_unit", "eu_origin_share", "foreign_control", "safe_eligible", "safe_rule",
        "related_money", "crew_family", "prerequisites", "exclusions",
    ),
    "programme_states": ("programme_id", "state", "max_quantity", "operates"),
    "partner_orders": ("programme_id", "partner", "quantity", "year_from", "year_to"),
    "lines": (
        "line_id", "country", "expansion_step", "expansion_cost_meur", "expansion_delay_months",
        "expansion_max_steps",
    ),
    "line_capacity": ("line_id", "year", "capacity", "backlog_share"),
    "purses": (
        "state", "year", "equipment_meur", "plannable_meur", "related_meur", "related_plannable_share",
        "carryover_limit_share",
    ),
    "crews": (
        "state", "family", "systems", "trained_crews", "throughput_per_year", "school_cost_meur",
        "school_added_throughput", "shared_school", "shared_school_cost_factor",
    ),
    "safe_loans": (
        "state", "adopted_loan_meur", "prefinancing_meur", "window_from", "window_to", "grace_years",
        "maturity_years", "rate_pct", "national_rate_pct", "earmarked_share", "additional_share",
        "min_participants_after",
    ),
}  # fmt: skip
#: Columns that hold text, and whole numbers; all others hold numbers. A name means the same in each table.
TEXT: Final = frozenset(
    {
        "key", "state", "role", "safe_participant", "class_id", "needs_gateway", "system_id", "connects",
        "programme_id", "line_id", "foreign_control", "safe_eligible", "safe_rule", "related_money",
        "crew_family", "prerequisites", "exclusions", "operates", "partner", "country", "family", "systems",
        "shared_school",
    }
)  # fmt: skip
WHOLE: Final = frozenset(
    {
        "year", "year_from", "year_to", "price_year", "start_earliest", "start_latest", "retire_from",
        "retire_to", "window_from", "window_to", "grace_years", "maturity_years", "safe_category",
        "expansion_max_steps", "min_participants_after",
    }
)  # fmt: skip
YEARS: Final = (1900, 2200)
RATES: Final = (-50, 50)
LARGEST: Final = 1e12
#: Least and greatest value of what is divided by, raised to a power or counted through.
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "base_quantity": (1e-9, LARGEST), "step_quantity": (1e-9, LARGEST), "learning_slope_pct": (1, 100),
    "price_year": YEARS, "real_price_growth_pct": RATES, "rate_pct": RATES, "national_rate_pct": RATES,
    "grace_years": (0, 100), "maturity_years": (0, 100), "base_year": YEARS, "first_year": YEARS,
    "last_year": YEARS, "discount_rate_pct": RATES, "inflation_pct": RATES, "price_index_pct": RATES,
    "delay_exponent": (0, 10),
}  # fmt: skip
#: More years than any plan has; a longer horizon is a damaged one.
MOST_YEARS: Final = 200
#: Columns that may be empty.
NULLABLE: Final = frozenset(
    {
        ("systems", "class_id"), ("systems", "class_units_per_system_unit"), ("systems", "nodes_provided"),
        ("stocks", "retire_from"), ("stocks", "retire_to"), ("programmes", "eu_origin_share"),
        ("programmes", "safe_rule"), ("programmes", "line_id"), ("programmes", "prerequisites"),
        ("programmes", "exclusions"), ("crews", "systems"), ("crews", "shared_school_cost_factor"),
    }
)  # fmt: skip
SETTINGS: Final = (
    "first_year", "last_year", "base_year", "discount_rate_pct", "inflation_pct", "price_index_pct",
    "advance_share", "negotiation_months", "delay_exponent", "scale_saving_max", "level_tolerance",
    "safe_count_conditional",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """The region's tables by key. Money in EUR million, quantities in class units."""

    settings: Mapping[str, float]
    years: tuple[int, ...]
    multiples: tuple[float, ...]
    members: tuple[str, ...]
    states: Mapping[str, Row]
    classes: Mapping[str, Row]
    nodes_per_unit: Mapping[str, float]
    systems: Mapping[str, Row]
    programmes: Mapping[str, Row]
    may_join: Mapping[tuple[str, str], Row]
    partners: Mapping[str, tuple[Row, ...]]
    need: Mapping[tuple[str, str, int], float]
    legacy_system: Mapping[tuple[str, str, int], float]
    legacy_class: Mapping[tuple[str, str, int], float]
    lines: Mapping[str, Row]
    capacity: Mapping[tuple[str, int], Row]
    purses: Mapping[tuple[str, int], Row]
    crews: Mapping[tuple[str, str], Row]
    loans: Mapping[str, Row]

    @property
    def first_year(self) -> int:
        """First year of the horizon."""
        return self.years[0]

    @property
    def last_year(self) -> int:
        """Last year of the horizon."""
        return self.years[-1]

    def discount(self, year: int) -> float:
        """Weight of a year: (1 + discount rate) to the power of -(year - first year)."""
        return float((1 + self.settings["discount_rate_pct"] / 100) ** -(year - self.first_year))


def words(text: str | None, separator: str = ";") -> tuple[str, ...]:
    """Split a list written in one cell."""
    return tuple(part.strip() for part in (text or "").split(separator) if part.strip())


def facts_of(inputs: Mapping[str, pl.DataFrame]) -> Facts:
    """Read the inputs of a plan.

    Parameters
    ----------
    inputs : mapping of str to DataFrame
        Tables in the plan's folder inputs/.

    Returns
    -------
    Facts

    Raises
    ------
    BadInput
        If a table, column, setting or value that the audit needs is missing or of the wrong type.
    """
    tables = {name: rows_of(inputs, name) for name in NEEDED}
    settings = {row["key"]: float(row["value"]) for row in tables["settings"]}
    if missing := [key for key in SETTINGS if key not in settings]:
        raise bad("settings", f"The settings {', '.join(missing)} are missing.")
    for key, value in settings.items():
        check_range("settings", key, value, value)
    years = range(int(settings["first_year"]), int(settings["last_year"]) + 1)
    if not 1 <= len(years) <= MOST_YEARS:
        raise bad("settings", f"The last year is before the first, or {MOST_YEARS} years after it.")
    return facts_from(tables, settings, tuple(years))


def check_range(table: str, name: str, least: float, greatest: float) -> None:
    """Raise BadInput if values from `least` to `greatest` are beyond what the formulas can take."""
    low, high = RANGES.get(name, (-LARGEST, LARGEST))
    if not low <= least <= greatest <= high:
        raise bad(table, f"{name} holds a number that is not within {low:g} and {high:g}.")


def facts_from(
    tables: Mapping[str, list[Row]], settings: Mapping[str, float], years: tuple[int, ...]
) -> Facts:
    """Put checked rows under their keys."""
    systems = by(tables["systems"], "system_id")
    if unknown := sorted({row["system_id"] for row in tables["programmes"]} - systems.keys()):
        raise bad("programmes", f"Column system_id names unknown systems: {', '.join(unknown)}.")
    legacy_system = legacy(tables["stocks"], systems, years)
    partners: dict[str, list[Row]] = {}
    for row in sorted(tables["partner_orders"], key=lambda row: row["partner"]):
        partners.setdefault(row["programme_id"], []).append(row)
    return Facts(
        settings=settings,
        years=years,
        multiples=tuple(sorted(float(row["multiple"]) for row in tables["bands"])),
        members=tuple(sorted(row["state"] for row in tables["states"] if row["role"] == "member")),
        states=by(tables["states"], "state"),
        classes=by(tables["classes"], "class_id"),
        nodes_per_unit={row["class_id"]: float(row["nodes_per_unit"]) for row in tables["gateways"]},
        systems=systems,
        programmes=by(tables["programmes"], "programme_id"),
        may_join={(row["programme_id"], row["state"]): row for row in tables["programme_states"]},
        partners={name: tuple(rows) for name, rows in partners.items()},
        need={(row["state"], row["class_id"], row["year"]): row["quantity"] for row in tables["needs"]},
        legacy_system=legacy_system,
        legacy_class=legacy_by_class(legacy_system, systems),
        lines=by(tables["lines"], "line_id"),
        capacity={(row["line_id"], row["year"]): row for row in tables["line_capacity"]},
        purses={(row["state"], row["year"]): row for row in tables["purses"]},
        crews={(row["state"], row["family"]): row for row in tables["crews"]},
        loans=by(tables["safe_loans"], "state"),
    )


def rows_of(inputs: Mapping[str, pl.DataFrame], name: str) -> list[Row]:
    """Return the rows of a table, or raise BadInput if a column or a value is missing."""
    if name not in inputs:
        raise bad(name, "The table is missing from the plan's inputs.")
    frame, columns = inputs[name], NEEDED[name]
    if missing := [column for column in columns if column not in frame.columns]:
        raise bad(name, f"The columns {', '.join(missing)} are missing.")
    for column in columns:
        if (name, column) not in NULLABLE and frame[column].null_count():
            raise bad(name, f"Column {column} has empty values.")
        check_type(name, column, frame[column])
    return frame.select(columns).to_dicts()


def check_type(table: str, column: str, values: pl.Series) -> None:
    """Raise BadInput unless a column has the type that the formulas need, and finite numbers."""
    kind = values.dtype
    if column in TEXT:
        good, expected = kind == pl.String, "text"
    elif column in WHOLE:
        good, expected = kind.is_integer(), "whole numbers"
    else:
        good, expected = kind.is_integer() or kind.is_float(), "numbers"
    if not good and kind != pl.Null:  # a column without any value has no type
        raise bad(table, f"Column {column} is of type {kind}; expected {expected}.")
    known = values.drop_nulls()
    if kind.is_numeric() and len(known):
        if kind.is_float() and not known.is_finite().all():
            raise bad(table, f"Column {column} holds a number that is not finite.")
        numbers = known.cast(pl.Float64).to_list()
        check_range(table, column, min(numbers), max(numbers))


def bad(table: str, message: str) -> BadInput:
    """Return the error for an input that cannot be audited."""
    where = f"inputs/{table}.parquet"
    return BadInput(message, where=where, rule="plan_inputs", remedy="Plan again with `vallum plan`.")


def by(rows: Iterable[Row], key: str) -> dict[str, Row]:
    """Return the rows by the value of one column."""
    return {row[key]: row for row in rows}


def legacy(
    stocks: Iterable[Row], systems: Mapping[str, Row], years: tuple[int, ...]
) -> dict[tuple[str, str, int], float]:
    """Section 5: stock and signed deliveries of each state and system, class units, less retirements."""
    parts: dict[tuple[str, str, int], list[float]] = {}
    for row in stocks:
        system = systems.get(row["system_id"])
        factor = system["class_units_per_system_unit"] if system else None
        for year in years:
            if year >= row["year"] and factor is not None:
                amount = float(row["quantity"]) * float(factor) * share_left(row, year)
                parts.setdefault((row["state"], row["system_id"], year), []).append(amount)
    return {key: math.fsum(values) for key, values in parts.items()}


def share_left(row: Row, year: int) -> float:
    """Section 5: nothing retired before retire_from, all by the end of retire_to, linear between."""
    if row["retire_from"] is None or row["retire_to"] is None:
        return 1.0
    span = row["retire_to"] - row["retire_from"] + 1
    gone = (year - row["retire_from"] + 1) / span
    return float(1.0 - min(max(gone, 0.0), 1.0))


def legacy_by_class(
    legacy_system: Mapping[tuple[str, str, int], float], systems: Mapping[str, Row]
) -> dict[tuple[str, str, int], float]:
    """Sum the legacy of systems into their classes."""
    parts: dict[tuple[str, str, int], list[float]] = {}
    for (state, system, year), amount in legacy_system.items():
        class_id = systems[system]["class_id"]
        if class_id:
            parts.setdefault((state, class_id, year), []).append(amount)
    return {key: math.fsum(values) for key, values in parts.items()}
