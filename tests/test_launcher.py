"""`parley` opens both parts and stops both, however it or one of them ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SECONDS = 30


@contextmanager
def opened(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int], list[int]]]:
    """Yield the process, the ports of page and text door, and its parts' process ids."""
    command = [sys.executable, "-m", "tcp_core.launcher", "--port", "0", "--web-port", "0", "--gateway-port", "0",
               "--data-dir", str(tmp_path)]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().strip() for _ in range(7)]
            assert lines[6] == "Ctrl-C closes it."
            ports = [int(lines[3].rstrip("/").rpartition(":")[2]), int(lines[4].rpartition(" ")[2])]
            yield process, ports, _children(process.pid)
        finally:
            process.kill()


def _children(pid: int) -> list[int]:
    """Return the ids of its child processes, oldest first."""
    return sorted(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _is_closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_stops_both_when_asked_to(tmp_path: Path, number: signal.Signals) -> None:
    with opened(tmp_path) as (process, ports, _):
        assert not any(_is_closed(port) for port in ports)
        process.send_signal(number)  # at once: it may just be about to wait for it
        assert process.wait(SECONDS) == 0
        assert all(_is_closed(port) for port in ports)


@pytest.mark.parametrize(("which", "module"), [(0, "tcp_core"), (1, "web_gateway")])
def test_it_stops_the_other_when_one_has_ended_by_itself(tmp_path: Path, which: int, module: str) -> None:
    with opened(tmp_path) as (process, ports, children):
        os.kill(children[which], signal.SIGKILL)
        assert process.wait(SECONDS) == 1
        assert process.stderr is not None
        assert f"Error: {module} has ended by itself, with -9" in process.stderr.read()
        assert all(_is_closed(port) for port in ports)


def test_both_end_when_it_is_killed(tmp_path: Path) -> None:
    with opened(tmp_path) as (process, ports, _):
        process.kill()
        process.wait(SECONDS)
        assert process.stderr is not None
        process.stderr.read()  # to its end: nobody has it open any more
        assert all(_is_closed(port) for port in ports)


def test_it_says_so_when_a_part_does_not_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "tcp_core.launcher", "--port", "0", "--gateway-port", "0", "--web-port",
                   str(taken.getsockname()[1]), "--data-dir", str(tmp_path)]  # fmt: skip
        ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 1
    assert ended.stderr.endswith("Error: web_gateway did not start\n")
