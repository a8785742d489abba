"""The text door's language: a line a person types -> commands; an event or a reply -> the lines a terminal shows.

Text has been cleaned before it gets into a message, so nothing here can attack a terminal. Knows nothing about sockets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tcp_core import wording
from tcp_core.commands import DEFAULT_LIMITS, InputLimits, understand
from tcp_core.messages import (
    Attendance,
    BanList,
    Bye,
    Cleared,
    Command,
    CommandList,
    Event,
    Gap,
    History,
    Join,
    Joined,
    Left,
    Notice,
    Prompt,
    Refused,
    RefusedError,
    Renamed,
    Reply,
    Said,
)
from tcp_core.wording import WORDINGS, Lang

HISTORY_BYTES = 64 * 1024
# A request whose line may not be whole yet, a whole one, and one that is longer than a nick; but "AC /DC" is a nick.
_HTTP_REQUEST = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PRI) [/*]|[!-~]+ \S+ HTTP/\d|[!-~]+ /\S{64}")


def is_http(beginning: bytes) -> bool:
    """Whether the first bytes of a connection begin an HTTP request (RFC 9112, section 3): a browser's.

    The line need not be whole: of a page that may send what it likes, it can be too long for us, and the rest of it
    would be the nick and messages.
    """
    return _HTTP_REQUEST.match(beginning) is not None


class TextCodec:
    """The text door in one language."""

    def __init__(self, lang: Lang, limits: InputLimits = DEFAULT_LIMITS) -> None:
        self.lang: Lang = lang
        self._limits = limits
        self._wording = WORDINGS[lang]

    def decode(self, line: str, joined: bool) -> list[Command]:
        """Say what a line asks for; the first one is the nick."""
        if not joined:
            return [Join(line)]
        try:
            return understand(line, limits=self._limits)
        except RefusedError as error:
            return [error.reply()]

    def encode_event(self, event: Event) -> bytes:
        """Return the lines that show `event` as it happens."""
        if isinstance(event, Said):
            if not event.text:  # it was taken away
                return b""
            prefix = f"[{event.nick}] "
            return _lines(prefix + line for line in event.text.split("\n"))
        return _lines([self._happening(event)])

    def encode_reply(self, reply: Reply) -> bytes:
        """Return the lines that show `reply`; none for what has no meaning in a terminal."""
        match reply:
            case Prompt():
                return (self._wording.admission_prompt if reply.password else self._wording.prompt).encode()
            case Refused():
                return _lines([f"❌ {wording.refusal(reply, self.lang)}"])
            case Notice():
                return _lines([f"* {wording.notice(reply, self.lang)} *"]) if reply.code != "done" else b""
            case Attendance():
                return _lines(wording.attendance(reply, self.lang))
            case CommandList():
                return _lines(wording.command_list(self.lang, reply.operator))
            case BanList():
                return _lines(wording.ban_list(reply, self.lang))
            case History():
                return self._history(reply)
            case Gap():
                return _lines([self._wording.gap.format(count=reply.last - reply.first + 1)])
            case Bye(reason="stopped" | "kicked" | "banned-now"):
                return _lines([f"* {wording.farewell(reply, self.lang)} *"])
            case _:
                return b""

    def _happening(self, event: Joined | Left | Renamed | Cleared) -> str:
        match event:
            case Joined():
                return self._wording.joined.format(nick=event.nick)
            case Left():
                return self._wording.left.format(nick=event.nick)
            case Renamed():
                return self._wording.renamed.format(nick=event.nick, new_nick=event.new_nick)
            case Cleared():
                return self._wording.cleared.format(nick=event.nick, by=event.by, count=len(event.seqs))

    def _history(self, history: History) -> bytes:
        """Time-stamped and fenced, so that nobody takes it for live; the newest that fit."""
        blocks: list[bytes] = []
        room = HISTORY_BYTES
        for event in reversed(history.events):
            stamp = wording.moment(event.ts).encode() + b" "
            block = b"".join(stamp + line + b"\n" for line in self.encode_event(event).splitlines())
            room -= len(block)
            if room < 0:
                break
            blocks.append(block)
        if not blocks:
            return b""
        begin = _lines([self._wording.history_begins.format(zone=wording.zone())])
        return begin + b"".join(reversed(blocks)) + _lines([self._wording.history_ends])


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
