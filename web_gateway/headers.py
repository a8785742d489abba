"""What every response says besides its content: which pages may do what with it. Knows nothing about chat."""

from __future__ import annotations

from aiohttp import web

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "Server": "parley",
    "X-Content-Type-Options": "nosniff",
}


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add them; for an application's `on_response_prepare`."""
    response.headers.update(HEADERS)


def plain_answer(status: str, text: str) -> bytes:
    """Return a whole HTTP response, for a connection that is closed behind it.

    :param status: code and phrase.
    :param text: one line, without its end.
    """
    body = f"{text}\n".encode()
    lines = [
        f"HTTP/1.1 {status}",
        *(f"{name}: {value}" for name, value in HEADERS.items()),
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body
