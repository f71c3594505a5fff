"""The lease: its epoch only rises, an observer trusts its own clock, a holder stops in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from plans.errors import Refused, Unavailable, Unknown
from plans.journal import read_entries
from plans.lease import (
    LeaseLost,
    TenuredClock,
    acquire,
    read_lease,
)
from plans.names import lease_key
from tests.builders import STREAM, FixedClock
from tests.doubles.faults import (
    Fault,
    after,
    lost_after,
    lost_before,
    twice,
    unavailable,
)
from tests.doubles.memory import MemoryRegister
from tests.plans.leases import SECONDS, SHARE, World


@pytest.fixture
def world() -> World:
    return World()


def test_the_first_lease_has_epoch_1_and_names_its_holder(world: World) -> None:
    assert read_lease(world.register, STREAM) is None
    tenure = world.acquire("ada")
    assert (world.lease.epoch, world.lease.holder, world.lease.state) == (1, "ada", "held")
    assert tenure.lease == world.lease


def test_each_change_of_hands_raises_the_epoch_and_none_deletes_the_item(world: World) -> None:
    for epoch, name in enumerate(["ada", "bob", "ada", "cleo"], start=1):
        tenure = world.acquire(name)
        assert world.lease.epoch == epoch
        tenure.release()
        assert (world.lease.epoch, world.lease.state) == (epoch, "released")


def test_what_another_holds_is_refused_at_once_unless_one_waits(world: World) -> None:
    world.acquire("ada")
    with pytest.raises(Unavailable) as caught:
        world.acquire("bob")
    assert caught.value.rule == "lease-held"
    assert "ada holds the lease of dns/example.com, epoch 1" in str(caught.value)
    assert world.lease.holder == "ada"


def test_who_waits_takes_over_a_full_lease_after_the_last_sign_of_life_it_saw(world: World) -> None:
    world.acquire("ada")
    world.clock.sleep(SECONDS - 1)  # what passed before it was watched counts for nothing
    began = world.clock.monotonic()
    world.acquire("bob", wait_seconds=SECONDS + 30)
    waited = world.clock.monotonic() - began
    assert SECONDS <= waited <= SECONDS + 1
    assert (world.lease.epoch, world.lease.holder) == (2, "bob")
    assert world.waits[0] == ("ada", 1, 0.0)


def test_a_takeover_is_journaled_with_it_since_who_lapsed_may_not_be_able_to(world: World) -> None:
    world.acquire("ada").release()
    world.acquire("bob")
    assert list(read_entries(world.register, STREAM)) == []
    world.acquire("cleo", wait_seconds=SECONDS + 30)
    [entry] = read_entries(world.register, STREAM)
    assert (entry.kind, entry.by, entry.attempt) == ("lease-taken", "cleo", "c" * 32)
    assert entry.details == {"lapsed": "epoch 2 of bob", "epoch": "3"}


def test_who_waits_less_than_a_lease_takes_nothing_over(world: World) -> None:
    world.acquire("ada")
    began = world.clock.monotonic()
    with pytest.raises(Unavailable, match="lease-held"):
        world.acquire("bob", wait_seconds=SECONDS - 1)
    assert world.clock.monotonic() - began == SECONDS - 1


def test_a_renewal_begins_the_observation_anew(world: World) -> None:
    slow = FixedClock()
    tenure = world.acquire("ada", clock=slow)

    def renew() -> None:
        slow.sleep(SHARE / 2)
        tenure.tick()

    world.faults.at(40, after(renew))
    began = world.clock.monotonic()
    world.acquire("bob", wait_seconds=3 * SECONDS)
    assert world.clock.monotonic() - began >= SECONDS + 39


def test_who_waits_gets_what_is_released_at_once(world: World) -> None:
    tenure = world.acquire("ada")
    world.faults.at(5, after(tenure.release))
    began = world.clock.monotonic()
    world.acquire("bob", wait_seconds=SECONDS)
    assert world.clock.monotonic() - began <= 6
    assert world.lease.epoch == 2


@pytest.mark.parametrize("hours", [-1, 1])
def test_no_wall_clock_is_compared_with_anothers(world: World, hours: int) -> None:
    ahead = FixedClock()
    ahead.time = world.clock.time + timedelta(hours=hours)
    world.acquire("ada", clock=ahead)
    with pytest.raises(Unavailable, match="lease-held"):
        world.acquire("bob", wait_seconds=SECONDS / 2)


def test_the_record_that_was_watched_is_the_only_one_taken_over(world: World) -> None:
    slow = FixedClock()
    tenure = world.acquire("ada", clock=slow)

    def renew() -> None:
        slow.sleep(SHARE / 2)
        tenure.tick()

    world.faults.next("write", "lease", after(renew))  # ada was slow, not gone
    with pytest.raises(Unavailable, match="lease-held"):
        world.acquire("bob", wait_seconds=SECONDS + 5)
    assert (world.lease.epoch, world.lease.holder) == (1, "ada")
    tenure.tick()


def test_of_two_that_take_over_one_gets_it_and_the_other_watches_that_one(world: World) -> None:
    world.acquire("ada")
    cleo = world.applicant("cleo", wait_seconds=SECONDS + 9, clock=FixedClock())
    world.faults.next("write", "lease", after(lambda: acquire(cleo)))
    with pytest.raises(Unavailable, match="cleo holds the lease"):
        world.acquire("bob", wait_seconds=SECONDS + 9)
    assert (world.lease.epoch, world.lease.holder) == (2, "cleo")


@pytest.mark.parametrize("fault", [lost_after, twice], ids=["lost after", "twice"])
def test_a_lost_or_doubled_answer_leaves_one_holder_and_one_epoch(
    world: World, fault: Fault
) -> None:
    world.faults.next("write", "lease", fault)
    tenure = world.acquire("ada")
    assert (world.lease.epoch, world.lease.holder) == (1, "ada")
    world.clock.sleep(SHARE / 2)
    tenure.tick()
    assert world.lease.beat > 1


def test_a_request_that_never_arrived_is_sent_again(world: World) -> None:
    world.faults.next("write", "lease", lost_before)
    assert world.acquire("ada").lease == world.lease


def test_without_the_register_there_is_no_lease_and_no_way_around(world: World) -> None:
    for operation in ("read", "write"):
        world.faults.next(operation, "lease", unavailable)
        with pytest.raises(Unavailable, match="not now"):
            world.acquire("ada")


# The holder


def test_a_renewal_is_due_after_a_quarter_of_the_share_and_not_before(world: World) -> None:
    tenure = world.acquire("ada")
    world.clock.sleep(SHARE / 4 - 1)
    tenure.tick()
    assert world.lease.beat == 1
    world.clock.sleep(1)
    tenure.tick()
    assert (world.lease.beat, world.lease.epoch) == (2, 1)


def test_a_holder_that_renews_holds_on(world: World) -> None:
    tenure = world.acquire("ada")
    for _ in range(100):
        world.clock.sleep(SHARE / 4)
        tenure.tick()
    assert (world.lease.beat, world.lease.epoch) == (101, 1)


def test_a_holder_that_was_paused_for_its_share_stops_before_it_calls_anybody(
    world: World,
) -> None:
    tenure = world.acquire("ada")
    world.clock.sleep(SHARE)
    calls = len(world.faults.calls)
    with pytest.raises(LeaseLost, match="was lost: it was renewed 40 s ago"):
        tenure.tick()
    assert len(world.faults.calls) == calls  # it does not even try to get it back


def test_a_holder_stops_before_anyone_else_may_start(world: World) -> None:
    """The last moment at which the holder acts, and the first at which another does."""
    tenure = world.acquire("ada")
    bob = FixedClock()
    began = bob.monotonic()
    acquire(world.applicant("bob", clock=bob, wait_seconds=2 * SECONDS))
    world.clock.sleep(SHARE - 0.001)
    world.faults.next("write", "lease", unavailable)
    tenure.tick()
    assert bob.monotonic() - began >= SECONDS > SHARE * 1.4  # a clock that is slow by a third


def test_a_renewal_that_takes_longer_than_the_share_is_a_lease_lost(world: World) -> None:
    tenure = world.acquire("ada")
    world.clock.sleep(SHARE / 2)

    def slow(send: Callable[[], Any]) -> Any:
        world.clock.sleep(SHARE)
        raise Unknown("no answer", rule="outcome-unknown")

    world.faults.next("write", "lease", slow)
    with pytest.raises(LeaseLost, match="its holder's share"):
        tenure.tick()


@pytest.mark.parametrize("fault", [unavailable, lost_before, lost_after])
def test_a_renewal_that_fails_is_tried_again_and_counts_for_nothing(
    world: World, fault: Fault
) -> None:
    tenure = world.acquire("ada")
    world.faults.next("write", "lease", fault, times=3)
    for _ in range(3):
        world.clock.sleep(SHARE / 4)
        tenure.tick()
    beat = world.lease.beat
    world.clock.sleep(SHARE / 4 - 1)
    tenure.tick()
    assert world.lease.beat > beat
    world.clock.sleep(SHARE)
    with pytest.raises(LeaseLost):
        tenure.tick()


def test_who_finds_another_at_its_renewal_stops_and_says_who(world: World) -> None:
    tenure = world.acquire("ada")
    acquire(world.applicant("bob", clock=FixedClock(), wait_seconds=2 * SECONDS))
    world.clock.sleep(SHARE / 2)
    with pytest.raises(LeaseLost, match="was lost: bob has epoch 2") as caught:
        tenure.tick()
    assert (caught.value.exit_code, caught.value.rule) == (5, "lease-lost")


def test_a_record_that_is_gone_is_a_lease_lost(world: World) -> None:
    tenure = world.acquire("ada")
    inner = world.register.inner
    assert isinstance(inner, MemoryRegister)
    del inner._items[lease_key(STREAM)]
    world.clock.sleep(SHARE / 2)
    with pytest.raises(LeaseLost, match="its record is gone"):
        tenure.tick()


def test_releasing_what_another_took_over_leaves_it_to_the_other(world: World) -> None:
    tenure = world.acquire("ada")
    acquire(world.applicant("bob", clock=FixedClock(), wait_seconds=2 * SECONDS))
    tenure.release()
    assert (world.lease.holder, world.lease.state) == ("bob", "held")


def test_a_renewal_that_arrives_after_the_release_changes_nothing(world: World) -> None:
    tenure = world.acquire("ada")
    late: list[Callable[[], Any]] = []

    def delayed(send: Callable[[], Any]) -> None:
        late.append(send)
        raise Unknown("no answer", rule="outcome-unknown")

    world.faults.next("write", "lease", delayed)
    world.clock.sleep(SHARE / 2)
    tenure.tick()
    tenure.release()
    with pytest.raises(Exception, match="condition"):
        late[0]()
    assert world.lease.state == "released"


def test_a_release_that_fails_says_so(world: World) -> None:
    tenure = world.acquire("ada")
    world.faults.next("write", "lease", unavailable)
    with pytest.raises(Unavailable, match="not now"):
        tenure.release()


def test_a_clock_of_a_tenure_renews_while_somebody_sleeps(world: World) -> None:
    tenure = world.acquire("ada")
    clock = TenuredClock(world.clock, tenure)
    began = clock.monotonic()
    clock.sleep(10 * SECONDS)
    assert clock.monotonic() - began == 10 * SECONDS
    assert world.lease.beat > 10
    tenure.tick()
    assert clock.now() == world.clock.now()


def test_a_wait_too_short_for_a_clock_to_move_ends_all_the_same(world: World) -> None:
    tenure = world.acquire("ada")
    began = world.clock.now()
    TenuredClock(world.clock, tenure).sleep(0.1 + 4e-7)  # the clock has whole microseconds
    assert world.clock.now() - began < timedelta(seconds=0.11)


def test_sleeping_ends_when_the_lease_is_lost(world: World) -> None:
    tenure = world.acquire("ada")
    world.faults.next("write", "lease", unavailable, times=100)
    with pytest.raises(LeaseLost):
        TenuredClock(world.clock, tenure).sleep(10 * SECONDS)
    assert world.clock.monotonic() - FixedClock().monotonic() <= SHARE + 1


def test_an_item_that_is_no_lease_is_refused(world: World) -> None:
    inner = world.register.inner
    assert isinstance(inner, MemoryRegister)
    inner._items[lease_key(STREAM)] = {"epoch": "one"}
    with pytest.raises(Refused, match=r"the lease of dns/example\.com"):
        world.acquire("ada")


def test_two_applicants_of_one_name_are_two(world: World) -> None:
    world.acquire("ada")
    other = replace(world.applicant("ada"), owner="f" * 32)
    with pytest.raises(Unavailable, match="lease-held"):
        acquire(other)
