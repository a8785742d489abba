"""The focus is neither stolen nor lost, and what is open closes when one goes elsewhere."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser_tools import (  # noqa: F401
    IN_A_WHILE,
    NO_WORKER,
    LayWire,
    OpenTab,
    Served,
    StartNc,
    Tab,
    Wire,
    chromium_fixture,
    open_tab_fixture,
    start_nc_fixture,
    wire_fixture,
)
from tests.conftest import Both


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.localName"))


def test_buttons_that_go_hand_the_focus_on(start_both: Both, open_tab: OpenTab, wire: LayWire) -> None:
    _, gateway = start_both()
    net = wire(gateway)
    ann = open_tab(net, script=IN_A_WHILE)
    ann.join("Ann")
    ann.say("/dance")
    ann.page.fill("#message", "half a thought")
    for name in ("Try again", "Discard"):
        ann.pending().get_by_role("button", name=name).press("Enter")
        expect(ann.page.locator("#scroller")).to_be_focused()
        ann.page.keyboard.press("Enter")  # somebody in a hurry
    expect(ann.pending()).to_have_count(0)
    net.cut()
    ann.is_in("reconnecting")
    net.mend()
    ann.page.press("#reconnect-now", "Enter")
    ann.is_in("connected")
    expect(ann.page.locator("#scroller")).to_be_focused()
    ann.page.click("#leave")
    ann.is_in("ended")
    ann.page.press("#join-again", "Enter")
    ann.is_in("connected")
    expect(ann.page.locator("#scroller")).to_be_focused()
    ann.say(f"{ann.page.input_value('#message')}, whole")
    ann.hears("Ann", "half a thought, whole")
    assert ann.texts() == ["half a thought, whole"]


def test_a_refusal_is_announced(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.say("/dance")
    note = ann.pending().get_by_role("status")
    expect(note).to_contain_text("Not sent: There is no command /dance")


def test_what_a_broken_connection_held_back_is_announced(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: LayWire
) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net, script=IN_A_WHILE)
    spoken = ann.page.locator("#spoken")
    alex.type("before\n")
    ann.join("Ann")
    ann.hears("Alex", "before")
    expect(ann.page.locator("#log")).to_have_attribute("aria-live", "polite")
    expect(spoken).to_be_empty()
    net.cut()
    ann.is_in("reconnecting")
    alex.type("one\ntwo\n")
    alex.read_until("two\n")
    ann.say("mine")
    net.mend()
    ann.page.click("#reconnect-now")
    ann.hears("Ann", "mine")
    expect(spoken).to_have_text("2 new messages")


def test_a_message_that_comes_before_readers_listen_again_is_counted(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: LayWire
) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net, script=IN_A_WHILE)
    ann.join("Ann")
    log = ann.page.locator("#log")
    expect(log).to_have_attribute("aria-live", "polite")
    ann.page.evaluate("""() => {
        window.silent = 0;
        new MutationObserver((changes) => {
            for (const { addedNodes } of changes) for (const node of addedNodes) {
                const lines = node.matches(".said") ? 1 : node.querySelectorAll(".said").length;
                if (document.getElementById("log").getAttribute("aria-live") !== "polite") silent += lines;
            }
        }).observe(document.getElementById("log"), { childList: true, subtree: true });
    }""")
    net.cut()
    ann.is_in("reconnecting")
    alex.type("one\n")
    alex.read_until("one\n")
    net.mend()
    ann.page.click("#reconnect-now")
    ann.hears("Alex", "one")
    alex.type("two\n")
    ann.hears("Alex", "two")
    expect(log).to_have_attribute("aria-live", "polite")
    silent = ann.page.evaluate("silent")
    assert silent in (1, 2)
    expect(ann.page.locator("#spoken")).to_have_text(f"{silent} new message{'s' * (silent > 1)}")


def test_a_nick_that_is_typed_before_the_page_is_ready_stays(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway, script=NO_WORKER)
    ann.page.evaluate("localStorage.setItem('parley.nick', JSON.stringify('Kept'))")

    def late(route: object) -> None:
        ann.page.fill("#nick", "Typed")
        route.continue_()  # type: ignore[attr-defined]

    ann.page.route("**/app.js", late)
    ann.page.goto(f"{ann.origin}?nick=Linked")
    expect(ann.page.locator("#nick")).to_have_value("Typed")


def test_finding_takes_no_focus_from_who_writes(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    alex.type("the needle\n" + "hay\n" * 400 + "end\n")
    alex.read_until("end\n")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.page.click("#find")
    ann.page.keyboard.type("needle")
    expect(ann.page.locator("#find-earlier")).to_be_visible()
    ann.page.evaluate(
        "() => { document.getElementById('find-earlier').click(); document.getElementById('message').focus(); }"
    )
    expect(ann.page.locator("#find-status")).to_have_text("1 of 1")
    assert focused(ann.page) == "message"


def test_a_search_without_a_connection_ends(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    alex.type("hay\n" * 400 + "end\n")
    alex.read_until("end\n")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.hears("Alex", "end")
    ann.page.click("#leave")
    ann.is_in("ended")
    ann.page.click("#find")
    ann.page.keyboard.type("needle")
    ann.page.keyboard.press("Enter")
    expect(ann.page.locator("#find-status")).to_have_text("Nothing found in what is shown")
    expect(ann.page.locator("#find-earlier")).to_have_attribute("aria-disabled", "false")


def test_what_was_found_may_go(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex, bob = start_nc(core, "Alex"), start_nc(core, "Bob")
    ann = open_tab(gateway)
    ann.join("Ann")
    alex.type("needle 1\n")
    ann.hears("Alex", "needle 1")
    bob.type("needle 2\n")
    ann.hears("Bob", "needle 2")
    ann.page.click("#find")
    ann.page.keyboard.type("needle")
    expect(ann.page.locator("#find-status")).to_have_text("1 of 2")
    ann.page.fill("#message", "/ignore Bob")
    ann.page.press("#message", "Enter")
    expect(ann.page.locator("#find-status")).to_have_text("1 of 1")
    expect(ann.page.locator(".found .text")).to_have_text("needle 1")


def people(page: Page) -> None:
    page.click("#people-toggle")
    expect(page.locator("#people-panel")).to_be_visible()


def test_the_list_of_people_on_a_small_screen(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway, viewport={"width": 320, "height": 568})
    ann.join("Ann")
    page, panel = ann.page, ann.page.locator("#people-panel")
    people(page)
    page.click("#people button:has-text('Alex')")
    expect(panel).to_be_visible()
    page.get_by_role("menuitem", name="Mention").click()
    expect(panel).to_be_hidden()
    page.keyboard.type("hello")
    page.click("#send")
    ann.hears("Ann", "Alex: hello")
    people(page)
    page.mouse.click(10, 300)
    expect(panel).to_be_hidden()
    people(page)
    alex.type("/quit\n")
    expect(page.locator("#people button")).to_have_count(1)
    expect(panel).to_be_visible()
    expect(page.locator("#people button")).to_be_focused()
    alex = start_nc(core, "Alex")
    expect(page.locator("#people button")).to_have_count(2)
    page.focus("#people-toggle")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#people button").first).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#people button").last).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # to change one's own nick
    expect(page.locator("#new-nick")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#people button").last).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("#people-toggle")).to_be_focused()
    expect(page.locator("#people-toggle")).to_have_attribute("aria-expanded", "false")


def test_somebody_goes_whose_button_has_the_focus(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    for menu in (False, True):
        alex = start_nc(core, "Alex")
        button = ann.page.locator("#people button", has_text="Alex")
        button.focus()
        if menu:
            button.press("Enter")
            expect(ann.page.locator("#nick-menu")).to_be_visible()
        alex.type("/quit\n")
        expect(button).to_have_count(0)
        if menu:
            ann.page.keyboard.press("Escape")
        expect(ann.page.locator("#scroller") if menu else ann.page.locator("#people button")).to_be_focused()


def test_one_who_is_renamed_stays_the_same_person(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex, _ = start_nc(core, "Alex"), start_nc(core, "Bob")
    ann = open_tab(gateway)
    ann.join("Ann")
    page, buttons = ann.page, ann.page.locator("#people button")
    buttons.filter(has_text="Alex").focus()
    alex.type("/nickname Zed\n")
    expect(ann.people()).to_have_text(["Ann", "Bob", "Zed"])
    expect(buttons.filter(has_text="Zed")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#nick-menu")).to_have_attribute("aria-label", "Zed")
    alex.type("/nickname Alex\n")
    expect(page.locator("#nick-menu")).to_be_hidden()
    expect(buttons.filter(has_text="Alex")).to_be_focused()
    page.click("#rename")
    page.fill("#new-nick", "Yana")
    page.keyboard.press("Enter")
    expect(ann.people()).to_have_text(["Alex", "Bob", "Yana"])
    page.click("#leave")
    ann.is_in("ended")
    page.click("#leave")
    expect(page.locator("#nick")).to_have_value("Yana")


def test_a_dialog_is_in_front(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.page.click("#settings")
    ann.page.keyboard.press("Control+Shift+F")
    expect(ann.page.locator("#finder")).to_be_hidden()
    ann.page.keyboard.press("Escape")
    ann.page.keyboard.press("Control+Shift+F")
    expect(ann.page.locator("#finder")).to_be_visible()


def test_who_is_taken_elsewhere_waits_for_no_nick(start_both: Both, open_tab: OpenTab) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.page.click("#rename")
    ann.page.fill("#new-nick", "Anna")
    core.process.kill()
    core.process.wait()
    ann.is_in("reconnecting")
    ann.page.click("#rename-save")
    expect(ann.page.locator("#rename-waiting")).to_be_visible()
    ann.page.evaluate("document.getElementById('leave').click()")
    expect(ann.page.locator("#rename-dialog")).to_be_hidden()
    expect(ann.page.locator("#nick")).to_be_visible()
