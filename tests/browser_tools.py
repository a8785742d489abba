"""A real Chromium, pages in it, nc beside it, and a network that can be taken away.

A module that uses the fixtures imports them; their own names differ, lest an argument shadow an import.
"""

from __future__ import annotations

import shutil
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from tcp_core.event_log import EventLog
from tcp_core.messages import Event, Said
from tests.conftest import Program
from tests.test_real_clients import Terminal, nc

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-smooth-scrolling"]
PATIENCE_MS = 30_000
"""How long a slow machine may take; nothing waits that long where all is well."""
expect.set_options(timeout=PATIENCE_MS)
ATTENTION = """
window.attention = { hidden: false, focused: true };
Object.defineProperty(document, "hidden", { get: () => attention.hidden });
Object.defineProperty(document, "visibilityState", { get: () => (attention.hidden ? "hidden" : "visible") });
document.hasFocus = () => attention.focused;
"""
"""Chromium takes every page under test for the one in front, so a page is told whether it is."""
_RESET = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds

AT_ONCE = "Math.random = () => 0;"
IN_A_WHILE = "Math.random = () => 24;"
"""How long the page waits before it tries again: half a second, or 12.5 s at first."""
NO_WORKER = "Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined });"


class Served(Protocol):
    """What a page can be had from: its first port is that of HTTP."""

    @property
    def ports(self) -> list[int]: ...


@dataclass
class Tab:
    """A page, and what it complained about."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._request)

    def open(self) -> None:
        self.watch()
        self.page.goto(self.origin)

    def _console(self, message: ConsoleMessage) -> None:
        # A gateway that is down can't be connected to, and Chromium says so itself.
        if message.type in ("error", "warning") and "WebSocket connection to" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(self.origin):
            self.complaints.append(f"request to {request.url}")

    def join(self, nick: str) -> None:
        self.page.fill("#nick", nick)
        self.page.click("#join")
        self.is_in("connected")
        expect(self.page.locator("#message")).to_be_visible()

    def say(self, text: str) -> None:
        self.page.fill("#message", text)
        self.page.press("#message", "Enter")

    def is_in(self, state: str, timeout_ms: int = PATIENCE_MS) -> None:
        expect(self.page.locator("#state")).to_have_attribute("data-state", state, timeout=timeout_ms)

    def hears(self, nick: str, text: str, timeout_ms: int = PATIENCE_MS) -> None:
        line = self.log("said").filter(has=self.page.get_by_text(text, exact=True)).last
        expect(line.locator(".text")).to_have_text(text, timeout=timeout_ms)
        expect(line.locator(".nick")).to_have_text(nick)

    def log(self, type: str) -> Locator:
        return self.page.locator(f'#log [data-seq][data-type="{type}"]')

    def remark(self, type: str) -> Locator:
        """Return the lines in the log that are no events: `gap`, `restarted`, `notice`, `refused`."""
        return self.page.locator(f'#log .remark[data-type="{type}"]')

    def pending(self) -> Locator:
        return self.page.locator("[data-pending]")

    def texts(self) -> list[str]:
        return self.log("said").locator(".text").all_text_contents()

    def seqs(self) -> list[int]:
        return [
            int(seq) for seq in self.page.eval_on_selector_all("#log [data-seq]", "all => all.map(e => e.dataset.seq)")
        ]

    def people(self) -> Locator:
        return self.page.locator("#people li .nick")


def look_away(tab: Tab, *, hidden: bool = False, focused: bool = False) -> None:
    tab.page.evaluate("state => { Object.assign(attention, state); }", {"hidden": hidden, "focused": focused})
    tab.page.evaluate("[dispatchEvent(new Event('blur')), document.dispatchEvent(new Event('visibilitychange'))]")


def look_back(tab: Tab) -> None:
    tab.page.evaluate("() => { Object.assign(attention, { hidden: false, focused: true }); }")
    tab.page.evaluate("dispatchEvent(new Event('focus'))")


def paste(tab: Tab, text: str) -> None:
    tab.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    tab.page.focus("#message")
    tab.page.keyboard.press("Control+v")


def is_whole(tab: Tab, first: int = 1) -> None:
    """Everything is shown once, in order and without a hole."""
    seqs = tab.seqs()
    assert seqs == list(range(first, first + len(seqs)))


def fill_log(data_dir: Path, count: int, since_ms: int, step_ms: int = 0) -> int:
    """Write `count` messages of Old into the log while no core runs; return the newest seq."""
    log = EventLog(data_dir)
    try:
        drafts: list[Event] = [Said(nick="Old", text=f"old {log.last + 1 + n}") for n in range(count)]
        if step_ms:
            for n, draft in enumerate(drafts):
                log.append([draft], since_ms + n * step_ms)
        else:
            log.append(drafts, since_ms)
        return log.last
    finally:
        log.close()


def say_all(tab: Tab, texts: list[str]) -> None:
    for text in texts:
        tab.say(text)


def settled(tab: Tab) -> None:
    expect(tab.pending()).to_have_count(0)


class OpenTab(Protocol):
    def __call__(self, served: Served, locale: str = "en-GB", script: str = "", **options: Any) -> Tab: ...


@pytest.fixture(scope="module", name="chromium")
def chromium_fixture() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("these tests need chromium; install it (Debian: chromium)", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(name="open_tab")
def open_tab_fixture(chromium: Browser) -> Iterator[OpenTab]:
    """Open a page in a profile of its own: `open_tab(gateway, locale="ru-RU")`; `script` runs before the page's own."""
    tabs: list[Tab] = []
    with ExitStack() as stack:

        def open_(served: Served, locale: str = "en-GB", script: str = "", **options: Any) -> Tab:
            context: BrowserContext = chromium.new_context(locale=locale, **options)
            stack.callback(context.close)
            if script:
                context.add_init_script(script)
            tab = Tab(context.new_page(), f"http://127.0.0.1:{served.ports[0]}/")
            tabs.append(tab)
            tab.open()
            return tab

        yield open_
        assert [tab.complaints for tab in tabs] == [[] for _ in tabs]


