"""The JSON documents of `vallum hub`; see `vallum.cli.documents` for what holds for all of them."""

import msgspec

from vallum.hub.operate.status import ListenerStatus, Status

__all__ = ["HUB_DOCUMENTS", "HubDocument", "HubInitDocument", "HubStatusDocument"]


class HubDocument(msgspec.Struct, kw_only=True):
    """`vallum hub --json`: written when everything is open."""

    config: str
    name: str
    pid: int
    listeners: list[ListenerStatus]
    control: str
    "Socket file that `vallum hub status` asks."
    metrics: str | None
    "HOST:PORT of health checks and metrics."


class HubInitDocument(msgspec.Struct, kw_only=True):
    """`vallum hub init --json`."""

    files: list[str]


class HubStatusDocument(msgspec.Struct, kw_only=True):
    """`vallum hub status --json`."""

    running: bool
    socket: str
    status: Status | None
    "null when no hub runs."


HUB_DOCUMENTS: dict[str, type[msgspec.Struct]] = {
    "hub": HubDocument,
    "hub-init": HubInitDocument,
    "hub-status": HubStatusDocument,
}
