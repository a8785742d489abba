"""The page for everybody: axe finds nothing in any state, all of it works by keyboard, and nothing moves or steals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser_tools import AT_ONCE, chromium_fixture, open_tab_fixture  # noqa: F401
from tests.page_states import STATES, alone, to_the_beginning
from tests.stage import Stage, loop_fixture, say, stage_fixture  # noqa: F401

AXE = Path(__file__).parent.parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async (rules) => {
  const { passes, violations } = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
  if (passes.length < 10) throw new Error("axe has hardly looked");
  return violations.map(({ id, nodes }) => [id, ...nodes.map((node) => `${node.html} ${node.failureSummary}`)]);
}"""
LIGHT: dict[str, Any] = {"color_scheme": "light", "contrast": "no-preference"}
DARK: dict[str, Any] = {"color_scheme": "dark", "contrast": "no-preference"}
CONTRAST: dict[str, Any] = {"color_scheme": "light", "contrast": "more"}
DARK_CONTRAST: dict[str, Any] = {"color_scheme": "dark", "contrast": "more"}
IN_CONTRAST = {"join-refused", "offline", "refused", "room", "settings"}
SIZES = [(320, 640), (640, 400), (768, 1024), (1920, 1080)]
"""Among them what is left of 1280 by 800 at a zoom of 200 %."""
RUNNING = "document.getAnimations().filter(({ playState }) => playState === 'running').length"
WATCHING = """
window.added = [];
window.focused = [];
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) {
    const lines = node.matches?.(".said") ? [node] : node.querySelectorAll?.("#log .said") ?? [];
    for (const line of lines) {
      if (!line.closest("#log")) continue;
      added.push([line.querySelector(".text").textContent, line.closest("[aria-live]").getAttribute("aria-live")]);
    }
  }
}).observe(document, { childList: true, subtree: true });
addEventListener("focusin", ({ target }) => focused.push(target.id));
"""


def look(page: Page, width: int, height: int, media: dict[str, Any]) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(**media)


def violations(page: Page) -> list[list[str]]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[list[str]] = page.evaluate(RUN, RULES)
    return found


def active(page: Page) -> str:
    """Return the id of what has the focus."""
    id: str = page.evaluate("document.activeElement.id")
    return id


def tab_to(page: Page, id: str, key: str = "Tab") -> None:
    """Go to an element as somebody does who has no mouse; its focus can be seen."""
    for _ in range(40):
        if active(page) == id:
            break
        page.keyboard.press(key)
    assert active(page) == id
    style = page.evaluate("[getComputedStyle(document.activeElement)].map((s) => [s.outlineStyle, s.outlineWidth])[0]")
    assert style[0] == "solid"
    assert float(style[1].removesuffix("px")) >= 2
    is_in_sight(page, f"#{id}")


def is_in_sight(page: Page, selector: str) -> None:
    box, size = page.locator(selector).bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    assert box["y"] >= 0
    assert box["y"] + min(box["height"], 32) <= size["height"]
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]


def has_no_sideways_scroll(page: Page) -> None:
    wide = page.evaluate("""() => [...document.querySelectorAll("html, body, main, #scroller, dialog[open]")]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map((e) => `${e.tagName}#${e.id} ${e.scrollWidth} > ${e.clientWidth}`)""")
    assert wide == []


# ------------------------------------------------------------------- each state


@pytest.mark.parametrize("name", STATES)
def test_state(name: str, stage: Stage) -> None:
    page = STATES[name](stage).page
    look(page, 1280, 800, LIGHT)
    assert violations(page) == []
    look(page, 320, 640, DARK)
    assert violations(page) == []
    if name in IN_CONTRAST:
        for media in (CONTRAST, DARK_CONTRAST):
            look(page, 768, 800, media)
            assert violations(page) == []
    for width, height in SIZES:
        look(page, width, height, LIGHT)
        has_no_sideways_scroll(page)


def test_axe_would_find_something(stage: Stage) -> None:
    page = STATES["join"](stage).page
    page.evaluate("document.querySelector('label').remove()")
    assert "label" in [id for id, *_ in violations(page)]


# ------------------------------------------------------------------- words, and what is announced


@pytest.mark.parametrize(("locale", "nick", "message"), [("en-GB", "Nick", "Message"), ("ru-RU", "Ник", "Сообщение")])
def test_the_fields_say_what_they_are_for(locale: str, nick: str, message: str, stage: Stage) -> None:
    stage.options["locale"] = locale
    stage.room()
    ann = stage.tab()
    ann.page.get_by_label(nick, exact=True).fill("Ann")
    ann.page.keyboard.press("Enter")
    ann.page.get_by_label(message, exact=True).fill("hello")
    ann.page.keyboard.press("Enter")
    ann.hears("Ann", "hello")


