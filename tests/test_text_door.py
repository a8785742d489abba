"""The text door on the wire: bytes as terminals, scripts and worse send them, and what the server makes of them."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tcp_core.commands import InputLimits
from tcp_core.event_log import LogUnusableError
from tcp_core.server import Server, ServerOptions
from tests.conftest import Core, TextClient, stopping

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240  # RFC 854
TOO_LONG = "❌ Строка длиннее 16384 байт, она не отправлена\n"
NOT_UTF_8 = "❌ Строка не в кодировке UTF-8, она не отправлена\n"
SEGMENTS: dict[str, list[bytes]] = {
    "one line a segment": [b"Alex\n", "Привет\n".encode(), b"second\n", b"/quit\n"],
    "bytes one at a time": [bytes([byte]) for byte in "Alex\nПривет\nsecond\n/quit\n".encode()],
    "many lines in one segment": ["Alex\nПривет\nsecond\n/quit\n".encode()],
    "CR LF": ["Alex\r\nПривет\r\nsecond\r\n/quit\r\n".encode()],
    "CR LF, cut between the two": [b"Alex\r", "\nПривет\r".encode(), b"\nsecond\r", b"\n/quit\r", b"\n"],
    "CR NUL": ["Alex\r\0Привет\r\0second\r\0/quit\r\0".encode()],
    "CR": ["Alex\rПривет\rsecond\r/quit\r".encode()],
    "a character cut in two": [b"Alex\n\xd0", "Привет\n".encode()[1:6], "Привет\n".encode()[6:], b"second\n/quit\n"],
    "a line cut in the middle": [b"Al", "ex\nПри".encode(), "вет\nsec".encode(), b"ond\n/qu", b"it\n"],
}


def receive(client: TextClient, count: int) -> bytes:
    """Take exactly `count` bytes, whatever they are."""
    while len(client.received) < count:
        data = client.sock.recv(65536)
        assert data, f"the connection ended after {client.received!r}"
        client.received += data
    taken, client.received = client.received[:count], client.received[count:]
    return taken


def messages(text: str) -> list[str]:
    """Return what was said, of everything that a client was sent."""
    return [line for line in text.splitlines() if line.startswith("[")]


# ------------------------------------------------------------------ cut anyhow


@pytest.mark.parametrize("segments", SEGMENTS.values(), ids=SEGMENTS)
def test_however_the_bytes_are_cut_the_lines_are_the_same(core: Core, segments: list[bytes]) -> None:
    eve = core.text("Eve")
    alex = core.text()
    for segment in segments:
        alex.send(segment)
    joined, said, left = "* Alex вошёл в чат *\n", "[Alex] Привет\n[Alex] second\n", "* Alex вышел из чата *\n"
    assert alex.read_to_end() == "Ник: " + joined + said + left
    assert eve.read_until(left) == joined + said + left
    assert eve.roundtrip() == ""


def test_answers_come_in_the_order_of_what_was_sent(core: Core) -> None:
    alex = core.text("Alex")
    alex.send("one\n/dance\ntwo\n/nickname\n/who\n/nickname *\n/nickname Lex\nthree\n")
    assert [re.sub(r"\d{4}-.*|\(.*", "…", alex.line()) for _ in range(9)] == [
        "[Alex] one",
        "❌ Нет команды /dance. Список команд: /help. Сказать как есть: //dance",
        "[Alex] two",
        "❌ Использование: /nickname новый_ник",
        "В чате: 1 …",
        "  [Alex] терминал, с …",
        "❌ Такой ник нельзя: он не может начинаться с «*»",
        "* Alex сменил ник на Lex *",
        "[Lex] three",
    ]


# --------------------------------------------- the client of the teaching chat


def test_a_nick_without_a_line_end_counts_after_a_silence(core: Core) -> None:
    eve = core.text("Eve")
    student = core.text()
    student.send("Студент")  # and no line end: then comes whatever is typed later
    assert student.read_until("*\n") == "Ник: * Студент вошёл в чат *\n"
    student.send("привет всем\n")
    assert student.line() == "[Студент] привет всем"
    student.send("/quit\n")
    student.sock.shutdown(socket.SHUT_RDWR)
    student.close()
    assert [eve.line() for _ in range(3)] == [
        "* Студент вошёл в чат *",
        "[Студент] привет всем",
        "* Студент вышел из чата *",
    ]
    assert eve.roundtrip() == ""


@pytest.mark.parametrize("habit", [bytes([IAC, WILL, 31]), b"x\b"], ids=["telnet negotiation", "backspace"])
def test_a_person_may_think_in_the_middle_of_a_nick(core: Core, habit: bytes) -> None:
    person = core.text()
    person.send(habit + b"Al")
    script = core.text()
    script.send("Script")  # its silence begins after that of the person, so when it is over, so is that of the person
    assert script.read_until("*\n") == "Ник: * Script вошёл в чат *\n"
    person.send("ex\n")
    assert script.line() == "* Alex вошёл в чат *"


# ------------------------------------------------------------------- scripts


@pytest.mark.parametrize("sent", ["ci\nbuild failed\n", "ci\nbuild failed", "ci\r\nbuild failed\r\n"])
def test_a_script_that_half_closes_is_heard_and_reads_to_the_end(core: Core, sent: str) -> None:
    eve = core.text("Eve")
    script = core.text()
    script.send(sent)
    script.sock.shutdown(socket.SHUT_WR)
    seen = "* ci вошёл в чат *\n[ci] build failed\n* ci вышел из чата *\n"
    assert script.read_to_end() == "Ник: " + seen
    assert eve.read_until("вышел из чата *\n") == seen


def test_a_script_of_many_lines_that_does_not_read_is_heard_in_full(core: Core) -> None:
    eve = core.text("Eve")
    lines = [f"line {n}" for n in range(500)]
    with socket.create_connection(core.server.text_address, timeout=10) as script:
        script.sendall("".join(f"{line}\n" for line in ["ci", *lines]).encode())
        script.shutdown(socket.SHUT_WR)
        heard = eve.read_until("* ci вышел из чата *\n")
    assert messages(heard) == [f"[ci] {line}" for line in lines]


def test_only_a_nick_without_a_line_end(core: Core) -> None:
    script = core.text()
    script.send("ci")
    script.sock.shutdown(socket.SHUT_WR)
    assert script.read_to_end() == "Ник: * ci вошёл в чат *\n* ci вышел из чата *\n"


# -------------------------------------------------------- what is not a line


def test_a_line_of_a_megabyte_is_refused_once_and_not_said(core: Core) -> None:
    eve = core.text("Eve")
    alex = core.text("Alex")
    alex.send(b"x" * 1_000_000 + b"\nafter\n")
    assert alex.read_until("after\n") == TOO_LONG + "[Alex] after\n"
    assert eve.read_until("after\n") == "* Alex вошёл в чат *\n[Alex] after\n"


def test_a_nick_of_a_megabyte(core: Core) -> None:
    alex = core.text()
    alex.send(b"x" * 1_000_000 + b"\nAlex\n")
    assert alex.read_until("*\n") == f"Ник: {TOO_LONG}Ник: * Alex вошёл в чат *\n"


def test_the_longest_line_and_one_byte_more(core: Core) -> None:
    alex = core.text("Alex")
    alex.send(b"/" * 16 * 1024 + b"\n")
    assert alex.line().startswith("❌ Сообщение длиннее 4000 знаков")
    alex.send(b"/" * (16 * 1024 + 1) + b"\n")
    assert alex.line() == TOO_LONG.strip()


def test_the_longest_message_and_one_character_more(core: Core) -> None:
    alex = core.text("Alex")
    longest = "€" * 4000
    alex.send(f"{longest}\n")
    assert alex.line() == f"[Alex] {longest}"
    alex.send(f"{longest}€\n")
    assert alex.line() == "❌ Сообщение длиннее 4000 знаков (4001), оно не отправлено"


@pytest.mark.parametrize("garbage", [b"\xfe", b"caf\xe9", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xd0"])
def test_what_is_not_utf_8_is_refused_and_not_said(core: Core, garbage: bytes) -> None:
    eve = core.text("Eve")
    alex = core.text("Alex")
    alex.send(garbage + b"\n")
    assert alex.line() == NOT_UTF_8.strip()
    alex.send("дальше\n")
    assert alex.line() == "[Alex] дальше"
    assert eve.read_until("дальше\n") == "* Alex вошёл в чат *\n[Alex] дальше\n"


def test_nul_bytes_are_taken_out(core: Core) -> None:
    eve = core.text("Eve")
    alex = core.text("Alex")
    alex.send(b"a\0b\0\n")
    assert alex.line() == "* Управляющие символы убраны из вашего сообщения *"
    assert alex.line() == "[Alex] ab"
    alex.send(b"\0\n")
    assert alex.line() == "❌ В сообщении нет ничего видимого, оно не отправлено"
    alex.send(b"c\n")
    assert eve.read_until("c\n") == "* Alex вошёл в чат *\n[Alex] ab\n[Alex] c\n"


def test_nothing_that_attacks_a_terminal_reaches_another_one(core: Core) -> None:
    eve = core.text("Eve")
    alex = core.text()
    alex.send("A\x1b[31ml\u202eex\n\x1b]0;title\x07 \x9b2J \u202e\u2066 x\n/nick B\x1bob\n/quit\n")
    heard = eve.read_until("вышел из чата *\n")
    assert [c for c in heard if c != "\n" and not c.isprintable()] == []
    assert heard.splitlines() == [
        "* A[31mlex вошёл в чат *",
        "[A[31mlex] ]0;title 2J  x",
        "* A[31mlex сменил ник на Bob *",
        "* Bob вышел из чата *",
    ]


def test_a_nick_of_500_characters(core: Core) -> None:
    alex = core.text()
    alex.send("x" * 500 + "\nAlex\n")
    assert alex.read_until("*\n") == "Ник: ❌ Ник длиннее 32 знаков (500)\nНик: * Alex вошёл в чат *\n"


def test_five_bad_nicks_are_enough(core: Core) -> None:
    eve = core.text("Eve")
    stranger = core.text()
    stranger.send("*a\n*b\n*c\n*d\n*e\nStranger\nhello\n")
    refusal = "❌ Такой ник нельзя: он не может начинаться с «*»\n"
    assert stranger.read_to_end() == f"Ник: {refusal}" * 5
    assert eve.roundtrip() == ""


# ------------------------------------------------------------------ browsers

GET = b"GET /?nick=Bob HTTP/1.1\r\nHost: chat.example:9997\r\nUser-Agent: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: chat.example\r\nContent-Length: 22\r\n\r\nBob\r\nbuy cheap pills\r\n"


@pytest.mark.parametrize(
    "request_bytes", [GET, POST, b"OPTIONS * HTTP/1.0\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
)
def test_an_http_request_is_told_the_page_and_nothing_of_it_is_said(core: Core, request_bytes: bytes) -> None:
    eve = core.text("Eve")
    browser = core.text()
    browser.send(request_bytes)
    assert browser.read_to_end() == "Ник: ❌ Это чат для терминала (nc). Веб-страница: http://127.0.0.1:8080/\n"
    browser.close()
    assert eve.roundtrip() == ""


@pytest.mark.parametrize("length", [300, 16_384, 17_000, 200_000])
def test_an_http_request_for_a_long_address_is_one_all_the_same(core: Core, length: int) -> None:
    """A page of another site chooses the address, and the header fields and the body behind it."""
    eve = core.text("Eve")
    browser = core.text()
    browser.send(b"POST /" + b"a" * length + POST.removeprefix(b"POST /") + b"/nick Owned\r\nmore\r\n")
    assert browser.read_to_end() == "Ник: ❌ Это чат для терминала (nc). Веб-страница: http://127.0.0.1:8080/\n"
    browser.close()
    assert eve.roundtrip() == ""


def test_an_http_request_that_pauses_is_no_nick(core: Core) -> None:
    eve = core.text("Eve")
    browser = core.text()
    browser.send(b"POST /aaaa")
    assert "Веб-страница" in browser.read_to_end()  # without waiting for more
    browser.close()
    assert eve.roundtrip() == ""


def test_an_http_request_in_pieces_is_one_all_the_same(core: Core) -> None:
    eve = core.text("Eve")
    browser = core.text()
    for byte in POST:
        browser.send(bytes([byte]))
    assert "Веб-страница" in browser.read_to_end()
    assert eve.roundtrip() == ""


def test_the_page_can_be_said_by_an_option(start_core: Callable[..., Core]) -> None:
    core = start_core(page_url="https://chat.example.org/", hub={"lang": "en"})
    browser = core.text()
    browser.send(GET)
    said = "❌ This is the text door of a chat (for nc). The web page is https://chat.example.org/\n"
    assert browser.read_to_end() == "Nick: " + said


def test_one_may_talk_about_http(core: Core) -> None:
    alex = core.text("Alex")
    alex.send("GET / HTTP/1.1\n")
    assert alex.line() == "[Alex] GET / HTTP/1.1"


# -------------------------------------------------------------------- telnet


def test_the_server_never_begins_with_telnet_negotiation(core: Core) -> None:
    alex = core.text()
    alex.send("Alex\nhello\n/quit\n")
    received = b""
    while data := alex.sock.recv(65536):
        received += data
    assert received.endswith("* Alex вышел из чата *\n".encode())
    assert bytes([IAC]) not in received


def test_each_telnet_option_is_refused_once(core: Core) -> None:
    alex = core.text()
    prompt = "Ник: ".encode()
    assert receive(alex, len(prompt)) == prompt
    echo, naws = 1, 31
    alex.send(bytes([IAC, DO, echo, IAC, WILL, naws, IAC, DO, echo]))
    assert receive(alex, 6) == bytes([IAC, WONT, echo, IAC, DONT, naws])
    # Again, and in the middle of a word; subnegotiation, and what asks for nothing, are passed over.
    alex.send(bytes([IAC, DO, echo]) + b"Al" + bytes([IAC, WILL, naws]) + b"ex\r\n")
    alex.send(bytes([IAC, WONT, echo, IAC, DONT, naws, IAC, SB, naws, 0, 80, 0, 24, IAC, SE, IAC, 241]) + b"hello\r\n")
    everything = "* Alex вошёл в чат *\n[Alex] hello\n".encode()
    assert receive(alex, len(everything)) == everything
    alex.send(bytes([IAC, WILL, echo, IAC, WILL, echo]) + b"bye\r\n")
    everything = b"[Alex] bye\n"
    got = receive(alex, len(everything) + 3)
    assert sorted((got.replace(everything, b"", 1), everything)) == sorted((bytes([IAC, DONT, echo]), everything))


def test_an_escaped_ff_is_a_byte_and_no_utf_8(core: Core) -> None:
    alex = core.text("Alex")
    alex.send(b"a" + bytes([IAC, IAC]) + b"b\n")
    assert alex.line() == NOT_UTF_8.strip()
    alex.send("c\n")
    assert alex.line() == "[Alex] c"


# ------------------------------------------------------------- slow readers


def read_bulk(client: TextClient, end: str) -> str:
    """Read many megabytes, up to what ends with `end`."""
    chunks, wanted, tail = [client.received], end.encode(), client.received
    client.received = b""
    while not tail.endswith(wanted):
        data = client.sock.recv(1 << 20)
        assert data, "the connection ended"
        chunks.append(data)
        tail = (tail + data)[-len(wanted) :]
    return b"".join(chunks).decode()


def test_a_reader_that_does_not_read_disturbs_nobody_and_misses_nothing(core: Core) -> None:
    slow = core.text("Slow")
    listener = core.text("Listener")
    talker = core.text("Talker")
    (peer,) = [p for p in core.server._hub._delivery.peers if p.session is not None and p.session.nick == "Slow"]
    said: list[str] = []
    while not (peer.blocked and said) and len(said) < 10_000:  # 10,000 are more than any kernel keeps for a connection
        lines = [f"{len(said) + i} {'ж' * 3980}" for i in range(20)]
        talker.send("".join(f"{line}\n" for line in lines))
        heard = f"[Talker] {lines[-1]}\n"
        assert messages(read_bulk(talker, heard)) == [f"[Talker] {line}" for line in lines]
        said += lines
    expected = [f"[Talker] {line}" for line in said]
    assert messages(read_bulk(listener, f"{expected[-1]}\n")) == expected

    # Nothing was put aside for the slow one: it stands at its place in the log.
    assert peer.blocked
    assert peer.cursor.position < core.server._log.last
    assert peer.cursor.reply_bytes == 0

    assert messages(read_bulk(slow, f"{expected[-1]}\n")) == expected


def test_one_who_asks_without_reading_the_answers_has_to_wait(core: Core) -> None:
    alex = core.text("Alex")
    greedy = core.text("Greedy")
    greedy.sock.settimeout(0.5)
    question = b"/help" + b" " * 250 + b"\n"
    sent, rest = 0, b""
    with pytest.raises(TimeoutError):  # noqa: PT012  what counts is that it comes to this
        while sent < 100_000_000:
            rest = rest or question * 100
            done = greedy.sock.send(rest)
            sent, rest = sent + done, rest[done:]
    alex.send("there is room for all\n")
    assert alex.read_until("for all\n").endswith("[Alex] there is room for all\n")

    greedy.sock.settimeout(10)
    greedy.sock.shutdown(socket.SHUT_WR)
    answers = read_bulk(greedy, "* Greedy вышел из чата *\n")
    asked, begun = divmod(sent, len(question))
    assert answers.count("/quit — выйти") == asked + (begun >= len(b"/help"))


# -------------------------------------------------------------------- limits


def enter_when_there_is_room(core: Core, prompt: str = "Ник: ") -> TextClient:
    """Connect until one is let in; a server learns of a connection's end a moment after it."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        client = core.text()
        try:
            client.read_until(prompt)
            client.send("Late\n")
            client.read_until("Late вошёл в чат *\n")
        except (AssertionError, ConnectionError):
            client.close()
        else:
            return client
    pytest.fail("there is still no room")


