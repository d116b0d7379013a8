"""The JSON document of `vallum hub demo`; see `vallum.cli.documents` for what holds for all of them."""

import msgspec

__all__ = ["HUB_DEMO_DOCUMENTS", "HubDemoDocument", "NationFeed", "NationSight"]


class NationFeed(msgspec.Struct, kw_only=True):
    """What one nation's units sent."""

    nation: str
    hub: str
    "Address and port."
    units: int
    events: int
    "Handed to the connection."
    connections: int
    "How often the hub was reached; more than one after interruptions."


class NationSight(msgspec.Struct, kw_only=True):
    """What one nation's viewer saw in the end."""

    nation: str
    units: dict[str, int]
    "Units by their nation."
    ground: int
    sea: int
    air: int
    alerts: int
    "Emergencies raised and not cancelled."
    markers: int
    videos: int
    chat: int
    "Messages since it connected."
    last_chat: str
    latency_ms: float | None
    "Median from an event's own time to its receipt."


class HubDemoDocument(msgspec.Struct, kw_only=True):
    """`vallum hub demo --json`."""

    seconds: float
    seed: int
    self_contained: bool
    "Whether the hub was made for the demonstration."
    feeds: list[NationFeed]
    viewers: list[NationSight]
    "Of a self-contained demonstration."


HUB_DEMO_DOCUMENTS: dict[str, type[msgspec.Struct]] = {"hub-demo": HubDemoDocument}
