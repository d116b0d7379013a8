"""One plan out of a folder that may hold one of each mode."""

from pathlib import Path

from vallum.core.errors import BadInput
from vallum.plan.store import Plan, read_plans

__all__ = ["pick_plan"]


def pick_plan(directory: Path, mode: str | None = None) -> Plan:
    """Read the plan of a mode; of a folder with both the joint one, unless told.

    Raises
    ------
    BadInput
        There is none.
    """
    plans = read_plans(directory)
    chosen = mode or ("joint" if "joint" in plans else "national")
    if chosen not in plans:
        raise BadInput(
            f"There is no {chosen} plan", where=str(directory), rule="plan_folder",
            remedy=f"Give --mode {next(iter(plans))}, or plan again with --mode both.",
        )  # fmt: skip
    return plans[chosen]
