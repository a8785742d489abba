"""Core and gateway as processes on ports that stay the same, however often they are killed and started."""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.conftest import Program

Address = tuple[str, int]
StartProgram = Callable[..., Program]
_NO_LIMITS = ("--rate-per-second", "0", "--connections-per-address", "0", "--lang", "en")


class Row(NamedTuple):
    """An event, as the file has it."""

    seq: int
    type: str
    nick: str
    body: str
    id: str | None


class House:
    """One room.

    :param start: the fixture `start_program`.
    :param directory: where the log is.
    :param core_options: besides ports and directory; without limits, if they are not given.
    :param gateway_options: besides ports.
    :param stderr: what both write there is kept in this file; None: the test's own.
    """

    def __init__(
        self,
        start: StartProgram,
        directory: Path,
        core_options: tuple[str, ...] = _NO_LIMITS,
        gateway_options: tuple[str, ...] = (),
        stderr: Path | None = None,
    ) -> None:
        self._start = start
        self._core_options = core_options
        self._gateway_options = gateway_options
        self._stderr = stderr
        self.directory = directory
        self.text, self.json, self.web = (("127.0.0.1", port) for port in free_ports(3))
        self.core: Program
        self.gateway: Program

    def open_core(self) -> None:
        """Start the core; return when it listens."""
        ports = ("--port", str(self.text[1]), "--gateway-port", str(self.json[1]))
        self.core = self._open("tcp_core", 2, *ports, "--data-dir", self.directory, *self._core_options)

    def open_gateway(self) -> None:
        """Start the gateway; return when it listens."""
        ports = ("--port", str(self.web[1]), "--core-port", str(self.json[1]))
        self.gateway = self._open("web_gateway", 1, *ports, *self._gateway_options)

    def _open(self, module: str, announcements: int, *arguments: str | Path) -> Program:
        with self._stderr.open("ab") if self._stderr else contextlib.nullcontext() as stderr:
            return self._start(module, *arguments, announcements=announcements, stderr=stderr)

    def restart_core(self, number: signal.Signals) -> None:
        """End the core by a signal, and start it again."""
        assert self.core.stop(number) == (-signal.SIGKILL if number is signal.SIGKILL else 0)
        self.open_core()

    def restart_gateway(self, number: signal.Signals) -> None:
        """End the gateway by a signal, and start it again."""
        assert self.gateway.stop(number) == (-signal.SIGKILL if number is signal.SIGKILL else 0)
        self.open_gateway()

    def log(self) -> list[Row]:
        """Return all that the file holds; not through the core's own code."""
        with sqlite3.connect(self.directory / "log.sqlite3") as db:
            rows = db.execute("SELECT seq, type, nick, body, id FROM events ORDER BY seq").fetchall()
        db.close()
        return [Row(*row) for row in rows]


def free_ports(count: int) -> list[int]:
    """Return ports below those that the kernel gives to clients, so that nobody takes them while a server is down."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.randint(15_000, 32_000)  # not of the seed: runs side by side want different ones
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
    return ports


def terminal_lines(row: Row) -> str:
    """Return how an event looks in an English terminal; not by the core's own code."""
    match row.type:
        case "joined":
            return f"* {row.nick} joined *\n"
        case "left":
            return f"* {row.nick} left *\n"
        case "renamed":
            return f"* {row.nick} is now {row.body} *\n"
    return "".join(f"[{row.nick}] {line}\n" for line in row.body.split("\n"))


def resident_kib(process: int) -> int:
    """Return how much memory a process has."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])
