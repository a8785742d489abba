"""A room for one page, all of it in this process: a real core, whose clock stands still, a real gateway, and people who
type at sockets of the text door. A module that uses the fixtures imports them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.browser_tools import NO_WORKER, OpenTab, Served, Tab, Wire
from tests.conftest import Core, TextClient
from web_gateway.app import Gateway, GatewayOptions
from web_gateway.listener import Listener, ListenerOptions
from web_gateway.metrics import Counts

TODAY = datetime(2026, 5, 12, 9, 41, tzinfo=UTC)


@dataclass
class Doors:
    """A gateway in this process, and where it is."""

    ports: list[int]


@dataclass
class Stage:
    """What a state is made of. `room` comes first, `page` last; what `options` says goes for each page."""

    start_core: Callable[..., Core]
    open_tab: OpenTab
    loop: asyncio.AbstractEventLoop
    stack: ExitStack
    options: dict[str, Any] = field(default_factory=dict)
    now: datetime = TODAY
    static_dir: Path | None = None
    people: dict[str, TextClient] = field(default_factory=dict)
    net: Wire | None = None

    def room(self, **hub: Any) -> Core:
        """Start a core and a gateway."""
        hub = {"history_lines": 0, **hub}
        self.core = self.start_core(hub=hub, connections_per_address=0)
        self.core.server._hub._wall_clock = lambda: self.now.timestamp()
        host, json_port = self.core.server.gateway_address
        options = GatewayOptions(core_host=host, core_port=json_port, text_port=9997, static_dir=self.static_dir)
        counts = Counts()
        listener = Listener(Gateway(options, counts).app, ListenerOptions(), counts)
        _, port = asyncio.run_coroutine_threadsafe(listener.start("127.0.0.1", 0), self.loop).result()
        self.stack.callback(lambda: asyncio.run_coroutine_threadsafe(listener.stop(), self.loop).result())
        self.gateway = Doors([port])
        return self.core

    def tab(self, script: str = "", served: Served | None = None) -> Tab:
        """Open the page; its clock stands still, too."""
        script += f"{NO_WORKER} Date.now = () => {self.now.timestamp() * 1000:.0f};"
        return self.open_tab(served or self.gateway, script=script, **{"timezone_id": "UTC", **self.options})

    @property
    def network(self) -> Wire:
        """What is between the page and the gateway."""
        if self.net is None:
            self.net = Wire(self.gateway)
            self.stack.callback(self.net.close)
        return self.net

    def person(self, nick: str) -> TextClient:
        return self.core.text(nick)


def say(client: TextClient, *lines: str) -> None:
    """Say something, and see that it has been said."""
    client.send("".join(f"{line}\n" for line in lines))
    client.roundtrip()


def gone(client: TextClient) -> None:
    client.send("/quit\n")
    client.read_to_end()


@pytest.fixture(name="loop", scope="session")
def loop_fixture() -> Iterator[asyncio.AbstractEventLoop]:
    """Run what is asynchronous beside Playwright, which has the test's own thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="gateways")
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(name="stage")
def stage_fixture(
    loop: asyncio.AbstractEventLoop,
    start_core: Callable[..., Core],
    open_tab: OpenTab,
) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(start_core, open_tab, loop, stack)
