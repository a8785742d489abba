"""Logs as an operator's programs read them, whatever clients send."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tcp_core import logs
from tcp_core.event_log import EventLog, NotStoredError
from tests.conftest import Core, JsonClient, TextClient
from tests.test_programs import FREE_PORTS

HOSTILE = 'A\n\x1b[2J\u202e"x" y=z\\\x85\u2028\ud800'


@pytest.fixture
def configured() -> Iterator[None]:
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], threading.excepthook = handlers, hook
    root.setLevel(level)


@contextmanager
def logging_core(data_dir: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    command = [sys.executable, "-m", "tcp_core", *FREE_PORTS, "--lang", "en", "--data-dir", str(data_dir), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, [int(process.stdout.readline().rpartition(":")[2]) for _ in range(2)]
        finally:
            process.kill()


def conversation(ports: list[int]) -> str:
    """Come in by both doors, say something secret, and go; return the token of the browser's session."""
    alex = TextClient(("127.0.0.1", ports[0]))
    alex.read_until("Nick: ")
    alex.send("Alex\n")
    alex.read_until("* Alex joined *\n")
    alex.send("the secret\n/quit\n")
    alex.read_to_end()
    alex.close()
    ann = JsonClient(("127.0.0.1", ports[1]), client="203.0.113.77")
    token: str = ann.join("Ann")["session"]
    ann.send(type="input", text="/quit")
    while ann.read():
        pass
    ann.close()
    lost = TextClient(("127.0.0.1", ports[0]))
    lost.send("GET / HTTP/1.1\r\n\r\n")
    lost.read_to_end()
    lost.close()
    return token


@pytest.mark.parametrize("addresses", [True, False])
def test_who_came_and_went_is_told_and_not_what_they_said(tmp_path: Path, addresses: bool) -> None:
    options = [] if addresses else ["--no-log-addresses"]
    with logging_core(tmp_path, "--log-format", "json", *options) as (process, ports):
        token = conversation(ports)
        process.terminate()
        _, written = process.communicate(timeout=20)
    records = [json.loads(line) for line in written.splitlines()]
    for record in records:
        assert list(record)[:4] == ["time", "level", "logger", "event"]
        time = datetime.fromisoformat(record["time"])
        assert time.utcoffset() == timedelta(0)
    events = [record["event"] for record in records]
    assert (events[0], events[-1]) == ("started", "stopped")
    assert {"version", "data_dir", "text_door", "gateway_door"} <= records[0].keys()
    assert events.count("connection opened") == events.count("connection closed") == 3
    people = [(r["event"], r["nick"], r["door"], r.get("reason")) for r in records if "nick" in r]
    assert people == [
        ("joined", "Alex", "terminal", None),
        ("left", "Alex", "terminal", "quit"),
        ("joined", "Ann", "web", None),
        ("left", "Ann", "web", "quit"),
    ]
    assert [r["reason"] for r in records if r["event"] == "refused"] == ["http"]
    assert all(r["seconds"] >= 0 for r in records if r["event"] == "connection closed")
    for word in ("secret", "GET", token):
        assert word not in written
    if addresses:
        assert {r["address"] for r in records if "address" in r} == {"127.0.0.1", "203.0.113.77"}
    else:
        doors = f"{records[0]['text_door']} {records[0]['gateway_door']}"
        assert "203.0.113" not in written
        assert written.count("127.0.0.1") == doors.count("127.0.0.1")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("format", logs.LOG_FORMATS)
def test_nothing_breaks_a_line(format: logs.LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    finish = logs.configure(format, addresses=True)
    logger = logging.getLogger("parley.test")
    logger.warning("hostile %s", HOSTILE, extra={"nick": HOSTILE, "address": HOSTILE})
    try:
        int(HOSTILE)
    except ValueError:
        logger.exception("failed")
    finish()
    written = capsys.readouterr().err
    lines = written.split("\n")
    assert lines.pop() == ""
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
    if format == "json":
        assert json.loads(lines[0])["nick"] == HOSTILE
    else:
        shown = repr(HOSTILE)
        end = f"Z warning parley.test: hostile {shown[1:-1]} nick={shown} address={shown}"
        assert lines[0].endswith(end)
    assert "ValueError" in lines[1]
    assert "Traceback" in lines[1]


@pytest.mark.usefixtures("configured")
def test_a_thread_that_fails_is_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    finish = logs.configure("json", addresses=True)

    def fail() -> None:
        raise ValueError("on purpose")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    finish()
    record = json.loads(capsys.readouterr().err)
    assert record["level"] == "critical"
    assert "on purpose" in record["exception"]


def test_what_can_not_be_stored_is_an_error(
    start_core: Callable[..., Core], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = start_core()
    alex = core.text("Alex")

    def fail(*_: object) -> None:
        raise NotStoredError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(EventLog, "append", fail)
        alex.send("not to be stored\n")
        alex.read_until("❌")
    (record,) = [r for r in caplog.records if r.levelname == "ERROR"]
    assert (record.getMessage(), record.__dict__["events"]) == ("events could not be stored", 1)
    assert record.__dict__["problem"] == "the disk is full"


@pytest.mark.usefixtures("configured")
def test_a_standard_error_that_nobody_reads_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    out, into = os.pipe()
    try:
        with open(into, "w", encoding="ascii") as pipe:  # noqa: PTH123 (a descriptor)
            monkeypatch.setattr(sys, "stderr", pipe)
            monkeypatch.setattr(logs, "FINISH_SECONDS", 0.1)
            finish = logs.configure("text", addresses=True)
            for n in range(2 * logs.MOST_UNWRITTEN):
                logging.getLogger("parley.test").info(f"record {n}")
            finish()
            os.set_blocking(out, False)
            while any(thread.name == "last records" for thread in threading.enumerate()):  # it is written after all
                with suppress(BlockingIOError):
                    os.read(out, 1 << 20)
    finally:
        os.close(out)
