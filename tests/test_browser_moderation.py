"""Moderation and the password in a real Chromium behind a real gateway; the test itself is the core.

Nothing here depends on when a core decides what: each test says line by line what the browser is told.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser_tools import OpenTab, Tab, chromium_fixture, open_tab_fixture  # noqa: F401
from tests.conftest import Program

PASSWORD = "open sesame"


class Peer:
    """One connection of the gateway."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lines = sock.makefile("rb")
        assert self._lines.readline().startswith(b"PROXY ")

    def read(self) -> dict[str, Any]:
        """Return the next message that is no ping."""
        while True:
            message: dict[str, Any] = json.loads(self._lines.readline())
            if message["type"] != "ping":
                return message
            self.send({"type": "pong", "id": message["id"]})

    def send(self, *messages: dict[str, Any]) -> None:
        lines = [json.dumps(message, separators=(",", ":")) + "\n" for message in messages]
        self._sock.sendall("".join(lines).encode())

    def end(self, code: int, reason: str) -> None:
        """Say goodbye, and close only after the gateway has, lest a reset overtake what was said."""
        with suppress(ConnectionError):  # a page that was refused may have gone already
            self.send({"type": "bye", "code": code, "reason": reason})
            self._sock.shutdown(socket.SHUT_WR)
            self._lines.read()
        self.close()

    def close(self) -> None:
        self._lines.close()
        self._sock.close()


class Core:
    """The JSON door of a core that is played by hand."""

    def __init__(self, stack: ExitStack) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)
        self._stack = stack
        stack.callback(self._listener.close)
        self.port = self._listener.getsockname()[1]

    def accept(self) -> tuple[Peer, dict[str, Any]]:
        """Wait for a browser; return its connection and its `join`."""
        sock, _ = self._listener.accept()
        sock.settimeout(20)
        peer = Peer(sock)
        self._stack.callback(peer.close)
        return peer, peer.read()

    def has_nobody(self) -> bool:
        """Return whether no browser waits to be let in."""
        self._listener.setblocking(False)
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return True
        finally:
            self._listener.settimeout(20)
        return False


@pytest.fixture(name="core")
def core_fixture() -> Iterator[Core]:
    with ExitStack() as stack:
        yield Core(stack)


@pytest.fixture(name="gateway")
def gateway_fixture(core: Core, start_program: Callable[..., Program]) -> Program:
    return start_program("web_gateway", "--port", "0", "--core-port", str(core.port))


def welcome(live: int = 0, resumed: bool = False) -> dict[str, Any]:
    fields = {"nick": "Cy", "session": "token", "room": "main", "epoch": "e", "live": live, "resumed": resumed}
    return {"type": "welcome", **fields}


def members(*nicks: str) -> dict[str, Any]:
    return {"type": "members", "room": "main", "nicks": nicks, "more": False}


def event(seq: int, type: str, nick: str, **fields: Any) -> dict[str, Any]:
    return {"type": type, "room": "main", "seq": seq, "ts": 1_790_000_000_000 + seq * 1000, "nick": nick, **fields}


def said(seq: int, nick: str, text: str, **fields: Any) -> dict[str, Any]:
    return event(seq, "said", nick, text=text, **fields)


def cleared(seq: int, *seqs: int) -> dict[str, Any]:
    return event(seq, "cleared", "Bob", by="Ann", seqs=seqs)


def refused(code: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "refused", "code": code, "text": text, **fields}


def press_join(tab: Tab, nick: str = "Cy") -> None:
    tab.page.fill("#nick", nick)
    tab.page.click("#join")


def enter(tab: Tab, core: Core, *events: dict[str, Any], live: int = 0) -> Peer:
    press_join(tab)
    peer, _ = core.accept()
    peer.send(welcome(live), members("Ann", "Bob", "Cy"), *events)
    tab.is_in("connected")
    return peer


def stored(tab: Tab) -> str:
    """Return everything that the page has put anywhere but into its memory."""
    script = (
        "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href])"
    )
    return str(tab.page.evaluate(script))


# ------------------------------------------------------------------- the password


