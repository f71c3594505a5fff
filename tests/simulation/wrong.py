"""What the first report ran on, in small: each class has one of its mistakes, and is never right.

They live in the world of ``tests.simulation.timeline``, beside ours, under the same faults. Where a
mistake is not the one meant, each does its best: it stops when it knows that its time is over, and
every write but the one meant is conditional.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from plans.errors import ConditionFailed, PlanfenceError, Unavailable
from plans.journal import Entry, read_entries
from plans.names import lease_key
from plans.storage.register import Absent, Attributes, Condition, Put, Register, Where
from tests.builders import STREAM
from tests.simulation.timeline import FarRegister, HostClock

KEY = lease_key(STREAM)
POLL_SECONDS = 1.0
JOB_SECONDS_MAX = 12.0
TIDYING_SECONDS = 5.0


class TimedOutError(Exception):
    """The lock was not to be had in time."""


@dataclass
class WallClockLock:
    """A lock that ends at a time of day, which every host compares with its own clock.

    Attributes:
        forget: deletes the lock's row, as a store with unconditional deletes would.
    """

    register: FarRegister
    clock: HostClock
    owner: str
    seconds: float
    forget: Callable[[], None]
    epoch: int = 0
    ends: float = 0.0

    @property
    def left_seconds(self) -> float:
        """For how long it is ours, as far as this host knows."""
        return self.ends - self._now()

    def acquire(self, patience_seconds: float = float("inf")) -> None:
        """Wait for the lock.

        Raises:
            TimedOutError: somebody else has it for too long.
        """
        since = self.clock.monotonic()
        while not self._taken():
            if self.clock.monotonic() - since > patience_seconds:
                raise TimedOutError
            self.clock.sleep(POLL_SECONDS)

    def _taken(self) -> bool:
        try:
            there = self.register.read(KEY)
            if there is not None and _number(there, "ends") >= self._now():
                return False
            seen: Condition = Absent()
            if there is not None:
                seen = Where("beat", "=", _number(there, "beat"))
            self._put(epoch=_number(there, "epoch") + 1, beat=_number(there, "beat") + 1, seen=seen)
        except (ConditionFailed, Unavailable):
            return False
        return True

    def renew(self) -> None:
        """Take it for so long again.

        Raises:
            ConditionFailed: another has it.
            Unavailable: nobody answers.
        """
        there = self.register.read(KEY)
        seen = Where("owner", "=", self.owner)
        self._put(epoch=self.epoch, beat=_number(there, "beat") + 1, seen=seen)

    def release(self) -> None:
        """Check whether it is ours still, tidy up, then delete it."""
        try:
            there = self.register.read(KEY)
            if there is not None and there["owner"] == self.owner:
                self.clock.sleep(TIDYING_SECONDS)
                self.register.timeline.wait(self.register.delay())
                self.forget()
        except Unavailable:
            return

    def hand_over(self) -> None:
        """Give it back, if it is ours still: the right way, for those whose mistake is another."""
        there = self.register.read(KEY)
        beat = _number(there, "beat") + 1
        self.ends = 0.0
        freed: dict[str, str | int] = {"owner": "", "epoch": self.epoch, "beat": beat, "ends": 0}
        self.register.write(Put(KEY, freed, Where("owner", "=", self.owner)))

    def _put(self, *, epoch: int, beat: int, seen: Condition) -> None:
        ends = self._now() + self.seconds
        attributes: dict[str, str | int] = {"owner": self.owner, "epoch": epoch, "beat": beat}
        self.register.write(Put(KEY, {**attributes, "ends": int(ends) + 1}, seen))
        self.epoch, self.ends = epoch, ends

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _number(attributes: Attributes | None, name: str) -> int:
    value = (attributes or {}).get(name, 0)
    assert isinstance(value, int)
    return value


Job = Callable[[int], None]
"""Does a piece of work, under an epoch."""
Mistake = Callable[["WallClockLock", Job], None]
"""What a host does with a lock, until it has lost it or given it back."""


def believes_that_it_leads(lock: WallClockLock, job: Job) -> None:
    """Split brain: who cannot reach the store takes it that nothing has changed."""
    lock.acquire()
    while True:
        job(lock.epoch)
        try:
            lock.renew()
        except Unavailable:
            continue  # the next one will get through
        except ConditionFailed:
            return


def works_longer_than_its_lock(lock: WallClockLock, job: Job) -> None:
    """Premature expiry: nothing renews it while the work goes on."""
    lock.acquire()
    for _ in range(9):
        job(lock.epoch)


def goes_on_without_it(lock: WallClockLock, job: Job) -> None:
    """Proceed without the lock: it was not to be had, and the work had to be done."""
    with suppress(TimedOutError):
        lock.acquire(patience_seconds=20)
    job(lock.epoch)


def checks_and_then_deletes(lock: WallClockLock, job: Job) -> None:
    """Non-atomic release: works within its time, and then gives back what may be another's."""
    lock.acquire()
    while lock.left_seconds > JOB_SECONDS_MAX:
        job(lock.epoch)
    lock.release()


def compares_clocks(lock: WallClockLock, job: Job) -> None:
    """Clock skew: renews in time and stops in time, by a clock that others do not have."""
    lock.acquire()
    for _ in range(9):
        if lock.left_seconds <= 0:
            return
        job(lock.epoch)
        try:
            lock.renew()
        except Unavailable:
            continue
        except ConditionFailed:
            return
    with suppress(ConditionFailed, Unavailable):
        lock.hand_over()


@dataclass
class SwallowingWatch:
    """A watch with an error handler that does nothing."""

    register: Register
    at: int = 0

    def changes(self) -> list[Entry]:
        """What is new."""
        try:
            found = list(read_entries(self.register, STREAM, self.at))
        except PlanfenceError:
            return []
        self.at = found[-1].sequence if found else self.at
        return found


@dataclass
class RememberingConsumer:
    """Hands out what it has not processed, as it comes, and remembers all that it has.

    Attributes:
        remembered_max: how many it remembers; None: all of them, for ever.
    """

    remembered_max: int | None = None
    processed: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def follow(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if entry.id in self.processed:
                continue
            self.processed[entry.id] = None
            if self.remembered_max is not None and len(self.processed) > self.remembered_max:
                self.processed.popitem(last=False)
            yield entry


def type_and_millisecond(kind: str, at: datetime) -> str:
    """The key of an event in the first report."""
    return f"{kind}-{int(at.timestamp() * 1000)}"
