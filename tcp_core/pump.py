"""One TLS connection, pumped between the client's socket and a socketpair that stands for it.

It moves what can be moved and says what it waits for. Knows nothing about time limits, other connections or what the
bytes mean.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
from enum import Enum, auto

PIECE_BYTES = 16 * 1024
"""What is held of one client in either direction: the plain text of one TLS record (RFC 8446, section 5.1)."""
TURN_PIECES = 4
"""So many pieces of one client, then others have their turn."""
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Stage(Enum):
    """How far it is."""

    HELLO = auto()
    """Nothing has come yet."""
    HANDSHAKE = auto()
    OPEN = auto()
    CLOSING = auto()
    """All is sent but our close_notify."""
    LINGER = auto()
    """All is sent; the client's end is waited for."""


class End:
    """One of a pump's two sockets, with the events that it waits for and those the selector knows of."""

    __slots__ = ("known", "sock", "wanted")

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.wanted = self.known = 0


class Pump:
    """One TLS connection. Bytes move only as fast as the slower side takes them."""

    __slots__ = ("_deaf", "_inward", "_outward", "address", "ending", "inner", "lost", "outer", "stage", "unread")

    def __init__(self, outer: socket.socket, inner: socket.socket, address: str) -> None:
        self.outer = End(outer)
        self.inner = End(inner)
        self.address = address
        self.stage = Stage.HELLO
        self.lost = False
        """The connection broke, rather than being closed."""
        self.ending = False
        """The plain side takes nothing more."""
        self.unread = True
        """The client may send more."""
        self._deaf = False  # the client takes no more; what is for it is thrown away
        self._inward = b""
        self._outward = b""

    def shake_hands(self) -> bool:
        """Go on with the handshake; return whether it is done.

        :raises OSError: it has failed.
        """
        assert isinstance(self.outer.sock, ssl.SSLSocket)
        try:
            self.outer.sock.do_handshake()
        except ssl.SSLWantReadError:
            self.outer.wanted = _READ
        except ssl.SSLWantWriteError:
            self.outer.wanted = _WRITE
        else:
            return True
        return False

    def move_in(self) -> bool:
        """Move a piece from the client to the plain side; return whether anything moved."""
        if not self._inward and self.unread:
            try:
                self._inward = self.outer.sock.recv(PIECE_BYTES)
            except ssl.SSLWantReadError:
                self.outer.wanted |= _READ
                return False
            except ssl.SSLWantWriteError:
                self.outer.wanted |= _WRITE
                return False
            except OSError:
                self.lost = self._deaf = True
            if not self._inward:
                self.unread = False
                with contextlib.suppress(OSError):
                    self.inner.sock.shutdown(socket.SHUT_WR)
        if not self._inward:
            return False
        try:
            sent = self.inner.sock.send(self._inward)
        except BlockingIOError:
            self.inner.wanted |= _WRITE
            return False
        except OSError:  # the plain side has ended
            sent = len(self._inward)
        self._inward = self._inward[sent:]
        return True

    def move_out(self) -> bool:
        """Move a piece from the plain side to the client; return whether anything moved."""
        if not self._outward:
            try:
                self._outward = self.inner.sock.recv(PIECE_BYTES)
            except BlockingIOError:
                self.inner.wanted |= _READ
                return False
            except OSError:  # it has left input unread
                pass
            if not self._outward:
                self.stage = Stage.CLOSING
                return False
        try:
            sent = len(self._outward) if self._deaf else self.outer.sock.send(self._outward)
        except ssl.SSLWantWriteError:
            self.outer.wanted |= _WRITE
            return False
        except ssl.SSLWantReadError:
            self.outer.wanted |= _READ
            return False
        except OSError:  # what it sent before is to be heard all the same
            self._deaf = True
            sent = len(self._outward)
        self._outward = self._outward[sent:]
        return True

    def say_end(self) -> bool:
        """Send the close_notify (RFC 8446, section 6.1); return whether that is done."""
        assert isinstance(self.outer.sock, ssl.SSLSocket)
        try:
            self.outer.sock.unwrap()
        except ssl.SSLWantWriteError:
            self.outer.wanted = _WRITE
            return False
        except OSError:  # it is sent, and the client has not answered with its own; or it can't be
            pass
        return True

    def client_ended(self) -> bool:
        """Throw away what the client still sends; return whether it has ended."""
        try:
            for _ in range(TURN_PIECES):
                if not self.outer.sock.recv(PIECE_BYTES):
                    return True
        except BlockingIOError:
            pass
        except OSError:
            return True
        self.outer.wanted = _READ
        return False
