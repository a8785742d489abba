"""HTTPS and WSS: a conversation, a certificate that is renewed, and what is no TLS."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import WSMsgType

from tests.conftest import Both, Core, Program
from tests.test_programs import complaint, run
from web_gateway import bridge
from web_gateway.app import Gateway, GatewayOptions
from web_gateway.health import healthy
from web_gateway.listener import Listener, ListenerOptions
from web_gateway.metrics import Counts
from web_gateway.tls import Certificate

SECONDS = 30
SOON = 0.2
ENDLESS = 100_000_000
"""More bytes than the system's buffers take."""


class Files:
    """An authority, and the files of a certificate that it gave out."""

    def __init__(self, directory: Path) -> None:
        self.ca = trustme.CA()
        self.cert, self.key = directory / "cert.pem", directory / "key.pem"
        self.renew()

    def renew(self) -> None:
        issued = self.ca.issue_cert("localhost", "127.0.0.1")
        self.key.write_bytes(issued.private_key_pem.bytes())
        self.cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))

    @property
    def options(self) -> tuple[str, str, str, str]:
        return "--tls-cert", str(self.cert), "--tls-key", str(self.key)

    def trusting(self) -> ssl.SSLContext:
        """Return what a client needs that trusts this authority."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


class Door:
    def __init__(self, stack: AsyncExitStack, address: tuple[str, int], counts: Counts, files: Files) -> None:
        self.address = address
        self.counts = counts
        self.files = files
        self._stack = stack

    async def connect(self, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; whatever becomes of the test, the connection is let go: uvloop waits for those that are not."""
        reader, writer = await asyncio.open_connection(*self.address, **options)
        self._stack.callback(writer.transport.abort)
        return reader, writer

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let everything go on until it is so."""
        async with asyncio.timeout(4 * SECONDS):
            while not condition():
                await asyncio.sleep(0)

    async def left(self, count: int) -> None:
        """Wait until there are `count` connections."""
        await self.until(lambda: self.counts.connections == count)

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.address[1]}{path}"


@pytest.fixture
async def start_door(files: Files) -> AsyncIterator[Callable[..., Awaitable[Door]]]:
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    async with AsyncExitStack() as stack:

        async def start(core: tuple[str, int] = ("127.0.0.1", 1), unread: int = 65536, **options: Any) -> Door:
            counts = Counts()
            app = Gateway(GatewayOptions(core_host=core[0], core_port=core[1], unread_bytes=unread), counts).app
            listener = Listener(app, ListenerOptions(**options), counts, Certificate(files.cert, files.key))
            stack.push_async_callback(listener.stop)
            return Door(stack, await listener.start("127.0.0.1", 0), counts, files)

        yield start
    assert not failures


StartDoor = Callable[..., Awaitable[Door]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PlayCore = Callable[[Talk], Awaitable[tuple[str, int]]]


@pytest.fixture
async def play_core() -> AsyncIterator[PlayCore]:
    """Play the core: `await play_core(talk)` returns its address."""
    async with AsyncExitStack() as stack:

        async def listen(talk: Talk) -> tuple[str, int]:
            core = await asyncio.start_server(talk, "127.0.0.1", 0)
            stack.callback(core.close)
            address: tuple[str, int] = core.sockets[0].getsockname()
            return address

        yield listen


# -------------------------------------------------------------- both event loops


async def test_a_conversation(core: Core, start_door: StartDoor) -> None:
    door = await start_door(core.server.gateway_address)
    alex = core.text("Alex")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=door.files.trusting())) as session:
        async with session.get(door.url("/")) as page:
            assert page.status == 200
            assert "Strict-Transport-Security" not in page.headers
        here = door.url("")
        async with session.ws_connect(door.url("/ws"), protocols=("parley.v1",), origin=here) as ann:
            await ann.send_json({"type": "join", "nick": "Ann", "lang": "en"})
            await ann.send_json({"type": "input", "text": "Привет!", "id": "1"})
            received = ""
            while "Привет!" not in received:
                received += await ann.receive_str(timeout=SECONDS)
            assert alex.read_until("Привет!\n") == "* Ann вошёл в чат *\n[Ann] Привет!\n"
            alex.send("Hello\n")
            assert json.loads(await ann.receive_str(timeout=SECONDS))["text"] == "Hello"
        for origin in (here.replace("https", "http"), "https://127.0.0.2:1", "null"):
            async with session.ws_connect(door.url("/ws"), origin=origin) as other:
                assert (await other.receive(SECONDS)).data == 4505
    await door.left(0)


@pytest.mark.parametrize("unread", [1024, 65536, 0])
async def test_much_arrives_whole(start_door: StartDoor, play_core: PlayCore, unread: int) -> None:
    lines = [json.dumps({"type": "said", "seq": seq, "text": "é" * (seq * 37 % 9000)}) for seq in range(600)]

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = "".join(f"{line}\n" for line in lines).encode()
        for start in range(0, len(data), 99_991):
            writer.write(data[start : start + 99_991])
            await writer.drain()
        writer.write(b'{"type":"bye","code":4502,"reason":"taken over"}\n')
        writer.close()

    door = await start_door(await play_core(tell), unread)
    received: list[str] = []
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=door.files.trusting())) as session,
        session.ws_connect(door.url("/ws"), max_msg_size=0) as page,
    ):
        while (message := await page.receive(SECONDS)).type is WSMsgType.TEXT:
            received += str(message.data).split("\n")
        assert page.close_code == 4502
    assert received[:-1] == lines
    assert door.counts.bytes_down == len("\n".join(received).encode()) - (door.counts.frames_down - 1)


async def test_a_browser_that_does_not_read_is_waited_for(start_door: StartDoor, play_core: PlayCore) -> None:
    sent = 0

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        line = b'{"type":"said","text":"' + b"x" * 60_000 + b'"}\n'
        with suppress(ConnectionError):
            while sent < ENDLESS:
                writer.write(line)
                sent += len(line)
                await writer.drain()
        writer.transport.abort()

    door = await start_door(await play_core(tell))
    reader, writer = await door.connect(ssl=door.files.trusting(), limit=1024)
    writer.write(
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
    await door.until(lambda: door.counts.waiting == 1)
    writer.transport.abort()
    await door.until(lambda: door.counts.waiting == 0)
    await door.left(0)
    assert sum(door.counts.waits) >= 1
    assert sent < ENDLESS


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 3000, bytes(range(256)) * 20, b"\x16\x03\x01\xff\xff" * 100]
)
async def test_what_is_no_tls_is_closed(start_door: StartDoor, data: bytes) -> None:
    door = await start_door(header_timeout_seconds=SOON)
    reader, writer = await door.connect()
    writer.write(data)
    try:
        answer = await asyncio.wait_for(reader.read(), SECONDS)
    except ConnectionError:
        answer = b""
    assert b"HTTP" not in answer
    writer.close()
    await door.left(0)
    assert door.counts.refusals.by_reason == {"tls-handshake": 1}


async def test_a_handshake_has_a_time_limit_and_counts(start_door: StartDoor) -> None:
    door = await start_door(header_timeout_seconds=SOON, max_connections=1)
    reader, writer = await door.connect()
    await door.left(1)
    refused, refused_writer = await door.connect()
    assert await asyncio.wait_for(refused.read(), SECONDS) == b""
    assert await asyncio.wait_for(reader.read(), SECONDS) == b""
    await door.left(0)
    assert door.counts.refusals.by_reason == {"max-http-connections": 1, "tls-handshake": 1}
    writer.close()
    refused_writer.close()


async def test_after_the_handshake_the_header_has_a_time_limit(start_door: StartDoor) -> None:
    door = await start_door(header_timeout_seconds=SOON)
    reader, writer = await door.connect(ssl=door.files.trusting())
    writer.write(b"GET / HTTP/1.1\r\n")
    with suppress(ConnectionError):
        assert (await asyncio.wait_for(reader.read(), SECONDS)).startswith(b"HTTP/1.1 408 ")
    await door.left(0)
    assert door.counts.refusals.by_reason == {"header-timeout-seconds": 1}
    writer.close()


async def test_old_versions_of_tls_are_refused(start_door: StartDoor) -> None:
    door = await start_door()
    context = door.files.trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):  # noqa: PT011  (how a client is told differs)
        await door.connect(ssl=context)
    await door.left(0)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    _, writer = await door.connect(ssl=context)
    assert writer.get_extra_info("ssl_object").version() == "TLSv1.2"
    writer.close()


def test_a_frame_is_long_enough_to_be_sent_in_two_parts() -> None:
    assert bridge.COPIED_BYTES < 9000  # test_much_arrives_whole sends such, and shorter ones


# -------------------------------------------------------------------- the program


def serial(port: int, files: Files) -> int:
    """Return the serial number of the certificate that a new connection is shown."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as sock,
        files.trusting().wrap_socket(sock, server_hostname="localhost") as tls,
    ):
        shown = tls.getpeercert()
        assert shown
        return int(str(shown["serialNumber"]), 16)


