"""What is taken out of text, and what has to stay."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core.cleaning import Cleaned, clean
from tests.hypothesis_profile import PURE

ATTACKS = (
    ("\x1b[2Jgone", "[2Jgone"),  # clears the screen
    ("\x1b[31mred\x1b[0m", "[31mred[0m"),
    ("\x1b[1A\x1b[2K[Alex] forged", "[1A[2K[Alex] forged"),  # rewrites the line above
    ("\x1b]0;title\x07x", "]0;titlex"),
    ("\x1b]8;;http://a.example\x1b\\click\x1b]8;;\x1b\\", "]8;;http://a.example\\click]8;;\\"),
    ("\x1b]52;c;cm0gLXJm\x07", "]52;c;cm0gLXJm"),  # writes the clipboard
    ('\x1bP$q"p\x1b\\', 'P$q"p\\'),  # makes the terminal answer, as if its owner had typed
    ("\x9b31mred", "31mred"),  # CSI as one C1 character
    ("\x9d0;title\x9c", "0;title"),
    ("a\x08\x08b", "ab"),
    ("a\x7fb", "ab"),
    ("a\0b", "ab"),
    ("\x05\x0e", ""),  # answerback, shift out
    ("abc\u202etxt.exe", "abctxt.exe"),
    ("\u202da\u202c\u202ab\u202bc", "abc"),
    ("\u2066a\u2067b\u2068c\u2069", "abc"),
    ("pass\u200bword\u2060\ufeff", "password"),
    ("soft\u00adhyphen", "softhyphen"),
    ("a\u200db\u200cc", "abc"),  # joiners where no script needs them
    ("\u200dab\u200d", "ab"),
    ("ش\u200c\u061c", "ش\u061c"),  # a mark is no letter
    ("ش\u200ca", "شa"),
    ("a\u200cش", "aش"),
    ("ش\u200c؟", "ش؟"),
    ("👍\u200da", "👍a"),
    ("a\u200d👍", "a👍"),
    ("👍\u200c👍", "👍👍"),
    ("👍\u200d", "👍"),
    ("a\u200e\u200fb", "ab"),
    ("a\u200f\u200fb", "ab"),  # direction marks are no right-to-left text for one another
    ("\u061c\u061c", ""),
    ("\U000e0041\U000e0042hidden", "hidden"),  # tags outside an emoji spell invisible text
    ("🏴\U000e0067", "🏴"),  # not ended
    ("x\U000e0067\U000e0062\U000e007f", "x"),
    ("\ufff9a\ufffab\ufffb", "ab"),
    ("\ue000\U000f0000", ""),
    ("\u0378\U00054321", ""),  # unassigned
    ("\ud800x", "x"),
    ("\u180e\u2061\u206a", ""),
    ("ش\u200c\u180eش", "ش\u200cش"),  # what is taken out does not part them
    ("ش\u200c\u180e", "ش"),  # nor is it anything to join
    ("a" + "\u0301" * 5, "a" + "\u0301" * 4),
    ("a" + "\u0301" * 4 + "\u200b" + "\u0302" * 4, "a" + "\u0301" * 4),  # nothing invisible starts a new pile
    ("a" + "\u0301" * 4 + "\u200d" + "\u0302" * 4, "a" + "\u0301" * 4),
    ("ก" + "\u0e47" * 30, "ก" + "\u0e47" * 8),  # every script has marks to pile up
    ("ش" + "\u064e\u200c" * 30 + "ش", "ش" + "\u064e\u200c" * 8 + "ش"),
    ("\U00011305" + "\U00011301" * 9, "\U00011305" + "\U00011301" * 8),
    ("❤" + "\ufe0f" * 9, "❤\ufe0f"),
    ("a\ufe00\U000e0101\ufe0f", "a\ufe00"),  # a row of selectors spells hidden text
    ("\ufe0fa \ufe0fb\n\U000e0100c", "a b\nc"),  # nothing to vary
    ("a\u180eb", "ab"),
    ("Ann\U0001d159\U00016fe4", "Ann"),  # a note without a head, a filler of Khitan
    ("ᠠ\u180e", "ᠠ"),
)

INNOCENT = (
    "Hello, world!",
    "Привет, мир!",
    "𝓈𝒸𝓇𝒾𝓅𝓉 and ｆｕｌｌ",
    "naïve, cafe\u0301",
    "你好，世界",
    "こんにちは、世界。\u3000はい",
    "10\u00a0000\u202f€",
    "👩‍👩‍👧‍👦",
    "👩🏽‍🚀",
    "🧑‍🤝‍🧑",
    "❤️‍🔥",
    "🏳️‍🌈",
    "🏴‍☠️",
    "👁️‍🗨️",
    "🐻‍❄️",
    "🙂‍↔️",
    "⛹🏻‍♀️",
    "©️ ™️ ↩️ 1️⃣ #️⃣ Ⓜ️ 🅰️ 〰️ ㊗️",
    "🇮🇱🇷🇺",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
    "می‌خواهم",  # Persian: ZWNJ
    "خانه‌ها",
    "۲۰\u200cام",  # a number and its ending
    "क्‍ष और क्‌ष",  # Hindi: ZWJ and ZWNJ
    "ශ්‍රී ලංකා",  # Sinhala: ZWJ
    "അവന്\u200d പോയി",  # Malayalam: ZWJ at the end of a word
    "שלום עולם",
    "שלום\u200f!",  # a mark after right-to-left text
    "\u200fשלום",
    "السلام\u200f (1)",
    "葛\U000e0100城",  # one of the forms of a Han character
    "ᠬᠠᠷ\u180eᠠ ᠭ\u180bᠠ",  # Mongolian: a vowel that stands apart, a variant of a letter
    "ཧཱུྃ ཨོཾ ཀྵྨླྺྼྻྂ",  # Tibetan stacks
    "בְּרֵאשִׁ֖ית",
    "مرحبا\u061c!",
    "\u0600١٢ \u06dd١",  # Arabic signs that enclose a number: format characters, but visible
    "  two spaces stay before a word",
    "$HOME `ls` <script>alert(1)</script> %s {nick} \\x1b[2J",
)

ALLOWED_FORMAT = (
    "\u200c\u200d\u200e\u200f\u061c"  # where they are needed
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"  # visible ones
)
LINE_ENDS = ("\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029")


@pytest.mark.parametrize(("raw", "text"), ATTACKS)
def test_what_attacks_is_taken_out_and_told(raw: str, text: str) -> None:
    assert clean(raw) == Cleaned(text, True)


@pytest.mark.parametrize("raw", INNOCENT)
def test_what_is_right_stays_as_it_is(raw: str) -> None:
    assert clean(raw) == Cleaned(raw, False)
    assert clean(f"{raw}\n{raw}") == Cleaned(f"{raw}\n{raw}", False)


@pytest.mark.parametrize("end", LINE_ENDS)
def test_every_line_end_is_a_line_feed(end: str) -> None:
    assert clean(f"one{end}two{end}") == Cleaned("one\ntwo", False)
    assert clean(f"one{end}\x1b[2Jtwo{end}") == Cleaned("one\n[2Jtwo", True)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\tb", "a    b"),
        ("\tif x:\n\t\ty", "    if x:\n        y"),
        ("\n\n one\n\n two\n\n", " one\n\n two"),
        ("one  \ntwo \u00a0", "one\ntwo"),
        ("one   ", "one"),
        (" ", ""),
        ("\n \n", ""),
        ("", ""),
    ],
)
def test_white_space_is_put_in_order_without_a_word(raw: str, text: str) -> None:
    assert clean(raw) == Cleaned(text, False)


MUCH = 200_000


@pytest.mark.parametrize("repeated", [" ", "\u00a0", " \n", "\t", "\u200d", "\u200e", "a\u0301", "🏴", "\u180e"])
def test_ten_times_as_much_takes_ten_times_as_long(repeated: str) -> None:
    """Not a hundred times: these would take minutes, and everybody would wait."""
    cleaned = clean("x" + repeated * MUCH + "x").text
    assert cleaned[0] == cleaned[-1] == "x"


def test_an_emoji_younger_than_the_tables_stays() -> None:
    young = next(c for c in map(chr, range(0x1FAFF, 0x1F000, -1)) if unicodedata.category(c) == "Cn")
    assert clean(young) == Cleaned(young, False)


UNSAFE = st.sampled_from(
    [
        chr(n)
        for n in (
            *range(32),
            *range(0x7F, 0xA0),
            *range(0x200B, 0x2010),
            *range(0x2028, 0x202F),
            *range(0x2060, 0x2070),
        )
    ]
)
TEXT = st.lists(
    st.one_of(
        st.text(max_size=4),
        UNSAFE,
        st.sampled_from(
            [
                "👩",
                "\u200d",
                "\u200c",
                "\ufe0f",
                "ش",
                "न",
                "א",
                "\u061c",
                "\u180e",
                "ᠠ",
                "\u0301" * 3,
                "\u0e47" * 5,
                "\u064e",
                "🏴",
                "\U000e0067",
                "\U000e007f",
                "  ",
            ]
        ),
    ),
    max_size=20,
).map("".join)


@PURE
@given(TEXT)
def test_nothing_is_left_that_a_terminal_acts_upon(raw: str) -> None:
    text = clean(raw).text
    for i, c in enumerate(text):
        category = unicodedata.category(c)
        assert c == "\n" or category not in ("Cc", "Cs", "Co", "Zl", "Zp"), hex(ord(c))
        assert not "\u202a" <= c <= "\u202e", "a bidirectional override or embedding"
        assert not "\u2066" <= c <= "\u2069", "a bidirectional isolate"
        if category == "Cf":
            assert c in ALLOWED_FORMAT or "\U000e0020" <= c <= "\U000e007f", hex(ord(c))
        if c in "\u200c\u200d" and not (i and unicodedata.combining(text[i - 1]) == 9):
            assert 0 < i < len(text) - 1, "a joiner joins two, or ends what a virama has left of a letter"


@PURE
@given(TEXT)
def test_removed_is_true_exactly_if_more_than_white_space_is_gone(raw: str) -> None:
    cleaned = clean(raw)
    assert cleaned.removed == (visible(raw) != visible(cleaned.text))


@PURE
@given(TEXT)
def test_no_line_begins_or_ends_with_what_is_not_there(raw: str) -> None:
    text = clean(raw).text
    assert text == text.strip("\n")
    assert all(line == line.rstrip(" \u00a0") for line in text.split("\n"))


@PURE
@given(TEXT)
def test_what_is_clean_stays_clean(raw: str) -> None:
    text = clean(raw).text
    assert clean(text) == Cleaned(text, False)


@PURE
@given(TEXT)
def test_printable_text_without_marks_is_not_touched(raw: str) -> None:
    text = "".join(c for c in raw if c.isprintable() and unicodedata.category(c)[0] != "M").rstrip()
    assert clean(text) == Cleaned(text, False)


def visible(text: str) -> str:
    return "".join(c for c in text if not c.isspace() or "\x1c" <= c <= "\x1f")
