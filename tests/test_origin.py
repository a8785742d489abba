"""Which pages may open a WebSocket, and under which names the gateway answers."""

from __future__ import annotations

import pytest

from web_gateway.origin import AllowedHosts, Asked, origin_allowed, scheme_of


def asked(origin: str | None, host: str, scheme: str | None = None, cross_site: bool = False) -> Asked:
    return Asked(() if origin is None else (origin,), (host,), scheme, cross_site)


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "expected"),
    [
        (None, "chat.example", (), True),
        ("https://chat.example", "chat.example", (), True),
        ("http://chat.example:8080", "chat.example:8080", (), True),
        ("http://Chat.Example:8080", "chat.example:8080", (), True),
        ("http://chat.example:8080", "CHAT.example:8080", (), True),
        ("http://[::1]:8080", "[::1]:8080", (), True),
        ("http://[::1]:8080", "[0:0:0:0:0:0:0:1]:8080", (), True),
        ("http://chat.example.:8080", "chat.example:8080", (), True),
        ("http://chat.example", "chat.example:80", (), True),
        ("http://chat.example:80", "chat.example", (), True),
        ("https://chat.example", "chat.example:443", (), True),
        ("https://chat.example:443", "chat.example", (), True),
        ("http://chat.example", "chat.example:443", (), False),
        ("https://chat.example", "chat.example:80", (), False),
        ("http://chat.example:443", "chat.example", (), False),
        ("https://evil.example", "chat.example", (), False),
        ("http://chat.example:81", "chat.example:8080", (), False),
        ("http://chat.example:8080", "chat.example", (), False),
        ("https://chat.example.evil.example", "chat.example", (), False),
        ("https://evilchat.example", "chat.example", (), False),
        ("https://evil.example/chat.example", "chat.example", (), False),
        ("https://chat.example@evil.example", "chat.example", (), False),
        ("https://evil.example@chat.example", "chat.example", (), False),
        ("https://chat.example/", "chat.example", (), False),
        ("https://chat.example#", "chat.example", (), False),
        ("https://chat.example\\@evil.example", "chat.example", (), False),
        ("https://chat.example https://evil.example", "chat.example", (), False),
        ("https://evil.example, https://chat.example", "chat.example", (), False),
        ("https://chat.example:", "chat.example", (), False),
        ("https://[::1", "[::1", (), False),
        ("http://[::1]", "[::2]", (), False),
        ("http://[::zz]", "[::1]", (), False),
        ("http://127.0.0.2:8080", "127.0.0.1:8080", (), False),
        ("http://localhost:8080", "127.0.0.1:8080", (), False),
        ("ftp://chat.example", "chat.example", (), False),
        ("ws://chat.example", "chat.example", (), False),
        ("null", "chat.example", (), False),
        ("null", "null", (), False),
        ("", "chat.example", (), False),
        ("", "", (), False),
        ("http://", "", (), False),
        ("file://", "", (), False),
        ("https://other.example", "chat.example", ("https://other.example",), True),
        ("HTTPS://Other.Example", "chat.example", ("https://other.example",), True),
        ("http://other.example", "chat.example", ("https://other.example",), False),
        ("https://anything.example", "chat.example", ("*",), True),
    ],
)
def test_origin_allowed(origin: str | None, host: str, allowed: tuple[str, ...], expected: bool) -> None:
    assert origin_allowed(asked(origin, host), allowed) is expected


@pytest.mark.parametrize(
    ("origin", "scheme", "expected"),
    [
        ("http://chat.example", "https", False),  # whoever is in the wire can write such a page
        ("http://chat.example:443", "https", False),
        ("https://chat.example", "https", True),
        ("https://chat.example", "http", False),
        ("http://chat.example", "http", True),
    ],
)
def test_a_scheme_that_is_known_counts(origin: str, scheme: str, expected: bool) -> None:
    assert origin_allowed(asked(origin, "chat.example", scheme), ()) is expected


def test_more_than_one_header_is_none_that_can_be_believed() -> None:
    twice = ("https://chat.example", "https://chat.example")
    assert not origin_allowed(Asked(twice, ("chat.example",), None), ())
    assert not origin_allowed(Asked(twice, ("chat.example",), None), ("https://chat.example",))
    assert not origin_allowed(Asked(twice[:1], ("chat.example", "chat.example"), None), ())
    assert not origin_allowed(Asked(twice[:1], (), None), ())


def test_what_the_browser_says_of_the_site_is_believed() -> None:
    assert not origin_allowed(asked("https://chat.example", "chat.example", cross_site=True), ())
    assert not origin_allowed(asked(None, "chat.example", cross_site=True), ())
    listed = asked("https://other.example", "chat.example", cross_site=True)
    assert origin_allowed(listed, ("https://other.example",))
    assert origin_allowed(listed, ("*",))


@pytest.mark.parametrize(
    ("secure", "told", "expected"),
    [
        (False, [], None),  # a proxy that does not tell may be in between
        (True, [], "https"),
        (False, ["https"], "https"),
        (False, ["HTTPS"], "https"),
        (False, ["wss"], "https"),
        (False, ["ws"], "http"),
        (True, ["http"], "http"),
        (False, ["https, https"], "https"),
        (False, ["https", "http"], None),
        (False, ["https, http"], None),
        (True, ["gopher"], None),
    ],
)
def test_scheme_of(secure: bool, told: list[str], expected: str | None) -> None:
    assert scheme_of(secure, told) == expected


@pytest.fixture(autouse=True)
def this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Box.lan")


@pytest.mark.parametrize("host", ["anything.example", "evil.example:8080", "", "a b", "127.0.0.1"])
def test_without_a_list_any_name_will_do(host: str) -> None:
    assert [host] in AllowedHosts((), ())
    assert [] in AllowedHosts((), ())


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("chat.example", True),
        ("CHAT.example:8080", True),
        ("chat.example.", True),
        ("chat.example.:8080", True),
        ("a.school.example", True),
        ("a.b.school.example:1", True),
        ("school.example", False),
        ("other.example", True),
        ("127.0.0.1:8080", True),
        ("192.168.1.5", True),
        ("[::1]:8080", True),
        ("localhost:8080", True),
        ("parley.localhost", True),
        ("box.lan:8080", True),
        ("box:8080", True),
        ("box.local", True),
        ("evil.example", False),
        ("chat.example.evil.example", False),
        ("evilchat.example", False),
        ("x.chat.example", False),
        ("chat.example@evil.example", False),
        ("chat.example:80:80", False),
        ("chat.example/", False),
        ("127.0.0.1.evil.example", False),
        ("[::1].evil.example", False),
        ("evil.local", False),
        ("", False),
        (".", False),
    ],
)
def test_a_list_is_kept_to(host: str, expected: bool) -> None:
    hosts = AllowedHosts(("Chat.example", "*.school.example"), ("https://other.example:8443",))
    assert ([host] in hosts) is expected


def test_with_a_list_there_is_one_host_header() -> None:
    hosts = AllowedHosts(("chat.example",), ())
    assert [] not in hosts
    assert ["chat.example", "evil.example"] not in hosts
    assert ["chat.example", "chat.example"] not in hosts
