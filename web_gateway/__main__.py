"""`parley-gateway`: options and environment, logging, signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
import threading
from ipaddress import ip_network
from pathlib import Path

import click
import uvloop
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from web_gateway import __version__
from web_gateway.app import Gateway, GatewayOptions
from web_gateway.client_address import Network

STOP_SECONDS = 3.0


def networks(value: str) -> tuple[Network, ...]:
    """Return the networks of a comma-separated list, such as 127.0.0.0/8,::1/128."""
    return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())


_PORT = click.IntRange(0, 65535)
_SETTINGS = {"auto_envvar_prefix": "PARLEY", "show_default": True, "help_option_names": ["-h", "--help"]}


@click.command(context_settings=_SETTINGS)
@click.option("--host", default="127.0.0.1", show_envvar=True, help="Address to serve the page on.")
@click.option("--port", type=_PORT, default=8080, show_envvar=True, help="Port of the page; 0 picks a free one.")
@click.option("--core-host", default="127.0.0.1", show_envvar=True, help="Where the chat server's JSON door is.")
@click.option("--core-port", type=_PORT, default=9998, show_envvar=True, help="Port of the chat server's JSON door.")
@click.option(
    "--text-port", type=_PORT, default=9997, show_envvar=True, help="Port that the page tells people to use with nc."
)
@click.option("--allowed-origins", default="", show_envvar=True,
              help="Other origins that may open a WebSocket, separated by commas; * for all.")  # fmt: skip
@click.option("--trusted-proxies", type=networks, default="", show_envvar=True,
              help="Networks of reverse proxies, whose X-Forwarded-For is believed, separated by commas.")  # fmt: skip
@click.option("--static-dir", type=click.Path(path_type=Path, exists=True, file_okay=False), show_envvar=True,
              help="Where the page's files are.  [default: the page that comes with Parley]")  # fmt: skip
@click.option("--until-eof", is_flag=True, show_envvar=True,
              help="Stop when standard input ends, as it does when the process that holds it is killed.")  # fmt: skip
@click.version_option(__version__, package_name="parley", prog_name="parley-gateway")
def main(
    host: str,
    port: int,
    core_host: str,
    core_port: int,
    text_port: int,
    allowed_origins: str,
    trusted_proxies: tuple[Network, ...],
    static_dir: Path | None,
    until_eof: bool,
) -> None:
    """Serve the web page, and bridge each browser to the chat server."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiohttp.server").addFilter(_is_our_fault)
    origins = tuple(origin.strip().rstrip("/").lower() for origin in allowed_origins.split(",") if origin.strip())
    options = GatewayOptions(core_host, core_port, text_port, origins, trusted_proxies, static_dir)
    try:
        gateway = Gateway(options)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    _allow_many_files()
    if until_eof:
        threading.Thread(target=_stop_at_eof, name="until-eof", daemon=True).start()
    uvloop.run(_serve(gateway.app, host, port))


async def _serve(app: web.Application, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
    except OSError as error:
        await runner.cleanup()
        raise click.ClickException(f"{host}:{port}: {os.strerror(error.errno or 0)}") from error
    bound_host, bound_port = runner.addresses[0][:2]
    shown = f"[{bound_host}]" if ":" in bound_host else bound_host
    print(f"parley-gateway: page at http://{shown}:{bound_port}/", flush=True)
    await stop.wait()
    await runner.cleanup()


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whether a log record tells of more than a client that sent what is no HTTP, or went away."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | ConnectionError)


def _stop_at_eof() -> None:
    while os.read(sys.stdin.fileno(), 4096):  # a buffered read would hold a lock that the end needs
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _allow_many_files() -> None:
    """Raise the soft limit of open files to the hard one: each connection is a file."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # where the hard limit is more than the system allows
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
