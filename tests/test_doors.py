"""Both doors of a real server, in one room."""

from __future__ import annotations

from tests.conftest import Core


def test_what_is_said_at_one_door_is_heard_at_the_other(core: Core) -> None:
    alex = core.text("Alex")
    ann = core.web()
    ann.join("Ann")
    assert alex.line() == "* Ann вошёл в чат *"
    ann.send(type="input", text="Привет!")
    assert alex.line() == "[Ann] Привет!"
    alex.send("И тебе\n")
    assert alex.line() == "[Alex] И тебе"
    assert ("Alex", "И тебе") in [(m["nick"], m.get("text")) for m in ann.roundtrip() if m["type"] == "said"]
