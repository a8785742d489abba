"""Many clients in one loop that does little with what comes, so that they are faster than the server they measure."""

from __future__ import annotations

import contextlib
import json
import re
import selectors
import socket
import time
import zlib
from typing import Any

from tests.soak.house import Address
from tests.soak.websocket import Frames, frame, request

_RECEIVE_BYTES = 1024 * 1024
_SEQ = re.compile(rb'"seq":(\d+)')
SMALL_BUFFER = 4096
"""For the receive buffer of those who are going to stall, so that the server soon feels it."""


class Client:
    """A connection that reads all it can, and sends what it has."""

    def __init__(self, address: Address, receive_buffer: int, source: str = "") -> None:
        self.total = 0
        """How much came since it began to count."""
        self.ended = False
        """The server has hung up."""
        self.hangs_up = True
        """It closes its own side then."""
        self.outgoing = b""
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.sock.bind((source, 0))
        self.sock.settimeout(10)
        self.sock.connect(address)

    def take(self, data: bytes) -> None:
        """Note what came."""
        raise NotImplementedError


class Terminal(Client):
    """Counts bytes."""

    def __init__(self, address: Address, nick: str, receive_buffer: int = 0, source: str = "") -> None:
        """Join, and read up to one's own joining."""
        super().__init__(address, receive_buffer, source)
        self.nick = nick
        self.tail = b""
        """The newest bytes."""
        self.checksum: int | None = None
        """Of the bytes that are counted, unless it is None."""
        self.kept: list[bytes] | None = None
        """All that came, unless it is None."""
        self.sock.sendall(f"{nick}\n".encode())
        joined = f"* {nick} joined *\n".encode()
        while joined not in self.tail:
            data = self.sock.recv(4096)
            assert data, self.tail
            self.tail = self.tail[-200:] + data
        self.sock.setblocking(False)

    def count(self, checksum: bool) -> None:
        """Count from here on."""
        self.total = 0
        self.checksum = 0 if checksum else None

    def take(self, data: bytes) -> None:
        self.total += len(data)
        self.tail = data[-64:] if len(data) >= 64 else (self.tail + data)[-64:]
        if self.checksum is not None:
            self.checksum = zlib.crc32(data, self.checksum)
        if self.kept is not None:
            self.kept.append(data)


class Browser(Client):
    """Sees that every seq comes in its turn; `total` is the newest."""

    def __init__(
        self, address: Address, nick: str, receive_buffer: int = 0, source: str = "", **fields: str | int
    ) -> None:
        """Join, and read up to one's own joining, or up to who is here where it resumes."""
        super().__init__(address, receive_buffer, source)
        self.nick = nick
        self.welcome: dict[str, Any] = {}
        self.members: list[str] = []
        self.presence: list[dict[str, Any]] = []
        """Who joined, left or was renamed."""
        self.frames = Frames()
        self.sock.sendall(request(address[1]) + frame(type="join", nick=nick, lang="en", **fields))
        while not (self.members and (self.welcome["resumed"] or self.total > self.welcome["live"])):
            data = self.sock.recv(4096)
            assert data
            self.take(data)
        self.sock.setblocking(False)

    def take(self, data: bytes) -> None:
        for line in self.frames.feed(data):
            found = _SEQ.search(line)
            if found is None:
                message = json.loads(line)
                if message["type"] == "welcome":
                    self.welcome = message
                elif message["type"] == "members":
                    self.members += message["nicks"]
                continue
            seq = int(found[1])
            assert seq == self.total + 1 or not self.total, f"{seq} came after {self.total}"
            self.total = seq
            self.note(line)
        self.ended = self.frames.code is not None

    def note(self, event: bytes) -> None:
        """Keep what is of interest about an event."""
        if not event.startswith(b'{"type":"said"'):
            self.presence.append(json.loads(event))


class Crowd:
    """Clients in one epoll loop."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()
        self._selector = selectors.DefaultSelector()

    def add(self, *clients: Client) -> None:
        """Let clients read."""
        for client in clients:
            self._clients.add(client)
            self._selector.register(client.sock, selectors.EVENT_READ, client)

    def send(self, client: Client, data: bytes) -> None:
        """Send as its socket takes it."""
        client.outgoing += data
        self._selector.modify(client.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, client)

    def read_until_ends_with(self, end: bytes, seconds: float) -> None:
        """Return when this is the last that each terminal has got."""
        terminals = [client for client in self._clients if isinstance(client, Terminal)]
        waiting = {terminal for terminal in terminals if not terminal.tail.endswith(end)}
        deadline = time.monotonic() + seconds
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} wait for {end!r}"
            self._once()
            waiting = {terminal for terminal in waiting if not terminal.tail.endswith(end)}

    def read_until_total(self, total: int, seconds: float, *clients: Client) -> None:
        """Return when those clients have got so much, or everybody has."""
        waiting = {client for client in clients or self._clients if client.total < total}
        deadline = time.monotonic() + seconds
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} have not got everything"
            waiting -= {client for client in self._once() if client.total >= total}
        totals = {client.total for client in clients or self._clients}
        assert totals == {total}, f"somebody got more than the {total} there are: {totals}"

    def read_until_end(self, seconds: float) -> None:
        """Return when everybody has been hung up on."""
        deadline = time.monotonic() + seconds
        while connected := sum(not client.ended for client in self._clients):
            assert time.monotonic() < deadline, f"{connected} are still connected"
            self._once()

    def close(self) -> None:
        """Close everything."""
        for client in self._clients:
            client.sock.close()
        self._selector.close()

    def _once(self, timeout: float = 1) -> list[Client]:
        """Take and send what can be now, or within some seconds; return who got something."""
        fed = []
        for key, events in self._selector.select(timeout):
            client: Client = key.data
            if events & selectors.EVENT_WRITE:
                with contextlib.suppress(BlockingIOError):
                    client.outgoing = client.outgoing[client.sock.send(client.outgoing) :]
                if not client.outgoing:
                    self._selector.modify(client.sock, selectors.EVENT_READ, client)
            if events & selectors.EVENT_READ:
                try:
                    data = client.sock.recv(_RECEIVE_BYTES)
                except ConnectionResetError:
                    data = b""
                if data:
                    client.take(data)
                    fed.append(client)
                else:
                    client.ended = True
                if client.ended:
                    self._selector.unregister(client.sock)
                    if client.hangs_up:
                        client.sock.close()
        return fed
