"""Every word that the server says to people, in each language; the one place to add another.

Knows nothing about connections or how a reply travels: it turns a reply into lines of text.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tcp_core.commands import COMMANDS
from tcp_core.messages import Attendance, BanList, Bye, Detail, Notice, Refused

Lang = Literal["ru", "en"]
LANGS: tuple[Lang, ...] = get_args(Lang)


@dataclass(frozen=True, slots=True)
class Wording:
    """One language."""

    prompt: str
    admission_prompt: str
    joined: str
    left: str
    renamed: str
    cleared: str
    history_begins: str
    history_ends: str
    gap: str
    attendance: str
    presence: str
    operator: str
    bans: str
    ban: str
    until: str
    for_good: str
    doors: Mapping[str, str]
    arguments: Mapping[str, str]  # of a command, as /help and a usage error show them
    help: Mapping[str, str]
    said_as_is: str
    notices: Mapping[str, str]
    refusals: Mapping[str, str]
    byes: Mapping[str, str]


RU = Wording(
    prompt="Ник: ",
    admission_prompt="Пароль: ",
    joined="* {nick} вошёл в чат *",
    left="* {nick} вышел из чата *",
    renamed="* {nick} сменил ник на {new_nick} *",
    cleared="* {by} убирает сообщения {nick}: {count} *",
    history_begins="--- История, время {zone} ---",
    history_ends="--- Конец истории ---",
    gap="--- Пропущено: {count}, этих сообщений больше нет ---",
    attendance="В чате: {count} (время {zone})",
    presence="  {nick} — {door}, с {since}",
    operator=", оператор",
    bans="Заблокированы: {count}",
    ban="  {network} {nick} — {until}, {by}{reason}",
    until="до {moment} ({zone})",
    for_good="навсегда",
    doors={"terminal": "терминал", "web": "браузер"},
    arguments={
        "nickname": "новый_ник",
        "history": "[число]",
        "ignore": "[ник]",
        "unignore": "ник",
        "oper": "пароль",
        "kick": "ник [причина]",
        "ban": "ник|адрес|сеть [срок] [причина]",
        "unban": "ник|адрес|сеть",
        "mute": "ник [срок] [причина]",
        "unmute": "ник",
        "slow": "секунды",
        "clear": "ник [число]",
    },
    help={
        "nickname": "сменить ник",
        "history": "последние сообщения",
        "who": "кто в чате",
        "ignore": "не видеть сообщений; без ника — кого вы не видите",
        "unignore": "снова видеть сообщения",
        "help": "эта подсказка",
        "quit": "выйти",
        "oper": "стать оператором",
        "kick": "удалить из чата",
        "ban": "не пускать (срок: 30s, 10m, 2h, 7d)",
        "unban": "снова пускать",
        "bans": "кого не пускают",
        "mute": "запретить говорить",
        "unmute": "разрешить говорить",
        "lock": "не пускать никого нового",
        "unlock": "снова пускать всех",
        "slow": "не чаще одного сообщения за столько секунд; 0 — без этого",
        "clear": "убрать последние сообщения",
    },
    said_as_is="//слово — сказать «/слово»",
    notices={
        "done": "",
        "nick-numbered": "Ник {wanted} занят, теперь вы {nick}",
        "cleaned": "Управляющие символы убраны из вашего сообщения",
        "ignoring": "Вы не видите сообщений: {nicks}",
        "ignoring-nobody": "Вы видите сообщения всех",
        "operator": "Вы оператор. Команды: /help",
        "muted": "Оператор запретил вам говорить {until}{reason}",
        "unmuted": "Вам снова можно говорить",
        "kicked-nick": "{nick} больше не в чате",
        "banned-network": "Вход закрыт {until}: {network} {nick}",
        "ban-spares": "С того же адреса в чате остались ({count}): {nicks}; если они выйдут, их не пустят",
        "ban-oneself": "Ваш адрес тоже в {network}: если вы выйдете, войти сможете только с /oper вместо ника",
        "unbanned": "Вход открыт: {network}",
        "muted-nick": "{nick} больше не может говорить {until}",
        "unmuted-nick": "{nick} снова может говорить",
        "locked": "Никого нового не пускают",
        "unlocked": "Пускают всех",
        "slow": "Одно сообщение за {seconds} с от каждого",
        "slow-off": "Сообщения без ограничения по времени",
        "cleared": "Убрано сообщений {nick}: {count}",
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
        "joins": "Слишком много входов с одного адреса (предел {limit} в минуту). Попробуйте через {seconds} с",
        "rate": "Слишком быстро (предел {limit} в секунду), это не отправлено. Подождите",
        "password": "Нужен верный пароль комнаты",
        "attempts": "Слишком много неверных паролей с вашего адреса. Попробуйте через {seconds} с",
        "banned": "Вас не пускают {until}{reason}",
        "locked": "Сейчас никого нового не пускают",
        "muted": "Оператор запретил вам говорить {until}{reason}",
        "slow": "Одно сообщение за {limit} с от каждого; подождите ещё {seconds} с",
        "no-operators": "В этом чате нет операторов",
        "operator-password": "Пароль оператора неверен",
        "not-operator": "Это могут только операторы (/oper)",
        "no-such-nick": "В чате нет {nick}",
        "network-too-large": "Сеть {network} слишком велика",
        "not-banned": "{target} нет среди заблокированных (/bans)",
        "not-muted": "{target} может говорить",
        "bans-many": "Заблокированных уже {limit}, больше нельзя",
        "slow-too-long": "Не больше {limit} с",
        "clear-count": "Число от 1 до {limit}",
        "no-messages": "Сообщений {nick} нет",
        "not-oneself": "Это вы сами",
        "ignored-many": "Можно не видеть не больше {limit} ников",
        "not-ignored": "Вы и так видите сообщения {nick}",
        "tls": "Сюда можно только по TLS: ncat --ssl {host} {port}",
    },
    byes={
        "quit": "до свидания",
        "stopped": "Сервер останавливается",
        "resync": "Журнал сервера не тот, что был",
        "taken-over": "Сеанс продолжен в другом окне",
        "kicked": "Оператор удалил вас из чата{reason}",
        "banned-now": "Оператор закрыл вам вход {until}{reason}",
    },
)

EN = Wording(
    prompt="Nick: ",
    admission_prompt="Password: ",
    joined="* {nick} joined *",
    left="* {nick} left *",
    renamed="* {nick} is now {new_nick} *",
    cleared="* {by} removed messages of {nick}: {count} *",
    history_begins="--- History, times in {zone} ---",
    history_ends="--- End of history ---",
    gap="--- Missing: {count}, these can no longer be had ---",
    attendance="Here now: {count} (times in {zone})",
    presence="  {nick} — {door}, since {since}",
    operator=", operator",
    bans="Banned: {count}",
    ban="  {network} {nick} — {until}, {by}{reason}",
    until="until {moment} ({zone})",
    for_good="for good",
    doors={"terminal": "terminal", "web": "web"},
    arguments={
        "nickname": "new_nick",
        "history": "[number]",
        "ignore": "[nick]",
        "unignore": "nick",
        "oper": "password",
        "kick": "nick [reason]",
        "ban": "nick|address|network [duration] [reason]",
        "unban": "nick|address|network",
        "mute": "nick [duration] [reason]",
        "unmute": "nick",
        "slow": "seconds",
        "clear": "nick [number]",
    },
    help={
        "nickname": "change your nick",
        "history": "the newest messages",
        "who": "who is here",
        "ignore": "see no messages of somebody; without a nick: whose you don't see",
        "unignore": "see somebody's messages again",
        "help": "this list",
        "quit": "leave",
        "oper": "become an operator",
        "kick": "put somebody out",
        "ban": "let nobody in from there (duration: 30s, 10m, 2h, 7d)",
        "unban": "let them in again",
        "bans": "who is not let in",
        "mute": "let somebody not speak",
        "unmute": "let somebody speak again",
        "lock": "let nobody new in",
        "unlock": "let everybody in again",
        "slow": "one message from each in so many seconds; 0 for no such limit",
        "clear": "take somebody's last messages away",
    },
    said_as_is='//word — say "/word"',
    notices={
        "done": "",
        "nick-numbered": "The nick {wanted} is taken, you are {nick}",
        "cleaned": "Control characters were taken out of your message",
        "ignoring": "You don't see messages of {nicks}",
        "ignoring-nobody": "You see everybody's messages",
        "operator": "You are an operator. For the commands: /help",
        "muted": "An operator does not let you speak {until}{reason}",
        "unmuted": "You may speak again",
        "kicked-nick": "{nick} is out",
        "banned-network": "Banned {until}: {network} {nick}",
        "ban-spares": "Still here from the same address ({count}): {nicks}; once they leave, they can't come in",
        "ban-oneself": "Your own address is in {network}: once you leave, only /oper in place of a nick lets you in",
        "unbanned": "No longer banned: {network}",
        "muted-nick": "{nick} can't speak {until}",
        "unmuted-nick": "{nick} may speak again",
        "locked": "Nobody new is let in",
        "unlocked": "Everybody is let in",
        "slow": "One message from each in {seconds} s",
        "slow-off": "Messages without a limit in time",
        "cleared": "Messages of {nick} taken away: {count}",
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
        "joins": "Too many joins from one address (limit {limit} a minute). Try again in {seconds} s",
        "rate": "Too fast (limit {limit} a second), this was not said. Wait a little",
        "password": "The room's password is needed",
        "attempts": "Too many wrong passwords from your address. Try again in {seconds} s",
        "banned": "You are banned {until}{reason}",
        "locked": "Nobody new is let in at the moment",
        "muted": "An operator does not let you speak {until}{reason}",
        "slow": "One message from each in {limit} s; wait {seconds} s more",
        "no-operators": "There are no operators in this chat",
        "operator-password": "That is not the operators' password",
        "not-operator": "Only operators can do that (/oper)",
        "no-such-nick": "There is no {nick} here",
        "network-too-large": "The network {network} is too large",
        "not-banned": "{target} is not among the banned (/bans)",
        "not-muted": "{target} may speak",
        "bans-many": "There are {limit} bans already, and can't be more",
        "slow-too-long": "No more than {limit} s",
        "clear-count": "A number from 1 to {limit}",
        "no-messages": "There are no messages of {nick}",
        "not-oneself": "That is you",
        "ignored-many": "You can ignore no more than {limit} nicks",
        "not-ignored": "You see messages of {nick} anyway",
        "tls": "This door speaks TLS only: ncat --ssl {host} {port}",
    },
    byes={
        "quit": "goodbye",
        "stopped": "The server is stopping",
        "resync": "The log of the server is not the one it was",
        "taken-over": "The session goes on in another window",
        "kicked": "An operator has put you out{reason}",
        "banned-now": "An operator has banned you {until}{reason}",
    },
)

WORDINGS: dict[Lang, Wording] = {"ru": RU, "en": EN}

_PROBLEMS: dict[Lang, dict[str, str]] = {
    "ru": {
        "starts": "он не может начинаться с «{sign}»",
        "holds": "в нём не может быть «{sign}»",
        "characters": "в нём есть символы, которых в нике быть не может",
        "network": "он похож на адрес",
        "all": "всего",
        "address": "с одного адреса",
    },
    "en": {
        "starts": "it can't start with “{sign}”",
        "holds": "it can't hold “{sign}”",
        "characters": "it holds characters that a nick can't have",
        "network": "it looks like an address",
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
    details = _details(reply.details, lang)
    if "command" in details:
        details["usage"] = usage(str(details["command"]), lang)
    problems = _PROBLEMS[lang]
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
        lines.append(f"{usage(row.names[0], lang)}{aliases} — {wording.help[row.names[0]]}")
    return [*lines, wording.said_as_is]


def moment(ts: int) -> str:
    """Return the server's local date and time of `ts` (Unix ms)."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(ts / 1000))


def zone() -> str:
    """Return the offset of the server's local time, as in UTC+03:00."""
    offset = time.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}" if offset.strip("+-0") else "UTC"
