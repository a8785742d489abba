"""Each known attack, by each way to somebody's terminal, through a real server: a terminal shows only what is so.

What happened is known from the JSON door, whose events are data: so it is known exactly which lines a terminal at the
text door has to show. A terminal breaks a long line where its margin is, so a row, unlike a line, may begin with
anything; no server can know where. Hence the terminal here is as wide as the longest line.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from tcp_core.secret import Secret
from tcp_core.words_ru import RU
from tests.attacks import ATTACKS, Attack
from tests.conftest import Core, JsonClient, TextClient
from tests.innocent import INNOCENT
from tests.terminal import Terminal, seen
from tests.unwelcome import unwelcome

START = Callable[..., Core]
EVENTS = ("joined", "left", "renamed", "said")
AT_ONCE = 24
"""So many are in the room together."""
END_OF_TELNET = b"\xff\xf0\n"
"""Ends whatever telnet command or line has not ended."""
STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d"


class Way(NamedTuple):
    """One way for a string to get to a terminal: typed behind `prefix`, as the nick or later."""

    name: str
    prefix: str = ""
    is_nick: bool = False
    once: bool = False
    """The connection ends by it, so each string needs one of its own."""
    before: tuple[str, ...] = ()
    """Lines that its sender types first, to be allowed to."""
    options: Mapping[str, Any] = {}
    """Of the server, for that to be possible."""


WAYS = (
    Way("a nick", is_nick=True, once=True),
    Way("a message"),
    Way("a message behind a slash", "//"),
    Way("a new nick", "/nick "),
    Way("a new nick, in full", "/nickname x"),
    Way("an unknown command", "/"),
    Way("the argument of an unknown command", "/dance "),
    Way("the argument of a command that takes none", "/who "),
    Way("the argument of a command that takes a number", "/history "),
    Way("a last word", "/quit ", once=True),
    Way("a request", "GET /", is_nick=True, once=True),
)
DOORS = ("terminal", "web")


def encoded(data: str | bytes) -> bytes:
    return data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data


def as_json(type: str, field: str, prefix: str, data: str | bytes) -> bytes:
    """Return the line that holds the string; in JSON's own escapes, if it is text."""
    if isinstance(data, str):
        return json.dumps({"type": type, field: prefix + data, "lang": "ru"}).encode() + b"\n"
    return b'{"type":"%s","lang":"ru","%s":"%s"}\n' % (type.encode(), field.encode(), prefix.encode() + data)


class Stranger:
    """One who sends attacks, by one of the doors."""

    def __init__(self, core: Core, door: str) -> None:
        self._client: TextClient | JsonClient = core.text() if door == "terminal" else core.web()

    def enter(self, way: Way, data: str | bytes) -> None:
        """Send the string as the nick, and wait for an answer."""
        if isinstance(self._client, TextClient):
            self._client.send(way.prefix.encode() + encoded(data) + b"\n" + END_OF_TELNET)
            self._client.received += self._client.read_until("\n").encode()
        else:
            self._client.sock.sendall(as_json("join", "nick", way.prefix, data))
            self._client.read()

    def join(self, nick: str) -> None:
        if isinstance(self._client, TextClient):
            self._client.send(f"{nick}\n")
        else:
            self._client.send(type="join", nick=nick)

    def type(self, way: Way, data: str | bytes) -> None:
        if isinstance(self._client, TextClient):
            self._client.send(way.prefix.encode() + encoded(data) + b"\n" + END_OF_TELNET)
        else:
            self._client.sock.sendall(as_json("input", "text", way.prefix, data))

    def leave(self) -> bytes:
        """Leave, and return what came to a terminal up to the end."""
        received = self._client.received
        with contextlib.suppress(OSError):  # a machine so slow that the server has reset it already
            self._client.sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while data := self._client.sock.recv(65536):
                received += data
        return b"" if isinstance(self._client, JsonClient) else without_telnet(received)


def without_telnet(data: bytes) -> bytes:
    """Take off what a terminal's telnet keeps for itself: refusals of options."""
    return re.sub(rb"\xff[\xfc\xfe][\0-\xff]", b"", data)


