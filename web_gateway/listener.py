"""Takes connections, as many as there may be. Knows nothing about HTTP, but for the answer to one too many, or chat.

A connection counts from the moment it is taken, before its TLS handshake, which has a time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from web_gateway.client_address import Network
from web_gateway.connection import Connection, header_came
from web_gateway.headers import plain_answer
from web_gateway.limits import ConnectionLimits
from web_gateway.metrics import Counts
from web_gateway.tls import Certificate

BACKLOG = 1024
STOP_SECONDS = 3.0
NO_FILES_SECONDS = 1.0
"""How long nothing is accepted after the system had no file or memory left for another connection."""
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPALIVE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}
"""When a peer that does not answer any more is given up, in seconds, probes and milliseconds (tcp(7)); each where the
platform has it."""
_NO_LIMIT = 1 << 30
_OUT_OF = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


@dataclass(frozen=True, slots=True)
class ListenerOptions:
    """What an operator can set; 0 is no limit everywhere."""

    max_connections: int = 10_000
    connections_per_address: int = 2000
    header_timeout_seconds: float = 10.0
    header_bytes: int = 8190
    """Of a line."""
    header_fields: int = 64
    lingering_seconds: float = 10.0
    """How long the rest of a request is taken that has been answered already."""
    uncounted: tuple[Network, ...] = ()
    """Networks of reverse proxies, from which any number of connections may come."""


class Listener:
    """Serves an application on a port.

    :param tls: for HTTPS; what it holds at the time is used for each connection.
    """

    def __init__(
        self, app: web.Application, options: ListenerOptions, counts: Counts, tls: Certificate | None = None
    ) -> None:
        app.middlewares.append(header_came)
        self._runner = web.AppRunner(app, shutdown_timeout=STOP_SECONDS)
        self._options = options
        self._counts = counts
        self._tls = tls
        self._limits = ConnectionLimits(options.max_connections, options.connections_per_address, options.uncounted)
        self._listening: list[socket.socket] = []
        self._starting: set[asyncio.Task[None]] = set()
        size = options.header_bytes or _NO_LIMIT
        self._settings: dict[str, Any] = {
            "access_log": None,
            "lingering_time": options.lingering_seconds,
            "max_line_size": size,
            "max_field_size": size,
            "max_headers": options.header_fields or _NO_LIMIT,
        }

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen, and return host and port of the first address.

        :raises OSError: that is not possible.
        """
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            for family, *_, address in await loop.getaddrinfo(
                host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            ):
                self._listening.append(_listen(family, address))
        except OSError:
            await self.stop()
            raise
        for listening in self._listening:
            loop.add_reader(listening, self._accept, listening)
        bound_host, bound_port = self._listening[0].getsockname()[:2]
        return bound_host, bound_port

    async def stop(self) -> None:
        """Take no more connections, and end those that there are."""
        for listening in self._listening:
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()
        for task in self._starting:
            task.cancel()
        await self._runner.cleanup()

    def _accept(self, listening: socket.socket) -> None:
        """Take all connections that wait."""
        for _ in range(BACKLOG):
            try:
                sock, peer = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OUT_OF:
                    raise
                self._counts.refusals.add("no-files", None)
                loop = asyncio.get_running_loop()
                loop.remove_reader(listening)
                loop.call_later(NO_FILES_SECONDS, self._accept_again, listening)
                return
            self._take(sock, peer[0])

    def _accept_again(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0:
            asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _take(self, sock: socket.socket, address: str) -> None:
        sock.setblocking(False)
        refusal = self._limits.admit(address)
        if refusal is not None:
            self._counts.refusals.add(refusal.reason, address)
            if self._tls is None:  # with TLS, nobody could read it
                self._counts.responses[503] += 1
                with contextlib.suppress(OSError):
                    sock.send(plain_answer("503 Service Unavailable", refusal.text))
            sock.close()
            return
        self._counts.connections += 1
        task = asyncio.create_task(self._serve(sock, address))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _serve(self, sock: socket.socket, address: str) -> None:
        assert self._runner.server is not None
        connection = Connection(
            self._runner.server, self._counts, address, self._options.header_timeout_seconds,
            lambda: self._left(address), self._settings,
        )  # fmt: skip
        tls: dict[str, Any] = {}
        if self._tls is not None:
            seconds = self._options.header_timeout_seconds or None
            tls = {"ssl": self._tls.context, "ssl_handshake_timeout": seconds, "ssl_shutdown_timeout": STOP_SECONDS}
        _keep_alive(sock)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, sock, **tls)
        except OSError:  # also of TLS, and of its time limit
            self._counts.refusals.add("tls-handshake", address)
            connection.leave()
        except asyncio.CancelledError:
            connection.leave()
            raise

    def _left(self, address: str) -> None:
        self._limits.leave(address)
        self._counts.connections -= 1


def _listen(family: int, address: tuple[Any, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _keep_alive(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is gone already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
