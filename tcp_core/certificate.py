"""The certificate that TLS clients are shown, read from files and read again when it was renewed.

Knows nothing about who connects.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

# OpenSSL before 3.0 does not have it, and there Python can't tell a reset from an end.
_IGNORE_UNEXPECTED_EOF: int = getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)


class CertificateError(Exception):
    """The files do not hold a certificate and its key, or can't be read."""


class Certificate:
    """A certificate with its chain and key.

    :param chain: PEM file, the server's own certificate first.
    :param key: PEM file, not encrypted.
    :raises CertificateError: they can't be used.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain = chain
        self._key = key
        self.load()

    def load(self) -> None:
        """Read the files again.

        :raises CertificateError: they can't be used; what was read before stays in use.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # No renegotiation, so no work on a client's demand. An end without close_notify is an end: ncat sends none.
        context.options |= ssl.OP_NO_RENEGOTIATION | _IGNORE_UNEXPECTED_EOF
        context.num_tickets = 0
        for path in (self._chain, self._key):
            try:
                path.read_bytes()
            except OSError as error:
                raise CertificateError(f"{path}: {error.strerror}") from error
        try:
            context.load_cert_chain(self._chain, self._key, password=_no_password)
        except ssl.SSLError as error:
            reason = (error.reason or "no PEM").replace("_", " ").lower()
            raise CertificateError(f"{self._chain}, {self._key}: not a certificate and its key ({reason})") from error
        self._context = context

    def wrap(self, sock: socket.socket) -> ssl.SSLSocket:
        """Return what speaks TLS over `sock`, which it takes over; the handshake is still to be made."""
        return self._context.wrap_socket(
            sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=not _IGNORE_UNEXPECTED_EOF
        )


def _no_password() -> str:
    """Answer instead of a prompt at a terminal that nobody may be watching."""
    raise CertificateError("the key is encrypted")
