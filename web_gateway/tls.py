"""The certificate of HTTPS and WSS. Knows nothing about HTTP or sockets."""

from __future__ import annotations

import ssl
from pathlib import Path


class Certificate:
    """A certificate and its key in PEM files, which can be read again when they have been renewed.

    :param cert: the certificate, followed by those between it and the authority's.
    :param key: its private key, without a passphrase.
    :raises OSError: one of them can't be read or used; the message names both files.
    """

    def __init__(self, cert: Path, key: Path) -> None:
        self._files = cert, key
        self.context = _load(cert, key)

    def reload(self) -> None:
        """Read the files again, for new connections.

        :raises OSError: one of them can't be used; the old ones stay in use.
        """
        self.context = _load(*self._files)


def _load(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(cert, key, password="")  # or OpenSSL would ask the terminal
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise OSError(f"the certificate {cert} with the key {key} can't be used: {reason}") from error
    return context
