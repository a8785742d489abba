"""One WebSocket, one TCP connection: two pumps; the first to end ends both.

Whole lines go down as they come, many in one frame, from the callback that the event loop makes for them; frames go up,
one line each. A side that does not take makes its pump wait, and that makes the other side's kernel wait: nothing is
kept here but what is on its way. Knows nothing about chat, but for `bye`, the core's last line, whose code closes the
WebSocket.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import cast

from aiohttp import WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from web_gateway.frames import text_frame_head
from web_gateway.metrics import Counts

LINE_BYTES = 64 * 1024
"""The longest line of the JSON door; a longer frame is passed on all the same, for the core to refuse in words."""
FRAME_BYTES = 2 * LINE_BYTES
UNREAD_BYTES = 64 * 1024
"""A browser with more than this still to take is waited for."""
NO_LIMIT_BYTES = 1 << 30
COPIED_BYTES = 4096
"""Less than this is put behind its frame's head by copying, which then costs less than another buffer to send."""
CONNECT_SECONDS = 5.0
CLOSE_STOPPED, CLOSE_CORE_LOST, CLOSE_NOT_THE_PROTOCOL = 4000, 4001, 4505
CLOSE_POLICY = 1008
CONTROLS_AT_ONCE, CONTROLS_PER_SECOND = 20, 1
"""So many pings and pongs may come: a page can't send any, and other clients send one in some seconds."""
_BYE = b'{"type":"bye"'

Closing = tuple[int, str]
"""The code and reason to close a WebSocket with."""


def proxy_header(client: str, core: str, core_port: int) -> bytes:
    """Return the PROXY protocol v1 header for a client's address (haproxy.org, PROXY protocol, section 2.1)."""
    source, destination = ip_address(client), ip_address(core)
    if source.version != destination.version:
        destination = source
    return f"PROXY TCP{source.version if source.version == 6 else 4} {source} {destination} 0 {core_port}\r\n".encode()


@dataclass(frozen=True, slots=True)
class Browser:
    """One end."""

    websocket: web.WebSocketResponse
    """Prepared, without compression."""
    transport: asyncio.Transport
    """What carries the WebSocket."""
    writer: AbstractStreamWriter
    """What `websocket.prepare` returned; it can wait for the browser to take more."""
    address: str
    """The browser's IP address."""
    message_came: Callable[[], None]
    """Called when a whole message has come from it."""


async def bridge(browser: Browser, core: tuple[str, int], counts: Counts, unread_bytes: int = UNREAD_BYTES) -> Closing:
    """Carry lines both ways until one side ends.

    :param core: host and port of the JSON door.
    :param counts: where frames, bytes and waiting are counted.
    :param unread_bytes: what a browser may have still to take before it is waited for; 0: any amount.
    :return: how to close the WebSocket.
    """
    unread_bytes = unread_bytes or NO_LIMIT_BYTES
    browser.transport.set_write_buffer_limits(unread_bytes)  # what the writer waits for, which differs with TLS
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, pump = await asyncio.get_running_loop().create_connection(
                lambda: _CoreConnection(browser, counts, unread_bytes), *core
            )
    except (OSError, TimeoutError):
        counts.core_failures += 1
        return CLOSE_CORE_LOST, "the chat server can't be reached"
    try:
        peer = pump.core.get_extra_info("peername")
        if peer is None or pump.core.is_closing():  # it hung up at once
            return pump.closing
        pump.core.write(proxy_header(browser.address, *peer[:2]))
        async with asyncio.timeout(None) as reading:
            pump.end_with(reading)
            try:
                return await _up(browser, pump, counts)
            finally:
                pump.end_with(None)
    except TimeoutError:  # the core's end has ended the reading
        return pump.closing
    finally:
        pump.core.close()


