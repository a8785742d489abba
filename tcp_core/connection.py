"""One client's thread: socket -> framing -> codec -> the hub's inbox.

It only reads. It waits while its earlier input is not applied yet (the peer's gate), and sleeps when its client is
faster than its rate allows, so TCP slows the client down and nothing that was sent is dropped. Knows nothing about
chat.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from msgspec import UNSET

from tcp_core import journal
from tcp_core.commands import DEFAULT_LIMITS, InputLimits
from tcp_core.framing import JSON_LINE_BYTES, TEXT_LINE_BYTES, Line, LineFraming, TextFraming
from tcp_core.hub import Hub
from tcp_core.json_codec import JsonCodec
from tcp_core.limits import ConnectionLimits, Rate, ip_of
from tcp_core.messages import (
    Command,
    Door,
    GarbledError,
    GetHistory,
    Join,
    ListMembers,
    ListMessages,
    Ping,
    Quit,
    Refused,
    RefusedError,
    Rename,
)
from tcp_core.peer import Codec, Peer
from tcp_core.proxy_header import ProxyHeader
from tcp_core.text_codec import TextCodec, is_http
from tcp_core.wording import Lang

LEAST_RECEIVE_BYTES, RECEIVE_BYTES = 256, 64 * 1024
"""What is received at once: little from one who types, since the memory for it waits with the thread."""
TURN_BYTES = 4 * 1024
"""So many bytes that ask for nothing count like a line."""
ACT_BYTES = 8
"""A backspace, or a byte of telnet's, takes as long as so many others, or longer."""
MESSAGES_PER_TURN, EVENTS_PER_TURN = 100, 250
"""Reading so many messages from the log, or events for a page, counts like a line."""
PROXY_HEADER_SECONDS = 5.0
HTTP_BYTES = 256
"""By so many at the beginning a browser is known."""
TLS_HANDSHAKE = 0x16
"""What TLS begins with (RFC 8446, section 5.1), and no nick or password does."""
NICK_PAUSE_SECONDS = 0.5
"""How long a nick without a line end has to be followed by silence."""

_COMPUTING = threading.Lock()
"""Held by the one reader that has much to compute. The hub gives up Python's global lock with each send, and then has
to wait for one thread that wants it, not for as many as send much."""
_logger = logging.getLogger("parley.connection")
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """What all connections have in common."""

    lang: Lang
    rate_burst: int
    rate_per_second: float
    page_url: str
    """The web page, for those who come with a browser; {host} stands for the address they came to."""
    gateway_networks: tuple[Network, ...]
    limits: ConnectionLimits
    input_limits: InputLimits = DEFAULT_LIMITS
    line_bytes: int = TEXT_LINE_BYTES
    rate_patience_seconds: float = 0.0
    waited: Callable[[float], object] = bool
    """Told how many seconds a client had to wait for its rate."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a client came by."""

    sock: socket.socket
    """Blocking: the client's, or the plain side of what is TLS further out."""
    address: str
    """The other side's."""
    own_address: str
    """The one it came to."""
    lost: Callable[[], bool] = bool
    """Says, when nothing more can be received, whether that is because the connection broke."""
    over: Callable[[], object] = bool
    """Told when nothing more is received."""
    counted: bool = False
    """It was counted in the limits by address when it was accepted; here it is taken off."""

    @property
    def counted_address(self) -> str | None:
        """From where it was counted when it was accepted."""
        return self.address if self.counted else None


def _computing(size: int) -> AbstractContextManager[object]:
    """Return what is held while so much input is computed; nothing for little, such as what people type."""
    return _COMPUTING if size >= LEAST_RECEIVE_BYTES else contextlib.nullcontext()


