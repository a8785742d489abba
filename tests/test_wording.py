"""Every language has every word, and the program has words for every code it uses."""

from __future__ import annotations

import ast
import string
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tcp_core
from tcp_core import wording
from tcp_core.commands import COMMANDS
from tcp_core.messages import Attendance, Notice, Presence, Refused
from tcp_core.wording import LANGS, WORDINGS, Lang
from tcp_core.words import Wording

FIELDS = tuple(Wording.__dataclass_fields__)
MAPPINGS = ("problems", "doors", "arguments", "help", "notices", "refusals", "byes")


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_there_are_words_for_each_language() -> None:
    assert set(WORDINGS) == set(LANGS) == {"ru", "en"}


@pytest.mark.parametrize("field", FIELDS)
def test_all_languages_say_the_same_things(field: str) -> None:
    russian, english = (getattr(WORDINGS[lang], field) for lang in LANGS)
    if field not in MAPPINGS:
        russian, english = {"": russian}, {"": english}
    assert russian.keys() == english.keys()
    for key in russian:
        assert placeholders(russian[key]) == placeholders(english[key]), key
        assert "\n" not in russian[key] + english[key]
        assert (russian[key] == "") == (english[key] == "")


@pytest.mark.parametrize("lang", LANGS)
def test_every_command_is_explained(lang: Lang) -> None:
    assert set(WORDINGS[lang].help) == {row.names[0] for row in COMMANDS}
    assert set(WORDINGS[lang].arguments) >= {row.names[0] for row in COMMANDS if row.argument == "needed"}


def codes(*names: str) -> Iterator[str]:
    """Yield the first argument of every call of one of `names` in the program, where it is written out."""
    for path in Path(tcp_core.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
                first = node.args[0]
                for one in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                    if isinstance(one, ast.Constant):
                        yield str(one.value)


def test_every_refusal_that_the_program_makes_has_words_and_the_other_way_round() -> None:
    used = set(codes("Refused", "RefusedError", "GarbledError")) - {"proxy-header"}  # to whom could that be said?
    assert used == set(WORDINGS["en"].refusals)


def test_every_notice_that_the_program_makes_has_words_and_the_other_way_round() -> None:
    assert set(codes("Notice")) == set(WORDINGS["en"].notices)


DETAILS: dict[str, dict[str, Any]] = {
    "not-json": {"problem": "{x}"},
    "line-too-long": {"limit": 16384},
    "text-too-long": {"limit": 4000, "length": 4001},
    "too-many-lines": {"limit": 200, "length": 201},
    "unknown-command": {"word": "{dance}"},
    "usage": {"command": "nickname"},
    "nick-not-allowed": {"problem": "starts", "sign": "*"},
    "nick-too-long": {"limit": 32, "length": 33},
    "nick-taken": {"nick": "{0}"},
    "connections": {"limit": 64, "scope": "address"},
    "join-timeout": {"seconds": 60},
    "http": {"url": "http://a.example/"},
    "joins": {"limit": 120, "seconds": 7},
    "rate": {"limit": "2"},
    "attempts": {"seconds": 7},
    "banned": {"until": 0, "reason": "spam"},
    "muted": {"until": 0, "reason": ""},
    "slow": {"limit": 30, "seconds": 7},
    "no-such-nick": {"nick": "{0}"},
    "network-too-large": {"network": "0.0.0.0/0"},
    "not-banned": {"target": "{0}"},
    "not-muted": {"target": "{0}"},
    "bans-many": {"limit": 10000},
    "slow-too-long": {"limit": 3600},
    "clear-count": {"limit": 1000},
    "no-messages": {"nick": "{0}"},
    "ignored-many": {"limit": 100},
    "not-ignored": {"nick": "{0}"},
    "tls": {"host": "chat.example", "port": 9997},
}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("code", sorted(WORDINGS["en"].refusals))
def test_a_refusal_holds_its_details(lang: Lang, code: str) -> None:
    details = DETAILS.get(code, {})
    text = wording.refusal(Refused(code, details), lang)
    for name, value in details.items():
        assert str(value) in text or name in ("problem", "scope", "until")
    assert len(text) > 5


@pytest.mark.parametrize(
    ("refused", "ru", "en"),
    [
        (Refused("usage", {"command": "nickname"}), "Использование: /nickname новый_ник", "Usage: /nickname new_nick"),
        (
            Refused("nick-not-allowed", {"problem": "starts", "sign": "*"}),
            "Такой ник нельзя: он не может начинаться с «*»",
            "That nick is not allowed: it can't start with “*”",
        ),
        (
            Refused("nick-not-allowed", {"problem": "holds", "sign": "]"}),
            "Такой ник нельзя: в нём не может быть «]»",
            "That nick is not allowed: it can't hold “]”",
        ),
        (
            Refused("connections", {"limit": 64, "scope": "address"}),
            "Слишком много подключений (предел 64, с одного адреса)",
            "Too many connections (limit 64, from one address)",
        ),
        (
            Refused("connections", {"limit": 64, "scope": "all"}),
            "Слишком много подключений (предел 64, всего)",
            "Too many connections (limit 64, in all)",
        ),
        (
            Refused("not-json", {"problem": "Expected `int`"}),
            "Это не сообщение протокола: Expected `int`",
            "That is not a message of this protocol: Expected `int`",
        ),
    ],
)
def test_a_refusal_reads(refused: Refused, ru: str, en: str) -> None:
    assert wording.refusal(refused, "ru") == ru
    assert wording.refusal(refused, "en") == en


def test_a_notice_reads() -> None:
    numbered = Notice("nick-numbered", {"wanted": "{nick}", "nick": "x2"})
    assert wording.notice(numbered, "en") == "The nick {nick} is taken, you are x2"
    assert wording.notice(numbered, "ru") == "Ник {nick} занят, теперь вы x2"
    assert wording.notice(Notice("done", {}), "en") == ""


@pytest.mark.parametrize(
    ("tag", "default", "lang"),
    [
        ("", "ru", "ru"),
        ("", "en", "en"),
        ("ru", "en", "ru"),
        ("ru-RU", "en", "ru"),
        ("RU_ru", "en", "ru"),
        ("en-GB", "ru", "en"),
        ("de", "ru", "en"),
        ("rue", "ru", "en"),
        ("-", "ru", "en"),
    ],
)
def test_a_language_is_chosen_by_its_tag(tag: str, default: Lang, lang: Lang) -> None:
    assert wording.choose(tag, default) == lang


@pytest.fixture
def in_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "shown", "moment"),
    [
        ("UTC0", "UTC", "2026-09-21 14:13"),
        ("XXX-3", "UTC+03:00", "2026-09-21 17:13"),
        ("XXX+3:30", "UTC-03:30", "2026-09-21 10:43"),
        ("XXX-0:30", "UTC+00:30", "2026-09-21 14:43"),
    ],
)
def test_times_are_the_servers_and_say_so(in_zone: Any, zone: str, shown: str, moment: str) -> None:
    in_zone(zone)
    assert wording.zone() == shown
    assert wording.moment(1_790_000_000_999) == moment
    lines = wording.attendance(Attendance((Presence("Ann", "web", 1_790_000_000_000),)), "en")
    assert lines == [f"Here now: 1 (times in {shown})", f"  [Ann] web, since {moment}"]
