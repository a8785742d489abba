"""Whose messages one does not want to see."""

from __future__ import annotations

import re

from tests.conftest import Core
from tests.moderated_room import (
    browser,
    farewell,
    room_fixture,  # noqa: F401
    start_fixture,  # noqa: F401
    terminal,
    type_line,
)


def test_a_terminal_does_not_see_whom_it_ignores_under_any_nick(room: Core) -> None:
    ann, bob, carol = terminal(room, "Ann"), browser(room, "Bob"), browser(room, "Carol")
    ann.roundtrip()
    ann.send("/ignore bob\n")
    assert ann.line() == "* You don't see messages of Bob *"
    bob.send(type="input", text="one\nlines")
    bob.send(type="input", text="/nick Bobby")
    bob.send(type="input", text="two")
    bob.roundtrip()
    carol.send(type="input", text="[Bob] not Bob")
    carol.roundtrip()
    assert ann.line() == "* Bob is now Bobby *"
    assert ann.line() == "[Carol] [Bob] not Bob"
    ann.send("/history\n")
    assert re.findall(r"\[\w+\] .*", ann.roundtrip()) == ["[Carol] [Bob] not Bob"]
    ann.send("/ignore\n")
    assert ann.line() == "* You don't see messages of Bob, Bobby *"
    ann.send("/unignore Bobby\n/unignore Bob\n")
    ann.read_until("* You see everybody's messages *\n")
    bob.send(type="input", text="three")
    assert ann.line() == "[Bobby] three"


def test_only_the_one_who_ignores_misses_anything(room: Core) -> None:
    ann, bob, carol = terminal(room, "Ann"), terminal(room, "Bob"), terminal(room, "Carol")
    ann.send("/ignore Bob\n")
    ann.roundtrip()
    carol.roundtrip()
    for i in range(300):
        bob.send(f"{i}\n")
    bob.read_until("[Bob] 299\n")
    assert re.findall(r"\[Bob\] (\d+)\n", carol.roundtrip()) == [str(i) for i in range(300)]
    assert ann.roundtrip() == ""
    ann.close()
    carol.send("bye\n")
    carol.read_until("[Carol] bye\n")


def test_a_browser_is_told_whom_to_leave_out(room: Core) -> None:
    ann, bob = browser(room, "Ann"), browser(room, "Bob")
    ignoring, notice = sorted(type_line(ann, "/ignore Bob"), key=lambda message: message["type"])
    assert ignoring == {"type": "ignoring", "nicks": ["Bob"]}
    assert (notice["code"], notice["id"]) == ("ignoring", "x")
    bob.send(type="input", text="/nick Bobby")
    bob.roundtrip()
    (ignoring,) = (message for message in ann.roundtrip() if message["type"] == "ignoring")
    assert ignoring["nicks"] == ["Bob", "Bobby"]
    ann.close()
    back = room.web()
    back.join("Ann", session=ann.token)  # type: ignore[attr-defined]
    (ignoring,) = (message for message in back.roundtrip() if message["type"] == "ignoring")
    assert ignoring["nicks"] == ["Bob", "Bobby"]
    assert type_line(back, "/ignore Ann")[0]["code"] == "not-oneself"
    assert type_line(back, "/unignore Carol")[0]["code"] == "not-ignored"
    for i in range(99):
        assert type_line(back, f"/ignore nobody{i}")[0]["type"] == "ignoring"
    assert type_line(back, "/ignore onemore")[0]["code"] == "ignored-many"


def test_whom_one_ignores_leaves_no_nick_to_others(room: Core) -> None:
    ann, troll = terminal(room, "Ann"), browser(room, "Troll")
    ann.send("/ignore Troll\n")
    ann.read_until("* You don't see messages of Troll *\n")
    for nick in ("Carol", "Teacher"):
        troll.send(type="input", text=f"/nick {nick}")
        troll.send(type="input", text="unheard")
    troll.send(type="input", text="/quit")
    farewell(troll)
    for nick in ("Carol", "Teacher"):
        one = browser(room, nick)
        one.send(type="input", text="the fire alarm rings")
    shown = ann.read_until("[Teacher] the fire alarm rings\n")
    assert "[Carol] the fire alarm rings\n" in shown
    assert "unheard" not in shown