def strangers(core: Core, way: Way, door: str, attacks: Sequence[Attack]) -> Iterator[list[Stranger]]:
    """Send all attacks; yield those who did, some at a time, while they are still there."""
    if way.is_nick:
        for i in range(0, len(attacks), AT_ONCE):
            group = [Stranger(core, door) for _ in attacks[i : i + AT_ONCE]]
            for stranger, attack in zip(group, attacks[i:], strict=False):
                stranger.enter(way, attack.data)
            yield group
        return
    step = 1 if way.once else len(attacks)
    for i in range(0, len(attacks), step):
        one = Stranger(core, door)
        one.join("mallory")
        for line in way.before:
            one.type(Way("what comes first"), line)
        for attack in attacks[i : i + step]:
            one.type(way, attack.data)
        yield [one]


def lines_of(event: dict[str, Any]) -> list[str]:
    """Return the lines that tell of an event at the text door."""
    if event["type"] == "said":
        return [f"[{event['nick']}] {line}" for line in event["text"].split("\n")]
    template: str = getattr(RU, event["type"])
    return [template.format_map(event)]


def pattern(template: str) -> str:
    return re.sub(r"\\\{\w+\\\}", ".*", re.escape(template))


REPLIES = re.compile(
    "|".join(
        [re.escape(RU.prompt)]
        + [f"❌ {pattern(text)}" for text in RU.refusals.values()]
        + [rf"\* {pattern(text)} \*" for text in RU.notices.values() if text]
        + [pattern(RU.history_begins), pattern(RU.history_ends), pattern(RU.attendance)]
        + [rf"  \[[^]]*\] (терминал|браузер), с {STAMP}"]
    )
)


class Watchers:
    """A terminal of somebody who only looks on, and one at the JSON door who knows what really happened."""

    def __init__(self, core: Core) -> None:
        self.terminal = core.text("bystander")
        self.terminal.roundtrip()
        self._web = core.web()
        self._web.join("witness")
        self._web.roundtrip()
        self.terminal.read_until(RU.joined.format(nick="witness") + "\n")

    def look(self) -> tuple[bytes, list[str]]:
        """Return what came to the terminal since the last look, and the lines that should have come."""
        self._web.send(type="input", text="that is all")
        expected: list[str] = []
        while not expected or expected[-1] != "[witness] that is all":
            message = self._web.read()
            assert message is not None
            if message["type"] in EVENTS:
                expected += lines_of(message)
        return self.terminal.read_until("[witness] that is all\n").encode(), expected


def check_terminal(data: bytes, is_explained: Callable[[str], bool]) -> list[str]:
    """Show `data` on a terminal; every line is one of those that there may be, and is seen as it is."""
    text = re.sub(f"(?m)^{RU.prompt}", f"{RU.prompt}\n", data.decode())  # the owner's Enter ends the prompt's line
    *lines, rest = text.split("\n")
    assert rest == ""
    assert [(line, bad) for line in lines if (bad := unwelcome(line))] == []
    assert [line for line in lines if not is_explained(line)] == []
    wide = Terminal(2 * max(map(len, lines), default=0) + 1, len(lines) + 1)
    wide.show(text.encode())
    assert wide.rows() == [*map(seen, lines), ""]
    return lines


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_no_attack_reaches_a_terminal(start_core: START, way: Way, door: str) -> None:
    core = start_core(hub={"history_lines": 0, "resume_grace_seconds": 0}, connections_per_address=0, **way.options)
    watchers = Watchers(core)
    received: list[bytes] = []
    listed: list[str] = []
    for group in strangers(core, way, door, ATTACKS):
        if way.is_nick:
            listed += who(core)
        received += [stranger.leave() for stranger in group]
    data, expected = watchers.look()
    lines = set(expected)
    assert len(lines) > least(way)
    assert check_terminal(data, lines.__contains__) == expected
    Terminal(80, 24).show(data)  # narrow, so that lines wrap
    for view in received:
        check_terminal(view, lambda line: line in lines or explained_reply(line, lines))
    nicks = {re.escape(line[2 : -len(" вошёл в чат *")]) for line in expected if line.endswith(" вошёл в чат *")}
    entry = re.compile(rf"  \[(bystander|witness|asker\d*|{'|'.join(nicks)})\] (терминал|браузер), с {STAMP}")
    assert [line for line in listed if not entry.fullmatch(line)] == []


