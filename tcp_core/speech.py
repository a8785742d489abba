"""Whether a participant may speak now. Knows nothing about what is said, or who decreed it."""

from __future__ import annotations

from collections.abc import Callable

from tcp_core.messages import RefusedError
from tcp_core.register import Register
from tcp_core.session import Session


class Speech:
    """The rules of speaking; operators are not slowed down, and can unmute themselves.

    :param now_ms: the time, Unix ms.
    """

    def __init__(self, register: Register, now_ms: Callable[[], int]) -> None:
        self._register = register
        self._now_ms = now_ms

    def check_message(self, session: Session) -> None:
        """Let a participant say something, and count that.

        :raises RefusedError: `muted` or `slow`.
        """
        self.check_muted(session)
        slow_ms = self._register.rules.slow_seconds * 1000
        if not slow_ms or session.operator:
            return
        now = self._now_ms()
        rest = session.spoke_at + slow_ms - now
        if 0 < rest <= slow_ms:  # (a clock that was set back must not silence anybody)
            raise RefusedError("slow", limit=slow_ms // 1000, seconds=-(-rest // 1000))
        session.spoke_at = now

    def check_muted(self, session: Session) -> None:
        """Let a participant be heard.

        :raises RefusedError: `muted`.
        """
        mute = self._register.mute_of(session)
        if mute is not None:
            raise RefusedError("muted", until=mute.until, reason=mute.reason)
