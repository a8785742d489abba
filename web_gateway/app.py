"""Routes, security headers, health, and an orderly stop. Knows nothing about what the lines it carries say."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from web_gateway import page
from web_gateway.bridge import CLOSE_NOT_THE_PROTOCOL, CLOSE_STOPPED, FRAME_BYTES, Closing, bridge
from web_gateway.client_address import Network, client_address, origin_allowed

SUBPROTOCOL = "parley.v1"
PING_SECONDS = 25.0
HEALTH_SECONDS = 2.0
_PING = b'PROXY UNKNOWN\r\n{"type":"ping"}\n'
_PONG = b'{"type":"pong"'
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """What an operator can set."""

    core_host: str = "127.0.0.1"
    core_port: int = 9998
    text_port: int = 9997
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    static_dir: Path | None = None


class Gateway:
    """The HTTP application.

    :raises FileNotFoundError: the static directory holds no page.
    """

    def __init__(self, options: GatewayOptions) -> None:
        self._options = options
        self._core = (options.core_host, options.core_port)
        self._assets = page.load(options.static_dir or page.default_directory(), options.text_port)
        self._websockets: dict[web.WebSocketResponse, web.Request] = {}
        self.app = web.Application()
        self.app.router.add_get("/ws", self._websocket)
        self.app.router.add_get("/healthz", self._health)
        self.app.router.add_get("/{path:.*}", self._asset)
        self.app.on_response_prepare.append(_add_headers)
        self.app.on_shutdown.append(self._close_all)

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
            protocols=(SUBPROTOCOL,), heartbeat=PING_SECONDS, max_msg_size=FRAME_BYTES, compress=False
        )
        writer = await websocket.prepare(request)
        self._websockets[websocket] = request
        try:
            code, reason = self._objection(request, websocket) or await self._bridge(request, websocket, writer)
            await websocket.close(code=code, message=_short(reason))
        finally:
            del self._websockets[websocket]
        return websocket

    def _objection(self, request: web.Request, websocket: web.WebSocketResponse) -> Closing | None:
        if hdrs.SEC_WEBSOCKET_PROTOCOL in request.headers and websocket.ws_protocol != SUBPROTOCOL:
            return CLOSE_NOT_THE_PROTOCOL, f"the subprotocol is {SUBPROTOCOL}"
        if not origin_allowed(request.headers.get(hdrs.ORIGIN), request.host, self._options.allowed_origins):
            return CLOSE_NOT_THE_PROTOCOL, "this page's origin is not allowed"
        return None

    async def _bridge(
        self, request: web.Request, websocket: web.WebSocketResponse, writer: AbstractStreamWriter
    ) -> Closing:
        client = client_address(
            request.remote or "127.0.0.1",
            request.headers.getall(hdrs.X_FORWARDED_FOR, ()),
            self._options.trusted_proxies,
        )
        if request.transport is None:
            return 1000, ""  # it is gone already
        return await bridge(websocket, request.transport, writer, client, self._core)

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


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
