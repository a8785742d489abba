"""Case: how long a message takes while people talk at a steady pace. Knows nothing about sockets or processes."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.bench import DOORS, Bench
from benchmarks.dialect import DoorName
from benchmarks.figures import COST, GENERATOR, LONGEST, MEDIAN, P95, P99
from benchmarks.loads import paced


class _Pace(NamedTuple):
    clients: int
    rate: float
    """Messages a second."""
    doors: tuple[DoorName, ...] = DOORS


_PACES = (_Pace(500, 25), _Pace(1000, 50), _Pace(1000, 500, ("web",)), _Pace(1000, 1000, ("text",)))


def steady_pace(bench: Bench) -> None:
    """Ten talk at a steady rate, whatever comes back; a message's time counts from when it was due."""
    for pace in _PACES:
        size = bench.settings.scaled(pace.clients)
        load = f"{size:,} clients, {pace.rate:,}/s"
        for door in pace.doors:
            with (
                bench.attempt(f"{door}, {load}") as directory,
                bench.room(door, directory / "log") as room,
                bench.crowd(room, size) as crowd,
            ):
                for _ in bench.runs:
                    one, times = paced(crowd, room.cpu_seconds, pace.rate, bench.settings.seconds)
                    percentiles = ((MEDIAN, 50), (P95, 95), (P99, 99), (LONGEST, 100))
                    bench.note(room, size, load, *((name, times.percentile(percent)) for name, percent in percentiles))
                    bench.note(room, size, load, (COST, one.cpu_us_per_delivery), (GENERATOR, one.generator_share))
