"""Whose connection it is behind reverse proxies, and which pages may open one."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from web_gateway.client_address import client_address, origin_allowed

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # not a proxy of ours: whatever it claims
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9", "10.0.0.2"], "203.0.113.9"),  # two fields are one list
        ("10.0.0.1", ["1.2.3.4, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),  # the first is forged
        ("10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::1"),
        ("fd00::1", ["203.0.113.9"], "203.0.113.9"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("fe80::1%eth0", [], "fe80::1"),
    ],
)
def test_client_address(peer: str, forwarded_for: list[str], expected: str) -> None:
    assert client_address(peer, forwarded_for, PROXIES) == expected


def test_nobody_is_trusted_by_default() -> None:
    assert client_address("127.0.0.1", ["203.0.113.9"], ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "expected"),
    [
        (None, "chat.example", (), True),
        ("https://chat.example", "chat.example", (), True),
        ("http://chat.example:8080", "chat.example:8080", (), True),
        ("http://Chat.Example:8080", "chat.example:8080", (), True),
        ("http://[::1]:8080", "[::1]:8080", (), True),
        ("https://evil.example", "chat.example", (), False),
        ("http://chat.example:81", "chat.example:8080", (), False),
        ("https://chat.example.evil.example", "chat.example", (), False),
        ("https://evil.example/chat.example", "chat.example", (), False),
        ("https://chat.example@evil.example", "chat.example", (), False),
        ("null", "chat.example", (), False),
        ("", "chat.example", (), False),
        ("file://", "", (), False),
        ("https://other.example", "chat.example", ("https://other.example",), True),
        ("HTTPS://Other.Example", "chat.example", ("https://other.example",), True),
        ("http://other.example", "chat.example", ("https://other.example",), False),
        ("https://anything.example", "chat.example", ("*",), True),
    ],
)
def test_origin_allowed(origin: str | None, host: str, allowed: tuple[str, ...], expected: bool) -> None:
    assert origin_allowed(origin, host, allowed) is expected
