"""The JSON documents of `vallum hub replay` and `export`; see `vallum.cli.documents`."""

from typing import Literal

import msgspec

__all__ = ["REPLAY_DOCUMENTS", "HubExportDocument", "HubReplayDocument"]


class HubReplayDocument(msgspec.Struct, kw_only=True):
    """`vallum hub replay --json`."""

    journal: str
    nation: str | None
    "With whose eyes the journal was read; null: everything."
    to: str | None
    "Address of a hub; null if a file was written."
    out: str | None
    sent: int
    "Events sent or written."
    kept_back: int
    "Events that were not sent because they did not go into every group of --group."
    first: str | None
    "When the hub had received the first event sent."
    last: str | None
    interrupted: bool
    next: str | None
    "Of an interrupted replay: give it as --since to go on."
    confirmed: bool | None
    "Whether the hub answered after the last event, and so has read all of them; null for a file."


class HubExportDocument(msgspec.Struct, kw_only=True):
    """`vallum hub export --json`."""

    journal: str
    nation: str | None
    "With whose eyes the journal was read; null: everything."
    out: str
    format: Literal["geojson", "kml"]
    tracks: bool
    features: int
    bytes: int


REPLAY_DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "hub-replay": HubReplayDocument,
    "hub-export": HubExportDocument,
}
"""By the name of the schema."""
