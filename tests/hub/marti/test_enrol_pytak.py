"""PyTAK, as it is installed, opens the link that an operator hands out, and streams with what it got."""

import ipaddress
import logging
import random
from collections.abc import Iterator
from configparser import ConfigParser
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytak
import pytest

from tests.hub.conftest import POLICY, event, run, until
from tests.hub.test_pytak import pytak_client
from vallum.hub.config import Config, Journal, Listener, Operate
from vallum.hub.pki import Authority, UserRequest, credentials
from vallum.hub.pki.delivery import enrolment_link
from vallum.hub.pki.enrol import admit
from vallum.hub.server import Hub

# PyTAK switches old versions of TLS off one by one, and speaks to aiohttp in old ways.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ssl.OP_NO_:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:ssl=None is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning"),
]


NAME = "Jüri Tamm"


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep PyTAK's certificates out of the home of whoever runs the tests, and its log out of other tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    before = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers[:] = before


def an_address() -> str:
    """An address of this machine where the ports that PyTAK insists on are free."""
    return str(ipaddress.ip_address("127.0.0.0") + random.randrange(2**16, 2**24 - 1))  # noqa: S311


def test_pytak_enrols_itself_and_streams_with_the_certificate_it_got(tmp_path: Path) -> None:
    host, now = an_address(), datetime.now(UTC)
    authority = Authority.create(tmp_path / "pki", name="Test authority", now=now)
    authority.issue_server([host], now=now)
    token = admit(authority, UserRequest(name=NAME, nation="EE"), now=now, valid=timedelta(hours=1)).token
    assert token is not None
    link = enrolment_link(host, 8089, NAME, token).replace("&username", ":8089&username")
    ports = {"tls": 8089, "marti": 8443, "enrolment": 8446}
    listeners = [Listener(kind=kind, name=kind, host=host, port=port) for kind, port in ports.items()]  # type: ignore[arg-type]
    hub = Hub(
        Config(listeners=listeners, journal=Journal(batch_ms=10), operate=Operate(control="")),
        POLICY,
        tmp_path,
    )

    async def work() -> None:
        await hub.start()
        try:
            found = await pytak.resolve_tak_url(link)
            assert found["COT_URL"] == f"tls://{host}:8089"
            # Of itself it would take any server for the hub.
            del found["PYTAK_TLS_DONT_VERIFY"], found["PYTAK_TLS_DONT_CHECK_HOSTNAME"]
            found["PYTAK_TLS_CLIENT_CAFILE"] = str(tmp_path / "pki" / "ca.pem")
            config = ConfigParser(interpolation=None)
            config.read_dict({"tls": found, "wss": found | {"COT_URL": f"wss://{host}:8443/takproto/1"}})
            async with pytak_client(config["tls"]) as tls, pytak_client(config["wss"]) as wss:
                await until(lambda: len(hub.router.sessions) == 2)
                assert {one.principal.name for one in hub.router.sessions} == {NAME}
                await tls.send(event("alpha"))
                await wss.get("alpha")
            (used,) = credentials.load(authority.folder).tokens[NAME]
            assert used.used is not None
            assert [one.kind for one in authority.registry().certificates] == ["server", "client"]
        finally:
            await hub.stop()

    run(work())