async def _up(browser: Browser, pump: _CoreConnection, counts: Counts) -> Closing:
    """Pump from the browser to the core."""
    websocket = browser.websocket
    controls = 0
    since = time.monotonic()
    async for message in websocket:
        if message.type in (WSMsgType.PING, WSMsgType.PONG):
            controls += 1
            if controls > CONTROLS_AT_ONCE + (time.monotonic() - since) * CONTROLS_PER_SECOND:
                return CLOSE_POLICY, "too many pings"
            if message.type is WSMsgType.PING:
                with contextlib.suppress(ConnectionError):
                    await websocket.pong(message.data)
            continue
        if message.type is not WSMsgType.TEXT:
            return CLOSE_NOT_THE_PROTOCOL, "text frames only"
        if pump.core.is_closing():  # lost in this very turn of the event loop, so the reading was not ended yet
            return pump.closing
        # A line end can't be in a JSON string, only between tokens: one frame stays one line.
        line = message.data.replace("\n", " ").encode("utf-8", "surrogatepass")
        pump.core.write(line + b"\n")
        browser.message_came()
        counts.frames_up += 1
        counts.bytes_up += len(line)
        if pump.full is not None:
            await pump.full.wait()
    return websocket.close_code or 1000, ""


class _CoreConnection(asyncio.Protocol):
    """The TCP connection, as the event loop sees it; it is the pump from the core to the browser."""

    core: asyncio.Transport
    """The connection to the core."""
    full: asyncio.Event | None = None
    """Set once the core takes more; None as long as it does."""
    closing: Closing = CLOSE_CORE_LOST, "the chat server was lost"
    """How to close the WebSocket when the core has ended."""

    def __init__(self, browser: Browser, counts: Counts, unread_bytes: int) -> None:
        self._websocket = browser.websocket
        self._browser = browser.transport
        self._writer = browser.writer
        self._counts = counts
        self._unread_bytes = unread_bytes
        self._partial = b""  # a line of which the end has not come yet
        self._drain: asyncio.Task[None] | None = None
        self._reading: asyncio.Timeout | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport."""
        self.core = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Send whole lines on, as one frame."""
        end = data.rfind(b"\n")
        if end < 0:
            self._partial += data
            return
        browser, begun = self._browser, self._partial
        self._partial = data[end + 1 :]
        if browser.is_closing() or self._websocket.closed:  # no frame may follow the one that closes
            return
        if end > COPIED_BYTES:
            length = len(begun) + end
            browser.writelines((text_frame_head(length) + begun, memoryview(data)[:end]))
        else:
            data = begun + data[:end]
            end = length = len(data)
            browser.write(text_frame_head(end) + data)
        counts = self._counts
        counts.frames_down += 1
        counts.bytes_down += length
        last_line = data.rfind(b"\n", 0, end) + 1
        if data.startswith(_BYE, last_line):
            self.closing = _closing(data[last_line:end])
        if browser.get_write_buffer_size() > self._unread_bytes:
            self.core.pause_reading()
            self._drain = asyncio.create_task(self._wait_for_browser())

    async def _wait_for_browser(self) -> None:
        counts, begin = self._counts, time.monotonic()
        counts.waiting += 1
        try:
            with contextlib.suppress(ConnectionError):  # then it is gone, and the other pump has seen that
                await self._writer.drain()
        finally:
            counts.waiting -= 1
            counts.waited(time.monotonic() - begin)
        if not self.core.is_closing():
            self.core.resume_reading()

    def pause_writing(self) -> None:
        """Make the other pump wait."""
        self.full = asyncio.Event()

    def resume_writing(self) -> None:
        """Let the other pump go on."""
        if self.full is not None:
            self.full.set()
            self.full = None

    def connection_lost(self, _: Exception | None) -> None:
        """End the other pump."""
        self._ended = True
        self.resume_writing()
        self.end_with(self._reading)

    def end_with(self, reading: asyncio.Timeout | None) -> None:
        """Let `reading` time out when the core ends, or now if it has."""
        self._reading = reading
        if self._ended and reading is not None:
            reading.reschedule(0)


def _closing(bye: bytes) -> Closing:
    """Return what the core's last line says about closing."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        message = json.loads(bye)
        return int(message["code"]), str(message["reason"])
    return _CoreConnection.closing
