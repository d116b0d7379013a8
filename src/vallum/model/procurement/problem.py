"""One region as arrays.

Symbols and formulas: docs/explanation/procurement.md; section numbers below refer to it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.assets import (
    Crews,
    Lines,
    Loans,
    Purses,
    read_crews,
    read_lines,
    read_loans,
    read_purses,
)
from vallum.model.procurement.limits import NO_LIMITS, PlanLimits
from vallum.model.procurement.names import Names, split
from vallum.model.procurement.programmes import Programmes, read_membership, read_programmes
from vallum.region import Region

__all__ = ["Problem", "problem"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Problem:
    """Indexed data of one region: members N, classes K, programmes P, lines L, families F, years Y.

    Plurals are names, singulars their arrays. Shapes are given beside each array.
    """

    states: tuple[str, ...]
    classes: tuple[str, ...]
    programmes: tuple[str, ...]
    systems: tuple[str, ...]
    lines: tuple[str, ...]
    families: tuple[str, ...]
    years: tuple[int, ...]
    settings: dict[str, float]
    bands: Floats
    weight: Floats  # (N, K, Y) gap-years per missing class unit, discounted
    need: Floats  # (N, K, Y)
    legacy: Floats  # (N, K, Y)
    gap: Floats  # (N, K, Y) need beyond legacy
    discount: Floats  # (Y,)
    programme: Programmes
    most: Floats  # (N, P) largest quantity the data allow
    greatest: Floats  # (N, P) largest useful quantity; 0: may not join
    operates: Bools  # (N, P)
    prerequisites: Ints  # (r, 2): programme, its prerequisite
    exclusions: Ints  # (r, 2)
    purse: Purses
    loan: Loans
    crew: Crews
    line: Lines
    needs_gateway: Bools  # (K,)
    nodes_per_unit: Floats  # (K,)
    legacy_nodes: Floats  # (N, Y)
    limits: PlanLimits = NO_LIMITS  # beside the rules of the region


def problem(region: Region) -> Problem:
    """Index the tables of a sound region.

    Parameters
    ----------
    region : Region
        A region without error findings.

    Returns
    -------
    Problem

    Raises
    ------
    BadInput
        The region has error findings.
    """
    names = Names.of(region.require_sound())
    tables = names.tables
    discount = (1 + names.settings["discount_rate_pct"] / 100) ** -np.arange(len(names.years), dtype=float)
    need = _need(names)
    system_stock = _system_stock(names)
    legacy = _legacy(names, system_stock)
    gap = np.maximum(need - legacy, 0.0)
    programme = read_programmes(names)
    membership = read_membership(names, programme, gap)
    nodes = np.array([float(r["nodes_provided"] or 0.0) for r in names.system_rows])
    gateways = {r["class_id"]: r["nodes_per_unit"] for r in tables["gateways"].to_dicts()}
    classes = {r["class_id"]: r for r in tables["classes"].to_dicts()}
    return Problem(
        states=names.states, classes=names.classes, programmes=names.programmes, systems=names.systems,
        lines=names.lines, families=names.families, years=names.years, settings=names.settings,
        bands=np.sort(tables["bands"]["multiple"].to_numpy().astype(float)),
        weight=_weights(names, need, discount, classes), need=need, legacy=legacy, gap=gap, discount=discount,
        programme=programme, most=membership.most, greatest=membership.greatest, operates=membership.operates,
        prerequisites=_pairs(names, "prerequisites"), exclusions=_pairs(names, "exclusions"),
        purse=read_purses(names), loan=read_loans(names), crew=read_crews(names, system_stock),
        line=read_lines(names),
        needs_gateway=np.array([classes[c]["needs_gateway"] == "y" for c in names.classes], dtype=bool),
        nodes_per_unit=np.array([float(gateways.get(c) or 0.0) for c in names.classes]),
        legacy_nodes=np.einsum("nsy,s->ny", system_stock, nodes),
    )  # fmt: skip


def _need(names: Names) -> Floats:
    """Needed class units, (N, K, Y)."""
    out = np.zeros((len(names.states), len(names.classes), len(names.years)))
    rows = names.tables["needs"].select("state", "class_id", "year", "quantity")
    for state, klass, year, amount in rows.iter_rows():
        if state in names.state_at and klass in names.class_at and year in names.year_at:
            out[names.state_at[state], names.class_at[klass], names.year_at[year]] = amount
    return out


def _weights(names: Names, need: Floats, discount: Floats, classes: dict[str, Any]) -> Floats:
    """Section 5: discounted weight of one missing unit, (N, K, Y)."""
    last, most = need[:, :, -1], need.max(axis=2)
    reference = np.where(last > 0, last, most)
    weight = np.array([float(classes[c]["weight"]) for c in names.classes])[None, :]
    unit = np.divide(weight, reference, out=np.zeros_like(reference), where=reference > 0)
    out: Floats = unit[:, :, None] * discount[None, None, :]
    return out


def _system_stock(names: Names) -> Floats:
    """Section 5: legacy of each system in class units, linear retirement, (N, S, Y)."""
    out = np.zeros((len(names.states), len(names.systems), len(names.years)))
    years = np.array(names.years, dtype=float)
    for row in names.tables["stocks"].to_dicts():
        s = names.system_at[row["system_id"]]
        factor = names.system_rows[s]["class_units_per_system_unit"]
        if row["state"] not in names.state_at or not factor:
            continue
        span = row["retire_to"] - row["retire_from"] + 1
        left = 1.0 - np.clip((years - row["retire_from"] + 1) / span, 0.0, 1.0)
        present = years >= row["year"]
        out[names.state_at[row["state"]], s] += row["quantity"] * float(factor) * left * present
    return out


def _legacy(names: Names, system_stock: Floats) -> Floats:
    """Legacy by class, (N, K, Y)."""
    klass = np.array([names.class_at.get(r["class_id"] or "", -1) for r in names.system_rows])
    return np.stack([system_stock[:, klass == k, :].sum(axis=1) for k in range(len(names.classes))], axis=1)


def _pairs(names: Names, column: str) -> Ints:
    """Pairs of programmes that a ;-list names, sorted; exclusions hold both ways and are kept once."""
    found = {
        (i, names.programme_at[other])
        for i, row in enumerate(names.programme_rows)
        for other in split(row[column])
    }
    if column == "exclusions":
        found = {(min(pair), max(pair)) for pair in found}
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
