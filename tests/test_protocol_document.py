"""docs/PROTOCOL.md says what the program does: its examples, its tables, its numbers."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tcp_core import messages, nicknames
from tcp_core.commands import DEFAULT_LIMITS
from tcp_core.entrance import CLOSE_NOT_JOINED, FINAL_REFUSALS, JOIN_FAILURES
from tcp_core.framing import JSON_LINE_BYTES, TEXT_LINE_BYTES
from tcp_core.json_codec import JsonCodec
from tcp_core.messages import (
    ROOM,
    Bye,
    Cleared,
    Event,
    Gap,
    GetHistory,
    History,
    Ignoring,
    Input,
    Join,
    Joined,
    Left,
    Members,
    Notice,
    Ping,
    Pong,
    Prompt,
    Refused,
    Renamed,
    Said,
    Welcome,
)
from tcp_core.proxy_header import ProxyHeader
from tcp_core.reception import CLOSE_QUIT, CLOSE_STOPPED, CLOSE_TAKEN_OVER, REPLAY_EVENTS, ReceptionOptions
from tcp_core.text_codec import TextCodec
from tcp_core.wording import WORDINGS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")
EN = JsonCodec("en")

INTERNAL_REFUSALS = {"http", "tls"}
"""Told to those who came to the wrong port; not of this protocol."""
POSSIBLE_CLOSE_CODES = {*range(4000, 4096), *range(4500, 4600)}
NOT_SENT_YET = {4003}
"""Close codes that are set aside: no part of the program closes with them."""


def section(title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}.*?$(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def table(text: str) -> list[list[str]]:
    """Return the rows of the first table in `text`, without its head."""
    found = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found[1].splitlines()]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def fields(cell: str) -> tuple[set[str], set[str]]:
    """Return the fields that must be there, and those that may."""
    found = re.findall(r"`(\w+)`(\??)", cell)
    return {name for name, mark in found if not mark}, {name for name, mark in found if mark}


def examples(side: str) -> list[str]:
    blocks = re.findall(rf"^✉ {side}\n```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    return [line for block in blocks for line in block.splitlines()]


# ------------------------------------------------------------------- examples


@pytest.mark.parametrize("line", examples("client"))
def test_what_a_client_may_send_is_understood(line: str) -> None:
    commands = EN.decode(line, joined=True)
    assert commands
    assert not any(isinstance(command, Refused) for command in commands)
    sent = msgspec.json.decode(line, type=Join | Input | GetHistory | Ping)
    assert json.loads(line).items() <= json.loads(msgspec.json.encode(sent)).items()


SERVER_TYPES = Joined | Left | Renamed | Said | Cleared | Welcome | Members | History | Gap | Ignoring | Pong | Bye


@pytest.mark.parametrize("line", examples("server"))
def test_what_the_server_sends_looks_so(line: str) -> None:
    message: Any = msgspec.json.decode(line, type=SERVER_TYPES)
    if isinstance(message, Bye):
        assert message.code == CLOSE_QUIT
        message = Bye(CLOSE_QUIT, "quit")  # what the codec makes of it is worded for people
    encoded = EN.encode_event(message) if isinstance(message, Event) else EN.encode_reply(message)
    if isinstance(message, Welcome):
        shown, sent = json.loads(line), json.loads(encoded)
        assert all(command in sent["commands"] for command in shown.pop("commands"))
        assert sent.pop("commands")
        assert shown == sent
        return
    assert encoded.decode() == f"{line}\n"


def test_the_examples_show_a_whole_visit() -> None:
    sent = [json.loads(line)["type"] for line in examples("client")]
    assert set(sent) == {row[0].strip("`") for row in table(section("Client to server"))}
    received = [json.loads(line) for line in examples("server")]
    assert [message["type"] for message in received[:2]] == ["welcome", "members"]
    assert received[-1]["type"] == "bye"
    live: int = received[0]["live"]
    numbered = [message["seq"] for message in received if "seq" in message]
    assert numbered == list(range(live + 1, live + 1 + len(numbered)))


def test_the_welcome_tells_the_limits_as_they_are() -> None:
    welcome = json.loads(examples("server")[0])
    assert welcome["limits"] == {
        "text_characters": DEFAULT_LIMITS.characters,
        "text_lines": DEFAULT_LIMITS.lines,
        "nick_characters": nicknames.NICK_CHARACTERS,
        "line_bytes": JSON_LINE_BYTES,
    }


# --------------------------------------------------------------------- types


def test_the_types_of_a_client_are_those_of_the_program() -> None:
    documented = {words(name)[0]: fields(cell) for name, cell, _ in table(section("Client to server"))}
    for struct in (Join, Input, GetHistory, Ping):
        required, optional = documented.pop(str(struct.__struct_config__.tag))
        needed = {f.encode_name for f in msgspec.structs.fields(struct) if f.required}
        assert required | optional == {f.encode_name for f in msgspec.structs.fields(struct)}
        assert needed <= required
    assert not documented


SENT: tuple[Any, ...] = (
    Welcome(nick="a", session="s", room=ROOM, epoch="e", live=0, resumed=False, lang="en", server={}, limits={}),
    Members(ROOM, ["a"]),
    Joined(nick="a"),
    Left(nick="a", reason="quit"),
    Renamed(nick="a", new_nick="b"),
    Said(nick="a", text="t"),
    Said(nick="a", text="t", id="1"),
    Cleared(nick="a", by="b", seqs=[1]),
    Ignoring(["a"]),
    History(ROOM, [], more=False),
    Notice("done", {}),
    Notice("done", {}, "1"),
    Refused("empty", {}),
    Refused("empty", {}, "1"),
    Gap(ROOM, 1, 2),
    Pong(),
    Pong("1"),
    Bye(4000, "stopped"),
)


def test_the_types_of_the_server_are_those_of_the_program() -> None:
    documented = {words(name)[0]: fields(cell) for name, cell, _ in table(section("Server to client"))}
    seen: dict[str, set[frozenset[str]]] = {}
    for message in SENT:
        encoded = EN.encode_event(message) if isinstance(message, Event) else EN.encode_reply(message)
        parts = json.loads(encoded)
        seen.setdefault(parts.pop("type"), set()).add(frozenset(parts))
    assert seen == {
        name: {frozenset(required), frozenset(required | optional)} for name, (required, optional) in documented.items()
    }


def test_every_message_of_the_program_is_documented() -> None:
    structs = [
        value
        for value in vars(messages).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == messages.__name__
    ]
    tags = {str(struct.__struct_config__.tag) for struct in structs if not struct.__name__.startswith("_")}
    sides = table(section("Client to server")) + table(section("Server to client"))
    assert tags | {"notice", "refused"} == {words(row[0])[0] for row in sides} - {"msgspec.Struct"}


# ------------------------------------------------------- refusals, close codes


def refusals() -> dict[str, str]:
    return {words(code)[0]: f"{code} {why}" for code, why in table(section("Refusals"))}


def test_the_refusals_are_those_of_the_program() -> None:
    for wording in WORDINGS.values():
        assert set(refusals()) == set(wording.refusals) - INTERNAL_REFUSALS


def test_those_marked_end_the_connection() -> None:
    marked = {code for code, row in refusals().items() if "†" in row}
    assert marked == set(FINAL_REFUSALS) - INTERNAL_REFUSALS | {"join-timeout"}


@pytest.mark.parametrize(
    ("code", "numbers"),
    [
        ("line-too-long", [f"{TEXT_LINE_BYTES // 1024} KiB", f"{JSON_LINE_BYTES // 1024} KiB"]),
        ("text-too-long", [f"{DEFAULT_LIMITS.characters:,} characters"]),
        ("nick-too-long", [f"{nicknames.NICK_CHARACTERS} characters"]),
    ],
)
def test_a_refusal_names_the_limit(code: str, numbers: list[str]) -> None:
    assert all(number in refusals()[code] for number in numbers)


def close_codes() -> dict[int, str]:
    return {int(code): reconnect for code, _, reconnect in table(section("Close codes"))}


def codes_in_the_program() -> Iterator[int]:
    for package in ("tcp_core", "web_gateway"):
        for path in (ROOT / package).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, int)
                    and node.value in POSSIBLE_CLOSE_CODES
                ):
                    yield node.value


def test_the_close_codes_are_those_of_the_program() -> None:
    used = set(codes_in_the_program())
    assert {CLOSE_STOPPED, CLOSE_TAKEN_OVER, CLOSE_NOT_JOINED, CLOSE_QUIT, *FINAL_REFUSALS.values()} <= used
    assert used <= set(close_codes())
    assert set(close_codes()) - used <= NOT_SENT_YET


def test_the_number_tells_whether_to_reconnect() -> None:
    for code, reconnect in close_codes().items():
        assert reconnect == ("no" if 4500 <= code <= 4599 else "yes")


def test_the_reasons_of_leaving_are_those_of_the_program() -> None:
    (row,) = (row for row in table(section("Server to client")) if row[0] == "`left`")
    documented = set(words(row[2])) or set(re.findall(r"\w+", row[2].partition(";")[2]))
    (doc,) = re.findall(r"one of ([\w, ]+)", Left.__doc__ or "")
    assert documented == set(doc.split(", "))


# ------------------------------------------------------------------ text door


SHOWN: dict[str, tuple[str, Any]] = {
    "on connect, no line end": ("", Prompt()),
    "before that, if the room has a password": ("", Prompt(password=True)),
    "an operator took messages away": ("\n", Cleared(nick="Bob", by="Ann", seqs=[1, 2, 3])),
    "somebody joined": ("\n", Joined(nick="Alex")),
    "somebody left": ("\n", Left(nick="Alex", reason="quit")),
    "renamed": ("\n", Renamed(nick="Bob", new_nick="Bobby")),
    "said": ("\n", Said(nick="Alex", text="Привет!")),
    "`/nickname` without a nick": ("\n", Refused("usage", {"command": "nickname"})),
}


def test_a_terminal_shows_what_the_table_says() -> None:
    rows = table(section("Text door"))
    assert {row[0] for row in rows} == set(SHOWN)
    for when, *columns in rows:
        end, message = SHOWN[when]
        for codec, column in zip((TextCodec("ru"), TextCodec("en")), columns, strict=True):
            encode: Any = codec.encode_event if isinstance(message, Event) else codec.encode_reply
            assert encode(message).decode() == column.strip("`") + end


def test_the_numbers_in_the_text_are_those_of_the_program() -> None:
    text = section("Text door")
    numerals = {5: "five"}
    assert f"at most {numerals[JOIN_FAILURES]} times" in text
    assert f"({ReceptionOptions().history_lines} by default)" in text
    assert f"A line is at most {TEXT_LINE_BYTES // 1024} KiB" in text
    assert f"the last {REPLAY_EVENTS} at a first join" in section("Server to client")
    assert f"no line longer than {JSON_LINE_BYTES // 1024} KiB" in section("JSON door")


def test_a_page_of_history_is_as_large_as_the_table_says() -> None:
    (row,) = (row for row in table(section("Client to server")) if row[0] == "`history`")
    low, high = map(int, re.findall(r"\((\d+) to (\d+)\)", row[2])[0])
    for limit, accepted in ((low - 1, False), (low, True), (high, True), (high + 1, False)):
        (command,) = EN.decode(f'{{"type":"history","before":1,"limit":{limit}}}', joined=True)
        assert isinstance(command, GetHistory) is accepted


def test_an_id_may_be_what_the_page_says() -> None:
    assert "at most 64 visible ASCII characters" in PAGE
    for id, accepted in (
        ("x" * 64, True),
        ("x" * 65, False),
        ("!~", True),
        ("a b", False),
        ("ё", False),
        ("\x7f", False),
    ):
        (command,) = EN.decode(msgspec.json.encode(Ping(id)).decode(), joined=True)
        assert isinstance(command, Ping) is accepted
    assert Ping().id is UNSET


def test_a_gateway_starts_with_a_header() -> None:
    assert "PROXY\nprotocol header (v1 or v2)" in PAGE
    assert ProxyHeader().feed(b"PROXY UNKNOWN\r\n")
