"""The first incident report, symptom by symptom: on what it ran on, in small, and on ours.

A region fails over with 500 ms of latency and a partition. Two leaders run 847 jobs twice; locks
time out and are ignored; 1,234 ordering violations; events are dropped because their keys collide;
a watch swallows its errors; a set of what was processed grows without bound; 47 elections a minute.

Each symptom is shown first: a test of ours that what is wrong would pass too shows nothing.
"""

from __future__ import annotations

import hashlib
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, pairwise

import pytest

from plans.errors import Unavailable
from plans.follower import Follower
from plans.journal import Draft, Entry, record
from plans.lease import Applicant, LeaseLost, acquire
from tests.builders import STREAM, FixedClock
from tests.doubles.memory import MemoryRegister
from tests.simulation import wrong
from tests.simulation.multitudes import MOMENT, Consumer, collisions, drafts, entries, growth
from tests.simulation.timeline import FarRegister, HostClock, Timeline

MINUTE = 60.0
HOUR = 60 * MINUTE
LOCK_SECONDS = 60
NAMES = ("one", "two", "three")


@dataclass(frozen=True, slots=True)
class Run:
    """A job that a leader did, in true seconds."""

    job: int
    began: float
    ended: float
    name: str
    epoch: int


@dataclass
class Region:
    """Hosts that share one register and one queue of jobs.

    Attributes:
        grants: every leadership in its true order: who, and under which epoch.
    """

    seed: int = 1
    job_seconds: float = 10.0
    timeline: Timeline = field(default_factory=Timeline)
    register: MemoryRegister = field(default_factory=MemoryRegister)
    runs: list[Run] = field(default_factory=list)
    grants: list[tuple[str, int]] = field(default_factory=list)
    done: set[int] = field(default_factory=set)
    ids: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def delay(self) -> float:
        """Half of 500 ms, and in one of twenty requests of 4 s."""
        return 2.0 if self.random.random() < 0.05 else 0.25

    def host(self, live: Live, name: str, ahead: timedelta, cut: Callable[[], bool]) -> None:
        clock = HostClock(self.timeline, ahead=ahead)
        far = FarRegister(self.register, self.timeline, self.delay, cut)
        self.timeline.spawn(lambda: live(self, far, clock, name))

    def do(self, name: str, epoch: int) -> None:
        """Do the first job that is not done, which takes a while. Who does it twice does harm."""
        job = next(number for number in count(1) if number not in self.done)
        began = self.timeline.seconds
        if (name, epoch) not in self.grants[-1:]:
            self.grants.append((name, epoch))
        self.timeline.wait(self.job_seconds * self.random.uniform(0.9, 1.1))
        self.done.add(job)
        self.runs.append(Run(job, began, self.timeline.seconds, name, epoch))

    @property
    def double_runs(self) -> int:
        return sum(times - 1 for times in Counter(run.job for run in self.runs).values())

    @property
    def split_seconds(self) -> float:
        """For how long two hosts led at once."""
        ordered = sorted(self.runs, key=lambda run: run.began)
        return sum(
            max(0.0, min(one.ended, other.ended) - other.began)
            for one, other in pairwise(ordered)
            if one.name != other.name
        )

    @property
    def epochs_that_fell(self) -> int:
        return sum(after <= before for (_, before), (_, after) in pairwise(self.grants))


Live = Callable[[Region, FarRegister, HostClock, str], None]


def ours(jobs: int | None = 9, stall_seconds: float = 0) -> Live:
    """An enactor: the lease before anything, a tick before every call.

    Args:
        jobs: how many it does under one lease; None: as many as it can.
        stall_seconds: for how long its process is stopped before every third release.
    """

    def live(region: Region, far: FarRegister, clock: HostClock, name: str) -> None:
        stalls = count(1)
        while True:
            owner = f"{next(region.ids):032x}"
            asked = Applicant(far, STREAM, clock, name, owner, LOCK_SECONDS, wait_seconds=10 * HOUR)
            try:
                tenure = acquire(asked)
                for _ in count() if jobs is None else range(jobs):
                    tenure.tick()
                    region.do(name, tenure.lease.epoch)
                if stall_seconds and next(stalls) % 3 == 0:
                    clock.sleep(stall_seconds)
                tenure.release()
            except LeaseLost:
                continue
            except Unavailable:
                clock.sleep(1.0)

    return live


def small_and(mistake: wrong.Mistake, seconds: float = LOCK_SECONDS) -> Live:
    """What is wrong, with one mistake."""

    def live(region: Region, far: FarRegister, clock: HostClock, name: str) -> None:
        def forget() -> None:
            if region.register.read(wrong.KEY) is not None:
                region.register.forget(wrong.KEY)

        while True:
            owner = f"{next(region.ids):032x}"
            lock = wrong.WallClockLock(far, clock, owner, seconds, forget)
            mistake(lock, lambda epoch: region.do(name, epoch))

    return live


def never() -> bool:
    return False


def lived(
    live: Live,
    hours: float = 2,
    ahead: tuple[timedelta, ...] = (timedelta(0),) * 3,
    partitions: bool = False,
    job_seconds: float = 10.0,
) -> Region:
    """A region after some hours: with ``partitions`` each host is cut off 2 minutes in every 20."""
    region = Region(job_seconds=job_seconds)

    def cut_off(nth: int) -> Callable[[], bool]:
        return lambda: (region.timeline.seconds + nth * 400) % (20 * MINUTE) > 18 * MINUTE

    for nth, name in enumerate(NAMES):
        region.host(live, name, ahead[nth], cut_off(nth) if partitions else never)
    region.timeline.run(hours * HOUR)
    assert len(region.done) > 100, "the region works"
    return region


