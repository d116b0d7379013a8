"""`vallum doctor --hub hub.toml`: whether the hub can do its work here, before it is needed."""

import contextlib
import errno
import ipaddress
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vallum.cli.documents import Condition
from vallum.core.errors import BadInput, VallumError

if TYPE_CHECKING:
    from vallum.core.policy import Policy
    from vallum.hub.config import Config, Listener
    from vallum.hub.pki import Registry

__all__ = ["hub_conditions"]

SERVER_DAYS_LEFT: Final = 30
AUTHORITY_DAYS_LEFT: Final = 180
CLOCK_SAMPLE_S: Final = 0.1
CLOCK_STEP_S: Final = 0.05
SPACE_NEEDED_MB: Final = 200
SHOWN_USERS: Final = 5


def hub_conditions(file: Path) -> Iterator[Condition]:
    """Examine what a hub needs.

    Parameters
    ----------
    file : Path
        Its configuration, hub.toml.
    """
    from vallum.hub.config import read_config

    try:
        config = read_config(file)
    except VallumError as error:
        yield failed("hub configuration", error)
        return
    yield Condition(name="hub configuration", status="ok", value=str(file))
    folder = file.parent
    read = yield from policy(config, folder)
    yield from certificates(config, folder, read)
    yield from listeners(config, folder)
    yield from dangers(config)
    yield from limits(config)
    yield from journal(config, folder)
    yield from clock()


def policy(config: "Config", folder: Path) -> Generator[Condition, None, "Policy | None"]:
    """Read the policy, hold the nations of the listeners against it, and return it."""
    from vallum.hub.release import read_policy

    try:
        read = read_policy(folder / config.policy)
    except VallumError as error:
        yield failed("release policy", error)
        return None
    value = f"{', '.join(read.nations)}; {len(read.releases)} rules"
    if read.releases:
        yield Condition(name="release policy", status="ok", value=value)
    else:
        yield Condition(
            name="release policy",
            status="warning",
            value=value,
            remedy="No nation sees anything of another. If that is not meant, add [[release]].",
        )
    yield from foreign(config, read)
    return read


def foreign(config: "Config", read: "Policy") -> Iterator[Condition]:
    """Name the listeners of nations that the policy does not know."""
    for one in open_ones(config):
        if one.nation and one.nation not in read.nations:
            yield Condition(
                name=f"listener {one.label}",
                status="failed",
                value=f"nation {one.nation} is not in the policy: everybody is turned away",
                remedy=f"Add it to nations in {config.policy}, or correct it in hub.toml.",
            )


def certificates(config: "Config", folder: Path, read: "Policy | None") -> Iterator[Condition]:
    """Examine the authority, the hub's own certificate, the registry and who may read the keys."""
    if not any(one.uses_tls for one in open_ones(config)):
        yield Condition(name="certificates", status="ok", value="no listener speaks TLS")
        return
    from vallum.hub.operate.health import server_certificate_ends
    from vallum.hub.pki.certificates import read_authority
    from vallum.hub.pki.directory import Directory
    from vallum.hub.pki.folder import AUTHORITY, Folder
    from vallum.hub.pki.registry import load

    pki, now = folder / config.pki, datetime.now(UTC)
    try:
        authority = read_authority(Folder(pki).read(AUTHORITY), str(pki / AUTHORITY))
        yield validity("authority", authority.not_valid_after_utc, now, AUTHORITY_DAYS_LEFT,
                       "Every certificate ends with it: make a new one and hand all out again.")  # fmt: skip
        Directory.open(pki)
        yield Condition(name="registry", status="ok", value=str(pki))
        if read is not None:
            yield from turned_away(load(Folder(pki)), read, config.policy)
        yield from keys(pki)
        if any(one.kind == "enrolment" for one in open_ones(config)):
            from vallum.hub.pki import Authority

            Authority.open(pki)
            yield Condition(name="enrolment", status="ok", value="the authority's key is there")
        yield validity("hub's certificate", server_certificate_ends(pki), now, SERVER_DAYS_LEFT,
                       f"vallum pki server HOST --dir '{pki}', then restart the hub.")  # fmt: skip
        yield server_key(pki)
    except VallumError as error:
        yield failed("certificates", error)


