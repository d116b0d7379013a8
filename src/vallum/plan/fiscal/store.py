"""The folder of a fiscal outlook."""

from pathlib import Path
from typing import Final

from vallum.plan.fiscal.tables import FISCAL_TABLES
from vallum.plan.results import Model, Results, read_results

__all__ = ["FISCAL", "Outlook", "read_outlook"]

FISCAL: Final = Model("fiscal", "a fiscal outlook", "vallum fiscal", FISCAL_TABLES)

Outlook = Results
"""Its manifest: region {name, title, content_hash}, plan (hashes of the plans by mode, or None), paths, seed,
start, sampling, again, vallum_version, versions."""


def read_outlook(directory: Path) -> Outlook:
    """Read an outlook; raises BadInput for a folder that is not a whole and unchanged one."""
    return read_results(FISCAL, directory)
