"""Nothing is lost and nothing is shown twice: a real page over reloads, dead networks, sleep, and a killed server."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tcp_core.event_log import EventLog
from tests.browser_tools import (  # noqa: F401
    AT_ONCE,
    IN_A_WHILE,
    PATIENCE_MS,
    LayWire,
    OpenTab,
    StartNc,
    Tab,
    chromium_fixture,
    fill_log,
    is_whole,
    open_tab_fixture,
    say_all,
    settled,
    start_nc_fixture,
    wire_fixture,
)
from tests.conftest import Both, Program

Start = Callable[..., Program]

RETRY_MS = 40_000
"""For an attempt or two of an impatient page, and for a program to start."""
TWO_MINUTES_MS = 120_000


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """Have processes do nothing for a while; what is sent to them waits in the kernel."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.fixture
def restart(start_program: Start, tmp_path: Path) -> Callable[..., Program]:
    """Start a core again on the ports and the log of one that has ended."""

    def start(core: Program, *arguments: str) -> Program:
        ports = ("--port", str(core.ports[0]), "--gateway-port", str(core.ports[1]))
        settings = ("--data-dir", tmp_path / "data", "--rate-per-second", "0")
        return start_program("tcp_core", *ports, *settings, *arguments, announcements=2)

    return start


def said_by(nick: str, heard: str) -> list[str]:
    return re.findall(rf"^\[{nick}\] (.*)$", heard, re.MULTILINE)


# ------------------------------------------------------------------- reloading


@pytest.mark.parametrize("which", ["core", "gateway"])
def test_a_reload_in_the_middle_of_sending(which: str, start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    """What was sent and not acknowledged may have arrived or not; after the reload it has, once."""
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann, bob = open_tab(gateway, script=AT_ONCE), open_tab(gateway)
    ann.join("Ann")
    bob.join("Bob")
    texts = [f"message {n}" for n in range(40)]
    say_all(ann, texts[:5])
    ann.hears("Ann", texts[4])
    with frozen((core if which == "core" else gateway).process.pid):
        say_all(ann, texts[5:35])
        expect(ann.pending()).to_have_count(30)
        expect(ann.page.locator("#unsent")).to_have_text("30 messages not sent yet")
        if which == "core":
            ann.page.reload()
            expect(ann.pending().locator(".text")).to_have_text(texts[5:35])
            say_all(ann, texts[35:])
        else:  # nor can the page itself be had
            ann.page.evaluate("location.reload()")
    if which == "gateway":
        ann.is_in("connected", RETRY_MS)
        say_all(ann, texts[35:])
    ann.hears("Ann", texts[-1], RETRY_MS)
    settled(ann)
    assert ann.texts() == texts
    is_whole(ann)
    bob.hears("Ann", texts[-1])
    assert bob.texts() == texts
    heard = alex.read_until(f"{texts[-1]}\n")
    assert said_by("Ann", heard) == texts
    assert "вышел" not in heard
    ann.page.reload()
    ann.hears("Ann", texts[-1])
    settled(ann)
    assert ann.texts() == texts


def test_half_of_what_waits_is_in_the_log_already(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: LayWire
) -> None:
    """The network breaks after the room has heard a message and before its sender knows."""
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net, script=AT_ONCE)
    ann.join("Ann")
    with net.one_way():
        ann.say("heard")
        assert said_by("Ann", alex.read_until("heard\n")) == ["heard"]
        net.cut()
    ann.is_in("reconnecting")
    ann.say("not heard")
    expect(ann.pending().locator(".text")).to_have_text(["heard", "not heard"])
    net.mend()
    ann.hears("Ann", "not heard", RETRY_MS)
    settled(ann)
    assert ann.texts() == ["heard", "not heard"]
    is_whole(ann)
    assert alex.read_until("not heard\n") == "[Ann] not heard\n"


# ------------------------------------------------------------- away for a while


