"""What the gateway counts and logs, as an operator reads it."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import Both
from web_gateway import logs, metrics
from web_gateway.metrics import Counts
from web_gateway.refusals import Refusals

Samples = dict[str, float]


class Gateway:
    """A gateway as a process, with its metrics and what it wrote."""

    def __init__(self, stderr: Path, core_port: int, *options: str) -> None:
        self._stderr = stderr
        command = [sys.executable, "-m", "web_gateway", "--port", "0", "--metrics-port", "0"]
        with stderr.open("wb") as file:
            self.process = subprocess.Popen(
                [*command, "--core-port", str(core_port), *options], stdout=subprocess.PIPE, stderr=file, text=True
            )
        assert self.process.stdout is not None
        self.announced = [self.process.stdout.readline().strip() for _ in range(2)]
        self.page = self.announced[0].rpartition(" ")[2]
        self.metrics = self.announced[1].rpartition(" ")[2]

    def samples(self) -> Samples:
        with urllib.request.urlopen(self.metrics, timeout=10) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            text = answer.read().decode()
        return {
            sample.name.removeprefix("parley_gateway_") + "".join(f" {value}" for value in sample.labels.values()):
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }  # fmt: skip

    def stop(self) -> str:
        """Stop it in order, and return what it wrote."""
        self.process.terminate()
        assert self.process.wait(20) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self._stderr.read_text(encoding="utf-8")


@pytest.fixture
def start(start_both: Both, tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    started: list[Gateway] = []

    def start_gateway(*options: str) -> Gateway:
        core, _ = start_both()
        started.append(Gateway(tmp_path / "stderr", core.ports[1], *options))
        return started[-1]

    yield start_gateway
    for gateway in started:
        gateway.process.kill()
        gateway.process.wait()
        assert gateway.process.stdout is not None
        gateway.process.stdout.close()


CHAT = """
import asyncio, sys, aiohttp
async def main(url):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, headers={"Origin": "https://evil.example"}) as refused:
            await refused.receive()
        async with session.ws_connect(url, protocols=("parley.v1",)) as page:
            await page.send_str('{"type":"join","nick":"Ann","lang":"en"}')
            await page.send_str('{"type":"input","text":"a secret between us"}')
            while "a secret between us" not in await page.receive_str():
                pass
            await page.close(code=3456)
asyncio.run(main(sys.argv[1]))
"""


ANOTHER_PROTOCOL = """
import asyncio, sys, aiohttp
async def main(url):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, headers={"Sec-WebSocket-Protocol": "strange-words"}) as refused:
            assert (await refused.receive()).data == 4505
