"""An operator at a real nc, people in real Chromiums."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser_tools import OpenTab, StartNc, chromium_fixture, open_tab_fixture, start_nc_fixture  # noqa: F401
from tests.conftest import Both, TextClient

PASSWORD = "open sesame"


@pytest.fixture
def operated(monkeypatch: pytest.MonkeyPatch, start_both: Both) -> Both:
    """Start both programs with operators."""
    monkeypatch.setenv("PARLEY_OPERATOR_PASSWORD", PASSWORD)
    return start_both


def test_people_in_browsers_are_kicked_cleared_and_locked_out(
    operated: Both, open_tab: OpenTab, start_nc: StartNc
) -> None:
    core, gateway = operated()
    op = start_nc(core, "Op")
    op.type(f"/oper {PASSWORD}\n")
    op.read_until("* Вы оператор.")
    bob, carol = open_tab(gateway), open_tab(gateway)
    bob.join("Bob")
    carol.join("Carol")
    bob.say("a secret of Carol's")
    carol.hears("Bob", "a secret of Carol's")
    op.type("/clear Bob 1\n")
    expect(carol.page.locator("#log")).not_to_contain_text("a secret")
    expect(carol.page.locator("#log")).to_contain_text("1 message of Bob was removed by Op")
    carol.say("/ignore Bob")
    expect(carol.page.locator("#log")).to_contain_text("You don't see messages of Bob")
    bob.say("can you hear me?")
    bob.hears("Bob", "can you hear me?")
    carol.say("I hear nothing")
    carol.hears("Carol", "I hear nothing")
    expect(carol.page.get_by_text("can you hear me?")).to_be_hidden()
    op.type("/kick Bob talking to himself\n")
    expect(bob.page.locator("#state-text")).to_contain_text("An operator has put you out: talking to himself")
    bob.is_in("ended")
    carol.is_in("connected")
    op.type("/lock\n")
    op.read_until("* Никого нового не пускают *\n")
    bob.page.click("#join-again")
    expect(bob.page.get_by_text("Nobody new is let in at the moment").first).to_be_visible()


def test_the_room_password_in_the_browser(operated: Both, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_PASSWORD", "for the class")
    core, gateway = operated("--lang", "en")
    ann = open_tab(gateway)
    ann.page.fill("#nick", "Ann")
    ann.page.click("#join")
    field = ann.page.get_by_label("Password", exact=True)
    expect(field).to_be_focused()
    field.fill("guess")
    field.press("Enter")
    expect(ann.page.get_by_role("alert").filter(has_text="The right password of the room is needed")).to_be_visible()
    field.fill("for the class")
    field.press("Enter")
    ann.is_in("connected")
    alex = TextClient(("127.0.0.1", core.ports[0]))
    alex.send("for the class\nAlex\n")
    alex.read_until("* Alex joined *\n")
    ann.say("welcome")
    alex.read_until("[Ann] welcome\n")
    alex.close()
