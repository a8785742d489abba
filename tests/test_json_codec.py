"""JSON lines and messages, in both directions."""

from __future__ import annotations

import json
import string
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core.commands import COMMANDS as TABLE
from tcp_core.commands import DEFAULT_LIMITS
from tcp_core.framing import JSON_LINE_BYTES
from tcp_core.json_codec import JsonCodec, encode_event
from tcp_core.messages import (
    ROOM,
    Attendance,
    Bye,
    Command,
    CommandList,
    Event,
    Gap,
    GetHistory,
    History,
    Input,
    Join,
    Joined,
    Left,
    ListMembers,
    Members,
    Notice,
    Ping,
    Pong,
    Presence,
    Prompt,
    Quit,
    Refused,
    Rename,
    Renamed,
    Reply,
    Said,
    Say,
    Welcome,
)
from tcp_core.wording import LANGS, Lang, command_list
from tests.hypothesis_profile import FEW, PURE

EN, RU = JsonCodec("en"), JsonCodec("ru")

# What goes out; read back, each is the same message.
EVENTS: tuple[tuple[Event, str], ...] = (
    (Joined(seq=1, ts=2, nick="Ann"), '{"type":"joined","room":"main","seq":1,"ts":2,"nick":"Ann"}'),
    (
        Left(seq=1, ts=2, nick="Ann", reason="quit"),
        '{"type":"left","room":"main","seq":1,"ts":2,"nick":"Ann","reason":"quit"}',
    ),
    (
        Renamed(seq=1, ts=2, nick="Ann", new_nick="Аня"),
        '{"type":"renamed","room":"main","seq":1,"ts":2,"nick":"Ann","new_nick":"Аня"}',
    ),
    (
        Said(seq=1, ts=2, nick="Ann", text='a\n"b"\\'),
        '{"type":"said","room":"main","seq":1,"ts":2,"nick":"Ann","text":"a\\n\\"b\\"\\\\"}',
    ),
    (
        Said(seq=1, ts=2, nick="Ann", text="👋", id="x"),
        '{"type":"said","room":"main","seq":1,"ts":2,"nick":"Ann","text":"👋","id":"x"}',
    ),
)
REPLIES: tuple[tuple[Any, str], ...] = (
    (Members(ROOM, ["Ann", "Bob"]), '{"type":"members","room":"main","nicks":["Ann","Bob"],"more":false}'),
    (Members(ROOM, []), '{"type":"members","room":"main","nicks":[],"more":false}'),
    (
        History(ROOM, [Joined(seq=1, ts=2, nick="Ann"), Said(seq=2, ts=3, nick="Ann", text="a")], more=True),
        '{"type":"history","room":"main","events":[{"type":"joined","room":"main","seq":1,"ts":2,"nick":"Ann"},'
        '{"type":"said","room":"main","seq":2,"ts":3,"nick":"Ann","text":"a"}],"more":true}',
    ),
    (History(ROOM, [], more=False), '{"type":"history","room":"main","events":[],"more":false}'),
    (Gap(ROOM, 3, 5), '{"type":"gap","room":"main","from":3,"to":5}'),
    (Pong(), '{"type":"pong"}'),
    (Pong("1"), '{"type":"pong","id":"1"}'),
    (Bye(4999, "because"), '{"type":"bye","code":4999,"reason":"because"}'),
)  # fmt: skip

# What comes in as it is; written down again, each is the same line.
COMMANDS: tuple[tuple[Any, str], ...] = (
    (
        Join("Ann", "en", "s", "e", 5),
        '{"type":"join","nick":"Ann","lang":"en","session":"s","epoch":"e","after":5,"password":""}',
    ),
    (GetHistory(500, 100), '{"type":"history","before":500,"limit":100}'),
    (Ping(), '{"type":"ping"}'),
    (Ping("1"), '{"type":"ping","id":"1"}'),
)

