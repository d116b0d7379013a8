"""The hub's configuration file, hub.toml."""

import json
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from vallum.core.errors import BadInput
from vallum.core.principal import ANONYMOUS_GROUP, ROLES

Kind = Literal["tcp", "tls", "websocket", "udp", "mesh", "marti", "enrolment"]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Positive = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
WEB = ("marti", "enrolment")
"""Kinds of listeners that speak HTTPS."""
MESH_SA = ("239.2.3.1", 6969)
_FILE_LIMIT = 1 << 20

Table = TypeVar("Table", bound=msgspec.Struct)


class Listener(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One ``[[listeners]]`` table: a socket, and who comes through it.

    Parameters
    ----------
    kind : str
        ``tls``, ``tcp``, ``websocket``, ``udp``, ``mesh``, ``marti`` or ``enrolment``.
    host : str
        Address to listen on; the multicast group of a mesh.
    port : int
        Port; 0 lets the system choose.
    name : str
        What logs and metrics call it; kind and port unless given.
    nation : str
        Nation of everyone who comes without a certificate; the only one whose certificates are let in,
        if they are asked for. Empty lets in certificates of every nation of the policy.
    groups, groups_in, groups_out : list of str
        Groups of everyone who comes without a certificate, for both directions and for one.
    authentication : str
        ``certificate`` asks for a client certificate, ``none`` for nothing.
    role : str
        Role of everyone who comes without a certificate.
    enabled : bool
        Whether it is opened at all.
    encrypted : bool
        Whether a websocket listener speaks TLS.
    origins : list of str
        Origins of web pages that may open a websocket, beside programs, which send none.
    interface : str
        Address of the interface of a mesh.
    relay : bool
        Whether a mesh is also sent what its nation and groups may see.
    hops : int
        Routers that a datagram of a mesh may pass.
    """

    kind: Kind
    port: Port
    host: str = "127.0.0.1"
    name: str = ""
    nation: str = ""
    groups: list[str] = []
    groups_in: list[str] = []
    groups_out: list[str] = []
    authentication: Literal["certificate", "none"] | None = None
    role: str = "member"
    enabled: bool = True
    encrypted: bool = True
    origins: list[str] = []
    interface: str = "127.0.0.1"
    relay: bool = False
    hops: Annotated[int, msgspec.Meta(ge=0, le=32)] = 1

    @property
    def label(self) -> str:
        """Its name in logs and metrics."""
        return self.name or f"{self.kind}:{self.port}"

    @property
    def uses_tls(self) -> bool:
        """Whether it speaks TLS."""
        return self.kind in ("tls", *WEB) or (self.kind == "websocket" and self.encrypted)

    @property
    def asks_certificate(self) -> bool:
        """Whether clients must show a certificate."""
        return self.uses_tls and self.authentication != "none" and self.kind != "enrolment"

    def directions(self) -> tuple[frozenset[str], frozenset[str]]:
        """Return the groups IN and OUT of those who come without a certificate."""
        into = frozenset(self.groups) | frozenset(self.groups_in)
        out = frozenset(self.groups) | frozenset(self.groups_out)
        anonymous = frozenset((ANONYMOUS_GROUP,))
        return into or (anonymous if not out else into), out or (anonymous if not into else out)


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[limits]`` table: what one peer may use. Bytes, seconds and events."""

    event_bytes: Count = 1 << 20
    event_depth: Count = 64
    connections: Count = 4_000
    events_per_s: Positive = 500.0
    burst: Positive = 2_000.0
    bytes_per_s: Positive = 4e6
    unfinished_s: Positive = 30.0
    faults: Count = 100
    connection_buffer_bytes: Count = 1 << 20
    outbox_bytes: Count = 1 << 20
    patience_s: Positive = 20.0


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[clock]`` table: clocks that disagree with the hub's. Seconds and days."""

    tolerance_s: Positive = 30.0
    beyond: Literal["count from receipt", "refuse"] = "count from receipt"
    longest_days: Positive = 30.0
    alert_hours: Positive = 24.0


class Chat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[chat]`` table."""

    keep_hours: Positive = 24.0
    newcomer_minutes: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 60.0


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[journal]`` table.

    Parameters
    ----------
    path : str
        SQLite file, from the folder of hub.toml; empty for none.
    batch_ms : int
        Longest time an event waits before it is on disk: what a crash can lose.
    keep_days : float
        Age at which events are let go.
    keep_mb : int
        Size at which the oldest are let go, 10^6 bytes.
    """

    path: str = "journal.sqlite"
    batch_ms: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 250
    keep_days: Positive = 30.0
    keep_mb: Count = 10_000


class Operate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[operate]`` table.

    Parameters
    ----------
    tick_ms : int
        How long events wait to be sent together.
    control : str
        Socket file through which ``vallum hub status`` asks, from the folder of hub.toml.
    metrics : str
        ``HOST:PORT`` for Prometheus and health checks without a certificate; empty for none.
    log_positions : bool
        Whether positions and uids may stand in logs.
    """

    tick_ms: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    control: str = "hub.sock"
    metrics: str = ""
    log_positions: bool = False


class Marti(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[marti]`` table: what clients may do over HTTPS.

    Parameters
    ----------
    files : str
        Folder of packages and attachments, from the folder of hub.toml.
    connections : int
        At once.
    silence_s : float
        How long a connection may stay silent.
    requests_per_s, burst : float
        Requests of one user.
    upload_mb : int
        The largest file, 10^6 bytes.
    user_mb, store_mb : int
        Files of one user and of all, 10^6 bytes.
    missions, mission_items : int
        Missions of one nation, and contents of one mission: a total would tell what others have.
    certificate_days : int
        Validity of what is enrolled.
    attempts : int
        Wrong passwords in a row after which a user is locked out.
    lockout_s : float
        For how long, the first time; each time after that twice as long.
    """

    files: str = "files"
    connections: Count = 1_000
    silence_s: Positive = 30.0
    requests_per_s: Positive = 200.0
    burst: Positive = 1_000.0
    upload_mb: Count = 400
    user_mb: Count = 2_000
    store_mb: Count = 20_000
    missions: Count = 1_000
    mission_items: Count = 10_000
    certificate_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 30
    attempts: Count = 5
    lockout_s: Positive = 60.0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file.

    Parameters
    ----------
    format : int
        Version of this file's format.
    name : str
        What the hub calls itself.
    policy : str
        The policy file, from the folder of hub.toml.
    pki : str
        The folder of certificates, from the folder of hub.toml.
    """

    listeners: list[Listener]
    format: Literal[1] = 1
    name: str = "vallum"
    policy: str = "policy.toml"
    pki: str = "pki"
    limits: Limits = Limits()
    clock: Clock = Clock()
    chat: Chat = Chat()
    journal: Journal = Journal()
    marti: Marti = Marti()
    operate: Operate = Operate()


def read_toml(path: Path, kind: type[Table]) -> Table:
    """Read a TOML file into a struct.

    Raises
    ------
    BadInput
        Naming the file and the key, if it cannot be read or says something that does not exist.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "Make one with: vallum hub init." if isinstance(error, FileNotFoundError) else ""
        raise BadInput(f"cannot be read: {error.strerror}", str(path), "readable file", remedy) from error
    if len(data) > _FILE_LIMIT:
        raise BadInput("is larger than 1 MiB", str(path), "size", "This is no configuration file.")
    try:
        return msgspec.toml.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        remedy = _choices(str(error), kind) or "Compare it with the file vallum hub init writes."
        raise BadInput(str(error), str(path), "schema", remedy) from error


def _choices(message: str, kind: type[msgspec.Struct]) -> str:
    """Return what may stand where msgspec found something else, empty if that is no list of choices."""
    place = re.search(r"Invalid enum value .* at `\$(.*)`$", message)
    if place is None:
        return ""
    found: msgspec.inspect.Type = msgspec.inspect.type_info(kind)
    for key, _ in re.findall(r"\.(\w+)|(\[)", place[1]):
        if key and isinstance(found, msgspec.inspect.StructType):
            found = next(field.type for field in found.fields if field.encode_name == key)
        elif not key and isinstance(found, msgspec.inspect.ListType):
            found = found.item_type
        if isinstance(found, msgspec.inspect.UnionType):
            found = next(one for one in found.types if not isinstance(one, msgspec.inspect.NoneType))
    if not isinstance(found, msgspec.inspect.LiteralType):
        return ""
    return f"Write one of {', '.join(map(json.dumps, found.values))}."


def read_config(path: Path) -> Config:
    """Read hub.toml.

    Raises
    ------
    BadInput
        If it cannot be read, or two of its statements do not go together.
    """
    config = read_toml(path, Config)
    if not any(listener.enabled for listener in config.listeners):
        raise BadInput("no listener is enabled", str(path), "listeners", "Enable one of [[listeners]].")
    names: set[str] = set()
    for number, listener in enumerate(config.listeners, 1):
        if listener.label in names:
            raise BadInput(
                f"a second listener is called {listener.label!r}",
                f"{path}, listener {number}",
                "name",
                'Give one of them a name = "..." of its own.',
            )
        names.add(listener.label)
        where = f"{path}, listener {number} ({listener.label})"
        _check_listener(listener, where)
        if listener.kind in WEB and listener.enabled and not config.journal.path:
            raise BadInput(
                f"a {listener.kind} listener keeps what it is given in the journal, and there is none",
                where,
                "journal",
                'Write path = "journal.sqlite" under [journal], or disable the listener.',
            )
    return config


def _check_listener(listener: Listener, where: str) -> None:
    fixed = {"marti": "certificate", "enrolment": "none"}.get(listener.kind)
    if fixed is not None and listener.authentication not in (None, fixed):
        raise BadInput(
            f"a {listener.kind} listener cannot have it otherwise",
            where,
            "authentication",
            f'Write authentication = "{fixed}", or leave it out.',
        )
    if listener.authentication == "certificate" and not listener.uses_tls:
        raise BadInput(
            f"a {listener.kind} listener cannot ask for certificates",
            where,
            "authentication",
            'Use kind = "tls", or authentication = "none".',
        )
    if listener.authentication is None and not listener.uses_tls:
        raise BadInput(
            "anyone who reaches this port is let in",
            where,
            "authentication",
            'If that is meant, write authentication = "none".',
        )
    if not listener.asks_certificate and not listener.nation and listener.kind != "enrolment":
        raise BadInput(
            "no nation for those who come without a certificate",
            where,
            "nation",
            'Write nation = "EE" or the like.',
        )
    if listener.role not in ROLES:
        raise BadInput(f"no role {listener.role!r}", where, "role", f"One of {', '.join(ROLES)}.")
