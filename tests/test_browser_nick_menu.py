"""Pressing a nick: mention, ignore, change one's own; with the pointer and with the keyboard."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser_tools import (  # noqa: F401
    OpenTab,
    StartNc,
    Tab,
    chromium_fixture,
    open_tab_fixture,
    start_nc_fixture,
)
from tests.conftest import Both


def menu(tab: Tab) -> Locator:
    return tab.page.get_by_role("menu")


def items(tab: Tab) -> Locator:
    return menu(tab).get_by_role("menuitem")


def test_a_nick_in_the_conversation_is_mentioned(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    alex.type("hello\n")
    nick = ann.log("said").locator(".nick")
    nick.click()
    expect(menu(ann)).to_have_attribute("aria-label", "Alex")
    expect(items(ann)).to_have_text(["Mention", "Ignore"])
    items(ann).first.click()
    expect(ann.page.locator("#message")).to_have_value("Alex: ")
    expect(ann.page.locator("#message")).to_be_focused()
    ann.page.keyboard.type("hi, ask")
    nick.click()
    items(ann).first.click()
    expect(ann.page.locator("#message")).to_have_value("Alex: hi, ask Alex ")
    ann.page.keyboard.press("Enter")
    assert alex.read_until("Alex\n").endswith("[Ann] Alex: hi, ask Alex\n")
    expect(menu(ann)).to_be_hidden()


def test_somebody_is_ignored_and_heard_again(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Big Ben")
    ann = open_tab(gateway)
    ann.join("Ann")
    alex.type("first\n")
    ann.hears("Big Ben", "first")
    person = ann.page.locator("#people button", has_text="Big Ben")
    person.click()
    expect(person).to_have_attribute("aria-expanded", "true")
    items(ann).get_by_text("Ignore").click()
    expect(ann.log("said")).to_be_hidden()
    expect(person).to_have_text("Big Ben (ignored)")
    expect(person).to_be_focused()
    alex.type("second\n")
    ann.say("mine")
    ann.hears("Ann", "mine")
    expect(ann.log("said").filter(has_text="second")).to_be_hidden()
    person.click()
    items(ann).get_by_text("Stop ignoring").click()
    ann.hears("Big Ben", "second")
    expect(ann.log("said").filter(has_text="second")).to_be_visible()
    expect(person).to_have_text("Big Ben")
    expect(person).to_have_attribute("aria-expanded", "false")


def test_the_keyboard_reaches_the_menu(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    person = ann.page.locator("#people button", has_text="Alex")
    person.press("Enter")
    expect(items(ann).first).to_be_focused()
    for key, index in (("ArrowDown", 1), ("ArrowDown", 0), ("ArrowUp", 1), ("Home", 0), ("End", 1)):
        ann.page.keyboard.press(key)
        expect(items(ann).nth(index)).to_be_focused()
    ann.page.keyboard.press("Escape")
    expect(menu(ann)).to_be_hidden()
    expect(person).to_be_focused()
    ann.page.keyboard.press("Space")
    expect(items(ann).first).to_be_focused()
    ann.page.keyboard.press("Tab")
    expect(menu(ann)).to_be_hidden()
    expect(ann.page.locator("#people button", has_text="Ann")).to_be_focused()
    ann.page.keyboard.press("Enter")
    expect(items(ann)).to_have_text(["Change nick"])
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#new-nick")).to_be_focused()
    ann.page.fill("#new-nick", "Anna")
    ann.page.keyboard.press("Enter")
    expect(ann.people()).to_have_text(["Alex", "Anna"])


def test_the_menu_closes_when_one_presses_elsewhere(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    alex.type("hello\n")
    ann.log("said").locator(".nick").click()
    expect(menu(ann)).to_be_visible()
    ann.log("said").locator(".text").click()
    expect(menu(ann)).to_be_hidden()


def test_the_menu_stays_on_a_narrow_page(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alexandra the very long known")
    ann = open_tab(gateway, viewport={"width": 320, "height": 480})
    ann.join("Ann")
    alex.type("one\ntwo\nthree\n" * 20)
    ann.log("said").nth(59).scroll_into_view_if_needed()
    ann.page.click("#people-toggle")
    ann.page.locator("#people button").last.click()
    box = menu(ann).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    assert box["y"] + box["height"] <= 480


def test_a_nick_in_a_fold_opens_the_fold(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    for nick in ("Bob", "Eve", "Dan"):
        start_nc(core, nick)
    summary = ann.page.locator("#log summary")
    summary.locator(".nick", has_text="Bob").click()
    expect(menu(ann)).to_be_hidden()
    expect(ann.log("joined").first).to_be_visible()
    ann.log("joined").locator(".nick", has_text="Dan").click()
    expect(menu(ann)).to_have_attribute("aria-label", "Dan")