UNDERSTOOD: tuple[tuple[str, list[Command]], ...] = (
    ('{"type":"join","nick":"Ann"}', [Join("Ann")]),
    ('{"nick":"Ann","type":"join"}', [Join("Ann")]),
    (' {"type": "ping", "unknown": {"x": [1]}} \r', [Ping()]),
    ('{"type":"history","before":0}', [GetHistory(0, 100)]),
    ('{"type":"input","text":"Hello!"}', [Say("Hello!")]),
    ('{"type":"input","text":"Hello!","id":"1"}', [Say("Hello!", "1")]),
    ('{"type":"input","text":"a\\r\\nb"}', [Say("a\nb")]),
    ('{"type":"input","text":"  "}', []),
    ('{"type":"input","text":"\\u001b[2Jx"}', [Notice("cleaned", {}), Say("[2Jx")]),
    ('{"type":"input","text":"/nick Bob","id":"1"}', [Rename("Bob", "1")]),
    ('{"type":"input","text":"/who","id":"1"}', [ListMembers("1")]),
    ('{"type":"input","text":"/quit","id":"1"}', [Quit("1")]),
    ('{"type":"input","text":"/nick","id":"1"}', [Refused("usage", {"command": "nickname"}, "1")]),
    ('{"type":"input","text":"","id":"1"}', [Refused("empty", {}, "1")]),
    (
        '{"type":"input","text":"%s","id":"1"}' % ("x" * 4001),
        [Refused("text-too-long", {"limit": 4000, "length": 4001}, "1")],
    ),
)

NOT_THE_PROTOCOL = (
    "", "x", "null", "[]", "1", '"ping"', "{}", '{"type":"ping"', '{"type":"ping"}{"type":"ping"}', "{'type':'ping'}",
    '{"type":"shout"}', '{"type":null}', '{"type":["ping"]}', '{"type":"Ping"}', '{"typ":"ping"}',
    '{"type":"join"}', '{"type":"join","nick":1}', '{"type":"join","nick":null}',
    '{"type":"join","nick":"a","after":-1}', '{"type":"join","nick":"a","after":"1"}',
    '{"type":"join","nick":"a","after":1.5}',
    '{"type":"join","nick":"a","after":4611686018427387905}',
    '{"type":"input"}', '{"type":"input","text":null}', '{"type":"input","text":["a"]}',
    '{"type":"input","text":"a","id":""}', '{"type":"input","text":"a","id":1}', '{"type":"input","text":"a","id":"ё"}',
    '{"type":"input","text":"a","id":"a b"}', '{"type":"input","text":"a","id":"a\\n"}',
    '{"type":"input","text":"a","id":"%s"}' % ("x" * 65), '{"type":"input","text":"\\ud800"}',
    '{"type":"history"}', '{"type":"history","before":-1,"limit":1}', '{"type":"history","before":1,"limit":0}',
    '{"type":"history","before":1,"limit":501}', '{"type":"history","before":1e999,"limit":1}',
    '{"type":"ping","id":"%s"}' % ("x" * 65),
    '{"type":"said","room":"main","seq":1,"ts":1,"nick":"Bob","text":"forged"}',
    '{"type":"welcome"}', '{"type":"listmembers"}', '{"type":"say","text":"x"}',
)  # fmt: skip


WELCOME = Welcome(
    nick="Ann",
    session="s",
    room=ROOM,
    epoch="e",
    live=1,
    resumed=True,
    lang="en",
    server={"name": "n"},
    limits={"a": 1},
)


@pytest.mark.parametrize("lang", LANGS)
def test_a_welcome_tells_every_command_in_the_language_of_its_reader(lang: Lang) -> None:
    """The same rows, in the same order and words, as /help has for an operator."""
    line = JsonCodec(lang).encode_reply(WELCOME)
    assert line.endswith(b"}\n")
    welcome = json.loads(line)
    commands = welcome.pop("commands")
    assert welcome == {
        "type": "welcome", "nick": "Ann", "session": "s", "room": "main", "epoch": "e", "live": 1, "resumed": True,
        "lang": "en", "server": {"name": "n"}, "limits": {"a": 1},
    }  # fmt: skip
    told = [f"{c['usage']}{''.join(f' (/{alias})' for alias in c.get('aliases', ()))} — {c['help']}" for c in commands]
    assert told == command_list(lang, operator=True)[:-1]
    assert [c["name"] for c in commands if c.get("operator")] == [row.names[0] for row in TABLE if row.operator]


