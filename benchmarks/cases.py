"""The cases by name, in the order in which they run. Knows nothing about what they do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.bench import Bench
from benchmarks.history import long_log
from benchmarks.latency import steady_pace
from benchmarks.page import typing
from benchmarks.presence import idle_memory, joining, many_browsers
from benchmarks.scaling import scaling
from benchmarks.throughput import flood_fan_out, one_at_a_time, slow_readers

_HAS_BROWSER = bool(shutil.which("chromium") or shutil.which("chromium-browser"))


class Case(NamedTuple):
    """Something to measure."""

    run: Callable[[Bench], None]
    by_default: bool = True
    """Whether it runs without being named."""

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return (self.run.__doc__ or "").partition("\n")[0]


CASES = {
    "flood": Case(flood_fan_out),
    "closed-loop": Case(one_at_a_time),
    "paced": Case(steady_pace),
    "memory": Case(idle_memory),
    "joins": Case(joining),
    "long-log": Case(long_log),
    "slow-readers": Case(slow_readers),
    "scaling": Case(scaling),
    "typing": Case(typing, by_default=_HAS_BROWSER),
    "browsers": Case(many_browsers, by_default=False),
}
