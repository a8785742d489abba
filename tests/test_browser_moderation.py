"""What operators do, as those see it whom it concerns and all others."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser_tools import OpenTab, chromium_fixture, open_tab_fixture  # noqa: F401
from tests.conftest import Program
from tests.played_core import (  # noqa: F401
    Core,
    cleared,
    core_fixture,
    enter,
    event,
    gateway_fixture,
    members,
    refused,
    said,
    stored,
    welcome,
)

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
