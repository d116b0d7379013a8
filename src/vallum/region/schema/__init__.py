"""Schemas of a region's tables, one class a table, and the registry `TABLES` that names them."""

from vallum.region.schema.columns import PROVENANCE, Provenance
from vallum.region.schema.tables import TABLES, ForeignKey, Table

__all__ = ["PROVENANCE", "TABLES", "ForeignKey", "Provenance", "Table"]
