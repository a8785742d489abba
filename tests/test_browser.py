"""The page in a real Chromium, with both programs running, beside a real nc."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser_tools import OpenTab, StartNc, chromium_fixture, open_tab_fixture, start_nc_fixture  # noqa: F401
from tests.conftest import Both, Program, TextClient

BACK_MS = 40_000  # the page waits a random while, longer each time, before it tries again


def test_two_pages_and_nc_talk(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann, bob = open_tab(gateway), open_tab(gateway)
    ann.is_in("joining")
    ann.join("Ann")
    bob.join("Bob")
    ann.say("Привет, терминал!")
    assert alex.read_until("терминал!\n") == "* Ann вошёл в чат *\n* Bob вошёл в чат *\n[Ann] Привет, терминал!\n"
    alex.type("Hello, browsers\n")
    bob.page.fill("#message", "one")
    bob.page.press("#message", "Shift+Enter")
    bob.page.type("#message", "two")
    bob.page.click("#send")
    assert alex.read_until("two\n") == "[Alex] Hello, browsers\n[Bob] one\n[Bob] two\n"
    for tab in (ann, bob):
        tab.hears("Ann", "Привет, терминал!")
        tab.hears("Alex", "Hello, browsers")
        tab.hears("Bob", "one\ntwo")
        assert tab.seqs() == list(range(1, 7))
        expect(tab.people()).to_have_text(["Alex", "Ann", "Bob"])
        expect(tab.page.locator("[data-pending]")).to_have_count(0)


def test_renaming(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.page.click("#rename")
    ann.page.fill("#new-nick", "Alex")
    ann.page.click("#rename-save")
    expect(ann.page.locator("#rename-error")).to_contain_text("Alex")
    ann.page.fill("#new-nick", "Anna")
    ann.page.click("#rename-save")
    expect(ann.page.locator("#rename-dialog")).not_to_be_visible()
    assert alex.read_until("Anna *\n").endswith("* Ann сменил ник на Anna *\n")
    expect(ann.people()).to_have_text(["Alex", "Anna"])
    ann.say("/nick Annika")
    assert alex.read_until("Annika *\n") == "* Anna сменил ник на Annika *\n"
    expect(ann.people()).to_have_text(["Alex", "Annika"])
    alex.type("/nickname Bob\n")
    expect(ann.people()).to_have_text(["Annika", "Bob"])
    expect(ann.log("renamed")).to_have_count(3)
    ann.say("me")
    ann.hears("Annika", "me")


def test_a_nick_that_can_not_be(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    ann.page.fill("#nick", "*")
    ann.page.click("#join")
    expect(ann.page.locator("#join-error")).to_contain_text("can't start with")
    ann.join("Ann")
    second = open_tab(gateway)
    second.join("Ann")
    expect(second.people()).to_have_text(["Ann", "Ann2"])


def test_a_reload_shows_everything_once_and_nobody_sees_it(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc
) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    for n in range(5):
        ann.say(f"message {n}")
    ann.hears("Ann", "message 4")
    ann.page.reload()
    ann.is_in("connected")
    ann.hears("Ann", "message 4")
    assert ann.texts() == [f"message {n}" for n in range(5)]
    assert ann.seqs() == list(range(1, 8))
    ann.say("after")
    assert "вышел" not in alex.read_until("after\n")
    ann.hears("Ann", "after")
    assert ann.seqs() == list(range(1, 9))


def test_what_was_said_is_there_after_both_programs_were_restarted(
    start_both: Both, start_program: Callable[..., Program], open_tab: OpenTab
) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.say("before")
    ann.hears("Ann", "before")
    gateway.stop()
    core.stop()
    ann.is_in("reconnecting")
    core, _ = start_both(port=core.ports[0], gateway_port=core.ports[1])
    start_program("web_gateway", "--port", str(gateway.ports[0]), "--core-port", str(core.ports[1]))
    ann.is_in("connected", BACK_MS)
    ann.say("after")
    ann.hears("Ann", "after")
    assert ann.texts() == ["before", "after"]
    assert ann.seqs() == list(range(1, max(ann.seqs()) + 1))
    ann.page.reload()
    ann.hears("Ann", "before")
    assert ann.texts() == ["before", "after"]
    stranger = open_tab(gateway)
    stranger.join("Stranger")
    stranger.hears("Ann", "before")


def test_nothing_typed_is_lost_while_the_core_is_gone(
    start_both: Both, start_program: Callable[..., Program], open_tab: OpenTab, tmp_path: Path
) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.say("with a connection")
    ann.hears("Ann", "with a connection")

    core.stop(signal.SIGKILL)
    ann.is_in("reconnecting")
    typed = [f"without a connection {n}" for n in range(4)]
    for text in typed:
        ann.say(text)
    pending = ann.page.locator("[data-pending] .text")
    expect(pending).to_have_text(typed)
    assert ann.texts() == ["with a connection"]

    settings = ("--data-dir", tmp_path / "data", "--rate-per-second", "0")
    ports = ("--port", str(core.ports[0]), "--gateway-port", str(core.ports[1]))
    core = start_program("tcp_core", *ports, *settings, announcements=2)
    ann.is_in("connected", BACK_MS)
    ann.hears("Ann", typed[-1])
    expect(ann.page.locator("[data-pending]")).to_have_count(0)
    assert ann.texts() == ["with a connection", *typed]
    assert ann.seqs() == list(range(1, max(ann.seqs()) + 1))
    bob = TextClient(("127.0.0.1", core.ports[0]))
    try:
        bob.send("Bob\n")
        history = bob.read_until("* Bob вошёл в чат *\n")
    finally:
        bob.close()
    assert re.findall(r"\[Ann\] (.*)", history) == ["with a connection", *typed]


def test_what_waits_survives_a_reload(
    start_both: Both, start_program: Callable[..., Program], open_tab: OpenTab, tmp_path: Path
) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    core.stop(signal.SIGKILL)
    ann.is_in("reconnecting")
    ann.say("typed before the reload")
    ann.page.fill("#message", "half a thou")
    ann.page.reload()
    expect(ann.page.locator("[data-pending] .text")).to_have_text(["typed before the reload"])
    expect(ann.page.locator("#message")).to_have_value("half a thou")
    ports = ("--port", str(core.ports[0]), "--gateway-port", str(core.ports[1]))
    start_program("tcp_core", *ports, "--data-dir", tmp_path / "data", announcements=2)
    ann.is_in("connected", BACK_MS)
    ann.hears("Ann", "typed before the reload")
    assert ann.texts() == ["typed before the reload"]


def test_closing_a_tab_closes_its_connection(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both("--resume-grace-seconds", "0")
    alex = start_nc(core, "Alex")
    ann, bob = open_tab(gateway), open_tab(gateway)
    ann.join("Ann")
    bob.join("Bob")
    ann.page.close()
    assert alex.read_until("вышел из чата *\n").endswith("* Bob вошёл в чат *\n* Ann вышел из чата *\n")
    expect(bob.people()).to_have_text(["Alex", "Bob"])
    bob.page.goto("about:blank")
    assert alex.read_until("вышел из чата *\n") == "* Bob вышел из чата *\n"


def test_leaving(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.page.click("#leave")
    assert alex.read_until("вышел из чата *\n") == "* Ann вошёл в чат *\n* Ann вышел из чата *\n"
    ann.is_in("ended")
    ann.page.click("#join-again")
    ann.is_in("connected")
    assert alex.read_until("\n") == "* Ann вошёл в чат *\n"
    ann.say("/quit")
    ann.is_in("ended")
    assert alex.read_until("\n") == "* Ann вышел из чата *\n"


def test_a_stopping_core_is_not_the_end(start_both: Both, open_tab: OpenTab) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    assert core.stop() == 0
    ann.is_in("reconnecting")
    start_both(port=core.ports[0], gateway_port=core.ports[1])
    ann.is_in("connected", BACK_MS)
    assert ann.seqs() == list(range(1, max(ann.seqs()) + 1))


@pytest.mark.parametrize(
    ("locale", "lang", "join", "state"),
    [
        ("ru-RU", "ru", "Войти", "Вы не в комнате"),
        ("en-US", "en", "Join", "Not joined"),
        ("de-DE", "en", "Join", "Not joined"),
    ],
)
def test_the_page_speaks_the_language_of_the_browser(
    start_both: Both, open_tab: OpenTab, locale: str, lang: str, join: str, state: str
) -> None:
    _, gateway = start_both()
    tab = open_tab(gateway, locale=locale)
    expect(tab.page.locator("html")).to_have_attribute("lang", lang)
    expect(tab.page.locator("#join")).to_have_text(join)
    expect(tab.page.locator("#state")).to_have_text(state)
    tab.join("Ann")
    tab.say("/nickname")
    expected = {"ru": "Использование: /nickname новый_ник", "en": "Usage: /nickname new_nick"}
    expect(tab.page.get_by_text(expected[lang])).to_be_visible()


def test_the_command_for_a_terminal(start_both: Both, open_tab: OpenTab) -> None:
    core, gateway = start_both()
    tab = open_tab(gateway, permissions=["clipboard-read", "clipboard-write"])
    command = f"nc 127.0.0.1 {core.ports[0]}"
    expect(tab.page.locator("#nc-command")).to_have_text(command)
    tab.page.click("#copy-nc")
    expect(tab.page.locator("#copy-feedback")).not_to_be_empty()
    assert tab.page.evaluate("navigator.clipboard.readText()") == command


def test_what_people_write_is_text(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    html = "<img src=x onerror=alert(1)><script>alert(2)</script> &amp; <b>bold</b>"
    alex = start_nc(core, "<i>Alex")
    alex.type(f"{html}\n")
    ann.hears("<i>Alex", html)
    expect(ann.people()).to_have_text(["<i>Alex", "Ann"])
    assert ann.page.locator("#log img, #log script, #log b, #people i").count() == 0


def test_a_message_that_is_refused_stays_and_says_why(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.say("/dance")
    refused = ann.page.locator("[data-pending]")
    expect(refused).to_contain_text("/dance")
    expect(refused).to_contain_text("There is no command /dance")
    ann.say("hello")
    ann.hears("Ann", "hello")
    assert ann.texts() == ["hello"]
