"""Ways to talk in a room: as fast as it goes, one message at a time, at a steady pace; and what came of it.

Knows nothing about which server it is.
"""

from __future__ import annotations

import contextlib
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.client import Client
from benchmarks.crowd import Crowd, Reading
from benchmarks.dialect import text_of
from benchmarks.histogram import Histogram
from benchmarks.stream import Message

SENDERS = 10
_PROBE_MESSAGES = 100
_PROBE_PART = 0.2
_ENOUGH_MESSAGES = 1_000_000

Seconds = Callable[[], float]


@dataclass(slots=True)
class Round:
    """What came of some talking."""

    readers: int
    seconds: float = 0.0
    """From the first message sent to the last one read by the last reader."""
    cpu_seconds: float = 0.0
    """Processor time of the servers."""
    generator_share: float = 0.0
    """Part of a core that the clients took."""
    messages: Sequence[Message] = ()

    @property
    def deliveries(self) -> int:
        """How often a message was read by somebody."""
        return len(self.messages) * self.readers

    @property
    def deliveries_per_second(self) -> float:
        """How fast they were read."""
        return self.deliveries / self.seconds

    @property
    def cpu_us_per_delivery(self) -> float:
        """Processor time of the servers, µs."""
        return 1e6 * self.cpu_seconds / self.deliveries


@contextlib.contextmanager
def _measured(crowd: Crowd, cpu: Seconds) -> Iterator[Round]:
    """Measure what is done inside, and check what everybody has read."""
    round_ = Round(len(crowd.clients))
    cpu_before, own_before, begin = cpu(), time.process_time(), time.monotonic()
    yield round_
    round_.seconds = time.monotonic() - begin
    round_.cpu_seconds = cpu() - cpu_before
    round_.generator_share = (time.process_time() - own_before) / round_.seconds
    round_.messages = crowd.messages()


def flood(crowd: Crowd, cpu: Seconds, count: int) -> Round:
    """Say so many messages as fast as the sockets take them."""
    senders = crowd.clients[:SENDERS]
    batches = [_spoken(crowd, sender, crowd.will_say(sender, count // len(senders))) for sender in senders]
    with _measured(crowd, cpu) as round_:
        for sender, batch in zip(senders, batches, strict=True):
            crowd.send(sender, b"".join(batch))
        crowd.read_all()
    return round_


def fitting_flood(crowd: Crowd, cpu: Seconds, seconds: float) -> int:
    """Find out how many messages make a flood of about so many seconds; also lets the server get warm."""
    count = _PROBE_MESSAGES
    while True:
        taken = flood(crowd, cpu, count).seconds
        if taken > seconds * _PROBE_PART or count >= _ENOUGH_MESSAGES:
            return max(SENDERS, int(count * seconds / taken))
        count *= 4


def closed_loop(crowd: Crowd, cpu: Seconds, seconds: float) -> Round:
    """For so long, let each sender say the next message when it has read the one before."""
    senders = crowd.clients[:SENDERS]
    awaited: dict[int, bytes] = {}

    def say(client: Client) -> None:
        (number,) = crowd.will_say(client)
        text = text_of(client.number, number)
        awaited[client.number] = text.encode()
        crowd.send(client, crowd.dialect.say(text))

    def has_read(client: Client, before: int) -> None:
        if crowd.has(awaited[client.number], before, client.offset) and time.monotonic() < end:
            say(client)

    with _measured(crowd, cpu) as round_:
        end = time.monotonic() + seconds
        for sender in senders:
            sender.has_read = has_read
            say(sender)
        crowd.until(lambda: time.monotonic() >= end, "for the time to pass")
        crowd.read_all()
    for sender in senders:
        sender.has_read = None
    return round_


def paced(crowd: Crowd, cpu: Seconds, rate: float, seconds: float) -> tuple[Round, Histogram]:
    """Say messages at a steady rate (a second) for so long, whatever comes back.

    :return: the round; and for all readers of all messages, how long after the message was due they had it.
    """
    senders = crowd.clients[:SENDERS]
    each = max(1, round(rate * seconds / len(senders)))
    numbers = [crowd.will_say(sender, each) for sender in senders]
    spoken = [_spoken(crowd, sender, some) for sender, some in zip(senders, numbers, strict=True)]
    turns = [(sender, batch[n]) for n in range(each) for sender, batch in zip(senders, spoken, strict=True)]
    with crowd.noted() as reading, _measured(crowd, cpu) as round_:
        start = time.monotonic()
        for turn, (sender, data) in enumerate(turns):
            while (early := start + turn / rate - time.monotonic()) > 0:
                crowd.turn(early)
            crowd.send(sender, data)
        crowd.read_all()
    due = [
        start + ((message.number - numbers[message.sender].start) * len(senders) + message.sender) / rate
        for message in round_.messages
    ]
    return round_, latencies([message.end for message in round_.messages], due, reading)


def latencies(ends: Sequence[int], due: Sequence[float], reading: Reading) -> Histogram:
    """Return how long after they were due messages were read, by each of their readers.

    :param ends: offsets behind the messages, bytes, ascending.
    :param due: when they were due, on the clock of `reading`.
    """
    histogram = Histogram()
    for moment, before, after in zip(*reading, strict=True):
        for place in range(bisect_right(ends, before), bisect_right(ends, after)):
            histogram.add(1000 * (moment - due[place]))
    return histogram


def _spoken(crowd: Crowd, client: Client, numbers: range) -> list[bytes]:
    """Return a client's messages as they go into its socket."""
    return [crowd.dialect.say(text_of(client.number, number)) for number in numbers]
