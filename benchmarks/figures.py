"""What was measured, as one table and as JSON. Knows nothing about how it was measured."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal, NamedTuple

from benchmarks.bare import BareSends
from benchmarks.dialect import DoorName

Relation = Literal["", "per_second", "cpu_us"]


class Quantity(NamedTuple):
    """What a number is of."""

    name: str
    unit: str
    bare: Relation = ""
    """What of a bare send it is compared with."""
    shown: bool = True
    """In the table, too."""


RATE = Quantity("deliveries", "/s", "per_second")
MESSAGES = Quantity("messages", "/s")
COST = Quantity("CPU for a delivery", "µs", "cpu_us")
MESSAGE_COST = Quantity("CPU for a message", "µs")
GENERATOR = Quantity("CPU of the clients", "cores", shown=False)
MEDIAN, P95, P99, LONGEST = (Quantity(f"latency, {name}", "ms") for name in ("p50", "p95", "p99", "max"))
CONNECTION_MEMORY = Quantity("memory for a connection", "KiB")
MEMORY = Quantity("memory", "MiB")
GROWTH = Quantity("memory, growth", "MiB")
JOINS = Quantity("joins", "/s")
TAKEN = Quantity("time", "s")
START = Quantity("start to first prompt", "s")
PAGE, SLOW_PAGE = (Quantity(f"history page, {name}", "ms") for name in ("p50", "p99"))
LONGEST_TASK = Quantity("longest task of the page", "ms")
HEAP = Quantity("heap of the page, growth", "MiB")
LINES = Quantity("lines shown", "")
SHARE = Quantity("rate, of that when all read", "×")

_COLUMNS: tuple[tuple[str, int], ...] = (
    ("", 36), ("", 28), ("", 6), ("text", 11), ("web", 11), ("plain", 11),
    ("text:plain", 11), ("web:plain", 10), ("text:bare", 10), ("web:bare", 9), ("plain:bare", 11),
)  # fmt: skip
_LEFT_COLUMNS = 3


@dataclass(slots=True)
class Figure:
    """A quantity under some load, at each door that has it."""

    case: str
    clients: int
    load: str
    quantity: Quantity
    values: dict[DoorName, list[float]] = field(default_factory=dict)
    """Of each run."""

    def median(self, door: DoorName) -> float | None:
        """Return the median of the runs; None if there is none."""
        values = self.values.get(door)
        return median(values) if values else None


class Figures:
    """All that was measured."""

    def __init__(self) -> None:
        self.bare: list[BareSends] = []
        self.failures: list[str] = []
        self._figures: dict[tuple[str, str, str], Figure] = {}

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._figures.values())

    def note(self, case: str, clients: int, load: str, door: DoorName, quantity: Quantity, value: float) -> None:
        """Take in what one run gave."""
        figure = self._figures.setdefault((case, load, quantity.name), Figure(case, clients, load, quantity))
        figure.values.setdefault(door, []).append(value)

    def bare_send(self, relation: Relation) -> float | None:
        """Return the median of what a bare send does, or of what it costs, µs."""
        if not relation or not self.bare:
            return None
        return median(one.cpu_us if relation == "cpu_us" else one.per_second for one in self.bare)

    def table(self, titles: Mapping[str, str]) -> str:
        """Return all of it for people.

        :param titles: of the cases, by name.
        """
        rows = [_line([title for title, _ in _COLUMNS]), "-" * sum(width for _, width in _COLUMNS)]
        if self.bare:
            sends, cost = self.bare_send("per_second"), self.bare_send("cpu_us")
            rows.insert(0, f"bare send: {_shown(sends)}/s (= F), {_shown(cost)} µs of CPU each\n")
        case = load = ""
        for figure in self:
            if not figure.quantity.shown:
                continue
            if figure.case != case:
                case, load = figure.case, ""
                rows.append(f"\n{case}: {titles[case]}")
            head, load = figure.load if figure.load != load else "", figure.load
            text, web, plain = (figure.median(door) for door in ("text", "web", "plain"))
            bare = self.bare_send(figure.quantity.bare)
            numbers = [text, web, plain]
            ratios = [_ratio(text, plain), _ratio(web, plain), *(_ratio(one, bare) for one in numbers)]
            rows.append(_line([head, figure.quantity.name, figure.quantity.unit, *map(_shown, [*numbers, *ratios])]))
        return "\n".join(rows)

    def as_json(self) -> str:
        """Return all of it for programs."""
        figures = [_as_dict(figure) for figure in self]
        machine = {"cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        bare = [one._asdict() for one in self.bare]
        whole = {"machine": machine, "bare_sends": bare, "figures": figures, "failures": self.failures}
        return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _as_dict(figure: Figure) -> dict[str, Any]:
    return {
        "case": figure.case,
        "clients": figure.clients,
        "load": figure.load,
        "quantity": figure.quantity.name,
        "unit": figure.quantity.unit,
        "median": {door: figure.median(door) for door in figure.values},
        "runs": figure.values,
    }


def _ratio(value: float | None, other: float | None) -> float | None:
    return value / other if value is not None and other else None


def _shown(value: float | None) -> str:
    """Return a number with three digits that count, or all before the point."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{2 if abs(value) < 10 else 1}f}"


def _line(cells: list[str]) -> str:
    padded = [
        cell.ljust(width) if place < _LEFT_COLUMNS else cell.rjust(width)
        for place, (cell, (_, width)) in enumerate(zip(cells, _COLUMNS, strict=True))
    ]
    return "".join(padded).rstrip()
