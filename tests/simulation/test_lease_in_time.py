"""The lease over hours of simulated time: who holds it, how often it changes hands, and when.

Three enactors want the same lease all the time. A holder "acts" as a pass does: a tick, then a call
that takes a while.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, pairwise

import pytest

from plans.errors import Unavailable
from plans.lease import Applicant, LeaseLost, acquire, read_lease
from plans.storage.register import Register
from tests.builders import STREAM
from tests.doubles.memory import MemoryRegister
from tests.simulation.timeline import FarRegister, HostClock, Timeline

MINUTE = 60.0
HOUR = 60 * MINUTE
CALL_SECONDS_MAX = 13.0  # of plans.storage.aws: the longest that one call may take


@dataclass(frozen=True, slots=True)
class Act:
    """One call to a target, in true seconds, by whom and under which epoch."""

    began: float
    ended: float
    name: str
    epoch: int


@dataclass
class Region:
    """Enactors that share one register, and what they did."""

    seed: int
    seconds: int = 60
    timeline: Timeline = field(default_factory=Timeline)
    register: MemoryRegister = field(default_factory=MemoryRegister)
    acts: list[Act] = field(default_factory=list)
    lost: int = 0
    ids: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def delay(self) -> float:
        """Half of 500 ms, and in one of twenty requests of 4 s."""
        return 2.0 if self.random.random() < 0.05 else 0.25

    def enactor(self, name: str, clock: HostClock, cut: Callable[[], bool] = lambda: False) -> None:
        """One that wants the lease for ever, and acts for as long as it has it."""
        far = FarRegister(self.register, self.timeline, self.delay, cut)

        def live() -> None:
            while True:
                try:
                    self._hold(name, far, clock)
                except LeaseLost:
                    self.lost += 1
                except Unavailable:
                    clock.sleep(1.0)

        self.timeline.spawn(live)

    def _hold(self, name: str, register: Register, clock: HostClock) -> None:
        tenure = acquire(
            Applicant(
                register, STREAM, clock, name, f"{next(self.ids):032x}", self.seconds, 10 * HOUR
            )
        )
        while True:
            tenure.tick()
            began = self.timeline.seconds
            self.timeline.wait(self.random.uniform(0.05, CALL_SECONDS_MAX / clock.rate))
            self.acts.append(Act(began, self.timeline.seconds, name, tenure.lease.epoch))

    @property
    def epoch(self) -> int:
        lease = read_lease(self.register, STREAM)
        return lease.epoch if lease else 0

    def overlaps(self) -> list[tuple[Act, Act]]:
        """Acts of two holders at one time."""
        ordered = sorted(self.acts, key=lambda act: act.began)
        return [
            (one, other)
            for one, other in pairwise(ordered)
            if one.epoch != other.epoch and other.began < one.ended
        ]


@pytest.mark.parametrize("seed", range(5))
def test_under_500_ms_and_slow_requests_the_lease_changes_hands_less_than_once_a_minute(
    seed: int,
) -> None:
    region = Region(seed)
    for name in ("one", "two", "three"):
        region.enactor(name, HostClock(region.timeline))
    region.timeline.run(4 * HOUR)
    assert region.acts
    assert region.epoch <= 4 * 60
    assert region.epoch <= 3, "nobody is gone, so nobody needs to be followed"
    assert region.overlaps() == []


@pytest.mark.parametrize("seed", range(5))
def test_through_partitions_there_is_one_leader_and_an_election_only_where_one_was_cut_off(
    seed: int,
) -> None:
    """Each region is cut off for two minutes in every twenty."""
    region = Region(seed)

    def cut_off(nth: int) -> Callable[[], bool]:
        return lambda: (region.timeline.seconds + nth * 400) % (20 * MINUTE) > 18 * MINUTE

    for nth, name in enumerate(("one", "two", "three")):
        region.enactor(name, HostClock(region.timeline), cut_off(nth))
    region.timeline.run(4 * HOUR)
    cuts = 3 * 12
    assert 2 <= region.epoch <= cuts
    assert region.lost >= 1
    assert region.overlaps() == []


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("rate", [0.75, 1.0, 1.3])
def test_a_clock_that_is_wrong_by_an_hour_or_by_a_third_makes_no_second_leader(
    hours: int, rate: float
) -> None:
    region = Region(7)
    cut = [False]
    region.enactor("odd", HostClock(region.timeline, rate, timedelta(hours=hours)), lambda: cut[0])
    region.enactor("two", HostClock(region.timeline))
    region.timeline.run(10 * MINUTE)
    cut[0] = True
    region.timeline.run(1)  # ends all that lived; the lease stands
    region.enactor("odd", HostClock(region.timeline, rate), lambda: cut[0])
    region.enactor("two", HostClock(region.timeline))
    region.timeline.run(HOUR)
    assert region.overlaps() == []
    assert {act.name for act in region.acts} >= {"two"}


def test_the_epochs_rise_over_every_grant_in_the_order_in_which_they_were_granted() -> None:
    """The ghost order: what is true, whatever the register says."""
    region = Region(3)
    for nth, name in enumerate(("one", "two", "three")):
        region.enactor(
            name,
            HostClock(region.timeline),
            lambda nth=nth: (region.timeline.seconds + nth * 200) % 600 > 400,  # type: ignore[misc]
        )
    region.timeline.run(4 * HOUR)
    granted = [act.epoch for act in sorted(region.acts, key=lambda act: act.began)]
    assert granted == sorted(granted)
    assert len(set(granted)) > 5
