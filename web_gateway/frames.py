"""The head of a WebSocket text frame, as a server sends it (RFC 6455, section 5.2). Knows nothing about what is in it.

aiohttp has this too, but only in a coroutine; a bridge sends from a callback, a thousand times for each message.
"""

from __future__ import annotations

import struct

_FINAL_TEXT = 0x81
_head = struct.Struct("!BB").pack
_head_16 = struct.Struct("!BBH").pack
_head_64 = struct.Struct("!BBQ").pack


def text_frame_head(length: int) -> bytes:
    """Return what stands before the `length` bytes of an unmasked, unfragmented text frame."""
    if length < 126:
        return _head(_FINAL_TEXT, length)
    if length < 1 << 16:
        return _head_16(_FINAL_TEXT, 126, length)
    return _head_64(_FINAL_TEXT, 127, length)
