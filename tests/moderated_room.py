"""A room with operators, and people in it who read and type; for the tests of moderation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tcp_core.secret import Secret
from tests.conftest import Core, JsonClient, TextClient

PASSWORD = "open sesame"
Start = Callable[..., Core]


@pytest.fixture(name="start")
def start_fixture(start_core: Start) -> Start:
    """Start a server in English that has operators."""

    def start(hub: dict[str, Any] | None = None, **options: Any) -> Core:
        settings = {"lang": "en", "operator_password": Secret(PASSWORD), "history_lines": 0, **(hub or {})}
        return start_core(hub=settings, **options)

    return start


@pytest.fixture(name="room")
def room_fixture(start: Start) -> Core:
    return start()


def terminal(core: Core, nick: str) -> TextClient:
    client = core.text()
    client.read_until("Nick: ")
    client.send(f"{nick}\n")
    client.read_until(" joined *\n")
    return client


def operator(core: Core, nick: str = "Op") -> TextClient:
    client = terminal(core, nick)
    client.send(f"/oper {PASSWORD}\n")
    assert client.line() == "* You are an operator. For the commands: /help *"
    return client


def browser(core: Core, nick: str, address: str = "192.0.2.1", **fields: Any) -> JsonClient:
    client = core.web(client=address)
    client.token = client.join(nick, **fields)["session"]  # type: ignore[attr-defined]
    client.roundtrip()
    return client


def said(client: JsonClient) -> list[str]:
    return [message["text"] for message in client.roundtrip() if message["type"] == "said"]


def type_line(client: JsonClient, text: str) -> list[dict[str, Any]]:
    """Type a line, and return what it is answered with, for this client alone."""
    client.send(type="input", id="x", text=text)
    return [message for message in client.roundtrip() if message["type"] in ("notice", "refused", "ignoring")]


def farewell(client: JsonClient) -> dict[str, Any]:
    """Return the last message before the end."""
    last = None
    while (message := client.read()) is not None:
        last = message
    assert last is not None
    assert last["type"] == "bye"
    return last


def rejected(core: Core, nick: str, address: str, **fields: Any) -> tuple[str, int]:
    """Try to join; return the code of the refusal and the close code."""
    client = core.web(client=address)
    client.send(type="join", nick=nick, lang="en", **fields)
    refused = client.read()
    assert refused is not None
    assert refused["type"] == "refused"
    return refused["code"], farewell(client)["code"]
