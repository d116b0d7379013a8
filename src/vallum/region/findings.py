"""What is wrong with a region, as data: one row a finding.

A finding names the file, the row as a spreadsheet numbers it (the header is row 1), the column, the rule,
the value found, and what to do. Errors stop planning; warnings do not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

SCHEMA: dict[str, pl.DataType] = {
    "severity": pl.String(),
    "file": pl.String(),
    "row": pl.Int64(),
    "column": pl.String(),
    "rule": pl.String(),
    "value": pl.String(),
    "message": pl.String(),
    "remedy": pl.String(),
}
"""Columns of the table of findings."""

MOST_PER_RULE = 20
"""Findings shown of one rule in one file; the rest is counted in one more row."""

LONGEST_VALUE = 80
"""Characters of a value that a finding shows."""

LONGEST_SENTENCE = 1000
"""Characters of a message or a remedy."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and the remedy.

    Attributes
    ----------
    file, row, column : str, int or None, str or None
        Where. Row and column are None when the finding concerns the whole file.
    rule : str
        Name of the broken rule.
    value : str or None
        What was found there.
    message, remedy : str
        What is wrong, and what to do about it.
    severity : str
        ``error`` or ``warning``.
    count : int
        Findings that this one stands for, itself and others that were not written out.
    """

    file: str
    rule: str
    message: str
    remedy: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    severity: str = "error"
    count: int = 1


def shown(value: object, longest: int = LONGEST_VALUE) -> str | None:
    """Show a value on one line, shortened, with what cannot be printed spelled out."""
    if value is None:
        return None
    text = str(value)[: 2 * longest]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def where(finding: Finding) -> str:
    """Name the place of a finding: file, row and column as far as known."""
    parts = [finding.file]
    if finding.row is not None:
        parts.append(f"row {finding.row}")
    if finding.column is not None:
        parts.append(f"column {finding.column}")
    return ", ".join(parts)


def frame(findings: Iterable[Finding], files: Iterable[str]) -> pl.DataFrame:
    """Put findings in a table, sorted as the files are read, with long series cut short.

    Parameters
    ----------
    findings : iterable of Finding
        In any order.
    files : iterable of str
        Names of files in the order in which they are read; others come first.

    Returns
    -------
    polars.DataFrame
        Columns as in `SCHEMA`. At most `MOST_PER_RULE` rows for each file, rule and severity, and then
        one row that says how many more there are.
    """
    place = {file: i for i, file in enumerate(files)}
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.file, finding.rule, finding.severity), []).append(finding)
    kept: list[Finding] = []
    for group in groups.values():
        group.sort(key=lambda f: (f.row or 0, f.column or ""))
        kept.extend(group[:MOST_PER_RULE])
        rest = sum(f.count for f in group) - len(group[:MOST_PER_RULE])
        if rest:
            kept.append(_rest(group[0], rest))
    # The row that counts the rest has no row number; it stays at the end of its rule.
    ordered = sorted(kept, key=lambda f: place.get(f.file, -1))
    return pl.DataFrame(
        {
            "severity": [f.severity for f in ordered],
            "file": [shown(f.file) for f in ordered],
            "row": [f.row for f in ordered],
            "column": [shown(f.column) for f in ordered],
            "rule": [f.rule for f in ordered],
            "value": [shown(f.value) for f in ordered],
            "message": [shown(f.message, LONGEST_SENTENCE) for f in ordered],
            "remedy": [shown(f.remedy, LONGEST_SENTENCE) for f in ordered],
        },
        schema=SCHEMA,
    )


def _rest(like: Finding, count: int) -> Finding:
    return Finding(
        file=like.file,
        rule=like.rule,
        message=f"{count} more findings of this rule are not shown",
        remedy="Cure the ones shown and check again.",
        severity=like.severity,
    )
