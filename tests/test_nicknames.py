"""What a nick may be, when two are the same, and the numbers of those that are taken."""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Callable
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core import nicknames
from tcp_core.messages import RefusedError
from tcp_core.nicknames import ANONYMOUS, NICK_CHARACTERS, enforce, keys, number, skeleton
from tests.hypothesis_profile import PURE

SHOWN = (
    ("Alex", "Alex"),
    ("  Alex ", "Alex"),
    ("Alex   the    Great", "Alex the Great"),
    ("", "anon"),
    (" \t ", "anon"),
    ("\u200b", "anon"),
    ("\x07\x1b", "anon"),
    ("Ж", "Ж"),
    ("Аня", "Аня"),
    ("Ａｌｅｘ", "Alex"),
    ("①", "1"),
    ("cafe\u0301", "caf\u00e9"),
    ("太郎", "太郎"),
    ("שרה", "שרה"),
    ("می‌خواهم", "می‌خواهم"),
    ("क्‍ष", "क्‍ष"),
    ("l·l", "l·l"),
    ("🦊", "🦊"),
    ("x_x (away)", "x_x (away)"),
    ("<b>", "<b>"),
    ("{nick}", "{nick}"),
    ("a/b", "a/b"),
    ("\ufeffAlex", "Alex"),  # a file with a byte order mark, sent by nc
    ("Al\x1bex", "Alex"),
    ("Alex\u3164", "Alex"),  # a filler, which looks like nothing
    ("Al\u034fex", "Alex"),
    ("\u3164\u115f", "anon"),
    ("\u200b" * 508 + "Alex", "Alex"),
    ("\u202exelA", "xelA"),
    ("x" * 32, "x" * 32),
    ("👋" * 32, "👋" * 32),
)

NOT_NICKS = (
    ("*Alex", "nick-not-allowed"),
    ("* Alex joined *", "nick-not-allowed"),
    ("＊Alex", "nick-not-allowed"),  # normalised, it starts with an asterisk
    ("∗ Ann left ∗", "nick-not-allowed"),  # the operator looks like one
    ("٭ Ann left ٭", "nick-not-allowed"),
    ("[Alex] hi", "nick-not-allowed"),
    ("［Alex", "nick-not-allowed"),
    ("/quit", "nick-not-allowed"),
    ("／quit", "nick-not-allowed"),
    ("❌ no", "nick-not-allowed"),
    ("Alex] hi [Bob", "nick-not-allowed"),
    ("Alex］", "nick-not-allowed"),
    ("\x1b[31mred", "nick-not-allowed"),
    ("\x1b*", "nick-not-allowed"),
    ("one\ntwo", "nick-not-allowed"),
    ("one\u2028two", "nick-not-allowed"),
    ("Alex\ufe0f", "nick-not-allowed"),
    ("\u2800", "nick-not-allowed"),  # Braille without dots: looks like nothing
    ("Alex\u2800", "nick-not-allowed"),
    ("·", "nick-not-allowed"),
    ("か" + "ﾞ" * 20, "nick-not-allowed"),  # marks of half width, which pile up when they are normalised
    ("x" * 33, "nick-too-long"),
    ("x" * 500, "nick-too-long"),
    ("\u200b" * 513, "nick-too-long"),  # though nothing would be left of it
    ("ﷺ" * 2, "nick-too-long"),  # 18 letters each
    ("Server", "nick-reserved"),
    ("SYSTEM", "nick-reserved"),
    ("parley", "nick-reserved"),
    ("Раrlеу", "nick-reserved"),  # four of the letters are Cyrillic
    ("ａｄｍｉｎ", "nick-reserved"),
    ("Админ", "nick-reserved"),
    ("СЕРВЕР", "nick-reserved"),
    (" operator ", "nick-reserved"),
)

