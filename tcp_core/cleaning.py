"""Takes out of text what could attack a terminal, hide, or reorder what others wrote.

Called once for everything that people write, at the door. Knows nothing about messages, nicks or doors.
Sources: Unicode Standard Annex 9 (bidirectional controls), RFC 5892 appendix A (where joiners are needed),
Unicode Technical Standard 51 (emoji sequences), Unicode Technical Report 36, section 2.10 (marks piled up).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple


class Cleaned(NamedTuple):
    """`text` is safe to show; `removed`: something other than white space is not there any more."""

    text: str
    removed: bool


_LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_BLANKS = " \u00a0"
_JOINERS = "\u200c\u200d"
_MARKS = "\u200e\u200f\u061c"  # direction marks: harmless beside right-to-left text, otherwise only invisible
# Fillers: letters, marks and a note by name, nothing to see.
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\U00016fe4\U0001d159"
_BLANK = "\u2800"  # braille without a dot
_VISIBLE_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
_PICTOGRAPHS = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_EMOJI_TAIL = "\ufe0f\ufe0e\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
# Invisible by themselves, but not in these: the flag of a region in tags; a vowel of Mongolian that stands apart.
_SEQUENCE = re.compile(
    "\U0001f3f4[\U000e0020-\U000e007e]{2,10}\U000e007f|(?<=[\u1820-\u18aa])\u180e(?=[\u1820-\u18aa])"
)
# Scripts whose letters take joiners: Arabic and its neighbours, Indic, Myanmar, Khmer, Mongolian, Arabic Extended.
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\uabff"
    "\ufb50-\ufdff\ufe70-\ufefe\U00010a00-\U00011fff]"
)
_VIRAMA = 9  # the combining class of what takes the vowel from a letter; behind it a joiner may end a word
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"  # choose how the character before them looks
_SELECTOR = re.compile(f"[{_SELECTORS}]")
_ACCENT = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_MOST_ACCENTS, _MOST_MARKS = 4, 8
"""So many on one letter; Tibetan and Hebrew need more than Latin does. Piled up, they cover the lines around."""
_NONSPACING = frozenset(chr(n) for n in range(0x300, 0x1F000) if unicodedata.category(chr(n)) in ("Mn", "Me"))
_LATER_SCRIPTS = "\U00010300-\U0001efff"  # the marks among them are not looked for one by one: it takes too long
_EARLIER_MARKS = "".join(c for c in _NONSPACING if ord(c) < 0x10000)
_SUSPECT = re.compile(f"[{_INVISIBLE}{_SELECTORS}{_EARLIER_MARKS}{_LATER_SCRIPTS}]")


def clean(raw: str) -> Cleaned:
    """Clean text that somebody wrote.

    Line ends of every kind become LF, a tab four spaces. Removed are control characters (C0, C1), format characters
    (bidirectional overrides and isolates, zero-width ones; a joiner stays where a script or an emoji needs it),
    fillers, variation selectors that have nothing to vary, more than four accents or eight marks of any script on one
    letter, unassigned and private-use code points, trailing blanks of each line, and empty lines at the ends.

    :param raw: any text.
    :return: the text, and whether anything but white space was removed. Cleaning it again changes nothing.
    """
    text = _LINE_ENDS.sub("\n", raw).replace("\t", "    ")
    if text.replace("\n", "").isprintable() and not _SUSPECT.search(text):  # nearly all text
        return Cleaned(_trim(text), False)
    length = len(text)
    allowed = {i for match in _SEQUENCE.finditer(text) for i in range(*match.span())}
    plain = _thinned(c for i, c in enumerate(text) if i in allowed or _harmless(c))
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
    # (A pattern for blanks at an end would look for it from each of many blanks, and everybody would wait.)
    return "\n".join([line.rstrip(_BLANKS) for line in text.split("\n")]).strip("\n")


def _thinned(characters: Iterable[str]) -> list[str]:
    """Return `characters` without selectors that vary nothing and marks that are too many; joiners part no pile."""
    kept: list[str] = []
    varied = True  # there is nothing that a selector could vary
    accents = marks = 0
    for c in characters:
        if c in _NONSPACING or c > "\U000e00ff":
            if _SELECTOR.match(c):
                if varied:
                    continue
                varied = True
            else:
                accent = _ACCENT.match(c) is not None
                if marks == _MOST_MARKS or (accent and accents == _MOST_ACCENTS):
                    continue
                accents += accent
                marks += 1
                varied = False
        elif c not in _JOINERS and c not in _MARKS:
            varied = c.isspace()
            accents = marks = 0
        kept.append(c)
    return kept


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
    if before and unicodedata.combining(before) == _VIRAMA:
        return True
    if not before or not after:
        return False
    if joiner == "\u200d" and _is_pictograph(after):
        return before in _EMOJI_TAIL or _is_pictograph(before)
    return all(_JOINING.match(n) and unicodedata.category(n)[0] in "LMN" for n in (before, after))  # not punctuation


def _is_pictograph(c: str) -> bool:
    """Whether `c` may be part of an emoji; the blocks of pictographs have brackets, too."""
    return _PICTOGRAPHS.match(c) is not None and unicodedata.category(c)[0] != "P"
