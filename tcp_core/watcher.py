"""The small thread that waits for sockets which take no more, and says when they do again.

Knows nothing about what is sent.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable

from tcp_core.peer import Peer


class Watcher:
    """Waits for peers to become writable.

    :param writable: called in this thread, once for each `watch`.
    """

    def __init__(self, writable: Callable[[Peer], None]) -> None:
        self._writable = writable
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._asked: deque[Peer | None] = deque()  # None: stop
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def watch(self, peer: Peer) -> None:
        """Say once when `peer` is writable, or broken; its socket stays open until then."""
        self._ask(peer)

    def stop(self) -> None:
        """End the thread, and wait for that."""
        self._ask(None)
        self._thread.join()
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    def _ask(self, peer: Peer | None) -> None:
        self._asked.append(peer)
        with contextlib.suppress(BlockingIOError):  # enough wake-ups are on their way
            self._wake_in.send(b"\0")

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._selector.unregister(key.fileobj)
                    self._writable(key.data)
                elif not self._take_asked():
                    return

    def _take_asked(self) -> bool:
        self._wake_out.recv(4096)
        while self._asked:
            peer = self._asked.popleft()
            if peer is None:
                return False
            self._selector.register(peer.sock, selectors.EVENT_WRITE, peer)
        return True
