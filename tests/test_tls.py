"""The text door with TLS: real clients, clients that do as they like, and the certificate's renewal."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from tcp_core import delivery, tls
from tcp_core.certificate import Certificate, CertificateError
from tcp_core.pump import Pump
from tests.conftest import Core, TextClient, stopping
from tests.test_programs import FREE_PORTS, complaint, run
from tests.test_real_clients import program

SECONDS = 30.0
ROOT = Path(__file__).parent.parent


class Files(NamedTuple):
    """PEM files."""

    cert: Path
    key: Path
    ca: Path

    @property
    def options(self) -> dict[str, Path]:
        return {"tls_cert": self.cert, "tls_key": self.key}

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))


def issue(directory: Path) -> Files:
    directory.mkdir(parents=True, exist_ok=True)
    files = Files(directory / "cert.pem", directory / "key.pem", directory / "ca.pem")
    ca = trustme.CA()
    issued = ca.issue_cert("localhost", "127.0.0.1", "127.0.0.2")
    files.cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    files.key.write_bytes(issued.private_key_pem.bytes())
    ca.cert_pem.write_to_path(str(files.ca))
    return files


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return issue(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def core(start_core: Callable[..., Core], files: Files) -> Core:
    return start_core(**files.options)


class TlsClient(TextClient):
    def __init__(self, address: tuple[str, int], files: Files, source: str = "127.0.0.1") -> None:
        sock = socket.create_connection(address, timeout=SECONDS, source_address=(source, 0))
        self.sock = files.trusting().wrap_socket(sock, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
        self.received = b""

    def read_to_end(self) -> str:
        """Return what comes up to an orderly end; fails where there is no close_notify."""
        return super().read_to_end()  # recv raises SSLEOFError for the end of TCP alone


@pytest.fixture
def connect(core: Core, files: Files) -> Iterator[Callable[..., TlsClient]]:
    with ExitStack() as stack:

        def one(nick: str | None = None, **options: str) -> TlsClient:
            client = TlsClient(core.server.text_address, files, **options)
            stack.callback(client.close)
            if nick is not None:
                client.join(nick)
            return client

        yield one


def plain(core: Core) -> TextClient:
    return TextClient(core.server.text_address)


def refusal(core: Core) -> str:
    host, port = core.server.text_address
    return f"❌ Сюда можно только по TLS: ncat --ssl {host} {port}\n"


# ------------------------------------------------------------------ real clients


@pytest.mark.parametrize("text", ["ci\nhello\n", "ci\nhello"])
def test_a_line_of_shell_with_ncat(core: Core, connect: Callable[..., TlsClient], text: str) -> None:
    host, port = core.server.text_address
    eve = connect("Eve")
    done = subprocess.run([program("ncat"), "--ssl", host, str(port)], input=text.encode(), capture_output=True,
                          timeout=SECONDS, check=False)  # fmt: skip
    seen = "* ci вошёл в чат *\n[ci] hello\n* ci вышел из чата *\n"
    assert (done.returncode, done.stdout.decode()) == (0, "Ник: " + seen)
    assert eve.read_until("вышел из чата *\n") == seen


def test_a_long_file_with_ncat(core: Core, connect: Callable[..., TlsClient]) -> None:
    host, port = core.server.text_address
    eve = connect("Eve")
    lines = [f"{n} " + "ж" * 200 for n in range(2000)]
    done = subprocess.run([program("ncat"), "--ssl", host, str(port)], input="\n".join(["ci", *lines]).encode(),
                          capture_output=True, timeout=SECONDS, check=False)  # fmt: skip
    said = [f"[ci] {line}" for line in lines]
    assert [line for line in done.stdout.decode().splitlines() if line.startswith("[")] == said
    assert [line for line in eve.read_until("* ci вышел из чата *\n").splitlines() if line.startswith("[")] == said


def s_client(core: Core, text: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    host, port = core.server.text_address
    command = [program("openssl"), "s_client", *options, "-connect", f"{host}:{port}"]
    return subprocess.run(command, input=text.encode(), capture_output=True, timeout=SECONDS, check=False)


def test_openssl_sees_all_and_then_the_end(core: Core, connect: Callable[..., TlsClient], files: Files) -> None:
    eve = connect("Eve")
    done = s_client(core, "Alex\nhello\n/quit\n", "-quiet", "-verify_return_error", "-CAfile", str(files.ca))
    seen = "* Alex вошёл в чат *\n[Alex] hello\n* Alex вышел из чата *\n"
    assert (done.returncode, done.stdout.decode()) == (0, "Ник: " + seen)
    assert eve.read_until("вышел из чата *\n") == seen


def test_what_openssl_sent_before_it_hung_up_is_said(core: Core, connect: Callable[..., TlsClient]) -> None:
    eve = connect("Eve")
    s_client(core, "Alex\nhello\n")  # without -quiet it closes both directions at the end of its input
    assert eve.read_until("вышел из чата *\n") == "* Alex вошёл в чат *\n[Alex] hello\n* Alex вышел из чата *\n"


def test_there_is_no_renegotiation(core: Core) -> None:
    done = s_client(core, "R\n", "-tls1_2")
    assert b"RENEGOTIATING" in done.stdout + done.stderr
    assert b"no renegotiation" in done.stderr


def test_an_old_version_is_refused(core: Core) -> None:
    done = s_client(core, "Alex\n", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    assert done.returncode
    assert "Ник" not in done.stdout.decode()


@pytest.mark.parametrize("options", ["--tls-ca", "--tls-insecure"])
def test_the_terminal_client(core: Core, files: Files, options: str) -> None:
    host, port = core.server.text_address
    arguments = [options, str(files.ca)] if options == "--tls-ca" else [options]
    done = subprocess.run([sys.executable, "-m", "tcp_core.client", *arguments, host, str(port)], input="Alex\nhello",
                          capture_output=True, text=True, timeout=SECONDS, check=False)  # fmt: skip
    seen = "Ник: * Alex вошёл в чат *\n[Alex] hello\n* Alex вышел из чата *\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, seen, "")


def test_the_terminal_client_does_not_believe_anybody(core: Core) -> None:
    host, port = core.server.text_address
    done = subprocess.run([sys.executable, "-m", "tcp_core.client", "--tls", host, str(port)], input="Alex\n",
                          capture_output=True, text=True, timeout=SECONDS, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr


# ------------------------------------------------------------- those without TLS


@pytest.mark.parametrize("sent", [b"Alex\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x80\x2e\x01\x00\x02"])
def test_who_comes_without_tls_is_told(core: Core, sent: bytes) -> None:
    client = plain(core)
    client.send(sent)
    assert client.read_to_end() == refusal(core)
    client.close()


def test_who_is_silent_is_told(start_core: Callable[..., Core], files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "HELLO_SECONDS", 0.05)
    core = start_core(**files.options)
    client = plain(core)
    assert client.read_to_end() == refusal(core)
    client.close()


def test_half_a_handshake_ends_in_time(
    start_core: Callable[..., Core], files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_SECONDS", 0.1)
    core = start_core(**files.options)
    outgoing = ssl.MemoryBIO()
    talk = files.trusting().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        talk.do_handshake()
    client = plain(core)
    client.send(outgoing.read()[:100])
    with pytest.raises(ConnectionResetError):
        client.sock.recv(100)
    client.close()


def test_garbage_costs_only_its_sender_the_connection(core: Core, connect: Callable[..., TlsClient]) -> None:
    eve = connect("Eve")
    for garbage in (b"\x16\x03\x01\x00\x05hello", b"\x16" * 1000, b"\x16\x03\x01\xff\xff" + bytes(70000)):
        client = plain(core)
        client.send(garbage)
        answer = b""
        try:
            while data := client.sock.recv(4096):
                answer += data
        except ConnectionResetError:
            pass
        assert answer[:1] in (b"", b"\x15")  # an alert
        client.close()
    assert eve.roundtrip() == ""


# --------------------------------------------------------------- what TLS keeps


def test_the_address_is_the_clients_own(start_core: Callable[..., Core], files: Files) -> None:
    core = start_core(connections_per_address=1, **files.options)
    with ExitStack() as stack:
        for source, welcome in (("127.0.0.1", True), ("127.0.0.1", False), ("127.0.0.2", True)):
            client = TlsClient(core.server.text_address, files, source)
            stack.callback(client.close)
            if welcome:
                client.join(f"from {source}")
            else:
                assert "❌ Слишком много подключений (предел 1, с одного адреса)\n" in client.read_to_end()


def test_one_who_has_not_shaken_hands_counts(start_core: Callable[..., Core], files: Files) -> None:
    core = start_core(max_connections=1, **files.options)
    first, second = plain(core), plain(core)
    assert "(предел 1, всего)" in second.read_to_end()
    first.close()
    second.close()


def test_a_half_close_keeps_the_other_direction(core: Core, files: Files) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    talk = files.trusting().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    client = plain(core)

    def until_done(step: Callable[[], object]) -> object:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                client.send(outgoing.read())
                data = client.sock.recv(65536)
                incoming.write(data) if data else incoming.write_eof()

    until_done(talk.do_handshake)
    talk.write(b"Alex\nhello\n")
    with pytest.raises(ssl.SSLWantReadError):
        talk.unwrap()  # writes the close_notify
    client.send(outgoing.read())
    received = b""
    while True:
        try:
            data = until_done(lambda: talk.read(65536))
        except ssl.SSLZeroReturnError:  # theirs
            break
        assert isinstance(data, bytes)
        if not data:
            break
        received += data
    assert received.decode() == "Ник: * Alex вошёл в чат *\n[Alex] hello\n* Alex вышел из чата *\n"
    client.close()


def test_a_slow_reader_costs_nobody_anything_and_sees_all_in_the_end(
    start_core: Callable[..., Core], files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "LINGER_SECONDS", 0.1)
    monkeypatch.setattr(delivery, "LINGER_SECONDS", 0.1)
    core = start_core(**files.options)
    slow, eve = (TlsClient(core.server.text_address, files) for _ in range(2))
    slow.join("Slow")
    eve.join("Eve")
    zed = core.web()  # since nobody else may read from a TLS socket while one sends to it
    zed.join("Zed")
    lines = [f"[Zed] {n} {'x' * 4000}"[:3000] for n in range(3000)]  # 9 MB: more than all buffers on the way

    def listen() -> None:
        while zed.read() != {"type": "pong", "id": "all"}:
            pass

    readers = [threading.Thread(target=eve.read_until, args=(lines[-1] + "\n",)), threading.Thread(target=listen)]
    for reader in readers:
        reader.start()
    for line in lines:
        zed.send(type="input", text=line.removeprefix("[Zed] "))
    zed.send(type="ping", id="all")
    for reader in readers:
        reader.join(40)
        assert not reader.is_alive()  # although one reads nothing
    eve.roundtrip()
    assert core.server._hub.figures.crowd().blocked == 1
    slow.send("/quit\n")
    assert "* Slow вышел из чата *" in eve.read_until("* Slow вышел из чата *\n")
    rest = slow.read_to_end().splitlines()
    assert [line for line in rest if line.startswith("[Zed]")] == lines
    assert rest[-1] == "* Slow вышел из чата *"
    for client in (slow, eve):
        client.close()


def test_two_hundred_at_once(start_core: Callable[..., Core], files: Files) -> None:
    core = start_core(connections_per_address=0, **files.options)
    people: list[TlsClient] = []

    def come(n: int) -> None:
        client = TlsClient(core.server.text_address, files)
        people.append(client)
        client.join(f"p{n}")

    threads = [threading.Thread(target=come, args=(n,)) for n in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(people) == 200
    people[0].send("to everybody\n")
    for client in people:
        client.read_until("to everybody\n")
    with stopping(core.server):
        for client in people:
            assert client.read_to_end().endswith("* Сервер останавливается *\n")
            client.close()


def test_one_that_vanishes_is_lost_and_nothing_of_it_stays(start_core: Callable[..., Core], files: Files) -> None:
    descriptors, threads = len(list(Path("/proc/self/fd").iterdir())), threading.active_count()
    core = start_core(**files.options)
    ann = core.web()
    ann.join("Ann")
    ann.roundtrip()
    for end in ("reset", "close", "half a handshake", "plain"):
        if end in ("reset", "close"):
            client: TextClient = TlsClient(core.server.text_address, files)
            client.join(end)
            if end == "reset":
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            joined, left = ann.read(), ann.read()
            assert joined is not None
            assert left is not None
            assert (joined["type"], left["type"], left["nick"]) == ("joined", "left", end)
            assert left["reason"] == ("lost" if end == "reset" else "quit")
        else:
            client = plain(core)
            client.send(b"\x16\x03\x01" if end == "half a handshake" else b"hello\n")
            client.close()
    ann.close()
    core.server.stop()
    assert (len(list(Path("/proc/self/fd").iterdir())), threading.active_count()) == (descriptors, threads)


def test_a_pump_that_fails_costs_nobody_else_the_connection(
    connect: Callable[..., TlsClient], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve, alex = connect("Eve"), connect("Alex")
    eve.read_until("* Alex вошёл в чат *\n")
    port = alex.sock.getsockname()[1]
    move_in = Pump.move_in

    def fail(pump: Pump) -> bool:
        if pump.outer.sock.getpeername()[1] == port:
            raise RuntimeError("on purpose")
        return move_in(pump)

    monkeypatch.setattr(Pump, "move_in", fail)
    alex.send("hello\n")
    assert eve.line() == "* Alex вышел из чата *"
    assert eve.roundtrip() == ""
    assert any(record.exc_text and "on purpose" in record.exc_text for record in caplog.records)


def test_dead_peers_are_found(core: Core, connect: Callable[..., TlsClient]) -> None:
    connect("Alex")
    (pump,) = core.server._tls._pumps  # type: ignore[union-attr]
    assert pump.outer.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert pump.outer.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 360_000


# ----------------------------------------------------------------- the certificate


def test_one_without_the_other(files: Files) -> None:
    for arguments in (("--tls-cert", files.cert), ("--tls-key", files.key)):
        done = run("tcp_core", *FREE_PORTS, *arguments)
        assert done.returncode == 2
        assert "--tls-cert and --tls-key go together" in done.stderr


def test_files_that_can_not_be_used(files: Files, tmp_path: Path) -> None:
    other = issue(tmp_path / "other")
    (tmp_path / "text.pem").write_text("my diary\n")
    for cert, key, problem in (
        (tmp_path / "none.pem", files.key, f"{tmp_path / 'none.pem'}: No such file or directory"),
        (files.cert, tmp_path, f"{tmp_path}: Is a directory"),
        (files.cert, other.key, "key values mismatch"),
        (tmp_path / "text.pem", files.key, f"{tmp_path / 'text.pem'}"),
    ):
        with pytest.raises(CertificateError, match=problem):
            Certificate(cert, key)
    done = run(
        "tcp_core", *FREE_PORTS, "--data-dir", tmp_path / "data", "--tls-cert", files.cert, "--tls-key", other.key
    )
    assert done.returncode == 1
    assert "key values mismatch" in complaint(done)


def test_a_key_with_a_password_is_refused_without_asking(files: Files, tmp_path: Path) -> None:
    encrypted = tmp_path / "key.pem"
    subprocess.run([program("openssl"), "pkey", "-in", str(files.key), "-aes128", "-passout", "pass:secret", "-out",
                    str(encrypted)], check=True, timeout=SECONDS)  # fmt: skip
    with pytest.raises(CertificateError, match="the key is encrypted"):
        Certificate(files.cert, encrypted)


def test_sighup_renews_it_for_new_connections(files: Files, tmp_path: Path) -> None:
    used, renewed = tmp_path / "used", issue(tmp_path / "renewed")
    used.mkdir()
    mine = Files(used / "cert.pem", used / "key.pem", files.ca)
    shutil.copy(files.cert, mine.cert)
    shutil.copy(files.key, mine.key)
    command = [sys.executable, "-m", "tcp_core", *FREE_PORTS, "--data-dir", str(tmp_path / "data"), "--tls-cert",
               str(mine.cert), "--tls-key", str(mine.key)]  # fmt: skip
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        ExitStack() as stack,
    ):
        stack.callback(process.terminate)
        assert process.stdout is not None
        assert process.stderr is not None
        address = ("127.0.0.1", int(process.stdout.readline().rpartition(":")[2]))
        process.stdout.readline()

        def hang_up(expected: str) -> None:
            process.send_signal(signal.SIGHUP)
            while "certificate" not in (record := process.stderr.readline()):  # type: ignore[union-attr]
                assert record
            assert expected in record

        first = TlsClient(address, files)
        stack.callback(first.close)
        first.join("Alex")
        mine.cert.write_text("broken\n")
        hang_up(" error parley.server: ")
        TlsClient(address, files).close()
        shutil.copy(renewed.cert, mine.cert)
        shutil.copy(renewed.key, mine.key)
        hang_up(" info parley.server: ")
        TlsClient(address, renewed).close()
        with pytest.raises(ssl.SSLCertVerificationError):
            TlsClient(address, files)
        assert first.roundtrip() == ""
        process.terminate()
        assert first.read_to_end().endswith("* Сервер останавливается *\n")
        first.close()
        assert process.wait(SECONDS) == 0


GATEWAY = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGTERM})
print("parley-gateway: page at https://127.0.0.1:4321/", flush=True)
while signal.sigwait({signal.SIGHUP, signal.SIGTERM}) is signal.SIGHUP:
    print("gateway: SIGHUP", file=sys.stderr, flush=True)
"""


