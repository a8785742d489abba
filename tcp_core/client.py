"""The terminal client: what you type is not torn apart by what arrives.

    python -m tcp_core.client [HOST] [PORT]

It speaks the text door, and so works with the teaching chat as well. Without a terminal (in a pipe, a script) it only
copies lines. Knows nothing about the server's code.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from tcp_core.cleaning import clean

QUIT_SECONDS = 2.0
"""How long the server may take to say goodbye."""

_WORDS = {
    "ru": {
        "unreachable": "Не удалось подключиться к {host}:{port}: {problem}",
        "lost": "Соединение с сервером потеряно",
        "hint": "Вы в чате {host}:{port}. Команды: /help, выход: /quit или Ctrl-D",
    },
    "en": {
        "unreachable": "Can't connect to {host}:{port}: {problem}",
        "lost": "The connection to the server was lost",
        "hint": "This is the chat at {host}:{port}. Commands: /help, to leave: /quit or Ctrl-D",
    },
}


def _words() -> dict[str, str]:
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return _WORDS["ru" if locale.startswith("ru") else "en"]


class Client:
    """A conversation over one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._quitting = False

    async def run(self, interactive: bool) -> bool:
        """Converse until one side ends; return whether it was ours."""
        receiving = asyncio.create_task(self._receive())
        typing = asyncio.create_task(self._type() if interactive else self._copy())
        await asyncio.wait((receiving, typing), return_when=asyncio.FIRST_COMPLETED)
        if typing.done():
            typing.result()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(receiving, QUIT_SECONDS if interactive else None)
        else:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)
        self._writer.close()
        return self._quitting

    async def read_prompt(self) -> str:
        """Return what the server asks for the nick with."""
        data = b""
        while not data.endswith(b": ") and (piece := await self._reader.read(1)):
            data += piece
            if piece == b"\n":  # not a prompt, but something to know first
                print(clean(data.decode(errors="replace")).text)
                data = b""
        return data.decode(errors="replace")

    async def _receive(self) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await self._reader.readline():
                print(clean(line.decode(errors="replace")).text, flush=True)

    async def _type(self) -> None:
        """Send what is typed; the line goes away, because the server's echo of it will stand among the others."""
        session: PromptSession[str] = PromptSession(erase_when_done=True)
        while not self._quitting:
            try:
                line = await session.prompt_async("> ")
            except (EOFError, KeyboardInterrupt):
                line = "/quit"
            self._quitting = line.strip().lower() == "/quit"
            await self._send(line)

    async def _copy(self) -> None:
        """Send standard input, and half-close at its end, so that the server knows that this was all."""
        while line := await asyncio.to_thread(sys.stdin.readline):
            await self._send(line.rstrip("\n"))
        self._quitting = True
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    async def _send(self, line: str) -> None:
        self._writer.write(line.encode(errors="replace") + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def introduce(self, nick: str) -> None:
        """Answer the server's question."""
        await self._send(nick)


async def _converse(host: str, port: int, nick: str | None) -> int:
    words = _words()
    try:
        reader, writer = await asyncio.open_connection(host, port, limit=1024 * 1024)
    except OSError as error:
        problem = error.strerror or str(error)
        print(words["unreachable"].format(host=host, port=port, problem=problem), file=sys.stderr)
        return 1
    client = Client(reader, writer)
    if not sys.stdin.isatty():
        if nick is not None:
            await client.introduce(nick)
        ours = await client.run(interactive=False)
    else:
        print(words["hint"].format(host=host, port=port))
        prompt = await client.read_prompt()
        if nick is None:
            try:
                asked: PromptSession[str] = PromptSession()
                nick = await asked.prompt_async(prompt)
            except (EOFError, KeyboardInterrupt):
                writer.close()
                return 0
        await client.introduce(nick)
        with patch_stdout():
            ours = await client.run(interactive=True)
    if not ours:
        print(words["lost"], file=sys.stderr)
    return 0 if ours else 1


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.argument("host", default="127.0.0.1")
@click.argument("port", type=click.IntRange(1, 65535), default=9997)
@click.option("--nick", help="Enter under this nick without being asked.")
def main(host: str, port: int, nick: str | None) -> None:
    """Chat from a terminal with the server at HOST (127.0.0.1) PORT (9997)."""
    try:
        sys.exit(asyncio.run(_converse(host, port, nick)))
    except KeyboardInterrupt:  # where there is no terminal that would have caught it
        sys.exit(130)


if __name__ == "__main__":
    main()
