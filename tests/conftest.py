"""Real servers on free ports, and clients to talk to them. Nothing here sleeps: it waits for what is to come."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
import uvloop

from tcp_core.hub import HubOptions
from tcp_core.server import Server, ServerOptions

PATIENCE_SECONDS = 30
"""How long a slow machine may take; nothing waits that long where all is well."""
NO_RATE = {"rate_per_second": 0.0}


class TextClient:
    """A terminal, as far as the wire is concerned."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.sock = socket.create_connection(address, timeout=PATIENCE_SECONDS)
        self.received = b""

    def send(self, text: str | bytes) -> None:
        self.sock.sendall(text.encode() if isinstance(text, str) else text)

    def read_until(self, end: str) -> str:
        """Return what comes, up to and including `end`."""
        wanted = end.encode()
        while wanted not in self.received:
            data = self.sock.recv(65536)
            if not data:
                raise AssertionError(f"the connection ended before {end!r} came: {self.received.decode()!r}")
            self.received += data
        head, _, self.received = self.received.partition(wanted)
        return (head + wanted).decode()

    def line(self) -> str:
        return self.read_until("\n").removesuffix("\n")

    def read_to_end(self) -> str:
        while data := self.sock.recv(65536):
            self.received += data
        rest, self.received = self.received, b""
        return rest.decode()

    def join(self, nick: str, prompt: str = "Ник: ") -> None:
        """Name oneself, and read up to one's own join line."""
        self.read_until(prompt)
        self.send(f"{nick}\n")
        while "вошёл в чат *\n" not in self.read_until("\n"):
            pass

    def roundtrip(self) -> str:
        """Return everything that was sent to this client before it asked."""
        marker = "/" + os.urandom(4).hex()
        self.send(f"{marker}\n")
        head = self.read_until(marker)
        self.read_until("\n")
        return head[: head.rfind("❌")]

    def close(self) -> None:
        self.sock.close()


class JsonClient:
    """What the gateway is to the core: JSON lines behind a PROXY header."""

    def __init__(self, address: tuple[str, int], client: str = "192.0.2.1", header: bytes | None = None) -> None:
        self.sock = socket.create_connection(address, timeout=PATIENCE_SECONDS)
        self.received = b""
        self.sock.sendall(f"PROXY TCP4 {client} 127.0.0.1 5 9998\r\n".encode() if header is None else header)

    def send(self, **message: Any) -> None:
        self.sock.sendall(json.dumps(message).encode() + b"\n")

    def read(self) -> dict[str, Any] | None:
        """Return the next message, None at the end."""
        while b"\n" not in self.received:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.received += data
        line, _, self.received = self.received.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def roundtrip(self) -> list[dict[str, Any]]:
        """Return everything that was sent to this client before it asked."""
        ping = os.urandom(4).hex()
        self.send(type="ping", id=ping)
        messages = []
        while (message := self.read()) != {"type": "pong", "id": ping}:
            assert message is not None, "the connection ended"
            messages.append(message)
        return messages

    def join(self, nick: str, **fields: Any) -> dict[str, Any]:
        """Join, read everything that comes of it, and return the welcome."""
        self.send(type="join", nick=nick, lang="en", **fields)
        welcome = self.read()
        assert welcome is not None
        assert welcome["type"] == "welcome", welcome
        return welcome

    def end(self) -> None:
        """Close, and wait until the server has done so, too."""
        self.sock.shutdown(socket.SHUT_WR)
        while self.sock.recv(65536):
            pass
        self.close()

    def close(self) -> None:
        self.sock.close()


@contextmanager
def stopping(server: Server) -> Iterator[None]:
    """Let the server stop while the clients read what that gives them; it waits for them, so they should close, too."""
    thread = threading.Thread(target=server.stop, name="stopping")
    thread.start()
    try:
        yield
    finally:
        thread.join()


class Core:
    """A server in this process, with clients that are closed when the test ends."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self.server = server
        self._stack = stack

    def text(self, nick: str | None = None) -> TextClient:
        client = TextClient(self.server.text_address)
        self._stack.callback(client.close)
        if nick is not None:
            client.join(nick)
        return client

    def web(self, **options: Any) -> JsonClient:
        client = JsonClient(self.server.gateway_address, **options)
        self._stack.callback(client.close)
        return client


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the gateway's tests on the loop that `parley-gateway` uses as well: its transports are of another make."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name in ("test_gateway.py", "test_listener.py", "test_gateway_tls.py"):
        loops["uvloop"] = uvloop.new_event_loop
    return loops


@pytest.fixture
def start_core(tmp_path: Path) -> Iterator[Callable[..., Core]]:
    """Start a server in this process: `start_core(data_dir=…, hub={…}, rate_burst=…)`."""
    with ExitStack() as stack:

        def start(hub: dict[str, Any] | None = None, **options: Any) -> Core:
            settings = {"port": 0, "gateway_port": 0, "data_dir": tmp_path / "data", **NO_RATE, **options}
            server = Server(ServerOptions(hub=HubOptions(**(hub or {})), **settings))
            server.start()
            stack.callback(server.stop)
            return Core(server, stack)

        yield start


@pytest.fixture
def core(start_core: Callable[..., Core]) -> Core:
    """A server with the options that a test wants: in Russian, without a rate limit."""
    return start_core()


class Program:
    """One of the project's programs as a process of its own, started and announced."""

    def __init__(
        self,
        module: str,
        *arguments: str | Path,
        announcements: int,
        env: dict[str, str] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> None:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
        )
        assert self.process.stdout is not None
        self.announced = [self.process.stdout.readline().strip() for _ in range(announcements)]
        assert all(self.announced), f"{command} did not start"
        self.ports = [int(line.rstrip("/").rpartition(":")[2]) for line in self.announced]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=PATIENCE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def start_program() -> Iterator[Callable[..., Program]]:
    """Start a program of the project: `start_program("tcp_core", "--port", "0", announcements=2)`."""
    with ExitStack() as stack:

        def start(module: str, *arguments: str | Path, announcements: int = 1, **options: Any) -> Program:
            program = Program(module, *arguments, announcements=announcements, **options)
            stack.callback(program.stop)
            return program

        yield start


Both = Callable[..., tuple[Program, Program]]


@pytest.fixture
def start_both(start_program: Callable[..., Program], tmp_path: Path) -> Both:
    """Start core and gateway as processes; return both. `core.ports` is [text, json], `gateway.ports` is [http]."""

    def start(*core_arguments: str, port: int = 0, gateway_port: int = 0) -> tuple[Program, Program]:
        settings = ("--port", str(port), "--gateway-port", str(gateway_port), "--data-dir", tmp_path / "data")
        core = start_program("tcp_core", *settings, "--rate-per-second", "0", *core_arguments, announcements=2)
        ports = ("--core-port", str(core.ports[1]), "--text-port", str(core.ports[0]))
        return core, start_program("web_gateway", "--port", "0", *ports)

    return start
