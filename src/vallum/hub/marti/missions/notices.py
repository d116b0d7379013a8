"""What the hub tells subscribers: events about missions."""

import uuid
from dataclasses import dataclass
from typing import Final

from vallum.hub.marti.missions.roles import role
from vallum.hub.marti.missions.wire import Change, Layer, RoleName
from vallum.hub.parcel import Parcel
from vallum.hub.session import Session
from vallum.picture import Audience, Event, sees
from vallum.wire import cot

__all__ = [
    "CONTENT",
    "CREATED",
    "DELETED",
    "INVITED",
    "KEYWORDS",
    "LAYER",
    "LOG",
    "METADATA",
    "ROLE",
    "Member",
    "Notice",
    "Sight",
    "Topic",
    "change_xml",
    "keywords_xml",
    "layer_xml",
    "notice",
    "role_xml",
]  # fmt: skip

CREATED: Final = "t-x-m-n"
DELETED: Final = "t-x-m-d"
INVITED: Final = "t-x-m-i"
ROLE: Final = "t-x-m-r"
CONTENT: Final = "t-x-m-c"
LOG: Final = "t-x-m-c-l"
LAYER: Final = "t-x-m-c-h"
METADATA: Final = "t-x-m-c-m"
KEYWORDS: Final = "t-x-m-c-k"

_WORDS: Final = {CREATED: "CREATE", DELETED: "DELETE", INVITED: "INVITE", ROLE: "INVITE"}
_STALE_MS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Topic:
    """The mission that a notice is about."""

    name: str
    guid: str
    tool: str


@dataclass(frozen=True, slots=True)
class Member:
    """A client that takes part: one who is told."""

    uid: str
    owner: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sight:
    """Who may see something.

    Parameters
    ----------
    audience : Audience
    owner : (str, str)
        Nation and user name of who stored it, who always may.
    """

    audience: Audience
    owner: tuple[str, str]

    def open_to(self, session: Session) -> bool:
        """Whether a session may see it."""
        principal = session.principal
        return (principal.nation, principal.name) == self.owner or sees(session.view, self.audience)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell, and whom.

    Parameters
    ----------
    parcel : Parcel
        The event.
    members : tuple of Member
        Who is told, if it is there.
    sights : tuple of Sight
        What one must see to be told.
    """

    parcel: Parcel
    members: tuple[Member, ...]
    sights: tuple[Sight, ...]


def notice(
    kind: str, about: Topic, now: int, *, author: str = "", token: str = "", inside: str = ""
) -> Parcel:
    """Make a notice.

    Parameters
    ----------
    kind : str
        Its Cursor on Target type.
    about : Topic
    now : int
        Milliseconds since 1970-01-01T00:00Z.
    author : str
        Uid of the client that did it.
    token : str
        For who is invited.
    inside : str
        XML within ``<mission>``.
    """
    attributes = {"type": _WORDS.get(kind, "CHANGE"), "tool": about.tool, "name": about.name,
                  "guid": about.guid, "authorUid": author, "token": token}  # fmt: skip
    written = "".join(f' {name}="{cot.escape(value)}"' for name, value in attributes.items() if value)
    xml = cot.event(str(uuid.uuid4()), kind, now, stale_after=_STALE_MS, how="h-g-i-g-o",
                    detail=f"<mission{written}>{inside}</mission>")  # fmt: skip
    return Parcel(Event.of_xml(xml), (), now)


def change_xml(change: Change) -> str:
    """Write a change of contents."""
    inside = ""
    if isinstance(change.content_uid, str):
        inside += _element("contentUid", change.content_uid)
    resource = change.content_resource
    if resource:
        fields = (
            ("creatorUid", resource.creator_uid), ("expiration", str(resource.expiration)),
            ("filename", resource.filename), ("hash", resource.hash),
            *(("keywords", word) for word in resource.keywords),
            ("mimeType", resource.mime_type), ("name", resource.name), ("size", str(resource.size)),
            ("submissionTime", resource.submission_time), ("submitter", resource.submitter),
            ("tool", resource.tool), ("uid", resource.uid),
        )  # fmt: skip
        inside += f"<contentResource>{''.join(_element(*field) for field in fields)}</contentResource>"
    inside += "".join(
        _element(name, value)
        for name, value in (
            ("creatorUid", change.creator_uid),
            ("isFederatedChange", "false"),
            ("missionName", change.mission_name),
            ("missionGuid", change.mission_guid),
            ("timestamp", change.timestamp),
            ("type", change.type),
        )
    )
    details = change.details
    if details:
        attributes = {"type": details.type, "callsign": details.callsign, "iconsetPath": details.iconset_path,
                      "color": details.color}  # fmt: skip
        written = "".join(
            f' {name}="{cot.escape(value)}"' for name, value in attributes.items() if isinstance(value, str)
        )
        nested = "".join(_element("attachment", one) for one in details.attachments or ())
        if details.location:
            nested = f'<location lat="{details.location.lat}" lon="{details.location.lon}"/>{nested}'
        inside += f"<details{written}>{nested}</details>"
    return f"<MissionChanges><MissionChange>{inside}</MissionChange></MissionChanges>"


def keywords_xml(kind: str, key: str, words: list[str]) -> str:
    """Write the keywords of a content."""
    name = {"uid": "uidKeyword", "hash": "contentKeyword"}[kind]
    nested = "".join(f'<{name} keyword="{cot.escape(word)}"/>' for word in words)
    return f'<{name}s {kind}="{cot.escape(key)}">{nested}</{name}s>'


def layer_xml(layer: Layer) -> str:
    """Write a layer."""
    parent = _element("parentUid", layer.parent_uid) if isinstance(layer.parent_uid, str) else ""
    return (
        f"<missionLayer>{_element('name', layer.name)}{parent}{_element('type', layer.type)}"
        f"{_element('uid', layer.uid)}</missionLayer>"
    )


def role_xml(name: RoleName) -> str:
    """Write a role."""
    permissions = "".join(f'<permission type="{one}"/>' for one in role(name).permissions)
    return f'<role type="{name}"><permissions>{permissions}</permissions></role>'


def _element(name: str, text: str) -> str:
    return f"<{name}>{cot.escape(text)}</{name}>"
