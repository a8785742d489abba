"""Those who come to do harm: about two thousand connections at once, in one loop of a process of its own.

`python -m tests.soak.strangers TEXT JSON WEB` (ports) attacks until its standard input ends, and then says in JSON how
many connections of each kind it has opened, and how many there were in the end. A connection that is closed is renewed,
whoever closed it. Knows nothing about what the server makes of it.
"""

from __future__ import annotations

import contextlib
import errno
import heapq
import json
import os
import random
import resource
import select
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from tests.soak.websocket import raw_frame, request

TICK_SECONDS = 0.01
MOST_CONNECTS = 8
"""In a tick, so 800 a second."""
NICENESS = 5
RENEWAL_SECONDS = 0.5
TEXT, JSON, WEB = range(3)
_RESET = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds
_HELLO = bytes.fromhex("1603010200010001fc0303") + bytes(32) + b"\x20" + bytes(300)
_GET = b"GET / HTTP/1.1\r\nHost: chat\r\nUser-Agent: x\r\n\r\n"
_POST = b"POST / HTTP/1.1\r\nHost: chat\r\nContent-Length: 30\r\n\r\n/nick Mallory\nI speak by POST\n"
_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_JOIN = b'{"type":"join","nick":"%s"}\n'


@dataclass(frozen=True)
class Kind:
    """What many of them do.

    `{n}` in what is sent becomes three letters, others each time.
    """

    name: str
    count: int
    door: int
    first: bytes = b""
    """Sent at once."""
    then: bytes = b""
    """Sent again and again."""
    every: float = 0.1
    """Seconds between two times."""
    lasts: float = 1e9
    """Seconds after which it closes."""
    reset: bool = False
    """It closes by a reset."""
    reads: bool = True
    half: bool = False
    """It closes its sending side after `first`."""
    network: str = "127.1.0"
    addresses: int = 40
    """So many addresses of the network share the work."""


def _ws(opcode: int, payload: bytes, final: bool = True) -> bytes:
    return raw_frame(opcode, payload, final)


