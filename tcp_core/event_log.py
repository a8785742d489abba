"""The room's log: append-only, numbered without holes, on disk before anyone hears of it. The only SQL.

It is a seam: whatever orders and stores events stays behind `append`, `after`, `before` and `find`. Knows nothing about
who reads, how an event is shown, or what makes one.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Literal

from msgspec import UNSET, DecodeError, ValidationError, json, structs

from tcp_core.messages import Cleared, Event, Joined, Left, Renamed, Said
from tcp_core.session import Session

Durability = Literal["process", "power"]

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    ts INTEGER NOT NULL,              -- Unix ms
    type TEXT NOT NULL,
    nick TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',    -- the text; the new nick; the reason; of cleared: JSON
    id TEXT                           -- of said: the client's id
);
CREATE UNIQUE INDEX events_by_id ON events (id) WHERE id IS NOT NULL;
CREATE INDEX messages ON events (seq) WHERE type = 'said';
CREATE TABLE present (               -- sessions that have joined and not yet left
    nick TEXT PRIMARY KEY,
    door TEXT NOT NULL,
    address TEXT NOT NULL,
    since INTEGER NOT NULL,           -- Unix ms
    token TEXT NOT NULL,
    joined_from TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
"""
_SCHEMA_VERSION = 3
_FROM_VERSION_2 = (
    "BEGIN; ALTER TABLE present ADD COLUMN joined_from TEXT NOT NULL DEFAULT ''; PRAGMA user_version = 3; COMMIT"
)
_APPLICATION_ID = 0x5061726C  # "Parl"
BUSY_SECONDS = 0.2
"""How long to wait for another process that writes to the file, which none should."""
_SYNCHRONOUS = {"process": "NORMAL", "power": "FULL"}
_CHECKED_BYTES = 64 * 1024 * 1024
_SAMPLES = 1000
_PRUNED_AT_ONCE = 500
PAGE_CHARACTERS = 64 * 1024
"""Of text that `before` and `messages_before` return, and the event that goes beyond."""
_CLEARABLE_EVENTS = 100_000
"""How far back messages that are to be cleared are looked for."""
_COLUMNS = "seq, ts, type, nick, body, id"
Row = tuple[int, int, str, str, str, str | None]
_ROWS = json.Decoder(list[Row])
_ROWS_AT_ONCE = 100


class LogUnusableError(Exception):
    """The log can't be opened: damaged, foreign, newer than this program, or in use."""


class NotStoredError(Exception):
    """A batch could not be written; nothing of it is in the log."""


class UnreadableError(Exception):
    """Events that should be there can't be read: the file was damaged, or its disk fails."""


