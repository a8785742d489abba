"""Strangers at the door of the page: too many of them, slow ones, and those that don't speak HTTP."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.soak.websocket import raw_frame
from web_gateway import listener as listener_module
from web_gateway.app import Gateway, GatewayOptions
from web_gateway.bridge import CLOSE_POLICY
from web_gateway.connection import CLOSING_BYTES, UNUSED_BYTES, Connection
from web_gateway.limits import ConnectionLimits
from web_gateway.listener import Listener, ListenerOptions
from web_gateway.metrics import Counts

SECONDS = 30
SOON = 0.2
"""A time limit that a test waits for."""
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
WEBSOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
FORBIDDEN = ("aiohttp", "Python", "python")


class Door:
    """A gateway that listens, without a core behind it unless a test has one."""

    def __init__(self, stack: AsyncExitStack, address: tuple[str, int], counts: Counts) -> None:
        self.address = address
        self.counts = counts
        self._stack = stack

    async def connect(self, data: bytes = b"", local: str | None = None) -> tuple[asyncio.StreamReader, Any]:
        reader, writer = await asyncio.open_connection(*self.address, local_addr=None if local is None else (local, 0))
        self._stack.callback(writer.close)
        writer.write(data)
        return reader, writer

    def at_end(self, close: Callable[[], object]) -> None:
        self._stack.callback(close)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let everything go on until it is so."""
        async with asyncio.timeout(SECONDS):
            while not condition():
                await asyncio.sleep(0)

    async def left(self, count: int) -> None:
        """Wait until there are `count` connections."""
        await self.until(lambda: self.counts.connections == count)


StartDoor = Callable[..., Awaitable[Door]]


@pytest.fixture
async def start_door() -> AsyncIterator[StartDoor]:
    """Listen: `await start_door(max_connections=1, gateway={…})`."""
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    async with AsyncExitStack() as stack:

        async def start(gateway: dict[str, Any] | None = None, host: str = "127.0.0.1", **options: Any) -> Door:
            counts = Counts()
            app = Gateway(GatewayOptions(**{"core_port": 1, **(gateway or {})}), counts).app
            listener = Listener(app, ListenerOptions(**options), counts)
            stack.push_async_callback(listener.stop)
            return Door(stack, await listener.start(host, 0), counts)

        yield start
    assert not failures


async def to_end(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(), SECONDS)


async def one_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of an answer."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)).decode()
    first, *fields = head.split("\r\n")[:-2]
    headers = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(first.split(" ")[1]), headers, body


# --------------------------------------------------------------------- too many


async def test_one_connection_too_many_is_told_the_limit(start_door: StartDoor) -> None:
    door = await start_door(max_connections=2)
    first, _ = await door.connect(GET)
    assert (await one_answer(first))[0] == 503  # no core
    second, second_writer = await door.connect()
    await door.left(2)
    for data in (b"", GET, WEBSOCKET):
        third, _ = await door.connect(data)
        status, headers, body = await one_answer(third)
        assert (status, headers["connection"]) == (503, "close")
        assert body == b"There are 2 connections already (--max-http-connections); try again later.\n"
        assert await third.read() == b""
    assert door.counts.refusals.by_reason == {"max-http-connections": 3}
    second_writer.close()
    await door.left(1)
    again, _ = await door.connect(GET.replace(b"/healthz", b"/"))
    assert (await one_answer(again))[0] == 200
    assert not second.at_eof() or await second.read() == b""


async def test_one_too_many_that_reads_nothing_costs_nothing(start_door: StartDoor) -> None:
    door = await start_door(max_connections=1)
    await door.connect()
    await door.left(1)
    for n in range(50):
        await door.connect()
        await door.until(lambda n=n: door.counts.refusals.by_reason["max-http-connections"] > n)  # type: ignore[misc]
    assert door.counts.connections == 1


