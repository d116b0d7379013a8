"""Hubs for the demonstration: one that is there, and one that is made for it and goes away with it."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from vallum.core.errors import BadInput
from vallum.core.policy import Policy
from vallum.hub.config import Config, Journal, Listener, read_config
from vallum.hub.demo.certificates import identities
from vallum.hub.demo.link import Endpoint, Identity
from vallum.hub.pki import Authority
from vallum.hub.pki.folder import Folder
from vallum.hub.pki.registry import load
from vallum.hub.release import read_policy
from vallum.hub.server import Hub

__all__ = ["Stage", "demonstration_policy", "endpoints_of", "stage"]

_LOOPBACK: Final = "127.0.0.1"
_EVERYWHERE: Final = {"0.0.0.0": _LOOPBACK, "::": "::1", "": _LOOPBACK}  # noqa: S104 read, not listened on


def endpoints_of(
    config_file: Path, nations: Sequence[str], now: datetime
) -> tuple[Path, dict[str, Endpoint]]:
    """Return the folder of certificates of a hub on this machine, and where each nation connects.

    Parameters
    ----------
    config_file : Path
        Its hub.toml.
    nations : sequence of str
        Nations.
    now : datetime
        Aware.

    Raises
    ------
    BadInput
        If a file cannot be read, the policy does not know a nation, or no listener asks for certificates.
    """
    config = read_config(config_file)
    policy_file = config_file.parent / config.policy
    policy = read_policy(policy_file)
    pki = config_file.parent / config.pki
    server = load(Folder(pki)).server(now)
    if server is None:
        remedy = f"Issue one with: vallum pki server HOST --dir '{pki}'."
        raise BadInput("there is no valid server certificate", str(pki), "server", remedy)
    found = {}
    for nation in nations:
        if nation not in policy.nations:
            remedy = f"Give --nations out of {','.join(policy.nations)}, or add it to the policy."
            raise BadInput(f"{nation} is no nation of this policy", str(policy_file), "nations", remedy)
        listener = _listener(config, nation, config_file)
        found[nation] = Endpoint(_EVERYWHERE.get(listener.host, listener.host), listener.port, server.name)
    return pki, found


def _listener(config: Config, nation: str, config_file: Path) -> Listener:
    for listener in config.listeners:
        fits = listener.kind == "tls" and listener.asks_certificate and listener.nation in ("", nation)
        if fits and listener.enabled and listener.port:
            return listener
    raise BadInput(
        f"no tls listener with a fixed port asks {nation} for certificates",
        str(config_file),
        "listeners",
        "Add a listener of kind tls, such as vallum hub init writes.",
    )


@dataclass(frozen=True, slots=True)
class Stage:
    """A running hub with its users.

    Parameters
    ----------
    hub : Hub
        The hub.
    endpoint : Endpoint
        Where it listens.
    senders, viewers : dict of str to Identity
        Users of each nation.
    """

    hub: Hub
    endpoint: Endpoint
    senders: dict[str, Identity]
    viewers: dict[str, Identity]


def demonstration_policy() -> Policy:
    """Return the policy that ships with the demonstration."""
    with as_file(files("vallum.hub.demo") / "data" / "policy.toml") as file:
        return read_policy(file)


@contextlib.asynccontextmanager
async def stage(folder: Path, nations: Sequence[str], now: datetime) -> AsyncIterator[Stage]:
    """Make certificates in a folder and run a hub on this machine alone, on a port that is free.

    Parameters
    ----------
    folder : Path
        An empty folder.
    nations : sequence of str
        Nations of the users.
    now : datetime
        Aware.

    Raises
    ------
    BadInput
        If the folder is not empty.
    """
    pki = folder / "pki"
    Authority.create(pki, name="Vallum demonstration", now=now, days=2).issue_server(
        ("localhost", _LOOPBACK), now=now, days=2
    )
    listener = Listener(kind="tls", host=_LOOPBACK, port=0, name="demonstration")
    config = Config(listeners=[listener], name="demonstration", journal=Journal(path=""))
    senders, _ = identities(pki, nations, now=now)
    viewers, _ = identities(pki, nations, now=now, prefix="viewer", role="viewer")
    hub = Hub(config, demonstration_policy(), folder)
    await hub.start()
    try:
        host, port = hub.addresses[listener.label]
        yield Stage(hub, Endpoint(host, port, "localhost"), senders, viewers)
    finally:
        await hub.stop()
