"""Whatever comes, each target's properties hold: examples that hypothesis makes of what the target is made of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.attacks import ATTACKS
from tests.hypothesis_profile import FEW, PURE
from tests.innocent import INNOCENT
from tests.properties import TARGETS, check_address, check_framing, check_json, check_proxy_header, check_typing

STRINGS = [
    attack.data if isinstance(attack.data, bytes) else attack.data.encode("utf-8", "surrogatepass")
    for attack in ATTACKS
]
SHORT = [data for data in STRINGS if len(data) < 200]
WORDS = [text.encode() for _, text in INNOCENT]
STEP = st.integers(1, 12).map(lambda step: bytes((step,)))


def mixed(*pieces: bytes, most: int = 12) -> st.SearchStrategy[bytes]:
    """Streams of `pieces`, of attacks, of innocent text and of anything."""
    piece = st.one_of(st.sampled_from(pieces), st.sampled_from(SHORT), st.sampled_from(WORDS), st.binary(max_size=8))
    return st.lists(piece, max_size=most).map(b"".join)


def led(prefix: st.SearchStrategy[bytes], rest: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.tuples(prefix, rest).map(b"".join)


TELNET = (
    b"\xff",
    b"\xfa",
    b"\xf0",
    b"\xff\xfa",
    b"\xff\xf0",
    b"\xff\xfd\x01",
    b"\xff\xfb",
    b"\xff\xff",
    b"\r",
    b"\n",
    b"\0",
    b"\x08",
    b"\x7f",
)


@pytest.mark.parametrize("target", TARGETS)
def test_no_known_attack_breaks_a_property(target: str) -> None:
    for data in [*STRINGS, *WORDS, b"a*b", b"a]b"]:
        TARGETS[target](data)
        TARGETS[target](b"\1" + data)


@PURE
@given(led(STEP, mixed(*TELNET, b"/nick ", b"/quit", b"//", b"GET / HTTP/1.1", b"x" * 15)))
def test_any_stream_is_lines(data: bytes) -> None:
    check_framing(data)


SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V2_PARTS = (
    b"\x21",
    b"\x20",
    b"\x11",
    b"\x21",
    b"\x31",
    b"\x00\x0c",
    b"\x00\x24",
    b"\x00\x00",
    b"\x03\x00\x04",
    b"\x7f\0\0\1" * 4,
)
V1_PARTS = (
    b"TCP4 ",
    b"TCP6 ",
    b"UNKNOWN",
    b"192.0.2.7 ",
    b"::1 ",
    b"fe80::1%",
    b"::ffff:1.2.3.4 ",
    b"65535",
    b" 1",
    b"\r\n",
    b"\r",
)


def of(*parts: bytes, other: int) -> st.SearchStrategy[bytes]:
    """Streams of `parts`, and of a few bytes that may be anything, at most `other` of them."""
    return st.lists(st.one_of(st.sampled_from(parts), st.binary(max_size=other)), max_size=12).map(b"".join)


HEADERS = st.one_of(
    led(st.just(SIGNATURE), of(*V2_PARTS, other=40)),
    led(st.just(b"PROXY "), of(*V1_PARTS, other=3)),
    st.sampled_from([b"PROXY TCP6 ", b"PROXY TCP4 "]).flatmap(
        lambda start: st.sampled_from([b"192.0.2.7", b"::1", b"fe80::1%\x1b[2J", b"::ffff:1.2.3.4", b"x", b""]).map(
            lambda source: start + source + b" ::1 1 2\r\nmore"
        )
    ),
    st.binary(min_size=500, max_size=600).map(lambda rest: SIGNATURE + b"\x21\x11" + rest),
    st.binary(max_size=600),
)


@PURE
@given(led(STEP, HEADERS))
def test_any_bytes_are_a_header_or_none(data: bytes) -> None:
    check_proxy_header(data)


NUMBERS = st.one_of(st.integers(), st.sampled_from([2**62, 2**62 + 1, 2**64, -1, 10**400, 1e400, float("nan"), -0.0]))
TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from([attack.data for attack in ATTACKS if isinstance(attack.data, str) and len(attack.data) < 200]),
    st.sampled_from([text for _, text in INNOCENT]),
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["type", "nick", "lang", "session", "epoch", "after", "text", "id", "before", "limit", "x"])
TYPES = st.sampled_from(["join", "input", "history", "ping", "bye", "said"])


def object_with_duplicates(fields: list[tuple[str, Any]]) -> bytes:
    return ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields) + "}").encode()


OBJECTS = st.tuples(TYPES, st.lists(st.tuples(FIELDS, VALUES), max_size=6)).map(
    lambda made: object_with_duplicates([("type", made[0]), *made[1]])
)
WELL_TYPED = st.tuples(TYPES, TEXTS, st.integers(0, 600), st.sampled_from(["1", "a" * 64, "", "a" * 65, "\n"])).map(
    lambda made: object_with_duplicates(
        [
            ("type", made[0]),
            ("nick", made[1]),
            ("text", made[1]),
            ("before", made[2]),
            ("limit", made[2]),
            ("id", made[3]),
        ]
    )
)
NESTED = st.tuples(st.sampled_from([b"[", b'{"x":', b'{"type":"ping","x":[']), st.integers(1, 3000)).map(
    lambda made: made[0] * made[1]
)


@PURE
@given(
    st.one_of(
        OBJECTS, WELL_TYPED, VALUES.map(json.dumps).map(str.encode), mixed(b'{"type":"input","text":"', b'"}', b"\n")
    )
)
def test_any_line_of_the_json_door_is_understood_or_refused(data: bytes) -> None:
    check_json(data)


@FEW
@given(NESTED)
def test_what_is_nested_deeply_is_refused(data: bytes) -> None:
    check_json(data)


@settings(PURE, max_examples=400)
@given(
    mixed(
        b"\xe2\x80\x8d",
        b"\xe2\x80\x8c",
        b"\xef\xb8\x8f",
        b"\xcc\x81" * 4,
        b"\xe0\xb9\x87" * 5,
        b"/nick ",
        b"//",
        b" ",
        most=20,
    )
)
def test_anything_typed_is_harmless_or_refused(data: bytes) -> None:
    check_typing(data)


HOPS = mixed(
    b"10.0.0.1", b"203.0.113.9", b"2001:db8::1", b"[::1]", b"::ffff:10.1.1.1", b"fe80::1%x", b"fd00::1", b",", b", ",
    b"\n", b"unknown", b"http://", b"a.example", b"null", b":80", b"[",
)  # fmt: skip
PEERS = st.one_of(
    st.binary(min_size=17, max_size=17),
    st.sampled_from([b"\0\x0a\1\1\1", b"\0\x7f\0\0\1", b"\xff" + bytes(10) + b"\xff\xff\x0a\1\1\1"]).map(
        lambda trusted: trusted.ljust(17, b"\0")
    ),
)


@settings(PURE, max_examples=300)
@given(led(PEERS, HOPS))
def test_any_forwarded_for_gives_one_address(data: bytes) -> None:
    check_address(data)