def turned_away(registry: "Registry", read: "Policy", file: str) -> Iterator[Condition]:
    """Name the users of nations that the policy does not know."""
    for nation in sorted({one.nation for one in registry.users.values()} - set(read.nations)):
        users = [name for name, one in registry.users.items() if one.nation == nation]
        more = f" and {len(users) - SHOWN_USERS:,} more" if len(users) > SHOWN_USERS else ""
        yield warning(
            f"users of {nation}",
            f"{', '.join(users[:SHOWN_USERS])}{more}: {nation} is not in the policy, they are turned away",
            f"Add {nation} to nations in {file}, or revoke their certificates.",
        )


def validity(name: str, ends: datetime, now: datetime, enough_days: int, remedy: str) -> Condition:
    """Say how long a certificate is valid."""
    days = (ends - now).days
    value = f"valid until {ends:%Y-%m-%d}, {days} days"
    if ends <= now:
        return Condition(name=name, status="failed", value=f"expired on {ends:%Y-%m-%d}", remedy=remedy)
    if days < enough_days:
        return Condition(name=name, status="warning", value=value, remedy=remedy)
    return Condition(name=name, status="ok", value=value)


def keys(pki: Path) -> Iterator[Condition]:
    """Examine who may read the keys."""
    from vallum.hub.pki.folder import KEY, SERVER

    for name in (KEY, SERVER):
        place = pki / name
        try:
            mode = place.stat().st_mode & 0o777
        except FileNotFoundError:
            # The authority's key may well be kept elsewhere; a missing server key is found below.
            continue
        if mode & 0o077:
            yield Condition(
                name=f"key {name}",
                status="failed",
                value=f"mode {mode:03o}: others than its owner may use it",
                remedy=f"chmod 600 '{place}', and replace it if others may have read it.",
            )
        elif name == SERVER and not os.access(place, os.R_OK):
            yield Condition(
                name=f"key {name}", status="failed", value="cannot be read",
                remedy=f"Run as its owner, or: chown USER '{place}'",
            )  # fmt: skip
        else:
            yield Condition(name=f"key {name}", status="ok", value=f"mode {mode:03o}")


def server_key(pki: Path) -> Condition:
    """Load key and certificate as the hub will."""
    from vallum.hub.pki.context import server_context

    server_context(pki, require_client=True)
    return Condition(name="TLS", status="ok", value="key and certificate fit")


def listeners(config: "Config", folder: Path) -> Iterator[Condition]:
    """See whether each port is free, or held by this hub."""
    from vallum.hub.operate.control import answers

    control = folder / config.operate.control
    running = control.is_socket() and answers(control)
    if running:
        yield Condition(name="hub", status="ok", value=f"runs, and answers at {control}")
    elif control.exists() and not control.is_socket():
        yield Condition(
            name="control socket", status="failed", value=f"{control} is something else",
            remedy="Move it away, or name another file in operate.control.",
        )  # fmt: skip
    held = held_by_hub(control) if running else {}
    for one in open_ones(config):
        yield port(one, held)


def held_by_hub(control: Path) -> dict[str, tuple[str, int]]:
    """Return what the running hub listens on, by listener."""
    from vallum.cli.hub_status import NotRunning, ask

    try:
        return {one.name: (one.host, one.port) for one in ask(control).listeners}
    except (NotRunning, BadInput):
        return {}


def port(listener: "Listener", held: dict[str, tuple[str, int]]) -> Condition:
    """See whether a listener's port is free."""
    name, where = f"listener {listener.label}", f"{listener.host} port {listener.port}"
    if listener.label in held:
        host, number = held[listener.label]
        return Condition(name=name, status="ok", value=f"the hub listens on {host} port {number}")
    kind = socket.SOCK_DGRAM if listener.kind in ("udp", "mesh") else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    try:
        with socket.socket(family, kind) as trial:
            if kind == socket.SOCK_STREAM or listener.kind == "mesh":
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((listener.host, listener.port))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return Condition(
            name=name,
            status="failed",
            value=f"{where}: {'another program listens there' if taken else error.strerror or error}",
            remedy="Stop it, or choose another port." if taken else "Choose another address or port.",
        )
    return Condition(name=name, status="ok", value=f"{where} is free")


