"""Routes, whom they are refused to, health, and an orderly stop. Knows nothing about what the lines it carries say."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.typedefs import Handler

from web_gateway import page
from web_gateway.bridge import (
    CLOSE_NOT_THE_PROTOCOL,
    CLOSE_STOPPED,
    FRAME_BYTES,
    UNREAD_BYTES,
    Browser,
    Closing,
    bridge,
)
from web_gateway.client_address import Network, address_of, client_address, is_trusted
from web_gateway.connection import Connection
from web_gateway.headers import add_headers
from web_gateway.metrics import Counts
from web_gateway.origin import AllowedHosts, Asked, origin_allowed, scheme_of

WEBSOCKET_PATH = "/ws"
SUBPROTOCOL = "parley.v1"
PING_SECONDS = 25.0
HEALTH_SECONDS = 2.0
_PING = b'PROXY UNKNOWN\r\n{"type":"ping"}\n'
_PONG = b'{"type":"pong"'
_log = structlog.stdlib.get_logger("web_gateway")


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """What an operator can set."""

    core_host: str = "127.0.0.1"
    core_port: int = 9998
    text_port: int = 9997
    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    static_dir: Path | None = None
    unread_bytes: int = UNREAD_BYTES


class Gateway:
    """The HTTP application.

    :raises FileNotFoundError: the static directory holds no page.
    """

    def __init__(self, options: GatewayOptions, counts: Counts | None = None) -> None:
        self._options = options
        self._counts = counts or Counts()
        self._hosts = AllowedHosts(options.allowed_hosts, options.allowed_origins)
        self._core = (options.core_host, options.core_port)
        self._assets = page.load(options.static_dir or page.default_directory(), options.text_port)
        self._websockets: dict[web.WebSocketResponse, web.Request] = {}
        self.app = web.Application(middlewares=[self._check_host])
        self.app.router.add_get(WEBSOCKET_PATH, self._websocket)
        self.app.router.add_get("/healthz", self._health)
        self.app.router.add_get("/{path:.*}", self._asset)
        self.app.on_response_prepare.append(add_headers)
        self.app.on_response_prepare.append(self._count_response)
        self.app.on_shutdown.append(self._close_all)

    @web.middleware
    async def _check_host(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path != WEBSOCKET_PATH and request.headers.getall(hdrs.HOST, ()) not in self._hosts:
            self._refuse("allowed-hosts", request)
            raise web.HTTPMisdirectedRequest(text="This server does not answer under that name (--allowed-hosts).\n")
        return await handler(request)

    async def _count_response(self, _: web.Request, response: web.StreamResponse) -> None:
        self._counts.responses[response.status] += 1

    def _refuse(self, reason: str, request: web.Request) -> None:
        self._counts.refusals.add(reason, self._client(request))

    def _client(self, request: web.Request) -> str | None:
        """Return the client's address; None if it is gone already."""
        if request.remote is None:
            return None
        forwarded_for = request.headers.getall(hdrs.X_FORWARDED_FOR, ())
        return client_address(request.remote, forwarded_for, self._options.trusted_proxies)

    async def _asset(self, request: web.Request) -> web.Response:
        asset = self._assets.get(request.path)
        if asset is None:
            raise web.HTTPNotFound(text="There is no such page here; the chat is at /\n")
        return page.respond(request, asset)

    async def _health(self, _: web.Request) -> web.Response:
        """Answer 200 only while the core does, too."""
        core_ok = await self._core_answers()
        body = {"status": "ok" if core_ok else "failing", "gateway": "ok", "core": "ok" if core_ok else "unreachable"}
        return web.json_response(body, status=200 if core_ok else 503, headers={"Cache-Control": "no-store"})

    async def _core_answers(self) -> bool:
        try:
            async with asyncio.timeout(HEALTH_SECONDS):
                reader, writer = await asyncio.open_connection(*self._core)
                try:
                    writer.write(_PING)
                    return (await reader.readline()).startswith(_PONG)
                finally:
                    writer.close()
        except (OSError, TimeoutError, ValueError):
            return False

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Accept the upgrade, whatever comes then: a refused one looks like a dead network to a page."""
        websocket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,), heartbeat=PING_SECONDS, autoping=False, max_msg_size=FRAME_BYTES, compress=False
        )
        writer = await websocket.prepare(request)
        begin, counts, client = time.monotonic(), self._counts, self._client(request)
        self._websockets[websocket] = request
        counts.websockets_opened += 1
        counts.websockets += 1
        _log.info("websocket opened", address=client)
        code, by_browser = 1006, False
        try:
            objection = self._objection(request, websocket)
            code, reason = objection or await self._bridge(request, websocket, writer, client)
            by_browser = websocket.closed
            if isinstance(request.protocol, Connection):
                request.protocol.websocket_closes()
            await websocket.close(code=code, message=_short(reason))
        finally:
            del self._websockets[websocket]
            counts.websockets -= 1
            counts.closed(code, by_browser)
            _log.info("websocket closed", address=client, code=int(code), seconds=round(time.monotonic() - begin, 3))
        return websocket

    def _objection(self, request: web.Request, websocket: web.WebSocketResponse) -> Closing | None:
        asked = self._asked(request)
        if hdrs.SEC_WEBSOCKET_PROTOCOL in request.headers and websocket.ws_protocol != SUBPROTOCOL:
            reason, text = "subprotocol", f"the subprotocol is {SUBPROTOCOL}"
        elif asked.hosts not in self._hosts:
            reason, text = "allowed-hosts", "this server does not answer under that name (--allowed-hosts)"
        elif not origin_allowed(asked, self._options.allowed_origins):
            reason, text = "allowed-origins", "this page's origin is not allowed (--allowed-origins)"
        else:
            return None
        self._refuse(reason, request)
        return CLOSE_NOT_THE_PROTOCOL, text

    def _asked(self, request: web.Request) -> Asked:
        trusted = request.remote is not None and is_trusted(address_of(request.remote), self._options.trusted_proxies)
        forwarded_proto = request.headers.getall(hdrs.X_FORWARDED_PROTO, ()) if trusted else ()
        return Asked(
            origins=request.headers.getall(hdrs.ORIGIN, ()),
            hosts=request.headers.getall(hdrs.HOST, ()),
            scheme=scheme_of(request.secure, forwarded_proto),
            cross_site="cross-site" in request.headers.getall("Sec-Fetch-Site", ()),
        )

    async def _bridge(
        self, request: web.Request, websocket: web.WebSocketResponse, writer: AbstractStreamWriter, client: str | None
    ) -> Closing:
        if request.transport is None or client is None:
            return 1000, ""  # it is gone already
        connection = request.protocol
        came = connection.message_came if isinstance(connection, Connection) else lambda: None
        browser = Browser(websocket, request.transport, writer, client, came)
        return await bridge(browser, self._core, self._counts, self._options.unread_bytes)

    async def _close_all(self, _: web.Application) -> None:
        closing = [ws.close(code=CLOSE_STOPPED, message=b"the server is stopping") for ws in self._websockets]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.gather(*closing, return_exceptions=True)
        for request in self._websockets.values():  # those who take nothing, not even that
            if request.transport is not None:
                request.transport.abort()


def _short(reason: str) -> bytes:
    """Return a reason of at most 123 bytes (RFC 6455, section 5.5) that is still UTF-8."""
    return reason.encode()[:123].decode(errors="ignore").encode()
