"""Rows of section 4: who may choose what, and the rows of each block."""

import numpy as np
from numpy.typing import NDArray

from vallum.model.procurement.cells import NONE
from vallum.model.procurement.writer import Writer, pick
from vallum.solve import Labels

__all__ = ["add_blocks", "add_choices"]

Ints = NDArray[np.int64]


def add_choices(w: Writer) -> None:
    """One coalition per member and programme; exclusions; prerequisites; types."""
    problem, blocks = w.problem, w.blocks
    programmes = len(problem.programmes)
    n, a = blocks.member_state, blocks.member_block
    key = n * programmes + blocks.programme[a]
    # all that may join, so that these rows are the same whatever blocks are listed
    pairs = np.flatnonzero(problem.greatest > 0)
    s, p = np.divmod(pairs, programmes)
    place = np.searchsorted(pairs, key)
    labels = Labels(pick(problem.states, s), pick(problem.programmes, p))
    join = w.builder.add_rows(
        "join", len(pairs), upper=1.0, rule="one coalition per programme", source="programme_states.csv",
        sentence="{state} joins {item} at most once", labels=labels,
    )  # fmt: skip
    w.builder.add(join[place], w.at.x[a], 1.0)
    _add_exclusions(w)
    _add_prerequisites(w)
    types = w.builder.add_rows(
        "type", len(pairs), upper=0.0, rule="types", source="systems.csv",
        sentence="{item} in {state} is a type", labels=labels,
    )  # fmt: skip
    w.builder.add(types[place], w.at.x[a], 1.0)
    w.builder.add(types, w.at.types[problem.programme.system[p]], -1.0)


def _add_exclusions(w: Writer) -> None:
    """A member joins at most one of two programmes that exclude one another."""
    problem, blocks = w.problem, w.blocks
    n, a = blocks.member_state, blocks.member_block
    shape = w.states, len(problem.exclusions)
    s, r = np.nonzero(np.ones(shape, bool))
    rows = w.builder.add_rows(
        "exclusion", len(s), upper=1.0, rule="exclusion", source="programmes.csv",
        sentence="{state} may not also join a programme that {item} excludes",
        labels=Labels(pick(problem.states, s), pick(problem.programmes, problem.exclusions[r, 0])),
    ).reshape(shape)  # fmt: skip
    for k, pair in enumerate(problem.exclusions):
        here = np.isin(blocks.programme[a], pair)
        w.builder.add(rows[n[here], k], w.at.x[a[here]], 1.0)


def _add_prerequisites(w: Writer) -> None:
    """Up to every year, no more of a programme is introduced than of its prerequisite."""
    problem, blocks = w.problem, w.blocks
    shape = w.states, len(problem.prerequisites), w.years
    s, r, t = np.nonzero(np.ones(shape, bool))
    rows = w.builder.add_rows(
        "prerequisite", len(s), upper=0.0, rule="prerequisite", source="programmes.csv",
        sentence="{state} cannot order {item} ahead of its prerequisite by {year}",
        labels=Labels(pick(problem.states, s), pick(problem.programmes, problem.prerequisites[r, 0]),
                      pick(problem.years, t)),
    ).reshape(shape)  # fmt: skip
    for k, (later, earlier) in enumerate(problem.prerequisites):
        for programme, sign in ((later, 1.0), (earlier, -1.0)):
            e = np.flatnonzero(w.entries.programme == programme)
            i, t = np.nonzero(np.arange(w.years)[None, :] >= blocks.entry_year[e][:, None])
            w.order(rows[w.entries.state[e[i]], k, t], e[i], 0.0, sign)


def add_blocks(w: Writer) -> tuple[Ints, Ints]:
    """A member orders when its block is chosen; the band's edge is reached.

    Returns
    -------
    member : (M,) array
    band : (A,) array
        Row positions; NONE where the least orders reach the edge anyway.
    """
    problem, blocks = w.problem, w.blocks
    programme = blocks.programme[blocks.member_block]
    member = w.builder.add_rows(
        "member", len(programme), lower=0.0, upper=0.0, rule="who joins orders", source="programmes.csv",
        sentence="{state} orders {item} when it joins",
        labels=Labels(pick(problem.states, blocks.member_state), pick(problem.programmes, programme)),
    )  # fmt: skip
    w.builder.add(member, w.at.x[blocks.member_block], -1.0)
    e = np.arange(len(blocks.entry_member))
    w.order(member[blocks.entry_member], e, 0.0, 1.0)
    least = np.bincount(blocks.member_block, weights=blocks.least, minlength=len(blocks.programme))
    edge = blocks.edge - blocks.partner_quantity
    banded = np.flatnonzero(edge > least + 1e-9)
    band = np.full(len(blocks.programme), NONE)
    band[banded] = w.builder.add_rows(
        "band", len(banded), lower=0.0, rule="price band", source="bands.csv",
        sentence="{item} reaches the quantity of its price band",
        labels=Labels(item=pick(problem.programmes, blocks.programme[banded])),
    )  # fmt: skip
    w.builder.add(band[banded], w.at.x[banded], -edge[banded])
    has = band[w.entries.block] >= 0
    w.order(band[w.entries.block][has], e[has], 1.0)
    return member, band
