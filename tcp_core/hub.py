"""The thread that owns the chat, the log and delivery; so the program has no lock around its state.

Reader threads put what came into the inbox. A round takes what is there, applies it, commits the events of the whole
batch in one transaction, and moves the cursors. Under load rounds take longer, batches grow, and the cost of a
message falls. Knows nothing about bytes, framing or listeners.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType

from tcp_core import __version__, nicknames, wording
from tcp_core.chat import Chat
from tcp_core.commands import TEXT_CHARACTERS
from tcp_core.deadlines import Deadlines
from tcp_core.delivery import Delivery
from tcp_core.event_log import EventLog, NotStoredError
from tcp_core.framing import JSON_LINE_BYTES
from tcp_core.json_codec import JsonCodec, encode_event
from tcp_core.messages import (
    ROOM,
    Bye,
    Command,
    Event,
    History,
    Join,
    Joined,
    Left,
    Members,
    Notice,
    Ping,
    Pong,
    Prompt,
    Refused,
    RefusedError,
    Renamed,
    Reply,
    Said,
    Say,
    Welcome,
)
from tcp_core.peer import Peer
from tcp_core.rendering import Rendering
from tcp_core.session import Session
from tcp_core.text_codec import TextCodec
from tcp_core.watcher import Watcher
from tcp_core.wording import Lang

REPLAY_EVENTS = 100
"""What a browser gets on its first join."""
REPLY_BYTES = 64 * 1024
"""While a peer has more than this in replies to take, its further input waits."""
JOIN_FAILURES = 5
RETRY_SECONDS = 1.0
"""When to try again to store that somebody left."""
CLOSE_STOPPED, CLOSE_TAKEN_OVER, CLOSE_NOT_JOINED, CLOSE_QUIT = 4000, 4502, 4504, 4506
FINAL_REFUSALS = {"http": 4505, "connections": 4503}
"""Refusals that end the connection, with the close code."""

_logger = logging.getLogger("parley.hub")


@dataclass(frozen=True, slots=True)
class HubOptions:
    """What an operator can set."""

    lang: Lang = "ru"
    history_lines: int = 20
    resume_grace_seconds: float = 60.0
    join_timeout_seconds: float = 60.0


class _Pending(NamedTuple):
    """What the next commit decides: an event without seq, or a reply that stands behind the events before it."""

    peer: Peer | None
    session: Session
    what: Event | Reply
    command: Command | None


class Hub:
    """The one owner of the room.

    :param log: used by the hub's thread alone while that runs.
    :param monotonic: seconds, for time limits.
    :param wall_clock: seconds since 1970, for the log.
    """

    def __init__(
        self,
        log: EventLog,
        options: HubOptions,
        monotonic: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._log = log
        self._options = options
        self._monotonic = monotonic
        self._wall_clock = wall_clock
        self._inbox: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        """What is to be called, with its arguments."""
        self._watcher = Watcher(self.writable)
        self._thread = threading.Thread(target=self._run, name="hub")
        self._stop_at: float | None = None

        self._chat = Chat(log.find, self._history)
        self._delivery = Delivery(log, self._watcher.watch, self._queue_turn, monotonic)
        self._json = Rendering(log, encode_event)
        self._text = Rendering(log, TextCodec(options.lang).encode_event)
        self._renderings = (self._json, self._text)
        for rendering in self._renderings:
            self._delivery.add_rendering(rendering)
        self._attached: dict[Session, Peer] = {}
        """Sessions that have a connection now."""
        self._pending: list[_Pending] = []
        self._pending_ids: set[str] = set()
        self._held: dict[Peer, None] = {}
        """Peers of which input waits until they have taken replies."""
        self._joining: Deadlines[Peer] = Deadlines(options.join_timeout_seconds)
        self._detached: Deadlines[Session] = Deadlines(options.resume_grace_seconds)
        self._leaving: Deadlines[Session] = Deadlines(RETRY_SECONDS)
        """Sessions that are gone, but the log could not take it yet."""

    # ----------------------------------- called from any thread; it happens in the hub's

    def connected(self, peer: Peer) -> None:
        """Take in a new connection."""
        self._inbox.put((self._on_connected, peer))

    def received(self, peer: Peer, commands: list[Command]) -> None:
        """Apply what a peer sent. The caller holds the peer's gate; it opens when all is applied."""
        self._inbox.put((self._on_received, peer, commands))

    def answer(self, peer: Peer, data: bytes) -> None:
        """Send a peer bytes that belong to no message (telnet negotiation)."""
        self._inbox.put((self._on_answer, peer, data))

    def ended(self, peer: Peer) -> None:
        """Note that nothing more comes from a peer; its socket is the hub's to close."""
        self._inbox.put((self._on_ended, peer))

    def writable(self, peer: Peer) -> None:
        """Note that a peer's socket takes bytes again."""
        self._inbox.put((self._delivery.writable, peer))

    def start(self) -> None:
        """Start the hub's threads."""
        self._watcher.start()
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Tell everybody, let them take what there is for at most `timeout_seconds`, and end."""
        self._inbox.put((self._on_stop, timeout_seconds))
        self._thread.join()
        self._watcher.stop()

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        self._mark_the_lost()
        for rendering in self._renderings:
            rendering.warm()
        while self._stop_at is None or (self._delivery.peers and self._monotonic() < self._stop_at):
            self._take_inbox()
            self._expire()
            self._settle()
            self._delivery.run()
            self._go_on_with_held()
        for peer in list(self._delivery.peers):
            self._delivery.drop(peer)
            if peer.gate.locked():  # its reader thread waits for input to be applied
                peer.gate.release()

    def _take_inbox(self) -> None:
        try:
            handler, *arguments = self._inbox.get(timeout=self._timeout())
        except Empty:
            return
        handler(*arguments)
        for _ in range(self._inbox.qsize()):
            handler, *arguments = self._inbox.get()
            handler(*arguments)

    def _timeout(self) -> float | None:
        """Return how long the inbox may be waited for, in seconds; None for ever."""
        if self._held:
            return 0.0 if any(self._may_go_on(peer) for peer in self._held) else self._until_next_deadline()
        return self._until_next_deadline()

    def _until_next_deadline(self) -> float | None:
        deadlines = (self._joining, self._detached, self._leaving, self._delivery.lingering)
        due = [at for at in (d.next() for d in deadlines) if at is not None]
        if self._stop_at is not None:
            due.append(self._stop_at)
        return max(0.0, min(due) - self._monotonic()) if due else None

    def _expire(self) -> None:
        now = self._monotonic()
        for peer in self._joining.expired(now):
            seconds = int(self._options.join_timeout_seconds)
            self._reply(peer, Refused("join-timeout", {"seconds": seconds}))
            self._dismiss(peer, CLOSE_NOT_JOINED, "join-timeout")
        for session in [*self._detached.expired(now), *self._leaving.expired(now)]:
            self._leave(None, session, "lost")
        for peer in self._delivery.lingering.expired(now):
            self._delivery.drop(peer)

    def _queue_turn(self, peer: Peer) -> None:
        self._inbox.put((self._delivery.turn, peer))

    # ------------------------------------------------------------ connections

    def _on_connected(self, peer: Peer) -> None:
        self._delivery.peers.add(peer)
        self._joining.add(peer, self._monotonic())
        self._reply(peer, Prompt())
        if self._stop_at is not None:
            self._dismiss(peer, CLOSE_STOPPED, "stopped")

    def _on_received(self, peer: Peer, commands: list[Command]) -> None:
        peer.input = deque(commands)
        self._work(peer)

    def _on_answer(self, peer: Peer, data: bytes) -> None:
        self._delivery.reply(peer, self._log.last, data)

    def _on_ended(self, peer: Peer) -> None:
        self._delivery.reading_ended(peer)
        if not peer.input or peer.broken:
            self._part(peer)

    def _work(self, peer: Peer) -> None:
        """Apply a peer's input, as long as it takes the replies."""
        while peer.input:
            if not self._may_go_on(peer):
                self._held[peer] = None
                return
            command = peer.input.popleft()
            if not peer.closing:
                self._apply(peer, command)
        peer.input = None
        peer.gate.release()
        if peer.eof:
            self._part(peer)

    def _may_go_on(self, peer: Peer) -> bool:
        return peer.cursor.reply_bytes <= REPLY_BYTES or peer.broken

    def _go_on_with_held(self) -> None:
        for peer in [peer for peer in self._held if self._may_go_on(peer)]:
            del self._held[peer]
            self._work(peer)

    def _part(self, peer: Peer) -> None:
        """A connection has ended on its own: a terminal's owner has left, a browser may come back."""
        self._joining.discard(peer)
        session = peer.session
        peer.session = None
        if session is not None and self._attached.get(session) is peer:
            del self._attached[session]
            if session.token and self._options.resume_grace_seconds:
                self._detached.add(session, self._monotonic())
            else:
                self._leave(None, session, "lost")
        if not peer.closing:
            self._delivery.finish(peer, self._log.last)

    def _dismiss(self, peer: Peer, code: int, reason: str) -> None:
        """End a connection from our side, once it has got all there is now."""
        self._joining.discard(peer)
        if peer.session is not None:
            self._attached.pop(peer.session, None)
            peer.session = None
        self._reply(peer, Bye(code, reason))
        self._delivery.finish(peer, self._log.last)

    # --------------------------------------------------------------- commands

    def _apply(self, peer: Peer, command: Command) -> None:
        try:
            if peer.session is None:
                self._before_joining(peer, command)
                return
            if isinstance(command, Say) and command.id in self._pending_ids:
                self._settle()  # its first sending has to be in the log for the second to be found there
            for result in self._chat.decide(peer.session, command):
                self._pend(_Pending(peer, peer.session, result, command))
        except RefusedError as error:
            self._refuse(peer, error.reply(_id(command)))

    def _before_joining(self, peer: Peer, command: Command) -> None:
        match command:
            case Join():
                self._join(peer, command)
            case Ping():
                self._reply(peer, Pong(command.id))
            case Refused():
                self._refuse(peer, command)
            case _:
                raise RefusedError("not-joined")

    def _refuse(self, peer: Peer, refused: Refused) -> None:
        self._reply(peer, refused)
        if refused.code in FINAL_REFUSALS:
            self._dismiss(peer, FINAL_REFUSALS[refused.code], refused.code)
        elif peer.session is None and peer.door == "terminal":
            peer.failures += 1
            if peer.failures < JOIN_FAILURES:
                self._reply(peer, Prompt())
            else:
                self._dismiss(peer, CLOSE_NOT_JOINED, "join-failures")

    def _join(self, peer: Peer, command: Join) -> None:
        if isinstance(peer.codec, JsonCodec):
            peer.codec = JsonCodec(wording.choose(command.lang, self._options.lang))
        session = self._chat.session_of(command.session)
        if session is not None and peer.door == "web":
            self._settle()
            self._resume(peer, session, command)
            return
        nick = self._chat.free_nick(command.nick)
        token = secrets.token_urlsafe(16) if peer.door == "web" else ""
        session = Session(nick, peer.door, peer.address, self._now_ms(), token)
        self._pend(_Pending(peer, session, Joined(nick=nick), command))

    def _resume(self, peer: Peer, session: Session, command: Join) -> None:
        self._detached.discard(session)
        previous = self._attached.get(session)
        if previous is not None:
            self._dismiss(previous, CLOSE_TAKEN_OVER, "taken-over")
        self._attach(peer, session)
        self._welcome(peer, session, command, live=self._log.last, resumed=True)

    def _attach(self, peer: Peer, session: Session) -> None:
        self._joining.discard(peer)
        self._attached[session] = peer
        peer.session = session

    def _enter(self, peer: Peer, session: Session, joined: Event, command: Join) -> None:
        """Let in one whose `Joined` is in the log."""
        self._chat.enter(session)
        self._attach(peer, session)
        live = joined.seq - 1
        wanted = nicknames.enforce(command.nick)
        numbered = Notice("nick-numbered", {"wanted": wanted, "nick": session.nick})
        if peer.door == "web":
            self._welcome(peer, session, command, live, resumed=False)
            if wanted != session.nick:
                self._reply(peer, numbered)
            return
        if wanted != session.nick:
            self._reply(peer, numbered, live)
        if self._options.history_lines:
            messages = self._log.messages_before(joined.seq, self._options.history_lines)
            self._reply(peer, History(ROOM, messages, more=False), live)
        self._delivery.place(peer, self._text, live)

    def _welcome(self, peer: Peer, session: Session, command: Join, live: int, resumed: bool) -> None:
        """Greet a browser, and place its cursor where it left off or some way back."""
        position = max(0, live - REPLAY_EVENTS)
        if command.epoch == self._log.epoch and command.after is not UNSET and command.after <= live:
            position = command.after
        limits = {
            "text_characters": TEXT_CHARACTERS,
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
        self._reply(peer, welcome, position)
        self._reply(peer, Members(ROOM, self._chat.nicks()), position)
        self._delivery.place(peer, self._json, position)

    def _history(self, before: int, limit: int) -> History:
        events = self._log.before(before, limit + 1)
        return History(ROOM, events[-limit:], more=len(events) > limit)

    # ---------------------------------------------------------------- leaving

    def _leave(self, peer: Peer | None, session: Session, reason: str) -> None:
        self._pend(_Pending(peer, session, Left(nick=session.nick, reason=reason), None))

    def _mark_the_lost(self) -> None:
        """Note in the log that those who were here when the last core ended are gone."""
        drafts: list[Event] = [Left(nick=nick, reason="lost") for nick in self._log.present()]
        if drafts:
            self._append_if_possible(drafts)

    def _on_stop(self, timeout_seconds: float) -> None:
        self._settle()
        self._stop_at = self._monotonic() + timeout_seconds
        for peer in list(self._delivery.peers):
            if not peer.closing:
                self._dismiss(peer, CLOSE_STOPPED, "stopped")
        drafts: list[Event] = [Left(nick=nick, reason="stopped") for nick in self._chat.nicks()]
        if drafts:
            self._append_if_possible(drafts)

    def _append_if_possible(self, drafts: list[Event]) -> None:
        try:
            self._append(drafts)
        except NotStoredError as error:
            _logger.error("it could not be stored who has left: %s", error)

    # --------------------------------------------------------------- the log

    def _pend(self, pending: _Pending) -> None:
        """Let the next commit decide; at once for what changes who is here, since the next command depends on it."""
        self._pending.append(pending)
        what = pending.what
        if isinstance(what, Said):
            if what.id is not UNSET:
                self._pending_ids.add(what.id)
        elif isinstance(what, Joined | Left | Renamed):
            self._settle()

    def _settle(self) -> None:
        """Commit what is pending, and take the consequences."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        self._pending_ids.clear()
        drafts = [draft for p in pending if (draft := _draft(p.what)) is not None]
        try:
            events = iter(self._append(drafts))
        except NotStoredError as error:
            _logger.error("%d events could not be stored: %s", len(drafts), error)
            self._not_stored(pending)
            return
        seq = self._log.last - len(drafts)
        for peer, session, what, command in pending:
            if _draft(what) is not None:
                event = next(events)
                seq = event.seq
                if not isinstance(event, Said):
                    self._take_effect(peer, session, event, command)
            elif peer is not None:
                self._reply(peer, what, seq)

    def _append(self, drafts: list[Event]) -> list[Event]:
        events = self._log.append(drafts, self._now_ms()) if drafts else []
        for rendering in self._renderings:
            rendering.extend(events)
        return events

    def _take_effect(self, peer: Peer | None, session: Session, event: Event, command: Command | None) -> None:
        if isinstance(event, Joined):
            assert peer is not None
            assert isinstance(command, Join)
            self._enter(peer, session, event, command)
            return
        self._chat.fold(session, event)
        if isinstance(event, Left) and peer is not None:
            self._dismiss(peer, CLOSE_QUIT, event.reason)

    def _not_stored(self, pending: list[_Pending]) -> None:
        for peer, session, what, command in pending:
            if peer is None:
                self._leaving.add(session, self._monotonic())
            elif _draft(what) is not None:
                self._refuse(peer, Refused("not-stored", {}, _id(command)))
            else:
                self._reply(peer, what)

    def _reply(self, peer: Peer, reply: Event | Reply, after: int | None = None) -> None:
        """Tell one peer something, behind seq `after` or behind everything up to now."""
        encode: Callable[[Any], bytes] = peer.codec.encode_event if isinstance(reply, Said) else peer.codec.encode_reply
        self._delivery.reply(peer, self._log.last if after is None else after, encode(reply))

    def _now_ms(self) -> int:
        return int(self._wall_clock() * 1000)


def _draft(what: Event | Reply) -> Event | None:
    """Return `what` if it is an event that the log has not taken yet."""
    return what if isinstance(what, Said | Joined | Left | Renamed) and not what.seq else None


def _id(command: Command | None) -> str | UnsetType:
    return getattr(command, "id", UNSET)
