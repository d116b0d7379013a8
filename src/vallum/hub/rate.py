"""How fast a peer may send."""


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
