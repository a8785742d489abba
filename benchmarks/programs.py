"""The servers as processes: how to start and stop them, and what they cost. Knows nothing about what they do."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_NO_LIMITS = {
    "PARLEY_LANG": "en",
    "PARLEY_RATE_PER_SECOND": "0",
    "PARLEY_CONNECTIONS_PER_ADDRESS": "0",
    "PARLEY_MAX_CONNECTIONS": "0",
    "PARLEY_HTTP_CONNECTIONS_PER_ADDRESS": "0",
    "PARLEY_MAX_HTTP_CONNECTIONS": "0",
    "PARLEY_JOIN_TIMEOUT_SECONDS": "0",
}
_STOP_SECONDS = 20
_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _CHILDREN_USER, _CHILDREN_SYSTEM = 1, 13, 14
"""Places in /proc/PID/stat behind the name (see proc_pid_stat(5))."""


class ProgramError(Exception):
    """A server did not start, or did not stay."""


class Program:
    """A server that has said where it listens.

    :param module: run by `python -m`.
    :param announcements: lines that it prints when it listens, each ending with a port.
    :param complaints: where its standard error goes.
    """

    def __init__(self, module: str, *arguments: str, announcements: int, complaints: Path) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self._complaints = complaints
        with complaints.open("ab") as file:
            self.process = subprocess.Popen(  # noqa: S603 (nothing in it is anybody else's)
                command, stdout=subprocess.PIPE, stderr=file, stdin=subprocess.DEVNULL, env={**os.environ, **_NO_LIMITS}
            )
        assert self.process.stdout is not None
        announced = [self.process.stdout.readline().decode().strip() for _ in range(announcements)]
        if not all(announced):
            self.stop()
            raise ProgramError(f"{module} did not start: {complaints.read_text(encoding='utf-8')[-500:]}")
        self.addresses = [("127.0.0.1", int(line.rstrip("/").rpartition(":")[2])) for line in announced]

    def stop(self) -> None:
        """End it in order, or else at once."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used so far, all its threads and child processes included.

        The processes' own clocks are finer than the 10 ms of /proc/PID/stat, which tells of children that have ended.
        """
        return sum(map(_cpu_seconds, family(self.process.pid)))

    def resident_bytes(self) -> int:
        """Return how much memory it and its child processes have."""
        return sum(map(_resident_bytes, family(self.process.pid)))


@contextlib.contextmanager
def running(module: str, *arguments: str, announcements: int = 1, complaints: Path) -> Iterator[Program]:
    """Run a program as long as it is needed."""
    program = Program(module, *arguments, announcements=announcements, complaints=complaints)
    try:
        yield program
    finally:
        program.stop()


@contextlib.contextmanager
def core(directory: Path, complaints: Path) -> Iterator[Program]:
    """Run the chat server; its addresses are those of text door and JSON door.

    :param directory: where its log is.
    """
    arguments = ("--port", "0", "--gateway-port", "0", "--data-dir", str(directory))
    with running("tcp_core", *arguments, announcements=2, complaints=complaints) as program:
        yield program


@contextlib.contextmanager
def gateway(core: Program, complaints: Path) -> Iterator[Program]:
    """Run the gateway of a core."""
    (_, text_port), (_, json_port) = core.addresses
    ports = ("--port", "0", "--core-port", str(json_port), "--text-port", str(text_port))
    with running("web_gateway", *ports, complaints=complaints) as program:
        yield program


def family(process: int) -> list[int]:
    """Return a process and all that came of it and still run."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[_PARENT]), []).append(int(entry.name))
    found = [process]
    for one in found:
        found += children.get(one, [])
    return found


def _cpu_seconds(process: int) -> float:
    with contextlib.suppress(OSError):
        fields = _stat(process)
        ended = (int(fields[_CHILDREN_USER]) + int(fields[_CHILDREN_SYSTEM])) / _TICKS
        return time.clock_gettime(~process << 3 | 2) + ended  # see clock_getcpuclockid(3)
    return 0.0


def _resident_bytes(process: int) -> int:
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])
    return 0


def _stat(process: int) -> list[str]:
    stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    return stat.rpartition(")")[2].split()
