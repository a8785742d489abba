"""What text door and WebSocket want to hear, and how they say it. Knows nothing about sockets or servers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from benchmarks.frames import frame, request

DoorName = Literal["text", "web", "plain"]
PAYLOAD_BYTES = 64


def nick_of(client: int) -> str:
    """Return the nick of a client; all have the same length."""
    return f"c{client:05}"


def text_of(client: int, number: int) -> str:
    """Return a client's message: who, which one, and what makes it as long as all are."""
    return f"{client:05} {number:07} ".ljust(PAYLOAD_BYTES, "x")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way in."""

    framed: bool
    """By WebSocket."""
    line: re.Pattern[bytes]
    """A whole line that tells of a message made by `text_of`."""
    joined_line: re.Pattern[bytes]
    """A whole line that tells that somebody joined; its one group is the nick."""

    def hello(self, nick: str, address: tuple[str, int]) -> bytes:
        """Return what a client says first, to join."""
        if not self.framed:
            return f"{nick}\n".encode()
        return request(*address) + _message(type="join", nick=nick, lang="en")

    def say(self, text: str) -> bytes:
        """Return what a client says."""
        return _message(type="input", text=text) if self.framed else f"{text}\n".encode()

    def joined_mark(self, nick: str) -> bytes:
        """Return how the line ends that tells of this joining."""
        return f'"nick":"{nick}"}}\n'.encode() if self.framed else f"* {nick} joined *\n".encode()

    def said_mark(self, text: str) -> bytes:
        """Return how the line ends that tells of this message."""
        return f'"text":"{text}"}}\n'.encode() if self.framed else f"] {text}\n".encode()


def _message(**fields: str) -> bytes:
    return frame(json.dumps(fields).encode())


_EVENT = rb'\{"type":"%s","room":"main","seq":\d+,"ts":\d+,'
TERMINAL = Dialect(
    framed=False,
    line=re.compile(rb"\[c(?P<sender>\d{5})\] (?P=sender) (?P<number>\d{7}) x+"),
    joined_line=re.compile(rb"\* (\w+) joined \*"),
)
BROWSER = Dialect(
    framed=True,
    line=re.compile(_EVENT % b"said" + rb'"nick":"c(?P<sender>\d{5})","text":"(?P=sender) (?P<number>\d{7}) x+"\}'),
    joined_line=re.compile(_EVENT % b"joined" + rb'"nick":"(\w+)"\}'),
)
DIALECTS: dict[DoorName, Dialect] = {"text": TERMINAL, "web": BROWSER, "plain": TERMINAL}