def _lines(line: bytes) -> bytes:
    return line * (8192 // len(line))


_WS_JOIN = _ws(1, b'{"type":"join","nick":"w{n}","lang":"en"}')
KINDS = (
    Kind("silent", 650, TEXT),
    Kind("slow loris", 150, TEXT, b"a", b"b", 1.0),
    Kind("slow loris TLS", 50, TEXT, _HELLO[:5], b"\0", 1.0),
    Kind("line without end", 60, TEXT, b"x" * 8192, b"x" * 8192),
    Kind("come and go", 60, TEXT, lasts=0),
    Kind("come and reset", 60, TEXT, lasts=0, reset=True),
    Kind("TLS", 40, TEXT, _HELLO, lasts=3),
    Kind("garbage", 30, TEXT, random.Random(1).randbytes(2000), random.Random(2).randbytes(2000)),
    Kind("GET", 30, TEXT, _GET),
    Kind("POST", 30, TEXT, _POST, b"more of the body\n", 0.5),
    Kind("forged PROXY", 30, TEXT, b"PROXY TCP4 127.0.1.1 127.0.0.1 1 2\r\nforger{n}\nforged\n", lasts=10),
    Kind("messages", 30, TEXT, b"talker{n}\n", _lines(b"A message from a stranger, who has much to say\n"), lasts=15),
    Kind("joins", 30, TEXT, b"guest{n}\n", lasts=1, reset=True),
    Kind("nicks", 20, TEXT, b"r{n}\n", _lines(b"/nickname renamed{n}\n"), lasts=20),
    Kind("who", 20, TEXT, b"who{n}\n", _lines(b"/who\n"), lasts=20),
    Kind("history", 20, TEXT, b"history{n}\n", _lines(b"/history 1000\n"), lasts=20),
    Kind("commands", 20, TEXT, b"command{n}\n", _lines(b"/no-such-thing\n"), lasts=20),
    Kind("telnet", 20, TEXT, b"", bytes((255, 253, 1, 255, 251, 3, 255, 250, 31, 255)) * 800),
    Kind("backspaces", 20, TEXT, b"", b"ab\x08\x08\x08\x7f" * 1300),
    Kind("NULs", 20, TEXT, b"", bytes(8192)),
    Kind("reads nothing", 40, TEXT, b"deaf{n}\n", _lines(b"/history 1000\n"), reads=False),
    Kind("half open", 40, TEXT, half=True),
    Kind("half open, in", 20, TEXT, b"half{n}", half=True),
    Kind("crowd", 120, TEXT, b"", network="127.1.1", addresses=1),
    Kind("web silent", 120, WEB),
    Kind("web header", 100, WEB, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ", b"a", 1.0),
    Kind("web TLS", 40, WEB, _HELLO, lasts=3),
    Kind("web come and go", 60, WEB, lasts=0),
    Kind("web come and reset", 60, WEB, lasts=0, reset=True),
    Kind("web GET", 40, WEB, _GET, _GET * 4, 0.5),
    Kind("web POST", 30, WEB, _POST, _POST, 0.5),
    Kind("web body", 20, WEB, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n", bytes(8192)),
    Kind("ws silent", 40, WEB, b"{ws}"),
    Kind("ws huge", 20, WEB, b"{ws}" + _ws(1, b"x" * 120_000), _ws(1, b"x" * 120_000), 0.5),
    Kind("ws too large", 10, WEB, b"{ws}\x81\xff" + (1 << 40).to_bytes(8, "big") + bytes(4), bytes(8192)),
    Kind("ws fragments", 20, WEB, b"{ws}" + _ws(1, b"{", final=False), _ws(0, b"", final=False) * 1300),
    Kind("ws pings", 30, WEB, b"{ws}", _ws(9, b"") * 1300),
    Kind("ws pings, deaf", 10, WEB, b"{ws}", _ws(9, b"p" * 100) * 80, reads=False),
    Kind("ws wrong", 20, WEB, b"{ws}" + _ws(3, b"what")),
    Kind("ws joins", 20, WEB, b"{ws}" + _WS_JOIN, _WS_JOIN * 100, lasts=20),
    Kind("ws new joins", 20, WEB, b"{ws}" + _WS_JOIN, lasts=1, reset=True),
    Kind("ws binary", 10, WEB, b"{ws}" + _ws(2, b"binary")),
    Kind("ws unmasked", 10, WEB, b"{ws}\x81\x05hello"),
    Kind("ws talks", 20, WEB, b"{ws}" + _WS_JOIN, _ws(1, b'{"type":"input","text":"spam"}') * 200, lasts=20),
    Kind("ws reads nothing", 20, WEB, b"{ws}" + _WS_JOIN, reads=False),
    Kind("json garbage", 30, JSON, b"{}\n[]\n" * 100, network="127.0.9"),
    Kind("json long", 20, JSON, b"PROXY TCP4 " + b"1" * 200, network="127.0.9"),
    Kind("json v2", 20, JSON, _V2 + b"\x21\x11\xff\xff" + bytes(500), network="127.0.9"),
    Kind("json v2 lies", 20, JSON, _V2 + b"\x21\x21\x00\x0c" + bytes(12), network="127.0.9"),
    Kind("json silent", 20, JSON, b"PROXY", network="127.0.9"),
    Kind("json flood", 10, JSON, b"PROXY UNKNOWN\r\n", b'{"type":"ping"}\n' * 500, network="127.0.9"),
    Kind("json stranger", 40, JSON, b"PROXY TCP4 127.0.1.1 127.0.0.1 1 2\r\n" + _JOIN % b"spy{n}"),
)


def _three_letters(number: int) -> bytes:
    return bytes(97 + number // 26**place % 26 for place in range(3))


class Stranger:
    """One connection after the other."""

    def __init__(self, kind: Kind, source: str) -> None:
        self.kind = kind
        self.source = source
        self.sock: socket.socket | None = None
        self.rest = b""
        self.ends = 0.0
        self.generation = 0


class Strangers:
    """All of them.

    :param ports: of the text door, the JSON door and the web.
    """

    def __init__(self, ports: tuple[int, int, int]) -> None:
        self._ports = ports
        self._epoll = select.epoll()
        self._by_file: dict[int, Stranger] = {}
        self._order = count()
        self._due: list[tuple[float, int, int, Stranger]] = []
        self._numbers = count()
        self.opened: Counter[str] = Counter()
        self.sent = 0
        self.most = 0
        now = time.monotonic()
        strangers = [
            Stranger(kind, f"{kind.network}.{1 + n % kind.addresses}") for kind in KINDS for n in range(kind.count)
        ]
        random.Random(1).shuffle(strangers)
        for stranger in strangers:
            self._at(now, stranger)

    def __len__(self) -> int:
        return len(self._by_file)

    def run_until(self, over: Callable[[], bool]) -> None:
        """Attack."""
        while not over():
            until = time.monotonic() + TICK_SECONDS
            connects = MOST_CONNECTS
            while self._due and self._due[0][0] <= until and connects:
                _, _, generation, stranger = heapq.heappop(self._due)
                if generation == stranger.generation:
                    connects -= self._act(stranger, until)
            self.most = max(self.most, len(self._by_file))
            while (left := until - time.monotonic()) > 0:
                for file, _ in self._epoll.poll(left, 256):
                    self._take(self._by_file[file])

    def close(self) -> None:
        """Be gone."""
        for stranger in list(self._by_file.values()):
            assert stranger.sock is not None
            stranger.sock.close()

    def _at(self, when: float, stranger: Stranger) -> None:
        heapq.heappush(self._due, (when, next(self._order), stranger.generation, stranger))

    def _act(self, stranger: Stranger, now: float) -> bool:
        """Do what is next; return whether that was to connect."""
        kind = stranger.kind
        if stranger.sock is None:
            self._connect(stranger, now)
            return True
        if now >= stranger.ends:
            if kind.reset:
                stranger.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._lost(stranger)
            return False
        if not stranger.rest and kind.then:
            stranger.rest = self._filled(kind.then)
        self._send(stranger)
        if stranger.sock is not None:
            self._at(min(now + kind.every, stranger.ends) if kind.then else stranger.ends, stranger)
        return False

    def _connect(self, stranger: Stranger, now: float) -> None:
        kind = stranger.kind
        sock = stranger.sock = socket.socket()
        if not kind.reads:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((stranger.source, 0))
        sock.setblocking(False)
        self.opened[kind.name] += 1
        self._by_file[sock.fileno()] = stranger
        self._epoll.register(sock, select.EPOLLIN if kind.reads else 0)
        result = sock.connect_ex(("127.0.0.1", self._ports[kind.door]))
        if result not in (0, errno.EINPROGRESS):
            self._lost(stranger)
            return
        stranger.ends = now + kind.lasts * random.uniform(0.7, 1.3)
        stranger.rest = self._filled(kind.first)
        self._send(stranger)
        if kind.half and stranger.sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
        if stranger.sock is not None:
            self._at(min(now + kind.every * random.uniform(0.5, 1.5), stranger.ends) if kind.then else stranger.ends,
                     stranger)  # fmt: skip

    def _filled(self, data: bytes) -> bytes:
        if b"{" not in data:
            return data
        data = data.replace(b"{ws}", request(self._ports[WEB]))
        while b"{n}" in data[:4096]:
            data = data.replace(b"{n}", _three_letters(next(self._numbers)), 1)
        return data

    def _send(self, stranger: Stranger) -> None:
        assert stranger.sock is not None
        if not stranger.rest:
            return
        try:
            sent = stranger.sock.send(stranger.rest)
        except BlockingIOError:
            return
        except OSError:
            self._lost(stranger)
            return
        self.sent += sent
        stranger.rest = stranger.rest[sent:]

    def _take(self, stranger: Stranger) -> None:
        if stranger.sock is None:
            return
        with contextlib.suppress(OSError):
            if stranger.kind.reads and stranger.sock.recv(65536):
                return
        self._lost(stranger)

    def _lost(self, stranger: Stranger) -> None:
        """Close it, and come again soon."""
        assert stranger.sock is not None
        del self._by_file[stranger.sock.fileno()]
        stranger.sock.close()
        stranger.sock = None
        stranger.rest = b""
        stranger.generation += 1
        self._at(time.monotonic() + RENEWAL_SECONDS * random.uniform(0.5, 1.5), stranger)


def main() -> None:
    """Attack until standard input ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.nice(NICENESS)
    text, door, web = map(int, sys.argv[1:])
    strangers = Strangers((text, door, web))
    begin = time.monotonic()
    strangers.run_until(lambda: bool(select.select([sys.stdin], [], [], 0)[0]))
    seconds = time.monotonic() - begin
    here = len(strangers)
    strangers.close()
    report = {"opened": strangers.opened, "sent": strangers.sent, "most": strangers.most, "here": here,
              "seconds": seconds, "cpu": time.process_time()}  # fmt: skip
    print(json.dumps(report))


if __name__ == "__main__":
    main()
