"""The JSON door on the wire: the PROXY header, joining and coming back, exactly-once, history, and every way out."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tcp_core import connection, reception
from tcp_core.event_log import EventLog, NotStoredError
from tcp_core.hub import Hub
from tcp_core.messages import Event
from tcp_core.turned_away import MOST_LISTENED_TO
from tests.conftest import Core, JsonClient, TextClient, stopping

Message = dict[str, Any]
V2 = b"\r\n\r\n\x00\r\nQUIT\n"
EVENTS = ("joined", "left", "renamed", "said")


def v2_header(command: int, family: int, addresses: bytes) -> bytes:
    """Return a binary PROXY header: 0x21 is PROXY, 0x20 LOCAL; 0x11 is TCP over IPv4, 0x21 over IPv6."""
    return V2 + struct.pack("!BBH", command, family, len(addresses)) + addresses


def v4(client: str) -> bytes:
    return socket.inet_aton(client) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 5, 9998)


def v6(client: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, client) + socket.inet_pton(socket.AF_INET6, "::1") + b"\0\5\x27\x0e"


def read(client: JsonClient) -> Message:
    message = client.read()
    assert message is not None, "the connection ended"
    return message


def refused(client: JsonClient) -> tuple[str, str | None]:
    message = read(client)
    assert message["type"] == "refused", message
    assert message["text"]
    return message["code"], message.get("id")


def ends(client: JsonClient) -> bool:
    """Whether the server closes without a word; what it did not read makes that a reset."""
    try:
        return client.received + client.sock.recv(65536) == b""
    except ConnectionResetError:
        return True


def events(messages: list[Message]) -> list[Message]:
    return [message for message in messages if message["type"] in EVENTS]


def texts(messages: list[Message]) -> list[str]:
    return [message["text"] for message in messages if message["type"] == "said"]


def seqs(messages: list[Message]) -> list[int]:
    return [message["seq"] for message in events(messages)]


def say(client: JsonClient, *lines: str) -> list[Message]:
    """Say lines, and return what came until the last one was there."""
    for line in lines:
        client.send(type="input", text=line)
    return client.roundtrip()


# -------------------------------------------------------------- PROXY header


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY TCP4 192.0.2.1 127.0.0.1 5 9998\r\n",
        b"PROXY TCP6 2001:db8::1 ::1 5 9998\r\n",
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
        v2_header(0x21, 0x11, v4("192.0.2.1")),
        v2_header(0x21, 0x21, v6("2001:db8::1")),
        v2_header(0x21, 0x11, v4("192.0.2.1") + b"\x04\x00\x02zz"),  # with an extension behind the addresses
        v2_header(0x20, 0x00, b""),
    ],
)
def test_a_header_lets_one_in_also_in_pieces(core: Core, header: bytes) -> None:
    assert core.web(header=header).join("Ann")["nick"] == "Ann"
    pieces = core.web(header=b"")
    for byte in header + b'{"type":"join","nick":"Bob"}\n':
        pieces.sock.sendall(bytes([byte]))
    assert read(pieces)["nick"] == "Bob"


def test_what_comes_in_one_segment_with_the_header_is_not_lost(core: Core) -> None:
    client = core.web(header=b'PROXY UNKNOWN\r\n{"type":"ping","id":"1"}\n{"type":"ping","id":"2"}\n')
    assert [read(client), read(client)] == [{"type": "pong", "id": "1"}, {"type": "pong", "id": "2"}]


@pytest.mark.parametrize(
    "header",
    [
        b'{"type":"join","nick":"Ann"}\n',
        b"GET / HTTP/1.1\r\n\r\n",
        b"proxy TCP4 192.0.2.1 127.0.0.1 5 9998\r\n",
        b"PROXY TCP4 192.0.2.1\r\n",
        b"PROXY TCP4 nobody 127.0.0.1 5 9998\r\n",
        b"PROXY TCP4 2001:db8::1 ::1 5 9998\r\n",
        b"PROXY " + b"x" * 101,
        b"PROXY TCP4 " + b"1" * 200 + b"\r\n",
        V2 + b"\x21\x11\xff\xff",
        v2_header(0x11, 0x11, v4("192.0.2.1")),
        v2_header(0x21, 0x11, b"\1\2\3"),
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_header_is_closed_without_a_word(core: Core, header: bytes) -> None:
    eve = core.text("Eve")
    client = core.web(header=header)
    assert ends(client)
    assert eve.roundtrip() == ""


def test_only_gateways_of_allowed_networks_are_let_in(start_core: Callable[..., Core]) -> None:
    core = start_core(gateway_networks=(ip_network("10.0.0.0/8"),))
    assert ends(core.web())
    assert core.text("Alex").roundtrip() == ""


def test_the_header_has_to_come_soon(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PROXY_HEADER_SECONDS", 0.3)
    assert ends(core.web(header=b""))
    assert ends(core.web(header=b"PROXY TCP4 192.0"))
    assert core.web().join("Ann")["nick"] == "Ann"


def test_the_address_in_the_header_is_the_client(start_core: Callable[..., Core]) -> None:
    core = start_core(connections_per_address=1)
    core.web(client="192.0.2.1").join("Ann")
    for header in (
        b"PROXY TCP4 192.0.2.1 127.0.0.1 5 9998\r\n",
        v2_header(0x21, 0x11, v4("192.0.2.1")),
        b"PROXY TCP6 ::ffff:192.0.2.1 ::1 5 9998\r\n",
    ):
        again = core.web(header=header)
        assert refused(again) == ("connections", None)
        assert read(again)["code"] == 4503
        assert again.read() is None
        again.close()
    core.web(client="192.0.2.2").join("Bob")
    core.web(header=b"PROXY TCP6 2001:db8::1 ::1 5 9998\r\n").join("Carol")
    neighbour = core.web(header=v2_header(0x21, 0x21, v6("2001:db8::2")))  # of the same /64
    assert refused(neighbour) == ("connections", None)
    core.web(header=v2_header(0x21, 0x21, v6("2001:db8:0:1::1"))).join("Dave")


def test_too_many_connections_in_all(start_core: Callable[..., Core]) -> None:
    core = start_core(max_connections=1)
    core.web(client="192.0.2.1").join("Ann")
    client = JsonClient.__new__(JsonClient)  # says nothing at first, so that it can read what it is told
    client.sock, client.received = socket.create_connection(core.server.gateway_address, timeout=10), b""
    assert read(client)["code"] == 4503
    assert client.read() is None
    client.close()


def test_one_who_is_turned_away_hears_why_although_it_was_speaking(start_core: Callable[..., Core]) -> None:
    core = start_core(max_connections=1)
    core.web(client="192.0.2.1").join("Ann")
    before = set(threading.enumerate())
    for _ in range(300):  # many at once, each with a header and a join already on its way
        client = core.web(client="192.0.2.2")
        client.send(type="join", nick="Bob")
        assert read(client) == {"type": "bye", "code": 4503, "reason": "Too many connections (limit 1, in all)"}
    assert set(threading.enumerate()) == before


def test_those_who_are_turned_away_and_stay_are_closed(start_core: Callable[..., Core]) -> None:
    core = start_core(max_connections=1)
    core.text("Ann")
    files = len(list(Path("/proc/self/fd").iterdir()))
    stayers = [socket.create_connection(core.server.text_address) for _ in range(MOST_LISTENED_TO + 44)]
    for sock in stayers:
        sock.settimeout(10)
        assert sock.recv(4096).decode().startswith("❌ Слишком много подключений (предел 1, всего)")
    assert len(list(Path("/proc/self/fd").iterdir())) <= files + len(stayers) + MOST_LISTENED_TO + 2
    for sock in stayers:
        assert sock.recv(1) == b""
        sock.close()


# ---------------------------------------------------------------- the welcome


def test_the_first_join(core: Core) -> None:
    alex = core.text("Alex")
    ann = core.web()
    ann.send(type="join", nick="Ann", lang="en")
    welcome = read(ann)
    token, epoch = welcome.pop("session"), welcome.pop("epoch")
    assert len(token) >= 22  # 128 bits
    assert epoch == core.server._log.epoch
    assert welcome.pop("server")["name"] == "parley"
    assert {"name": "help", "usage": "/help", "help": "this list"} in welcome.pop("commands")
    assert welcome == {
        "type": "welcome",
        "nick": "Ann",
        "room": "main",
        "live": 1,
        "resumed": False,
        "lang": "en",
        "limits": {"text_characters": 4000, "text_lines": 200, "nick_characters": 32, "line_bytes": 65536},
    }
    assert read(ann) == {"type": "members", "room": "main", "nicks": ["Alex", "Ann"], "more": False}
    first, second = read(ann), read(ann)
    assert first == {"type": "joined", "room": "main", "seq": 1, "ts": first["ts"], "nick": "Alex"}
    assert second == {"type": "joined", "room": "main", "seq": 2, "ts": second["ts"], "nick": "Ann"}
    assert 1_600_000_000_000 < first["ts"] <= second["ts"] < 10_000_000_000_000
    assert ann.roundtrip() == []
    assert alex.line() == "* Ann вошёл в чат *"


def test_a_first_join_replays_the_last_hundred(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    say(ann, *(f"{n}" for n in range(150)))
    bob = core.web()
    welcome = bob.join("Bob")
    assert welcome["live"] == 151
    messages = bob.roundtrip()
    assert messages[0]["type"] == "members"
    assert seqs(messages) == list(range(52, 153))
    assert texts(messages) == [f"{n}" for n in range(50, 150)]
    assert messages[-1]["type"] == "joined"


def test_a_nick_that_is_taken(core: Core) -> None:
    core.text("Alex")
    client = core.web()
    assert client.join("Аlex")["nick"] == "Аlex2"  # a Cyrillic А
    notice = next(message for message in client.roundtrip() if message["type"] == "notice")
    assert notice["code"] == "nick-numbered"
    assert notice["text"] == "The nick Аlex is taken, you are Аlex2"


@pytest.mark.parametrize(
    ("nick", "code"), [("*", "nick-not-allowed"), ("x" * 33, "nick-too-long"), ("Server", "nick-reserved")]
)
def test_a_refused_nick_can_be_followed_by_a_better_one(core: Core, nick: str, code: str) -> None:
    client = core.web()
    for _ in range(6):
        client.send(type="join", nick=nick, lang="en")
        assert refused(client) == (code, None)
    assert client.join("Ann")["nick"] == "Ann"


def test_an_empty_nick_is_anonymous(core: Core) -> None:
    assert core.web().join("")["nick"] == "anon"
    assert core.web().join("  ")["nick"] == "anon2"


@pytest.mark.parametrize(("asked", "given"), [("ru-RU", "ru"), ("en_GB", "en"), ("de", "en"), ("", "ru"), ("EN", "en")])
def test_the_language(core: Core, asked: str, given: str) -> None:
    client = core.web()
    client.send(type="join", nick="Ann", lang=asked)
    assert read(client)["lang"] == given
    client.roundtrip()
    client.send(type="input", text="/nickname")
    usage = {"ru": "Использование: /nickname новый_ник", "en": "Usage: /nickname new_nick"}
    assert read(client)["text"] == usage[given]


# -------------------------------------------------------------------- refusals

WRONG: list[tuple[bytes, str, str | None]] = [
    (b"hello", "not-json", None),
    (b"", "not-json", None),
    (b"null", "not-json", None),
    (b'["input"]', "not-json", None),
    (b'"input"', "not-json", None),
    (b"{}", "not-json", None),
    (b'{"type":"input","text":"x"} {"type":"input","text":"y"}', "not-json", None),
    (b'{"type":"input","text":"x"', "not-json", None),
    (b'{"type":"dance","id":"1"}', "not-json", "1"),
    (b'{"type":5}', "not-json", None),
    (b'{"type":"said","text":"x","nick":"Bob","seq":1}', "not-json", None),
    (b'{"type":"input"}', "not-json", None),
    (b'{"type":"input","id":"abc"}', "not-json", "abc"),
    (b'{"type":"input","text":5,"id":"abc"}', "not-json", "abc"),
    (b'{"type":"input","text":null}', "not-json", None),
    (b'{"type":"input","text":"x","id":7}', "not-json", None),
    (b'{"type":"input","text":"x","id":""}', "not-json", ""),
    (b'{"type":"input","text":"x","id":"a b"}', "not-json", "a b"),
    (b'{"type":"input","text":"x","id":"' + b"a" * 65 + b'"}', "not-json", None),
    ('{"type":"input","text":"x","id":"ж"}'.encode(), "not-json", None),
    (b'{"type":"input","text":"\\ud800"}', "not-json", None),
    (b'{"type":"join"}', "not-json", None),
    (b'{"type":"join","nick":["Ann"]}', "not-json", None),
    (b'{"type":"join","nick":"Ann","after":-1}', "not-json", None),
    (b'{"type":"join","nick":"Ann","after":"5"}', "not-json", None),
    (b'{"type":"history","limit":10}', "not-json", None),
    (b'{"type":"history","before":5,"limit":0}', "not-json", None),
    (b'{"type":"history","before":5,"limit":501}', "not-json", None),
    (b'{"type":"history","before":-5,"limit":5}', "not-json", None),
    (b'{"type":"history","before":1e99,"limit":5}', "not-json", None),
    (b'{"type":"ping","id":{}}', "not-json", None),
    (b'{"type":"input","text":"caf\xe9"}', "not-utf-8", None),
    (b'{"type":"input","text":"' + b"x" * 65536 + b'"}', "line-too-long", None),
    (b"[" * 60000, "not-json", None),
]


@pytest.mark.parametrize("joined", [False, True], ids=["before joining", "in the room"])
@pytest.mark.parametrize(("line", "code", "id"), WRONG, ids=lambda value: repr(value)[:60])
def test_what_is_wrong_is_refused_and_the_connection_stays(
    core: Core, line: bytes, code: str, id: str | None, joined: bool
) -> None:
    eve = core.text("Eve")
    client = core.web()
    if joined:
        client.join("Ann")
        client.roundtrip()
        assert eve.line() == "* Ann вошёл в чат *"
    client.sock.sendall(line + b"\n")
    assert refused(client) == (code, id)
    assert client.roundtrip() == []
    assert eve.roundtrip() == ""


@pytest.mark.parametrize(
    "message",
    [{"type": "input", "text": "hello", "id": "1"}, {"type": "history", "before": 5, "limit": 5, "id": "1"},
     {"type": "input", "text": "/quit", "id": "1"}, {"type": "input", "text": "/who", "id": "1"}],
)  # fmt: skip
def test_join_comes_first(core: Core, message: Message) -> None:
    client = core.web()
    client.send(**message)
    assert refused(client)[0] == "not-joined"
    assert client.join("Ann")["live"] == 0


def test_joining_twice(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    ann.roundtrip()
    ann.send(type="join", nick="Bob")
    assert refused(ann) == ("already-joined", None)
    assert say(ann, "x")[0]["nick"] == "Ann"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x" * 4001, "text-too-long"),
        ("x" * 20000, "text-too-long"),
        ("", "empty"),
        (" \n ", "empty"),
        ("\u200b\u202e", "empty"),
        ("/dance", "unknown-command"),
        ("/nickname", "usage"),
        ("/nickname Eve", "nick-taken"),
        ("/nickname Ève]", "nick-not-allowed"),
        ("/nickname " + "x" * 40, "nick-too-long"),
        ("/nickname system", "nick-reserved"),
    ],
)
def test_input_that_is_refused_says_which_one_it_was(core: Core, text: str, code: str) -> None:
    eve = core.text("Eve")
    ann = core.web()
    ann.join("Ann")
    ann.roundtrip()
    ann.send(type="input", text=text, id="the-id")
    assert refused(ann) == (code, "the-id")
    ann.send(type="input", text=text)
    if text.strip():
        assert refused(ann) == (code, None)
    assert ann.roundtrip() == []
    assert eve.roundtrip() == "* Ann вошёл в чат *\n"


def test_unknown_fields_are_passed_over(core: Core) -> None:
    ann = core.web()
    ann.join("Ann", colour="red")
    ann.roundtrip()
    ann.send(type="input", text="x", mood="good")
    assert texts(ann.roundtrip()) == ["x"]


def test_the_longest_message_arrives_also_where_it_needs_many_bytes(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    longest = "\U0001f600" * 4000
    assert texts(say(ann, longest))[-1] == longest  # json.dumps sent it as 48,000 bytes


# -------------------------------------------------------------------- commands


def test_commands_are_acknowledged_by_their_id(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    ann.roundtrip()
    ann.send(type="input", text="/nickname Anna", id="1")
    renamed, done = read(ann), read(ann)
    assert (renamed["type"], renamed["nick"], renamed["new_nick"]) == ("renamed", "Ann", "Anna")
    assert done == {"type": "notice", "code": "done", "text": "", "id": "1"}
    ann.send(type="input", text="/nickname Anna", id="2")  # has nothing to change
    assert read(ann) == {"type": "notice", "code": "done", "text": "", "id": "2"}
    ann.send(type="input", text="/who", id="3")
    who = read(ann)
    assert (who["type"], who["code"], who["id"]) == ("notice", "who", "3")
    assert "[Anna] web" in who["text"]
    ann.send(type="input", text="/help", id="4")
    help = read(ann)
    assert (help["type"], help["code"], help["id"]) == ("notice", "help", "4")
    assert "/quit" in help["text"]
    assert ann.roundtrip() == []


def test_quit_is_the_end(core: Core) -> None:
    eve = core.text("Eve")
    ann = core.web()
    ann.join("Ann")
    ann.roundtrip()
    ann.sock.sendall(b'{"type":"input","text":"/quit"}\n{"type":"input","text":"late"}\n')
    left = read(ann)
    assert (left["type"], left["nick"], left["reason"]) == ("left", "Ann", "quit")
    assert read(ann)["code"] == 4506
    assert ann.read() is None
    assert eve.roundtrip() == "* Ann вошёл в чат *\n* Ann вышел из чата *\n"


# ---------------------------------------------------------------- exactly once


def test_the_same_id_is_said_once_and_acknowledged_each_time(core: Core) -> None:
    ann, bob = core.web(), core.web()
    ann.join("Ann")
    bob.join("Bob")
    ann.roundtrip()
    bob.roundtrip()
    line = b'{"type":"input","id":"0b9c","text":"once"}\n'
    ann.sock.sendall(line * 2)  # in one segment
    ann.sock.sendall(line)  # and again
    said = events(ann.roundtrip())
    assert [(m["seq"], m["text"], m["id"]) for m in said] == [(3, "once", "0b9c")] * 3
    assert say(ann, "next")[0]["seq"] == 4
    assert [(m["seq"], m["text"]) for m in events(bob.roundtrip())] == [(3, "once"), (4, "next")]


def test_an_id_stays_said_over_a_restart(start_core: Callable[..., Core]) -> None:
    core = start_core()
    ann = core.web()
    welcome = ann.join("Ann")
    ann.roundtrip()
    ann.send(type="input", id="0b9c", text="once")
    first = read(ann)
    with stopping(core.server):
        while (last := read(ann))["type"] != "bye":
            pass
        ann.close()
    assert last["code"] == 4000

    core = start_core()
    bob = core.web()
    bob.join("Bob")
    bob.roundtrip()
    again = core.web()
    back = again.join("Ann", session=welcome["session"], epoch=welcome["epoch"], after=first["seq"])
    assert (back["resumed"], back["epoch"], back["nick"]) == (True, welcome["epoch"], "Ann")
    messages = again.roundtrip()
    assert seqs(messages) == list(range(first["seq"] + 1, back["live"] + 1))
    assert texts(messages) == []
    again.send(type="input", id="0b9c", text="once")
    assert read(again) == first
    assert again.roundtrip() == []
    assert texts(bob.roundtrip()) == []


def test_without_an_id_every_line_is_said(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    assert texts(say(ann, "same", "same")) == ["same", "same"]


# ------------------------------------------------------------------ coming back


def test_a_browser_that_comes_back_never_left(core: Core) -> None:
    eve = core.text("Eve")
    ann = core.web()
    welcome = ann.join("Ann")
    say(ann, "one")
    ann.close()
    eve.read_until("[Ann] one\n")
    eve.send("two\nthree\n")
    assert eve.read_until("three\n") == "[Eve] two\n[Eve] three\n"

    again = core.web()
    back = again.join("Whoever", session=welcome["session"], epoch=welcome["epoch"], after=3)
    assert (back["resumed"], back["nick"], back["session"]) == (True, "Ann", welcome["session"])
    assert back["live"] == 5
    messages = again.roundtrip()
    assert messages[0]["nicks"] == ["Eve", "Ann"]
    assert [(m["seq"], m["text"]) for m in messages[1:]] == [(4, "two"), (5, "three")]
    assert say(again, "four")[0]["nick"] == "Ann"
    assert eve.roundtrip() == "[Ann] four\n"


def test_the_place_in_the_log_is_honoured_also_without_a_session(core: Core) -> None:
    ann = core.web()
    epoch = ann.join("Ann")["epoch"]
    say(ann, *(f"{n}" for n in range(150)))

    def replayed(nick: str, **fields: Any) -> list[int]:
        client = core.web()
        live = client.join(nick, **fields)["live"]
        return [seq for seq in seqs(client.roundtrip()) if seq <= live]

    assert replayed("A", epoch=epoch, after=148) == [149, 150, 151]
    assert replayed("B", epoch=epoch, after=0) == list(range(1, 153))
    assert replayed("C", epoch=epoch, after=153) == []
    assert replayed("D", epoch="another", after=148) == list(range(55, 155))
    assert replayed("E", after=148) == list(range(56, 156))


def test_who_has_seen_what_the_log_does_not_hold_is_sent_to_resynchronise(core: Core) -> None:
    epoch = core.web().join("Ann")["epoch"]
    bob = core.web()
    bob.send(type="join", nick="Bob", epoch=epoch, after=10_000)
    bye = bob.read()
    assert bye is not None
    assert (bye["type"], bye["code"], bob.read()) == ("bye", 4004, None)


def test_a_reply_from_before_joining_comes_before_the_welcome(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    say(ann, *(f"{n}" for n in range(120)))
    bob = core.web()
    bob.sock.sendall(b'{"type":"ping","id":"1"}\n{"type":"join","nick":"Bob"}\n')
    assert [(bob.read() or {})["type"] for _ in range(3)] == ["pong", "welcome", "members"]


def leave_a_session(core: Core, nick: str) -> str:
    """Join and lose the connection; return the token that one could come back with."""
    client = core.web()
    token: str = client.join(nick)["session"]
    client.end()
    return token


def test_browsers_that_may_come_back_count_until_somebody_needs_their_place(
    start_core: Callable[..., Core], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "RELOAD_SECONDS", 0.0)
    core = start_core(hub={"sessions_per_address": 2})
    eve = core.text("Eve")  # from another address
    tokens = [leave_a_session(core, nick) for nick in ("Ann", "Bob")]
    first = core.web()
    assert first.join("Ann")["nick"] == "Ann"  # the oldest had it, and is gone
    assert "* Ann вышел из чата *\n* Ann вошёл в чат *" in eve.roundtrip()
    assert core.web().join("Bob", session=tokens[1])["resumed"]  # has its place still
    cid = core.web()
    cid.send(type="join", nick="Cid")
    refused, bye = cid.read() or {}, cid.read() or {}
    assert (refused["code"], bye["code"]) == ("connections", 4503)
    assert core.web(client="192.0.2.2").join("Dan")["nick"] == "Dan"
    assert eve.roundtrip() == "* Dan вошёл в чат *\n"


def test_a_session_counts_where_it_is_now(start_core: Callable[..., Core]) -> None:
    core = start_core(hub={"sessions_per_address": 1})
    ann = core.web(client="192.0.2.1")
    token = ann.join("Ann")["session"]
    ann.end()
    assert core.web(client="192.0.2.2").join("Ann", session=token)["resumed"]
    assert core.web(client="192.0.2.1").join("Bob")
    cid = core.web(client="192.0.2.2")
    cid.send(type="join", nick="Cid")
    assert (cid.read() or {})["code"] == "connections"


def test_who_comes_back_goes_on_at_the_same_rate(start_core: Callable[..., Core]) -> None:
    core = start_core(rate_burst=4, rate_per_second=0.001)
    eve = core.text("Eve")
    ann = core.web()
    token = ann.join("Ann")["session"]
    for text in ("one", "two", "three"):
        ann.send(type="input", text=text)
    eve.read_until("[Ann] three\n")
    ann.end()
    for _ in range(2):
        ann = core.web()
        ann.sock.sendall(
            f'{{"type":"join","nick":"Ann","session":"{token}"}}\n{{"type":"input","text":"too fast"}}\n'.encode()
        )
        assert (ann.read() or {})["type"] == "welcome"  # which joining does not wait for
        ann.close()
    eve.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        eve.read_until("too fast")


def test_who_reloads_the_page_keeps_the_place(start_core: Callable[..., Core]) -> None:
    core = start_core(hub={"sessions_per_address": 2})
    tokens = [leave_a_session(core, nick) for nick in ("Ann", "Bob")]
    thief = core.web()
    thief.send(type="join", nick="Ann")
    assert (thief.read() or {})["code"] == "connections"
    for token in tokens:
        assert core.web().join("x", session=token)["resumed"]


def test_nobody_loses_a_place_to_one_who_can_not_be_let_in(
    start_core: Callable[..., Core], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "RELOAD_SECONDS", 0.0)
    core = start_core(hub={"sessions_per_address": 2})
    tokens = [leave_a_session(core, nick) for nick in ("Ann", "Bob")]

    def full(*_: object) -> list[Event]:
        raise NotStoredError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(EventLog, "append", full)
        cid = core.web()
        cid.send(type="join", nick="Cid")
        assert (cid.read() or {})["code"] == "not-stored"
    for token in tokens:
        assert core.web().join("x", session=token)["resumed"]


def test_a_class_that_reloads_all_its_pages_is_let_in_again(
    start_core: Callable[..., Core], monkeypatch: pytest.MonkeyPatch
) -> None:
    """New tabs, which know nothing of the old ones, within the time that these may come back in."""
    monkeypatch.setattr(reception, "RELOAD_SECONDS", 0.0)
    core = start_core(hub={"sessions_per_address": 64, "joins_per_minute": 120})
    for _ in range(2):
        pupils = [core.web() for _ in range(40)]
        for n, pupil in enumerate(pupils):
            pupil.join(f"Pupil {n}")
        for pupil in pupils:
            pupil.end()


def test_a_second_window_takes_the_session_over(core: Core) -> None:
    eve = core.text("Eve")
    ann = core.web()
    welcome = ann.join("Ann")
    ann.roundtrip()
    second = core.web()
    back = second.join("Ann", session=welcome["session"], epoch=welcome["epoch"], after=2)
    assert (back["resumed"], back["nick"]) == (True, "Ann")
    assert read(ann)["code"] == 4502
    assert ann.read() is None
    ann.close()
    assert texts(say(second, "here")) == ["here"]
    assert eve.roundtrip() == "* Ann вошёл в чат *\n[Ann] here\n"


def test_a_wrong_token_is_a_new_participant(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    mallory = core.web()
    welcome = mallory.join("Ann", session="x" * 22)
    assert (welcome["resumed"], welcome["nick"]) == (False, "Ann2")
    assert [m["type"] for m in ann.roundtrip()] == ["members", "joined", "joined"]


def test_after_quit_there_is_nothing_to_come_back_to(core: Core) -> None:
    ann = core.web()
    welcome = ann.join("Ann")
    ann.send(type="input", text="/quit")
    while ann.read() is not None:
        pass
    back = core.web().join("Ann", session=welcome["session"])
    assert back["resumed"] is False
    assert back["session"] != welcome["session"]


def test_who_stays_away_too_long_has_left(start_core: Callable[..., Core]) -> None:
    core = start_core(hub={"resume_grace_seconds": 0.1})
    eve, bob = core.text("Eve"), core.web()
    bob.join("Bob")
    ann = core.web()
    welcome = ann.join("Ann")
    ann.close()
    assert eve.read_until("вышел из чата *\n").endswith("* Ann вышел из чата *\n")
    left = bob.roundtrip()[-1]
    assert (left["type"], left["nick"], left["reason"]) == ("left", "Ann", "lost")
    back = core.web().join("Ann", session=welcome["session"], epoch=welcome["epoch"], after=welcome["live"])
    assert (back["resumed"], back["nick"]) == (False, "Ann")


def test_without_grace_a_lost_browser_has_left_at_once(start_core: Callable[..., Core]) -> None:
    core = start_core(hub={"resume_grace_seconds": 0.0})
    eve = core.text("Eve")
    ann = core.web()
    ann.join("Ann")
    ann.close()
    assert eve.read_until("вышел из чата *\n") == "* Ann вошёл в чат *\n* Ann вышел из чата *\n"


# --------------------------------------------------------------------- history


def test_history_in_pages(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    say(ann, *(f"{n}" for n in range(249)))  # events 2 to 250
    pages = []
    before = 251
    while True:
        ann.send(type="history", before=before, limit=100)
        page = read(ann)
        assert (page["type"], page["room"]) == ("history", "main")
        pages.append(seqs(page["events"]))
        if not page["more"]:
            break
        before = page["events"][0]["seq"]
    assert pages == [list(range(151, 251)), list(range(51, 151)), list(range(1, 51))]


def test_the_first_page_of_history_and_what_is_before_it(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    ann.roundtrip()
    ann.send(type="history", before=2, limit=1)
    assert [(page["more"], seqs(page["events"])) for page in [read(ann)]] == [(False, [1])]
    for before in (1, 0):
        ann.send(type="history", before=before, limit=500)
        assert read(ann) == {"type": "history", "room": "main", "events": [], "more": False}


def test_no_page_of_history_is_longer_than_a_line_may_be(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    said = [f"{n} " + "ж" * 3990 for n in range(40)]  # 8 KB each
    say(ann, *said)
    got: list[str] = []
    before = 42
    more = True
    while more:
        ann.send(type="history", before=before, limit=500)
        while b"\n" not in ann.received:
            ann.received += ann.sock.recv(65536)
        assert len(ann.received) <= 65536
        page = read(ann)
        assert page["events"], "a page with `more` that holds nothing leads nowhere"
        got = texts(page["events"]) + got
        more, before = page["more"], page["events"][0]["seq"]
    assert before == 1
    assert got == said


# --------------------------------------------------------------------- members


def test_a_thousand_members_come_in_parts(start_core: Callable[..., Core]) -> None:
    core = start_core(connections_per_address=0)
    nicks = [f"n{n:03}-" + "ж" * 27 for n in range(999)]
    crowd = []
    for nick in nicks:
        client = core.web()
        client.send(type="join", nick=nick)
        crowd.append(client)
    for client in crowd:
        assert read(client)["type"] == "welcome"
    ann = core.web()
    ann.join("Ann")
    parts: list[Message] = []
    while not parts or parts[-1]["more"]:
        while b"\n" not in ann.received:
            ann.received += ann.sock.recv(65536)
        assert ann.received.index(b"\n") < 65536
        parts.append(read(ann))
        assert parts[-1]["type"] == "members"
    assert len(parts) > 1
    here = [nick for part in parts for nick in part["nicks"]]
    assert sorted(here) == sorted([*nicks, "Ann"])
    assert ann.roundtrip()[-1]["nick"] == "Ann"
    ann.send(type="input", text="/who")  # and this stays below the limit, too
    who = read(ann)
    assert who["code"] == "who"
    assert len(json.dumps(who, ensure_ascii=False).encode()) <= 65536


# ------------------------------------------------------------------------ ping


def test_ping_is_answered_after_everything_before_it(core: Core) -> None:
    ann = core.web()
    ann.send(type="ping")
    assert read(ann) == {"type": "pong"}
    ann.send(type="ping", id="before-joining")
    assert read(ann) == {"type": "pong", "id": "before-joining"}
    ann.join("Ann")
    ann.roundtrip()
    lines = b"".join(b'{"type":"input","text":"%d"}\n{"type":"ping","id":"%d"}\n' % (n, n) for n in range(50))
    ann.sock.sendall(lines)
    got = [(m["type"], m.get("text", m.get("id"))) for m in (read(ann) for _ in range(100))]
    assert got == [(type, str(n)) for n in range(50) for type in ("said", "pong")]


def test_answers_come_in_the_order_of_what_was_sent(core: Core) -> None:
    ann = core.web()
    ann.join("Ann")
    ann.roundtrip()
    sent = [
        {"type": "input", "text": "one", "id": "1"},
        {"type": "input", "text": "/dance", "id": "2"},
        {"type": "input", "text": "/who", "id": "3"},
        {"type": "join", "nick": "Bob"},
        {"type": "ping", "id": "4"},
        {"type": "dance"},
        {"type": "input", "text": "two", "id": "5"},
    ]
    ann.sock.sendall(b"".join(json.dumps(message).encode() + b"\n" for message in sent))
    got = [(m["type"], m.get("code") or m.get("id")) for m in (read(ann) for _ in sent)]
    assert got == [
        ("said", "1"),
        ("refused", "unknown-command"),
        ("notice", "who"),
        ("refused", "already-joined"),
        ("pong", "4"),
        ("refused", "not-json"),
        ("said", "5"),
    ]


# --------------------------------------------------------------------- the end


def test_who_does_not_join_in_time_is_told_4504(start_core: Callable[..., Core]) -> None:
    core = start_core(hub={"join_timeout_seconds": 0.2})
    silent = core.web()
    silent.send(type="ping")
    assert read(silent) == {"type": "pong"}
    assert refused(silent) == ("join-timeout", None)
    assert read(silent)["code"] == 4504
    assert silent.read() is None


def test_a_stop_is_told_to_everybody_in_order(core: Core) -> None:
    ann, stranger = core.web(), core.web()
    ann.join("Ann")
    stranger.send(type="ping")
    read(stranger)
    say(ann, "last words")
    with stopping(core.server):
        bye = read(ann)
        assert (bye["type"], bye["code"]) == ("bye", 4000)
        assert ann.read() is None
        assert read(stranger)["code"] == 4000
        ann.close()
        stranger.close()


def test_who_was_here_at_a_stop_has_left_in_the_log(start_core: Callable[..., Core]) -> None:
    core = start_core()
    ann = core.web()
    epoch = ann.join("Ann")["epoch"]
    ann.roundtrip()
    core.text("Tom")
    core.server.stop()
    bob = start_core(hub={"resume_grace_seconds": 0.05}).web()
    bob.join("Bob", epoch=epoch, after=0)
    log: list[tuple[str, str, str | None]] = []
    while len(log) < 5:
        message = read(bob)
        if "seq" in message:
            log.append((message["type"], message["nick"], message.get("reason")))
    assert log[:3] == [("joined", "Ann", None), ("joined", "Tom", None), ("left", "Tom", "stopped")]
    assert sorted(log[3:]) == [("joined", "Bob", None), ("left", "Ann", "lost")]  # whichever of the two is first


# ---------------------------------------------------------------- all together

TALKERS, LINES = 10, 30


def test_all_at_once_everybody_sees_everything_once_and_in_the_same_order(core: Core) -> None:
    web = [core.web(client=f"192.0.2.{n}") for n in range(TALKERS)]
    terminals = [core.text(f"t{n}") for n in range(TALKERS)]
    for n, client in enumerate(web):
        client.join(f"w{n}")
        client.roundtrip()
    seen: dict[str, list[tuple[str, str]]] = {}
    total = 2 * TALKERS * LINES
    gate = threading.Barrier(2 * TALKERS)

    def talk_web(n: int, client: JsonClient) -> None:
        gate.wait()
        for i in range(LINES):
            client.send(type="input", text=f"w{n} {i}", id=f"w{n}-{i}")
        got: list[tuple[str, str]] = []
        while len(got) < total:
            message = read(client)
            if message["type"] == "said":
                got.append((message["nick"], message["text"]))
        seen[f"w{n}"] = got

    def talk_text(n: int, client: TextClient) -> None:
        gate.wait()
        for i in range(LINES):
            client.send(f"t{n} {i}\n")
        got: list[tuple[str, str]] = []
        while len(got) < total:
            line = client.line()
            if line.startswith("["):
                nick, _, text = line[1:].partition("] ")
                got.append((nick, text))
        seen[f"t{n}"] = got

    threads = [threading.Thread(target=talk_web, args=pair) for pair in enumerate(web)]
    threads += [threading.Thread(target=talk_text, args=pair) for pair in enumerate(terminals)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(seen) == 2 * TALKERS
    order = seen["w0"]
    assert all(got == order for got in seen.values())
    assert sorted(order) == sorted(
        (f"{k}{n}", f"{k}{n} {i}") for k in "tw" for n in range(TALKERS) for i in range(LINES)
    )
    for k in "tw":
        for n in range(TALKERS):
            assert [text for nick, text in order if nick == f"{k}{n}"] == [f"{k}{n} {i}" for i in range(LINES)]
    assert all(events(client.roundtrip()) == [] for client in web)


def test_what_had_to_wait_is_answered_though_nothing_more_comes(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = core.web()
    ann.join("Ann")
    ann.roundtrip()
    answers = iter([False])  # as if the replies before had not been taken yet, the first time it is asked
    monkeypatch.setattr(Hub, "_takes_replies", staticmethod(lambda _: next(answers, True)))
    ann.send(type="ping", id="last")
    assert ann.read() == {"type": "pong", "id": "last"}
