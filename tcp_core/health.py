"""Asks the core on this machine whether it answers, and exits with 0 if so; for a container's health check."""

from __future__ import annotations

import os
import socket
import sys

_PING = b'PROXY UNKNOWN\r\n{"type":"ping"}\n'


def answers(host: str, port: int, timeout_seconds: float = 3.0) -> bool:
    """Say whether the hub of the core at the JSON door `host`, `port` answers a ping."""
    try:
        with socket.create_connection((host, port), timeout_seconds) as sock:
            sock.sendall(_PING)
            return sock.recv(64).startswith(b'{"type":"pong"')
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not answers("127.0.0.1", int(os.environ.get("PARLEY_GATEWAY_PORT", "9998"))))
