"""Writes the reference pages that come from the code: the command line, the tables, the schemas of the JSON.

The docs build calls `pages`. As a program: `python docs/generate.py schemas` writes the JSON Schemas, and
`python docs/generate.py openapi` the OpenAPI documents. Both are kept in the repository so that a change of
the contract shows in the change itself.
"""

import csv
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataframely import Column

    from vallum.plan.tables import PlanTable

SCHEMAS = Path(__file__).parent / "reference" / "schemas"
OPENAPI = Path(__file__).parent / "reference" / "openapi"
ROUTES = Path(__file__).parents[1] / "tests" / "corpus" / "marti" / "routes.csv"


def pages(folder: Path) -> None:
    """Write every generated page into a folder; a page that would not change is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "commands.md": commands(),
        "region-tables.md": region_tables(),
        "plan-tables.md": plan_tables(),
        "frontier-tables.md": frontier_tables(),
        "fiscal-tables.md": fiscal_tables(),
        "line-tables.md": line_tables(),
        "sky-tables.md": sky_tables(),
        "evacuation-tables.md": evacuation_tables(),
        "marti-routes.md": marti_routes(),
    }.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def schemas() -> None:
    """Write the JSON Schema of each command's document."""
    from vallum.cli.documents import schemas as made

    SCHEMAS.mkdir(exist_ok=True)
    for name, text in made().items():
        (SCHEMAS / f"{name}.json").write_text(text, encoding="utf-8")


def openapi() -> None:
    """Write the OpenAPI document of each kind of HTTPS listener."""
    OPENAPI.mkdir(exist_ok=True)
    for name, text in openapi_documents().items():
        (OPENAPI / f"{name}.json").write_text(text, encoding="utf-8")


def openapi_documents() -> dict[str, str]:
    """Return the OpenAPI documents as they are kept, by the kind of listener."""
    from vallum.hub.marti import enrolment, site
    from vallum.hub.marti.openapi import PASSWORD, document

    title = "Vallum, enrolment: where nobody has a certificate yet"
    made = {
        "marti": document(site.OPERATIONS),
        "enrolment": document(enrolment.OPERATIONS, title=title, security=PASSWORD),
    }
    return {name: json.dumps(one, indent=2, ensure_ascii=False) + "\n" for name, one in made.items()}


def marti_routes() -> str:
    """Return the routes that TAK clients call, and all that the hub has."""
    from vallum.hub.marti import enrolment, site

    clients = {"atak": "ATAK", "node-tak": "node-tak", "both": "ATAK, node-tak"}
    called = (
        (
            f"`{one['method']} {one['path']}`",
            clients[one["client"]],
            one["what"],
            ": ".join(filter(None, (one["status"], one["why"]))),
        )
        for one in csv.DictReader(ROUTES.read_text(encoding="utf-8").splitlines())
    )
    who = {"see": "every role", "send": "member, admin", "operate": "admin"}
    parts = ["## What clients call\n", markdown_table(("route", "client", "what for", "Vallum"), called)]
    for title, operations in (("marti", site.OPERATIONS), ("enrolment", enrolment.OPERATIONS)):
        rows = (
            (f"`{one.method} {one.path}`", one.summary, who[one.may])
            for one in sorted(operations, key=lambda one: (one.path, one.method))
        )
        parts += [f"## All of a {title} listener\n", markdown_table(("route", "what it does", "who"), rows)]
    return "\n".join(parts)


