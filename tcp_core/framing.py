"""Bytes from a socket, cut anywhere -> lines of text.

Two dialects: `LineFraming` for lines that end in LF (NDJSON), and on top of it `TextFraming` for what people and
terminals send (LF, CRLF, CR NUL, CR; telnet negotiation; backspace). The same bytes give the same lines however they
are cut. Knows nothing about sockets, commands or what a line means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcp_core.messages import GarbledError

TEXT_LINE_BYTES = 16 * 1024
JSON_LINE_BYTES = 64 * 1024

Line = str | GarbledError
"""What the framing yields: a line without its end, or why there is none."""


class LineFraming:
    """Lines that end in LF. What is longer than the limit is reported once and skipped up to its end."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.partial = b""
        """A line of which the end has not come yet."""
        self._skipping = False  # in a line that was already reported as too long

    def feed(self, data: bytes) -> Iterator[Line]:
        """Yield the lines that `data` completes."""
        head, *rest = data.split(b"\n")
        self.partial += head
        for piece in rest:
            if self._skipping:
                self._skipping = False
            else:
                yield self._line(self.partial)
            self.partial = piece
        if self._skipping:
            self.partial = b""
        elif len(self.partial) > self._limit:
            self.partial = b""
            self._skipping = True
            yield GarbledError("line-too-long", limit=self._limit)

    def fits(self, size: int) -> bool:
        """Whether `size` more bytes make no line too long."""
        return not self._skipping and len(self.partial) + size <= self._limit

    def _line(self, line: bytes) -> Line:
        if len(line) > self._limit:
            return GarbledError("line-too-long", limit=self._limit)
        try:
            return line.decode()
        except UnicodeDecodeError:
            return GarbledError("not-utf-8")


IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240  # RFC 854
_REFUSAL = {DO: WONT, WILL: DONT}
_SPECIAL = re.compile(rb"[\r\x08\x7f\xff]")
_PIECES = re.compile(rb"[^\r\x08\x7f\xff]+|.", re.DOTALL)


class TextFraming:
    """Lines as terminals send them.

    Telnet (RFC 854): options are refused, each once, and nothing is sent unless the peer has begun; IAC IAC is the
    byte 0xFF. Backspace and DEL take back one character.
    """

    def __init__(self, limit: int = TEXT_LINE_BYTES) -> None:
        self._lines = LineFraming(limit)
        self._after_cr = False  # the next LF or NUL belongs to a CR that has already ended a line
        self._telnet = bytearray()  # a telnet command of which the end has not come yet
        self._refused: set[tuple[int, int]] = set()
        self.typed_by_hand = False
        """The peer has sent telnet negotiation or a backspace, so a pause is a person who thinks."""
        self.acts = 0
        """How many characters had to be acted upon, rather than taken as they are; whoever asks sets it back."""
        self.answer = b""
        """Telnet refusals to be sent to the peer; whoever sends them empties it."""

    @property
    def partial(self) -> bool:
        """Whether a line has begun and not ended."""
        return bool(self._lines.partial)

    def end_line(self) -> Iterator[Line]:
        """Yield what has come so far as a line, as if its end had come."""
        return self._lines.feed(b"\n")

    def feed(self, data: bytes) -> Iterator[Line]:
        """Yield the lines that `data` completes."""
        if self._after_cr or self._telnet or _SPECIAL.search(data):
            return self._interpret(data)
        return self._lines.feed(data)

    def _interpret(self, data: bytes) -> Iterator[Line]:
        plain = bytearray()  # since the last character that had to be acted upon
        pieces = _PIECES.findall(data)
        self.acts += len(pieces)
        for piece in pieces:
            if self._telnet:
                piece = piece[self._telnet_bytes(piece, plain) :]
            if not piece:
                continue
            if self._after_cr:
                self._after_cr = False
                if piece[0] in b"\n\0":
                    piece = piece[1:]
            if piece == b"\xff":
                self._telnet.append(IAC)
            elif piece == b"\r":
                self._after_cr = True
                plain.append(0x0A)
            elif piece in (b"\x08", b"\x7f"):
                self.typed_by_hand = True
                if not self._took_back(plain):
                    yield from self._lines.feed(bytes(plain))
                    plain.clear()
                    self._lines.partial = _without_last_character(self._lines.partial)
            else:
                plain += piece
        yield from self._lines.feed(bytes(plain))

    def _took_back(self, plain: bytearray) -> bool:
        """Take one character back that is in `plain`, and return whether that could be done without looking further."""
        if not plain or plain[-1] & 0x80 or plain[-1] == 0x0A or not self._lines.fits(len(plain)):
            return False
        del plain[-1]
        return True

    def _telnet_bytes(self, data: bytes, plain: bytearray) -> int:
        """Take what of a piece belongs to a telnet command; return how many bytes that were."""
        if self._telnet[1:2] == b"\xfa" and self._telnet[-1] != IAC and data[0] != IAC:  # inside a subnegotiation
            self._telnet[2:] = data[-1:]
            return len(data)
        for taken, byte in enumerate(data, start=1):
            self._telnet_byte(byte, plain)
            if not self._telnet:
                return taken
        return len(data)

    def _telnet_byte(self, byte: int, plain: bytearray) -> None:
        command = self._telnet
        command.append(byte)
        if command[1] == IAC:  # an escaped 0xFF is data; never valid UTF-8, so its line will be refused
            plain.append(IAC)
            command.clear()
            return
        self.typed_by_hand = True
        if command[1] == SB:  # a subnegotiation is skipped up to IAC SE, and kept no longer than needed to see that
            if command.endswith(bytes((IAC, SE))):
                command.clear()
            elif len(command) > 3 and command.endswith(bytes((IAC, IAC))):
                del command[2:]
            elif len(command) > 4:
                del command[2:-2]
        elif command[1] in (DO, DONT, WILL, WONT):
            if len(command) == 3:
                self._refuse(command[1], command[2])
                command.clear()
        else:
            command.clear()

    def _refuse(self, verb: int, option: int) -> None:
        if verb in _REFUSAL and (verb, option) not in self._refused:
            self._refused.add((verb, option))
            self.answer += bytes((IAC, _REFUSAL[verb], option))


def _without_last_character(line: bytes) -> bytes:
    end = len(line) - 1
    while end > 0 and line[end] & 0xC0 == 0x80:  # a continuation byte of UTF-8
        end -= 1
    return line[: max(end, 0)]
