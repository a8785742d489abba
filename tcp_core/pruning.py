"""Takes old events out of the log in small steps, so that chat goes on, and what was cleared out of its files.

Knows nothing about who reads them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from tcp_core.deadlines import earliest
from tcp_core.event_log import EventLog, NotStoredError, UnreadableError

PRUNE_SECONDS = 60.0
PRUNE_STEP_SECONDS = 0.02
"""Between two steps, so that chat goes on in between."""
FORGET_SECONDS = 1.0
"""Between two attempts to get cleared text out of the files, while another process reads them."""
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
        self._prune_at = monotonic() if days or most_bytes else None
        self._forget_at = 0.0

    @property
    def due(self) -> float | None:
        """When there is something to do, by the monotonic clock; None for never."""
        return earliest((self._prune_at, self._forget_at if self._log.has_old_pages else None))

    def go_on(self) -> None:
        """Take the next step, if it is time."""
        now = self._monotonic()
        if self._log.has_old_pages and now >= self._forget_at:
            self._log.forget_old_pages()
            self._forget_at = now + FORGET_SECONDS
        if self._prune_at is not None and now >= self._prune_at:
            self._prune()

    def _prune(self) -> None:
        before_ms = self._now_ms() - round(self._days * _DAY_MS) if self._days else 0
        try:
            more = self._log.prune(before_ms, self._most_bytes)
        except (NotStoredError, UnreadableError) as error:
            _logger.error("old events could not be removed", extra={"problem": str(error)})
            more = False
        self._prune_at = self._monotonic() + (PRUNE_STEP_SECONDS if more else PRUNE_SECONDS)