def test_connections_in_all(start_core: Callable[..., Core]) -> None:
    core = start_core(max_connections=2)
    first, second = core.text("First"), core.text("Second")
    third = core.text()
    assert third.read_to_end() == "❌ Слишком много подключений (предел 2, всего)\n"
    assert first.roundtrip() == "* Second вошёл в чат *\n"
    second.close()
    enter_when_there_is_room(core)


def test_connections_of_one_address(start_core: Callable[..., Core]) -> None:
    core = start_core(connections_per_address=2, hub={"lang": "en"})
    core.text().read_until("Nick: ")
    second = core.text()
    second.read_until("Nick: ")
    third = core.text()
    assert third.read_to_end().removeprefix("Nick: ") == "❌ Too many connections (limit 2, from one address)\n"
    # A browser elsewhere is another address, although it comes through a gateway on this machine.
    assert core.web(client="192.0.2.7").join("Ann")["nick"] == "Ann"
    second.close()
    deadline = time.monotonic() + 5
    while "Too many" in (text := _first_words(core)):
        assert time.monotonic() < deadline, text


def _first_words(core: Core) -> str:
    client = core.text()
    client.sock.shutdown(socket.SHUT_WR)
    try:
        return client.read_to_end()
    finally:
        client.close()


def test_who_does_not_say_a_nick_has_to_go(start_core: Callable[..., Core]) -> None:
    core = start_core(hub={"join_timeout_seconds": 0.3, "lang": "en"})
    alex = core.text()
    alex.send("Alex\n")
    assert alex.read_until("*\n") == "Nick: * Alex joined *\n"
    silent = core.text()
    assert re.fullmatch(r"Nick: ❌ No nick within [\d.]+ s\n", silent.read_to_end())
    alex.send("still here\n")
    assert alex.line() == "[Alex] still here"


