"""How fast a big plan is enacted under both of the service's limits, and without one refusal.

The bounds are those of shared/facts/performance.md, from full buckets and with nobody else at work:
seconds = max((tokens - 1,500) / 100, (calls - 50) / 10, 0).
"""

from __future__ import annotations

import pytest

from plans.kinds.dns import RecordKey, Records
from plans.observed.route53_settings import Settings
from plans.pacing import Rate
from tests.doubles.route53.buckets import CHANGES
from tests.doubles.route53.core import Settings as Service
from tests.enactor.hosted import Hosted, many, simple

Zone = dict[RecordKey, Records]


def enacted(hosted: Hosted, records: Zone) -> tuple[float, int]:
    """Seconds and requests of one enacting pass, from full buckets, propagation not waited for."""
    published = hosted.publish(records)
    hosted.clock.sleep(60)
    began, asked = hosted.clock.monotonic(), len(hosted.double.calls)
    outcome = hosted.enact(published)
    assert outcome.outcome == "applied", outcome
    refused = [call for call in hosted.double.calls if call.status >= 400]
    assert not refused, refused
    return hosted.clock.monotonic() - began, len(hosted.double.calls) - asked


def fill(hosted: Hosted, count: int) -> None:
    """A zone with a fence and so many record sets, which the stream desires."""
    hosted.applied(many("h", 2))
    hosted.double.put(hosted.zone_id, *(simple(f"h{number:05}") for number in range(count)))
    hosted.desired.records = many("h", count)


def within(seconds: float, bound: float) -> bool:
    return bound <= seconds + 0.001 and seconds <= 1.1 * bound


@pytest.mark.parametrize(("count", "bound"), [(1_000, 0), (5_000, 35), (10_000, 85)])
def test_creates_take_at_most_a_tenth_longer_than_the_limits_allow(count: int, bound: int) -> None:
    hosted = Hosted(Service(throttled=True), sets_max=20_000)
    seconds, requests = enacted(hosted, many("h", count))
    print(f"{count} creates: {seconds:.1f} s in {requests} requests, bound {bound} s")
    assert within(seconds, bound)


@pytest.mark.parametrize(("count", "bound"), [(1_000, 5), (5_000, 85), (10_000, 185)])
def test_updates_take_at_most_a_tenth_longer_than_the_limits_allow(count: int, bound: int) -> None:
    hosted = Hosted(Service(throttled=True), sets_max=20_000)
    fill(hosted, count)
    seconds, requests = enacted(hosted, many("h", count, "192.0.2.2"))
    print(f"{count} updates: {seconds:.1f} s in {requests} requests, bound {bound} s")
    assert within(seconds, bound)


def test_ten_thousand_record_sets_are_planned_without_waiting() -> None:
    hosted = Hosted(Service(throttled=True), sets_max=20_000)
    fill(hosted, 10_000)
    hosted.clock.sleep(60)
    began = hosted.clock.monotonic()
    assert hosted.plan().outcome == "unchanged"
    assert hosted.clock.monotonic() == began


def crowd(hosted: Hosted, share: float) -> None:
    """Others have spent the account's tokens, and go on taking a share of what comes."""
    bucket = hosted.double._service._buckets._changes
    bucket.take(CHANGES.burst)
    bucket._rate = CHANGES._replace(per_second=CHANGES.per_second * (1 - share))


@pytest.mark.parametrize("overdraft", [False, True])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_pass_that_others_throttle_slows_down_and_completes(
    share: float, overdraft: bool
) -> None:
    hosted = Hosted(Service(throttled=True, overdraft=overdraft), sets_max=20_000)
    published = hosted.publish(many("h", 5_000))
    crowd(hosted, share)
    began = hosted.clock.monotonic()
    assert hosted.enact(published).outcome == "applied"
    assert len(hosted.state()) == 5_000
    seconds = hosted.clock.monotonic() - began
    refused = len([call for call in hosted.double.calls if call.status >= 400])
    bound = (5_000 + 2 * 6) / (CHANGES.per_second * (1 - share))
    print(f"others take {share:.0%}: {seconds:.0f} s, bound {bound:.0f} s, {refused} refused")
    assert 0 < refused < 60
    assert seconds < 2 * bound


def test_the_rates_are_those_of_the_settings() -> None:
    hosted = Hosted(settings=Settings(changes=Rate(10, 100)))
    seconds, _ = enacted(hosted, many("h", 2_000))
    assert 180 < seconds < 210
    hosted = Hosted(settings=Settings(requests=Rate(0.1, 2)))
    seconds, _ = enacted(hosted, many("h", 300))
    assert 40 < seconds < 60
