"""The JSON document of `vallum fiscal`, made from the columns of the tables that it holds.

See `vallum.cli.documents` for what holds for all documents.
"""

from typing import Annotated, Any, Final

import msgspec

from vallum.plan.fiscal.tables import FISCAL_TABLES
from vallum.plan.tables import Column, PlanTable

__all__ = ["FISCAL_DOCUMENTS", "FiscalDocument", "Identity"]

KINDS: Final = {"text": str, "whole": int, "number": float, "flag": bool}


def member(column: Column) -> tuple[str, Any]:
    """Return a column as a member with its meaning."""
    kind: Any = KINDS[column.kind]
    unit = f" ({column.unit})" if column.unit else ""
    annotated: Any = Annotated
    meaning = msgspec.Meta(description=column.meaning + unit)
    return column.name, annotated[kind | None if column.nullable else kind, meaning]


def row_of(table: PlanTable) -> type[msgspec.Struct]:
    """Return the class of the rows of a table."""
    name = "".join(part.capitalize() for part in table.name.split("_")) + "Row"
    return msgspec.defstruct(
        name,
        [member(column) for column in table.columns],
        kw_only=True,
        namespace={"__doc__": table.row},
    )


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


FiscalDocument: Final[Any] = msgspec.defstruct(
    "FiscalDocument",
    [
        ("identity", Identity),
        *((name, list[row_of(table)]) for name, table in FISCAL_TABLES.items()),  # type: ignore[misc]
    ],
    kw_only=True,
    namespace={
        "__doc__": "`vallum fiscal REGION --json`; one list for each table, rows in the order of the table."
    },
)

FISCAL_DOCUMENTS: dict[str, type[msgspec.Struct]] = {"fiscal": FiscalDocument}
