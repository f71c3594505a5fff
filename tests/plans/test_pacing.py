"""Token buckets on our side: never more than the service's, and slower where others spend too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plans.pacing import HELD_BACK_SECONDS, SLOWEST, Bucket, Rate
from tests.doubles.route53.buckets import Bucket as Theirs
from tests.doubles.route53.buckets import Rate as TheirRate
from tests.doubles.route53.clock import VirtualClock

ROUNDING = 1e-6


@given(
    st.lists(st.tuples(st.integers(1, 1_000), st.floats(0, 30)), max_size=40),
    st.sampled_from([(100, 1_500), (10, 50), (0.5, 50), (3, 2)]),
)
def test_the_service_s_bucket_is_never_asked_for_what_it_has_not(
    asked: list[tuple[int, float]], rate: tuple[float, float]
) -> None:
    clock = VirtualClock()
    per_second, burst = rate
    ours = Bucket(Rate(per_second, burst), clock)
    theirs = Theirs(TheirRate(burst, per_second), clock)
    for tokens, idle_seconds in asked:
        wanted = min(tokens, burst)
        ours.take(wanted)
        assert theirs.tokens + ROUNDING >= wanted
        theirs.take(wanted)
        clock.advance(idle_seconds)


def test_a_full_bucket_is_spent_at_once_and_then_at_its_rate() -> None:
    clock = VirtualClock()
    bucket = Bucket(Rate(100, 1_500), clock)
    bucket.take(1_000)
    bucket.take(480)
    assert clock.monotonic() == 0
    bucket.take(1_000)
    assert abs(clock.monotonic() - 10) < 0.01


def test_what_overtakes_on_the_way_finds_tokens_held_back_for_it() -> None:
    clock = VirtualClock()
    bucket = Bucket(Rate(100, 1_500), clock)
    bucket.take(1_500)
    assert clock.monotonic() == 0  # more than a full bucket holds: let pass when it is full
    bucket.take(1)
    assert abs(clock.monotonic() - (HELD_BACK_SECONDS + 0.01)) < 0.01


def test_a_bucket_smaller_than_what_is_held_back_still_gives() -> None:
    clock = VirtualClock()
    bucket = Bucket(Rate(1_000, 1), clock)
    bucket.take(1)
    bucket.take(1)
    assert 0 < clock.monotonic() < 0.01


def test_a_refusal_empties_the_bucket_and_halves_its_rate() -> None:
    clock = VirtualClock()
    bucket = Bucket(Rate(100, 1_500), clock)
    bucket.throttled()
    bucket.take(100)
    assert abs(clock.monotonic() - 2) < 0.01


def test_a_service_that_keeps_refusing_is_still_asked() -> None:
    clock = VirtualClock()
    bucket = Bucket(Rate(100, 1_500), clock)
    for _ in range(50):
        bucket.throttled()
    bucket.take(100)
    assert abs(clock.monotonic() - 1 / SLOWEST) < 0.01


def test_what_is_served_brings_the_rate_back() -> None:
    clock = VirtualClock()
    bucket = Bucket(Rate(100, 1_500), clock)
    bucket.throttled()
    for _ in range(10):
        bucket.served()
    bucket.take(100)
    assert abs(clock.monotonic() - 1) < 0.01
    for _ in range(100):
        bucket.served()
    bucket.take(100)
    assert abs(clock.monotonic() - 2) < 0.01
