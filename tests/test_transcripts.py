"""Conversations as data files, played against a real server: tests/transcripts/*.txt.

A step is one line: who, what, and the rest.

    !lang en              before all steps: an option of the server (lang, history_lines)
    Alex: connect         open a connection to the text door (`connect web`: to the JSON door)
    Alex: close           close it without a word
    Alex: half-close      say that nothing more will be sent
    Alex: ends            the server has closed its side, and sent nothing before that
    Alex> text            send a line; to the JSON door, an object
    Alex>> "a\\r\\n"        send exactly this JSON string; one that starts with `bytes:` is Latin-1, so not UTF-8
    Alex< text            this line is next; from the JSON door, an object that has at least these fields
    Alex<< "Nick: "       exactly this is next, without a line end
    # text                a remark

`{time}` and `{zone}` stand for a moment and a time zone. At the end of every file the server stops, and all who are
still there must get what that gives them and nothing else: every byte that the server sent is accounted for.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Core, JsonClient, TextClient, stopping

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
STOPPED = {"ru": "* Сервер останавливается *\n", "en": "* The server is stopping *\n"}
_STEP = re.compile(r"(\w+)(>>|<<|[><:])(?: (.*))?$")
_PLACEHOLDERS = {"{time}": r"\d{4}-\d\d-\d\d \d\d:\d\d", "{zone}": r"UTC(?:[+-]\d\d:\d\d)?"}


class Play:
    """One conversation while it is played."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.clients: dict[str, TextClient | JsonClient] = {}

    def step(self, line: str) -> None:
        match = _STEP.fullmatch(line)
        assert match, "this is no step"
        who, sign, rest = match[1], match[2], match[3] or ""
        if sign == ":":
            self.act(who, rest)
            return
        client = self.clients[who]
        if sign == ">>":
            client.sock.sendall(_raw(json.loads(rest)))
        elif sign == ">":
            client.sock.sendall(rest.encode() + b"\n")
        elif isinstance(client, JsonClient):
            expect_object(client, json.loads(rest))
        else:
            expect_text(client, json.loads(rest) if sign == "<<" else f"{rest}\n")

    def act(self, who: str, what: str) -> None:
        match what:
            case "connect":
                self.clients[who] = self.core.text()
            case "connect web":
                self.clients[who] = self.core.web()
            case "close":
                self.clients.pop(who).close()
            case "half-close":
                self.clients[who].sock.shutdown(socket.SHUT_WR)
            case "ends":
                client = self.clients.pop(who)
                assert client.received + client.sock.recv(65536) == b""
                client.close()
            case _:
                pytest.fail("this is nothing that one can do")

    def end(self, lang: str) -> None:
        with stopping(self.core.server):
            for who, client in self.clients.items():
                if isinstance(client, TextClient):
                    assert client.read_to_end() == STOPPED[lang], who
                else:
                    expect_object(client, {"type": "bye", "code": 4000})
                    assert client.read() is None, who
                client.close()


def expect_text(client: TextClient, expected: str) -> None:
    """Take exactly `expected` from what the server sent; the line ends of both are at the same places."""
    if expected.endswith("\n"):
        got = client.read_until("\n")
    else:
        got = ""
        while len(got) < len(expected):
            got += client.read_until(expected[len(got)])
    pattern = re.escape(expected)
    for name, form in _PLACEHOLDERS.items():
        pattern = pattern.replace(re.escape(name), form)
    assert re.fullmatch(pattern, got), f"got {got!r}"


def expect_object(client: JsonClient, expected: dict[str, object]) -> None:
    got = client.read()
    assert got is not None, "the connection ended"
    assert {**got, **expected} == got, f"got {got!r}"


def _raw(text: str) -> bytes:
    return text.removeprefix("bytes:").encode("latin-1") if text.startswith("bytes:") else text.encode()


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, start_core: Callable[..., Core]) -> None:
    steps = [(n, line) for n, line in enumerate(path.read_text().splitlines(), 1) if line and not line.startswith("#")]
    options: dict[str, object] = {"lang": "ru"}
    while steps and steps[0][1].startswith("!"):
        name, value = steps.pop(0)[1][1:].split()
        options[name] = int(value) if value.isdigit() else value
    play = Play(start_core(hub=options))
    for number, line in steps:
        try:
            play.step(line)
        except (AssertionError, TimeoutError, KeyError, ValueError) as error:
            pytest.fail(f"{path.name}:{number}: {line}\n{error}", pytrace=False)
    play.end(str(options["lang"]))


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) > 10