def test_what_comes_too_fast_waits_and_is_not_lost(start_core: Callable[..., Core]) -> None:
    core = start_core(rate_burst=3, rate_per_second=20.0)
    calm = core.text("Calm")
    fast = core.text()
    begin = time.monotonic()
    fast.send("Fast\n" + "".join(f"{n}\n" for n in range(8)))  # nine lines: three at once, and six more, 50 ms each
    got = fast.read_until("[Fast] 7\n")
    assert time.monotonic() - begin >= 0.29
    assert messages(got) == [f"[Fast] {n}" for n in range(8)]
    assert messages(calm.read_until("[Fast] 7\n")) == [f"[Fast] {n}" for n in range(8)]


def test_who_does_not_slow_down_is_refused_and_told(start_core: Callable[..., Core]) -> None:
    core = start_core(rate_burst=2, rate_per_second=50.0, rate_patience_seconds=0.2, hub={"lang": "en"})
    fast = core.text()
    fast.send("Fast\n" + "".join(f"{n}\n" for n in range(30)))
    refusal = "❌ Too fast (limit 50 a second), this was not said. Wait a little"
    seen = [line for line in fast.read_until(refusal).splitlines() if line.startswith("[Fast]")]
    assert 8 <= len(seen) < 30  # by delay at first
    rest = [fast.line() for _ in range(30 - len(seen))]
    assert rest[0] == ""
    assert set(rest[1:]) == {refusal}  # each is told, none is dropped in silence
    fast.send("30\n")
    assert fast.line() in (refusal, "[Fast] 30")


