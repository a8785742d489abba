"""Who may enter: the room's password, bans, the lock, and how many from one address. Runs in the hub's thread.

Those who come back to a session have been admitted before; only a ban keeps them out, of where they come from now, too.
Operators are admitted always, so that they can't be locked out. Knows nothing about what happens inside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tcp_core.limits import Allowance, network_of
from tcp_core.messages import RefusedError
from tcp_core.peer import Peer
from tcp_core.register import Register
from tcp_core.secret import Secret
from tcp_core.session import Session

PASSWORD_FAILURES, PASSWORD_FAILURE_SECONDS = 30, 2.0
"""So many wrong room passwords from one address at once, and then one in so many seconds: a class may share it."""


class Admission:
    """The room's door.

    :param password: the room's; None if it has none.
    :param joins_per_minute: from one address, 0 for no limit.
    :param sessions_per_address: 0 for no limit; those of browsers that may come back count as well, until one
        is needed for somebody.
    :param monotonic: seconds.
    """

    def __init__(
        self,
        register: Register,
        password: Secret | None,
        joins_per_minute: int,
        sessions_per_address: int,
        monotonic: Callable[[], float],
    ) -> None:
        self._register = register
        self._password = password
        self._joins_per_minute = joins_per_minute
        self._sessions_per_address = sessions_per_address
        self._monotonic = monotonic
        self._joins: Allowance[str] = Allowance(joins_per_minute, 60 / max(1, joins_per_minute))
        self._failures: Allowance[str] = Allowance(PASSWORD_FAILURES, PASSWORD_FAILURE_SECONDS)
        self._sessions_from: Counter[str] = Counter()

    def knows_password(self, peer: Peer) -> bool:
        """Whether nothing has to be asked before the nick."""
        return self._password is None or peer.admitted

    def check_password(self, peer: Peer, attempt: str) -> None:
        """Admit the peer if it knows the room's password.

        :raises RefusedError: `password`, or `attempts` after many wrong ones.
        """
        if self._password is None or peer.admitted:
            return
        now, network = self._monotonic(), network_of(peer.address)
        wait = self._failures.wait_seconds(network, now)
        if wait:
            raise RefusedError("attempts", seconds=wait)
        if not self._password.matches(attempt):
            if attempt:
                self._failures.count(network, now)
            raise RefusedError("password")
        peer.admitted = True

    def check(self, peer: Peer, make_room: Callable[[str], bool]) -> None:
        """Let a new participant in.

        :param make_room: lets go of one from that network who has no connection; says whether there was one.
        :raises RefusedError: `banned`, `locked`, `connections` or `joins`.
        """
        if peer.operator:
            return
        ban = self._register.ban_of(peer.address)
        if ban is not None:
            raise RefusedError("banned", until=ban.until, reason=ban.reason)
        if self._register.rules.locked:
            raise RefusedError("locked")
        now, network = self._monotonic(), network_of(peer.address)
        wait = self._joins.wait_seconds(network, now)
        if wait:
            raise RefusedError("joins", limit=self._joins_per_minute, seconds=wait)
        limit = self._sessions_per_address
        if limit and self._sessions_from[network] >= limit and not make_room(network):
            raise RefusedError("connections", limit=limit, scope="address")
        self._joins.count(network, now)

    def is_banned(self, session: Session) -> bool:
        """Whether a ban has put `session` out."""
        return self._register.ban_of_session(session, session.address) is not None

    def check_return(self, session: Session, address: str) -> None:
        """Let a participant come back, from `address`; where it has not been, bans hold as for anybody.

        :raises RefusedError: `banned`.
        """
        ban = self._register.ban_of_session(session, session.address)
        if network_of(address) == network_of(session.joined_from):
            ban = ban or self._register.ban_of_session(session, address)
        elif network_of(address) != network_of(session.address):
            ban = ban or self._register.ban_of(address)
        if ban is not None and not session.operator:
            raise RefusedError("banned", until=ban.until, reason=ban.reason)

    def moved(self, session: Session, address: str) -> None:
        """Count one who is in where it is now."""
        self.left(session)
        session.address = address
        self.entered(session)

    def entered(self, session: Session) -> None:
        """Count one who is in."""
        self._sessions_from[network_of(session.address)] += 1

    def left(self, session: Session) -> None:
        """Take back one `entered`."""
        network = network_of(session.address)
        self._sessions_from[network] -= 1
        if not self._sessions_from[network]:
            del self._sessions_from[network]
