"""The log, in real files."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec import UNSET, structs

from tcp_core.event_log import PAGE_CHARACTERS, EventLog, LogUnusableError, NotStoredError
from tcp_core.messages import Event, Joined, Left, Renamed, Said
from tcp_core.session import Session

DRAFTS: list[Event] = [
    Joined(nick="Ann"),
    Said(nick="Ann", text="Привет 👋\n\x00'; DROP TABLE events; --"),
    Said(nick="Ann", text="again", id="id-1"),
    Renamed(nick="Ann", new_nick="Аня"),
    Left(nick="Аня", reason="quit"),
]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with closing(EventLog(tmp_path)) as log:
        yield log


def numbered(drafts: list[Event], first: int, ts: int) -> list[Event]:
    return [structs.replace(draft, seq=seq, ts=ts) for seq, draft in enumerate(drafts, first)]


def said(count: int) -> list[Event]:
    return [Said(nick="Ann", text=f"{n}") for n in range(count)]


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


def nicks(log: EventLog) -> list[str]:
    return sorted(session.nick for session in log.present())


def test_a_new_log_is_empty_and_in_a_directory_that_it_makes(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    with closing(EventLog(directory)) as log:
        assert log.last == 0
        assert log.after(0, 10) == log.before(10, 10) == log.messages_before(10, 10) == []
        assert nicks(log) == []
        assert log.find("x") is None
        assert len(log.epoch) == 32
        assert int(log.epoch, 16) >= 0


def test_a_log_says_what_it_is(log: EventLog) -> None:
    """Logs that exist say this; another number needs code that reads them."""
    assert log._db.execute("PRAGMA application_id").fetchone() == (int.from_bytes(b"Parl"),)
    assert log._db.execute("PRAGMA user_version").fetchone() == (3,)
    assert log._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_log_of_before_sessions_moved_is_read(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)) as log:
        ann = Session("Ann", "web", "192.0.2.1", 7, "token")
        log.append([Joined(nick="Ann")], 7, ann)
    with closing(sqlite3.connect(tmp_path / "log.sqlite3")) as db:
        db.executescript("ALTER TABLE present DROP COLUMN joined_from; PRAGMA user_version = 2")
    for _ in range(2):
        with closing(EventLog(tmp_path)) as log:
            (session,) = log.present()
            assert (session.nick, session.token, session.since) == ("Ann", "token", 7)
            assert session.address == session.joined_from == "192.0.2.1"


def test_where_one_is_now_is_kept_beside_where_one_joined(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)) as log:
        ann = Session("Ann", "web", "192.0.2.1", 7, "token")
        log.append([Joined(nick="Ann")], 7, ann)
        ann.address = "192.0.2.2"
        log.note_address(ann)
    with closing(EventLog(tmp_path)) as log:
        (session,) = log.present()
        assert (session.address, session.joined_from) == ("192.0.2.2", "192.0.2.1")


def test_every_log_has_an_epoch_of_its_own(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path / "1")) as one, closing(EventLog(tmp_path / "2")) as other:
        assert one.epoch != other.epoch


def test_events_are_numbered_from_one_without_holes(log: EventLog) -> None:
    assert seqs(log.append(said(3), ts=5)) == [1, 2, 3]
    assert log.append([], ts=6) == []
    assert seqs(log.append(said(2), ts=7)) == [4, 5]
    assert log.last == 5
    assert [(event.seq, event.ts) for event in log.after(0, 10)] == [(1, 5), (2, 5), (3, 5), (4, 7), (5, 7)]


def test_what_is_read_is_what_was_written(log: EventLog) -> None:
    events = log.append(DRAFTS, ts=1_790_000_000_000)
    assert events == numbered(DRAFTS, 1, 1_790_000_000_000)
    assert log.after(0, 100) == events
    assert [type(event) for event in log.after(0, 100)] == [type(draft) for draft in DRAFTS]
    assert all(draft.seq == 0 for draft in DRAFTS)


def test_it_is_all_there_after_a_restart(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)) as log:
        events = log.append(DRAFTS, ts=1)
        epoch = log.epoch
    with closing(EventLog(tmp_path)) as log:
        assert (log.epoch, log.last, log.after(0, 100)) == (epoch, 5, events)
        assert seqs(log.append(said(1), ts=2)) == [6]


def test_it_is_all_there_after_a_kill(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with closing(EventLog(tmp_path / "log")) as log:
        events = log.append(DRAFTS, ts=1)
        shutil.copytree(tmp_path / "log", copy)  # what is on disk while it is open
        epoch = log.epoch
    with closing(EventLog(copy)) as log:
        assert (log.epoch, log.last, log.after(0, 100)) == (epoch, 5, events)


@pytest.mark.parametrize(
    ("seq", "limit", "expected"),
    [(0, 3, [1, 2, 3]), (4, 3, [5, 6, 7]), (8, 3, [9, 10]), (10, 3, []), (99, 3, []), (0, 0, [])],
)
def test_after_is_the_oldest_that_follow(log: EventLog, seq: int, limit: int, expected: list[int]) -> None:
    log.append(said(10), ts=1)
    assert seqs(log.after(seq, limit)) == expected


@pytest.mark.parametrize(
    ("seq", "limit", "expected"),
    [(11, 3, [8, 9, 10]), (4, 3, [1, 2, 3]), (3, 3, [1, 2]), (1, 3, []), (0, 3, []), (2**62, 2, [9, 10]), (5, 0, [])],
)
def test_before_is_the_newest_that_precede_oldest_first(
    log: EventLog, seq: int, limit: int, expected: list[int]
) -> None:
    log.append(said(10), ts=1)
    assert seqs(log.before(seq, limit)) == expected


def test_messages_before_are_messages_only(log: EventLog) -> None:
    log.append([*said(2), Joined(nick="Bob"), *said(2), Left(nick="Bob", reason="lost"), *said(1)], ts=1)
    assert seqs(log.messages_before(8, 3)) == [4, 5, 7]
    assert seqs(log.messages_before(7, 3)) == [2, 4, 5]
    assert seqs(log.messages_before(4, 10)) == [1, 2]


def test_a_message_is_found_by_its_id(log: EventLog) -> None:
    log.append(
        [Said(nick="Ann", text="a", id="1"), Said(nick="Ann", text="b"), Said(nick="Ann", text="c", id="2")], ts=9
    )
    assert log.find("2") == Said(seq=3, ts=9, nick="Ann", text="c", id="2")
    assert log.find("3") is None
    (without,) = log.after(1, 1)
    assert isinstance(without, Said)
    assert without.id is UNSET


def test_a_batch_is_stored_as_a_whole_or_not_at_all(log: EventLog) -> None:
    log.append([Said(nick="Ann", text="a", id="1")], ts=1)
    twice: list[Event] = [Joined(nick="Bob"), Said(nick="Bob", text="b", id="2"), Said(nick="Bob", text="c", id="2")]
    known: list[Event] = [Joined(nick="Bob"), Said(nick="Ann", text="b", id="1")]
    for drafts in (known, twice):
        with pytest.raises(NotStoredError):
            log.append(drafts, ts=2)
        assert log.last == 1
        assert seqs(log.after(0, 10)) == [1]
        assert nicks(log) == []
    assert seqs(log.append([Joined(nick="Bob"), Said(nick="Bob", text="b", id="2")], ts=3)) == [2, 3]


def test_a_full_disk_stores_nothing_and_then_something(log: EventLog) -> None:
    log.append([Joined(nick="Ann")], ts=1)
    (pages,) = log._db.execute("PRAGMA page_count").fetchone()
    log._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(NotStoredError):
        log.append([Left(nick="Ann", reason="quit"), Said(nick="Ann", text="x" * 100_000)], ts=2)
    assert (log.last, nicks(log)) == (1, ["Ann"])
    log._db.execute("PRAGMA max_page_count = 100000")
    assert seqs(log.append([Said(nick="Ann", text="x" * 100_000)], ts=3)) == [2]


def test_who_is_present_is_who_joined_and_did_not_leave(log: EventLog) -> None:
    log.append([Joined(nick=nick) for nick in ("Ann", "Bob", "Cid")], ts=1)
    assert nicks(log) == ["Ann", "Bob", "Cid"]
    log.append([Renamed(nick="Ann", new_nick="Zoe"), Left(nick="Bob", reason="quit"), *said(1)], ts=2)
    assert nicks(log) == ["Cid", "Zoe"]
    log.append([Renamed(nick="Zoe", new_nick="zoe"), Joined(nick="Bob"), Left(nick="Cid", reason="lost")], ts=3)
    assert nicks(log) == ["Bob", "zoe"]


def test_who_was_present_is_known_after_a_restart(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)) as log:
        log.append([Joined(nick="Ann"), Joined(nick="Bob"), Left(nick="Ann", reason="quit")], ts=1)
    with closing(EventLog(tmp_path)) as log:
        assert nicks(log) == ["Bob"]


def test_two_cores_cannot_have_one_log(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)):
        for _ in range(2):
            with pytest.raises(LogUnusableError, match="another core"):
                EventLog(tmp_path)
    EventLog(tmp_path).close()


def make_foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE cats (name TEXT)")
        db.commit()


def make_newer(path: Path) -> None:
    EventLog(path.parent).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def make_headless(path: Path) -> None:
    """Make what a core leaves behind that is killed before its new log has an epoch."""
    EventLog(path.parent).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM meta")
        db.commit()


def make_garbage(path: Path) -> None:
    path.write_bytes(b"This is no database.\n" * 1000)


def make_damaged(path: Path) -> None:
    with closing(EventLog(path.parent)) as log:
        log.append(said(2000), ts=1)
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xaa" * (4096 - 100)
    path.write_bytes(data)


@pytest.mark.parametrize("make", [make_foreign, make_newer, make_garbage, make_damaged, make_headless])
def test_a_file_that_cannot_be_used_is_refused_in_words_and_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "log.sqlite3"
    make(path)
    before = path.read_bytes()
    with pytest.raises(LogUnusableError) as caught:
        EventLog(tmp_path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


def test_a_file_that_was_refused_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite3"
    make_garbage(path)
    with pytest.raises(LogUnusableError):
        EventLog(tmp_path)
    path.unlink()
    EventLog(tmp_path).close()


def test_a_directory_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnusableError, match="file"):
        EventLog(tmp_path / "file" / "data")


def test_a_reader_may_look_while_the_core_writes(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)) as log, closing(sqlite3.connect(log.path)) as other:
        log.append(said(1), ts=1)
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)
        log.append(said(1), ts=2)  # not made to wait
        assert other.execute("SELECT count(*) FROM events").fetchone() == (1,)


def test_pages_are_read_by_index(log: EventLog) -> None:
    for where in ("seq > 5 ORDER BY seq LIMIT 3", "type = 'said' AND seq < 9 ORDER BY seq DESC LIMIT 3", "id = 'x'"):
        plan = " ".join(row[3] for row in log._db.execute(f"EXPLAIN QUERY PLAN SELECT seq FROM events WHERE {where}"))
        assert "SEARCH" in plan
        assert "TEMP B-TREE" not in plan


def test_a_page_of_long_messages_ends_where_it_is_full(log: EventLog) -> None:
    for _ in range(40):
        log.append([Said(nick="Ann", text="x" * 4000)] * 25, ts=1)
    for read in (log.before, log.messages_before):
        page = read(log.last + 1, 1000)
        assert (
            PAGE_CHARACTERS < sum(len(event.text) for event in page if isinstance(event, Said)) < PAGE_CHARACTERS + 4000
        )
        assert [event.seq for event in page] == list(range(log.last - len(page) + 1, log.last + 1))
