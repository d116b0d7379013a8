"""What the hub counts. Plain numbers: they are read when somebody asks for metrics."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Totals since the start."""

    received: int = 0
    "Events that were well-formed and valid."
    delivered: int = 0
    "Events written to readers, or put by for them."
    replaced: int = 0
    "States a slow reader was not sent because a newer one came first."
    sessions: int = 0
    "Sessions ever let in."
    skewed: int = 0
    "Events whose sender's clock disagrees with the hub's."
    refused: Counter[str] = field(default_factory=Counter)
    "Valid events that the policy or a limit kept out, by reason."
    malformed: Counter[str] = field(default_factory=Counter)
    "Input that was no event, by listener kind."
    cut: Counter[str] = field(default_factory=Counter)
    "Sessions ended by the hub, by reason."
    datagrams: Counter[str] = field(default_factory=Counter)
    "Datagrams not taken or not sent, by reason."
    turned_away: Counter[str] = field(default_factory=Counter)
    "Connections not let in, by reason."
