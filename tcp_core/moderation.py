"""What operators may do, and what becomes of it. Runs in the hub's thread.

Every act is on record before it has an effect. Knows nothing about connections: it is given what removes and tells.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Protocol

from msgspec import structs

from tcp_core.chat import Chat
from tcp_core.limits import Allowance, ip_of, network_of
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

OPERATOR_FAILURES, OPERATOR_FAILURE_SECONDS = 5, 30.0
"""So many wrong operator passwords from one address at once, and then one in so many seconds."""
REMEMBERED_LEAVERS = 1000
"""Of how many who have left the address is known, so that they can still be banned."""
CLEARED_MESSAGES, MOST_CLEARED_MESSAGES = 100, 1000
MOST_SLOW_SECONDS = 3600
MOST_BANS = 10_000
_SECONDS = {"s": 1, "m": 60, "": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,6})([smhdw]?)")

Outcome = Iterator[Event | Reply]


class Hands(Protocol):
    """What moderation needs done to connections."""

    def remove(self, session: Session, why: str, **details: Detail) -> None:
        """End a participant's session, and tell why: `kicked` or `banned`."""

    def tell(self, session: Session, notice: Notice) -> None:
        """Tell a participant something, if there is a connection."""


class Moderation:
    """The operators' side of the room.

    :param messages_of: returns the seqs of the newest messages of a nick, as many as its second argument says.
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
        messages_of: Callable[[str, int], list[int]],
        monotonic: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._chat = chat
        self._register = register
        self._hands = hands
        self._password = password
        self._messages_of = messages_of
        self._monotonic = monotonic
        self._now_ms = now_ms
        self._failures = Allowance(OPERATOR_FAILURES, OPERATOR_FAILURE_SECONDS)
        self._left: OrderedDict[str, str] = OrderedDict()  # the address of each nick that has left, newest last
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

        :raises RefusedError: `no-operators`, `operator-password`, `attempts` or `not-stored`.
        """
        if self._password is None:
            raise RefusedError("no-operators")
        now = self._monotonic()
        wait = self._failures.wait_seconds(address, now)
        if wait:
            raise RefusedError("attempts", seconds=wait)
        right = self._password.matches(command.password)
        if not right:
            self._failures.count(address, now)
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

    def left(self, session: Session) -> None:
        """Remember from where somebody was who is gone."""
        self._left[session.nick] = session.address
        self._left.move_to_end(session.nick)
        if len(self._left) > REMEMBERED_LEAVERS:
            self._left.popitem(last=False)

    # --------------------------------------------------------------- the acts

    def _kick(self, session: Session, command: Moderate) -> Outcome:
        target, reason = self._participant(command.argument)
        self._record(self._act(session, command, target.nick, reason))
        self._hands.remove(target, "kicked", reason=reason)
        yield Notice("kicked-nick", {"nick": target.nick}, command.id)

    def _ban(self, session: Session, command: Moderate) -> Outcome:
        network, nick, rest = self._network(command.argument)
        until, reason = self._until(rest)
        rules = self._register.rules
        if len(rules.bans) >= MOST_BANS:
            raise RefusedError("bans-many", limit=MOST_BANS)
        ban = Ban(network, nick, until, reason, session.nick, self._now_ms())
        bans = (*(one for one in rules.bans if one.network != network), ban)
        self._decree(structs.replace(rules, bans=bans), self._act(session, command, f"{network} {nick}", reason, until))
        covered = [one for one in self._chat.sessions() if one is not session and _inside(network, one.address)]
        meant = [one for one in covered if one.nick == nick] if nick else covered
        for one in meant:
            self._hands.remove(one, "banned", until=until, reason=reason)
        yield Notice("banned-network", {"network": network, "nick": nick, "until": until}, command.id)
        spared = [one.nick for one in covered if one not in meant and one is not session]
        if spared:
            yield Notice("ban-spares", {"nicks": ", ".join(spared[:20]), "count": len(spared)})
        if _inside(network, session.address):
            yield Notice("ban-oneself", {"network": network})

    def _unban(self, session: Session, command: Moderate) -> Outcome:
        rules = self._register.rules
        network = _network_or_none(command.argument)
        lifted = [ban for ban in rules.bans if ban.network == network or (ban.nick and ban.nick == command.argument)]
        if not lifted:
            raise RefusedError("not-banned", target=command.argument[:64])
        bans = tuple(ban for ban in rules.bans if ban not in lifted)
        target = ", ".join(ban.network for ban in lifted)
        self._decree(structs.replace(rules, bans=bans), self._act(session, command, target))
        yield Notice("unbanned", {"network": target}, command.id)

    def _bans(self, _: Session, command: Moderate) -> Outcome:
        yield BanList(self._register.rules.bans, command.id)

    def _mute(self, session: Session, command: Moderate) -> Outcome:
        target, rest = self._participant(command.argument)
        until, reason = self._until(rest)
        rules = self._register.rules
        mute = Mute(network_of(target.address), target.nick, target.since, until, reason, session.nick, self._now_ms())
        others = (one for one in rules.mutes if not one.concerns(target))
        rules = structs.replace(rules, mutes=(*others, mute))
        self._decree(rules, self._act(session, command, target.nick, reason, until))
        self._hands.tell(target, Notice("muted", {"until": until, "reason": reason}))
        yield Notice("muted-nick", {"nick": target.nick, "until": until}, command.id)

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
        self._decree(structs.replace(rules, mutes=mutes), self._act(session, command, command.argument))
        if target is not None:
            self._hands.tell(target, Notice("unmuted", {}))
        yield Notice("unmuted-nick", {"nick": command.argument}, command.id)

    def _lock(self, session: Session, command: Moderate) -> Outcome:
        rules = structs.replace(self._register.rules, locked=command.action == "lock")
        self._decree(rules, self._act(session, command))
        yield Notice("locked" if rules.locked else "unlocked", {}, command.id)

    def _slow(self, session: Session, command: Moderate) -> Outcome:
        if not re.fullmatch(r"\d{1,4}s?", command.argument):
            raise RefusedError("usage", command="slow")
        seconds = int(command.argument.rstrip("s"))
        if seconds > MOST_SLOW_SECONDS:
            raise RefusedError("slow-too-long", limit=MOST_SLOW_SECONDS)
        rules = structs.replace(self._register.rules, slow_seconds=seconds)
        self._decree(rules, self._act(session, command, str(seconds)))
        yield Notice("slow" if seconds else "slow-off", {"seconds": seconds}, command.id)

    def _clear(self, session: Session, command: Moderate) -> Outcome:
        nick, _, last = command.argument.rpartition(" ")
        if nick and last.isascii() and last.isdigit() and not self._chat.holder(command.argument):
            count = int(last[:9])
        else:
            nick, count = command.argument, CLEARED_MESSAGES
        if not 1 <= count <= MOST_CLEARED_MESSAGES:
            raise RefusedError("clear-count", limit=MOST_CLEARED_MESSAGES)
        target = self._chat.holder(nick)
        nick = target.nick if target is not None else nick
        seqs = self._messages_of(nick, count)
        if not seqs:
            raise RefusedError("no-messages", nick=nick[:64])
        self._record(self._act(session, command, nick, f"{len(seqs)}"))
        yield Cleared(nick=nick, by=session.nick, seqs=seqs)
        yield Notice("cleared", {"nick": nick, "count": len(seqs)}, command.id)

    # ---------------------------------------------------------------- helping

    def _participant(self, argument: str) -> tuple[Session, str]:
        """Return who is meant by the longest beginning of `argument` that is a nick, and what stands behind it.

        :raises RefusedError: `no-such-nick`.
        """
        words = argument.split(" ")
        for end in range(len(words), 0, -1):
            session = self._chat.holder(" ".join(words[:end]))
            if session is not None:
                return session, " ".join(words[end:])
        raise RefusedError("no-such-nick", nick=argument[:64])

    def _network(self, argument: str) -> tuple[str, str, str]:
        """Return the network that is meant, the nick if one was named, and what stands behind it.

        :raises RefusedError: `no-such-nick`, or `network-too-large`.
        """
        first, _, rest = argument.partition(" ")
        network = _network_or_none(first)
        if network is not None:
            if ip_network(network).prefixlen < (8 if ":" not in network else 16):
                raise RefusedError("network-too-large", network=network)
            return network, "", rest
        try:
            session, rest = self._participant(argument)
        except RefusedError:
            words = argument.split(" ")
            for end in range(len(words), 0, -1):
                address = self._left.get(" ".join(words[:end]))
                if address is not None:
                    return _whole(address), " ".join(words[:end]), " ".join(words[end:])
            raise
        return _whole(session.address), session.nick, rest

    def _until(self, text: str) -> tuple[int, str]:
        """Return when a duration at the beginning of `text` is over (Unix ms; 0: for good), and the rest."""
        first, _, rest = text.partition(" ")
        parts = _DURATION.findall(first)
        if not parts or "".join(map("".join, parts)) != first:
            return 0, text
        seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
        return (self._now_ms() + seconds * 1000, rest) if seconds else (0, rest)

    def _act(self, session: Session, command: Moderate, target: str = "", reason: str = "", until: int = 0) -> Act:
        return Act(self._now_ms(), command.action, session.nick, session.address, target.strip(), reason, until)

    def _record(self, act: Act) -> None:
        try:
            self._register.record(act)
        except NotWrittenError:
            raise RefusedError("not-stored") from None

    def _decree(self, rules: Rules, act: Act) -> None:
        try:
            self._register.decree(rules, act)
        except NotWrittenError:
            raise RefusedError("not-stored") from None


def _whole(address: str) -> str:
    """Return the network that counts as one address."""
    return str(ip_network(network_of(address), strict=False))


def _network_or_none(text: str) -> str | None:
    """Return a network or address in one notation; an IPv6 address stands for its /64."""
    try:
        return str(ip_network(text, strict=False)) if "/" in text else _whole(text)
    except ValueError:
        return None


def _inside(network: str, address: str) -> bool:
    return ip_of(address) in ip_network(network)
