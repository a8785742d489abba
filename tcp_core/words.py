"""What there is to say in each language: the shape of `words_ru`, `words_en`. Knows nothing about when it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
    problems: Mapping[str, str]  # of a nick, and what a limit is of
