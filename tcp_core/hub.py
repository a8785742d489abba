"""The thread that owns the chat, the log and delivery; so the program has no lock around its state.

Reader threads put what came into the inbox. A round takes what is there, applies it, commits the events of the whole
batch in one transaction, and moves the cursors. Under load rounds take longer, batches grow, and the cost of a message
falls. Knows nothing about bytes, framing or listeners.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from tcp_core.admission import Admission
from tcp_core.chat import Chat
from tcp_core.deadlines import earliest
from tcp_core.delivery import Delivery
from tcp_core.event_log import EventLog, UnreadableError
from tcp_core.figures import Figures
from tcp_core.inbox import Inbox
from tcp_core.ledger import Ledger, Pending
from tcp_core.messages import (
    ROOM,
    Command,
    Elevate,
    Event,
    History,
    Ignore,
    Join,
    Joined,
    Left,
    Moderate,
    Notice,
    Ping,
    Quit,
    Refused,
    RefusedError,
    Renamed,
    Reply,
    Say,
)
from tcp_core.moderation import Moderation
from tcp_core.peer import Peer
from tcp_core.pruning import Pruning
from tcp_core.reception import CLOSE_FAILED, CLOSE_STOPPED, Reception, ReceptionOptions
from tcp_core.register import Register
from tcp_core.session import Session
from tcp_core.speech import Speech
from tcp_core.watcher import Watcher

LATER_SECONDS = 0.003
"""What a round may spend on what can wait; more if its delivery takes longer than that."""
_AT_ONCE = Say | Ping | Quit | Notice | Refused
"""What is applied at once; anything else costs as much as many messages, so it can wait."""
_logger = logging.getLogger("parley.hub")


@dataclass(frozen=True, slots=True)
class HubOptions(ReceptionOptions):
    """What an operator can set; 0 turns a limit off."""

    stuck_seconds: float = 300.0
    retention_days: float = 0.0
    retention_bytes: int = 0
    reply_bytes: int = 64 * 1024
    """While a peer has more than this in replies to take, its further input waits."""


class Hub:
    """The one owner of the room.

    :param log: used by the hub's thread alone while that runs, as is `register`.
    :param monotonic: seconds, for time limits.
    :param wall_clock: seconds since 1970, for the log.
    :param failed: called in the hub's thread when that ends by an error of ours.
    """

    def __init__(
        self,
        log: EventLog,
        register: Register,
        options: HubOptions,
        monotonic: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._log = log
        self._monotonic = monotonic
        self._wall_clock = wall_clock
        self._inbox = Inbox(monotonic)
        self._delivery_seconds = 0.0
        """How long the last delivery took."""
        self._thread = threading.Thread(target=self._run, name="hub")
        self.over = False
        """The hub has ended; what is handed to it now is not heard."""
        self._stop_at: float | None = None
        self._pruning = Pruning(log, options.retention_days, options.retention_bytes, monotonic, self._now_ms)
        self._options = options
        self._failed = failed
        self._held: dict[Peer, None] = {}
        """Peers of which input waits until they have taken replies."""

        self._watcher = Watcher(self.writable)
        self._chat = Chat(log.find, self._history, self._messages, Speech(register, self._now_ms))
        self._delivery = Delivery(
            log, self._watcher.watch, self._queue_turn, self._on_stuck, options.stuck_seconds, monotonic
        )
        self._ledger = Ledger(log, self._delivery, options.lang, self._now_ms, self._take_effect, self._not_stored)
        admission = Admission(
            register, options.password, options.joins_per_minute, options.sessions_per_address, monotonic
        )
        self._reception = Reception(
            self._chat, log, self._ledger, self._delivery, admission, self._elevate, options, monotonic
        )
        self._moderation = Moderation(
            self._chat, register, self._reception, options.operator_password, log, monotonic, self._now_ms
        )
        self.figures = Figures(log, self._chat, self._delivery, self._ledger)

    # ----------------------------------- called from any thread; it happens in the hub's

    def connected(self, peer: Peer, noted: bool = True) -> None:
        """Take in a new connection, and note in the log of the program that it was opened (`noted`)."""
        self._inbox.put(self._on_connected, peer, noted)

    def received(self, peer: Peer, commands: list[Command]) -> None:
        """Apply what a peer sent. The caller holds the peer's gate; it opens when all is applied."""
        self._inbox.put(self._on_received, peer, commands, self._monotonic())

    def answer(self, peer: Peer, data: bytes) -> None:
        """Send a peer bytes that belong to no message (telnet negotiation)."""
        self._inbox.put(self._on_answer, peer, data)

    def ended(self, peer: Peer) -> None:
        """Note that nothing more comes from a peer; its socket is the hub's to close."""
        self._inbox.put(self._on_ended, peer)

    def writable(self, peer: Peer) -> None:
        """Note that a peer's socket takes bytes again."""
        self._inbox.put(self._delivery.writable, peer)

    def start(self) -> None:
        """Start the hub's threads."""
        self._watcher.start()
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Tell everybody, let them take what there is for at most `timeout_seconds`, and end."""
        self._inbox.put(self._on_stop, timeout_seconds)
        self._thread.join()
        self._watcher.stop()

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # whatever it is: a room without its hub must not seem alive
            _logger.critical("the hub has failed", exc_info=error)
            self._failed()

    def _serve(self) -> None:
        self._reception.restore()
        while self._stop_at is None or (self._delivery.peers and self._monotonic() < self._stop_at):
            self._take_inbox()
            self._go_on_with_held()
            self._pruning.go_on()
            self._reception.expire()
            self._delivery.expire()
            self._ledger.settle()
            begin = self._monotonic()
            self._delivery.run()
            self._delivery_seconds = self._monotonic() - begin
            self.figures.round_ends(self._monotonic())
        self.over = True
        for peer in [*self._delivery.peers, *self._unheard()]:  # whoever has not gone by now
            self._delivery.drop(peer)
            peer.sock.close()
            if peer.gate.locked():  # its reader thread waits for input to be applied
                peer.gate.release()

    def _unheard(self) -> set[Peer]:
        """Return the peers of what has come into the inbox too late."""
        return {
            argument for _, *arguments in self._inbox.rest() for argument in arguments if isinstance(argument, Peer)
        }

    def _take_inbox(self) -> None:
        self._inbox.wait(self._timeout())
        self.figures.round_begins(self._monotonic())
        for handler, *arguments in self._inbox.take(max(LATER_SECONDS, self._delivery_seconds)):
            handler(*arguments)

    def _timeout(self) -> float | None:
        """Return how long the inbox may be waited for, in seconds; None for ever."""
        if any(map(self._takes_replies, self._held)):
            return 0.0
        mine = (self._stop_at, self._pruning.due)
        due = earliest((self._reception.next_deadline(), self._delivery.next_deadline(), *mine))
        return None if due is None else max(0.0, due - self._monotonic())

    def _on_stuck(self, peer: Peer) -> None:
        _logger.info("reads nothing, and is let go", extra={"door": peer.door, "address": peer.address})
        self._reception.part(peer, "timeout")

    def _queue_turn(self, peer: Peer) -> None:
        self._inbox.put(self._delivery.turn, peer)

    def _on_stop(self, timeout_seconds: float) -> None:
        self._ledger.settle()
        self._stop_at = self._monotonic() + timeout_seconds
        self._reception.dismiss_all(list(self._delivery.peers))

    # ------------------------------------------------------------ connections

    def _on_connected(self, peer: Peer, noted: bool) -> None:
        if noted:  # here, since a client's thread would keep the stack that this takes
            _logger.info("connection opened", extra={"door": peer.door, "address": peer.address})
        self._delivery.peers.add(peer)
        self._reception.entrance.greet(peer)
        if self._stop_at is not None:
            self._reception.dismiss(peer, CLOSE_STOPPED, "stopped")

    def _on_received(self, peer: Peer, commands: list[Command], at: float) -> None:
        self.figures.handed_over(at)
        peer.input = deque(commands)
        self._work(peer)

    def _on_answer(self, peer: Peer, data: bytes) -> None:
        self._delivery.reply(peer, self._log.last, data)

    def _on_ended(self, peer: Peer) -> None:
        self._delivery.reading_ended(peer)
        if not peer.input or peer.broken:
            self._reception.part(peer)

    def _work(self, peer: Peer, at_once: bool = False) -> None:
        """Apply a peer's input, as long as it takes the replies.

        :param at_once: the first command has waited already.
        """
        while peer.input:
            if not self._takes_replies(peer):
                self._held[peer] = None
                return
            if not (at_once or peer.closing or isinstance(peer.input[0], _AT_ONCE)) and peer.session is not None:
                self._inbox.put_off(self._work, peer, True)
                return
            at_once = False
            command = peer.input.popleft()
            if not peer.closing:
                self._apply(peer, command)
        peer.input = None
        peer.gate.release()
        if peer.eof:
            self._reception.part(peer)

    def _takes_replies(self, peer: Peer) -> bool:
        return peer.cursor.reply_bytes <= self._options.reply_bytes or peer.broken

    def _go_on_with_held(self) -> None:
        for peer in [peer for peer in self._held if self._takes_replies(peer)]:
            del self._held[peer]
            self._work(peer)

    # --------------------------------------------------------------- commands

    def _apply(self, peer: Peer, command: Command) -> None:
        session = peer.session
        try:
            if session is None:
                self._reception.entrance.apply(peer, command)
                return
            if isinstance(command, Say) and command.id is not UNSET and self._ledger.holds_id(command.id):
                self._ledger.settle()  # its first sending has to be in the log for the second to be found there
            for result in self._decide(session, command):
                self._ledger.pend(Pending(peer, session, result, command))
            if isinstance(command, Ignore):
                self._reception.show_ignored(session)
        except RefusedError as error:
            self._refuse(peer, error.reply(_id(command)))
        except UnreadableError as error:
            _logger.error("the log can't be read", extra={"problem": str(error)})
            self._refuse(peer, Refused("not-readable", {}, _id(command)))
        except Exception:  # an error of ours shall cost its victim the connection, not everybody the room
            _logger.exception("a command could not be applied", extra={"address": peer.address})
            self._reception.part(peer, "lost")
            self._reception.dismiss(peer, CLOSE_FAILED, "failed")

    def _decide(self, session: Session, command: Command) -> Iterator[Event | Reply]:
        if not isinstance(command, Elevate | Moderate):
            return self._chat.decide(session, command)
        self._ledger.settle()  # moderation concerns what has happened
        return self._moderation.decide(session, command)

    def _elevate(self, command: Elevate, nick: str, address: str) -> None:
        self._moderation.elevate(command, nick, address)

    def _refuse(self, peer: Peer, refused: Refused) -> None:
        self._ledger.settle()  # the refusal stands behind what was said before
        self._reception.entrance.refuse(peer, refused)

    def _take_effect(self, pending: Pending, event: Event) -> None:
        peer, session, _, command = pending
        if isinstance(event, Joined):
            assert peer is not None
            assert isinstance(command, Join)
            self._reception.enter(peer, session, event, command)
            self._show_ignored(self._chat.ignores.appeared(session, event.nick))
        elif isinstance(event, Left):
            self._reception.left(peer, session, event)
            self._moderation.targets.gave_up(session.nick, session)
            self._show_ignored(self._chat.ignores.left(session))
        else:
            self._chat.fold(session, event)
            if isinstance(event, Renamed):
                self._moderation.targets.gave_up(event.nick, session)
                self._show_ignored(self._chat.ignores.appeared(session, event.new_nick, event.nick))

    def _show_ignored(self, sessions: Iterable[Session]) -> None:
        for session in sessions:
            self._reception.show_ignored(session)

    def _not_stored(self, pending: Pending) -> None:
        peer, session, what, command = pending
        if isinstance(what, Left):
            self._reception.left_unstored(peer, session)
        elif peer is not None:
            self._reception.entrance.refuse(peer, Refused("not-stored", {}, _id(command)))

    def _now_ms(self) -> int:
        return int(self._wall_clock() * 1000)

    def _messages(self, limit: int) -> History:
        return History(ROOM, self._log.messages_before(self._log.last + 1, limit), more=False)

    def _history(self, before: int, limit: int) -> History:
        events = self._log.before(before, limit + 1)
        return History(ROOM, events[-limit:], more=len(events) > limit)


def _id(command: Command | None) -> str | UnsetType:
    return getattr(command, "id", UNSET)
