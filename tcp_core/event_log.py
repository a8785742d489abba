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
from contextlib import ExitStack
from pathlib import Path

from msgspec import UNSET, structs

from tcp_core.messages import Event, Joined, Left, Renamed, Said

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    ts INTEGER NOT NULL,              -- Unix ms
    type TEXT NOT NULL,
    nick TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',    -- of said: the text; of renamed: the new nick; of left: the reason
    id TEXT                           -- of said: the client's id
);
CREATE UNIQUE INDEX events_by_id ON events (id) WHERE id IS NOT NULL;
CREATE INDEX messages ON events (seq) WHERE type = 'said';
CREATE TABLE present (nick TEXT PRIMARY KEY) WITHOUT ROWID;   -- joined and not yet left
"""
_SCHEMA_VERSION = 1
_APPLICATION_ID = 0x5061726C  # "Parl"
_STAMPS = [_APPLICATION_ID, _SCHEMA_VERSION]
_COLUMNS = "seq, ts, type, nick, body, id"


class LogUnusableError(Exception):
    """The log can't be opened: damaged, foreign, newer than this program, or in use."""


class NotStoredError(Exception):
    """A batch could not be written; nothing of it is in the log."""


class EventLog:
    """The log in one SQLite file.

    Used by one thread at a time.

    :param directory: where the file is; made if it is not there.
    :raises LogUnusableError: it can't be used; the file is left as it is.
    """

    epoch: str
    """Random name of this log; another epoch means that old seqs mean nothing."""
    last: int
    """The newest seq, 0 for none."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "log.sqlite3"
        with ExitStack() as stack:  # whatever has been opened is closed again if the rest fails
            try:
                directory.mkdir(parents=True, exist_ok=True)
                self._lock = _lock(directory / "lock")
                stack.callback(os.close, self._lock)
                self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
                stack.callback(self._db.close)
                self._open()
            except (OSError, sqlite3.Error) as error:
                raise LogUnusableError(f"{self.path}: {error}") from error
            stack.pop_all()

    def _open(self) -> None:
        db = self._db
        if db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(
                f"BEGIN; {_SCHEMA} INSERT INTO meta VALUES ('epoch', '{secrets.token_hex(16)}');"
                f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT"
            )
        stamps = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        epoch = db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone() if stamps == _STAMPS else None
        if epoch is None:
            raise sqlite3.DatabaseError("not a log that this version of Parley can read")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        (self.epoch,) = epoch
        self.last = db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]

    def append(self, drafts: Sequence[Event], ts: int) -> list[Event]:
        """Number and store a batch, in one transaction.

        :param drafts: events without seq and time.
        :param ts: the time they happened, Unix ms.
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
                if not isinstance(event, Said):
                    self._note_presence(event)
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise NotStoredError(str(error)) from error
        self.last += len(events)
        return events

    def _note_presence(self, event: Joined | Left | Renamed) -> None:
        if not isinstance(event, Joined):
            self._db.execute("DELETE FROM present WHERE nick = ?", (event.nick,))
        if not isinstance(event, Left):
            nick = event.new_nick if isinstance(event, Renamed) else event.nick
            self._db.execute("INSERT OR REPLACE INTO present VALUES (?)", (nick,))

    def after(self, seq: int, limit: int) -> list[Event]:
        """Return at most `limit` events that follow `seq`, oldest first."""
        return self._events("WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)

    def before(self, seq: int, limit: int) -> list[Event]:
        """Return the `limit` events that precede `seq`, oldest first."""
        return self._events("WHERE seq < ? ORDER BY seq DESC LIMIT ?", seq, limit)[::-1]

    def messages_before(self, seq: int, limit: int) -> list[Event]:
        """Return the `limit` events of type `said` that precede `seq`, oldest first."""
        return self._events("WHERE type = 'said' AND seq < ? ORDER BY seq DESC LIMIT ?", seq, limit)[::-1]

    def find(self, id: str) -> Event | None:
        """Return the message that has the client's `id`."""
        return next(iter(self._events("WHERE id = ?", id)), None)

    def present(self) -> list[str]:
        """Return the nicks that have joined and not left."""
        return [nick for (nick,) in self._db.execute("SELECT nick FROM present ORDER BY nick")]

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._db.close()
        os.close(self._lock)

    def _events(self, where: str, *values: int | str) -> list[Event]:
        return [_event(*row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM events {where}", values)]


def _lock(path: Path) -> int:
    """Hold `path` for this process, so that two cores can't write one log."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise LogUnusableError(f"{path.parent}: another core is using this log") from None
    return lock


def _row(event: Event) -> tuple[int, int, str, str, str, str | None]:
    match event:
        case Said():
            return (event.seq, event.ts, "said", event.nick, event.text, None if event.id is UNSET else event.id)
        case Joined():
            return (event.seq, event.ts, "joined", event.nick, "", None)
        case Left():
            return (event.seq, event.ts, "left", event.nick, event.reason, None)
        case Renamed():
            return (event.seq, event.ts, "renamed", event.nick, event.new_nick, None)


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
    raise LogUnusableError(f"event {seq} has the unknown type {type!r}")
