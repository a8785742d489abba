"""The figures in Prometheus' text format, on a listener of its own.

Everything is read when it is asked for. Source: prometheus.io, "Exposition formats" and "Metric and label naming".
Knows nothing about how things are counted.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import get_args
from wsgiref.simple_server import WSGIServer

import prometheus_client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tcp_core.figures import Figures
from tcp_core.messages import Door, Event
from tcp_core.tally import Histogram

_WAIT_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
Counts = Mapping[str, int] | Mapping[Door, int]
_DOORS = ("terminal", "web")
_EVENTS = tuple(type.__name__.lower() for type in get_args(Event))


class Metrics(Collector):
    """What there is to see of a core.

    :param figures: those of the hub.
    :param accepted: returns how many connections were accepted, by door.
    :param turned_away: returns how many were refused before the hub heard of them, by code.
    :param tls_clients: returns how many connections are TLS now.
    """

    def __init__(
        self,
        figures: Figures,
        accepted: Callable[[], Mapping[str, int]],
        turned_away: Callable[[], Mapping[str, int]],
        tls_clients: Callable[[], int],
    ) -> None:
        self._figures = figures
        self._accepted = accepted
        self._turned_away = turned_away
        self._tls_clients = tls_clients
        registry = self._registry = prometheus_client.CollectorRegistry()
        registry.register(self)
        prometheus_client.ProcessCollector(registry=registry)
        self.waits = prometheus_client.Histogram(
            "parley_rate_wait_seconds",
            "Seconds that clients were made to wait because they were faster than their rate",
            buckets=_WAIT_SECONDS,
            registry=registry,
        )

    def collect(self) -> Iterator[Metric]:
        """Yield what there is to see now."""
        figures = self._figures
        crowd = figures.crowd()
        yield _gauges("parley_connections", "Connections now", "door", _DOORS, crowd.by_door)
        yield _gauge("parley_tls_connections", "TLS connections now", self._tls_clients())
        yield _gauge("parley_blocked_connections", "Connections of which the socket takes no more now", crowd.blocked)
        yield _counters("parley_accepted", "Connections accepted", "door", _DOORS, self._accepted())
        yield _gauge("parley_sessions", "Participants, browsers that may come back included", figures.sessions)
        yield _counters("parley_events", "Events stored", "type", _EVENTS, figures.events())
        yield _counters("parley_deliveries", "Events sent, times readers", "door", _DOORS, figures.deliveries())
        refusals = figures.refusals()
        refusals.update(self._turned_away())
        yield _counters("parley_refusals", "Refusals told, and connections turned away", "code", (), refusals)
        yield _histogram("parley_commit_events", "Events committed together", figures.commits)
        yield _histogram("parley_latency_seconds", "From handing input over until all it caused is sent; "
                         "the oldest input of each round", figures.latency)  # fmt: skip
        yield _histogram("parley_round_seconds", "Duration of the hub's rounds", figures.rounds)
        with contextlib.suppress(OSError):  # the disk has failed; the rest is worth seeing all the more
            yield _gauge("parley_log_bytes", "Size of the log's files", figures.log_bytes)
        yield _gauge("parley_last_seq", "The newest event's seq", figures.last_seq)
        yield _gauge("parley_threads", "Threads of the process", threading.active_count())

    def serve(self, host: str, port: int) -> Listener:
        """Answer GET /metrics there.

        :raises OSError: nothing can listen there.
        """
        try:
            return Listener(*prometheus_client.start_http_server(port, host, self._registry))
        except OSError as error:
            raise OSError(f"{host}:{port}: {error.strerror}") from error


class Listener:
    """An HTTP server and its thread."""

    def __init__(self, server: WSGIServer, thread: threading.Thread) -> None:
        self._server = server
        self._thread = thread
        host, port = server.socket.getsockname()[:2]
        self.address: tuple[str, int] = (host, port)
        """Where it really listens."""

    def stop(self) -> None:
        """End it, and wait for that."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help, value)


def _gauges(name: str, help: str, label: str, always: tuple[str, ...], values: Counts) -> Metric:
    return _labelled(GaugeMetricFamily(name, help, labels=[label]), always, values)


def _counters(name: str, help: str, label: str, always: tuple[str, ...], values: Counts) -> Metric:
    return _labelled(CounterMetricFamily(name, help, labels=[label]), always, values)


def _labelled(family: GaugeMetricFamily | CounterMetricFamily, always: tuple[str, ...], values: Counts) -> Metric:
    counts: dict[str, int] = dict.fromkeys(always, 0)
    counts.update(values.items())
    for key, value in counts.items():
        family.add_metric([key], value)
    return family


def _histogram(name: str, help: str, histogram: Histogram) -> Metric:
    *counts, total = histogram.cumulative()
    bounds = map(float, histogram.bounds)
    buckets = [*((str(bound), count) for bound, count in zip(bounds, counts, strict=True)), ("+Inf", total)]
    return HistogramMetricFamily(name, help, buckets=buckets, sum_value=histogram.sum)
