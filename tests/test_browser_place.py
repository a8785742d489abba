"""What is being read stays where it is, however much comes, goes or changes above and below it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser_tools import (  # noqa: F401
    ATTENTION,
    OpenTab,
    StartNc,
    Tab,
    chromium_fixture,
    fill_log,
    is_whole,
    look_away,
    look_back,
    open_tab_fixture,
    start_nc_fixture,
)
from tests.conftest import Both

NARROW_WINDOW = {"width": 1280, "height": 500}
NEAR_THE_TOP = """async () => {
    const scroller = document.getElementById("scroller"), height = scroller.scrollHeight;
    const line = [...document.querySelectorAll("#log .said")].find((each) => each.dataset.seq === "SEQ");
    line.scrollIntoView({ block: "center" });
    const before = line.getBoundingClientRect().top;
    for (let n = 0; n < 600 && scroller.scrollHeight < height + 500; n += 1) await new Promise(requestAnimationFrame);
    return [scroller.scrollHeight - height, line.getBoundingClientRect().top - before];
}"""
"""Goes to a line so near to the top that what is earlier comes; says how much came, and how far the line has moved."""


@pytest.mark.parametrize("open_", [False, True])
def test_a_fold_at_the_edge_of_what_is_loaded(
    open_: bool, start_both: Both, open_tab: OpenTab, start_nc: StartNc
) -> None:
    """A first join replays a hundred events: here the first ten of them are the second half of twenty who came."""
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    alex.type("".join(f"old {n}\n" for n in range(150)))
    alex.read_until("old 149\n")
    for n in range(20):
        start_nc(core, f"G{n}")
    alex.type("".join(f"new {n}\n" for n in range(90)))
    alex.read_until("new 89\n")
    ann = open_tab(gateway, viewport=NARROW_WINDOW)
    ann.join("Ann")
    ann.hears("Alex", "new 89")
    fold = ann.page.locator("#log details.fold")
    expect(fold.locator("summary")).to_have_text("G10, G11 and 8 more joined")
    fold.evaluate("(each, open) => { each.open = open; }", open_)  # a click would scroll there
    came, moved = ann.page.evaluate(NEAR_THE_TOP.replace("SEQ", "172"))  # the first message behind those who came
    assert came > 500
    assert abs(moved) < 1
    expect(fold.locator("summary")).to_have_text("G0, G1 and 18 more joined")
    assert fold.evaluate("(each) => each.open") is open_
    is_whole(ann, ann.seqs()[0])


def test_nobody_scrolled_up_makes_it_grow_for_ever(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    alex.type("".join(f"m{n}\n" for n in range(200)))
    ann.hears("Alex", "m199")
    ann.page.evaluate("document.getElementById('scroller').scrollTop = 0")
    expect(ann.page.locator("#jump")).to_be_visible()
    alex.type("".join(f"m{n}\n" for n in range(200, 21_000)))
    expect(ann.page.locator("#log .said").last).to_contain_text("m20999", timeout=60_000)
    assert 9_000 < len(ann.seqs()) <= 20_000
    is_whole(ann, ann.seqs()[0])
    ann.page.click("#jump")
    expect(ann.log("said").last).to_be_in_viewport()


def test_what_a_search_has_fetched_stays(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, tmp_path: Path
) -> None:
    """More than a page shows otherwise; a search for what is nowhere comes to an end, too."""
    fill_log(tmp_path / "data", 12_000, int(time.time() * 1000))
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.hears("Old", "old 12000")
    page, status = ann.page, ann.page.locator("#find-status")
    page.click("#find")
    page.fill("#find-text", "needle")
    page.keyboard.press("Enter")
    alex.type("meanwhile\n")
    expect(status).to_have_text("Nothing found", timeout=60_000)
    expect(page.locator("#beginning")).to_have_text("This is the beginning of the conversation")
    alex.type("once more\n")  # now that nobody searches, the oldest go
    ann.hears("Alex", "once more")
    assert ann.seqs()[0] > 1500
    page.fill("#find-text", "old 1234")
    page.keyboard.press("Enter")
    expect(page.locator(".found .text")).to_have_text("old 1234", timeout=60_000)
    alex.type("last\n")
    expect(page.locator("#jump")).to_contain_text("1 new message")
    expect(page.locator(".found")).to_be_in_viewport()
    assert ann.seqs()[0] <= 1234
    is_whole(ann, ann.seqs()[0])


TOP = """() => {
    const edge = document.getElementById("scroller").getBoundingClientRect().top - 1;
    const lines = [...document.querySelectorAll("#log .said")];
    return lines.find((each) => each.getBoundingClientRect().top >= edge).dataset.seq;
}"""


def test_another_size(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    alex.type("".join(f"{n}: {'many words in a row ' * (n % 9)}\n" for n in range(200)))
    alex.read_until("199: ")
    ann = open_tab(gateway, viewport={"width": 1280, "height": 800})
    ann.join("Ann")
    expect(ann.log("said").last).to_contain_text("199: ")
    ann.page.evaluate("document.getElementById('scroller').scrollTop -= 1500")
    expect(ann.page.locator("#jump")).to_be_visible()
    frames = "async () => { for (let n = 0; n < 12; n += 1) await new Promise(requestAnimationFrame); }"
    ann.page.evaluate(frames)
    top = ann.page.evaluate(TOP)
    for width, height in ((700, 800), (360, 640), (640, 360), (1280, 800)):
        ann.page.set_viewport_size({"width": width, "height": height})
        ann.page.evaluate(frames)
        assert ann.page.evaluate(TOP) == top, (width, height)
    expect(ann.page.locator("#jump")).to_be_visible()
    alex.type("".join(f"more {n}: {'many words in a row ' * (n % 9)}\n" for n in range(3000)))
    expect(ann.log("said").last).to_contain_text("more 2999: ", timeout=60_000)
    ann.page.evaluate(
        "scroller => { scroller.scrollTop = scroller.scrollHeight / 2; }", ann.page.query_selector("#scroller")
    )
    ann.page.evaluate(frames)  # far away, where nothing was drawn before
    top = ann.page.evaluate(TOP)
    for width, height in ((500, 800), (320, 600)):
        ann.page.set_viewport_size({"width": width, "height": height})
        ann.page.evaluate(frames)
        assert ann.page.evaluate(TOP) == top, (width, height)


def test_the_wheel_turns_over_the_button(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    alex.type("".join(f"m{n}\n" for n in range(300)))
    alex.read_until("m299\n")
    ann = open_tab(gateway, viewport=NARROW_WINDOW)
    ann.join("Ann")
    ann.hears("Alex", "m299")
    page = ann.page
    page.evaluate("document.getElementById('scroller').scrollTop -= 300")
    page.click("#jump")
    expect(page.locator("#jump")).to_be_hidden()
    for _ in range(60):
        page.mouse.wheel(0, -300)  # where the button comes back
    expect(page.locator("#beginning")).to_be_visible()
    expect(page.locator("#jump")).to_be_in_viewport()


def below_mark(tab: Tab) -> dict[str, str]:
    return dict(
        tab.page.evaluate("""() => {
            const line = document.querySelector(".since").nextElementSibling;
            const [nick, text] = [".nick", ".text"].map((part) => line.querySelector(part));
            return { text: text.textContent, nick: nick.offsetWidth > 1 ? nick.textContent : "" };
        }""")
    )


def test_the_mark_of_what_is_new(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway, script=ATTENTION, viewport=NARROW_WINDOW)
    ann.join("Ann")
    alex.type("seen\n")
    ann.hears("Alex", "seen")
    look_away(ann)
    alex.type("missed\n" + "more\n" * 50)
    ann.hears("Alex", "more")
    assert below_mark(ann) == {"text": "missed", "nick": "Alex"}  # though he had spoken just before
    look_back(ann)
    alex.type("live\n")
    ann.hears("Alex", "live")  # which shows that the end was in sight while one looked
    ann.page.evaluate("document.getElementById('scroller').scrollTop -= 200")
    expect(ann.page.locator("#jump")).to_be_visible()
    look_away(ann)
    alex.type("missed again\n")
    ann.hears("Alex", "missed again")
    assert below_mark(ann) == {"text": "missed again", "nick": "Alex"}


def test_the_mark_leaves_what_can_not_be_read(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex, bob = start_nc(core, "Alex"), start_nc(core, "Bob")
    ann = open_tab(gateway, script=ATTENTION)
    ann.join("Ann")
    alex.type("seen\n")
    ann.hears("Alex", "seen")
    look_away(ann)
    alex.type("one\n")
    ann.hears("Alex", "one")
    bob.type("two\n")
    ann.hears("Bob", "two")
    assert below_mark(ann)["text"] == "one"
    look_back(ann)
    ann.say("/ignore Alex")
    expect(ann.log("said").filter(has_text="one")).to_be_hidden()
    assert below_mark(ann) == {"text": "two", "nick": "Bob"}
    ann.say("/ignore Bob")
    expect(ann.page.locator(".since")).to_have_count(0)
