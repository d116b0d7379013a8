"""Which of many rules a conflict needs."""

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["conflict"]

T = TypeVar("T")
Clashes = Callable[[Sequence[T]], bool]


def conflict(rules: Sequence[T], clashes: Clashes[T]) -> list[T]:
    """Return an irreducible part of rules that clashes by itself: without any one of them it does not.

    QuickXplain (U. Junker, QUICKXPLAIN: preferred explanations and relaxations, AAAI 2004), then a deletion
    filter (J. Chinneck and E. Dravnieks, ORSA Journal on Computing 3, 1991) that shows of each that it is
    needed, also where `clashes` was not monotone to the last digit.

    Parameters
    ----------
    rules : sequence
        Those that together clash; the ones most wanted in the answer first.
    clashes : callable
        Whether some of them clash when the others are lifted. More rules never clash less.

    Returns
    -------
    list
        In no order; empty if there is a clash even without any of them.
    """
    if clashes([]):
        return []
    kept = _quick(clashes, [], list(rules), grown=False)
    for one in list(kept):
        rest = [other for other in kept if other is not one]
        if clashes(rest):
            kept = rest
    return kept


def _quick(clashes: Clashes[T], background: list[T], rules: list[T], *, grown: bool) -> list[T]:
    """Those of `rules` that the background needs to clash; `grown`: it may clash by now without them."""
    if grown and clashes(background):
        return []
    if len(rules) <= 1:
        return rules
    half = len(rules) // 2
    first, second = rules[:half], rules[half:]
    of_second = _quick(clashes, background + first, second, grown=True)
    of_first = _quick(clashes, background + of_second, first, grown=bool(of_second))
    return of_first + of_second
