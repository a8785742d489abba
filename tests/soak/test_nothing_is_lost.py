"""Browsers and terminals talk while core and gateway are killed, connections are cut and readers stall."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.soak.house import Address, House, Row, StartProgram, terminal_lines
from tests.soak.websocket import Frames, frame, request

SEED = int(os.environ.get("PARLEY_SOAK_SEED", "3"))
BROWSERS, TERMINALS = 50, 20
MESSAGES = 280
"""That each browser says; terminals talk until the last of them has been typed."""
PAUSE_SECONDS = 0.2
"""Between two messages of one person, on average."""
CUT, STALL = 0.015, 0.01
"""How often a message typed is followed by a broken connection, and a piece read by a stall."""
IMPATIENT = 0.3
"""How often a browser that is back sends what it has before the replay could tell it that it is there already."""
STALL_MESSAGES = 500
"""How many messages others type before one that stalls reads again."""
SETTLE_SECONDS = 90
SMALL_BUFFER_BYTES = 16 * 1024
"""Some have so small a buffer that the server feels it when they don't read. The kernel fills half of it in 200 ms, as
a window that is smaller than it was before counts as closed; with 4 KiB a browser that is behind takes a minute."""
BARRIER = "that was all"
_RESET = struct.pack("ii", 1, 0)  # struct linger: on, 0 seconds

pytestmark = pytest.mark.timeout(300)


class Tally:
    """How far the conversation has got."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[tuple[int, asyncio.Event]] = []

    def add(self) -> None:
        self.count += 1
        for threshold, event in self._waiting:
            if self.count >= threshold:
                event.set()
        self._waiting = [(threshold, event) for threshold, event in self._waiting if not event.is_set()]

    async def reached(self, threshold: int) -> None:
        if self.count < threshold:
            event = asyncio.Event()
            self._waiting.append((threshold, event))
            await event.wait()