def test_the_entrance_asks_for_a_password_when_there_is_one(core: Core, gateway: Program, open_tab: OpenTab) -> None:
    tab = open_tab(gateway)
    field, error = tab.page.get_by_label("Password"), tab.page.locator("#join-error")
    expect(tab.page.locator("#password")).to_be_hidden()
    press_join(tab)
    peer, join = core.accept()
    assert "password" not in join
    peer.send(refused("password", "This room has a password"))
    expect(field).to_be_focused()
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_attribute("autocomplete", "current-password")
    expect(field).to_have_attribute("aria-invalid", "false")
    expect(tab.page.locator("#password-hint")).to_have_text("This room is entered with a password.")
    expect(error).to_be_hidden()

    field.fill("wrong")
    field.press("Enter")
    peer, join = core.accept()
    assert join["password"] == "wrong"
    peer.send(refused("password", "That is not the password"))
    expect(error).to_have_text("That is not the password")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(tab.page.locator("#nick")).to_have_attribute("aria-invalid", "false")
    assert core.has_nobody()

    tab.page.keyboard.type(PASSWORD)  # over the wrong one, which is selected
    expect(error).to_be_hidden()
    tab.page.click("#join")
    peer, join = core.accept()
    assert (join["nick"], join["password"]) == ("Cy", PASSWORD)
    peer.send(refused("nick-not-allowed", "Not that nick"))
    expect(error).to_have_text("Not that nick")
    expect(tab.page.locator("#nick")).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "false")
    tab.page.keyboard.press("Enter")
    peer, join = core.accept()
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")
    assert "sesame" not in stored(tab)

    peer.close()  # the password goes along again, whether or not the session is still there
    peer, join = core.accept()
    assert (join["session"], join["password"]) == ("token", PASSWORD)
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")
    peer.end(4506, "goodbye")
    tab.is_in("ended")
    tab.page.click("#join-again")
    peer, join = core.accept()
    assert join["password"] == PASSWORD
    assert "session" not in join
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")
    tab.page.reload()
    peer, join = core.accept()
    assert join["session"] == "token"
    assert "password" not in join
    peer.send(refused("password", "This room has a password"))
    expect(field).to_be_focused()
    assert "sesame" not in stored(tab)


def test_somebody_else_comes_in_with_the_password(core: Core, gateway: Program, open_tab: OpenTab) -> None:
    """The server has got one meanwhile: what it told the one is not for the other, who says nothing unasked."""
    tab = open_tab(gateway, script="Math.random = () => 0;")
    field = tab.page.get_by_label("Password")
    peer = enter(tab, core, said(1, "Bob", "hello"), live=1)
    peer.send({"type": "notice", "code": "members", "text": "for Cy alone"})
    expect(tab.remark("notice")).to_be_visible()
    peer.close()
    peer, _ = core.accept()
    tab.say("for later")
    peer.send(refused("password", "This room has a password"))
    expect(field).to_be_focused()
    tab.page.fill("#nick", "Mallory")
    field.fill(PASSWORD)
    field.press("Enter")
    peer, join = core.accept()
    assert (join["nick"], "session" in join, "after" in join) == ("Mallory", False, False)
    peer.send({**welcome(1), "nick": "Mallory"}, members("Bob", "Mallory"), said(1, "Bob", "hello"))
    tab.is_in("connected")
    tab.hears("Bob", "hello")
    expect(tab.remark("notice")).to_have_count(0)
    expect(tab.pending().locator(".nick")).to_have_text("Mallory")
    expect(tab.pending().locator(".note")).to_have_text("Not sent: This room has a password")


@pytest.mark.parametrize(
    ("code", "text", "closing"),
    [
        ("attempts", "Too many attempts; wait 60 seconds", 4504),
        ("locked", "The room takes nobody new for now", 4508),
        ("banned", "You are banned until tomorrow: flooding", 4501),
        ("joins", "More than 10 joins a minute from your address", 4503),
    ],
)
def test_why_one_can_not_enter(
    core: Core, gateway: Program, open_tab: OpenTab, code: str, text: str, closing: int
) -> None:
    tab = open_tab(gateway)
    error = tab.page.locator("#join-error")
    press_join(tab)
    peer, _ = core.accept()
    peer.send(refused(code, text))
    peer.end(closing, text)
    expect(error).to_have_text(text)
    expect(error).to_have_attribute("role", "alert")
    tab.is_in("joining")
    tab.page.click("#join")
    peer, _ = core.accept()
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")

    peer.close()  # one who was inside has the conversation before the eyes, and a button
    peer, _ = core.accept()
    peer.send(refused(code, text))
    peer.end(closing, "cut sh")
    tab.is_in("ended")
    expect(tab.page.locator("#state")).to_have_text(f"Ended. {text}")
    expect(tab.page.locator("#room")).to_be_visible()
    assert core.has_nobody()
    tab.page.click("#join-again")
    peer, _ = core.accept()
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")
    peer.end(4506, "goodbye")
    expect(tab.page.locator("#state")).to_have_text("Ended. You left the room")


# ------------------------------------------------------------------- sent away


