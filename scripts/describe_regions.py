"""Write ``datapackage.json`` of the regions that ship, from the schemas and the licences named here.

Run ``python scripts/describe_regions.py [--check]``; ``--check`` writes nothing and exits with 1 when a
descriptor would change. Licences by file stand in DATA_LICENCES.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from vallum.region import package
from vallum.region.region import SHIPPED
from vallum.region.schema import TABLES

CC_BY = {
    "name": "CC-BY-4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
    "title": "Creative Commons Attribution 4.0",
}
ODBL = {
    "name": "ODbL-1.0",
    "path": "https://opendatacommons.org/licenses/odbl/1-0/",
    "title": "Open Data Commons Open Database License 1.0",
}
REGIONS: dict[str, dict[str, Any]] = {
    "baltic": {
        "title": "Baltic 2026",
        "description": (
            "Estonia, Latvia and Lithuania, 2026-2040: needs, stocks, programmes, lines and money from "
            "public data. Most numbers are assumptions with a range. Fit for comparing plans, not for "
            "judging forces."
        ),
        "licences": [CC_BY, ODBL],
        "sources": [
            {"title": "Public releases, press and studies, named in every row and in sources.csv"},
            {"title": "International Monetary Fund, World Economic Outlook, October 2025 (macro, states)"},
            {"title": "Eurostat LAU 2020 and GISCO, © EuroGeographics (municipalities: centres and figures)"},
            {"title": "© OpenStreetMap contributors (lengths in border_lengths, outlines in works_sectors)"},
            {"title": "GeoNames (towns in road_nodes)"},
        ],
    },
    "toy": {
        "title": "Three states on one page",
        "description": "An invented region that can be solved by hand; the working is in the documentation.",
        "licences": [CC_BY],
        "sources": [{"title": "Invented"}],
    },
}


def describe(name: str) -> dict[str, Any]:
    """Return the descriptor of one shipped region."""
    present = [table for table in TABLES if (SHIPPED / name / f"{table}.csv").is_file()]
    return package.describe(present, name, **REGIONS[name])


def main(argv: Sequence[str] | None = None) -> int:
    """Write the descriptors, or with ``--check`` say which of them would change."""
    parser = argparse.ArgumentParser(description="write datapackage.json of the regions that ship")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if one would change")
    options = parser.parse_args(argv)
    changed = 0
    for name in REGIONS:
        described = describe(name)
        path = SHIPPED / name / package.DESCRIPTOR
        if path.is_file() and json.loads(path.read_text(encoding="utf-8")) == described:
            continue
        changed += 1
        print(f"{name}: {'would change' if options.check else 'written'}")
        if not options.check:
            package.write_descriptor(SHIPPED / name, described)
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
