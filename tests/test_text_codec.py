"""What a terminal shows, byte for byte, and what its lines ask for."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core import wording
from tcp_core.cleaning import clean
from tcp_core.messages import (
    ROOM,
    Attendance,
    Bye,
    Command,
    CommandList,
    Event,
    Gap,
    History,
    Join,
    Joined,
    Left,
    ListCommands,
    ListMembers,
    Members,
    Notice,
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
from tcp_core.text_codec import HISTORY_BYTES, TextCodec, is_http
from tcp_core.wording import LANGS, Lang
from tests.hypothesis_profile import PURE

EVENTS: tuple[tuple[Event, str, str], ...] = (
    (Joined(nick="Alex"), "* Alex вошёл в чат *\n", "* Alex joined *\n"),
    (Left(nick="Alex", reason="quit"), "* Alex вышел из чата *\n", "* Alex left *\n"),
    (Left(nick="Alex", reason="lost"), "* Alex вышел из чата *\n", "* Alex left *\n"),
    (Renamed(nick="Bob", new_nick="Bobby"), "* Bob сменил ник на Bobby *\n", "* Bob is now Bobby *\n"),
    (Said(nick="Alex", text="Привет!"), "[Alex] Привет!\n", "[Alex] Привет!\n"),
    (Said(nick="Al", text="one\n\n  two"), "[Al] one\n[Al] \n[Al]   two\n", "[Al] one\n[Al] \n[Al]   two\n"),
    (Said(nick="Al", text="a\n* Bob left *"), "[Al] a\n[Al] * Bob left *\n", "[Al] a\n[Al] * Bob left *\n"),
    (Said(nick="{nick}", text="{0} %s"), "[{nick}] {0} %s\n", "[{nick}] {0} %s\n"),
    (Joined(nick="{reason}"), "* {reason} вошёл в чат *\n", "* {reason} joined *\n"),
)  # fmt: skip

WELCOME = Welcome(
    nick="Ann", session="s", room=ROOM, epoch="e", live=0, resumed=False, lang="en", server={}, limits={}
)  # fmt: skip

REPLIES: tuple[tuple[Reply, str, str], ...] = (
    (Prompt(), "Ник: ", "Nick: "),
    (
        Refused("usage", {"command": "nickname"}),
        "❌ Использование: /nickname новый_ник\n",
        "❌ Usage: /nickname new_nick\n",
    ),
    (Refused("nick-taken", {"nick": "Bob"}), "❌ Ник Bob занят\n", "❌ The nick Bob is taken\n"),
    (
        Notice("nick-numbered", {"wanted": "Alex", "nick": "Alex2"}),
        "* Ник Alex занят, теперь вы Alex2 *\n",
        "* The nick Alex is taken, you are Alex2 *\n",
    ),
    (Notice("done", {}), "", ""),
    (
        Gap(ROOM, 3, 5),
        "--- Пропущено: 3, этих сообщений больше нет ---\n",
        "--- Missing: 3, these can no longer be had ---\n",
    ),
    (Bye(4000, "stopped"), "* Сервер останавливается *\n", "* The server is stopping *\n"),
    (Bye(4506, "quit"), "", ""),
    (Pong(), "", ""),
    (Members(ROOM, ["Alex"]), "", ""),
    (WELCOME, "", ""),
    (History(ROOM, [], more=False), "", ""),
)


@pytest.mark.parametrize(("event", "ru", "en"), EVENTS)
def test_an_event_is_shown_as(event: Event, ru: str, en: str) -> None:
    assert TextCodec("ru").encode_event(event).decode() == ru
    assert TextCodec("en").encode_event(event).decode() == en


@pytest.mark.parametrize(("reply", "ru", "en"), REPLIES)
def test_a_reply_is_shown_as(reply: Reply, ru: str, en: str) -> None:
    assert TextCodec("ru").encode_reply(reply).decode() == ru
    assert TextCodec("en").encode_reply(reply).decode() == en


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("Hello", [Say("Hello")]),
        ("", []),
        ("/nick Bob", [Rename("Bob")]),
        ("/who", [ListMembers()]),
        ("/help", [ListCommands()]),
        ("/quit", [Quit()]),
        ("a\x1bb", [Notice("cleaned", {}), Say("ab")]),
        ("/nickname", [Refused("usage", {"command": "nickname"})]),
        ("/dance", [Refused("unknown-command", {"word": "dance"})]),
    ],
)
def test_a_line_asks_for(line: str, commands: list[Command]) -> None:
    assert TextCodec("en").decode(line, joined=True) == commands


@pytest.mark.parametrize("line", ["Alex", "", "/quit", "  x  "])
def test_the_first_line_is_the_nick_whatever_it_holds(line: str) -> None:
    assert TextCodec("en").decode(line, joined=False) == [Join(line)]


@pytest.mark.parametrize(
    ("beginning", "http"),
    [
        ("GET / HTTP/1.1\r\nHost: a.example", True),
        ("POST /nick?x=/quit HTTP/1.0", True),
        ("POST /" + "a" * 200, True),
        ("GET /", True),
        ("OPTIONS * HTTP/1.1", True),
        ("CONNECT a.example:443 HTTP/1.1", True),
        ("PRI * HTTP/2.0", True),
        ("patch / HTTP/1.1", True),
        ("M-SEARCH * HTTP/1.1", True),
        ("patch /" + "a" * 64, True),
        ("GET", False),
        ("GET ", False),
        ("CONNECT a.example:443", False),
        ("ANN HTTP/1", False),
        ("AC /DC", False),
        ("PUTIN *", False),
        ("get /", False),
        ("HELLO *waves*", False),
        ("I said: GET / HTTP/1.1", False),
        ("", False),
    ],
)
def test_a_browser_is_known_by_how_it_begins(beginning: str, http: bool) -> None:
    assert is_http(beginning.encode()) is http


def test_history_is_time_stamped_and_fenced() -> None:
    ts = 1_790_000_000_000
    stamp = wording.moment(ts)
    history = History(
        ROOM, [Said(seq=1, ts=ts, nick="Alex", text="a\nb"), Said(seq=2, ts=ts, nick="Bob", text="c")], True
    )
    lines = TextCodec("en").encode_reply(history).decode().split("\n")
    assert lines == [
        f"--- History, times in {wording.zone()} ---",
        f"{stamp} [Alex] a",
        f"{stamp} [Alex] b",
        f"{stamp} [Bob] c",
        "--- End of history ---",
        "",
    ]
    ru = TextCodec("ru").encode_reply(history).decode().split("\n")
    assert (ru[0], ru[-2]) == (f"--- История, время {wording.zone()} ---", "--- Конец истории ---")


def test_a_history_that_is_too_long_keeps_the_newest_whole() -> None:
    events: list[Event] = [Said(seq=n, nick="Alex", text=f"{n} " + "ё" * 2000) for n in range(1, 101)]
    data = TextCodec("en").encode_reply(History(ROOM, events, more=False))
    assert HISTORY_BYTES - 4100 < len(data) < HISTORY_BYTES + 200
    _, *shown, _ = data.decode().splitlines()
    numbers = [int(line.split("] ")[1].split()[0]) for line in shown]
    assert numbers == list(range(numbers[0], 101))
    assert all(line.endswith("ё" * 2000) for line in shown)


def test_one_message_that_is_too_long_for_the_history_does_not_hide_the_newer_ones() -> None:
    events: list[Event] = [Said(nick="👋" * 32, text="\n".join("x" * 2000)), Said(nick="Bob", text="later")]
    shown = TextCodec("en").encode_reply(History(ROOM, events, more=False)).decode()
    assert "[Bob] later\n" in shown
    assert "👋" not in shown


def test_who_lists_nick_door_and_time() -> None:
    ts = 1_790_000_000_000
    attendance = Attendance((Presence("Alex", "terminal", ts), Presence("Ann", "web", ts)))
    assert TextCodec("en").encode_reply(attendance).decode().splitlines() == [
        f"Here now: 2 (times in {wording.zone()})",
        f"  [Alex] terminal, since {wording.moment(ts)}",
        f"  [Ann] web, since {wording.moment(ts)}",
    ]
    assert TextCodec("ru").encode_reply(attendance).decode().splitlines()[1] == (
        f"  [Alex] терминал, с {wording.moment(ts)}"
    )


def test_help_is_the_command_table() -> None:
    assert TextCodec("en").encode_reply(CommandList()).decode() == (
        "/nickname new_nick (/nick) — change your nick\n"
        "/history [number] — the newest messages\n"
        "/who — who is here\n"
        "/ignore [nick] — see no messages of somebody; without a nick: whose you don't see\n"
        "/unignore nick — see somebody's messages again\n"
        "/help — this list\n"
        "/quit — leave\n"
        "/oper password — become an operator\n"
        '//word — say "/word"\n'
    )


BIDIRECTIONAL_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
LANG = st.sampled_from(LANGS)
CLEANED = st.text(max_size=60).map(lambda raw: clean(raw).text)
ANY_TEXT = st.one_of(
    CLEANED,
    st.lists(
        st.sampled_from(["\x1b[2J", "\u202e", "\r", "\n", "\x85", "\u2028", "* Bob left *", "❌ ", "[Bob] hi", "a"])
    )
    .map("".join)
    .map(lambda raw: clean(raw).text),
)
NICK = st.text(min_size=1, max_size=32).map(lambda raw: clean(raw).text.replace("\n", "")).filter(bool)


@PURE
@given(LANG, NICK, ANY_TEXT)
def test_every_line_that_is_said_tells_by_whom(lang: Lang, nick: str, text: str) -> None:
    shown = TextCodec(lang).encode_event(Said(nick=nick, text=text)).decode()
    if not text:  # it was taken away
        assert shown == ""
        return
    assert shown.endswith("\n")
    lines = shown[:-1].split("\n")
    assert all(line.startswith(f"[{nick}] ") for line in lines)
    assert "\n".join(line.removeprefix(f"[{nick}] ") for line in lines) == text


@PURE
@given(LANG, NICK, ANY_TEXT, NICK)
def test_a_terminal_never_gets_anything_to_act_upon(lang: Lang, nick: str, text: str, other: str) -> None:
    codec = TextCodec(lang)
    said = Said(nick=nick, text=text)
    events: list[Event] = [said, Joined(nick=nick), Left(nick=nick, reason="quit"), Renamed(nick=nick, new_nick=other)]
    replies: list[Reply] = [
        History(ROOM, [said], more=False),
        Attendance((Presence(nick, "web", 0),)),
        Notice("nick-numbered", {"wanted": nick, "nick": other}),
        Refused("nick-taken", {"nick": nick}),
        Refused("unknown-command", {"word": nick}),
        *(command for command in codec.decode(f"/{text}", joined=True) if isinstance(command, Refused)),
    ]
    for data in [*map(codec.encode_event, events), *map(codec.encode_reply, replies)]:
        assert data.endswith(b"\n") or (not text and data == b"")
        for c in data.decode():
            assert c == "\n" or unicodedata.category(c) != "Cc", hex(ord(c))
            assert c not in BIDIRECTIONAL_CONTROLS, hex(ord(c))


@PURE
@given(LANG, NICK, NICK)
def test_all_but_messages_are_one_line(lang: Lang, nick: str, other: str) -> None:
    codec = TextCodec(lang)
    for data in (
        codec.encode_event(Joined(nick=nick)),
        codec.encode_event(Left(nick=nick, reason="lost")),
        codec.encode_event(Renamed(nick=nick, new_nick=other)),
    ):
        shown = data.decode()
        assert shown.count("\n") == 1
        assert shown.startswith(f"* {nick} ")
        assert shown.endswith(" *\n")
