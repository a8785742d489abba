"""The benchmarks find what a server does wrong, count right, and run against the real programs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner

import benchmarks.__main__
from benchmarks import bare
from benchmarks.bench import Bench, Settings
from benchmarks.cases import CASES, Case
from benchmarks.client import ConnectionEndedError
from benchmarks.crowd import Crowd, IncompleteError, Reading
from benchmarks.dialect import BROWSER, TERMINAL, text_of
from benchmarks.figures import COST, RATE, Figures
from benchmarks.frames import PING, PONG, BrokenWebSocketError, Unframer, frame
from benchmarks.histogram import Histogram
from benchmarks.loads import closed_loop, flood, latencies, paced
from benchmarks.plain import PlainServer
from benchmarks.programs import family
from benchmarks.stream import Message, Stream, WrongBytesError
from benchmarks.throughput import one_at_a_time

CLIENTS = 5
Wire = Callable[[int, bytes], bytes]
"""What is sent to the client of that place in the order of joining, instead of a line."""


def line(sender: int, number: int) -> bytes:
    return f"[c{sender:05}] {text_of(sender, number)}\n".encode()


# ------------------------------------------------------------------------ stream


def stream_of(*lines: bytes) -> Stream:
    stream = Stream(b"", TERMINAL.line)
    stream.follow(0, b"".join(lines))
    return stream


def test_the_stream_takes_any_chunks_and_reads_messages_once() -> None:
    whole = line(0, 0) + line(1, 0) + line(0, 1)
    stream = Stream(b"", TERMINAL.line)
    for size in (1, 7, len(whole)):
        offset = 0
        for start in range(0, len(whole), size):
            offset = stream.follow(offset, memoryview(whole)[start : start + size])
        assert offset == len(whole) == len(stream.data)
    assert stream.lines == 3
    counts = {0: 0, 1: 0}
    ends = [len(whole) // 3 * n for n in (1, 2, 3)]
    assert stream.messages(counts) == [Message(ends[0], 0, 0), Message(ends[1], 1, 0), Message(ends[2], 0, 1)]
    assert counts == {0: 2, 1: 1}
    assert stream.messages(counts) == []


@pytest.mark.parametrize("known", [line(0, 0), line(0, 0) + line(0, 1)])
def test_a_receiver_that_gets_something_else_is_found(known: bytes) -> None:
    stream = stream_of(known)
    with pytest.raises(WrongBytesError, match="where the others got"):
        stream.follow(0, line(0, 1) + line(0, 2))


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([line(0, 0), line(0, 2)], id="loss"),
        pytest.param([line(0, 1)], id="loss of the first"),
        pytest.param([line(0, 0), line(0, 0)], id="double"),
        pytest.param([line(0, 1), line(0, 0)], id="order"),
        pytest.param([line(0, 0), b"* Ann joined *\n"], id="no message"),
        pytest.param([line(0, 0), line(0, 1)[:-1]], id="half a line"),
        pytest.param([line(0, 0).replace(b"[c00000]", b"[c00001]")], id="another's nick"),
    ],
)
def test_what_is_wrong_for_all_is_found(lines: list[bytes]) -> None:
    with pytest.raises(WrongBytesError):
        stream_of(*lines).messages({0: 0, 1: 0})


def test_a_line_of_the_json_door() -> None:
    told = b'{"type":"said","room":"main","seq":17,"ts":1790000000000,"nick":"c00003","text":"%s"}'
    match = BROWSER.line.fullmatch(told % text_of(3, 14).encode())
    assert match is not None
    assert (int(match["sender"]), int(match["number"])) == (3, 14)
    assert not BROWSER.line.fullmatch(told % text_of(4, 14).encode())


# ------------------------------------------------------------------------- crowd


class FaultyServer(PlainServer):
    """The plain server with a fault."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire

    def _tell(self, client: socket.socket, line: bytes) -> None:
        told = self.wire(self._clients.index(client), line)
        if told == b"hang up":
            client.shutdown(socket.SHUT_RDWR)
        else:
            super()._tell(client, told)


@pytest.fixture
def crowd(request: pytest.FixtureRequest) -> Iterator[Crowd]:
    server = FaultyServer(getattr(request, "param", lambda _, line: line))
    thread = threading.Thread(target=server.serve)
    thread.start()
    with Crowd(TERMINAL, ("127.0.0.1", server.port), limit_seconds=0.3) as crowd:
        yield crowd
    server.close()
    thread.join()


def wrong(place: int | None, told: bytes, instead: bytes) -> Wire:
    """Tell something else to one, or to all."""
    return lambda client, line: instead if line == told and place in (None, client) else line


def talk(crowd: Crowd) -> None:
    crowd.join(CLIENTS)
    crowd.begin()
    flood(crowd, lambda: 0.0, 30)
    crowd.end()