def assert_led_by_one(region: Region) -> None:
    assert (region.double_runs, region.split_seconds, region.epochs_that_fell) == (0, 0.0, 0)


def test_split_brain_who_cannot_reach_the_store_leads_on() -> None:
    split = lived(small_and(wrong.believes_that_it_leads), partitions=True)
    assert split.split_seconds > MINUTE
    assert split.double_runs > 10
    assert_led_by_one(lived(ours(), partitions=True))


def test_premature_lock_expiry_the_work_outlasts_the_lock() -> None:
    split = lived(small_and(wrong.works_longer_than_its_lock))
    assert split.double_runs > 100
    assert_led_by_one(lived(ours()))


def test_proceed_without_lock_it_timed_out_and_was_ignored() -> None:
    split = lived(small_and(wrong.goes_on_without_it))
    assert split.double_runs > 100
    assert_led_by_one(lived(ours()))


def test_non_atomic_release_frees_the_lock_of_another_and_the_epoch_starts_again() -> None:
    freed = lived(small_and(wrong.checks_and_then_deletes), hours=8)
    assert freed.epochs_that_fell > 10
    assert freed.split_seconds > MINUTE
    region = lived(ours(stall_seconds=75), hours=8)
    assert len(region.grants) > 10, "it was released, and taken again"
    assert_led_by_one(region)


@pytest.mark.parametrize("hours", [-1, 1])
def test_clock_skew_of_an_hour_makes_another_ones_lock_look_over(hours: int) -> None:
    ahead = (timedelta(0), timedelta(hours=hours), timedelta(0))
    split = lived(small_and(wrong.compares_clocks), ahead=ahead)
    assert split.split_seconds > MINUTE
    straight = lived(small_and(wrong.compares_clocks))
    assert straight.split_seconds == 0, "it is the clock"
    region = lived(ours(), ahead=ahead)
    assert_led_by_one(region)
    assert {run.name for run in region.runs} == set(NAMES)


def test_elections_a_minute_a_lock_that_is_shorter_than_the_way_to_the_store() -> None:
    restless = lived(small_and(wrong.compares_clocks, seconds=1), hours=1, job_seconds=0.5)
    steady = lived(ours(jobs=None), hours=1, job_seconds=0.5)
    assert len(restless.grants) / 60 > 5, "a minute"
    assert len(steady.grants) == 1
    cut_off = lived(ours(jobs=None), hours=4, partitions=True)
    assert 2 <= len(cut_off.grants) <= 3 * 12, "one for each partition, at most"
    assert_led_by_one(cut_off)


def test_silent_watch_failure_an_error_reads_as_no_change() -> None:
    timeline, register, cut = Timeline(), MemoryRegister(), [False]
    far = FarRegister(register, timeline, lambda: 0.25, lambda: cut[0])
    watch = wrong.SwallowingWatch(far)
    follower = Follower(STREAM, HostClock(timeline))
    told = iter(drafts(9))
    record(register, STREAM, next(told))
    assert [entry.sequence for entry in watch.changes()] == [1]
    assert [entry.sequence for entry in follower.read(far)] == [1]
    quiet = watch.changes()

    cut[0] = True
    record(register, STREAM, next(told))
    assert watch.changes() == quiet == [], "what it says when nothing happened"
    for _ in range(3):
        with pytest.raises(Unavailable):
            list(follower.read(far))
    assert follower.silent_seconds > 3 * far.patience_seconds

    cut[0] = False
    assert [entry.sequence for entry in follower.read(far)] == [2]
    assert follower.silent_seconds == 0


def delivered(number: int) -> list[Entry]:
    """A journal as a network brings it: some entries late, and one in ten twice."""
    dice = random.Random(1)
    arrivals = []
    for entry in entries(number):
        for _ in range(1 + (dice.random() < 0.1)):
            late_seconds = 4.0 if dice.random() < 0.05 else 0.5
            arrivals.append((entry.sequence * 0.1 + dice.uniform(0, late_seconds), entry))
    return [entry for _, entry in sorted(arrivals, key=lambda arrival: arrival[0])]


def violations(handed_out: list[Entry]) -> int:
    return sum(after.sequence != before.sequence + 1 for before, after in pairwise(handed_out))


def test_reordering_events_are_processed_as_they_come() -> None:
    assert violations(list(wrong.RememberingConsumer().follow(delivered(5_000)))) > 1_234
    follower = Follower(STREAM, FixedClock())
    handed_out = list(follower.follow(delivered(5_000)))
    assert (len(handed_out), violations(handed_out)) == (5_000, 0)


def test_key_collision_at_one_millisecond_drops_what_is_not_the_same() -> None:
    def in_the_report(draft: Draft) -> str:
        return hashlib.sha256(wrong.type_and_millisecond(draft.kind, draft.at).encode()).hexdigest()

    assert {each.at for each in drafts(10)} == {MOMENT}
    assert collisions(1_000, in_the_report) == 999
    assert collisions(100_000) == 0


def test_unbounded_memory_a_set_of_all_that_was_processed() -> None:
    def grown(consumer: Consumer) -> int:
        tracemalloc.start()
        try:
            found = growth(4_000, consumer, lambda: tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert found.handed_out == 4_000
        return found.grown_bytes

    assert grown(wrong.RememberingConsumer()) > 500_000
    assert grown(Follower(STREAM, FixedClock())) < 10_000


def test_unbounded_memory_a_bounded_cache_forgets_and_takes_the_old_for_new() -> None:
    journal = list(entries(2_000))
    forgetful = wrong.RememberingConsumer(remembered_max=1_000)
    follower = Follower(STREAM, FixedClock())
    for consumer, again in ((forgetful, 10), (follower, 0)):
        assert len(list(consumer.follow(journal))) == 2_000
        assert len(list(consumer.follow(journal[:10]))) == again
