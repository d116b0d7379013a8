"""Makers of columns: each says what the number means and in which unit.

The unit, and what a range column belongs to, travel in the column's ``metadata``, so that the reader,
the checks, the data package and the reference pages are all made from the same line.
"""

import dataframely as dy
import polars as pl

IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"
"""Names that are keys: no blank, comma, semicolon or plus, which lists and coalitions are written with."""

DATE = r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"
"""ISO 8601 date; day, or month and day, may be left out when unknown."""

TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""Free text has no control characters, which could steer a terminal that prints it."""

LONGEST_TEXT = 4000
"""Bytes in one cell: a paragraph, not a document."""

FIRST_YEAR, LAST_YEAR = 1900, 2200


def identifier(meaning: str, *, key: bool = False, nullable: bool = False) -> dy.String:
    """Name that other tables refer to."""
    return dy.String(
        description=meaning,
        primary_key=key,
        nullable=nullable,
        regex=IDENTIFIER,
        metadata={"unit": "identifier", "pattern": IDENTIFIER},
    )


def text(meaning: str, *, key: bool = False, nullable: bool = False, name: str | None = None) -> dy.String:
    """Free text of at most `LONGEST_TEXT` bytes; `name` where the column's name is a word of Python."""
    return dy.String(
        alias=name,
        description=meaning,
        primary_key=key,
        nullable=nullable,
        max_length=LONGEST_TEXT,
        regex=TEXT,
        metadata={"unit": "text"},
    )


def names(meaning: str, *, nullable: bool = True) -> dy.String:
    """List of identifiers, separated by semicolons."""
    return dy.String(
        description=f"{meaning} (list separated by semicolons)",
        nullable=nullable,
        max_length=LONGEST_TEXT,
        regex=TEXT,
        metadata={"unit": "list of identifiers", "list": True},
    )


def date(meaning: str, *, nullable: bool = False) -> dy.String:
    """Date as text: year, month or day known."""
    return dy.String(
        description=meaning,
        nullable=nullable,
        regex=DATE,
        metadata={"unit": "ISO 8601 date", "pattern": DATE},
    )


def choice(meaning: str, *allowed: str, key: bool = False, nullable: bool = False) -> dy.String:
    """One word of a short list. Text, not a categorical type, so that any table joins with any other."""

    def allowed_words(column: pl.Expr) -> pl.Expr:
        return column.is_in(list(allowed))

    return dy.String(
        description=meaning,
        primary_key=key,
        nullable=nullable,
        check=allowed_words,
        metadata={"unit": "word", "allowed": allowed},
    )


def yes_no(meaning: str) -> dy.String:
    """``y`` or ``n``."""
    return choice(meaning, "y", "n")


def calendar_year(meaning: str, *, key: bool = False, nullable: bool = False) -> dy.Int64:
    """Calendar year."""
    return dy.Int64(
        description=meaning,
        primary_key=key,
        nullable=nullable,
        min=FIRST_YEAR,
        max=LAST_YEAR,
        metadata={"unit": "year"},
    )


def whole(
    meaning: str, unit: str, *, low: int | None = 0, high: int | None = None, nullable: bool = False
) -> dy.Int64:
    """Whole number, by default not negative."""
    return dy.Int64(description=meaning, nullable=nullable, min=low, max=high, metadata={"unit": unit})


def number(
    meaning: str,
    unit: str,
    *,
    low: float | None = 0.0,
    above: float | None = None,
    high: float | None = None,
    key: bool = False,
    nullable: bool = False,
    metadata: dict[str, object] | None = None,
) -> dy.Float64:
    """Finite number, by default not negative; `above` is a bound that is itself excluded."""
    return dy.Float64(
        description=meaning,
        primary_key=key,
        nullable=nullable,
        min=None if above is not None else low,
        min_exclusive=above,
        max=high,
        metadata={"unit": unit} | (metadata or {}),
    )


def ends(
    of: str, unit: str, *, low: float | None = 0.0, high: float | None = None
) -> tuple[dy.Float64, dy.Float64]:
    """Make the two columns that hold the range of column `of`."""
    return (
        number(
            f"Low end of the range of {of}",
            unit,
            low=low,
            high=high,
            nullable=True,
            metadata={"range_of": of, "end": "low"},
        ),
        number(
            f"High end of the range of {of}",
            unit,
            low=low,
            high=high,
            nullable=True,
            metadata={"range_of": of, "end": "high"},
        ),
    )


def year_ends(of: str) -> tuple[dy.Int64, dy.Int64]:
    """Make the two columns that hold the range of the year `of`."""
    low, high = (
        dy.Int64(
            description=f"{end.capitalize()} end of the range of {of}",
            nullable=True,
            min=FIRST_YEAR,
            max=LAST_YEAR,
            metadata={"unit": "year", "range_of": of, "end": end},
        )
        for end in ("low", "high")
    )
    return low, high


def share(meaning: str, *, nullable: bool = False) -> dy.Float64:
    """Share between nought and one."""
    return number(meaning, "share (0-1)", high=1.0, nullable=nullable)


class Provenance(dy.Schema):
    """What every row says about itself: where it comes from and how far to trust it."""

    basis = choice(
        "Kind of the row's main number: fact (read from a source), derived (computed from facts by a stated "
        "rule) or assumption (an analyst's choice)",
        "fact",
        "derived",
        "assumption",
    )
    derived_from = text(
        "Rows that a derived number was computed from, as file:key,key;file:key", nullable=True
    )
    note = text("Remark that a reader of the number needs", nullable=True)
    source = text("Public source of the number, or 'analyst assumption'")
    source_date = date("Date of the source")
    confidence = choice(
        "Trust in the row: high (official or seen here), medium (trade press, one source), low (weak or "
        "rough) or assumption",
        "high",
        "medium",
        "low",
        "assumption",
    )


PROVENANCE = tuple(Provenance.column_names())
"""Names of the provenance columns, in the order in which files hold them."""
