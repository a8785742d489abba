"""Who is here, comes back and goes: sessions, and the connections they have. Runs in the hub's thread.

Knows nothing about what people say, or how it reaches anybody.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from msgspec import UNSET

from tcp_core import __version__, journal, nicknames, wording
from tcp_core.admission import Admission
from tcp_core.chat import Chat
from tcp_core.commands import DEFAULT_LIMITS, InputLimits
from tcp_core.deadlines import Deadlines, earliest
from tcp_core.delivery import Delivery
from tcp_core.entrance import Entrance
from tcp_core.event_log import EventLog
from tcp_core.framing import JSON_LINE_BYTES
from tcp_core.json_codec import JsonCodec
from tcp_core.ledger import Ledger, Pending
from tcp_core.limits import network_of
from tcp_core.messages import (
    ROOM,
    Bye,
    Detail,
    Elevate,
    Event,
    History,
    Ignoring,
    Join,
    Joined,
    Left,
    Members,
    Notice,
    RefusedError,
    Welcome,
)
from tcp_core.peer import Peer
from tcp_core.secret import Secret
from tcp_core.session import Session
from tcp_core.wording import Lang

REPLAY_EVENTS = 100
"""What a browser gets on its first join."""
RELOAD_SECONDS = 5.0
"""Who has been without a connection for less than this may just be loading the page again, and keeps the place."""
RETRY_SECONDS = 1.0
"""When to try again to store that somebody left."""
CLOSE_STOPPED, CLOSE_TAKEN_OVER, CLOSE_QUIT = 4000, 4502, 4506
CLOSE_RESYNCHRONISE, CLOSE_FAILED = 4004, 4507
REMOVALS = {"kicked": (4500, "kicked"), "banned": (4501, "banned-now")}
"""The close code and the last words for each reason to put somebody out."""


@dataclass(frozen=True, slots=True)
class ReceptionOptions:
    """What an operator can set."""

    lang: Lang = "ru"
    history_lines: int = 20
    resume_grace_seconds: float = 60.0
    join_timeout_seconds: float = 60.0
    sessions_per_address: int = 0
    """Those of browsers that may come back count as well, until one is needed for somebody; 0 for no limit."""
    joins_per_minute: int = 0
    """From one address; 0 for no limit."""
    password: Secret | None = None
    """The room's."""
    operator_password: Secret | None = None
    input_limits: InputLimits = DEFAULT_LIMITS


