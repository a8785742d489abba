"""Streams of anything at both doors of a real server: nobody else notices, and nothing of them is left behind."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core import connection
from tcp_core.framing import JSON_LINE_BYTES, TEXT_LINE_BYTES, Line, LineFraming, TextFraming
from tcp_core.proxy_header import V2_BYTES, ProxyHeader
from tests.attacks import ATTACKS
from tests.conftest import Core, TextClient
from tests.hypothesis_profile import FEW

HEADER = b"PROXY TCP4 192.0.2.9 127.0.0.1 5 9998\r\n"
PIECES = (
    HEADER,
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff",
    b"PROXY UNKNOWN " + b"x" * 200,
    b'{"type":"join","nick":"ann"}\n',
    b'{"type":"join","nick":"ann","session":"x","epoch":"y","after":4611686018427387904}\n',
    b'{"type":"input","text":"hi","id":"1"}\n',
    b'{"type":"history","before":4611686018427387904,"limit":500}\n',
    b'{"type":"ping","id":"\xff"}\n',
    b'{"type":' * 5000,
    b"[" * 70_000 + b"\n",
    b"1" * 9000 + b"\n",
    b"ann\n",
    b"/nick \n/who\n/help\n/history 1000\n/quit",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\xff\xfd\x01" * 300,
    b"\xff\xfa" + b"x" * 5000,
    b"a\x08" * 5000,
    b"\r" * 300,
    b"\0" * 300,
    b"x" * 40_000,
    b"\n",
)
CHUNKS = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.sampled_from([attack.data for attack in ATTACKS]).map(
            lambda data: data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
        ),
        st.binary(max_size=200),
    ),
    max_size=8,
)
DOORS = ("text", "json", "json behind a header")
ENDS = st.sampled_from(["read", "close", "reset"])


def descriptors() -> int:
    return len(list(Path("/proc/self/fd" if Path("/proc/self/fd").exists() else "/dev/fd").iterdir()))


def throw(address: tuple[str, int], chunks: list[bytes], end: str) -> None:
    """Send all, whatever the server thinks of it, and end in some way."""
    with socket.create_connection(address, timeout=10) as sock, contextlib.suppress(ConnectionError):
        for chunk in chunks:
            sock.sendall(chunk)
        if end == "read":
            with contextlib.suppress(OSError):  # the server has reset it already
                sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        elif end == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def most_kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Watch what the readers keep of bytes that have not become lines; by kind, the most there ever was."""
    most: dict[str, int] = {"text": 0, "telnet": 0, "json": 0, "header": 0}

    def note(kind: str, length: int) -> None:
        most[kind] = max(most[kind], length)

    class WatchedText(TextFraming):
        def feed(self, data: bytes) -> Iterator[Line]:
            yield from super().feed(data)
            note("text", len(self._lines.partial))
            note("telnet", len(self._telnet))

    class WatchedLines(LineFraming):
        def feed(self, data: bytes) -> Iterator[Line]:
            yield from super().feed(data)
            note("json", len(self.partial))

    class WatchedHeader(ProxyHeader):
        def feed(self, data: bytes) -> bool:
            complete = super().feed(data)
            note("header", len(self._data))
            return complete

    monkeypatch.setattr(connection, "TextFraming", WatchedText)
    monkeypatch.setattr(connection, "LineFraming", WatchedLines)
    monkeypatch.setattr(connection, "ProxyHeader", WatchedHeader)
    return most


def test_no_bytes_harm_the_server_or_a_bystander(
    start_core: Callable[..., Core],
    most_kept: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    died: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    core = start_core(hub={"resume_grace_seconds": 0}, connections_per_address=0)
    bystander = core.text("bystander")
    bystander.roundtrip()
    threads, open_before = set(threading.enumerate()), descriptors()

    def stream(door: str, chunks: list[bytes], end: str) -> None:
        address = core.server.text_address if door == "text" else core.server.gateway_address
        throw(address, [HEADER, *chunks] if door == "json behind a header" else chunks, end)
        chat(bystander)
        assert not died

    for door, piece in itertools.product(DOORS, PIECES):
        stream(door, [piece], "read")
    FEW(given(st.sampled_from(DOORS), CHUNKS, ENDS)(stream))()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (descriptors() > open_before or set(threading.enumerate()) != threads):
        chat(bystander)
    assert descriptors() <= open_before
    assert set(threading.enumerate()) == threads
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert most_kept["text"] <= TEXT_LINE_BYTES
    assert most_kept["json"] <= JSON_LINE_BYTES
    assert most_kept["telnet"] <= 5
    assert most_kept["header"] <= V2_BYTES + connection.LEAST_RECEIVE_BYTES
    assert all(most_kept.values()), "each kind has been kept at some time"


def chat(client: TextClient) -> None:
    """Say something, and hear it."""
    word = os.urandom(4).hex()
    client.send(f"{word}\n")
    client.read_until(f"[bystander] {word}\n")
