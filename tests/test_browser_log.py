"""The conversation on the page: what is folded, what is new, what can be found, and how much is shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser_tools import (  # noqa: F401
    ATTENTION,
    OpenTab,
    Served,
    StartNc,
    Tab,
    Wire,
    chromium_fixture,
    fill_log,
    look_away,
    look_back,
    open_tab_fixture,
    start_nc_fixture,
    wire_fixture,
)
from tests.conftest import Both, Program


def folds(tab: Tab) -> Locator:
    return tab.page.locator("#log details.fold")


def summaries(tab: Tab) -> Locator:
    return tab.page.locator("#log details.fold > summary")


def guests(core: Program, start_nc: StartNc, *nicks: str) -> None:
    for nick in nicks:
        start_nc(core, nick)


# ------------------------------------------------------------------------------------------------ comings and goings


def test_many_who_join_are_one_line_that_opens(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    guests(core, start_nc, "Bob", "Eve")
    expect(ann.log("joined")).to_have_count(3)
    expect(folds(ann)).to_have_count(0)
    guests(core, start_nc, "Dan")
    expect(summaries(ann)).to_have_text(["Ann, Bob and 2 more joined"])
    guests(core, start_nc, "Flo", "Gus", "Hal")
    expect(summaries(ann)).to_have_text(["Ann, Bob and 5 more joined"])
    expect(ann.log("joined").first).to_be_hidden()
    summaries(ann).press("Enter")
    expect(ann.log("joined").last).to_be_visible()
    expect(ann.log("joined").locator(".what")).to_have_text(
        [f"{nick} joined" for nick in ("Ann", "Bob", "Eve", "Dan", "Flo", "Gus", "Hal")]
    )
    guests(core, start_nc, "Ida")
    expect(summaries(ann)).to_have_text(["Ann, Bob and 6 more joined"])
    expect(ann.log("joined").last).to_be_in_viewport()  # opening it was no scrolling up


def test_a_fold_tells_who_is_here_and_who_is_not(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway, locale="ru-RU")
    ann.join("Ann")
    ann.say("one")
    bob, eve, dan = (start_nc(core, nick) for nick in ("Bob", "Eve", "Dan"))
    expect(ann.people()).to_have_count(4)
    for terminal, nick in ((bob, "Bob"), (eve, "Eve")):
        terminal.type("/quit\n")
        expect(ann.people().get_by_text(nick)).to_have_count(0)
    expect(summaries(ann)).to_have_text(["Dan теперь здесь · Bob и Eve больше не здесь"])
    dan.type("two\n")
    ann.hears("Dan", "two")
    start_nc(core, "Flo")
    expect(ann.log("joined").last).to_be_visible()  # a message stands between
    expect(folds(ann)).to_have_count(1)


def test_what_a_reader_announces_is_not_said_twice(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    guests(core, start_nc, "Bob", "Eve", "Dan")
    expect(folds(ann)).to_have_attribute("aria-live", "off")


def test_folds_that_a_page_of_history_tears_apart_are_one(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc
) -> None:
    """A first join replays the last hundred events; here the hundredth stands in the middle of many who came."""
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    alex.type("first\n")
    alex.read_until("first\n")
    guests(core, start_nc, *(f"G{n}" for n in range(20)))
    alex.type("".join(f"m{n}\n" for n in range(90)))
    alex.read_until("m89\n")
    ann = open_tab(gateway, viewport={"width": 1280, "height": 500})
    ann.join("Ann")
    ann.hears("Alex", "m89")
    expect(summaries(ann)).to_have_text(["G10, G11 and 8 more joined"])
    ann.page.click("#earlier")
    expect(summaries(ann)).to_have_text(["G0, G1 and 18 more joined"])
    assert ann.seqs() == list(range(1, 114))


# ------------------------------------------------------------------------------------------------- new since you left


def since(tab: Tab) -> Locator:
    return tab.page.locator("#log .since")


def below_mark(tab: Tab) -> str:
    return str(
        tab.page.evaluate("document.querySelector('.since').nextElementSibling.querySelector('.text').textContent")
    )


def test_what_came_while_one_was_away_is_marked(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway, script=ATTENTION)
    ann.join("Ann")
    alex.type("seen\n")
    ann.hears("Alex", "seen")
    expect(since(ann)).to_have_count(0)
    look_away(ann)
    alex.type("missed 1\nmissed 2\n")
    ann.hears("Alex", "missed 2")
    expect(since(ann)).to_have_text("New since you left")
    assert below_mark(ann) == "missed 1"
    look_back(ann)
    alex.type("live\n")
    ann.hears("Alex", "live")
    assert below_mark(ann) == "missed 1"  # it stays while one reads
    look_away(ann)
    expect(since(ann)).to_have_count(0)
    alex.type("missed 3\n")
    ann.hears("Alex", "missed 3")
    assert below_mark(ann) == "missed 3"


def test_nothing_is_marked_where_nobody_else_spoke(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway, script=ATTENTION)
    ann.join("Ann")
    ann.say("mine")
    ann.hears("Ann", "mine")
    look_away(ann)
    alex = start_nc(core, "Alex")
    expect(ann.log("joined")).to_have_count(2)
    look_back(ann)
    alex.type("while one looks\n")
    ann.hears("Alex", "while one looks")
    expect(since(ann)).to_have_count(0)


def test_a_broken_connection_marks_what_was_missed(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: Callable[[Served], Wire]
) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net, script="Math.random = () => 0;")
    ann.join("Ann")
    alex.type("seen\n")
    ann.hears("Alex", "seen")
    net.cut()
    ann.is_in("reconnecting")
    alex.type("missed\n")
    alex.read_until("missed\n")
    net.mend()
    ann.hears("Alex", "missed")
    assert below_mark(ann) == "missed"


def test_the_next_visit_begins_where_the_last_ended(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    alex.type("seen\n")
    ann.hears("Alex", "seen")
    ann.page.click("#leave")
    ann.is_in("ended")
    alex.type("missed\n")
    alex.read_until("missed\n")
    again = Tab(ann.page.context.new_page(), ann.origin)
    again.open()
    again.join("Ann")
    again.hears("Alex", "missed")
    assert below_mark(again) == "missed"
    assert again.complaints == []


# -------------------------------------------------------------------------------------------------------------- finding


def found(page: Page) -> str:
    return str(page.evaluate("document.querySelector('.found .text, .found .what')?.textContent ?? ''"))


def test_finding(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    alex.type("The Build is green\nsomething else\nПЕРЕСБОРКА build\n" + "filler\n" * 60 + "who broke the BUILD?\n")
    ann.hears("Alex", "who broke the BUILD?")
    page, status = ann.page, ann.page.locator("#find-status")
    page.press("#message", "Control+Shift+F")
    page.keyboard.type("build")
    expect(status).to_have_text("1 of 3")
    assert found(page) == "who broke the BUILD?"
    assert page.evaluate("CSS.highlights.get('found').size") == 3
    page.keyboard.press("Enter")
    expect(status).to_have_text("2 of 3")
    assert found(page) == "ПЕРЕСБОРКА build"
    expect(page.locator(".found")).to_be_in_viewport()
    page.click("#find-older")
    assert found(page) == "The Build is green"
    page.focus("#find-text")
    page.keyboard.press("Enter")  # round
    assert found(page) == "who broke the BUILD?"
    page.keyboard.press("Shift+Enter")
    assert found(page) == "The Build is green"
    page.fill("#find-text", "пересборка")
    expect(status).to_have_text("1 of 1")
    page.fill("#find-text", "nowhere")
    expect(status).to_have_text("Nothing found")
    assert found(page) == ""
    page.fill("#find-text", "alex")
    expect(status).to_have_text("1 of 65")
    alex.type("one more\n")
    expect(status).to_have_text("2 of 66")
    page.keyboard.press("Escape")
    expect(page.locator("#finder")).to_be_hidden()
    expect(page.locator("#message")).to_be_focused()
    assert page.evaluate("CSS.highlights.has('found')") is False
    assert found(page) == ""


def test_finding_opens_a_fold_and_leaves_out_what_is_hidden(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc
) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    alex = start_nc(core, "Alex")
    guests(core, start_nc, "Bob", "Evelyn", "Dan")
    alex.type("evelyn, hello\n")
    ann.hears("Alex", "evelyn, hello")
    ann.say("/ignore Alex")
    expect(ann.log("said").first).to_be_hidden()
    ann.page.click("#find")
    expect(ann.page.locator("#find-text")).to_be_focused()
    ann.page.keyboard.type("evelyn")
    expect(ann.page.locator("#find-status")).to_have_text("1 of 1")
    assert found(ann.page) == "Evelyn joined"
    expect(ann.page.locator(".found")).to_be_visible()
    ann.page.click("#find-close")
    expect(ann.page.locator("#find")).to_be_focused()


def test_finding_goes_on_in_earlier_messages(start_both: Both, open_tab: OpenTab, tmp_path: Path) -> None:
    fill_log(tmp_path / "data", 1500, int(time.time() * 1000))
    _, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.hears("Old", "old 1500")
    page, status = ann.page, ann.page.locator("#find-status")
    page.click("#find")
    page.keyboard.type("old 7")
    expect(status).to_have_text("Nothing found in what is shown")
    page.click("#find-earlier")
    expect(page.locator(".found .text")).to_have_text("old 799")
    expect(page.locator("#find-text")).to_be_focused()
    expect(page.locator(".found")).to_be_in_viewport()
    page.fill("#find-text", "old 1")
    for _ in range(3):
        page.keyboard.press("Enter")
    expect(page.locator(".found .text")).to_have_text("old 1497")
    page.fill("#find-text", "old 2")
    expect(status).to_have_text("Nothing found in what is shown")
    page.keyboard.press("Enter")
    expect(page.locator(".found .text")).to_have_text("old 299")
    page.fill("#find-text", "new")
    page.keyboard.press("Enter")
    expect(page.locator("#beginning")).to_be_visible()
    expect(page.locator("#find-earlier")).to_be_hidden()
    expect(status).to_have_text("Nothing found")
    assert ann.seqs()[0] == 1