@pytest.mark.parametrize(("grace", "seen_leaving"), [("60", False), ("0.3", True)])
def test_offline_for_two_minutes(
    grace: str, seen_leaving: bool, start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: LayWire
) -> None:
    core, gateway = start_both("--resume-grace-seconds", grace)
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net)
    ann.page.clock.install()
    ann.page.goto(ann.origin)
    ann.join("Ann")
    ann.say("before")
    alex.read_until("[Ann] before\n")
    ann.hears("Ann", "before")

    net.swallow()
    ann.page.context.set_offline(True)
    ann.page.clock.run_for(6000)
    ann.is_in("reconnecting")  # it did not take long to notice
    ann.page.clock.run_for(TWO_MINUTES_MS)
    ann.is_in("reconnecting")
    said = [f"meanwhile {n}" for n in range(150)]
    alex.type("".join(f"{text}\n" for text in said))
    heard = alex.read_until(f"{said[-1]}\n")
    if seen_leaving and "вышел" not in heard:
        heard += alex.read_until("* Ann вышел из чата *\n")
    typed = ["typed 0", "typed 1", "typed 2"]
    say_all(ann, typed)
    ann.page.clock.run_for(1000)
    expect(ann.page.locator("#unsent")).to_have_text("3 messages not sent yet")
    expect(ann.page.locator("#state-text")).to_have_text(re.compile("No connection"))
    assert ann.texts() == ["before"]

    net.mend()
    ann.page.context.set_offline(False)
    ann.is_in("connected")
    ann.hears("Ann", "typed 2")
    settled(ann)
    expect(ann.page.locator("#unsent")).to_be_hidden()
    heard += alex.read_until("[Ann] typed 2\n")
    assert ("* Ann вышел из чата *\n" in heard, "* Ann вошёл в чат *\n" in heard) == (seen_leaving, seen_leaving)
    assert said_by("Ann", heard) == typed
    assert ann.texts() == ["before", *said, *typed]
    is_whole(ann)
    expect(ann.remark("gap")).to_have_count(0)
    expect(ann.people()).to_have_text(["Alex", "Ann"])


def test_the_countdown_and_the_button_that_ends_it(start_both: Both, open_tab: OpenTab, wire: LayWire) -> None:
    _, gateway = start_both()
    net = wire(gateway)
    ann = open_tab(net, script="Math.random = () => 1;")
    ann.page.clock.install()
    ann.page.goto(ann.origin)
    ann.join("Ann")
    ann.page.clock.pause_at(time.time() + 5)
    countdown, now = ann.page.locator("#countdown"), ann.page.locator("#reconnect-now")
    net.cut()
    for seconds in (1, 2, 4, 8):
        expect(countdown).to_have_text(f"reconnecting in {seconds} s")
        ann.page.clock.run_for(seconds * 1000 - 500)
        expect(countdown).to_have_text("reconnecting in 1 s")
        ann.page.clock.run_for(500)
    expect(countdown).to_have_text("reconnecting in 16 s")
    net.mend()
    now.click()
    ann.is_in("connected")
    expect(countdown).to_be_hidden()
    expect(now).to_be_hidden()


def test_where_websockets_are_made_to_wait_the_server_is_asked_first(
    start_both: Both, open_tab: OpenTab, wire: LayWire
) -> None:
    """As in Firefox, which is known by a property that no other browser has."""
    _, gateway = start_both()
    net = wire(gateway)
    ann = open_tab(net, script=f"{IN_A_WHILE} window.mozInnerScreenX = 0;")
    ann.join("Ann")
    net.cut()
    ann.is_in("reconnecting")
    net.mend()
    asked: list[str] = []
    ann.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    ann.page.on("websocket", lambda socket: asked.append(socket.url))
    ann.page.click("#reconnect-now")
    ann.is_in("connected")
    assert asked == [f"HEAD {ann.origin}", ann.origin.replace("http", "ws") + "ws"]