asyncio.run(main(sys.argv[1]))
"""


FETCH = """
import sys, urllib.request, urllib.error
try:
    print(urllib.request.urlopen(sys.argv[1]).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


def chat(gateway: Gateway) -> None:
    subprocess.run([sys.executable, "-c", CHAT, f"{gateway.page}ws"], check=True, timeout=30)


def test_a_visit_in_numbers(start: Callable[..., Gateway]) -> None:
    gateway = start()
    assert re.fullmatch(r"parley-gateway: metrics at http://127\.0\.0\.1:\d+/metrics", gateway.announced[1])
    before = gateway.samples()
    assert (before["connections"], before["websockets"], before["websockets_opened_total"]) == (0, 0, 0)
    chat(gateway)
    for path, status in (("", 200), ("nothing", 404)):
        got = subprocess.run(
            [sys.executable, "-c", FETCH, gateway.page + path], capture_output=True, text=True, check=True, timeout=30
        )
        assert int(got.stdout) == status
    after = gateway.samples()
    while after["websockets"] or after["connections"]:
        after = gateway.samples()
    assert after["websockets_opened_total"] == 2
    assert after["websockets_closed_total 4505"] == 1
    assert after["websockets_closed_total other"] == 1  # a code that a client made up is not a name of ours
    assert after["frames_total up"] == 2
    assert after["bytes_total up"] == 85
    assert after["frames_total down"] >= 1
    assert after["bytes_total down"] > 300
    assert after["refusals_total allowed-origins"] == 1
    assert after["responses_total 101"] == 2
    assert after["responses_total 200"] == 1
    assert after["responses_total 404"] == 1
    assert after["core_failures_total"] == 0
    assert after["browsers_waited_for"] == 0
    assert after["browser_wait_seconds_bucket +Inf"] == after["browser_wait_seconds_count"]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{gateway.page}metrics", timeout=10)


def test_a_core_that_fails_is_counted(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "stderr", 1)
    try:
        script = CHAT.partition("        async with session.ws_connect(url, protocols")[0].replace("evil", "x")
        script = script.replace(', headers={"Origin": "https://x.example"}', "") + "asyncio.run(main(sys.argv[1]))\n"
        subprocess.run([sys.executable, "-c", script, f"{gateway.page}ws"], check=True, timeout=30)
        assert gateway.samples()["core_failures_total"] == 1
    finally:
        gateway.stop()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_visit_in_the_log(start: Callable[..., Gateway], form: str) -> None:
    gateway = start("--log-format", form)
    chat(gateway)
    written = gateway.stop()
    assert "a secret" not in written
    assert "Ann" not in written
    if form == "json":
        records = [json.loads(line) for line in written.splitlines()]
        assert all(list(record)[:4] == ["time", "level", "logger", "event"] for record in records)
        closed = [record for record in records if record["event"] == "websocket closed"]
        assert [record["code"] for record in closed] == [4505, 3456]
        assert all(record["address"] == "127.0.0.1" and record["seconds"] >= 0 for record in closed)
        assert [r["event"] for r in records if r["event"] != "websocket closed"] == [
            "started", "websocket opened", "refused", "websocket opened", "stopping", "stopped",
        ]  # fmt: skip
    else:
        assert re.search(
            r"^\S+Z info web_gateway: websocket closed address='127\.0\.0\.1' code=4505 ", written, re.MULTILINE
        )


def test_a_log_without_addresses(start: Callable[..., Gateway]) -> None:
    gateway = start("--no-log-addresses")
    chat(gateway)
    subprocess.run([sys.executable, "-c", ANOTHER_PROTOCOL, f"{gateway.page}ws"], check=True, timeout=30)
    written = gateway.stop()
    assert "websocket closed code=" in written
    assert "address" not in written
    assert not re.search(r"127\.0\.0\.1(?!:\d)|strange-words", written)


# ----------------------------------------------------------------------- in parts


@pytest.fixture
def configured() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


EVIL = "a\r\nb\x1b[2J\x9b2J\u202e\u2028\x85\ud800"


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_breaks_a_line(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure(form, addresses=True)
    structlog.stdlib.get_logger("x").info(EVIL, field=EVIL, other=[EVIL])
    logging.getLogger("aiohttp.server").warning("%s", EVIL)
    try:
        int(EVIL)
    except ValueError:
        structlog.stdlib.get_logger("x").exception("failed")
        logging.getLogger("asyncio").exception("failed: %s", EVIL)
    written = capfd.readouterr().err
    assert written.count("\n") == 4
    assert len(written.splitlines()) == 4
    assert all(character.isprintable() for character in written.replace("\n", ""))
    assert written.count("exception=" if form == "text" else '"exception":') == 2


def test_a_flood_of_refusals_is_no_flood_of_log_lines() -> None:
    now = 100.0
    refusals = Refusals(lambda: now)
    with structlog.testing.capture_logs() as logged:
        for _ in range(1000):
            refusals.add("limit", "192.0.2.1")
        refusals.add("other", "192.0.2.1")
        now = 101.0
        refusals.add("limit", "192.0.2.2")
    assert refusals.by_reason == {"limit": 1001, "other": 1}
    assert [(record["reason"], record["not_logged"]) for record in logged] == [
        ("limit", 0), ("other", 0), ("limit", 999),
    ]  # fmt: skip


def test_waits_are_put_into_buckets() -> None:
    counts = Counts()
    for seconds in (0.0001, 0.001, 0.5, 1000.0):
        counts.waited(seconds)
    (histogram,) = (m for m in metrics._Collector(counts).collect() if m.type == "histogram")
    buckets = {s.labels["le"]: s.value for s in histogram.samples if s.name.endswith("_bucket")}
    assert buckets == {"0.001": 2, "0.01": 2, "0.1": 2, "1.0": 3, "10.0": 3, "60.0": 3, "+Inf": 4}
