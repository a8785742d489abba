"""The static files: what is loaded, under which address, of which type."""

from __future__ import annotations

import gzip
import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Program
from web_gateway import page


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    (static / "view").mkdir(parents=True)
    (static / ".hidden").mkdir()
    (static / "index.html").write_text('<meta name="parley-text-port" content="9997"><p>9997</p>')
    (static / "app.js").write_text("// nothing\nlet nothing;\n" * 100)
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


def test_the_page_knows_the_languages_that_there_are(directory: Path) -> None:
    (directory / "index.html").write_text('<meta name="parley-languages" content="en ru"><p>en ru</p>')
    (directory / "lang").mkdir()
    for name in ("en.js", "pt-BR.js", "ar.js", "two words.js", '">.js', "notes.txt", ".it.js"):
        (directory / "lang" / name).write_text("")
    body = page.load(directory, 9997)["/"].body
    assert body == b'<meta name="parley-languages" content="ar en pt-BR"><p>en ru</p>'


SCRIPT = b"""// What it is.
/**
 * Several lines; a star * and a slash / in them.
 */
const address = "http://somewhere/"; // goes, too
  // goes
/** @type {string} */ let cast = /** @type {any} */ (1);
/* two */ /* on a line */
let end;
"""


def test_comments_types_and_indentation_are_not_sent() -> None:
    assert page.lean(SCRIPT).splitlines() == [
        b'const address = "http://somewhere/";',
        b"let cast = (1);",
        b"/* two */ /* on a line */",
        b"let end;",
    ]
    assert page.lean(b"a {\n  b: c;\n\t}\n\n  // x\n  d  e\n") == b"a {\nb: c;\n}\nd  e\n"


def test_no_literal_of_the_page_can_lose_anything() -> None:
    """It would if it spanned lines, or held what looks like a comment."""
    for file in (*page.default_directory().rglob("*.css"), page.default_directory() / "index.html"):
        assert not re.search(r"[ \t]// ", file.read_text(encoding="utf-8")), file.name
    for file in page.default_directory().rglob("*.js"):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            bare = re.sub(r'"(?:[^"\\]|\\.)*"|//.*|/\*\*.*?\*/|^ *\* .*|\\`', "", line)
            assert bare.count("`") % 2 == 0, f"{file.name}:{number}: {line}"
            before, comment, _ = line.partition(" // ")
            assert not comment or before.count('"') % 2 == before.count("`") % 2 == 0, f"{file.name}:{number}: {line}"


def test_another_page_is_sent_as_it_is(directory: Path) -> None:
    (directory / "index.html").write_text("<pre>\n  two\n    four\n</pre>")
    assets = page.load(directory, 9997)
    assert assets["/"].body == b"<pre>\n  two\n    four\n</pre>"
    assert assets["/app.js"].body == b"// nothing\nlet nothing;\n" * 100


def test_our_page_is_sent_lean() -> None:
    assets = page.load(page.default_directory(), 9997)
    assert b"/** @" not in b"".join(asset.body for path, asset in assets.items() if path.endswith(".js"))
    assert not re.search(rb"^(\s|//)", assets["/app.js"].body, re.MULTILINE)


def test_one_request_brings_all_style_sheets() -> None:
    assets = page.load(page.default_directory(), 9997)
    assert [path for path in assets if path.endswith(".css")] == ["/style.css"]
    body = assets["/style.css"].body
    assert b"@import" not in body
    for part in (b".bar {", b".fold > summary", b".invite[open]", b':root[data-theme="dark"]'):
        assert part in body


WORKER = 'const SHELL = ["./"];\nconst VERSION = "";\n'


def shell(directory: Path, text_port: int = 9997) -> tuple[list[str], str]:
    """Return the list and the version that the service worker is told."""
    body = page.load(directory, text_port)["/sw.js"].body.decode()
    found = re.fullmatch(r'const SHELL = (\[.*\]);\nconst VERSION = "(\w{16})";\n', body)
    assert found, body
    return json.loads(found[1]), found[2]


def test_the_worker_is_told_what_the_page_is(directory: Path) -> None:
    (directory / "sw.js").write_text(WORKER)
    assert shell(directory)[0] == ["./", "./app.js", "./picture.svg", "./strange.zzz", "./view/log.js"]
    (directory / "lang").mkdir()
    (directory / "lang" / "it.js").write_text("export default {};")
    assert "./lang/it.js" in shell(directory)[0]


def test_a_page_that_changes_is_another_version(directory: Path) -> None:
    (directory / "sw.js").write_text(WORKER)
    versions = [shell(directory)[1]]
    (directory / "app.js").write_text("changed")
    versions.append(shell(directory)[1])
    (directory / "app.js").rename(directory / "renamed.js")
    versions.append(shell(directory)[1])
    versions.append(shell(directory, text_port=1)[1])
    assert len(set(versions)) == 4
    assert shell(directory)[1] == versions[2]


def test_the_worker_that_comes_with_it_is_filled_in() -> None:
    assets = page.load(page.default_directory(), 1)
    body = assets["/sw.js"].body.decode()
    assert 'const SHELL = ["./", ' in body
    assert re.search(r'^const VERSION = "\w{16}";$', body, re.MULTILINE)
    assert all(f'"./{path}"' in body for path in ("app.js", "lang/en.js", "lang/ru.js", "style.css"))


MOST_BYTES = 60_000


def test_the_whole_page_is_small(start_program: Callable[..., Program]) -> None:
    gateway = start_program("web_gateway", "--port", "0", "--core-port", "1")
    sizes = {}
    for path in page.load(page.default_directory(), 9997).keys() - {"/index.html"}:
        request = urllib.request.Request(f"http://127.0.0.1:{gateway.ports[0]}{path}")
        request.add_header("Accept-Encoding", "gzip, deflate, br, zstd")
        with urllib.request.urlopen(request) as answer:
            sizes[path] = len(answer.read())
    assert len(sizes) > 40
    assert sum(sizes.values()) < MOST_BYTES, sorted(sizes.items(), key=lambda each: -each[1])