def test_a_closed_lid(start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: LayWire, chromium: Browser) -> None:
    """All timers stand still, the server drops the connection; on waking up the page does not wait for a timer."""
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net)
    ann.page.clock.install()
    ann.page.goto(ann.origin)
    ann.join("Ann")
    ann.say("before")
    alex.read_until("[Ann] before\n")
    ann.hears("Ann", "before")
    ann.page.clock.pause_at(time.time() + 5)
    ann.say("as the lid closes")
    alex.read_until("closes\n")

    system = chromium.new_browser_cdp_session()
    processes = system.send("SystemInfo.getProcessInfo")["processInfo"]
    with ann.page.expect_websocket(timeout=PATIENCE_MS):
        with frozen(*(process["id"] for process in processes if process["type"] == "renderer")):
            net.swallow()
            alex.type("are you there?\n")
            alex.read_until("there?\n")
            net.mend()
        ann.page.evaluate("dispatchEvent(new Event('online'))")
    system.detach()
    ann.is_in("connected")  # and no timer of the page has run since
    ann.page.clock.fast_forward(TWO_MINUTES_MS)
    ann.page.clock.resume()
    ann.say("here I am")
    ann.hears("Ann", "here I am")
    settled(ann)
    assert ann.texts() == ["before", "as the lid closes", "are you there?", "here I am"]
    is_whole(ann)
    assert alex.read_until("here I am\n") == "[Ann] here I am\n"


def test_the_core_is_killed_in_the_middle_of_a_conversation(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, restart: Callable[..., Program]
) -> None:
    core, gateway = start_both()
    start_nc(core, "Alex")
    ann, bob = open_tab(gateway, script=AT_ONCE), open_tab(gateway, script=AT_ONCE)
    ann.join("Ann")
    bob.join("Bob")
    texts = [f"message {n}" for n in range(8)]
    say_all(ann, texts[:2])
    for kill in (1, 2):
        ann.hears("Ann", texts[3 * kill - 2])
        with frozen(core.process.pid):
            ann.say(texts[3 * kill - 1])
            core.process.kill()
        core.process.wait()
        ann.is_in("reconnecting")
        bob.is_in("reconnecting")
        ann.say(texts[3 * kill])
        core = restart(core)
        ann.is_in("connected", RETRY_MS)
        bob.is_in("connected", RETRY_MS)
        ann.say(texts[3 * kill + 1])
    bob.hears("Ann", texts[-1])
    bob.say("/nickname Bobby")
    expect(ann.people()).to_have_text(["Ann", "Bobby"])
    for tab in (ann, bob):
        tab.hears("Ann", texts[-1])
        settled(tab)
        assert tab.texts() == texts
        is_whole(tab, tab.seqs()[0])
        expect(tab.log("joined").locator(".nick")).to_have_text(["Alex", "Ann", "Bob"])
        expect(tab.log("left").locator(".nick")).to_have_text(["Alex"])  # a terminal's connection is its session


# ---------------------------------------------------------------- another tab


def test_a_second_tab_takes_over_and_gives_back(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.say("in the first")
    with ann.page.context.expect_page() as opened:
        ann.page.evaluate("window.open(location.href)")  # sessionStorage is copied, as when a tab is duplicated
    second = Tab(opened.value, ann.origin, ann.complaints)
    second.watch()
    second.is_in("connected")
    second.hears("Ann", "in the first")
    ann.is_in("ended")
    expect(ann.page.locator("#state-text")).to_contain_text("You went on in another tab")
    ann.say("typed into the first")
    second.say("in the second")
    second.hears("Ann", "in the second")
    expect(ann.pending()).to_have_count(1)

    ann.page.bring_to_front()
    expect(ann.page.locator("#join-again")).to_have_text("Continue here")
    ann.page.click("#join-again")
    ann.hears("Ann", "typed into the first")
    second.is_in("ended")
    settled(ann)
    assert ann.texts() == ["in the first", "in the second", "typed into the first"]
    heard = alex.read_until("typed into the first\n")
    assert heard == "* Ann вошёл в чат *\n[Ann] in the first\n[Ann] in the second\n[Ann] typed into the first\n"
    ann.page.click("#leave")
    assert alex.read_until("\n") == "* Ann вышел из чата *\n"
    expect(ann.page.locator("#join-again")).to_have_text("Join again")


# ------------------------------------------------------- what the log has not got


def test_a_gap_is_told(start_both: Both, open_tab: OpenTab, restart: Callable[..., Program], tmp_path: Path) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway, script=AT_ONCE)
    ann.join("Ann")
    ann.say("before")
    ann.hears("Ann", "before")
    core.stop()
    ann.is_in("reconnecting")
    ann.say("waits")
    last_seen = ann.seqs()[-1]
    now_ms = int(time.time() * 1000)
    fill_log(tmp_path / "data", 40, now_ms)
    last = fill_log(tmp_path / "data", 5, now_ms + 1)
    log = EventLog(tmp_path / "data")
    while log.prune(now_ms + 1, 0):
        pass
    log.close()

    core = restart(core)
    ann.hears("Ann", "waits", RETRY_MS)
    expect(ann.remark("gap")).to_have_text(["40 entries here can no longer be had"])
    assert ann.texts() == ["before", *(f"old {seq}" for seq in range(last - 4, last + 1)), "waits"]
    assert ann.seqs() == [*range(1, last_seen + 1), *range(last - 4, last + 2)]
    after = ann.page.locator("#log .gap ~ [data-seq]")
    expect(after.first).to_have_attribute("data-seq", str(last - 4))
    expect(ann.page.locator("#beginning")).to_have_text("This is the beginning of the conversation")

    ann.page.reload()
    ann.hears("Ann", "waits")
    expect(ann.remark("gap")).to_have_text([f"{last - 5} entries here can no longer be had"])
    expect(ann.page.locator("#beginning")).to_have_text("What was here before is no longer kept")

    bob = open_tab(gateway)
    bob.join("Bob")
    bob.hears("Ann", "waits")
    expect(bob.page.locator("#beginning")).to_have_text("What was here before is no longer kept")
    expect(bob.remark("gap")).to_have_count(0)


