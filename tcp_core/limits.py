"""How many connections there may be, and how fast a client may type. Knows nothing about sockets."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tcp_core.messages import RefusedError


class ConnectionLimits:
    """Counts connections, in all and for each address (IPv6: each /64, since that is what one customer gets).

    The one lock of the program: connections come and go in threads of their own.

    :param total: the most there may be, 0 for no limit.
    :param per_address: the most from one address, 0 for no limit.
    """

    def __init__(self, total: int, per_address: int) -> None:
        self._total = total
        self._per_address = per_address
        self._count = 0
        self._by_address: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self) -> None:
        """Count a connection.

        :raises RefusedError: `connections`; it was not counted.
        """
        with self._lock:
            if self._total and self._count >= self._total:
                raise RefusedError("connections", limit=self._total, scope="all")
            self._count += 1

    def leave(self) -> None:
        """Take back one `enter`."""
        with self._lock:
            self._count -= 1

    def enter_from(self, address: str) -> None:
        """Count a connection from `address`.

        :raises RefusedError: `connections`; it was not counted.
        """
        network = network_of(address)
        with self._lock:
            if self._per_address and self._by_address[network] >= self._per_address:
                raise RefusedError("connections", limit=self._per_address, scope="address")
            self._by_address[network] += 1

    @contextmanager
    def counted_from(self, address: str) -> Iterator[None]:
        """Count a connection from `address` while the context lasts.

        :raises RefusedError: `connections`; it is one too many.
        """
        self.enter_from(address)
        try:
            yield
        finally:
            self.leave_from(address)

    def leave_from(self, address: str) -> None:
        """Take back one `enter_from`."""
        network = network_of(address)
        with self._lock:
            self._by_address[network] -= 1
            if not self._by_address[network]:
                del self._by_address[network]


def network_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    ip = ipaddress.IPv6Address(address)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))


class Rate:
    """Lets `burst` lines through at once and then `per_second`, by delay (generic cell rate algorithm, ITU-T I.371).

    Used by one thread.
    """

    __slots__ = ("_interval", "_slack", "_theoretical")

    def __init__(self, burst: int, per_second: float) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._slack = self._interval * max(0, burst - 1)
        self._theoretical = 0.0  # when the next line would be due at an even pace

    def delay(self, now: float) -> float:
        """Count a line at `now` (seconds), and return how long it has to wait, in seconds."""
        due = max(self._theoretical, now)
        self._theoretical = due + self._interval
        return max(0.0, due - self._slack - now)
