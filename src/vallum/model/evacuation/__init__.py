"""Evacuation: roads, buses and trains as flows over time, to places of reception."""

from vallum.model.evacuation.evacuate import Bound, Evacuated, evacuate, people_of, trip_hours
from vallum.model.evacuation.network import Change, Roads, roads
from vallum.model.evacuation.problem import Case
from vallum.model.evacuation.reader import case, require_evacuation, scenarios

__all__ = [
    "Bound",
    "Case",
    "Change",
    "Evacuated",
    "Roads",
    "case",
    "evacuate",
    "people_of",
    "require_evacuation",
    "roads",
    "scenarios",
    "trip_hours",
]
