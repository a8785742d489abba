"""A core that a test plays by hand: what the browser is told, line by line, behind a real gateway.

Nothing that uses it depends on when a core decides what. A module that uses the fixtures imports them.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from tests.browser_tools import Tab
from tests.conftest import PATIENCE_SECONDS, Program


class Peer:
    """One connection of the gateway."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lines = sock.makefile("rb")
        assert self._lines.readline().startswith(b"PROXY ")

    def read(self) -> dict[str, Any]:
        """Return the next message that is no ping."""
        while True:
            message: dict[str, Any] = json.loads(self._lines.readline())
            if message["type"] != "ping":
                return message
            self.send({"type": "pong", "id": message["id"]})

    def send(self, *messages: dict[str, Any]) -> None:
        lines = [json.dumps(message, separators=(",", ":")) + "\n" for message in messages]
        self._sock.sendall("".join(lines).encode())

    def end(self, code: int, reason: str) -> None:
        """Say goodbye, and close only after the gateway has, lest a reset overtake what was said."""
        with suppress(ConnectionError):  # a page that was refused may have gone already
            self.send({"type": "bye", "code": code, "reason": reason})
            self._sock.shutdown(socket.SHUT_WR)
            self._lines.read()
        self.close()

    def close(self) -> None:
        self._lines.close()
        self._sock.close()


class Core:
    """The JSON door of a core that is played by hand."""

    def __init__(self, stack: ExitStack) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_SECONDS)
        self._stack = stack
        stack.callback(self._listener.close)
        self.port = self._listener.getsockname()[1]

    def accept(self) -> tuple[Peer, dict[str, Any]]:
        """Wait for a browser; return its connection and its `join`."""
        sock, _ = self._listener.accept()
        sock.settimeout(PATIENCE_SECONDS)
        peer = Peer(sock)
        self._stack.callback(peer.close)
        return peer, peer.read()

    def has_nobody(self) -> bool:
        """Return whether no browser waits to be let in."""
        self._listener.setblocking(False)
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return True
        finally:
            self._listener.settimeout(PATIENCE_SECONDS)
        return False


@pytest.fixture(name="core")
def core_fixture() -> Iterator[Core]:
    with ExitStack() as stack:
        yield Core(stack)


@pytest.fixture(name="gateway")
def gateway_fixture(core: Core, start_program: Callable[..., Program]) -> Program:
    return start_program("web_gateway", "--port", "0", "--core-port", str(core.port))


def welcome(live: int = 0, resumed: bool = False) -> dict[str, Any]:
    fields = {"nick": "Cy", "session": "token", "room": "main", "epoch": "e", "live": live, "resumed": resumed}
    return {"type": "welcome", **fields}


def members(*nicks: str) -> dict[str, Any]:
    return {"type": "members", "room": "main", "nicks": nicks, "more": False}


def event(seq: int, type: str, nick: str, **fields: Any) -> dict[str, Any]:
    return {"type": type, "room": "main", "seq": seq, "ts": 1_790_000_000_000 + seq * 1000, "nick": nick, **fields}


def said(seq: int, nick: str, text: str, **fields: Any) -> dict[str, Any]:
    return event(seq, "said", nick, text=text, **fields)


def cleared(seq: int, *seqs: int) -> dict[str, Any]:
    return event(seq, "cleared", "Bob", by="Ann", seqs=seqs)


def refused(code: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "refused", "code": code, "text": text, **fields}


def press_join(tab: Tab, nick: str = "Cy") -> None:
    tab.page.fill("#nick", nick)
    tab.page.click("#join")


def enter(tab: Tab, core: Core, *events: dict[str, Any], live: int = 0) -> Peer:
    press_join(tab)
    peer, _ = core.accept()
    peer.send(welcome(live), members("Ann", "Bob", "Cy"), *events)
    tab.is_in("connected")
    return peer


def stored(tab: Tab) -> str:
    """Return everything that the page has put anywhere but into its memory."""
    script = (
        "JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href])"
    )
    return str(tab.page.evaluate(script))
