"""What a device is told before and after it enrols."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import msgspec
from starlette.responses import Response

from vallum.hub.marti.answer import XML, xml
from vallum.hub.marti.operation import Call, Media, Operation
from vallum.hub.pki.package import profile

__all__ = ["OPERATIONS", "TOOLS"]

ZIP: Final = "application/zip"


class Asks(msgspec.Struct, rename="camel"):
    """Which device asks, and since when it wants what is new."""

    client_uid: str = ""
    sync_secago: str = ""


async def config(call: Call) -> Response:
    """Say what a request's subject should hold.

    Clients read the prefix literally, and count on two entries at least.
    """
    entries = "".join(
        f'<nameEntry name="{name}" value="{value}"/>'
        for name, value in (("O", "Vallum"), ("OU", call.principal.nation))
    )
    return xml(
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<ns2:certificateConfig xmlns="http://bbn.com/marti/xml/config" xmlns:ns2="com.bbn.marti.config">'
        f"<nameEntries>{entries}</nameEntries></ns2:certificateConfig>"
    )


async def enrolled(call: Call) -> Response:
    """Say where the stream is."""
    asked = call.request.url.hostname or ""
    host = await asyncio.to_thread(call.marti.accounts.host, asked)
    if host is None:
        return Response(status_code=204)
    package = profile(host, call.marti.stream_port, f"{host} {call.principal.name}", datetime.now(UTC))
    named = {"Content-Disposition": 'attachment; filename="enrolment.zip"'}
    return Response(package, headers=named, media_type=ZIP)


async def nothing(_call: Call) -> Response:
    """Say that there is nothing new."""
    return Response(status_code=204)


OPERATIONS: Final = (
    Operation(
        "GET", "/Marti/api/tls/config", config, "What the subject of a request should hold.", "enrolment",
        answer=Media(XML), refuses=(503,),
    ),
    Operation(
        "GET", "/Marti/api/tls/profile/enrollment", enrolled, "Where the stream is, as a package.",
        "enrolment", query=Asks, answer=Media(ZIP), also=(204,), refuses=(503,),
    ),
    Operation(
        "GET", "/Marti/api/device/profile/connection", nothing, "Preferences for each connection: none.",
        "enrolment", query=Asks, status=204, refuses=(503,),
    ),
)  # fmt: skip
TOOLS: Final = (
    Operation(
        "GET", "/Marti/api/tls/profile/tool/{tool}/file", nothing, "Files of a tool: none.",
        "enrolment", query=Asks, status=204, refuses=(503,),
    ),
)  # fmt: skip
