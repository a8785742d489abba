"""What is being read stays where it is, however much comes, goes or changes above and below it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser_tools import (  # noqa: F401
    ATTENTION,
    Both,
    OpenTab,
    StartNc,
    Tab,
    chromium_fixture,
    is_whole,
    look_away,
    look_back,
    open_tab_fixture,
    start_nc_fixture,
)

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
