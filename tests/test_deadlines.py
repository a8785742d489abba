"""What happens when nothing happens, without a clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tcp_core.deadlines import Deadlines
from tests.hypothesis_profile import PURE


def test_things_expire_in_order_each_at_its_time() -> None:
    deadlines: Deadlines[str] = Deadlines(10)
    deadlines.add("a", 0)
    deadlines.add("b", 3)
    assert deadlines.next() == 10
    assert list(deadlines.expired(9.9)) == []
    assert list(deadlines.expired(10)) == ["a"]
    assert deadlines.next() == 13
    assert list(deadlines.expired(99)) == ["b"]
    assert deadlines.next() is None
    assert list(deadlines.expired(99)) == []


def test_what_is_called_off_does_not_expire() -> None:
    deadlines: Deadlines[str] = Deadlines(10)
    deadlines.add("a", 0)
    deadlines.add("b", 1)
    deadlines.discard("a")
    deadlines.discard("never added")
    assert deadlines.next() == 11
    assert list(deadlines.expired(99)) == ["b"]


def test_adding_again_starts_again() -> None:
    deadlines: Deadlines[str] = Deadlines(10)
    deadlines.add("a", 0)
    deadlines.add("b", 1)
    deadlines.add("a", 2)
    assert list(deadlines.expired(11)) == ["b"]
    assert list(deadlines.expired(12)) == ["a"]


def test_zero_seconds_is_never() -> None:
    deadlines: Deadlines[str] = Deadlines(0)
    deadlines.add("a", 0)
    assert deadlines.next() is None
    assert list(deadlines.expired(1e9)) == []


def test_what_expires_may_change_the_set() -> None:
    deadlines: Deadlines[str] = Deadlines(10)
    for thing in ("a", "b", "c"):
        deadlines.add(thing, 0)
    seen = []
    for thing in deadlines.expired(10):
        seen.append(thing)
        deadlines.discard("b")
        deadlines.add("d", 10)
    assert seen == ["a", "c"]
    assert deadlines.next() == 20


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "discard", "expire"]), st.integers(0, 4), st.integers(0, 6)), max_size=60
)


@PURE
@given(STEPS, st.integers(0, 10))
def test_it_does_what_a_table_of_times_does(steps: list[tuple[str, int, int]], seconds: int) -> None:
    deadlines: Deadlines[int] = Deadlines(seconds)
    table: dict[int, float] = {}
    now = 0.0
    for step, thing, pause in steps:
        now += pause
        if step == "add":
            deadlines.add(thing, now)
            if seconds:
                table[thing] = now + seconds
        elif step == "discard":
            deadlines.discard(thing)
            table.pop(thing, None)
        else:
            over = {thing for thing, due in table.items() if due <= now}
            assert set(deadlines.expired(now)) == over
            table = {thing: due for thing, due in table.items() if thing not in over}
        assert deadlines.next() == min(table.values(), default=None)
