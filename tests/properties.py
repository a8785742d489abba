"""What has to hold whatever strangers send: one function for each target, which takes any bytes.

The tests, the corpus and the fuzzer check the same with these; an AssertionError, or any other exception, is a fault.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from msgspec import UNSET

from tcp_core.cleaning import clean, is_visible
from tcp_core.commands import DEFAULT_LIMITS
from tcp_core.framing import JSON_LINE_BYTES, Line, LineFraming, TextFraming
from tcp_core.json_codec import JsonCodec
from tcp_core.messages import (
    Attendance,
    Command,
    Event,
    GarbledError,
    GetHistory,
    Input,
    Join,
    Joined,
    Left,
    Notice,
    Presence,
    Refused,
    RefusedError,
    Rename,
    Renamed,
    Said,
    Say,
)
from tcp_core.nicknames import NICK_CHARACTERS, enforce, keys, number
from tcp_core.proxy_header import V1_BYTES, V2_BYTES, ProxyHeader
from tcp_core.text_codec import TextCodec, is_http
from tests.unwelcome import unwelcome
from web_gateway.bridge import proxy_header
from web_gateway.client_address import client_address
from web_gateway.origin import Asked, origin_allowed

LIMIT = 16
"""Of a line, in the framing's checks: so short that what is too long is found soon."""
RUSSIAN, ENGLISH = TextCodec("ru"), TextCodec("en")
JSON = JsonCodec("en")


# ------------------------------------------------------------------ text


def _check_lines(data: bytes, pattern: str) -> None:
    """Whether a terminal gets whole lines, each as `pattern`, with nothing in them that could harm it."""
    text = data.decode()
    assert text.endswith("\n")
    assert not [one for line in text.splitlines() for one in unwelcome(line)]
    assert all(re.fullmatch(pattern, line) for line in text[:-1].split("\n")), text


def check_commands(commands: Sequence[Command]) -> None:
    """What a line asks for, and what its sender and the others are told about it."""
    assert all(isinstance(command, Command) for command in commands)
    for command in commands:
        match command:
            case Say():
                assert is_visible(command.text)
                assert len(command.text) <= DEFAULT_LIMITS.characters
                assert command.text.count("\n") < DEFAULT_LIMITS.lines
                _check_lines(ENGLISH.encode_event(Said(nick="ann", text=command.text)), r"\[ann\] .*")
                _check_json(Said(nick="ann", text=command.text, id=command.id), "said")
            case Refused():
                for codec in (RUSSIAN, ENGLISH):
                    shown = codec.encode_reply(command).decode()
                    assert re.fullmatch("❌ [^\n]+\n", shown)
                    assert not [c for c in shown[:-1] if unicodedata.category(c) == "Cc"]
                _check_reply(command, "refused")
            case Notice():
                _check_lines(RUSSIAN.encode_reply(command), r"\* .+ \*")
                _check_reply(command, "notice")
            case Join() | Rename():
                check_nick(command.nick)
            case GetHistory():
                assert 1 <= command.limit <= 500
                assert command.before >= 0
            case Input():
                raise AssertionError("what an input asks for is another command")


def _check_json(event: Event, type: str) -> None:
    line = JSON.encode_event(event)
    assert line.endswith(b"\n")
    assert len(line) <= JSON_LINE_BYTES + 1
    assert line.count(b"\n") == 1
    assert json.loads(line)["type"] == type


def _check_reply(reply: Refused | Notice, type: str) -> None:
    line = JSON.encode_reply(reply)
    assert len(line) <= JSON_LINE_BYTES + 1
    assert line.count(b"\n") == 1
    answer = json.loads(line)
    assert (answer["type"], answer["code"]) == (type, reply.code)
    assert answer.get("id", UNSET) == reply.id


