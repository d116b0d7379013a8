"""Evacuations: planned, proven and kept."""

from typing import Final

from vallum.plan.evacuation.tables import EVACUATION_TABLES
from vallum.plan.results import Model

__all__ = ["EVACUATION"]

EVACUATION: Final = Model("evacuation", "a plan of evacuation", "vallum evacuate", EVACUATION_TABLES)
"""The folder of a plan of evacuation."""
