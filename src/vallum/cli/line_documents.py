"""The JSON document of `vallum line`, made from the columns of the tables that it holds.

See `vallum.cli.documents` for what holds for all documents.
"""

from typing import Final

import msgspec

from vallum.cli.table_documents import document_class
from vallum.plan.works.tables import WORKS_TABLES

__all__ = ["LINE_DOCUMENTS", "Identity", "LineDocument"]


class Identity(msgspec.Struct, kw_only=True):
    """What was scheduled, and from what."""

    region: str
    content_hash: str
    out: str | None
    "Folder that holds the tables."
    start: str
    "Monday of the first week."
    runs: int
    lever_runs: int
    seed: int
    status: dict[str, str]
    "How the search of each mode ended."


LineDocument: Final = document_class(
    "LineDocument",
    "`vallum line REGION --json`; one list for each table, rows in the order of the table.",
    Identity,
    WORKS_TABLES,
)

LINE_DOCUMENTS: dict[str, type[msgspec.Struct]] = {"line": LineDocument}
