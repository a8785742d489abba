"""One connection as the hub sees it: its socket, its codec, its cursor, and the session it speaks for.

The reader thread (`connection.py`) and the hub share a peer: `gate` says whose turn it is, all else is the hub's. Knows
nothing about bytes that come in.
"""

from __future__ import annotations

import socket
import threading
from collections import deque

from tcp_core.cursor import Cursor
from tcp_core.json_codec import JsonCodec
from tcp_core.messages import Command, Door
from tcp_core.session import Session
from tcp_core.text_codec import TextCodec

Codec = TextCodec | JsonCodec

# The socket itself stays blocking, for its reader thread.
SEND_FLAGS = socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0)


class Peer:
    """One connection."""

    __slots__ = (
        "address", "admitted", "apart", "blocked", "broken", "closing", "codec", "cursor", "door", "eof", "failures",
        "gate", "input", "lost", "operator", "raw_send", "session", "sock", "turn_due",
    )  # fmt: skip

    def __init__(self, sock: socket.socket, door: Door, address: str, codec: Codec) -> None:
        self.sock = sock
        self.raw_send = sock.send
        self.door: Door = door
        self.address = address
        self.codec = codec
        self.cursor = Cursor()
        self.session: Session | None = None
        self.gate = threading.Lock()
        """Held from handing input to the hub until it is applied: the reader's one credit."""
        self.input: deque[Command] | None = None
        """Input that is not applied yet, because its replies have to be taken first."""
        self.apart = True
        """It goes on by itself: it is not among those who are told together."""
        self.blocked = False
        """The socket takes no more; the watcher has it."""
        self.turn_due = False
        """The hub's inbox holds a turn for this peer to go on reading old events."""
        self.closing = False
        """Nothing more is taken from it; once the cursor is at its end, the connection ends."""
        self.broken = False
        """Nothing more can be sent to it."""
        self.eof = False
        """Nothing more comes from it."""
        self.lost = False
        """Its connection broke, rather than being closed."""
        self.admitted = False
        """It has said the room's password."""
        self.operator = False
        """It has said the operators' password before joining."""
        self.failures = 0
        """Refused attempts to join."""

    def send(self, data: bytes) -> int:
        """Send what the socket takes now; raises BlockingIOError if that is nothing, OSError if it is broken."""
        return self.raw_send(data, SEND_FLAGS)