@pytest.mark.parametrize(
    ("crowd", "error"),
    [
        pytest.param(wrong(3, line(1, 2), b""), WrongBytesError, id="loss for one"),
        pytest.param(wrong(3, line(1, 2), line(1, 2) * 2), WrongBytesError, id="double for one"),
        pytest.param(wrong(3, b"[c00000] end 2\n", b""), IncompleteError, id="one is short"),
        pytest.param(wrong(None, line(1, 2), b""), IncompleteError, id="loss for all"),
        pytest.param(wrong(None, line(1, 2), line(1, 2) * 2), WrongBytesError, id="double for all"),
        pytest.param(wrong(None, b"[c00000] end 2\n", line(0, 5) + b"[c00000] end 2\n"), WrongBytesError, id="late"),
        pytest.param(wrong(3, line(1, 2), b"hang up"), ConnectionEndedError, id="one is cut off"),
        pytest.param(wrong(3, b"[c00000] begin 1\n", b""), IncompleteError, id="one does not begin"),
    ],
    indirect=["crowd"],
)
def test_a_crowd_finds_what_a_server_does_wrong(crowd: Crowd, error: type[Exception]) -> None:
    with pytest.raises(error):
        talk(crowd)


def test_a_crowd_is_content_with_a_server_that_does_nothing_wrong(crowd: Crowd) -> None:
    talk(crowd)
    one, times = paced(crowd, lambda: 0.0, rate=1000, seconds=0.05)
    assert (len(one.messages), one.deliveries, times.count) == (50, 250, 250)
    assert 0 < times.percentile(50) <= times.longest_ms < 300
    one = closed_loop(crowd, lambda: 0.0, 0.05)
    assert len(one.messages) > CLIENTS
    crowd.end()


def test_those_who_stall_must_read_it_all_in_the_end(crowd: Crowd) -> None:
    crowd.join(CLIENTS)
    crowd.begin()
    crowd.stall(crowd.clients[-1:])
    flood(crowd, lambda: 0.0, 30)
    assert crowd.clients[-1].offset == 0
    crowd.resume(crowd.clients[-1:])
    crowd.end()
    assert crowd.clients[-1].offset == crowd.clients[0].offset > 0


def test_a_storm_of_joining(crowd: Crowd) -> None:
    crowd.storm(20, at_once=7)
    assert len(crowd.clients) == 20


@pytest.mark.parametrize(
    ("crowd", "error"),
    [
        pytest.param(wrong(4, b"* c00012 joined *\n", b""), WrongBytesError, id="unseen by one"),
        pytest.param(wrong(None, b"* c00012 joined *\n", b"* c00012 joined *\n" * 2), WrongBytesError, id="doubled"),
    ],
    indirect=["crowd"],
)
def test_a_storm_finds_what_is_wrong(crowd: Crowd, error: type[Exception]) -> None:
    with pytest.raises(error):
        crowd.storm(20, at_once=1)


# ------------------------------------------------------------------------ frames


def server_frame(payload: bytes, opcode: int = 1) -> bytes:
    size = len(payload)
    head = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + head + payload


@pytest.mark.parametrize("size", [1, 2, 3, 50, 10_000])
def test_frames_come_out_as_lines_however_they_are_cut(size: int) -> None:
    came, answered = bytearray(), bytearray()
    unframer = Unframer(came.extend, answered.extend)
    payloads = [b"a", b"b" * 125, b"c\nd", b"e" * 126, b"f" * 3000]
    sent = b"HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n" + server_frame(b"!", PING)
    sent += server_frame(b"?", PING).join(map(server_frame, payloads))
    for start in range(0, len(sent), size):
        unframer.feed(memoryview(sent)[start : start + size])
    assert bytes(came) == b"\n".join(payloads) + b"\n"
    pongs = bytes(answered)
    assert len(pongs) == 7 * len(payloads)
    assert [unmasked(pongs[at : at + 7]) for at in (0, 7)] == [(PONG, b"!"), (PONG, b"?")]


def unmasked(sent: bytes) -> tuple[int, bytes]:
    """Undo what RFC 6455, section 5.3, wants of a client."""
    assert sent[1] & 0x80
    start = 2 if sent[1] & 0x7F < 126 else 4
    mask, payload = sent[start : start + 4], sent[start + 4 :]
    return sent[0] & 0x0F, bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


@pytest.mark.parametrize("payload", [b"", b"a", "Привет".encode(), b"x" * 125, b"y" * 126, b"z" * 1001])
def test_what_a_browser_sends_is_masked(payload: bytes) -> None:
    assert unmasked(frame(payload)) == (1, payload)


