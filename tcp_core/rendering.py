"""The log as one codec shows it: each event encoded once, however many read it.

The newest part is kept in memory, bounded; what is older is read from the log in bounded pieces. Knows nothing about
sockets or who reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tcp_core.event_log import EventLog
from tcp_core.messages import Event

PIECE_BYTES = 64 * 1024
"""A piece ends with the event that fills it up to this."""
TAIL_BYTES = 4 * 1024 * 1024
"""The tail in memory is cut to half when it grows beyond this."""
_COLD_EVENTS = 500
_WARM_EVENTS = 500


class Piece(NamedTuple):
    """Events `first` to `last`, encoded. Shared by all who are at the same place."""

    first: int
    last: int
    data: bytes
    lines: Sequence[bytes]
    cold: bool
    """It was read from the log, which takes time that others wait for."""

    def cut(self, sent: int) -> tuple[int, bytes]:
        """Say where a reader stands who has got the first `sent` bytes.

        :return: the last seq it has at least begun to get, and the rest of that event.
        """
        for seq, line in enumerate(self.lines, self.first):
            if sent <= len(line):
                return seq, line[sent:]
            sent -= len(line)
        return self.last, b""


class Rendering:
    """The log through the function `encode`.

    Used by the hub's thread alone.
    """

    def __init__(self, log: EventLog, encode: Callable[[Event], bytes]) -> None:
        self._log = log
        self._encode = encode
        self._first = log.last + 1  # seq of the tail's first line
        self._lines: list[bytes] = []
        self._bytes = 0
        self._pieces: dict[tuple[int, int], Piece] = {}  # of this round

    def warm(self) -> None:
        """Read the newest events into the tail, for the first who join after a start."""
        events = self._log.before(self._first, _WARM_EVENTS)
        self._lines = [self._encode(event) for event in events] + self._lines
        self._bytes = sum(map(len, self._lines))
        self._first -= len(events)

    def extend(self, events: Sequence[Event]) -> None:
        """Take in what the log has just taken."""
        encode = self._encode
        lines = [encode(event) for event in events]
        self._lines += lines
        self._bytes += sum(map(len, lines))
        if self._bytes > TAIL_BYTES:
            self._trim()

    def _trim(self) -> None:
        cut = 0
        while self._bytes > TAIL_BYTES // 2:
            self._bytes -= len(self._lines[cut])
            cut += 1
        del self._lines[:cut]
        self._first += cut

    def piece(self, after: int, upto: int) -> Piece:
        """Return events that follow seq `after`, at least one and none beyond `upto` (which is larger than `after`)."""
        key = (after, upto)
        piece = self._pieces.get(key)
        if piece is None:
            piece = self._pieces[key] = self._make_piece(after, upto)
        return piece

    def forget_pieces(self) -> None:
        """End a round: what was joined for it is no longer kept."""
        self._pieces.clear()

    def _make_piece(self, after: int, upto: int) -> Piece:
        start = after + 1 - self._first
        cold = start < 0
        if cold:
            limit = min(_COLD_EVENTS, upto - after)
            source = [self._encode(event) for event in self._log.after(after, limit)]
            start = 0
        else:
            source = self._lines
        end, size = start, 0
        stop = start + upto - after
        while end < stop and end < len(source) and size < PIECE_BYTES:
            size += len(source[end])
            end += 1
        lines = source[start:end]
        return Piece(after + 1, after + len(lines), b"".join(lines), lines, cold)