@pytest.mark.parametrize(
    ("code", "reason", "shown"),
    [
        (4500, "You were removed by Ann: " + "flooding " * 20, "You were removed by Ann: " + "flooding " * 20),
        (4500, "", "You were removed from the room"),
        (4501, "You are banned until tomorrow", "You are banned until tomorrow"),
        (4501, "", "You may not enter this room"),
    ],
)
def test_one_who_is_sent_away_learns_why_and_loses_nothing(
    core: Core, gateway: Program, open_tab: OpenTab, code: int, reason: str, shown: str
) -> None:
    tab = open_tab(gateway)
    peer = enter(tab, core)
    tab.say("not heard")
    assert peer.read()["text"] == "not heard"
    tab.page.fill("#message", "half a thou")
    peer.end(code, reason)
    tab.is_in("ended")
    expect(tab.page.locator("#state")).to_have_text(f"Ended. {shown.strip()}")
    expect(tab.pending().locator(".note")).to_have_text("Not sent: you were removed from the room")
    expect(tab.page.locator("#message")).to_have_value("half a thou")
    tab.page.evaluate("dispatchEvent(new Event('online')); dispatchEvent(new Event('focus'))")
    assert core.has_nobody()

    tab.page.click("#join-again")
    peer, join = core.accept()
    assert "session" not in join
    peer.send(welcome(), members("Cy"))
    tab.is_in("connected")
    tab.page.click("#leave")  # had the message been sent by itself, it would come first
    assert peer.read()["text"] == "/quit"
    expect(tab.pending().locator(".text")).to_have_text("not heard")
    tab.pending().get_by_role("button", name="Try again").click()
    assert peer.read()["text"] == "not heard"


@pytest.mark.parametrize(
    ("locale", "lines"),
    [
        ("en-GB", ["Bob was removed", "Dan was banned", "1 message of Bob was removed by Ann"]),
        (
            "ru-RU",
            [
                "Bob больше не здесь (удаление из комнаты)",
                "Dan больше не здесь (вход закрыт)",
                "1 сообщение от Bob удалено оператором Ann",
            ],
        ),
    ],
)
def test_others_see_what_was_done(
    core: Core, gateway: Program, open_tab: OpenTab, locale: str, lines: list[str]
) -> None:
    tab = open_tab(gateway, locale=locale)
    peer = enter(tab, core)
    peer.send(said(1, "Bob", "spam"), event(2, "left", "Bob", reason="kicked"))
    peer.send(event(3, "left", "Dan", reason="banned"), cleared(4, 1))
    expect(tab.page.locator("#log .happening .what")).to_have_text(lines)
    expect(tab.people()).to_have_text(["Ann", "Cy"])


# ------------------------------------------------------------------- what is removed


def test_removed_messages_leave_their_place_only(core: Core, gateway: Program, open_tab: OpenTab) -> None:
    tab = open_tab(gateway)
    peer = enter(tab, core, said(1, "Bob", "spam one"), said(2, "Ann", "stays"), said(3, "Bob", ""), live=3)
    peer.send(said(4, "Bob", "spam two"), said(5, "Bob", "spam three"))
    tab.hears("Bob", "spam three")
    peer.send(cleared(6, 1, 4, 5, 77), said(7, "Bob", "stays too"))
    tab.hears("Bob", "stays too")
    expect(tab.log("cleared").locator(".what")).to_have_text("4 messages of Bob were removed by Ann")
    placeholder = "Message removed"
    assert tab.texts() == [placeholder, "stays", placeholder, placeholder, placeholder, "stays too"]
    assert "spam" not in tab.page.content()
    assert tab.seqs() == [1, 2, 3, 4, 5, 6, 7]


def test_a_removed_message_of_ones_own_is_acknowledged(core: Core, gateway: Program, open_tab: OpenTab) -> None:
    tab = open_tab(gateway)
    peer = enter(tab, core)
    tab.say("mine")
    id = peer.read()["id"]
    peer.close()  # the answer was lost, and an operator was quick
    peer, _ = core.accept()
    peer.send(welcome(2, resumed=True), members("Cy"), said(1, "Cy", "", id=id), cleared(2, 1))
    expect(tab.pending()).to_have_count(0)
    expect(tab.log("said").locator(".text")).to_have_text("Message removed")
    assert "mine" not in tab.page.content()


