"""The PROXY protocol header, in both versions and any number of pieces."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core.messages import GarbledError
from tcp_core.proxy_header import V1_BYTES, V2_BYTES, ProxyHeader
from tests.hypothesis_profile import PURE

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
UNSPECIFIED, TCP4, TCP6, UNIX = 0x00, 0x11, 0x21, 0x31


def v2(command: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


def addresses(source: str, target: str) -> bytes:
    return ip_address(source).packed + ip_address(target).packed + struct.pack("!HH", 40000, 9998)


TLV = b"\x04\x00\x03abc"
V4 = addresses("192.0.2.7", "127.0.0.1")
V6 = addresses("2001:db8::7", "::1")

HEADERS = (
    (b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 9998\r\n", "192.0.2.7"),
    (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
    (b"PROXY TCP6 2001:db8::7 ::1 40000 9998\r\n", "2001:db8::7"),
    (
        b"PROXY TCP6 " + b" ".join([b"ffff:f...f:ffff".replace(b"f...f", b"ffff:ffff:ffff:ffff:ffff:ffff")] * 2)
        + b" 65535 65535\r\n",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 40000 9998\r\n", "192.0.2.7"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN " + b"x" * (V1_BYTES - 16) + b"\r\n", None),
    (v2(PROXY, TCP4, V4), "192.0.2.7"),
    (v2(PROXY, TCP6, V6), "2001:db8::7"),
    (v2(PROXY, TCP4, V4 + TLV), "192.0.2.7"),
    (v2(LOCAL, UNSPECIFIED, b""), None),
    (v2(LOCAL, UNSPECIFIED, TLV), None),
    (v2(LOCAL, TCP4, V4), None),
    (v2(PROXY, UNSPECIFIED, b""), None),
    (v2(PROXY, UNIX, b"/a".ljust(108, b"\0") + b"/b".ljust(108, b"\0")), None),
)  # fmt: skip

NOT_HEADERS = (
    b'{"type":"join","nick":"Ann"}\n',
    b"Alex\n",
    b"GET / HTTP/1.1\r\n",
    b"\n",
    b"\r\n\r\n\0\r\nQUIX\n",
    b"proxy TCP4 192.0.2.7 127.0.0.1 40000 9998\r\n",
    b"PROXY\r\n",
    b"PROXY \r\n",
    b"PROXY TCP4\r\n",
    b"PROXY TCP5 192.0.2.7 127.0.0.1 40000 9998\r\n",
    b"PROXY TCP4 192.0.2.7 127.0.0.1 40000\r\n",
    b"PROXY TCP4 nobody 127.0.0.1 40000 9998\r\n",
    b"PROXY TCP4 192.0.2.300 127.0.0.1 40000 9998\r\n",
    b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 99999\r\n",
    b"PROXY TCP4 2001:db8::7 ::1 40000 9998\r\n",
    b"PROXY TCP6 192.0.2.7 127.0.0.1 40000 9998\r\n",
    b"PROXY TCP6 fe80::1%\x1b[2J ::1 40000 9998\r\n",
    b"PROXY TCP4 \xff\xfe 127.0.0.1 40000 9998\r\n",
    b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 9998".ljust(V1_BYTES, b" "),
    b"PROXY UNKNOWN " + b"x" * V1_BYTES + b"\r\n",
    v2(0x11, TCP4, V4),  # version 1 in the binary form
    v2(0x22, TCP4, V4),  # no such command
    v2(PROXY, TCP4, V4[:-1]),
    v2(PROXY, TCP6, V4),
    v2(PROXY, TCP4, V4)[:14] + b"\xff\xff" + V4,
    v2(PROXY, TCP4, V4 + b"\0" * V2_BYTES),
)


@pytest.mark.parametrize(("data", "address"), HEADERS)
def test_a_header_tells_the_address(data: bytes, address: str | None) -> None:
    header = ProxyHeader()
    assert header.feed(data)
    assert (header.address, header.rest) == (address, b"")


@pytest.mark.parametrize(("data", "address"), HEADERS)
@pytest.mark.parametrize("behind", [b"", b'{"type":"ping"}\n', b"PROXY UNKNOWN\r\n", b"\r\n"])
def test_a_header_may_come_byte_by_byte_and_with_more_behind_it(
    data: bytes, address: str | None, behind: bytes
) -> None:
    header = ProxyHeader()
    for i in range(len(data) - 1):
        assert not header.feed(data[i : i + 1])
        assert (header.address, header.rest) == (None, b"")
    assert header.feed(data[-1:] + behind)
    assert (header.address, header.rest) == (address, behind)


@pytest.mark.parametrize("data", NOT_HEADERS)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(GarbledError, match="proxy-header"):
        ProxyHeader().feed(data)
    with pytest.raises(GarbledError, match="proxy-header"):
        _ = [header.feed(data[i : i + 1]) for header in [ProxyHeader()] for i in range(len(data))]


@pytest.mark.parametrize("data", [b"{", b"PROX{", b"PROXY\r", SIGNATURE[:5] + b"x"])
def test_it_is_refused_at_the_first_wrong_byte(data: bytes) -> None:
    header = ProxyHeader()
    assert data[:-1] == b"" or not header.feed(data[:-1])
    with pytest.raises(GarbledError):
        header.feed(data[-1:])


def test_the_limits_are_those_of_the_specification() -> None:
    assert (V1_BYTES, V2_BYTES) == (107, 16 + 512)


def test_no_more_than_a_header_is_ever_waited_for() -> None:
    for start in (b"PROXY UNKNOWN ", v2(PROXY, TCP4, V4 + b"\0" * 500)[:16]):
        header = ProxyHeader()
        header.feed(start)
        fed = len(start)
        while fed < 1000:
            fed += 1
            try:
                if header.feed(b"\x00"):
                    break
            except GarbledError:
                break
        assert fed <= V2_BYTES


@PURE
@given(
    st.sampled_from(
        [
            b"",
            b"PROXY ",
            b"PROXY TCP4 ",
            b"PROXY TCP6 ",
            SIGNATURE,
            SIGNATURE + b"\x21\x11\x00",
            SIGNATURE + b"\x21\x21\x00",
        ]
    ),
    st.one_of(st.binary(max_size=80), st.from_regex(rb"[0-9a-f:. ]{0,40}\r\n", fullmatch=True)),
)
def test_any_bytes_are_a_header_or_refused(start: bytes, rest: bytes) -> None:
    header = ProxyHeader()
    try:
        complete = header.feed(start + rest)
    except GarbledError:
        return
    if complete and header.address is not None:
        assert ip_address(header.address)
