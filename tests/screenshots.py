"""Pictures of every state of the page in every variant, for people to look at: `make screenshots`.

They go to screenshots/, which git ignores; with `make screenshots DOCS=1` the two of README.md are renewed as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser_tools import Tab, chromium_fixture, open_tab_fixture  # noqa: F401
from tests.page_states import STATES
from tests.stage import Stage, loop_fixture, stage_fixture  # noqa: F401

ROOT = Path(__file__).parent.parent
SCREENSHOTS = ROOT / "screenshots"
IN_README = {("room", "light"): "room-light.png", ("room", "phone"): "room-phone.png"}

WIDE, PHONE, NARROW = (1280, 800), (390, 780), (320, 640)
LIGHT: dict[str, Any] = {"color_scheme": "light", "contrast": "no-preference"}
DARK: dict[str, Any] = {**LIGHT, "color_scheme": "dark"}
CONTRAST: dict[str, Any] = {**LIGHT, "contrast": "more"}
VARIANTS = {
    "en-GB": {
        "light": (WIDE, LIGHT),
        "dark": (WIDE, DARK),
        "contrast": (WIDE, CONTRAST),
        "320": (NARROW, LIGHT),
        "phone": (PHONE, DARK),
        "768": ((768, 1024), LIGHT),
        "1920": ((1920, 1080), LIGHT),
    },
    "ru-RU": {"ru": (WIDE, LIGHT), "ru-320": (NARROW, DARK)},
}
"""For each locale, which needs a page of its own, what the same page is shown in."""


def pictures(tab: Tab, locale: str) -> Iterator[tuple[str, bytes]]:
    for name, ((width, height), media) in VARIANTS[locale].items():
        tab.page.set_viewport_size({"width": width, "height": height})
        tab.page.emulate_media(**media)
        tab.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        yield name, tab.page.screenshot(animations="disabled", caret="hide")


@pytest.mark.parametrize("locale", VARIANTS)
@pytest.mark.parametrize("name", STATES)
def test_picture(name: str, locale: str, stage: Stage) -> None:
    """Not a test: nothing is compared."""
    SCREENSHOTS.mkdir(exist_ok=True)
    stage.options["locale"] = locale
    for variant, picture in pictures(STATES[name](stage), locale):
        (SCREENSHOTS / f"{name}-{variant}.png").write_bytes(picture)
        if os.environ.get("DOCS") and (name, variant) in IN_README:
            (ROOT / "docs" / "images" / IN_README[name, variant]).write_bytes(picture)
