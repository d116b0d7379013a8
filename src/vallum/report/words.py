"""Numbers and lists as words: the one place where the report formats a figure.

Every function is pure and returns plain text; escaping for HTML happens where text meets markup.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence

UNKNOWN = "–"
NBSP = "\u00a0"
MINUS = "\u2212"
DAYS_A_MONTH = 365.25 / 12


def is_number(value: object) -> bool:
    """Whether `value` is a finite number (booleans are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: float | None, digits: int = 0) -> str:
    """Format with thousands separators, a true minus sign and no negative zero; unknown is a dash.

    Parameters
    ----------
    value : float or None
        The number; None, NaN and infinities are unknown.
    digits : int
        Decimals shown.
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and any(c in "123456789" for c in text)
    return f"{MINUS}{text}" if negative else text


def compact(value: float | None) -> str:
    """Format with as many decimals as the size deserves: 1,240 · 42.3 · 3.25 · 0.074."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if size >= 100 or float(value).is_integer():
        return number(value, 0)
    if size >= 10:
        return number(value, 1)
    if size >= 0.1:
        return number(value, 2)
    if size >= 0.0005:
        return number(value, 3 if size >= 0.01 else 4)
    return f"{value:.1e}".replace("-", MINUS)


def signed(value: float | None, digits: int = 0) -> str:
    """Format with an explicit plus sign for what is above zero."""
    text = number(value, digits)
    return f"+{text}" if value is not None and value > 0 and any(c in "123456789" for c in text) else text


def money(meur: float | None) -> str:
    """Format EUR million: `EUR 1,240m`, from ten thousand on `EUR 12.4bn`."""
    if meur is None or not math.isfinite(meur):
        return UNKNOWN
    if abs(meur) >= 9_999.5:
        return f"EUR{NBSP}{number(meur / 1000, 1)}bn"
    return f"EUR{NBSP}{number(meur, 0 if abs(meur) >= 10 else 1)}m"


def percent(share: float | None, digits: int = 0) -> str:
    """Format a share (0.25) as a percentage (`25%`); what is not zero never rounds to zero."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    value = share * 100
    least = 10.0**-digits
    if 0 < value < least / 2:
        return f"<{number(least, digits)}%"
    return f"{number(value, digits)}%"


def gap_years(value: float | None) -> str:
    """Format gap-years with one decimal, two below ten."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return number(value, 1 if abs(value) >= 10 else 2)


def joined(items: Iterable[str], last: str = "and") -> str:
    """Join as in a sentence: `A, B and C`."""
    listed = list(items)
    if len(listed) <= 1:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} {last} {listed[-1]}"


def plural(count: float, one: str, many: str | None = None) -> str:
    """Return `1 type`, `3 types`."""
    word = one if count == 1 else (many or f"{one}s")
    return f"{compact(count)}{NBSP}{word}"


def year_ranges(years: Iterable[int]) -> str:
    """Write years as ranges: `2026 to 2029, 2031`."""
    ordered = sorted(set(years))
    parts: list[str] = []
    start = 0
    for i, year in enumerate(ordered):
        if i + 1 < len(ordered) and ordered[i + 1] == year + 1:
            continue
        first = ordered[start]
        parts.append(str(first) if first == year else f"{first} to {year}")
        start = i + 1
    return ", ".join(parts)


def interval(pair: Sequence[float | None] | None, kind: str = "number") -> str:
    """Write an interval in words; `kind` is number, gap-years or money. An end may be unknown (None)."""
    if not pair or len(pair) != 2:
        return UNKNOWN
    write = {"money": money, "gap-years": gap_years}.get(kind, compact)
    if pair[0] is None or pair[1] is None:
        return f"at most {write(pair[1])}" if pair[0] is None else f"at least {write(pair[0])}"
    return f"{write(pair[0])} to {write(pair[1])}"


def short_name(name: str, limit: int = 30) -> str:
    """Shorten a long name for a chart label: drop what is in brackets, then cut at a word."""
    head = name
    while "(" in head and ")" in head[head.index("(") :]:
        start = head.index("(")
        head = head[:start].rstrip() + head[head.index(")", start) + 1 :]
    head = " ".join(head.split()) or name
    if len(head) <= limit:
        return head
    cut = head[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;-")
    return f"{cut}…"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def month(date: dt.date | None) -> str:
    """Format a date by its month: `Oct 2027`, in any locale."""
    return UNKNOWN if date is None else f"{MONTHS[date.month - 1]}{NBSP}{date.year}"