class Connection:
    """One client.

    :param door: by which listener it came.
    """

    def __init__(self, link: Link, door: Door, hub: Hub, options: ConnectionOptions) -> None:
        self._link = link
        self._sock = link.sock
        self._door: Door = door
        self._hub = hub
        self._options = options
        self._batch: list[Command] = []
        self._idle_bytes = 0  # received since the last command
        self._receive_bytes = LEAST_RECEIVE_BYTES
        self._rate = Rate(options.rate_burst, options.rate_per_second, options.rate_patience_seconds)
        self._most_bytes = TURN_BYTES if options.rate_per_second else RECEIVE_BYTES

    def run(self) -> None:
        """Serve the client until it is gone. The caller has counted it in the limits; here it is taken off."""
        limits = self._options.limits
        try:
            address, named, first = self._real_address()
        except (OSError, GarbledError):
            self._sock.close()
            limits.leave()
            journal.refused(self._door, self._link.address, "proxy-header")
            return
        began = time.monotonic()
        where = {"door": self._door, "address": address}
        codec_class = TextCodec if self._door == "terminal" else JsonCodec
        codec: Codec = codec_class(self._options.lang, self._options.input_limits)
        self._peer = Peer(self._sock, self._door, address, codec)
        self._hub.connected(self._peer, noted=named)  # (not those who only ask for our health, every few seconds)
        try:
            with limits.counted_from(address) if named and not self._link.counted else contextlib.nullcontext():
                self._read_json(first) if self._door == "web" else self._read_text()
        except RefusedError as error:
            self._submit([error.reply()])
            self._discard_rest()
        except OSError:
            self._peer.lost = True
        finally:
            limits.leave(self._link.counted_address)
            self._share_rate()
            self._peer.lost |= self._link.lost()
            self._hub.ended(self._peer)
            self._link.over()
            if self._hub.over:
                self._sock.close()
            if named:
                _logger.info("connection closed", extra={**where, "seconds": round(time.monotonic() - began, 1)})

    def _real_address(self) -> tuple[str, bool, bytes]:
        """Return the client's address, whether that is known, and what was read behind the header that says it.

        It is not known of a gateway that speaks for itself (PROXY UNKNOWN), as when it asks for our health.
        """
        own = self._link.address
        if self._door == "terminal":
            return own, True, b""
        if not any(ip_of(own) in network for network in self._options.gateway_networks):
            raise GarbledError("proxy-header")
        header = ProxyHeader()
        deadline = time.monotonic() + PROXY_HEADER_SECONDS
        while True:
            self._sock.settimeout(max(0.001, deadline - time.monotonic()))
            data = self._sock.recv(LEAST_RECEIVE_BYTES)
            if not data:
                raise GarbledError("proxy-header")
            if header.feed(data):
                self._sock.settimeout(None)
                return header.address or own, header.address is not None, header.rest

    # ---------------------------------------------------------------- reading

    def _read_json(self, first: bytes) -> None:
        framing = LineFraming(JSON_LINE_BYTES)
        data = first or self._receive()
        while data:
            self._take(self._lines(framing, data))
            data = self._receive()

    def _read_text(self) -> None:
        framing = TextFraming(self._options.line_bytes)
        beginning = b""
        while True:
            if self._may_be_unended_nick(framing) and not self._readable_soon():
                lines = framing.end_line()
            else:
                data = self._receive()
                if not data:
                    break
                if not self._joined:  # a page can put lines into what a browser sends
                    beginning += data[: HTTP_BYTES - len(beginning)]
                    if data[0] == TLS_HANDSHAKE or is_http(beginning):
                        self._submit([Refused("http", {"url": self._page_url()})])
                        self._discard_rest()
                        return
                lines = self._lines(framing, data)
            if not self._joined:
                lines = self._read_nick(lines)
            self._take(lines)
            self._idle_bytes += ACT_BYTES * framing.acts
            framing.acts = 0
            if framing.answer:
                self._hub.answer(self._peer, framing.answer)
                framing.answer = b""
        if framing.partial:  # printf 'ci\nhello' | nc: the last line needs no end
            self._take(self._read_nick(framing.end_line()))

    @staticmethod
    def _lines(framing: LineFraming | TextFraming, data: bytes) -> Iterator[Line]:
        """Return the lines that `data` completes."""
        with _computing(len(data)):
            return iter(list(framing.feed(data)))

    def _may_be_unended_nick(self, framing: TextFraming) -> bool:
        return framing.partial and not framing.typed_by_hand and not self._joined

    def _readable_soon(self) -> bool:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(NICK_PAUSE_SECONDS * 1000))

    @property
    def _joined(self) -> bool:
        return self._peer.session is not None

    def _read_nick(self, lines: Iterator[Line]) -> Iterator[Line]:
        """Take nicks from `lines`, one at a time, until the hub has let one in; return what follows."""
        for line in lines:
            if self._joined:
                yield line
                continue
            self._take(iter((line,)))
            self._wait_until_applied()

    def _page_url(self) -> str:
        host = self._link.own_address
        return self._options.page_url.replace("{host}", f"[{host}]" if ":" in host else host)

    def _discard_rest(self) -> None:
        with contextlib.suppress(OSError):
            while self._sock.recv(RECEIVE_BYTES):
                pass

    # --------------------------------------------------------- handing it over

    def _take(self, lines: Iterator[Line]) -> None:
        """Decode lines and hand them to the hub, as fast as the client's rate allows."""
        peer, batch = self._peer, self._batch
        for line in lines:
            if peer.closing or peer.broken:
                batch.clear()
                return
            with _computing(len(line) if isinstance(line, str) else 0):
                commands = peer.codec.decode(line, self._joined) if isinstance(line, str) else [line.reply()]
            if commands:  # an empty line is nothing, and costs nothing
                self._idle_bytes = 0
                self._wait_for_turn()
                batch += map(self._refused, commands) if self._rate.exhausted(time.monotonic()) else commands
                self._rate.charge(_further_turns(commands[-1]))
                if isinstance(commands[-1], Join) and commands[-1].session:
                    self._flush()
                    self._wait_until_applied()
                    self._share_rate()
        self._flush()

    def _share_rate(self) -> None:
        """Go on at the rate that the session has, if it has one from an earlier connection; or else leave it ours."""
        session = self._peer.session
        if session is not None:
            self._rate = session.rate = session.rate or self._rate

    def _refused(self, command: Command) -> Command:
        """Refuse what one asks who has been too fast for too long."""
        if isinstance(command, Quit | Ping | Refused):
            return command
        limit = f"{self._options.rate_per_second:g}"
        return Refused("rate", {"limit": limit}, getattr(command, "id", UNSET))

    def _wait_for_turn(self) -> None:
        """Wait as long as the client's rate demands; not for one that is gone.

        :raises ConnectionError: it is.
        """
        if not self._options.rate_per_second:
            return
        delay = self._rate.delay(time.monotonic())
        if delay:
            self._flush()
            self._options.waited(delay)
            poll = select.poll()
            poll.register(self._sock, 0)  # errors and the end of both directions are reported without being asked for
            if poll.poll(delay * 1000) or self._peer.broken:
                raise ConnectionError("the client was gone before its turn came")

    def _receive(self) -> bytes:
        """Return what the client sends next, nothing at its end.

        Very many bytes that ask for nothing count like a line, since they take time as well.
        """
        while self._idle_bytes >= TURN_BYTES:
            self._idle_bytes -= TURN_BYTES
            self._wait_for_turn()
        data = self._sock.recv(self._receive_bytes)
        self._idle_bytes += len(data)
        if len(data) == self._receive_bytes:  # there may be more
            self._receive_bytes = min(2 * self._receive_bytes, self._most_bytes)
        else:
            self._receive_bytes = LEAST_RECEIVE_BYTES
        return data

    def _flush(self) -> None:
        if self._batch:
            self._submit(self._batch.copy())
            self._batch.clear()

    def _submit(self, commands: list[Command]) -> None:
        self._peer.gate.acquire()
        self._hub.received(self._peer, commands)

    def _wait_until_applied(self) -> None:
        self._peer.gate.acquire()
        self._peer.gate.release()


def _further_turns(command: Command) -> int:
    """Return as how many further lines a command counts, since it takes the server as long."""
    match command:
        case ListMessages():
            return command.limit // MESSAGES_PER_TURN
        case GetHistory():
            return command.limit // EVENTS_PER_TURN
        case Rename() | ListMembers():
            return 2
    return 0
