"""The gateway over real HTTP and WebSocket, in front of a real core or of one that only records."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient

from tests.conftest import Core
from web_gateway import app as app_module
from web_gateway.app import Gateway, GatewayOptions

Client = TestClient[web.Request, web.Application]
StartGateway = Callable[..., Awaitable[Client]]
LOCAL = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
SECONDS = 30
JOIN = '{"type":"join","nick":"Ann","lang":"en"}'


@pytest.fixture(autouse=True)
async def no_callback_fails() -> AsyncIterator[None]:
    """Fail a test in which a callback of the event loop raises; that would otherwise only be logged."""
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    yield
    assert not failures


@pytest.fixture
async def start_gateway(aiohttp_client: Any) -> StartGateway:
    """Start a gateway in front of an address: `await start_gateway(core.server.gateway_address, trusted_proxies=…)`."""

    async def start(core: tuple[str, int], **options: Any) -> Client:
        gateway = Gateway(GatewayOptions(core_host=core[0], core_port=core[1], **options))
        client: Client = await aiohttp_client(gateway.app)
        return client

    return start


class Browser:
    """A page, as far as the WebSocket is concerned."""

    def __init__(self, websocket: ClientWebSocketResponse) -> None:
        self.websocket = websocket
        self._messages: list[dict[str, Any]] = []

    async def send(self, **message: Any) -> None:
        await self.websocket.send_json(message)

    async def frame(self) -> str:
        message = await self.websocket.receive(SECONDS)
        assert message.type is WSMsgType.TEXT, message
        data = message.data
        assert isinstance(data, str)
        return data

    async def read(self) -> dict[str, Any]:
        if not self._messages:
            self._messages = [json.loads(line) for line in (await self.frame()).split("\n")]
        return self._messages.pop(0)

    async def join(self, nick: str) -> dict[str, Any]:
        await self.send(type="join", nick=nick, lang="en")
        welcome = await self.read()
        assert welcome["type"] == "welcome", welcome
        await self.roundtrip()
        return welcome

    async def roundtrip(self) -> list[dict[str, Any]]:
        """Return everything that was sent to this page before it asked."""
        await self.send(type="ping", id="barrier")
        messages = []
        while (message := await self.read()) != {"type": "pong", "id": "barrier"}:
            messages.append(message)
        return messages

    async def close_code(self) -> int | None:
        """Return with which code the WebSocket is closed, after whatever still comes."""
        while (await self.websocket.receive(SECONDS)).type is WSMsgType.TEXT:
            pass
        return self.websocket.close_code


async def enter(client: Client, **options: Any) -> Browser:
    return Browser(await client.ws_connect("/ws", protocols=("parley.v1",), **options))


class Recorder:
    """In place of a core: keeps what each connection sent, and sends what the test wants."""

    def __init__(self) -> None:
        self.connections: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self.count = 0
        self.address = ("", 0)
        self.writers: list[asyncio.StreamWriter] = []

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        self.writers.append(writer)
        self.connections.put_nowait((reader, writer))

    async def next(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        """Return the next connection, and its PROXY header."""
        reader, writer = await asyncio.wait_for(self.connections.get(), SECONDS)
        return reader, writer, await asyncio.wait_for(reader.readline(), SECONDS)


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    recorder = Recorder()
    server = await asyncio.start_server(recorder.take, "127.0.0.1", 0)
    recorder.address = server.sockets[0].getsockname()
    yield recorder
    server.close()
    for writer in recorder.writers:
        writer.close()
    await server.wait_closed()


# -------------------------------------------------------------------- the page


async def test_the_page(start_gateway: StartGateway) -> None:
    client = await start_gateway(("127.0.0.1", 1), text_port=4321)
    response = await client.get("/")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<meta name="parley-text-port" content="4321">' in await response.text()
    script = await client.get("/app.js")
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    head = await client.head("/")
    assert (head.status, await head.read()) == (200, b"")


async def test_every_answer_has_the_security_headers(start_gateway: StartGateway) -> None:
    client = await start_gateway(("127.0.0.1", 1))
    for answer in (
        await client.get("/"),
        await client.get("/nothing"),
        await client.post("/"),
        await client.get("/healthz"),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_what_has_not_changed_is_not_sent_again(start_gateway: StartGateway) -> None:
    client = await start_gateway(("127.0.0.1", 1))
    first = await client.get("/style.css")
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    for known in (etag, f'"another", {etag}', "*", f"W/{etag}"):
        again = await client.get("/style.css", headers={"If-None-Match": known})
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", etag), known
    changed = await client.get("/style.css", headers={"If-None-Match": '"another"'})
    assert (changed.status, await changed.read()) == (200, await first.read())


async def test_compressed_for_those_who_take_it(start_gateway: StartGateway) -> None:
    client = await start_gateway(("127.0.0.1", 1))
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(client.make_url("/app.js"), headers={"Accept-Encoding": "identity"}) as response:
            plain = await response.read()
            assert "Content-Encoding" not in response.headers
        async with session.get(client.make_url("/app.js"), headers={"Accept-Encoding": "br, gzip"}) as response:
            packed = await response.read()
            assert response.headers["Content-Encoding"] == "gzip"
            assert response.headers["Vary"] == "Accept-Encoding"
            assert response.headers["Content-Length"] == str(len(packed))
        async with session.get(client.make_url("/app.js"), headers={"Accept-Encoding": "gzip;q=0"}) as response:
            assert await response.read() == plain
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain)


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/../pyproject.toml", "/view/../../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml",
     "//etc/passwd", "/%2fetc%2fpasswd", "/..\\pyproject.toml", "/view", "/view/", "/%00", "/.git/config"],
)  # fmt: skip
async def test_there_is_nothing_else(start_gateway: StartGateway, path: str) -> None:
    client = await start_gateway(("127.0.0.1", 1))
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), SECONDS)
    writer.close()
    assert answer.split(b" ")[1] in (b"404", b"400")
    assert b"hatchling" not in answer
    assert b"root:" not in answer


async def test_health(core: Core, start_gateway: StartGateway) -> None:
    eve = core.text("Eve")
    client = await start_gateway(core.server.gateway_address)
    response = await client.get("/healthz")
    assert response.status == 200
    assert (await response.json())["status"] == "ok"
    assert response.headers["Cache-Control"] == "no-store"
    assert eve.roundtrip() == ""
    await asyncio.to_thread(eve.close)
    await asyncio.to_thread(core.server.stop)
    response = await client.get("/healthz")
    assert response.status == 503
    assert (await response.json())["core"] == "unreachable"


async def test_a_core_that_does_not_answer_is_not_healthy(
    recorder: Recorder, start_gateway: StartGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "HEALTH_SECONDS", 0.1)
    client = await start_gateway(recorder.address)
    assert (await client.get("/healthz")).status == 503


# -------------------------------------------------------------- the WebSocket


async def test_two_pages_and_a_terminal_talk(core: Core, start_gateway: StartGateway) -> None:
    client = await start_gateway(core.server.gateway_address)
    alex = core.text("Alex")
    ann, bob = await enter(client), await enter(client)
    assert ann.websocket.protocol == "parley.v1"
    await ann.join("Ann")
    await bob.join("Bob")
    await ann.roundtrip()
    await bob.send(type="input", text="Привет!", id="1")
    for page in (ann, bob):
        said = await page.read()
        assert (said["type"], said["nick"], said["text"], said["id"]) == ("said", "Bob", "Привет!", "1")
    assert alex.read_until("Привет!\n") == "* Ann вошёл в чат *\n* Bob вошёл в чат *\n[Bob] Привет!\n"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_a_page_of_another_origin_is_told_and_closed(
    recorder: Recorder, start_gateway: StartGateway, headers: dict[str, str]
) -> None:
    client = await start_gateway(recorder.address)
    assert await (await enter(client, headers=headers)).close_code() == 4505
    assert recorder.count == 0


async def test_origins_that_are_let_in(core: Core, start_gateway: StartGateway) -> None:
    client = await start_gateway(core.server.gateway_address, allowed_origins=("https://chat.example",))
    for n, headers in enumerate(
        ({}, {"Origin": f"http://{client.host}:{client.port}"}, {"Origin": "https://chat.example"})
    ):
        await (await enter(client, headers=headers)).join(f"Ann{n}")


async def test_another_subprotocol_is_told_and_closed(recorder: Recorder, start_gateway: StartGateway) -> None:
    client = await start_gateway(recorder.address)
    other = Browser(await client.ws_connect("/ws", protocols=("chat.v7",)))
    assert await other.close_code() == 4505
    assert recorder.count == 0


async def test_a_plain_request_for_the_websocket_is_a_client_error(start_gateway: StartGateway) -> None:
    client = await start_gateway(("127.0.0.1", 1))
    assert 400 <= (await client.get("/ws")).status < 500


async def test_a_binary_frame_is_not_the_protocol(core: Core, start_gateway: StartGateway) -> None:
    client = await start_gateway(core.server.gateway_address)
    ann = await enter(client)
    await ann.websocket.send_bytes(JOIN.encode())
    assert await ann.close_code() == 4505


async def test_many_pings_end_a_websocket_and_a_few_do_not(core: Core, start_gateway: StartGateway) -> None:
    client = await start_gateway(core.server.gateway_address)
    ann = await enter(client)
    await ann.join("Ann")
    for _ in range(10):
        await ann.websocket.ping()
    await ann.roundtrip()
    for _ in range(20):
        await ann.websocket.ping()
    assert await ann.close_code() == 1008


async def test_a_frame_that_is_too_large(core: Core, start_gateway: StartGateway) -> None:
    client = await start_gateway(core.server.gateway_address)
    ann = await enter(client)
    await ann.join("Ann")
    await ann.websocket.send_str(json.dumps({"type": "input", "text": "x" * 70_000}))
    refused = await ann.read()
    assert (refused["type"], refused["code"]) == ("refused", "line-too-long")
    await ann.websocket.send_str("x" * 140_000)
    assert await ann.close_code() == 1009


async def test_one_frame_is_one_line(core: Core, start_gateway: StartGateway) -> None:
    client = await start_gateway(core.server.gateway_address)
    ann = await enter(client)
    await ann.websocket.send_str(json.dumps(json.loads(JOIN), indent=2))
    assert (await ann.read())["nick"] == "Ann"
    await ann.roundtrip()
    await ann.websocket.send_str('{\r\n\t"type": "input",\n\n"text": "a\\nb"}\n')
    said = await ann.read()
    assert (said["type"], said["text"]) == ("said", "a\nb")
    for two in (
        '{"type":"ping"}{"type":"ping"}',
        '{"type":"ping"}\n{"type":"ping"}',
        '{"type":"ping"}\r\n{"type":"ping"}',
    ):
        await ann.websocket.send_str(two)
        refused = await ann.read()
        assert (refused["type"], refused["code"]) == ("refused", "not-json")
    await ann.websocket.send_str("")
    assert (await ann.read())["code"] == "not-json"
    assert await ann.roundtrip() == []


async def test_lines_arrive_whole_however_they_were_cut(recorder: Recorder, start_gateway: StartGateway) -> None:
    client = await start_gateway(recorder.address)
    ann = await enter(client)
    _, writer, _ = await recorder.next()
    lines = [json.dumps({"type": "said", "seq": n, "text": "ж€😀" * n}, ensure_ascii=False) for n in range(200)]
    data = "".join(f"{line}\n" for line in lines).encode()
    for start in range(0, len(data), 997):
        writer.write(data[start : start + 997])
        await writer.drain()
    got: list[str] = []
    while len(got) < len(lines):
        frame = await ann.frame()
        got += frame.split("\n")
    assert got == lines


async def test_large_chunks_cut_in_lines(recorder: Recorder, start_gateway: StartGateway) -> None:
    page = await enter(await start_gateway(recorder.address))
    _, writer, _ = await recorder.next()
    lines = [json.dumps({"type": "said", "seq": seq, "text": "é" * (seq * 37 % 9000)}) for seq in range(300)]
    data = "".join(f"{line}\n" for line in lines).encode()
    for start in range(0, len(data), 99_991):  # whatever the event loop makes of these, cuts are inside lines
        writer.write(data[start : start + 99_991])
        await writer.drain()
    writer.write(b'{"type":"bye","code":4502,"reason":"taken over"}\n')
    writer.close()
    received: list[str] = []
    while len(received) < len(lines):
        received += (await page.frame()).split("\n")
    assert received[: len(lines)] == lines
    assert await page.close_code() == 4502


async def test_a_burst_is_few_frames(recorder: Recorder, start_gateway: StartGateway) -> None:
    client = await start_gateway(recorder.address)
    ann = await enter(client)
    _, writer, _ = await recorder.next()
    lines = [f'{{"type":"said","seq":{n}}}' for n in range(1000)]
    writer.write("".join(f"{line}\n" for line in lines).encode())
    frames: list[str] = []
    while sum(frame.count("\n") + 1 for frame in frames) < len(lines):
        frames.append(await ann.frame())
    assert "\n".join(frames).split("\n") == lines
    assert len(frames) < 50


# ------------------------------------------------------------------- the end


async def test_quit_closes_with_4506(core: Core, start_gateway: StartGateway) -> None:
    ann = await enter(await start_gateway(core.server.gateway_address))
    await ann.join("Ann")
    await ann.send(type="input", text="/quit")
    assert await ann.close_code() == 4506


async def test_a_core_that_can_not_be_reached(start_gateway: StartGateway) -> None:
    ann = await enter(await start_gateway(("127.0.0.1", 1)))
    assert await ann.close_code() == 4001


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (b"", 4001),
        (b'{"type":"pong"}\n', 4001),
        (b'{"type":"bye","code":4000,"reason":"stopping"}\n', 4000),
        (b'{"type":"said","seq":1}\n{"type":"bye","code":4502,"reason":"elsewhere"}\n', 4502),
        ('{"type":"bye","code":4503,"reason":"' + "ж" * 200 + '"}\n', 4503),
        (b'{"type":"bye","code":4506,"reas', 4001),
        (b'{"type":"bye"}\n', 4001),
        (b'{"type":"bye","code":4506,"reason":"x"}\n{"type":"pong"}\n', 4001),
    ],
)
async def test_how_the_core_ends_is_how_the_websocket_ends(
    recorder: Recorder, start_gateway: StartGateway, last: bytes | str, code: int
) -> None:
    ann = await enter(await start_gateway(recorder.address))
    _, writer, _ = await recorder.next()
    writer.write(last.encode() if isinstance(last, str) else last)
    await writer.drain()
    writer.close()
    assert await ann.close_code() == code


async def test_a_bye_that_comes_in_pieces(recorder: Recorder, start_gateway: StartGateway) -> None:
    ann = await enter(await start_gateway(recorder.address))
    _, writer, _ = await recorder.next()
    for byte in b'{"type":"pong"}\n{"type":"bye","code":4506,"reason":"quit"}\n':
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)
    writer.close()
    assert await ann.close_code() == 4506


async def test_a_core_that_resets(recorder: Recorder, start_gateway: StartGateway) -> None:
    ann = await enter(await start_gateway(recorder.address))
    _, writer, _ = await recorder.next()
    writer.transport.abort()
    assert await ann.close_code() == 4001


async def test_a_core_that_stops(core: Core, start_gateway: StartGateway) -> None:
    ann = await enter(await start_gateway(core.server.gateway_address))
    await ann.join("Ann")
    stop = asyncio.create_task(asyncio.to_thread(core.server.stop))
    assert await ann.close_code() == 4000
    await stop


async def test_a_gateway_that_stops(core: Core, start_gateway: StartGateway) -> None:
    client = await start_gateway(core.server.gateway_address)
    ann, stranger = await enter(client), await enter(client)
    await ann.join("Ann")
    codes = asyncio.gather(ann.close_code(), stranger.close_code())
    await client.server.close()
    assert list(await codes) == [4000, 4000]


# --------------------------------------------------- one connection, one address


async def test_one_websocket_has_one_connection_and_they_end_together(
    recorder: Recorder, start_gateway: StartGateway
) -> None:
    client = await start_gateway(recorder.address)
    pages, readers = [], []
    for _ in range(3):
        pages.append(await enter(client))
        reader, _, header = await recorder.next()
        assert header == f"PROXY TCP4 127.0.0.1 127.0.0.1 0 {recorder.address[1]}\r\n".encode()
        readers.append(reader)
    for n, (page, reader) in enumerate(zip(pages, readers, strict=True)):
        await page.websocket.send_str(f"[{n}]")
        assert await asyncio.wait_for(reader.readline(), SECONDS) == f"[{n}]\n".encode()
    await pages[1].websocket.close()
    assert await asyncio.wait_for(readers[1].read(), SECONDS) == b""
    for n in (0, 2):
        await pages[n].websocket.send_str(f"[{n}]")
        assert await asyncio.wait_for(readers[n].readline(), SECONDS) == f"[{n}]\n".encode()
    assert recorder.count == 3


async def test_a_browser_that_vanishes_ends_its_connection(recorder: Recorder, start_gateway: StartGateway) -> None:
    client = await start_gateway(recorder.address)
    ann = await enter(client)
    reader, _, _ = await recorder.next()
    connection = ann.websocket._response.connection
    assert connection is not None
    assert connection.transport is not None
    connection.transport.abort()
    assert await asyncio.wait_for(reader.read(), SECONDS) == b""


@pytest.mark.parametrize(
    ("trusted", "forwarded_for", "header"),
    [
        ((), "203.0.113.9", "TCP4 127.0.0.1"),
        (LOCAL, "203.0.113.9", "TCP4 203.0.113.9"),
        (LOCAL, "1.2.3.4, 203.0.113.9, 127.0.0.9", "TCP4 203.0.113.9"),
        (LOCAL, "2001:db8::1", "TCP6 2001:db8::1"),
        (LOCAL, "203.0.113.9\t,nonsense", "TCP4 127.0.0.1"),
    ],
)
async def test_the_core_is_told_whose_connection_it_is(
    recorder: Recorder, start_gateway: StartGateway, trusted: Any, forwarded_for: str, header: str
) -> None:
    client = await start_gateway(recorder.address, trusted_proxies=trusted)
    await enter(client, headers={"X-Forwarded-For": forwarded_for})
    _, _, got = await recorder.next()
    assert got.decode().startswith(f"PROXY {header} ")


async def test_the_limit_of_connections_is_that_of_the_real_address(
    start_core: Callable[..., Core], start_gateway: StartGateway
) -> None:
    core = start_core(connections_per_address=1)
    client = await start_gateway(core.server.gateway_address, trusted_proxies=LOCAL)
    one = {"headers": {"X-Forwarded-For": "203.0.113.1"}}
    await (await enter(client, **one)).join("Ann")
    again = await enter(client, **one)
    refused = await again.read()
    assert (refused["type"], refused["code"]) == ("refused", "connections")
    assert await again.close_code() == 4503
    await (await enter(client, headers={"X-Forwarded-For": "2001:db8::1"})).join("Bob")


# --------------------------------------------------------------- back-pressure


async def stuck(writer: asyncio.StreamWriter, data: bytes) -> int:
    """Write `data` again and again until the other side has taken nothing for half a second; return how often."""
    count = 0
    try:
        while count * len(data) < 200_000_000:
            writer.write(data)
            count += 1
            async with asyncio.timeout(0.5):
                await writer.drain()
    except TimeoutError:
        return count
    pytest.fail("200 MB were taken of which nobody read any")


async def test_a_browser_that_does_not_read_stops_its_own_connection_only(
    recorder: Recorder, start_gateway: StartGateway
) -> None:
    client = await start_gateway(recorder.address)
    slow = await enter(client)
    _, to_slow, _ = await recorder.next()
    quick = await enter(client)
    _, to_quick, _ = await recorder.next()
    line = json.dumps({"type": "said", "text": "x" * 60_000}).encode() + b"\n"
    count = await stuck(to_slow, line)

    to_quick.write(b'{"type":"pong"}\n')
    assert await quick.read() == {"type": "pong"}
    assert (await client.get("/")).status == 200

    to_slow.write(b'{"type":"bye","code":4506,"reason":"quit"}\n')
    to_slow.write_eof()
    got = 0
    while (message := await slow.websocket.receive(SECONDS)).type is WSMsgType.TEXT:
        got += str(message.data).count('"said"')
    assert got == count
    assert slow.websocket.close_code == 4506


async def test_a_browser_that_vanishes_while_it_is_waited_for(recorder: Recorder, start_gateway: StartGateway) -> None:
    slow = await enter(await start_gateway(recorder.address))
    reader, to_slow, _ = await recorder.next()
    await stuck(to_slow, json.dumps({"type": "said", "text": "x" * 60_000}).encode() + b"\n")
    connection = slow.websocket._response.connection
    assert connection is not None
    assert connection.transport is not None
    connection.transport.abort()
    with contextlib.suppress(ConnectionError):  # what the gateway had not read makes its end a reset
        assert await asyncio.wait_for(reader.read(), SECONDS) == b""


async def test_a_core_that_does_not_read_stops_that_browser_only(
    recorder: Recorder, start_gateway: StartGateway
) -> None:
    client = await start_gateway(recorder.address)
    talker = await enter(client)
    from_talker, _, _ = await recorder.next()
    quick = await enter(client)
    from_quick, _, _ = await recorder.next()
    frame = json.dumps({"type": "input", "text": "x" * 60_000})
    sent = 0
    with pytest.raises(TimeoutError):  # noqa: PT012  what counts is that it comes to this
        while sent * len(frame) < 200_000_000:
            async with asyncio.timeout(0.5):
                await talker.websocket.send_str(frame)
            sent += 1
    await quick.websocket.send_str("[1]")
    assert await asyncio.wait_for(from_quick.readline(), SECONDS) == b"[1]\n"
    for _ in range(sent):
        assert await asyncio.wait_for(from_talker.readexactly(len(frame) + 1), SECONDS) == frame.encode() + b"\n"


async def test_a_page_directory_of_ones_own(tmp_path: Path, start_gateway: StartGateway) -> None:
    (tmp_path / "index.html").write_text("mine")
    client = await start_gateway(("127.0.0.1", 1), static_dir=tmp_path)
    assert await (await client.get("/")).text() == "mine"
    assert (await client.get("/app.js")).status == 404
