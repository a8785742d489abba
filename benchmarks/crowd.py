"""Many clients in one epoll loop that does little with what comes, so that it is faster than the server it measures.

Every wait has a limit, and fails by saying who had not got what. Knows nothing about rates, cases or processes.
"""

from __future__ import annotations

import contextlib
import resource
import select
import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Self

from benchmarks.client import Client
from benchmarks.dialect import Dialect, nick_of
from benchmarks.stream import Message, Stream, WrongBytesError

LIMIT_SECONDS = 120.0
"""For anything that is waited for."""
STALLED_BUFFER = 4096
"""Bytes in the receive buffer of those who will not read, so that the server soon feels it."""
_RECEIVE_BYTES = 256 * 1024
_WAIT_SECONDS = 1.0


class IncompleteError(Exception):
    """What should have come did not, within the limit."""


class Reading(NamedTuple):
    """What was read, and when; the arrays have the same length."""

    times: array[float]
    """Monotonic clock, seconds."""
    before: array[int]
    """Offset in the stream before it was read, bytes."""
    after: array[int]
    """And after."""


class Crowd:
    """Clients of one room.

    :param address: host and port of its door.
    :param limit_seconds: how long anything may take.
    """

    def __init__(self, dialect: Dialect, address: tuple[str, int], limit_seconds: float = LIMIT_SECONDS) -> None:
        self.dialect = dialect
        self.clients: list[Client] = []
        self._address = address
        self._limit_seconds = limit_seconds
        self._poll = select.epoll()
        self._polled: dict[int, Client] = {}
        self._buffer = memoryview(bytearray(_RECEIVE_BYTES))
        self._stream = Stream(b"", dialect.line)
        self._counts: dict[int, int] = {}
        self._said: dict[int, int] = {}
        self._due_lines = 0
        self._marks = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.sock.close()
        self._poll.close()

    # ------------------------------------------------------------ coming in

    def join(self, count: int, at_once: int = 100, receive_buffer: int = 0, follow: Stream | None = None) -> None:
        """Let clients come in, so many at a time.

        :param receive_buffer: bytes; 0 for the usual size.
        :param follow: what each is to follow from its own joining on.
        """
        pending: set[Client] = set()
        whole = len(self.clients) + count
        while len(self.clients) < whole or pending:
            while len(self.clients) < whole and len(pending) < at_once:
                client = Client(self.dialect, len(self.clients), self._address, receive_buffer)
                if follow is not None:
                    client.watch_for(self.dialect.joined_mark(client.nick), follow)
                self.clients.append(client)
                self._counts[client.number] = self._said[client.number] = 0
                self._register(client)
                pending.add(client)
            pending -= self._some_settled(pending)

    def storm(self, count: int, at_once: int) -> None:
        """Let clients come in, and each see everyone come in who does so after itself, exactly once."""
        self._stream = stream = Stream(self.dialect.joined_mark(nick_of(0)), self.dialect.joined_line)
        self._due_lines = count - 1
        self.join(1, follow=stream)
        self.join(count - 1, at_once, follow=stream)
        self.read_all()
        nicks = sorted(self.dialect.joined_line.findall(bytes(stream.data)))
        if stream.lines != count - 1 or nicks != [client.nick.encode() for client in self.clients[1:]]:
            raise WrongBytesError(f"{len(nicks)} joinings in {stream.lines} lines, where {count - 1} were due")

    # ------------------------------------------------------------- talking

    def begin(self) -> None:
        """Have everybody read to one place; from there on all must read the same."""
        mark = self._next_mark("begin")
        end = self.dialect.said_mark(mark)
        self._stream = Stream(end, self.dialect.line)
        self._due_lines = 0
        for client in self.clients:
            client.offset = 0
            client.watch_for(end, self._stream)
        self.send(self.clients[0], self.dialect.say(mark))
        self.until(lambda: all(client.settle() for client in self._polled.values()), f"for {mark!r}")

    def will_say(self, client: Client, count: int = 1) -> range:
        """Note that a client is going to say messages; return their numbers."""
        first = self._said[client.number]
        self._said[client.number] += count
        self._due_lines += count
        return range(first, first + count)

    def send(self, client: Client, data: bytes) -> None:
        """Send as its socket takes it."""
        if not client.send(data):
            self._poll.modify(client.sock, select.EPOLLIN | select.EPOLLOUT)

    def read_all(self) -> None:
        """Return when everybody has read everything that was going to be said."""
        self.until(lambda: self._stream.lines >= self._due_lines, f"for {self._due_lines} messages")
        self._all_at_end()

    def messages(self) -> list[Message]:
        """Return what was read since the last call.

        :raises WrongBytesError: it is not exactly what was said, each sender's messages in order.
        """
        messages = self._stream.messages(self._counts)
        if self._counts != self._said:
            short = {number for number, count in self._counts.items() if count != self._said[number]}
            raise WrongBytesError(f"messages of clients {sorted(short)} are missing")
        return messages

    def end(self) -> None:
        """Say a last word, and have everybody read it behind everything else, and nothing besides."""
        mark = self._next_mark("end")
        self._due_lines += 1
        self.send(self.clients[0], self.dialect.say(mark))
        self.read_all()
        self._stream.take_line(self.dialect.said_mark(mark))

    def has(self, text: bytes, start: int, end: int) -> bool:
        """Whether a text ends between two places of the stream."""
        return self._stream.data.find(text, max(0, start - len(text)), end) >= 0

    # -------------------------------------------------------------- reading

    def stall(self, clients: Iterable[Client]) -> None:
        """Let clients read nothing from here on."""
        for client in clients:
            self._poll.unregister(client.sock)
            del self._polled[client.sock.fileno()]

    def resume(self, clients: Iterable[Client]) -> None:
        """Let them read again."""
        for client in clients:
            self._register(client)

    @contextlib.contextmanager
    def noted(self) -> Iterator[Reading]:
        """Note all that is read, and when."""
        reading = Reading(array("d"), array("Q"), array("Q"))
        clock, note_time, note_before, note_after = (
            time.monotonic, reading.times.append, reading.before.append, reading.after.append,
        )  # fmt: skip

        def note(client: Client, before: int) -> None:
            note_time(clock())
            note_before(before)
            note_after(client.offset)

        for client in self.clients:
            client.has_read = note
        try:
            yield reading
        finally:
            for client in self.clients:
                client.has_read = None

    def turn(self, seconds: float) -> None:
        """Wait for something to come, for so long at most, and read and send what can be.

        The wait is that of `select`: epoll's own is rounded up to whole milliseconds.
        """
        if seconds > 0:
            select.select([self._poll], [], [], seconds)
        polled, buffer = self._polled, self._buffer
        for file, events in self._poll.poll(0):
            client = polled[file]
            if events & select.EPOLLOUT and client.flush():
                self._poll.modify(file, select.EPOLLIN)
            if events & ~select.EPOLLOUT:
                client.read_into(buffer)

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Read and send until it is so.

        :param what: what is waited for, for the error.
        :raises IncompleteError: it was not so within the limit.
        """
        deadline = time.monotonic() + self._limit_seconds
        while not done():
            left = deadline - time.monotonic()
            if left < 0:
                raise IncompleteError(f"waited {what}, for {self._limit_seconds:g} s in vain")
            self.turn(min(left, _WAIT_SECONDS))

    def _some_settled(self, clients: set[Client]) -> set[Client]:
        """Wait until some have found what they look for; return those."""
        self.until(lambda: any(client.settle() for client in clients), "for clients to join")
        return {client for client in clients if client.settle()}

    def _all_at_end(self) -> None:
        waiting = set(self._polled.values())

        def nobody() -> bool:
            end = len(self._stream.data)
            waiting.difference_update([one for one in waiting if one.settle() and one.offset == end])
            return not waiting

        self.until(nobody, "for everybody to read to the end")

    def _next_mark(self, word: str) -> str:
        self._marks += 1
        return f"{word} {self._marks}"

    def _register(self, client: Client) -> None:
        self._poll.register(client.sock, select.EPOLLIN | (select.EPOLLOUT if client.outgoing else 0))
        self._polled[client.sock.fileno()] = client


def allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one: each connection is a file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
