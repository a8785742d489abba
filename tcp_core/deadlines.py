"""Things that are to happen a fixed time after something else, unless they are called off.

Since the time is fixed, the order of adding is the order of expiry. Has no clock of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


def earliest(times: Iterable[float | None]) -> float | None:
    """Return the first of `times`, None if there is none."""
    return min((at for at in times if at is not None), default=None)


class Deadlines(Generic[T]):
    """A set of things, each of which expires `seconds` after it was added; never, if that is 0."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[T, float] = {}

    def add(self, thing: T, now: float) -> None:
        """Let `thing` expire `seconds` from `now`."""
        self._due.pop(thing, None)
        if self._seconds:
            self._due[thing] = now + self._seconds

    def discard(self, thing: T) -> None:
        """Call `thing` off, if it is there."""
        self._due.pop(thing, None)

    def __len__(self) -> int:
        return len(self._due)

    def __iter__(self) -> Iterator[T]:
        """Yield all, the first to expire first."""
        return iter(self._due)

    def __contains__(self, thing: object) -> bool:
        return thing in self._due

    def pop(self) -> T:
        """Take out what would expire first."""
        thing = next(iter(self._due))
        del self._due[thing]
        return thing

    def age(self, thing: T, now: float) -> float:
        """Return how long ago `thing`, which is there, was added, in seconds."""
        return now - (self._due[thing] - self._seconds)

    def next(self) -> float | None:
        """Return when the next thing expires."""
        return next(iter(self._due.values()), None)

    def expired(self, now: float) -> Iterator[T]:
        """Take out and yield what has expired at `now`."""
        while self._due:
            thing, due = next(iter(self._due.items()))
            if due > now:
                return
            del self._due[thing]
            yield thing