def test_another_log_is_a_fresh_start(
    start_both: Both, open_tab: OpenTab, restart: Callable[..., Program], tmp_path: Path
) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway, script=AT_ONCE)
    ann.join("Ann")
    say_all(ann, [f"gone {n}" for n in range(5)])
    ann.hears("Ann", "gone 4")
    core.stop()
    ann.is_in("reconnecting")
    ann.say("kept")
    shutil.rmtree(tmp_path / "data")
    fill_log(tmp_path / "data", 20, int(time.time() * 1000))
    restart(core)
    ann.hears("Ann", "kept", RETRY_MS)
    settled(ann)
    expect(ann.remark("restarted")).to_contain_text("The server has started a new conversation")
    texts = [*(f"old {n}" for n in range(1, 21)), "kept"]
    assert ann.texts() == texts
    assert ann.seqs() == list(range(1, 23))
    expect(ann.people()).to_have_text(["Ann"])
    ann.page.reload()
    ann.hears("Ann", "kept")
    expect(ann.remark("restarted")).to_have_count(0)
    assert ann.texts() == texts


def test_what_can_not_be_stored_is_kept_and_tried_again(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.page.clock.install()
    ann.page.goto(ann.origin)
    ann.join("Ann")
    alex.read_until("Ann вошёл в чат *\n")
    limits = resource.prlimit(core.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(core.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))  # as good as a full disk
    ann.say("one")
    expect(ann.pending().locator(".note")).to_have_text("the server can't store it just now; trying again")
    ann.page.clock.run_for(3000)
    expect(ann.pending()).to_have_attribute("data-pending", "held")
    resource.prlimit(core.process.pid, resource.RLIMIT_FSIZE, limits)
    ann.say("two")  # could be stored, but it is not its turn
    expect(ann.pending().locator(".text")).to_have_text(["one", "two"])
    ann.page.clock.run_for(3000)
    ann.hears("Ann", "two")
    settled(ann)
    assert ann.texts() == ["one", "two"]
    assert alex.read_until("two\n") == "[Ann] one\n[Ann] two\n"


# ------------------------------------------------------------------ no storage

FORBIDDEN = """for (const name of ["sessionStorage", "localStorage"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("no", "SecurityError"); } });
}"""
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"


@pytest.mark.parametrize("script", [FORBIDDEN, FULL], ids=["forbidden", "full"])
def test_without_storage_one_can_chat(
    script: str, start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: LayWire
) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net, script=AT_ONCE + script)
    ann.join("Ann")
    net.cut()
    ann.is_in("reconnecting")
    ann.say("typed without storage")
    net.mend()
    ann.hears("Ann", "typed without storage", RETRY_MS)
    settled(ann)
    assert alex.read_until("storage\n") == "* Ann вошёл в чат *\n[Ann] typed without storage\n"