SAME = (
    ("Alex", "alex"),
    ("Alex", "ALEX"),
    ("Alex", "Аlex"),  # Cyrillic А
    ("Alex", "Аlех"),  # Cyrillic А, е, х
    ("alex", "аlex"),
    ("Сора", "Copa"),  # all Cyrillic, all Latin
    ("Оля", "Oля"),
    ("Ivan", "lvan"),  # a small l
    ("Ivan", "ivan"),
    ("Ian", "lan"),
    ("Ian", "Lan"),  # since Lan is lan
    ("BIll", "Bill"),
    ("AIex", "alex"),
    ("IIya", "ilya"),
    ("B0b", "bob"),
    ("Вob", "bob"),
    ("Bill", "BiII"),  # two capital I
    ("B0b", "BOb"),
    ("mike", "rnike"),
    ("Bjørn", "Bjo\u0338rn"),  # a letter of its own, and an o with a stroke through it
    ("Łukasz", "L\u0338ukasz"),
    ("Straße", "STRAẞE"),
    ("Ann", "Αnn"),  # Greek Α
    ("café", "cafe\u0301"),
    ("Анна", "АННА"),
    ("p4ul", "р4ul"),
    ("a b", "a\u00a0b"),
)

DIFFERENT = (
    ("Alex", "Alex2"),
    ("Anna", "Аня"),
    ("Анна", "Анни"),
    ("cafe", "café"),
    ("Bob", "Rob"),
    ("Иван", "Ivan"),
    ("e", "ё"),
    ("a b", "ab"),
)

CONTEXTUAL = (
    "a" * 29 + "l·l",  # RFC 5892 A.3: a middle dot only between two l
    "a" * 30 + "͵α",  # A.4: a keraia only before Greek
    "・" + "a" * 30 + "あ",  # A.7: a Katakana middle dot only where there is Japanese
    "ب" * 30 + "\u200cب",  # A.1: a joiner only between letters that join
    "क्\u200d" * 10 + "कक",  # and a joiner at the end joins nothing
)


@pytest.mark.parametrize(("raw", "nick"), SHOWN)
def test_this_becomes_the_nick(raw: str, nick: str) -> None:
    assert enforce(raw) == nick
    assert enforce(nick) == nick


@pytest.mark.parametrize(("raw", "code"), NOT_NICKS)
def test_this_is_no_nick(raw: str, code: str) -> None:
    with pytest.raises(RefusedError) as caught:
        enforce(raw)
    assert caught.value.code == code


def test_a_refusal_names_what_is_wrong() -> None:
    for raw, details in (
        ("*x", {"problem": "starts", "sign": "*"}),
        ("x]", {"problem": "holds", "sign": "]"}),
        ("x\ny", {"problem": "characters"}),
        ("x" * 500, {"limit": 32, "length": 500}),
        ("ﷺ" * 2, {"limit": 32, "length": 36}),
    ):
        with pytest.raises(RefusedError) as caught:
            enforce(raw)
        assert caught.value.details == details


@pytest.mark.parametrize("name", nicknames._RESERVED_NAMES)
def test_a_reserved_name_is_refused_in_any_case(name: str) -> None:
    for raw in (name, name.upper(), name.title()):
        with pytest.raises(RefusedError, match="nick-reserved"):
            enforce(raw)
    assert enforce(f"{name}2") == f"{name}2"


@pytest.mark.parametrize(("one", "other"), SAME)
def test_these_are_the_same(one: str, other: str) -> None:
    assert keys(enforce(one)) & keys(enforce(other))


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_these_are_different(one: str, other: str) -> None:
    assert not keys(enforce(one)) & keys(enforce(other))


def taken_by(*nicks: str) -> set[str]:
    return set().union(*map(keys, nicks))


def is_taken(taken: set[str]) -> Callable[[str], bool]:
    return lambda nick: not taken.isdisjoint(keys(nick))


@pytest.mark.parametrize(
    ("nick", "others", "numbered"),
    [
        ("Alex", [], "Alex2"),
        ("Alex", ["Alex2", "alex3"], "Alex4"),
        ("Alex", ["Alex3"], "Alex2"),
        ("Alex2", [], "Alex22"),
        ("x" * 32, [], "x" * 31 + "2"),
        ("x" * 32, [f"{'x' * 31}{n}" for n in range(2, 10)], "x" * 30 + "10"),
        ("x" * 30 + " y", [], "x" * 30 + "2"),  # no blank before the number
        (ANONYMOUS, [], "anon2"),
    ],
)
def test_a_taken_nick_gets_the_next_free_number(nick: str, others: list[str], numbered: str) -> None:
    taken = taken_by(nick, *others)
    assert number(nick, is_taken(taken)) == numbered


