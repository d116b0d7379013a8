"""`vallum hub`: the shared picture."""

import contextlib
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cyclopts import App, Parameter
from rich.markup import escape

from vallum.cli.hub_documents import HubDocument, HubInitDocument, HubStatusDocument
from vallum.cli.options import Common
from vallum.cli.outcome import INTERRUPTED, NO, OK
from vallum.cli.output import emit, say, show
from vallum.core.errors import BadInput

if TYPE_CHECKING:
    from vallum.hub.operate.control import Control
    from vallum.hub.operate.status import ListenerStatus
    from vallum.hub.server import Hub

__all__ = ["hub"]

CONFIG: Final = Path("hub.toml")
WATCH_S: Final = 1.0

hub = App(
    name="hub",
    help="The shared picture: run the hub, set one up, see how it does.",
    default_parameter=Parameter(negative=""),
)


@hub.default
def run(
    *,
    config: Path = CONFIG,
    log_format: Literal["json", "text"] = "json",
    log_level: Literal["debug", "info", "warning", "error"] = "info",
    common: Common | None = None,
) -> int:
    """Run the hub until Ctrl-C or SIGTERM; a second one ends it at once, with exit code 130.

    Each listener that is open is named on standard output. Logs go to standard error.

    Parameters
    ----------
    config
        Its configuration; `vallum hub init` writes one.
    log_format
        json: one document a line; text: for reading along.
    log_level
        The lowest level that is logged.
    """
    common = common or Common()
    from vallum.hub.operate.service import run as serve

    def opened(running: "Hub", control: "Control") -> None:
        document = document_of(config, running, control)
        # Whoever read the first lines may be gone; the hub goes on.
        with contextlib.suppress(BrokenPipeError):
            if common.json:
                emit(document)
            else:
                print_opened(document, log_format)
                sys.stdout.flush()

    ordered = serve(config, opened, log_format=log_format, log_level=log_level)
    return OK if ordered else INTERRUPTED


@hub.command
def init(directory: Path = Path(), /, *, common: Common | None = None) -> int:
    """Write hub.toml and policy.toml, with every key and what it means.

    Parameters
    ----------
    directory
        Folder, made if there is none; files that are there are never overwritten.
    """
    common = common or Common()
    from vallum.hub.operate.templates import write

    files = write(directory)
    if common.json:
        emit(HubInitDocument(files=[str(file) for file in files]))
    else:
        show(
            *(f"Written: {escape(str(file))}" for file in files),
            "Next, with the hub's own names and your users:",
            *(f"  {escape(command)}" for command in next_commands(directory / "pki", files[0])),
        )
    return OK


def next_commands(pki: Path, config: Path) -> list[str]:
    """Return what is to be done after `vallum hub init`, as a shell takes it."""
    place, file = shlex.quote(str(pki)), shlex.quote(str(config))
    return [
        f"vallum pki init --dir {place}",
        f"vallum pki server localhost 127.0.0.1 --dir {place}",
        f"vallum pki user anna --nation EE --dir {place}",
        f"vallum doctor --hub {file}",
        f"vallum hub --config {file}",
    ]


@hub.command
def status(
    *,
    config: Path = CONFIG,
    socket: Path | None = None,
    watch: bool = False,
    common: Common | None = None,
) -> int:
    """Show listeners, sessions and counters of a running hub; exit code 1 if none runs.

    Parameters
    ----------
    config
        Configuration of the hub, which names its control socket.
    socket
        The control socket itself; the configuration is not read then.
    watch
        Show it again every second until Ctrl-C.
    """
    common = common or Common()
    if watch and common.json:
        raise BadInput("go not together", "--watch and --json", "options", "Ask again for each document.")
    from vallum.cli.hub_status import NotRunning, ask, print_status, watched

    path = socket or control_of(config)
    try:
        if watch:
            watched(path, WATCH_S)
            return OK
        document = HubStatusDocument(running=True, socket=str(path), status=ask(path))
    except NotRunning as error:
        if common.json:
            emit(HubStatusDocument(running=False, socket=str(path), status=None))
        say(f"No hub runs here: {escape(str(path))} {error}. Start it with: vallum hub --config HUB.TOML")
        return NO
    if common.json:
        emit(document)
    elif document.status is not None:
        print_status(document.status)
    return OK


def control_of(config: Path) -> Path:
    """Return the control socket that a configuration names."""
    from vallum.hub.config import read_config

    return config.parent / read_config(config).operate.control


def document_of(config: Path, running: "Hub", control: "Control") -> HubDocument:
    """Return what is open as the document that `--json` writes."""
    from vallum.hub.operate.status import listeners_of

    metrics = control.metrics_address
    return HubDocument(
        config=str(config),
        name=running.config.name,
        pid=os.getpid(),
        listeners=listeners_of(running),
        control=str(control.path),
        metrics=f"{at(*metrics)}" if metrics else None,
    )


def print_opened(document: HubDocument, log_format: str) -> None:
    """Print one line for each listener, and where the rest is."""
    for one in document.listeners:
        show(f"listening: {escape(one.name)} on {at(one.host, one.port)}, {who(one)}")
    if document.metrics:
        show(f"metrics: http://{document.metrics}/metrics")
    logs = "JSON lines" if log_format == "json" else "text"
    show(f"control: {escape(document.control)}; logs: {logs} on standard error. Ctrl-C stops the hub.")


def who(listener: "ListenerStatus") -> str:
    """Say who is let in through a listener."""
    if listener.certificates:
        return f"certificates of {listener.nation or 'every nation of the policy'}"
    if listener.kind == "enrolment":
        return "passwords and tokens of its users"
    return f"anyone, as {listener.nation}"


def at(host: str, port: int) -> str:
    """Return an address as it is written in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
