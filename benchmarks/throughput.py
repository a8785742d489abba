"""Cases: as fast as it goes, with and without those who read nothing. Knows nothing about sockets or processes."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median

from benchmarks.bench import DOORS, Bench
from benchmarks.crowd import STALLED_BUFFER, Crowd
from benchmarks.dialect import DIALECTS, DoorName
from benchmarks.figures import COST, GENERATOR, GROWTH, MESSAGES, RATE, SHARE
from benchmarks.loads import closed_loop, fitting_flood, flood

_FLOODS: dict[DoorName, tuple[int, ...]] = {"text": (100, 1000, 5000), "web": (100, 1000), "plain": (100, 1000)}
_CLOSED_LOOP_CLIENTS = 1000
_CLIENTS, _STALLED = 500, 5
_MIB = 2**20


def flood_fan_out(bench: Bench) -> None:
    """Ten say as much as their sockets take; everybody reads."""
    for door, sizes in _FLOODS.items():
        for size in map(bench.settings.scaled, sizes):
            load = f"{size:,} clients"
            with (
                bench.attempt(f"{door}, {load}") as directory,
                bench.room(door, directory / "log") as room,
                bench.crowd(room, size) as crowd,
            ):
                count = fitting_flood(crowd, room.cpu_seconds, bench.settings.seconds)
                for _ in bench.runs:
                    one = flood(crowd, room.cpu_seconds, count)
                    cost, generator = (COST, one.cpu_us_per_delivery), (GENERATOR, one.generator_share)
                    bench.note(room, size, load, (RATE, one.deliveries_per_second), cost, generator)


def one_at_a_time(bench: Bench) -> None:
    """Ten say a message each, and the next one when they have read it; everybody reads."""
    size = bench.settings.scaled(_CLOSED_LOOP_CLIENTS)
    load = f"{size:,} clients"
    for door in DOORS:
        with (
            bench.attempt(f"{door}, {load}") as directory,
            bench.room(door, directory / "log") as room,
            bench.crowd(room, size) as crowd,
        ):
            for _ in bench.runs:
                one = closed_loop(crowd, room.cpu_seconds, bench.settings.seconds)
                cost, generator = (COST, one.cpu_us_per_delivery), (GENERATOR, one.generator_share)
                bench.note(room, size, load, (RATE, one.deliveries_per_second), cost, generator)


def slow_readers(bench: Bench) -> None:
    """A flood while some read nothing, in turns with a room where all read; in the end they read it all, too.

    What is compared is the rate at which the others get messages.
    """
    size = bench.settings.scaled(_CLIENTS)
    load = f"{_STALLED} of {size:,} read nothing"
    with bench.attempt(f"text, {load}") as directory, ExitStack() as stack:
        rooms = [stack.enter_context(bench.room("text", directory / name)) for name in ("usual", "slowed")]
        usual, slowed = crowds = [stack.enter_context(Crowd(DIALECTS["text"], room.address)) for room in rooms]
        usual.join(size)
        slowed.join(size - _STALLED)
        slowed.join(_STALLED, receive_buffer=STALLED_BUFFER)
        stalled = slowed.clients[-_STALLED:]
        counts = []
        for room, crowd in zip(rooms, crowds, strict=True):
            crowd.begin()
            counts.append(fitting_flood(crowd, room.cpu_seconds, bench.settings.seconds))
        slowed.stall(stalled)
        before = [room.resident_bytes() for room in rooms]
        rates: list[list[float]] = [[], []]
        for run in range(2 * bench.settings.runs):
            which = (run + run // 2) % 2  # each first in every other pair
            one = flood(crowds[which], rooms[which].cpu_seconds, min(counts))
            rates[which].append(len(one.messages) / one.seconds)
        growth = [(room.resident_bytes() - bytes) / _MIB for room, bytes in zip(rooms, before, strict=True)]
        slowed.resume(stalled)
        for crowd in crowds:
            crowd.end()
        all_read = f"all of {size:,} read"
        for which, name in enumerate((all_read, load)):
            for rate in rates[which]:
                bench.note(rooms[which], size, name, (MESSAGES, rate))
            bench.note(rooms[which], size, name, (GROWTH, growth[which]))
        bench.note(rooms[1], size, load, (SHARE, median(rates[1]) / median(rates[0])))
