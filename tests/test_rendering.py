"""The log as one codec shows it: in memory, from disk, in pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core import rendering as module
from tcp_core.event_log import EventLog
from tcp_core.messages import Event, Gap, Said
from tcp_core.rendering import Piece, Rendering
from tests.hypothesis_profile import PURE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with closing(EventLog(tmp_path)) as log:
        yield log


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the bounds so small that a few events reach them."""
    monkeypatch.setattr(module, "PIECE_BYTES", 30)
    monkeypatch.setattr(module, "TAIL_BYTES", 100)
    monkeypatch.setattr(module, "_COLD_EVENTS", 4)
    monkeypatch.setattr(module, "_WARM_EVENTS", 5)


def gap(gap: Gap) -> bytes:
    return f"{gap.first}-{gap.last}\n".encode()


class Encoder:
    """Encodes each event in ten bytes, and counts."""

    def __init__(self) -> None:
        self.calls: Counter[int] = Counter()

    def __call__(self, event: Event) -> bytes:
        self.calls[event.seq] += 1
        return b"%09d\n" % event.seq


def append(log: EventLog, count: int, *renderings: Rendering) -> None:
    events = log.append([Said(nick="Ann", text="x") for _ in range(count)], ts=1)
    for rendering in renderings:
        rendering.extend(events)


def numbers(piece: Piece) -> list[int]:
    assert piece.data == b"".join(piece.lines)
    shown = [int(line) for line in piece.data.split()]
    assert shown == list(range(piece.first, piece.last + 1))
    return shown


def read(rendering: Rendering, after: int, upto: int) -> list[int]:
    shown = []
    while after < upto:
        piece = rendering.piece(after, upto)
        assert piece.first == after + 1
        assert piece.last > after
        shown += numbers(piece)
        after = piece.last
    return shown


def test_a_piece_ends_with_the_event_that_fills_it(log: EventLog) -> None:
    rendering = Rendering(log, Encoder(), gap)
    append(log, 8, rendering)
    assert numbers(rendering.piece(0, 8)) == [1, 2, 3]
    assert numbers(rendering.piece(3, 8)) == [4, 5, 6]
    assert numbers(rendering.piece(6, 8)) == [7, 8]
    assert numbers(rendering.piece(3, 4)) == [4]
    assert not rendering.piece(0, 8).cold


def test_an_event_larger_than_a_piece_is_a_piece(log: EventLog) -> None:
    rendering = Rendering(log, lambda event: b"%d" % event.seq * 50, gap)
    append(log, 2, rendering)
    assert rendering.piece(0, 2).data == b"1" * 50
    assert rendering.piece(1, 2).data == b"2" * 50


def test_what_has_left_memory_is_read_from_the_log(log: EventLog) -> None:
    rendering = Rendering(log, Encoder(), gap)
    append(log, 30, rendering)
    assert rendering._bytes <= 100
    assert rendering.piece(0, 30).cold
    assert not rendering.piece(29, 30).cold
    assert read(rendering, 0, 30) == list(range(1, 31))


def test_a_cold_piece_is_bounded_in_events(log: EventLog) -> None:
    rendering = Rendering(log, lambda event: b"%d" % (event.seq % 10), gap)
    append(log, 200, rendering)
    append(log, 1, rendering)
    piece = rendering.piece(0, 200)
    assert (piece.first, piece.last, piece.data, piece.cold) == (1, 4, b"1234", True)


def test_a_cold_piece_may_go_on_into_what_is_in_memory(log: EventLog) -> None:
    rendering = Rendering(log, Encoder(), gap)
    append(log, 30, rendering)
    first = rendering._first
    piece = rendering.piece(first - 2, 30)
    assert numbers(piece)[:2] == [first - 1, first]
    assert piece.cold
    assert not rendering.piece(first - 1, 30).cold


def test_memory_stays_bounded_and_holds_the_newest(log: EventLog) -> None:
    rendering = Rendering(log, Encoder(), gap)
    for _ in range(40):
        append(log, 3, rendering)
        assert rendering._bytes == sum(map(len, rendering._lines)) <= 100
        assert rendering._first + len(rendering._lines) == log.last + 1
        assert numbers(rendering.piece(log.last - 1, log.last)) == [log.last]


def test_each_event_is_encoded_once_however_many_read_it(log: EventLog) -> None:
    encoder = Encoder()
    rendering = Rendering(log, encoder, gap)
    append(log, 9, rendering)
    for _ in range(5):
        assert read(rendering, 0, 9) == list(range(1, 10))
        assert read(rendering, 4, 9) == list(range(5, 10))
        rendering.forget_pieces()
    assert set(encoder.calls.values()) == {1}


def test_those_at_the_same_place_share_a_piece_for_a_round(log: EventLog) -> None:
    encoder = Encoder()
    rendering = Rendering(log, encoder, gap)
    append(log, 30, rendering)
    encoder.calls.clear()
    assert rendering.piece(0, 30) is rendering.piece(0, 30)
    assert set(encoder.calls.values()) == {1}
    piece = rendering.piece(0, 30)
    rendering.forget_pieces()
    assert rendering.piece(0, 30) is not piece
    assert rendering.piece(0, 30) == piece


def test_warming_reads_the_newest_into_memory(log: EventLog) -> None:
    append(log, 20)
    encoder = Encoder()
    rendering = Rendering(log, encoder, gap)
    append(log, 1, rendering)  # something may happen before
    rendering.warm()
    assert sorted(encoder.calls) == [16, 17, 18, 19, 20, 21]
    assert rendering._bytes == 60
    assert not rendering.piece(15, 21).cold
    assert rendering.piece(14, 21).cold
    assert read(rendering, 0, 21) == list(range(1, 22))
    append(log, 4, rendering)
    assert read(rendering, 15, 25) == list(range(16, 26))


def test_warming_an_empty_log_is_nothing(log: EventLog) -> None:
    rendering = Rendering(log, Encoder(), gap)
    rendering.warm()
    append(log, 2, rendering)
    assert read(rendering, 0, 2) == [1, 2]


@pytest.mark.parametrize(
    ("sent", "seq", "rest"),
    [
        (1, 7, b"a\n"),
        (2, 7, b"\n"),
        (3, 7, b""),
        (4, 8, b"\n"),
        (5, 8, b""),
        (6, 9, b"ccc\n"),
        (9, 9, b"\n"),
        (10, 9, b""),
    ],
)
def test_a_cut_says_where_a_reader_stands(sent: int, seq: int, rest: bytes) -> None:
    lines = [b"aa\n", b"b\n", b"cccc\n"]
    assert Piece(7, 9, b"".join(lines), lines, cold=False).cut(sent) == (seq, rest)


@PURE
@given(st.lists(st.binary(min_size=1, max_size=5), min_size=1, max_size=8), st.integers(1, 40))
def test_what_was_sent_and_the_rest_and_what_follows_is_the_whole(lines: list[bytes], sent: int) -> None:
    data = b"".join(lines)
    sent = min(sent, len(data))
    seq, rest = Piece(1, len(lines), data, lines, cold=False).cut(sent)
    assert data[:sent] + rest + b"".join(lines[seq:]) == data
    assert len(rest) < len(lines[seq - 1])
