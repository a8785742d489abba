"""Cases: what being there costs, and coming in. Knows nothing about sockets or processes."""

from __future__ import annotations

import time

from benchmarks.bench import DOORS, Bench
from benchmarks.crowd import Crowd
from benchmarks.dialect import DIALECTS, DoorName
from benchmarks.figures import CONNECTION_MEMORY, COST, JOINS, MEDIAN, P99, TAKEN
from benchmarks.loads import paced

_CLIENTS = 1000
_STORM_CLIENTS, _AT_ONCE = 5000, 300
_BROWSERS, _BROWSERS_RATE, _BROWSERS_LIMIT_SECONDS = 5000, 5.0, 900.0
_KIB = 1024


def idle_memory(bench: Bench) -> None:
    """Memory of all servers of a room, with many who say nothing, less that with one."""
    size = bench.settings.scaled(_CLIENTS)
    load = f"{size:,} idle clients"
    for door in DOORS:
        for _ in bench.runs:
            with (
                bench.attempt(f"{door}, {load}") as directory,
                bench.room(door, directory / "log") as room,
                Crowd(DIALECTS[door], room.address) as crowd,
            ):
                crowd.join(1)
                before = room.resident_bytes()
                crowd.join(size)
                grown = room.resident_bytes() - before
                bench.note(room, size, load, (CONNECTION_MEMORY, grown / size / _KIB))


def joining(bench: Bench) -> None:
    """Clients come in, many at a time, until each has read of everybody who came after itself."""
    storms: list[tuple[DoorName, int]] = [*((door, _CLIENTS) for door in DOORS), ("text", _STORM_CLIENTS)]
    for door, count in storms:
        size = bench.settings.scaled(count)
        load = f"{size:,} clients, {_AT_ONCE} at a time"
        for _ in bench.runs:
            with (
                bench.attempt(f"{door}, {load}") as directory,
                bench.room(door, directory / "log") as room,
                Crowd(DIALECTS[door], room.address) as crowd,
            ):
                begin = time.monotonic()
                crowd.storm(size, _AT_ONCE)
                seconds = time.monotonic() - begin
                bench.note(room, size, load, (TAKEN, seconds), (JOINS, size / seconds))


def many_browsers(bench: Bench) -> None:
    """More browsers than one room should have, talking slowly. Takes minutes."""
    size = bench.settings.scaled(_BROWSERS)
    load = f"{size:,} clients, {_BROWSERS_RATE:g}/s"
    with (
        bench.attempt(f"web, {load}") as directory,
        bench.room("web", directory / "log") as room,
        bench.crowd(room, size, _BROWSERS_LIMIT_SECONDS) as crowd,
    ):
        for _ in bench.runs:
            one, times = paced(crowd, room.cpu_seconds, _BROWSERS_RATE, bench.settings.seconds)
            latencies = (MEDIAN, times.percentile(50)), (P99, times.percentile(99))
            bench.note(room, size, load, *latencies, (COST, one.cpu_us_per_delivery))
