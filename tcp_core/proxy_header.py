"""The PROXY protocol header, with which the gateway says whose connection it is.

Source: haproxy.org, "The PROXY protocol", versions 1 and 2. Takes bytes as they come; knows nothing about sockets or
who may send such a header.
"""

from __future__ import annotations

import struct

from proxyprotocol import ProxyProtocolSyntaxError
from proxyprotocol.result import ProxyResult, is_ipv4, is_ipv6
from proxyprotocol.v1 import ProxyProtocolV1
from proxyprotocol.v2 import ProxyProtocolV2

from tcp_core.limits import ip_of
from tcp_core.messages import GarbledError

V1_BYTES = 107  # the specification's longest
V2_BYTES = 16 + 512
_V1_START = b"PROXY "
_V2_START = b"\r\n\r\n\x00\r\nQUIT\n"


class ProxyHeader:
    """Reads one header at the start of a connection."""

    def __init__(self) -> None:
        self._data = b""
        self.address: str | None = None
        """The client's address; None if the header does not say (UNKNOWN, LOCAL)."""
        self.rest = b""
        """What came behind the header."""

    def feed(self, data: bytes) -> bool:
        """Take in bytes; return whether the header is complete.

        :raises GarbledError: this is no header.
        """
        self._data += data
        end = self._end()
        if end is None or len(self._data) < end:
            return False
        self.rest = self._data[end:]
        self.address = self._parse(self._data[:end])
        return True

    def _end(self) -> int | None:
        """Return how long the header is, or None if that can't be known yet."""
        data = self._data
        if data.startswith(_V2_START[: len(data)]):
            if len(data) < 16:
                return None
            end = 16 + int.from_bytes(data[14:16])
            if end > V2_BYTES:
                raise GarbledError("proxy-header")
            return end
        if data.startswith(_V1_START[: len(data)]):
            end = data.find(b"\r\n", 0, V1_BYTES)
            if end < 0:
                if len(data) >= V1_BYTES:
                    raise GarbledError("proxy-header")
                return None
            return end + 2
        raise GarbledError("proxy-header")

    @staticmethod
    def _parse(header: bytes) -> str | None:
        version = ProxyProtocolV2() if header.startswith(_V2_START) else ProxyProtocolV1()
        try:
            result: ProxyResult = version.unpack(header)
        except (ProxyProtocolSyntaxError, ValueError, struct.error) as error:
            raise GarbledError("proxy-header") from error
        if not (is_ipv4(result) or is_ipv6(result)):
            return None
        address = result.source[0]
        if getattr(address, "scope_id", None):  # it may be any text, and would get into our log
            raise GarbledError("proxy-header")
        return str(ip_of(str(address)))
