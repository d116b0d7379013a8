"""Checks of keys: within a table, and from one table to another."""

import difflib
from collections.abc import Iterator

import polars as pl

from vallum.region.checks.rules import ROW, Tables, check
from vallum.region.findings import MOST_PER_RULE, Finding, shown
from vallum.region.schema import TABLES, ForeignKey, Table

LARGEST_REGISTER = 2000
"""Names among which a near one is looked up; beyond it that would take longer than reading."""

MEMBERS_ONLY = (
    "formations",
    "extra_needs",
    "needs",
    "stocks",
    "programme_states",
    "purses",
    "crews",
    "safe_loans",
)
"""Tables that speak of members, never of partners."""


@check()
def duplicate_keys(tables: Tables) -> Iterator[Finding]:
    """No two rows of a table have the same key."""
    for name, table in TABLES.items():
        frame = tables[name]
        key = list(table.key)
        if frame.height < 2 or not frame.select(pl.struct(key).is_duplicated().any()).item():
            continue
        known = frame.drop_nulls([part for part in key if not table.columns[part].nullable])
        again = known.filter(pl.struct(key).is_duplicated())
        again = again.with_columns(pl.col(ROW).min().over(key).alias("#first")).filter(
            pl.col(ROW) > pl.col("#first")
        )
        for row in again.sort(ROW).iter_rows(named=True):
            value = ", ".join("" if row[part] is None else str(row[part]) for part in key)
            yield Finding(
                tables.files[name],
                "duplicate key",
                f"The key ({', '.join(key)}) stands in row {row['#first']} already",
                "Delete one of the two rows, or correct its key.",
                row[ROW],
                key[-1] if len(key) > 1 else key[0],
                shown(value),
            )


@check()
def tables_are_filled(tables: Tables) -> Iterator[Finding]:
    """Tables that no plan can do without have at least one row."""
    for name, table in TABLES.items():
        if table.filled and name in tables.read and tables[name].is_empty():
            yield Finding(
                tables.files[name],
                "no rows",
                f"The table {name} ({table.title}) has no rows",
                "Restore its rows.",
            )


@check()
def foreign_keys(tables: Tables) -> Iterator[Finding]:
    """Every name that refers to another table is found there, as far as that table is there at all."""
    for table in TABLES.values():
        for key in table.foreign:
            target = tables[key.table]
            absent = target.is_empty() and not TABLES[key.table].required
            if key.table in tables.read and not absent:
                yield from _unknown(tables, table, key, target[key.reference].drop_nulls())


def _unknown(tables: Tables, table: Table, key: ForeignKey, known: pl.Series) -> Iterator[Finding]:
    if tables[table.name].is_empty():
        return
    used = tables[table.name].select(ROW, key.column).drop_nulls()
    if (table.columns[key.column].metadata or {}).get("list"):
        used = entries(used, key.column)
    bad = used.filter(~pl.col(key.column).is_in(known.implode()) & ~pl.col(key.column).is_in(key.except_for))
    names = known.unique().sort().to_list()
    look = len(names) <= LARGEST_REGISTER
    first = bad.sort(ROW).head(MOST_PER_RULE + 1)
    for place, (row, value) in enumerate(first.iter_rows()):
        close = difflib.get_close_matches(value[:80], names, n=1) if look else []
        meant = f"Write {close[0]} if that is meant, or add" if close else "Correct it, or add"
        yield Finding(
            tables.files[table.name],
            "unknown key",
            f"{shown(value)} is not in the table {key.table} (column {key.reference})",
            f"{meant} {shown(value)} to {tables.files[key.table]}.",
            row,
            key.column,
            shown(value),
            count=bad.height - MOST_PER_RULE if place == MOST_PER_RULE else 1,
        )