def test_limits_are_options(start_core: Callable[..., Core]) -> None:
    limits = InputLimits(characters=10, lines=2)
    core = start_core(hub={"lang": "en", "input_limits": limits}, line_bytes=64)
    ann = core.text()
    ann.send("Ann\n" + "x" * 11 + "\n" + "y" * 65 + "\n")
    ann.read_until("❌ The message is longer than 10 characters (11), it was not said\n")
    ann.read_until("❌ The line is longer than 64 bytes, it was not said\n")
    bob = core.web()
    assert bob.join("Bob")["limits"]["text_characters"] == 10
    bob.send(type="input", text="1\n2\n3")
    assert [m["code"] for m in bob.roundtrip() if m["type"] == "refused"] == ["too-many-lines"]


def test_one_who_has_to_wait_does_not_keep_others_waiting(start_core: Callable[..., Core]) -> None:
    core = start_core(rate_burst=2, rate_per_second=0.01)
    calm = core.text("Calm")
    fast = core.text()
    fast.send("Fast\n1\n2\n")  # the third line is due in 100 seconds
    assert calm.read_until("[Fast] 1\n") == "* Fast вошёл в чат *\n[Fast] 1\n"
    calm.send("hello\n")
    assert calm.line() == "[Calm] hello"
    begin = time.monotonic()
    fast.close()
    calm.close()
    core.server.stop()
    assert time.monotonic() - begin < 10  # and a stop doesn't wait for it either


