"""Counting at next to no cost, by one thread; others may look at any time.

Plain numbers, so nothing is locked: who looks may see a moment's half of an observation. Knows nothing about what is
counted, or how it is shown.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Histogram:
    """How many observations were how large.

    :param bounds: upper ends of its buckets, rising; what is beyond the last one has a bucket of its own.
    """

    __slots__ = ("_counts", "bounds", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.sum = 0.0
        """Of all observations."""
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        """Count an observation."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> list[int]:
        """Return how many were at most as large as each bound, and then how many there were."""
        return list(accumulate(self._counts))
