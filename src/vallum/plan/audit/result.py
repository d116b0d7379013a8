"""What an audit says: rules, how much each one checked, and what it found."""

from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

__all__ = ["CENT", "QUANTITY", "At", "AuditResult", "Check", "RuleReport", "Violation"]

#: One cent in EUR million. Sums are made with `math.fsum`; the noise of a float of thousands of EUR
#: million is about 1e-12, so a cent is far above it and no allowance for rounding is needed.
CENT: Final = 1e-8
#: Least difference of a quantity, a share or a time that counts.
QUANTITY: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes
    ----------
    rule : str
        Name of the rule.
    state, item : str
        Whom and what it concerns; empty where neither applies.
    year : int or None
        Calendar year.
    stated, recomputed : float, str or None
        What the plan says (or uses), and what follows from the inputs (or the limit).
    sentence : str
        The same in words.
    mode : str
        "national" or "joint".
    """

    rule: str
    state: str
    item: str
    year: int | None
    stated: float | str | None
    recomputed: float | str | None
    sentence: str
    mode: str = ""


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule of one plan: what it says, how many comparisons were made, what was broken."""

    rule: str
    mode: str
    meaning: str
    checked: int
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The audit of one plan, or of the plans of both modes.

    Attributes
    ----------
    rules : tuple of RuleReport
        In the order of the rules, national first.
    """

    rules: tuple[RuleReport, ...]

    @property
    def ok(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every violation, in the order of the rules."""
        return tuple(violation for rule in self.rules for violation in rule.violations)

    @property
    def checked(self) -> int:
        """How many comparisons were made."""
        return sum(rule.checked for rule in self.rules)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON content: ok, checked, and the rules with their violations."""
        return {"ok": self.ok, "checked": self.checked, "rules": [asdict(rule) for rule in self.rules]}


class At(NamedTuple):
    """Whom, what and when a comparison concerns."""

    state: str = ""
    item: str = ""
    year: int | None = None

    def sentence(self, text: str) -> str:
        """Put the place in front of a text."""
        words = [
            word for word in (self.state, self.item, "" if self.year is None else str(self.year)) if word
        ]
        return f"{', '.join(words)}: {text}." if words else f"{text[:1].upper()}{text[1:]}."


@dataclass(slots=True)
class Check:
    """Collects the comparisons of one rule."""

    rule: str
    mode: str
    checked: int = 0
    violations: list[Violation] = field(default_factory=list)

    def equal(self, at: At, what: str, stated: float, recomputed: float, tolerance: float) -> None:
        """Compare a stated number with the recomputed one."""
        self.checked += 1
        if not abs(stated - recomputed) <= tolerance:
            text = f"the plan states {what} {show(stated)}, recomputed {show(recomputed)}"
            self.add(at, text, stated, recomputed)

    def at_most(self, at: At, what: str, used: float, limit: float, tolerance: float) -> None:
        """Compare a use with its limit."""
        self.checked += 1
        if not used - limit <= tolerance:
            self.add(at, f"{what} is {show(used)}, above the limit {show(limit)}", used, limit)

    def at_least(self, at: At, what: str, value: float, least: float, tolerance: float) -> None:
        """Compare a value with the least it may be."""
        self.checked += 1
        if not least - value <= tolerance:
            self.add(at, f"{what} is {show(value)}, below the least {show(least)}", value, least)

    def same(self, at: At, what: str, stated: object, recomputed: object) -> None:
        """Compare a stated word or flag with the recomputed one."""
        self.checked += 1
        if stated != recomputed:
            text = f"the plan states {what} '{stated}', recomputed '{recomputed}'"
            self.add(at, text, str(stated), str(recomputed))

    def true(self, at: At, good: bool, text: str) -> None:
        """Record a condition that has no number."""
        self.checked += 1
        if not good:
            self.add(at, text, None, None)

    def add(self, at: At, text: str, stated: float | str | None, recomputed: float | str | None) -> None:
        """Record a violation."""
        self.violations.append(
            Violation(self.rule, at.state, at.item, at.year, stated, recomputed, at.sentence(text), self.mode)
        )

    def report(self, meaning: str) -> RuleReport:
        """Return the finished report of the rule."""
        return RuleReport(self.rule, self.mode, meaning, self.checked, tuple(self.violations))


def show(value: float) -> str:
    """Write a number with all digits that tell a cent."""
    return f"{value:.8f}".rstrip("0").rstrip(".")