def check_nick(raw: str) -> None:
    """Any text is a nick that deceives nobody, or is refused."""
    try:
        nick = enforce(raw)
    except RefusedError as error:
        check_commands([error.reply()])
        return
    assert 1 <= len(nick) <= NICK_CHARACTERS
    assert nick == nick.strip()
    assert nick[0] not in "*[/❌"
    assert not set("]*\n") & set(nick)
    assert is_visible(nick)
    assert enforce(nick) == nick
    assert keys(nick)
    numbered = number(nick, lambda other: bool(keys(other) & keys(nick)))
    assert enforce(numbered) == numbered
    named = re.escape(nick)
    events: tuple[tuple[Event, str], ...] = (
        (Joined(nick=nick), rf"\* {named} joined \*"),
        (Left(nick=nick, reason="quit"), rf"\* {named} left \*"),
        (Renamed(nick="ann", new_nick=nick), rf"\* ann is now {named} \*"),
        (Said(nick=nick, text="hi"), rf"\[{named}\] hi"),
    )
    for event, pattern in events:
        _check_lines(ENGLISH.encode_event(event), pattern)
        _check_json(event, type(event).__name__.lower())
    attendance = ENGLISH.encode_reply(Attendance((Presence(nick, "web", 0),)))
    _check_lines(attendance, rf"Here now: 1 .*|  \[{named}\] web, .*")


def check_typing(data: bytes) -> None:
    """Cleaning, commands and nicks: any text, half a character and lone surrogates included."""
    raw = data.decode("utf-8", "surrogateescape")
    text, removed = clean(raw)
    assert not unwelcome(text), unwelcome(text)
    assert clean(text) == (text, False)
    assert removed or len(text.replace(" ", "")) <= len(raw)
    check_nick(raw)
    check_commands(RUSSIAN.decode(raw, joined=True))
    for command in ("/nick ", "/", "/who "):
        check_commands(RUSSIAN.decode(command + raw, joined=True))


