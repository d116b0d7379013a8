"""How fast a peer may send."""

import time
from collections.abc import Hashable
from typing import Final

_MOST: Final = 10_000


class Bucket:
    """A token bucket that may go into debt, so that what has come in is never lost.

    Parameters
    ----------
    rate : float
        Tokens a second.
    burst : float
        Tokens at most.
    """

    __slots__ = ("_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at = 0.0

    def take(self, tokens: float, now: float) -> float:
        """Spend tokens.

        Parameters
        ----------
        tokens : float
            How many.
        now : float
            Monotonic clock, s.

        Returns
        -------
        float
            Seconds until the debt is paid; 0 if there is none.
        """
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate) - tokens
        self._at = now
        return max(0.0, -self._tokens / self.rate)


class Buckets:
    """A bucket for each of many; what would be more than there is in it is refused, and not paid for.

    Of so many that they cannot all be remembered, who came first is forgotten.

    Parameters
    ----------
    rate : float
        Tokens a second.
    burst : float
        Tokens at most.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._of: dict[Hashable, Bucket] = {}

    def wait(self, who: Hashable) -> float:
        """Return for how many seconds somebody is refused; 0 if it is not."""
        wait = self.spend(who)
        if not wait:
            self._of[who].take(-1.0, time.monotonic())
        return wait

    def spend(self, who: Hashable, tokens: float = 1.0) -> float:
        """Spend tokens of somebody, at most a burst of them, and return 0; else the seconds until it can."""
        bucket = self._of.get(who)
        if bucket is None:
            if len(self._of) >= _MOST:
                del self._of[next(iter(self._of))]
            bucket = self._of[who] = Bucket(self._rate, self._burst)
        tokens, now = min(tokens, self._burst), time.monotonic()
        wait = bucket.take(tokens, now)
        if wait:
            bucket.take(-tokens, now)
        return wait
