"""Asks the gateway on this machine for /healthz, and exits with 0 on 200; for a container's health check."""

from __future__ import annotations

import os
import sys
from urllib.error import URLError
from urllib.request import urlopen


def healthy(port: int, timeout_seconds: float = 4.0) -> bool:
    """Say whether the gateway at `port` answers, and the core behind it."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=timeout_seconds) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(not healthy(int(os.environ.get("PARLEY_PORT", "8080"))))
