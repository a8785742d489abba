"""What becomes of a command, without a socket, a clock or a log."""

from __future__ import annotations

import pytest

from tcp_core import nicknames
from tcp_core.chat import Chat
from tcp_core.messages import (
    ROOM,
    Attendance,
    Command,
    CommandList,
    Door,
    Event,
    GetHistory,
    History,
    Join,
    Joined,
    Left,
    ListCommands,
    ListMembers,
    Notice,
    Ping,
    Pong,
    Presence,
    Quit,
    Refused,
    RefusedError,
    Rename,
    Renamed,
    Reply,
    Said,
    Say,
)
from tcp_core.session import Session


class Room:
    """A chat over a list of events, which takes every event at once."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.chat = Chat(self.find, self.history, self.messages)

    def find(self, id: str) -> Event | None:
        return next((event for event in self.events if isinstance(event, Said) and event.id == id), None)

    def history(self, before: int, limit: int) -> History:
        return History(ROOM, self.events[: before - 1][-limit:], more=False)

    def messages(self, limit: int) -> History:
        said: list[Event] = [event for event in self.events if isinstance(event, Said)]
        return History(ROOM, said[-limit:], more=False)

    def join(self, wanted: str, door: Door = "terminal", token: str = "") -> Session:
        session = Session(self.chat.free_nick(wanted), door, "192.0.2.1", 1000 + len(self.events), token)
        self.take(session, Joined(nick=session.nick))
        self.chat.enter(session)
        return session

    def take(self, session: Session, event: Event) -> None:
        self.events.append(event)
        self.chat.fold(session, event)

    def do(self, session: Session, command: Command) -> list[Event | Reply]:
        results = []
        for result in self.chat.decide(session, command):
            results.append(result)
            if isinstance(result, Joined | Left | Renamed | Said) and result not in self.events:
                self.take(session, result)
        return results


@pytest.fixture
def room() -> Room:
    return Room()


def test_the_first_gets_the_nick_and_the_next_a_number(room: Room) -> None:
    assert [room.join(nick).nick for nick in ("Alex", "Alex", "ALEX", "Аlex", "Bob", "")] == [
        "Alex", "Alex2", "ALEX3", "Аlex4", "Bob", "anon",
    ]  # fmt: skip
    assert room.chat.nicks() == ["Alex", "Alex2", "ALEX3", "Аlex4", "Bob", "anon"]
    assert len(room.chat) == 6


def test_a_nick_that_is_none_is_refused_at_the_door(room: Room) -> None:
    with pytest.raises(RefusedError, match="nick-not-allowed"):
        room.chat.free_nick("*x")


@pytest.mark.parametrize("nick", ["a" * 29 + "l·l", "a" * 30 + "͵α", "・" + "a" * 30 + "あ"])
def test_a_taken_nick_that_is_awkward_to_shorten_gets_a_number_too(room: Room, nick: str) -> None:
    room.join(nick)
    second = room.join(nick)
    assert second.nick != nick
    assert nicknames.enforce(second.nick) == second.nick


def test_deciding_changes_nothing(room: Room) -> None:
    ann = room.join("Ann")
    for command in (Rename("Bob"), Quit(), Say("x")):
        list(room.chat.decide(ann, command))
        assert (room.chat.nicks(), ann.nick) == (["Ann"], "Ann")


@pytest.mark.parametrize(
    ("command", "results"),
    [
        (Say("hello"), [Said(nick="Ann", text="hello")]),
        (Say("hello", "1"), [Said(nick="Ann", text="hello", id="1")]),
        (Rename("Anna"), [Renamed(nick="Ann", new_nick="Anna")]),
        (Rename("Anna", "1"), [Renamed(nick="Ann", new_nick="Anna"), Notice("done", {}, "1")]),
        (Rename("ann"), [Renamed(nick="Ann", new_nick="ann")]),
        (Rename("Ann"), []),
        (Rename(" Ann ", "1"), [Notice("done", {}, "1")]),
        (Rename("Аnn"), [Renamed(nick="Ann", new_nick="Аnn")]),  # one may look like oneself
        (Quit(), [Left(nick="Ann", reason="quit")]),
        (ListMembers("1"), [Attendance((Presence("Ann", "terminal", 1000), Presence("Bob", "web", 1001)), "1")]),
        (ListCommands("1"), [CommandList("1")]),
        (Ping("1"), [Pong("1")]),
        (Ping(), [Pong()]),
        (GetHistory(3, 1), [History(ROOM, [Joined(nick="Bob")], more=False)]),
        (Refused("not-json", {"problem": "x"}, "1"), [Refused("not-json", {"problem": "x"}, "1")]),
        (Notice("cleaned", {}), [Notice("cleaned", {})]),
    ],
)
def test_a_command_becomes(room: Room, command: Command, results: list[Event | Reply]) -> None:
    ann = room.join("Ann")
    room.join("Bob", "web")
    assert room.do(ann, command) == results


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Join("Ann2"), "already-joined"),
        (Rename("Bob"), "nick-taken"),
        (Rename("bob"), "nick-taken"),
        (Rename("Воb"), "nick-taken"),  # Cyrillic В
        (Rename("*"), "nick-not-allowed"),
        (Rename("x" * 500), "nick-too-long"),
        (Rename("server"), "nick-reserved"),
    ],
)
def test_a_command_is_refused_and_nothing_is_changed(room: Room, command: Command, code: str) -> None:
    ann = room.join("Ann")
    room.join("Bob")
    with pytest.raises(RefusedError) as caught:
        room.do(ann, command)
    assert caught.value.code == code
    assert room.chat.nicks() == ["Ann", "Bob"]
    assert len(room.events) == 2


def test_a_nick_is_free_again_when_its_owner_renames_or_leaves(room: Room) -> None:
    ann = room.join("Ann")
    room.do(ann, Rename("Zoe"))
    assert room.chat.free_nick("Ann") == "Ann"
    assert room.chat.free_nick("Zоe") == "Zоe2"
    room.do(ann, Quit())
    assert room.chat.free_nick("Zoe") == "Zoe"
    assert room.chat.nicks() == []
    assert len(room.chat) == 0


def test_two_may_swap_nicks_by_way_of_a_third(room: Room) -> None:
    ann, bob = room.join("Ann"), room.join("Bob")
    room.do(ann, Rename("x"))
    room.do(bob, Rename("Ann"))
    room.do(ann, Rename("Bob"))
    assert (ann.nick, bob.nick) == ("Bob", "Ann")
    assert set(room.chat.nicks()) == {"Ann", "Bob"}
    with pytest.raises(RefusedError, match="nick-taken"):
        room.do(ann, Rename("Ann"))


def test_what_has_an_id_is_said_once(room: Room) -> None:
    ann = room.join("Ann")
    (first,) = room.do(ann, Say("hello", "1"))
    room.do(ann, Rename("Anna"))
    assert room.do(ann, Say("hello", "1")) == [first]
    assert room.do(ann, Say("something else", "1")) == [first]
    assert [event for event in room.events if isinstance(event, Said)] == [first]
    assert room.do(ann, Say("hello", "2")) == [Said(nick="Anna", text="hello", id="2")]


def test_what_has_no_id_is_said_each_time(room: Room) -> None:
    ann = room.join("Ann")
    for _ in range(2):
        (said,) = room.chat.decide(ann, Say("hello"))
        room.events.append(said)  # type: ignore[arg-type]
    assert len([event for event in room.events if isinstance(event, Said)]) == 2


def test_a_session_is_found_by_its_token_until_it_leaves(room: Room) -> None:
    ann = room.join("Ann", "web", token="secret")
    bob = room.join("Bob")
    assert room.chat.session_of("secret") is ann
    assert room.chat.session_of("other") is None
    assert room.chat.session_of("") is None
    room.do(ann, Rename("Anna"))
    assert room.chat.session_of("secret") is ann
    room.do(bob, Quit())
    room.do(ann, Quit())
    assert room.chat.session_of("secret") is None
