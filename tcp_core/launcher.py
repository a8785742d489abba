"""`parley`: core and gateway together, for a room that is opened with one command.

They stay two processes; this one starts them, tells the ways in, and stops both in order. Knows nothing about chat.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack
from pathlib import Path

import click

from tcp_core import __version__

STOP_SECONDS = 10.0
_PORT = click.IntRange(0, 65535)
_SETTINGS = {"auto_envvar_prefix": "PARLEY", "show_default": True, "help_option_names": ["-h", "--help"]}


class Part:
    """One of the two processes."""

    def __init__(self, module: str, process: Process) -> None:
        self.module = module
        self.process = process
        self.ports: list[int] = []

    @classmethod
    async def start(cls, stack: AsyncExitStack, module: str, announcements: int, **options: object) -> Part:
        """Start it, and return it when it has said where it listens; `stack` stops it.

        :raises click.ClickException: it ended instead; it has said itself why.
        """
        arguments = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
        # HOST and PORT mean something else to each of the two, so they are given as arguments only.
        env = {key: value for key, value in os.environ.items() if key not in ("PARLEY_HOST", "PARLEY_PORT")}
        # In a group of its own, so that Ctrl-C reaches this process alone, which then stops them in order; and with a
        # pipe from here as standard input, so that it ends if this process is killed.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, "--until-eof", *arguments, stdin=PIPE, stdout=PIPE, env=env, process_group=0
        )
        part = cls(module, process)
        stack.push_async_callback(part.stop)
        assert process.stdout is not None
        for _ in range(announcements):
            line = (await process.stdout.readline()).decode().strip()
            if not line:
                await process.wait()
                raise click.ClickException(f"{module} did not start")
            part.ports.append(int(line.rstrip("/").rpartition(":")[2]))
        return part

    async def stop(self) -> None:
        """Ask it to end, and wait for that."""
        self.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there."""
        if self.process.returncode is None:
            self.process.send_signal(number)


@click.command(context_settings=_SETTINGS)
@click.option("--host", default="127.0.0.1", show_envvar=True, help="Address of page and text door; 0.0.0.0 for a LAN.")
@click.option("--port", type=_PORT, default=9997, show_envvar=True, help="Port of the text door; 0 picks a free one.")
@click.option("--web-port", type=_PORT, default=8080, show_envvar=True, help="Port of the page; 0 picks a free one.")
@click.option("--gateway-port", type=_PORT, default=9998, show_envvar=True, help="Port between the two; 0 picks one.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), default="parley-data", show_envvar=True,
              help="Where the log is kept.")  # fmt: skip
@click.version_option(__version__, package_name="parley", prog_name="parley")
def main(host: str, port: int, web_port: int, gateway_port: int, data_dir: Path) -> None:
    """Open a chat room: the server, and the web gateway beside it.

    All other options of parley-core and parley-gateway come from the environment; their --help names the variables.
    """
    asyncio.run(_run(host, port, web_port, gateway_port, data_dir))


async def _run(host: str, port: int, web_port: int, gateway_port: int, data_dir: Path) -> None:
    stop = asyncio.Event()
    parts: list[Part] = []
    tls = bool(os.environ.get("PARLEY_TLS_CERT"))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has SIGHUP
            loop.add_signal_handler(number, stop.set)
    if tls and not sys.stdin.isatty():  # at a terminal it means that this is closed; else, that the certificate is new
        loop.add_signal_handler(signal.SIGHUP, _pass_on, parts)
    scheme, command = ("https", "ncat --ssl") if tls else ("http", "nc")
    page_url = os.environ.get("PARLEY_PAGE_URL", f"{scheme}://{{host}}:{web_port or 8080}/")
    async with AsyncExitStack() as stack:
        core = await Part.start(
            stack, "tcp_core", 2, host=host, port=port, gateway_port=gateway_port, data_dir=data_dir, page_url=page_url
        )
        parts.append(core)
        gateway = await Part.start(
            stack, "web_gateway", 1, host=host, port=web_port, core_port=core.ports[1], text_port=core.ports[0]
        )
        parts.append(gateway)
        shown = _shown(host)
        print(f"\nThe room is open.\n\n    in a browser    {scheme}://{shown}:{gateway.ports[0]}/")
        print(f"    in a terminal   {command} {shown.strip('[]')} {core.ports[0]}\n\nCtrl-C closes it.", flush=True)
        await _wait(stop, parts)


def _pass_on(parts: list[Part]) -> None:
    for part in parts:
        part.send(signal.SIGHUP)


async def _wait(stop: asyncio.Event, parts: list[Part]) -> None:
    """Return when asked to stop.

    :raises click.ClickException: one of the parts has ended by itself.
    """
    ends = [asyncio.ensure_future(part.process.wait()) for part in parts]
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait([stopped, *ends], return_when=asyncio.FIRST_COMPLETED)
    for waiting in (stopped, *ends):
        waiting.cancel()
    for part in parts:
        if part.process.returncode is not None:
            raise click.ClickException(f"{part.module} has ended by itself, with {part.process.returncode}")


def _shown(host: str) -> str:
    """Return the address that others can reach."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; only chooses the interface
        except OSError:
            return socket.gethostname()
        address: str = probe.getsockname()[0]
        return address


if __name__ == "__main__":
    main()
