"""A terminal emulator that notes all that a terminal must not be made to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pyte
from wcwidth import wcwidth

PLAIN = ("draw", "linefeed", "carriage_return")


class _Witness:
    """Stands between the stream and the screen, and notes every event that is neither a letter nor a new line."""

    def __init__(self, screen: pyte.Screen) -> None:
        self._screen = screen
        self.acted: list[str] = []

    def __getattr__(self, event: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self._screen, event)
        if event in PLAIN:
            return act

        def noted(*arguments: Any, **options: Any) -> Any:
            self.acted.append(f"{event}{arguments}")
            return act(*arguments, **options)

        return noted


class Terminal:
    """A terminal of so many columns and lines, fresh from the factory.

    The driver of a real one makes CR LF of every LF that a program writes (onlcr), so that is done here.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._fresh = self._state()
        self._written: list[str] = []
        self._screen.write_process_input = self._written.append  # type: ignore[method-assign,assignment]
        self._witness = _Witness(self._screen)
        self._stream = pyte.ByteStream(self._witness)

    def show(self, data: bytes) -> None:
        """Take bytes one by one; after each line, whatever must not have happened has not."""
        for line in data.splitlines(keepends=True):
            for byte in line.replace(b"\n", b"\r\n"):
                self._stream.feed(bytes((byte,)))
            assert not self._witness.acted, (self._witness.acted, line)
            assert not self._written, "it would have typed"
            assert self._screen.cursor.x == 0 or not line.endswith(b"\n"), line
            assert self._state() == self._fresh, line

    def rows(self) -> list[str]:
        """Return what is to be seen in each row down to the cursor's, which is empty behind a line end."""
        buffer = self._screen.buffer
        return [
            unicodedata.normalize("NFC", "".join(buffer[y][x].data for x in range(max(buffer[y], default=-1) + 1)))
            for y in range(self._screen.cursor.y + 1)
        ]

    def _state(self) -> tuple[Any, ...]:
        screen = self._screen
        charsets = (screen.charset, screen.g0_charset, screen.g1_charset)
        names = (screen.title, screen.icon_name, screen.saved_columns, tuple(screen.savepoints))
        cursor = (screen.cursor.attrs, screen.cursor.hidden)
        return (charsets, names, cursor, set(screen.mode), screen.margins, screen.columns, set(screen.tabstops))


def seen(line: str) -> str:
    """Return what a terminal makes of a line without anything to act upon: characters without a width are not kept."""
    kept = (c for c in line if wcwidth(c) > 0 or (wcwidth(c) == 0 and unicodedata.combining(c)))
    return unicodedata.normalize("NFC", "".join(kept))
