"""How long an event counts, by the hub's clock and not by the sender's."""

from dataclasses import dataclass

from vallum.picture.event import Event, Kind


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """What is done about clocks that disagree with the hub's. Milliseconds throughout.

    Parameters
    ----------
    tolerance : int
        Difference that is taken as it is.
    refuse : bool
        Refuse an event beyond the tolerance instead of counting its lifetime from its receipt.
    longest : int
        Longest lifetime.
    alert : int
        Shortest lifetime of an emergency, unless it is cancelled.
    """

    tolerance: int = 30_000
    refuse: bool = False
    longest: int = 30 * 86_400_000
    alert: int = 24 * 3_600_000

    def skewed(self, event: Event, received: int) -> bool:
        """Whether the sender's clock and the hub's disagree beyond the tolerance."""
        return abs(event.time - received) > self.tolerance

    def expires(self, event: Event, received: int) -> int:
        """Return when an event is stale by the hub's clock.

        Parameters
        ----------
        event : Event
            The event.
        received : int
            When it came, by the hub's clock, milliseconds since 1970-01-01T00:00Z.
        """
        begun = event.time if self.skewed(event, received) else received
        lifetime = min(max(event.stale - begun, 0), self.longest)
        if event.kind is Kind.ALERT:
            lifetime = max(lifetime, self.alert)
        return received + lifetime
