"""The ways of an evacuation as one table: who leaves when, by what, past which towns, to whom."""

import numpy as np
import polars as pl

from vallum.model.evacuation import Evacuated
from vallum.model.evacuation.problem import IntArray
from vallum.solve.flow import Flow, Paths, decompose

__all__ = ["ways"]

CAR, BUS, TRAIN = "car", "bus", "train"


def ways(found: Evacuated) -> pl.DataFrame:
    """Return all ways of both groups.

    Returns
    -------
    DataFrame
        origin, host (indices of the case), group, people, depart_h (end of the step of departure), arrive_h,
        first (node after the municipality), way (nodes passed, a semicolon between) and away_h (arrival at
        the first node that no origin's road leads to; where there is none, the arrival).
    """
    step = found.roads.step_h
    names = np.array(found.carried.names)
    danger = _danger(found)
    parts = []
    for flow, cars in ((found.car, True), (found.bus, False)):
        paths = decompose(flow)
        rails = np.zeros(len(paths.amount), bool) if cars else _any(paths, found.carried.rails > 0)
        group = np.where(rails, TRAIN, CAR if cars else BUS)
        # people board a bus on its first arc, and are on the road from the second on
        leaves = paths.begin[:-1] + (group == BUS)
        head = flow.expanded.network.head
        parts.append(
            pl.DataFrame(
                {
                    "origin": paths.supply,
                    "host": paths.sink,
                    "group": group,
                    "people": paths.amount,
                    "depart_h": (paths.step[leaves] + 1) * step,
                    "arrive_h": paths.arrive * step,
                    "way": pl.Series(
                        [_way(paths, number, head, names, found) for number in range(len(paths.amount))],
                        dtype=pl.String,
                    ),
                    "away_h": _away(paths, flow, danger) * step,
                }
            )
        )
    whole = pl.concat(parts)
    return whole.with_columns(pl.col("way").str.split(";").list.first().alias("first"))


def _any(
    paths: Paths, mark: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which ways take a marked arc."""
    sums = np.concatenate(([0], np.cumsum(mark[paths.arc])))
    return np.asarray(sums[paths.begin[1:]] > sums[paths.begin[:-1]])


def _way(
    paths: Paths,
    number: int,
    head: IntArray,
    names: "np.ndarray[tuple[int], np.dtype[np.str_]]",
    found: Evacuated,
) -> str:
    """Nodes passed between the municipalities at the ends.

    Driving in a circle takes a flow no longer than waiting; who would is told to wait.
    """
    nodes = head[paths.arc[paths.begin[number] : paths.begin[number + 1]]]
    towns = nodes[
        (nodes < len(found.roads.case.nodes))
        | (nodes >= len(found.roads.names) + len(found.roads.case.origins))
    ]
    passed: list[str] = []
    for town in names[towns].tolist():
        if town in passed:
            del passed[passed.index(town) :]
        passed.append(town)
    return ";".join(passed)


def _danger(found: Evacuated) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Tell which nodes of the larger network a road of an origin leads to, and the origins themselves."""
    case = found.roads.case
    leaving = {origin.key for origin in case.origins}
    near = {link.head for link in case.links if link.tail in leaving} | leaving
    return np.isin(np.array(found.carried.names), sorted(near))


def _away(paths: Paths, flow: Flow, danger: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> IntArray:
    """Step at which each way first comes to a node out of danger; its arrival at the latest."""
    network = flow.expanded.network
    there = paths.step + network.travel[paths.arc]
    safe = ~danger[network.head[paths.arc]]
    way = np.repeat(np.arange(len(paths.amount)), np.diff(paths.begin))
    away = paths.arrive.copy()
    np.minimum.at(away, way[safe], there[safe])
    return away
