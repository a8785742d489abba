"""What a person chooses for their browser, and the code that a room sees: in a real Chromium."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
import zxingcpp
from playwright.sync_api import Page, expect

from tests.browser_tools import OpenTab, Tab, chromium_fixture, open_tab_fixture  # noqa: F401
from tests.conftest import Both, Program

LIGHT, DARK = "rgb(247, 244, 236)", "rgb(22, 24, 23)"
WHITE, BLACK = "rgb(255, 255, 255)", "rgb(0, 0, 0)"


@pytest.fixture(name="tab")
def tab_fixture(start_program: Callable[..., Program], open_tab: OpenTab) -> Callable[..., Tab]:
    """Open a page that has no core behind it; nothing here needs one."""
    gateway = start_program("web_gateway", "--port", "0", "--core-port", "1", "--text-port", "9997")

    def open_(**options: Any) -> Tab:
        return open_tab(gateway, **options)

    return open_


def choose(tab: Tab, theme: str) -> None:
    tab.page.click("#settings")
    tab.page.check(f'[name="theme"][value="{theme}"]')
    tab.page.click("#settings-close")


def has_paper(tab: Tab, colour: str) -> None:
    expect(tab.page.locator("body")).to_have_css("background-color", colour)


# ------------------------------------------------------------------- the dialog


def test_the_keyboard_is_enough(tab: Callable[..., Tab]) -> None:
    page = tab().page
    button, dialog = page.get_by_role("button", name="Settings"), page.get_by_role("dialog", name="Settings")
    button.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    expect(page.get_by_role("radio", name="As on this device")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Light")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="Play a sound")).to_be_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    page.reload()
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("radio", name="Light")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Play a sound")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Show a notification")).not_to_be_checked()
    page.click("#settings-close")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


# ------------------------------------------------------------------- themes


def test_the_system_chooses_until_the_person_does(tab: Callable[..., Tab]) -> None:
    ann = tab()
    colour = ann.page.locator('meta[name="theme-color"]')
    has_paper(ann, LIGHT)
    expect(colour).to_have_attribute("content", "#f7f4ec")
    ann.page.emulate_media(color_scheme="dark")
    has_paper(ann, DARK)
    expect(colour).to_have_attribute("content", "#161817")
    ann.page.emulate_media(color_scheme="dark", contrast="more")
    has_paper(ann, BLACK)
    expect(colour).to_have_attribute("content", "#000000")
    choose(ann, "light")
    has_paper(ann, WHITE)  # whoever needs contrast keeps it
    ann.page.emulate_media(color_scheme="dark", contrast="no-preference")
    has_paper(ann, LIGHT)
    choose(ann, "contrast")
    has_paper(ann, BLACK)
    ann.page.emulate_media(color_scheme="light")
    has_paper(ann, WHITE)
    choose(ann, "dark")
    has_paper(ann, DARK)
    assert ann.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    choose(ann, "system")
    has_paper(ann, LIGHT)
    assert ann.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"


def test_the_theme_is_there_before_anything_is_painted(tab: Callable[..., Tab]) -> None:
    ann = tab()
    choose(ann, "dark")
    ann.page.context.route("**/app.js", lambda route: route.abort())
    ann.page.reload()
    has_paper(ann, DARK)
    ann.page.context.unroute_all()
    ann.complaints.clear()
    head = ann.page.content().partition("</head>")[0]
    assert head.index('rel="stylesheet"') < head.index('<script src="theme.js"></script>')  # and this one waits


def test_another_tab_follows(tab: Callable[..., Tab]) -> None:
    ann = tab()
    other = Tab(ann.page.context.new_page(), ann.origin, ann.complaints)
    other.open()
    choose(ann, "dark")
    has_paper(other, DARK)


FORBIDDEN = (
    """Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } });"""
)


def test_without_storage_a_choice_lasts_as_long_as_the_page(tab: Callable[..., Tab]) -> None:
    ann = tab(script=FORBIDDEN)
    choose(ann, "dark")
    has_paper(ann, DARK)
    ann.page.click("#settings")
    expect(ann.page.get_by_role("radio", name="Dark")).to_be_checked()


def test_forced_colours_win(tab: Callable[..., Tab]) -> None:
    ann = tab(forced_colors="active", color_scheme="dark")
    choose(ann, "light")
    assert ann.page.evaluate("getComputedStyle(document.body).backgroundColor") == BLACK


# ------------------------------------------------------------------- permission

NOTIFICATION = """
window.asked = 0;
window.Notification = class {
  static permission = "STANDING";
  static async requestPermission() {
    window.asked += 1;
    return this.permission = "ANSWER";
  }
};
"""


def asks(answer: str, standing: str = "default") -> str:
    return NOTIFICATION.replace("ANSWER", answer).replace("STANDING", standing)


def test_the_browser_is_asked_by_a_click_only(tab: Callable[..., Tab]) -> None:
    ann = tab(script=asks("granted"))
    box, hint = ann.page.get_by_role("checkbox", name="Show a notification"), ann.page.locator("#notify-hint")
    ann.page.click("#settings")
    expect(box).not_to_be_checked()
    assert ann.page.evaluate("asked") == 0
    box.click()
    expect(box).to_be_checked()
    expect(hint).to_have_text("")
    assert ann.page.evaluate("asked") == 1
    ann.page.reload()
    ann.page.evaluate("Notification.permission = 'granted'")  # as a browser remembers it
    ann.page.click("#settings")
    expect(box).to_be_checked()
    box.click()
    expect(box).not_to_be_checked()
    assert ann.page.evaluate("[asked, localStorage.getItem('parley.notify')]") == [0, "false"]
    box.click()
    expect(box).to_be_checked()
    assert ann.page.evaluate("asked") == 0


def test_a_permission_that_was_taken_back(tab: Callable[..., Tab]) -> None:
    ann = tab(script="localStorage.setItem('parley.notify', 'true');" + asks("denied", "denied"))
    ann.page.click("#settings")
    expect(ann.page.locator("#notify")).not_to_be_checked()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (asks("denied"), "The browser does not allow it; its settings may."),
        (asks("default"), "The browser does not allow it; its settings may."),
        ("delete window.Notification;", "This browser can’t do it on this page; with https it may."),
    ],
    ids=["denied", "dismissed", "missing"],
)
def test_what_can_not_be_is_said_and_switched_back(script: str, why: str, tab: Callable[..., Tab]) -> None:
    ann = tab(script=script)
    ann.page.click("#settings")
    ann.page.locator("#notify").click()
    expect(ann.page.get_by_role("status").filter(has_text=why)).to_be_visible()
    expect(ann.page.locator("#notify")).not_to_be_checked()
    assert ann.page.evaluate("localStorage.getItem('parley.notify')") == "false"


SOUND = """
window.notes = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) {
  window.notes.push(this.frequency.value);
  return start.call(this, when);
};
"""


def test_the_sound_can_be_heard_as_it_is_chosen(tab: Callable[..., Tab]) -> None:
    ann = tab(script=SOUND)
    ann.page.click("#settings")
    box = ann.page.get_by_role("checkbox", name="Play a sound")
    expect(box).not_to_be_checked()
    box.click()
    assert ann.page.evaluate("notes") == [659, 880]
    box.click()
    assert ann.page.evaluate("notes.length") == 2


# ------------------------------------------------------------------- the code

PIXELS = """async (png) => {
  const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  let text = "";
  for (let n = 0; n < data.length; n += 4) text += String.fromCharCode((data[n] + data[n + 1] + data[n + 2]) / 3);
  return [image.width, image.height, btoa(text)];
}"""


def read_codes(page: Page) -> list[str]:
    """Return what a telephone reads off the screen."""
    shot = base64.b64encode(page.screenshot()).decode()
    blank = page.context.new_page()
    width, height, grey = blank.evaluate(PIXELS, shot)
    blank.close()
    image = memoryview(base64.b64decode(grey)).cast("B", (height, width))
    return [code.text for code in zxingcpp.read_barcodes(image, try_invert=False)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"color_scheme": "dark"},
        {"color_scheme": "dark", "forced_colors": "active"},
        {"viewport": {"width": 320, "height": 640}},
        {"viewport": {"width": 640, "height": 360}},  # as a page of 1280 x 720 at 200 %
    ],
    ids=["light", "dark", "forced", "narrow", "zoomed"],
)
def test_the_code_can_be_read_off_the_screen(options: dict[str, Any], tab: Callable[..., Tab]) -> None:
    ann = tab(**options)
    ann.page.goto(f"{ann.origin}?nick=Ann#secret")
    button = ann.page.get_by_role("button", name="Show to the room")
    expect(button).to_have_count(1)
    button.click()
    assert read_codes(ann.page) == [ann.origin]
    image = ann.page.get_by_role("img", name=f"QR code of the address {ann.origin}")
    expect(image).to_be_in_viewport(ratio=1)
    expect(image).to_have_css("background-color", WHITE)
    expect(image.locator("path")).to_have_css("fill", BLACK)
    expect(ann.page.locator("#invite-address")).to_have_text(ann.origin)
    expect(ann.page.locator("#invite-command")).to_have_text("nc 127.0.0.1 9997")
    expect(ann.page.locator("#invite-local")).to_be_visible()  # nobody else can reach 127.0.0.1
    assert ann.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ann.page.keyboard.press("Escape")
    expect(image).to_be_hidden()
    expect(button).to_be_focused()


def test_the_code_in_the_room(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    expect(ann.page.locator("#invite")).to_be_hidden()
    ann.join("Ann")
    ann.page.get_by_role("button", name="Show to the room").click()
    assert read_codes(ann.page) == [ann.origin]
    ann.page.click("#invite-close")
    ann.page.click("#leave")
    ann.is_in("ended")


def test_the_address_fills_the_nick_in(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    ann.page.goto(f"{ann.origin}?nick=%D0%90%D0%BD%D1%8F%20%3Cb%3E")
    expect(ann.page.locator("#nick")).to_have_value("Аня <b>")
    ann.page.goto(f"{ann.origin}?nick=Ann")
    ann.page.press("#nick", "Enter")
    ann.is_in("connected")
    expect(ann.people()).to_have_text(["Ann"])
