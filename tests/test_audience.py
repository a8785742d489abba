"""Who is told next, and when; pure: readers are numbers here, and time is what the test says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_core.audience import LEAST_REST_SECONDS, MOST_DELAY_SECONDS, Audience, Pace

PACE = Pace(seconds_per_reader=0.001, parts=3, cohort_readers=4, enough_events=5)


def audience_of(readers: int, pace: Pace = PACE) -> Audience[int]:
    audience: Audience[int] = Audience(pace, head=0)
    for reader in range(readers):
        audience.add(reader)
    return audience


def told(audience: Audience[int], now: float) -> list[list[int]]:
    """Tell everybody who is due at `now`."""
    cohorts = []
    while audience.due is not None and audience.due <= now:
        cohorts.append(sorted(audience.next_cohort(now).readers))
    return cohorts


def test_nobody_is_told_what_is_no_news() -> None:
    audience = audience_of(3)
    audience.note(0, now=100.0)
    assert audience.due is None


def test_after_a_silence_all_are_told_at_once() -> None:
    audience = audience_of(10)
    audience.note(1, now=100.0)
    assert told(audience, 100.0) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert audience.due is None


def test_in_a_busy_room_news_goes_to_the_part_that_was_told_longest_ago() -> None:
    audience = audience_of(12)
    audience.note(1, now=100.0)
    told(audience, 100.0)
    audience.note(2, now=100.0119)  # (between turns there is a rest; here it has passed, or nearly)
    assert told(audience, 100.012) == [[0, 1, 2, 3]]
    audience.note(3, now=100.017)
    assert told(audience, 100.017) == [[4, 5, 6, 7]]
    audience.note(4, now=100.022)  # the third has heard nothing since the second event, for less than its delay
    assert told(audience, 100.022) == [[8, 9, 10, 11]]


def test_a_part_may_be_several_cohorts() -> None:
    audience = audience_of(16, Pace(0.001, parts=2, cohort_readers=4))
    audience.note(1, now=100.0)
    told(audience, 100.0)
    audience.note(2, now=100.0159)
    assert told(audience, 100.016) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    audience.note(3, now=100.0245)
    assert told(audience, 100.0245) == [[8, 9, 10, 11], [12, 13, 14, 15]]


def test_the_others_are_told_when_their_delay_is_over() -> None:
    audience = audience_of(8)
    audience.note(1, now=100.0)
    told(audience, 100.0)
    audience.note(2, now=100.0079)
    assert told(audience, 100.008) == [[0, 1, 2, 3]]
    assert audience.due == pytest.approx(100.0079 + 8 * PACE.seconds_per_reader)
    assert told(audience, audience.due or 0) == [[4, 5, 6, 7]]


def test_enough_news_waits_no_longer() -> None:
    audience = audience_of(8)
    audience.note(1, now=100.0)
    told(audience, 100.0)
    audience.note(1 + PACE.enough_events, now=100.0001)
    assert told(audience, 100.0001) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_between_turns_there_is_a_rest() -> None:
    audience = audience_of(4)
    audience.note(1, now=100.0)
    told(audience, 100.0)
    audience.note(2, now=100.001)
    assert audience.due == pytest.approx(100.0 + 4 * PACE.seconds_per_reader)


def test_a_long_flood_leaves_no_long_rest_behind() -> None:
    audience = audience_of(8)
    for head in range(0, 1000, PACE.enough_events):
        audience.note(1 + head, now=100.0)
        told(audience, 100.0)
    audience.note(1001, now=100.001)
    assert audience.due is not None
    assert audience.due <= 100.0 + 8 * PACE.seconds_per_reader


def test_a_small_room_does_not_rest() -> None:
    pace = Pace(LEAST_REST_SECONDS / 5, parts=1, cohort_readers=4)
    audience = audience_of(4, pace)
    for head in range(1, 20):
        audience.note(head, now=100.0)
        assert told(audience, 100.0) == [[0, 1, 2, 3]]


def test_cohorts_fill_evenly_and_merge_when_half_of_the_audience_has_gone() -> None:
    audience = audience_of(9)
    audience.note(1, now=100.0)
    assert sorted(map(len, told(audience, 100.0))) == [1, 4, 4]
    audience.add(9)
    for reader in (0, 1, 2, 3, 4, 5):
        audience.discard(reader)
    audience.note(2, now=200.0)
    assert told(audience, 200.0) == [[6, 7], [8, 9]]


def test_who_has_not_heard_does_not_wait_longer_when_cohorts_merge() -> None:
    audience = audience_of(8)
    audience.note(1, now=100.0)
    told(audience, 100.0)
    audience.note(2, now=100.0079)
    told(audience, 100.008)
    due = audience.due
    assert due is not None
    for reader in (0, 1, 2, 4, 6, 7):
        audience.discard(reader)
    assert audience.due == due
    assert told(audience, due) == [[3, 5]]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.integers(0, 40)),
        st.tuples(st.just("leave"), st.integers(0, 40)),
        st.tuples(st.just("news"), st.integers(1, 8)),
        st.tuples(st.just("wait"), st.integers(1, 60)),
    ),
    max_size=80,
)


@given(STEPS)
def test_everybody_hears_everything_in_time(steps: list[tuple[str, int]]) -> None:
    """Whoever comes and goes: each is in one cohort, and nothing waits longer than the longest delay."""
    audience: Audience[int] = Audience(PACE, head=0)
    head, now = 0, 100.0
    heard: dict[int, int] = {}
    news_at = [now]

    def tell() -> None:
        while audience.due is not None and audience.due <= now:
            for reader in audience.next_cohort(now).readers:
                heard[reader] = head

    for step, number in steps:
        if step == "join" and number not in heard:
            heard[number] = head
            audience.add(number)
        elif step == "leave":
            heard.pop(number, None)
            audience.discard(number)
        elif step == "news":
            head += number
            news_at += [now] * number
            audience.note(head, now)
        elif step == "wait":
            until = now + number / 1000
            while audience.due is not None and audience.due <= until:
                now = max(now, audience.due)
                tell()
            now = until
        tell()
        assert len(audience) == len(heard)
        assert all(len(cohort.readers) <= PACE.cohort_readers for cohort in audience._cohorts)
        for seq in heard.values():
            assert seq == head or now - news_at[seq + 1] <= MOST_DELAY_SECONDS + 1e-9
    now += MOST_DELAY_SECONDS
    tell()
    assert set(heard.values()) <= {head}
