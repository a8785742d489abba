"""The browser's end of a WebSocket (RFC 6455) without I/O, so that a test can cut, stall and send as it likes."""

from __future__ import annotations

import json
from typing import Any

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_FINAL, _MASKED = 0x80, 0x80
_REQUEST = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: parley.v1\r\n\r\n"
)


def request(port: int) -> bytes:
    """Return what opens a WebSocket at the gateway."""
    return _REQUEST.format(port=port).encode()


def frame(**message: Any) -> bytes:
    """Return a text frame that holds one object."""
    return raw_frame(_TEXT, json.dumps(message).encode())


def raw_frame(opcode: int, payload: bytes, final: bool = True) -> bytes:
    """Return any frame."""
    size, first = len(payload), _FINAL | opcode if final else opcode
    if size < 126:
        head = bytes([first, _MASKED | size])
    elif size < 65536:
        head = bytes([first, _MASKED | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, _MASKED | 127]) + size.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload  # masked with zeros: valid, and legible


class Frames:
    """What comes from the gateway."""

    def __init__(self) -> None:
        self.code: int | None = None
        """The code that the WebSocket was closed with."""
        self.answer = b""
        """What is to be sent back, taken by whoever sends it: pongs."""
        self._buffer = bytearray()
        self._upgraded = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines, one object each, of the frames that are complete now."""
        self._buffer += data
        if not self._upgraded:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return []
            assert head.startswith(b"HTTP/1.1 101 "), bytes(head)
            self._upgraded = True
            self._buffer = rest
        lines: list[bytes] = []
        while (cut := self._cut()) is not None:
            opcode, payload = cut
            if opcode == _TEXT:
                lines += payload.split(b"\n")
            elif opcode == _PING:
                self.answer += raw_frame(_PONG, payload)
            elif opcode == _CLOSE:
                self.code = int.from_bytes(payload[:2], "big")
        return lines

    def _cut(self) -> tuple[int, bytes] | None:
        """Take the first frame off the buffer, if it is complete."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        assert buffer[0] & _FINAL, "the gateway does not break a message up"
        size, start = buffer[1], 2
        if size >= 126:
            start += 2 if size == 126 else 8
            size = int.from_bytes(buffer[2:start], "big")
            if len(buffer) < start:
                return None
        if len(buffer) < start + size:
            return None
        payload = bytes(buffer[start : start + size])
        opcode = buffer[0] & 0x0F
        del buffer[: start + size]
        return opcode, payload
