"""A handshake that fails is counted, with the reason."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvloop

from vallum.hub.operate.handshakes import noting_failures
from vallum.hub.pki import Authority, Delivery, UserRequest, server_context

SECONDS = 5.0


async def failures(context: ssl.SSLContext, port_talk: Callable) -> Counter[str]:
    """Return what was counted while a client spoke."""
    turned_away: Counter[str] = Counter()

    def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"in")
        writer.close()

    server = await asyncio.start_server(
        greet, "127.0.0.1", 0, ssl=noting_failures(context, turned_away, "tls")
    )
    try:
        await asyncio.wait_for(port_talk(server.sockets[0].getsockname()[1]), SECONDS)
    finally:
        server.close()
    return turned_away


def trust(pki: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pki / "ca.pem")


async def speak(port: int, context: ssl.SSLContext | None, first: bytes = b"") -> bytes:
    """Return what a server says to a client, empty if it says nothing."""
    try:
        host = "localhost" if context else None
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=host)
        writer.write(first)
        said = await reader.read()
        writer.close()
    except (OSError, ssl.SSLError):
        return b""
    return said


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_failed_handshakes_are_counted_by_reason(loop: Callable, tmp_path: Path) -> None:
    pki, now = tmp_path / "pki", datetime.now(UTC)
    authority = Authority.create(pki, name="Test authority", now=now - timedelta(days=20))
    authority.issue_server(now=now)
    for name, issued in (("anna", now), ("late", now - timedelta(days=9))):
        authority.issue_user(
            UserRequest(name=name, nation="EE"), Delivery(password="x" * 8), now=issued, days=5
        )

    def holder(name: str) -> ssl.SSLContext:
        context = trust(pki)
        context.load_cert_chain(pki / f"users/{name}/{name}.pem", pki / f"users/{name}/{name}.key")
        return context

    async def scenario() -> Counter[str]:
        async def talk(port: int) -> None:
            assert await speak(port, holder("anna")) == b"in"
            assert await speak(port, trust(pki)) == b""
            assert await speak(port, holder("late")) == b""
            assert b"in" not in await speak(port, None, b"GET / HTTP/1.1\r\n\r\n")

        return await failures(server_context(pki, require_client=True), talk)

    with asyncio.Runner(loop_factory=loop) as runner:
        counted = runner.run(scenario())
    assert counted == {
        "TLS: peer did not return a certificate": 1,
        "TLS: certificate has expired": 1,
        "TLS: http request": 1,
    }
