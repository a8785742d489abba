"""The client's end of a WebSocket (RFC 6455), without copying what comes. Knows nothing about what the frames hold."""

from __future__ import annotations

import os
from collections.abc import Callable

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
_FINAL, _MASKED, _OPCODE = 0x80, 0x80, 0x0F
_LONG = 126
_LINE_END = b"\n"
_HEAD_END = b"\r\n\r\n"


def request(host: str, port: int) -> bytes:
    """Return what opens the WebSocket, as the gateway's own page does it."""
    lines = (
        "GET /ws HTTP/1.1", f"Host: {host}:{port}", f"Origin: http://{host}:{port}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: parley.v1", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a masked frame of less than 64 KiB."""
    size, mask = len(payload), os.urandom(4)
    head = bytes([_FINAL | opcode, _MASKED | min(size, _LONG)])
    if size >= _LONG:
        head += size.to_bytes(2, "big")
    pad = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return head + mask + masked.to_bytes(size, "big")


class BrokenWebSocketError(Exception):
    """The gateway refused, closed, or sent what is no frame."""


class Unframer:
    """Takes the payloads of text frames out of what comes, and lets each end with a line end.

    :param text: gets the parts of the payloads, as they come.
    :param answer: gets what is to be sent back.
    """

    def __init__(self, text: Callable[[bytes | memoryview], None], answer: Callable[[bytes], None]) -> None:
        self._text = text
        self._answer = answer
        self._held = b""  # a part of the HTTP response, of a frame's head, or of a control frame
        self._left = 0  # bytes to come of the text frame
        self._upgraded = False

    def feed(self, chunk: bytes | memoryview) -> None:
        """Take what came.

        :raises BrokenWebSocketError: this connection is of no more use.
        """
        if self._held or not self._upgraded:
            chunk = self._held + bytes(chunk)
            self._held = b""
        at = 0 if self._upgraded else self._upgrade(bytes(chunk))
        size = len(chunk)
        while at < size:
            if self._left:
                part = chunk[at : at + self._left]
                self._text(part)
                at += len(part)
                self._left -= len(part)
                if not self._left:
                    self._text(_LINE_END)
                continue
            start = self._begin(chunk, at)
            if not start:
                self._held = bytes(chunk[at:])
                return
            at = start

    def _upgrade(self, response: bytes) -> int:
        """Return where the frames begin; keep the response if it is not complete."""
        end = response.find(_HEAD_END)
        if end < 0:
            self._held = response
            return len(response)
        if not response.startswith(b"HTTP/1.1 101 "):
            raise BrokenWebSocketError(f"not upgraded: {response[:200]!r}")
        self._upgraded = True
        return end + len(_HEAD_END)

    def _begin(self, chunk: bytes | memoryview, at: int) -> int:
        """Take a frame's head, and the whole frame if it is a control frame.

        :return: where to go on; 0 if it is not all there.
        """
        if len(chunk) < at + 2:
            return 0
        opcode, size = chunk[at] & _OPCODE, chunk[at + 1]
        start = at + 2
        if size >= _LONG:
            start += 2 if size == _LONG else 8
            if len(chunk) < start:
                return 0
            size = int.from_bytes(chunk[at + 2 : start], "big")
        if opcode == TEXT and size:
            self._left = size
            return start
        if len(chunk) < start + size:
            return 0
        payload = bytes(chunk[start : start + size])
        if opcode == PING:
            self._answer(frame(payload, PONG))
        else:
            raise BrokenWebSocketError(f"frame of opcode {opcode}: {payload!r}")
        return start + size
