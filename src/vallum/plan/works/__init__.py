"""Schedules of works: made, kept, simulated, and what shortens them."""

from vallum.plan.works.pipeline import WORKS, make

__all__ = ["WORKS", "make"]
