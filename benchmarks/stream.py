"""The bytes that every receiver of a room must read from one place on, and the check that it does.

There is one stream, which the receiver who is furthest extends; all others are compared with it at the speed of
memcmp. If each has reached its end, then what was lost, doubled or swapped for one is so for all, and reading the
stream once finds it. Knows nothing about sockets, frames or time.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SHOWN_BYTES = 80


class WrongBytesError(Exception):
    """A receiver was sent something else than the others, or all were sent something wrong."""


class Message(NamedTuple):
    """One message of the stream."""

    end: int
    """Offset in the stream behind it, bytes."""
    sender: int
    number: int
    """Its place among those of this sender: 0, 1, 2 …"""


class Stream:
    """What is read by all, from a mark on.

    :param mark: the end of the line that it begins behind.
    :param line: matches a whole line; its groups are `sender` and `number`.
    """

    def __init__(self, mark: bytes, line: re.Pattern[bytes]) -> None:
        self.mark = mark
        self.data = bytearray()
        self.lines = 0
        """Complete lines in it."""
        self._line = line
        self._parsed = 0  # bytes

    def follow(self, offset: int, chunk: bytes | memoryview) -> int:
        """Check what a receiver got that stands at `offset` bytes, and extend the stream if it is the furthest.

        :return: the offset behind it.
        :raises WrongBytesError: the others were sent something else.
        """
        data = self.data
        if data.startswith(chunk, offset):
            return offset + len(chunk)
        known = len(data) - offset
        if len(chunk) <= known or not data.startswith(chunk[:known], offset):
            expected, got = bytes(data[offset : offset + _SHOWN_BYTES]), bytes(chunk[:_SHOWN_BYTES])
            raise WrongBytesError(f"at offset {offset} came {got!r} where the others got {expected!r}")
        new = bytes(chunk[known:])
        data += new
        self.lines += new.count(b"\n")
        return offset + len(chunk)

    def place(self, mark: bytes) -> int | None:
        """Return the offset behind a mark; None while nobody has got so far."""
        if mark == self.mark:
            return 0
        found = self.data.find(mark)
        return None if found < 0 else found + len(mark)

    def messages(self, counts: dict[int, int]) -> list[Message]:
        """Read what has come since the last call, up to the end.

        :param counts: how many messages each sender said before; brought up to date.
        :raises WrongBytesError: a message is missing, doubled or out of order, or something is no message.
        """
        lines = bytes(self.data[self._parsed :]).split(b"\n")
        if lines.pop():
            raise WrongBytesError("the stream ends within a line")
        messages = []
        for line in lines:
            self._parsed += len(line) + 1
            match = self._line.fullmatch(line)
            if match is None:
                raise WrongBytesError(f"{line[:_SHOWN_BYTES]!r} is no message")
            sender, number = int(match["sender"]), int(match["number"])
            if number != counts[sender]:
                raise WrongBytesError(f"message {number} of client {sender} came where {counts[sender]} was due")
            counts[sender] += 1
            messages.append(Message(self._parsed, sender, number))
        return messages

    def take_line(self, end: bytes) -> None:
        """Read the one line that has come since `messages`.

        :raises WrongBytesError: it does not end so, or is not the only one.
        """
        rest = bytes(self.data[self._parsed :])
        if rest.count(b"\n") != 1 or not rest.endswith(end):
            raise WrongBytesError(f"{rest[:_SHOWN_BYTES]!r} came where only {end!r} was due")
        self._parsed += len(rest)
