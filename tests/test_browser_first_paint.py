"""What is painted while the server says nothing: the page does not wait for it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser_tools import OpenTab, Tab, chromium_fixture, open_tab_fixture  # noqa: F401
from tests.conftest import Program

PAINTED = """() => new Promise((resolve) => {
  new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) if (name === "first-contentful-paint") resolve(startTime);
  }).observe({ type: "paint", buffered: true });
})"""
SESSION = {"nick": "Ann", "session": "m1vYcQ0x9m0m3pXrCkqk1g", "epoch": "5f0c9c6e1f3b4c55a8cf7d2b0a3c9f10", "after": 1}
RETURNING = f"sessionStorage.setItem('parley.session', JSON.stringify({json.dumps(SESSION)}));"


@pytest.fixture(name="silent")
def silent_fixture(start_program: Callable[..., Program]) -> Iterator[Program]:
    """A gateway whose core takes connections, and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as core:
        yield start_program("web_gateway", "--port", "0", "--core-port", str(core.getsockname()[1]))


def is_painted(tab: Tab) -> None:
    assert tab.page.evaluate(PAINTED) > 0


def test_the_entrance(silent: Program, open_tab: OpenTab) -> None:
    stranger = open_tab(silent)
    is_painted(stranger)
    stranger.is_in("joining")
    expect(stranger.page.get_by_label("Nick", exact=True)).to_be_visible()


@pytest.mark.parametrize("locale", ["en-GB", "ru-RU"])
def test_the_room_of_one_who_returns(locale: str, silent: Program, open_tab: OpenTab) -> None:
    ann = open_tab(silent, locale=locale, script=RETURNING)
    is_painted(ann)
    ann.is_in("connecting")
    expect(ann.page.locator("#message")).to_be_visible()
    expect(ann.page.locator("#own-nick")).to_have_text("Ann")


def test_before_the_scripts_have_come(silent: Program, open_tab: OpenTab) -> None:
    tab = open_tab(silent)
    tab.page.route("**/app.js", lambda _: None)
    tab.page.goto(tab.origin, wait_until="commit")
    is_painted(tab)
    expect(tab.page.get_by_label("Nick", exact=True)).to_be_visible()
