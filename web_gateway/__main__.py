"""`parley-gateway`: options and environment, signals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
import threading
from ipaddress import ip_network
from pathlib import Path

import click
import structlog
import uvloop

from web_gateway import __version__, logs, metrics
from web_gateway.app import Gateway, GatewayOptions
from web_gateway.client_address import Network
from web_gateway.listener import Listener, ListenerOptions
from web_gateway.tls import Certificate

DAY_SECONDS = 86_400.0
_log = structlog.stdlib.get_logger("web_gateway")


def networks(value: str) -> tuple[Network, ...]:
    """Return the networks of a comma-separated list, such as 127.0.0.0/8,::1/128."""
    return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())


def words(value: str) -> tuple[str, ...]:
    """Return the parts of a comma-separated list, in lower case."""
    return tuple(part.strip().rstrip("/").lower() for part in value.split(",") if part.strip())


def seconds(value: str | float) -> float:
    """Return a time that is not negative."""
    number = float(value)
    if not 0 <= number <= DAY_SECONDS:
        raise ValueError
    return number


_PORT = click.IntRange(0, 65535)
_COUNT = click.IntRange(min=0)
_FILE = click.Path(path_type=Path)
_SETTINGS = {"auto_envvar_prefix": "PARLEY", "show_default": True, "help_option_names": ["-h", "--help"]}


@click.command(context_settings=_SETTINGS)
@click.option("--host", default="127.0.0.1", show_envvar=True, help="Address to serve the page on.")
@click.option("--port", type=_PORT, default=8080, show_envvar=True, help="Port of the page; 0 picks a free one.")
@click.option("--core-host", default="127.0.0.1", show_envvar=True, help="Where the chat server's JSON door is.")
@click.option("--core-port", type=_PORT, default=9998, show_envvar=True, help="Port of the chat server's JSON door.")
@click.option(
    "--text-port", type=_PORT, default=9997, show_envvar=True, help="Port that the page tells people to use with nc."
)
@click.option("--tls-cert", type=_FILE, show_envvar=True,
              help="Certificate for HTTPS, in PEM; read again on SIGHUP.  [default: no HTTPS]")  # fmt: skip
@click.option("--tls-key", type=_FILE, show_envvar=True,
              help="The certificate's private key, in PEM.  [default: none]")  # fmt: skip
@click.option("--allowed-origins", type=words, default="", show_envvar=True,
              help="Other origins that may open a WebSocket, separated by commas; * for all.")  # fmt: skip
@click.option("--allowed-hosts", type=words, default="", show_envvar=True,
              help="Names under which the gateway answers, separated by commas; *.example.org for all below. "
              "Addresses, localhost, this machine's name and the hosts of allowed origins always are. With a list, "
              "no page can get in by making its own name resolve to this address (DNS rebinding). Without one any "
              "name will do, since the gateway can't know by which names people reach it.")  # fmt: skip
@click.option("--trusted-proxies", type=networks, default="", show_envvar=True,
              help="Networks of reverse proxies, whose X-Forwarded-For and X-Forwarded-Proto are believed, separated "
              "by commas.")  # fmt: skip
@click.option("--max-http-connections", type=_COUNT, default=10000, show_envvar=True,
              help="TCP connections in all. 0: no limit.")  # fmt: skip
@click.option("--http-connections-per-address", type=_COUNT, default=2000, show_envvar=True,
              help="TCP connections from one address (IPv6: from one /64), but for trusted proxies. A browser opens "
              "several, and a class can have one address. 0: no limit.")  # fmt: skip
@click.option("--header-timeout-seconds", type=seconds, default=10.0, show_envvar=True,
              help="Seconds for a TLS handshake, and for the header of a request to come. 0: no limit.")  # fmt: skip
@click.option("--header-bytes", type=_COUNT, default=8190, show_envvar=True,
              help="Size of a line of a request's header. 0: no limit.")  # fmt: skip
@click.option("--header-fields", type=_COUNT, default=64, show_envvar=True,
              help="Fields of a request's header. 0: no limit.")  # fmt: skip
@click.option("--unread-kilobytes", type=_COUNT, default=64, show_envvar=True,
              help="KiB that a browser may leave unread before no more is read for it. 0: no limit.")  # fmt: skip
@click.option("--metrics-host", default="127.0.0.1", envvar="PARLEY_GATEWAY_METRICS_HOST", show_envvar=True,
              help="Address to serve /metrics on.")  # fmt: skip
@click.option("--metrics-port", type=_PORT, envvar="PARLEY_GATEWAY_METRICS_PORT", show_envvar=True,
              help="Port of /metrics, for Prometheus; 0 picks a free one.  [default: no metrics]")  # fmt: skip
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_envvar=True,
              help="How a record of the log is written, one a line.")  # fmt: skip
@click.option("--log-addresses/--no-log-addresses", default=True, show_envvar=True,
              help="Whether the log holds people's addresses.")  # fmt: skip
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
    tls_cert: Path | None,
    tls_key: Path | None,
    allowed_origins: tuple[str, ...],
    allowed_hosts: tuple[str, ...],
    trusted_proxies: tuple[Network, ...],
    max_http_connections: int,
    http_connections_per_address: int,
    header_timeout_seconds: float,
    header_bytes: int,
    header_fields: int,
    unread_kilobytes: int,
    metrics_host: str,
    metrics_port: int | None,
    log_format: str,
    log_addresses: bool,
    static_dir: Path | None,
    until_eof: bool,
) -> None:
    """Serve the web page, and bridge each browser to the chat server."""
    logs.configure(log_format, log_addresses)
    options = GatewayOptions(
        core_host=core_host,
        core_port=core_port,
        text_port=text_port,
        allowed_origins=allowed_origins,
        allowed_hosts=allowed_hosts,
        trusted_proxies=trusted_proxies,
        static_dir=static_dir,
        unread_bytes=unread_kilobytes * 1024,
    )
    limits = ListenerOptions(
        max_connections=max_http_connections,
        connections_per_address=http_connections_per_address,
        header_timeout_seconds=header_timeout_seconds,
        header_bytes=header_bytes,
        header_fields=header_fields,
        uncounted=trusted_proxies,
    )
    counts = metrics.Counts()
    try:
        tls = _certificate(tls_cert, tls_key)
        gateway = Gateway(options, counts)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    _allow_many_files()
    if until_eof:
        threading.Thread(target=_stop_at_eof, name="until-eof", daemon=True).start()
    page = Listener(gateway.app, limits, counts, tls)
    numbers = None
    if metrics_port is not None:
        numbers = Listener(metrics.application(counts), ListenerOptions(max_connections=100), metrics.Counts())
    uvloop.run(_serve(page, (host, port), tls, numbers, (metrics_host, metrics_port or 0)))


def _certificate(cert: Path | None, key: Path | None) -> Certificate | None:
    if cert is not None and key is not None:
        return Certificate(cert, key)
    if cert is None and key is None:
        return None
    raise click.UsageError("--tls-cert and --tls-key need each other: give both, or neither")


async def _serve(
    page: Listener,
    page_address: tuple[str, int],
    tls: Certificate | None,
    numbers: Listener | None,
    numbers_address: tuple[str, int],
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if tls is not None:
        loop.add_signal_handler(signal.SIGHUP, _reload, tls)
    elif signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup has it; else the terminal is gone
        loop.add_signal_handler(signal.SIGHUP, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        url = await _start(stack, page, *page_address)
        scheme = "http" if tls is None else "https"
        print(f"parley-gateway: page at {scheme}://{url}/", flush=True)
        if numbers is not None:
            metrics_url = await _start(stack, numbers, *numbers_address)
            print(f"parley-gateway: metrics at http://{metrics_url}/metrics", flush=True)
        _log.info("started", version=__version__, listening=f"{scheme}://{url}/")
        await stop.wait()
        _log.info("stopping")
    _log.info("stopped")


async def _start(stack: contextlib.AsyncExitStack, listener: Listener, host: str, port: int) -> str:
    """Start a listener, which `stack` will stop, and return host and port as in a URL."""
    try:
        bound_host, bound_port = await listener.start(host, port)
    except OSError as error:
        raise click.ClickException(f"{host}:{port}: {error.strerror or error}") from error
    stack.push_async_callback(listener.stop)
    return f"[{bound_host}]:{bound_port}" if ":" in bound_host else f"{bound_host}:{bound_port}"


def _reload(tls: Certificate) -> None:
    try:
        tls.reload()
    except OSError as error:
        _log.error("certificate not reloaded; the old one stays in use", why=str(error))
    else:
        _log.info("certificate reloaded")


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
