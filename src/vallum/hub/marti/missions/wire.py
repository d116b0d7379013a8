"""Missions as TAK clients read and write them in JSON."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from vallum.hub.marti.files.answers import Resource

__all__ = [
    "AddedFile", "AddedUid", "Change", "ChangeKind", "Details", "Invitation", "InvitationType", "Layer",
    "LayerType", "Location", "LogEntry", "Mission", "Role", "RoleName", "Subscription",
]  # fmt: skip

RoleName = Literal["MISSION_OWNER", "MISSION_SUBSCRIBER", "MISSION_READONLY_SUBSCRIBER"]
ChangeKind = Literal["CREATE_MISSION", "DELETE_MISSION", "ADD_CONTENT", "REMOVE_CONTENT"]
InvitationType = Literal["clientUid", "callsign", "userName", "group", "team"]
LayerType = Literal["GROUP", "UID", "CONTENTS", "MAPLAYER", "ITEM"]


class Role(msgspec.Struct):
    """What somebody may do in a mission."""

    type: RoleName
    permissions: list[str]


class Location(msgspec.Struct):
    """WGS 84 degrees."""

    lat: float
    lon: float


class Details(msgspec.Struct, rename="camel"):
    """What a list shows of an event."""

    type: str
    callsign: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    iconset_path: str | UnsetType = UNSET
    color: str | UnsetType = UNSET
    attachments: list[str] | UnsetType = UNSET
    name: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    location: Location | UnsetType = UNSET


class AddedUid(msgspec.Struct, rename="camel"):
    """An event that is in a mission."""

    data: str
    timestamp: str
    creator_uid: str
    keywords: list[str] = []
    details: Details | UnsetType = UNSET


class AddedFile(msgspec.Struct, rename="camel"):
    """A file that is in a mission."""

    data: Resource
    timestamp: str
    creator_uid: str
    keywords: list[str] = []


class LogEntry(msgspec.Struct, rename="camel"):
    """An entry of a mission's log."""

    id: str
    content: str
    creator_uid: str
    mission_names: list[str]
    servertime: str
    created: str
    content_hashes: list[str]
    keywords: list[str]
    entry_uid: str | UnsetType = UNSET
    dtg: str | UnsetType = UNSET


class Change(msgspec.Struct, rename="camel"):
    """One change of a mission."""

    is_federated_change: bool
    type: ChangeKind
    mission_name: str
    mission_guid: str
    timestamp: str
    server_time: str
    creator_uid: str
    content_uid: str | UnsetType = UNSET
    details: Details | UnsetType = UNSET
    content_resource: Resource | UnsetType = UNSET


class Mission(msgspec.Struct, rename="camel"):
    """A mission, as far as the reader may see it."""

    name: str
    description: str
    tool: str
    keywords: list[str]
    creator_uid: str
    create_time: str
    last_edited: str
    guid: str
    invite_only: bool
    expiration: int
    password_protected: bool
    groups: list[str]
    uids: list[AddedUid] = []
    contents: list[AddedFile] = []
    external_data: list[Any] = []
    feeds: list[Any] = []
    map_layers: list[Any] = []
    chat_room: str | UnsetType = UNSET
    base_layer: str | UnsetType = UNSET
    bbox: str | UnsetType = UNSET
    bounding_polygon: list[str] | UnsetType = UNSET
    path: str | UnsetType = UNSET
    classification: str | UnsetType = UNSET
    default_role: Role | UnsetType = UNSET
    owner_role: Role | UnsetType = UNSET
    token: str | UnsetType = UNSET
    mission_changes: list[Change] | UnsetType = UNSET
    logs: list[LogEntry] | UnsetType = UNSET


class Subscription(msgspec.Struct, rename="camel"):
    """A client that takes part in a mission."""

    client_uid: str
    username: str
    create_time: str
    role: Role
    token: str | UnsetType = UNSET
    mission: Mission | UnsetType = UNSET


class Invitation(msgspec.Struct, rename="camel"):
    """An invitation to a mission."""

    mission_name: str
    mission_guid: str
    invitee: str
    type: InvitationType
    creator_uid: str
    create_time: str
    token: str
    role: Role


class Layer(msgspec.Struct, rename="camel"):
    """A layer of a mission, with what lies in it."""

    name: str
    type: LayerType
    uid: str
    parent_uid: str | UnsetType = UNSET
    mission_layers: "list[Layer] | UnsetType" = msgspec.field(default=UNSET, name="mission_layers")
    uids: list[AddedUid] | UnsetType = UNSET
    contents: list[AddedFile] | UnsetType = UNSET
