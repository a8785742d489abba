"""`parley-core`: options and environment, logging, signals."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import signal
import sys
import threading
from ipaddress import ip_network
from pathlib import Path

import click

from tcp_core import __version__, logs
from tcp_core.certificate import CertificateError
from tcp_core.commands import InputLimits
from tcp_core.connection import Network
from tcp_core.event_log import Durability, LogUnusableError
from tcp_core.hub import HubOptions
from tcp_core.logs import LOG_FORMATS, LogFormat
from tcp_core.register import RegisterUnusableError
from tcp_core.secret import Secret
from tcp_core.server import Server, ServerOptions, shown
from tcp_core.wording import LANGS, Lang


def networks(value: str) -> tuple[Network, ...]:
    """Return the networks of a comma-separated list, such as 127.0.0.0/8,::1/128."""
    return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())


def amount(value: str) -> float:
    """Return a number that is neither negative nor infinite nor none at all."""
    number = float(value)
    if not 0 <= number < math.inf:
        raise ValueError(value)
    return number


def secret(file: Path | None, variable: str) -> Secret | None:
    """Return the password that is in `file`, or else in the environment; None if there is none.

    :raises click.ClickException: the file can't be read, or is empty.
    """
    try:
        if file is not None:
            return Secret(file.read_text(encoding="utf-8-sig"))  # some editors begin a file with a mark
        password = os.environ.get(variable)  # empty counts as not set, which is how a compose file passes it on
        return Secret(password) if password else None
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{file or variable}: {error}") from error


_PORT = click.IntRange(0, 65535)
_FILE = click.Path(path_type=Path)
_COUNT = click.IntRange(min=0)
_SETTINGS = {"auto_envvar_prefix": "PARLEY", "show_default": True, "help_option_names": ["-h", "--help"]}


@click.command(context_settings=_SETTINGS)
@click.option("--host", default="127.0.0.1", show_envvar=True, help="Address of the text door.")
@click.option("--port", type=_PORT, default=9997, show_envvar=True, help="Port of the text door; 0 picks a free one.")
@click.option(
    "--gateway-host", default="127.0.0.1", show_envvar=True, help="Address of the JSON door, for the gateway."
)
@click.option(
    "--gateway-port", type=_PORT, default=9998, show_envvar=True, help="Port of the JSON door; 0 picks a free one."
)
@click.option("--gateway-networks", type=networks, default="127.0.0.0/8,::1/128", show_envvar=True,
              help="Networks that gateways may come from, separated by commas.")  # fmt: skip
@click.option("--page-url", default="http://{host}:8080/", show_envvar=True,
              help="The web page, told to browsers at the text door; {host}: the address they came to.")  # fmt: skip
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), default="parley-data", show_envvar=True,
              help="Where the log is kept; made if it is not there.")  # fmt: skip
@click.option("--lang", type=click.Choice(LANGS), default="ru", show_envvar=True, help="Language of the text door.")
@click.option("--history-lines", type=click.IntRange(0, 1000), default=20, show_envvar=True,
              help="Messages that a text client sees on entering.")  # fmt: skip
@click.option("--resume-grace-seconds", type=amount, default=60.0, show_envvar=True,
              help="Seconds that a browser may be away without anybody seeing it leave.")  # fmt: skip
@click.option("--rate-burst", type=_COUNT, default=10, show_envvar=True, help="Lines that a client may send at once.")
@click.option("--rate-per-second", type=amount, default=2.0, show_envvar=True,
              help="Lines a second after that; what comes faster waits. 0: no limit.")  # fmt: skip
@click.option("--rate-patience-seconds", type=amount, default=60.0, show_envvar=True,
              help="Seconds of such waiting without a break, after which lines are refused. 0: never.")  # fmt: skip
@click.option("--input-characters", type=click.IntRange(1, 10_000), default=4000, show_envvar=True,
              help="Characters of one message.")  # fmt: skip
@click.option("--input-lines", type=click.IntRange(1, 1000), default=200, show_envvar=True,
              help="Lines of one message.")  # fmt: skip
@click.option("--line-bytes", type=click.IntRange(64, 1024 * 1024), default=16 * 1024, show_envvar=True,
              help="Bytes of a line at the text door.")  # fmt: skip
@click.option("--reply-kilobytes", type=click.IntRange(1, 1024), default=64, show_envvar=True,
              help="KiB of answers that a client may leave unread before its further input waits.")  # fmt: skip
@click.option("--connections-per-address", type=_COUNT, default=64, show_envvar=True,
              help="Connections from one address (IPv6: from one /64). 0: no limit.")  # fmt: skip
@click.option(
    "--max-connections", type=_COUNT, default=10000, show_envvar=True, help="Connections in all. 0: no limit."
)
@click.option("--joins-per-minute", type=_COUNT, default=None, show_default="2 × --connections-per-address",
              show_envvar=True, help="Joins a minute from one address. 0: no limit.")  # fmt: skip
@click.option("--join-timeout-seconds", type=amount, default=60.0, show_envvar=True,
              help="Seconds that a client may take to name itself. 0: no limit.")  # fmt: skip
@click.option("--stuck-seconds", type=amount, default=300.0, show_envvar=True,
              help="Seconds after which a client that reads nothing is let go. 0: no limit.")  # fmt: skip
@click.option("--retention-days", type=amount, default=0.0, show_envvar=True,
              help="Days after which events are removed from the log. 0: never.")  # fmt: skip
@click.option("--retention-megabytes", type=amount, default=0.0, show_envvar=True,
              help="Size of the log, in MB, beyond which the oldest events are removed. 0: no limit.")  # fmt: skip
@click.option("--durability", type=click.Choice(["process", "power"]), default="process", show_envvar=True,
              help="What a message outlives: a killed process, or a power cut too (slower).")  # fmt: skip
@click.option("--password-file", type=_FILE, default=None, show_envvar=True,
              help="File with the room's password; or PARLEY_PASSWORD. Without: everybody may enter.")  # fmt: skip
@click.option("--operator-password-file", type=_FILE, default=None, show_envvar=True,
              help="File with the operators' password; or PARLEY_OPERATOR_PASSWORD. Without: none.")  # fmt: skip
@click.option("--until-eof", is_flag=True, show_envvar=True,
              help="Stop when standard input ends, as it does when the process that holds it is killed.")  # fmt: skip
@click.option("--tls-cert", type=_FILE, show_envvar=True,
              help="Certificate (PEM, with its chain); the text door then speaks TLS.  [default: no TLS]")  # fmt: skip
@click.option("--tls-key", type=_FILE, show_envvar=True,
              help="The certificate's key (PEM). SIGHUP has both read again.  [default: no TLS]")  # fmt: skip
@click.option("--log-format", type=click.Choice(LOG_FORMATS), default="text", show_envvar=True,
              help="How records are written to standard error, one a line.")  # fmt: skip
@click.option("--log-addresses/--no-log-addresses", default=True, show_envvar=True,
              help="Whether clients' addresses are logged.")  # fmt: skip
@click.option("--metrics-host", default="127.0.0.1", show_envvar=True, help="Address of the metrics.")
@click.option("--metrics-port", type=_PORT, show_envvar=True,
              help="Port of the metrics, for Prometheus; 0 picks a free one.  [default: no metrics]")  # fmt: skip
@click.version_option(__version__, package_name="parley", prog_name="parley-core")
def main(
    host: str,
    port: int,
    gateway_host: str,
    gateway_port: int,
    gateway_networks: tuple[Network, ...],
    page_url: str,
    data_dir: Path,
    lang: Lang,
    history_lines: int,
    resume_grace_seconds: float,
    rate_burst: int,
    rate_per_second: float,
    rate_patience_seconds: float,
    input_characters: int,
    input_lines: int,
    line_bytes: int,
    reply_kilobytes: int,
    connections_per_address: int,
    max_connections: int,
    joins_per_minute: int | None,
    join_timeout_seconds: float,
    stuck_seconds: float,
    retention_days: float,
    retention_megabytes: float,
    durability: Durability,
    password_file: Path | None,
    operator_password_file: Path | None,
    until_eof: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    log_format: LogFormat,
    log_addresses: bool,
    metrics_host: str,
    metrics_port: int | None,
) -> None:
    """Run the chat server: the text door for nc and telnet, and the JSON door for the web gateway."""
    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("--tls-cert and --tls-key go together: give both or neither")
    options = ServerOptions(
        host=host,
        port=port,
        gateway_host=gateway_host,
        gateway_port=gateway_port,
        gateway_networks=gateway_networks,
        page_url=page_url,
        data_dir=data_dir,
        rate_burst=rate_burst,
        rate_per_second=rate_per_second,
        rate_patience_seconds=rate_patience_seconds,
        line_bytes=line_bytes,
        connections_per_address=connections_per_address,
        max_connections=max_connections,
        durability=durability,
        tls_cert=tls_cert,
        tls_key=tls_key,
        metrics_host=metrics_host,
        metrics_port=metrics_port,
        hub=HubOptions(
            lang=lang,
            history_lines=history_lines,
            resume_grace_seconds=resume_grace_seconds,
            join_timeout_seconds=join_timeout_seconds,
            sessions_per_address=connections_per_address,
            joins_per_minute=2 * connections_per_address if joins_per_minute is None else joins_per_minute,
            password=secret(password_file, "PARLEY_PASSWORD"),
            operator_password=secret(operator_password_file, "PARLEY_OPERATOR_PASSWORD"),
            input_limits=InputLimits(input_characters, input_lines),
            reply_bytes=reply_kilobytes * 1024,
            stuck_seconds=stuck_seconds,
            retention_days=retention_days,
            retention_bytes=int(retention_megabytes * 1_000_000),
        ),
    )
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGUSR1}  # the last one: the hub has failed
    if tls_cert or signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup has it
        signals.add(signal.SIGHUP)  # the certificate was renewed, or else the terminal is gone
    _allow_many_files()
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # threads inherit it; only sigwait below sees them
    write_last_records = logs.configure(log_format, log_addresses)
    try:
        server = Server(options, failed=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    except (CertificateError, LogUnusableError, RegisterUnusableError, OSError) as error:
        raise click.ClickException(str(error)) from error
    server.start()
    if until_eof:
        threading.Thread(target=_stop_at_eof, name="until-eof", daemon=True).start()
    print(f"parley-core: text door {shown(server.text_address)}")
    print(f"parley-core: gateway door {shown(server.gateway_address)}", flush=True)
    if server.metrics_address:
        print(f"parley-core: metrics at http://{shown(server.metrics_address)}/metrics", flush=True)
    while (received := signal.sigwait(signals)) is signal.SIGHUP and tls_cert:
        server.reload_certificate()
    server.stop()
    write_last_records()
    sys.exit(1 if received is signal.SIGUSR1 else 0)


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
