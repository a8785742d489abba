"""A full disk, a damaged log, a pruned log: what cannot be kept is said, and nothing else is lost."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tcp_core.event_log import EventLog, LogUnusableError
from tcp_core.messages import Event, Said
from tests.conftest import Core, JsonClient, Program, TextClient


@contextmanager
def full_disk(pid: int, log: Path) -> Iterator[None]:
    """Let no file of a process grow beyond what the log's files are now."""
    size = max(file.stat().st_size for file in log.parent.iterdir())
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def until(client: JsonClient, type: str) -> dict[str, Any]:
    while (message := client.read()) is not None:
        if message["type"] == type:
            return message
    raise AssertionError(f"the connection ended before a {type}")


def test_on_a_full_disk_nothing_is_said_that_is_not_stored(
    start_program: Callable[..., Program], tmp_path: Path
) -> None:
    options = ("--port", "0", "--gateway-port", "0", "--rate-per-second", "0", "--lang", "en")
    core = start_program("tcp_core", *options, "--data-dir", tmp_path, announcements=2)
    alex = TextClient(("127.0.0.1", core.ports[0]))
    alex.read_until("Nick: ")
    alex.send("Alex\n")
    alex.read_until("* Alex joined *\n")
    ann = JsonClient(("127.0.0.1", core.ports[1]))
    ann.join("Ann")
    ann.roundtrip()
    assert alex.line() == "* Ann joined *"

    text = "x" * 4000
    with full_disk(core.process.pid, tmp_path / "log.sqlite3"):
        for number in count():  # until what the disk still takes is used up
            ann.send(type="input", text=text, id=f"message-{number}")
            if (answer := ann.roundtrip()[-1])["type"] == "refused":
                break
            assert answer["type"] == "said"
            ann.send(type="input", text=text)
        assert (answer["code"], answer["id"]) == ("not-stored", f"message-{number}")
        alex.send("nobody hears this\n")
        alex.read_until("❌ The server could not store the message")
        late = TextClient(("127.0.0.1", core.ports[0]))
        late.read_until("Nick: ")
        late.send("Late\n")
        late.read_until("❌ The server could not store")
        late.read_until("Nick: ")
        late.close()
        assert not any(m.get("text") == "nobody hears this" for m in ann.roundtrip())

    ann.send(type="input", text="there is room again", id="a-message")
    assert until(ann, "said")["text"] == "there is room again"
    alex.read_until("[Ann] there is room again\n")
    with closing(EventLogReader(tmp_path)) as log:
        seqs = log.seqs()
    assert seqs == list(range(1, len(seqs) + 1))
    alex.close()
    ann.close()


class EventLogReader:
    """Looks at the file beside the core that writes it."""

    def __init__(self, directory: Path) -> None:
        self._db = sqlite3.connect(f"file:{directory / 'log.sqlite3'}?mode=ro", uri=True)

    def seqs(self) -> list[int]:
        return [seq for (seq,) in self._db.execute("SELECT seq FROM events ORDER BY seq")]

    def close(self) -> None:
        self._db.close()


def test_who_quits_on_a_full_disk_is_let_out(start_program: Callable[..., Program], tmp_path: Path) -> None:
    options = ("--port", "0", "--gateway-port", "0", "--rate-per-second", "0", "--data-dir", tmp_path)
    core = start_program("tcp_core", *options, announcements=2)
    alex, bob = (TextClient(("127.0.0.1", core.ports[0])) for _ in range(2))
    alex.join("Alex")
    bob.join("Bob")
    text = "x" * 4000 + "\n"
    with full_disk(core.process.pid, tmp_path / "log.sqlite3"):
        while "❌" not in alex.received.decode():
            alex.send(text)
            alex.received += alex.sock.recv(65536)
        alex.send("/quit\n")
        alex.read_to_end()
    bob.read_until("* Alex вышел из чата *\n")  # once there is room again
    alex.close()
    bob.close()


def fill(directory: Path, count: int, text: str = "x") -> None:
    with closing(EventLog(directory)) as log:
        drafts: list[Event] = [Said(nick="Old", text=text) for _ in range(count)]
        log.append(drafts, ts=1_000)


