"""One HTTP connection, as aiohttp serves it, with what strangers call for: limits, and few words for bad requests.

Knows nothing about what is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong
from aiohttp.typedefs import Handler

from web_gateway.headers import HEADERS, plain_answer
from web_gateway.metrics import Counts

UNUSED_BYTES = 1 << 20
"""More input than this without a request or a message in it ends a connection. What waits to be used is far less, since
aiohttp reads no further then."""
CLOSING_BYTES = 64 * 1024
"""So much is read on while a WebSocket is being closed, for the peer's closing frame. A peer that sends more is given
up when aiohttp has waited long enough, and costs nothing until then."""
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

    __slots__ = ("_address", "_closing_bytes", "_counts", "_deadline", "_header_seconds", "_left", "_unused")

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
        self._unused = 0  # bytes
        self._closing_bytes: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a header."""
        if self._header_seconds:
            self._deadline = asyncio.get_running_loop().call_later(self._header_seconds, self._too_late)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take input, unless there was too much of no use."""
        self._unused += len(data)
        if self._unused > UNUSED_BYTES:
            self._give_up("unused-input")
            return
        if self._closing_bytes is not None and self._unused > self._closing_bytes:
            self._stop_reading()
            return  # aiohttp would read on as soon as it has thrown this away
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End it."""
        self.header_came()
        super().connection_lost(exc)
        self.leave()

    def header_came(self) -> None:
        """Note that a whole header has come."""
        self._unused = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def message_came(self) -> None:
        """Note that a whole message has come by the WebSocket."""
        self._unused = 0

    def websocket_closes(self) -> None:
        """Note that all that is still wanted is the peer's closing frame."""
        self._closing_bytes = self._unused + CLOSING_BYTES

    def leave(self) -> None:
        """Say that it has ended, once."""
        left, self._left = self._left, None
        if left is not None:
            left()

    def _too_late(self) -> None:
        if not self._unused or self.transport is None:  # browsers open connections ahead, and expect no answer there
            self._give_up("header-timeout-seconds")
            return
        self._refused("header-timeout-seconds", 408)
        text = f"No whole header in {self._header_seconds:g} s (--header-timeout-seconds)."
        self.transport.write(plain_answer("408 Request Timeout", text))
        self.transport.close()

    def _stop_reading(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def _give_up(self, reason: str) -> None:
        self._counts.refusals.add(reason, self._address)
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
        elif isinstance(exc, BadHttpMessage) and exc.message.startswith("Too many headers"):  # that has no class
            status, text = 431, f"The request's header has more than {self.max_headers} fields (--header-fields)."
            self._refused("header-fields", status)
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
