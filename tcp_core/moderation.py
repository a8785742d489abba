"""What operators may do, and what becomes of it. Runs in the hub's thread.

Every act is on record before it has an effect. Knows nothing about connections: it is given what removes and tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import structs

from tcp_core.chat import Chat
from tcp_core.event_log import EventLog
from tcp_core.limits import Allowance, network_of
from tcp_core.messages import (
    Action,
    Ban,
    BanList,
    Cleared,
    Detail,
    Elevate,
    Event,
    Moderate,
    Notice,
    RefusedError,
    Reply,
)
from tcp_core.register import Act, Mute, NotWrittenError, Register, Rules
from tcp_core.secret import Secret
from tcp_core.session import Session
from tcp_core.targets import Targets, is_inside, parse_duration, parse_network

OPERATOR_FAILURES, OPERATOR_FAILURE_SECONDS = 5, 30.0
"""So many wrong operator passwords from one address at once, and then one in so many seconds."""
CLEARED_MESSAGES, MOST_CLEARED_MESSAGES = 100, 1000
MOST_SLOW_SECONDS = 3600
MOST_BANS = 1000

Outcome = Iterator[Event | Reply]


class Hands(Protocol):
    """What moderation needs done to connections."""

    def remove(self, session: Session, why: str, **details: Detail) -> None:
        """End a participant's session, and tell why: `kicked` or `banned`."""

    def tell(self, session: Session, notice: Notice) -> None:
        """Tell a participant something, if there is a connection."""


