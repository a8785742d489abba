"""The conversation with one who is not in the room yet: password, nick, refusals. Runs in the hub's thread.

Knows nothing about sessions, or what happens inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from tcp_core.admission import Admission
from tcp_core.deadlines import Deadlines
from tcp_core.ledger import Ledger
from tcp_core.messages import Command, Detail, Elevate, Join, Notice, Ping, Pong, Prompt, Refused, RefusedError
from tcp_core.peer import Peer

JOIN_FAILURES = 5
CLOSE_NOT_JOINED = 4504
FINAL_REFUSALS = {
    "http": 4505,
    "connections": 4503,
    "joins": 4503,
    "banned": 4501,
    "locked": 4508,
    "attempts": CLOSE_NOT_JOINED,
}
"""Refusals that end the connection of one who is not in yet, with the close code."""


class Dismiss(Protocol):
    """Ends a connection from our side."""

    def __call__(self, peer: Peer, code: int, reason: str, details: Mapping[str, Detail] | None = None) -> None:
        """Tell the close code and the reason, and end."""


class Entrance:
    """Where everybody waits.

    :param elevate: makes sure that somebody (nick, address) knows the operators' password, or raises RefusedError.
    :param join: lets somebody in, or raises RefusedError.
    :param timeout_seconds: how long one may stay; 0 for no limit.
    :param monotonic: seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        admission: Admission,
        elevate: Callable[[Elevate, str, str], None],
        join: Callable[[Peer, Join], None],
        dismiss: Dismiss,
        timeout_seconds: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._admission = admission
        self._elevate = elevate
        self._join = join
        self._dismiss = dismiss
        self._timeout_seconds = timeout_seconds
        self._monotonic = monotonic
        self.joining: Deadlines[Peer] = Deadlines(timeout_seconds)
        """Those who are not in yet."""

    def greet(self, peer: Peer) -> None:
        """Take in a new connection."""
        self.joining.add(peer, self._monotonic())
        self._prompt(peer)

    def expire(self, now: float) -> None:
        """Let go of those who have not joined in time."""
        for peer in self.joining.expired(now):
            refused = Refused("join-timeout", {"seconds": f"{self._timeout_seconds:g}"})
            self._ledger.reply(peer, refused)
            self._dismiss(peer, CLOSE_NOT_JOINED, refused.code, refused.details)

    def apply(self, peer: Peer, command: Command) -> None:
        """Apply a command of one who is not in yet.

        :raises RefusedError: it can't be applied.
        """
        match command:
            case Join() if peer.door == "terminal":
                self._answered(peer, command)
            case Join():
                self._join(peer, command)
            case Elevate():
                self._elevate(command, "", peer.address)
                peer.operator = peer.admitted = True
                self._ledger.reply(peer, Notice("operator", {}, command.id))
            case Ping():
                self._ledger.reply(peer, Pong(command.id))
            case Refused():
                self.refuse(peer, command)
            case _:
                raise RefusedError("not-joined")

    def refuse(self, peer: Peer, refused: Refused) -> None:
        """Say no. At the text door one who is not in yet is asked again, a few times."""
        self._ledger.reply(peer, refused)
        if peer.session is not None:
            return
        if refused.code in FINAL_REFUSALS:
            self._dismiss(peer, FINAL_REFUSALS[refused.code], refused.code, refused.details)
        elif peer.door == "terminal":
            peer.failures += 1
            if peer.failures < JOIN_FAILURES:
                self._prompt(peer)
            else:
                self._dismiss(peer, CLOSE_NOT_JOINED, "join-failures")

    def _prompt(self, peer: Peer) -> None:
        self._ledger.reply(peer, Prompt(password=not self._admission.knows_password(peer)))

    def _answered(self, peer: Peer, answer: Join) -> None:
        """Take what a terminal's owner has typed at the prompt: a password, or the nick."""
        word, *password = answer.nick.split(maxsplit=1) or [""]
        if word.lower() == "/oper":
            self.apply(peer, Elevate("".join(password)))
            self._prompt(peer)
        elif self._admission.knows_password(peer):
            self._join(peer, answer)
        else:
            self._admission.check_password(peer, answer.nick)
            self._prompt(peer)
