"""The model of one level as it goes to branch and bound, with the meaning of each column and row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vallum.model.procurement.formulation import Formulation
from vallum.model.procurement.search import Restricted
from vallum.solve import Budget, Limits, Loaded

__all__ = ["NAMES", "Exported", "export"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Columns of the name map.
NAMES: Final[Mapping[str, Any]] = {
    "kind": pl.String, "name": pl.String, "family": pl.String, "whole": pl.Boolean, "state": pl.String,
    "class_id": pl.String, "programme_id": pl.String, "coalition": pl.String, "partners": pl.Boolean,
    "band": pl.Int64, "item": pl.String, "year": pl.Int64, "rule": pl.String, "sentence": pl.String,
    "source": pl.String,
}  # fmt: skip
MEANING: Final = {
    "shortfall": "class units that are missing",
    "delivered": "class units delivered up to the year",
    "counted": "class units that count, with crews and connection",
    "sustain": "EUR million of upkeep a year, of what is paid by other money and by related money",
    "carry": "EUR million carried over into the next year",
    "related": "EUR million paid by related money",
    "draw": "EUR million drawn of the SAFE loan",
    "claim": "EUR million of eligible payments that are not drawn yet",
    "nodes": "gateways",
    "steps": "expansion steps decided",
    "paid": "EUR million paid towards expansions",
    "school": "a school is built",
    "types": "the type is bought by somebody",
    "choice": "the coalition takes the programme at this price band",
    "low": "share of the introduction with an order of the least quantity",
    "high": "share of the introduction with an order of the greatest quantity",
    "total": "steps of the programme that the member orders in all",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """A model with names.

    Attributes
    ----------
    model : Loaded
    columns, rows : list of str
    names : DataFrame
        What each is, with the columns of `NAMES`.
    """

    model: Loaded
    columns: list[str]
    rows: list[str]
    names: pl.DataFrame


def export(form: Formulation, level: int, caps: Floats) -> Exported:
    """Return the whole model of a level: all listed blocks, all order years, whole units.

    Parameters
    ----------
    form : Formulation
    level : int
        0 shortfall, 1 cost, 2 types.
    caps : (2,) array
        What the values of levels 0 and 1 may be at most; inf: open.
    """
    every = np.arange(len(form.program.cost))
    model = Restricted(form, level, caps, every, Budget(Limits(time_limit=None)), whole=True)
    found = [*_columns(form, model), *_rows(form, model)]
    loaded = model.session.loaded()
    names = pl.DataFrame([{**dict.fromkeys(NAMES), **one} for one in found], schema=dict(NAMES), orient="row")
    whole = pl.Series([*loaded.integer.tolist(), *[None] * len(loaded.row_lower)], dtype=pl.Boolean)
    return Exported(
        loaded, names.filter(kind="column")["name"].to_list(), names.filter(kind="row")["name"].to_list(),
        names.with_columns(whole.alias("whole")),
    )  # fmt: skip


def _columns(form: Formulation, model: Restricted) -> Iterator[dict[str, Any]]:
    """What each column is, in the order of the model; those of totals are last."""
    at = form.at
    meaning: dict[int, dict[str, Any]] = {}
    for family, grid in (
        ("shortfall", at.shortfall), ("delivered", at.delivered), ("counted", at.counted),
        ("sustain", at.sustain), ("carry", at.carry), ("related", at.related), ("draw", at.draw),
        ("claim", at.claim), ("nodes", at.nodes), ("steps", at.steps), ("paid", at.paid),
        ("school", at.school), ("types", at.types),
    ):  # fmt: skip
        for place in map(tuple, np.argwhere(grid >= 0).tolist()):
            # cells of one pool share a column, which the first of them names
            meaning.setdefault(int(grid[place]), {"family": family, **_placed(form, family, place)})
    for family, columns in (("choice", at.x), ("low", at.low), ("high", at.high)):
        for k in np.flatnonzero(columns >= 0).tolist():
            meaning[int(columns[k])] = {"family": family, **_of_block(form, family, k)}
    for k, member in enumerate(model.members.tolist()):
        meaning[len(model.columns) + k] = {"family": "total", **_of_member(form, member)}
    for j in range(len(model.columns) + len(model.members)):
        one = meaning[j]
        yield {"kind": "column", "name": f"C_{one['family']}_{j}", **one, "sentence": MEANING[one["family"]]}


def _placed(form: Formulation, family: str, place: tuple[int, ...]) -> dict[str, Any]:
    """State, class, item and year of a column that belongs to no block."""
    problem, cells = form.problem, form.cells
    if family == "types":
        return {"item": problem.systems[place[0]]}
    out: dict[str, Any] = {"year": problem.years[place[-1]]}
    if family in ("delivered", "counted"):
        cell, crews = place[0], int(cells.family[place[0]])
        out |= {"state": problem.states[cells.state[cell]], "class_id": problem.classes[cells.klass[cell]]}
        return out | ({"item": problem.families[crews]} if family == "counted" and crews >= 0 else {})
    if family == "school":
        mask = int(form.schools.coalition[place[0]])
        return out | {
            "item": problem.families[form.schools.family[place[0]]], "coalition": _members(form, mask),
        }  # fmt: skip
    if family == "steps":
        payer = {} if form.mode == "joint" else {"state": problem.states[place[1]]}
        return out | {"item": problem.lines[place[0]], **payer}
    out["state"] = problem.states[place[0]]
    if family == "shortfall":
        out["class_id"] = problem.classes[place[1]]
    if family == "sustain":
        out["item"] = ("other money", "related money")[place[1]]
    return out


def _of_block(form: Formulation, family: str, k: int) -> dict[str, Any]:
    """The block of a choice, or the block, member and year of an order."""
    b, problem = form.blocks, form.problem
    block = k if family == "choice" else int(form.entries.block[k])
    out: dict[str, Any] = {
        "programme_id": problem.programmes[b.programme[block]],
        "coalition": _members(form, int(b.coalition[block])), "partners": bool(b.partners[block]),
        "band": int(b.band[block]), "class_id": problem.classes[problem.programme.klass[b.programme[block]]],
    }  # fmt: skip
    if family != "choice":
        out |= {"state": problem.states[form.entries.state[k]], "year": problem.years[b.entry_year[k]]}
    return out


def _of_member(form: Formulation, member: int) -> dict[str, Any]:
    """A member of a block."""
    block, state = int(form.blocks.member_block[member]), int(form.blocks.member_state[member])
    return {**_of_block(form, "choice", block), "state": form.problem.states[state]}


def _members(form: Formulation, mask: int) -> str:
    return "+".join(state for n, state in enumerate(form.problem.states) if mask >> n & 1)


def _rows(form: Formulation, model: Restricted) -> Iterator[dict[str, Any]]:
    """What each row is, in the order of the model; those of totals are last."""
    for k, row in enumerate(model.rows.tolist()):
        family = form.program.family_of(row)
        state, item, year = family.labels.of(row - family.start)
        yield {
            "kind": "row", "name": f"R_{family.name}_{k}", "family": family.name, "state": state or None,
            "item": item or None, "year": year, "rule": family.rule, "sentence": family.say(row),
            "source": family.source,
        }  # fmt: skip
    for k, member in enumerate(model.members.tolist()):
        yield {
            "kind": "row", "name": f"R_whole_{len(model.rows) + k}", "family": "whole",
            **_of_member(form, member), "rule": "whole units", "source": "programmes.csv",
            "sentence": "what a member orders in all is a whole multiple of the step",
        }  # fmt: skip
