"""Who may enter: the room's password, joins a minute, and what is no chat at all."""

from __future__ import annotations

import re

from tcp_core.entrance import CLOSE_NOT_JOINED
from tcp_core.secret import Secret
from tests.conftest import Core
from tests.moderated_room import (
    Start,
    browser,
    farewell,
    room_fixture,  # noqa: F401
    start_fixture,  # noqa: F401
    terminal,
)


def test_a_terminal_says_the_password_before_the_nick(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame\n")})
    ann = core.text()
    assert ann.read_until("Пароль: ") == "Пароль: "
    ann.send("guess\n")
    assert ann.read_until("Пароль: ") == "❌ Нужен верный пароль комнаты\nПароль: "
    ann.send("sesame\nAnn\nhello\n")
    assert ann.read_until("[Ann] hello\n").startswith("Ник: * Ann вошёл в чат *\n")
    script = core.text()
    script.send("sesame\nci\nbuild failed\n")
    assert ann.read_until("[ci] build failed\n")


def test_a_terminal_that_guesses_is_let_go(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame"), "lang": "en"})
    client = core.text()
    client.send("1\n2\n3\n4\n5\nsesame\nAnn\n")
    refusal = "❌ The right password of the room is needed\n"
    assert client.read_to_end() == f"Password: {refusal}" * 5


def test_a_browser_says_the_password_as_it_joins(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame")})
    ann = core.web()
    for fields in ({}, {"password": ""}, {"password": "guess"}, {"password": "SESAME"}, {"password": "x" * 60_000}):
        ann.send(type="join", nick="Ann", lang="en", **fields)
        refused = ann.read()
        assert refused == {"type": "refused", "code": "password", "text": "The right password of the room is needed"}
    token = ann.join("Ann", password="sesame")["session"]
    ann.close()
    back = core.web()
    assert back.join("Ann", session=token)["resumed"]


def test_guesses_of_the_room_password_are_limited(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame")})
    client = core.web()
    for _ in range(30):
        client.send(type="join", nick="Ann", lang="en", password="guess")
        message = client.read()
        assert message is not None
        assert message["code"] == "password"
    client.send(type="join", nick="Ann", lang="en", password="sesame")
    message = client.read()
    assert message is not None
    assert message["code"] == "attempts"
    assert re.search(r"in [12] s", message["text"])
    assert farewell(client)["code"] == CLOSE_NOT_JOINED
    assert core.web(client="192.0.2.2").join("Bob", password="sesame")


def test_nothing_can_be_seen_without_the_password(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame")})
    core.web(client="192.0.2.2").join("Bob", password="sesame")
    client = core.web()
    for message in ({"type": "history", "before": 100}, {"type": "input", "text": "/who"}):
        client.send(**message)
        answer = client.read()
        assert answer is not None
        assert answer["code"] == "not-joined"


def test_joins_a_minute_are_limited_by_address(start: Start) -> None:
    core = start(hub={"joins_per_minute": 5})
    tokens = [browser(core, f"B{i}", "198.51.100.7").token for i in range(5)]  # type: ignore[attr-defined]
    client = core.web(client="198.51.100.7")
    client.send(type="join", nick="B", lang="en")
    refused = client.read()
    assert refused is not None
    assert re.fullmatch(r"Too many joins from one address \(limit 5 a minute\)\. Try again in 1\d s", refused["text"])
    assert farewell(client)["code"] == 4503
    assert browser(core, "Other", "198.51.100.8")
    assert core.web(client="198.51.100.7").join("B0", session=tokens[0])["resumed"]  # who comes back does not count


def test_tls_where_none_is_spoken_says_nothing_to_the_room(room: Core) -> None:
    ann = terminal(room, "Ann")
    page = room.text()
    page.send(b"\x16\x03\x01\x00\x40\x01\nVictim\nI speak for a foreign page\n")  # a ticket may hold any bytes
    assert page.read_to_end().startswith("Nick: ❌ This is the text door of a chat")
    assert ann.roundtrip() == ""
