"""The listeners: accepting, refusing what is too much, and stopping in order.

Knows nothing about what connections carry.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

from tcp_core import __version__, journal
from tcp_core.certificate import Certificate, CertificateError
from tcp_core.connection import Connection, ConnectionOptions, Link, Network
from tcp_core.event_log import Durability, EventLog
from tcp_core.framing import TEXT_LINE_BYTES
from tcp_core.hub import Hub, HubOptions
from tcp_core.json_codec import JsonCodec
from tcp_core.limits import ConnectionLimits
from tcp_core.messages import Bye, Door, Refused, RefusedError
from tcp_core.metrics import Listener, Metrics
from tcp_core.register import Register, RegisterUnusableError
from tcp_core.tcp import tune
from tcp_core.text_codec import TextCodec
from tcp_core.tls import TlsDoor
from tcp_core.turned_away import TurnedAway

STACK_BYTES = 256 * 1024
"""Of each client's thread; address space, of which a few pages are used."""
STOP_SECONDS = 3.0
TLS_STOP_SECONDS = 1.5
"""How much longer TLS clients may take: what they have not read yet is told to end when the hub is done."""

_logger = logging.getLogger("parley.server")
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What an operator can set; 0 turns a limit off."""

    host: str = "127.0.0.1"
    port: int = 9997
    gateway_host: str = "127.0.0.1"
    gateway_port: int = 9998
    gateway_networks: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    page_url: str = "http://{host}:8080/"
    data_dir: Path = Path("parley-data")
    rate_burst: int = 10
    rate_per_second: float = 2.0
    rate_patience_seconds: float = 60.0
    line_bytes: int = TEXT_LINE_BYTES
    connections_per_address: int = 64
    max_connections: int = 0
    durability: Durability = "process"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    """Both or neither; with them the text door speaks TLS."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    """None: no metrics."""
    hub: HubOptions = field(default_factory=HubOptions)


class Server:
    """The core: both doors, the hub and the log.

    :param failed: called when the hub, or TLS, has ended by an error of ours.
    :raises CertificateError: the certificate can't be used.
    :raises LogUnusableError: the log can't be opened.
    :raises RegisterUnusableError: the rules can't be read.
    :raises OSError: a listener can't be opened.
    """

    def __init__(self, options: ServerOptions, failed: Callable[[], None] = lambda: None) -> None:
        self._options = options
        self._limits = ConnectionLimits(options.max_connections, options.connections_per_address)
        self._stopping = threading.Event()
        self._listeners: dict[socket.socket, Door] = {}
        self._accepted: Counter[str] = Counter()
        self._refused = 0
        """Connections that were too many."""
        self._certificate = None
        if options.tls_cert and options.tls_key:
            self._certificate = Certificate(options.tls_cert, options.tls_key)
        self._log = EventLog(options.data_dir, options.durability)
        try:
            register = Register(options.data_dir)
            text = self._listen(options.host, options.port, "terminal")
            gateway = self._listen(options.gateway_host, options.gateway_port, "web")
            self._hub = Hub(self._log, register, options.hub, failed=failed)
            self._metrics = Metrics(self._hub.figures, self._accepted.copy, self._count_refused, self._count_tls)
            self._metrics_listener = self._serve_metrics()
        except (OSError, RegisterUnusableError):
            self._close_listeners()
            self._log.close()
            raise
        self.text_address: Address = text.getsockname()[:2]
        """Where the text door really is."""
        self.gateway_address: Address = gateway.getsockname()[:2]
        """Where the JSON door really is."""
        self.metrics_address = self._metrics_listener.address if self._metrics_listener else None
        """Where the metrics really are."""
        self._connection_options = ConnectionOptions(
            lang=options.hub.lang,
            rate_burst=options.rate_burst,
            rate_per_second=options.rate_per_second,
            rate_patience_seconds=options.rate_patience_seconds,
            line_bytes=options.line_bytes,
            input_limits=options.hub.input_limits,
            page_url=options.page_url,
            gateway_networks=options.gateway_networks,
            limits=self._limits,
            waited=self._metrics.waits.observe,
        )
        self._tls = TlsDoor(self._certificate, self._plain_line, failed) if self._certificate else None
        self._wake_out, self._wake_in = socket.socketpair()
        self._acceptor = threading.Thread(target=self._accept_all, name="acceptor", daemon=True)

    def start(self) -> None:
        """Start serving."""
        self._hub.start()
        if self._tls is not None:
            self._tls.start()
        self._acceptor.start()
        doors = {"text_door": shown(self.text_address), "gateway_door": shown(self.gateway_address)}
        data_dir = str(self._options.data_dir)
        _logger.info(
            "started", extra={"version": __version__, "data_dir": data_dir, **doors, "tls": self._tls is not None}
        )

    def stop(self) -> None:
        """Stop accepting, tell everybody, let them take what there is for a few seconds at most, commit and close."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake_in.send(b"\0")
        self._acceptor.join()
        self._close_listeners()
        self._hub.stop(STOP_SECONDS)
        if self._tls is not None:
            self._tls.stop(TLS_STOP_SECONDS)
        if self._metrics_listener is not None:
            self._metrics_listener.stop()
        self._log.close()
        self._wake_in.close()
        self._wake_out.close()
        _logger.info("stopped")

    def reload_certificate(self) -> None:
        """Read the certificate again, for new connections; if that fails, the one read before stays in use."""
        if self._certificate is None:
            return
        try:
            self._certificate.load()
        except CertificateError as error:
            _logger.error("the certificate stays the one it was", extra={"problem": str(error)})
        else:
            _logger.info("certificate read")

    def _listen(self, host: str, port: int, door: Door) -> socket.socket:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        try:
            listener = socket.create_server(address[:2], family=family, backlog=4096)
        except OSError as error:
            raise OSError(f"{host}:{port}: {os.strerror(error.errno or 0)}") from error
        listener.setblocking(False)
        self._listeners[listener] = door
        return listener

    def _serve_metrics(self) -> Listener | None:
        port = self._options.metrics_port
        return None if port is None else self._metrics.serve(self._options.metrics_host, port)

    def _count_refused(self) -> dict[str, int]:
        return {"connections": self._refused, "tls": self._tls.plain_clients if self._tls else 0}

    def _count_tls(self) -> int:
        return len(self._tls) if self._tls else 0

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()

    # -------------------------------------------------------------- accepting

    def _accept_all(self) -> None:
        threading.stack_size(STACK_BYTES)
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_out, selectors.EVENT_READ)
            for listener, door in self._listeners.items():
                selector.register(listener, selectors.EVENT_READ, door)
            self._turned_away = TurnedAway(selector)
            while not self._stopping.is_set():
                for key, _ in selector.select(self._turned_away.expire(time.monotonic())):
                    if key.data in ("terminal", "web"):
                        self._accept(key.fileobj, key.data)  # type: ignore[arg-type]  # it is what was registered
                    elif key.fileobj is not self._wake_out:
                        self._turned_away.readable(key.fileobj)  # type: ignore[arg-type]
            self._turned_away.close()

    def _accept(self, listener: socket.socket, door: Door) -> None:
        while not self._stopping.is_set():
            try:
                sock, (address, *_) = listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:  # no file descriptors are left
                _logger.error("can't accept a connection", extra={"problem": error.strerror})
                self._stopping.wait(0.1)
                return
            self._serve(sock, door, address)

    def _serve(self, sock: socket.socket, door: Door, address: str) -> None:
        sock.setblocking(True)
        self._accepted[door] += 1
        # Others are counted by address later: in TLS, where they can be told, or when a header has said whose they are.
        link = Link(sock, address, "", counted=door == "terminal" and self._tls is None)
        try:
            self._limits.enter(link.counted_address)
        except RefusedError as error:
            self._turn_away(sock, door, address, error)
            return
        try:
            tune(sock)
            link = replace(link, own_address=sock.getsockname()[0])
            if self._tls is not None and door == "terminal":
                link = self._through_tls(self._tls, link)
            connection = Connection(link, door, self._hub, self._connection_options)
            threading.Thread(target=connection.run, name=f"client {sock.fileno()}", daemon=True).start()
        except (OSError, RuntimeError) as error:  # the client is gone already, or there can be no more threads
            _logger.error("can't serve a connection", extra={"problem": str(error), "address": address})
            self._limits.leave(link.counted_address)
            link.sock.close()

    @staticmethod
    def _through_tls(tls: TlsDoor, link: Link) -> Link:
        """Return the plain side of what is a TLS connection from here on."""
        plain, pump = tls.take(link.sock, link.address)
        return replace(link, sock=plain, lost=lambda: pump.lost, over=lambda: tls.served(pump))

    def _plain_line(self, host: str, port: int) -> bytes:
        """Return what is told those who come to the text door without TLS."""
        return TextCodec(self._options.hub.lang).encode_reply(Refused("tls", {"host": host, "port": port}))

    def _turn_away(self, sock: socket.socket, door: Door, address: str, error: RefusedError) -> None:
        """Say why not in one line."""
        self._refused += 1
        journal.refused(door, address, error.code)
        codec = TextCodec(self._options.hub.lang)
        line = codec.encode_reply(error.reply()) if door == "terminal" else _bye(4503, error)
        self._turned_away.add(sock, line, time.monotonic())


def _bye(code: int, error: RefusedError) -> bytes:
    return JsonCodec("en").encode_reply(Bye(code, error.code, error.details))


def shown(address: Address) -> str:
    """Return an address and port as one writes them."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
