"""Plans: made, kept, audited, compared."""

from vallum.plan.pipeline import ProgressEvent, make

__all__ = ["ProgressEvent", "make"]