class Moderation:
    """The operators' side of the room.

    :param password: the operators'; None if there are none.
    :param monotonic: seconds.
    :param now_ms: the time for the record, Unix ms.
    """

    def __init__(
        self,
        chat: Chat,
        register: Register,
        hands: Hands,
        password: Secret | None,
        log: EventLog,
        monotonic: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._chat = chat
        self._register = register
        self._hands = hands
        self._password = password
        self._log = log
        self._monotonic = monotonic
        self._now_ms = now_ms
        self._failures: Allowance[str] = Allowance(OPERATOR_FAILURES, OPERATOR_FAILURE_SECONDS)
        self.targets = Targets(chat)
        self._acts: dict[Action, Callable[[Session, Moderate], Outcome]] = {
            "kick": self._kick,
            "ban": self._ban,
            "unban": self._unban,
            "bans": self._bans,
            "mute": self._mute,
            "unmute": self._unmute,
            "lock": self._lock,
            "unlock": self._lock,
            "slow": self._slow,
            "clear": self._clear,
        }

    # ----------------------------------------------------------- who may what

    def elevate(self, command: Elevate, nick: str, address: str) -> None:
        """Make sure that somebody knows the operators' password.

        :raises RefusedError: `no-operators`, `operator-password`, `attempts` or `not-recorded`.
        """
        if self._password is None:
            raise RefusedError("no-operators")
        now, network = self._monotonic(), network_of(address)
        wait = self._failures.wait_seconds(network, now)
        if wait:
            raise RefusedError("attempts", seconds=wait)
        right = self._password.matches(command.password)
        if not right:
            self._failures.count(network, now)
        self._record(Act(self._now_ms(), "oper" if right else "oper-failed", nick, address))
        if not right:
            raise RefusedError("operator-password")

    def decide(self, session: Session, command: Elevate | Moderate) -> Outcome:
        """Do what is asked, and say what becomes of it.

        :raises RefusedError: the one who asks is no operator, or it can't be done; nothing was changed.
        """
        if isinstance(command, Elevate):
            self.elevate(command, session.nick, session.address)
            session.operator = True
            yield Notice("operator", {}, command.id)
            return
        if not session.operator:
            raise RefusedError("not-operator")
        yield from self._acts[command.action](session, command)

    # --------------------------------------------------------------- the acts

    def _kick(self, session: Session, command: Moderate) -> Outcome:
        target, nick, _, reason = self.targets.find_here(command.argument)
        self._record(self._act(session, command, nick, reason))
        self._hands.remove(target, "kicked", reason=reason)
        yield Notice("kicked-nick", {"nick": nick}, command.id)

    def _ban(self, session: Session, command: Moderate) -> Outcome:
        network, nick, rest = self.targets.network(command.argument)
        until, reason = self._until(rest, command)
        ban = Ban(network, nick, until, reason, session.nick, self._now_ms())
        rules = self._register.rules
        bans = (*(one for one in rules.bans if (one.network, one.nick) != (network, nick)), ban)
        if len(bans) > MOST_BANS:
            raise RefusedError("bans-many", limit=MOST_BANS)
        self._decree(structs.replace(rules, bans=bans), self._act(session, command, f"{network} {nick}", reason, until))
        covered = [one for one in self._chat.sessions() if one is not session and is_inside(network, one.address)]
        meant = [one for one in covered if one.nick == nick] if nick else covered
        for one in meant:
            self._hands.remove(one, "banned", until=until, reason=reason)
        yield Notice("banned-network", {"network": network, "nick": nick, "until": until}, command.id)
        spared = [one.nick for one in covered if one not in meant]
        if spared:
            yield Notice("ban-spares", {"nicks": ", ".join(spared[:20]), "count": len(spared)})
        if is_inside(network, session.address):
            yield Notice("ban-oneself", {"network": network})

    def _unban(self, session: Session, command: Moderate) -> Outcome:
        rules = self._register.rules
        network = str(parse_network(command.argument))
        lifted = [ban for ban in rules.bans if ban.network == network or (ban.nick and ban.nick == command.argument)]
        if not lifted:
            raise RefusedError("not-banned", target=command.argument[:64])
        bans = tuple(ban for ban in rules.bans if ban not in lifted)
        target = ", ".join(f"{ban.network} {ban.nick}".strip() for ban in lifted)
        self._decree(structs.replace(rules, bans=bans), self._act(session, command, target))
        yield Notice("unbanned", {"network": target}, command.id)

    def _bans(self, _: Session, command: Moderate) -> Outcome:
        yield BanList(self._register.rules.bans, command.id)

    def _mute(self, session: Session, command: Moderate) -> Outcome:
        target, nick, _, rest = self.targets.find_here(command.argument)
        until, reason = self._until(rest, command)
        network = network_of(target.address)
        # Where others come from the same address, the address can't be held against whoever comes from there later.
        alone = not any(one is not target and network_of(one.address) == network for one in self._chat.sessions())
        origin = network_of(target.joined_from)
        mute = Mute(
            network, nick, target.since, until, reason, session.nick, self._now_ms(), alone,
            origin if origin != network else "",
        )  # fmt: skip
        rules = self._register.rules
        mutes = (*(one for one in rules.mutes if not one.is_of(target)), mute)
        if len(mutes) > MOST_BANS:
            raise RefusedError("bans-many", limit=MOST_BANS)
        self._decree(structs.replace(rules, mutes=mutes), self._act(session, command, nick, reason, until))
        self._hands.tell(target, Notice("muted", {"until": until, "reason": reason}))
        yield Notice("muted-nick", {"nick": nick, "until": until}, command.id)

    def _unmute(self, session: Session, command: Moderate) -> Outcome:
        rules = self._register.rules
        target = self._chat.holder(command.argument)
        lifted = [
            mute
            for mute in rules.mutes
            if mute.nick == command.argument or (target is not None and mute.concerns(target))
        ]
        if not lifted:
            raise RefusedError("not-muted", target=command.argument[:64])
        mutes = tuple(mute for mute in rules.mutes if mute not in lifted)
        nicks = ", ".join(mute.nick for mute in lifted)
        self._decree(structs.replace(rules, mutes=mutes), self._act(session, command, nicks))
        if target is not None:
            self._hands.tell(target, Notice("unmuted", {}))
        yield Notice("unmuted-nick", {"nick": nicks}, command.id)

    def _lock(self, session: Session, command: Moderate) -> Outcome:
        rules = structs.replace(self._register.rules, locked=command.action == "lock")
        self._decree(rules, self._act(session, command))
        yield Notice("locked" if rules.locked else "unlocked", {}, command.id)

    def _slow(self, session: Session, command: Moderate) -> Outcome:
        if not re.fullmatch(r"\d{1,9}s?", command.argument):
            raise RefusedError("usage", command="slow")
        seconds = int(command.argument.rstrip("s"))
        if seconds > MOST_SLOW_SECONDS:
            raise RefusedError("slow-too-long", limit=MOST_SLOW_SECONDS)
        rules = structs.replace(self._register.rules, slow_seconds=seconds)
        self._decree(rules, self._act(session, command, str(seconds)))
        yield Notice("slow" if seconds else "slow-off", {"seconds": seconds}, command.id)

    def _clear(self, session: Session, command: Moderate) -> Outcome:
        nick, seqs = self._messages_meant(command.argument)
        self._record(self._act(session, command, nick, f"{len(seqs)}"))
        before = self._log.last
        yield Cleared(nick=nick, by=session.nick, seqs=seqs)
        if self._log.last > before:  # else it could not be stored, and that has been said
            yield Notice("cleared", {"nick": nick, "count": len(seqs)}, command.id)

    def _messages_meant(self, argument: str) -> tuple[str, list[int]]:
        """Return the nick and the messages that are to be cleared; exactly that nick, if there are messages of it.

        :raises RefusedError: `clear-count`, or `no-messages`.
        """
        readings = [(argument, CLEARED_MESSAGES)]
        nick, _, last = argument.rpartition(" ")
        if nick and last.isascii() and last.isdigit():
            readings.append((nick, int(last[:9])))
        for nick, count in readings:
            holder = self._chat.holder(nick)
            for name in dict.fromkeys((nick, holder.nick if holder is not None else nick)):
                events = self._log.messages_of(name, min(max(count, 1), MOST_CLEARED_MESSAGES))
                if events and not 1 <= count <= MOST_CLEARED_MESSAGES:
                    raise RefusedError("clear-count", limit=MOST_CLEARED_MESSAGES)
                if events:
                    return name, [event.seq for event in events]
        raise RefusedError("no-messages", nick=argument[:64])

    # ---------------------------------------------------------------- helping

    def _until(self, text: str, command: Moderate) -> tuple[int, str]:
        """Return when a duration at the beginning of `text` is over (Unix ms; 0: for good), and the rest."""
        seconds, rest = parse_duration(text, command.action)
        return (self._now_ms() + seconds * 1000 if seconds else 0), rest

    def _act(self, session: Session, command: Moderate, target: str = "", reason: str = "", until: int = 0) -> Act:
        return Act(self._now_ms(), command.action, session.nick, session.address, target.strip(), reason, until)

    def _record(self, act: Act) -> None:
        self._decree(self._register.rules, act)

    def _decree(self, rules: Rules, act: Act) -> None:
        try:
            self._register.decree(rules, act)
        except NotWrittenError:
            raise RefusedError("not-recorded") from None
