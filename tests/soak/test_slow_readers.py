"""Those who read nothing cost the others no time and the server no memory, and get everything once they do read."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.soak.crowd import SMALL_BUFFER, Browser, Crowd, Terminal
from tests.soak.house import House, StartProgram, resident_kib, terminal_lines

READERS, SENDERS, STALLED = 495, 10, 5
WARM_UP, ROUNDS, MESSAGES = 8, 10, 10_000
"""Rounds of so many messages; the warm-up fills the tail that is kept in memory."""
ATTEMPTS = 3
"""The machine has other things to do as well: so often are that many rounds added if the rates are not alike yet."""
LENGTH = 70
"""Of a line that is typed, so that what a stalled reader misses is more than the kernel's buffers and the tail hold."""
KIB_EACH = 64
"""What a stalled reader may cost the core."""
GATEWAY_KIB_EACH = 1024
"""And the gateway: buffers of reading and writing, and what is on its way between them."""
NOISE_KIB = 3 * 1024
"""How much the size of a core goes up and down by itself: the tail is cut, Python's arenas have 1 MiB."""
ROUND_SECONDS = 30

pytestmark = pytest.mark.timeout(300)


class Twin:
    """A core of its own with the usual crowd."""

    def __init__(self, house: House, readers: int = READERS) -> None:
        house.open_core()
        self.house = house
        self.crowd = Crowd()
        self.terminals = [Terminal(house.text, f"r{n:03}") for n in range(readers)]
        self.crowd.add(*self.terminals)
        self.rates: list[float] = []
        """Messages a second, in each round since it began."""
        self._expected = 0  # bytes
        self._number = 0

    def begin(self) -> None:
        """Have everybody read to one place, and count from there on."""
        self.say_and_read("begin")
        for n, terminal in enumerate(self.terminals):
            terminal.count(checksum=n % 25 == 0)
        self._expected = 0
        self.rates.clear()

    def say_and_read(self, word: str) -> None:
        """Say the last word for now, and have everybody read it."""
        self.crowd.send(self.terminals[0], f"{word}\n".encode())
        self.crowd.read_until_ends_with(f"[r000] {word}\n".encode(), ROUND_SECONDS)

    def round(self) -> None:
        """Say much at full speed, and note the rate at which everybody got it."""
        batches: list[list[bytes]] = [[] for _ in range(SENDERS)]
        for n in range(self._number, self._number + MESSAGES):
            batches[n % SENDERS].append(f"{n:07} ".encode().ljust(LENGTH, b"x") + b"\n")
        self._number += MESSAGES
        self._expected += MESSAGES * (LENGTH + len("[r000] \n"))
        begin = time.monotonic()
        for sender, batch in zip(self.terminals, batches, strict=False):
            self.crowd.send(sender, b"".join(batch))
        self.crowd.read_until_total(self._expected, ROUND_SECONDS, *self.terminals)
        self.rates.append(MESSAGES / (time.monotonic() - begin))

    def resident_kib(self) -> int:
        return resident_kib(self.house.core.process.pid)

    def shown(self, since: tuple[str, str, str]) -> bytes:
        """Return what a terminal shows of the log behind the last event that is so."""
        rows = self.house.log()
        start = max(row.seq for row in rows if (row.type, row.nick, row.body) == since)
        return "".join(map(terminal_lines, rows[start:])).encode()


@pytest.fixture
def twins(start_program: StartProgram, tmp_path: Path) -> Iterator[tuple[Twin, Twin]]:
    """Two cores; what is said to one of them is said to the other, in turns."""
    pair = Twin(House(start_program, tmp_path / "one")), Twin(House(start_program, tmp_path / "other"))
    yield pair
    for twin in pair:
        twin.crowd.close()


