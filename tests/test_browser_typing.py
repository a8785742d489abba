"""Pastes, input methods and suggestions in the midst of writing."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser_tools import (  # noqa: F401
    OpenTab,
    StartNc,
    chromium_fixture,
    open_tab_fixture,
    start_nc_fixture,
)
from tests.conftest import Both


def test_a_question_about_a_paste_waits_for_an_answer(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway, permissions=["clipboard-read", "clipboard-write"])
    ann.join("Ann")
    page = ann.page
    for text, answer in (("1\n2\n3\n4", "Escape"), ("```\na\nb\n```", "#paste-plain")):
        page.evaluate("text => navigator.clipboard.writeText(text)", text)
        page.focus("#message")
        page.keyboard.press("Control+v")
        expect(page.locator("#paste-code")).to_be_visible(visible="```" not in text)
        page.click("#message")
        page.keyboard.type("x")
        expect(page.locator("#paste")).to_be_visible()
        if answer == "Escape":
            page.keyboard.press(answer)
            expect(page.locator("#message")).to_have_value("x")
        else:
            page.click(answer)
            expect(page.locator("#message")).to_have_value(f"xx{text}")
        expect(page.locator("#paste")).to_be_hidden()


def test_thousands_of_lines_go_in_at_once(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway, permissions=["clipboard-read", "clipboard-write"])
    ann.join("Ann")
    text = "\n".join(map(str, range(5000)))
    ann.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    ann.page.focus("#message")
    ann.page.keyboard.press("Control+v")
    ann.page.click("#paste-plain")
    expect(ann.page.locator("#message")).to_have_value(text)
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#message-error")).to_have_text(  # and nothing is lost
        "19,889 characters too long; nothing was sent"
    )
    expect(ann.page.locator("#message")).to_have_value(text)


def test_an_input_method_is_left_alone(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    keyboard = ann.page.context.new_cdp_session(ann.page)
    ann.page.focus("#message")
    keyboard.send("Input.imeSetComposition", {"text": ":fire:", "selectionStart": 6, "selectionEnd": 6})
    expect(ann.page.locator("#message")).to_have_value(":fire:")
    keyboard.send("Input.insertText", {"text": ":fire:"})
    expect(ann.page.locator("#message")).to_have_value("🔥")
    ann.page.fill("#message", "")
    ann.page.keyboard.type("/")
    keyboard.send("Input.imeSetComposition", {"text": "he", "selectionStart": 2, "selectionEnd": 2})
    option = ann.page.get_by_role("option")
    expect(option).to_have_count(1)
    option.click()
    expect(ann.page.locator("#message")).to_have_value("/help ")


def test_suggestions_are_for_the_place_where_one_writes(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    page, suggestions = ann.page, ann.page.locator("#suggestions")
    for leave in ("Home", "a click"):
        page.fill("#message", "")
        page.locator("#message").press_sequentially("thanks @al")
        expect(suggestions).to_be_visible()
        if leave == "Home":
            page.keyboard.press("Home")
        else:
            page.click("#message", position={"x": 8, "y": 8})
        expect(suggestions).to_be_hidden()
    page.fill("#message", "ask  now")
    page.eval_on_selector("#message", "(each) => each.setSelectionRange(4, 4)")
    page.keyboard.type("al")
    page.keyboard.press("Tab")
    expect(page.locator("#message")).to_have_value("ask Alex now")  # one blank is enough
