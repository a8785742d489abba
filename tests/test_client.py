"""The terminal client, at a terminal."""

from __future__ import annotations

import sys
import termios

import pyte
import pytest

from tcp_core.client import folded
from tests.conftest import Core
from tests.test_real_clients import Terminal


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("[a] hi", ["[a] hi"]),
        ("[a] 567890", ["[a] 567890"]),
        ("[a] 5678901", ["[a] 567890", "    1"]),
        ("[a] 56789012345678", ["[a] 567890", "    123456", "    78"]),
        ("[a] 你好吗你好", ["[a] 你好吗", "    你好"]),
        ("[a] 5你好吗好", ["[a] 5你好", "    吗好"]),  # half of a character does not stand at the end
        ("[a] 56789e\u0301x", ["[a] 56789e\u0301", "    x"]),
        ("[a] ❤\ufe0f❤\ufe0f❤\ufe0f❤\ufe0f", ["[a] ❤\ufe0f❤\ufe0f❤\ufe0f", "    ❤\ufe0f"]),
        ("[a] xः[b]", ["[a] xः[b]"]),
        ("[a] xःः[b]", ["[a] xःः[", "    b]"]),  # as wide as it can be
        ("", [""]),
    ],
)
def test_a_line_that_is_too_wide_goes_on_below_its_text(text: str, rows: list[str]) -> None:
    assert folded(text, 10).split("\n") == rows


def test_a_terminal_that_is_very_narrow_does_as_it_likes() -> None:
    assert folded("[a] hi", 3) == "[a] hi"


def test_what_a_message_goes_on_with_looks_like_no_line(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
    monkeypatch.setenv("TERM", "xterm")
    host, port = core.server.text_address
    alex = Terminal(sys.executable, "-m", "tcp_core.client", "--nick", "Alex", host, str(port), on_a_terminal=True)
    try:
        termios.tcsetwinsize(alex.terminal, (40, 80))
        before = alex.read_until("* Alex вошёл в чат *")
        eve = core.text("a")
        eve.send("hi" + " " * 74 + "* Bob left *\n")
        eve.send("x" * 76 + "[Bob] I owe you money\n")
        eve.send("end\n")
        screen = pyte.Screen(80, 40)
        pyte.Stream(screen).feed(before + alex.read_until("[a] end"))
        rows = [row.rstrip() for row in screen.display]
        assert "[a] hi" in rows
        assert "    * Bob left *" in rows
        assert "    [Bob] I owe you money" in rows
        assert "[a] end" in rows
    finally:
        alex.close()
