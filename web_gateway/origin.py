"""Which pages may open a WebSocket, and under which names the gateway answers.

A browser says which page it is that asks (Origin), and under which name it found the gateway (Host). A page of another
site has another origin. One that had its own name resolve to the gateway's address (DNS rebinding) has not: it is its
Host that is foreign. Knows nothing about chat or sockets.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

_HOST = r"(?P<host>\[[0-9a-f:.]+\]|[^\[\]/?#@:\\\s]+)(?::(?P<port>\d{1,5}))?"
_HOST_HEADER = re.compile(_HOST, re.ASCII)
_ORIGIN = re.compile(rf"(?P<scheme>https?)://{_HOST}", re.ASCII)
_PORTS = {"http": "80", "https": "443"}
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says of where it comes from and goes to."""

    origins: Sequence[str]
    """The Origin header fields: none from what is no browser."""
    hosts: Sequence[str]
    """The Host header fields."""
    scheme: str | None
    """`http` or `https`, as the browser sees it; None if a proxy may be in between that does not tell."""
    cross_site: bool = False
    """Whether the browser itself says that the page is of another site (Sec-Fetch-Site)."""


def scheme_of(secure: bool, forwarded_proto: Sequence[str]) -> str | None:
    """Return the scheme that a browser uses, as far as that is known.

    :param secure: whether the connection itself is of TLS.
    :param forwarded_proto: X-Forwarded-Proto header fields, from a trusted proxy only.
    """
    told = {_SCHEMES.get(part.strip().lower()) for field in forwarded_proto for part in field.split(",")}
    if len(told) == 1:
        return told.pop()
    return "https" if secure and not told else None


def origin_allowed(asked: Asked, allowed: Sequence[str]) -> bool:
    """Say whether a page may chat: one of this origin, or of one that is allowed (RFC 6454, RFC 6455 section 10.2).

    :param allowed: further origins in lower case, such as https://chat.example.org; `*` for all.
    """
    if "*" in allowed:
        return True
    if not asked.origins:
        return not asked.cross_site
    if len(asked.origins) > 1:
        return False
    origin = asked.origins[0].lower()
    if origin in allowed:
        return True
    if asked.cross_site or len(asked.hosts) != 1:
        return False
    page, here = _ORIGIN.fullmatch(origin), _HOST_HEADER.fullmatch(asked.hosts[0].lower())
    if page is None or here is None or page["scheme"] != (asked.scheme or page["scheme"]):
        return False
    default = _PORTS[page["scheme"]]
    return _name(page["host"]) == _name(here["host"]) and (page["port"] or default) == (here["port"] or default)


class AllowedHosts:
    """The names under which the gateway answers.

    :param names: such as chat.example.org, or *.example.org for all below it; none of them: any name.
    :param origins: the allowed origins, whose hosts are allowed as well.
    """

    def __init__(self, names: Iterable[str], origins: Iterable[str]) -> None:
        self._names = {_name(name.lower()) for name in names}
        self._any = not self._names
        here = socket.gethostname().lower()
        short = here.partition(".")[0]
        self._names |= {"localhost", "*.localhost", here, short, f"{short}.local"}
        self._names |= {_name(found["host"]) for found in map(_ORIGIN.fullmatch, origins) if found}

    def __contains__(self, hosts: Sequence[str]) -> bool:
        """Say whether a request with these Host header fields is meant for this gateway."""
        if self._any:
            return True
        found = _HOST_HEADER.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        if found is None:
            return False
        name = _name(found["host"])
        parents = name.split(".")[1:]
        return (
            name in self._names
            or _is_address(name)  # no name, so nobody can have made it resolve to somewhere else
            or any(f"*.{'.'.join(parents[n:])}" in self._names for n in range(len(parents)))
        )


def _name(host: str) -> str:
    """Return a host in the one form that it is compared in."""
    if host.startswith("["):
        try:
            return str(ip_address(host.strip("[]")))
        except ValueError:
            return host
    return host.removesuffix(".")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
