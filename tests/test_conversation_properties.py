"""Conversations at random: however slowly it reads, each reader gets the log, and its replies where they were made."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from tcp_core import rendering as rendering_module
from tcp_core.chat import Chat
from tcp_core.cursor import Cursor, Progress
from tcp_core.event_log import EventLog
from tcp_core.json_codec import JsonCodec
from tcp_core.messages import (
    ROOM,
    Command,
    Event,
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

TINY = {"PIECE_BYTES": 120, "TAIL_BYTES": 600, "_COLD_EVENTS": 3, "_WARM_EVENTS": 4}
"""Bounds that a short conversation reaches."""
CODECS: tuple[Any, ...] = (TextCodec("ru"), JsonCodec("en"))


class Reader:
    """One connection: a participant, a cursor, and a socket that takes no more than it is allowed to."""

    def __init__(self, session: Session, codec: Any, rendering: Rendering, position: int) -> None:
        self.session: Session | None = session
        self.codec = codec
        self.cursor = Cursor()
        self.cursor.rendering = rendering
        self.start = self.cursor.position = position
        self.replies: list[tuple[int, bytes]] = []
        self.received = b""
        self.room = 0

    def send(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        taken = data[: self.room]
        self.room -= len(taken)
        self.received += taken
        return len(taken)

    def reply(self, after: int, data: bytes) -> None:
        self.cursor.reply(after, data)
        self.replies.append((after, data))


class Conversation(RuleBasedStateMachine):
    """The hub's work, without its thread: decide, append, extend, fold, reply."""

    readers = Bundle("readers")

    def __init__(self) -> None:
        super().__init__()
        self.usual = {name: getattr(rendering_module, name) for name in TINY}
        for name, value in TINY.items():
            setattr(rendering_module, name, value)
        self.directory = Path(tempfile.mkdtemp())
        self.ts = 1_790_000_000_000
        self.everyone: list[Reader] = []
        self.ids: dict[str, Said] = {}

    @initialize(before=st.integers(0, 12))
    def open(self, before: int) -> None:
        self.log = EventLog(self.directory)
        self.log.append([Said(nick="Old", text=f"{n}") for n in range(before)], ts=1)
        self.renderings = [Rendering(self.log, codec.encode_event, codec.encode_reply) for codec in CODECS]
        for rendering in self.renderings:
            rendering.warm()
        self.chat = Chat(
            self.log.find,
            lambda before, limit: History(ROOM, self.log.before(before, limit), more=False),
            lambda limit: History(ROOM, self.log.messages_before(self.log.last + 1, limit), more=False),
        )

    def append(self, draft: Event) -> Event:
        self.ts += 1000
        (event,) = self.log.append([draft], self.ts)
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

    # ------------------------------------------------------------ what happens

    @rule(
        target=readers,
        wanted=st.sampled_from(["Ann", "ann", "Аnn", "Bob", "", "x" * 32]),
        which=st.integers(0, 1),
        back=st.integers(0, 30),
    )
    def join(self, wanted: str, which: int, back: int) -> Reader:
        session = Session(self.chat.free_nick(wanted), "terminal", "192.0.2.1", self.ts)
        joined = self.append(Joined(nick=session.nick))
        self.chat.enter(session)
        reader = Reader(session, CODECS[which], self.renderings[which], max(0, joined.seq - 1 - back))
        self.everyone.append(reader)
        reader.reply(reader.start, b"(welcome)\n")
        return reader

    @rule(reader=readers, text=st.sampled_from(["hi", "one\ntwo", "ж" * 90, '"\\"']))
    def say(self, reader: Reader, text: str) -> None:
        (said,) = self.do(reader, Say(text))
        assert isinstance(said, Said)
        assert said.text == text

    @rule(reader=readers, id=st.sampled_from(["1", "2", "3"]), text=st.sampled_from(["a", "b"]))
    def say_once(self, reader: Reader, id: str, text: str) -> None:
        last = self.log.last
        (said,) = self.do(reader, Say(text, id))
        assert isinstance(said, Said)
        assert said == self.ids.setdefault(id, said)
        assert self.log.last - last == (said.seq > last)

    @rule(reader=readers, nick=st.sampled_from(["Ann", "Bob", "Zoe", "zoe", "Воb", "*no", ""]))
    def rename(self, reader: Reader, nick: str) -> None:
        self.do(reader, Rename(nick))

    @rule(reader=readers, command=st.sampled_from([ListMembers(), Ping("1")]))
    def ask(self, reader: Reader, command: Command) -> None:
        last = self.log.last
        self.do(reader, command)
        assert self.log.last == last

    @rule(reader=consumes(readers))
    def quit(self, reader: Reader) -> None:
        (left,) = self.do(reader, Quit())
        assert isinstance(left, Left)
        reader.session = None
        reader.reply(left.seq, b"(bye)\n")
        reader.cursor.end = left.seq

    # --------------------------------------------------------------- reading

    @precondition(lambda self: self.everyone)
    @rule(data=st.data(), count=st.integers(1, 400))
    def take(self, data: st.DataObject, count: int) -> None:
        reader = data.draw(st.sampled_from(self.everyone))
        reader.room = count
        progress = reader.cursor.advance(self.log.last, reader.send)
        assert (progress is Progress.BLOCKED) <= (reader.room == 0)

    @rule()
    def end_round(self) -> None:
        for rendering in self.renderings:
            rendering.forget_pieces()

    # ------------------------------------------------------------ what is true

    def expected(self, reader: Reader) -> bytes:
        end = reader.cursor.end if reader.cursor.end is not None else self.log.last
        replies = iter([*reader.replies, (2**62, b"")])
        after, reply = next(replies)
        shown = b""
        for seq in range(reader.start, end + 1):
            if seq > reader.start:
                (event,) = self.log.after(seq - 1, 1)
                shown += reader.codec.encode_event(event)
            while after <= seq:
                shown += reply
                after, reply = next(replies)
        return shown

    @invariant()
    def what_was_received_is_the_beginning_of_what_there_is(self) -> None:
        for reader in self.everyone:
            assert self.expected(reader).startswith(reader.received)

    @invariant()
    def the_room_is_what_the_log_says(self) -> None:
        if not hasattr(self, "chat"):
            return
        here = [reader.session.nick for reader in self.everyone if reader.session is not None]
        assert sorted(self.chat.nicks()) == sorted(here) == sorted(session.nick for session in self.log.present())
        shared = [key for nick in here for key in keys(nick)]
        assert len(shared) == len(set(shared)), "two nicks are the same"

    @invariant()
    def memory_is_bounded(self) -> None:
        for rendering in getattr(self, "renderings", ()):
            assert rendering._bytes <= TINY["TAIL_BYTES"] or not rendering._lines

    def teardown(self) -> None:
        """Let everybody read to the end."""
        try:
            for reader in self.everyone:
                reader.room = 10_000_000
                while reader.cursor.advance(self.log.last, reader.send) is Progress.MORE:
                    pass
                assert reader.received == self.expected(reader)
                if isinstance(reader.codec, JsonCodec):
                    assert_numbered(reader)
        finally:
            for name, value in self.usual.items():
                setattr(rendering_module, name, value)
            if hasattr(self, "log"):
                self.log.close()
            shutil.rmtree(self.directory)


def assert_numbered(reader: Reader) -> None:
    """Assert that what a browser got has every seq once, in order; repeated are only its own replies."""
    repeated = {data for _, data in reader.replies}
    seqs = []
    for line in reader.received.splitlines(keepends=True):
        if line not in repeated and not line.startswith(b"("):
            message = msgspec.json.decode(line)
            if "seq" in message:
                seqs.append(message["seq"])
    assert seqs == sorted(set(seqs))


TestConversation = Conversation.TestCase
TestConversation.settings = FEW