# ------------------------------------------------------------ stop and start


def test_the_history_is_there_after_a_restart(start_core: Callable[..., Core]) -> None:
    core = start_core()
    alex = core.text("Alex")
    alex.send("запомните это\n")
    assert alex.line() == "[Alex] запомните это"
    with stopping(core.server):
        assert alex.read_to_end() == "* Сервер останавливается *\n"
        alex.close()
    bob = start_core().text()
    bob.send("Bob\n")
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    history = rf"--- История, .* ---\n{stamp} \[Alex\] запомните это\n--- Конец истории ---\n"
    assert re.fullmatch(rf"Ник: {history}\* Bob вошёл в чат \*\n", bob.read_until("*\n"))


def test_two_servers_can_not_use_one_directory(core: Core, tmp_path: Path) -> None:
    options = ServerOptions(port=0, gateway_port=0, data_dir=tmp_path / "data")
    with pytest.raises(LogUnusableError, match="another core is using this log"):
        Server(options)
    alex = core.text("Alex")
    alex.send("unharmed\n")
    assert alex.line() == "[Alex] unharmed"


def test_a_stop_tells_everybody_after_all_that_was_said(core: Core) -> None:
    alex, bob = core.text("Alex"), core.text("Bob")
    stranger = core.text()
    stranger.read_until("Ник: ")
    alex.send("".join(f"{n}\n" for n in range(200)))
    alex.read_until("[Alex] 199\n")
    with stopping(core.server):
        assert bob.read_to_end() == "".join(f"[Alex] {n}\n" for n in range(200)) + "* Сервер останавливается *\n"
        assert alex.read_to_end() == stranger.read_to_end() == "* Сервер останавливается *\n"
        for client in (alex, bob, stranger):
            client.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(core.server.text_address, timeout=5)


