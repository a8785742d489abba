"""What the gateway counts, and how Prometheus reads it. Knows nothing about chat.

Counting is adding to plain numbers, since it is done for each frame; they are put into words only when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from aiohttp import web
from prometheus_client import CollectorRegistry, exposition
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from web_gateway.headers import add_headers
from web_gateway.refusals import Refusals

WAIT_BUCKETS = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0)
"""Upper bounds of the histogram's buckets, in seconds."""
_STANDARD_CODES = range(1000, 1016)
"""Those of RFC 6455, section 7.4.1."""


@dataclass(slots=True)
class Counts:
    """What has happened since the start, and what there is now."""

    connections: int = 0
    """TCP connections now, with those whose TLS handshake is under way."""
    websockets: int = 0
    """WebSockets now."""
    websockets_opened: int = 0
    websockets_closed: Counter[str] = field(default_factory=Counter)
    frames_down: int = 0
    bytes_down: int = 0
    frames_up: int = 0
    bytes_up: int = 0
    responses: Counter[int] = field(default_factory=Counter)
    core_failures: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    waiting: int = 0
    """Browsers that are waited for now, since they don't read."""
    waits: list[int] = field(default_factory=lambda: [0] * (len(WAIT_BUCKETS) + 1))
    waited_seconds: float = 0.0

    def waited(self, seconds: float) -> None:
        """Note that a browser was waited for."""
        self.waits[bisect_left(WAIT_BUCKETS, seconds)] += 1
        self.waited_seconds += seconds

    def closed(self, code: int, by_browser: bool) -> None:
        """Note that a WebSocket was closed; a code that a client has made up is none of a thousand names."""
        self.websockets_closed["other" if by_browser and code not in _STANDARD_CODES else str(code)] += 1


class _Collector(Collector):
    """Words for the numbers, at the time when somebody asks."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        now = self._counts
        yield _gauge("connections", "TCP connections, with those whose TLS handshake is under way.", now.connections)
        yield _gauge("websockets", "WebSockets that are open.", now.websockets)
        yield _counter("websockets_opened", "WebSockets that were opened.", now.websockets_opened)
        yield _by("websockets_closed", "WebSockets that were closed, by close code.", "code", now.websockets_closed)
        frames = {"down": now.frames_down, "up": now.frames_up}
        yield _by("frames", "WebSocket frames of text, to browsers (down) and from them (up).", "direction", frames)
        carried = {"down": now.bytes_down, "up": now.bytes_up}
        yield _by("bytes", "Bytes of text in these frames.", "direction", carried)
        yield _by("responses", "HTTP responses, by status.", "status", now.responses)
        yield _by("refusals", "What was refused, by reason.", "reason", now.refusals.by_reason)
        yield _counter("core_failures", "Connections to the core that failed.", now.core_failures)
        yield _gauge("browsers_waited_for", "Browsers that don't read, so that their core's side waits.", now.waiting)
        bounds = (*map(str, WAIT_BUCKETS), "+Inf")
        yield HistogramMetricFamily(
            "parley_gateway_browser_wait_seconds",
            "How long browsers were waited for that did not read.",
            list(zip(bounds, accumulate(now.waits), strict=True)),
            now.waited_seconds,
        )


def _gauge(name: str, help: str, value: float) -> Metric:
    return GaugeMetricFamily(f"parley_gateway_{name}", help, value)


def _counter(name: str, help: str, value: float) -> Metric:
    return CounterMetricFamily(f"parley_gateway_{name}", help, value)


def _by(name: str, help: str, label: str, values: dict[str, int] | Counter[int] | Counter[str]) -> Metric:
    family = CounterMetricFamily(f"parley_gateway_{name}", help, labels=[label])
    for key, value in sorted(values.items(), key=str):
        family.add_metric([str(key)], value)
    return family


def application(counts: Counts) -> web.Application:
    """Return an application that serves `counts` at /metrics, as Prometheus reads it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(counts))

    async def show(request: web.Request) -> web.Response:
        encode, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    app = web.Application()
    app.router.add_get("/metrics", show)
    app.on_response_prepare.append(add_headers)
    return app
