"""`parley`: core and gateway together, for a room that is opened with one command.

They stay two processes; this one starts them, tells the ways in, and stops both in order. Knows nothing about chat.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import click

from tcp_core import __version__

STOP_SECONDS = 10.0
_PORT = click.IntRange(0, 65535)
_SETTINGS = {"auto_envvar_prefix": "PARLEY", "show_default": True, "help_option_names": ["-h", "--help"]}


class Part:
    """One of the two processes."""

    def __init__(self, module: str, announcements: int, **options: object) -> None:
        """Start it, and wait until it has said where it listens.

        :raises click.ClickException: it ended instead; it has said itself why.
        """
        self.module = module
        arguments = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
        # HOST and PORT mean something else to each of the two, so they are given as arguments only.
        env = {key: value for key, value in os.environ.items() if key not in ("PARLEY_HOST", "PARLEY_PORT")}
        command = [sys.executable, "-m", module, "--until-eof", *arguments]
        # In a group of its own, so that Ctrl-C reaches this process alone, which then stops them in order; and with a
        # pipe from here as standard input, so that it ends if this process is killed.
        self.process = subprocess.Popen(  # noqa: S603 (nothing in it is anybody else's)
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, process_group=0
        )
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline().strip() for _ in range(announcements)]
        if not all(lines):
            self.process.wait()
            raise click.ClickException(f"{module} did not start")
        self.ports = [int(line.rstrip("/").rpartition(":")[2]) for line in lines]

    def tell_end(self, ended: threading.Event) -> None:
        """Wait for its end, and set `ended`."""
        self.process.wait()
        ended.set()

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


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
    stop = threading.Event()
    parts: list[Part] = []
    tls = bool(os.environ.get("PARLEY_TLS_CERT"))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    if tls and not sys.stdin.isatty():  # at a terminal it means that this is closed; else, that the certificate is new
        signal.signal(signal.SIGHUP, lambda *_: _pass_on(parts))
    scheme, command = ("https", "ncat --ssl") if tls else ("http", "nc")
    page_url = os.environ.get("PARLEY_PAGE_URL", f"{scheme}://{{host}}:{web_port or 8080}/")
    core = Part("tcp_core", 2, host=host, port=port, gateway_port=gateway_port, data_dir=data_dir, page_url=page_url)
    parts.append(core)
    try:
        gateway = Part("web_gateway", 1, host=host, port=web_port, core_port=core.ports[1], text_port=core.ports[0])
        parts.append(gateway)
        shown = _shown(host)
        print(f"\nThe room is open.\n\n    in a browser    {scheme}://{shown}:{gateway.ports[0]}/")
        print(f"    in a terminal   {command} {shown.strip('[]')} {core.ports[0]}\n\nCtrl-C closes it.", flush=True)
        _wait(stop, core, gateway)
    finally:
        for part in reversed(parts):
            part.stop()


def _pass_on(parts: list[Part]) -> None:
    for part in parts:
        part.process.send_signal(signal.SIGHUP)


def _wait(stop: threading.Event, *parts: Part) -> None:
    """Return when asked to stop.

    :raises click.ClickException: one of the parts has ended by itself.
    """
    for part in parts:
        threading.Thread(target=part.tell_end, args=(stop,), daemon=True).start()
    stop.wait()
    for part in parts:
        if part.process.poll() is not None:
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
