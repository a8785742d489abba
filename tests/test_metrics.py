"""Figures of the room, as Prometheus gets them."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tcp_core.figures import Figures
from tcp_core.tally import Histogram
from tests.conftest import Core, Program, TextClient
from tests.test_programs import FREE_PORTS, complaint, run

Samples = dict[tuple[str, str], float]


def scrape(address: tuple[str, int]) -> Samples:
    """Return the samples, by name and value of the first label."""
    with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        text = answer.read().decode()
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation for family in families)
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, next(iter(sample.labels.values()), "")): sample.value for sample in samples}


@pytest.fixture
def core(start_core: Callable[..., Core]) -> Core:
    return start_core(metrics_port=0)


def metrics(core: Core) -> Samples:
    assert core.server.metrics_address is not None
    return scrape(core.server.metrics_address)


def test_what_happens_is_counted(core: Core) -> None:
    alex, bob, ann = core.text("Alex"), core.text("Bob"), core.web()
    ann.join("Ann")
    alex.send("one\ntwo\n/nickname Lex\n/dance\n")
    alex.read_until("❌")
    bob.read_until("на Lex *\n")
    bob.send("/quit\n")
    bob.read_to_end()
    bob.close()
    ann.roundtrip()
    seen = metrics(core)
    for type, count in {"joined": 3, "said": 2, "renamed": 1, "left": 1}.items():
        assert seen["parley_events_total", type] == count
    # Alex: all 7. Bob: all but Alex's joining. Ann: what was before her is replayed, so 7.
    assert seen["parley_deliveries_total", "terminal"] == 13
    assert seen["parley_deliveries_total", "web"] == 7
    assert seen["parley_last_seq", ""] == 7
    assert seen["parley_refusals_total", "unknown-command"] == 1
    assert seen["parley_connections", "terminal"] == 1
    assert seen["parley_connections", "web"] == 1
    assert seen["parley_accepted_total", "terminal"] == 2
    assert seen["parley_accepted_total", "web"] == 1
    assert seen["parley_sessions", ""] == 2
    assert seen["parley_tls_connections", ""] == seen["parley_blocked_connections", ""] == 0
    assert seen["parley_commit_events_sum", ""] == 7
    assert 5 <= seen["parley_commit_events_count", ""] <= 7
    assert seen["parley_latency_seconds_count", ""] >= 4
    assert 0 < seen["parley_latency_seconds_sum", ""] < 10
    assert seen["parley_round_seconds_count", ""] >= seen["parley_latency_seconds_count", ""]
    assert seen["parley_log_bytes", ""] > 4096
    assert seen["parley_threads", ""] >= 5
    assert seen["process_resident_memory_bytes", ""] > 1e6


def test_connections_that_are_too_many_are_refusals(start_core: Callable[..., Core]) -> None:
    core = start_core(metrics_port=0, max_connections=1)
    alex = core.text("Alex")
    core.text().read_to_end()
    assert metrics(core)["parley_refusals_total", "connections"] == 1
    assert alex.roundtrip() == ""


def test_waiting_for_ones_rate_is_seen(start_core: Callable[..., Core]) -> None:
    core = start_core(metrics_port=0, rate_burst=2, rate_per_second=10.0)
    alex = core.text("Alex")
    alex.send("one\ntwo\nthree\n")
    alex.read_until("three\n")
    seen = metrics(core)
    assert seen["parley_rate_wait_seconds_count", ""] == 2  # the nick was the first
    assert 0.1 < seen["parley_rate_wait_seconds_sum", ""] < 0.5


def test_one_that_takes_no_more_is_seen(core: Core) -> None:
    stalled, eve = core.text("Stalled"), core.text("Eve")
    while not metrics(core)["parley_blocked_connections", ""]:
        eve.send(("x" * 4000 + "\n") * 200)
        eve.roundtrip()
    stalled.close()


def test_a_core_keeps_its_metrics_to_itself(start_core: Callable[..., Core], tmp_path: Path) -> None:
    first = start_core(metrics_port=0)
    second = start_core(metrics_port=0, data_dir=tmp_path / "second")
    first.text("Alex")
    assert metrics(first)["parley_sessions", ""] == 1
    assert metrics(second)["parley_sessions", ""] == 0


def test_they_are_announced_and_end_with_the_core(start_program: Callable[..., Program], tmp_path: Path) -> None:
    core = start_program("tcp_core", *FREE_PORTS, "--data-dir", tmp_path, "--metrics-port", "0", announcements=2)
    assert core.process.stdout is not None
    found = re.fullmatch(
        r"parley-core: metrics at http://(127\.0\.0\.1):(\d+)/metrics\n", core.process.stdout.readline()
    )
    assert found
    address = (found[1], int(found[2]))
    alex = TextClient(("127.0.0.1", core.ports[0]))
    alex.join("Alex")
    assert scrape(address)["parley_sessions", ""] == 1
    alex.close()
    assert core.stop() == 0
    with pytest.raises(OSError, match="refused"):
        scrape(address)


def test_a_port_that_is_in_use(core: Core, tmp_path: Path) -> None:
    assert core.server.metrics_address is not None
    port = str(core.server.metrics_address[1])
    done = run("tcp_core", *FREE_PORTS, "--data-dir", tmp_path / "other", "--metrics-port", port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port}: " in complaint(done)


def test_a_histogram_counts_up_to_each_bound() -> None:
    histogram = Histogram((1, 2, 5))
    for value in (0.5, 1, 1.5, 5, 100):
        histogram.observe(value)
    assert histogram.cumulative() == [2, 3, 4, 5]
    assert histogram.sum == 108


def test_a_round_is_measured_by_its_oldest_input() -> None:
    figures = Figures(None, None, None, None)  # type: ignore[arg-type]  # it only looks at the clock here
    figures.round_begins(10.0)
    figures.handed_over(9.0)
    figures.handed_over(9.5)
    figures.round_ends(11.0)
    figures.round_begins(12.0)  # in which nothing came
    figures.round_ends(12.5)
    assert (figures.latency.sum, figures.latency.cumulative()[-1]) == (2.0, 1)
    assert (figures.rounds.sum, figures.rounds.cumulative()[-1]) == (1.5, 2)
