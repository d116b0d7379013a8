"""Cursor on Target events in XML: framing and parsing of hostile streams, and what the hub itself writes."""

from vallum.wire.cot.errors import Limits, Malformed, TooLarge
from vallum.wire.cot.framing import XmlFramer, only_document
from vallum.wire.cot.parse import Child, Document, Point, parse
from vallum.wire.cot.write import escape, event

__all__ = [
    "Child",
    "Document",
    "Limits",
    "Malformed",
    "Point",
    "TooLarge",
    "XmlFramer",
    "escape",
    "event",
    "only_document",
    "parse",
]
