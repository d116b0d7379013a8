"""Events that the hub itself writes."""

import re

from vallum.core import instant

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)


_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even as a reference (section 2.2)."""


def escape(text: str) -> str:
    """Write text so that it can stand in an attribute between double quotes, or between tags.

    A character that XML cannot carry becomes U+FFFD.
    """
    return _FORBIDDEN.sub("\ufffd", text).translate(_ESCAPES)


def event(
    uid: str,
    cot_type: str,
    now: int,
    *,
    stale_after: int = 60_000,
    how: str = "m-g",
    lat: float = 0.0,
    lon: float = 0.0,
    detail: str = "",
) -> bytes:
    """Write one event.

    Parameters
    ----------
    uid, cot_type, how : str
        Its identity, type and how it came about.
    now : int
        Time and start, milliseconds since 1970-01-01T00:00Z.
    stale_after : int
        Milliseconds until it is stale.
    lat, lon : float
        WGS 84 degrees.
    detail : str
        XML inside ``<detail>``, well-formed and escaped by the caller.

    Returns
    -------
    bytes
        The document in UTF-8.
    """
    time = instant.write(now)
    stale = instant.write(now + stale_after)
    return (
        f'<event version="2.0" uid="{escape(uid)}" type="{escape(cot_type)}" how="{escape(how)}" '
        f'time="{time}" start="{time}" stale="{stale}">'
        f'<point lat="{lat:.7f}" lon="{lon:.7f}" hae="9999999.0" ce="9999999.0" le="9999999.0"/>'
        f"<detail>{detail}</detail></event>"
    ).encode()
