"""Sending recorded events to a hub, at the pace at which they came or at another."""

import asyncio
import contextlib
import os
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from vallum.core.errors import BadInput
from vallum.hub.journal import Stored
from vallum.hub.replay.shift import shifted
from vallum.wire import cot

__all__ = ["Course", "Hub", "hub_of", "play"]

_CONNECT_S: Final = 20.0
_ANSWER_S: Final = 120.0
_READ_BYTES: Final = 1 << 18
_PORTS: Final = {"tcp": 8087, "tls": 8089}


@dataclass(frozen=True, slots=True)
class Hub:
    """Where to send to.

    Parameters
    ----------
    host : str
        Name or address.
    port : int
        Port of the listener.
    context : ssl.SSLContext, optional
        How TLS is spoken; None for a connection without it.
    """

    host: str
    port: int
    context: ssl.SSLContext | None


@dataclass(slots=True)
class Course:
    """How far a replay has come.

    Parameters
    ----------
    sent : int
        Events sent.
    first, last : int or None
        When the first and the last of them were received, milliseconds since 1970-01-01T00:00Z.
    next : int or None
        The same of the event that is due next, None if none is.
    confirmed : bool
        Whether the hub has answered after the last event, so that it has taken all of them.
    """

    sent: int = 0
    first: int | None = None
    last: int | None = None
    next: int | None = None
    confirmed: bool = False


def hub_of(
    address: str, *, origin: str, cert: Path | None = None, key: Path | None = None, ca: Path | None = None
) -> Hub:
    """Read where a replay goes to, and as whom.

    Parameters
    ----------
    address : str
        ``tcp://HOST:PORT`` or ``tls://HOST:PORT``.
    origin : str
        Nation whose events are sent.
    cert, key, ca : Path, optional
        Certificate and key to show, and the authority of the hub's own certificate (PEM); for TLS only.

    Raises
    ------
    BadInput
        If something is missing, or the certificate is of another nation.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in _PORTS or not host or parts.path.strip("/"):
        raise BadInput(
            f"{address!r} is no address of a hub",
            "--to",
            "address",
            "Write tcp://HOST:PORT or tls://HOST:PORT.",
        )
    files = (cert, key, ca)
    if parts.scheme == "tcp":
        if any(files):
            raise BadInput(
                "a certificate is of no use on a connection without TLS", "--cert", "tls", "Use --to tls://…"
            )
        return Hub(host, port or _PORTS["tcp"], None)
    if cert is None or key is None or ca is None:
        raise BadInput(
            "a hub asks for a certificate", "--to", "tls", "Give --cert NAME.pem --key NAME.key --ca ca.pem."
        )
    _check_nation(cert, origin)
    return Hub(host, port or _PORTS["tls"], _context(cert, key, ca))


async def play(
    events: Iterable[Stored],
    hub: Hub,
    course: Course,
    *,
    speed: float | None,
    keep_times: bool,
    clock: Callable[[], int],
    note: Callable[[], None] = lambda: None,
) -> None:
    """Send events to a hub.

    What the hub sends is read and let go of, or it would take this reader for a slow one.

    Parameters
    ----------
    events : iterable of Stored
        In the order in which they are sent.
    hub : Hub
        Where to.
    course : Course
        Told how far it has come, so that it is known also after an interruption.
    speed : float or None
        How many times as fast as they came; None as fast as the hub takes them.
    keep_times : bool
        Whether their times stay. Otherwise they are as old when they are sent as they were when they came.
    clock : callable
        Returns milliseconds since 1970-01-01T00:00Z.
    note : callable
        Called after each event.

    Raises
    ------
    BadInput
        If the hub cannot be reached, or ends the connection.
    """
    loop = asyncio.get_running_loop()
    async with _connected(hub, course) as (reader, writer):
        name = f"vallum-replay-{secrets.token_hex(8)}-ping"
        answer = asyncio.create_task(_read_away(reader, name.encode()))
        try:
            began = loop.time()
            start: int | None = None
            for stored in events:
                course.next = stored.received
                start = stored.received if start is None else start
                due = 0.0 if speed is None else began + (stored.received - start) / 1000 / speed
                await _until(due, answer)
                if answer.done():  # the connection has ended, and that must not come out hours later
                    answer.result()
                by = 0 if keep_times else clock() - stored.received
                writer.write((shifted(stored.xml, by) if by else stored.xml) + b"\n")
                await writer.drain()
                course.sent += 1
                course.first = stored.received if course.first is None else course.first
                course.last, course.next = stored.received, None
                note()
            writer.write(cot.event(name, "t-x-c-t", clock(), stale_after=20_000) + b"\n")
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(answer, _ANSWER_S)
                course.confirmed = True
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)


@contextlib.asynccontextmanager
async def _connected(
    hub: Hub, course: Course
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    where = f"{hub.host}, port {hub.port}"
    try:
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(hub.host, hub.port, ssl=hub.context), _CONNECT_S
        )
    except (OSError, TimeoutError) as error:
        raise BadInput(
            f"no connection: {_why(error)}",
            where,
            "reachable hub",
            "Check that the hub runs, its address, and with TLS the certificates.",
        ) from error
    try:
        yield reader, writer
    except OSError as error:
        raise BadInput(
            f"the hub ended the connection after {course.sent} events: {error}",
            where,
            "open connection",
            "The log of the hub says why; go on with --since.",
        ) from error
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 2.0)


def _why(error: OSError) -> str:
    """Say in plain words why there is no connection."""
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, socket.gaierror):
        return "there is no host of this name"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the hub's certificate is not trusted, {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed, {error.reason or 'for no given reason'}"
    # A name with several addresses fails with one error for all of them, and that has no number.
    return os.strerror(error.errno) if error.errno else "none of its addresses takes it"


async def _read_away(reader: asyncio.StreamReader, name: bytes) -> None:
    """Read until an answer to the one of this name comes.

    Raises
    ------
    ConnectionError
        If the connection ends before.
    """
    tail = b""
    while data := await reader.read(_READ_BYTES):
        tail += data
        if name in tail:
            return
        tail = tail[-len(name) :]
    raise ConnectionResetError("it was closed")


async def _until(due: float, answer: "asyncio.Task[None]") -> None:
    wait = due - asyncio.get_running_loop().time()
    if wait > 0:
        await asyncio.wait((answer,), timeout=wait)
    else:  # also a sender that is late reads what the hub sends
        await asyncio.sleep(0)


def _check_nation(cert: Path, origin: str) -> None:
    try:
        subject = x509.load_pem_x509_certificate(cert.read_bytes()).subject
    except ValueError as error:
        raise BadInput("is no certificate in PEM", str(cert), "certificate", "Give NAME.pem.") from error
    countries = subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    nation = str(countries[0].value) if countries else "no nation"
    if nation != origin:
        raise BadInput(
            f"is of {nation}, and events of {origin} are to be sent",
            str(cert),
            "originator control",
            "The hub takes whatever is sent for events of the certificate's nation: "
            f"give a certificate of {origin}, or another --origin.",
        )


def _context(cert: Path, key: Path, ca: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
        # A password is not asked for: nobody may be there to type it.
        context.load_cert_chain(cert, key, password=lambda: "")
    except ssl.SSLError as error:
        raise BadInput(
            "certificate, key and authority do not fit, are damaged, or the key is encrypted",
            f"{cert}, {key}, {ca}",
            "certificates",
            "Give NAME.pem, NAME.key and ca.pem as vallum pki made them.",
        ) from error
    return context
