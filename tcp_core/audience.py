"""Those who read the log in one rendering, and who of them is to be told next.

Sends are what costs. So a large audience is told in cohorts. News makes it the turn of the part of them that was told
longest ago; the others hear it in their turn, together with what comes meanwhile, or when it has waited for a moment.
After a silence all are told at once, and a small room hardly ever waits. Knows nothing about sockets.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

R = TypeVar("R", bound=Hashable)
"""A reader: a peer with nothing to be sent but new events."""
LEAST_REST_SECONDS = 0.001
"""What would be less is not worth waiting for."""
MOST_DELAY_SECONDS = 0.1
"""What still feels like at once."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How an audience is told."""

    seconds_per_reader: float
    """How long news may wait for more news, for each reader of the audience."""
    parts: int
    """One of so many parts of the audience does not wait."""
    cohort_readers: int = 125
    """How many are told at once; the hub takes commands in between."""
    enough_events: int = 32
    """So much news waits no longer: it is worth its sends."""


TERMINAL_PACE = Pace(21e-6, parts=2)
WEB_PACE = Pace(42e-6, parts=4)
"""A delivery to a browser costs three times as much: it passes the gateway."""
ALONE = Pace(0.0, parts=1)
"""Of an audience of one."""


class Cohort(Generic[R]):
    """Readers who are told together, nearly all of them at the same place: behind seq `head`."""

    __slots__ = ("due", "head", "readers")

    def __init__(self, head: int) -> None:
        self.head = head
        self.readers: dict[R, None] = {}
        self.due: float | None = None
        """When it is to be told, by the monotonic clock; None if it has been told everything."""


class Audience(Generic[R]):
    """The readers of one rendering.

    :param head: the newest seq that is no news any more.
    """

    def __init__(self, pace: Pace, head: int) -> None:
        self._pace = pace
        self._head = head
        self._news_at = float("-inf")
        self._rested_at = float("-inf")
        self._cohorts: deque[Cohort[R]] = deque([Cohort(head)])
        """The one that was told longest ago first: nearly in the order of what is due."""

    def __len__(self) -> int:
        return sum(len(cohort.readers) for cohort in self._cohorts)

    def add(self, reader: R) -> None:
        """Take in a reader."""
        cohort = min(self._cohorts, key=_size)
        if len(cohort.readers) >= self._pace.cohort_readers:
            cohort = Cohort(self._head)
            self._cohorts.append(cohort)
        cohort.readers[reader] = None

    def discard(self, reader: R) -> None:
        """Let a reader go, if it is one."""
        for cohort in self._cohorts:
            if reader in cohort.readers:
                del cohort.readers[reader]
                self._merge()
                return

    def _merge(self) -> None:
        """Do with one cohort fewer, once they are half empty and the first two fit into one."""
        if len(self._cohorts) < 2 or len(self) > (len(self._cohorts) - 1) * self._pace.cohort_readers // 2:
            return
        if len(self._cohorts[0].readers) + len(self._cohorts[1].readers) <= self._pace.cohort_readers:
            first = self._cohorts.popleft()
            first.readers |= self._cohorts[0].readers
            self._cohorts[0] = first

    def note(self, head: int, now: float) -> None:
        """Note that the log ends at seq `head`, `now` (seconds)."""
        if head == self._head:
            return
        delay = self._delay_seconds()
        alone = now - self._news_at >= delay  # more is not to be expected in time
        self._head = head
        self._news_at = now
        for cohort in self._cohorts:
            if alone or head - cohort.head >= self._pace.enough_events:
                cohort.due = now
            elif cohort.due is None:
                cohort.due = now + delay
        turn_at = max(now, self._rested_at)
        for cohort in islice(self._cohorts, math.ceil(len(self._cohorts) / self._pace.parts)):
            cohort.due = turn_at if cohort.due is None else min(cohort.due, turn_at)

    @property
    def due(self) -> float | None:
        """When the next cohort is to be told, by the monotonic clock; None if there is no news."""
        return self._cohorts[0].due

    def next_cohort(self, now: float) -> Cohort[R]:
        """Return the cohort that is to be told `now` (seconds), and count it as told."""
        cohort = self._cohorts.popleft()
        self._cohorts.append(cohort)
        cohort.head = self._head
        cohort.due = None
        rest = len(cohort.readers) * self._pace.seconds_per_reader
        if rest >= LEAST_REST_SECONDS:
            self._rested_at = min(max(self._rested_at, now) + rest, now + self._delay_seconds())
        return cohort

    def _delay_seconds(self) -> float:
        return min(len(self) * self._pace.seconds_per_reader, MOST_DELAY_SECONDS)


def _size(cohort: Cohort[Any]) -> int:
    return len(cohort.readers)
