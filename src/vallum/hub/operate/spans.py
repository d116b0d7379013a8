"""Durations counted into a few buckets: enough for a histogram, cheap enough for every tick."""

from bisect import bisect_left

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the buckets, s."""


class Spans:
    """How long something took, each time."""

    __slots__ = ("counts", "most", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """For each bucket, and above them, how often."""
        self.total = 0.0
        """Sum, s."""
        self.most = 0.0
        """The longest, s."""

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds
        self.most = max(self.most, seconds)

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """The mean, s; 0 without any."""
        return self.total / self.count if self.count else 0.0

    def cumulative(self) -> list[tuple[str, float]]:
        """Return pairs of an upper bound as text and how many were no longer, the last for all."""
        found, pairs = 0, []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.counts, strict=True):
            found += count
            pairs.append((bound, float(found)))
        return pairs
