"""Bans: whom they meet, for how long, and whom they leave alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import Core, stopping
from tests.moderated_room import (
    PASSWORD,
    Start,
    browser,
    farewell,
    operator,
    rejected,
    room_fixture,  # noqa: F401
    said,
    start_fixture,  # noqa: F401
    terminal,
    type_line,
)


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


def test_a_ban_meets_a_session_where_it_is_now(room: Core) -> None:
    """A telephone changes the network, and somebody else gets its address there."""
    op = operator(room)
    bob = browser(room, "Bob", "198.51.100.7")
    token = bob.token  # type: ignore[attr-defined]
    bob.close()
    back = room.web(client="203.0.113.9")
    assert back.join("Bob", session=token)["resumed"]
    op.roundtrip()
    op.send("/who\n")
    op.read_until("203.0.113.9")
    op.send("/ban Bob\n")
    op.read_until("Banned for good: 203.0.113.9/32 Bob *\n")
    assert farewell(back)["code"] == 4501
    assert rejected(room, "Bob", "203.0.113.9") == ("banned", 4501)
    assert browser(room, "Newcomer", "198.51.100.7")


def test_where_a_session_is_outlives_the_server(start: Start) -> None:
    core = start()
    bob = browser(core, "Bob", "198.51.100.7")
    token = bob.token  # type: ignore[attr-defined]
    bob.close()
    back = core.web(client="203.0.113.9")
    assert back.join("Bob", session=token)["resumed"]
    with stopping(core.server):
        back.close()
    core = start()
    op = operator(core)
    op.send("/ban Bob\n")
    op.read_until("Banned for good: 203.0.113.9/32 Bob *\n")
    assert browser(core, "Newcomer", "198.51.100.7")


def test_who_was_not_meant_comes_home(room: Core) -> None:
    op = operator(room)
    bob, carol = browser(room, "Bob"), browser(room, "Carol")
    token = carol.token  # type: ignore[attr-defined]
    op.roundtrip()
    op.send("/ban Bob\n")
    farewell(bob)
    carol.close()
    for address in ("203.0.113.9", "192.0.2.1"):  # a telephone
        moved = room.web(client=address)
        assert moved.join("Carol", session=token)["resumed"]
        moved.close()
    assert rejected(room, "Bob", "192.0.2.1") == ("banned", 4501)


def test_a_ban_of_a_network_meets_who_has_moved_there(room: Core) -> None:
    op = operator(room)
    bob, carol = browser(room, "Bob", "198.51.100.7"), browser(room, "Carol", "198.51.100.8")
    for one in (bob, carol):
        one.close()
    op.send("/ban 203.0.113.0/24\n")
    op.read_until("Banned for good")
    assert rejected(room, "Bob", "203.0.113.9", session=bob.token) == ("banned", 4501)  # type: ignore[attr-defined]
    moved = room.web(client="192.0.2.77")
    assert moved.join("Carol", session=carol.token)["resumed"]  # type: ignore[attr-defined]
    op.send("/ban 192.0.2.77\n")
    assert farewell(moved)["code"] == 4501


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
