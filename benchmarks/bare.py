"""What a send costs when nothing else is done: the unit that results are also given in.

One process sends a line to each of many sockets in turn, another reads them. Knows nothing about chat.
"""

from __future__ import annotations

import multiprocessing
import select
import socket
import time
from multiprocessing.connection import Connection
from typing import NamedTuple

from benchmarks.crowd import allow_many_files

LINE = b"x" * 89 + b"\n"
SOCKETS = 1000


class BareSends(NamedTuple):
    """How fast Python can send."""

    per_second: float
    cpu_us: float
    """Processor time of one, µs."""


def measure(seconds: float, sockets: int = SOCKETS) -> BareSends:
    """Send for so long."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        reader = context.Process(target=_read, args=(listener.getsockname(), sockets), daemon=True)
        sender = context.Process(target=_send, args=(listener, sockets, seconds, sending), daemon=True)
        reader.start()
        sender.start()
        sending.close()
        try:
            result: BareSends = receiving.recv()
        finally:
            for process in (sender, reader):
                process.join()
                process.close()
            receiving.close()
    return result


def _send(listener: socket.socket, count: int, seconds: float, result: Connection[BareSends, None]) -> None:
    allow_many_files()
    sockets = [listener.accept()[0] for _ in range(count)]
    for sock in sockets:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sends, begin, cpu_begin = 0, time.monotonic(), time.process_time()
    while time.monotonic() < begin + seconds:
        for sock in sockets:
            sock.send(LINE)
        sends += count
    taken, cpu = time.monotonic() - begin, time.process_time() - cpu_begin
    result.send(BareSends(sends / taken, 1e6 * cpu / sends))
    for sock in sockets:
        sock.close()


def _read(address: tuple[str, int], count: int) -> None:
    allow_many_files()
    buffer = bytearray(256 * 1024)
    with select.epoll() as poll:
        sockets = {}
        for _ in range(count):
            sock = socket.create_connection(address)
            sockets[sock.fileno()] = sock
            poll.register(sock, select.EPOLLIN)
        while sockets:
            for file, _ in poll.poll():
                try:
                    size = sockets[file].recv_into(buffer)
                except ConnectionResetError:
                    size = 0
                if not size:
                    sockets.pop(file).close()
