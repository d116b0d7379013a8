"""Where a file is to be had."""

import re
from typing import Final

from starlette.requests import Request

from vallum.hub.marti.answer import Refusal

__all__ = ["CONTENT", "content_url"]

CONTENT: Final = "/Marti/sync/content"

_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?", re.ASCII)


def content_url(request: Request, digest: str) -> str:
    """Return the address of a body, on the host that the client itself has reached.

    Raises
    ------
    Refusal
        400 if the client names no host.
    """
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise Refusal(400, "header Host: no host", rule="host")
    return f"https://{host}{CONTENT}?hash={digest}"
