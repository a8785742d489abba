"""How many connections there may be, in all and from one address. Knows nothing about sockets or what they carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_network

from web_gateway.client_address import Network, address_of

IN_ALL, PER_ADDRESS = "max-http-connections", "http-connections-per-address"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a connection is not taken."""

    reason: str
    """The limit's name, that of its option."""
    text: str
    """The same for people."""


class ConnectionLimits:
    """Counts the connections that there are.

    :param in_all: how many there may be; 0: no limit.
    :param per_address: how many from one address, or from one /64 of IPv6; 0: no limit.
    :param uncounted: networks of reverse proxies, from which `per_address` counts nothing.
    """

    def __init__(self, in_all: int, per_address: int, uncounted: Sequence[Network]) -> None:
        self._in_all = in_all
        self._per_address = per_address
        self._uncounted = uncounted
        self._connections: Counter[Network] = Counter()
        self.count = 0

    def admit(self, peer: str) -> Refusal | None:
        """Count a connection from `peer` in, or say why not."""
        if self._in_all and self.count >= self._in_all:
            return Refusal(IN_ALL, f"There are {self._in_all} connections already (--{IN_ALL}); try again later.")
        origin = self._origin(peer)
        if origin is not None:
            if self._connections[origin] >= self._per_address:
                return Refusal(
                    PER_ADDRESS,
                    f"There are {self._per_address} connections from your address already (--{PER_ADDRESS}).",
                )
            self._connections[origin] += 1
        self.count += 1
        return None

    def leave(self, peer: str) -> None:
        """Count a connection out that was admitted."""
        self.count -= 1
        origin = self._origin(peer)
        if origin is not None:
            self._connections[origin] -= 1
            if not self._connections[origin]:
                del self._connections[origin]

    def _origin(self, peer: str) -> Network | None:
        """Return what is counted as one address; None: not counted."""
        address = address_of(peer)
        if not self._per_address or any(address in network for network in self._uncounted):
            return None
        network = ip_network(address)
        return network.supernet(new_prefix=64) if isinstance(network, IPv6Network) else network
