"""Messages that operators take away: from view, and from the disk."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from tcp_core.event_log import EventLog, NotStoredError
from tests.conftest import Core
from tests.moderated_room import (
    browser,
    farewell,
    operator,
    room_fixture,  # noqa: F401
    start_fixture,  # noqa: F401
)


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


def test_the_log_takes_a_clearing_as_one_of_its_events(room: Core, tmp_path: Path) -> None:
    op = operator(room)
    op.send("x\n/clear Op\n")
    op.read_until("taken away: 1 *\n")
    with sqlite3.connect(tmp_path / "data" / "log.sqlite3") as db:
        rows = db.execute("SELECT type, body FROM events ORDER BY seq").fetchall()
    db.close()
    assert rows == [("joined", ""), ("said", ""), ("cleared", '{"by":"Op","seqs":[2]}')]


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