class EventLog:
    """The log in one SQLite file.

    Used by one thread at a time.

    :param directory: where the file is; made if it is not there.
    :param durability: what a commit outlives: the end of this process, or a power cut as well.
    :raises LogUnusableError: it can't be used; the file is left as it is.
    """

    epoch: str
    """Random name of this log; another epoch means that old seqs mean nothing."""
    first: int
    """The oldest seq that can still be had; `last` + 1 if there is none."""
    last: int
    """The newest seq, 0 for none."""
    has_old_pages: bool
    """The write-ahead log may still have text that was cleared."""

    def __init__(self, directory: Path, durability: Durability = "process") -> None:
        self.path = directory / "log.sqlite3"
        with ExitStack() as stack:  # whatever has been opened is closed again if the rest fails
            try:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock = _lock(directory / "lock")
                stack.callback(os.close, self._lock)
                self.path.touch(mode=0o600)  # addresses and tokens are in it; SQLite's other files get the same mode
                self._db = sqlite3.connect(self.path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
                stack.callback(self._db.close)
                self._open(durability)
            except (OSError, sqlite3.Error, UnreadableError) as error:
                raise LogUnusableError(f"{self.path}: {error}") from error
            stack.pop_all()

    def _open(self, durability: Durability) -> None:
        db = self._db
        if db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(
                f"BEGIN; {_SCHEMA} INSERT INTO meta VALUES ('epoch', '{secrets.token_hex(16)}'), ('pruned', '0');"
                f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT"
            )
        if self._stamps() == [_APPLICATION_ID, 2]:
            db.executescript(_FROM_VERSION_2)
        known = self._stamps() == [_APPLICATION_ID, _SCHEMA_VERSION]
        epoch = db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone() if known else None
        if epoch is None:
            raise sqlite3.DatabaseError("not a log that this version of Parley can read")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA secure_delete = ON")  # what is pruned or cleared is not left in the file
        db.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[durability]}")
        (self.epoch,) = epoch
        # The last seq is kept besides the events, so that it outlives them and no number is given twice.
        (kept,) = db.execute("SELECT value FROM meta WHERE key = 'pruned'").fetchone()
        self.last = db.execute("SELECT coalesce(max(seq), ?) FROM events", (int(kept),)).fetchone()[0]
        self.first = db.execute("SELECT coalesce(min(seq), ?) FROM events", (self.last + 1,)).fetchone()[0]
        self._check()
        self.forget_old_pages()

    def _stamps(self) -> list[int]:
        return [self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]

    def _check(self) -> None:
        """Look for damage: everywhere in a file of moderate size, in samples of a larger one, to open in no time."""
        if self.path.stat().st_size <= _CHECKED_BYTES:
            verdict = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"damaged: {' '.join(verdict.split())}")
            return
        step = max(1, (self.last - self.first) // _SAMPLES)
        for seq in range(self.first, self.last + 1, step):
            if next(iter(self._events("WHERE seq = ?", seq)), None) is None:
                raise sqlite3.DatabaseError(f"damaged: event {seq} is not there")

    def append(self, drafts: Sequence[Event], ts: int, entering: Session | None = None) -> list[Event]:
        """Number and store a batch, in one transaction.

        :param drafts: events without seq and time.
        :param ts: the time they happened, Unix ms.
        :param entering: whose the `Joined` is, if there is one.
        :return: the events as they now are in the log.
        :raises NotStoredError: nothing of the batch was stored.
        """
        events: list[Event] = [
            structs.replace(draft, seq=seq, ts=ts) for seq, draft in enumerate(drafts, self.last + 1)
        ]
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(f"INSERT INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", map(_row, events))
            for event in events:
                if isinstance(event, Cleared):
                    db.executemany("UPDATE events SET body = '' WHERE seq = ?", ((seq,) for seq in event.seqs))
                elif not isinstance(event, Said):
                    self._note_presence(event, entering)
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise NotStoredError(str(error)) from error
        self.last += len(events)
        if any(isinstance(event, Cleared) for event in events):
            self.forget_old_pages()
        return events

    def forget_old_pages(self) -> None:
        """Empty the write-ahead log, which still has what was cleared.

        That can't be done while another process reads the file; `has_old_pages` is true until it was.
        """
        self.has_old_pages = True
        with suppress(sqlite3.Error):
            self._db.execute("PRAGMA busy_timeout = 0")
            (busy, _, _) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self.has_old_pages = bool(busy)
        with suppress(sqlite3.Error):
            self._db.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")

    def _note_presence(self, event: Joined | Left | Renamed, entering: Session | None) -> None:
        match event:
            case Joined():
                one = entering or Session(event.nick, "terminal", "", event.ts)
                row = (event.nick, one.door, one.address, one.since, one.token, one.joined_from)
                self._db.execute("INSERT OR REPLACE INTO present VALUES (?, ?, ?, ?, ?, ?)", row)
            case Left():
                self._db.execute("DELETE FROM present WHERE nick = ?", (event.nick,))
            case Renamed():
                self._db.execute("UPDATE present SET nick = ? WHERE nick = ?", (event.new_nick, event.nick))

    def after(self, seq: int, limit: int) -> list[Event]:
        """Return at most `limit` events that follow `seq`, oldest first."""
        return self._events("WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)

    def before(self, seq: int, limit: int) -> list[Event]:
        """Return the `limit` events that precede `seq`, oldest first; of long ones only as many as fill a page."""
        return self._page("WHERE seq < ? ORDER BY seq DESC LIMIT ?", seq, limit)

    def messages_before(self, seq: int, limit: int) -> list[Event]:
        """Return the `limit` messages that precede `seq` and were not cleared, like `before`."""
        return self._page("WHERE type = 'said' AND seq < ? AND body <> '' ORDER BY seq DESC LIMIT ?", seq, limit)

    def _page(self, where: str, seq: int, limit: int) -> list[Event]:
        """Read newest first, until there is more text than is shown at once: reading further would be for nothing."""
        events: list[Event] = []
        room = PAGE_CHARACTERS
        while limit:
            rows = self._rows(where, seq, min(limit, _ROWS_AT_ONCE))
            for row in reversed(rows):
                events.append(_event(*row))
                room -= len(row[4])
                if room < 0:
                    return events[::-1]
            if len(rows) < min(limit, _ROWS_AT_ONCE):
                break
            limit -= len(rows)
            seq = rows[0][0]
        return events[::-1]

    def messages_of(self, nick: str, limit: int) -> list[Event]:
        """Return the newest `limit` messages that were said under `nick` and not cleared, oldest first."""
        where = "WHERE type = 'said' AND seq > ? AND nick = ? AND body <> '' ORDER BY seq DESC LIMIT ?"
        return self._events(where, self.last - _CLEARABLE_EVENTS, nick, limit)

    def find(self, id: str) -> Event | None:
        """Return the message that has the client's `id`."""
        return next(iter(self._events("WHERE id = ?", id)), None)

    def present(self) -> list[Session]:
        """Return those who have joined and not left, in the order of joining."""
        columns = "nick, door, address, since, token, joined_from"
        rows = self._db.execute(f"SELECT {columns} FROM present ORDER BY since, nick")
        return [
            Session(nick, door, address, since, token, joined_from=joined_from)
            for nick, door, address, since, token, joined_from in rows
        ]

    def note_address(self, session: Session) -> None:
        """Store where one who is present is now; if that can't be, the log goes on with where it was."""
        with suppress(sqlite3.Error):
            self._db.execute("UPDATE present SET address = ? WHERE nick = ?", (session.address, session.nick))

    def prune(self, before_ts: int, most_bytes: int) -> bool:
        """Remove the oldest events, a few at a time, as long as they are too old or the log is too large.

        :param before_ts: events of before this time (Unix ms) go.
        :param most_bytes: how large the log may be; 0 for no limit.
        :return: whether there is more to remove.
        :raises NotStoredError: nothing was removed.
        """
        db = self._db
        try:
            upto = self._prunable(before_ts, most_bytes)
            if upto <= self.first:
                return False
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM events WHERE seq < ?", (upto,))
            db.execute("UPDATE meta SET value = ? WHERE key = 'pruned'", (str(upto - 1),))
            db.execute("COMMIT")
            db.executescript(f"PRAGMA incremental_vacuum({_PRUNED_AT_ONCE})")  # (execute would do one page only)
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise NotStoredError(str(error)) from error
        self.first = upto
        return True

    def _prunable(self, before_ts: int, most_bytes: int) -> int:
        """Return the seq up to which, but not including it, one step of pruning goes."""
        end = min(self.first + _PRUNED_AT_ONCE, self.last)  # the newest event stays, whatever its age
        if most_bytes and self.bytes() > most_bytes:
            return end
        query = "SELECT min(seq) FROM events WHERE seq >= ? AND seq < ? AND ts >= ?"
        (young,) = self._db.execute(query, (self.first, end, before_ts)).fetchone()
        return end if young is None else int(young)

    def bytes(self) -> int:
        """Return how much of the file is in use."""
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._db.close()
        os.close(self._lock)

    def _events(self, where: str, *values: int | str) -> list[Event]:
        return [_event(*row) for row in self._rows(where, *values)]

    def _rows(self, where: str, *values: int | str) -> list[Row]:
        """Read rows, in the order of their seq.

        All in one, as JSON: for each row that it steps to, sqlite3 would give up Python's global lock, and a thousand
        clients' threads may want it.
        """
        query = f"SELECT json_group_array(json_array({_COLUMNS})) FROM (SELECT {_COLUMNS} FROM events {where})"
        try:
            (rows,) = self._db.execute(query, values).fetchone()
            return sorted(_ROWS.decode(rows))
        except (sqlite3.Error, DecodeError, ValidationError) as error:
            raise UnreadableError(str(error)) from error


def _lock(path: Path) -> int:
    """Hold `path` for this process, so that two cores can't write one log."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise LogUnusableError(f"{path.parent}: another core is using this log") from None
    return lock


def _row(event: Event) -> Row:
    match event:
        case Said():
            return (event.seq, event.ts, "said", event.nick, event.text, None if event.id is UNSET else event.id)
        case Joined():
            return (event.seq, event.ts, "joined", event.nick, "", None)
        case Left():
            return (event.seq, event.ts, "left", event.nick, event.reason, None)
        case Renamed():
            return (event.seq, event.ts, "renamed", event.nick, event.new_nick, None)
        case Cleared():
            body = json.encode({"by": event.by, "seqs": event.seqs}).decode()
            return (event.seq, event.ts, "cleared", event.nick, body, None)


def _event(seq: int, ts: int, type: str, nick: str, body: str, id: str | None) -> Event:
    match type:
        case "said":
            return Said(seq=seq, ts=ts, nick=nick, text=body, id=UNSET if id is None else id)
        case "joined":
            return Joined(seq=seq, ts=ts, nick=nick)
        case "left":
            return Left(seq=seq, ts=ts, nick=nick, reason=body)
        case "renamed":
            return Renamed(seq=seq, ts=ts, nick=nick, new_nick=body)
        case "cleared":
            return Cleared(seq=seq, ts=ts, nick=nick, **json.decode(body))
    raise LogUnusableError(f"event {seq} has the unknown type {type!r}")
