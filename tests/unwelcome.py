"""What a terminal must not get: written apart from `tcp_core.cleaning`, to check what comes out of it."""

from __future__ import annotations

import re
import unicodedata

JOINERS, DIRECTION_MARKS = "\u200c\u200d", "\u200e\u200f\u061c"
FORMATS_WITH_A_SHAPE = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
SELECTOR = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
REGION = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{2,10}\U000e007f")
MOST_MARKS = 8


def unwelcome(text: str) -> list[str]:
    """Return what in `text` a terminal must not get, LF excepted; empty for text that can do no harm."""
    in_regions = {i for match in REGION.finditer(text) for i in range(*match.span())}
    found: list[str] = []
    marks = 0
    for i, c in enumerate(text):
        if c in JOINERS or c in DIRECTION_MARKS:
            harmful = not _in_place(c, text[max(0, i - 1) : i], text[i + 1 : i + 2])
        elif unicodedata.category(c) in ("Mn", "Me"):
            before = text[:i].rstrip(JOINERS + DIRECTION_MARKS)[-1:]
            selects = SELECTOR.match(c) is not None
            marks += not selects
            harmful = marks > MOST_MARKS or c in FILLERS
            harmful |= selects and (not before or before.isspace() or SELECTOR.match(before) is not None)
        else:
            marks = 0
            harmful = i not in in_regions and not _harmless(c, text[max(0, i - 1) : i], text[i + 1 : i + 2])
        if harmful:
            found.append(f"U+{ord(c):04X} at {i}")
    return found


def _in_place(c: str, before: str, after: str) -> bool:
    """Whether the joiner or direction mark `c` has something to do here."""
    if c in DIRECTION_MARKS:
        return any(
            unicodedata.bidirectional(one) in ("R", "AL") for one in (before, after) if one not in DIRECTION_MARKS
        )
    if before and unicodedata.combining(before) == 9:
        return True
    return all(
        one and ord(one) >= 0xA9 and (unicodedata.category(one)[0] in "LMSN" or _may_be_emoji(one))
        for one in (before, after)
    )


def _harmless(c: str, before: str, after: str) -> bool:
    category = unicodedata.category(c)
    if category == "Cf":
        return c in FORMATS_WITH_A_SHAPE or (c == "\u180e" and all("\u1820" <= n <= "\u18aa" for n in (before, after)))
    if category == "Cn":  # emoji younger than the tables
        return _may_be_emoji(c)
    return c == "\n" or (category[0] != "C" and category not in ("Zl", "Zp") and c not in FILLERS)


def _may_be_emoji(c: str) -> bool:
    return "\U0001f000" <= c <= "\U0001faff"
