"""The JSON document of `vallum fiscal`, made from the columns of the tables that it holds.

See `vallum.cli.documents` for what holds for all documents.
"""

from typing import Final

import msgspec

from vallum.cli.table_documents import document_class
from vallum.plan.fiscal.tables import FISCAL_TABLES

__all__ = ["FISCAL_DOCUMENTS", "FiscalDocument", "Identity"]


class Identity(msgspec.Struct, kw_only=True):
    """What was computed, and from what."""

    region: str
    content_hash: str
    plan: str | None
    "Folder of the plan of purchases."
    out: str | None
    "Folder that holds the tables."
    paths: int
    seed: int
    start: str | None
    "First quarter of the shocks' sample; null for all."
    sampling: str
    again: str | None
    "What ends in the re-plan, if there was one."


FiscalDocument: Final = document_class(
    "FiscalDocument",
    "`vallum fiscal REGION --json`; one list for each table, rows in the order of the table.",
    Identity,
    FISCAL_TABLES,
)

FISCAL_DOCUMENTS: dict[str, type[msgspec.Struct]] = {"fiscal": FiscalDocument}
