"""What the numbers rest on: basis, confidence and sources of the input rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from vallum.report.held import Row
from vallum.report.study import ModePlan, Study

BASES = ("fact", "derived", "assumption")
CONFIDENCES = ("high", "medium", "low", "assumption")
#: The register of sources is shown as it is, not as a table with sources of its own.
REGISTER = "sources"
#: Input table that holds the row behind a payment of each kind, and that table's key.
PAID_FOR = {
    "order": ("programmes", "programme_id"),
    "introduction": ("programmes", "programme_id"),
    "sustainment": ("programmes", "programme_id"),
    "expansion": ("lines", "line_id"),
    "school": ("crews", "family"),
}


@dataclass(frozen=True)
class Source:
    """One source of a table: how many rows name it, and with which confidence."""

    text: str
    date: str
    rows: int
    confidences: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Ground:
    """What one input table rests on."""

    table: str
    rows: int
    bases: tuple[tuple[str, int], ...]
    confidences: tuple[tuple[str, int], ...]
    sources: tuple[Source, ...]

    @property
    def in_words(self) -> str:
        """Counts of basis and confidence as one phrase."""
        parts = [f"{count} {name}" for name, count in self.bases]
        confidence = ", ".join(f"{count} {name}" for name, count in self.confidences)
        return "; ".join(
            p for p in [", ".join(parts), f"confidence: {confidence}" if confidence else ""] if p
        )


def _counted(rows: Iterable[Row], column: str, order: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    found = Counter(str(r[column]) for r in rows if r.get(column))
    known = [name for name in order if name in found]
    return tuple((name, found[name]) for name in [*known, *sorted(set(found) - set(known))])


def ground(study: Study, table: str) -> Ground:
    """Count basis, confidence and sources of an input table."""
    rows = study.main.input(table)
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.get("source"):
            groups[str(row["source"]), str(row.get("source_date") or "")].append(row)
    sources = [
        Source(text, date, len(found), _counted(found, "confidence", CONFIDENCES))
        for (text, date), found in groups.items()
    ]
    sources.sort(key=lambda s: (-s.rows, s.text, s.date))
    return Ground(
        table,
        len(rows),
        _counted(rows, "basis", BASES),
        _counted(rows, "confidence", CONFIDENCES),
        tuple(sources),
    )


def grounds(study: Study) -> list[Ground]:
    """Return what every input table with sources rests on."""
    found = [ground(study, table) for table in sorted(study.main.inputs) if table != REGISTER]
    return [g for g in found if g.rows and g.sources]


def money_by_confidence(plan: ModePlan) -> list[tuple[str, float]]:
    """Split all planned payments (EUR million) by the confidence of the input row behind each of them."""
    known: dict[tuple[str, str], str] = {}
    for kind, (table, key) in PAID_FOR.items():
        for row in plan.input(table):
            known.setdefault((kind, str(row[key])), str(row.get("confidence") or "not stated"))
    found: dict[str, float] = defaultdict(float)
    for row in plan.table("payments"):
        found[known.get((str(row["kind"]), str(row["item"])), "not stated")] += float(row["amount_meur"])
    order = [c for c in CONFIDENCES if c in found]
    return [(name, found[name]) for name in [*order, *sorted(set(found) - set(order))]]
