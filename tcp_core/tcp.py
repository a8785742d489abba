"""What TCP is told about a connection, and asked about it. Knows nothing about who uses the connection, or what for."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios

KEEPALIVE_IDLE_SECONDS = 60
USER_TIMEOUT_SECONDS = 360
"""How long sent bytes may stay unacknowledged; longer than a slow reader may take."""
_RESET = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds


def tune(sock: socket.socket) -> None:
    """Send at once, and find out about peers that are dead (never with a byte that they would see)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_SECONDS * 1000)


def reset_at_close(sock: socket.socket) -> None:
    """Have the peer see a reset when the socket is closed, and not merely our end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def under_way(sock: socket.socket) -> bool:
    """Whether the peer's system has not acknowledged yet all that was sent; a reset would destroy the rest.

    Of one end of a socketpair: whether the other end has not read all of it.
    """
    try:  # for a socket, TIOCOUTQ is what tcp(7) and unix(7) call SIOCOUTQ
        (count,) = struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0\0\0\0"))
    except OSError:
        return False
    return bool(count)
