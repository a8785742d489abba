"""Operators, by both doors of a real server: who is one, kick, mute, slow mode, the lock, and what is on record."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tcp_core.register import RegisterUnusableError
from tests.conftest import Core, JsonClient, stopping
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
    assert re.search(r"\[Bob\] web, since [\d :-]+, 198\.51\.100\.7\n", shown)
    assert re.search(r"\[Op\] terminal, since [\d :-]+, operator, 127\.0\.0\.1\n", shown)


def test_help_shows_operators_what_they_can_do(room: Core) -> None:
    ann, op = terminal(room, "Ann"), operator(room)
    for client, shown in ((ann, False), (op, True)):
        client.roundtrip()
        client.send("/help\n")
        assert ("/kick nick [reason]" in client.roundtrip()) is shown


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


def test_a_mute_follows_a_session_from_one_address_to_another(room: Core) -> None:
    op, bob = operator(room), browser(room, "Bob", "198.51.100.7")
    token = bob.token  # type: ignore[attr-defined]

    def moves(client: JsonClient, address: str) -> JsonClient:
        client.close()
        moved = room.web(client=address)
        assert moved.join("Bob", session=token)["resumed"]
        moved.roundtrip()
        return moved

    bob = moves(bob, "203.0.113.9")
    op.roundtrip()
    op.send("/mute Bob\n")
    op.read_until("* Bob can't speak for good *\n")
    assert type_line(bob, "hello")[0]["code"] == "muted"
    for address in ("192.0.2.5", "198.51.100.7", "203.0.113.9"):
        bob = moves(bob, address)
        assert type_line(bob, "hello")[0]["code"] == "muted"
    bob.send(type="input", text="/quit")
    farewell(bob)
    other = browser(room, "Carol", "198.51.100.7")  # where he had joined is no longer his
    other.send(type="input", text="not me")
    assert said(other) == ["not me"]
    again = browser(room, "Robert", "203.0.113.9")
    assert type_line(again, "hello")[0]["code"] == "muted"


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
    for argument in ("x", "-1", "3.5", ""):
        op.send(f"/slow {argument}\n")
        assert op.read_until("\n").startswith("❌ Usage: /slow seconds") or op.line().startswith("❌")
    for argument in ("3601", "99999", "3601s"):
        op.send(f"/slow {argument}\n")
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


def test_the_files_are_the_owners_alone(room: Core, tmp_path: Path) -> None:
    operator(room).roundtrip()
    assert [path.name for path in (tmp_path / "data").iterdir() if path.stat().st_mode & 0o077] == []
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
