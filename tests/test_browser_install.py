"""The page as something installed: it opens without a server, shows what was there, and goes on where it left off."""

from __future__ import annotations

import json
import shutil
import struct
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser_tools import (  # noqa: F401
    AT_ONCE,
    OpenTab,
    StartNc,
    Tab,
    chromium_fixture,
    open_tab_fixture,
    start_nc_fixture,
)
from tests.conftest import Both, Program
from tests.test_real_clients import Terminal
from web_gateway import page

Start = Callable[..., Program]

BEFORE = "This is from before; the connection is not back yet."
CACHED = """async () => {
  const names = (await caches.keys()).filter((name) => name.startsWith("parley "));
  const cache = await caches.open(names[0]);
  return [names, (await cache.keys()).map((request) => new URL(request.url).pathname).sort()];
}"""

LET_GO = """async (old) => {
  while ((await caches.keys()).includes(old)) await new Promise(requestAnimationFrame);
}"""


@pytest.fixture(name="again")
def again_fixture(start_program: Start) -> Callable[..., Program]:
    """Start a gateway again at the address of one that has ended."""

    def start(gateway: Program, core: Program, *arguments: str | Path) -> Program:
        ports = ("--core-port", str(core.ports[1]), "--text-port", str(core.ports[0]))
        return start_program("web_gateway", "--port", str(gateway.ports[0]), *ports, *arguments)

    return start


def installed(tab: Tab) -> None:
    """Wait until the worker has everything and answers for this page."""
    tab.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    tab.page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def before(tab: Tab) -> list[str]:
    return tab.page.locator("#before .said .text").all_text_contents()


def is_whole(tab: Tab) -> None:
    seqs = tab.seqs()
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


# ------------------------------------------------------------------- the manifest


