"""A page of somebody else's, in a real Chromium that can reach both doors: it can't say a word in the room."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from tests.browser_tools import StartNc, chromium_fixture, start_nc_fixture  # noqa: F401
from tests.conftest import Both

ATTACK = """
async ([gateway, text]) => {
  const lines = ['{"type":"join","nick":"Mallory","lang":"en"}', '{"type":"input","text":"forged","id":"1"}'];
  const code = await new Promise((resolve) => {
    const socket = new WebSocket(`ws://${gateway}/ws`, "parley.v1");
    socket.onopen = () => lines.forEach((line) => socket.send(line));
    socket.onclose = (event) => resolve(event.code);
  });
  const body = "Mallory\\nforged\\n/quit\\n";
  const posts = [`http://${text}/`, `http://${text}/Mallory%0Aforged`, `http://${gateway}/ws`].map((url) =>
    fetch(url, {method: "POST", mode: "no-cors", body}).then(() => "answered", () => "failed"));
  const long = `http://${text}/${"a".repeat(17000)}`;  // longer than a line may be, so that its end begins another one
  posts.push(fetch(long, {method: "POST", mode: "no-cors", headers: {Accept: "forged"}, body}).catch(() => "failed"));
  const frame = document.createElement("iframe");
  frame.name = "frame";
  document.body.append(frame);
  const form = document.createElement("form");
  Object.assign(form, {method: "post", enctype: "text/plain", action: `http://${text}/`, target: "frame"});
  const field = document.createElement("textarea");
  field.name = "Mallory";
  field.value = "x\\nforged\\n";
  form.append(field);
  document.body.append(form);
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  form.submit();
  await Promise.all(posts);
  await loaded;
  return code;
}
"""


class _Foreign(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>foreign</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def foreign_page(host: str) -> Iterator[str]:
    server = ThreadingHTTPServer((host, 0), _Foreign)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_a_page_of_another_origin_says_nothing(
    start_both: Both, start_nc: StartNc, chromium: Browser, host: str
) -> None:
    core, gateway = start_both()
    alex = start_nc(core, "Alex")
    context = chromium.new_context()
    with foreign_page(host) as url:
        page = context.new_page()
        page.goto(url)
        doors = [f"127.0.0.1:{gateway.ports[0]}", f"127.0.0.1:{core.ports[0]}"]
        assert page.evaluate(ATTACK, doors) == 4505
    context.close()
    alex.type("still alone\n/history\n/who\n")
    heard = alex.read_until("still alone\n")
    assert heard == "[Alex] still alone\n"
    assert "forged" not in alex.read_until("Alex")
    bob = start_nc(core, "Bob")
    assert "Mallory" not in bob.received.decode()
    assert "forged" not in bob.received.decode()
    assert alex.read_until("* Bob вошёл в чат *\n").count("Mallory") == 0
