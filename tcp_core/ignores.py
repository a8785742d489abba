"""Whose messages somebody does not want to see. Knows nothing about how they are left out."""

from __future__ import annotations

from tcp_core import nicknames
from tcp_core.messages import RefusedError
from tcp_core.session import Session

MOST_IGNORED = 100
"""Nicks that one may ignore."""


class Ignores:
    """Of everybody who is here. A nick stands for all that are the same; who takes another is still ignored."""

    def __init__(self) -> None:
        self._ignored: dict[Session, dict[str, frozenset[str]]] = {}
        """The nicks that each ignores, with their keys."""

    def of(self, session: Session) -> list[str]:
        """Return the nicks that `session` ignores."""
        return list(self._ignored.get(session, ()))

    def add(self, session: Session, nick: str) -> None:
        """Let `session` ignore `nick`.

        :raises RefusedError: `ignored-many`, or `not-oneself`.
        """
        if nick == session.nick:
            raise RefusedError("not-oneself")
        ignored = self._ignored.setdefault(session, {})
        if nick not in ignored and len(ignored) >= MOST_IGNORED:
            raise RefusedError("ignored-many", limit=MOST_IGNORED)
        ignored[nick] = nicknames.keys(nick)

    def remove(self, session: Session, nick: str) -> None:
        """Let `session` see `nick` again, and all that are the same.

        :raises RefusedError: `not-ignored`.
        """
        ignored = self._ignored.get(session, {})
        keys = nicknames.keys(nick)
        same = [one for one, its_keys in ignored.items() if one == nick or its_keys & keys]
        if not same:
            raise RefusedError("not-ignored", nick=nick)
        for one in same:
            del ignored[one]
        if not ignored:
            del self._ignored[session]

    def appeared(self, nick: str, before: str = "") -> list[Session]:
        """Note that somebody came as `nick`, or changed the nick `before` into that.

        :return: those who therefore ignore one nick more.
        """
        if not self._ignored:
            return []
        keys = nicknames.keys(nick)
        changed = []
        for session, ignored in self._ignored.items():
            known = before in ignored or any(keys & its_keys for its_keys in ignored.values())
            if known and nick not in ignored and nick != session.nick and len(ignored) < 2 * MOST_IGNORED:
                ignored[nick] = keys
                changed.append(session)
        return changed

    def left(self, session: Session) -> None:
        """Forget what one who is gone has ignored."""
        self._ignored.pop(session, None)
