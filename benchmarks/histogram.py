"""Percentiles of milliseconds without keeping and sorting millions of them. Knows nothing about what took so long."""

from __future__ import annotations

from array import array
from itertools import accumulate

BUCKETS_PER_MS = 10
_LONGEST_MS = 120_000


class Histogram:
    """Counts in buckets of 0.1 ms; what takes longer than two minutes counts as that."""

    def __init__(self) -> None:
        self.count = 0
        self.longest_ms = 0.0
        self._buckets = array("Q", bytes(8 * (_LONGEST_MS * BUCKETS_PER_MS + 1)))

    def add(self, ms: float) -> None:
        """Count one."""
        self.count += 1
        self.longest_ms = max(self.longest_ms, ms)
        self._buckets[min(max(0, int(ms * BUCKETS_PER_MS)), len(self._buckets) - 1)] += 1

    def percentile(self, percent: float) -> float:
        """Return the upper edge, in ms, of the bucket of the one that `percent` of all do not exceed."""
        if not self.count:
            raise ValueError("nothing was counted")
        rank = max(1, -(-self.count * percent // 100))
        bucket = next(place for place, upto in enumerate(accumulate(self._buckets)) if upto >= rank)
        return min((bucket + 1) / BUCKETS_PER_MS, self.longest_ms)
