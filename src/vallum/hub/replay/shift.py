"""An event at another time: the start tag is rewritten, every other byte stays."""

import html
import re
from typing import Final

from vallum.core import instant

__all__ = ["TAG", "shifted"]

TAG: Final = re.compile(rb"""<[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""")
"""One tag, whose quoted values may hold a ``>``."""

_ATTRIBUTE: Final = re.compile(rb"""([^\s=<>"'/]+)(\s*=\s*)("[^"]*"|'[^']*')""")
_TIMES: Final = frozenset((b"time", b"start", b"stale"))
_LAST: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last instant that can be written."""


def shifted(xml: bytes, by: int) -> bytes:
    """Move the times of an event.

    Parameters
    ----------
    xml : bytes
        A valid event.
    by : int
        Milliseconds, also negative. What would lie before the year 1970 or after 9999 ends there.
    """
    tag = TAG.match(xml)
    if tag is None:
        return xml

    def moved(match: re.Match[bytes]) -> bytes:
        name, equals, value = match.groups()
        if name not in _TIMES:
            return match[0]
        time = instant.parse(html.unescape(value[1:-1].decode()))
        text = instant.write(min(max(time + by, 0), _LAST))
        return b'%s%s"%s"' % (name, equals, text.encode())

    return _ATTRIBUTE.sub(moved, tag[0]) + xml[tag.end() :]
