"""Case: cost against the number of readers, at one pace. Knows nothing about sockets or processes."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.dialect import DoorName
from benchmarks.figures import COST, MEMORY, MESSAGE_COST
from benchmarks.loads import paced

RATE = 20.0
"""Messages a second."""
_SIZES: dict[DoorName, tuple[int, ...]] = {"text": (100, 300, 1000, 3000), "web": (100, 300, 1000)}
_MIB = 2**20


def scaling(bench: Bench) -> None:
    """Ten talk at a steady rate to more and more readers."""
    for door, sizes in _SIZES.items():
        for size in map(bench.settings.scaled, sizes):
            load = f"{size:,} clients, {RATE:g}/s"
            with (
                bench.attempt(f"{door}, {load}") as directory,
                bench.room(door, directory / "log") as room,
                bench.crowd(room, size) as crowd,
            ):
                for _ in bench.runs:
                    one, _ = paced(crowd, room.cpu_seconds, RATE, bench.settings.seconds)
                    cost = (MESSAGE_COST, 1e6 * one.cpu_seconds / len(one.messages))
                    memory = (MEMORY, room.resident_bytes() / _MIB)
                    bench.note(room, size, load, cost, (COST, one.cpu_us_per_delivery), memory)
