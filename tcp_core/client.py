"""The terminal client: what you type is not torn apart by what arrives.

    python -m tcp_core.client [HOST] [PORT]

It speaks the text door, and so works with the teaching chat as well. Without a terminal (in a pipe, a script) it only
copies lines. Knows nothing about the server's code.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import sys
import threading
import unicodedata

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.utils import get_cwidth

from tcp_core.cleaning import clean

ASK_SECONDS = 0.2
"""How long after its question a server may take to say that it does not let us in after all."""
EMOJI = "\ufe0f"
"""It makes the character before it an emoji, which some terminals draw wider by one."""
INDENT = "    "
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
        self.quitting = False
        """Whether the end is our own wish."""

    async def introduce(self, nick: str | None) -> bool:
        """Answer the server's question for the nick, as often as it asks; return whether it let us in.

        :param nick: what to answer first, without asking the person.
        """
        while True:
            prompt, ended = await self._read_prompt()
            if ended:
                return False
            if nick is None:
                asked: PromptSession[str] = PromptSession()
                try:
                    nick = await asked.prompt_async(prompt)
                except (EOFError, KeyboardInterrupt):
                    self.quitting = True
                    return False
            await self._send(nick)
            nick = None
            answer = await self._read_line()
            _show(answer)
            if not answer.startswith("❌".encode()):
                return bool(answer)

    async def _read_prompt(self) -> tuple[str, bool]:
        """Return what the server asks with, and whether it ended the connection instead."""
        data = b""
        while not data.endswith(b": ") and (piece := await self._reader.read(1)):
            data += piece
            if piece == b"\n":  # not a prompt, but something to know first
                _show(data)
                data = b""
        if not data.endswith(b": ") or await self._ends_now():
            _show(data)
            return "", True
        return f"{clean(data.decode(errors='replace')).text} ", False

    async def _ends_now(self) -> bool:
        """Whether the server has more to say than its question: why it does not let us in."""
        try:
            reason = await asyncio.wait_for(self._read_line(), ASK_SECONDS)
        except TimeoutError:
            return False
        _show(reason)
        return True

    async def converse(self, interactive: bool) -> bool:
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
        return self.quitting

    async def _receive(self) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await self._read_line():
                _show(line)

    async def _type(self) -> None:
        """Send what is typed; the line goes away, because the server's echo of it will stand among the others."""
        session: PromptSession[str] = PromptSession(erase_when_done=True)
        while not self.quitting:
            try:
                line = await session.prompt_async("> ")
            except (EOFError, KeyboardInterrupt):
                line = "/quit"
            self.quitting = line.strip().lower() == "/quit"
            await self._send(line)

    async def _copy(self) -> None:
        """Send standard input as it is, and half-close at its end, so that the server knows that this was all.

        asyncio can't do that to TLS, so there the server is told in words.
        """
        lines: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)
        loop = asyncio.get_running_loop()

        def read() -> None:
            while line := sys.stdin.buffer.readline():
                asyncio.run_coroutine_threadsafe(lines.put(line), loop).result()
            asyncio.run_coroutine_threadsafe(lines.put(b""), loop).result()

        # A daemon, because there is no way to call it back from a pipe that stays open when the server has ended.
        threading.Thread(target=read, name="standard input", daemon=True).start()
        while line := await lines.get():
            self._writer.write(line)
            with contextlib.suppress(ConnectionError):
                await self._writer.drain()
        self.quitting = True
        if not self._writer.can_write_eof():
            await self._send("\n/quit")
            return
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    async def _read_line(self) -> bytes:
        """Return the next line of the server; nothing at its end, or if it sends a line that does not end."""
        try:
            return await self._reader.readline()
        except ValueError:
            return b""

    async def _send(self, line: str) -> None:
        self._writer.write(line.encode(errors="surrogateescape") + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()


def _show(data: bytes) -> None:
    """Print a line of the server, without what could attack the terminal: not every server is Parley."""
    if not data:
        return
    lines = clean(data.decode(errors="replace")).text.replace("\n", f"\n{INDENT}").split("\n")
    if sys.stdout.isatty():
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
        lines = [folded(line, columns) for line in lines]
    print("\n".join(lines), flush=True)


def folded(text: str, columns: int) -> str:
    """Break a line that is wider than the terminal, so that nothing but its beginning stands at the left edge.

    A terminal would go on there by itself, and what a message goes on with could look like a line of somebody else's.
    """
    rows, row, width = [], "", 0
    for character in text:
        wide = _columns(character)
        if width + wide > columns > 2 * len(INDENT):
            rows.append(row)
            row, width = INDENT, len(INDENT)
        row += character
        width += wide
    return "\n".join([*rows, row])


def _columns(character: str) -> int:
    """Return how wide a character can be: terminals do not agree on marks, and on emoji made of two characters."""
    if character == EMOJI:
        return 1
    return 2 if unicodedata.category(character) in ("Mc", "No") else get_cwidth(character)


async def _run(host: str, port: int, nick: str | None, tls: ssl.SSLContext | None) -> int:
    words = _words()
    try:
        reader, writer = await asyncio.open_connection(host, port, limit=1024 * 1024, ssl=tls)
    except OSError as error:
        problem = error.strerror or str(error)
        print(words["unreachable"].format(host=host, port=port, problem=problem), file=sys.stderr)
        return 1
    client = Client(reader, writer)
    try:
        ours = await _converse(client, words["hint"].format(host=host, port=port), nick)
    finally:
        writer.close()
    if not ours:
        print(words["lost"], file=sys.stderr)
    return 0 if ours else 1


async def _converse(client: Client, hint: str, nick: str | None) -> bool:
    if not sys.stdin.isatty():
        return await client.converse(interactive=False)
    print(hint)
    if not await client.introduce(nick):
        return client.quitting
    with patch_stdout():
        return await client.converse(interactive=True)


def _tls(ca: str | None, insecure: bool) -> ssl.SSLContext:
    """Return what to believe: the system's authorities, those in the file `ca`, or anybody."""
    context = ssl.create_default_context(cafile=ca)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.argument("host", default="127.0.0.1")
@click.argument("port", type=click.IntRange(1, 65535), default=9997)
@click.option("--nick", help="Enter under this nick without being asked (at a terminal).")
@click.option("--tls", is_flag=True, help="Speak TLS, with a server whose certificate the system trusts.")
@click.option("--tls-ca", type=click.Path(exists=True, dir_okay=False),
              help="Speak TLS; trust the certificates in this PEM file instead.")  # fmt: skip
@click.option("--tls-insecure", is_flag=True, help="Speak TLS; believe any server.")
def main(host: str, port: int, nick: str | None, tls: bool, tls_ca: str | None, tls_insecure: bool) -> None:
    """Chat from a terminal with the server at HOST (127.0.0.1) PORT (9997)."""
    try:
        context = _tls(tls_ca, tls_insecure) if tls or tls_ca or tls_insecure else None
    except ssl.SSLError as error:
        raise click.ClickException(f"{tls_ca}: no certificates in PEM") from error
    try:
        sys.exit(asyncio.run(_run(host, port, nick, context)))
    except KeyboardInterrupt:  # where there is no terminal that would have caught it
        sys.exit(130)


if __name__ == "__main__":
    main()
