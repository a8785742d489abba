"""Somebody who is elsewhere hears of what they miss, and the page is back before they are: in a real Chromium.

Chromium takes every page under test for the one in front, so these pages are told whether they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser_tools import (  # noqa: F401
    ATTENTION,
    OpenTab,
    Served,
    StartNc,
    Tab,
    Wire,
    chromium_fixture,
    look_away,
    look_back,
    open_tab_fixture,
    start_nc_fixture,
    wire_fixture,
)
from tests.conftest import Both

NOTIFICATION = """
window.shown = [];
window.Notification = class {
  static permission = "granted";
  constructor(title, options) {
    shown.push([title, options.body, options.tag]);
    window.newest = this;
  }
  close() {
    this.closed = true;
  }
};
"""
SOUND = """
window.notes = 0;
OscillatorNode.prototype.start = () => { window.notes += 1; };
OscillatorNode.prototype.stop = () => {};
"""
BADGE = """
window.badges = [];
navigator.setAppBadge = async (count) => badges.push(count);
navigator.clearAppBadge = async () => badges.push(0);
"""
WANTED = """
localStorage.setItem("parley.notify", "true");
localStorage.setItem("parley.sound", "true");
"""
FULL = ATTENTION + NOTIFICATION + SOUND + BADGE


def titled(tab: Tab, title: str) -> None:
    expect(tab.page).to_have_title(title)
    icon = "favicon.svg" if title == "Parley" else "favicon-unread.svg"
    expect(tab.page.locator('link[rel="icon"]')).to_have_attribute("href", icon)


def shown(tab: Tab) -> list[list[str]]:
    found: list[list[str]] = tab.page.evaluate("shown")
    return found


# ------------------------------------------------------------------- unread


@pytest.mark.parametrize("hidden", [True, False], ids=["hidden", "not in front"])
def test_the_title_counts_what_others_say(hidden: bool, start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    alex.type("before Ann came\n")
    ann = open_tab(gateway, script=FULL)
    ann.join("Ann")
    ann.hears("Alex", "before Ann came")
    alex.type("while Ann looks\n")
    ann.hears("Alex", "while Ann looks")
    titled(ann, "Parley")
    look_away(ann, hidden=hidden, focused=hidden)
    alex.type("one\ntwo\n")
    ann.hears("Alex", "two")
    titled(ann, "(2) Parley")
    ann.say("of my own")
    ann.hears("Ann", "of my own")
    titled(ann, "(2) Parley")
    alex.type("ann, are you there?\n")
    titled(ann, "(!3) Parley")
    look_back(ann)
    titled(ann, "Parley")
    alex.type("four\n")
    ann.hears("Alex", "four")
    titled(ann, "Parley")
    assert ann.page.evaluate("badges")[-3:] == [2, 3, 0]
    assert shown(ann) == []  # nobody has asked for it
    assert ann.page.evaluate("notes") == 0


def test_what_is_not_to_be_read_does_not_count(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex, bob = start_nc(core, "Alex"), start_nc(core, "Bob")
    ann = open_tab(gateway, script=FULL + WANTED)
    ann.join("Ann")
    ann.say("/ignore Bob")
    expect(ann.remark("notice")).to_have_count(1)
    look_away(ann)
    bob.type("Ann! Ann!\n")
    alex.type("hello\n")
    ann.hears("Alex", "hello")
    titled(ann, "(1) Parley")
    assert shown(ann) == []
    assert ann.page.evaluate("notes") == 0


def test_a_reload_is_no_news_and_a_broken_connection_is(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: Callable[[Served], Wire]
) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net, script=FULL + "attention.focused = false; Math.random = () => 0;")
    ann.join("Ann")
    alex.type("one\n")
    titled(ann, "(1) Parley")
    ann.page.reload()
    ann.hears("Alex", "one")
    ann.is_in("connected")
    titled(ann, "Parley")
    net.cut()
    ann.is_in("reconnecting")
    alex.type("two\nthree\n")
    alex.read_until("[Alex] three\n")
    net.mend()
    ann.hears("Alex", "three")
    titled(ann, "(2) Parley")


# ------------------------------------------------------------------- notifications


def test_a_mention_is_notified(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway, script=FULL + WANTED)
    ann.join("Ann")
    alex.type("Ann, while you look\n")
    ann.hears("Alex", "Ann, while you look")
    look_away(ann)
    alex.type("nothing for anybody\n")
    alex.type("Ann: lunch?\n")
    titled(ann, "(!2) Parley")
    assert shown(ann) == [["Alex", "Ann: lunch?", "parley-mention"]]
    assert ann.page.evaluate("notes") == 2
    alex.type(f"Ann {'я' * 196}\n")
    titled(ann, "(!3) Parley")
    alex.type(f"Ann {'😀' * 250}\n")
    titled(ann, "(!4) Parley")
    assert [body for _, body, _ in shown(ann)[1:]] == [f"Ann {'я' * 196}", f"Ann {'😀' * 195}…"]
    ann.page.evaluate("window.focus = () => { window.focusedAgain = true; }; newest.onclick()")
    assert ann.page.evaluate("[focusedAgain, newest.closed]") == [True, True]


def test_where_only_a_worker_may_notify(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    """So it is on Android."""
    worker = """
      window.Notification = class { static permission = "granted"; constructor() { throw new TypeError("no"); } };
      ServiceWorkerContainer.prototype.getRegistration = async () => ({
        async showNotification(title, options) { shown.push([title, options.body, options.tag]); },
      });
    """
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway, script=FULL + WANTED + worker)
    ann.join("Ann")
    look_away(ann)
    alex.type("Ann?\n")
    titled(ann, "(!1) Parley")
    assert shown(ann) == [["Alex", "Ann?", "parley-mention"]]


def test_a_permission_that_was_taken_back(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway, script=FULL + WANTED)
    ann.join("Ann")
    ann.page.evaluate("Notification.permission = 'denied'")
    look_away(ann)
    alex.type("Ann?\n")
    titled(ann, "(!1) Parley")
    assert shown(ann) == []


# ------------------------------------------------------------------- coming back

BACK: dict[str, str] = {
    "the network": "dispatchEvent(new Event('online'))",
    "the window": "dispatchEvent(new Event('focus'))",
    "the tab": "document.dispatchEvent(new Event('visibilitychange'))",
    "the device": "document.dispatchEvent(new Event('resume'))",
    "another page": "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
}


@pytest.mark.parametrize("event", BACK.values(), ids=BACK)
def test_who_comes_back_does_not_wait(
    event: str, start_both: Both, open_tab: OpenTab, wire: Callable[[Served], Wire]
) -> None:
    """No timer of the page runs here: it connects because somebody is there."""
    _, gateway = start_both()
    net = wire(gateway)
    ann = open_tab(net, script=ATTENTION)
    ann.page.clock.install()
    ann.page.goto(ann.origin)
    ann.join("Ann")
    ann.page.clock.pause_at(time.time() + 5)
    look_away(ann, hidden=True)
    net.cut()
    ann.is_in("reconnecting")
    net.mend()
    ann.page.evaluate("() => { Object.assign(attention, { hidden: false, focused: true }); }")
    ann.is_in("reconnecting")
    ann.page.evaluate(event)
    ann.is_in("connected")


def test_going_away_makes_it_try_nothing(start_both: Both, open_tab: OpenTab, wire: Callable[[Served], Wire]) -> None:
    _, gateway = start_both()
    net = wire(gateway)
    ann = open_tab(net, script=ATTENTION)
    ann.page.clock.install()
    ann.page.goto(ann.origin)
    ann.join("Ann")
    ann.page.clock.pause_at(time.time() + 5)
    net.cut()
    ann.is_in("reconnecting")
    sockets: list[Any] = []
    ann.page.on("websocket", lambda opened: sockets.append(opened))
    look_away(ann, hidden=True)
    ann.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }))")
    expect(ann.page.locator("#state")).to_have_attribute("data-state", "reconnecting")
    assert sockets == []
