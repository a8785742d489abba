"""Whose connection it is, also behind reverse proxies. Knows nothing about chat or sockets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HOP = re.compile(r"\[(?P<bracketed>[^\[\]]+)\](?::\d+)?|(?P<v4>[\d.]+)(?::\d+)?|(?P<v6>[^\[\]]+)", re.ASCII)
"""An address as proxies write it: bare, in brackets, with a port."""


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Sequence[Network]) -> str:
    """Return the address of the client itself.

    X-Forwarded-For is read from right to left, as far as the proxies that wrote it are trusted: the first address
    that is not one of theirs is the client's. What is no address ends the trust, too.

    :param peer: the address the connection came from.
    :param forwarded_for: the X-Forwarded-For header fields, in order.
    :param trusted: networks of the reverse proxies.
    """
    address = address_of(peer)
    hops = [hop.strip() for field in forwarded_for for hop in field.split(",")]
    while is_trusted(address, trusted) and hops:
        hop = hops.pop()
        if not hop:  # an empty element of a list is none (RFC 9110, section 5.6.1.2)
            continue
        try:
            address = _address_of_hop(hop)
        except ValueError:  # a trusted proxy would not write this, so it is where trust ends
            break
    return str(address)


def is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    """Say whether an address is that of a reverse proxy."""
    return any(address in network for network in trusted)


def address_of(text: str) -> Address:
    """Return an address as a socket tells it; an IPv4 address that is mapped into IPv6 is that IPv4 address.

    :raises ValueError: it is none.
    """
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _address_of_hop(text: str) -> Address:
    found = _HOP.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return address_of(found["bracketed"] or found["v4"] or found["v6"])
