"""The files that a new hub begins with. Every key is in them, with its default and what it means."""

import os
import secrets
from pathlib import Path
from typing import Final

from vallum.core.errors import BadInput

__all__ = ["HUB", "POLICY", "write"]

HUB: Final = """\
# The hub: what it opens and what a client may use. Every key stands here with its default; a key that is left
# out has that default. Paths begin in the folder of this file. After a change: vallum doctor --hub hub.toml,
# then restart the hub.

format = 1                 # version of this file's format
name = "vallum"            # what the hub calls itself
policy = "policy.toml"     # who releases what to whom
pki = "pki"                # folder of certificates: vallum pki init --dir pki

# Listeners ------------------------------------------------------------------------------------------
# kind            tls (TAK clients), marti (HTTPS for the same clients, with WebSockets on the same port),
#                 enrolment (HTTPS for those who fetch their certificate with a password or a token),
#                 websocket (WebSockets on a port of their own), tcp and udp (plain), mesh (multicast)
# host, port      address to listen on: 127.0.0.1 is this machine alone, 0.0.0.0 every network it is in;
#                 port 0 lets the system choose; for a mesh the multicast group, 239.2.3.1 and 6969
# name            what logs and metrics call it; kind and port unless given
# enabled         whether it is opened at all
# authentication  "certificate" asks for a client certificate (the default where TLS is spoken), "none" for
#                 nothing
# nation          with certificates: the only nation that is let in, "" for all nations of the policy
#                 without: the nation of everyone who comes this way, and then it must be given
# The rest is for those who come without a certificate, and for single kinds:
# groups          their groups, for both directions; groups_in: their data goes in; groups_out: data comes out
# role            viewer only receives, member also sends, admin also operates
# encrypted       websocket: whether it speaks TLS
# origins         websocket, marti: origins of web pages that may connect; programs send none and may always
# interface       mesh: address of the interface
# relay           mesh: whether it is also sent what its nation and groups may see
# hops            mesh: routers that a datagram may pass

[[listeners]]
kind = "tls"
host = "127.0.0.1"
port = 8089
name = ""
nation = ""
authentication = "certificate"
enabled = true

[[listeners]]
kind = "marti"
host = "127.0.0.1"
port = 8443
origins = []
enabled = true

# Needs the authority's key in the folder of certificates. Off where the key is kept elsewhere.
[[listeners]]
kind = "enrolment"
host = "127.0.0.1"
port = 8446
enabled = true

[[listeners]]
kind = "websocket"
host = "127.0.0.1"
port = 8444
encrypted = true
origins = []
authentication = "certificate"
enabled = false

# Plain listeners: whoever reaches the port is let in, and everybody on the way can read it. Off.

[[listeners]]
kind = "tcp"
host = "127.0.0.1"
port = 8087
authentication = "none"
nation = "EE"
groups = []
groups_in = []
groups_out = []
role = "member"
enabled = false

[[listeners]]
kind = "udp"
host = "127.0.0.1"
port = 8087
authentication = "none"
nation = "EE"
enabled = false

[[listeners]]
kind = "mesh"
host = "239.2.3.1"
port = 6969
authentication = "none"
nation = "EE"
interface = "127.0.0.1"
relay = false
hops = 1
enabled = false

[limits]
event_bytes = 1_048_576             # the largest event, bytes
event_depth = 64                    # how deep its elements may be nested
connections = 4_000                 # at once
events_per_s = 500.0                # that a client may send on average; above it the hub reads more slowly
burst = 2_000.0                     # events it may send at once
bytes_per_s = 4_000_000.0           # the same in bytes; the burst is four seconds of it
unfinished_s = 30.0                 # how long an event may be under way, s
faults = 100                        # inputs that are no events before a client is sent away
connection_buffer_bytes = 1_048_576 # what is written ahead for a client that reads slowly
outbox_bytes = 1_048_576            # what waits for it beyond that before it is cut
patience_s = 20.0                   # how long it may stay behind, s

[clock]
tolerance_s = 30.0                  # how far a sender's clock may be off, s
beyond = "count from receipt"       # what then: "count from receipt" keeps the event for as long as it was
                                    # meant to last, "refuse" does not take it
longest_days = 30.0                 # no event stays in the picture for longer
alert_hours = 24.0                  # nor an alert that nobody cancels

[chat]
keep_hours = 24.0                   # how long chat is kept for those who are away
newcomer_minutes = 60.0             # how far back a client that was never here is sent chat

[journal]
path = "journal.sqlite"             # every event that was taken; "" for none
batch_ms = 250                      # how long an event may wait to be on disk: what a crash can lose
keep_days = 30.0                    # older events are let go
keep_mb = 10_000                    # and the oldest, when it is larger than this, 10^6 bytes

[marti]
files = "files"                     # folder of packages and attachments
connections = 1_000                 # at once
silence_s = 30.0                    # how long a connection may stay silent, s
requests_per_s = 200.0              # of one user on average
burst = 1_000.0                     # that it may send at once
upload_mb = 400                     # the largest file, 10^6 bytes
user_mb = 2_000                     # files of one user
store_mb = 20_000                   # files of all
missions = 1_000                    # of one nation
mission_items = 10_000              # contents of one mission
certificate_days = 30               # validity of what is fetched with a password or token
attempts = 5                        # wrong passwords in a row after which a user is locked out
lockout_s = 60.0                    # for how long; each time after that twice as long

[operate]
tick_ms = 50                        # how long events wait to be sent together
control = "hub.sock"                # socket of vallum hub status, for this user alone
metrics = ""                        # "127.0.0.1:9108": Prometheus and health checks, without a certificate
log_positions = false               # whether positions and uids may stand in logs
"""

