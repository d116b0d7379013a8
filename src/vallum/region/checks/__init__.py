"""Named checks that span rows and tables. One function a check; its docstring is the rule."""

from vallum.region.checks import (
    fiscal,
    keys,
    levers,
    money,
    offers,
    rows,
    sectors,
    settings,
    sites,
    supply,
    works,
)
from vallum.region.checks.rules import CHECKS, Check, Tables, run

# Importing a module registers its checks; the list keeps this order.
MODULES = (keys, settings, money, offers, supply, rows, sites, fiscal, works, sectors, levers)

__all__ = ["CHECKS", "MODULES", "Check", "Tables", "run"]
