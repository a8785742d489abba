"""Operators, bans, mutes, the lock, slow mode, clearing and ignoring, by both doors of a real server."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tcp_core.entrance import CLOSE_NOT_JOINED
from tcp_core.event_log import EventLog, NotStoredError
from tcp_core.register import RegisterUnusableError
from tcp_core.secret import Secret
from tests.conftest import Core, JsonClient, TextClient, stopping

PASSWORD = "open sesame"
Start = Callable[..., Core]


@pytest.fixture
def start(start_core: Start) -> Start:
    """Start a server in English that has operators."""

    def start(hub: dict[str, Any] | None = None, **options: Any) -> Core:
        settings = {"lang": "en", "operator_password": Secret(PASSWORD), "history_lines": 0, **(hub or {})}
        return start_core(hub=settings, **options)

    return start


@pytest.fixture
def room(start: Start) -> Core:
    return start()


def terminal(core: Core, nick: str) -> TextClient:
    client = core.text()
    client.read_until("Nick: ")
    client.send(f"{nick}\n")
    client.read_until(" joined *\n")
    return client


def operator(core: Core, nick: str = "Op") -> TextClient:
    client = terminal(core, nick)
    client.send(f"/oper {PASSWORD}\n")
    assert client.line() == "* You are an operator. For the commands: /help *"
    return client


def browser(core: Core, nick: str, address: str = "192.0.2.1", **fields: Any) -> JsonClient:
    client = core.web(client=address)
    client.token = client.join(nick, **fields)["session"]  # type: ignore[attr-defined]
    client.roundtrip()
    return client


def said(client: JsonClient) -> list[str]:
    return [message["text"] for message in client.roundtrip() if message["type"] == "said"]


def type_line(client: JsonClient, text: str) -> list[dict[str, Any]]:
    """Type a line, and return what it is answered with, for this client alone."""
    client.send(type="input", id="x", text=text)
    return [message for message in client.roundtrip() if message["type"] in ("notice", "refused", "ignoring")]


def farewell(client: JsonClient) -> dict[str, Any]:
    """Return the last message before the end."""
    last = None
    while (message := client.read()) is not None:
        last = message
    assert last is not None
    assert last["type"] == "bye"
    return last


def rejected(core: Core, nick: str, address: str, **fields: Any) -> tuple[str, int]:
    """Try to join; return the code of the refusal and the close code."""
    client = core.web(client=address)
    client.send(type="join", nick=nick, lang="en", **fields)
    refused = client.read()
    assert refused is not None
    assert refused["type"] == "refused"
    return refused["code"], farewell(client)["code"]


# ------------------------------------------------------------------ becoming one


def test_nobody_is_an_operator_before_saying_the_password(room: Core) -> None:
    ann, bob = terminal(room, "Ann"), browser(room, "Bob")
    commands = ["/kick Ann", "/ban Ann", "/unban 192.0.2.1", "/bans", "/mute Ann", "/unmute Ann", "/lock", "/unlock"]
    for command in [*commands, "/slow 3", "/clear Ann"]:
        ann.roundtrip()
        ann.send(f"{command}\n")
        assert ann.line() == "❌ Only operators can do that (/oper)"
        (refused,) = type_line(bob, command)
        assert (refused["code"], refused["id"]) == ("not-operator", "x")
    ann.send("/oper guess\n")
    assert ann.line() == "❌ That is not the operators' password"
    assert type_line(bob, "/oper " + PASSWORD.upper())[0]["code"] == "operator-password"


def test_without_a_password_there_are_no_operators(start_core: Start) -> None:
    bob = browser(start_core(), "Bob")
    for attempt in ("x", PASSWORD):
        assert type_line(bob, f"/oper {attempt}")[0]["code"] == "no-operators"


def test_the_same_words_work_by_both_doors(room: Core) -> None:
    op = browser(room, "Op")
    terminal(room, "Ann")
    (notice,) = type_line(op, f"/oper {PASSWORD}")
    assert (notice["type"], notice["code"], notice["id"]) == ("notice", "operator", "x")
    (notice,) = type_line(op, "/kick Ann bye")
    assert notice["text"] == "Ann is out"


def test_wrong_passwords_are_limited_by_address(room: Core) -> None:
    bob = browser(room, "Bob", "198.51.100.7")
    codes = [type_line(bob, "/oper x")[0]["code"] for _ in range(6)]
    assert codes == ["operator-password"] * 5 + ["attempts"]
    again = browser(room, "Bob2", "198.51.100.7")
    assert type_line(again, f"/oper {PASSWORD}")[0]["code"] == "attempts"  # the right one as well: nothing is learned
    other = browser(room, "Carol", "198.51.100.8")
    assert type_line(other, f"/oper {PASSWORD}")[0]["code"] == "operator"


def test_the_password_is_in_no_file_and_no_line(room: Core, tmp_path: Path) -> None:
    op = operator(room)
    bob = browser(room, "Bob")
    type_line(bob, f"/oper {PASSWORD}")
    assert PASSWORD not in op.roundtrip()
    for path in (tmp_path / "data").iterdir():
        assert PASSWORD.encode() not in path.read_bytes()


def test_operators_see_addresses_in_who(room: Core) -> None:
    browser(room, "Bob", "198.51.100.7")
    ann = terminal(room, "Ann")
    ann.send("/who\n")
    assert "198.51.100.7" not in ann.roundtrip()
    op = operator(room)
    op.send("/who\n")
    shown = op.roundtrip()
    assert re.search(r"Bob — web, since [\d :-]+, 198\.51\.100\.7\n", shown)
    assert re.search(r"Op — terminal, since [\d :-]+, operator, 127\.0\.0\.1\n", shown)


def test_help_shows_operators_what_they_can_do(room: Core) -> None:
    ann, op = terminal(room, "Ann"), operator(room)
    for client, shown in ((ann, False), (op, True)):
        client.roundtrip()
        client.send("/help\n")
        assert ("/kick nick [reason]" in client.roundtrip()) is shown


# ------------------------------------------------------------------------- kick


def test_a_kicked_terminal_is_told_why_and_everybody_sees_it_leave(room: Core) -> None:
    op, ann, bob = operator(room), terminal(room, "Ann"), terminal(room, "Bob")
    ann.roundtrip()
    op.roundtrip()
    op.send("/kick Bob too loud\n")
    assert bob.read_to_end() == "* An operator has put you out: too loud *\n"
    assert ann.line() == "* Bob left *"
    assert sorted([op.line(), op.line()]) == ["* Bob is out *", "* Bob left *"]


def test_a_kicked_browser_gets_4500_and_does_not_come_back_to_its_session(room: Core) -> None:
    op, bob = operator(room), browser(room, "Bob")
    op.send("/kick Bob\n")
    assert farewell(bob) == {"type": "bye", "code": 4500, "reason": "An operator has put you out"}
    again = room.web()
    assert again.join("Bob", session=bob.token)["resumed"] is False  # type: ignore[attr-defined]


def test_one_who_is_away_can_be_kicked(room: Core) -> None:
    op, bob = operator(room), browser(room, "Bob")
    bob.close()
    op.send("/kick Bob\n")
    op.read_until("* Bob is out *\n")
    assert room.web().join("Bob", session=bob.token)["resumed"] is False  # type: ignore[attr-defined]


def test_a_nick_may_have_blanks_and_look_like_another(room: Core) -> None:
    op = operator(room)
    ann = terminal(room, "Ann Lee")
    op.roundtrip()
    op.send("/kick ann lee for nothing\n")
    assert ann.read_to_end().endswith("put you out: for nothing *\n")
    vob = terminal(room, "Вob")  # with a Cyrillic letter
    op.send("/kick Bob\n")
    assert "put you out" in vob.read_to_end()


def test_nobody_of_that_nick(room: Core) -> None:
    op = browser(room, "Op")
    type_line(op, f"/oper {PASSWORD}")
    for command in ("/kick Nobody", "/mute Nobody", "/ban Nobody", "/kick *", "/kick 192.0.2.1"):
        assert type_line(op, command)[0]["code"] == "no-such-nick", command
    assert type_line(op, "/clear Nobody")[0]["code"] == "no-messages"


def test_what_was_said_before_a_kick_is_kept_and_what_comes_after_is_not(room: Core) -> None:
    op, bob = operator(room), browser(room, "Bob")
    bob.send(type="input", text="before")
    bob.roundtrip()
    op.send("/kick Bob\n")
    farewell(bob)
    bob.sock.sendall(b'{"type":"input","text":"after"}\n')
    shown = op.roundtrip()
    assert "[Bob] before\n" in shown
    assert "after" not in shown


# -------------------------------------------------------------------------- ban


def test_a_ban_holds_for_new_nicks_and_new_connections_and_leaves_others_alone(room: Core) -> None:
    op = operator(room)
    bob, carol = browser(room, "Bob", "198.51.100.7"), browser(room, "Carol", "198.51.100.8")
    op.send("/ban Bob spam\n")
    bye = farewell(bob)
    assert bye["code"] == 4501
    assert bye["reason"] == "An operator has banned you for good: spam"
    for nick, fields in (("Bob", {"session": bob.token}), ("Bobby", {}), ("X", {})):  # type: ignore[attr-defined]
        assert rejected(room, nick, "198.51.100.7", **fields) == ("banned", 4501)
    carol.send(type="input", text="still here")
    assert said(carol) == ["still here"]
    assert browser(room, "Dan", "198.51.100.9")


def test_a_ban_outlives_the_server(start: Start) -> None:
    core = start()
    op, bob = operator(core), browser(core, "Bob", "198.51.100.7")
    op.send("/ban Bob 2h spam\n")
    farewell(bob)
    with stopping(core.server):
        op.close()
    core = start()
    assert rejected(core, "Robert", "198.51.100.7") == ("banned", 4501)
    assert browser(core, "Carol", "198.51.100.8")
    op = operator(core)
    op.send("/bans\n")
    assert op.line() == "Banned: 1"
    assert re.fullmatch(r"  198\.51\.100\.7/32 Bob — until [\d :-]+ \(UTC.*\), Op: spam", op.line())
    op.send("/unban Bob\n")
    assert op.line() == "* No longer banned: 198.51.100.7/32 Bob *"
    assert browser(core, "Robert", "198.51.100.7")


def test_a_ban_ends_in_time(start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    core = start()
    op = operator(core)
    for duration in ("2s", "1m30s", "5", "1h", "2d", "1w"):
        op.send(f"/ban 203.0.113.0/24 {duration} noise\n")
        op.read_until("203.0.113.0/24 *\n")
        (ban,) = json.loads((tmp_path / "data" / "rules.json").read_text())["bans"]
        seconds = {"2s": 2, "1m30s": 90, "5": 300, "1h": 3600, "2d": 172_800, "1w": 604_800}[duration]
        assert ban["until"] - ban["since"] in range(seconds * 1000, seconds * 1000 + 500)
        assert ban["reason"] == "noise"
    monkeypatch.setattr("tcp_core.register.time.time", lambda: ban["until"] / 1000)
    assert browser(core, "Bob", "203.0.113.9")


@pytest.mark.parametrize(
    ("target", "inside", "outside"),
    [
        ("198.51.100.7", ["198.51.100.7", "::ffff:198.51.100.7"], ["198.51.100.8"]),
        ("198.51.100.0/24", ["198.51.100.1", "198.51.100.254"], ["198.51.101.1"]),
        ("198.51.100.77/24", ["198.51.100.1"], ["198.51.101.1"]),
        ("2001:db8::5", ["2001:db8::5", "2001:db8::6:0:1"], ["2001:db8:0:1::5"]),
        ("2001:db8::/32", ["2001:db8:ffff::1"], ["2001:db9::1"]),
    ],
)
def test_addresses_and_networks(room: Core, target: str, inside: list[str], outside: list[str]) -> None:
    op = operator(room)
    op.send(f"/ban {target}\n")
    op.read_until("Banned for good")
    for address in inside:
        header = f"PROXY TCP6 {address} ::1 5 9998\r\n" if ":" in address else None
        client = room.web(client=address, header=header and header.encode())
        client.send(type="join", nick="Bob", lang="en")
        assert farewell(client)["code"] == 4501
    for address in outside:
        header = f"PROXY TCP6 {address} ::1 5 9998\r\n" if ":" in address else None
        assert room.web(client=address, header=header and header.encode()).join("Bob")


def test_a_ban_of_a_network_puts_out_all_who_are_in_it(room: Core) -> None:
    op = operator(room)
    inside = [browser(room, f"In{i}", f"198.51.100.{i}") for i in range(3)]
    outside = browser(room, "Out", "198.51.101.1")
    op.send("/ban 198.51.100.0/24\n")
    for client in inside:
        assert farewell(client)["code"] == 4501
    assert outside.roundtrip() is not None


def test_who_shares_the_address_of_one_who_is_banned_stays_and_comes_back(room: Core) -> None:
    op = operator(room)
    bob, carol = browser(room, "Bob"), browser(room, "Carol")
    op.roundtrip()
    op.send("/ban Bob\n")
    farewell(bob)
    lines = [op.line() for _ in range(3)]
    assert "* Still here from the same address (1): Carol; once they leave, they can't come in *" in lines
    carol.close()
    assert room.web().join("Carol", session=carol.token)["resumed"]  # type: ignore[attr-defined]
    assert rejected(room, "New", "192.0.2.1") == ("banned", 4501)


def test_one_who_has_left_can_still_be_banned(room: Core) -> None:
    op, bob = operator(room), browser(room, "Bob", "198.51.100.7")
    bob.send(type="input", text="/quit")
    farewell(bob)
    op.send("/ban Bob ran away\n")
    op.read_until("Banned for good: 198.51.100.7/32 Bob *\n")
    assert rejected(room, "Bob", "198.51.100.7") == ("banned", 4501)


def test_an_operator_who_banned_himself_is_warned_and_gets_back_in(room: Core) -> None:
    op = operator(room)
    op.send("/ban 127.0.0.1\n")
    op.read_until(
        "* Your own address is in 127.0.0.1/32: once you leave, only /oper in place of a nick lets you in *\n"
    )
    op.close()
    other = room.text()
    other.send("Bob\n")
    assert other.read_to_end() == "Nick: ❌ You are banned for good\n"
    back = room.text()
    back.read_until("Nick: ")
    back.send(f"/oper {PASSWORD}\n")
    assert back.read_until("Nick: ") == "* You are an operator. For the commands: /help *\nNick: "
    back.send("Op\n/unban 127.0.0.1\n")
    back.read_until("* No longer banned: 127.0.0.1/32 *\n")
    assert terminal(room, "Bob")


@pytest.mark.parametrize("network", ["0.0.0.0/0", "10.0.0.0/7", "::/0", "2000::/3"])
def test_a_network_that_is_half_the_world(room: Core, network: str) -> None:
    op = browser(room, "Op")
    type_line(op, f"/oper {PASSWORD}")
    assert type_line(op, f"/ban {network}")[0]["code"] == "network-too-large"


@pytest.mark.parametrize("nick", ["10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32"])
def test_no_nick_is_an_address(room: Core, nick: str) -> None:
    client = room.web()
    client.send(type="join", nick=nick, lang="en")
    refused = client.read()
    assert refused is not None
    assert refused["code"] == "nick-not-allowed"


def test_unban_what_is_not_banned(room: Core) -> None:
    op = browser(room, "Op")
    type_line(op, f"/oper {PASSWORD}")
    for target in ("Bob", "192.0.2.9", "192.0.2.0/24", "x/y"):
        assert type_line(op, f"/unban {target}")[0]["code"] == "not-banned"


# --------------------------------------------------------- mute, slow, the lock


def test_a_muted_one_hears_and_is_not_heard_under_any_nick(room: Core) -> None:
    op, bob = operator(room), browser(room, "Bob", "198.51.100.7")
    other = browser(room, "Carol", "198.51.100.8")
    op.send("/mute Bob 10m caps\n")
    op.read_until("can't speak until")
    (notice,) = (message for message in bob.roundtrip() if message["type"] == "notice")
    assert notice["code"] == "muted"
    assert notice["text"].endswith(": caps")
    for line in ("hello", "/nick Bobby"):
        (refused,) = type_line(bob, line)
        assert refused["code"] == "muted"
        assert re.fullmatch(r"An operator does not let you speak until [\d :-]+ \(UTC.*\): caps", refused["text"])
    bob.send(type="input", text="/quit")
    farewell(bob)
    again = browser(room, "Robert", "198.51.100.7")
    assert type_line(again, "hello")[0]["code"] == "muted"
    assert said(again) == []
    other.send(type="input", text="not me")
    assert said(other) == ["not me"]
    op.send("/unmute Robert\n")
    op.read_until("* Bob may speak again *\n")  # it is his mute that was lifted
    again.roundtrip()
    again.send(type="input", text="at last")
    assert said(again) == ["at last"]


def test_a_mute_outlives_the_server(start: Start) -> None:
    core = start()
    op, bob = operator(core), browser(core, "Bob", "198.51.100.7")
    op.send("/mute Bob\n")
    op.read_until("* Bob can't speak for good *\n")
    with stopping(core.server):
        op.close()
        bob.close()
    core = start()
    back = core.web(client="198.51.100.7")
    assert back.join("Bob", session=bob.token)["resumed"]  # type: ignore[attr-defined]
    back.roundtrip()
    assert type_line(back, "hello")[0]["code"] == "muted"


def test_slow_mode(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr("tcp_core.hub.Hub._now_ms", lambda _: int(now * 1000))
    core = start()
    op, bob, carol = operator(core), browser(core, "Bob"), browser(core, "Carol")
    op.send("/slow 30\n")
    op.read_until("* One message from each in 30 s *\n")
    bob.send(type="input", id="1", text="one")
    assert said(bob) == ["one"]
    now += 7.5
    (refused,) = type_line(bob, "two")
    assert (refused["code"], refused["text"]) == ("slow", "One message from each in 30 s; wait 23 s more")
    bob.send(type="input", id="1", text="one")  # sent again after a broken connection: no new message
    assert said(bob) == ["one"]
    carol.send(type="input", text="my first")
    assert "my first" in said(carol)
    op.send("a\nb\nc\n")
    op.read_until("[Op] c\n")
    now += 22.5
    bob.roundtrip()
    bob.send(type="input", text="three")
    assert said(bob) == ["three"]
    op.send("/slow 0\n")
    op.read_until("* Messages without a limit in time *\n")
    bob.send(type="input", text="four")
    assert said(bob) == ["four"]
    for argument in ("x", "-1", "3.5", "99999", ""):
        op.send(f"/slow {argument}\n")
        assert op.read_until("\n").startswith("❌ Usage: /slow seconds") or op.line().startswith("❌")
    op.send("/slow 3601\n")
    op.read_until("❌ No more than 3600 s\n")


def test_the_lock(room: Core) -> None:
    op, bob = operator(room), browser(room, "Bob")
    op.send("/lock\n")
    op.read_until("* Nobody new is let in *\n")
    assert rejected(room, "New", "192.0.2.9") == ("locked", 4508)
    stranger = room.text()
    stranger.send("New\n")
    assert stranger.read_to_end() == "Nick: ❌ Nobody new is let in at the moment\n"
    bob.close()
    assert room.web().join("Bob", session=bob.token)["resumed"]  # type: ignore[attr-defined]
    second = room.text()
    second.send(f"/oper {PASSWORD}\nSecond\n/unlock\n")
    second.read_until("* Everybody is let in *\n")
    assert browser(room, "New", "192.0.2.9")


# ------------------------------------------------------------------------ clear


def test_cleared_messages_are_gone_from_view_and_from_the_disk(room: Core, tmp_path: Path) -> None:
    op = operator(room)
    bob, carol = browser(room, "Bob"), browser(room, "Carol")
    for text in ("nice", "swordfish one", "swordfish two"):
        bob.send(type="input", text=text)
        bob.roundtrip()
    carol.send(type="input", text="swordfish is Carol's own")
    before = carol.roundtrip()
    seqs = [message["seq"] for message in before if message.get("nick") == "Bob" and message["type"] == "said"][1:]
    op.send("/clear Bob 2\n")
    op.read_until("* Op removed messages of Bob: 2 *\n")
    op.read_until("* Messages of Bob taken away: 2 *\n")
    (cleared,) = (message for message in carol.roundtrip() if message["type"] == "cleared")
    assert cleared["nick"] == "Bob"
    assert cleared["by"] == "Op"
    assert cleared["seqs"] == seqs
    late = room.web()
    welcome = late.join("Late")
    replayed = [message for message in late.roundtrip() if message["type"] == "said"]
    assert [message["text"] for message in replayed] == ["nice", "", "", "swordfish is Carol's own"]
    carol.send(type="history", before=cleared["seq"], limit=100)
    (history,) = (message for message in carol.roundtrip() if message["type"] == "history")
    texts = [event["text"] for event in history["events"] if event["type"] == "said"]
    assert texts == ["nice", "", "", "swordfish is Carol's own"]
    assert [event["seq"] for event in history["events"]] == list(range(1, cleared["seq"]))  # no hole
    op.send("/history\n")
    shown = op.roundtrip()
    assert "[Bob] nice" in shown
    assert "swordfish one" not in shown
    assert welcome["live"] >= cleared["seq"]
    for path in (tmp_path / "data").iterdir():
        data = path.read_bytes()
        assert b"swordfish one" not in data, path
        assert b"swordfish two" not in data, path


def test_a_cleared_message_is_still_said_only_once(room: Core) -> None:
    op, bob = operator(room), browser(room, "Bob")
    bob.send(type="input", id="1", text="oops")
    bob.roundtrip()
    op.send("/clear Bob\n")
    op.read_until("taken away: 1 *\n")
    bob.send(type="input", id="1", text="oops")
    (again,) = (message for message in bob.roundtrip() if message["type"] == "said")
    assert (again["text"], again["id"]) == ("", "1")
    assert "oops" not in op.roundtrip()


def test_clear_takes_no_more_than_asked_and_not_those_of_others(room: Core) -> None:
    op, bob, carol = operator(room), browser(room, "Bob"), browser(room, "Carol")
    for i in range(5):
        bob.send(type="input", text=f"b{i}")
        bob.roundtrip()
        carol.send(type="input", text=f"c{i}")
        carol.roundtrip()
    op.send("/clear bob 3\n")
    op.read_until("Bob taken away: 3 *\n")
    op.send("/clear Bob 1\n")
    op.read_until("Bob taken away: 1 *\n")
    op.send("/history\n")
    assert re.findall(r"\] (\w\d)\n", op.roundtrip()) == ["b0", "c0", "c1", "c2", "c3", "c4"]
    op.send("/clear Bob 0\n")
    op.read_until("❌ A number from 1 to 1000\n")
    op.send("/clear Bob 1001\n")
    op.read_until("❌ A number from 1 to 1000\n")


def test_a_slow_reader_behind_the_clearing_does_not_see_it_any_more(room: Core) -> None:
    op, bob = operator(room), browser(room, "Bob")
    welcome = room.web().join("Ann")
    bob.send(type="input", text="swordfish")
    bob.roundtrip()
    op.send("/clear Bob\n")
    op.read_until("taken away: 1 *\n")
    ann = room.web()
    ann.join("Ann", session=welcome["session"], epoch=welcome["epoch"], after=welcome["live"])
    messages = ann.roundtrip()
    assert "swordfish" not in json.dumps(messages)
    seqs = [message["seq"] for message in messages if "seq" in message]
    assert seqs == list(range(seqs[0], seqs[-1] + 1))


# ----------------------------------------------------------------------- ignore


def test_a_terminal_does_not_see_whom_it_ignores_under_any_nick(room: Core) -> None:
    ann, bob, carol = terminal(room, "Ann"), browser(room, "Bob"), browser(room, "Carol")
    ann.roundtrip()
    ann.send("/ignore bob\n")
    assert ann.line() == "* You don't see messages of Bob *"
    bob.send(type="input", text="one\nlines")
    bob.send(type="input", text="/nick Bobby")
    bob.send(type="input", text="two")
    bob.roundtrip()
    carol.send(type="input", text="[Bob] not Bob")
    carol.roundtrip()
    assert ann.line() == "* Bob is now Bobby *"
    assert ann.line() == "[Carol] [Bob] not Bob"
    ann.send("/history\n")
    assert re.findall(r"\[\w+\] .*", ann.roundtrip()) == ["[Carol] [Bob] not Bob"]
    ann.send("/ignore\n")
    assert ann.line() == "* You don't see messages of Bob, Bobby *"
    ann.send("/unignore Bobby\n/unignore Bob\n")
    ann.read_until("* You see everybody's messages *\n")
    bob.send(type="input", text="three")
    assert ann.line() == "[Bobby] three"


def test_only_the_one_who_ignores_misses_anything(room: Core) -> None:
    ann, bob, carol = terminal(room, "Ann"), terminal(room, "Bob"), terminal(room, "Carol")
    ann.send("/ignore Bob\n")
    ann.roundtrip()
    carol.roundtrip()
    for i in range(300):
        bob.send(f"{i}\n")
    bob.read_until("[Bob] 299\n")
    assert re.findall(r"\[Bob\] (\d+)\n", carol.roundtrip()) == [str(i) for i in range(300)]
    assert ann.roundtrip() == ""
    ann.close()
    carol.send("bye\n")
    carol.read_until("[Carol] bye\n")


def test_a_browser_is_told_whom_to_leave_out(room: Core) -> None:
    ann, bob = browser(room, "Ann"), browser(room, "Bob")
    ignoring, notice = sorted(type_line(ann, "/ignore Bob"), key=lambda message: message["type"])
    assert ignoring == {"type": "ignoring", "nicks": ["Bob"]}
    assert (notice["code"], notice["id"]) == ("ignoring", "x")
    bob.send(type="input", text="/nick Bobby")
    bob.roundtrip()
    (ignoring,) = (message for message in ann.roundtrip() if message["type"] == "ignoring")
    assert ignoring["nicks"] == ["Bob", "Bobby"]
    ann.close()
    back = room.web()
    back.join("Ann", session=ann.token)  # type: ignore[attr-defined]
    (ignoring,) = (message for message in back.roundtrip() if message["type"] == "ignoring")
    assert ignoring["nicks"] == ["Bob", "Bobby"]
    assert type_line(back, "/ignore Ann")[0]["code"] == "not-oneself"
    assert type_line(back, "/unignore Carol")[0]["code"] == "not-ignored"
    for i in range(99):
        assert type_line(back, f"/ignore nobody{i}")[0]["type"] == "ignoring"
    assert type_line(back, "/ignore onemore")[0]["code"] == "ignored-many"


# -------------------------------------------------------------- the room's password


def test_a_terminal_says_the_password_before_the_nick(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame\n")})
    ann = core.text()
    assert ann.read_until("Пароль: ") == "Пароль: "
    ann.send("guess\n")
    assert ann.read_until("Пароль: ") == "❌ Нужен верный пароль комнаты\nПароль: "
    ann.send("sesame\nAnn\nhello\n")
    assert ann.read_until("[Ann] hello\n").startswith("Ник: * Ann вошёл в чат *\n")
    script = core.text()
    script.send("sesame\nci\nbuild failed\n")
    assert ann.read_until("[ci] build failed\n")


def test_a_terminal_that_guesses_is_let_go(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame"), "lang": "en"})
    client = core.text()
    client.send("1\n2\n3\n4\n5\nsesame\nAnn\n")
    refusal = "❌ The right password of the room is needed\n"
    assert client.read_to_end() == f"Password: {refusal}" * 5


def test_a_browser_says_the_password_as_it_joins(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame")})
    ann = core.web()
    for fields in ({}, {"password": ""}, {"password": "guess"}, {"password": "SESAME"}, {"password": "x" * 60_000}):
        ann.send(type="join", nick="Ann", lang="en", **fields)
        refused = ann.read()
        assert refused == {"type": "refused", "code": "password", "text": "The right password of the room is needed"}
    token = ann.join("Ann", password="sesame")["session"]
    ann.close()
    back = core.web()
    assert back.join("Ann", session=token)["resumed"]


def test_guesses_of_the_room_password_are_limited(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame")})
    client = core.web()
    for _ in range(30):
        client.send(type="join", nick="Ann", lang="en", password="guess")
        message = client.read()
        assert message is not None
        assert message["code"] == "password"
    client.send(type="join", nick="Ann", lang="en", password="sesame")
    message = client.read()
    assert message is not None
    assert message["code"] == "attempts"
    assert re.search(r"in [12] s", message["text"])
    assert farewell(client)["code"] == CLOSE_NOT_JOINED
    assert core.web(client="192.0.2.2").join("Bob", password="sesame")


def test_nothing_can_be_seen_without_the_password(start_core: Start) -> None:
    core = start_core(hub={"password": Secret("sesame")})
    core.web(client="192.0.2.2").join("Bob", password="sesame")
    client = core.web()
    for message in ({"type": "history", "before": 100}, {"type": "input", "text": "/who"}):
        client.send(**message)
        answer = client.read()
        assert answer is not None
        assert answer["code"] == "not-joined"


# --------------------------------------------------------------- how many may join


def test_joins_a_minute_are_limited_by_address(start: Start) -> None:
    core = start(hub={"joins_per_minute": 5})
    tokens = [browser(core, f"B{i}", "198.51.100.7").token for i in range(5)]  # type: ignore[attr-defined]
    client = core.web(client="198.51.100.7")
    client.send(type="join", nick="B", lang="en")
    refused = client.read()
    assert refused is not None
    assert re.fullmatch(r"Too many joins from one address \(limit 5 a minute\)\. Try again in 1\d s", refused["text"])
    assert farewell(client)["code"] == 4503
    assert browser(core, "Other", "198.51.100.8")
    assert core.web(client="198.51.100.7").join("B0", session=tokens[0])["resumed"]  # who comes back does not count


# ------------------------------------------------------------------- on the disk


def test_every_act_is_on_record(room: Core, tmp_path: Path) -> None:
    op, bob = operator(room), browser(room, "Bob", "198.51.100.7")
    type_line(bob, "/oper guess")
    for command in ("/kick Bob rude", "/ban 203.0.113.9 1h", "/unban 203.0.113.9", "/lock", "/unlock", "/slow 5"):
        op.send(f"{command}\n")
    op.roundtrip()
    acts = [json.loads(line) for line in (tmp_path / "data" / "audit.jsonl").read_text().splitlines()]
    assert [act["action"] for act in acts] == [
        "oper", "oper-failed", "kick", "ban", "unban", "lock", "unlock", "slow",
    ]  # fmt: skip
    assert (acts[1]["by"], acts[1]["address"]) == ("Bob", "198.51.100.7")
    assert acts[2].items() >= {"by": "Op", "target": "Bob", "reason": "rude"}.items()
    assert (tmp_path / "data" / "audit.jsonl").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data" / "rules.json").stat().st_mode & 0o077 == 0


def test_what_can_not_be_recorded_does_not_happen(room: Core, tmp_path: Path) -> None:
    op = browser(room, "Op")
    type_line(op, f"/oper {PASSWORD}")
    bob = browser(room, "Bob", "198.51.100.7")
    (tmp_path / "data" / "audit.jsonl").unlink()
    (tmp_path / "data" / "audit.jsonl").mkdir()
    for command in ("/kick Bob", "/ban Bob", "/mute Bob", "/lock", "/slow 9", "/clear Op"):
        op.send(type="input", text="x")
        assert type_line(op, command)[0]["code"] == "not-recorded", command
    bob.send(type="input", text="hello")
    assert "hello" in said(bob)


def test_damaged_rules_are_not_taken_for_none(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for text in ("", "{", '{"bans":[{"network":"nowhere"}]}', '{"bans":3}'):
        (tmp_path / "data" / "rules.json").write_text(text)
        with pytest.raises(RegisterUnusableError):
            start()
        assert (tmp_path / "data" / "rules.json").read_text() == text


def test_the_log_takes_a_clearing_as_one_of_its_events(room: Core, tmp_path: Path) -> None:
    op = operator(room)
    op.send("x\n/clear Op\n")
    op.read_until("taken away: 1 *\n")
    with sqlite3.connect(tmp_path / "data" / "log.sqlite3") as db:
        rows = db.execute("SELECT type, body FROM events ORDER BY seq").fetchall()
    db.close()
    assert rows == [("joined", ""), ("said", ""), ("cleared", '{"by":"Op","seqs":[2]}')]


# --------------------------------------------------------------- the right person


def test_one_who_has_left_is_meant_rather_than_one_whose_nick_it_begins_with(room: Core) -> None:
    op = operator(room)
    ann, smith = browser(room, "Ann", "198.51.100.1"), browser(room, "Ann Smith", "198.51.100.2")
    smith.send(type="input", text="/quit")
    farewell(smith)
    op.roundtrip()
    op.send("/kick Ann Smith\n/mute Ann Smith\n")
    assert [op.line(), op.line()] == ["❌ There is no Ann Smith here"] * 2
    op.send("/ban Ann Smith\n")
    assert op.line() == "* Banned for good: 198.51.100.2/32 Ann Smith *"
    assert ann.roundtrip() is not None
    assert rejected(room, "Smith", "198.51.100.2") == ("banned", 4501)


def test_who_took_another_nick_is_meant_by_the_former(room: Core) -> None:
    op, max_ = operator(room), browser(room, "Max", "198.51.100.1")
    power = browser(room, "Max Power", "198.51.100.2")
    power.send(type="input", text="/nick Homer")
    power.roundtrip()
    op.send("/kick Max Power too strong\n")
    op.read_until("* Homer is out *\n")
    assert farewell(power)["reason"].endswith(": too strong")
    assert max_.roundtrip() is not None


def test_exactly_this_nick_is_cleared(room: Core) -> None:
    op = operator(room)
    for nick in ("BOB", "Bob", "Room 101", "Room"):
        one = browser(room, nick)
        one.send(type="input", text=f"said by {nick}")
        one.roundtrip()
        one.send(type="input", text="/quit")
        farewell(one)
    browser(room, "Bob")
    for target, left in (("BOB", ["Bob", "Room 101", "Room"]), ("Room 101", ["Bob", "Room"])):
        op.send(f"/clear {target}\n")
        op.read_until(f"* Messages of {target} taken away: 1 *\n")
        op.send("/history\n")
        assert re.findall(r"said by (.*)\n", op.roundtrip()) == left


def test_a_later_decree_does_not_wipe_an_earlier_one_of_another(room: Core) -> None:
    op = operator(room)
    bob, ann = browser(room, "Bob"), browser(room, "Ann")
    op.send("/ban Bob\n/ban Ann 1s\n")
    farewell(bob)
    farewell(ann)
    op.send("/unban Ann\n")
    op.read_until("* No longer banned: 192.0.2.1/32 Ann *\n")
    assert rejected(room, "X", "192.0.2.1") == ("banned", 4501)
    op.send("/unban 192.0.2.1\n")
    op.read_until("* No longer banned: 192.0.2.1/32 Bob *\n")


def test_a_mute_does_not_meet_the_rest_of_a_class_behind_one_address(room: Core) -> None:
    op = operator(room)
    bob, ann = browser(room, "Bob"), browser(room, "Ann")
    op.send("/mute Bob 7d\n/mute Ann 1s\n/unmute Ann\n")
    op.read_until("* Ann may speak again *\n")
    bob.roundtrip()
    ann.roundtrip()
    assert type_line(bob, "hello")[0]["code"] == "muted"
    eve = browser(room, "Eve")
    eve.send(type="input", text="I came later")
    assert said(eve) == ["I came later"]
    bob.send(type="input", text="/quit")
    farewell(bob)
    again = browser(room, "Bob")
    assert type_line(again, "hello")[0]["code"] == "muted"


@pytest.mark.parametrize("duration", ["0", "0s", "1.5h", "-1h", "1h30x", "9999999w", "12345678901", "+5m", "5min"])
def test_what_begins_like_a_number_and_is_no_duration(room: Core, duration: str) -> None:
    op = browser(room, "Op")
    type_line(op, f"/oper {PASSWORD}")
    browser(room, "Bob", "198.51.100.7")
    for command in ("ban", "mute"):
        (refused,) = type_line(op, f"/{command} Bob {duration}")
        assert (refused["code"], refused["text"]) == ("usage", refused["text"])
        assert refused["text"].startswith(f"Usage: /{command} nick")
    assert type_line(op, "/bans")[0]["text"] == "Banned: 0"


def test_a_network_of_ipv4_in_ipv6(room: Core) -> None:
    op = operator(room)
    op.send("/ban ::ffff:198.51.100.0/120\n")
    op.read_until("* Banned for good: 198.51.100.0/24 *\n")
    assert rejected(room, "Bob", "198.51.100.7") == ("banned", 4501)


def test_a_ban_holds_against_a_token_that_outlived_the_server(start: Start, tmp_path: Path) -> None:
    core = start()
    bob, carol = browser(core, "Bob"), browser(core, "Carol")
    with stopping(core.server):
        bob.close()
        carol.close()
    ban = {"network": "192.0.2.1/32", "nick": "Bob", "until": 0, "reason": "", "by": "Op", "since": 2**50}
    (tmp_path / "data" / "rules.json").write_text(json.dumps({"bans": [ban]}))  # killed before he had left
    core = start()
    assert rejected(core, "Bob", "192.0.2.1", session=bob.token) == ("banned", 4501)  # type: ignore[attr-defined]
    assert core.web().join("Carol", session=carol.token)["resumed"]  # type: ignore[attr-defined]


def test_whom_one_ignores_leaves_no_nick_to_others(room: Core) -> None:
    ann, troll = terminal(room, "Ann"), browser(room, "Troll")
    ann.send("/ignore Troll\n")
    ann.read_until("* You don't see messages of Troll *\n")
    for nick in ("Carol", "Teacher"):
        troll.send(type="input", text=f"/nick {nick}")
        troll.send(type="input", text="unheard")
    troll.send(type="input", text="/quit")
    farewell(troll)
    for nick in ("Carol", "Teacher"):
        one = browser(room, nick)
        one.send(type="input", text="the fire alarm rings")
    shown = ann.read_until("[Teacher] the fire alarm rings\n")
    assert "[Carol] the fire alarm rings\n" in shown
    assert "unheard" not in shown


def test_cleared_text_leaves_the_files_once_nobody_reads_them(room: Core, tmp_path: Path) -> None:
    op = operator(room)
    op.send("swordfish\n")
    op.read_until("[Op] swordfish\n")
    with sqlite3.connect(tmp_path / "data" / "log.sqlite3") as reader:  # a backup, for example
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        op.send("/clear Op\n")
        op.read_until("taken away: 1 *\n")
    reader.close()
    while any(b"swordfish" in path.read_bytes() for path in (tmp_path / "data").iterdir()):
        op.roundtrip()


def test_the_files_are_the_owners_alone(room: Core, tmp_path: Path) -> None:
    operator(room).roundtrip()
    assert [path.name for path in (tmp_path / "data").iterdir() if path.stat().st_mode & 0o077] == []
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_a_clearing_that_can_not_be_stored_is_not_said_to_be_done(room: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    op = operator(room)
    op.send("x\n")
    op.read_until("[Op] x\n")

    def fail(*_: object) -> None:
        raise NotStoredError("the disk is full")

    monkeypatch.setattr(EventLog, "append", fail)
    op.send("/clear Op\n")
    assert "not said" in op.line()
    monkeypatch.undo()
    assert "taken away" not in op.roundtrip()


def test_tls_where_none_is_spoken_says_nothing_to_the_room(room: Core) -> None:
    ann = terminal(room, "Ann")
    page = room.text()
    page.send(b"\x16\x03\x01\x00\x40\x01\nVictim\nI speak for a foreign page\n")  # a ticket may hold any bytes
    assert page.read_to_end().startswith("Nick: ❌ This is the text door of a chat")
    assert ann.roundtrip() == ""