@pytest.mark.parametrize(("event", "line"), EVENTS)
def test_an_event_and_its_line(event: Event, line: str) -> None:
    assert encode_event(event).decode() == f"{line}\n"
    assert EN.encode_event(event) == RU.encode_event(event) == encode_event(event)
    assert msgspec.json.decode(line, type=Event) == event


@pytest.mark.parametrize(("reply", "line"), REPLIES)
def test_a_reply_and_its_line(reply: Any, line: str) -> None:
    assert EN.encode_reply(reply).decode() == f"{line}\n"
    assert msgspec.json.decode(line, type=type(reply)) == reply


@pytest.mark.parametrize(("command", "line"), COMMANDS)
def test_a_command_and_its_line(command: Any, line: str) -> None:
    assert EN.decode(line, joined=True) == [command]
    assert EN.decode(line, joined=False) == [command]
    assert msgspec.json.encode(command).decode() == line


@pytest.mark.parametrize(("line", "commands"), UNDERSTOOD)
def test_a_line_asks_for(line: str, commands: list[Command]) -> None:
    assert EN.decode(line, joined=True) == commands


@pytest.mark.parametrize("line", NOT_THE_PROTOCOL)
def test_a_line_that_is_not_of_the_protocol_is_refused(line: str) -> None:
    (refused,) = EN.decode(line, joined=True)
    assert isinstance(refused, Refused)
    assert refused.code == "not-json"
    assert json.loads(EN.encode_reply(refused))["text"]


@pytest.mark.parametrize("depth", [1000, 30_000])
@pytest.mark.parametrize("closed", [True, False])
def test_json_nested_however_deep_is_refused_or_ignored(depth: int, closed: bool) -> None:
    line = '{"type":"ping","x":' + "[" * depth + ("]" * depth + "}" if closed else "")
    (command,) = EN.decode(line, joined=True)
    assert isinstance(command, Refused) or (closed and command == Ping())


@pytest.mark.parametrize(
    ("line", "id"),
    [
        ('{"type":"input","id":"1"}', "1"),
        ('{"type":"shout","id":"1"}', "1"),
        ('{"id":"1"}', "1"),
        ('{"type":"input","text":7,"id":"1"}', "1"),
        ('{"type":"input","id":"%s"}' % ("x" * 64), "x" * 64),
        ('{"type":"input","id":7}', msgspec.UNSET),
        ('{"type":"input","id":"ё"}', msgspec.UNSET),
        ('{"type":"input","id":"\\u0000"}', msgspec.UNSET),
        ('{"type":"input","id":"%s"}' % ("x" * 65), msgspec.UNSET),
        ('{"type":"input","id":"1"', msgspec.UNSET),
    ],
)
def test_a_refusal_names_the_line_by_its_id(line: str, id: str | msgspec.UnsetType) -> None:
    (refused,) = EN.decode(line, joined=True)
    assert isinstance(refused, Refused)
    assert refused.id == id


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            Refused("nick-taken", {"nick": "Bob"}, "1"),
            {"type": "refused", "code": "nick-taken", "text": "The nick Bob is taken", "id": "1"},
        ),
        (Refused("not-joined", {}), {"type": "refused", "code": "not-joined", "text": "Join first"}),
        (Notice("done", {}, "1"), {"type": "notice", "code": "done", "text": "", "id": "1"}),
        (Bye(4506, "quit"), {"type": "bye", "code": 4506, "reason": "goodbye"}),
        (
            Bye(4504, "join-timeout", {"seconds": "60"}),
            {"type": "bye", "code": 4504, "reason": "No nick within 60 s"},
        ),
        (Bye(4504, "join-failures"), {"type": "bye", "code": 4504, "reason": "join-failures"}),
        (
            Bye(4500, "kicked", {"reason": "spam"}),
            {"type": "bye", "code": 4500, "reason": "An operator has put you out: spam"},
        ),
        (Bye(4500, "kicked", {"reason": ""}), {"type": "bye", "code": 4500, "reason": "An operator has put you out"}),
    ],
)
def test_words_are_put_in_the_readers_language(reply: Reply, expected: dict[str, Any]) -> None:
    assert json.loads(EN.encode_reply(reply)) == expected
    assert json.loads(RU.encode_reply(reply)).keys() == expected.keys()


