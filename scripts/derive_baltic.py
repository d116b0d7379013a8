"""Rebuild the derived tables of the region ``baltic`` from the tables they rest on.

Two files are derived here: ``needs.csv`` (formations x establishments, plus territorial needs) and
``gateways.csv`` (nodes of the shared picture that a class unit takes). ``purses.csv`` is kept as
given, because its committed and legacy money rest on payment schedules that are not public; its other
columns are computed again and compared, see `purse_differences`. All functions are pure: tables in,
rows out, no clock, no randomness, so the same folder always gives the same bytes.

Run ``python scripts/derive_baltic.py [--check] [FOLDER]``; without FOLDER the shipped region is used.
``--check`` writes nothing and exits with 1 when a file would change.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Row = dict[str, str]
Tables = Mapping[str, Sequence[Row]]

SHIPPED = Path(__file__).resolve().parent.parent / "src" / "vallum" / "region" / "data" / "baltic"
PROVENANCE = ("basis", "derived_from", "note", "source", "source_date", "confidence")
SCRIPT = "scripts/derive_baltic.py"
SCRIPT_DATE = "2026-11"

NEEDS_COLUMNS = ("state", "class_id", "year", "quantity", "low", "high", *PROVENANCE)
NEEDS_CASES = {  # case: (column of establishments and extra_needs, ready-year column of formations)
    "low": ("low", "ready_year_high"),
    "quantity": ("quantity", "ready_year"),
    "high": ("high", "ready_year_low"),
}

GATEWAY_COLUMNS = ("class_id", "nodes_per_unit", *PROVENANCE)
# One node serves one battalion-size element. Class: (formation type, elements of battalion size that
# share the formation's units of the class, why that formation is the yardstick).
GATEWAY_ELEMENTS: dict[str, tuple[str, int, str]] = {
    "SHORAD": ("AD_BN", 1, "one air defence battalion"),
    "MRAD": ("AD_BN", 1, "one air defence battalion"),
    "CUAS": ("INF_BDE", 3, "three manoeuvre battalions of an infantry brigade"),
    "RUAS": ("INF_BDE", 4, "three manoeuvre battalions and the gun battalion of an infantry brigade"),
    "IFV": ("INF_BDE_IFV", 1, "one battalion of fighting vehicles"),
    "APC": ("INF_BDE", 3, "three carrier battalions of an infantry brigade"),
    "MBT": ("TANK_BN", 1, "one tank battalion"),
    "SPH": ("MECH_BDE", 1, "one gun battalion"),
    "ROCKET": ("ROCKET_BN", 1, "one rocket battalion"),
    "COAST": ("COAST_BTY", 1, "a coastal battery stands alone"),
    "RADAR": ("AD_BN", 1, "one air defence battalion"),
}
# Classes without a formation to measure by, and the node class itself.
GATEWAY_FIXED: dict[str, tuple[str, str]] = {
    "LRAD": ("1.0", "a battery is its own fire-control unit"),
    "BSENS": ("0.2", "one sector post for five packages (50 km of border)"),
    "C2": ("0.0", "the class is the node"),
}

PURSE_FIRST, PURSE_LAST = 2026, 2040
PURSE_HELD_TO, PURSE_LOW_FLOOR_YEAR, PURSE_SETTLED = 2030, 2032, 2035
PURSE_FINAL_SHARE_PCT, PURSE_FLOOR_SHARE_PCT = 4.0, 3.5
PURSE_FINAL_GROWTH_PCT = 1.5
# State: last published year, factors of low and high on the published figure, equipment share to 2030.
PURSE_STATES: dict[str, tuple[int, float, float, tuple[float, float, float]]] = {
    "EE": (2029, 1.0, 1.05, (0.40, 0.50, 0.62)),
    "LV": (2028, 0.97, 1.03, (0.35, 0.43, 0.53)),
    "LT": (2030, 5.0 / 5.4, 6.0 / 5.4, (0.32, 0.42, 0.55)),
}
PURSE_FINAL_EQUIPMENT = (0.30, 0.38, 0.50)
PURSE_OUTSIDE = (0.60, 0.45, 0.30)  # low purse has the high outside share
PURSE_RELATED_FIRST_PCT, PURSE_RELATED_LAST_PCT = 0.5, 1.5
PURSE_RELATED_LOW_PCT, PURSE_RELATED_HIGH_PCT = 0.3, 1.5
LT_MIDPOINT_PCT = 5.4  # inside the published 5 to 6 % of GDP


# --- reading and writing ----------------------------------------------------------------------------


def read_tables(folder: Path) -> dict[str, list[Row]]:
    """Return every CSV of ``folder`` as rows of text, keyed by the file's stem."""
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            tables[path.stem] = list(csv.DictReader(handle))
    return tables


