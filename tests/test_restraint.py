"""A flood is logged with measure, and the log says how much was left out."""

from __future__ import annotations

import logging

from tcp_core.restraint import AT_ONCE, Restraint


class Clock:
    now = 5.0

    def __call__(self) -> float:
        return self.now


def record(event: str = "refused", **fields: str) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "parley.people", "msg": event, **fields})


def test_some_come_at_once_and_then_one_a_second() -> None:
    clock = Clock()
    restraint = Restraint(clock)
    assert [restraint.filter(record()) for _ in range(AT_ONCE + 7)] == [True] * AT_ONCE + [False] * 7
    clock.now += 1
    first = record()
    assert restraint.filter(first)
    assert first.__dict__["not_logged"] == 7
    assert not restraint.filter(record())
    clock.now += 3600
    later = record()
    assert restraint.filter(later)
    assert later.__dict__["not_logged"] == 1
    assert sum(restraint.filter(record()) for _ in range(2 * AT_ONCE)) == AT_ONCE - 1


def test_kinds_do_not_hide_each_other() -> None:
    restraint = Restraint(Clock())
    for _ in range(AT_ONCE):
        assert restraint.filter(record(reason="joins"))
    assert not restraint.filter(record(reason="joins"))
    assert restraint.filter(record(reason="banned"))
    assert restraint.filter(record("joined"))
    assert "not_logged" not in record().__dict__
