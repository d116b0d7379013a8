"""Video feeds in the XML of older clients: each feed a connection of its own, its address in parts."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

from vallum.hub.marti.answer import Refusal
from vallum.hub.marti.basics.video_model import PROTOCOLS, Connection, Feed, GivenConnection
from vallum.wire.cot import escape

__all__ = ["read", "write"]

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_AT_ONCE: Final = 100
_NO_PORT: Final = {"-1", ""}
_BOTH_WAYS: Final = {
    "preferredMacAddress": "macAddress",
    "roverPort": "roverPort",
    "ignoreEmbeddedKLV": "ignoreEmbeddedKLV",
    "buffer": "bufferTime",
    "timeout": "networkTimeout",
    "rtspReliable": "rtspReliable",
    "latitude": "latitude",
    "longitude": "longitude",
    "fov": "fov",
    "heading": "heading",
    "range": "range",
    "thumbnail": "thumbnail",
    "classification": "classification",
}
"""Elements, and the names in JSON that say the same of a feed."""


def read(body: bytes) -> list[GivenConnection]:
    """Read what a client registers.

    Raises
    ------
    Refusal
        400, naming the element.
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:  # the last two: encodings
        raise _bad(f"not XML that is taken: {type(error).__name__}") from error
    feeds = [child for child in root if child.tag == "feed"]
    if root.tag != "videoConnections" or not 1 <= len(feeds) <= _AT_ONCE:
        raise _bad(f"not <videoConnections> with 1 to {_AT_ONCE} of <feed>")
    return [_given(feed, f"feed[{number}]") for number, feed in enumerate(feeds)]


def write(contents: Iterable[bytes]) -> str:
    """Write the feeds of connections."""
    connections = [msgspec.json.decode(content, type=Connection) for content in contents]
    feeds = (
        # A connection of one feed is known by its own uid, as when it was registered here.
        _element(feed, one.uuid if len(one.feeds) == 1 else feed.uuid, active=one.active and feed.active)
        for one in connections
        for feed in one.feeds
    )
    return f"{_HEAD}<videoConnections>{''.join(feeds)}</videoConnections>"


def _given(feed: Any, place: str) -> GivenConnection:
    stated = {child.tag: (child.text or "").strip() for child in feed}
    uid, alias = stated.get("uid", ""), stated.get("alias", "")
    if not uid:
        raise _bad(f"{place}: no <uid>")
    common = {"uuid": uid, "alias": alias, "active": stated.get("active") != "false"}
    more = {field: stated[name] for name, field in _BOTH_WAYS.items() if stated.get(name)}
    inner = {**common, **more, "url": _url(stated, place)}
    try:
        return msgspec.convert({**common, "feeds": [inner]}, GivenConnection)
    except msgspec.ValidationError as error:
        raise _bad(f"{place}: {error}") from error


def _url(stated: Mapping[str, str], place: str) -> str:
    """Put an address together, which is checked as every other is."""
    protocol, host = stated.get("protocol", "").lower(), stated.get("address", "")
    if protocol not in PROTOCOLS:
        raise _bad(f"{place}: <protocol> is none of {', '.join(PROTOCOLS)}")
    if host.count(":") > 1 and not host.startswith("[") and "@" not in host:
        host = f"[{host}]"
    port, path = stated.get("port", ""), stated.get("path", "")
    if path and not path.startswith(("/", "?")):
        path = f"/{path}"
    return f"{protocol}://{host}{'' if port in _NO_PORT else f':{port}'}{path}"


def _element(feed: Feed, uid: str, *, active: bool) -> str:
    parts, stated = urlsplit(feed.url), msgspec.to_builtins(feed)
    host = parts.netloc if parts.port is None else parts.netloc.rpartition(":")[0]
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    values = {
        "protocol": parts.scheme,
        "alias": feed.alias or uid,
        "uid": uid,
        "address": host,
        "port": str(-1 if parts.port is None else parts.port),
        "path": path,
        "active": "true" if active else "false",
    } | {name: stated[field] or "" for name, field in _BOTH_WAYS.items()}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
    return f"<feed>{inner}</feed>"


def _bad(reason: str) -> Refusal:
    return Refusal(
        400, f"body: {reason}", rule="video feeds",
        remedy="Send <videoConnections><feed> with protocol, alias, uid, address, port, path.",
    )  # fmt: skip
