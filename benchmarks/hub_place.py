"""A hub to measure: a folder with configuration and certificates, and the process that serves it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

NATIONS = ("EE", "LV", "LT")
POLICY = """\
nations = ["EE", "LV", "LT"]
levels = ["UNCLASSIFIED", "RESTRICTED"]

[[release]]
origin = "EE"
to = ["LV", "LT"]

[[release]]
origin = "LV"
to = ["EE"]
if_named = ["LT"]
types = ["a-f", "b-t-f"]
"""


@dataclass(frozen=True)
class Place:
    """Where a hub runs and how to reach it."""

    folder: Path
    tcp: int
    tls: int
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def tls_arguments(self, user: str) -> list[str]:
        files = self.folder / "pki" / "users" / user
        return [
            "--tls", "--cert", str(files / f"{user}.pem"), "--key", str(files / f"{user}.key"),
            "--ca", str(self.folder / "pki" / "ca.pem"),
        ]  # fmt: skip

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def prepare(folder: Path, *, limits: str = "", journal: bool = True) -> tuple[int, int]:
    """Write hub.toml, policy.toml and certificates of a user per nation; return the two ports."""
    from vallum.cli import main

    tcp, tls = free_port(), free_port()
    (folder / "policy.toml").write_text(POLICY)
    (folder / "hub.toml").write_text(f"""\
[limits]
{limits}

[journal]
path = "{"journal.sqlite" if journal else ""}"

[[listeners]]
kind = "tls"
port = {tls}

[[listeners]]
kind = "tcp"
port = {tcp}
nation = "EE"
groups = ["Blue"]
authentication = "none"
""")
    pki = ["--dir", str(folder / "pki"), "--json"]
    with contextlib.redirect_stdout(open(os.devnull, "w")):  # noqa: PTH123
        codes = [main(["pki", "init", *pki]), main(["pki", "server", "localhost", "127.0.0.1", *pki])]
        codes += [
            main(["pki", "user", f"load-{n}", "--nation", n, "--group", "Blue", "--days", "2", *pki])
            for n in NATIONS
        ]
    if any(codes):
        raise SystemExit("the certificates could not be made")
    return tcp, tls


def start(folder: Path, tcp: int, tls: int) -> Place:
    """Start the hub of a folder and wait until it answers."""
    log = (folder / "hub.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "vallum", "hub", "--config", str(folder / "hub.toml")], stdout=log, stderr=log
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit((folder / "hub.log").read_text()[-2000:])
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", tls), 0.2):
            return Place(folder, tcp, tls, process)
        time.sleep(0.05)
    process.kill()
    raise SystemExit("the hub did not open its port")


@contextlib.contextmanager
def hub(*, limits: str = "", journal: bool = True) -> Iterator[Place]:
    """Run a hub in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="vallum-hub-") as name:
        folder = Path(name)
        place = start(folder, *prepare(folder, limits=limits, journal=journal))
        try:
            yield place
        finally:
            place.stop()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