def commands() -> str:
    """Return the help of every command, as the program prints it."""
    import io

    from rich.console import Console

    from vallum.cli.app import COMMANDS, GROUPS, app

    within = [f"{name} {inner}" for name, group in GROUPS.items() for inner in group if inner[0] != "-"]
    parts = []
    for name in sorted([*COMMANDS, *GROUPS, *within], key=lambda name: (name.split()[0] in GROUPS, name)):
        stream = io.StringIO()
        app.help_print(name.split(), console=Console(file=stream, width=100, force_terminal=False))
        text = "\n".join(line.rstrip() for line in stream.getvalue().strip().splitlines())
        parts.append(f"## vallum {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def region_tables() -> str:
    """Return one section for each table of a region."""
    from vallum.region.schema import PROVENANCE, TABLES

    any_table = next(iter(TABLES.values()))
    parts = [
        "## Columns of every table\n",
        columns_of({name: any_table.columns[name] for name in PROVENANCE}),
    ]
    for table in TABLES.values():
        status = "required" if table.required else "may be left out"
        parts.append(f"## {table.name}\n\n{table.title}. Key: {coded(table.key)}; {status}.\n")
        if table.foreign:
            parts.append(
                "Refers to: "
                + ", ".join(f"`{key.column}` → `{key.table}.{key.reference}`" for key in table.foreign)
                + ".\n"
            )
        own = {name: column for name, column in table.columns.items() if name not in PROVENANCE}
        parts.append(columns_of(own))
    return "\n".join(parts)


def columns_of(columns: "Mapping[str, Column]") -> str:
    """Return columns of a region's table as a Markdown table."""
    rows = (
        (
            f"`{name}`",
            str(column.dtype),
            str((column.metadata or {}).get("unit", "")),
            allowed(column),
            column.description or "",
        )
        for name, column in columns.items()
    )
    return markdown_table(("column", "type", "unit", "allowed", "meaning"), rows)


def allowed(column: object) -> str:
    """Return what a column accepts: bounds, words, whether it may be empty."""
    limits = [
        f"{sign} {value:g}"
        for name, sign in (("min", "≥"), ("min_exclusive", ">"), ("max", "≤"), ("max_exclusive", "<"))
        if (value := getattr(column, name, None)) is not None
    ]
    words = (getattr(column, "metadata", None) or {}).get("allowed", ())
    empty = "may be empty" if getattr(column, "nullable", False) else ""
    return "; ".join(part for part in (", ".join(limits), " / ".join(words), empty) if part)


def plan_tables() -> str:
    """Return one section for each table of a plan."""
    from vallum.plan.tables import PLAN_TABLES

    return result_tables(PLAN_TABLES.values())


def frontier_tables() -> str:
    """Return one section for each table of a trade-off."""
    from vallum.plan.frontier import FRONTIER

    return result_tables(FRONTIER.tables.values())


def fiscal_tables() -> str:
    """Return one section for each table of a fiscal outlook."""
    from vallum.plan.fiscal.tables import FISCAL_TABLES

    return result_tables(FISCAL_TABLES.values())


def line_tables() -> str:
    """Return one section for each table of a schedule of works."""
    from vallum.plan.works.tables import WORKS_TABLES

    return result_tables(WORKS_TABLES.values())


def sky_tables() -> str:
    """Return one section for each table of a siting of sensors."""
    from vallum.plan.sky.tables import SKY_TABLES

    return result_tables(SKY_TABLES.values())


def evacuation_tables() -> str:
    """Return one section for each table of an evacuation."""
    from vallum.plan.evacuation.tables import EVACUATION_TABLES

    return result_tables(EVACUATION_TABLES.values())


def result_tables(tables: "Iterable[PlanTable]") -> str:
    """Return one section for each table of results."""
    parts = []
    for table in tables:
        parts.append(f"## tables/{table.name}.parquet\n\n{table.row} Sorted by: {coded(table.key)}.\n")
        rows = (
            (f"`{one.name}`", one.kind, one.unit, one.meaning + (" May be empty." if one.nullable else ""))
            for one in table.columns
        )
        parts.append(markdown_table(("column", "type", "unit", "meaning"), rows))
    return "\n".join(parts)


def coded(names: Iterable[str]) -> str:
    """Return names as a list of code words."""
    return ", ".join(f"`{name}`" for name in names)


def markdown_table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    writers = {"schemas": schemas, "openapi": openapi}
    if len(sys.argv) != 2 or sys.argv[1] not in writers:
        sys.exit(f"usage: python docs/generate.py {'|'.join(writers)}")
    writers[sys.argv[1]]()
