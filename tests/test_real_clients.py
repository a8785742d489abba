"""Real programs at the text door: nc, ncat and telnet, as people and scripts use them."""

from __future__ import annotations

import contextlib
import os
import pty
import selectors
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tcp_core import delivery
from tests.conftest import Core, stopping

SECONDS = 30.0


def program(*names: str) -> str:
    """Return the path of the first of these programs that is installed."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    pytest.fail(
        f"these tests need {' or '.join(names)}; install it (Debian: netcat-openbsd, ncat, telnet)", pytrace=False
    )


class Terminal:
    """A program that somebody types into and reads."""

    def __init__(self, *command: str, on_a_terminal: bool = False) -> None:
        if on_a_terminal:
            self._out, slave = pty.openpty()

            self._in = self._out
            self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
            os.close(slave)
        else:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        self._on_a_terminal = on_a_terminal
        self.received = b""

    @property
    def terminal(self) -> int:
        """The terminal that it runs at, if it does."""
        return self._out

    def type(self, text: str | bytes) -> None:
        os.write(self._in, text.encode() if isinstance(text, str) else text)

    def read_until(self, end: str) -> str:
        """Return what the program writes, up to and including `end`."""
        wanted = end.encode()
        while wanted not in self.received:
            data = self._read()
            assert data, f"the program ended before it wrote {end!r}: {self.received!r}"
            self.received += data
        head, _, self.received = self.received.partition(wanted)
        return (head + wanted).decode()

    def read_to_end(self) -> str:
        while data := self._read():
            self.received += data
        rest, self.received = self.received, b""
        return rest.decode()

    def _read(self) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            assert selector.select(SECONDS), f"nothing more came within {SECONDS} s: {self.received!r}"
        try:
            return os.read(self._out, 65536)
        except OSError:  # the other side of a terminal is closed
            return b""

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(SECONDS)
        if self._on_a_terminal:
            os.close(self._out)
        else:
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@pytest.fixture
def start_terminal() -> Iterator[Callable[..., Terminal]]:
    with contextlib.ExitStack() as stack:

        def start(*command: str, **options: bool) -> Terminal:
            terminal = Terminal(*command, **options)
            stack.callback(terminal.close)
            return terminal

        yield start


def nc() -> str:
    return program("nc.openbsd", "nc")


@pytest.mark.parametrize("names", [("nc.openbsd", "nc"), ("ncat",)], ids=["nc", "ncat"])
def test_two_people_talk(core: Core, start_terminal: Callable[..., Terminal], names: tuple[str, ...]) -> None:
    host, port = core.server.text_address
    command = (program(*names), host, str(port))
    alex = start_terminal(*command)
    assert alex.read_until(": ") == "Ник: "
    alex.type("Alex\n")
    assert alex.read_until("\n") == "* Alex вошёл в чат *\n"
    bob = start_terminal(*command)
    bob.type("Bob\n")
    assert bob.read_until("\n") == "Ник: * Bob вошёл в чат *\n"
    assert alex.read_until("\n") == "* Bob вошёл в чат *\n"
    alex.type("Привет!\n")
    assert bob.read_until("\n") == "[Alex] Привет!\n"
    assert alex.read_until("\n") == "[Alex] Привет!\n"
    bob.type("/nickname Bobby\n")
    assert alex.read_until("\n") == "* Bob сменил ник на Bobby *\n"
    assert bob.read_until("\n") == "* Bob сменил ник на Bobby *\n"
    bob.type("/quit\n")
    bob.end_input()  # ncat waits for that, although the connection has ended
    assert bob.read_to_end() == "* Bobby вышел из чата *\n"
    assert alex.read_until("\n") == "* Bobby вышел из чата *\n"


@pytest.mark.parametrize("names", [("nc.openbsd", "nc"), ("ncat",)], ids=["nc", "ncat"])
def test_the_option_for_crlf(core: Core, start_terminal: Callable[..., Terminal], names: tuple[str, ...]) -> None:
    host, port = core.server.text_address
    eve = core.text("Eve")
    alex = start_terminal(program(*names), "-C", host, str(port))
    alex.type("Alex\nпривет\n")
    assert alex.read_until("привет\n") == "Ник: * Alex вошёл в чат *\n[Alex] привет\n"
    assert eve.read_until("привет\n") == "* Alex вошёл в чат *\n[Alex] привет\n"


@pytest.mark.parametrize("text", [r"ci\nbuild failed\n", r"ci\nbuild failed"])
def test_a_line_of_shell_says_something(core: Core, text: str) -> None:
    host, port = core.server.text_address
    eve = core.text("Eve")
    command = f"printf {shlex.quote(text)} | {shlex.quote(nc())} -N {host} {port}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=SECONDS, check=False)
    seen = "* ci вошёл в чат *\n[ci] build failed\n* ci вышел из чата *\n"
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, "Ник: " + seen, b"")
    assert eve.read_until("вышел из чата *\n") == seen


def test_a_line_of_shell_with_ncat(core: Core) -> None:
    host, port = core.server.text_address
    eve = core.text("Eve")
    command = f"printf 'ci\\nbuild failed\\n' | {shlex.quote(program('ncat'))} {host} {port}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, timeout=SECONDS, check=False)
    seen = "* ci вошёл в чат *\n[ci] build failed\n* ci вышел из чата *\n"
    assert (done.returncode, done.stdout.decode()) == (0, "Ник: " + seen)
    assert eve.read_until("вышел из чата *\n") == seen


def test_a_long_file_through_nc(core: Core) -> None:
    host, port = core.server.text_address
    eve = core.text("Eve")
    lines = [f"{n} " + "ж" * 200 for n in range(2000)]
    done = subprocess.run(
        [nc(), "-N", host, str(port)], input="\n".join(["ci", *lines]).encode(), capture_output=True,
        timeout=SECONDS, check=False,
    )  # fmt: skip
    said = [f"[ci] {line}" for line in lines]
    assert [line for line in done.stdout.decode().splitlines() if line.startswith("[")] == said
    assert [line for line in eve.read_until("* ci вышел из чата *\n").splitlines() if line.startswith("[")] == said


def test_nc_that_is_killed_has_left(core: Core, start_terminal: Callable[..., Terminal]) -> None:
    host, port = core.server.text_address
    eve = core.text("Eve")
    alex = start_terminal(nc(), host, str(port))
    alex.type("Alex\n")
    assert eve.line() == "* Alex вошёл в чат *"
    alex.process.kill()
    assert eve.line() == "* Alex вышел из чата *"


def test_nc_that_gets_end_of_input_without_n_stays(core: Core, start_terminal: Callable[..., Terminal]) -> None:
    host, port = core.server.text_address
    eve = core.text("Eve")
    alex = start_terminal(nc(), host, str(port))
    alex.type("Alex\n")
    assert eve.line() == "* Alex вошёл в чат *"
    alex.end_input()
    eve.send("still there?\n")
    assert alex.read_until("there?\n") == "Ник: * Alex вошёл в чат *\n[Eve] still there?\n"
    assert eve.roundtrip() == "[Eve] still there?\n"


def test_nc_ends_by_itself_after_quit(
    start_core: Callable[..., Core], start_terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LINGER_SECONDS", 0.2)
    host, port = start_core().server.text_address
    alex = start_terminal(nc(), host, str(port))
    alex.type("Alex\n/quit\n")
    assert alex.read_until("вышел из чата *\n") == "Ник: * Alex вошёл в чат *\n* Alex вышел из чата *\n"
    alex.process.wait(SECONDS)  # nobody has pressed Enter


@pytest.mark.parametrize("options", [(), ("-8",)], ids=["", "with negotiation"])
def test_telnet(core: Core, start_terminal: Callable[..., Terminal], options: tuple[str, ...]) -> None:
    host, port = core.server.text_address
    eve = core.text("Eve")
    alex = start_terminal(program("telnet"), *options, host, str(port), on_a_terminal=True)
    alex.read_until("Ник: ")
    alex.type("Alex\r")
    alex.read_until("* Alex вошёл в чат *")
    assert eve.line() == "* Alex вошёл в чат *"
    alex.type("hello\r")
    assert eve.line() == "[Alex] hello"
    alex.read_until("[Alex] hello")
    eve.send("Привет\n")
    alex.read_until("[Eve] Привет")
    assert eve.line() == "[Eve] Привет"
    alex.type("И тебе\r")
    assert eve.line() == "[Alex] И тебе"
    alex.type("/quit\r")
    assert "* Alex вышел из чата *" in alex.read_to_end()
    assert eve.line() == "* Alex вышел из чата *"
    assert alex.process.wait(SECONDS) in (0, 1)


def test_programs_are_told_when_the_server_stops(
    start_core: Callable[..., Core], start_terminal: Callable[..., Terminal]
) -> None:
    core = start_core()
    host, port = core.server.text_address
    people = [
        start_terminal(nc(), host, str(port)),
        start_terminal(program("ncat"), host, str(port)),
        start_terminal(program("telnet"), host, str(port), on_a_terminal=True),
    ]
    for n, person in enumerate(people):
        person.read_until("Ник: ")
        person.type(f"p{n}\n")
        person.read_until(f"* p{n} вошёл в чат *")
    with stopping(core.server):
        for person in people:
            assert "* Сервер останавливается *" in person.read_until("останавливается *")
            if person.process.stdin is not None:
                person.end_input()
            assert person.read_to_end().strip() in ("", "Connection closed by foreign host.")
