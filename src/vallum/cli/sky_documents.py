"""The JSON document of `vallum sky`, made from the columns of the tables that it holds.

See `vallum.cli.documents` for what holds for all documents.
"""

from typing import Final

import msgspec

from vallum.cli.table_documents import document_class
from vallum.plan.sky.tables import SKY_TABLES

__all__ = ["SKY_DOCUMENTS", "Identity", "SkyDocument"]


class Identity(msgspec.Struct, kw_only=True):
    """What was sited, and from what."""

    region: str
    content_hash: str
    out: str | None
    "Folder that holds the tables."
    budget_meur: float
    "For buying sensors and keeping them for the years of service, all states together."
    service_years: float
    kinds_needed: int
    "Kinds of sensors that confirm a track."
    tracks: int
    "Random tracks."
    against_loss: bool
    "Whether cover is counted without the kind whose loss is worst."
    seed: int
    status: dict[str, str]
    "How the search of each mode ended."


SkyDocument: Final = document_class(
    "SkyDocument",
    "`vallum sky REGION --json`; one list for each table, rows in the order of the table.",
    Identity,
    SKY_TABLES,
)

SKY_DOCUMENTS: dict[str, type[msgspec.Struct]] = {"sky": SkyDocument}