POLICY: Final = """\
# Who releases what to whom. What no rule releases stays with its nation. After a change restart the hub.

# Nations that take part, ISO 3166-1 alpha-2. Nobody else is let in.
nations = ["EE", "LV", "LT"]

# Classification, lowest first. An event that states another level stays with its nation.
levels = ["UNCLASSIFIED", "RESTRICTED"]

# Level of an event that states none; "" is the lowest.
default_level = ""

# Beside strike tasking (t-k) and calls for fire, which are never taken: types and details that are not taken.
refuse_types = []
refuse_details = []

# Other spellings of levels.
[level_aliases]
"NATO UNCLASSIFIED" = "UNCLASSIFIED"
"NATO RESTRICTED" = "RESTRICTED"

# Other names of nations and of communities in releasableTo.
[nation_names]
EST = ["EE"]
LVA = ["LV"]
LTU = ["LT"]
BALTIC = ["EE", "LV", "LT"]

# Rules. Each speaks of the events of one nation:
# origin    whose events
# to        nations that see them without more, unless the event itself names fewer in releasableTo
# if_named  nations that see them if the event's releasableTo names them
# types     Cursor on Target types, each with all below it; [] for all
# up_to     the highest level that it releases; "" is the lowest
# caveats   handling caveats that it releases; an event with another one is not covered
# groups    groups that it speaks of; left out: all
#
# As written: positions of own and friendly units (a-f), alerts (b-a) and chat (b-t-f) of the lowest level go
# to the other two nations. Everything else goes to the nations that the event itself names, up to RESTRICTED,
# and otherwise to nobody.

[[release]]
origin = "EE"
to = ["LV", "LT"]
types = ["a-f", "b-a", "b-t-f"]

[[release]]
origin = "EE"
to = []
if_named = ["LV", "LT"]
types = []
up_to = "RESTRICTED"
caveats = []
# groups = ["Coalition"]

# Data packages and other files (b-f-t-r) and missions (t-x-m-n) of one group, to both:
#
# [[release]]
# origin = "EE"
# to = ["LV", "LT"]
# types = ["t-x-m-n", "b-f-t-r"]
# groups = ["Coalition"]

[[release]]
origin = "LV"
to = ["EE", "LT"]
types = ["a-f", "b-a", "b-t-f"]

[[release]]
origin = "LV"
if_named = ["EE", "LT"]
up_to = "RESTRICTED"

[[release]]
origin = "LT"
to = ["EE", "LV"]
types = ["a-f", "b-a", "b-t-f"]

[[release]]
origin = "LT"
if_named = ["EE", "LV"]
up_to = "RESTRICTED"
"""


def write(folder: Path) -> tuple[Path, Path]:
    """Write hub.toml and policy.toml into a folder, which is made if there is none.

    Returns
    -------
    tuple of Path
        The two files.

    Raises
    ------
    BadInput
        If one of them is there already; then nothing is written.
    OSError
        If the disk is full or the folder cannot be written to; neither of them is there then.
    """
    files = folder / "hub.toml", folder / "policy.toml"
    for file in files:
        if file.exists() or file.is_symlink():
            raise BadInput(
                "is there already", str(file), "no overwriting", "Name another folder, or move it away."
            )
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = [file.with_name(f".{file.name}.{secrets.token_hex(8)}.part") for file in files]
    placed: list[Path] = []
    try:
        for part, content in zip(unfinished, (HUB, POLICY), strict=True):
            with part.open("x", encoding="utf-8") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for part, file in zip(unfinished, files, strict=True):
            part.rename(file)
            placed.append(file)
    except BaseException:
        for file in (*unfinished, *placed):
            file.unlink(missing_ok=True)
        raise
    return files
