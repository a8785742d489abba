"""Connections that are not served: they are told why in one line, and closed once they have heard it.

Closing at once would reset a connection that has sent something, and the reset could overtake the line. So what such a
client sends is read for a moment, by the acceptor's own selector and without a thread. Knows nothing about doors.
"""

from __future__ import annotations

import contextlib
import selectors
import socket

from tcp_core.deadlines import Deadlines

LISTENING_SECONDS = 2.0
MOST_LISTENED_TO = 256
"""Beyond this many, those who were turned away first are closed."""
_DISCARDED_BYTES = 4096


class TurnedAway:
    """Those who have been told, and may still be sending.

    Used by one thread.

    :param selector: has `readable` called with a socket of theirs that is ready.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._leaving: Deadlines[socket.socket] = Deadlines(LISTENING_SECONDS)

    def add(self, sock: socket.socket, line: bytes, now: float) -> None:
        """Tell the peer of `sock` why, and take charge of closing it."""
        sock.setblocking(False)
        try:
            sock.send(line)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            sock.close()
            return
        while len(self._leaving) >= MOST_LISTENED_TO:
            self._close(self._leaving.pop())
        self._selector.register(sock, selectors.EVENT_READ)
        self._leaving.add(sock, now)

    def readable(self, sock: socket.socket) -> None:
        """Discard what has come; close at the end."""
        if sock.fileno() < 0:  # it was closed for others, after it was found ready
            return
        with contextlib.suppress(OSError):
            if sock.recv(_DISCARDED_BYTES):
                return
        self._leaving.discard(sock)
        self._close(sock)

    def expire(self, now: float) -> float | None:
        """Close those whose time is over.

        :return: how many seconds later to call this again, None if nobody is left.
        """
        for sock in self._leaving.expired(now):
            self._close(sock)
        due = self._leaving.next()
        return None if due is None else max(0.0, due - now)

    def close(self) -> None:
        """Close all."""
        while len(self._leaving):
            self._close(self._leaving.pop())

    def _close(self, sock: socket.socket) -> None:
        self._selector.unregister(sock)
        sock.close()
