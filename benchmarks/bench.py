"""What a case works with: settings, rooms with crowds in them, a place for its figures. Knows nothing about cases."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import programs
from benchmarks.client import ConnectionEndedError
from benchmarks.crowd import LIMIT_SECONDS, Crowd, IncompleteError
from benchmarks.dialect import DIALECTS, DoorName
from benchmarks.figures import Figures, Quantity
from benchmarks.frames import BrokenWebSocketError
from benchmarks.programs import Program, ProgramError
from benchmarks.stream import WrongBytesError

DOORS: tuple[DoorName, ...] = ("text", "web", "plain")
_ON_DISK = "/var/tmp"  # noqa: S108 (where /tmp may be memory)
_FAILURES = (
    BrokenWebSocketError, ConnectionEndedError, EOFError, IncompleteError, OSError, ProgramError, WrongBytesError,
)  # fmt: skip
_COMPLAINT_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is done."""

    runs: int = 3
    seconds: float = 4.0
    """How long one run of a load takes."""
    divisor: int = 1
    """Of every number of clients and events, to do less."""

    def scaled(self, count: int) -> int:
        """Return how many of what would be so many."""
        return max(2, count // self.divisor)


@dataclass(frozen=True, slots=True)
class Room:
    """A running room, entered by one of its doors."""

    door: DoorName
    address: tuple[str, int]
    programs: tuple[Program, ...]

    def cpu_seconds(self) -> float:
        """Return the processor time that its servers have used."""
        return sum(program.cpu_seconds() for program in self.programs)

    def resident_bytes(self) -> int:
        """Return how much memory its servers have."""
        return sum(program.resident_bytes() for program in self.programs)


class Bench:
    """Runs cases, one after the other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.figures = Figures()
        self.case = ""
        """The name of the one that runs."""

    @property
    def runs(self) -> range:
        """To go through."""
        return range(self.settings.runs)

    def note(self, room: Room, clients: int, load: str, *values: tuple[Quantity, float]) -> None:
        """Take in what one run gave."""
        for quantity, value in values:
            self.figures.note(self.case, clients, load, room.door, quantity, value)

    @contextlib.contextmanager
    def attempt(self, what: str) -> Iterator[Path]:
        """Do something that may fail without stopping the rest; in a directory on disk that is there as long."""
        click.echo(f"{self.case}: {what}", err=True)
        with tempfile.TemporaryDirectory(prefix="parley-benchmark-", dir=_ON_DISK) as name:
            directory = Path(name)
            try:
                yield directory
            except _FAILURES as error:
                complaints = [path.read_text(encoding="utf-8") for path in directory.rglob("*.stderr")]
                failure = f"{self.case}, {what}: {type(error).__name__}: {error}"
                self.figures.failures.append(failure)
                tails = [text[-_COMPLAINT_CHARACTERS:] for text in complaints if text]
                click.echo("\n".join([f"FAILED: {failure}", *tails]), err=True)

    @contextlib.contextmanager
    def room(self, door: DoorName, directory: Path) -> Iterator[Room]:
        """Open a room.

        :param directory: is made, and gets its log; what its programs complain about goes beside it.
        """
        with ExitStack() as stack:
            complaints = directory.with_suffix(".stderr")
            if door == "plain":
                plain = stack.enter_context(programs.running("benchmarks.plain", complaints=complaints))
                yield Room(door, plain.addresses[0], (plain,))
                return
            core = stack.enter_context(programs.core(directory, complaints))
            if door == "text":
                yield Room(door, core.addresses[0], (core,))
                return
            gateway = stack.enter_context(programs.gateway(core, complaints))
            yield Room(door, gateway.addresses[0], (core, gateway))

    @contextlib.contextmanager
    def crowd(self, room: Room, count: int, limit_seconds: float = LIMIT_SECONDS) -> Iterator[Crowd]:
        """Have so many clients in a room who read the same from here on, and check that they did when it ends."""
        with Crowd(DIALECTS[room.door], room.address, limit_seconds) as crowd:
            crowd.join(count)
            crowd.begin()
            yield crowd
            crowd.end()