@pytest.mark.parametrize("nick", CONTEXTUAL)
def test_a_numbered_nick_is_a_nick_even_if_the_cut_is_in_an_awkward_place(nick: str) -> None:
    nick = enforce(nick)
    assert len(nick) == NICK_CHARACTERS
    taken = set(keys(nick))
    for _ in range(12):
        candidate = number(nick, is_taken(taken))
        assert enforce(candidate) == candidate
        taken |= keys(candidate)


def test_numbering_ends_however_many_there_are() -> None:
    taken: set[str] = set()
    nick = "O" * NICK_CHARACTERS  # a 0 looks the same
    for _ in range(300):
        candidate = number(nick, is_taken(taken))
        assert not keys(candidate) & taken
        assert len(candidate) <= NICK_CHARACTERS
        taken |= keys(candidate)


NICKS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="かﾞ´aеlI1|Oo0·ـی\u200c\u200dक् ष͵α・あ❌*[]/\u0301\u00a0ﷺßİ", min_size=1, max_size=36),
)


@PURE
@given(NICKS)
def test_any_text_is_a_safe_nick_or_refused(raw: str) -> None:
    try:
        nick = enforce(raw)
    except RefusedError as error:
        assert error.code in ("nick-too-long", "nick-not-allowed", "nick-reserved")  # noqa: PT017
        return
    assert 1 <= len(nick) <= NICK_CHARACTERS
    assert nick == nick.strip()
    assert nick[0] not in "*[/❌"
    assert "]" not in nick
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for c in nick)
    assert enforce(nick) == nick
    assert keys(nick) & keys(enforce(nick.upper() if len(nick.upper()) == len(nick) else nick))


@PURE
@given(NICKS)
def test_any_nick_can_be_numbered(raw: str) -> None:
    try:
        nick = enforce(raw)
    except RefusedError:
        return
    taken = set(keys(nick))
    for _ in range(3):
        candidate = number(nick, is_taken(taken))
        assert enforce(candidate) == candidate
        assert not keys(candidate) & taken
        taken |= keys(candidate)


def test_whatever_the_data_calls_confusable_has_one_skeleton() -> None:
    data = json.loads((files("confusable_homoglyphs") / "confusables.json").read_bytes())
    pairs = [(c.strip("\u200e"), rows[0]["c"].strip("\u200e")) for c, rows in data.items() if len(rows) == 1]
    pairs = [(c, other) for c, other in pairs if len(c) == 1]
    whole = [pair for pair in pairs if all(unicodedata.is_normalized("NFD", text) for text in pair)]
    assert len(whole) > 5000
    assert [pair for pair in whole if skeleton(pair[0]) != skeleton(pair[1])] == []
    assert [c for c, _ in pairs if skeleton(skeleton(c)) != skeleton(c)] == []


def test_letters_that_look_alike_are_one_class() -> None:
    for one, other in itertools.combinations(("а", "a", "ａ", "\U0001d41a"), 2):  # Cyrillic, Latin, full width, bold
        assert keys(f"{one}x") & keys(f"{other}x")


def test_what_is_written_from_right_to_left_looks_like_something_too() -> None:
    assert keys("Bסb") & keys("Bob")
    assert keys("שרה") & keys("שרה")
    assert not keys("שרה") & keys("משה")


def test_letters_with_a_stroke_are_what_they_look_like() -> None:
    assert keys("Bjørn") & keys("Bjo\u0338rn")
    assert keys("Łukasz") & keys("L\u0338ukasz")


def test_numbers_can_go_on_from_where_they_were() -> None:
    numbers = itertools.count(2)
    assert [number("Ann", lambda _: False, numbers) for _ in range(3)] == ["Ann2", "Ann3", "Ann4"]


@pytest.mark.parametrize(
    "nick",
    ["ParIey", "Pаrley", "PARLEY", "SERVER", "servеr", "\u0301", "obs left * Mallory", "סperator", "admוn", "parاey"],
)
def test_this_could_deceive(nick: str) -> None:
    with pytest.raises(RefusedError):
        enforce(nick)
