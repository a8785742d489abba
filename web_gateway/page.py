"""The static files, read once at start and served from memory: no path of a request ever gets near the file system.

Knows nothing about chat.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

# Not from the system's tables, which differ from machine to machine.
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
}
# What stands on lines of its own; within a line it is left alone.
_COMMENTS = re.compile(rb"^[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)$", re.MULTILINE)
_TEXT_PORT = '<meta name="parley-text-port" content="9997">'


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the page."""

    body: bytes
    gzipped: bytes
    content_type: str
    etag: str


def default_directory() -> Path:
    """Return where the page is: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).parent / "static"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "static"


def load(directory: Path, text_port: int) -> dict[str, Asset]:
    """Read the page.

    :param directory: where its files are.
    :param text_port: the port that the page tells people to use with nc.
    :return: the assets by their URL path.
    :raises FileNotFoundError: there is no page.
    """
    if not (directory / "index.html").is_file():
        raise FileNotFoundError(f"{directory}: no index.html there")
    assets = {}
    root = directory.resolve()
    for file in sorted(directory.rglob("*")):
        if not file.is_file() or _hidden(file.relative_to(directory)):
            continue
        target = file.resolve()
        if not target.is_relative_to(root) or _hidden(target.relative_to(root)):  # where a link leads
            continue
        body = file.read_bytes()
        if file.name == "index.html":
            body = body.replace(_TEXT_PORT.encode(), _TEXT_PORT.replace("9997", str(text_port)).encode())
        elif file.suffix in (".css", ".js"):
            body = without_comments(body)
        assets["/" + file.relative_to(directory).as_posix()] = _asset(file, body)
    assets["/"] = assets["/index.html"]
    return assets


def without_comments(body: bytes) -> bytes:
    """Return a script or style sheet without the comments that fill whole lines, which stay as empty lines.

    They are a third of what would be sent, and the page's own tools still tell the right line of the source.
    """
    return _COMMENTS.sub(lambda comment: b"\n" * comment[0].count(b"\n"), body)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _asset(file: Path, body: bytes) -> Asset:
    content_type = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Asset(body, gzip.compress(body, mtime=0), content_type, hashlib.sha256(body).hexdigest()[:32])


def respond(request: web.Request, asset: Asset) -> web.Response:
    """Answer a request for an asset; a browser asks each time whether it changed, and mostly it has not.

    Source: RFC 9110, section 13.1.2.
    """
    response = web.Response(content_type=asset.content_type)
    if asset.content_type.startswith("text/"):
        response.charset = "utf-8"
    gzipped = _takes_gzip(request.headers.get("Accept-Encoding", "")) and len(asset.gzipped) < len(asset.body)
    etag = f"{asset.etag}-gzip" if gzipped else asset.etag
    response.etag = etag
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    if any(known.value in (etag, "*") for known in request.if_none_match or ()):
        response.set_status(304)
        return response
    if gzipped:
        response.headers["Content-Encoding"] = "gzip"
    response.body = asset.gzipped if gzipped else asset.body
    return response


def _takes_gzip(accept_encoding: str) -> bool:
    """Whether a client takes gzip (RFC 9110, section 12.5.3)."""
    for part in accept_encoding.split(","):
        coding, *parameters = part.replace(" ", "").lower().split(";")
        if coding == "gzip":
            return not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
    return False
