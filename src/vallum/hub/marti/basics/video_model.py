"""Video connections: what they look like, and what is taken as one."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from vallum.core.policy import Policy
from vallum.hub.marti.answer import Refusal

__all__ = ["PROTOCOLS", "Connection", "Connections", "Feed", "GivenConnection", "GivenConnections",
           "check_url", "classification_of", "taken"]  # fmt: skip

PROTOCOLS: Final = ("rtsp", "rtsps", "rtmp", "rtmps", "srt", "udp", "hls", "http", "https")
_FEEDS: Final = 16
_AT_ONCE: Final = 100
_PRINTABLE: Final = re.compile(r"[^\x00-\x20\x7f-\xa0<>\"\\^`{|}]*")

Uid = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Words = Annotated[str, msgspec.Meta(max_length=256)]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
Loose = Annotated[str, msgspec.Meta(max_length=256)] | int | float | bool | None
Pixels = Annotated[int, msgspec.Meta(ge=0, le=2**31)] | None


class Feed(msgspec.Struct, rename="camel", kw_only=True):
    """One stream of a connection; numbers are text, as clients have them."""

    uuid: Uid
    active: bool = True
    alias: Words
    url: Url
    order: int | None = None
    mac_address: str = ""
    rover_port: str = "-1"
    ignore_embedded_k_l_v: str = msgspec.field(default="false", name="ignoreEmbeddedKLV")
    network_timeout: str = "5000"
    buffer_time: str = "-1"
    rtsp_reliable: str = "0"
    source: str | None = None
    thumbnail: str | None = None
    classification: str | None = None
    latitude: str | None = None
    longitude: str | None = None
    fov: str | None = None
    heading: str | None = None
    range: str | None = None
    width: Pixels = None
    height: Pixels = None
    bitrate: Pixels = None


class Connection(msgspec.Struct, kw_only=True):
    """What can be watched under one name."""

    uuid: Uid
    active: bool = True
    alias: Words
    thumbnail: str | None = None
    classification: str | None = None
    feeds: list[Feed] = []


class Connections(msgspec.Struct, rename="camel"):
    """As clients read and write them."""

    video_connections: list[Connection]


class GivenFeed(msgspec.Struct, rename="camel", kw_only=True):
    """A feed as clients send it: what is missing is filled in."""

    uuid: Uid | None = None
    active: bool | None = True
    alias: Words | None = ""
    url: Url
    order: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31)] | None = None
    mac_address: Loose = None
    rover_port: Loose = None
    ignore_embedded_k_l_v: Loose = msgspec.field(default=None, name="ignoreEmbeddedKLV")
    network_timeout: Loose = None
    buffer_time: Loose = None
    rtsp_reliable: Loose = None
    source: Loose = None
    thumbnail: Loose = None
    classification: Loose = None
    latitude: Loose = None
    longitude: Loose = None
    fov: Loose = None
    heading: Loose = None
    range: Loose = None
    width: Pixels = None
    height: Pixels = None
    bitrate: Pixels = None


class GivenConnection(msgspec.Struct, kw_only=True):
    """A connection as clients send it."""

    uuid: Uid | None = None
    active: bool | None = True
    alias: Words | None = ""
    thumbnail: Loose = None
    classification: Loose = None
    feeds: Annotated[list[GivenFeed], msgspec.Meta(max_length=_FEEDS)] = []


class GivenConnections(msgspec.Struct, rename="camel"):
    """Several at once."""

    video_connections: Annotated[list[GivenConnection], msgspec.Meta(min_length=1, max_length=_AT_ONCE)]


def taken(given: GivenConnection, place: str, uid: str | None = None) -> Connection:
    """Return a connection with everything filled in.

    Parameters
    ----------
    given : GivenConnection
    place : str
        Where in the body it stands.
    uid : str, optional
        Its uid, if the path says it.

    Raises
    ------
    Refusal
        400, naming the field.
    """
    if uid is not None and given.uuid not in (None, uid):
        raise Refusal(400, f"body: {place}uuid: not that of the path", rule="video connections")
    made = uid or given.uuid or str(uuid4())
    alias = given.alias or made
    feeds = [_feed(one, alias, f"{place}feeds[{number}].") for number, one in enumerate(given.feeds)]
    if len({feed.uuid for feed in feeds}) < len(feeds):
        raise Refusal(400, f"body: {place}feeds: two have the same uuid", rule="video connections")
    return Connection(
        uuid=made,
        active=given.active is not False,
        alias=alias,
        thumbnail=_text(given.thumbnail),
        classification=_text(given.classification),
        feeds=feeds,
    )


def check_url(url: str, place: str) -> None:
    """Find out whether an address is one of a video stream.

    Raises
    ------
    Refusal
        400, naming the field.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # reads it
        host = parts.hostname
    except ValueError as error:
        raise _bad(place, str(error)) from error
    if parts.scheme not in PROTOCOLS:
        raise _bad(place, "not a protocol for video")
    if not _PRINTABLE.fullmatch(url):
        raise _bad(place, "a character that no address holds")
    if not host and not (parts.scheme == "udp" and parts.port):
        raise _bad(place, "no host")


def classification_of(connection: Connection, policy: Policy) -> str:
    """Return the highest classification that a connection or a feed of it states; empty if none does."""
    stated = [connection.classification, *(feed.classification for feed in connection.feeds)]
    return max(filter(None, stated), key=policy.level, default="")


def _feed(given: GivenFeed, alias: str, place: str) -> Feed:
    check_url(given.url, f"body: {place}url")
    values: dict[str, Any] = {
        name: _text(getattr(given, name)) for name in _LOOSE if _text(getattr(given, name)) is not None
    }
    return Feed(
        uuid=given.uuid or str(uuid4()),
        active=given.active is not False,
        alias=given.alias or alias,
        url=given.url,
        order=given.order,
        width=given.width,
        height=given.height,
        bitrate=given.bitrate,
        **values,
    )


def _names(kind: type[msgspec.Struct], wanted: object) -> Iterable[str]:
    return (one.name for one in msgspec.structs.fields(kind) if one.type == wanted)


_LOOSE: Final = tuple(_names(GivenFeed, Loose))


def _text(value: Loose) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bad(place: str, reason: str) -> Refusal:
    return Refusal(400, f"{place}: {reason}", rule="addresses of video",
                   remedy=f"Write PROTOCOL://HOST:PORT/PATH with one of {', '.join(PROTOCOLS)}.")  # fmt: skip