async def test_one_address_does_not_take_the_room_of_others(start_door: StartDoor) -> None:
    door = await start_door(connections_per_address=2)
    for _ in range(2):
        await door.connect()
    await door.left(2)
    refused, _ = await door.connect()
    status, _, body = await one_answer(refused)
    assert (status, body) == (
        503,
        b"There are 2 connections from your address already (--http-connections-per-address).\n",
    )
    other, _ = await door.connect(GET.replace(b"/healthz", b"/"), local="127.0.0.2")
    assert (await one_answer(other))[0] == 200


async def test_a_class_of_a_hundred_behind_one_address_gets_in(start_door: StartDoor) -> None:
    door = await start_door()
    for _ in range(7 * 100):
        await door.connect()
    await door.left(700)
    assert not door.counts.refusals.by_reason


async def test_connections_of_a_trusted_proxy_are_not_counted_by_address(start_door: StartDoor) -> None:
    door = await start_door(connections_per_address=1, uncounted=(ip_network("127.0.0.0/30"),))
    for _ in range(3):
        await door.connect()
    await door.left(3)
    assert not door.counts.refusals.by_reason


async def test_zero_is_no_limit(start_door: StartDoor) -> None:
    door = await start_door(max_connections=0, connections_per_address=0, header_timeout_seconds=0, header_bytes=0)
    for _ in range(20):
        await door.connect()
    await door.left(20)
    reader, _ = await door.connect(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000 + b"\r\n\r\n")
    assert (await one_answer(reader))[0] == 200


def test_addresses_are_counted_as_they_are_given_out() -> None:
    limits = ConnectionLimits(0, 1, (ip_network("2001:db8:ffff::/48"),))
    assert limits.admit("2001:db8::1") is None
    assert limits.admit("2001:db8::ffff:1") is not None  # the same /64
    assert limits.admit("2001:db8:0:1::1") is None
    assert limits.admit("::ffff:192.0.2.1") is None
    assert limits.admit("192.0.2.1") is not None
    assert limits.admit("fe80::1%eth0") is None
    for _ in range(3):
        assert limits.admit("2001:db8:ffff::1") is None
    assert limits.count == 7
    limits.leave("2001:db8::1")
    assert limits.admit("2001:db8::ffff:1") is None


def test_nothing_is_kept_of_addresses_that_left() -> None:
    limits = ConnectionLimits(0, 5, ())
    for n in range(1000):
        assert limits.admit(f"2001:db8:0:{n:x}::1") is None
        limits.leave(f"2001:db8:0:{n:x}::1")
    assert limits.count == 0
    assert not limits._connections


async def test_the_system_has_no_file_left(start_door: StartDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "NO_FILES_SECONDS", 0.01)
    door = await start_door()
    accept = socket.socket.accept
    failing = [OSError(errno.EMFILE, "Too many open files")] * 2

    def fail_twice(sock: socket.socket) -> Any:
        if failing:
            raise failing.pop()
        return accept(sock)

    monkeypatch.setattr(socket.socket, "accept", fail_twice)
    reader, _ = await door.connect(GET.replace(b"/healthz", b"/"))
    assert (await one_answer(reader))[0] == 200
    assert door.counts.refusals.by_reason == {"no-files": 2}


# --------------------------------------------------------------------- too slow


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", GET[:-1]])
async def test_a_header_that_does_not_come_whole(start_door: StartDoor, sent: bytes) -> None:
    door = await start_door(header_timeout_seconds=SOON)
    reader, _ = await door.connect(sent)
    if sent:
        status, headers, body = await one_answer(reader)
        assert (status, headers["connection"]) == (408, "close")
        assert body == f"No whole header in {SOON:g} s (--header-timeout-seconds).\n".encode()
    assert await to_end(reader) == b""
    assert door.counts.refusals.by_reason == {"header-timeout-seconds": 1}
    await door.left(0)


