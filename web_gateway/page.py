"""The static files, read once at start and served from memory: no path of a request ever gets near the file system.

Knows nothing about chat.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

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
# Lines that are empty or hold a comment only; of others what indents them, types in their midst, comments behind.
_SPARE = re.compile(
    rb"^(?:[ \t]*(?://.*|/\*(?:[^*]|\*(?!/))*\*/[ \t]*)?\r?\n)+|^[ \t]+|/\*\* @[^*]*\*/ ?|[ \t]+// [^\r\n]*$",
    re.MULTILINE,
)
_STYLE = "/style.css"
_IMPORT = re.compile(rb'^@import "([\w./-]+)";\n', re.MULTILINE)
_WORKER = "/sw.js"
_SHELL = b'const SHELL = ["./"];'
_VERSION = b'const VERSION = "";'
_TEXT_PORT = '<meta name="parley-text-port" content="9997">'
_LANGUAGES = re.compile(rb'(<meta name="parley-languages" content=")[^"]*')
# RFC 5646, and nothing that HTML could take for markup.
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


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
    bodies: dict[str, bytes] = {}
    root = directory.resolve()
    ours = root == default_directory().resolve()
    for file in sorted(directory.rglob("*")):
        if not file.is_file() or _hidden(file.relative_to(directory)):
            continue
        target = file.resolve()
        if not target.is_relative_to(root) or _hidden(target.relative_to(root)):  # where a link leads
            continue
        body = file.read_bytes()
        if file.name == "index.html":
            body = body.replace(_TEXT_PORT.encode(), _TEXT_PORT.replace("9997", str(text_port)).encode())
            body = lean(body) if ours else body
            body = tell_languages(body, [language.stem for language in sorted((directory / "lang").glob("*.js"))])
        elif ours and file.suffix in (".css", ".js"):
            body = lean(body)
        bodies["/" + file.relative_to(directory).as_posix()] = body
    if ours:
        bodies[_STYLE] = _IMPORT.sub(lambda found: bodies.pop(f"/{found[1].decode()}"), bodies[_STYLE])
    worker = bodies.pop(_WORKER, None)
    assets = {path: _asset(path, body) for path, body in bodies.items()}
    assets["/"] = assets["/index.html"]
    if worker is not None:
        assets[_WORKER] = _asset(_WORKER, tell_shell(worker, assets))
    return assets


def tell_languages(body: bytes, codes: Sequence[str]) -> bytes:
    """Return the page with the list of the languages that it can be had in.

    :param codes: the names of the files in lang/, without their endings; what is no language tag is left out.
    """
    known = " ".join(code for code in codes if _LANGUAGE_TAG.fullmatch(code))
    return _LANGUAGES.sub(lambda found: found[1] + known.encode(), body)


def tell_shell(worker: bytes, shell: dict[str, Asset]) -> bytes:
    """Return the service worker with the list of what it has to keep, and a version that changes with any of it.

    :param worker: the script, with the two places to fill.
    :param shell: the assets by their URL path; the page itself once, without its file name.
    """
    paths = sorted(f".{path}" for path in shell if path != "/index.html")
    version = hashlib.sha256("".join(shell[path[1:]].etag for path in paths).encode()).hexdigest()[:16]
    worker = worker.replace(_SHELL, f"const SHELL = {json.dumps(paths)};".encode())
    return worker.replace(_VERSION, f'const VERSION = "{version}";'.encode())


def lean(body: bytes) -> bytes:
    """Return a script, style sheet or page without its empty lines, comments, types and indentation.

    That is nearly half of it. It can do so with our own page only, none of whose literals spans lines or holds what
    looks like a comment.
    """
    return _SPARE.sub(b"", body)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _asset(path: str, body: bytes) -> Asset:
    content_type = _TYPES.get(PurePosixPath(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
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
