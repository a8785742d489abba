"""Both doors of a real server, in one room."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tcp_core import audience, ledger
from tcp_core.audience import Pace
from tests.conftest import Core


def test_what_is_said_at_one_door_is_heard_at_the_other(core: Core) -> None:
    alex = core.text("Alex")
    ann = core.web()
    ann.join("Ann")
    assert alex.line() == "* Ann вошёл в чат *"
    ann.send(type="input", text="Привет!")
    assert alex.line() == "[Ann] Привет!"
    alex.send("И тебе\n")
    assert alex.line() == "[Alex] И тебе"
    assert ("Alex", "И тебе") in [(m["nick"], m.get("text")) for m in ann.roundtrip() if m["type"] == "said"]


def test_a_large_room_that_speaks_often(start_core: Callable[..., Core], monkeypatch: pytest.MonkeyPatch) -> None:
    """With cohorts of two that wait as long as they may: everybody hears everything once, and its author at once."""
    slow = Pace(seconds_per_reader=1.0, parts=3, cohort_readers=2, enough_events=1000)
    monkeypatch.setattr(ledger, "TERMINAL_PACE", slow)
    monkeypatch.setattr(ledger, "WEB_PACE", slow)
    core = start_core()
    listeners = [core.text(f"terminal-{number}") for number in range(4)]
    pages = [core.web() for _ in range(5)]
    for number, page in enumerate(pages):
        page.join(f"page-{number}")
    author = core.text("author")
    expected = [f"[author] {number}" for number in range(40)]
    for number, line in enumerate(expected):
        author.send(f"{number}\n")
        author.read_until(f"{line}\n")
    for listener in listeners:
        heard = listener.read_until(f"{expected[-1]}\n")
        assert [line for line in heard.splitlines() if line.startswith("[author]")] == expected
    for page in pages:
        said: list[str] = []
        while len(said) < len(expected):
            message = page.read()
            assert message is not None
            if message["type"] == "said":
                said.append(f"[{message['nick']}] {message['text']}")
        assert said == expected


def test_who_speaks_hears_himself_at_once(start_core: Callable[..., Core], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said is acknowledged though news waits for hours, and so is what is asked."""
    monkeypatch.setattr(audience, "MOST_DELAY_SECONDS", 3600.0)
    monkeypatch.setattr(ledger, "TERMINAL_PACE", Pace(seconds_per_reader=3600.0, parts=2, cohort_readers=1))
    core = start_core()
    author, listener = core.text("author"), core.text("listener")
    for number in range(10):
        author.send(f"{number}\n")
        author.read_until(f"[author] {number}\n")
    assert "[author] 9\n" in listener.roundtrip()  # who asks is told all that there was before the answer
