"""Files of `vallum portfolio`: plan.csv, changes.csv and run.json in one folder."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from vallum.core.errors import BadInput, VallumError

__all__ = ["check_folder", "csv_text", "read_plan", "write_folder"]

PLAN, CHANGES, RUN = "plan.csv", "changes.csv", "run.json"
OURS = {PLAN, CHANGES, RUN}
MOST_BYTES = 16_000_000


def check_folder(out: Path) -> None:
    """Raise BadInput for a folder that holds anything but an older portfolio plan."""
    if out.exists() and not out.is_dir():
        raise BadInput(
            "A plan is written into a folder, and this is a file", where=str(out), rule="output_folder",
            remedy="Give another --out.",
        )  # fmt: skip
    foreign = sorted({entry.name for entry in out.iterdir()} - OURS) if out.exists() else []
    if foreign:
        raise BadInput(
            f"The folder holds files that are no portfolio plan: {', '.join(foreign[:3])}", where=str(out),
            rule="output_folder", remedy="Give another --out, or move these files away.",
        )  # fmt: skip


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV; nothing is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue()


def write_folder(out: Path, files: dict[str, str]) -> None:
    """Write the files, each as a whole or not at all; an older one that is not among them goes."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            part = out / f".{name}.partial"
            part.write_text(content, encoding="utf-8")
            part.replace(out / name)
        for name in OURS - set(files):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise VallumError(
            f"The folder cannot be written ({error.strerror or error})", where=str(out), rule="output_folder",
            remedy="Check the permissions and the space, or give another --out.",
        ) from error  # fmt: skip


def read_plan(path: Path, names: Sequence[str], planning: int) -> dict[str, int]:
    """Read start years, counted from 1, from a plan.csv or the folder that holds one.

    Raises
    ------
    BadInput
        With file and row, for a project not known or named twice, or a start that is no planning year.
    """
    path = path / PLAN if path.is_dir() else path
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        rows = list(csv.DictReader(io.StringIO(content[:MOST_BYTES].decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, f"This is no CSV file in UTF-8 ({str(error)[:80]})", "csv") from error
    if len(content) > MOST_BYTES:
        raise _bad(path, f"The file is larger than {MOST_BYTES // 1_000_000} MB", "size")
    if not rows or not {"project", "start"} <= set(rows[0]):
        raise _bad(path, "There must be the columns project and start, and a row", "columns")
    known, starts = set(names), dict[str, int]()
    for number, row in enumerate(rows, start=2):
        name, year = row["project"], _year(row["start"])
        if name not in known or name in starts:
            said = "is named twice" if name in starts else "is not in the portfolio"
            raise _bad(path, f"Project {str(name)[:60]!r} {said}", "known_project", number)
        if year is None or not 1 <= year <= planning:
            said = f"Start {str(row['start'])[:20]!r} is no year from 1 to {planning}"
            raise _bad(path, said, "start", number)
        starts[name] = year
    return starts


def _year(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.strip().isascii() and text.strip().isdigit() else None


def _bad(path: Path, message: str, rule: str, row: int | None = None) -> BadInput:
    where = str(path) if row is None else f"{path}, row {row}"
    return BadInput(message, where=where, rule=rule, remedy="Give a plan.csv that this command wrote.")
