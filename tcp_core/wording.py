"""Every word that the server says to people, in each language; the one place to add another.

Knows nothing about connections or how a reply travels: it turns a reply into lines of text.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tcp_core.commands import COMMANDS
from tcp_core.messages import Attendance, Detail, Notice, Refused

Lang = Literal["ru", "en"]
LANGS: tuple[Lang, ...] = get_args(Lang)


@dataclass(frozen=True, slots=True)
class Wording:
    """One language."""

    prompt: str
    joined: str
    left: str
    renamed: str
    history_begins: str
    history_ends: str
    gap: str
    attendance: str
    presence: str
    doors: Mapping[str, str]
    arguments: Mapping[str, str]  # of a command, as /help and a usage error show them
    help: Mapping[str, str]
    said_as_is: str
    notices: Mapping[str, str]
    refusals: Mapping[str, str]
    byes: Mapping[str, str]


RU = Wording(
    prompt="Ник: ",
    joined="* {nick} вошёл в чат *",
    left="* {nick} вышел из чата *",
    renamed="* {nick} сменил ник на {new_nick} *",
    history_begins="--- История, время {zone} ---",
    history_ends="--- Конец истории ---",
    gap="--- Пропущено: {count}, этих сообщений больше нет ---",
    attendance="В чате: {count} (время {zone})",
    presence="  {nick} — {door}, с {since}",
    doors={"terminal": "терминал", "web": "браузер"},
    arguments={"nickname": "новый_ник", "history": "[число]"},
    help={
        "nickname": "сменить ник",
        "history": "последние сообщения",
        "who": "кто в чате",
        "help": "эта подсказка",
        "quit": "выйти",
    },
    said_as_is="//слово — сказать «/слово»",
    notices={
        "done": "",
        "nick-numbered": "Ник {wanted} занят, теперь вы {nick}",
        "cleaned": "Управляющие символы убраны из вашего сообщения",
    },
    refusals={
        "not-json": "Это не сообщение протокола: {problem}",
        "not-utf-8": "Строка не в кодировке UTF-8, она не отправлена",
        "line-too-long": "Строка длиннее {limit} байт, она не отправлена",
        "text-too-long": "Сообщение длиннее {limit} знаков ({length}), оно не отправлено",
        "too-many-lines": "В сообщении больше {limit} строк ({length}), оно не отправлено",
        "empty": "В сообщении нет ничего видимого, оно не отправлено",
        "not-joined": "Сначала войдите (join)",
        "already-joined": "Вы уже вошли",
        "unknown-command": "Нет команды /{word}. Список команд: /help. Сказать как есть: //{word}",
        "usage": "Использование: {usage}",
        "nick-not-allowed": "Такой ник нельзя: {problem}",
        "nick-too-long": "Ник длиннее {limit} знаков ({length})",
        "nick-reserved": "Этот ник оставлен за сервером",
        "nick-taken": "Ник {nick} занят",
        "not-readable": "Сервер не смог прочитать историю. Попробуйте позже",
        "not-stored": "Сервер не смог сохранить сообщение, оно не отправлено. Попробуйте позже",
        "connections": "Слишком много подключений (предел {limit}, {scope})",
        "join-timeout": "Вы не назвались за {seconds} с",
        "http": "Это чат для терминала (nc). Веб-страница: {url}",
        "tls": "Сюда можно только по TLS: ncat --ssl {host} {port}",
    },
    byes={
        "quit": "до свидания",
        "stopped": "Сервер останавливается",
        "resync": "Журнал сервера не тот, что был",
        "taken-over": "Сеанс продолжен в другом окне",
    },
)

EN = Wording(
    prompt="Nick: ",
    joined="* {nick} joined *",
    left="* {nick} left *",
    renamed="* {nick} is now {new_nick} *",
    history_begins="--- History, times in {zone} ---",
    history_ends="--- End of history ---",
    gap="--- Missing: {count}, these can no longer be had ---",
    attendance="Here now: {count} (times in {zone})",
    presence="  {nick} — {door}, since {since}",
    doors={"terminal": "terminal", "web": "web"},
    arguments={"nickname": "new_nick", "history": "[number]"},
    help={
        "nickname": "change your nick",
        "history": "the newest messages",
        "who": "who is here",
        "help": "this list",
        "quit": "leave",
    },
    said_as_is='//word — say "/word"',
    notices={
        "done": "",
        "nick-numbered": "The nick {wanted} is taken, you are {nick}",
        "cleaned": "Control characters were taken out of your message",
    },
    refusals={
        "not-json": "That is not a message of this protocol: {problem}",
        "not-utf-8": "The line is not UTF-8, it was not said",
        "line-too-long": "The line is longer than {limit} bytes, it was not said",
        "text-too-long": "The message is longer than {limit} characters ({length}), it was not said",
        "too-many-lines": "The message has more than {limit} lines ({length}), it was not said",
        "empty": "There is nothing visible in the message, it was not said",
        "not-joined": "Join first",
        "already-joined": "You have joined already",
        "unknown-command": "There is no command /{word}. For the list: /help. To say it as it is: //{word}",
        "usage": "Usage: {usage}",
        "nick-not-allowed": "That nick is not allowed: {problem}",
        "nick-too-long": "The nick is longer than {limit} characters ({length})",
        "nick-reserved": "That nick is kept for the server",
        "nick-taken": "The nick {nick} is taken",
        "not-readable": "The server could not read the history. Try again later",
        "not-stored": "The server could not store the message, it was not said. Try again later",
        "connections": "Too many connections (limit {limit}, {scope})",
        "join-timeout": "No nick within {seconds} s",
        "http": "This is the text door of a chat (for nc). The web page is {url}",
        "tls": "This door speaks TLS only: ncat --ssl {host} {port}",
    },
    byes={
        "quit": "goodbye",
        "stopped": "The server is stopping",
        "resync": "The log of the server is not the one it was",
        "taken-over": "The session goes on in another window",
    },
)

WORDINGS: dict[Lang, Wording] = {"ru": RU, "en": EN}

_PROBLEMS: dict[Lang, dict[str, str]] = {
    "ru": {
        "starts": "он не может начинаться с «{sign}»",
        "holds": "в нём не может быть «{sign}»",
        "characters": "в нём есть символы, которых в нике быть не может",
        "all": "всего",
        "address": "с одного адреса",
    },
    "en": {
        "starts": "it can't start with “{sign}”",
        "holds": "it can't hold “{sign}”",
        "characters": "it holds characters that a nick can't have",
        "all": "in all",
        "address": "from one address",
    },
}


def choose(tag: str, default: Lang) -> Lang:
    """Return the language to use for a BCP 47 `tag` ("ru-RU", "de"): `default` for none, English for an unknown one."""
    if not tag:
        return default
    prefix = tag.replace("_", "-").split("-")[0].lower()
    return next((lang for lang in LANGS if lang == prefix), "en")


def usage(command: str, lang: Lang) -> str:
    """Return how `command` is typed, with its arguments."""
    return " ".join(filter(None, (f"/{command}", WORDINGS[lang].arguments.get(command))))


def refusal(reply: Refused, lang: Lang) -> str:
    """Return the one line that tells why not."""
    details: dict[str, Detail] = dict(reply.details)
    if "command" in details:
        details["usage"] = usage(str(details["command"]), lang)
    problems = _PROBLEMS[lang]
    for name in ("problem", "scope"):
        if details.get(name) in problems:
            details[name] = problems[str(details[name])].format_map(details)
    return WORDINGS[lang].refusals[reply.code].format_map(details)


def notice(reply: Notice, lang: Lang) -> str:
    """Return the one line of a notice."""
    return WORDINGS[lang].notices[reply.code].format_map(reply.details)


def attendance(reply: Attendance, lang: Lang) -> list[str]:
    """Return the lines of /who."""
    wording = WORDINGS[lang]
    lines = [wording.attendance.format(count=len(reply.presences), zone=zone())]
    for presence in reply.presences:
        door = wording.doors[presence.door]
        lines.append(wording.presence.format(nick=presence.nick, door=door, since=moment(presence.since)))
    return lines


def command_list(lang: Lang) -> list[str]:
    """Return the lines of /help, from the command table."""
    wording = WORDINGS[lang]
    lines = []
    for row in COMMANDS:
        aliases = "".join(f" (/{name})" for name in row.names[1:])
        lines.append(f"{usage(row.names[0], lang)}{aliases} — {wording.help[row.names[0]]}")
    return [*lines, wording.said_as_is]


def moment(ts: int) -> str:
    """Return the server's local date and time of `ts` (Unix ms)."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(ts / 1000))


def zone() -> str:
    """Return the offset of the server's local time, as in UTC+03:00."""
    offset = time.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}" if offset.strip("+-0") else "UTC"
