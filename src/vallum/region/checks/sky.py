"""Checks of the sky tables: settings, bands, sensors on offer, purses and years.

Places and the warning have modules of their own. All are quiet in a region without sensors on offer, which
plans well without them.
"""

from collections.abc import Iterator
from itertools import combinations

import polars as pl

from vallum.region.checks.keys import entries
from vallum.region.checks.rules import ROW, Tables, check_where, whole_settings
from vallum.region.findings import Finding
from vallum.region.schema.columns import IDENTIFIER

BOUNDS: dict[str, tuple[float, float]] = {
    "first_year": (1900, 2200),
    "last_year": (1900, 2200),
    "service_years": (1, 50),
    "kinds_needed": (1, 6),
    "earth_factor_radio": (0.5, 5),
    "earth_factor_optical": (0.5, 5),
    "depth_km": (1, 1000),
    "inland_part": (0, 1),
    "crew_cost_meur": (0, 1),
    "speed_kmh": (20, 2000),
    "heading_deg": (0, 90),
    "path_km": (1, 1000),
    "corridor_km": (0, 100),
    "left_out_share": (0, 1),
}
"""Every setting of siting and warning with the least and the greatest value that makes sense."""

WHOLE = ("first_year", "last_year", "kinds_needed")

LONGEST_YEARS = 30
"""Years of the table of money; beyond it every year would be a guess."""

MOST_PURSES = 12
"""Purses of a region; what they can pay together is asked of every set of them."""

SUM_ERROR = 1e-6

SETTINGS = "sky settings"

sky_check = check_where("sensor_types")
"""Register a check that runs only in a region with sensors on offer."""


# ---------------------------------------------------------------- settings


@sky_check("sky_settings")
def sky_settings_are_complete(tables: Tables) -> Iterator[Finding]:
    """Every setting of siting and warning is there, no other is, and value and range lie within bounds."""
    yield from whole_settings(tables, "sky_settings", SETTINGS, BOUNDS, WHOLE)


@sky_check("sky_settings")
def sky_settings_fit_together(tables: Tables) -> Iterator[Finding]:
    """The table of money ends after it starts, and no more kinds are needed than somebody sells."""
    known = _settings(tables)

    def at_fault(key: str, rule: str, message: str, remedy: str) -> Iterator[Finding]:
        row = tables["sky_settings"].filter(pl.col("key") == key)
        return tables.findings("sky_settings", row, "value", rule, message, remedy)

    first, last = known.get("first_year"), known.get("last_year")
    if first is not None and last is not None and not 0 <= last - first < LONGEST_YEARS:
        yield from at_fault(
            "last_year",
            "horizon",
            f"The table of money would run from {first:g} to {last:g}",
            f"Let last_year follow first_year by at most {LONGEST_YEARS - 1} years.",
        )
    needed, sold = known.get("kinds_needed"), _sold(tables)["kind_id"].n_unique()
    if needed is not None and needed > sold:
        yield from at_fault(
            "kinds_needed",
            "kinds needed",
            f"{needed:g} kinds must see a track, and {sold} are sold, so that none is ever confirmed",
            "Lower kinds_needed, or offer sensors of more kinds.",
        )


# ---------------------------------------------------------------- bands and sensors


@sky_check("sky_bands")
def parts_of_bands_sum_to_one(tables: Tables) -> Iterator[Finding]:
    """Every track comes in one of the bands of height."""
    yield from _sum_to_one(tables, "sky_bands", "parts of bands")


@sky_check("sensor_kinds")
def kinds_are_sold(tables: Tables) -> Iterator[Finding]:
    """Somebody sells a sensor of every kind."""
    yield from tables.findings(
        "sensor_kinds",
        tables["sensor_kinds"].drop_nulls("kind_id").join(_sold(tables), on="kind_id", how="anti"),
        "kind_id",
        "kinds on offer",
        "Nobody sells a sensor of this kind",
        f"Delete the kind, or add a type with sold = y to {tables.files['sensor_types']}.",
    )


@sky_check("sky_bands", "sensor_kinds", "sensor_sight", "sensor_ranges")
def bands_are_covered(tables: Tables) -> Iterator[Finding]:
    """Every kind has a sight and every type a range in each band of height."""
    bands = tables["sky_bands"].select("band_id").drop_nulls()
    for owner, key, table, what in (
        ("sensor_kinds", "kind_id", "sensor_sight", "sight"),
        ("sensor_types", "type_id", "sensor_ranges", "range"),
    ):
        wanted = tables[owner].select(ROW, key).drop_nulls().join(bands, how="cross")
        yield from tables.findings(
            owner,
            wanted.join(tables[table], on=[key, "band_id"], how="anti").sort(ROW, "band_id"),
            key,
            f"{what} in every band",
            lambda row, key=key, what=what: f"{row[key]} has no {what} in the band {row['band_id']}",  # type: ignore[misc]
            f"Add it to {tables.files[table]}.",
        )


