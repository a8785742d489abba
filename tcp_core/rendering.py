"""The log as one codec shows it: each event encoded once, however many read it.

The newest part is kept in memory, bounded; what is older is read from the log in bounded pieces. Knows nothing about
sockets or who reads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from tcp_core.event_log import EventLog, UnreadableError
from tcp_core.messages import ROOM, Event, Gap

PIECE_BYTES = 64 * 1024
"""A piece ends with the event that fills it up to this."""
TAIL_BYTES = 4 * 1024 * 1024
"""The tail in memory is cut to half when it grows beyond this."""
_COLD_EVENTS = 500
_WARM_EVENTS = 500
_logger = logging.getLogger("parley.rendering")


class Piece(NamedTuple):
    """Events `first` to `last`, encoded, or one line that stands for all. Shared by those who are at one place."""

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
        for seq, line in enumerate(self.lines, self.last - len(self.lines) + 1):
            if sent <= len(line):
                return seq, line[sent:]
            sent -= len(line)
        return self.last, b""


class Rendering:
    """The log through the function `encode`.

    Used by the hub's thread alone.
    """

    def __init__(self, log: EventLog, encode: Callable[[Event], bytes], encode_gap: Callable[[Gap], bytes]) -> None:
        self.whole = self
        self._log = log
        self._encode = encode
        self._encode_gap = encode_gap
        self._first = log.last + 1  # seq of the tail's first line
        self._lines: list[bytes] = []
        self._bytes = 0
        self._pieces: dict[tuple[int, int], Piece] = {}  # of this round

    def warm(self) -> None:
        """Read the newest events into the tail, for the first who join after a start."""
        try:
            events = self._log.before(self._first, _WARM_EVENTS)
        except UnreadableError:
            return  # whoever asks for them is told
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

    def reload(self) -> None:
        """Drop what is in memory, since events in the log have changed; read the newest again."""
        self._lines.clear()
        self._bytes = 0
        self._first = self._log.last + 1
        self._pieces.clear()
        self.warm()

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
        if start < 0:
            return self._cold_piece(after, upto)
        end = _filled(self._lines, start, start + upto - after)
        lines = self._lines[start:end]
        return Piece(after + 1, after + len(lines), b"".join(lines), lines, cold=False)

    def _cold_piece(self, after: int, upto: int) -> Piece:
        try:
            events = self._log.after(after, min(_COLD_EVENTS, upto - after))
        except UnreadableError as error:
            _logger.error("events can't be read", extra={"after": after, "problem": str(error)})
            events = []
        following = events[0].seq if events else self._first
        if following > after + 1:  # pruned, or unreadable
            line = self._encode_gap(Gap(ROOM, after + 1, following - 1))
            return Piece(after + 1, following - 1, line, [line], cold=True)
        encoded = [self._encode(event) for seq, event in enumerate(events, after + 1) if event.seq == seq]
        lines = encoded[: _filled(encoded, 0, len(encoded))]
        return Piece(after + 1, after + len(lines), b"".join(lines), lines, cold=True)


class Selection:
    """A rendering without some of its lines: what one reader wants to see of it.

    :param whole: what there is.
    """

    def __init__(self, whole: Rendering) -> None:
        self.whole = whole
        self._hidden: dict[bytes, int] = {}  # how the lines begin, and behind which seq
        self._hidden_before: list[tuple[bytes, int, int]] = []  # behind which seq, and up to which one

    def hide(self, beginnings: Collection[bytes], head: int) -> None:
        """Leave out what begins so behind seq `head`; up to it, what was to be left out before."""
        for beginning in [beginning for beginning in self._hidden if beginning not in beginnings]:
            self._hidden_before.append((beginning, self._hidden.pop(beginning), head))
        for beginning in beginnings:
            self._hidden.setdefault(beginning, head)

    def piece(self, after: int, upto: int) -> Piece:
        """Return the piece of the whole, with nothing where the hidden lines were."""
        self._hidden_before = [span for span in self._hidden_before if span[2] > after]
        spans = [*((beginning, behind, upto) for beginning, behind in self._hidden.items()), *self._hidden_before]
        piece = self.whole.piece(after, upto)
        lines = [
            b"" if any(behind < seq <= last and line.startswith(begin) for begin, behind, last in spans) else line
            for seq, line in enumerate(piece.lines, piece.last - len(piece.lines) + 1)
        ]
        return piece._replace(lines=lines, data=b"".join(lines))

    def forget_pieces(self) -> None:
        """Keep nothing; the whole does."""


def _filled(lines: Sequence[bytes], start: int, stop: int) -> int:
    """Return where a piece ends that begins at `start`."""
    size = 0
    for end in range(start, stop):
        size += len(lines[end])
        if size >= PIECE_BYTES:
            return end + 1
    return stop