async def test_a_header_that_comes_a_byte_at_a_time(start_door: StartDoor) -> None:
    door = await start_door(header_timeout_seconds=SOON)
    reader, writer = await door.connect(b"GET / HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(SECONDS):
        try:
            while not reader.at_eof():
                writer.write(b"X-A: b\r\n")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass
    assert door.counts.refusals.by_reason == {"header-timeout-seconds": 1}


@pytest.mark.parametrize("sent", [b"", GET[:-1]])
async def test_a_connection_that_is_kept_has_the_same_time_limit(start_door: StartDoor, sent: bytes) -> None:
    door = await start_door(header_timeout_seconds=SOON)
    reader, writer = await door.connect(GET)
    assert (await one_answer(reader))[0] == 503
    writer.write(GET)
    assert (await one_answer(reader))[0] == 503
    writer.write(sent)
    assert await to_end(reader) == b""


async def test_a_body_that_does_not_come(start_door: StartDoor) -> None:
    door = await start_door(lingering_seconds=SOON)
    reader, _ = await door.connect(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx")
    assert (await one_answer(reader))[0] == 405
    assert await to_end(reader) == b""
    await door.left(0)


async def test_a_websocket_has_all_the_time(start_door: StartDoor) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    core = await asyncio.start_server(silent, "127.0.0.1", 0)
    door = await start_door(header_timeout_seconds=SOON, gateway={"core_port": core.sockets[0].getsockname()[1]})
    reader, writer = await door.connect(WEBSOCKET)
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 2 * SOON)
    assert door.counts.websockets == 1
    writer.close()
    await door.left(0)
    core.close()
    await core.wait_closed()


async def test_a_peer_that_is_gone_without_a_word_is_found(start_door: StartDoor) -> None:
    door = await start_door()
    accepted: list[socket.socket] = []
    keep_alive = listener_module._keep_alive

    def note(sock: socket.socket) -> None:
        keep_alive(sock)
        accepted.append(sock.dup())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listener_module, "_keep_alive", note)
        await door.connect()
        await door.left(1)
    (sock,) = accepted
    with sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT"):
            if hasattr(socket, name):
                value = sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                assert value == listener_module.KEEPALIVE[name], name


# ---------------------------------------------------------------- of no use


async def _websocket(start_door: StartDoor) -> tuple[Door, asyncio.StreamReader, asyncio.StreamWriter]:
    writers: list[asyncio.StreamWriter] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError):
            while await reader.read(1 << 20):
                pass
        writer.close()

    def end() -> None:
        core.close()
        for writer in writers:
            writer.transport.abort()

    core = await asyncio.start_server(take, "127.0.0.1", 0)
    door = await start_door(gateway={"core_port": core.sockets[0].getsockname()[1]})
    door.at_end(end)
    reader, writer = await door.connect(WEBSOCKET)
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
    return door, reader, writer


