"""One WebSocket, one TCP connection: two pumps; the first to end ends both.

Whole lines go down as they come, many in one frame; frames go up, one line each. A side that does not take makes its
pump wait, and that makes the other side's kernel wait: nothing is kept here but what is on its way. Knows nothing
about chat, but for `bye`, the core's last line, whose code closes the WebSocket.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from ipaddress import ip_address

from aiohttp import WSMsgType, web

READ_BYTES = 64 * 1024
LINE_BYTES = 64 * 1024
"""The longest line of the JSON door; a longer frame is passed on all the same, for the core to refuse in words."""
FRAME_BYTES = 2 * LINE_BYTES
CONNECT_SECONDS = 5.0
CLOSE_STOPPED, CLOSE_CORE_LOST, CLOSE_NOT_THE_PROTOCOL = 4000, 4001, 4505

Closing = tuple[int, str]
"""The code and reason to close a WebSocket with."""


def proxy_header(client: str, core: str, core_port: int) -> bytes:
    """Return the PROXY protocol v1 header for a client's address (haproxy.org, PROXY protocol, section 2.1)."""
    source, destination = ip_address(client), ip_address(core)
    if source.version != destination.version:
        destination = source
    return f"PROXY TCP{source.version if source.version == 6 else 4} {source} {destination} 0 {core_port}\r\n".encode()


async def bridge(websocket: web.WebSocketResponse, client: str, core: tuple[str, int]) -> Closing:
    """Carry lines both ways until one side ends.

    :param websocket: prepared.
    :param client: the browser's IP address.
    :param core: host and port of the JSON door.
    :return: how to close the WebSocket.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(*core, limit=READ_BYTES)
    except (OSError, TimeoutError):
        return CLOSE_CORE_LOST, "the chat server can't be reached"
    try:
        host, port = writer.get_extra_info("peername")[:2]
        writer.write(proxy_header(client, host, port))
        pumps = [asyncio.create_task(_down(reader, websocket)), asyncio.create_task(_up(websocket, writer))]
        done, pending = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pending:
            pump.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        return done.pop().result()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _down(reader: asyncio.StreamReader, websocket: web.WebSocketResponse) -> Closing:
    """Pump from the core to the browser."""
    partial = last = b""
    try:
        while data := await reader.read(READ_BYTES):
            end = data.rfind(b"\n") + 1
            if not end:
                partial += data
                continue
            lines, partial = partial + data[: end - 1], data[end:]
            last = lines
            await websocket.send_frame(lines, WSMsgType.TEXT)
    except (ConnectionError, RuntimeError):  # one of the two is gone
        pass
    return _closing(last.rpartition(b"\n")[2])


async def _up(websocket: web.WebSocketResponse, writer: asyncio.StreamWriter) -> Closing:
    """Pump from the browser to the core."""
    try:
        async for message in websocket:
            if message.type is not WSMsgType.TEXT:
                return CLOSE_NOT_THE_PROTOCOL, "text frames only"
            # A line end can't be in a JSON string, only between tokens: one frame stays one line.
            line = message.data.replace("\n", " ").encode("utf-8", "surrogatepass")
            writer.write(line + b"\n")
            await writer.drain()
    except ConnectionError:
        return CLOSE_CORE_LOST, "the chat server was lost"
    return websocket.close_code or 1000, ""


def _closing(last_line: bytes) -> Closing:
    """Return what the core's last line says about closing."""
    if last_line.startswith(b'{"type":"bye"'):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            bye = json.loads(last_line)
            return int(bye["code"]), str(bye["reason"])
    return CLOSE_CORE_LOST, "the chat server was lost"
