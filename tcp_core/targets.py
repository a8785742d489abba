"""Whom an operator means, and for how long: nicks and who had them, addresses, networks, durations.

A nick may hold blanks, so what follows it is found by looking for the longest beginning that is a nick of somebody who
is here, or was of late. Knows nothing about what is to be done to anybody.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from tcp_core.chat import Chat
from tcp_core.limits import ip_of, network_of
from tcp_core.messages import RefusedError
from tcp_core.nicknames import NICK_CHARACTERS
from tcp_core.session import Session

REMEMBERED_NICKS = 1000
"""Of how many that were given up it is known whose they were."""
LARGEST_NETWORKS = {4: 8, 6: 16}
"""The shortest prefix that a ban may have, by IP version."""
MOST_SECONDS = 10 * 366 * 86_400
_SECONDS = {"s": 1, "m": 60, "": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,9})([smhdw]?)")


class Found(NamedTuple):
    """A participant, under the nick that was named, and what was typed behind it."""

    session: Session
    nick: str
    here: bool
    rest: str


class Targets:
    """Knows who is here, and who was."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._former: OrderedDict[str, Session] = OrderedDict()  # by the nick it gave up, newest last

    def gave_up(self, nick: str, session: Session) -> None:
        """Remember who had `nick` until now."""
        self._former[nick] = session
        self._former.move_to_end(nick)
        if len(self._former) > REMEMBERED_NICKS:
            self._former.popitem(last=False)

    def find(self, argument: str) -> Found:
        """Return who is meant by the longest beginning of `argument` that is a nick.

        One who has, or had, exactly this nick is meant rather than one whose nick only looks the same.

        :raises RefusedError: `no-such-nick`.
        """
        words = argument.split(" ")
        for end in range(min(len(words), NICK_CHARACTERS), 0, -1):  # a nick has no more words than characters
            nick = " ".join(words[:end])
            session = self._chat.holder(nick)
            if nick in self._former and (session is None or session.nick != nick):
                session = self._former[nick]
            if session is not None:
                here = self._chat.holder(session.nick) is session
                return Found(session, session.nick if here else nick, here, " ".join(words[end:]))
        raise RefusedError("no-such-nick", nick=argument[:64])

    def find_here(self, argument: str) -> Found:
        """Like `find`, for those who are here.

        :raises RefusedError: `no-such-nick`.
        """
        found = self.find(argument)
        if not found.here:
            raise RefusedError("no-such-nick", nick=found.nick[:64])
        return found

    def network(self, argument: str) -> tuple[str, str, str]:
        """Return the network that is meant, the nick if one was named, and what stands behind it.

        :raises RefusedError: `no-such-nick`, or `network-too-large`.
        """
        first, _, rest = argument.partition(" ")
        network = parse_network(first)
        if network is None:
            found = self.find(argument)
            return str(_whole(found.session.address)), found.nick, found.rest
        if network.prefixlen < LARGEST_NETWORKS[network.version]:
            raise RefusedError("network-too-large", network=str(network))
        return str(network), "", rest


def parse_network(text: str) -> IPv4Network | IPv6Network | None:
    """Return the network or address that `text` is, None if it is none.

    An IPv6 address stands for its /64, and IPv4 in IPv6 for what it is.
    """
    try:
        if "/" not in text:
            return _whole(text)
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is not None and network.prefixlen >= 96:
        return IPv4Network((mapped, network.prefixlen - 96))
    return network


def is_inside(network: str, address: str) -> bool:
    """Whether `address` is of `network`."""
    return ip_of(address) in ip_network(network)


def parse_duration(text: str, command: str) -> tuple[int, str]:
    """Return the duration at the beginning of `text`, in seconds (0 if there is none), and the rest.

    :param command: of which this is an argument.
    :raises RefusedError: `usage`: what begins like a number is no duration.
    """
    first, _, rest = text.partition(" ")
    if not re.match(r"[-+.]?\d", first):
        return 0, text
    parts = _DURATION.findall(first)
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if "".join(map("".join, parts)) != first or not 0 < seconds <= MOST_SECONDS:
        raise RefusedError("usage", command=command)
    return seconds, rest


def _whole(address: str) -> IPv4Network | IPv6Network:
    """Return the network that counts as one address."""
    return ip_network(network_of(address), strict=False)