def entries(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Give each entry of a list column a row of its own."""
    return (
        frame.drop_nulls(column)
        .with_columns(pl.col(column).str.split(";"))
        .explode(column)
        .with_columns(pl.col(column).str.strip_chars())
        .filter(pl.col(column) != "")
    )


@check("states")
def members_and_partners_keep_their_roles(tables: Tables) -> Iterator[Finding]:
    """Needs, purses, stocks, crews, loans and joining are of members; orders of partners are of partners."""
    for name, column, role, other in (
        *((name, "state", "member", "partner") for name in MEMBERS_ONLY),
        ("partner_orders", "partner", "partner", "member"),
    ):
        wrong = tables["states"].filter(pl.col("role") == other)["state"].drop_nulls()
        if wrong.is_empty() or tables[name].is_empty():
            continue
        bad = tables[name].filter(pl.col(column).is_in(wrong.implode()))
        yield from tables.findings(
            name,
            bad,
            column,
            "role of state",
            f"This table is about states with the role {role}",
            f"Set the role to {role} in {tables.files['states']}, or delete the row.",
        )


@check("states")
def region_has_a_member(tables: Tables) -> Iterator[Finding]:
    """At least one state is a member."""
    if tables["states"].height and not tables.members:
        yield Finding(
            tables.files["states"],
            "members",
            "No state has the role member, so there is nobody to plan for",
            "Set the role of the states that plan together to member.",
            column="role",
        )


@check("programmes", "programme_states", "crews")
def crews_exist_for_every_family_used(tables: Tables) -> Iterator[Finding]:
    """Each member that may join a programme has a row for its crew family, unless the family is NONE."""
    families = tables["crews"].select("state", pl.col("family").alias("crew_family"))
    bad = (
        tables["programme_states"]
        .select(ROW, "programme_id", "state")
        .join(tables["programmes"].select("programme_id", "crew_family"), on="programme_id")
        .filter(pl.col("crew_family") != "NONE")
        .join(families, on=["state", "crew_family"], how="anti")
    )
    yield from tables.findings(
        "programme_states",
        bad,
        "state",
        "crews for every family",
        lambda row: f"{row['state']} has no crews of the family {row['crew_family']} ({row['programme_id']})",
        f"Add the family to {tables.files['crews']}, or delete the row.",
    )


@check("systems", "programmes")
def programme_and_system_share_the_class(tables: Tables) -> Iterator[Finding]:
    """Every programme adds to the class in which its system counts."""
    bad = (
        tables["programmes"]
        .select(ROW, "programme_id", "class_id", "system_id")
        .join(tables["systems"].select("system_id", pl.col("class_id").alias("of_system")), on="system_id")
        .filter(pl.col("class_id") != pl.col("of_system").fill_null("none"))
    )
    yield from tables.findings(
        "programmes",
        bad,
        "class_id",
        "class of the system",
        lambda row: f"The system {row['system_id']} counts in class {row['of_system'] or 'none'}",
        f"Write that class, or correct the system's class in {tables.files['systems']}.",
    )


@check("systems", "stocks")
def systems_in_stock_have_a_class_factor(tables: Tables) -> Iterator[Finding]:
    """Every system in stock either is outside the classes or says how many class units one unit is."""
    used = tables["stocks"]["system_id"].drop_nulls()
    bad = tables["systems"].filter(
        pl.col("system_id").is_in(used.implode())
        & (pl.col("class_id").is_not_null() != pl.col("class_units_per_system_unit").is_not_null())
    )
    yield from tables.findings(
        "systems",
        bad,
        "class_units_per_system_unit",
        "class factor",
        "A system in stock needs both a class and class units per system unit, or neither",
        "Fill in the missing one, or empty both when the system is outside the classes.",
    )


@check("classes", "gateways")
def classes_on_the_picture_have_gateways(tables: Tables) -> Iterator[Finding]:
    """Every class whose units count only on the shared picture says how many nodes a unit takes."""
    bad = (
        tables["classes"]
        .filter(pl.col("needs_gateway") == "y")
        .join(tables["gateways"].select("class_id"), on="class_id", how="anti")
    )
    yield from tables.findings(
        "classes",
        bad,
        "needs_gateway",
        "gateway of a class",
        lambda row: f"The class {row['class_id']} needs a gateway but has no nodes per unit",
        f"Add the class to {tables.files['gateways']}, or set needs_gateway to n.",
    )


@check("formations", "establishments")
def counted_formations_have_an_establishment(tables: Tables) -> Iterator[Finding]:
    """Every formation that is counted has a type and a year in which it is ready."""
    bad = tables["formations"].filter(
        (pl.col("counted") == "y") & (pl.col("formation_type").is_null() | pl.col("ready_year").is_null())
    )
    yield from tables.findings(
        "formations",
        bad,
        "formation_type",
        "counted formation",
        "A counted formation needs a formation_type and a ready_year",
        "Fill them in, or set counted to n.",
    )
