"""A place in the log, moved as fast as a socket takes bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tcp_core import rendering as rendering_module
from tcp_core.cursor import Cursor, Progress
from tcp_core.event_log import EventLog
from tcp_core.messages import Event, Said
from tcp_core.rendering import Rendering


class Sink:
    """A socket that takes `room` bytes, then none."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.received = b""
        self.sends = 0

    def send(self, data: bytes) -> int:
        assert data
        if not self.room:
            raise BlockingIOError
        self.sends += 1
        taken = data[: self.room]
        self.room -= len(taken)
        self.received += taken
        return len(taken)


class Room:
    """A log of which the events are shown as <1><2><3>…"""

    def __init__(self, directory: Path) -> None:
        self.log = EventLog(directory)
        self.rendering = Rendering(self.log, encode, lambda _: b"gap")

    def say(self, count: int) -> None:
        self.rendering.extend(self.log.append([Said(nick="Ann", text="x") for _ in range(count)], ts=1))

    def reader(self, position: int = 0) -> Cursor:
        cursor = Cursor()
        cursor.rendering = self.rendering
        cursor.position = position
        return cursor


def idle(cursor: Cursor) -> bool:
    """Whether nothing but events is to be sent."""
    return not cursor._rest and not cursor.reply_bytes


def encode(event: Event) -> bytes:
    return b"<%d>" % event.seq


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    with closing(room.log):
        yield room


def test_it_sends_what_follows_its_place_in_one_go(room: Room) -> None:
    room.say(5)
    cursor, sink = room.reader(2), Sink()
    assert cursor.advance(5, sink.send) is Progress.DONE
    assert (sink.received, sink.sends, cursor.position) == (b"<3><4><5>", 1, 5)
    assert cursor.advance(5, sink.send) is Progress.DONE
    assert sink.sends == 1
    room.say(1)
    assert cursor.advance(6, sink.send) is Progress.DONE
    assert sink.received == b"<3><4><5><6>"


def test_it_sees_nothing_beyond_the_head(room: Room) -> None:
    room.say(5)
    cursor, sink = room.reader(), Sink()
    assert cursor.advance(2, sink.send) is Progress.DONE
    assert sink.received == b"<1><2>"


def test_it_sees_nothing_beyond_its_end(room: Room) -> None:
    room.say(5)
    cursor, sink = room.reader(), Sink()
    cursor.reply(3, b"bye")
    cursor.end = 3
    assert cursor.advance(5, sink.send) is Progress.DONE
    assert sink.received == b"<1><2><3>bye"


