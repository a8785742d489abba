"""The dialog with the keyboard shortcuts, and the keys that belong to it, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser_tools import Tab, chromium_fixture, open_tab_fixture  # noqa: F401
from tests.page_states import STATES, alone
from tests.stage import Stage, loop_fixture, stage_fixture  # noqa: F401


def opens(page: Page) -> bool:
    """Return whether `?` opens the dialog, and close it."""
    page.keyboard.press("?")
    there = page.get_by_role("dialog", name="Keyboard shortcuts").is_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts-dialog")).to_be_hidden()
    return there


def test_the_list(stage: Stage) -> None:
    stage.room()
    page = stage.tab().page
    page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog.get_by_role("heading")).to_be_focused()
    keys = dialog.locator("dt").evaluate_all("(all) => all.map((dt) => [...dt.children].map((key) => key.textContent))")
    assert [" ".join(each) for each in keys] == [
        "Enter", "Shift Enter", "↑", "Tab", "Esc", "End", "Ctrl Shift F", "?",
    ]  # fmt: skip
    assert all(dialog.locator("dd").all_text_contents())
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_focused()


def test_a_question_mark_opens_it_where_nothing_is_written(stage: Stage) -> None:
    ann = alone(stage)
    page = ann.page
    page.keyboard.press("?")
    expect(page.locator("#message")).to_have_value("?")
    expect(page.locator("#shortcuts-dialog")).to_be_hidden()
    for where in ("#scroller", "#settings"):
        page.focus(where)
        assert opens(page)
        expect(page.locator(where)).to_be_focused()
    page.focus("#scroller")
    page.keyboard.press("Control+?")
    expect(page.locator("#shortcuts-dialog")).to_be_hidden()
    page.click("#settings")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts-dialog")).to_be_hidden()


def test_the_single_key_can_be_switched_off_for_good(stage: Stage) -> None:
    page = alone(stage).page
    page.focus("#scroller")
    assert opens(page)
    page.click("#shortcuts")
    page.get_by_label("Open this list with the ? key").uncheck()
    page.keyboard.press("Escape")
    for _ in range(2):
        page.focus("#scroller")
        assert not opens(page)
        page.reload()
        expect(page.locator("#message")).to_be_visible()
    page.click("#shortcuts")
    expect(page.get_by_label("Open this list with the ? key")).not_to_be_checked()
    page.get_by_label("Open this list with the ? key").check()
    page.keyboard.press("Escape")
    page.focus("#scroller")
    assert opens(page)


@pytest.mark.parametrize(("where", "key"), [("#message", "Escape"), ("#scroller", "End")])
def test_the_way_to_the_newest(where: str, key: str, stage: Stage) -> None:
    page = STATES["scrolled-up"](stage).page
    page.focus(where)
    page.keyboard.press(key)
    expect(page.locator("#jump")).to_be_hidden()
    expect(page.locator(where)).to_be_focused()


def test_escape_that_closes_something_leads_nowhere(stage: Stage) -> None:
    page = STATES["scrolled-up"](stage).page
    page.focus("#message")
    for opening in ("#settings", "#find"):
        page.click(opening)
        page.keyboard.press("Escape")
    expect(page.locator("#finder")).to_be_hidden()
    expect(page.locator("#jump")).to_be_visible()


def test_nobody_without_keys_is_told_of_them(stage: Stage) -> None:
    stage.options.update(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 780})
    stage.room()
    page = stage.tab().page
    expect(page.locator("#settings")).to_be_visible()
    expect(page.locator("#shortcuts")).to_be_hidden()
