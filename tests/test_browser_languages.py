"""A further language is one file: what a browser makes of it, from left to right and from right to left."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser_tools import Tab, chromium_fixture, open_tab_fixture  # noqa: F401
from tests.page_states import dialog
from tests.stage import Stage, loop_fixture, stage_fixture  # noqa: F401
from web_gateway import page

STATIC = page.default_directory()
ITALIAN = """// Italian, as far as anybody needs it. Knows nothing about where the words stand.
export default {
  code: "it",
  dir: "ltr",
  plural: ["one", "other"],
  nick: "Soprannome",
  join: "Entra",
  message: "Messaggio",
  people_count: "{n} persona|{n} persone",
};
"""
ARABIC = {
    "code": "ar",
    "dir": "rtl",
    "tagline": "غرفة واحدة. ادخلها من هنا، أو من أي طرفية.",
    "nick": "الاسم",
    "join": "دخول",
    "message": "رسالة",
    "send": "إرسال",
    "leave": "خروج",
    "people": "الحاضرون",
    "conversation": "المحادثة",
    "state_connected": "متصل",
    "from_terminal": "أو من طرفية",
    "joined": "انضم {nick}",
    "settings": "الإعدادات",
    "theme": "الألوان",
}


@pytest.fixture(name="static")
def static_fixture(tmp_path: Path, stage: Stage) -> Path:
    """A page of which files can be changed."""
    stage.static_dir = shutil.copytree(STATIC, tmp_path / "static")
    return stage.static_dir


def add_arabic(static: Path) -> None:
    """Add a language of which the most is not translated yet."""
    words = (static / "lang" / "en.js").read_text(encoding="utf-8")
    for key, value in ARABIC.items():
        words, times = re.subn(rf'^  {key}: ".*",$', f'  {key}: "{value}",', words, flags=re.MULTILINE)
        assert times == 1, key
    (static / "lang" / "ar.js").write_text(words, encoding="utf-8")


def fetched(tab: Tab) -> set[str]:
    names: set[str] = set(tab.page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)"))
    return {Path(name).name for name in names if "/lang/" in name}


def test_a_file_is_a_language(stage: Stage, static: Path) -> None:
    (static / "lang" / "it.js").write_text(ITALIAN)
    stage.options["locale"] = "it"
    stage.room()
    ann = stage.tab()
    offered = ann.page.locator('meta[name="parley-languages"]')
    expect(offered).to_have_attribute("content", " ".join(sorted([*_codes(), "it"])))
    expect(ann.page.locator("html")).to_have_attribute("lang", "it")
    ann.page.get_by_label("Soprannome", exact=True).fill("Anna")
    ann.page.get_by_role("button", name="Entra").click()
    expect(ann.page.get_by_label("Messaggio", exact=True)).to_be_focused()
    ann.page.set_viewport_size({"width": 600, "height": 700})
    expect(ann.page.locator("#people-toggle")).to_have_text("1 persona")
    # What it does not have is in English, and so is what the server says: it does not know this language.
    expect(ann.page.locator("#send")).to_have_text("Send")
    ann.say("/nickname")
    expect(ann.page.get_by_text("Usage: /nickname new_nick")).to_be_visible()


def _codes() -> list[str]:
    return [file.stem for file in (STATIC / "lang").glob("*.js")]


@pytest.mark.parametrize(
    ("locale", "files"), [("en-GB", {"en.js"}), ("xx-YY", {"en.js"}), ("ru-RU", {"en.js", "ru.js"})]
)
def test_only_the_language_that_is_read_is_fetched(locale: str, files: set[str], stage: Stage) -> None:
    stage.options["locale"] = locale
    stage.room()
    ann = stage.tab()
    expect(ann.page.locator("html")).to_have_attribute("lang", "ru" if "ru.js" in files else "en")
    assert fetched(ann) == files


READY = """addEventListener("load", () => { window.spoken = document.querySelector("#join").textContent; });"""


def test_a_page_that_has_loaded_is_ready(stage: Stage) -> None:
    stage.options["locale"] = "ru-RU"
    stage.room()
    ann = stage.tab(READY)
    assert ann.page.evaluate("spoken") == "Войти"


def test_a_language_that_can_not_be_had_is_english(stage: Stage, static: Path) -> None:
    (static / "lang" / "it.js").write_text("import 'not a language';")
    stage.options["locale"] = "it"
    stage.room()
    ann = stage.tab()
    expect(ann.page.locator("html")).to_have_attribute("lang", "en")
    ann.join("Anna")
    assert len(ann.complaints) > 0
    ann.complaints.clear()


def test_from_right_to_left(stage: Stage, static: Path) -> None:
    add_arabic(static)
    stage.options["locale"] = "ar-EG"
    stage.room()
    ann = stage.tab()
    page = ann.page
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    ann.join("ليلى")
    ann.say("مرحبا")
    ann.hears("ليلى", "مرحبا")

    def places(*selectors: str) -> list[float]:
        return [page.locator(selector).first.bounding_box()["x"] for selector in selectors]  # type: ignore[index]

    for order in (("#people-panel", "#scroller"), ("#send", "#message"), (".said time", ".said .text", ".said .nick"),
                  ("#leave", "#rename", "#settings", "#state", ".wordmark")):  # fmt: skip
        found = places(*order)
        assert found == sorted(found), order
    dialog(ann, "settings")
    for width in (320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
