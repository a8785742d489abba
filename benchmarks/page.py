"""Case: somebody types in a page with a long conversation, while others talk. Knows nothing about how it is shown.

A latency is what the typist waits: from the key to the frame that shows the letter.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.bench import Bench, Room
from benchmarks.figures import HEAP, LINES, LONGEST, LONGEST_TASK, MEDIAN, P95, Quantity
from benchmarks.histogram import Histogram

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

_LINES = 10_000
_TALK = 20
"""Messages a second: a lively room."""
_BURST = 1000
_BURST_SECONDS = 10.0
_KEY_SECONDS = 0.04
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_PATIENCE_MS = 60_000
_MEASURE = """() => {
  window.latencies = [];
  window.longest = 0;
  document.getElementById("message").addEventListener("keydown", ({ timeStamp }) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => latencies.push(performance.now() - timeStamp);
    port2.postMessage(0);
  }), true);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  }).observe({ type: "longtask" });
}"""
_FORGET = "() => { latencies.length = 0; longest = 0; }"
_SHOWN = "() => document.querySelectorAll('#log [data-seq]').length"
_ENDS_WITH = "text => document.querySelector('#log .block:last-child')?.textContent.includes(text)"


class _Talker:
    """Somebody at a terminal who talks at a pace."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._sock = socket.create_connection(address)
        self._sock.sendall(b"Talker\n")
        self.said = 0
        """In the last talk."""
        threading.Thread(target=self._listen, name="listener", daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while self._sock.recv(1 << 16):
                pass

    def say(self, first: int, count: int) -> None:
        lines = (
            f"message {number}, as long as many are in a room where people talk\n"
            for number in range(first, first + count)
        )
        self._sock.sendall("".join(lines).encode())

    @contextlib.contextmanager
    def talking(self, rate: float) -> Iterator[None]:
        """Talk meanwhile, so many messages a second."""
        over = threading.Event()

        def talk() -> None:
            begin, self.said = time.monotonic(), 0
            while not over.wait(0.01):
                due = int((time.monotonic() - begin) * rate)
                self.say(self.said, due - self.said)
                self.said = due

        thread = threading.Thread(target=talk, name="talker")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def close(self) -> None:
        self._sock.close()


def typing(bench: Bench) -> None:
    """Somebody types in a real Chromium, among ten thousand messages and in a burst."""
    from playwright.sync_api import sync_playwright  # the only case that needs it

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise FileNotFoundError("no chromium is installed")
    lines = bench.settings.scaled(_LINES)
    with bench.attempt(f"web, {lines:,} lines") as directory, sync_playwright() as playwright:
        for run in bench.runs:
            with bench.room("web", directory / f"log-{run}") as room, contextlib.ExitStack() as stack:
                browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
                stack.callback(browser.close)
                _one_page(bench, room, browser.new_page(viewport={"width": 1280, "height": 800}), lines)


def _one_page(bench: Bench, room: Room, page: Page, lines: int) -> None:
    session = page.context.new_cdp_session(page)
    core = room.programs[0]
    page.goto(f"http://{room.address[0]}:{room.address[1]}/")
    page.fill("#nick", "Typist")
    page.click("#join")
    page.wait_for_selector("#message:visible")
    talker = _Talker(core.addresses[0])
    try:
        page.evaluate(_MEASURE)
        seconds = bench.settings.seconds
        _type(bench, room, page, f"{_TALK}/s, few lines", talker, _TALK, seconds)
        before = _heap_bytes(session)
        talker.say(0, lines)
        page.wait_for_function(_ENDS_WITH, arg=f"message {lines - 1},", timeout=_PATIENCE_MS)
        full = f"{lines:,} lines"
        bench.note(room, 1, full, (HEAP, (_heap_bytes(session) - before) / 2**20))
        _type(bench, room, page, f"{_TALK}/s, {full}", talker, _TALK, seconds)
        _type(bench, room, page, f"{_BURST:,}/s, {full}", talker, _BURST, _BURST_SECONDS)
        end = f"{full}, after the burst"
        bench.note(room, 1, end, (HEAP, (_heap_bytes(session) - before) / 2**20), (LINES, page.evaluate(_SHOWN)))
    finally:
        talker.close()


def _type(bench: Bench, room: Room, page: Page, load: str, talker: _Talker, rate: float, seconds: float) -> None:
    """Press a key 25 times a second while others talk."""
    page.evaluate(_FORGET)
    page.focus("#message")
    with talker.talking(rate):
        begin, pressed = time.monotonic(), 0
        while (now := time.monotonic()) < begin + seconds:
            page.keyboard.press("abcdefghij"[pressed % 10])
            pressed += 1
            time.sleep(max(0.0, now + _KEY_SECONDS - time.monotonic()))
    page.wait_for_function(_ENDS_WITH, arg=f"message {talker.said - 1},", timeout=_PATIENCE_MS)
    times = Histogram()
    for ms in page.evaluate("latencies"):
        times.add(ms)
    page.fill("#message", "")
    tail: tuple[tuple[Quantity, float], ...] = (
        (LONGEST, times.percentile(100)),
        (LONGEST_TASK, page.evaluate("longest")),
    )
    bench.note(room, 1, load, (MEDIAN, times.percentile(50)), (P95, times.percentile(95)), *tail)


def _heap_bytes(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"])