@pytest.mark.parametrize(
    "came", [b"HTTP/1.1 403 No\r\n\r\n", b"HTTP/1.1 101 Yes\r\n\r\n" + server_frame(b"\x0f\xa0", 8)]
)
def test_a_websocket_that_is_refused_or_closed(came: bytes) -> None:
    with pytest.raises(BrokenWebSocketError):
        Unframer(lambda _: None, lambda _: None).feed(came)


# ----------------------------------------------------------------------- numbers


def test_percentiles() -> None:
    histogram = Histogram()
    for ms in range(1, 1001):
        histogram.add(ms - 0.05)
    assert [histogram.percentile(percent) for percent in (50, 95, 99)] == [500.0, 950.0, 990.0]
    assert histogram.percentile(100) == histogram.longest_ms == 999.95
    histogram.add(10**7)
    assert histogram.percentile(100) >= 120_000
    with pytest.raises(ValueError, match="nothing"):
        Histogram().percentile(50)


def test_latencies_count_from_when_a_message_was_due() -> None:
    reading = Reading(array("d", [1.010, 1.020, 1.500]), array("Q", [0, 0, 15]), array("Q", [10, 15, 20]))
    times = latencies([10, 20], [1.0, 1.1], reading)
    assert times.count == 3  # the first message by two, the second by the one who has read all of it
    assert times.longest_ms == pytest.approx(400)
    assert times.percentile(50) == pytest.approx(20, abs=0.11)


def test_the_table_and_the_json_have_ratios_and_medians() -> None:
    figures = Figures()
    figures.bare.append(bare.BareSends(per_second=200_000, cpu_us=5))
    for rate in (100_000, 800_000, 400_000):
        figures.note("flood", 10, "10 clients", "text", RATE, rate)
    figures.note("flood", 10, "10 clients", "plain", RATE, 100_000)
    figures.note("flood", 10, "10 clients", "text", COST, 2.5)
    table = figures.table({"flood": "As fast as it goes"}).splitlines()
    assert table[-3:-2] == ["flood: As fast as it goes"]
    assert table[-2].split() == ["10", "clients", "deliveries", "/s", "400,000", "100,000", "4.00", "2.00", "0.50"]
    assert table[-1].split() == ["CPU", "for", "a", "delivery", "µs", "2.50", "0.50"]
    told = json.loads(figures.as_json())
    assert told["figures"][0]["median"] == {"text": 400_000, "plain": 100_000}
    assert told["figures"][0]["runs"]["text"] == [100_000, 800_000, 400_000]


def test_a_family_is_a_process_and_its_children() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert {os.getpid(), child.pid} <= set(family(os.getpid()))
        assert family(child.pid) == [child.pid]


def test_bare_sends() -> None:
    sends = bare.measure(0.05, sockets=3)
    assert sends.per_second > 1000
    assert 0 < sends.cpu_us < 1000


# ------------------------------------------------------------------------- whole


def test_a_case_with_five_clients_at_the_real_programs() -> None:
    bench = Bench(Settings(runs=1, seconds=0.1, divisor=200))
    bench.case = "closed-loop"
    one_at_a_time(bench)
    assert bench.figures.failures == []
    rate, cost, share = bench.figures
    for figure in (rate, cost, share):
        assert figure.clients == CLIENTS
        assert set(figure.values) == {"text", "web", "plain"}
        assert all(value > 0 for (value,) in figure.values.values())


def fails(bench: Bench) -> None:
    """Something that goes wrong."""
    with bench.attempt("with something"):
        raise IncompleteError("waited in vain")


@pytest.mark.parametrize(("case", "code"), [(Case(fails), 1), (Case(lambda _: None), 0)])
def test_what_went_wrong_is_told_and_makes_it_fail(monkeypatch: pytest.MonkeyPatch, case: Case, code: int) -> None:
    monkeypatch.setitem(CASES, "flood", case)
    monkeypatch.setattr(bare, "measure", lambda _: bare.BareSends(1, 1))
    result = CliRunner().invoke(benchmarks.__main__.main, ["--quick", "--case", "flood"])
    assert result.exit_code == code
    assert ("FAILED: flood, with something: IncompleteError: waited in vain" in result.output) == bool(code)


def test_a_chart_needs_its_case() -> None:
    result = CliRunner().invoke(benchmarks.__main__.main, ["--case", "flood", "--chart", "nowhere.svg"])
    assert result.exit_code == 2
    assert "--chart needs --case scaling" in result.output


def test_the_cases_are_listed() -> None:
    result = CliRunner().invoke(benchmarks.__main__.main, ["--list"])
    assert [row.split()[0] for row in result.output.splitlines()] == list(CASES)
    assert all(len(row.split()) > 3 for row in result.output.splitlines())