@sky_check()
def standards_are_names(tables: Tables) -> Iterator[Finding]:
    """Standards are a list of names, as lists of names are written."""
    named = entries(tables["sensor_types"].select(ROW, "standards"), "standards")
    yield from tables.findings(
        "sensor_types",
        named.filter(~pl.col("standards").str.contains(IDENTIFIER)),
        "standards",
        "names of standards",
        "This is no short name of a standard",
        "Write short names with a semicolon between, such as sapient;asterix_048.",
    )


# ---------------------------------------------------------------- money


@sky_check("sky_purses")
def purses_share_the_budget(tables: Tables) -> Iterator[Finding]:
    """The parts of a few purses sum to one, none is nought, and national ones are of members."""
    purses = tables["sky_purses"]
    yield from tables.findings(
        "sky_purses",
        purses.slice(MOST_PURSES),
        "purse_id",
        "number of purses",
        f"There are more than {MOST_PURSES} purses",
        "Join purses that pay for the same.",
    )
    yield from _sum_to_one(tables, "sky_purses", "parts of purses")
    yield from tables.findings(
        "sky_purses",
        purses.filter(pl.col("part") == 0),
        "part",
        "empty purse",
        lambda row: f"The purse {row['purse_id']} holds nothing",
        "Give it a part above 0, or delete it.",
    )
    yield from tables.findings(
        "sky_purses",
        purses.filter(~pl.col("state").is_in(tables.members)),
        "state",
        "role of state",
        "The purse is of a state that is no member, so that nothing is sited there",
        "Write a member, or leave the state empty for a purse of all.",
    )


@sky_check("sky_purses", "sensor_kinds")
def purses_are_nested(tables: Tables) -> Iterator[Finding]:
    """Of two purses that can pay for the same, one can pay for all that the other can."""
    kinds = frozenset(tables["sensor_kinds"]["kind_id"].drop_nulls())
    pays = []
    for row in tables["sky_purses"].drop_nulls("purse_id").head(MOST_PURSES).iter_rows(named=True):
        states = frozenset(tables.members if row["state"] is None else [row["state"]])
        listed = frozenset(part.strip() for part in (row["kinds"] or "").split(";") if part.strip())
        pays.append((row[ROW], row["purse_id"], states, listed or kinds))
    for (_, one, states, few), (place, other, more_states, many) in combinations(pays, 2):
        meet = states & more_states and few & many
        nested = (states <= more_states and few <= many) or (states >= more_states and few >= many)
        if meet and not nested:
            yield Finding(
                tables.files["sky_purses"],
                "nested purses",
                f"The purses {one} and {other} overlap, and neither covers the other",
                "Let one pay for all that the other pays for, or let them pay for different things.",
                place,
                "kinds",
                other,
                "warning",
            )


@sky_check("sky_settings", "sky_years")
def purchases_fall_into_the_years(tables: Tables) -> Iterator[Finding]:
    """The parts of the years of buying sum to one, and each lies within the table of money."""
    yield from _sum_to_one(tables, "sky_years", "parts of years")
    known = _settings(tables)
    first, last = known.get("first_year", -9999), known.get("last_year", 9999)
    yield from tables.findings(
        "sky_years",
        tables["sky_years"].filter(~pl.col("year").is_between(first, last)),
        "year",
        "years of buying",
        f"The year is not within {first:g} to {last:g}",
        f"Correct it, or first_year and last_year in {tables.files['sky_settings']}.",
    )


# ---------------------------------------------------------------- helpers


def _settings(tables: Tables) -> dict[str, float]:
    known = tables["sky_settings"].drop_nulls(["key", "value"])
    return dict(zip(known["key"], known["value"], strict=True))


def _sold(tables: Tables) -> pl.DataFrame:
    """Types that somebody sells."""
    return tables["sensor_types"].filter(pl.col("sold") == "y").drop_nulls("kind_id")


def _sum_to_one(tables: Tables, table: str, rule: str) -> Iterator[Finding]:
    """Make a finding where the column part does not sum to one; a table without rows lacks them all."""
    parts = tables[table].drop_nulls("part")
    total = float(parts["part"].sum())
    if abs(total - 1) <= SUM_ERROR:
        return
    yield Finding(
        tables.files[table],
        rule,
        f"The parts sum to {total:g}",
        "Correct them so that they sum to 1.",
        parts[ROW].max() if parts.height else None,  # type: ignore[arg-type]
        "part",
        f"{total:g}",
    )
