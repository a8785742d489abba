"""Stopping with many connected, starting with a long log, and what a killed core leaves behind."""

from __future__ import annotations

import signal
import time
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from tcp_core.event_log import EventLog
from tcp_core.messages import Said
from tests.conftest import JsonClient, TextClient
from tests.soak.crowd import Browser, Crowd, Terminal
from tests.soak.house import House, StartProgram

pytestmark = pytest.mark.timeout(300)
SECONDS = 30


@pytest.fixture
def house(start_program: StartProgram, tmp_path: Path) -> House:
    return House(start_program, tmp_path)


def test_it_stops_in_time_whoever_is_there(house: House) -> None:
    house.open_core()
    house.open_gateway()
    crowd = Crowd()
    terminals = [Terminal(house.text, f"t{n:04}") for n in range(1000)]
    for terminal in terminals[::10]:
        terminal.hangs_up = False  # as `nc` without -N while its owner types nothing
    browsers = [Browser(house.web, f"b{n:03}") for n in range(200)]
    crowd.add(*terminals, *browsers)
    crowd.read_until_total(len(terminals) + len(browsers), SECONDS, *browsers)

    begin = time.monotonic()
    house.core.process.send_signal(signal.SIGTERM)
    crowd.read_until_end(SECONDS)
    assert house.core.stop() == 0
    seconds = time.monotonic() - begin
    print(f"stopped after {seconds:.2f} s")
    assert seconds < 5
    assert all(terminal.tail.endswith(b"\n* The server is stopping *\n") for terminal in terminals)
    assert Counter(browser.frames.code for browser in browsers) == {4000: len(browsers)}
    ended = [(row.nick, row.body) for row in house.log() if row.type == "left"]
    assert sorted(ended) == [(terminal.nick, "stopped") for terminal in terminals]
    crowd.close()


def test_a_log_of_a_million_events_opens_at_once(house: House) -> None:
    """The best of a few starts, and the median of many pages: the machine has other things to do as well."""
    log = EventLog(house.directory)
    for number in range(1000):
        log.append([Said(nick="Ann", text=f"message {number} {n}") for n in range(1000)], 1_790_000_000_000 + number)
    log.close()

    starts = []
    for _ in range(3):
        begin = time.monotonic()
        house.open_core()
        client = TextClient(house.text)
        client.read_until("Nick: ")
        starts.append(time.monotonic() - begin)
        client.close()
        assert house.core.stop() == 0
    house.open_core()
    with_pages = JsonClient(house.json)
    with_pages.join("Bob")
    with_pages.roundtrip()
    pages = []
    for before in range(5_000, 1_000_000, 10_007):
        begin = time.monotonic()
        with_pages.send(type="history", before=before, limit=100)
        page = with_pages.read()
        pages.append(time.monotonic() - begin)
        assert page is not None
        assert [event["seq"] for event in page["events"]] == list(range(before - 100, before))
    with_pages.close()
    print(f"first prompt after {min(starts):.2f} s; a page takes {1000 * median(pages):.1f} ms")
    assert min(starts) <= 1
    assert median(pages) < 0.02


def test_what_a_killed_core_leaves_behind(house: House) -> None:
    """Terminals have left; browsers come back, and nobody has seen them go."""
    house.open_core()
    house.open_gateway()
    crowd = Crowd()
    terminals = [Terminal(house.text, f"t{n:02}") for n in range(50)]
    browsers = [Browser(house.web, f"b{n:02}") for n in range(50)]
    crowd.add(*terminals, *browsers)
    crowd.read_until_total(100, SECONDS, *browsers)
    house.core.process.kill()
    crowd.read_until_end(SECONDS)
    assert Counter(browser.frames.code for browser in browsers) == {4001: len(browsers)}
    crowd.close()

    house.restart_core(signal.SIGKILL)
    crowd = Crowd()
    back = []
    for browser in reversed(browsers):
        session, epoch = browser.welcome["session"], browser.welcome["epoch"]
        one = Browser(house.web, browser.nick, session=session, epoch=epoch, after=browser.total)
        assert (one.welcome["nick"], one.welcome["session"], one.welcome["resumed"]) == (browser.nick, session, True)
        assert sorted(one.members) == [browser.nick for browser in browsers]
        back.append(one)
    watcher = Browser(house.web, "watcher")
    crowd.add(watcher, *back)
    crowd.read_until_total(151, SECONDS)
    seen = [(event["type"], event["nick"], event.get("reason")) for event in back[0].presence]
    assert sorted(seen[:-1]) == [("left", terminal.nick, "lost") for terminal in terminals]
    assert seen[-1] == ("joined", "watcher", None)
    assert all(one.presence == back[0].presence for one in back)
    assert Counter(row.type for row in house.log() if row.nick.startswith("b")) == {"joined": len(browsers)}
    crowd.close()
