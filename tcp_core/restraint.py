"""Keeps a flood of connections from becoming a flood of records: of each kind some at once, and then one a second.

The first record after others were left out says how many, in the field `not_logged`. Knows nothing about what is
logged, or how it is written.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from tcp_core.limits import Allowance

AT_ONCE = 100
"""So many records of one kind may come at once: a class enters without one being left out."""
PER_SECOND = 1.0
Kind = tuple[str, str, str]
"""Of a record: its logger, what happened, and the field `reason`."""


class Restraint(logging.Filter):
    """Leaves records out.

    Used under the handler's lock and without it, by any thread.

    :param clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._allowance: Allowance[Kind] = Allowance(AT_ONCE, 1 / PER_SECOND)
        self._left_out: dict[Kind, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        kind = record.name, str(record.msg), str(getattr(record, "reason", ""))
        with self._lock:
            now = self._clock()
            if self._allowance.wait_seconds(kind, now):
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return False
            self._allowance.count(kind, now)
            left_out = self._left_out.pop(kind, 0)
        if left_out:
            record.not_logged = left_out
        return True