def test_a_certificate_is_renewed_and_a_broken_one_is_not_taken(files: Files, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w+b") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "web_gateway", "--port", "0", *files.options], stdout=subprocess.PIPE, stderr=log
        )
        assert process.stdout is not None
        announced = process.stdout.readline().decode()
        try:
            assert announced.startswith("parley-gateway: page at https://127.0.0.1:")
            port = int(announced.rstrip("/\n").rpartition(":")[2])

            def says(words: str) -> None:
                while words not in (tmp_path / "stderr").read_text():
                    assert process.poll() is None

            first = serial(port, files)
            sock = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
            with files.trusting().wrap_socket(sock, server_hostname="localhost") as old:
                files.cert.write_text("nothing of that kind")
                process.send_signal(signal.SIGHUP)
                says("certificate not reloaded")
                assert serial(port, files) == first
                files.renew()
                process.send_signal(signal.SIGHUP)
                says("certificate reloaded")
                assert serial(port, files) != first
                old.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert old.recv(100).startswith(b"HTTP/1.1 200 ")
        finally:
            process.terminate()
            assert process.wait(20) == 0
            process.stdout.close()


def test_openssl_and_the_health_check(start_both: Both, start_program: Callable[..., Program], files: Files) -> None:
    core, _ = start_both()
    gateway = start_program("web_gateway", "--port", "0", "--core-port", str(core.ports[1]), *files.options)
    openssl = shutil.which("openssl")
    assert openssl, "this test needs openssl"
    trusted = files.cert.with_name("ca.pem")
    files.ca.cert_pem.write_to_path(str(trusted))
    done = subprocess.run(
        [openssl, "s_client", "-connect", f"127.0.0.1:{gateway.ports[0]}", "-CAfile", str(trusted), "-ign_eof",
         "-servername", "localhost", "-verify_hostname", "localhost", "-verify_return_error", "-alpn", "http/1.1"],
        input=b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    assert b"Verify return code: 0 (ok)" in done.stdout, done.stderr
    assert b"ALPN protocol: http/1.1" in done.stdout
    assert b"HTTP/1.1 200 OK" in done.stdout
    assert healthy(gateway.ports[0], tls=True)
    assert not healthy(gateway.ports[0])
    url = f"https://localhost:{gateway.ports[0]}/"
    with urllib.request.urlopen(url, timeout=SECONDS, context=files.trusting()) as page:
        assert page.status == 200


def _missing(files: Files) -> None:
    files.cert.unlink()


def _other_key(files: Files) -> None:
    files.key.write_bytes(files.ca.issue_cert("localhost").private_key_pem.bytes())


def _no_pem(files: Files) -> None:
    files.key.write_text("secret")


def _encrypted(files: Files) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )


@pytest.mark.parametrize("spoil", [_missing, _other_key, _no_pem, _encrypted])
def test_files_that_can_not_be_used(files: Files, spoil: Callable[[Files], None]) -> None:
    spoil(files)
    said = complaint(run("web_gateway", "--port", "0", *files.options))
    assert str(files.cert) in said
    assert str(files.key) in said


@pytest.mark.parametrize("given", [slice(0, 2), slice(2, 4)])
def test_one_without_the_other(files: Files, given: slice) -> None:
    done = run("web_gateway", "--port", "0", *files.options[given])
    assert done.returncode == 2
    assert "--tls-cert and --tls-key need each other" in done.stderr
    assert "Traceback" not in done.stderr