def dangers(config: "Config") -> Iterator[Condition]:
    """Name settings that let in, or tell, more than is usual."""
    for one in open_ones(config):
        # A mesh is heard wherever its interface leads.
        address = one.interface if one.kind == "mesh" else one.host
        if is_loopback(address):
            continue
        if not one.asks_certificate and one.kind != "enrolment":
            yield warning(
                f"listener {one.label}",
                f"whoever reaches {address} is let in as {one.nation}"
                + ("" if one.uses_tls else ", and everybody on the way can read it"),
                'Use kind = "tls" with certificates, or a network of your own.',
            )
    operate = config.operate
    if operate.metrics:
        from vallum.hub.operate.control import host_and_port

        try:
            host, _ = host_and_port(operate.metrics)
        except VallumError as error:
            yield failed("metrics", error)
        else:
            if not is_loopback(host):
                yield warning("metrics", f"whoever reaches {host} can read them", "Use 127.0.0.1.")
    if operate.log_positions:
        yield warning("logs", "they may hold positions and uids", "Set operate.log_positions = false.")


def limits(config: "Config") -> Iterator[Condition]:
    """Hold the number of connections against the number of files that a process may open."""
    from vallum.hub.operate.service import SPARE_FILES

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = config.limits.connections + SPARE_FILES
    if hard in (resource.RLIM_INFINITY, -1) or hard >= needed:
        yield Condition(name="open files", status="ok", value=f"{hard:,} allowed, {needed:,} needed at most")
    else:
        yield warning(
            "open files",
            f"{hard:,} allowed, {needed:,} needed for {config.limits.connections:,} connections",
            f"Raise it (systemd: LimitNOFILE={needed}), or lower limits.connections.",
        )


def journal(config: "Config", folder: Path) -> Iterator[Condition]:
    """See whether the journal can be written, and has the room that it may take."""
    if not config.journal.path:
        yield Condition(name="journal", status="ok", value="off: nothing is kept over a restart")
        return
    place = folder / config.journal.path
    try:
        with tempfile.TemporaryFile(dir=place.parent):
            pass
        if place.exists() and not os.access(place, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
        free_mb = shutil.disk_usage(place.parent).free // 1_000_000
    except OSError as error:
        yield Condition(
            name="journal", status="failed", value=f"{place}: {error.strerror or error}",
            remedy="Name a file in a folder that can be written to, in journal.path.",
        )  # fmt: skip
        return
    held_mb = place.stat().st_size // 1_000_000 if place.exists() else 0
    value = f"{place.parent}: {free_mb:,} MB free, {held_mb:,} of {config.journal.keep_mb:,} MB used"
    if free_mb < SPACE_NEEDED_MB:
        yield Condition(name="journal", status="failed", value=value, remedy="Free some space.")
    elif free_mb + held_mb < config.journal.keep_mb:
        yield warning("journal", value, "Free some space, or lower journal.keep_mb.")
    else:
        yield Condition(name="journal", status="ok", value=value)


def clock() -> Iterator[Condition]:
    """See whether the wall clock runs evenly, and whether something keeps it right."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(CLOCK_SAMPLE_S)
    step = (time.time() - wall) - (time.monotonic() - steady)
    if abs(step) > CLOCK_STEP_S:
        yield warning(
            "clock", f"it was set by {step:+.2f} s while it was looked at", "Have NTP keep it, slowly."
        )
    else:
        yield Condition(name="clock", status="ok", value=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}")
    kept = kept_right()
    if kept is None:
        yield Condition(
            name="clock kept right", status="missing", value="unknown: timedatectl does not say",
            remedy="See that NTP or GNSS keeps it: events are judged by it.",
        )  # fmt: skip
    elif kept:
        yield Condition(name="clock kept right", status="ok", value="by NTP")
    else:
        yield warning("clock kept right", "NTP has not set it", "timedatectl set-ntp true")


def kept_right() -> bool | None:
    """Say whether NTP has set the clock, None if nobody knows."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    answer = ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        answer = subprocess.run(  # noqa: S603 the system's own program, without any input
            [program, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True, text=True, timeout=5, check=False,
        ).stdout.strip()  # fmt: skip
    return {"yes": True, "no": False}.get(answer)


def open_ones(config: "Config") -> list["Listener"]:
    """Return the listeners that are enabled."""
    return [one for one in config.listeners if one.enabled]


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def warning(name: str, value: str, remedy: str) -> Condition:
    """Return something that works and should not stay so."""
    return Condition(name=name, status="warning", value=value, remedy=remedy)


def failed(name: str, error: VallumError) -> Condition:
    """Return an error as a condition that failed."""
    where = f"{error.where}: " if error.where else ""
    return Condition(name=name, status="failed", value=f"{where}{error.message}", remedy=error.remedy or None)