def least(way: Way) -> int:
    """Return how many different lines a way makes at least, so that it is known to have been gone."""
    return {"": 150, "//": 150, "/nick ": 50, "/nickname x": 80}.get(way.prefix, 1)


def explained_reply(line: str, lines: Iterable[str]) -> bool:
    """Whether the server's wording explains a line that its reader alone gets: a reply, or a message of long ago."""
    return REPLIES.fullmatch(line) is not None or re.sub(f"^{STAMP} ", "", line) in lines


def who(core: Core) -> list[str]:
    """Return who is here, as a terminal shows it."""
    asker = core.text("asker")
    asker.send("/who\n")
    data = asker.roundtrip()
    asker.close()
    *_, listing = data.partition("В чате")
    heading, *lines = check_terminal(f"В чате{listing}".encode(), lambda _: True)
    assert re.fullmatch(pattern(RU.attendance), heading)
    return [line for line in lines if not re.fullmatch(r"\* .* \*", line)]


@pytest.mark.parametrize("door", DOORS)
def test_history_is_as_harmless_as_what_was_said(start_core: START, door: str) -> None:
    core = start_core(hub={"history_lines": 1000, "resume_grace_seconds": 0}, connections_per_address=0)
    watchers = Watchers(core)
    said: list[str] = []

    def is_explained(line: str) -> bool:
        return explained_reply(line, said)

    for i in range(0, len(ATTACKS), AT_ONCE):
        for way in (Way("a new nick", "/nick "), Way("a message")):
            for group in strangers(core, way, door, ATTACKS[i : i + AT_ONCE]):
                for stranger in group:
                    stranger.leave()
        _, expected = watchers.look()
        said += [line for line in expected if line.startswith("[")]
        newcomer = core.text()
        newcomer.send("newcomer\n")
        lines = check_terminal(newcomer.read_until(f"\n{RU.history_ends}\n").encode(), is_explained)
        newcomer.close()
        shown = [re.sub(f"^{STAMP} ", "", line) for line in lines if re.match(STAMP, line)]
        assert len(shown) > 10
        assert shown == said[-len(shown) :]


@pytest.mark.parametrize("door", DOORS)
def test_text_of_every_script_comes_through(start_core: START, door: str) -> None:
    core = start_core(hub={"history_lines": 0})
    watchers = Watchers(core)
    stranger = Stranger(core, door)
    stranger.join("ann")
    for _, text in INNOCENT:
        stranger.type(Way("a message"), text)
    received = stranger.leave()
    data, _ = watchers.look()
    expected = [f"[ann] {text}" for _, text in INNOCENT]
    assert [line for line in check_terminal(data, lambda _: True) if line.startswith("[ann]")] == expected
    if door == "terminal":
        assert [line for line in received.decode().split("\n") if line.startswith("[ann]")] == expected
        assert "❌" not in received.decode()


def test_no_two_attacks_have_one_name() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("prefix", ["/mute victim 1s ", "/ban 203.0.113.9 1h ", "/kick ", "/clear ", "/unban "])
def test_what_operators_type_is_as_harmless(start_core: START, prefix: str, door: str) -> None:
    core = start_core(hub={"operator_password": Secret("sesame")}, connections_per_address=0)
    victim = core.text("victim")
    way = Way("", prefix)
    operator = Stranger(core, door)
    operator.join("operat0r1")
    operator.type(Way("", "/oper "), "sesame")
    for attack in ATTACKS:
        operator.type(way, attack.data)
    operator.type(Way("", "/"), "bans")
    operator.type(Way("", ""), "that is all")
    told = victim.read_until("that is all\n").encode()
    lines = check_terminal(told + operator.leave(), is_of_an_operator)
    assert (len([line for line in lines if "запретил" in line]) > 150) is (prefix.startswith("/mute"))


def is_of_an_operator(line: str) -> bool:
    """Whether the wording explains a line that operators or their victims get."""
    own = rf"{pattern(RU.bans)}|  203\.0\.113\.9/32 — до .*, operat0r1.*|\[operat0r1\] .*|\* operat0r1 .*"
    with_nick = re.sub(r" \*$", "  *", line)  # of a ban that names no nick
    return any(map(REPLIES.fullmatch, (line, with_nick))) or re.fullmatch(own, line) is not None
