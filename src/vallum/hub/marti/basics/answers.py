"""The shapes of what is answered about clients and groups, with the names that TAK clients read."""

import msgspec

__all__ = ["ClientEndpoint", "Contact", "Group", "Subscription"]


class ClientEndpoint(msgspec.Struct, rename="camel"):
    """A client that is or was here."""

    callsign: str
    uid: str
    username: str
    last_event_time: str
    last_status: str
    "Connected or Disconnected."
    team: str
    role: str


class Contact(msgspec.Struct, rename="camel"):
    """A client that is here, to be written to."""

    filter_groups: list[str] | None
    notes: str
    "Its user name."
    callsign: str
    team: str
    role: str
    takv: str
    "Its program and version."
    uid: str


class Group(msgspec.Struct, rename="camel"):
    """One direction of one group."""

    name: str
    direction: str
    "IN: one's own data goes into it; OUT: its data comes out to oneself."
    created: str
    type: str
    bitpos: int
    active: bool


class Subscription(msgspec.Struct, rename="camel"):
    """A session; of another's, nothing that tells more than its events do."""

    dn: str | None
    callsign: str
    client_uid: str
    last_report_milliseconds: int
    tak_client: str
    tak_version: str
    username: str
    groups: list[Group]
    role: str
    team: str
    ip_address: str
    port: str
    pending_writes: int
    num_processed: int
    protocol: str
    xpath: str | None
    subscription_uid: str
    battery: str
    handler_type: str
    last_report_diff_milliseconds: int
    app_framerate: str = ""
    battery_status: str = ""
    battery_temp: str = ""
    device_data_rx: str = ""
    device_data_tx: str = ""
    heap_current_size: str = ""
    heap_free_size: str = ""
    heap_max_size: str = ""
    device_i_p_address: str = msgspec.field(default="", name="deviceIPAddress")
    storage_available: str = ""
    storage_total: str = ""
    incognito: bool = False