async def test_a_message_that_is_never_whole_ends_a_websocket(start_door: StartDoor) -> None:
    door, reader, writer = await _websocket(start_door)
    empty_fragment = raw_frame(0, b"", final=False)
    writer.write(raw_frame(1, b"", final=False) + empty_fragment * (UNUSED_BYTES // len(empty_fragment)))
    with suppress(ConnectionError):
        assert await to_end(reader) == b""
    await door.left(0)
    assert door.counts.refusals.by_reason == {"unused-input": 1}


async def test_messages_may_be_of_any_number(start_door: StartDoor) -> None:
    door, _, writer = await _websocket(start_door)
    message = raw_frame(1, b"x" * 60_000)
    for _ in range(100):  # each of which is of use, and the core takes them all
        writer.write(message)
        await writer.drain()
    await door.until(lambda: door.counts.frames_up == 100)
    assert not door.counts.refusals.by_reason


async def test_a_flood_while_a_websocket_closes_is_not_read(
    start_door: StartDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting(Connection):
        taken = 0

        def data_received(self, data: bytes) -> None:
            Counting.taken += len(data)
            super().data_received(data)

    monkeypatch.setattr(listener_module, "Connection", Counting)
    door, reader, writer = await _websocket(start_door)
    ping = raw_frame(9, b"")
    writer.write(ping * 100)
    while not (await asyncio.wait_for(reader.readexactly(2), SECONDS)).startswith(b"\x88"):
        pass  # a pong
    assert (await reader.read(100)).startswith(CLOSE_POLICY.to_bytes(2, "big"))
    flood = ping * (64 * CLOSING_BYTES // len(ping))
    before = Counting.taken
    writer.write(flood)
    await door.until(lambda: Counting.taken - before > CLOSING_BYTES)
    taken = Counting.taken - before
    for _ in range(1000):
        await asyncio.sleep(0)
    assert Counting.taken - before == taken < len(flood) / 4
    assert door.counts.connections == 1


# -------------------------------------------------------------- too large, no HTTP


@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"x" * 2000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"x" * 2000 + b": y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"x" * 2000,  # and it goes on
    ],
)
async def test_a_header_line_that_is_too_long(start_door: StartDoor, data: bytes) -> None:
    door = await start_door(header_bytes=1000)
    reader, _ = await door.connect(data)
    status, headers, body = await one_answer(reader)
    assert status == 431
    assert body == b"A line of the request's header is longer than 1000 (--header-bytes).\n"
    assert headers["x-content-type-options"] == "nosniff"
    assert await to_end(reader) == b""
    assert door.counts.refusals.by_reason == {"header-bytes": 1}
    assert door.counts.responses == {431: 1}


async def test_too_many_header_fields(start_door: StartDoor) -> None:
    door = await start_door(header_fields=20)
    reader, _ = await door.connect(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 15 + b"\r\n")
    assert (await one_answer(reader))[0] == 200
    reader, _ = await door.connect(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 1000 + b"\r\n")
    status, _, body = await one_answer(reader)
    assert (status, body) == (431, b"The request's header has more than 20 fields (--header-fields).\n")
    assert await to_end(reader) == b""
    assert door.counts.refusals.by_reason == {"header-fields": 1}


GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    b"\0" * 100 + b"\r\n\r\n",
    b"hello\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
]


@pytest.mark.parametrize("data", GARBAGE)
async def test_what_is_no_http_gets_one_line(start_door: StartDoor, data: bytes) -> None:
    door = await start_door()
    reader, _ = await door.connect(data)
    status, headers, body = await one_answer(reader)
    assert (status, body) == (400, b"This is not a request of HTTP.\n")
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert await to_end(reader) == b""
    assert door.counts.refusals.by_reason == {"not-http": 1}


# ---------------------------------------------------------------- every response


async def test_every_response_has_the_headers_and_none_tells_versions(start_door: StartDoor) -> None:
    door = await start_door(max_connections=2, gateway={"allowed_hosts": ("x",)})
    answers = []
    for request in (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GARBAGE\r\n\r\n",
    ):
        reader, writer = await door.connect(request)
        answers.append(await one_answer(reader))
        writer.close()
        await door.left(0)
    reader, writer = await door.connect(WEBSOCKET)
    answers.append(await one_answer(reader))
    writer.close()
    await door.left(0)
    for _ in range(2):
        await door.connect()
    await door.left(2)
    reader, _ = await door.connect()
    answers.append(await one_answer(reader))

    statuses = [status for status, _, _ in answers]
    assert statuses == [200, 404, 405, 405, 503, 400, 421, 304, 417, 404, 400, 101, 503]
    for status, headers, body in answers:
        assert "default-src 'none'" in headers["content-security-policy"], status
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "camera=()" in headers["permissions-policy"]
        assert headers["server"] == "parley"
        assert "strict-transport-security" not in headers
        assert not any(word in f"{headers}{body!r}" for word in FORBIDDEN if status != 200)


@pytest.mark.parametrize(
    "path",
    [b"/../secret.txt", b"/%2e%2e/secret.txt", b"/%2e%2e%2fsecret.txt", b"/..%2fsecret.txt", b"//secret.txt",
     b"//127.0.0.1/secret.txt", b"/..\\secret.txt", b"/..%5csecret.txt", b"/%00", b"/index.html%00.txt",
     b"/index.html/../../secret.txt", b"/./../secret.txt", b"/%252e%252e/secret.txt", b"/link.txt",
     b"/linked/secret.txt",
     b"/.git/config", b"/hidden.txt", b"/%c0%ae%c0%ae/secret.txt", b"../secret.txt", b"file:///secret.txt",
     b"http://x/../secret.txt", b"/index.html\0", b"/loop/index.html"],
)  # fmt: skip
async def test_nobody_walks_out_of_the_static_files(start_door: StartDoor, tmp_path: Path, path: bytes) -> None:
    static = tmp_path / "static"
    (static / ".git").mkdir(parents=True)
    (static / "index.html").write_text("page")
    (static / ".git" / "config").write_text("SECRET")
    (tmp_path / "secret.txt").write_text("SECRET")
    (static / "link.txt").symlink_to("../secret.txt")
    (static / "hidden.txt").symlink_to(".git/config")
    (static / "linked").symlink_to("..")
    (static / "loop").symlink_to("loop")
    door = await start_door(gateway={"static_dir": static})
    reader, _ = await door.connect(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await to_end(reader)
    assert answer.split(b" ")[1] in (b"404", b"400")
    assert b"SECRET" not in answer


async def test_a_link_inside_the_static_files_is_a_file(start_door: StartDoor, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "other.html").symlink_to("index.html")
    door = await start_door(gateway={"static_dir": tmp_path})
    reader, _ = await door.connect(b"GET /other.html HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await one_answer(reader))[2] == b"page"


# ------------------------------------------------------------------- whose names


async def test_names_that_are_not_allowed(start_door: StartDoor) -> None:
    door = await start_door(gateway={"allowed_hosts": ("chat.example",)})
    host, port = door.address
    async with aiohttp.ClientSession() as session:
        for name, status in (("chat.example", 200), ("evil.example", 421), (f"{host}:{port}", 200)):
            async with session.get(f"http://{host}:{port}/", headers={"Host": name}) as response:
                assert response.status == status, name
                assert status == 200 or "--allowed-hosts" in await response.text()
        rebound = {"Host": "evil.example:8080", "Origin": "http://evil.example:8080"}
        async with session.ws_connect(f"http://{host}:{port}/ws", headers=rebound) as websocket:
            assert (await websocket.receive(SECONDS)).data == 4505
        for headers in ({"Host": "chat.example", "Origin": "http://chat.example"}, {}):
            async with session.ws_connect(f"http://{host}:{port}/ws", headers=headers) as websocket:
                assert (await websocket.receive(SECONDS)).data == 4001  # there is no core here
    assert door.counts.refusals.by_reason == {"allowed-hosts": 2}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([("Origin", "http://x"), ("Origin", "http://x")], 4505),
        ([("Origin", "http://x"), ("Origin", "http://evil.example")], 4505),
        ([("Origin", "http://x"), ("Sec-Fetch-Site", "cross-site")], 4505),
        ([("Origin", "http://x"), ("Sec-Fetch-Site", "same-origin")], 4001),
        ([("Sec-Fetch-Site", "cross-site")], 4505),
        ([("Origin", "http://x"), ("X-Forwarded-Proto", "https")], 4505),
        ([("Origin", "https://x"), ("X-Forwarded-Proto", "https")], 4001),
        ([("Origin", "https://x"), ("X-Forwarded-Proto", "http")], 4505),
        ([("Origin", "https://x")], 4001),
    ],
)
async def test_origins_on_the_wire(start_door: StartDoor, headers: list[tuple[str, str]], code: int) -> None:
    door = await start_door(gateway={"trusted_proxies": (ip_network("127.0.0.0/8"),)})
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers).encode()
    reader, _ = await door.connect(WEBSOCKET.replace(b"\r\n\r\n", b"\r\n" + fields + b"\r\n"))
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
    frame = await asyncio.wait_for(reader.readexactly(4), SECONDS)
    assert int.from_bytes(frame[2:]) == code


async def test_whoever_is_no_proxy_tells_nothing_about_the_scheme(start_door: StartDoor) -> None:
    door = await start_door()
    fields = b"\r\nOrigin: http://x\r\nX-Forwarded-Proto: https\r\n\r\n"
    reader, _ = await door.connect(WEBSOCKET.replace(b"\r\n\r\n", fields))
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
    assert int.from_bytes((await asyncio.wait_for(reader.readexactly(4), SECONDS))[2:]) == 4001
