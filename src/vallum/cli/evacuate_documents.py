"""The JSON document of `vallum evacuate`, made from the columns of the tables that it holds.

See `vallum.cli.documents` for what holds for all documents.
"""

from typing import Final

import msgspec

from vallum.cli.table_documents import document_class
from vallum.plan.evacuation.tables import EVACUATION_TABLES

__all__ = ["EVACUATE_DOCUMENTS", "EvacuateDocument", "Identity"]


class Identity(msgspec.Struct, kw_only=True):
    """What was evacuated, and from what."""

    region: str
    content_hash: str
    out: str | None
    "Folder that holds the tables."
    scenarios: list[str]
    step_min: float
    samples: int
    "Random runs of each scenario and mode."
    seed: int


EvacuateDocument: Final = document_class(
    "EvacuateDocument",
    "`vallum evacuate REGION --json`; one list for each table, rows in the order of the table.",
    Identity,
    EVACUATION_TABLES,
)

EVACUATE_DOCUMENTS: dict[str, type[msgspec.Struct]] = {"evacuate": EvacuateDocument}
