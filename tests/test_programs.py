"""The programs as an operator meets them: options, environment, errors, signals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

import tcp_core.__main__
import web_gateway.__main__
from tests.conftest import Both, JsonClient, Program, TextClient

COMMANDS: dict[str, click.Command] = {"tcp_core": tcp_core.__main__.main, "web_gateway": web_gateway.__main__.main}
FREE_PORTS = ("--port", "0", "--gateway-port", "0")


def run(module: str, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a program that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True, text=True, timeout=20, check=False, env={**os.environ, **env},
    )  # fmt: skip


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a program said that could not start; one line, and no traceback."""
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("Error: ")
    return done.stderr


def address(port: int) -> tuple[str, int]:
    return "127.0.0.1", port


@pytest.fixture
def text(request: pytest.FixtureRequest) -> Callable[[int], TextClient]:
    def connect(port: int) -> TextClient:
        client = TextClient(address(port))
        request.addfinalizer(client.close)
        return client

    return connect


@pytest.fixture
def web(request: pytest.FixtureRequest) -> Callable[[int], JsonClient]:
    def connect(port: int) -> JsonClient:
        client = JsonClient(address(port))
        request.addfinalizer(client.close)
        return client

    return connect


# ---------------------------------------------------------------------- options


@pytest.mark.parametrize("module", COMMANDS)
def test_help_lists_every_option_with_its_default_and_its_variable(module: str) -> None:
    done = run(module, "--help", COLUMNS="200")
    assert done.returncode == 0
    help = " ".join(done.stdout.split())
    settings = [p for p in COMMANDS[module].params if isinstance(p, click.Option) and p.name not in ("version", "help")]
    assert len(settings) >= 8
    for option in settings:
        assert option.name is not None
        flag = "--" + option.name.replace("_", "-")
        assert option.opts == [flag]
        entry = re.split(r" (?=--(?!no-)[a-z]|-h, --help)", help[help.index(f" {flag} ") + 1 :])[0]
        assert option.help
        assert str(option.envvar or f"PARLEY_{option.name.upper()}") in entry, entry
        assert "default: " in entry or option.is_flag or option.default in ("", None), entry


@pytest.mark.parametrize("module", COMMANDS)
def test_version(module: str) -> None:
    done = run(module, "--version")
    assert done.returncode == 0
    assert re.search(r"parley-\w+, version \d+\.\d+", done.stdout)


@pytest.mark.parametrize(
    ("module", "option", "value"),
    [
        ("tcp_core", "--port", "70000"),
        ("tcp_core", "--port", "many"),
        ("tcp_core", "--gateway-port", "-1"),
        ("tcp_core", "--lang", "xx"),
        ("tcp_core", "--history-lines", "-1"),
        ("tcp_core", "--rate-per-second", "-2"),
        ("tcp_core", "--resume-grace-seconds", "soon"),
        ("tcp_core", "--gateway-networks", "10.0.0.0/33"),
        ("tcp_core", "--connections-per-address", "1.5"),
        ("tcp_core", "--data-dir", __file__),
        ("web_gateway", "--core-port", "0x"),
        ("web_gateway", "--trusted-proxies", "10.0.0.1/8"),
        ("web_gateway", "--static-dir", "/nowhere/at/all"),
        ("web_gateway", "--max-http-connections", "-1"),
        ("web_gateway", "--http-connections-per-address", "few"),
        ("web_gateway", "--header-timeout-seconds", "-0.5"),
        ("web_gateway", "--header-timeout-seconds", "nan"),
        ("web_gateway", "--header-bytes", "-1"),
        ("web_gateway", "--unread-kilobytes", "1.5"),
        ("web_gateway", "--metrics-port", "70000"),
        ("web_gateway", "--log-format", "xml"),
    ],
)
def test_a_bad_value_is_named(module: str, option: str, value: str) -> None:
    done = run(module, option, value)
    assert done.returncode == 2
    assert option in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", COMMANDS)