def test_only_what_is_new_is_announced(stage: Stage) -> None:
    stage.room()
    tom = stage.person("Tom")
    say(tom, *(f"old {n}" for n in range(150)))
    ann = stage.tab(WATCHING + AT_ONCE, stage.network)
    log = ann.page.locator("#log")
    expect(log).to_have_attribute("role", "log")
    ann.join("Ann")
    ann.hears("Tom", "old 149")
    expect(log).to_have_attribute("aria-live", "polite")
    say(tom, "new")
    ann.hears("Tom", "new")
    to_the_beginning(ann.page)
    expect(log).to_have_attribute("aria-live", "polite")
    stage.network.cut()
    ann.is_in("reconnecting")
    expect(log).to_have_attribute("aria-live", "off")
    say(tom, "missed")
    stage.network.mend()
    ann.is_in("connected")
    expect(log).to_have_attribute("aria-live", "polite")
    say(tom, "newer")
    expect(ann.log("said").last).to_contain_text("newer")
    added = ann.page.evaluate("added")
    assert {text for text, live in added if live != "off"} == {"new", "newer"}
    assert {text for text, live in added if live == "off"} == {*(f"old {n}" for n in range(150)), "missed"}


@pytest.mark.parametrize("where", ["message", "scroller", "settings", "find-text", "new-nick"])
def test_the_focus_stays_where_a_person_put_it(where: str, stage: Stage) -> None:
    ann = alone(stage, WATCHING + AT_ONCE, network=True)
    if where == "find-text":
        ann.page.click("#find")
    if where == "new-nick":
        ann.page.click("#rename")
    ann.page.focus(f"#{where}")
    ann.page.evaluate("focused.length = 0")
    tom = stage.person("Tom")
    say(tom, "one")
    ann.hears("Tom", "one")
    stage.network.cut()
    ann.is_in("reconnecting")
    say(tom, "two")
    stage.network.mend()
    ann.is_in("connected")
    ann.hears("Tom", "two")
    assert active(ann.page) == where
    assert ann.page.evaluate("focused") == []


# ------------------------------------------------------------------- without a mouse


def test_the_keyboard_is_enough(stage: Stage) -> None:
    stage.room()
    tom = stage.person("Tom")
    say(tom, *(f"message {n}" for n in range(90)))
    ann = stage.tab()
    page = ann.page
    tab_to(page, "nick")
    page.keyboard.type("Ann")
    page.keyboard.press("Enter")
    ann.is_in("connected")
    ann.hears("Tom", "message 89")
    assert active(page) == "message"
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    ann.hears("Ann", "hello")

    tab_to(page, "scroller", "Shift+Tab")
    page.keyboard.press("PageUp")
    expect(page.locator("#jump")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("#jump")).to_be_hidden()
    page.keyboard.press("PageUp")
    tab_to(page, "jump")
    page.keyboard.press("Enter")
    expect(page.locator("#jump")).to_be_hidden()

    for name in ("invite", "shortcuts", "settings", "rename"):
        tab_to(page, name, "Shift+Tab")
        page.keyboard.press("Enter")
        dialog = page.locator(f"#{name}-dialog")
        expect(dialog).to_be_visible()
        assert page.evaluate("document.activeElement.closest('dialog')?.id") == f"{name}-dialog"
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        assert active(page) == name
    tab_to(page, "find", "Shift+Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("message 3")
    expect(page.locator(".line.found")).to_have_count(1)
    page.keyboard.press("Escape")
    assert active(page) == "find"
    tab_to(page, "leave")
    page.keyboard.press("Enter")
    ann.is_in("ended")
    tab_to(page, "join-again", "Shift+Tab")
    page.keyboard.press("Enter")
    ann.is_in("connected")


@pytest.mark.parametrize("name", ["invite", "shortcuts", "settings", "rename"])
def test_a_dialog_on_a_small_screen(name: str, stage: Stage) -> None:
    page = alone(stage).page
    look(page, 320, 300, LIGHT)
    page.focus(f"#{name}")
    page.keyboard.press("Enter")
    dialog = page.locator(f"#{name}-dialog")
    is_in_sight(page, "dialog :focus")
    assert dialog.evaluate("(dialog) => dialog.scrollTop") == 0
    has_no_sideways_scroll(page)
    tab_to(page, {"rename": "rename-save"}.get(name, f"{name}-close"))
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()


# ------------------------------------------------------------------- movement, and what a keyboard on the screen leaves


def test_nothing_moves_where_nothing_is_to_move(stage: Stage) -> None:
    page = STATES["offline"](stage).page
    assert page.evaluate(RUNNING) == 1
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(RUNNING) == 0


@pytest.mark.parametrize("name", ["room", "room-long", "long-texts", "offline", "folded-open"])
def test_the_message_stays_in_sight_above_a_keyboard(name: str, stage: Stage) -> None:
    page = STATES[name](stage).page
    for width in (320, 390):
        look(page, width, 700, LIGHT)
        page.focus("#message")
        look(page, width, 300, LIGHT)
        is_in_sight(page, "#send")
        is_in_sight(page, "#message")
        page.wait_for_function("""() => {
          const { scrollHeight, scrollTop, clientHeight } = document.querySelector("#scroller");
          return scrollHeight - scrollTop - clientHeight < 2;
        }""")
