"""`vallum check REGION`."""

from typing import TYPE_CHECKING, Final, get_args

import msgspec
from rich.markup import escape

from vallum.cli.documents import CheckDocument, Confidence, ConfidenceWord, Finding
from vallum.cli.options import Common
from vallum.cli.outcome import NO, OK
from vallum.cli.output import emit, number, show, table
from vallum.core.errors import BadInput

if TYPE_CHECKING:
    from vallum.region import Region

__all__ = ["check"]

LISTED_AT_MOST = 200
COLOURS = {"error": "bold red", "warning": "yellow"}
VIEWS: Final = {
    "purse": "Money that may be spent",
    "price": "Money asked for all that is on offer",
}


def check(region: str, /, *, confidence: bool = False, common: Common | None = None) -> int:
    """Check a region's tables and list what is wrong, with the remedy.

    Exit code 1 if a finding is an error.

    Parameters
    ----------
    region
        Folder of a region, or the name of one that ships (toy, baltic).
    confidence
        Also print how much of the money rests on high, medium, low confidence and assumption.
    """
    common = common or Common()
    from vallum.region import Region

    document = document_of(Region.read(region), region, confidence=confidence)
    if common.json:
        emit(document)
    else:
        print_check(document)
    return OK if document.sound else NO


def document_of(region: "Region", name: str, *, confidence: bool) -> CheckDocument:
    """Return what a check found as the document that `--json` writes."""
    findings = msgspec.convert(region.findings.to_dicts(), list[Finding])
    errors = sum(finding.severity == "error" for finding in findings)
    return CheckDocument(
        region=name,
        title=region.title,
        content_hash=region.content_hash,
        sound=region.sound,
        errors=errors,
        warnings=len(findings) - errors,
        rows={table: rows.height for table, rows in sorted(region.tables.items())},
        findings=findings,
        confidence=confidence_of(region) if confidence else None,
    )


def confidence_of(region: "Region") -> list[Confidence] | None:
    """Return how much money rests on rows of each confidence; None if a setting is missing for that."""
    from vallum.region import confidence

    try:
        return msgspec.convert(confidence(region).to_dicts(), list[Confidence])
    except BadInput:
        # The findings say which setting is missing; they are what the user has to see.
        return None


def print_check(document: CheckDocument) -> None:
    """Print the findings, the confidence if asked for, and the outcome."""
    if document.findings:
        shown = table("", "file", ">row", "column", "rule", "value", "what is wrong", "remedy")
        for finding in document.findings[:LISTED_AT_MOST]:
            cells = (finding.column, finding.rule, finding.value, finding.message, finding.remedy)
            shown.add_row(
                f"[{COLOURS[finding.severity]}]{finding.severity}[/]",
                escape(finding.file),
                "" if finding.row is None else str(finding.row),
                *(escape(cell or "") for cell in cells),
            )
        show(shown)
        if len(document.findings) > LISTED_AT_MOST:
            show(f"… and {len(document.findings) - LISTED_AT_MOST:,} more; --json lists all of them.")
    for view, what in VIEWS.items():
        print_confidence(what, [one for one in document.confidence or () if one.view == view])
    outcome = "sound" if document.sound else "not sound"
    show(
        f"{escape(document.title)}: {outcome}; {sum(document.rows.values()):,} rows, "
        f"{counted(document.errors, 'error')}, {counted(document.warnings, 'warning')}."
    )


def print_confidence(what: str, shares: list[Confidence]) -> None:
    """Print one view of the money: a row a confidence, a column a state."""
    if not shares:
        return
    states = list(dict.fromkeys(one.state for one in shares))
    shown = table("confidence", ">EUR million", *(f">{state or 'share'}" for state in states), title=what)
    for word in get_args(ConfidenceWord):
        row = {one.state: one for one in shares if one.confidence == word}
        shown.add_row(
            word, number(row[None].meur, 0), *(f"{100 * row[state].share:.0f} %" for state in states)
        )
    show(shown, "")


def counted(count: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