def test_an_unknown_option(module: str) -> None:
    done = run(module, "--colour", "red")
    assert done.returncode == 2
    assert "--colour" in done.stderr


def test_a_bad_variable_is_named() -> None:
    done = run("tcp_core", PARLEY_PORT="many")
    assert done.returncode == 2
    assert "PARLEY_PORT" in done.stderr or "--port" in done.stderr


def test_variables_are_options(
    start_program: Callable[..., Program], text: Callable[[int], TextClient], tmp_path: Path
) -> None:
    env = {
        "PARLEY_PORT": "0",
        "PARLEY_GATEWAY_PORT": "0",
        "PARLEY_DATA_DIR": str(tmp_path / "log"),
        "PARLEY_LANG": "en",
        "PARLEY_PAGE_URL": "https://chat.example/",
    }
    core = start_program("tcp_core", announcements=2, env=env)
    client = text(core.ports[0])
    assert client.read_until(": ") == "Nick: "
    client.send("GET / HTTP/1.1\r\n\r\n")
    assert "https://chat.example/" in client.read_to_end()
    assert (tmp_path / "log" / "log.sqlite3").is_file()

    env = {"PARLEY_PORT": "0", "PARLEY_CORE_PORT": str(core.ports[1]), "PARLEY_TEXT_PORT": "4321"}
    gateway = start_program("web_gateway", env=env)
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.ports[0]}/", timeout=10) as page:
        assert b'content="4321"' in page.read()
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.ports[0]}/healthz", timeout=10) as health:
        assert json.load(health)["status"] == "ok"


def test_an_option_is_stronger_than_a_variable(
    start_program: Callable[..., Program], text: Callable[[int], TextClient], tmp_path: Path
) -> None:
    core = start_program(
        "tcp_core", *FREE_PORTS, "--data-dir", tmp_path, "--lang", "ru", announcements=2, env={"PARLEY_LANG": "en"}
    )
    client = text(core.ports[0])
    assert client.read_until(": ") == "Ник: "


# --------------------------------------------------------------- starting badly


def test_a_port_that_is_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        for module, *arguments in (
            ("tcp_core", "--port", port, "--gateway-port", "0", "--data-dir", str(tmp_path)),
            ("tcp_core", "--port", "0", "--gateway-port", port, "--data-dir", str(tmp_path)),
            ("web_gateway", "--port", port),
        ):
            done = run(module, *arguments)
            assert done.returncode == 1
            assert f"127.0.0.1:{port}: " in complaint(done)
            assert "address already in use" in complaint(done).lower()


@pytest.mark.parametrize("module", COMMANDS)
def test_a_host_that_is_not_there(module: str, tmp_path: Path) -> None:
    arguments = ("--data-dir", tmp_path) if module == "tcp_core" else ()
    done = run(module, "--host", "203.0.113.1", "--port", "0", *arguments)
    assert done.returncode == 1
    assert "203.0.113.1" in complaint(done)


