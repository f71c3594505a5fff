"""Credentials that end with the lease: by the clock of the service that honours them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from plans.errors import Refused, Unavailable
from plans.lease import (
    LeaseLost,
)
from tests.builders import FixedClock
from tests.plans.leases import SECONDS, SHARE, World


@pytest.fixture
def world() -> World:
    return World()


class Service:
    """The clock of a service, as its answers tell it: whole seconds, cut."""

    def __init__(self, clock: FixedClock, ahead_seconds: float = 0.0) -> None:
        self.clock = clock
        self.ahead = timedelta(seconds=ahead_seconds)
        self.asked = 0

    @property
    def true_now(self) -> datetime:
        return self.clock.now() + self.ahead

    def __call__(self) -> datetime:
        self.asked += 1
        self.clock.sleep(0.4)  # the way there
        told = self.true_now.replace(microsecond=0)
        self.clock.sleep(0.4)  # the way back
        return told


def test_credentials_end_before_the_holder_stops_by_the_clock_of_the_service(world: World) -> None:
    service = Service(world.clock, ahead_seconds=3600.5)
    tenure = world.acquire("ada", service_now=service)
    ends_at = tenure.lease.ends_at
    assert ends_at is not None
    left = (ends_at - service.true_now).total_seconds()
    assert SHARE - 4 < left <= SHARE
    world.clock.sleep(SHARE / 2)
    tenure.tick()
    assert tenure.lease.ends_at is not None
    assert tenure.lease.ends_at > ends_at
    assert world.lease.ends_at == tenure.lease.ends_at


def test_a_renewal_never_shortens_what_is_honoured_already(world: World) -> None:
    service = Service(world.clock)
    tenure = world.acquire("ada", service_now=service)
    first = tenure.lease.ends_at
    service.ahead = timedelta(hours=-1)  # the service set its clock back
    world.clock.sleep(SHARE / 2)
    tenure.tick()
    assert tenure.lease.ends_at == first


def test_a_service_that_does_not_tell_the_time_gives_no_renewal(world: World) -> None:
    asked: list[int] = []

    def service() -> datetime:
        asked.append(1)
        if len(asked) > 1:
            raise Unavailable("not now", rule="store-unavailable")
        return datetime(2026, 1, 1, tzinfo=UTC)

    tenure = world.acquire("ada", service_now=service)
    world.clock.sleep(SHARE / 2)
    tenure.tick()
    assert world.lease.beat == 1
    world.clock.sleep(SHARE / 2)
    with pytest.raises(LeaseLost):
        tenure.tick()


@pytest.mark.parametrize("ahead", [0.0, 90.5])
def test_a_successor_waits_until_the_service_itself_says_that_they_are_over(
    world: World, ahead: float
) -> None:
    service = Service(world.clock, ahead)
    tenure = world.acquire("ada", service_now=service)
    tenure.unsettled = True  # a call is on its way, and nobody knows where
    tenure.release()
    ends_at = world.lease.ends_at
    assert ends_at is not None
    world.acquire("bob", service_now=service, seconds=SECONDS)
    assert service.true_now > ends_at
    assert world.lease.holder == "bob"


def test_where_every_call_is_known_to_be_over_nobody_waits(world: World) -> None:
    service = Service(world.clock)
    tenure = world.acquire("ada", service_now=service)
    tenure.release()
    assert world.lease.ends_at is None
    began = world.clock.monotonic()
    world.acquire("bob", service_now=service)
    assert world.clock.monotonic() - began < 2


def test_who_cannot_ask_the_service_does_not_take_over_from_who_had_credentials(
    world: World,
) -> None:
    world.acquire("ada", service_now=Service(world.clock))
    with pytest.raises(Refused) as caught:
        world.acquire("bob", wait_seconds=2 * SECONDS)
    assert caught.value.rule == "lease-credentials"
    assert world.lease.holder == "ada"
