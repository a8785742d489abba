"""Writing on the page: what Enter does, what is completed, what can be had again, what is asked before it goes in."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser_tools import (  # noqa: F401
    OpenTab,
    StartNc,
    Tab,
    chromium_fixture,
    open_tab_fixture,
    paste,
    start_nc_fixture,
)
from tests.conftest import Both


@pytest.fixture(name="ann")
def ann_fixture(start_both: Both, open_tab: OpenTab) -> Tab:
    _, gateway = start_both()
    tab = open_tab(gateway, permissions=["clipboard-read", "clipboard-write"])
    tab.join("Ann")
    return tab


def options(tab: Tab) -> Locator:
    return tab.page.locator("#suggestions [role=option]")


def chosen(tab: Tab) -> Locator:
    return tab.page.locator("#suggestions [aria-selected=true]")


def written(tab: Tab, text: str) -> None:
    expect(tab.page.locator("#message")).to_have_value(text)


def write(tab: Tab, text: str) -> None:
    tab.page.fill("#message", "")
    tab.page.locator("#message").press_sequentially(text)


# ----------------------------------------------------------------------------------------------------------------- keys


def test_enter_sends_and_shift_enter_breaks_the_line(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    write(ann, "one")
    height = ann.page.eval_on_selector("#message", "e => e.offsetHeight")
    for line in ("two", "three", "four"):
        ann.page.press("#message", "Shift+Enter")
        ann.page.locator("#message").press_sequentially(line)
    assert ann.page.eval_on_selector("#message", "e => e.offsetHeight") > height + 40
    assert ann.page.eval_on_selector("#message", "e => e.scrollHeight - e.clientHeight") <= 0
    ann.page.press("#message", "Enter")
    assert alex.read_until("four\n").endswith("[Ann] one\n[Ann] two\n[Ann] three\n[Ann] four\n")
    written(ann, "")
    assert ann.page.eval_on_selector("#message", "e => e.offsetHeight") == height


def test_a_long_text_stays_within_the_page(ann: Tab) -> None:
    ann.page.fill("#message", "word\n" * 150)
    assert ann.page.eval_on_selector("#message", "e => e.offsetHeight <= innerHeight * .41")
    expect(ann.page.locator("#send")).to_be_in_viewport()


def test_what_is_too_long_is_counted_as_the_server_does(ann: Tab) -> None:
    left, error = ann.page.locator("#message-left"), ann.page.locator("#message-error")
    ann.page.fill("#message", "  " + "👋" * 3990 + "  \n ")
    expect(left).to_have_text("10 characters left")
    ann.page.fill("#message", "x" * 4001)
    ann.page.press("#message", "Enter")
    expect(error).to_have_text("1 character too long; nothing was sent")
    ann.page.fill("#message", "x\n" * 201 + "y")
    ann.page.press("#message", "Enter")
    expect(error).to_have_text("2 lines too many; nothing was sent")
    ann.page.fill("#message", "  " + "x" * 4000 + "  ")
    ann.page.press("#message", "Enter")
    ann.hears("Ann", "x" * 4000)
    expect(ann.pending()).to_have_count(0)


def test_a_draft_survives_a_reload_and_a_password_does_not(ann: Tab) -> None:
    ann.page.fill("#message", "half a\nthought")
    ann.page.reload()
    written(ann, "half a\nthought")
    ann.page.fill("#message", "/oper hunter2")
    ann.page.reload()
    ann.is_in("connected")
    written(ann, "")
    assert "hunter2" not in ann.page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")


def test_a_refused_message_can_be_tried_again_edited_or_discarded(ann: Tab) -> None:
    ann.say("/dance")
    refused = ann.pending()
    expect(refused).to_contain_text("There is no command /dance")
    refused.get_by_role("button", name="Try again").click()
    expect(refused).to_contain_text("There is no command /dance")
    refused.get_by_role("button", name="Edit").click()
    written(ann, "/dance")
    expect(refused).to_have_count(0)
    ann.page.press("#message", "Enter")
    refused.get_by_role("button", name="Discard").click()
    expect(refused).to_have_count(0)


# ----------------------------------------------------------------------------------------------------------- completion


def test_commands_are_offered_with_their_help(ann: Tab) -> None:
    """All that the server has, in its words."""
    write(ann, "/")
    expect(options(ann)).to_have_count(18)
    expect(options(ann).first).to_have_text("/nickname new_nick change your nick")
    expect(chosen(ann)).to_have_count(0)
    ann.page.keyboard.press("ArrowUp")
    expect(chosen(ann)).to_have_text("/clear nick [number] take somebody's last messages away for operators")
    expect(ann.page.locator("#message")).to_have_attribute("aria-activedescendant", "suggestion-17")
    expect(chosen(ann)).to_be_in_viewport(ratio=1)
    write(ann, "/hi")
    expect(options(ann)).to_have_text(["/history [number] the newest messages"])
    ann.page.keyboard.press("Tab")
    written(ann, "/history ")
    expect(ann.page.locator("#suggestions")).to_be_hidden()
    expect(ann.page.locator("#message")).to_be_focused()


def test_a_command_that_is_offered_is_sent_by_enter(ann: Tab) -> None:
    write(ann, "/who")
    expect(options(ann)).to_have_count(1)
    ann.page.keyboard.press("Enter")
    expect(ann.remark("notice")).to_contain_text("Here now: 1")
    written(ann, "")
    expect(ann.page.locator("#suggestions")).to_be_hidden()


def test_commands_are_offered_in_the_language_of_the_page(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway, locale="ru-RU")
    ann.join("Ann")
    write(ann, "/ni")
    expect(options(ann).first).to_contain_text("/nickname новый_ник")


def test_nicks_are_completed(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    for nick in ("Alex", "Alexandra", "Боб Иванов"):
        start_nc(core, nick)
    expect(ann.people()).to_have_count(4)
    write(ann, "бо")
    ann.page.keyboard.press("Tab")
    written(ann, "Боб Иванов: ")
    ann.page.keyboard.press("Tab")
    expect(ann.page.locator("#send")).to_be_focused()  # nothing to complete: no trap for the keyboard
    write(ann, "hello al")
    ann.page.keyboard.press("Tab")
    expect(options(ann)).to_have_text(["Alex", "Alexandra"])
    ann.page.keyboard.press("ArrowDown")
    ann.page.keyboard.press("Enter")
    written(ann, "hello Alexandra ")
    write(ann, "@a")
    expect(options(ann)).to_have_text(["Alex", "Alexandra"])
    ann.page.keyboard.press("Escape")
    expect(ann.page.locator("#suggestions")).to_be_hidden()
    written(ann, "@a")
    write(ann, "yes, @al")
    options(ann).last.click()
    written(ann, "yes, @Alexandra ")
    expect(ann.page.locator("#message")).to_be_focused()


def test_emoji_by_name(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    write(ann, "it works :tad")
    expect(options(ann).first).to_have_text("🎉 :tada:")
    ann.page.keyboard.press("Tab")
    written(ann, "it works 🎉 ")
    ann.page.keyboard.type(":rocket: `:fire:` at 10:30:00")
    written(ann, "it works 🎉 🚀 `:fire:` at 10:30:00")
    ann.page.keyboard.press("Enter")
    assert alex.read_until("10:30:00\n").endswith("[Ann] it works 🎉 🚀 `:fire:` at 10:30:00\n")


# -------------------------------------------------------------------------------------------------------- what was sent


def test_up_brings_back_what_was_sent(ann: Tab) -> None:
    for text in ("first", "second\nin two lines", "third"):
        ann.say(text)
    ann.hears("Ann", "third")
    ann.page.press("#message", "ArrowUp")
    written(ann, "third")
    ann.page.keyboard.press("ArrowUp")
    written(ann, "second\nin two lines")
    ann.page.keyboard.press("ArrowUp")  # within the text, to its first line
    written(ann, "second\nin two lines")
    ann.page.keyboard.press("ArrowUp")
    written(ann, "first")
    for text in ("second\nin two lines", "third", ""):
        ann.page.keyboard.press("ArrowDown")
        written(ann, text)
    ann.page.keyboard.type("a draft")
    ann.page.keyboard.press("ArrowUp")
    written(ann, "a draft")
    ann.page.reload()
    written(ann, "a draft")
    ann.page.fill("#message", "")
    ann.page.press("#message", "ArrowUp")
    written(ann, "third")
    ann.page.click("#leave")
    ann.is_in("ended")
    ann.page.click("#join-again")
    ann.is_in("connected")
    ann.page.fill("#message", "")
    ann.page.press("#message", "ArrowUp")
    written(ann, "")


# ---------------------------------------------------------------------------------------------------------------- paste

PROGRAM = "def f():\n    return 1\n\nprint(f())\n"


def test_few_lines_are_pasted_unasked(ann: Tab) -> None:
    paste(ann, "one\ntwo\nthree")
    written(ann, "one\ntwo\nthree")
    expect(ann.page.locator("#paste")).to_be_hidden()


def test_many_lines_are_asked_about(ann: Tab) -> None:
    page, question = ann.page, ann.page.locator("#paste")
    page.fill("#message", "see here: ")
    paste(ann, PROGRAM)
    expect(question).to_contain_text("Paste 4 lines?")
    written(ann, "see here: ")
    expect(page.locator("#paste-plain")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(page.locator("#message")).to_be_focused()
    written(ann, "see here: ")
    paste(ann, PROGRAM)
    page.keyboard.press("Enter")
    written(ann, "see here: " + PROGRAM.rstrip())
    page.keyboard.press("Control+z")
    written(ann, "see here: ")
    paste(ann, PROGRAM)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    written(ann, f"see here: \n```\n{PROGRAM}```\n")
    expect(page.locator("#message")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#log .said")).to_have_count(1)
    paste(ann, PROGRAM)
    page.click("#paste-cancel")
    written(ann, "")


def test_a_paste_takes_the_place_of_what_is_selected(ann: Tab) -> None:
    ann.page.fill("#message", "before OLD after")
    ann.page.eval_on_selector("#message", "e => e.setSelectionRange(7, 10)")
    paste(ann, "1\n2\n3\n4")
    ann.page.click("#paste-plain")
    written(ann, "before 1\n2\n3\n4 after")