def damaged(path: Path, how: str) -> bytes:
    data = bytearray(path.read_bytes())
    if how == "cut short":
        del data[len(data) // 2 :]
    elif how == "overwritten in the middle":
        middle = len(data) // 2 // 4096 * 4096
        data[middle : middle + 8192] = os.urandom(8192)
    else:
        data[:100] = b"this was a log of a chat".ljust(100)
    path.write_bytes(data)
    return bytes(data)


@pytest.mark.parametrize("how", ["cut short", "overwritten in the middle", "overwritten at the start"])
def test_a_damaged_log_is_refused_and_left_as_it_is(tmp_path: Path, how: str) -> None:
    fill(tmp_path, 2000, "some text to fill pages with " * 5)
    path = tmp_path / "log.sqlite3"
    data = damaged(path, how)
    command = [sys.executable, "-m", "tcp_core", "--port", "0", "--gateway-port", "0", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: {path}: ")
    assert len(done.stderr.splitlines()) == 1
    assert path.read_bytes() == data


def test_a_large_log_is_checked_in_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcp_core.event_log._CHECKED_BYTES", 1000)
    fill(tmp_path, 5000, "some text to fill pages with " * 5)
    EventLog(tmp_path).close()
    damaged(tmp_path / "log.sqlite3", "cut short")
    with pytest.raises(LogUnusableError, match=r"log\.sqlite3"):
        EventLog(tmp_path)


# ------------------------------------------------------------------ pruning


def prune_all(log: EventLog, before_ts: int, most_bytes: int = 0) -> int:
    steps = 0
    while log.prune(before_ts, most_bytes):
        steps += 1
    return steps


def test_what_is_too_old_goes_in_small_steps_and_numbers_go_on(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)) as log:
        for ts in range(1, 11):
            drafts: list[Event] = [Said(nick="Ann", text="x") for _ in range(300)]
            log.append(drafts, ts)
        assert prune_all(log, before_ts=8) >= 4
        assert (log.first, log.last) == (2101, 3000)
        assert [event.seq for event in log.after(0, 2)] == [2101, 2102]
        assert prune_all(log, before_ts=100) >= 1
        assert (log.first, log.last) == (3000, 3000)  # the newest stays
    with closing(EventLog(tmp_path)) as log:
        assert (log.first, log.last) == (3000, 3000)
        assert log.append([Said(nick="Ann", text="y")], 11)[0].seq == 3001


def test_a_log_that_is_too_large_shrinks(tmp_path: Path) -> None:
    fill(tmp_path, 4000, "x" * 1000)
    with closing(EventLog(tmp_path)) as log:
        prune_all(log, before_ts=0, most_bytes=1_000_000)
        assert log.bytes() <= 1_000_000
        assert 400 < log.last - log.first < 1000
    assert (tmp_path / "log.sqlite3").stat().st_size < 1_500_000


def test_an_id_is_remembered_as_long_as_its_message(tmp_path: Path) -> None:
    with closing(EventLog(tmp_path)) as log:
        log.append([Said(nick="Ann", text="x", id="1")], ts=1)
        log.append([Said(nick="Ann", text="y", id="2")], ts=2)
        prune_all(log, before_ts=2)
        assert log.find("1") is None
        assert log.find("2") is not None


def test_a_hole_is_told_at_the_json_door(start_core: Callable[..., Core], tmp_path: Path) -> None:
    fill(tmp_path / "data", 1000)
    core = start_core(hub={"retention_days": 1.0})
    ann = core.web()
    epoch = ann.join("Ann")["epoch"]
    while ann.roundtrip():
        pass
    bob = core.web()
    bob.join("Bob", epoch=epoch, after=10)
    told = [m for m in bob.roundtrip() if m["type"] in ("gap", "said", "joined")]
    assert told[0]["type"] == "gap"
    assert told[0]["from"] == 11
    rest = [m["seq"] for m in told[1:]]
    assert rest == list(range(told[0]["to"] + 1, rest[-1] + 1))