def test_russian_is_russian() -> None:
    assert json.loads(RU.encode_reply(Refused("not-joined", {})))["text"] == "Сначала войдите (join)"
    assert json.loads(RU.encode_reply(Bye(4000, "stopped")))["reason"] == "Сервер останавливается"


def test_who_and_help_are_notices_of_several_lines() -> None:
    who = json.loads(EN.encode_reply(Attendance((Presence("Ann", "web", 0), Presence("Bob", "terminal", 0)), "1")))
    assert (who["type"], who["code"], who["id"]) == ("notice", "who", "1")
    assert [line.split("] ")[0] for line in who["text"].split("\n")[1:]] == ["  [Ann", "  [Bob"]
    help = json.loads(EN.encode_reply(CommandList("2")))
    assert (help["type"], help["code"], help["id"]) == ("notice", "help", "2")
    assert "/quit — leave" in help["text"].split("\n")


def test_a_prompt_has_no_line() -> None:
    assert EN.encode_reply(Prompt()) == b""


# ------------------------------------------------------------- no line too long

WIDEST = ("👋", '"', "\\", "\n", "ё")


def lines(data: bytes) -> list[dict[str, Any]]:
    assert data.endswith(b"\n")
    rows = data[:-1].split(b"\n")
    assert all(len(row) <= JSON_LINE_BYTES for row in rows)
    return [json.loads(row) for row in rows]


@pytest.mark.parametrize("c", WIDEST)
def test_the_longest_message_fits(c: str) -> None:
    event = Said(seq=2**62, ts=2**62, nick=c * 32, text=c * DEFAULT_LIMITS.characters, id="x" * 64)
    (line,) = lines(encode_event(event))
    assert line["text"] == c * DEFAULT_LIMITS.characters
    (page,) = lines(EN.encode_reply(History(ROOM, [event], more=False)))
    assert page["events"] == [line]


@pytest.mark.parametrize("c", WIDEST)
def test_a_history_holds_the_newest_that_fit(c: str) -> None:
    events: list[Event] = [Said(seq=n, nick=c * 32, text=c * 999) for n in range(1, 501)]
    (page,) = lines(EN.encode_reply(History(ROOM, events, more=False)))
    seqs = [event["seq"] for event in page["events"]]
    assert seqs == list(range(501 - len(seqs), 501))
    assert page["more"] is True
    encoded = len(encode_event(events[-1]))
    assert JSON_LINE_BYTES - 2 * encoded - 256 < len(EN.encode_reply(History(ROOM, events, more=False)))


@pytest.mark.parametrize("length", range(60, 90))
def test_a_history_of_many_short_messages_fits_with_all_around_them(length: int) -> None:
    events: list[Event] = [Said(seq=n, nick="Ann", text="x" * length) for n in range(10_000, 10_500)]
    (page,) = lines(EN.encode_reply(History(ROOM, events, more=False)))
    assert page["more"] is (len(page["events"]) < 500)
    assert page["more"] is False or len(EN.encode_reply(History(ROOM, events, more=False))) > JSON_LINE_BYTES - 500


