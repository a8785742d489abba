"""How many connections there may be, and how fast a client may type. Knows nothing about sockets."""

from __future__ import annotations

import ipaddress
import math
import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Generic, TypeVar

from tcp_core.messages import RefusedError

_TIDY_ENTRIES = 1024


class ConnectionLimits:
    """Counts connections, in all and for each address (IPv6: each /64, since that is what one customer gets).

    With a lock, since connections come and go in threads of their own.

    :param total: the most there may be, 0 for no limit.
    :param per_address: the most from one address, 0 for no limit.
    """

    def __init__(self, total: int, per_address: int) -> None:
        self._total = total
        self._per_address = per_address
        self._count = 0
        self._by_address: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self, address: str | None = None) -> None:
        """Count a connection, and from where it is if that is known already.

        :raises RefusedError: `connections`; it was not counted.
        """
        with self._lock:
            if self._total and self._count >= self._total:
                raise RefusedError("connections", limit=self._total, scope="all")
            if address is not None:
                self._count_from(network_of(address))
            self._count += 1

    def leave(self, address: str | None = None) -> None:
        """Take back one `enter`."""
        with self._lock:
            self._count -= 1
        if address is not None:
            self.leave_from(address)

    def enter_from(self, address: str) -> None:
        """Count a connection from `address`.

        :raises RefusedError: `connections`; it was not counted.
        """
        with self._lock:
            self._count_from(network_of(address))

    def _count_from(self, network: str) -> None:
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


def ip_of(address: str) -> IPv4Address | IPv6Address:
    """Return the IP address that is written as `address`, an IPv4 address that IPv6 carries as what it is."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return getattr(ip, "ipv4_mapped", None) or ip


@lru_cache(maxsize=16384)
def network_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    ip = ip_of(address)
    return str(ip) if ip.version == 4 else str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))


K = TypeVar("K", bound=Hashable)


class Allowance(Generic[K]):
    """Lets each of many do something `burst` times at once, and then once every `seconds`. Used by one thread.

    :param burst: 0 for no limit.
    """

    def __init__(self, burst: int, seconds: float) -> None:
        self._burst = burst
        self._seconds = seconds
        self._theoretical: dict[K, float] = {}  # for each, when the next time would be due at an even pace
        self._tidy_at = _TIDY_ENTRIES

    def wait_seconds(self, key: K, now: float) -> int:
        """Return how long `key` has to wait for its next time, in whole seconds; 0 if it need not."""
        if not self._burst:
            return 0
        due = self._theoretical.get(key, now) - self._seconds * (self._burst - 1)
        return max(0, math.ceil(due - now))

    def count(self, key: K, now: float) -> None:
        """Count one time."""
        self._theoretical[key] = max(self._theoretical.get(key, now), now) + self._seconds
        if len(self._theoretical) >= self._tidy_at:  # those whose time has passed are as good as new
            self._theoretical = {key: at for key, at in self._theoretical.items() if at > now}
            self._tidy_at = max(_TIDY_ENTRIES, 2 * len(self._theoretical))


class Rate:
    """Lets `burst` lines through at once and then `per_second`, by delay (generic cell rate algorithm, ITU-T I.371).

    Used by one thread.

    :param patience_seconds: who has been made to wait again and again for so long is refused; 0: never.
    """

    __slots__ = ("_interval", "_patience", "_slack", "_theoretical", "_waiting_since")

    def __init__(self, burst: int, per_second: float, patience_seconds: float = 0.0) -> None:
        self._patience = patience_seconds
        self._waiting_since: float | None = None  # when it was first made to wait, of the times without a break
        self._interval = 1 / per_second if per_second else 0.0
        self._slack = self._interval * max(0, burst - 1)
        self._theoretical = 0.0  # when the next line would be due at an even pace

    def delay(self, now: float) -> float:
        """Count a line at `now` (seconds), and return how long it has to wait, in seconds."""
        due = max(self._theoretical, now)
        self._theoretical = due + self._interval
        delay = max(0.0, due - self._slack - now)
        if not delay:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        return delay

    def charge(self, lines: int) -> None:
        """Count more lines, which the next ones have to wait for."""
        self._theoretical += lines * self._interval

    def exhausted(self, now: float) -> bool:
        """Whether the patience with one who does not slow down is over at `now` (seconds)."""
        return bool(self._patience and self._waiting_since is not None and now - self._waiting_since > self._patience)
