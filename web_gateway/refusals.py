"""What was refused: counted by reason, and logged, but not so often that a flood of it fills a disk.

Knows nothing about chat or sockets.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import structlog

LOG_SECONDS = 1.0
"""Within this time, a refusal is logged once for each reason; the next record says how many were not."""
_log = structlog.stdlib.get_logger("web_gateway")


class Refusals:
    """Counts and logs refusals."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[str, float] = {}
        self._unlogged: Counter[str] = Counter()
        self.by_reason: Counter[str] = Counter()

    def add(self, reason: str, address: str | None, **fields: str) -> None:
        """Count a refusal and log it.

        :param reason: a word of the program's, never of a client's.
        :param address: whom it was refused to.
        """
        self.by_reason[reason] += 1
        now = self._clock()
        if now - self._logged.get(reason, -LOG_SECONDS) < LOG_SECONDS:
            self._unlogged[reason] += 1
            return
        self._logged[reason] = now
        _log.info("refused", reason=reason, address=address, **fields, not_logged=self._unlogged.pop(reason, 0))
