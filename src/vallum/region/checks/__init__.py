"""Named checks that span rows and tables. One function a check; its docstring is the rule."""

from vallum.region.checks import (
    evacuation,
    fiscal,
    keys,
    levers,
    money,
    offers,
    roads,
    rows,
    sectors,
    settings,
    sites,
    sky,
    sky_places,
    supply,
    warning,
    works,
)
from vallum.region.checks.rules import CHECKS, Check, Tables, run

# Importing a module registers its checks; the list keeps this order.
MODULES = (
    keys,
    settings,
    money,
    offers,
    supply,
    rows,
    sites,
    fiscal,
    works,
    sectors,
    levers,
    sky,
    sky_places,
    warning,
    roads,
    evacuation,
)

__all__ = ["CHECKS", "MODULES", "Check", "Tables", "run"]
