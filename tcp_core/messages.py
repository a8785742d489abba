"""The whole vocabulary: what clients ask, what happens in the room, and what one person is told.

Commands are imperative (`Say`), events past tense (`Said`), replies nouns (`Members`). The name of a class in lower
case is its name on the wire. Knows nothing about bytes, sockets, languages or who may do what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

ROOM = "main"

Door = Literal["terminal", "web"]
Id = Annotated[str, Meta(pattern=r"\A[!-~]{1,64}\Z")]
Seq = Annotated[int, Meta(ge=0, le=2**62)]


# ---------------------------------------------------------------- commands


class Join(Struct, frozen=True, tag_field="type", tag="join"):
    """Enter the room, or come back to a session after its connection broke."""

    nick: str
    lang: str = ""
    session: str = ""
    epoch: str = ""
    after: Seq | UnsetType = UNSET
    password: str = ""


class Input(Struct, frozen=True, tag_field="type", tag="input"):
    """A line as a person types it; `tcp_core.commands` says what it asks for."""

    text: str
    id: Id | UnsetType = UNSET


class GetHistory(Struct, frozen=True, tag_field="type", tag="history"):
    """The `limit` events before seq `before`."""

    before: Seq
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


class Ping(Struct, frozen=True, tag_field="type", tag="ping"):
    """Answered by `Pong` once everything sent before it is done."""

    id: Id | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Say:
    """Say `text` to everybody. With an `id`, at most once however often it is sent."""

    text: str
    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Rename:
    """Change one's nick."""

    nick: str
    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave the room for good."""

    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class ListMembers:
    """Who is here, by which door, since when."""

    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class ListMessages:
    """The newest `limit` messages."""

    limit: int
    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class ListCommands:
    """What can be typed."""

    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Ignore:
    """Show one no messages of `nick` any more, or again; without a nick: whose they are."""

    nick: str
    ignored: bool
    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Elevate:
    """Become an operator."""

    password: str
    id: str | UnsetType = UNSET

    def __repr__(self) -> str:
        """Return what may stand in a log: not the password."""
        return "Elevate(…)"


Action = Literal["kick", "ban", "unban", "bans", "mute", "unmute", "lock", "unlock", "slow", "clear"]


@dataclass(frozen=True, slots=True)
class Moderate:
    """Do what operators may; `argument` is what was typed behind the word, in one line."""

    action: Action
    argument: str
    id: str | UnsetType = UNSET


# ------------------------------------------------------------------ events


class _Event(Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    room: str = ROOM
    seq: int = 0
    """1, 2, 3 … without holes; 0 until the log has taken it."""
    ts: int = 0
    """Unix time in milliseconds."""
    nick: str


class Joined(_Event, frozen=True, kw_only=True, tag=str.lower):
    """Somebody entered."""


class Left(_Event, frozen=True, kw_only=True, tag=str.lower):
    """Somebody is gone; `reason` is one of quit, lost, timeout, stopped, kicked, banned."""

    reason: str


class Renamed(_Event, frozen=True, kw_only=True, tag=str.lower):
    """`nick` is called `new_nick` from here on."""

    new_nick: str


class Said(_Event, frozen=True, kw_only=True, tag=str.lower):
    """A message; `text` may hold several lines, and is empty if it was taken away."""

    text: str
    id: str | UnsetType = UNSET


class Cleared(_Event, frozen=True, kw_only=True, tag=str.lower):
    """The operator `by` took messages of `nick` away; their text is no longer in the log."""

    by: str
    seqs: list[int]


Event = Joined | Left | Renamed | Said | Cleared


# ----------------------------------------------------------------- replies


class Welcome(Struct, frozen=True, kw_only=True, tag_field="type", tag="welcome"):
    """You are in. Events with seq ≤ `live` that follow are replay."""

    nick: str
    session: str
    room: str
    epoch: str
    live: int
    resumed: bool
    lang: str
    server: dict[str, str]
    limits: dict[str, int]


class Members(Struct, frozen=True, tag_field="type", tag="members"):
    """Who is here, or a part of them while `more` is true."""

    room: str
    nicks: list[str]
    more: bool = False


class History(Struct, frozen=True, tag_field="type", tag="history"):
    """Past events, oldest first; `more`: there are older ones still."""

    room: str
    events: list[Event]
    more: bool


class Gap(Struct, frozen=True, tag_field="type", tag="gap", rename={"first": "from", "last": "to"}):
    """Events `first` to `last` can no longer be had."""

    room: str
    first: int
    last: int


class Pong(Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer to `Ping`."""

    id: str | UnsetType = UNSET


Detail = str | int


class Bye(Struct, frozen=True, tag_field="type", tag="bye", omit_defaults=True):
    """The last line before the core closes a connection. `reason` is worded like the code of `Refused`."""

    code: int
    reason: str
    details: Mapping[str, Detail] = {}


@dataclass(frozen=True, slots=True)
class Refused:
    """Understood (or not even that), and no. `code` is worded by `tcp_core.wording`, with `details` put in."""

    code: str
    details: Mapping[str, Detail]
    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Notice:
    """Something one person should know. `code` is worded like that of `Refused`."""

    code: str
    details: Mapping[str, Detail]
    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Presence:
    """One line of `Attendance`: since when (Unix ms) `nick` is here, and by which door; for operators, from where."""

    nick: str
    door: Door
    since: int
    address: str = ""
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Attendance:
    """The answer to `ListMembers`."""

    presences: tuple[Presence, ...]
    id: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class CommandList:
    """The answer to `ListCommands`."""

    id: str | UnsetType = UNSET
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Ban:
    """Whom the room does not let in: all from `network`."""

    network: str
    """In the notation of RFC 4632 or RFC 4291, as 192.0.2.0/24."""
    nick: str
    """Who was meant, if a nick was named."""
    until: int
    """Unix ms; 0: for good."""
    reason: str
    by: str
    since: int
    """Unix ms."""


@dataclass(frozen=True, slots=True)
class BanList:
    """The answer to /bans."""

    bans: tuple[Ban, ...]
    id: str | UnsetType = UNSET


class Ignoring(Struct, frozen=True, tag_field="type", tag="ignoring"):
    """All whose messages one does not want to see."""

    nicks: list[str]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Asks a text client for its nick or the password; has no line end and no counterpart on the JSON door."""

    password: bool = False


Command = (
    Join | Say | Rename | Quit | ListMembers | ListMessages | ListCommands | GetHistory | Ping | Ignore | Elevate
    | Moderate | Refused | Notice
)  # fmt: skip
"""What a reader thread hands to the hub. `Refused` and `Notice` are what it found out by itself about the input."""

Reply = (
    Welcome | Members | History | Gap | Pong | Bye | Refused | Notice | Attendance | CommandList | BanList | Ignoring
    | Prompt
)  # fmt: skip


# ------------------------------------------------------------------ errors


class _FaultError(Exception):
    def __init__(self, code: str, **details: Detail) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details

    def reply(self, id: str | UnsetType = UNSET) -> Refused:
        """What to tell the one whose fault it is."""
        return Refused(self.code, self.details, id)


class GarbledError(_FaultError):
    """Their bytes make no sense."""


class RefusedError(_FaultError):
    """Understood, and no."""
