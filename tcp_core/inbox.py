"""What comes to the hub, in two lanes: what people say to each other, and what can wait.

Those who come, or only knock, can be a thousand at once, and each costs as much as a dozen messages. So what concerns
them waits while there is something of the room, and is taken in portions; so is what the hub puts off itself. Within a
lane, and for each connection, the order stays. Knows nothing about what is in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from tcp_core.peer import Peer

Item = tuple[Any, ...]
"""What is to be called, with its arguments; of which the first may be the peer that it concerns."""


class Inbox:
    """Put into by any thread, taken from by one.

    :param monotonic: seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._first: deque[Item] = deque()
        self._later: deque[Item] = deque()

    def put(self, *item: Any) -> None:
        """Hand over what is to be called, with its arguments."""
        self._queue.put(item)

    def put_off(self, *item: Any) -> None:
        """Take what is being done for something that can wait. By the thread that takes."""
        self._later.append(item)

    def wait(self, timeout_seconds: float | None) -> None:
        """Return when there is something, or after `timeout_seconds` (None: never)."""
        if not self._later:
            with suppress(Empty):
                self._sort(self._queue.get(timeout=timeout_seconds))

    def take(self, later_seconds: float) -> Iterator[Item]:
        """Yield all that comes first, and of what can wait as much as can be done in `later_seconds`.

        That is one thing at least, and ends as soon as there is something that comes first.
        """
        self._sort_all()
        yield from self._take_first()
        until = self._monotonic() + later_seconds
        while self._later:
            yield self._later.popleft()
            self._sort_all()
            if self._first or self._monotonic() >= until:
                break
        yield from self._take_first()

    def rest(self) -> list[Item]:
        """Take out everything that is left."""
        self._sort_all()
        items = [*self._first, *self._later]
        self._first.clear()
        self._later.clear()
        return items

    def _take_first(self) -> Iterator[Item]:
        while self._first:
            yield self._first.popleft()

    def _sort_all(self) -> None:
        for _ in range(self._queue.qsize()):
            self._sort(self._queue.get())

    def _sort(self, item: Item) -> None:
        outside = len(item) > 1 and isinstance(item[1], Peer) and item[1].session is None
        (self._later if outside else self._first).append(item)
