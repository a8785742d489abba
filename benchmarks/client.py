"""One connection that reads, and where in the stream it is. Knows nothing about other clients or waiting."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from benchmarks.dialect import Dialect, nick_of
from benchmarks.frames import Unframer
from benchmarks.stream import Stream

_SOURCES = 8
"""Addresses to come from, 127.0.0.1 and so on, since each has only so many ports."""


class ConnectionEndedError(Exception):
    """The server hung up on a client that had not asked for it."""


class Client:
    """A client that has connected and said who it is.

    :param number: it is named after it.
    :param address: host and port.
    :param receive_buffer: bytes of the kernel's buffer; 0 for the usual size.
    """

    def __init__(self, dialect: Dialect, number: int, address: tuple[str, int], receive_buffer: int = 0) -> None:
        self.number = number
        self.nick = nick_of(number)
        self.offset = 0
        """Bytes of the stream that it has read."""
        self.has_read: Callable[[Client, int], None] | None = None
        """Called with the client and its offset before, whenever it has read."""
        self.outgoing = memoryview(b"")
        """What the socket has not taken yet."""
        self._stream: Stream | None = None
        self._mark = dialect.joined_mark(self.nick)  # what it looks for; empty when found
        self._tail = b""  # bytes that the mark may be in
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.bind((f"127.0.0.{1 + number % _SOURCES}", 0))
        self.sock.connect(address)
        self.sock.setblocking(False)
        self.take: Callable[[bytes | memoryview], None] = self._follow
        """Takes what came from the socket."""
        if dialect.framed:
            self.take = Unframer(self._follow, self._answer).feed
        self.send(dialect.hello(self.nick, address))

    def watch_for(self, mark: bytes, stream: Stream) -> None:
        """Follow the stream from behind this mark on."""
        self._mark, self._tail, self._stream = mark, b"", stream

    def send(self, data: bytes) -> bool:
        """Send what the socket takes, and keep the rest.

        :return: whether nothing is left.
        """
        self.outgoing = memoryview(bytes(self.outgoing) + data if self.outgoing else data)
        return self.flush()

    def flush(self) -> bool:
        """Send what was kept, as far as the socket takes it; return whether nothing is left."""
        with contextlib.suppress(BlockingIOError):
            self.outgoing = self.outgoing[self.sock.send(self.outgoing) :]
        return not self.outgoing

    def read_into(self, buffer: memoryview) -> None:
        """Take what the socket has, or as much of it as the buffer holds.

        :raises ConnectionEndedError: there will be no more.
        :raises WrongBytesError: it is not what the others got.
        """
        try:
            size = self.sock.recv_into(buffer)
        except BlockingIOError:
            return
        except ConnectionResetError:
            size = 0
        if not size:
            raise ConnectionEndedError(f"{self.nick} was cut off")
        before = self.offset
        self.take(buffer[:size])
        if self.has_read is not None:
            self.has_read(self, before)

    def _answer(self, data: bytes) -> None:
        self.send(data)  # a few bytes, which the socket takes

    def _follow(self, chunk: bytes | memoryview) -> None:
        if self._mark:
            self._tail += chunk
            self.settle()
        elif self._stream is not None:
            self.offset = self._stream.follow(self.offset, chunk)

    def settle(self) -> bool:
        """Find one's place, if what came so far tells it; return whether it is found."""
        if not self._mark:
            return True
        found = self._tail.find(self._mark)
        if found < 0:
            self._tail = self._tail[1 - len(self._mark) :]
            return False
        if self._stream is not None:
            place = self._stream.place(self._mark)
            if place is None:
                self._tail = self._tail[found:]
                return False
            self.offset = self._stream.follow(place, self._tail[found + len(self._mark) :])
        self._mark = self._tail = b""
        return True
