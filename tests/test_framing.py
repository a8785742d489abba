"""Bytes cut anywhere -> the same lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core.framing import JSON_LINE_BYTES, TEXT_LINE_BYTES, LineFraming, TextFraming
from tcp_core.messages import GarbledError
from tests.hypothesis_profile import PURE

LIMIT = 16
LONG, NOT_UTF_8 = "<line-too-long>", "<not-utf-8>"

NUL, BS, DEL = b"\0", b"\x08", b"\x7f"
IAC, DONT, DO, WONT, WILL, SB, SE = (bytes((n,)) for n in (255, 254, 253, 252, 251, 250, 240))
ECHO, GO_AHEAD = b"\x01", b"\x03"

LINES: tuple[tuple[bytes, list[str]], ...] = (
    (b"one\ntwo\n", ["one", "two"]),
    (b"one\r\ntwo\r\n", ["one", "two"]),
    (b"one\rtwo\r", ["one", "two"]),
    (b"one\r\0two\r\0", ["one", "two"]),
    (b"one\n\ntwo\n", ["one", "", "two"]),
    (b"one\r\rtwo\r", ["one", "", "two"]),
    (b"one\r\n\r\ntwo\n", ["one", "", "two"]),
    (b"one\n\rtwo\n", ["one", "", "two"]),
    (b"a\0b\n", ["a\0b"]),
    (b"no end", []),
    ("Привет👋\n".encode(), ["Привет👋"]),
    (b"x" * LIMIT + b"\n", ["x" * LIMIT]),
    (b"x" * (LIMIT + 1) + b"\nnext\n", [LONG, "next"]),
    (b"x" * (9 * LIMIT) + b"\r\nnext\r\n", [LONG, "next"]),
    (b"x" * (LIMIT + 1), [LONG]),
    ("ё".encode() * LIMIT + b"\n", [LONG]),  # bytes are counted, not characters
    (b"\xc3\nnext\n", [NOT_UTF_8, "next"]),
    (b"\xff" * (LIMIT + 2) + b"\n", [NOT_UTF_8]),  # of these, each two are one
    (b"\xed\xa0\x80\n", [NOT_UTF_8]),  # a surrogate
    (b"\xc0\xaf\n", [NOT_UTF_8]),  # an overlong slash
    # backspace
    (b"helo" + BS + b"lo\n", ["hello"]),
    (b"helo" + DEL + b"lo\n", ["hello"]),
    (b"a" + BS * 3 + b"b\n", ["b"]),
    ("aё👋".encode() + BS + b"\n", ["aё"]),
    ("aё👋".encode() + BS * 2 + b"\n", ["a"]),
    (b"one\n" + BS + b"two\n", ["one", "two"]),
    (b"one\r" + BS + b"two\n", ["one", "two"]),
    (b"\xc3" + BS + b"ok\n", ["ok"]),
    # telnet
    (IAC + DO + ECHO + b"hi\n", ["hi"]),
    (b"h" + IAC + WILL + ECHO + b"i\n", ["hi"]),
    (b"h" + IAC + DO + b"\n" + b"i\n", ["hi"]),  # an option may have the number of a line feed
    (b"h" + IAC + b"\xf1" + b"i\n", ["hi"]),  # NOP
    (b"h" + IAC + b"\xf9" + b"i\n", ["hi"]),  # GA
    (b"h" + IAC + SB + b"\x18\0xterm\r\n" + IAC + SE + b"i\n", ["hi"]),
    (b"h" + IAC + SB + IAC + SE + b"i\n", ["hi"]),
    (b"h" + IAC + SB + b"\x1f\x00" + IAC + IAC + SE + b"\x01" + IAC + SE + b"i\n", ["hi"]),  # FF FF, F0
    (b"h" + IAC + SB + IAC + IAC + IAC + SE + b"i\n", ["hi"]),
    (b"h" + IAC + IAC + b"i\n", [NOT_UTF_8]),
    (b"one\r" + IAC + DO + GO_AHEAD + b"two\r\n", ["one", "two"]),
)

PIECES = st.sampled_from(
    [
        b"a", b"bc", "ё".encode(), "👋".encode(), b"\xc3", b"\xff", b"\xf0\x9f", b" ", NUL, b"\n", b"\n",
        b"\r", b"\r\n",
        b"\r\0", BS, DEL, IAC + IAC, IAC + DO + ECHO, IAC + DONT + ECHO, IAC + WILL + GO_AHEAD, IAC + WONT + b"\r",
        IAC + b"\xf1", IAC + SB + b"\x18\0" + IAC + IAC + b"\r" + IAC + SE, IAC + SB, IAC, SE, b"x" * LIMIT, b"y" * 40,
    ]
)  # fmt: skip
STREAMS = st.one_of(st.lists(PIECES, max_size=30).map(b"".join), st.binary(max_size=80))


def shown(lines: Sequence[str | GarbledError]) -> list[str]:
    return [line if isinstance(line, str) else f"<{line.code}>" for line in lines]


def lines_of(framing: LineFraming | TextFraming, *chunks: bytes) -> list[str]:
    return shown([line for chunk in chunks for line in framing.feed(chunk)])


def cut(data: bytes, places: set[int]) -> list[bytes]:
    ends = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(ends)]


def one_by_one(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


@pytest.mark.parametrize(("data", "lines"), LINES)
def test_a_terminals_bytes_are_these_lines(data: bytes, lines: list[str]) -> None:
    assert lines_of(TextFraming(LIMIT), data) == lines
    assert lines_of(TextFraming(LIMIT), *one_by_one(data)) == lines


@PURE
@given(STREAMS, st.sets(st.integers(0, 1000), max_size=12))
def test_however_text_is_cut_it_is_the_same(data: bytes, places: set[int]) -> None:
    whole, pieces, bytewise = TextFraming(LIMIT), TextFraming(LIMIT), TextFraming(LIMIT)
    lines = lines_of(whole, data)
    assert lines_of(pieces, *cut(data, places)) == lines
    assert lines_of(bytewise, *one_by_one(data)) == lines
    for other in (pieces, bytewise):
        assert other.answer == whole.answer
        assert other.partial == whole.partial
        assert other.typed_by_hand == whole.typed_by_hand


@PURE
@given(STREAMS)
def test_what_has_come_is_the_same_line_at_the_end(data: bytes) -> None:
    whole, bytewise = TextFraming(LIMIT), TextFraming(LIMIT)
    lines_of(whole, data)
    lines_of(bytewise, *one_by_one(data))
    assert shown(list(bytewise.end_line())) == shown(list(whole.end_line()))


@PURE
@given(STREAMS, st.sets(st.integers(0, 1000), max_size=12))
def test_lines_that_end_in_lf_are_what_a_split_gives(data: bytes, places: set[int]) -> None:
    *complete, rest = data.split(b"\n")
    expected = [expected_line(line) for line in complete] + [LONG] * (len(rest) > LIMIT)
    assert lines_of(LineFraming(LIMIT), data) == expected
    assert lines_of(LineFraming(LIMIT), *cut(data, places)) == expected
    assert lines_of(LineFraming(LIMIT), *one_by_one(data)) == expected


@PURE
@given(st.lists(st.sampled_from([b"a", b"bcd", b"\n", b"\r", b"\r\n", b"\r\0", NUL, "ё".encode(), b"\x80"])))
def test_each_line_end_of_a_terminal_ends_one_line(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    complete = re.split(rb"\r[\n\0]?|\n", data)[:-1]
    assert lines_of(TextFraming(1000), data) == [expected_line(line, 1000) for line in complete]


def expected_line(line: bytes, limit: int = LIMIT) -> str:
    if len(line) > limit:
        return LONG
    try:
        return line.decode()
    except UnicodeDecodeError:
        return NOT_UTF_8


@PURE
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=40))
def test_no_more_than_a_line_is_ever_kept(chunks: list[bytes]) -> None:
    framing = LineFraming(LIMIT)
    for chunk in chunks:
        lines_of(framing, chunk)
        assert len(framing.partial) <= LIMIT


def test_an_endless_line_is_reported_once_and_not_kept() -> None:
    framing = TextFraming(LIMIT)
    assert lines_of(framing, *[b"x" * 10] * 1000) == [LONG]
    assert not framing.partial
    assert lines_of(framing, b"still\nnext\n") == ["next"]


def test_an_endless_subnegotiation_is_not_kept() -> None:
    framing = TextFraming(LIMIT)
    assert lines_of(framing, IAC + SB, *[b"x" * 100] * 100) == []
    assert len(framing._telnet) < 10
    assert lines_of(framing, IAC + SE + b"hi\n") == ["hi"]


def test_the_limit_is_named_in_the_refusal() -> None:
    (error,) = LineFraming(LIMIT).feed(b"x" * 17)
    assert isinstance(error, GarbledError)
    assert error.reply().details == {"limit": LIMIT}


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"plain\r\n", b""),
        (IAC + DO + ECHO, IAC + WONT + ECHO),
        (IAC + WILL + ECHO, IAC + DONT + ECHO),
        (IAC + DONT + ECHO + IAC + WONT + ECHO, b""),
        ((IAC + DO + ECHO) * 3, IAC + WONT + ECHO),
        (IAC + DO + ECHO + IAC + DO + GO_AHEAD, IAC + WONT + ECHO + IAC + WONT + GO_AHEAD),
        (IAC + DO + ECHO + IAC + WILL + ECHO, IAC + WONT + ECHO + IAC + DONT + ECHO),
        (IAC + SB + DO + ECHO + IAC + SE, b""),
        (IAC + IAC + DO + ECHO, b""),
    ],
)
def test_telnet_options_are_refused_once_each(data: bytes, answer: bytes) -> None:
    framing = TextFraming()
    lines_of(framing, data)
    assert framing.answer == answer
    framing.answer = b""
    lines_of(framing, data)
    assert framing.answer == b""


@pytest.mark.parametrize(
    ("data", "by_hand"),
    [
        (b"Alex", False),
        (b"Alex\r\n", False),
        (b"Alex" + IAC + IAC, False),
        (b"Alec" + BS + b"x", True),
        (b"Alec" + DEL, True),
        (IAC + DO + GO_AHEAD, True),
        (IAC + b"\xf1", True),
    ],
)
def test_backspace_and_telnet_tell_of_a_person_at_a_keyboard(data: bytes, by_hand: bool) -> None:
    framing = TextFraming()
    lines_of(framing, data)
    assert framing.typed_by_hand is by_hand


def test_a_line_without_an_end_can_be_ended() -> None:
    framing = TextFraming()
    assert not framing.partial
    assert lines_of(framing, b"first\nAle") == ["first"]
    assert framing.partial
    assert lines_of(framing, b"x") == []
    assert shown(list(framing.end_line())) == ["Alex"]
    assert not framing.partial
    assert lines_of(framing, b"next\n") == ["next"]


def test_the_limits_are_those_of_the_doors() -> None:
    assert (TEXT_LINE_BYTES, JSON_LINE_BYTES) == (16384, 65536)
    assert lines_of(TextFraming(), b"x" * 16384 + b"\n") == ["x" * 16384]
    assert lines_of(TextFraming(), b"x" * 16385 + b"\n") == [LONG]


def test_what_has_to_be_acted_upon_is_counted() -> None:
    framing = TextFraming()
    lines_of(framing, b"plain\n" * 100)
    assert framing.acts == 0
    lines_of(framing, BS * 100)
    assert framing.acts == 100