class Reception:
    """Lets people in and out.

    :param elevate: makes sure that somebody (nick, address) knows the operators' password, or raises RefusedError.
    :param monotonic: seconds.
    """

    def __init__(
        self,
        chat: Chat,
        log: EventLog,
        ledger: Ledger,
        delivery: Delivery,
        admission: Admission,
        elevate: Callable[[Elevate, str, str], None],
        options: ReceptionOptions,
        monotonic: Callable[[], float],
    ) -> None:
        self._chat = chat
        self._admission = admission
        self._log = log
        self._ledger = ledger
        self._delivery = delivery
        self._options = options
        self._monotonic = monotonic
        self._attached: dict[Session, Peer] = {}
        """Sessions that have a connection now."""
        self.entrance = Entrance(
            ledger, admission, elevate, self._join, self.dismiss, options.join_timeout_seconds, monotonic
        )
        self._detached: Deadlines[Session] = Deadlines(options.resume_grace_seconds)
        """Browsers that may come back."""
        self._leaving: Deadlines[Session] = Deadlines(RETRY_SECONDS)
        """Sessions that are gone, but the log could not take it yet."""

    # ---------------------------------------------------------------- time

    def next_deadline(self) -> float | None:
        """Return when `expire` has something to do, by the monotonic clock."""
        return earliest(d.next() for d in (self.entrance.joining, self._detached, self._leaving))

    def expire(self) -> None:
        """Let go of those whose time is over."""
        now = self._monotonic()
        self.entrance.expire(now)
        for session in [*self._detached.expired(now), *self._leaving.expired(now)]:
            self._leave(session, "lost")

    # -------------------------------------------------------------- coming

    def _join(self, peer: Peer, command: Join) -> None:
        """Let somebody in, or back in; raises RefusedError if not."""
        if isinstance(peer.codec, JsonCodec):
            peer.codec = JsonCodec(wording.choose(command.lang, self._options.lang), self._options.input_limits)
        if command.epoch == self._log.epoch and command.after is not UNSET and command.after > self._log.last:
            # It has seen what this log does not hold: the file is an older copy, or lost its end in a power cut.
            self.dismiss(peer, CLOSE_RESYNCHRONISE, "resync")
            return
        session = self._chat.session_of(command.session)
        if session is not None and peer.door == "web" and session not in self._leaving:
            self._ledger.settle()
            self._admission.check_return(session, peer.address)
            self._resume(peer, session, command)
            return
        self._admission.check_password(peer, command.password)
        wanted = nicknames.enforce(command.nick)  # or nobody's place is taken, and no join counted
        self._admission.check(peer, self._make_room)
        nick = self._chat.free_nick(wanted)
        token = secrets.token_urlsafe(16) if peer.door == "web" else ""
        session = Session(nick, peer.door, peer.address, self._ledger.now_ms(), token, peer.operator)
        self._ledger.pend(Pending(peer, session, Joined(nick=nick), command))

    def _resume(self, peer: Peer, session: Session, command: Join) -> None:
        self._detached.discard(session)
        previous = self._attached.get(session)
        if previous is not None:
            self.dismiss(previous, CLOSE_TAKEN_OVER, "taken-over")
        if peer.address != session.address:
            journal.moved(session, peer.address)
            self._admission.moved(session, peer.address)
            self._log.note_address(session)
        self._attach(peer, session)
        self._welcome(peer, session, command, live=self._log.last, resumed=True)

    def _make_room(self, network: str) -> bool:
        """Let go of whoever from `network` has been without a connection for longest; return whether there is one.

        :raises RefusedError: `not-stored`.
        """
        session = next((one for one in self._detached if network_of(one.address) == network), None)
        if session is None or self._detached.age(session, self._monotonic()) < RELOAD_SECONDS:
            return False
        self._detached.discard(session)
        self._leave(session, "lost")
        if session in self._leaving:  # the log could not take it, so there is no room yet
            self._leaving.discard(session)
            self._detached.add(session, self._monotonic())
            raise RefusedError("not-stored")
        return True

    def _attach(self, peer: Peer, session: Session) -> None:
        self.entrance.joining.discard(peer)
        self._attached[session] = peer
        peer.session = session

    def enter(self, peer: Peer, session: Session, joined: Joined, command: Join) -> None:
        """Let in one whose `Joined` is in the log."""
        journal.joined(session)
        self._count_in(session)
        self._attach(peer, session)
        live = joined.seq - 1
        if peer.door == "web":
            self._welcome(peer, session, command, live, resumed=False)
        wanted = nicknames.enforce(command.nick)
        if wanted != session.nick:
            self._ledger.reply(peer, Notice("nick-numbered", {"wanted": wanted, "nick": session.nick}), live)
        if peer.door == "web":
            return
        if self._options.history_lines:
            messages = self._log.messages_before(joined.seq, self._options.history_lines)
            self._ledger.reply(peer, History(ROOM, messages, more=False), live)
        self._delivery.place(peer, self._ledger.text, live)

    def _welcome(self, peer: Peer, session: Session, command: Join, live: int, resumed: bool) -> None:
        """Greet a browser, and place its cursor where it left off or some way back."""
        position = max(live - REPLAY_EVENTS, self._log.first - 1, 0)
        if command.epoch == self._log.epoch and command.after is not UNSET and command.after <= live:
            position = command.after
        limits = {
            "text_characters": self._options.input_limits.characters,
            "text_lines": self._options.input_limits.lines,
            "nick_characters": nicknames.NICK_CHARACTERS,
            "line_bytes": JSON_LINE_BYTES,
        }
        welcome = Welcome(
            nick=session.nick,
            session=session.token,
            room=ROOM,
            epoch=self._log.epoch,
            live=live,
            resumed=resumed,
            lang=peer.codec.lang,
            server={"name": "parley", "version": __version__},
            limits=limits,
        )
        self._ledger.reply(peer, welcome, position)
        self._ledger.reply(peer, Members(ROOM, self._chat.nicks()), position)
        if ignored := self._chat.ignores.of(session):
            self._ledger.reply(peer, Ignoring(ignored), position)
        self._delivery.place(peer, self._ledger.json, position)

    # -------------------------------------------------------------- going

    def part(self, peer: Peer, reason: str = "") -> None:
        """A connection has ended on its own: a terminal's owner has left, a browser may come back.

        :param reason: why, if it is known better than from how it ended.
        """
        self.entrance.joining.discard(peer)
        session = peer.session
        peer.session = None
        if session is not None and self._attached.get(session) is peer:
            del self._attached[session]
            if self._may_come_back(session):
                self._detached.add(session, self._monotonic())
            else:
                self._leave(session, reason or ("lost" if peer.lost or peer.door == "web" else "quit"))
        if not peer.closing:
            self._delivery.finish(peer, self._log.last)

    def remove(self, session: Session, why: str, **details: Detail) -> None:
        """Put a participant out, and tell why: `kicked` or `banned`."""
        self._detached.discard(session)
        peer = self._attached.get(session)
        if peer is not None:
            code, farewell = REMOVALS[why]
            self.dismiss(peer, code, farewell, details)
        self._leave(session, why)

    def tell(self, session: Session, notice: Notice) -> None:
        """Tell a participant something, if there is a connection."""
        peer = self._attached.get(session)
        if peer is not None:
            self._ledger.reply(peer, notice)

    def show_ignored(self, session: Session) -> None:
        """Leave out for a participant what its ignored nicks say from here on; a browser does that itself."""
        peer = self._attached.get(session)
        if peer is None:
            return
        ignored = self._chat.ignores.of(session)
        if peer.door == "web":
            self._ledger.reply(peer, Ignoring(ignored))
        else:
            self._delivery.hide(peer, tuple(f"[{nick}] ".encode() for nick in ignored))

    def dismiss(self, peer: Peer, code: int, reason: str, details: Mapping[str, Detail] | None = None) -> None:
        """End a connection from our side, once it has got all there is now."""
        self.entrance.joining.discard(peer)
        if reason not in ("quit", "stopped"):
            journal.refused(peer.door, peer.address, reason)
        if peer.session is not None:
            self._attached.pop(peer.session, None)
            peer.session = None
        self._ledger.reply(peer, Bye(code, reason, details or {}))
        self._delivery.finish(peer, self._log.last)

    def dismiss_all(self, peers: Iterable[Peer]) -> None:
        """Close the room: tell everybody, and note in the log that the terminals have left. Browsers may come back."""
        for peer in peers:
            if not peer.closing:
                self.dismiss(peer, CLOSE_STOPPED, "stopped")
        gone = [session for session in self._chat.sessions() if not self._may_come_back(session)]
        self._ledger.append([Left(nick=session.nick, reason="stopped") for session in gone])
        journal.left("stopped", *gone)

    def restore(self) -> None:
        """Take up the room as the last core left it: browsers may come back for a while, terminals are gone."""
        gone: list[Event] = []
        for session in self._log.present():
            if self._may_come_back(session) and not self._admission.is_banned(session):
                self._count_in(session)
                self._detached.add(session, self._monotonic())
            else:
                gone.append(Left(nick=session.nick, reason="lost"))
        self._ledger.append(gone)

    def _may_come_back(self, session: Session) -> bool:
        return bool(session.token and self._options.resume_grace_seconds)

    def _leave(self, session: Session, reason: str) -> None:
        self._ledger.pend(Pending(None, session, Left(nick=session.nick, reason=reason), None))

    def left_unstored(self, peer: Peer | None, session: Session) -> None:
        """Let out one whose `Left` the log could not take, and try that again later."""
        self._leaving.add(session, self._monotonic())
        if peer is not None:
            self.dismiss(peer, CLOSE_QUIT, "quit")

    def left(self, peer: Peer | None, session: Session, event: Left) -> None:
        """Let out one whose `Left` is in the log."""
        journal.left(event.reason, session)
        self._chat.fold(session, event)
        self._admission.left(session)
        if peer is not None:
            self.dismiss(peer, CLOSE_QUIT, "quit")

    def _count_in(self, session: Session) -> None:
        self._chat.enter(session)
        self._admission.entered(session)
