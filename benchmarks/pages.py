"""Somebody who reads history through the JSON door, in a process of its own. Knows nothing about other clients."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import random
import select
import socket
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

PAGE_EVENTS = 100
_RATE = 20.0
"""Pages a second."""
_SEED = 1
_LIMIT_SECONDS = 30.0
_CLIENT = "192.0.2.1"


class PageReader:
    """Reads pages at random places when asked to, while the caller does something else."""

    def __init__(self, address: tuple[str, int], events: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, address, events), daemon=True)
        self.process.start()
        theirs.close()
        self._pipe.recv()  # it has joined

    def start(self, seconds: float) -> None:
        """Read for so long."""
        self._pipe.send(seconds)

    def result(self) -> list[float]:
        """Return how long after they were due pages had come, ms.

        :raises EOFError: it failed, and has said why on standard error.
        """
        times: list[float] = self._pipe.recv()
        return times

    def close(self) -> None:
        """End it."""
        self._pipe.close()
        self.process.join()
        self.process.close()


@contextlib.contextmanager
def page_reader(address: tuple[str, int], events: int) -> Iterator[PageReader]:
    """Have a reader of history.

    :param address: host and port of the JSON door.
    :param events: how many of the log it may ask for.
    """
    reader = PageReader(address, events)
    try:
        yield reader
    finally:
        reader.close()


def _serve(pipe: Connection[Any, Any], address: tuple[str, int], events: int) -> None:
    places = random.Random(_SEED)  # noqa: S311 (nobody has to be surprised)
    with contextlib.suppress(EOFError), socket.create_connection(address, timeout=_LIMIT_SECONDS) as sock:
        door = _JsonDoor(sock)
        door.send(type="join", nick="pages", lang="en")
        door.read("joined", nick="pages")
        pipe.send("ready")
        while True:
            seconds = pipe.recv()
            start, times = time.monotonic(), []
            for number in range(max(1, round(_RATE * seconds))):
                due = start + number / _RATE
                door.read_until(due)
                before = places.randrange(PAGE_EVENTS + 1, events)
                door.send(type="history", before=before, limit=PAGE_EVENTS)
                page = door.read("history")
                times.append(1000 * (time.monotonic() - due))
                if [event["seq"] for event in page["events"]] != list(range(before - PAGE_EVENTS, before)):
                    raise ValueError(f"not the page before {before}")
            pipe.send(times)


class _JsonDoor:
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = b""
        sock.sendall(f"PROXY TCP4 {_CLIENT} 127.0.0.1 1 1\r\n".encode())

    def send(self, **fields: str | int) -> None:
        self._sock.sendall(json.dumps(fields).encode() + b"\n")

    def read(self, type: str, **fields: str) -> dict[str, Any]:
        """Return the next message that is so."""
        while True:
            while b"\n" not in self._received:
                self._receive()
            line, _, self._received = self._received.partition(b"\n")
            if not line.startswith(b'{"type":"%s"' % type.encode()):
                continue
            message: dict[str, Any] = json.loads(line)
            if fields.items() <= message.items():
                return message

    def read_until(self, moment: float) -> None:
        """Read what comes, until then."""
        while (left := moment - time.monotonic()) > 0:
            if select.select([self._sock], [], [], left)[0]:
                self._receive()
                self._received = self._received.rpartition(b"\n")[2]

    def _receive(self) -> None:
        data = self._sock.recv(64 * 1024)
        if not data:
            raise ConnectionResetError("the connection ended")
        self._received += data
