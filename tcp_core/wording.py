"""Turns what the server says into words of a language; another one is a file like `words_en`, and a line here.

Knows nothing about connections or how a reply travels: it turns a reply into lines of text.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, get_args

from tcp_core.commands import COMMANDS
from tcp_core.messages import Attendance, BanList, Bye, Detail, Notice, Refused
from tcp_core.words import Wording
from tcp_core.words_en import EN
from tcp_core.words_ru import RU

Lang = Literal["ru", "en"]
LANGS: tuple[Lang, ...] = get_args(Lang)
WORDINGS: dict[Lang, Wording] = {"ru": RU, "en": EN}


def choose(tag: str, default: Lang) -> Lang:
    """Return the language to use for a BCP 47 `tag` ("ru-RU", "de"): `default` for none, English for an unknown one."""
    if not tag:
        return default
    prefix = tag.replace("_", "-").split("-")[0].lower()
    return next((lang for lang in LANGS if lang == prefix), "en")


def usage(command: str, lang: Lang) -> str:
    """Return how `command` is typed, with its arguments."""
    return " ".join(filter(None, (f"/{command}", WORDINGS[lang].arguments.get(command))))


def help_on(command: str, lang: Lang) -> str:
    """Return what `command` is good for, in a few words."""
    return WORDINGS[lang].help[command]


def refusal(reply: Refused, lang: Lang) -> str:
    """Return the one line that tells why not."""
    details = _details(reply.details, lang)
    if "command" in details:
        details["usage"] = usage(str(details["command"]), lang)
    problems = WORDINGS[lang].problems
    for name in ("problem", "scope"):
        if details.get(name) in problems:
            details[name] = problems[str(details[name])].format_map(details)
    return WORDINGS[lang].refusals[reply.code].format_map(details)


def notice(reply: Notice, lang: Lang) -> str:
    """Return the one line of a notice."""
    return WORDINGS[lang].notices[reply.code].format_map(_details(reply.details, lang)).strip()


def farewell(reply: Bye, lang: Lang) -> str:
    """Return the one line of the server's last words."""
    wording = WORDINGS[lang]
    if reply.reason in wording.byes:
        return wording.byes[reply.reason].format_map(_details(reply.details, lang))
    if reply.reason in wording.refusals:
        return refusal(Refused(reply.reason, reply.details), lang)
    return reply.reason


def _details(details: Mapping[str, Detail], lang: Lang) -> dict[str, Detail]:
    """Return details as they are put in: until when, and why if there is a reason."""
    shown = dict(details)
    if "until" in shown:
        shown["until"] = _until(int(shown["until"]), lang)
    if shown.get("reason"):
        shown["reason"] = f": {shown['reason']}"
    return shown


def _until(ts: int, lang: Lang) -> str:
    wording = WORDINGS[lang]
    return wording.until.format(moment=moment(ts), zone=zone()) if ts else wording.for_good


def ban_list(reply: BanList, lang: Lang) -> list[str]:
    """Return the lines of /bans."""
    wording = WORDINGS[lang]
    lines = [wording.bans.format(count=len(reply.bans))]
    for ban in reply.bans:
        details = _details({"until": ban.until, "reason": ban.reason}, lang)
        lines.append(wording.ban.format(network=ban.network, nick=ban.nick, by=ban.by, **details).replace("  —", " —"))
    return lines


def attendance(reply: Attendance, lang: Lang) -> list[str]:
    """Return the lines of /who."""
    wording = WORDINGS[lang]
    lines = [wording.attendance.format(count=len(reply.presences), zone=zone())]
    for presence in reply.presences:
        door = wording.doors[presence.door]
        line = wording.presence.format(nick=presence.nick, door=door, since=moment(presence.since))
        address = f", {presence.address}" if presence.address else ""
        lines.append(line + (wording.operator if presence.operator else "") + address)
    return lines


def command_list(lang: Lang, operator: bool = False) -> list[str]:
    """Return the lines of /help, from the command table; for an operator also what only operators can do."""
    wording = WORDINGS[lang]
    lines = []
    for row in COMMANDS:
        if row.operator and not operator:
            continue
        aliases = "".join(f" (/{name})" for name in row.names[1:])
        lines.append(f"{usage(row.names[0], lang)}{aliases} — {help_on(row.names[0], lang)}")
    return [*lines, wording.said_as_is]


def moment(ts: int) -> str:
    """Return the server's local date and time of `ts` (Unix ms)."""
    return _minute(ts // 60_000, time.timezone)


@lru_cache(maxsize=4096)
def _minute(minutes: int, _: int) -> str:  # the zone is part of what is remembered
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(minutes * 60))


def zone() -> str:
    """Return the offset of the server's local time, as in UTC+03:00."""
    offset = time.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}" if offset.strip("+-0") else "UTC"
