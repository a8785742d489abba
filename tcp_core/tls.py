"""TLS in front of the text door: one thread pumps between TLS connections and socketpairs.

The other end of a socketpair is served like any connection, so reader threads and hub see plain bytes. It is a loop of
its own because asyncio's TLS drops what is written after the client's end, which is all that `printf … | ncat --ssl`
is to see. Knows nothing about lines, chat or who serves the plain side.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from tcp_core import journal
from tcp_core.certificate import Certificate
from tcp_core.deadlines import Deadlines, earliest
from tcp_core.pump import TURN_PIECES, End, Pump, Stage
from tcp_core.tcp import reset_at_close, under_way

HELLO_SECONDS = 3.0
"""How long a client may stay silent before it is told that this is a TLS door."""
HANDSHAKE_SECONDS = 10.0
FLUSH_SECONDS = 10.0
"""How long a connection that is ending may go without taking anything of what it has coming."""
LINGER_SECONDS = 1.0
"""How long a client that has got everything may take to close its own side."""
PAIR_BYTES = 64 * 1024
"""What the system holds between the pump and the plain side, in either direction."""
_HANDSHAKE_RECORD = b"\x16"
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

_logger = logging.getLogger("parley.tls")


class TlsDoor:
    """The thread that pumps.

    :param plain_line: returns, for our host and port, the line for those who come without TLS.
    :param failed: called in the thread when that ends by an error of ours.
    """

    def __init__(
        self, certificate: Certificate, plain_line: Callable[[str, int], bytes], failed: Callable[[], None]
    ) -> None:
        self._certificate = certificate
        self._plain_line = plain_line
        self._failed = failed
        self.plain_clients = 0
        """How many came without TLS."""
        self._pumps: set[Pump] = set()
        self._ready: dict[Pump, None] = {}
        self._hello: Deadlines[Pump] = Deadlines(HELLO_SECONDS)
        self._handshake: Deadlines[Pump] = Deadlines(HANDSHAKE_SECONDS)
        self._flushing: Deadlines[Pump] = Deadlines(FLUSH_SECONDS)
        self._lingering: Deadlines[Pump] = Deadlines(LINGER_SECONDS)
        self._stop_at: float | None = None
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._asked: deque[Callable[[], None]] = deque()
        self._selector.register(self._wake_out, _READ)
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)

    def __len__(self) -> int:
        return len(self._pumps)

    # ------------------------------------------------------ called from any thread

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def take(self, sock: socket.socket, address: str) -> tuple[socket.socket, Pump]:
        """Take an accepted socket; return the plain side, blocking, and what pumps.

        :param address: the client's, for the log.
        :raises OSError: there are no descriptors left; the socket stays the caller's.
        """
        near, far = socket.socketpair()
        for end in (near, far):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PAIR_BYTES // 2)  # the system doubles it
        pump = Pump(sock, far, address)
        self._ask(partial(self._begin, pump))
        return near, pump

    def served(self, pump: Pump) -> None:
        """Note that nobody reads the plain side any more; what it has sent is still for the client."""
        self._ask(partial(self._end_soon, pump))

    def stop(self, timeout_seconds: float) -> None:
        """Let clients take what there is for at most `timeout_seconds`, and end."""
        self._ask(partial(self._stop_within, timeout_seconds))
        self._thread.join()
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    def _ask(self, what: Callable[[], None]) -> None:
        self._asked.append(what)
        with contextlib.suppress(OSError):  # enough wake-ups are on their way, or the thread has ended
            self._wake_in.send(b"\0")

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:  # whatever it is: a door that nobody keeps must not seem open
            _logger.critical("TLS has failed", exc_info=error)
            self._failed()

    def _serve(self) -> None:
        while self._stop_at is None or (self._pumps and time.monotonic() < self._stop_at):
            for key, _ in self._selector.select(self._timeout()):
                if key.data is None:
                    self._wake_out.recv(4096)
                else:
                    self._ready[key.data] = None
            while self._asked:
                self._asked.popleft()()
            ready, self._ready = self._ready, {}
            for pump in ready:
                self._go_on(pump)
            self._expire()
        for pump in list(self._pumps):
            self._close(pump, reset=True)

    def _timeout(self) -> float | None:
        if self._ready:
            return 0.0
        timed = (self._hello, self._handshake, self._flushing, self._lingering)
        due = earliest([self._stop_at, *(deadlines.next() for deadlines in timed)])
        return None if due is None else max(0.0, due - time.monotonic())

    def _begin(self, pump: Pump) -> None:
        now = time.monotonic()
        self._pumps.add(pump)
        self._hello.add(pump, now)
        self._handshake.add(pump, now)
        self._ready[pump] = None

    def _end_soon(self, pump: Pump) -> None:
        pump.ending = True
        if pump in self._pumps and pump.stage is Stage.OPEN:
            self._flushing.add(pump, time.monotonic())

    def _stop_within(self, timeout_seconds: float) -> None:
        self._stop_at = time.monotonic() + timeout_seconds

    def _expire(self) -> None:
        now = time.monotonic()
        for pump in self._hello.expired(now):
            self._turn_away(pump)
        for deadlines in (self._handshake, self._flushing):
            for pump in deadlines.expired(now):
                self._close(pump, reset=True)
        for pump in [*self._lingering.expired(now)]:
            if under_way(pump.outer.sock):
                self._lingering.add(pump, now)
            else:
                self._close(pump, reset=True)

    def _go_on(self, pump: Pump) -> None:
        """Do for a pump what can be done now, and have the selector wait for the rest."""
        if pump not in self._pumps:
            return
        pump.outer.wanted = pump.inner.wanted = 0
        try:
            self._advance(pump)
            self._watch(pump)
        except Exception:  # an error of ours shall cost its victim the connection, not everybody theirs
            _logger.exception("a TLS connection has failed", extra={"address": pump.address})
            self._close(pump, reset=True)

    def _advance(self, pump: Pump) -> None:
        if pump.stage is Stage.HELLO:
            self._look(pump)
        if pump.stage is Stage.HANDSHAKE:
            self._shake_hands(pump)
        if pump.stage is Stage.OPEN:
            self._move(pump)
        if pump.stage is Stage.CLOSING and pump.say_end():
            self._linger(pump)
        if pump.stage is Stage.LINGER and pump.client_ended():
            self._close(pump)

    def _look(self, pump: Pump) -> None:
        """See by the first byte whether this client speaks TLS."""
        try:
            first = pump.outer.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            pump.outer.wanted = _READ
            return
        except OSError:
            self._close(pump)
            return
        if first != _HANDSHAKE_RECORD:
            self._turn_away(pump)
            return
        self._hello.discard(pump)
        self._forget(pump.outer)
        try:
            pump.outer.sock = self._certificate.wrap(pump.outer.sock)
        except OSError:  # it is gone already
            self._close(pump)
            return
        pump.stage = Stage.HANDSHAKE

    def _turn_away(self, pump: Pump) -> None:
        """Say in plain that this is a TLS door."""
        self.plain_clients += 1
        journal.refused("terminal", pump.address, "tls")
        with contextlib.suppress(OSError):
            pump.outer.sock.send(self._plain_line(*pump.outer.sock.getsockname()[:2]))
        self._linger(pump)
        self._watch(pump)

    def _shake_hands(self, pump: Pump) -> None:
        try:
            done = pump.shake_hands()
        except OSError as error:
            problem = getattr(error, "reason", None) or error.strerror
            _logger.info("no TLS handshake", extra={"problem": problem, "address": pump.address})
            self._linger(pump)
            return
        if done:
            self._handshake.discard(pump)
            pump.stage = Stage.OPEN
            if pump.ending:
                self._flushing.add(pump, time.monotonic())

    def _move(self, pump: Pump) -> None:
        moved_out = False
        for _ in range(TURN_PIECES):
            moved_in, moved = pump.move_in(), pump.stage is Stage.OPEN and pump.move_out()
            moved_out |= moved
            if not moved_in and not moved:
                break
        else:
            self._ready[pump] = None
        if pump.stage is Stage.CLOSING or (pump.ending and moved_out):
            self._flushing.add(pump, time.monotonic())

    def _linger(self, pump: Pump) -> None:
        """Close our side, and let the client see all and then the end."""
        self._forget_times(pump)
        self._forget(pump.inner)
        pump.inner.sock.close()
        pump.stage = Stage.LINGER
        pump.outer.wanted = _READ
        self._lingering.add(pump, time.monotonic())
        with contextlib.suppress(OSError):
            pump.outer.sock.shutdown(socket.SHUT_WR)

    def _close(self, pump: Pump, reset: bool = False) -> None:
        """End both sides now."""
        self._pumps.discard(pump)
        self._forget_times(pump)
        if reset:
            pump.lost = True
            with contextlib.suppress(OSError):
                reset_at_close(pump.outer.sock)
        for end in (pump.outer, pump.inner):
            self._forget(end)
            end.sock.close()

    def _forget_times(self, pump: Pump) -> None:
        for deadlines in (self._hello, self._handshake, self._flushing, self._lingering):
            deadlines.discard(pump)

    def _watch(self, pump: Pump) -> None:
        for end in (pump.outer, pump.inner):
            if end.wanted == end.known:
                continue
            if not end.known:
                self._selector.register(end.sock, end.wanted, pump)
            elif end.wanted:
                self._selector.modify(end.sock, end.wanted, pump)
            else:
                self._selector.unregister(end.sock)
            end.known = end.wanted

    def _forget(self, end: End) -> None:
        end.wanted = 0
        if end.known:
            self._selector.unregister(end.sock)
            end.known = 0