def test_what_can_not_be_read_is_no_news(core: Core, gateway: Program, open_tab: OpenTab) -> None:
    tab = open_tab(gateway, viewport={"width": 800, "height": 400})
    peer = enter(tab, core, *(said(n, "Ann", f"line {n}") for n in range(1, 61)), live=60)
    tab.hears("Ann", "line 60")
    peer.send({"type": "ignoring", "nicks": ["Dan"]})
    tab.page.locator("#log [data-seq='30']").scroll_into_view_if_needed()
    jump = tab.page.locator("#jump")
    expect(jump).to_contain_text("To the newest")
    peer.send(said(61, "Dan", "hidden"), said(62, "Bob", ""), said(63, "Bob", "spam"), said(64, "Ann", "news"))
    expect(jump).to_contain_text("2 new messages")
    peer.send(cleared(65, 63))
    expect(jump).to_contain_text("1 new message")
    peer.send({"type": "ignoring", "nicks": []})
    expect(jump).to_contain_text("2 new messages")

    before = tab.page.locator("#log [data-seq='30']").bounding_box()
    peer.send(cleared(66, *range(1, 20)), {"type": "ignoring", "nicks": ["Dan"]})
    expect(jump).to_contain_text("1 new message")
    assert tab.page.locator("#log [data-seq='30']").bounding_box() == before


# ------------------------------------------------------------------- ignoring


def test_ignored_people_are_not_shown(core: Core, gateway: Program, open_tab: OpenTab) -> None:
    tab = open_tab(gateway)
    peer = enter(tab, core, said(1, "Bob", "before"), said(2, "Ann", "hello"))
    tab.hears("Ann", "hello")
    tab.say("/ignore Bob")
    id = peer.read()["id"]
    peer.send({"type": "ignoring", "nicks": ["Bob"]}, {"type": "notice", "code": "done", "text": "", "id": id})
    bob = tab.log("said").filter(has_text="before")
    expect(bob).to_be_hidden()
    peer.send(
        event(3, "renamed", "Bob", new_nick="Rob"), said(4, "Rob", "again"), {"type": "ignoring", "nicks": ["Rob"]}
    )
    peer.send(said(5, "Ann", "still here"))
    tab.hears("Ann", "still here")
    visible = tab.page.locator("#log .said:not([hidden]) .text")
    expect(visible).to_have_text(["hello", "still here"])
    expect(tab.log("renamed")).to_be_visible()

    peer.close()
    peer, _ = core.accept()
    peer.send(welcome(5, resumed=True), {"type": "ignoring", "nicks": ["Rob"]}, members("Ann", "Rob", "Cy"))
    peer.send(said(6, "Rob", "hidden"), said(7, "Ann", "and again"))
    expect(visible).to_have_text(["hello", "still here", "and again"])
    peer.send({"type": "ignoring", "nicks": []})
    expect(visible).to_have_text(["before", "hello", "again", "still here", "hidden", "and again"])


# ------------------------------------------------------------------- commands and refusals


def test_an_operators_password_is_neither_shown_nor_kept(core: Core, gateway: Program, open_tab: OpenTab) -> None:
    tab = open_tab(gateway)
    peer = enter(tab, core)
    tab.page.locator("#message").press_sequentially("/oper sesame")
    assert "sesame" not in stored(tab)
    tab.page.press("#message", "Enter")
    message = peer.read()
    assert message["text"] == "/oper sesame"
    assert "sesame" not in stored(tab)
    peer.send(refused("oper", "That is not the password", id=message["id"]))
    expect(tab.remark("refused")).to_contain_text("That is not the password")
    expect(tab.pending()).to_have_count(0)

    peer.close()
    tab.say("/oper sesame two")  # waits in memory until the connection is back, or is on its way
    peer, _ = core.accept()
    peer.send(welcome(resumed=True), members("Cy"))
    message = peer.read()
    assert message["text"] == "/oper sesame two"
    assert "sesame" not in stored(tab) + tab.page.content()
    peer.send({"type": "notice", "code": "operator", "text": "You are an operator now", "id": message["id"]})
    expect(tab.remark("notice")).to_contain_text("You are an operator now")
    peer.close()
    peer, _ = core.accept()
    peer.send(welcome(resumed=True), members("Cy"))
    tab.is_in("connected")
    tab.say("next")
    assert peer.read()["text"] == "next"


@pytest.mark.parametrize("code", ["muted", "slow", "rate"])
def test_a_message_that_may_not_be_said_now(core: Core, gateway: Program, open_tab: OpenTab, code: str) -> None:
    tab = open_tab(gateway)
    peer = enter(tab, core)
    tab.say("hello")
    message = peer.read()
    peer.send(refused(code, "not for 30 seconds", id=message["id"]))
    expect(tab.pending()).to_have_attribute("data-pending", "refused")
    expect(tab.pending().locator(".note")).to_have_text("Not sent: not for 30 seconds")
    tab.pending().get_by_role("button", name=re.compile("Try again")).click()
    again = peer.read()
    assert (again["id"], again["text"]) == (message["id"], "hello")
    peer.send(said(1, "Cy", "hello", id=message["id"]))
    tab.hears("Cy", "hello")
    expect(tab.pending()).to_have_count(0)