@pytest.mark.parametrize("c", WIDEST)
@pytest.mark.parametrize("count", [0, 1, 400, 401, 1000, 5000])
def test_members_come_in_parts(c: str, count: int) -> None:
    nicks = [f"{n}".ljust(32, c) for n in range(count)]
    parts = lines(EN.encode_reply(Members(ROOM, nicks)))
    assert [nick for part in parts for nick in part["nicks"]] == nicks
    assert [part["more"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert len(parts) == max(1, -(-count // 400))


@pytest.mark.parametrize("c", WIDEST)
def test_who_in_a_crowd_is_cut_between_lines(c: str) -> None:
    nick = c.replace("\n", "x") * 32
    whole = tuple(Presence(nick, "terminal", 0) for _ in range(5000))
    (notice,) = lines(RU.encode_reply(Attendance(whole, "1")))
    first, *middle, last = notice["text"].split("\n")
    assert "5000" in first
    assert last == "…"
    assert len(middle) > 50
    assert set(middle) == {middle[0]}


@pytest.mark.parametrize(
    "line", ["x" * JSON_LINE_BYTES, '{"type":"' + "👋" * 16000 + '"}', '{"type":"' + "\\u0001" * 10000 + '"}']
)
def test_a_refusal_of_a_long_line_is_short(line: str) -> None:
    (refused,) = EN.decode(line, joined=True)
    assert isinstance(refused, Refused)
    (answer,) = lines(EN.encode_reply(refused))
    assert len(answer["text"]) < 300


def test_a_refusal_that_quotes_what_was_sent_is_one_line_without_control_characters() -> None:
    (refused,) = EN.decode('{"type":"x\\u001b[2J\\n\\u202ey"}', joined=True)
    assert isinstance(refused, Refused)
    (answer,) = lines(EN.encode_reply(refused))
    assert "x\ufffd[2J\ufffd\ufffdy" in answer["text"]
    assert answer["text"].isprintable()


TEXT = st.text(max_size=80)
ID = st.one_of(st.just(msgspec.UNSET), st.text(string.ascii_letters + string.digits + "-~!", min_size=1, max_size=64))
SEQ = st.integers(0, 2**62)
EVENT: st.SearchStrategy[Event] = st.one_of(
    st.builds(Joined, seq=SEQ, ts=SEQ, nick=TEXT),
    st.builds(Left, seq=SEQ, ts=SEQ, nick=TEXT, reason=TEXT),
    st.builds(Renamed, seq=SEQ, ts=SEQ, nick=TEXT, new_nick=TEXT),
    st.builds(Said, seq=SEQ, ts=SEQ, nick=TEXT, text=TEXT, id=ID),
)


@PURE
@given(EVENT)
def test_any_event_is_one_line_and_comes_back(event: Event) -> None:
    line = encode_event(event)
    assert line.count(b"\n") == 1
    assert not any(byte < 0x20 for byte in line[:-1])
    assert msgspec.json.decode(line, type=Event) == event
    python = json.loads(line)
    assert python["type"] == type(event).__name__.lower()


@PURE
@given(TEXT, ID)
def test_any_input_is_understood_or_refused_with_its_id(text: str, id: str | msgspec.UnsetType) -> None:
    line = msgspec.json.encode(Input(text, id)).decode()
    commands = EN.decode(line, joined=True)
    assert commands or (id is msgspec.UNSET and not text.strip())
    if commands:
        assert getattr(commands[-1], "id", None) == id
    for command in commands:
        if isinstance(command, Refused):
            assert len(lines(EN.encode_reply(command))) == 1


JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["type", "nick", "lang", "session", "epoch", "after", "text", "id", "before", "limit", "x"])
TYPES = st.sampled_from(["join", "input", "history", "ping", "bye"])
ANY_LINE = st.one_of(
    st.text(max_size=60),
    JSON_VALUE.map(json.dumps),
    st.dictionaries(FIELDS, JSON_VALUE, max_size=5).map(json.dumps),
    st.tuples(TYPES, st.dictionaries(FIELDS, JSON_VALUE, max_size=5)).map(lambda p: json.dumps({**p[1], "type": p[0]})),
)


@PURE
@given(ANY_LINE)
def test_any_line_is_understood_or_refused(line: str) -> None:
    for command in EN.decode(line, joined=False):
        assert isinstance(command, Command)
        if isinstance(command, Refused):
            (answer,) = lines(EN.encode_reply(command))
            assert answer["type"] == "refused"


@FEW
@given(st.lists(st.sampled_from(WIDEST), min_size=1, max_size=5), st.integers(1, 60), st.booleans())
def test_any_history_fits(texts: list[str], count: int, more: bool) -> None:
    events: list[Event] = [Said(seq=n, nick="x", text=texts[n % len(texts)] * (n * 61 % 4000)) for n in range(count)]
    (page,) = lines(EN.encode_reply(History(ROOM, events, more)))
    assert page["events"][-1]["seq"] == count - 1
    assert page["more"] is (more or len(page["events"]) < count)
