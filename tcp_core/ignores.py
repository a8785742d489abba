"""Whose messages somebody does not want to see. Knows nothing about how they are left out."""

from __future__ import annotations

from tcp_core import nicknames
from tcp_core.messages import RefusedError
from tcp_core.session import Session

MOST_IGNORED = 100
"""Nicks that one may name."""


class Ignored:
    """What one participant does not want to see."""

    def __init__(self) -> None:
        self.named: dict[str, frozenset[str]] = {}
        """Nicks that were named, with their keys."""
        self.followed: dict[Session, str] = {}
        """Participants who took another nick since, with the one they have now; until they leave."""

    @property
    def nicks(self) -> list[str]:
        """All nicks whose messages are to be left out now."""
        return list(dict.fromkeys((*self.named, *self.followed.values())))

    def means(self, nick: str) -> bool:
        """Whether `nick`, or one that is the same, was named."""
        keys = nicknames.keys(nick)
        return any(keys & its_keys for its_keys in self.named.values())


class Ignores:
    """Of everybody who is here. Who takes another nick stays ignored, and leaves nothing of that to others."""

    def __init__(self) -> None:
        self._ignored: dict[Session, Ignored] = {}

    def of(self, session: Session) -> list[str]:
        """Return the nicks that `session` ignores."""
        return self._ignored[session].nicks if session in self._ignored else []

    def add(self, session: Session, nick: str) -> None:
        """Let `session` ignore `nick`.

        :raises RefusedError: `ignored-many`, or `not-oneself`.
        """
        if nick == session.nick:
            raise RefusedError("not-oneself")
        named = self._ignored.setdefault(session, Ignored()).named
        if nick not in named and len(named) >= MOST_IGNORED:
            raise RefusedError("ignored-many", limit=MOST_IGNORED)
        named[nick] = nicknames.keys(nick)

    def remove(self, session: Session, nick: str) -> None:
        """Let `session` see `nick` again, and all that are the same.

        :raises RefusedError: `not-ignored`.
        """
        ignored = self._ignored.get(session, Ignored())
        keys = nicknames.keys(nick)
        named = [one for one, its_keys in ignored.named.items() if its_keys & keys]
        followed = [one for one, its_nick in ignored.followed.items() if nicknames.keys(its_nick) & keys]
        if not named and not followed:
            raise RefusedError("not-ignored", nick=nick)
        for one in named:
            del ignored.named[one]
        for follower in followed:
            del ignored.followed[follower]
        if not ignored.nicks:
            del self._ignored[session]

    def appeared(self, who: Session, nick: str, before: str = "") -> list[Session]:
        """Note that `who` came as `nick`, or changed the nick `before` into that.

        :return: those for whom the nicks that they ignore are others now.
        """
        changed = []
        for session, ignored in self._ignored.items():
            if session is who:
                continue
            if ignored.means(nick):
                if nick not in ignored.named:
                    ignored.named[nick] = nicknames.keys(nick)
                    changed.append(session)
                continue
            if before in ignored.named or who in ignored.followed:
                ignored.followed[who] = nick
                changed.append(session)
        return changed

    def left(self, who: Session) -> list[Session]:
        """Forget what one who is gone has ignored, and that others ignored it under a nick they had not named.

        :return: those for whom the nicks that they ignore are others now.
        """
        self._ignored.pop(who, None)
        return [session for session, ignored in self._ignored.items() if ignored.followed.pop(who, None) is not None]
