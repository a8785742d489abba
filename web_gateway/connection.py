"""One HTTP connection, as aiohttp serves it, with what strangers call for: limits of time and speed, few words for bad
requests.

Knows nothing about what is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.typedefs import Handler

from web_gateway.headers import HEADERS
from web_gateway.metrics import Counts

PIECE_BYTES = 4096
"""So much is taken in at once."""
BURST_BYTES, BYTES_PER_SECOND = 64 * 1024, 32 * 1024
"""So much is taken without a wait, and then so much a second, of what never gets to the core, which limits the rest."""
_FRAME_BYTES = 14
"""What a frame's head may take (RFC 6455, section 5.2)."""
_log = structlog.stdlib.get_logger("web_gateway")


class Connection(web.RequestHandler):
    """A connection whose first request's header has to come in a certain time.

    aiohttp's own limit for a connection that waits (`keepalive_timeout`) is the same for later requests: it does not
    ask how much of the next header has come.

    :param address: the peer's.
    :param header_seconds: the time; 0: no limit.
    :param left: called once, when the connection has ended.
    :param settings: aiohttp's.
    """

    __slots__ = (
        "_address",
        "_backlog",
        "_counts",
        "_deadline",
        "_free_at",
        "_header_seconds",
        "_held",
        "_left",
        "_waits",
    )

    def __init__(
        self,
        server: web.Server,
        counts: Counts,
        address: str,
        header_seconds: float,
        left: Callable[[], None],
        settings: Mapping[str, Any],
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), keepalive_timeout=header_seconds, **settings)
        self._counts = counts
        self._address = address
        self._header_seconds = header_seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._left: Callable[[], None] | None = left
        self._backlog = b""  # what came faster than it is taken
        self._free_at = 0.0  # when all that was taken would have come at an even pace
        self._held: asyncio.Handle | None = None
        self._waits = False  # because of its pace

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a header."""
        if self._header_seconds:
            self._deadline = asyncio.get_running_loop().call_later(self._header_seconds, self._too_late)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End it."""
        self.header_came()
        if self._held is not None:
            self._held.cancel()
        self._backlog = b""
        super().connection_lost(exc)
        self.leave()

    def data_received(self, data: bytes) -> None:
        """Take in a piece, and the rest of it when others have had their turn: each frame costs, the shortest most."""
        if not data:  # aiohttp has the parser go on
            super().data_received(data)
            return
        self._backlog += data
        if self._held is None:
            self._take_piece()

    def _take_piece(self) -> None:
        self._held = None
        if self.transport is None:
            return
        piece, self._backlog = self._backlog[:PIECE_BYTES], self._backlog[PIECE_BYTES:]
        super().data_received(piece)
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._free_at = max(self._free_at, now) + len(piece) / BYTES_PER_SECOND
        delay = self._free_at - now - BURST_BYTES / BYTES_PER_SECOND
        if (self._backlog or delay > 0) and self.transport is not None:
            self._pause_transport_reading()
            self._waits = delay > 0
            self._held = loop.call_later(max(0.0, delay), self._go_on)

    def passed_on(self, size: int) -> None:
        """Note that a frame of so many bytes went to the core, which has limits of its own and makes this side wait."""
        self._free_at -= (size + _FRAME_BYTES) / BYTES_PER_SECOND
        if self._waits and self._held is not None:
            loop = asyncio.get_running_loop()
            if self._free_at - loop.time() <= BURST_BYTES / BYTES_PER_SECOND:
                self._held.cancel()
                self._held = loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._held = None
        self._waits = False
        if not (self._reading_paused or self._buffer_paused):
            self._resume_transport_reading()

    def _resume_transport_reading(self) -> None:
        """Called by aiohttp too, when it has room again."""
        if self._held is not None:
            return
        if self._backlog:
            self._held = asyncio.get_running_loop().call_soon(self._take_piece)
        else:
            super()._resume_transport_reading()

    def header_came(self) -> None:
        """Note that a whole header has come."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def leave(self) -> None:
        """Say that it has ended, once."""
        left, self._left = self._left, None
        if left is not None:
            left()

    def _too_late(self) -> None:
        self._counts.refusals.add("header-timeout-seconds", self._address)
        if self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  (it may hold what the client sent)
    ) -> web.StreamResponse:
        """Answer what is no request (400), or one that made the program fail; what a client sent is never logged."""
        if request.writer.output_size > 0:
            raise ConnectionError("The answer has begun, so it can't become another one.")
        if status != 400:
            if not isinstance(exc, ConnectionError):
                _log.error("request failed", exc_info=exc)
            text = "The server failed; its log says how."
        elif isinstance(exc, LineTooLong):
            status, text = 431, f"A line of the request's header is longer than {self.max_field_size} (--header-bytes)."
            self._refused("header-bytes", status)
        else:
            text = "This is not a request of HTTP."
            self._refused("not-http", status)
        response = web.Response(status=status, text=f"{text}\n", headers=HEADERS)
        response.force_close()
        return response

    def _refused(self, reason: str, status: int) -> None:
        self.header_came()
        self._counts.refusals.add(reason, self._address)
        self._counts.responses[status] += 1  # no application sees it


@web.middleware
async def header_came(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell a connection that its request has come."""
    if isinstance(request.protocol, Connection):
        request.protocol.header_came()
    return await handler(request)
