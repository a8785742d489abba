"""A ban of one who is behind a gateway, with both programs and a proxy that tells each one's address."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import Both, Program

PASSWORD = "open sesame"
BOB, CAROL = "203.0.113.7", "203.0.113.8"


@asynccontextmanager
async def browser(gateway: Program, address: str, **join: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a WebSocket as a browser with that address does behind the proxy, and ask to join."""
    url = f"http://127.0.0.1:{gateway.ports[0]}/ws"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, protocols=["parley.v1"], headers={"X-Forwarded-For": address}) as websocket,
    ):
        await websocket.send_json({"type": "join", "lang": "en", **join})
        yield websocket


async def first(websocket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    message: dict[str, Any] = json.loads((await websocket.receive_str()).partition("\n")[0])
    return message


async def close_code(websocket: aiohttp.ClientWebSocketResponse) -> int | None:
    async for _ in websocket:
        pass
    return websocket.close_code


async def test_a_ban_of_one_behind_a_gateway_leaves_the_others_alone_and_holds(
    start_both: Both,
    start_program: Callable[..., Program],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARLEY_OPERATOR_PASSWORD", PASSWORD)
    monkeypatch.setenv("PARLEY_TRUSTED_PROXIES", "127.0.0.1/32")
    core, gateway = start_both()
    async with browser(gateway, BOB, nick="Bob") as bob, browser(gateway, CAROL, nick="Carol") as carol:
        token = (await first(bob))["session"]
        assert (await first(carol))["type"] == "welcome"
        async with browser(gateway, "203.0.113.9", nick="Op") as op:
            await first(op)
            await op.send_json({"type": "input", "text": f"/oper {PASSWORD}"})
            await op.send_json({"type": "input", "text": "/ban Bob 1h spam"})
            assert await asyncio.wait_for(close_code(bob), 10) == 4501
            await carol.send_json({"type": "input", "text": "still here"})
            while "still here" not in await carol.receive_str():
                pass
    ports = [str(port) for port in core.ports]
    for restarted in (False, True):
        if restarted:
            assert core.stop(signal.SIGTERM) == 0
            data = ("--data-dir", tmp_path / "data")
            start_program("tcp_core", "--port", ports[0], "--gateway-port", ports[1], *data, announcements=2)
        for join in ({"nick": "Bob"}, {"nick": "Robert"}, {"nick": "Bob", "session": token}):
            async with browser(gateway, BOB, **join) as again:
                assert (await first(again))["code"] == "banned"
                assert await close_code(again) == 4501
        async with browser(gateway, CAROL, nick="Carol") as carol:
            assert (await first(carol))["type"] == "welcome"
        async with browser(gateway, f"{CAROL}, {BOB}", nick="Liar") as liar:  # what he wrote himself is not believed
            assert (await first(liar))["code"] == "banned"
