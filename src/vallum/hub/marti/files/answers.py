"""Files as clients see them: in the older form of ``/Marti/sync`` and in the newer one of ``/Marti/api``."""

import hashlib

import msgspec

from vallum.core import instant
from vallum.core.principal import Principal
from vallum.hub.marti.files.rows import File

__all__ = ["Found", "Limit", "Metadata", "Resource", "metadata", "resource"]


class Metadata(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A file as ``/Marti/sync`` answers it: every value a string."""

    uid: str = msgspec.field(name="UID")
    name: str = msgspec.field(name="Name")
    hash: str = msgspec.field(name="Hash")
    primary_key: str = msgspec.field(name="PrimaryKey")
    submission_date_time: str = msgspec.field(name="SubmissionDateTime")
    submission_user: str = msgspec.field(name="SubmissionUser")
    creator_uid: str = msgspec.field(name="CreatorUid")
    keywords: list[str] = msgspec.field(name="Keywords")
    media_type: str = msgspec.field(name="MIMEType")
    size: str = msgspec.field(name="Size")
    tool: str = msgspec.field(name="Tool")
    expiration: str = msgspec.field(name="EXPIRATION")
    latitude: str = msgspec.field(name="Latitude", default="")
    longitude: str = msgspec.field(name="Longitude", default="")
    altitude: str = msgspec.field(name="Altitude", default="")


class Found(msgspec.Struct, rename="camel"):
    """What a search in ``/Marti/sync`` found."""

    result_count: int
    results: list[Metadata]


class Resource(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A file as ``/Marti/api`` answers it."""

    filename: str
    keywords: list[str]
    mime_type: str
    name: str
    submission_time: str
    submitter: str
    uid: str
    creator_uid: str
    hash: str
    size: int
    expiration: int
    tool: str
    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None


class Limit(msgspec.Struct, rename="camel"):
    """How large a file may be."""

    upload_size_limit: int
    """10^6 bytes."""


def metadata(file: File, reader: Principal) -> Metadata:
    """Return a file in the older form, as somebody is shown it."""
    return Metadata(
        uid=file.uid,
        name=file.name,
        hash=file.hash,
        primary_key=str(_number(file)),
        submission_date_time=instant.write(file.stored_ms),
        submission_user=_owner(file, reader),
        creator_uid=file.creator_uid,
        keywords=list(file.keywords),
        media_type=file.media_type,
        size=str(file.size),
        tool=file.tool,
        expiration=str(_seconds(file.expires_ms)),
        latitude=_text(file.latitude),
        longitude=_text(file.longitude),
        altitude=_text(file.altitude),
    )


def resource(file: File, reader: Principal) -> Resource:
    """Return a file in the newer form, as somebody is shown it."""
    return Resource(
        filename=file.name,
        keywords=list(file.keywords),
        mime_type=file.media_type,
        name=file.name,
        submission_time=instant.write(file.stored_ms),
        submitter=_owner(file, reader),
        uid=file.uid,
        creator_uid=file.creator_uid,
        hash=file.hash,
        size=file.size,
        expiration=_seconds(file.expires_ms),
        tool=file.tool,
        latitude=file.latitude,
        longitude=file.longitude,
        altitude=file.altitude,
    )


def _owner(file: File, reader: Principal) -> str:
    """Return a user name; that of another nation's is not told, as it stands in no event."""
    return file.principal if file.marking.nation == reader.nation else ""


def _number(file: File) -> int:
    """Return a number that clients take for the row's: the true one would tell how much they may not see."""
    made = "\0".join((file.marking.nation, file.principal, file.hash, file.uid, str(file.stored_ms)))
    return int.from_bytes(hashlib.blake2b(made.encode(), digest_size=4).digest()) >> 1


def _seconds(milliseconds: int) -> int:
    return milliseconds // 1000 if milliseconds >= 0 else -1


def _text(number: float | None) -> str:
    return "" if number is None else str(number)
