"""Sensors sited, and the warning they give: made, kept and replayed."""

from typing import Final

from vallum.plan.results import Model
from vallum.plan.sky.tables import SKY_TABLES

__all__ = ["SKY"]

SKY: Final = Model("sky", "a siting of sensors", "vallum sky", SKY_TABLES)
"""The folder of a siting of sensors."""
