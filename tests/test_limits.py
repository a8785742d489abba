"""How many connections, and how fast."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core.limits import ConnectionLimits, Rate
from tcp_core.messages import RefusedError
from tests.hypothesis_profile import PURE


def test_no_more_than_the_total_may_be_here() -> None:
    limits = ConnectionLimits(2, 0)
    limits.enter()
    limits.enter()
    for _ in range(3):
        with pytest.raises(RefusedError) as caught:
            limits.enter()
        assert (caught.value.code, caught.value.details) == ("connections", {"limit": 2, "scope": "all"})
    limits.leave()
    limits.enter()
    with pytest.raises(RefusedError):
        limits.enter()


def test_no_more_than_the_limit_may_come_from_one_address() -> None:
    limits = ConnectionLimits(0, 2)
    limits.enter_from("192.0.2.1")
    limits.enter_from("192.0.2.1")
    for _ in range(3):
        with pytest.raises(RefusedError) as caught:
            limits.enter_from("192.0.2.1")
        assert (caught.value.code, caught.value.details) == ("connections", {"limit": 2, "scope": "address"})
    limits.enter_from("192.0.2.2")
    limits.leave_from("192.0.2.1")
    limits.enter_from("192.0.2.1")
    with pytest.raises(RefusedError):
        limits.enter_from("192.0.2.1")


def test_zero_is_no_limit() -> None:
    limits = ConnectionLimits(0, 0)
    for _ in range(1000):
        limits.enter()
        limits.enter_from("192.0.2.1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),  # one /64 is one customer
        ("2001:db8::1", "2001:0DB8:0:0:0:0:0:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_which_addresses_count_as_one(one: str, other: str, same: bool) -> None:
    limits = ConnectionLimits(0, 1)
    limits.enter_from(one)
    if same:
        with pytest.raises(RefusedError):
            limits.enter_from(other)
        limits.leave_from(other)
    limits.enter_from(other)


def test_addresses_of_those_who_left_are_forgotten() -> None:
    limits = ConnectionLimits(0, 5)
    for n in range(100):
        limits.enter_from(f"192.0.2.{n}")
        limits.enter_from(f"2001:db8:{n}::1")
        limits.leave_from(f"192.0.2.{n}")
        limits.leave_from(f"2001:db8:{n}::2")
    assert not limits._by_address


def test_a_burst_passes_at_once_and_then_comes_the_pace() -> None:
    rate = Rate(burst=3, per_second=2)
    assert [rate.delay(100.0) for _ in range(6)] == [0, 0, 0, 0.5, 1.0, 1.5]


def test_the_burst_comes_back_with_time() -> None:
    rate = Rate(burst=3, per_second=2)
    assert [rate.delay(now) for now in (0, 0, 0, 0.5, 1.0)] == [0, 0, 0, 0, 0]
    assert rate.delay(1.0) == 0.5
    assert [rate.delay(100.0) for _ in range(4)] == [0, 0, 0, 0.5]  # and no more than the burst is saved up


@pytest.mark.parametrize("burst", [0, 1])
def test_the_smallest_burst_is_one(burst: int) -> None:
    rate = Rate(burst, per_second=4)
    assert [rate.delay(7.0) for _ in range(3)] == [0, 0.25, 0.5]


def test_zero_a_second_is_no_limit() -> None:
    rate = Rate(1, 0)
    assert not any(rate.delay(5.0) for _ in range(1000))


@PURE
@given(
    st.integers(1, 20),
    st.sampled_from([0.25, 1.0, 2.0, 8.0]),
    st.lists(st.integers(0, 80).map(lambda n: n / 8), min_size=1, max_size=60),
)
def test_in_no_span_of_time_do_more_lines_pass_than_allowed(burst: int, per_second: float, pauses: list[float]) -> None:
    rate = Rate(burst, per_second)
    now, passed = 0.0, []
    for pause in pauses:
        now += pause
        now += rate.delay(now)  # whoever has to wait does so
        passed.append(now)
    assert all(a <= b for a, b in pairwise(passed))
    for i, start in enumerate(passed):
        for j in range(i, len(passed)):
            assert j - i + 1 <= burst + (passed[j] - start) * per_second + 1e-6


@PURE
@given(st.integers(1, 20), st.sampled_from([0.25, 1.0, 2.0, 8.0]), st.integers(1, 40))
def test_who_keeps_the_pace_never_waits(burst: int, per_second: float, count: int) -> None:
    rate = Rate(burst, per_second)
    assert not any(rate.delay(n / per_second) for n in range(count))


def test_what_is_charged_is_waited_for_by_the_next() -> None:
    rate = Rate(burst=3, per_second=2)
    assert rate.delay(10.0) == 0
    rate.charge(4)
    assert rate.delay(10.0) == 1.5
