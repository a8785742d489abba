"""What stands in messages: links, code, mentions; by both doors."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser_tools import (  # noqa: F401
    ATTENTION,
    OpenTab,
    StartNc,
    chromium_fixture,
    look_away,
    open_tab_fixture,
    start_nc_fixture,
)
from tests.conftest import Both


def test_a_link_can_be_followed_and_tells_nothing(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    target = f"http://127.0.0.1:{gateway.ports[0]}/healthz?a=(b)"
    alex.type(f"look ({target}), javascript:alert(1)\n")
    ann.hears("Alex", f"look ({target}), javascript:alert(1)")
    links = ann.page.locator("#log a")
    expect(links).to_have_text([target])
    expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")
    with ann.page.context.expect_page() as opened:
        links.click()
    assert opened.value.url == target
    assert opened.value.evaluate("[opener, document.referrer]") == [None, ""]
    opened.value.close()
    expect(ann.page.locator("#message")).to_be_visible()  # the room is still there


def test_code_is_monospaced_and_nothing_else(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.say("run `ls <b>` with\n```sh\n  cd /tmp\n  ls http://x.y\n```\ndone")
    line = ann.log("said")
    expect(line.locator(".text > code")).to_have_text("ls <b>")
    expect(line.locator("pre")).to_have_text("  cd /tmp\n  ls http://x.y", use_inner_text=True)
    for code in line.locator("code").all():
        assert "mono" in code.evaluate("e => getComputedStyle(e).fontFamily").lower()
    expect(line.locator("a, b")).to_have_count(0)
    assert line.locator(".text").evaluate("e => e.innerText").split("\n") == [
        "run ls <b> with", "  cd /tmp", "  ls http://x.y", "done",
    ]  # fmt: skip
    assert alex.read_until("done\n").endswith(
        "[Ann] run `ls <b>` with\n[Ann] ```sh\n[Ann]   cd /tmp\n[Ann]   ls http://x.y\n[Ann] ```\n[Ann] done\n"
    )


@pytest.mark.parametrize("nick", ["Ann", "Анна", "سارة", "a.b (c)", "🦊"])
def test_a_mention_is_marked(nick: str, start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway, script=ATTENTION)
    ann.join(nick)
    alex.type(f"hello @{nick.lower()}, and {nick}x\nin `{nick}` only\n")
    ann.hears("Alex", f"in {nick} only")
    mentioned = ann.page.locator("#log .mentioned")
    expect(mentioned.locator("mark")).to_have_text([f"@{nick.lower()}"])
    expect(mentioned).to_contain_text("mentions you")
    ann.say(f"I am {nick}")
    ann.hears(nick, f"I am {nick}")
    expect(mentioned).to_have_count(1)
    look_away(ann)
    alex.type(f"in `{nick}` again\n")
    expect(ann.page).to_have_title("(1) Parley")
    alex.type(f"{nick}!\n")
    expect(ann.page).to_have_title("(!2) Parley")
    expect(mentioned).to_have_count(2)


def test_the_new_nick_is_the_one_that_is_marked(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.say("/nick Eve")
    expect(ann.people()).to_have_text(["Alex", "Eve"])
    alex.type("Ann?\nEve!\n")
    ann.hears("Alex", "Eve!")
    expect(ann.page.locator("#log mark")).to_have_text(["Eve"])


def test_what_is_written_from_right_to_left(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    alex.type("שלום `ls -l` https://example.org/a?b שלום\n")
    text = ann.log("said").locator(".text")
    expect(text).to_have_css("direction", "rtl")
    expect(text.locator("a")).to_have_css("direction", "ltr")
    expect(text.locator("code")).to_have_css("direction", "ltr")
    code, link = (text.locator(name).bounding_box() for name in ("code", "a"))
    assert code is not None
    assert link is not None
    assert code["x"] > link["x"]


def test_what_is_found_may_be_in_links_and_code(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    alex.type("the `needle` here\nhttps://example.org/needle\n")
    ann.hears("Alex", "https://example.org/needle")
    ann.page.press("#message", "Control+Shift+F")
    ann.page.keyboard.type("needle")
    expect(ann.page.locator("#find-status")).to_have_text("1 of 2")
    assert ann.page.evaluate("CSS.highlights.get('found').size") == 2
