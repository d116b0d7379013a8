"""Recompute a plan from its inputs and tables alone, rule by rule.

Written from docs/explanation/procurement.md. It shares no code with the model that made the plan or with
the solver: of Vallum it imports the reader of plan folders and the errors. Each stated table is compared
with what follows from the tables before it, so a fault is named where it stands.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from vallum.plan.audit import buying, fielding, paying, stating
from vallum.plan.audit.case import Case, case_of
from vallum.plan.audit.result import CENT, QUANTITY, AuditResult, Check, RuleReport, Violation
from vallum.plan.store import Plan, plan_dirs, read_plan

__all__ = ["CENT", "QUANTITY", "RULES", "AuditResult", "RuleReport", "Violation", "audit", "audit_plan"]

#: Every rule by name, in the order of the report. The first line of a rule's docstring says what it is.
RULES: Final[MappingProxyType[str, Callable[[Case, Check], None]]] = MappingProxyType(
    {
        "manifest": stating.manifest,
        "coalition": buying.coalition,
        "price": buying.price,
        "order": buying.order,
        "introduction": buying.introduction,
        "prerequisite": buying.prerequisite,
        "exclusion": buying.exclusion,
        "delivery": buying.delivery,
        "payment": paying.payment,
        "purse": paying.purse,
        "safe": paying.safe_loan,
        "debt_service": paying.debt_service,
        "line": fielding.line,
        "crew": fielding.crew,
        "connection": fielding.connection,
        "shortfall": fielding.shortfall,
        "types": stating.types,
        "levels": stating.levels,
    }
)


def audit(directory: str | Path) -> AuditResult:
    """Audit the plan of one mode, or the plans of both, in a folder.

    Parameters
    ----------
    directory : str or Path
        DIR of `vallum plan`, or one of its modes.

    Returns
    -------
    AuditResult
        Rules of every plan found, national first.

    Raises
    ------
    BadInput
        If a file is missing or damaged, or if the inputs lack what the rules need.
    """
    reports: list[RuleReport] = []
    for path in plan_dirs(directory).values():
        reports += audit_plan(read_plan(path, verify=False)).rules
    return AuditResult(tuple(reports))


def audit_plan(plan: Plan) -> AuditResult:
    """Audit a plan that has been read; see `audit`."""
    case = case_of(plan)
    reports = []
    for name, rule in RULES.items():
        check = Check(name, plan.mode)
        rule(case, check)
        reports.append(check.report(inspect.getdoc(rule) or ""))
    return AuditResult(tuple(reports))
