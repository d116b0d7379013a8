"""`vallum audit DIR`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.markup import escape

from vallum.cli.documents import AuditDocument, Rule, Violation
from vallum.cli.options import Common
from vallum.cli.outcome import NO, OK
from vallum.cli.output import emit, show, table

if TYPE_CHECKING:
    from vallum.plan.audit import AuditResult

__all__ = ["audit"]

LISTED_AT_MOST = 100


def audit(directory: Path, /, *, common: Common | None = None) -> int:
    """Recompute every rule of a plan from its tables, with code that knows nothing of the model.

    Exit code 1 if a rule is broken by more than a cent.

    Parameters
    ----------
    directory
        Folder of a plan, of one mode or of both.
    """
    common = common or Common()
    from vallum.plan.audit import audit as audit_plan

    document = document_of(directory, audit_plan(directory))
    if common.json:
        emit(document)
    else:
        print_audit(document)
    return OK if document.passed else NO


def document_of(folder: Path, result: "AuditResult") -> AuditDocument:
    """Return the result of an audit as the document that `--json` writes."""
    return AuditDocument(
        plan=str(folder),
        passed=result.ok,
        rules=[
            Rule(
                rule=rule.rule,
                mode=rule.mode,
                meaning=rule.meaning,
                checked=rule.checked,
                violations=len(rule.violations),
            )
            for rule in result.rules
        ],
        violations=[msgspec.convert(asdict(violation), Violation) for violation in result.violations],
    )


def print_audit(document: AuditDocument) -> None:
    """Print the rules, what breaks them, and the outcome."""
    shown = table("mode", "rule", ">checked", ">broken", "meaning")
    for rule in document.rules:
        broken = f"[bold red]{rule.violations}[/]" if rule.violations else "0"
        shown.add_row(rule.mode, escape(rule.rule), f"{rule.checked:,}", broken, escape(rule.meaning))
    show(shown)
    for violation in document.violations[:LISTED_AT_MOST]:
        show(f"[bold red]{escape(violation.rule)}[/], {violation.mode}: {escape(violation.sentence)}")
    if len(document.violations) > LISTED_AT_MOST:
        show(f"… and {len(document.violations) - LISTED_AT_MOST:,} more; --json lists all of them.")
    checked = sum(rule.checked for rule in document.rules)
    outcome = "every rule holds" if document.passed else f"{len(document.violations):,} violations"
    show(f"{checked:,} comparisons: {outcome}.")