def test_five_of_five_hundred_read_nothing(twins: tuple[Twin, Twin]) -> None:
    """In turns with a core where the five do read, and all at full speed. What is compared is the median round."""
    usual, slowed = twins
    for twin in twins:
        twin.begin()
        for _ in range(WARM_UP):
            twin.round()
    for n in range(STALLED):
        usual.terminals.append(Terminal(usual.house.text, f"extra{n}"))
        usual.crowd.add(usual.terminals[-1])
    stalled = [Terminal(slowed.house.text, f"stalled{n}", SMALL_BUFFER) for n in range(STALLED)]
    for twin in twins:
        twin.begin()
    before = [twin.resident_kib() for twin in twins]

    for _ in range(ATTEMPTS):
        for n in range(ROUNDS):
            for twin in twins if n % 2 else reversed(twins):
                twin.round()
        rates = [median(twin.rates) for twin in twins]
        if rates[1] > 0.9 * rates[0]:
            break
    grown = [twin.resident_kib() - kib for twin, kib in zip(twins, before, strict=True)]
    print(f"{len(slowed.rates) * MESSAGES} messages; without: {rates[0]:.0f}/s, with: {rates[1]:.0f}/s; KiB: {grown}")
    assert rates[1] > 0.9 * rates[0]
    assert grown[1] < max(0, grown[0]) + STALLED * KIB_EACH + NOISE_KIB
    for twin in twins:
        checksums = {terminal.checksum for terminal in twin.terminals} - {None}
        assert checksums == {zlib.crc32(twin.shown(since=("said", "r000", "begin")))}

    for terminal in stalled:
        terminal.kept = []
        slowed.crowd.add(terminal)
    slowed.say_and_read("end")
    for terminal in stalled:
        assert b"".join(terminal.kept or []) == slowed.shown(since=("joined", terminal.nick, ""))


def test_what_a_stalled_reader_costs(start_program: StartProgram, tmp_path: Path) -> None:
    """As many stall as make the cost of each stand out from the noise."""
    count = 100
    twin = Twin(House(start_program, tmp_path), readers=100)
    twin.begin()
    for _ in range(WARM_UP):
        twin.round()
    stalled = [Terminal(twin.house.text, f"stalled{n}", SMALL_BUFFER) for n in range(count)]
    twin.begin()
    before = twin.resident_kib()
    grown = []
    for _ in range(ROUNDS):
        twin.round()
        grown.append(twin.resident_kib() - before)
    print(f"{max(grown) / count:.1f} KiB for each of {count}")
    assert max(grown) < count * KIB_EACH
    twin.crowd.add(*stalled)
    twin.say_and_read("end")
    shown = len(twin.shown(since=("joined", stalled[-1].nick, "")))
    assert stalled[-1].total == shown
    print(f"{(twin.resident_kib() - before) / count:.1f} KiB after they have read")
    twin.crowd.close()


def test_a_browser_that_reads_nothing_stops_its_own_connection(start_program: StartProgram, tmp_path: Path) -> None:
    """The other browsers get everything, and in the gateway there is no more than buffers of a fixed size."""
    count, messages, length = 20, 2000, 500
    house = House(start_program, tmp_path)
    house.open_core()
    house.open_gateway()
    crowd = Crowd()
    sender = Terminal(house.text, "sender")
    browsers = [Browser(house.web, f"b{n:02}") for n in range(30)]
    crowd.add(sender, *browsers)

    def sizes() -> tuple[int, int]:
        return resident_kib(house.core.process.pid), resident_kib(house.gateway.process.pid)

    def rounds(number: int) -> float:
        """Say much, have it read by all that do, and return the rate."""
        begin = time.monotonic()
        for _ in range(number):
            crowd.send(sender, b"x" * length + (b"\n" + b"x" * length) * (messages - 1) + b"\n")
            crowd.read_until_total(browsers[0].total + messages, ROUND_SECONDS, *browsers)
        return number * messages / (time.monotonic() - begin)

    crowd.read_until_total(1 + len(browsers), ROUND_SECONDS, *browsers)
    usual = rounds(6)
    stalled = [Browser(house.web, f"stalled{n}", SMALL_BUFFER) for n in range(count)]
    crowd.read_until_total(browsers[0].total + count, ROUND_SECONDS, *browsers)
    before, rate = sizes(), rounds(6)
    middle, later_rate = sizes(), rounds(6)
    core, gateway = ([size - first for size in later] for first, *later in zip(before, middle, sizes(), strict=True))
    print(f"{usual:.0f}/s, with those that stall {rate:.0f}/s, {later_rate:.0f}/s; grown by {core}, {gateway} KiB")
    assert core[1] < count * KIB_EACH + NOISE_KIB
    assert gateway[1] < count * GATEWAY_KIB_EACH + NOISE_KIB
    assert gateway[1] - gateway[0] < NOISE_KIB, "it grows with what was missed"

    crowd.add(*stalled)
    crowd.read_until_total(browsers[0].total, ROUND_SECONDS, *stalled)  # each seq in its turn
    assert all(browser.frames.code is None for browser in [*browsers, *stalled])
    crowd.close()
