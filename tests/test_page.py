"""The static files: what is loaded, under which address, of which type."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from web_gateway import page


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    (static / "view").mkdir(parents=True)
    (static / ".hidden").mkdir()
    (static / "index.html").write_text('<meta name="parley-text-port" content="9997"><p>9997</p>')
    (static / "app.js").write_text("// nothing\n" * 100)
    (static / "view" / "log.js").write_text("")
    (static / "picture.svg").write_text("<svg/>")
    (static / "strange.zzz").write_bytes(b"\0\1")
    (static / ".secret").write_text("x")
    (static / ".hidden" / "file.js").write_text("x")
    (tmp_path / "outside.txt").write_text("x")
    return static


def test_every_file_has_an_address(directory: Path) -> None:
    assets = page.load(directory, 9997)
    assert set(assets) == {"/", "/index.html", "/app.js", "/view/log.js", "/picture.svg", "/strange.zzz"}
    assert assets["/"] is assets["/index.html"]


def test_types_do_not_depend_on_the_machine(directory: Path) -> None:
    types = {path: asset.content_type for path, asset in page.load(directory, 9997).items()}
    assert types["/"] == "text/html"
    assert types["/app.js"] == "text/javascript"
    assert types["/picture.svg"] == "image/svg+xml"
    assert types["/strange.zzz"] == "application/octet-stream"


def test_the_page_knows_the_port_of_the_text_door(directory: Path) -> None:
    body = page.load(directory, 1234)["/"].body
    assert body == b'<meta name="parley-text-port" content="1234"><p>9997</p>'


def test_the_etag_is_that_of_the_content(directory: Path) -> None:
    before = page.load(directory, 9997)
    (directory / "app.js").write_text("changed")
    after = page.load(directory, 9997)
    assert before["/app.js"].etag != after["/app.js"].etag
    assert before["/picture.svg"].etag == after["/picture.svg"].etag
    assert page.load(directory, 1)["/"].etag != before["/"].etag


def test_the_compressed_form_is_the_same_file(directory: Path) -> None:
    asset = page.load(directory, 9997)["/app.js"]
    assert gzip.decompress(asset.gzipped) == asset.body
    assert len(asset.gzipped) < len(asset.body)


def test_a_directory_without_a_page(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no index\.html"):
        page.load(tmp_path, 9997)


def test_the_page_that_comes_with_it_is_complete() -> None:
    assets = page.load(page.default_directory(), 4321)
    assert b'<meta name="parley-text-port" content="4321">' in assets["/"].body
    assert {"/app.js", "/style.css"} <= set(assets)


SCRIPT = b"""// What it is.
/**
 * Several lines; a star * and a slash / in them.
 */
const address = "http://somewhere/"; // stays
  // goes
/** @type {string} */ let cast = /** @type {any} */ (1);
/* two */ /* on a line */
let end;
"""


def test_comments_on_lines_of_their_own_are_not_sent() -> None:
    assert page.without_comments(SCRIPT).splitlines() == [
        b"",
        b"",
        b"",
        b"",
        b'const address = "http://somewhere/"; // stays',
        b"",
        b"/** @type {string} */ let cast = /** @type {any} */ (1);",
        b"/* two */ /* on a line */",
        b"let end;",
    ]


def test_what_is_no_script_keeps_what_looks_like_a_comment(directory: Path) -> None:
    (directory / "notes.txt").write_text("// x\n")
    assets = page.load(directory, 9997)
    assert assets["/notes.txt"].body == b"// x\n"
    assert assets["/app.js"].body == b"\n" * 100
