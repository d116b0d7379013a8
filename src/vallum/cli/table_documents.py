"""JSON documents made from the columns of the tables that they hold."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from vallum.plan.tables import Column, PlanTable

__all__ = ["document_class", "document_of"]

if TYPE_CHECKING:
    from vallum.plan.results import Results

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


def document_class(
    name: str, meaning: str, identity: type[msgspec.Struct], tables: Mapping[str, PlanTable]
) -> Any:
    """Return the class of a document: an identity, and one list of rows for each table."""
    rows_of: Any = list
    members: list[Any] = [("identity", identity)]
    members += [(table, rows_of[row_of(columns)]) for table, columns in tables.items()]
    return msgspec.defstruct(name, members, kw_only=True, namespace={"__doc__": meaning})


def document_of(
    document: Any, identity: type[msgspec.Struct], region: str, place: Path | None, found: "Results"
) -> Any:
    """Return results as a document: what its identity names of the manifest and the run, and all tables.

    Parameters
    ----------
    document : type
        Of `document_class`.
    identity : type of msgspec.Struct
        Its fields are region, content_hash, out, status, or names of the manifest.
    region : str
        As the user named it.
    place : Path or None
        Folder that holds the tables.
    found : Results
    """
    known = {
        **found.manifest,
        "status": found.run.get("status"),
        "region": region,
        "content_hash": found.manifest["region"]["content_hash"],
        "out": None if place is None else str(place),
    }
    told = {name: known[name] for name in identity.__struct_fields__}
    rows = {name: frame.to_dicts() for name, frame in found.tables.items()}
    return msgspec.convert({"identity": told, **rows}, document)
