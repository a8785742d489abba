"""Takes out of text what could attack a terminal, hide, or reorder what others wrote.

Called once for everything that people write, at the door. Knows nothing about messages, nicks or doors.
Sources: Unicode Standard Annex 9 (bidirectional controls), RFC 5892 appendix A (where joiners are needed),
Unicode Technical Standard 51 (emoji sequences).
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple


class Cleaned(NamedTuple):
    """`text` is safe to show; `removed`: something other than white space is not there any more."""

    text: str
    removed: bool


_LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_TRAILING = re.compile(r"[ \u00a0]+(?=\n|\Z)")
_JOINERS = "\u200c\u200d"
_MARKS = "\u200e\u200f\u061c"  # direction marks: harmless beside right-to-left text, otherwise only invisible
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # fillers: letters by name, nothing to see
_BLANK = "\u2800"  # braille without a dot
_VISIBLE_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
_PICTOGRAPHS = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_EMOJI_TAIL = "\ufe0f\ufe0e\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_TAG_SEQUENCE = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{2,10}\U000e007f")
# Scripts whose letters take joiners: Arabic and its neighbours, Indic, Myanmar, Khmer, Mongolian, Arabic Extended.
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\uabff"
    "\ufb50-\ufdff\ufe70-\ufefe\U00010a00-\U00011fff]"
)
_ACCENTS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_TOO_MANY_ACCENTS = re.compile(f"([{_ACCENTS}]{{4}})[{_ACCENTS}]+")  # piled up, they cover the lines above and below
_SUSPECT = re.compile(f"[{_INVISIBLE}]|[{_ACCENTS}]{{5}}")


def clean(raw: str) -> Cleaned:
    """Clean text that somebody wrote.

    Line ends of every kind become LF, a tab four spaces. Removed are control characters (C0, C1), format characters
    (bidirectional overrides and isolates, zero-width ones; a joiner stays where a script or an emoji needs it),
    fillers, more than four accents on one another, unassigned and private-use code points, trailing blanks of each
    line, and empty lines at the ends.

    :param raw: any text.
    :return: the text, and whether anything but white space was removed. Cleaning it again changes nothing.
    """
    text = _LINE_ENDS.sub("\n", raw).replace("\t", "    ")
    if text.replace("\n", "").isprintable() and not _SUSPECT.search(text):  # nearly all text
        return Cleaned(_trim(text), False)
    length = len(text)
    text = _TOO_MANY_ACCENTS.sub(r"\1", text)
    tags = {i for match in _TAG_SEQUENCE.finditer(text) for i in range(*match.span())}
    plain = [c for i, c in enumerate(text) if i in tags or _harmless(c)]
    kept: list[str] = []
    for i, c in enumerate(plain):
        if c in _JOINERS or c in _MARKS:
            before, after = _neighbour(kept[-1:]), _neighbour(plain[i + 1 : i + 2])
            if not (_joiner_needed(c, before, after) if c in _JOINERS else _mark_needed(before, after)):
                continue
        kept.append(c)
    return Cleaned(_trim("".join(kept)), len(kept) < length)


def is_visible(text: str) -> bool:
    """Whether there is anything to see in cleaned text: not only blanks, and accents without a letter."""
    return any(unicodedata.category(c)[0] not in "ZMC" and c != _BLANK for c in text)


def _trim(text: str) -> str:
    return _TRAILING.sub("", text).strip("\n")


def _harmless(c: str) -> bool:
    """Whether `c` may stay, for all that it does by itself."""
    if c in _INVISIBLE:
        return False
    if c.isprintable() or c == "\n" or c in _JOINERS or c in _MARKS or c in _VISIBLE_FORMATS:
        return True
    category = unicodedata.category(c)
    if category == "Cn":  # an emoji younger than Python's tables
        return "\U0001f000" <= c <= "\U0001faff"
    return category == "Zs"


def _neighbour(one: list[str]) -> str:
    """Return what stands beside a joiner or mark; nothing if that is such a character itself."""
    return "" if not one or one[0] in _JOINERS or one[0] in _MARKS else one[0]


def _mark_needed(before: str, after: str) -> bool:
    return any(unicodedata.bidirectional(n) in ("R", "AL") for n in (before, after) if n)


def _joiner_needed(joiner: str, before: str, after: str) -> bool:
    if not before or not after:
        return False
    if joiner == "\u200d" and _PICTOGRAPHS.match(after):
        return before in _EMOJI_TAIL or _PICTOGRAPHS.match(before) is not None
    return _JOINING.match(before) is not None and _JOINING.match(after) is not None