@pytest.mark.parametrize("sent", [b"", b"half a nick", b"Alex\nhello\n", GET, b"*\n" * 5])
@pytest.mark.parametrize("limit", [0, 1], ids=["let in", "one too many"])
def test_a_client_that_resets_the_connection_leaves_no_trace(
    start_core: Callable[..., Core], sent: bytes, limit: int
) -> None:
    core = start_core(connections_per_address=limit)
    first = core.text("First")
    before = set(threading.enumerate())
    for _ in range(5):
        client = core.text()
        client.sock.recv(1)
        client.send(sent)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)  # an exception that nobody catches there fails the test
        assert not thread.is_alive()
    first.send("/who\n")
    assert "В чате: 1 " in first.read_until("[First] ")


def test_who_is_gone_does_not_go_on_talking(start_core: Callable[..., Core]) -> None:
    """Lines that wait for their turn are not said by one whose connection was reset."""
    core = start_core(rate_burst=2, rate_per_second=1.0, connections_per_address=2)
    watcher = core.text("Watcher")
    ghost = core.text("Ghost")
    watcher.read_until("* Ghost вошёл в чат *\n")
    ghost.send("ha\n" * 20_000)
    watcher.read_until("[Ghost] ha\n")
    ghost.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ghost.close()
    watcher.read_until("* Ghost вышел из чата *\n")
    core.text("Next")  # there is room again from this address


def test_an_empty_line_costs_nothing(start_core: Callable[..., Core]) -> None:
    core = start_core(rate_burst=3, rate_per_second=0.01)
    alex = core.text("Alex")
    alex.send("\n" * 1000 + "hello\n")
    assert alex.line() == "[Alex] hello"


def test_bytes_that_ask_for_nothing_take_their_turns_but_typing_does_not(start_core: Callable[..., Core]) -> None:
    core = start_core(rate_burst=3, rate_per_second=0.01)
    alex = core.text("Alex")
    for byte in b"typed slowly\n":
        alex.send(bytes((byte,)))
    assert alex.line() == "[Alex] typed slowly"
    vandal = core.text("Vandal")
    vandal.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):  # its reader waits, so the system takes no more from it
        vandal.send(b"\x08" * 64 * 1024 * 1024)
