"""What becomes of what is not sent, and of what one knows, when one leaves."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser_tools import (  # noqa: F401
    IN_A_WHILE,
    LayWire,
    OpenTab,
    Served,
    StartNc,
    Wire,
    chromium_fixture,
    open_tab_fixture,
    paste,
    start_nc_fixture,
    wire_fixture,
)
from tests.conftest import Both


def test_what_was_not_sent_is_not_said_by_who_comes_next(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: LayWire
) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net)
    ann.join("Ann")
    alex.read_until("* Ann вошёл в чат *\n")
    net.cut()
    ann.is_in("reconnecting")
    ann.say("for later")
    ann.say("/who")
    ann.say("/quit")
    expect(ann.pending().locator(".text")).to_have_text(["for later", "/who", "/quit"])
    expect(ann.pending().locator(".note")).to_have_text(["not sent yet"] * 3)
    expect(ann.page.locator("#unsent")).to_have_text("3 messages not sent yet")
    ann.page.click("#leave")
    expect(ann.page.locator("#unsent")).to_be_hidden()
    net.mend()
    ann.page.fill("#nick", "Mallory")
    ann.page.click("#join")
    ann.is_in("connected")
    expect(ann.pending().locator(".text")).to_have_text(["for later"])
    expect(ann.pending().locator(".note")).to_have_text("Not sent: You left the room")
    expect(ann.pending().locator(".nick")).to_have_text("Mallory")
    ann.say("hello")
    heard = alex.read_until("[Mallory] hello\n")
    assert "for later" not in heard
    ann.pending().get_by_role("button", name="Try again").click()
    alex.read_until("[Mallory] for later\n")


def test_another_nick_says_nothing_unasked(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, wire: LayWire
) -> None:
    """The session has expired meanwhile, and somebody else has the nick."""
    core, gateway = start_both("--resume-grace-seconds", "0.3")
    alex = start_nc(core, "Alex")
    net = wire(gateway)
    ann = open_tab(net, script=IN_A_WHILE)
    ann.join("Ann")
    net.cut()
    ann.is_in("reconnecting")
    ann.say("a secret of Ann")
    ann.say("/oper open sesame")
    alex.read_until("* Ann вышел из чата *\n")
    start_nc(core, "Ann")
    net.mend()
    ann.page.click("#reconnect-now")
    ann.is_in("connected")
    expect(ann.page.locator("#own-nick")).not_to_have_text("Ann")
    nick = ann.page.locator("#own-nick").text_content()
    expect(ann.pending().locator(".note")).to_have_text(f"Not sent: Ann is now {nick}")
    expect(ann.pending().locator(".nick")).to_have_text(f"{nick}")
    expect(ann.remark("refused").locator(".text")).to_have_text(f"Not sent: Ann is now {nick}")
    ann.say("hello")
    assert "secret" not in alex.read_until(f"[{nick}] hello\n")


def test_what_the_server_told_one_is_not_for_the_next(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway, permissions=["clipboard-read", "clipboard-write"])
    ann.join("Ann")
    alex.type("ignored\n")
    ann.hears("Alex", "ignored")
    ann.say("/ignore Alex")
    expect(ann.log("said")).to_be_hidden()
    expect(ann.remark("notice").last).to_be_visible()
    ann.page.click("#find")
    ann.page.keyboard.type("ignored")
    ann.page.click("#leave")
    ann.is_in("ended")
    expect(ann.remark("notice").last).to_be_visible()  # one can still read it
    alex.type("meanwhile\n")
    paste(ann, "1\n2\n3\n4")
    expect(ann.page.locator("#paste")).to_be_visible()
    ann.page.click("#leave")
    ann.join("Mallory")
    ann.hears("Alex", "meanwhile")
    ann.hears("Alex", "ignored")
    expect(ann.log("said")).to_have_count(2)
    for line in ann.log("said").all():
        expect(line).to_be_visible()
    expect(ann.remark("notice")).to_have_count(0)
    expect(ann.page.locator("#paste")).to_be_hidden()
    expect(ann.page.locator("#finder")).to_be_hidden()
    ann.page.click("#find")
    expect(ann.page.locator("#find-text")).to_have_value("")
    assert ann.seqs() == list(range(1, 1 + len(ann.seqs())))
    expect(ann.people()).to_have_text(["Alex", "Mallory"])


def test_quit_behind_a_blank_is_obeyed_once(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    for command in (" /quit", "\u200b/quit"):
        ann.say(command)
        ann.is_in("ended")
        ann.page.click("#join-again")
        ann.is_in("connected")
        ann.say("here")
        ann.hears("Ann", "here")
        expect(ann.pending()).to_have_count(0)


def test_who_sits_down_next_has_to_know_the_password(start_both: Both, open_tab: OpenTab, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame")
    _, gateway = start_both("--password-file", tmp_path / "password")
    ann = open_tab(gateway)
    page, field = ann.page, ann.page.get_by_label("Password")
    page.fill("#nick", "Ann")
    page.press("#nick", "Enter")
    field.fill("open sesame")
    field.press("Enter")
    ann.is_in("connected")
    page.click("#leave")
    ann.is_in("ended")
    page.click("#leave")  # back to the entrance
    expect(field).to_have_value("")
    page.press("#nick", "Enter")
    ann.is_in("joining")
    expect(field).to_be_focused()