def test_what_a_browser_needs_to_install_it(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    installed(ann)
    system = ann.page.context.new_cdp_session(ann.page)
    found = system.send("Page.getAppManifest")
    assert found["errors"] == []
    assert found["url"] == f"{ann.origin}manifest.webmanifest"
    manifest = json.loads(found["data"])
    assert (manifest["name"], manifest["display"], manifest["start_url"]) == ("Parley", "standalone", "./")
    errors = system.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {error["errorId"] for error in errors} <= {"in-incognito"}
    for icon in manifest["icons"]:
        with urllib.request.urlopen(ann.origin + icon["src"]) as answer:
            body = answer.read()
            assert answer.headers["Content-Type"] == icon["type"]
        if icon["type"] == "image/png":
            width, height = struct.unpack(">II", body[16:24])
            assert icon["sizes"] == f"{width}x{height}"
            assert "maskable" in icon["purpose"]
            assert len(body) < 4096
    colours = {manifest["background_color"], manifest["theme_color"]}
    assert colours == {ann.page.locator('meta[name="theme-color"]').get_attribute("content")}


# ------------------------------------------------------------------- the worker


def test_every_file_of_the_page_is_kept(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    installed(ann)
    names, paths = ann.page.evaluate(CACHED)
    assert len(names) == 1
    assert names[0].startswith(f"parley {ann.origin} ")
    assert set(paths) == set(page.load(page.default_directory(), 1)) - {"/sw.js", "/index.html"}
    assert {"/app.js", "/lang/en.js", "/lang/ru.js", "/"} <= set(paths)


def test_it_answers_for_nothing_else(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    installed(ann)
    gateway.stop()
    fetched = """async ([path, method]) => {
      try { return (await fetch(path, { method })).status; } catch { return "failed"; }
    }"""
    assert ann.page.evaluate(fetched, ["app.js", "GET"]) == 200
    assert ann.page.evaluate(fetched, ["./?nick=Ann", "GET"]) == 200
    for path, method in (("healthz", "GET"), ("ws", "GET"), ("nothing", "GET"), ("app.js", "POST"), ("app.js", "HEAD")):
        assert ann.page.evaluate(fetched, [path, method]) == "failed", path
    ann.complaints[:] = [text for text in ann.complaints if "ERR_CONNECTION_REFUSED" not in text]


def test_a_new_page_shows_at_once_and_the_old_one_is_let_go(
    start_both: Both, open_tab: OpenTab, again: Callable[..., Program], tmp_path: Path
) -> None:
    core, gateway = start_both()
    ann = open_tab(gateway)
    installed(ann)
    [old], _ = ann.page.evaluate(CACHED)
    gateway.stop()
    static = tmp_path / "static"
    shutil.copytree(page.default_directory(), static)
    words = static / "lang" / "en.js"
    words.write_text(words.read_text().replace("One room. Enter it", "Two rooms. Enter them"))
    gateway = again(gateway, core, "--static-dir", static)
    ann.page.reload()
    expect(ann.page.locator(".tagline")).to_contain_text("Two rooms.")
    ann.page.evaluate(LET_GO, old)
    [new], _ = ann.page.evaluate(CACHED)
    assert new != old
    gateway.stop()
    ann.page.reload()
    expect(ann.page.locator(".tagline")).to_contain_text("Two rooms.")


class _Broken(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(502)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def proxy_without_gateway(port: int) -> Iterator[None]:
    """Answer as a reverse proxy does behind which nothing is."""
    with ThreadingHTTPServer(("127.0.0.1", port), _Broken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def test_a_proxy_that_has_no_page_is_no_connection(start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway)
    installed(ann)
    gateway.stop()
    with proxy_without_gateway(gateway.ports[0]):
        ann.page.reload()
        expect(ann.page.locator(".tagline")).to_contain_text("One room.")


INSECURE = """
Object.defineProperty(window, "isSecureContext", { value: false });
window.registered = 0;
ServiceWorkerContainer.prototype.register = async () => { window.registered += 1; };
"""
FAILING = """
window.registered = 0;
ServiceWorkerContainer.prototype.register = async () => { window.registered += 1; throw new Error("no"); };
"""


@pytest.mark.parametrize(("script", "registered"), [(INSECURE, 0), (FAILING, 1)], ids=["insecure", "failing"])
def test_without_a_worker_nothing_is_missed(script: str, registered: int, start_both: Both, open_tab: OpenTab) -> None:
    _, gateway = start_both()
    ann = open_tab(gateway, script=script)
    ann.page.wait_for_load_state("load")
    ann.join("Ann")
    assert ann.page.evaluate("registered") == registered


# ------------------------------------------------------------------- what was there


def test_a_reload_without_a_server_shows_what_was_there_and_goes_on(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, again: Callable[..., Program]
) -> None:
    core, gateway = start_both()
    alex, bob = start_nc(core, "Alex"), start_nc(core, "Bob")
    ann = open_tab(gateway, script=AT_ONCE)
    ann.join("Ann")
    installed(ann)
    ann.say("/ignore Bob")
    expect(ann.remark("notice")).to_have_count(1)
    bob.type("not for Ann\n")
    alex.type("one\n<b>two</b>\n")
    ann.hears("Alex", "<b>two</b>")
    ann.say("three")
    ann.hears("Ann", "three")
    shown = ["one", "<b>two</b>", "three"]

    gateway.stop()
    ann.page.reload()
    ann.is_in("reconnecting")
    expect(ann.page.locator("#before .remark")).to_contain_text(BEFORE)
    assert before(ann) == shown
    expect(ann.page.locator("#own-nick")).to_have_text("Ann")
    expect(ann.page.locator("#before .said").last).to_be_in_viewport()
    ann.say("typed without a server")
    expect(ann.pending()).to_have_count(1)
    ann.page.reload()  # and once more
    expect(ann.page.locator("#before .remark")).to_be_visible()
    assert before(ann) == shown
    alex.type("meanwhile\n")
    alex.read_until("[Alex] meanwhile\n")

    again(gateway, core)
    ann.is_in("connected")
    ann.hears("Ann", "typed without a server")
    expect(ann.pending()).to_have_count(0)
    expect(ann.page.locator("#before")).to_be_hidden()
    assert before(ann) == []
    is_whole(ann)
    visible = ann.page.locator("#log .said:visible .text")
    expect(visible).to_have_text([*shown, "meanwhile", "typed without a server"])
    assert alex.read_until("without a server\n").endswith("[Ann] typed without a server\n")


def test_only_the_last_hundred_are_kept(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway, script=AT_ONCE)
    ann.join("Ann")
    installed(ann)
    alex.type("".join(f"message {n}\n" for n in range(150)))
    ann.hears("Alex", "message 149")
    gateway.stop()
    ann.page.reload()
    expect(ann.page.locator("#before .remark")).to_be_visible()
    assert before(ann) == [f"message {n}" for n in range(50, 150)]
    bottom = "(s => s.scrollHeight - s.scrollTop - s.clientHeight)(document.getElementById('scroller'))"
    assert ann.page.evaluate(bottom) < 2


def stored(tab: Tab) -> str:
    found: str = tab.page.evaluate("JSON.stringify([{ ...sessionStorage }, { ...localStorage }])")
    return found


def test_what_an_operator_removes_is_removed_here_too(
    start_both: Both, open_tab: OpenTab, start_nc: StartNc, tmp_path: Path
) -> None:
    (tmp_path / "operators").write_text("something long\n")
    core, gateway = start_both("--operator-password-file", str(tmp_path / "operators"))
    alex, bob = start_nc(core, "Alex"), start_nc(core, "Bob")
    ann = open_tab(gateway, script=AT_ONCE)
    ann.join("Ann")
    installed(ann)
    bob.type("a dreadful word\n")
    ann.hears("Bob", "a dreadful word")
    alex.type("a good word\n")
    ann.hears("Alex", "a good word")
    ann.page.wait_for_function("() => sessionStorage.getItem('parley.recent')?.includes('good')")
    assert "dreadful" in stored(ann)
    alex.type("/oper something long\n/clear Bob\n")
    expect(ann.log("cleared")).to_have_count(1)
    ann.page.wait_for_function("() => !sessionStorage.getItem('parley.recent').includes('dreadful')")
    gateway.stop()
    ann.page.reload()
    expect(ann.page.locator("#before .remark")).to_be_visible()
    assert before(ann) == ["Message removed", "a good word"]
    assert "dreadful" not in stored(ann)


def say_something(tab: Tab, alex: Terminal) -> None:
    alex.type("a private word\n")
    tab.hears("Alex", "a private word")
    tab.page.wait_for_function("() => sessionStorage.getItem('parley.recent')?.includes('private')")


def leave(tab: Tab, _: Terminal) -> None:
    tab.page.click("#leave")
    tab.is_in("ended")


def quit_by_command(tab: Tab, _: Terminal) -> None:
    tab.say("/quit")
    tab.is_in("ended")


def kick(tab: Tab, alex: Terminal) -> None:
    alex.type("/oper something long\n/kick Ann\n")
    tab.is_in("ended")


def ban(tab: Tab, alex: Terminal) -> None:
    alex.type("/oper something long\n/ban Ann\n")
    tab.is_in("ended")


@pytest.mark.parametrize("end", [leave, quit_by_command, kick, ban])
def test_nothing_is_left_for_the_next_one_at_this_computer(
    end: Callable[[Tab, Any], None], start_both: Both, open_tab: OpenTab, start_nc: StartNc, tmp_path: Path
) -> None:
    (tmp_path / "operators").write_text("something long\n")
    core, gateway = start_both("--operator-password-file", str(tmp_path / "operators"))
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    installed(ann)
    say_something(ann, alex)
    end(ann, alex)
    assert "private" not in stored(ann)
    ann.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert "private" not in stored(ann)
    ann.page.reload()
    expect(ann.page.locator("#nick")).to_be_visible()
    assert "private" not in stored(ann)


def test_leaving_without_a_server_leaves_nothing_either(start_both: Both, open_tab: OpenTab, start_nc: StartNc) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    ann = open_tab(gateway)
    ann.join("Ann")
    installed(ann)
    say_something(ann, alex)
    gateway.stop()
    ann.page.reload()
    expect(ann.page.locator("#before .remark")).to_be_visible()
    ann.page.click("#leave")
    expect(ann.page.locator("#nick")).to_be_visible()
    assert before(ann) == []
    assert "private" not in stored(ann)
