"""What a line that a person types asks for: the command table, and the text of a message.

The same words work by both doors, and /help is made from this table. Knows nothing about who types, nicks or languages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET, UnsetType

from tcp_core.cleaning import clean, is_visible
from tcp_core.messages import (
    Action,
    Command,
    Elevate,
    Ignore,
    ListCommands,
    ListMembers,
    ListMessages,
    Moderate,
    Notice,
    Quit,
    RefusedError,
    Rename,
    Say,
)


@dataclass(frozen=True, slots=True)
class InputLimits:
    """How much may be typed at once."""

    characters: int = 4000
    lines: int = 200
    """Each is shown to terminals behind its author's nick."""


DEFAULT_LIMITS = InputLimits()
HISTORY_MESSAGES = 20
"""What /history shows if it is not told how many."""
MOST_HISTORY_MESSAGES = 1000

Id = str | UnsetType
Argument = Literal["", "optional", "needed"]


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A row of the table: `names` (the first is the main one), what may follow, what it makes, and for whom it is.

    `make` raises ValueError for an argument that it can't use.
    """

    names: tuple[str, ...]
    argument: Argument
    make: Callable[[str, Id], Command]
    operator: bool = False


def _count(argument: str) -> int:
    count = int(argument) if argument else HISTORY_MESSAGES
    if not 1 <= count <= MOST_HISTORY_MESSAGES:
        raise ValueError(argument)
    return count


def _moderate(action: Action, argument: Argument) -> CommandRow:
    return CommandRow((action,), argument, lambda typed, id: Moderate(action, " ".join(typed.split()), id), True)


COMMANDS = (
    CommandRow(("nickname", "nick"), "needed", Rename),
    CommandRow(("history",), "optional", lambda argument, id: ListMessages(_count(argument), id)),
    CommandRow(("who",), "", lambda _, id: ListMembers(id)),
    CommandRow(("ignore",), "optional", lambda nick, id: Ignore(nick, True, id)),
    CommandRow(("unignore",), "needed", lambda nick, id: Ignore(nick, False, id)),
    CommandRow(("help",), "", lambda _, id: ListCommands(id)),
    CommandRow(("quit",), "optional", lambda _, id: Quit(id)),
    CommandRow(("oper",), "needed", Elevate),
    _moderate("kick", "needed"),
    _moderate("ban", "needed"),
    _moderate("unban", "needed"),
    _moderate("bans", ""),
    _moderate("mute", "needed"),
    _moderate("unmute", "needed"),
    _moderate("lock", ""),
    _moderate("unlock", ""),
    _moderate("slow", "needed"),
    _moderate("clear", "needed"),
)


_BY_NAME = {name: row for row in COMMANDS for name in row.names}


def understand(raw: str, id: Id = UNSET, limits: InputLimits = DEFAULT_LIMITS) -> list[Command]:
    """Say what the input `raw` asks for.

    :param raw: text as it came, not yet cleaned; may hold several lines.
    :param id: the client's id of this input.
    :param limits: how much it may be.
    :return: the commands, in order; none for input that is only white space without an id.
    :raises RefusedError: `text-too-long`, `too-many-lines`, `empty`, `unknown-command` or `usage`.
    """
    if len(raw) > 4 * limits.characters:  # far too long; spare the cleaning
        raise RefusedError("text-too-long", limit=limits.characters, length=len(raw))
    cleaned = clean(raw)
    text = cleaned.text if "\n" in cleaned.text else cleaned.text.strip()
    if len(text) > limits.characters:
        raise RefusedError("text-too-long", limit=limits.characters, length=len(text))
    lines = text.count("\n") + 1
    if lines > limits.lines:
        raise RefusedError("too-many-lines", limit=limits.lines, length=lines)
    if not is_visible(text):
        if cleaned.removed or text.strip() or id is not UNSET:
            raise RefusedError("empty")
        return []
    command = _command(text, id)
    return [Notice("cleaned", {}), command] if cleaned.removed else [command]


def _command(text: str, id: Id) -> Command:
    if not text.startswith("/"):
        return Say(text, id)
    if text.startswith("//"):
        return Say(text[1:], id)
    word, *arguments = text[1:].split(maxsplit=1) if text[1:2].strip() else [""]
    row = _BY_NAME.get(word.lower())
    if row is None:
        raise RefusedError("unknown-command", word=word[:32])
    argument = "".join(arguments).strip()
    if (row.argument == "needed" and not argument) or (not row.argument and argument):
        raise RefusedError("usage", command=row.names[0])
    try:
        return row.make(argument, id)
    except ValueError:
        raise RefusedError("usage", command=row.names[0]) from None