def to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows as CSV text, lines ended by a line feed."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


# --- needs ------------------------------------------------------------------------------------------


def ramp(first: float, start: int, end: int, year: int) -> float:
    """Share of a requirement asked for in ``year``: ``first`` at start, 1 at end, linear between."""
    if year >= end:
        return 1.0
    if year < start:
        return 0.0
    return first + (1.0 - first) * (year - start) / (end - start)


def planning_years(tables: Tables) -> range:
    """Years of the region, from its settings."""
    value = {row["key"]: float(row["value"]) for row in tables["settings"]}
    return range(int(value["first_year"]), int(value["last_year"]) + 1)


def build_needs(tables: Tables) -> list[Row]:
    """Needs by state, class and year.

    need = ramp(class) * sum over formations ready by the year of their establishment
    + ramp(row) * territorial need. ``low`` takes low establishments and late readiness, ``high`` the
    reverse.
    """
    formations = [row for row in tables["formations"] if row["counted"] == "y"]
    establishment: dict[tuple[str, str], Row] = {
        (row["formation_type"], row["class_id"]): row for row in tables["establishments"]
    }
    territorial = tables["extra_needs"]
    years = planning_years(tables)
    rows = []
    for state in sorted({row["state"] for row in [*formations, *territorial]}):
        own = [row for row in formations if row["state"] == state]
        for cls in tables["classes"]:
            class_id = cls["class_id"]
            extra = [row for row in territorial if (row["state"], row["class_id"]) == (state, class_id)]
            for year in years:
                value = {
                    case: _need(cls, own, establishment, extra, year, columns)
                    for case, columns in NEEDS_CASES.items()
                }
                used = [
                    unit["formation_id"]
                    for unit in own
                    if (unit["formation_type"], class_id) in establishment and int(unit["ready_year"]) <= year
                ]
                rows.append(_need_row(state, class_id, year, value, used, bool(extra)))
    return rows


def _need(
    cls: Row,
    formations: Sequence[Row],
    establishment: Mapping[tuple[str, str], Row],
    extra: Sequence[Row],
    year: int,
    columns: tuple[str, str],
) -> float:
    quantity, ready = columns
    share = ramp(float(cls["ramp_first_share"]), int(cls["ramp_start"]), int(cls["ramp_end"]), year)
    total = 0.0
    for unit in formations:
        line = establishment.get((unit["formation_type"], cls["class_id"]))
        if line is not None and int(unit[ready]) <= year:
            total += share * float(line[quantity])
    for row in extra:
        start, full = int(row["start_year"]), int(row["full_year"])
        total += ramp(1.0 / (full - start + 1), start, full, year) * float(row[quantity])
    return round(total, 2)


def _need_row(
    state: str, class_id: str, year: int, value: Mapping[str, float], used: Sequence[str], extra: bool
) -> Row:
    keys = ["formations.csv:" + ",".join(used)] if used else []
    keys += [f"extra_needs.csv:{state} {class_id}"] if extra else []
    return {
        "state": state,
        "class_id": class_id,
        "year": str(year),
        **{case: str(number) for case, number in value.items()},
        "basis": "derived",
        "derived_from": ";".join([*keys, "establishments.csv", f"classes.csv:{class_id}"]),
        "note": "formations ready by the year x establishment, plus territorial need",
        "source": SCRIPT,
        "source_date": SCRIPT_DATE,
        "confidence": "assumption",
    }


# --- gateways ---------------------------------------------------------------------------------------