# ----------------------------------------------------------------- bytes


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut `data[1:]` into pieces; the first byte says how long they are."""
    step = max(1, data[0] if data else 1)
    return (data[i : i + step] for i in range(1, len(data), step))


def shown(line: Line) -> str:
    """Return a line, or in angle brackets why there is none."""
    return line if isinstance(line, str) else f"<{line.code}>"


def check_framing(data: bytes) -> None:
    """However a stream is cut, it is the same lines, and no more is kept than a line; what they ask for is safe."""
    whole, cut, single, lines = TextFraming(LIMIT), TextFraming(LIMIT), TextFraming(LIMIT), LineFraming(LIMIT)
    expected = [shown(line) for line in whole.feed(data[1:])]
    for framing, chunks in ((cut, pieces(data)), (single, (bytes((byte,)) for byte in data[1:]))):
        assert [line for chunk in chunks for line in _fed(framing, chunk)] == expected
        assert (framing.answer, framing.partial, framing.typed_by_hand) == (
            whole.answer,
            whole.partial,
            whole.typed_by_hand,
        )
    *complete, rest = data[1:].split(b"\n")
    assert [shown(line) for chunk in pieces(data) for line in lines.feed(chunk)] == _plain_lines(complete, rest)
    if not set(data[1:]) & set(b"\x08\x7f\xff"):
        *complete, rest = re.split(rb"\r[\n\0]?|\n", data[1:])
        assert expected == _plain_lines(complete, rest)
    refusals = [whole.answer[i : i + 3] for i in range(0, len(whole.answer), 3)]
    assert all(len(one) == 3 and one[0] == 255 and one[1] in (252, 254) for one in refusals)
    assert len(set(refusals)) == len(refusals)
    last = [shown(line) for line in whole.end_line()]
    assert [shown(line) for line in single.end_line()] == last
    is_http(data[1:])
    for line in TextFraming().feed(data[1:] + b"\n"):
        if isinstance(line, str):
            assert RUSSIAN.decode(line, joined=False) == [Join(line)]
            check_commands(RUSSIAN.decode(line, joined=True))


def _fed(framing: TextFraming, chunk: bytes) -> list[str]:
    lines = [shown(line) for line in framing.feed(chunk)]
    assert len(framing._lines.partial) <= LIMIT
    assert len(framing._telnet) <= 5
    return lines


def _plain_lines(complete: list[bytes], rest: bytes) -> list[str]:
    """Return what is shown of lines, of which the last has not ended."""
    return [_plain(line) for line in complete] + ["<line-too-long>"] * (len(rest) > LIMIT)


def _plain(line: bytes) -> str:
    try:
        return line.decode() if len(line) <= LIMIT else "<line-too-long>"
    except UnicodeDecodeError:
        return "<not-utf-8>"


def check_json(data: bytes) -> None:
    """Any line by the JSON door is understood or refused, and what is understood is JSON to others as well."""
    for line in LineFraming(JSON_LINE_BYTES).feed(data + b"\n"):
        if not isinstance(line, str):
            continue
        commands = JSON.decode(line, joined=True)
        check_commands(commands)
        if not any(isinstance(command, Refused) and command.code == "not-json" for command in commands):
            try:
                other = json.loads(line, parse_int=str, parse_constant=_no_constant)
            except RecursionError:
                continue
            assert isinstance(other, dict)
            assert other["type"] in ("join", "input", "history", "ping")


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def check_proxy_header(data: bytes) -> None:
    """However a header is cut, it is the same; it takes no more than it may, and tells nothing but an address."""
    outcome = _header(iter((data[1:],)))
    assert _header(pieces(data)) == outcome
    assert _header(bytes((byte,)) for byte in data[1:]) == outcome
    if isinstance(outcome, tuple):
        address, taken = outcome
        assert taken <= (V1_BYTES if data[1:].startswith(b"PROXY") else V2_BYTES)
        assert address is None or str(ip_address(address)) == address
        assert address is None or re.fullmatch("[0-9a-f:.]+", address)


def _header(chunks: Iterator[bytes]) -> tuple[str | None, int] | str:
    """Return the address and how long the header was; or why there is none."""
    header, fed = ProxyHeader(), 0
    for chunk in chunks:
        fed += len(chunk)
        try:
            if header.feed(chunk):
                return header.address, fed - len(header.rest)
        except GarbledError as error:
            return error.code
        assert len(header._data) < V2_BYTES
    return "incomplete"


# --------------------------------------------------------------- gateway

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.0/8"))


def check_address(data: bytes) -> None:
    """Whatever X-Forwarded-For holds, the core gets one address of those that there are."""
    kind, packed, fields = data[:1], data[1:17], data[17:].decode("latin-1").split("\n")
    own = ip_address(packed[:4].ljust(4, b"\n") if kind < b"\x80" else packed.ljust(16, b"\xfd"))
    peer = getattr(own, "ipv4_mapped", None) or own
    address = client_address(str(own), fields, TRUSTED)
    found = ip_address(address)
    assert str(found) == address
    assert getattr(found, "ipv4_mapped", None) is None
    assert getattr(found, "scope_id", None) is None
    if not any(peer in network for network in TRUSTED):
        assert found == peer
    for core in ("127.0.0.1", "::1", "fe80::1%eth0"):
        line = proxy_header(address, core, 9998)
        assert len(line) <= V1_BYTES
        header = ProxyHeader()
        assert header.feed(line)
        assert (header.address, header.rest) == (address, b"")
    if origin_allowed(Asked(fields[:1], fields[-1:], None), ()):
        page, here = urlsplit(fields[0].lower()).hostname, urlsplit(f"//{fields[-1].lower()}").hostname
        assert page
        assert here
        assert page.rstrip(".") == here.rstrip(".")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "framing": check_framing,
    "proxy_header": check_proxy_header,
    "json_codec": check_json,
    "typing": check_typing,
    "client_address": check_address,
}
"""By the name of its corpus."""
