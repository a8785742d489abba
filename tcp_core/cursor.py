"""One connection's place in the log, and what only it is told; moved as fast as its socket takes bytes.

Nothing is queued for a reader that is slow: its cursor stays where it is. Knows nothing about sockets (it is given a
function that sends), chat or codecs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from tcp_core.rendering import Rendering, Selection

Send = Callable[[bytes], int]
"""Sends what it can of the bytes and returns how many that were; raises BlockingIOError if none."""


class Progress(Enum):
    """Why `advance` came to an end."""

    DONE = auto()
    """There is nothing more to send."""
    BLOCKED = auto()
    """The socket takes no more for now."""
    MORE = auto()
    """There is more, but others should have their turn."""


class Cursor:
    """A place in the log.

    Replies stand in the stream where they were made: one made when the log ended at seq n is sent right after event n.
    """

    __slots__ = ("_replies", "_rest", "end", "position", "rendering", "reply_bytes", "told")

    def __init__(self) -> None:
        self.position = 0
        """The newest seq that was handed to the socket, at least in part."""
        self.rendering: Rendering | Selection | None = None
        """How the log is shown; None before joining, when there are only replies."""
        self.end: int | None = None
        """The last seq it is going to see; None while there is no end."""
        self.reply_bytes = 0
        """The size of the replies not sent yet, in bytes."""
        self.told = 0
        """How many events were handed to the socket by `advance`, at least in part."""
        self._replies: deque[tuple[int, bytes]] | None = None
        self._rest = b""  # of what the socket took only in part: at most one event or one reply

    def reply(self, after: int, data: bytes) -> None:
        """Have `data` sent after event `after`."""
        if self._replies is None:
            self._replies = deque()
        self._replies.append((after, data))
        self.reply_bytes += len(data)

    def sent_part(self, position: int, rest: bytes) -> None:
        """Note that the socket took events up to `position`, of the last one all but `rest`."""
        self.position = position
        self._rest = rest

    def advance(self, head: int, send: Send) -> Progress:
        """Send what there is up to seq `head`, or up to where the socket takes no more.

        :raises OSError: the socket is broken.
        """
        try:
            return self._advance(head if self.end is None else min(head, self.end), send)
        except BlockingIOError:
            return Progress.BLOCKED

    def _advance(self, head: int, send: Send) -> Progress:
        while True:
            if self._rest:
                sent = send(self._rest)
                self._rest = self._rest[sent:]
                if self._rest:
                    return Progress.BLOCKED
            if self._next_reply():
                continue
            limit = min(self._replies[0][0], head) if self._replies else head
            if self.rendering is None or self.position >= limit:
                return Progress.DONE
            piece = self.rendering.piece(self.position, limit)
            sent = send(piece.data) if piece.data else 0
            if sent < len(piece.data):
                self.told -= self.position
                self.sent_part(*piece.cut(sent))
                self.told += self.position
                return Progress.BLOCKED
            self.position = piece.last
            self.told += len(piece.lines)
            if piece.cold and self.position < limit:
                return Progress.MORE

    def _next_reply(self) -> bool:
        """Make the replies whose place has been reached the next to be sent; return whether there were any."""
        replies = self._replies
        if not replies or (self.rendering is not None and replies[0][0] > self.position):
            return False
        _, self._rest = replies.popleft()
        self.reply_bytes -= len(self._rest)
        if not replies:
            self._replies = None
        return bool(self._rest) or bool(replies)