@pytest.mark.parametrize("room_bytes", range(1, 9))
def test_a_socket_that_takes_part_gets_the_rest_later(room: Room, room_bytes: int) -> None:
    room.say(3)
    cursor, sink = room.reader(), Sink(room_bytes)
    assert cursor.advance(3, sink.send) is Progress.BLOCKED
    assert sink.received == b"<1><2><3>"[:room_bytes]
    assert cursor.position == -(-room_bytes // 3)  # the newest of which a part was taken
    assert idle(cursor) is (room_bytes % 3 == 0)
    room.say(1)
    sink.room = 1000
    assert cursor.advance(4, sink.send) is Progress.DONE
    assert sink.received == b"<1><2><3><4>"
    assert idle(cursor)


def test_a_socket_that_takes_nothing_leaves_the_cursor_where_it_is(room: Room) -> None:
    room.say(3)
    cursor, sink = room.reader(1), Sink(0)
    assert cursor.advance(3, sink.send) is Progress.BLOCKED
    assert cursor.position == 1
    sink.room = 1000
    cursor.advance(3, sink.send)
    assert sink.received == b"<2><3>"


def test_a_broken_socket_is_not_hidden(room: Room) -> None:
    def send(_: bytes) -> int:
        raise ConnectionResetError

    room.say(1)
    with pytest.raises(ConnectionResetError):
        room.reader().advance(1, send)


def test_replies_stand_where_they_were_made(room: Room) -> None:
    room.say(4)
    cursor, sink = room.reader(), Sink()
    cursor.reply(0, b"(a)")
    cursor.reply(2, b"(b)")
    cursor.reply(2, b"(c)")
    cursor.reply(4, b"(d)")
    assert not idle(cursor)
    assert cursor.advance(4, sink.send) is Progress.DONE
    assert sink.received == b"(a)<1><2>(b)(c)<3><4>(d)"
    assert idle(cursor)


def test_a_reply_waits_for_what_was_said_before_it(room: Room) -> None:
    room.say(2)
    cursor, sink = room.reader(), Sink()
    cursor.reply(3, b"(a)")
    assert cursor.advance(2, sink.send) is Progress.DONE
    assert sink.received == b"<1><2>"
    room.say(2)
    cursor.advance(4, sink.send)
    assert sink.received == b"<1><2><3>(a)<4>"


def test_before_joining_there_are_only_replies(room: Room) -> None:
    room.say(2)
    cursor, sink = Cursor(), Sink()
    assert cursor.position == 0
    cursor.reply(0, b"Nick: ")
    cursor.reply(2, b"taken\n")
    assert cursor.advance(2, sink.send) is Progress.DONE
    assert sink.received == b"Nick: taken\n"
    cursor.rendering, cursor.position = room.rendering, 1
    cursor.advance(2, sink.send)
    assert sink.received == b"Nick: taken\n<2>"


def test_a_reply_that_is_taken_in_part_is_finished_first(room: Room) -> None:
    room.say(2)
    cursor, sink = room.reader(), Sink(2)
    cursor.reply(0, b"(first)")
    cursor.reply(0, b"(second)")
    assert cursor.advance(2, sink.send) is Progress.BLOCKED
    assert sink.received == b"(f"
    sink.room = 9
    assert cursor.advance(2, sink.send) is Progress.BLOCKED
    sink.room = 1000
    assert cursor.advance(2, sink.send) is Progress.DONE
    assert sink.received == b"(first)(second)<1><2>"


def test_an_empty_reply_holds_nothing_up(room: Room) -> None:
    room.say(2)
    cursor, sink = room.reader(), Sink()
    for after, data in ((0, b""), (1, b""), (1, b"(a)"), (2, b"")):
        cursor.reply(after, data)
    assert cursor.advance(2, sink.send) is Progress.DONE
    assert sink.received == b"<1>(a)<2>"
    assert idle(cursor)


def test_the_size_of_replies_is_known(room: Room) -> None:
    cursor, sink = room.reader(), Sink(0)
    assert cursor.reply_bytes == 0
    cursor.reply(0, b"12345")
    cursor.reply(0, b"678")
    assert cursor.reply_bytes == 8
    sink.room = 1000
    cursor.advance(0, sink.send)
    assert cursor.reply_bytes == 0


def test_who_reads_old_events_lets_others_have_their_turn(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering_module, "TAIL_BYTES", 30)
    monkeypatch.setattr(rendering_module, "_COLD_EVENTS", 10)
    room.say(40)
    cursor, sink = room.reader(), Sink()
    progress = [cursor.advance(40, sink.send)]
    while progress[-1] is Progress.MORE:
        assert len(progress) < 10
        progress.append(cursor.advance(40, sink.send))
    assert progress == [Progress.MORE, Progress.MORE, Progress.MORE, Progress.DONE]
    assert sink.received == b"".join(b"<%d>" % n for n in range(1, 41))


def test_who_is_up_to_date_needs_no_turn_for_a_large_batch(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering_module, "PIECE_BYTES", 20)
    room.say(40)
    cursor, sink = room.reader(), Sink()
    assert cursor.advance(40, sink.send) is Progress.DONE
    assert sink.sends > 5
    assert sink.received == b"".join(b"<%d>" % n for n in range(1, 41))
