"""The entrance: the password of the room, and why one may not come in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser_tools import OpenTab, chromium_fixture, open_tab_fixture  # noqa: F401
from tests.conftest import Program
from tests.played_core import (  # noqa: F401
    Core,
    core_fixture,
    enter,
    gateway_fixture,
    members,
    press_join,
    refused,
    said,
    stored,
    welcome,
)

PASSWORD = "open sesame"


def test_the_entrance_asks_for_a_password_when_there_is_one(core: Core, gateway: Program, open_tab: OpenTab) -> None:
    tab = open_tab(gateway)
    field, error = tab.page.get_by_label("Password"), tab.page.locator("#join-error")
    expect(tab.page.locator("#password")).to_be_hidden()
    press_join(tab)
    peer, join = core.accept()
    assert "password" not in join
    peer.send(refused("password", "This room has a password"))
    expect(field).to_be_focused()
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_attribute("autocomplete", "current-password")
    expect(field).to_have_attribute("aria-invalid", "false")
    expect(tab.page.locator("#password-hint")).to_have_text("This room is entered with a password.")
    expect(error).to_be_hidden()

    field.fill("wrong")
    field.press("Enter")
    peer, join = core.accept()
    assert join["password"] == "wrong"
    peer.send(refused("password", "That is not the password"))
    expect(error).to_have_text("That is not the password")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(tab.page.locator("#nick")).to_have_attribute("aria-invalid", "false")
    assert core.has_nobody()

    tab.page.keyboard.type(PASSWORD)  # over the wrong one, which is selected
    expect(error).to_be_hidden()
    tab.page.click("#join")
    peer, join = core.accept()
    assert (join["nick"], join["password"]) == ("Cy", PASSWORD)
    peer.send(refused("nick-not-allowed", "Not that nick"))
    expect(error).to_have_text("Not that nick")
    expect(tab.page.locator("#nick")).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "false")
    tab.page.keyboard.press("Enter")
    peer, join = core.accept()
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")
    assert "sesame" not in stored(tab)

    peer.close()  # the password goes along again, whether or not the session is still there
    peer, join = core.accept()
    assert (join["session"], join["password"]) == ("token", PASSWORD)
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")
    peer.end(4506, "goodbye")
    tab.is_in("ended")
    tab.page.click("#join-again")
    peer, join = core.accept()
    assert join["password"] == PASSWORD
    assert "session" not in join
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")
    tab.page.reload()
    peer, join = core.accept()
    assert join["session"] == "token"
    assert "password" not in join
    peer.send(refused("password", "This room has a password"))
    expect(field).to_be_focused()
    assert "sesame" not in stored(tab)


def test_somebody_else_comes_in_with_the_password(core: Core, gateway: Program, open_tab: OpenTab) -> None:
    """The server has got one meanwhile: what it told the one is not for the other, who says nothing unasked."""
    tab = open_tab(gateway, script="Math.random = () => 0;")
    field = tab.page.get_by_label("Password")
    peer = enter(tab, core, said(1, "Bob", "hello"), live=1)
    peer.send({"type": "notice", "code": "members", "text": "for Cy alone"})
    expect(tab.remark("notice")).to_be_visible()
    peer.close()
    peer, _ = core.accept()
    tab.say("for later")
    peer.send(refused("password", "This room has a password"))
    expect(field).to_be_focused()
    tab.page.fill("#nick", "Mallory")
    field.fill(PASSWORD)
    field.press("Enter")
    peer, join = core.accept()
    assert (join["nick"], "session" in join, "after" in join) == ("Mallory", False, False)
    peer.send({**welcome(1), "nick": "Mallory"}, members("Bob", "Mallory"), said(1, "Bob", "hello"))
    tab.is_in("connected")
    tab.hears("Bob", "hello")
    expect(tab.remark("notice")).to_have_count(0)
    expect(tab.pending().locator(".nick")).to_have_text("Mallory")
    expect(tab.pending().locator(".note")).to_have_text("Not sent: This room has a password")


@pytest.mark.parametrize(
    ("code", "text", "closing"),
    [
        ("attempts", "Too many attempts; wait 60 seconds", 4504),
        ("locked", "The room takes nobody new for now", 4508),
        ("banned", "You are banned until tomorrow: flooding", 4501),
        ("joins", "More than 10 joins a minute from your address", 4503),
    ],
)
def test_why_one_can_not_enter(
    core: Core, gateway: Program, open_tab: OpenTab, code: str, text: str, closing: int
) -> None:
    tab = open_tab(gateway)
    error = tab.page.locator("#join-error")
    press_join(tab)
    peer, _ = core.accept()
    peer.send(refused(code, text))
    peer.end(closing, text)
    expect(error).to_have_text(text)
    expect(error).to_have_attribute("role", "alert")
    tab.is_in("joining")
    tab.page.click("#join")
    peer, _ = core.accept()
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")

    peer.close()  # one who was inside has the conversation before the eyes, and a button
    peer, _ = core.accept()
    peer.send(refused(code, text))
    peer.end(closing, "cut sh")
    tab.is_in("ended")
    expect(tab.page.locator("#state")).to_have_text(f"Ended. {text}")
    expect(tab.page.locator("#room")).to_be_visible()
    assert core.has_nobody()
    tab.page.click("#join-again")
    peer, _ = core.accept()
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")
    peer.end(4506, "goodbye")
    expect(tab.page.locator("#state")).to_have_text("Ended. You left the room")
