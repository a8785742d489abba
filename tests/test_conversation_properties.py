"""Conversations at random: whatever breaks, each reader gets the log and its replies, or is told what is gone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tcp_core import event_log as event_log_module
from tcp_core import rendering as rendering_module
from tcp_core.chat import Chat
from tcp_core.cursor import Cursor, Progress
from tcp_core.event_log import EventLog
from tcp_core.json_codec import JsonCodec
from tcp_core.messages import (
    ROOM,
    Command,
    Event,
    Gap,
    History,
    Joined,
    Left,
    ListMembers,
    Ping,
    Quit,
    RefusedError,
    Rename,
    Renamed,
    Reply,
    Said,
    Say,
)
from tcp_core.nicknames import keys
from tcp_core.rendering import Rendering
from tcp_core.session import Session
from tcp_core.text_codec import TextCodec
from tests.hypothesis_profile import FEW

TINY = {
    (rendering_module, "PIECE_BYTES"): 120,
    (rendering_module, "TAIL_BYTES"): 600,
    (rendering_module, "_COLD_EVENTS"): 3,
    (rendering_module, "_WARM_EVENTS"): 4,
    (event_log_module, "_PRUNED_AT_ONCE"): 5,
}
"""Bounds that a short conversation reaches."""
CODECS: tuple[Any, ...] = (TextCodec("ru"), JsonCodec("en"))
TEXT, JSON = range(2)


class Reader:
    """One connection: a participant, a cursor, and a socket that takes no more than it is allowed to."""

    def __init__(self, session: Session, which: int, rendering: Rendering, position: int) -> None:
        self.session: Session | None = session
        self.token = session.token
        self.which = which
        self.codec = CODECS[which]
        self.cursor = Cursor()
        self.cursor.rendering = rendering
        self.cursor.position = position
        self.received = b""
        self.room = 0
        # What it should have received:
        self.seen = position
        """The newest seq of which it has got all; this is where one comes back to."""
        self._replies: list[tuple[int, bytes]] = []
        self._checked = 0  # bytes
        self._firsts: list[tuple[int, int]] = []  # from which byte on the log began with which seq

    def send(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        taken = data[: self.room]
        self.room -= len(taken)
        self.received += taken
        return len(taken)

    def reply(self, after: int, data: bytes) -> None:
        self.cursor.reply(after, data)
        self._replies.append((after, data))

    def take(self, room: int, log: EventLog) -> Progress:
        self.room = room
        self._firsts.append((len(self.received), log.first))
        return self.cursor.advance(log.last, self.send)

    def check(self, events: dict[int, Event]) -> bool:
        """Compare what was received with what there is; return whether that is all."""
        while candidates := self._next(events):
            rest = self.received[self._checked :]
            for data, seen in candidates:
                if rest.startswith(data):
                    self._checked += len(data)
                    if seen is None:
                        self._replies.pop(0)
                    else:
                        self.seen = seen
                    break
            else:
                assert any(data.startswith(rest) for data, _ in candidates), (rest, candidates)
                return False
        assert self._checked == len(self.received)
        return True

    def _next(self, events: dict[int, Event]) -> list[tuple[bytes, int | None]]:
        """Return what may come next, with the seq that it reaches; None for a reply. Nothing if that was all.

        An event that was pruned may still come out of memory; if not, one line tells of all that is gone.
        """
        if self._replies and self._replies[0][0] <= self.seen:
            return [(self._replies[0][1], None)]
        seq = self.seen + 1
        if seq not in events or (self.cursor.end is not None and self.seen >= self.cursor.end):
            return []
        first = max((first for start, first in self._firsts if start <= self._checked), default=0)
        candidates: list[tuple[bytes, int | None]] = [(self.codec.encode_event(events[seq]), seq)]
        if seq < first:
            candidates.append((self.codec.encode_reply(Gap(ROOM, seq, first - 1)), first - 1))
        return candidates


PEOPLE = st.runner().flatmap(lambda self: st.sampled_from(self.people))
"""Those who are here and connected."""
BROWSERS = st.runner().flatmap(lambda self: st.sampled_from(self.browsers()))
AWAY = st.runner().flatmap(lambda self: st.sampled_from(sorted(self.away)))
"""Tokens of those whose connection broke."""
CONNECTIONS = st.runner().flatmap(lambda self: st.sampled_from(self.connections))


Rule = TypeVar("Rule", bound=Callable[..., Any])


def there_are(name: str) -> Callable[[Rule], Rule]:
    """Make a rule wait for somebody to apply it to."""
    return precondition(lambda self: bool(getattr(self, name)))


class Conversation(RuleBasedStateMachine):
    """The hub's work, without its thread: decide, append, extend, fold, reply."""

    def __init__(self) -> None:
        super().__init__()
        self.usual = {(module, name): getattr(module, name) for module, name in TINY}
        for (module, name), value in TINY.items():
            setattr(module, name, value)
        self.directory = Path(tempfile.mkdtemp())
        self.ts = 1_790_000_000_000
        self.everyone: list[Reader] = []
        """All connections that there have ever been."""
        self.connections: list[Reader] = []
        """Those that are not broken."""
        self.people: list[Reader] = []
        self.away: dict[str, tuple[Session, Reader]] = {}
        self.ids: dict[str, Said] = {}
        self.events: dict[int, Event] = {}
        """All that has ever been in the log."""

    @initialize(before=st.integers(0, 12))
    def open(self, before: int) -> None:
        self.log = EventLog(self.directory)
        old = self.log.append([Said(nick="Old", text=f"{n}") for n in range(before)], ts=1)
        self.events = {event.seq: event for event in old}
        self.set_up()

    def set_up(self) -> None:
        self.renderings = [Rendering(self.log, codec.encode_event, codec.encode_reply) for codec in CODECS]
        for rendering in self.renderings:
            rendering.warm()
        self.chat = Chat(
            self.log.find,
            lambda before, limit: History(ROOM, self.log.before(before, limit), more=False),
            lambda limit: History(ROOM, self.log.messages_before(self.log.last + 1, limit), more=False),
        )

    def browsers(self) -> list[Reader]:
        return [reader for reader in self.people if reader.which == JSON]

    def append(self, draft: Event, entering: Session | None = None) -> Event:
        self.ts += 1000
        (event,) = self.log.append([draft], self.ts, entering)
        self.events[event.seq] = event
        for rendering in self.renderings:
            rendering.extend([event])
        return event

    def do(self, reader: Reader, command: Command) -> list[Event | Reply]:
        session = reader.session
        assert session is not None
        results: list[Event | Reply] = []
        try:
            for result in self.chat.decide(session, command):
                if isinstance(result, Joined | Left | Renamed | Said) and not result.seq:
                    event = self.append(result)
                    self.chat.fold(session, event)
                    results.append(event)
                else:
                    encode = reader.codec.encode_event if isinstance(result, Said) else reader.codec.encode_reply
                    reader.reply(self.log.last, encode(result))
                    results.append(result)
        except RefusedError as error:
            reader.reply(self.log.last, reader.codec.encode_reply(error.reply()))
        return results

    def connect(self, session: Session, which: int, position: int) -> None:
        reader = Reader(session, which, self.renderings[which], position)
        for those in (self.everyone, self.connections, self.people):
            those.append(reader)
        reader.reply(position, b"(welcome)\n")

    def enter(self, wanted: str, which: int, position: int | None = None, back: int = 0) -> None:
        door, token = ("web", f"token {len(self.everyone):03}") if which == JSON else ("terminal", "")
        session = Session(self.chat.free_nick(wanted), door, "192.0.2.1", self.ts, token)  # type: ignore[arg-type]
        joined = self.append(Joined(nick=session.nick), session)
        self.chat.enter(session)
        self.connect(session, which, max(0, joined.seq - 1 - back) if position is None else position)

    def hang_up(self, reader: Reader) -> None:
        """Let it read what there is now, and no more."""
        self.people.remove(reader)
        reader.session = None
        reader.reply(self.log.last, b"(bye)\n")
        reader.cursor.end = self.log.last

    # ------------------------------------------------------------ what happens

    @rule(
        wanted=st.sampled_from(["Ann", "ann", "Аnn", "Bob", "", "x" * 32]),
        which=st.sampled_from([TEXT, JSON]),
        back=st.integers(0, 30),
    )
    def join(self, wanted: str, which: int, back: int) -> None:
        self.enter(wanted, which, back=back)

    @there_are("people")
    @rule(reader=PEOPLE, text=st.sampled_from(["hi", "one\ntwo", "ж" * 90, '"\\"']))
    def say(self, reader: Reader, text: str) -> None:
        (said,) = self.do(reader, Say(text))
        assert isinstance(said, Said)
        assert said.text == text

    @there_are("people")
    @rule(reader=PEOPLE, id=st.sampled_from(["1", "2", "3"]), text=st.sampled_from(["a", "b"]))
    def say_once(self, reader: Reader, id: str, text: str) -> None:
        if id in self.ids and self.ids[id].seq < self.log.first:
            del self.ids[id]  # it is known for as long as the log has it
        last = self.log.last
        (said,) = self.do(reader, Say(text, id))
        assert isinstance(said, Said)
        assert said == self.ids.setdefault(id, said)
        assert self.log.last - last == (said.seq > last)

    @there_are("people")
    @rule(reader=PEOPLE, nick=st.sampled_from(["Ann", "Bob", "Zoe", "zoe", "Воb", "*no", ""]))
    def rename(self, reader: Reader, nick: str) -> None:
        self.do(reader, Rename(nick))

    @there_are("people")
    @rule(reader=PEOPLE, command=st.sampled_from([ListMembers(), Ping("1")]))
    def ask(self, reader: Reader, command: Command) -> None:
        last = self.log.last
        self.do(reader, command)
        assert self.log.last == last

    @there_are("people")
    @rule(reader=PEOPLE)
    def quit(self, reader: Reader) -> None:
        (left,) = self.do(reader, Quit())
        assert isinstance(left, Left)
        self.hang_up(reader)

    @rule(data=st.data(), size=st.booleans(), steps=st.integers(1, 3))
    def prune(self, data: st.DataObject, size: bool, steps: int) -> None:
        self.end_round()  # the hub prunes between two rounds
        before_ts = 0 if size else data.draw(st.integers(self.log.first, self.log.last + 1)) * 1000 + 1_789_999_999_500
        for _ in range(steps):
            first = self.log.first
            more = self.log.prune(before_ts, most_bytes=1 if size else 0)
            assert more == (self.log.first > first)
        assert self.log.first <= max(1, self.log.last), "the newest stays"
        kept = self.log.after(0, 1000)
        assert [event.seq for event in kept] == list(range(self.log.first, self.log.last + 1))
        assert size or all(self.events[seq].ts < before_ts for seq in range(1, self.log.first))

    # ------------------------------------------------------------ what breaks

    def lose_connection(self, reader: Reader) -> None:
        """Nothing more reaches it; what was on its way is gone."""
        self.connections.remove(reader)
        if reader in self.people:
            self.people.remove(reader)
        reader.check(self.events)

    @there_are("connections")
    @rule(reader=CONNECTIONS)
    def lose(self, reader: Reader) -> None:
        session = reader.session
        self.lose_connection(reader)
        if session is None:
            return
        reader.session = None
        if session.token:
            self.away[session.token] = session, reader
        else:
            self.chat.fold(session, self.append(Left(nick=session.nick, reason="lost")))

    @there_are("away")
    @rule(token=AWAY)
    def come_back(self, token: str) -> None:
        _, reader = self.away.pop(token)
        session = self.chat.session_of(token)
        assert session is not None
        self.connect(session, JSON, reader.seen)

    @there_are("away")
    @rule(token=AWAY)
    def come_back_too_late(self, token: str) -> None:
        session, reader = self.away.pop(token)
        self.chat.fold(session, self.append(Left(nick=session.nick, reason="lost")))
        assert self.chat.session_of(token) is None
        self.enter(session.nick, JSON, reader.seen)

    @precondition(lambda self: self.browsers())
    @rule(reader=BROWSERS)
    def take_over(self, reader: Reader) -> None:
        session = reader.session
        assert session is not None
        self.hang_up(reader)
        reader.check(self.events)
        self.connect(session, JSON, reader.seen)

    @rule()
    def restart(self) -> None:
        """All connections break; the log is all that is left."""
        epoch, first, last = self.log.epoch, self.log.first, self.log.last
        readers = {reader.token: reader for reader in self.people if reader.token}
        readers |= {token: reader for token, (_, reader) in self.away.items()}
        for reader in [*self.connections]:
            self.lose_connection(reader)
            reader.session = None
        self.log.close()
        self.log = EventLog(self.directory)
        assert (self.log.epoch, self.log.first, self.log.last) == (epoch, first, last)
        self.set_up()
        self.away.clear()
        for session in self.log.present():
            if session.token:
                self.chat.enter(session)
                self.away[session.token] = session, readers.pop(session.token)
            else:
                self.append(Left(nick=session.nick, reason="lost"))
        assert not readers, "somebody was forgotten"

    # --------------------------------------------------------------- reading

    @there_are("connections")
    @rule(reader=CONNECTIONS, count=st.integers(1, 400))
    def take(self, reader: Reader, count: int) -> None:
        progress = reader.take(count, self.log)
        assert (progress is Progress.BLOCKED) <= (reader.room == 0)

    @rule()
    def end_round(self) -> None:
        for rendering in self.renderings:
            rendering.forget_pieces()

    # ------------------------------------------------------------ what is true

    @invariant()
    def what_was_received_is_the_beginning_of_what_there_is(self) -> None:
        for reader in self.connections:
            reader.check(self.events)

    @invariant()
    def the_room_is_what_the_log_says(self) -> None:
        if not hasattr(self, "chat"):
            return
        sessions = [session for session, _ in self.away.values()]
        here = [session.nick for session in (*(reader.session for reader in self.people), *sessions) if session]
        assert sorted(self.chat.nicks()) == sorted(here) == sorted(session.nick for session in self.log.present())
        shared = [key for nick in here for key in keys(nick)]
        assert len(shared) == len(set(shared)), "two nicks are the same"

    @invariant()
    def memory_is_bounded(self) -> None:
        for rendering in getattr(self, "renderings", ()):
            assert rendering._bytes <= rendering_module.TAIL_BYTES or not rendering._lines

    def teardown(self) -> None:
        """Let everybody read to the end."""
        try:
            for reader in self.connections:
                before = -1
                while reader.take(10_000_000, self.log) is Progress.MORE:
                    assert len(reader.received) > before, "it does not get on"
                    before = len(reader.received)
                assert reader.check(self.events)
        finally:
            for (module, name), value in self.usual.items():
                setattr(module, name, value)
            if hasattr(self, "log"):
                self.log.close()
            shutil.rmtree(self.directory)


TestConversation = Conversation.TestCase
TestConversation.settings = settings(FEW, max_examples=100)