class Line:
    """A TCP connection that can be cut."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, address: Address, receive_buffer: int) -> Line:
        sock = socket.socket()
        try:
            sock.setblocking(False)
            if receive_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            await asyncio.get_running_loop().sock_connect(sock, address)
        except BaseException:
            sock.close()
            raise
        return cls(*await asyncio.open_connection(sock=sock, limit=4096))

    def cut(self, rng: random.Random, half: bytes) -> None:
        """Break it: by FIN or by RST, or by RST in the middle of what is being sent."""
        kind = rng.choice(["end", "reset", "reset in the middle"])
        if self.writer.is_closing():  # it is broken already
            return
        if kind == "reset in the middle":
            self.writer.write(half)
        if kind != "end":
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.writer.transport.abort()


class Person:
    """What browsers and terminals have in common."""

    def __init__(self, name: str, address: Address, typed: Tally, end: asyncio.Event) -> None:
        self.name = name
        self.rng = random.Random(f"{SEED} {name}")
        self.inside = asyncio.Event()
        self.settled = asyncio.Event()
        """Has all that there is."""
        self.spells = 0
        """How often it was connected."""
        self._address = address
        self._typed = typed
        self._end = end
        self._failures = 0
        self._attempts = 0

    async def stay(self) -> None:
        """Be connected, and come back whenever that breaks."""
        while not self._end.is_set():
            line = None
            try:
                line = await Line.open(self._address, self.rng.choice([0, SMALL_BUFFER_BYTES]))
                self._attempts += 1
                await self._attend(line)
            except OSError:
                pass
            finally:
                self._gone()
                if line is not None:
                    line.writer.transport.abort()
            self._failures += 1
            await asyncio.sleep(self.rng.uniform(0.01, min(0.5, 0.02 * 2**self._failures)))  # full jitter

    async def _attend(self, line: Line) -> None:
        raise NotImplementedError

    def _gone(self) -> None:
        raise NotImplementedError

    async def _read(self, line: Line) -> bytes:
        if self.inside.is_set() and self.rng.random() < STALL:
            await self._typed.reached(min(self._typed.count + STALL_MESSAGES, BROWSERS * MESSAGES))
        return await line.reader.read(65536)

    async def _pause(self) -> None:
        await asyncio.sleep(self.rng.uniform(0, 2 * PAUSE_SECONDS))

    def _words(self, number: int) -> str:
        """Return a message that is said only once: mostly short, at times long, at times of several lines."""
        text = f"{self.name} #{number}"
        match self.rng.randrange(20):
            case 0 | 1:
                return text + " " + "ж" * self.rng.randint(200, 2000)
            case 2:
                return f"{text}\nand\nmore"
        return text


class Browser(Person):
    """Does what the page does: ids, a token, a cursor, and an outbox that is sent again after the replay."""

    def __init__(self, name: str, address: Address, typed: Tally, end: asyncio.Event, acknowledged: Tally) -> None:
        super().__init__(name, address, typed, end)
        self.typed: list[tuple[str, str]] = []
        self.seen: list[Row] = []
        self.resumed = 0
        self.resent = 0
        self.answered_again = 0
        """How often a message sent again was there already."""
        self._acknowledged = acknowledged
        self._outbox: dict[str, str] = {}
        self._sent: set[str] = set()  # on this connection
        self._sent_before: set[str] = set()
        self._session = self._epoch = ""
        self._newest: int | None = None
        self._live: int | None = None
        self._barrier_seen = False
        self._line: Line | None = None  # while the outbox may send

    async def talk(self) -> None:
        await self.inside.wait()
        for number in range(MESSAGES):
            await self._pause()
            self.say(self._words(number))
            if self._line is not None and self.rng.random() < CUT:
                self._line.cut(self.rng, frame(type="input", text="half")[:-5])
                self._line = None

    def say(self, text: str) -> None:
        id = str(UUID(int=self.rng.getrandbits(128), version=4))
        self.typed.append((id, text))
        self._outbox[id] = text
        self._typed.add()
        self._flush()

    async def _attend(self, line: Line) -> None:
        frames = Frames()
        join: dict[str, Any] = {"type": "join", "nick": self.name, "lang": "en"}
        if self._session:
            join["session"] = self._session
        if self._newest is not None:
            join.update(epoch=self._epoch, after=self._newest)
        line.writer.write(request(self._address[1]) + frame(**join))
        while data := await self._read(line):
            for text in frames.feed(data):
                self._take(json.loads(text), line)
            line.writer.write(frames.answer)
            frames.answer = b""
            if frames.code is not None:
                assert frames.code in (4000, 4001), frames.code
                return

    def _take(self, message: dict[str, Any], line: Line) -> None:
        match message["type"]:
            case "welcome":
                self._welcome(message)
            case "joined" | "left" | "renamed" | "said":
                self._happened(message)
            case "members" | "bye":
                pass
            case _:
                raise AssertionError(f"{self.name} was not to be told {message}")
        if self._line is not None or self._live is None:
            return
        if (self._newest or 0) >= self._live or (message["type"] == "welcome" and self.rng.random() < IMPATIENT):
            self._line = line
            self._flush()

    def _welcome(self, welcome: dict[str, Any]) -> None:
        assert welcome["nick"] == self.name, "it has come back under another nick"
        if self._session:
            assert welcome["resumed"]
            assert (welcome["session"], welcome["epoch"]) == (self._session, self._epoch)
        self.resumed += welcome["resumed"]
        self.spells += 1
        self._session, self._epoch, self._live = welcome["session"], welcome["epoch"], welcome["live"]
        self._failures = 0
        self.inside.set()

    def _happened(self, event: dict[str, Any]) -> None:
        id = event.get("id")
        if self._newest is None or event["seq"] == self._newest + 1:
            self._newest = event["seq"]
            body = next((event[name] for name in ("text", "reason", "new_nick") if name in event), "")
            self.seen.append(Row(event["seq"], event["type"], event["nick"], body, id))
            self._barrier_seen |= body == BARRIER
        else:  # out of turn comes only the answer to what was sent a second time
            assert id in self._sent_before, f"{self.name}, having {self._newest}, was sent {event}"
            self.answered_again += 1
        if id in self._outbox:
            del self._outbox[id]
            self._acknowledged.add()
        if self._barrier_seen and not self._outbox:
            self.settled.set()

    def _flush(self) -> None:
        if self._line is None:
            return
        for id, text in self._outbox.items():
            if id not in self._sent:
                self._sent.add(id)
                self._line.writer.write(frame(type="input", id=id, text=text))
                self.resent += id in self._sent_before

    def _gone(self) -> None:
        self._line = self._live = None
        self._sent_before |= self._sent
        self._sent.clear()


class Spell:
    """One connection of a terminal; its nick is its own, so that it can be found in the log."""

    def __init__(self, nick: str) -> None:
        self.nick = nick
        self.joined = f"* {nick} joined *\n".encode()
        self.received = b""
        self.typed: list[str] = []


class Terminal(Person):
    """Somebody with `nc`: no ids, no resuming; what is typed into a dying connection may be lost."""

    def __init__(self, name: str, address: Address, typed: Tally, end: asyncio.Event) -> None:
        super().__init__(name, address, typed, end)
        self.history: list[Spell] = []

    async def _attend(self, line: Line) -> None:
        spell = Spell(f"{self.name}-{self._attempts}")
        self.history.append(spell)
        line.writer.write(f"{spell.nick}\n".encode())
        barrier = f"] {BARRIER}\n".encode()
        talking: asyncio.Task[None] | None = None
        chunks: list[bytes] = []
        try:
            while data := await self._read(line):
                chunks.append(data)
                if talking is None and spell.joined in b"".join(chunks):
                    self.spells += 1
                    self._failures = 0
                    self.inside.set()
                    talking = asyncio.create_task(self._talk(line, spell))
                if self._typed.count >= BROWSERS * MESSAGES and barrier in b"".join(chunks[-3:]):
                    self.settled.set()
        finally:
            spell.received = b"".join(chunks)
            if talking is not None:
                talking.cancel()

    async def _talk(self, line: Line, spell: Spell) -> None:
        while self._typed.count < BROWSERS * MESSAGES:
            await self._pause()
            text = self._words(len(spell.typed)).replace("\n", " ")
            spell.typed.append(f"{spell.nick} {text}")
            line.writer.write(f"{spell.nick} {text}\n".encode())
            if self.rng.random() < CUT:
                line.cut(self.rng, b"half")

    def _gone(self) -> None:
        self.settled.clear()


async def _trouble(house: House, acknowledged: Tally) -> None:
    """Kill and stop core and gateway, spread over the conversation."""
    acts = [
        *[(house.restart_core, signal.SIGKILL)] * 5,
        *[(house.restart_gateway, signal.SIGKILL)] * 2,
        (house.restart_core, signal.SIGTERM),
        (house.restart_gateway, signal.SIGTERM),
    ]
    random.Random(SEED).shuffle(acts)
    for number, (restart, sign) in enumerate(acts, 1):
        await acknowledged.reached(BROWSERS * MESSAGES * number // (len(acts) + 1))
        await asyncio.to_thread(restart, sign)


async def _all(*waiting: Coroutine[Any, Any, Any]) -> None:
    """Wait for all, but not for ever; tell how many were not to be waited for."""
    tasks = [asyncio.create_task(one) for one in waiting]
    _, late = await asyncio.wait(tasks, timeout=SETTLE_SECONDS)
    for task in late:
        task.cancel()
    assert not late, f"{len(late)} of {len(tasks)} are waiting still"


async def _converse(house: House) -> tuple[list[Browser], list[Terminal]]:
    typed, acknowledged, end = Tally(), Tally(), asyncio.Event()
    browsers = [Browser(f"b{n:02}", house.web, typed, end, acknowledged) for n in range(BROWSERS)]
    terminals = [Terminal(f"t{n:02}", house.text, typed, end) for n in range(TERMINALS)]
    people: list[Person] = [*browsers, *terminals]
    async with asyncio.TaskGroup() as everybody:
        staying = [everybody.create_task(person.stay()) for person in people]
        await _all(*(person.inside.wait() for person in people))
        talking = [everybody.create_task(browser.talk()) for browser in browsers]
        await _trouble(house, acknowledged)
        await asyncio.gather(*talking)
        await _all(acknowledged.reached(BROWSERS * MESSAGES), *(person.inside.wait() for person in people))
        browsers[0].say(BARRIER)
        await _all(*(person.settled.wait() for person in people))
        end.set()
        for task in staying:
            task.cancel()
    return browsers, terminals


async def test_nothing_is_lost_and_nothing_is_shown_twice(start_program: StartProgram, tmp_path: Path) -> None:
    print(f"PARLEY_SOAK_SEED={SEED}")
    house = House(start_program, tmp_path)
    house.open_core()
    house.open_gateway()
    browsers, terminals = await _converse(house)
    assert house.gateway.stop() == 0
    assert house.core.stop() == 0
    log = house.log()
    print(
        f"{len(log)} events, {sum(len(browser.typed) for browser in browsers)} messages of browsers; "
        f"resumed {sum(browser.resumed for browser in browsers)} times, "
        f"sent {sum(browser.resent for browser in browsers)} messages again, "
        f"of which {sum(browser.answered_again for browser in browsers)} were there; "
        f"terminals came {sum(terminal.spells for terminal in terminals)} times"
    )
    _check_log(log, browsers, terminals)
    for browser in browsers:
        _check_browser(browser, log)
    lines = [terminal_lines(row).encode() for row in log]
    for terminal in terminals:
        for spell in terminal.history:
            _check_spell(spell, log, lines)
    # It was a test of something:
    assert sum(browser.resumed for browser in browsers) > 8 * BROWSERS
    assert sum(browser.answered_again for browser in browsers) > 0
    assert sum(terminal.spells for terminal in terminals) > 8 * TERMINALS


def _check_log(log: list[Row], browsers: list[Browser], terminals: list[Terminal]) -> None:
    assert [row.seq for row in log] == list(range(1, len(log) + 1))
    ids = [row.id for row in log if row.id is not None]
    assert len(ids) == len(set(ids))
    happened = Counter((row.type, row.nick) for row in log if row.type != "said")
    expected = Counter({("joined", browser.name): 1 for browser in browsers})  # nobody saw a browser leave
    for terminal in terminals:
        for spell in terminal.history:
            if happened["joined", spell.nick]:
                expected["joined", spell.nick] = expected["left", spell.nick] = 1
    assert happened == expected


def _check_browser(browser: Browser, log: list[Row]) -> None:
    first = browser.seen[0].seq
    barrier = next(row.seq for row in log if row.body == BARRIER)
    assert browser.seen[-1].seq >= barrier
    assert browser.seen == log[first - 1 : browser.seen[-1].seq]
    said = [(row.id, row.body) for row in log if row.type == "said" and row.nick == browser.name]
    assert said == browser.typed, f"what {browser.name} typed is in the log once, in the order of typing"


def _check_spell(spell: Spell, log: list[Row], lines: list[bytes]) -> None:
    said = [row.body for row in log if row.type == "said" and row.nick == spell.nick]
    whole = [text for text in said if text != "half"]
    assert whole == spell.typed[: len(whole)]  # the rest went with the connection
    _, joined, following = spell.received.partition(spell.joined)
    if joined:
        start = next(row.seq for row in log if row.type == "joined" and row.nick == spell.nick)
        following = following.removesuffix(b"* The server is stopping *\n")
        assert b"".join(lines[start:]).startswith(following), f"{spell.nick} saw something else than the log"