StartNc = Callable[[Program, str], Terminal]


@pytest.fixture(name="start_nc")
def start_nc_fixture() -> Iterator[StartNc]:
    """Start nc and join: `start_nc(core, "Alex")`."""
    with ExitStack() as stack:

        def start(core: Program, nick: str) -> Terminal:
            terminal = Terminal(nc(), "127.0.0.1", str(core.ports[0]))
            stack.callback(terminal.close)
            terminal.type(f"{nick}\n")
            terminal.read_until(f"* {nick} вошёл в чат *\n")
            return terminal

        yield start


class Wire:
    """The network between a browser and the gateway; it can be lost, in two ways, and come back."""

    def __init__(self, served: Served) -> None:
        self._target = ("127.0.0.1", served.ports[0])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.ports = [self._listener.getsockname()[1]]
        self._lock = threading.Lock()
        self._up = True
        self._down = threading.Event()
        self._down.set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._dead: list[socket.socket] = []
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    @contextmanager
    def one_way(self) -> Iterator[None]:
        """Carry to the gateway only; what comes from there waits."""
        self._down.clear()
        try:
            yield
        finally:
            self._down.set()

    def cut(self) -> None:
        """Break all connections, and every new one, so that both sides notice."""
        for browser, gateway in self._take_down():
            _reset(browser)
            _reset(gateway)

    def swallow(self) -> None:
        """Lose the network as a train does in a tunnel: the browser hears nothing, not even that it is over."""
        for browser, gateway in self._take_down():
            self._dead.append(browser)
            _reset(gateway)

    def mend(self) -> None:
        with self._lock:
            self._up = True
        self._bury()

    def close(self) -> None:
        self._listener.close()
        self.cut()
        self._bury()

    def _take_down(self) -> list[tuple[socket.socket, socket.socket]]:
        with self._lock:
            self._up = False
            pairs, self._pairs = self._pairs, []
        return pairs

    def _bury(self) -> None:
        while self._dead:
            _reset(self._dead.pop())

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                browser, _ = self._listener.accept()
                with self._lock:
                    if not self._up:
                        _reset(browser)
                        continue
                    gateway = socket.create_connection(self._target)
                    self._pairs.append((browser, gateway))
                for way in ((browser, gateway), (gateway, browser)):
                    threading.Thread(target=self._pump, args=way, name="wire", daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if sink.getpeername() != self._target:
                    self._down.wait()
                sink.sendall(data)
        with self._lock:
            known = any(source in pair for pair in self._pairs)
        if known:
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)


def _reset(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        sock.shutdown(socket.SHUT_RD)  # wakes its pump; the close below then resets
    sock.close()


LayWire = Callable[[Served], Wire]


@pytest.fixture(name="wire")
def wire_fixture() -> Iterator[Callable[[Served], Wire]]:
    """Put a network before a gateway: `wire(gateway)` is where the pages come from then."""
    with ExitStack() as stack:

        def lay(served: Served) -> Wire:
            laid = Wire(served)
            stack.callback(laid.close)
            return laid

        yield lay
