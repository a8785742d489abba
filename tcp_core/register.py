"""What operators have decreed, kept on disk: who is banned or muted, whether the room is locked or slow; and the trail
of what operators did.

`rules.json` is the state, replaced as a whole; `audit.jsonl` has a line for each act. Both are for people to read.
Knows nothing about who may decree what.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError, json, structs

from tcp_core.limits import ip_of, network_of
from tcp_core.messages import Ban
from tcp_core.session import Session

_NEVER = 2**63
AUDIT_BYTES = 10_000_000
"""A trail larger than this becomes `audit.jsonl.1`, and a new one is begun."""


class Mute(Struct, frozen=True):
    """Who may not speak: a participant, and whoever enters from the same address afterwards, if it was alone there."""

    network: str
    """Where the participant was when it was muted."""
    nick: str
    joined: int
    """When the participant had joined, Unix ms."""
    until: int
    """Unix ms; 0: for good."""
    reason: str
    by: str
    since: int
    """Unix ms."""
    alone: bool
    """Nobody else was here from the same address."""
    origin: str = ""
    """Where the participant had joined, if that was elsewhere."""

    def is_of(self, session: Session) -> bool:
        """Whether `session` is the one who was meant."""
        return session.since == self.joined and network_of(session.joined_from) == (self.origin or self.network)

    def concerns(self, session: Session) -> bool:
        """Whether `session` is muted by this: as the one who was meant, or one who seems to be the same."""
        if self.is_of(session):
            return True  # wherever it is now
        same = network_of(session.address) == self.network and (self.alone or session.nick == self.nick)
        return same and session.since > self.since


class Rules(Struct, frozen=True):
    """All that is decreed."""

    bans: tuple[Ban, ...] = ()
    mutes: tuple[Mute, ...] = ()
    locked: bool = False
    slow_seconds: int = 0


class Act(Struct, frozen=True, omit_defaults=True):
    """A line of the trail."""

    ts: int
    """Unix ms."""
    action: str
    by: str
    address: str
    target: str = ""
    reason: str = ""
    until: int = 0


class RegisterUnusableError(Exception):
    """The rules can't be read; they are left as they are."""


class NotWrittenError(Exception):
    """An act could not be written down, and so must not happen."""


class Register:
    """The rules in force, and their keeping.

    Used by the hub's thread alone.

    :param directory: where the two files are; it is there.
    :param now_ms: the time, Unix ms.
    :raises RegisterUnusableError: the rules are damaged: an empty list of bans must not come of that.
    """

    def __init__(self, directory: Path, now_ms: Callable[[], int] = lambda: int(time.time() * 1000)) -> None:
        self._path = directory / "rules.json"
        self._audit_path = directory / "audit.jsonl"
        self._now_ms = now_ms
        self._take(Rules())
        try:
            self._take(json.decode(self._path.read_bytes(), type=Rules))
        except FileNotFoundError:
            pass
        except (OSError, ValidationError, DecodeError, ValueError) as error:
            raise RegisterUnusableError(f"{self._path}: {error}") from error

    @property
    def rules(self) -> Rules:
        """What is in force now."""
        now = self._now_ms()
        if now >= self._next_end:
            bans = tuple(ban for ban in self._rules.bans if not 0 < ban.until <= now)
            mutes = tuple(mute for mute in self._rules.mutes if not 0 < mute.until <= now)
            self._take(structs.replace(self._rules, bans=bans, mutes=mutes))
        return self._rules

    def ban_of(self, address: str) -> Ban | None:
        """Return the ban that keeps `address` out."""
        return next(self._bans_of(address), None)

    def ban_of_session(self, session: Session, address: str) -> Ban | None:
        """Return the ban that keeps `session` out of where it has been: of the whole network, or of itself by its nick.

        One who shares the address with somebody who was banned by nick is not meant.
        """
        bans = (ban for ban in self._bans_of(address) if session.since <= ban.since)
        return next((ban for ban in bans if ban.nick in ("", session.nick)), None)

    def _bans_of(self, address: str) -> Iterator[Ban]:
        if not self.rules.bans:
            return
        ip = ip_of(address)
        for network, ban in self._banned:
            if ip in network:
                yield ban

    def mute_of(self, session: Session) -> Mute | None:
        """Return what keeps `session` from speaking."""
        return next((mute for mute in self.rules.mutes if mute.concerns(session)), None)

    def decree(self, rules: Rules, act: Act) -> None:
        """Put `rules` in force, and `act` on record.

        :raises NotWrittenError: neither could be written; the rules are as they were.
        """
        self.record(act)
        if rules == self._rules:
            return
        temporary = self._path.with_suffix(".new")
        try:
            _write(temporary, json.format(json.encode(rules)) + b"\n", os.O_TRUNC)
            temporary.replace(self._path)
            _sync(self._path.parent)
        except OSError as error:
            raise NotWrittenError(str(error)) from error
        self._take(rules)

    def record(self, act: Act) -> None:
        """Put an act on record.

        :raises NotWrittenError: it could not be written.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                if self._audit_path.stat().st_size > AUDIT_BYTES:
                    self._audit_path.replace(self._audit_path.with_suffix(".jsonl.1"))
            _write(self._audit_path, json.encode(act) + b"\n", os.O_APPEND)
        except OSError as error:
            raise NotWrittenError(str(error)) from error

    def _take(self, rules: Rules) -> None:
        self._banned = [(_network(ban.network), ban) for ban in rules.bans]
        self._rules = rules
        ends = [ban.until for ban in rules.bans] + [mute.until for mute in rules.mutes]
        self._next_end = min(filter(None, ends), default=_NEVER)


def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)


def _write(path: Path, data: bytes, how: int) -> None:
    """Write all of `data` to the disk, for the owner's eyes: there are addresses in it."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    size = os.fstat(file).st_size
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)  # no half of a line for the next one to be glued to
        raise
    finally:
        os.close(file)


def _sync(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
