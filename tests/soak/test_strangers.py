"""Fifty people talk while two thousand connections do harm: nobody is late, nobody is put out, nothing stays behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4
from typing import Any

import pytest

from tests.soak.crowd import Browser, Crowd, Terminal
from tests.soak.house import House, StartProgram, resident_kib

TERMINALS, BROWSERS = 30, 20
PAUSE_SECONDS = 2.0
"""Between two messages of one person."""
QUIET_SECONDS, WAVE_SECONDS = float(os.environ.get("QUIET", "6")), float(os.environ.get("WAVE", "15"))
SETTLE_SECONDS = int(os.environ.get('SETTLE', '40'))
GRACE_SECONDS = 5
"""For browsers to come back, for a nick to be given: less than by default, or the test would wait for these."""
CORE = ("--lang", "en", "--gateway-networks", "127.0.0.0/16", "--resume-grace-seconds", str(GRACE_SECONDS),
        "--join-timeout-seconds", str(GRACE_SECONDS))  # fmt: skip

pytestmark = pytest.mark.timeout(300)
_SAID = re.compile(rb'^(?:\[(p\d\d)\] |\{"type":"said".*"nick":"(p\d\d)".*"text":")message (\d+)(?:"|$)', re.M)


class Talk:
    """What people say, and who has heard it when."""

    def __init__(self) -> None:
        self.said: Counter[str] = Counter()
        self.delays: list[float] = []
        """Seconds from saying something until the last has heard it."""
        self._said_at: dict[tuple[str, int], float] = {}
        self._heard: dict[tuple[str, str], int] = {}
        self._missing: dict[tuple[str, int], int] = {}

    def say(self, nick: str) -> str:
        self.said[nick] += 1
        what = nick, self.said[nick]
        self._said_at[what] = time.monotonic()
        self._missing[what] = TERMINALS + BROWSERS
        return f"message {what[1]}"

    def hear(self, listener: str, data: bytes) -> None:
        for found in _SAID.finditer(data):
            nick, number = (found[1] or found[2]).decode(), int(found[3])
            before = self._heard.get((listener, nick), 0)
            assert number == before + 1, f"{listener} heard {number} of {nick} after {before}"
            self._heard[listener, nick] = number
            self._missing[nick, number] -= 1
            if not self._missing[nick, number]:
                del self._missing[nick, number]
                self.delays.append(time.monotonic() - self._said_at.pop((nick, number)))

    @property
    def open(self) -> int:
        """How many messages somebody has not heard yet."""
        return len(self._missing)


class TerminalOwner(Terminal):
    talk: Talk
    _begun = b""

    def take(self, data: bytes) -> None:
        whole, end, self._begun = (self._begun + data).rpartition(b"\n")
        self.talk.hear(self.nick, whole)

    def says(self) -> bytes:
        return f"{self.talk.say(self.nick)}\n".encode()


class BrowserOwner(Browser):
    talk: Talk | None = None

    def note(self, event: bytes) -> None:
        if self.talk is not None:
            self.talk.hear(self.nick, event)

    def says(self) -> bytes:
        from tests.soak.websocket import frame
        assert self.talk is not None
        return frame(type="input", text=self.talk.say(self.nick), id=str(uuid4()))


class People(Crowd):
    def __init__(self, house: House) -> None:
        super().__init__()
        self.talk = Talk()
        self.terminals = [TerminalOwner(house.text, f"p{n:02}", source=f"127.0.1.{n + 1}") for n in range(TERMINALS)]
        self.browsers = [BrowserOwner(house.web, f"p{n + TERMINALS:02}", source=f"127.0.2.{n + 1}") for n in range(BROWSERS)]
        self.all: list[TerminalOwner | BrowserOwner] = [*self.terminals, *self.browsers]
        for person in self.all:
            person.talk = self.talk
        self.add(*self.all)
        self._next = 0

    def talk_for(self, seconds: float) -> list[float]:
        """Talk at an even pace, and return how long each message took to reach the last."""
        self.talk.delays = delays = []
        begin = time.monotonic()
        pace = PAUSE_SECONDS / len(self.all)
        for n in range(round(seconds / pace)):
            while (left := begin + n * pace - time.monotonic()) > 0:
                self._attend(left)
            person = self.all[n % len(self.all)]
            self.send(person, person.says())
            self._attend(0)
        while self.talk.open:
            assert time.monotonic() < begin + seconds + SETTLE_SECONDS, f"{self.talk.open} messages are not heard"
            self._attend(0.1)
        return sorted(delays)

    def _attend(self, seconds: float) -> None:
        self._once(seconds)
        for browser in self.browsers:
            if browser.frames.answer:
                self.send(browser, browser.frames.answer)
                browser.frames.answer = b""
        assert not any(person.ended for person in self.all), [(p.nick, getattr(p, "frames", None) and p.frames.code) for p in self.all if p.ended]


@dataclass
class State:
    """What there is of a process."""

    threads: int
    files: int
    kib: int
    cpu: float

    @classmethod
    def of(cls, process: int) -> State:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
        times = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        cpu = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
        files = len(os.listdir(f"/proc/{process}/fd"))
        return cls(int(status.partition("Threads:")[2].split()[0]), files, resident_kib(process), cpu)


def attack(house: House) -> subprocess.Popen[str]:
    ports = [str(port) for _, port in (house.text, house.json, house.web)]
    command = [sys.executable, "-m", "tests.soak.strangers", *ports]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def show(name: str, delays: list[float]) -> None:
    at = {p: f"{1000 * delays[min(len(delays) - 1, int(len(delays) * p))]:.1f}" for p in (0.5, 0.9, 0.99, 1)}
    print(name, len(delays), at, flush=True)


def test_strangers(start_program: StartProgram, tmp_path: Path) -> None:
    stderr = tmp_path / "stderr"
    house = House(start_program, tmp_path / "data", CORE, (), stderr)
    house.open_core()
    house.open_gateway()
    people = People(house)
    pids = {"core": house.core.process.pid, "gateway": house.gateway.process.pid}
    states = [{name: State.of(pid) for name, pid in pids.items()}]
    show("quiet", people.talk_for(QUIET_SECONDS))
    states.append({name: State.of(pid) for name, pid in pids.items()})
    print(states, os.getloadavg())
    for wave in range(int(os.environ.get("WAVES", "2"))):
        attackers = attack(house)
        people.talk_for(3)
        before = {name: State.of(pid) for name, pid in pids.items()}
        cpu = time.process_time()
        show(f"wave {wave}", people.talk_for(WAVE_SECONDS))
        now = {name: State.of(pid) for name, pid in pids.items()}
        print({name: now[name].cpu - before[name].cpu for name in now}, "people", time.process_time() - cpu, now)
        out, _ = attackers.communicate()
        print(out)
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            people.talk_for(0.5)
            now = {name: State.of(pid) for name, pid in pids.items()}
            if all((now[n].threads, now[n].files) == (states[0][n].threads, states[0][n].files) for n in now):
                break
            if time.monotonic() > deadline:
                print("NOT SETTLED")
                break
        states.append(now)
        print(now, "stderr", stderr.stat().st_size, flush=True)
        show("after", people.talk_for(3))
    log = stderr.read_text()
    print(Counter(" ".join(line.split()[1:4]) for line in log.splitlines()).most_common(30))
    print(Counter(row.type for row in house.log()))
    people.close()
