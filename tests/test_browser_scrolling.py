"""Further up: what was said earlier comes as one scrolls there, all of it, and nothing jumps."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import expect

from tests.browser_tools import (  # noqa: F401
    PATIENCE_MS,
    OpenTab,
    StartNc,
    Tab,
    chromium_fixture,
    fill_log,
    is_whole,
    open_tab_fixture,
    say_all,
    settled,
    start_nc_fixture,
)
from tests.conftest import Both

UPWARDS = """async () => {
  const scroller = document.getElementById("scroller");
  const lines = () => [...document.querySelectorAll("#log [data-seq]")];
  const frame = () => new Promise(requestAnimationFrame);
  const edge = scroller.getBoundingClientRect().top;
  const first = lines()[0].dataset.seq;
  scroller.scrollTop = PLACE;
  const top = lines().find((line) => line.getBoundingClientRect().bottom > edge);
  const before = top.getBoundingClientRect().top;
  for (let n = 0; n < 300 && lines()[0].dataset.seq === first; n += 1) await frame();
  const once = top.getBoundingClientRect().top;
  await frame();
  await frame();
  return [before, once, top.getBoundingClientRect().top];
}"""
"""Scrolls up to where older messages are fetched; returns where the top line was, and was when they had come."""


def test_scrolling_up_loads_everything_without_a_jump(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, tmp_path: Path
) -> None:
    start = int(time.time() * 1000) - 5 * 86_400_000
    fill_log(tmp_path / "data", 1000, start, step_ms=400_000)  # a few days, each with its divider
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.hears("Old", "old 1000")
    assert ann.seqs()[0] > 900
    beginning, earlier = ann.page.locator("#beginning"), ann.page.locator("#earlier")
    assert ann.page.evaluate("document.getElementById('scroller').scrollTop -= 300") > 500
    expect(ann.page.locator("#jump")).to_be_visible()  # from here on, what is said is new
    assert ann.seqs()[0] > 900
    live = 0
    for place in (5, 0, 200, 0, 60, 0):
        if ann.seqs()[0] == 1:
            break
        alex.type(f"live {live}\nlive {live + 1}\n")
        live += 2
        before, once, after = ann.page.evaluate(UPWARDS.replace("PLACE", str(place)))
        assert abs(once - before) < 1, place
        assert abs(after - before) < 1, place
    assert ann.seqs()[0] == 1
    expect(beginning).to_be_visible()
    expect(beginning).to_have_text("This is the beginning of the conversation")
    expect(earlier).to_be_hidden()
    alex.type("last\n")
    ann.hears("Alex", "last")
    assert ann.texts() == [*(f"old {n}" for n in range(1, 1001)), *(f"live {n}" for n in range(live)), "last"]
    is_whole(ann)
    days = ann.page.locator("#log .divider").all_text_contents()
    assert len(days) == len(set(days)) >= 5
    expect(ann.page.locator("#jump")).to_contain_text(f"{live + 1} new messages")
    ann.page.click("#jump")
    ann.say("down here")
    ann.hears("Ann", "down here")
    expect(ann.log("said").last).to_be_in_viewport()


def older_than(tab: Tab, seq: int) -> int:
    """Wait until something older than `seq` is shown; return the oldest seq that is."""
    script = """seq => {
      const first = Number(document.querySelector("#log [data-seq]").dataset.seq);
      return first < seq && first;
    }"""
    return int(tab.page.wait_for_function(script, arg=seq, timeout=PATIENCE_MS).json_value())


def test_what_was_trimmed_can_be_had_again(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, tmp_path: Path
) -> None:
    """By the button, and by the wheel, as far as the log goes."""
    fill_log(tmp_path / "data", 400, int(time.time() * 1000))
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.hears("Old", "old 400")
    alex.type("".join(f"new {n}\n" for n in range(13_000)))
    ann.hears("Alex", "new 12999", PATIENCE_MS)
    assert ann.seqs()[0] > 1000  # old lines have been let go
    is_whole(ann, ann.seqs()[0])
    shown = ann.seqs()[0]
    ann.page.locator("#earlier").dispatch_event("click")  # as a keyboard does it, without scrolling there
    shown = older_than(ann, shown)
    ann.page.hover("#scroller")
    while shown > 1:
        ann.page.mouse.wheel(0, -1_000_000)
        shown = older_than(ann, shown)
    expect(ann.page.locator("#beginning")).to_be_visible()
    assert ann.texts() == [*(f"old {n}" for n in range(1, 401)), *(f"new {n}" for n in range(13_000))]
    is_whole(ann)


def test_history_that_was_typed_shows_no_nonsense(start_both: Both, open_tab: OpenTab, tmp_path: Path) -> None:
    fill_log(tmp_path / "data", 300, int(time.time() * 1000))
    _, gateway = start_both()
    ann = open_tab(gateway)
    ann.join("Ann")
    ann.hears("Old", "old 300")
    shown = ann.seqs()
    say_all(ann, ["/history", "/history 5", "/history 150", "done"])
    ann.hears("Ann", "done")
    settled(ann)
    assert ann.seqs() == list(range(shown[-1] - 149, shown[-1] + 2))
    ann.say("/history 1000")
    expect(ann.page.locator("#beginning")).to_be_visible()
    expect(ann.page.locator("#earlier")).to_be_hidden()
    ann.say("/history 5")
    ann.say("really done")
    ann.hears("Ann", "really done")
    is_whole(ann)
    expect(ann.page.locator("#earlier")).to_be_hidden()
    expect(ann.page.locator("#log .remark")).to_have_count(0)
