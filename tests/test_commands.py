"""What a typed line asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from tcp_core.commands import COMMANDS, DEFAULT_LIMITS, understand
from tcp_core.messages import Command, ListCommands, ListMembers, Notice, Quit, RefusedError, Rename, Say
from tests.hypothesis_profile import PURE

CLEANED = Notice("cleaned", {})

UNDERSTOOD: tuple[tuple[str, list[Command]], ...] = (
    ("Hello!", [Say("Hello!")]),
    ("  Hello!  ", [Say("Hello!")]),
    ("", []),
    ("   \t ", []),
    ("\n\n", []),
    ("\u00a0\u3000", []),
    ("\u3000\n\u3000", []),
    ("/nickname Bob", [Rename("Bob")]),
    ("/nick Bob", [Rename("Bob")]),
    ("/NICK Bob", [Rename("Bob")]),
    ("  /nick   Bob the second ", [Rename("Bob the second")]),
    ("/nick\tBob", [Rename("Bob")]),
    ("/who", [ListMembers()]),
    ("/help", [ListCommands()]),
    ("/quit", [Quit()]),
    ("/quit bye", [Quit()]),
    ("//quit", [Say("/quit")]),
    ("///quit", [Say("//quit")]),
    ("//", [Say("/")]),
    ("see /quit", [Say("see /quit")]),
    ("\\quit", [Say("\\quit")]),
    ("one\ntwo", [Say("one\ntwo")]),
    ("one\r\ntwo\r\n", [Say("one\ntwo")]),
    ("  def f():\n      pass", [Say("  def f():\n      pass")]),
    ("one\n/quit", [Say("one\n/quit")]),
    ("\x1b[31mred", [CLEANED, Say("[31mred")]),
    ("\x07/quit", [CLEANED, Quit()]),
    ("/ni\x00ck Bob", [CLEANED, Rename("Bob")]),
)

REFUSED: tuple[tuple[str, str, dict[str, str | int]], ...] = (
    ("/nickname", "usage", {"command": "nickname"}),
    ("/nick   ", "usage", {"command": "nickname"}),
    ("/dance", "unknown-command", {"word": "dance"}),
    ("/Dance with me", "unknown-command", {"word": "Dance"}),
    ("/", "unknown-command", {"word": ""}),
    ("/ nick Bob", "unknown-command", {"word": ""}),
    ("/nicknames Bob", "unknown-command", {"word": "nicknames"}),
    ("/" + "x" * 100, "unknown-command", {"word": "x" * 32}),
    ("/dance\nwith me", "unknown-command", {"word": "dance"}),
    ("\x1b\x07", "empty", {}),
    ("\u200b", "empty", {}),
    ("\u200f\u200f", "empty", {}),  # invisible marks
    ("\u034f", "empty", {}),  # a combining grapheme joiner
    ("\ufe0f", "empty", {}),  # a variation selector
    ("\u3164\u115f", "empty", {}),  # Hangul fillers
    ("\u2800", "empty", {}),  # Braille without dots
    ("x" * (DEFAULT_LIMITS.characters + 1), "text-too-long", {"limit": 4000, "length": 4001}),
    ("x" + "\t" * 1000 + "x", "text-too-long", {"limit": DEFAULT_LIMITS.characters, "length": 4002}),
    ("\x1b" * 4 * DEFAULT_LIMITS.characters, "empty", {}),
    ("\x1b" * (4 * DEFAULT_LIMITS.characters + 1), "text-too-long", {"limit": 4000, "length": 16001}),
    ("x" * 1_000_000, "text-too-long", {"limit": DEFAULT_LIMITS.characters, "length": 1_000_000}),
)


@pytest.mark.parametrize(("raw", "commands"), UNDERSTOOD)
def test_a_line_asks_for_this(raw: str, commands: list[Command]) -> None:
    assert understand(raw) == commands


@pytest.mark.parametrize(("raw", "code", "details"), REFUSED)
def test_a_line_is_refused_with_this(raw: str, code: str, details: dict[str, str | int]) -> None:
    with pytest.raises(RefusedError) as caught:
        understand(raw)
    assert (caught.value.code, caught.value.details) == (code, details)


def test_the_longest_message_is_said() -> None:
    text = "👋" * DEFAULT_LIMITS.characters
    assert understand(text) == [Say(text)]
    assert understand(f"  {text}  ") == [Say(text)]


@pytest.mark.parametrize(
    ("raw", "command"),
    [
        ("hello", Say("hello", "1")),
        ("//quit", Say("/quit", "1")),
        ("/nick Bob", Rename("Bob", "1")),
        ("/who", ListMembers("1")),
        ("/help", ListCommands("1")),
        ("/quit", Quit("1")),
    ],
)
def test_the_id_goes_along(raw: str, command: Command) -> None:
    assert understand(raw, "1") == [command]


@pytest.mark.parametrize("raw", ["", "  ", "\n"])
def test_nothing_with_an_id_has_to_be_answered(raw: str) -> None:
    with pytest.raises(RefusedError) as caught:
        understand(raw, "1")
    assert caught.value.code == "empty"


@pytest.mark.parametrize("name", [name for row in COMMANDS for name in row.names])
def test_a_command_that_exists_is_never_called_unknown(name: str) -> None:
    for raw in (f"/{name}", f"/{name} x", f"/{name.upper()}", f"/{name}\nx"):
        try:
            understand(raw)
        except RefusedError as error:
            assert error.code == "usage"  # noqa: PT017 - it need not raise


def test_the_names_of_commands_are_distinct_words() -> None:
    names = [name for row in COMMANDS for name in row.names]
    assert len(names) == len(set(names))
    assert all(name.isalpha() and name.islower() for name in names)


@PURE
@given(st.text(max_size=200), st.sampled_from(["", "/", "//", "/nick ", "/who ", "\x1b"]))
def test_any_text_is_understood_or_refused(text: str, prefix: str) -> None:
    try:
        commands = understand(prefix + text)
    except RefusedError as error:
        assert error.code in ("empty", "unknown-command", "usage")  # noqa: PT017
        return
    for command in commands:
        if isinstance(command, Say):
            assert command.text.strip()
            assert len(command.text) <= DEFAULT_LIMITS.characters
            assert command.text.replace("\n", "").isprintable() or not text.isprintable()
        assert getattr(command, "id", UNSET) is UNSET


def test_a_message_of_very_many_lines_is_refused() -> None:
    fits = "\n".join("x" * DEFAULT_LIMITS.lines)
    assert understand(fits) == [Say(fits)]
    with pytest.raises(RefusedError) as caught:
        understand(fits + "\nx")
    assert (caught.value.code, caught.value.details) == ("too-many-lines", {"limit": 200, "length": 201})


@pytest.mark.parametrize("line", ["/who\nmy important note", "/help me with this", "/history twenty", "/history 0"])
def test_what_a_command_cannot_use_is_refused_rather_than_dropped(line: str) -> None:
    with pytest.raises(RefusedError) as caught:
        understand(line)
    assert caught.value.code == "usage"