def _damaged(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xa5" * 5000)


def _text(path: Path) -> None:
    path.write_text("my diary\n" * 1000)


def _foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE notes (text)")
    db.commit()
    db.close()


def _newer(path: Path) -> None:
    _foreign(path)
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA application_id = {0x5061726C}")
    db.execute("PRAGMA user_version = 999")
    db.commit()
    db.close()


@pytest.mark.parametrize("make", [_damaged, _text, _foreign, _newer])
def test_a_file_that_is_no_log_is_left_as_it_is(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite3"
    make(path)
    before = path.read_bytes()
    done = run("tcp_core", *FREE_PORTS, "--data-dir", tmp_path)
    assert done.returncode == 1
    assert str(path) in complaint(done)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "lock") == ["log.sqlite3"]


def test_a_log_that_was_cut_off_is_refused(start_program: Callable[..., Program], tmp_path: Path) -> None:
    core = start_program("tcp_core", *FREE_PORTS, "--data-dir", tmp_path, announcements=2)
    core.stop()
    path = tmp_path / "log.sqlite3"
    path.write_bytes(path.read_bytes()[:4096])  # only the first page is left
    done = run("tcp_core", *FREE_PORTS, "--data-dir", tmp_path)
    assert done.returncode == 1
    assert str(path) in complaint(done)


def test_a_directory_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("tcp_core", *FREE_PORTS, "--data-dir", tmp_path / "file" / "data")
    assert done.returncode in (1, 2)
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_log_that_another_core_uses(start_program: Callable[..., Program], tmp_path: Path) -> None:
    start_program("tcp_core", *FREE_PORTS, "--data-dir", tmp_path, announcements=2)
    done = run("tcp_core", *FREE_PORTS, "--data-dir", tmp_path)
    assert done.returncode == 1
    assert "another core is using this log" in complaint(done)


def test_a_gateway_without_a_page(tmp_path: Path) -> None:
    done = run("web_gateway", "--port", "0", "--static-dir", tmp_path)
    assert done.returncode == 1
    assert "no index.html" in complaint(done)


# ------------------------------------------------------------------- stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_core_stops_in_order_with_clients_connected(
    start_program: Callable[..., Program],
    text: Callable[[int], TextClient],
    web: Callable[[int], JsonClient],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    core = start_program("tcp_core", *FREE_PORTS, "--data-dir", tmp_path, announcements=2)
    alex, ann = text(core.ports[0]), web(core.ports[1])
    silent = socket.create_connection(address(core.ports[1]), timeout=10)  # never sends its header
    alex.join("Alex")
    ann.join("Ann")
    ann.roundtrip()
    begin = time.monotonic()
    core.process.send_signal(number)
    assert alex.read_to_end().endswith("* Сервер останавливается *\n")
    bye = ann.read()
    assert bye is not None
    assert (bye["type"], bye["code"]) == ("bye", 4000)
    assert ann.read() is None
    assert core.process.wait(20) == 0  # the clients are still holding their ends
    assert time.monotonic() - begin < 15
    silent.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_gateway_stops_in_order_with_clients_connected(start_both: Both, number: signal.Signals) -> None:
    _, gateway = start_both()
    port = gateway.ports[0]
    with socket.create_connection(address(port), timeout=10) as page:
        page.sendall(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            b"Sec-WebSocket-Protocol: parley.v1\r\n\r\n"
        )
        received = b""
        while b"\r\n\r\n" not in received:
            received += page.recv(4096)
        assert received.startswith(b"HTTP/1.1 101 ")
        begin = time.monotonic()
        gateway.process.send_signal(number)
        while not received.endswith(b"the server is stopping"):
            data = page.recv(4096)
            assert data
            received += data
        frame = received.rpartition(b"\r\n\r\n")[2]
        assert frame[:1] == b"\x88"
        assert int.from_bytes(frame[2:4]) == 4000
        assert gateway.process.wait(20) == 0
        assert time.monotonic() - begin < 15


@pytest.fixture
def hangup_ignored() -> Iterator[None]:
    """What nohup does for the programs that it starts."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangup_ignored")
def test_under_nohup_a_closed_terminal_ends_nothing(start_both: Both) -> None:
    core, gateway = start_both()
    alex = TextClient(("127.0.0.1", core.ports[0]))
    alex.join("Alex")
    for program in (core, gateway):
        program.process.send_signal(signal.SIGHUP)
    for n in range(20):
        alex.send(f"{n}\n")
        assert alex.line() == f"[Alex] {n}"
        with urllib.request.urlopen(f"http://127.0.0.1:{gateway.ports[0]}/healthz", timeout=10) as answer:
            assert answer.status == 200
    assert core.process.poll() is gateway.process.poll() is None
    alex.close()


@pytest.mark.parametrize(("module", "arguments"), [("tcp_core", FREE_PORTS), ("web_gateway", ("--port", "0"))])
@pytest.mark.parametrize("by_signal", [True, False], ids=["signal", "eof"])
def test_one_that_waits_for_an_end_of_input_stops_in_order(
    module: str, arguments: tuple[str, ...], by_signal: bool, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", module, "--until-eof", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PARLEY_DATA_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        if by_signal:
            process.terminate()
        else:
            process.stdin.close()
        assert process.wait(20) == 0
        # It may log that it starts and stops, but not complain.
        assert [line for line in process.stderr.read().splitlines() if " info " not in line] == []


def test_a_core_that_is_killed_comes_back_with_its_history(
    start_program: Callable[..., Program],
    text: Callable[[int], TextClient],
    web: Callable[[int], JsonClient],
    tmp_path: Path,
) -> None:
    settings = (*FREE_PORTS, "--data-dir", tmp_path, "--rate-per-second", "0")
    core = start_program("tcp_core", *settings, announcements=2)
    alex = text(core.ports[0])
    alex.join("Alex")
    alex.send("".join(f"{n}\n" for n in range(100)))
    alex.read_until("[Alex] 99\n")
    assert core.stop(signal.SIGKILL) == -signal.SIGKILL
    core = start_program("tcp_core", *settings, announcements=2)
    ann = web(core.ports[1])
    ann.join("Ann")
    messages = ann.roundtrip()
    assert [m["text"] for m in messages if m["type"] == "said"] == [f"{n}" for n in range(1, 100)]
    left = next(m for m in messages if m["type"] == "left")  # whoever was here then
    assert (left["nick"], left["reason"]) == ("Alex", "lost")


# ----------------------------------------------------------------- announcing


def test_free_ports_are_announced(start_both: Both) -> None:
    core, gateway = start_both()
    assert re.fullmatch(r"parley-core: text door 127\.0\.0\.1:\d+", core.announced[0])
    assert re.fullmatch(r"parley-core: gateway door 127\.0\.0\.1:\d+", core.announced[1])
    assert re.fullmatch(r"parley-gateway: page at http://127\.0\.0\.1:\d+/", gateway.announced[0])
    assert len({*core.ports, *gateway.ports}) == 3
    for port in (*core.ports, *gateway.ports):
        socket.create_connection(address(port), timeout=10).close()


@pytest.mark.parametrize("option", ["--password-file", "--operator-password-file"])
def test_a_password_file_that_says_nothing(option: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "two-lines").write_text("one\ntwo\n")
    (tmp_path / "folder").mkdir()
    for name in ("empty", "two-lines", "missing", "folder"):
        done = run("tcp_core", *FREE_PORTS, "--data-dir", str(tmp_path / "data"), option, str(tmp_path / name))
        assert done.returncode == 1
        assert name in done.stderr
        assert "Traceback" not in done.stderr


def test_passwords_from_files_and_from_the_environment(
    start_program: Callable[..., Program], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "operators").write_text("open sesame\r\n", encoding="utf-8-sig")
    monkeypatch.setenv("PARLEY_PASSWORD", "for the class")
    monkeypatch.setenv("PARLEY_OPERATOR_PASSWORD", "not this one: the file comes first")
    options = ("--lang", "en", "--data-dir", tmp_path / "data", "--operator-password-file", tmp_path / "operators")
    core = start_program("tcp_core", *FREE_PORTS, *options, announcements=2)
    ann = TextClient(("127.0.0.1", core.ports[0]))
    ann.send("for the class\nAnn\n/oper open sesame\n")
    ann.read_until("* You are an operator.")
    ann.close()


def test_an_empty_variable_is_no_password(
    start_program: Callable[..., Program], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_PASSWORD", "")
    core = start_program("tcp_core", *FREE_PORTS, "--data-dir", tmp_path / "data", announcements=2)
    ann = TextClient(("127.0.0.1", core.ports[0]))
    ann.join("Ann")
    ann.close()
