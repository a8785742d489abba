"""What comes first, what can wait, and for how long."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tcp_core.inbox import Inbox
from tcp_core.peer import Peer
from tcp_core.session import Session
from tcp_core.text_codec import TextCodec


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        yield sock


def peer(sock: socket.socket, inside: bool) -> Peer:
    one = Peer(sock, "terminal", "192.0.2.1", TextCodec("en"))
    if inside:
        one.session = Session("Ann", "terminal", "192.0.2.1", 1)
    return one


def take(inbox: Inbox, seconds: float = 1.0) -> list[str]:
    return [what for what, *_ in inbox.take(seconds)]


def test_the_room_comes_before_the_door_each_in_its_order(sock: socket.socket) -> None:
    inbox = Inbox(Clock())
    inside, outside = peer(sock, True), peer(sock, False)
    for n in range(3):
        inbox.put(f"door {n}", outside)
        inbox.put(f"room {n}", inside)
    inbox.put("stop", 3.0)
    assert take(inbox) == ["room 0", "room 1", "room 2", "stop", "door 0", "door 1", "door 2"]
    assert take(inbox) == []


def test_what_can_wait_is_taken_in_portions_but_for_one(sock: socket.socket) -> None:
    clock = Clock()
    inbox = Inbox(clock)
    for n in range(5):
        inbox.put(f"door {n}", peer(sock, False))
    taken = []
    for what, *_ in inbox.take(2.5):
        taken.append(what)
        clock.now += 1.0  # each takes a second
    assert taken == ["door 0", "door 1", "door 2"]
    assert take(inbox, 0.0) == ["door 3"]
    inbox.wait(None)  # does not wait: there is something left
    assert take(inbox) == ["door 4"]


def test_something_of_the_room_ends_the_portion(sock: socket.socket) -> None:
    inbox = Inbox(Clock())
    for n in range(3):
        inbox.put(f"door {n}", peer(sock, False))
    taken = []
    for what, *_ in inbox.take(1.0):
        taken.append(what)
        if what == "door 0":
            inbox.put("room", peer(sock, True))
            inbox.put_off("put off", peer(sock, True))
    assert taken == ["door 0", "room"]
    assert take(inbox) == ["door 1", "door 2", "put off"]


def test_the_rest_is_everything(sock: socket.socket) -> None:
    inbox = Inbox(Clock())
    for n in range(3):
        inbox.put(f"door {n}", peer(sock, False))
    assert take(inbox, 0.0) == ["door 0"]
    inbox.put("room", peer(sock, True))
    assert {what for what, *_ in inbox.rest()} == {"door 1", "door 2", "room"}
    assert inbox.rest() == []
    inbox.wait(0.0)
