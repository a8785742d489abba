"""The authority: who is here, and what becomes of a command. No I/O and no clock of its own.

`decide` turns a command into events that should happen and replies; it changes nothing. `fold` changes the state, and
only ever by an event that the log has taken. Knows nothing about connections, codecs or threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from msgspec import UNSET, structs

from tcp_core import nicknames
from tcp_core.ignores import Ignores
from tcp_core.messages import (
    Attendance,
    Command,
    CommandList,
    Elevate,
    Event,
    GetHistory,
    History,
    Ignore,
    Join,
    Left,
    ListCommands,
    ListMembers,
    ListMessages,
    Moderate,
    Notice,
    Ping,
    Pong,
    Presence,
    Quit,
    Refused,
    RefusedError,
    Rename,
    Renamed,
    Reply,
    Said,
    Say,
)
from tcp_core.session import Session
from tcp_core.speech import Speech

_NEWEST = 2**62  # before this, there is everything


class Chat:
    """The room's state and rules.

    :param find: looks a message up by its client's id, for exactly-once.
    :param history: reads the page of `(before, limit)`.
    :param messages: reads the newest messages, as many as its argument says.
    :param speech: who may speak; everybody without it.
    """

    def __init__(
        self,
        find: Callable[[str], Event | None],
        history: Callable[[int, int], History],
        messages: Callable[[int], History],
        speech: Speech | None = None,
    ) -> None:
        self._find = find
        self._history = history
        self._messages = messages
        self._speech = speech
        self._sessions: dict[str, Session] = {}  # by nick, as shown
        self._holders: dict[str, Session] = {}  # by each key of the nick
        self._by_token: dict[str, Session] = {}
        self.ignores = Ignores()
        self._numbers: dict[str, Iterator[int]] = {}
        """For each nick that was wanted twice, the numbers not tried yet; valid until somebody lets go of a nick."""

    def __len__(self) -> int:
        return len(self._sessions)

    def sessions(self) -> list[Session]:
        """Return all who are here, in the order of joining."""
        return list(self._sessions.values())

    def nicks(self) -> list[str]:
        """Return the nicks of all who are here, in the order of joining."""
        return list(self._sessions)

    def session_of(self, token: str) -> Session | None:
        """Return the session that a resume token belongs to."""
        return self._by_token.get(token) if token else None

    def holder(self, nick: str) -> Session | None:
        """Return the session of one who is here under `nick`, or one that is the same."""
        try:
            keys = nicknames.keys_of(nick)
        except UnicodeEncodeError:
            return None
        return next((self._holders[key] for key in keys if key in self._holders), None)

    def free_nick(self, wanted: str) -> str:
        """Return the nick that a joiner gets: the one wanted, or that with the next free number.

        :raises RefusedError: it is no nick.
        """
        nick = nicknames.enforce(wanted)
        if not self._taken(nick):
            return nick
        return nicknames.number(nick, self._taken, self._numbers.setdefault(nick, count(2)))

    def decide(self, session: Session, command: Command) -> Iterator[Event | Reply]:
        """Say what becomes of a command of one who is in the room: events without seq, and replies for the sender.

        :raises RefusedError: nothing.
        """
        match command:
            case Say():
                stored = None if command.id is UNSET else self._find(command.id)
                if stored is None and self._speech is not None:
                    self._speech.check_message(session)
                yield stored or Said(nick=session.nick, text=command.text, id=command.id)
            case Rename():
                yield from self._rename(session, command)
            case Quit():
                yield Left(nick=session.nick, reason="quit")
            case ListMembers():
                here = (self._presence(s, session.operator) for s in self._sessions.values())
                yield Attendance(tuple(here), command.id)
            case ListCommands():
                yield CommandList(command.id, session.operator)
            case Ignore():
                yield from self._ignore(session, command)
            case GetHistory():
                yield self._history(command.before, command.limit)
            case ListMessages():
                # A page keeps whole stretches of the log; a terminal wants what was said.
                web = session.door == "web"
                yield self._history(_NEWEST, command.limit) if web else self._heard(session, command.limit)
                if command.id is not UNSET:
                    yield Notice("done", {}, command.id)
            case Ping():
                yield Pong(command.id)
            case Join():
                raise RefusedError("already-joined")
            case Elevate() | Moderate():
                raise TypeError("that is for moderation to decide")
            case Refused() | Notice():
                yield command

    @staticmethod
    def _presence(session: Session, for_operator: bool) -> Presence:
        address = session.address if for_operator else ""
        return Presence(session.nick, session.door, session.since, address, session.operator)

    def _heard(self, session: Session, limit: int) -> History:
        """Return the newest messages, but those of nicks that `session` ignores."""
        history = self._messages(limit)
        ignored = self.ignores.of(session)
        return structs.replace(history, events=[event for event in history.events if event.nick not in ignored])

    def _ignore(self, session: Session, command: Ignore) -> Iterator[Event | Reply]:
        if command.nick:
            held = self.holder(command.nick)
            nick = held.nick if held is not None else nicknames.enforce(command.nick)
            if command.ignored:
                self.ignores.add(session, nick)
            else:
                self.ignores.remove(session, nick)
        nicks = self.ignores.of(session)
        yield Notice("ignoring" if nicks else "ignoring-nobody", {"nicks": ", ".join(nicks)}, command.id)

    def _rename(self, session: Session, command: Rename) -> Iterator[Event | Reply]:
        if self._speech is not None:
            self._speech.check_muted(session)  # or the nick would speak
        nick = nicknames.enforce(command.nick)
        if any(self._holders.get(key, session) is not session for key in nicknames.keys(nick)):
            raise RefusedError("nick-taken", nick=nick)
        if nick != session.nick:
            yield Renamed(nick=session.nick, new_nick=nick)
        if command.id is not UNSET:
            yield Notice("done", {}, command.id)

    def enter(self, session: Session) -> None:
        """Take in one whose `Joined` is in the log."""
        self._hold(session)
        if session.token:
            self._by_token[session.token] = session

    def fold(self, session: Session, event: Event) -> None:
        """Change the state by an event of `session` that is in the log."""
        match event:
            case Renamed():
                self._let_go(session)
                session.nick = event.new_nick
                self._hold(session)
            case Left():
                self._let_go(session)
                self._by_token.pop(session.token, None)

    def _taken(self, nick: str) -> bool:
        return any(key in self._holders for key in nicknames.keys(nick))

    def _hold(self, session: Session) -> None:
        self._sessions[session.nick] = session
        for key in nicknames.keys(session.nick):
            self._holders[key] = session

    def _let_go(self, session: Session) -> None:
        self._numbers.clear()
        del self._sessions[session.nick]
        for key in nicknames.keys(session.nick):
            del self._holders[key]