@pytest.mark.parametrize("tls_on", [True, False])
def test_parley_passes_sighup_on(files: Files, tmp_path: Path, tls_on: bool) -> None:
    (tmp_path / "web_gateway").mkdir()
    (tmp_path / "web_gateway" / "__init__.py").touch()
    (tmp_path / "web_gateway" / "__main__.py").write_text(GATEWAY)
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "PYTHONUNBUFFERED": "1"}
    if tls_on:
        env |= {"PARLEY_TLS_CERT": str(files.cert), "PARLEY_TLS_KEY": str(files.key)}
    command = [sys.executable, "-m", "tcp_core.launcher", "--port", "0", "--web-port", "0", "--gateway-port", "0"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd=tmp_path, env=env) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        ways = [process.stdout.readline() for _ in range(7)]
        assert ("https://127.0.0.1:4321/" if tls_on else "http://127.0.0.1:4321/") in ways[3]
        assert ("ncat --ssl 127.0.0.1 " if tls_on else "  nc 127.0.0.1 ") in ways[4]
        process.send_signal(signal.SIGHUP)
        if tls_on:
            told: set[str] = set()
            while told != {"core", "gateway"}:
                record = process.stderr.readline()
                assert record
                told |= {"gateway"} if record == "gateway: SIGHUP\n" else set()
                told |= {"core"} if "certificate read" in record else set()
            process.terminate()
        assert process.wait(20) == 0
