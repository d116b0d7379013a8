"""Connections of the demonstration to a hub: mutual TLS, tried again for as long as it takes."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vallum.core.errors import BadInput

__all__ = ["Endpoint", "Identity", "Said", "connected", "keep"]

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 15.0
STEADY_S: Final = 10.0
"""A connection that lasts so long counts as a good one: the next wait is short again."""
_OPEN_S: Final = 10.0
_CLOSE_S: Final = 2.0

_REMEDY: Final = "Give PEM files, such as vallum pki user writes."

Said = Callable[[str], None]
"""Takes one line for a person."""

Use = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Does something with a connection."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a hub is.

    Parameters
    ----------
    host : str
        Address to connect to.
    port : int
        Port of its TLS listener.
    name : str
        Host that its certificate has to name.
    """

    host: str
    port: int
    name: str

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who connects.

    Parameters
    ----------
    user : str
        Its name.
    nation : str
        Its nation.
    certificate, key : Path
        PEM files.
    authority : Path
        PEM file of the authority that the hub's certificate is of.
    """

    user: str
    nation: str
    certificate: Path
    key: Path
    authority: Path

    def context(self) -> ssl.SSLContext:
        """Return the TLS settings.

        Raises
        ------
        BadInput
            If a file is missing, or is no certificate or key.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        for file in (self.certificate, self.key, self.authority):
            if not file.is_file():
                raise BadInput("there is no such file", str(file), "certificate", _REMEDY)
        try:
            context.load_verify_locations(self.authority)
        except ssl.SSLError as error:
            raise BadInput("is no certificate", str(self.authority), "certificate", _REMEDY) from error
        try:
            # An encrypted key must not make a command wait for a passphrase at the terminal.
            context.load_cert_chain(self.certificate, self.key, password=lambda: b"")
        except (ssl.SSLError, ValueError) as error:
            where = f"{self.certificate} and {self.key}"
            raise BadInput("do not go together, or are damaged", where, "certificate", _REMEDY) from error
        return context


@contextlib.asynccontextmanager
async def connected(
    endpoint: Endpoint, context: ssl.SSLContext
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection, and close it within a bounded time.

    Raises
    ------
    OSError
        If it cannot be opened.
    BadInput
        If the hub's certificate is not of that authority and host.
    """
    try:
        async with asyncio.timeout(_OPEN_S):
            reader, writer = await asyncio.open_connection(
                endpoint.host, endpoint.port, ssl=context, server_hostname=endpoint.name
            )
    except ssl.SSLCertVerificationError as error:
        raise BadInput(
            f"its certificate is refused: {error.verify_message}",
            str(endpoint),
            "certificate of the hub",
            "Give the authority of this hub, and a host that its certificate names.",
        ) from error
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await writer.wait_closed()


async def keep(endpoint: Endpoint, identity: Identity, stop: asyncio.Event, say: Said, use: Use) -> None:
    """Connect and use the connection; when it breaks, connect again, ever more slowly.

    Parameters
    ----------
    endpoint : Endpoint
        Where to.
    identity : Identity
        As whom.
    stop : asyncio.Event
        Set when no more connection is wanted.
    say : callable
        Told what goes wrong.
    use : callable
        Given reader and writer of each connection. It returns when all is done and raises `OSError` when the
        connection breaks.

    Raises
    ------
    BadInput
        If the certificates cannot be used.
    """
    context = identity.context()
    loop = asyncio.get_running_loop()
    wait = FIRST_WAIT_S
    while not stop.is_set():
        begun = loop.time()
        try:
            async with connected(endpoint, context) as (reader, writer):
                begun = loop.time()
                await use(reader, writer)
            return
        except OSError as error:
            if loop.time() - begun >= STEADY_S:
                wait = FIRST_WAIT_S
            say(f"{identity.user}: {endpoint}: {reason(error)}; again in {wait:g} s.")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)
        wait = min(2 * wait, LONGEST_WAIT_S)


def reason(error: OSError) -> str:
    """Return why a connection failed, in a few words."""
    if isinstance(error, ssl.SSLError):
        # Such as TLSV1_ALERT_UNKNOWN_CA: how the hub says that it does not take the certificate.
        return f"TLS: {(error.reason or 'failed').lower().replace('_', ' ')}"
    if isinstance(error, TimeoutError):
        return "no answer"
    if error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno)  # asyncio's own text names the address again
    return error.strerror or str(error) or type(error).__name__
