"""Asks the gateway on this machine for /healthz, and exits with 0 on 200; for a container's health check."""

from __future__ import annotations

import os
import ssl
import sys
from urllib.error import URLError
from urllib.request import urlopen


def healthy(port: int, tls: bool = False, timeout_seconds: float = 4.0) -> bool:
    """Say whether the gateway at `port` answers, and the core behind it."""
    context = ssl.create_default_context()
    context.check_hostname = False  # the certificate is for a name, not for this address
    context.verify_mode = ssl.CERT_NONE
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/healthz"
    try:
        with urlopen(url, timeout=timeout_seconds, context=context if tls else None) as response:  # noqa: S310
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(not healthy(int(os.environ.get("PARLEY_PORT", "8080")), "PARLEY_TLS_CERT" in os.environ))
