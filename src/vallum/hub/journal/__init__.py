"""The journal: every admitted event on disk, the picture back after a restart, and reading it as a nation."""

from vallum.hub.journal.journal import Journal, JournalState
from vallum.hub.journal.reading import Bbox, Everything, Reader, Selection, Stopped, Stored, query, span
from vallum.hub.journal.restore import Restored, restore

__all__ = [
    "Bbox",
    "Everything",
    "Journal",
    "JournalState",
    "Reader",
    "Restored",
    "Selection",
    "Stopped",
    "Stored",
    "query",
    "restore",
    "span",
]
