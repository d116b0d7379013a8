"""`vallum report DIR`."""

from pathlib import Path

from rich.markup import escape

from vallum.cli.desktop import open_file
from vallum.cli.documents import ReportDocument
from vallum.cli.options import Common
from vallum.cli.outcome import OK
from vallum.cli.output import emit, show

__all__ = ["report"]


def report(directory: Path, /, *, open: bool = False, common: Common | None = None) -> int:  # noqa: A002
    """Write the report of whatever results a folder holds: one HTML file that needs nothing else.

    Parameters
    ----------
    directory
        Folder of a plan, of one mode or of both, of a fiscal outlook, of works, or of several of them.
    open
        Open the report where there is a desktop. VALLUM_NO_OPEN=1 suppresses that.
    """
    common = common or Common()
    from vallum.report import render

    file = render(directory)
    opened = open and open_file(file)
    if common.json:
        emit(ReportDocument(report=str(file), bytes=file.stat().st_size, opened=opened))
    else:
        show(f"The report is {escape(str(file))}")
    return OK
