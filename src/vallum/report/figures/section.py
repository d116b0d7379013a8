"""The way from a study to the results of one model: its figures, or why there are none."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from markupsafe import Markup

from vallum.report.held import Held
from vallum.report.parts import Figure
from vallum.report.study import Study

H = TypeVar("H", bound=Held)
Draw = Callable[[Study, H, str, str], Figure]
Make = Callable[[Study], Figure]


def section(
    kind: str, results: Callable[[Study], H | None], *, absent: str, stale: str
) -> Callable[[str, str], Callable[[Draw[H]], Make]]:
    """Return what makes a figure of a model's results into one of a study.

    Parameters
    ----------
    kind : str
        Kind of the results.
    results : callable
        Results of a study, None for none.
    absent, stale : str
        What the figure says in place of a picture when there are none, or when they are from something else.
    """

    def named(key: str, title: str) -> Callable[[Draw[H]], Make]:
        def decorate(draw: Draw[H]) -> Make:
            @wraps(draw)
            def figure(study: Study) -> Figure:
                found = results(study)
                if found is None:
                    why = stale if kind in study.stale else absent
                    return Figure(key, title, "", Markup(""), empty=why, of=kind)
                return draw(study, found, key, title)

            return figure

        return decorate

    return named
