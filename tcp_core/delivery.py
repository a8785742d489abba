"""Moves the cursors, and ends connections when their cursor is at its end. Runs in the hub's thread.

Knows nothing about sessions, commands or what events mean.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Collection

from tcp_core.audience import ALONE, Audience, Cohort, Pace
from tcp_core.cursor import Progress
from tcp_core.deadlines import Deadlines, earliest
from tcp_core.event_log import EventLog
from tcp_core.peer import SEND_FLAGS, Peer
from tcp_core.rendering import Rendering, Selection
from tcp_core.tcp import reset_at_close, under_way

FLUSH_SECONDS = 10.0
"""How long a connection that is ending may go without taking anything of what it has coming."""
LINGER_SECONDS = 1.0
"""How long a peer that has got everything may take to close its own side."""


class Delivery:
    """Everything on its way to the clients.

    :param watch: has `writable` called once the peer's socket takes bytes again.
    :param queue_turn: has `turn` called after what else is waiting for the hub.
    :param stuck: called with a peer that is let go because its socket took nothing for `stuck_seconds`.
    :param monotonic: seconds.
    """

    def __init__(
        self,
        log: EventLog,
        watch: Callable[[Peer], None],
        queue_turn: Callable[[Peer], None],
        stuck: Callable[[Peer], None],
        stuck_seconds: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._log = log
        self._watch = watch
        self._queue_turn = queue_turn
        self._tell_stuck = stuck
        self._monotonic = monotonic
        self.peers: set[Peer] = set()
        """All connections that are not closed."""
        self.told: dict[Rendering, int] = {}
        """How many events were handed to sockets, each counted as often as it was."""
        self._audiences: dict[Rendering | Selection, Audience[Peer]] = {}
        self._owed: dict[Peer, None] = {}
        """Who has something to be sent besides new events, or stands somewhere else."""
        self._flushing: Deadlines[Peer] = Deadlines(FLUSH_SECONDS)
        self._lingering: Deadlines[Peer] = Deadlines(LINGER_SECONDS)
        self._stuck: Deadlines[Peer] = Deadlines(stuck_seconds)

    def add_rendering(self, rendering: Rendering, pace: Pace) -> None:
        """Make a rendering known, so that cursors can be placed in it."""
        self._audiences[rendering] = Audience(pace, self._log.last)
        self.told[rendering] = 0

    def place(self, peer: Peer, rendering: Rendering, position: int) -> None:
        """Put the peer's cursor behind seq `position`."""
        peer.cursor.rendering = rendering
        peer.cursor.position = position
        self._owed[peer] = None

    def hide(self, peer: Peer, beginnings: Collection[bytes]) -> None:
        """Let the peer, which has a place, see nothing of what begins so and comes from here on."""
        rendering = peer.cursor.rendering
        if isinstance(rendering, Rendering) and not peer.broken:
            self._set_apart(peer)
            rendering = peer.cursor.rendering = Selection(rendering)
            self._audiences[rendering] = Audience(ALONE, self._log.last)
        if isinstance(rendering, Selection):
            rendering.hide(beginnings, self._log.last)

    def reply(self, peer: Peer, after: int, data: bytes) -> None:
        """Have `data` sent to the peer, behind seq `after`."""
        if data and not peer.broken:
            peer.cursor.reply(after, data)
            self._set_apart(peer)

    def hurry(self, peer: Peer) -> None:
        """Let the peer see what is in the log now, whenever the others do."""
        self._owed[peer] = None

    def finish(self, peer: Peer, end: int) -> None:
        """End the connection once the peer has got everything up to seq `end`, and its replies."""
        peer.closing = True
        peer.cursor.end = end
        self._set_apart(peer)
        self._flushing.add(peer, self._monotonic())

    def next_deadline(self) -> float | None:
        """Return when `expire` has something to do, by the monotonic clock."""
        endings = [deadlines.next() for deadlines in (self._flushing, self._lingering, self._stuck)]
        return earliest([*endings, *(audience.due for audience in self._audiences.values())])

    def expire(self) -> None:
        """Let go of those that take too long to end, or to read."""
        now = self._monotonic()
        for peer in self._flushing.expired(now):
            self.drop(peer)
        for peer in [*self._lingering.expired(now)]:
            if under_way(peer.sock):
                self._lingering.add(peer, now)
            else:
                self.drop(peer)
        for peer in self._stuck.expired(now):
            self._tell_stuck(peer)
            self.drop(peer)

    # ---------------------------------------------------------------- a round

    def run(self) -> None:
        """Send everybody what there is, as far as the sockets take it; new events to the cohort that is due."""
        self._go_on()
        head = self._log.last
        for rendering, audience in list(self._audiences.items()):  # who is dropped takes a selection along
            now = self._monotonic()
            audience.note(head, now)
            if audience.due is not None and audience.due <= now:
                self._tell(audience.next_cohort(now), rendering, head)
        self._go_on()
        for rendering in self._audiences:
            rendering.forget_pieces()

    def _go_on(self) -> None:
        owed, self._owed = self._owed, {}
        for peer in owed:
            self._advance(peer)

    def _tell(self, cohort: Cohort[Peer], rendering: Rendering | Selection, head: int) -> None:
        """Send new events. Nearly all readers stand at the same place and take the same piece, in one send each."""
        readers = list(cohort.readers)
        told = 0
        while readers:
            behind = []
            before = -1
            for peer in readers:
                cursor = peer.cursor
                if cursor.position != before:
                    if cursor.position >= head:
                        continue
                    before = cursor.position
                    piece = rendering.piece(before, head)
                    data, size, last, count = piece.data, len(piece.data), piece.last, len(piece.lines)
                try:
                    sent = peer.raw_send(data, SEND_FLAGS)
                except BlockingIOError:
                    self._block(peer)
                    continue
                except OSError:
                    self.drop(peer)
                    continue
                if sent < size:
                    cursor.sent_part(*piece.cut(sent))
                    told += cursor.position - before
                    self._block(peer)
                    continue
                cursor.position = last
                told += count
                if last == head:
                    continue
                if piece.cold:
                    self._set_apart(peer)
                else:
                    behind.append(peer)
            readers = behind
        self.told[rendering.whole] += told

    def _advance(self, peer: Peer) -> None:
        if peer.blocked or peer.broken or peer.turn_due:
            return
        cursor = peer.cursor
        told = cursor.told
        try:
            progress = cursor.advance(self._log.last, peer.send)
        except OSError:
            self.drop(peer)
            return
        if cursor.rendering is not None:
            self.told[cursor.rendering.whole] += cursor.told - told
        if progress is Progress.BLOCKED:
            self._block(peer)
        elif progress is Progress.MORE:
            peer.turn_due = True
            self._queue_turn(peer)
        elif peer.closing:
            self._hang_up(peer)
        elif peer.apart and peer.cursor.rendering is not None:
            peer.apart = False
            self._audiences[peer.cursor.rendering].add(peer)

    def turn(self, peer: Peer) -> None:
        """Go on with a peer that reads old events."""
        peer.turn_due = False
        self._owed[peer] = None

    def _block(self, peer: Peer) -> None:
        peer.blocked = True
        self._leave_audience(peer)
        self._stuck.add(peer, self._monotonic())
        self._watch(peer)

    def writable(self, peer: Peer) -> None:
        """Go on with a peer that was blocked."""
        peer.blocked = False
        self._stuck.discard(peer)
        if peer.closing:
            self._flushing.add(peer, self._monotonic())
        if peer.broken:
            self._close_if_over(peer)
            return
        self._owed[peer] = None

    def _set_apart(self, peer: Peer) -> None:
        """Let the peer go on by itself, until it stands where the others do and has nothing else to be sent."""
        self._leave_audience(peer)
        self._owed[peer] = None

    def _leave_audience(self, peer: Peer) -> None:
        if not peer.apart and peer.cursor.rendering is not None:
            peer.apart = True
            self._audiences[peer.cursor.rendering].discard(peer)

    # ------------------------------------------------------------- the ending

    def _hang_up(self, peer: Peer) -> None:
        """Close our side, so that the peer sees all and then the end; a plain close could destroy what is under way."""
        if peer.eof:
            self.drop(peer)
            return
        self._leave_audience(peer)
        self._flushing.discard(peer)
        self._lingering.add(peer, self._monotonic())
        with contextlib.suppress(OSError):
            peer.sock.shutdown(socket.SHUT_WR)

    def drop(self, peer: Peer) -> None:
        """End the connection now; whatever was on its way is given up.

        A peer that has not closed its side gets a reset: many an `nc` does not end before that.
        """
        peer.broken = True
        for deadlines in (self._flushing, self._lingering, self._stuck):
            deadlines.discard(peer)
        self._leave_audience(peer)
        if isinstance(peer.cursor.rendering, Selection):
            self._audiences.pop(peer.cursor.rendering, None)
        with contextlib.suppress(OSError):
            if not peer.eof:
                reset_at_close(peer.sock)
            peer.sock.shutdown(socket.SHUT_RDWR)  # wakes its reader thread, and the watcher
        self._close_if_over(peer)

    def reading_ended(self, peer: Peer) -> None:
        """Note that the peer's reader thread is done with the socket."""
        peer.eof = True
        self._owed[peer] = None
        self._close_if_over(peer)

    def _close_if_over(self, peer: Peer) -> None:
        if peer.broken and peer.eof and not peer.blocked and peer in self.peers:
            self.peers.remove(peer)
            peer.sock.close()
