"""The plain server that Parley is compared with: a thread for each client, and each message sent to one after another.

The dialogue is that of the text door. There is no log, no history, no check of nicks; and one reader that does not read
stops everybody. Knows nothing about Parley.
"""

from __future__ import annotations

import contextlib
import socket
import threading


class PlainServer:
    """One room on a free port."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._lock = threading.Lock()
        self._clients: list[socket.socket] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def serve(self) -> None:
        """Take in whoever comes, until `close`."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._attend, args=[client], daemon=True).start()

    def close(self) -> None:
        """Take in nobody else."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _attend(self, client: socket.socket) -> None:
        with client, contextlib.suppress(ConnectionError), client.makefile("rb") as lines:
            client.sendall(b"Nick: ")
            nick = lines.readline().strip()
            with self._lock:
                self._clients.append(client)
            self._tell_all(b"* " + nick + b" joined *\n")
            for line in lines:
                self._tell_all(b"[" + nick + b"] " + line)
        with self._lock:
            if client in self._clients:
                self._clients.remove(client)

    def _tell_all(self, line: bytes) -> None:
        with self._lock:
            for client in self._clients:
                with contextlib.suppress(OSError):
                    self._tell(client, line)

    def _tell(self, client: socket.socket, line: bytes) -> None:
        client.sendall(line)


def main() -> None:
    """Run until killed."""
    server = PlainServer()
    print(f"plain: text door at 127.0.0.1:{server.port}", flush=True)
    server.serve()


if __name__ == "__main__":
    main()