def build_gateways(tables: Tables) -> list[Row]:
    """Nodes a class unit takes: battalion-size elements / establishment, for classes that need one."""
    establishment = {
        (r["formation_type"], r["class_id"]): float(r["quantity"]) for r in tables["establishments"]
    }
    rows = []
    for cls in tables["classes"]:
        if cls["needs_gateway"] != "y":
            continue
        class_id = cls["class_id"]
        row = {"class_id": class_id, "source": SCRIPT, "source_date": SCRIPT_DATE, "confidence": "assumption"}
        if class_id in GATEWAY_FIXED:
            nodes, why = GATEWAY_FIXED[class_id]
            row |= {"nodes_per_unit": nodes, "basis": "assumption", "derived_from": "", "note": why}
        else:
            formation, elements, why = GATEWAY_ELEMENTS[class_id]
            quantity = establishment[formation, class_id]
            row |= {
                "nodes_per_unit": str(round(elements / quantity, 6)),
                "basis": "derived",
                "derived_from": f"establishments.csv:{formation} {class_id}",
                "note": f"one node for each battalion-size element: {why} ({elements} / {quantity:g})",
            }
        rows.append(row)
    return rows


# --- purses -----------------------------------------------------------------------------------------


def purse_differences(tables: Tables) -> dict[tuple[str, int, str], tuple[str, str]]:
    """Cells of purses.csv that the rule gives otherwise: (state, year, column) -> (shipped, computed)."""
    found = {}
    for given, computed in zip(tables["purses"], build_purses(tables), strict=True):
        for column, value in computed.items():
            if value != given[column]:
                found[given["state"], int(given["year"]), column] = (given[column], value)
    return found


def build_purses(tables: Tables) -> list[Row]:
    """Return the rows of purses.csv with every column that the rule gives computed again.

    Kept as given: committed and legacy sustainment money, the shares outside scope, carry-over and
    related shares, and provenance. Computed: real GDP, share of GDP, defence, equipment, related and
    plannable money with their ranges, from the national budgets and the WEO path.
    """
    gdp = real_gdp(tables)
    rows = []
    for given in tables["purses"]:
        state, year = given["state"], int(given["year"])
        rows.append(given | _purse(tables, state, year, gdp[state, year], given))
    return rows


def real_gdp(tables: Tables) -> dict[tuple[str, int], float]:
    """Real GDP in prices of 2026: WEO growth to 2030, then growth fades linearly to 1.5 % in 2040."""
    path: dict[tuple[str, int], float] = {}
    for state in PURSE_STATES:
        weo = _weo(tables, state)
        level = float(weo[PURSE_FIRST]["gdp_meur"])
        path[state, PURSE_FIRST] = level
        last = float(weo[PURSE_HELD_TO]["real_growth_pct"])
        for year in range(PURSE_FIRST + 1, PURSE_LAST + 1):
            if year <= PURSE_HELD_TO:
                growth = float(weo[year]["real_growth_pct"])
            else:
                part = (year - PURSE_HELD_TO) / (PURSE_LAST - PURSE_HELD_TO)
                growth = last + (PURSE_FINAL_GROWTH_PCT - last) * part
            level *= 1 + growth / 100
            path[state, year] = level
    return path


def _weo(tables: Tables, state: str) -> dict[int, Row]:
    return {
        int(row["year"]): row
        for row in tables["macro"]
        if row["iso2"] == state and row["gdp_meur"] and row["status"] in ("actual", "estimate", "forecast")
    }


def published(tables: Tables, state: str, year: int) -> Row | None:
    """Return the national plan's row of the state and year (or what follows from the plan), else None."""
    for row in tables["defence_budgets"]:
        series = row["series"] in ("national_budget", "derived")
        if series and row["iso2"] == state and int(row["year"]) == year and row["defence_meur"]:
            return row
    return None


def gdp_shares(tables: Tables, state: str, year: int) -> tuple[float, float, float]:
    """Defence share of GDP in percent (low, mode, high) by the rule of docs/reference/data-baltic.md."""
    last, low, high, _ = PURSE_STATES[state]
    base = min(year, last)
    plan = published(tables, state, base)
    share = float(plan["pct_gdp"]) if plan is not None else LT_MIDPOINT_PCT
    mode = share
    if year > PURSE_HELD_TO:
        part = min(1.0, (year - PURSE_HELD_TO) / (PURSE_SETTLED - PURSE_HELD_TO))
        mode = share + (PURSE_FINAL_SHARE_PCT - share) * part
    floor = share * low
    if year > last:
        part = min(1.0, (year - last) / (PURSE_LOW_FLOOR_YEAR - last))
        floor += (PURSE_FLOOR_SHARE_PCT - floor) * part
    return floor, mode, share * high


