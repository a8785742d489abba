"""Whose connection it is, also behind reverse proxies, and which pages may open one.

Knows nothing about chat or sockets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Sequence[Network]) -> str:
    """Return the address of the client itself.

    X-Forwarded-For is read from right to left, as far as the proxies that wrote it are trusted: the first address
    that is not one of theirs is the client's.

    :param peer: the address the connection came from.
    :param forwarded_for: the X-Forwarded-For header fields, in order.
    :param trusted: networks of the reverse proxies.
    """
    address = _address(peer)
    hops = [hop.strip() for field in forwarded_for for hop in field.split(",")]
    while hops and any(address in network for network in trusted):
        try:
            address = _address(hops.pop())
        except ValueError:  # a trusted proxy would not write this, so it is where trust ends
            break
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text.strip("[]").partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def origin_allowed(origin: str | None, host: str, allowed: Sequence[str]) -> bool:
    """Say whether a page of `origin` may chat (RFC 6454, RFC 6455 section 10.2).

    :param origin: the Origin header; None from what is no browser.
    :param host: the Host header.
    :param allowed: further origins, such as https://chat.example.org; `*` for all.
    """
    if origin is None or "*" in allowed or origin.lower() in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()
