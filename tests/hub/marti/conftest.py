"""A real hub with its HTTPS side on loopback, and clients that ask it.

Test modules import from here: ``from tests.hub.marti.conftest import Bench, bench``.
"""

import atexit
import functools
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from tests.hub.conftest import POLICY, StreamClient
from vallum.core.policy import Policy
from vallum.hub.config import Config, Journal, Listener, Marti, Operate
from vallum.hub.pki import Authority, Delivery, IssuedUser, UserRequest
from vallum.hub.server import Hub

USERS = {
    "kadri": ("EE", "member"),
    "mart": ("EE", "member"),
    "vaatleja": ("EE", "viewer"),
    "ülem": ("EE", "admin"),
    "aino": ("FI", "member"),
    "janis": ("LV", "member"),
}
"""Estonia releases to Finland and Finland to Estonia; Latvia is released nothing."""

Users = tuple[tuple[str, tuple[str, str]], ...]
Groups = tuple[tuple[str, tuple[str, ...]], ...]


class Bench:
    """A hub that runs, and those who use it.

    Parameters
    ----------
    hub : Hub
    folder : Path
        Of its files; the certificates are in ``pki``.
    issued : dict
        What each user was issued.
    """

    def __init__(self, hub: Hub, folder: Path, authority: Authority, issued: dict[str, IssuedUser]) -> None:
        self.hub = hub
        self.folder = folder
        self.authority = authority
        self.issued = issued
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def url(self, path: str, listener: str = "marti") -> str:
        host, port = self.hub.addresses[listener]
        return f"https://{host}:{port}{path}"

    def tls(self, name: str | None) -> ssl.SSLContext:
        """TLS settings of a user, or of somebody without a certificate."""
        context = ssl.create_default_context(cafile=str(self.folder / "pki" / "ca.pem"))
        if name is not None:
            key, certificate = self.issued[name].files[:2]
            context.load_cert_chain(certificate, key)
        return context

    def client(self, name: str | None = "kadri") -> aiohttp.ClientSession:
        """A user's HTTP client, closed at the end."""
        known = self._sessions.get(name or "")
        if known is None:
            connector = aiohttp.TCPConnector(ssl=self.tls(name))
            known = self._sessions[name or ""] = aiohttp.ClientSession(connector=connector)
        return known

    async def ask(
        self, path: str, name: str | None = "kadri", method: str = "GET", listener: str = "marti", **more: Any
    ) -> "Reply":
        """Ask, and return status, headers and body."""
        async with self.client(name).request(method, self.url(path, listener), **more) as response:
            return Reply(response.status, dict(response.headers), await response.read())

    async def stream(self, name: str) -> StreamClient:
        """Connect a user to the TLS stream."""
        return await StreamClient.to(self.hub, "tls", ssl=self.tls(name))

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()


class Reply:
    """What was answered."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = {key.lower(): value for key, value in headers.items()}
        self.body = body

    @property
    def json(self) -> Any:
        import json

        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]


@functools.cache
def _certificates(users: Users, groups: Groups) -> tuple[Path, dict[str, IssuedUser]]:
    """Issue certificates in a folder that is copied by all benches with the same users."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    authority = Authority.create(folder / "pki", name="Test authority", now=datetime.now(UTC))
    authority.issue_server(now=datetime.now(UTC))
    return folder / "pki", _issue(authority, users, groups)


def _issue(authority: Authority, users: Users, groups: Groups) -> dict[str, IssuedUser]:
    issued = {}
    for name, (nation, role) in users:
        own = frozenset(dict(groups).get(name, ())) or None
        request = UserRequest(name=name, nation=nation, role=role, groups_in=own, groups_out=own)
        delivery = Delivery(password="correct horse")  # noqa: S106
        issued[name] = authority.issue_user(request, delivery, now=datetime.now(UTC))
    return issued


@asynccontextmanager
async def bench(
    folder: Path,
    policy: Policy = POLICY,
    users: dict[str, tuple[str, str]] | None = None,
    groups: dict[str, tuple[str, ...]] | None = None,
    **limits: Any,
) -> AsyncIterator[Bench]:
    """A hub with a stream, Marti and enrolment, stopped at the end.

    Started a second time on the same folder it goes on with what is there.
    """
    pki = folder / "pki"
    wanted = tuple((USERS if users is None else users).items()), tuple((groups or {}).items())
    if pki.exists():
        authority = Authority.open(pki)
        issued = _issue(authority, *wanted)
    else:
        made_before, issued = _certificates(*wanted)
        shutil.copytree(made_before, pki)
        authority = Authority.open(pki)
    config = Config(
        listeners=[Listener(kind=kind, name=kind, port=0) for kind in ("tls", "marti", "enrolment")],
        journal=Journal(batch_ms=10),
        operate=Operate(control=""),
        marti=Marti(**limits),
    )
    hub = Hub(config, policy, folder)
    hub.sweep_s = 0.05
    await hub.start()
    made = Bench(hub, folder, authority, issued)
    try:
        yield made
    finally:
        await made.close()
        await hub.stop()