def _defence(tables: Tables, state: str, year: int, gdp: float) -> tuple[float, float, float]:
    last, low, high, _ = PURSE_STATES[state]
    plan = published(tables, state, year)
    if year > last or plan is None:
        a, b, c = gdp_shares(tables, state, year)
        return a * gdp / 100, b * gdp / 100, c * gdp / 100
    deflator = 1.0
    for step in range(PURSE_FIRST + 1, year + 1):
        deflator *= 1 + float(_weo(tables, state)[step]["deflator_pct"]) / 100
    real = float(plan["defence_meur"]) / deflator
    if year == PURSE_FIRST:
        return real, real, real  # adopted budget
    return real * low, real, real * high


def _fade(first: float, last: float, year: int) -> float:
    """``first`` to 2030, then linear to ``last`` in 2035."""
    part = min(1.0, max(0.0, (year - PURSE_HELD_TO) / (PURSE_SETTLED - PURSE_HELD_TO)))
    return first + (last - first) * part


def _purse(tables: Tables, state: str, year: int, gdp: float, given: Row) -> Row:
    defence = _defence(tables, state, year, gdp)
    shares = [
        _fade(first, last, year)
        for first, last in zip(PURSE_STATES[state][3], PURSE_FINAL_EQUIPMENT, strict=True)
    ]
    equipment = [money * share for money, share in zip(defence, shares, strict=True)]
    committed = _money_range(given, "committed_meur")
    legacy = _money_range(given, "legacy_sustainment_meur")
    plannable = [
        max(0.0, money * (1 - outside) - fixed - old)
        for money, outside, fixed, old in zip(
            equipment, PURSE_OUTSIDE, reversed(committed), reversed(legacy), strict=True
        )
    ]
    rise = min(1.0, (year - PURSE_FIRST) / (PURSE_SETTLED - PURSE_FIRST))
    related = PURSE_RELATED_FIRST_PCT + (PURSE_RELATED_LAST_PCT - PURSE_RELATED_FIRST_PCT) * rise
    row = {
        "gdp_real_meur": _whole(gdp),
        "gdp_share_pct": f"{round(gdp_shares(tables, state, year)[1], 2):g}",
        "equipment_share": f"{round(shares[1], 3):g}",
        "related_meur": _whole(gdp * related / 100),
        "related_meur_low": _whole(gdp * PURSE_RELATED_LOW_PCT / 100),
        "related_meur_high": _whole(gdp * PURSE_RELATED_HIGH_PCT / 100),
    }
    for name, three in (
        ("defence_meur", defence),
        ("equipment_meur", equipment),
        ("plannable_meur", plannable),
    ):
        for suffix, number in zip(("_low", "", "_high"), three, strict=True):
            row[name + suffix] = _whole(number)
    return row


def _money_range(row: Row, column: str) -> tuple[float, float, float]:
    return float(row[column + "_low"]), float(row[column]), float(row[column + "_high"])


def _whole(value: float) -> str:
    return str(round(value))


# --- command ----------------------------------------------------------------------------------------


def derive(tables: Tables) -> dict[str, str]:
    """Return the text of every derived file, keyed by file name."""
    return {
        "needs.csv": to_csv(NEEDS_COLUMNS, build_needs(tables)),
        "gateways.csv": to_csv(GATEWAY_COLUMNS, build_gateways(tables)),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Write the derived files, or with ``--check`` say which of them would change."""
    parser = argparse.ArgumentParser(description="rebuild the derived tables of a region folder")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    parser.add_argument("folder", nargs="?", type=Path, default=SHIPPED)
    options = parser.parse_args(argv)
    changed = 0
    for name, text in derive(read_tables(options.folder)).items():
        path = options.folder / name
        if path.read_text(encoding="utf-8") == text:
            continue
        changed += 1
        print(f"{name}: {'would change' if options.check else 'written'}")
        if not options.check:
            path.write_text(text, encoding="utf-8", newline="\n")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
