"""Case: a log of a million events. Knows nothing about how the log is kept or read."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.figures import MEDIAN, P99, PAGE, SLOW_PAGE, START
from benchmarks.histogram import Histogram
from benchmarks.loads import paced
from benchmarks.pages import page_reader
from tcp_core.event_log import EventLog
from tcp_core.messages import Said

_EVENTS, _BATCH = 1_000_000, 10_000
_CLIENTS, _RATE = 500, 25
_LIMIT_SECONDS = 60.0
_FIRST_TIME = 1_790_000_000_000
"""Unix ms."""


def write_log(directory: Path, events: int) -> None:
    """Make a log of so many messages, rounded down to whole batches."""
    log = EventLog(directory)
    for batch in range(events // _BATCH):
        drafts = [Said(nick="Ann", text=f"message {number} of batch {batch}") for number in range(_BATCH)]
        log.append(drafts, _FIRST_TIME + batch)
    log.close()


def long_log(bench: Bench) -> None:
    """A core starts with a long log; its pages are read while people talk."""
    events, size = bench.settings.scaled(_EVENTS), bench.settings.scaled(_CLIENTS)
    load = f"{events:,} events"
    talk = f"{load}, {size:,} clients, {_RATE}/s"
    with bench.attempt(f"text, {talk}") as directory:
        log = directory / "log"
        write_log(log, events)
        for _ in bench.runs:
            begin = time.monotonic()
            with bench.room("text", log) as room:
                _read_prompt(room.address)
                bench.note(room, 1, load, (START, time.monotonic() - begin))
        with (
            bench.room("text", log) as room,
            page_reader(room.programs[0].addresses[1], events) as reader,
            bench.crowd(room, size) as crowd,
        ):
            for _ in bench.runs:
                reader.start(bench.settings.seconds)
                _, times = paced(crowd, room.cpu_seconds, _RATE, bench.settings.seconds)
                pages = Histogram()
                for ms in reader.result():
                    pages.add(ms)
                bench.note(room, size, talk, (PAGE, pages.percentile(50)), (SLOW_PAGE, pages.percentile(99)))
                bench.note(room, size, talk, (MEDIAN, times.percentile(50)), (P99, times.percentile(99)))


def _read_prompt(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=_LIMIT_SECONDS) as sock:
        received = b""
        while not received.endswith(b"Nick: "):
            data = sock.recv(1024)
            if not data:
                raise EOFError("the core hung up without a prompt")
            received += data
