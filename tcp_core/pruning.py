"""Takes old events out of the log, in small steps, so that chat goes on. Knows nothing about who reads them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from tcp_core.event_log import EventLog, NotStoredError, UnreadableError

PRUNE_SECONDS = 60.0
PRUNE_STEP_SECONDS = 0.02
"""Between two steps, so that chat goes on in between."""
_DAY_MS = 86_400_000
_logger = logging.getLogger("parley.pruning")


class Pruning:
    """What is to be kept of the log.

    :param days: how old an event may get; 0 for no limit.
    :param most_bytes: how large the log may get; 0 for no limit.
    :param monotonic: seconds.
    :param now_ms: the time of the log, Unix ms.
    """

    def __init__(
        self,
        log: EventLog,
        days: float,
        most_bytes: int,
        monotonic: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._log = log
        self._days = days
        self._most_bytes = most_bytes
        self._monotonic = monotonic
        self._now_ms = now_ms
        self.due = monotonic() if days or most_bytes else None
        """When the next step is to be taken, by the monotonic clock; None for never."""

    def go_on(self) -> None:
        """Take the next step, if it is time."""
        if self.due is None or self._monotonic() < self.due:
            return
        before_ms = self._now_ms() - round(self._days * _DAY_MS) if self._days else 0
        try:
            more = self._log.prune(before_ms, self._most_bytes)
        except (NotStoredError, UnreadableError) as error:
            _logger.error("old events could not be removed", extra={"problem": str(error)})
            more = False
        self.due = self._monotonic() + (PRUNE_STEP_SECONDS if more else PRUNE_SECONDS)
