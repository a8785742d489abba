"""The JSON door's language: an NDJSON line -> commands; an event or a reply -> an NDJSON line.

No line is longer than 64 KiB: a long list of members comes in parts, a history holds what fits. Knows nothing about
sockets.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, ValidationError, json

from tcp_core import wording
from tcp_core.commands import COMMANDS, DEFAULT_LIMITS, InputLimits, understand
from tcp_core.framing import JSON_LINE_BYTES
from tcp_core.messages import (
    ROOM,
    Attendance,
    BanList,
    Bye,
    Command,
    CommandList,
    Event,
    GetHistory,
    History,
    Input,
    Join,
    Members,
    Notice,
    Ping,
    Prompt,
    Refused,
    RefusedError,
    Reply,
    Welcome,
)
from tcp_core.wording import Lang

_MEMBERS_PER_LINE = 400  # of at most 32 characters of 4 bytes, so well below the limit
_HISTORY_BYTES = JSON_LINE_BYTES - 256  # what the events may take; the rest is the frame around them
_DECODER = json.Decoder(Join | Input | GetHistory | Ping)
_ENCODER = json.Encoder()


class _Worded(Struct, frozen=True):
    """`refused` and `notice` as they travel: worded in the reader's language."""

    type: str
    code: str
    text: str
    id: str | UnsetType = UNSET


class _History(Struct, frozen=True, tag_field="type", tag="history"):
    room: str
    events: list[Raw]
    more: bool


class _Command(Struct, frozen=True, omit_defaults=True):
    """A row of the command table as a page offers it to be typed."""

    name: str
    usage: str
    help: str
    aliases: tuple[str, ...] = ()
    operator: bool = False


@lru_cache
def _commands(lang: Lang) -> bytes:
    rows = (
        _Command(
            row.names[0],
            wording.usage(row.names[0], lang),
            wording.help_on(row.names[0], lang),
            row.names[1:],
            row.operator,
        )
        for row in COMMANDS
    )
    return _ENCODER.encode(list(rows))


def encode_event(event: Event) -> bytes:
    """Return the line for `event`; the same in every language."""
    return _ENCODER.encode(event) + b"\n"


class JsonCodec:
    """The JSON door, with the few words it says in one language."""

    def __init__(self, lang: Lang, limits: InputLimits = DEFAULT_LIMITS) -> None:
        self.lang: Lang = lang
        self._limits = limits

    def decode(self, line: str, joined: bool) -> list[Command]:  # noqa: ARG002 (as the text codec)
        """Say what a line asks for."""
        try:
            message = _DECODER.decode(line)
        except (ValidationError, DecodeError, RecursionError) as error:
            return [Refused("not-json", {"problem": _printable(str(error)[:200])}, _id_of(line))]
        if not isinstance(message, Input):
            return [message]
        try:
            return understand(message.text, message.id, self._limits)
        except RefusedError as error:
            return [error.reply(message.id)]

    def encode_event(self, event: Event) -> bytes:
        """Return the line for `event`."""
        return encode_event(event)

    def encode_reply(self, reply: Reply) -> bytes:
        """Return the line, or lines, for `reply`."""
        match reply:
            case Refused():
                return self._worded("refused", reply.code, wording.refusal(reply, self.lang), reply.id)
            case Notice():
                return self._worded("notice", reply.code, wording.notice(reply, self.lang), reply.id)
            case Attendance():
                return self._worded("notice", "who", "\n".join(wording.attendance(reply, self.lang)), reply.id)
            case CommandList():
                lines = wording.command_list(self.lang, reply.operator)
                return self._worded("notice", "help", "\n".join(lines), reply.id)
            case BanList():
                return self._worded("notice", "bans", "\n".join(wording.ban_list(reply, self.lang)), reply.id)
            case Welcome():
                return _ENCODER.encode(reply)[:-1] + b',"commands":' + _commands(self.lang) + b"}\n"
            case Members():
                return _members(reply.nicks)
            case History():
                return _history(reply)
            case Bye():
                return _ENCODER.encode(Bye(reply.code, wording.farewell(reply, self.lang))) + b"\n"
            case Prompt():
                return b""
            case _:
                return _ENCODER.encode(reply) + b"\n"

    def _worded(self, type: str, code: str, text: str, id: str | UnsetType) -> bytes:
        if len(text) > JSON_LINE_BYTES // 8:  # only /who in a crowd
            text = text[: JSON_LINE_BYTES // 8].rsplit("\n", 1)[0] + "\n…"
        return _ENCODER.encode(_Worded(type, code, text, id)) + b"\n"


def _members(nicks: list[str]) -> bytes:
    step = _MEMBERS_PER_LINE
    parts = [nicks[i : i + step] for i in range(0, len(nicks), step)] or [[]]
    last = len(parts) - 1
    return b"".join(_ENCODER.encode(Members(ROOM, part, i < last)) + b"\n" for i, part in enumerate(parts))


def _history(history: History) -> bytes:
    raws: list[Raw] = []
    room = _HISTORY_BYTES
    for event in reversed(history.events):
        raw = _ENCODER.encode(event)
        room -= len(raw) + 1
        if room < 0:
            break
        raws.append(Raw(raw))
    raws.reverse()
    more = history.more or len(raws) < len(history.events)
    return _ENCODER.encode(_History(history.room, raws, more)) + b"\n"


def _printable(problem: str) -> str:
    """Return a decoder's complaint, which may quote what was sent, as one line without control characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in problem)


class _WithId(Struct):
    id: str | UnsetType = UNSET


def _id_of(line: str) -> str | UnsetType:
    """Return the id of a line that is otherwise wrong, so that its sender knows which one it was."""
    try:
        found = json.decode(line, type=_WithId).id
    except (ValidationError, DecodeError, RecursionError):
        return UNSET
    return found if found is not UNSET and found.isascii() and found.isprintable() and len(found) <= 64 else UNSET
