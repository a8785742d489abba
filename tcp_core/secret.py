"""A password: compared in constant time, and in no log. Knows nothing about what it opens."""

from __future__ import annotations

import hashlib
import hmac


class Secret:
    """A password.

    :param password: white space around it does not count, so that a file may end in a line end.
    :raises ValueError: it is empty, or has more than one line, so that nobody could type it.
    """

    __slots__ = ("_digest",)

    def __init__(self, password: str) -> None:
        if not password.strip():
            raise ValueError("the password is empty")
        if len(password.strip().splitlines()) > 1:
            raise ValueError("the password has more than one line")
        self._digest = _digest(password)

    def matches(self, attempt: str) -> bool:
        """Whether `attempt` is it; the time this takes says nothing about where they differ."""
        return hmac.compare_digest(self._digest, _digest(attempt))

    def __repr__(self) -> str:
        """Return what may be shown."""
        return "Secret(…)"


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.strip().encode("utf-8", "surrogatepass")).digest()
